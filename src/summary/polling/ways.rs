//! The ways through a part of a function, and the calmest of them.

use super::Pace;
use crate::ir::{After, BlockId, Function, Term};
use rustc_hash::FxHashSet;
use std::collections::BTreeMap;

/// Normal ways through a part of a function.
pub(super) struct Ways<'w> {
    pub(super) function: &'w Function,
    pub(super) inside: &'w dyn Fn(BlockId) -> bool,
    /// Where they end; `None`: where the function does.
    pub(super) goal: Option<BlockId>,
    pub(super) cost: &'w dyn Fn(BlockId) -> Pace,
}

pub(super) struct Found {
    /// The way with the fewest commands, but at least one, if there is one with that and a pause, or one with that.
    pub(super) way: Option<Pace>,
    pub(super) seen: Vec<BlockId>,
}

impl Ways<'_> {
    pub(super) fn cheapest(&self, start: BlockId) -> Found {
        let mut queue: BTreeMap<(u32, u32), (BlockId, Pace)> = BTreeMap::new();
        let mut seen: FxHashSet<(BlockId, bool, bool)> = FxHashSet::default();
        let mut order = 0;
        queue.insert((0, 0), (start, Pace::default()));
        let (mut quiet, mut sleepy, mut busy) = (None, None, None);
        while let Some((_, (block, mut pace))) = queue.pop_first() {
            if !seen.insert((block, pace.commands > 0, pace.sleep.is_some())) {
                continue;
            }
            pace.then(&(self.cost)(block));
            let mut ended = false;
            self.each_next(block, &mut |next, through| {
                let mut pace = pace.clone();
                through.iter().for_each(|cleanup| pace.then(&(self.cost)(*cleanup)));
                match next {
                    Some(next) if Some(next) != self.goal => {
                        if (self.inside)(next) {
                            order += 1;
                            queue.insert((pace.commands, order), (next, pace));
                        }
                    }
                    None if self.goal.is_some() => {}
                    _ => {
                        ended = true;
                        let slot = match (pace.commands > 0, pace.sleep.is_some()) {
                            (true, true) => &mut busy,
                            (true, false) => &mut sleepy,
                            _ => &mut quiet,
                        };
                        if slot.as_ref().is_none_or(|known: &Pace| known.commands > pace.commands) {
                            *slot = Some(pace);
                        }
                    }
                }
            });
        }
        let mut blocks: Vec<BlockId> = seen.into_iter().map(|(block, _, _)| block).collect();
        blocks.sort();
        blocks.dedup();
        Found { way: busy.or(sleepy).or(quiet), seen: blocks }
    }

    /// The end can be reached without passing `block`, in a cleanup neither.
    pub(super) fn leaves(&self, start: BlockId, block: BlockId) -> bool {
        let mut seen = vec![false; self.function.blocks.len()];
        let mut pending = vec![start];
        let mut leaves = false;
        while let Some(at) = pending.pop() {
            self.each_next(at, &mut |next, through| {
                if through.contains(&block) {
                    return;
                }
                match next {
                    None => leaves = true,
                    Some(next) => {
                        if (self.inside)(next) && !std::mem::replace(&mut seen[next.index()], true) {
                            pending.push(next);
                        }
                    }
                }
            });
        }
        leaves
    }

    /// Where control goes on when nothing raises, `None` for the end of the function, and through which cleanups.
    fn each_next(&self, block: BlockId, f: &mut dyn FnMut(Option<BlockId>, &[BlockId])) {
        match &self.function.block(block).term {
            Term::Goto(next) => f(Some(*next), &[]),
            Term::Branch { yes, no, .. } => {
                f(Some(*yes), &[]);
                f(Some(*no), &[]);
            }
            Term::Switch(all) => all.iter().for_each(|next| f(Some(*next), &[])),
            Term::Return { err: false } => f(None, &[]),
            Term::Jump { cleanups, then } => match then {
                After::Block(next) => f(Some(*next), cleanups),
                After::Return { err: false } => f(None, cleanups),
                After::Return { err: true } => {}
            },
            Term::EndCleanup { after: Some(next) } => f(Some(*next), &[]),
            Term::EndCleanup { after: None } | Term::Return { err: true } | Term::Raise { .. } | Term::Halt => {}
        }
    }
}
