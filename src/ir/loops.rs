//! The loops of a function and the ways out of them.

use super::{After, BlockId, Function, Name, Op, Place, Span, Term};

/// How a loop is left.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Way {
    /// The condition of the loop says so; what it asks about.
    Test(Place),
    /// There are no more elements, also when an exception says so that is caught for that.
    Exhausted,
    /// `break`, `return` or the end of the process.
    Left,
    /// An explicit `raise` or `throw` that nothing in the loop catches.
    Raised,
}

/// One way out.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct WayOut {
    pub way: Way,
    pub at: Span,
    /// It is in a handler of the loop for exceptions that are errors: only one of those leads there.
    pub on_error: bool,
}

/// A loop with what is in it, inner loops included.
#[derive(Clone, Debug)]
pub struct Loop {
    pub header: BlockId,
    /// Sorted.
    pub blocks: Vec<BlockId>,
    pub ways_out: Vec<WayOut>,
}

impl Loop {
    pub fn contains(&self, block: BlockId) -> bool {
        self.blocks.binary_search(&block).is_ok()
    }

    /// Only an error that some code in it raises by itself ends it.
    pub fn is_endless(&self) -> bool {
        self.ways_out.iter().all(|out| out.on_error)
    }
}

/// The loops of the function, outer ones before those in them. `exhaustion`: exception classes, by last name segment, that say there are
/// no more elements.
pub fn loops(function: &Function, exhaustion: &[Name]) -> Vec<Loop> {
    let headers = function.blocks.iter().enumerate().filter(|(_, block)| block.loop_header);
    headers.map(|(header, _)| find(function, BlockId(header as u32), exhaustion)).collect()
}

/// A round of the loop can be made without passing a block for which `is_stop` holds.
pub fn goes_round_without(function: &Function, found: &Loop, is_stop: impl Fn(BlockId) -> bool) -> bool {
    let mut seen = vec![false; function.blocks.len()];
    let mut pending = vec![found.header];
    while let Some(at) = pending.pop() {
        if is_stop(at) {
            continue;
        }
        let mut back = false;
        function.block(at).for_each_successor(&mut |next| {
            back |= next == found.header;
            if found.contains(next) && !std::mem::replace(&mut seen[next.index()], true) {
                pending.push(next);
            }
        });
        if back {
            return true;
        }
    }
    false
}

fn find(function: &Function, header: BlockId, exhaustion: &[Name]) -> Loop {
    let depth = function.block(header).loop_depth;
    // The header of a loop as deep as this one is that of a loop that follows it.
    let follows = |block: BlockId| {
        let other = function.block(block);
        block != header && other.loop_header && other.loop_depth == depth
    };
    let inside = |block: BlockId| function.block(block).loop_depth >= depth && !follows(block);
    let mut blocks = vec![header];
    let mut seen = vec![false; function.blocks.len()];
    seen[header.index()] = true;
    let mut next = 0;
    while let Some(at) = blocks.get(next).copied() {
        next += 1;
        function.block(at).for_each_successor(&mut |to| {
            if inside(to) && !std::mem::replace(&mut seen[to.index()], true) {
                blocks.push(to);
            }
        });
    }
    blocks.sort();
    let mut ways_out = Vec::new();
    let pending = function.block(header).pending;
    let exhausted = handled(function, &blocks, exhaustion);
    for id in &blocks {
        let block = function.block(*id);
        let mut out = |way| {
            let handled = block.pending > pending;
            let last = handled && matches!(way, Way::Left | Way::Raised) && exhausted.binary_search(id).is_ok();
            let way = if last { Way::Exhausted } else { way };
            ways_out.push(WayOut { way, at: block.term_span, on_error: handled && !last });
        };
        match &block.term {
            Term::Goto(to) if !inside(*to) => out(Way::Left),
            Term::Branch { place, yes, no, .. } if !inside(*yes) || !inside(*no) => out(Way::Test(*place)),
            Term::Switch(all) if block.loop_header && all.iter().any(|to| !inside(*to)) => out(Way::Exhausted),
            Term::Switch(all) if all.iter().any(|to| !inside(*to)) => out(Way::Left),
            Term::Return { .. } | Term::Halt | Term::Jump { then: After::Return { .. }, .. } => out(Way::Left),
            Term::Jump { then: After::Block(to), .. } if !inside(*to) => out(Way::Left),
            Term::EndCleanup { after: Some(to) } if !inside(*to) => out(Way::Left),
            Term::Raise { .. } if !block.unwind.is_some_and(inside) => out(Way::Raised),
            _ => {}
        }
    }
    Loop { header, blocks, ways_out }
}

/// The blocks among these, which are sorted, that are in a handler for one of the exception classes.
fn handled(function: &Function, blocks: &[BlockId], exceptions: &[Name]) -> Vec<BlockId> {
    let meant = |ty: &Name| ty.rsplit('.').next().is_some_and(|last| exceptions.iter().any(|name| name == last));
    let catches = |block: &&BlockId| match function.block(**block).instrs.first().map(|instr| &instr.op) {
        Some(Op::Catch { types, .. }) => types.iter().any(meant),
        _ => false,
    };
    let mut seen = vec![false; function.blocks.len()];
    for handler in blocks.iter().filter(catches) {
        let pending = function.block(*handler).pending;
        let mut open = vec![*handler];
        seen[handler.index()] = true;
        while let Some(at) = open.pop() {
            let unwind = function.block(at).unwind;
            function.block(at).for_each_successor(&mut |to| {
                let inside = Some(to) != unwind && function.block(to).pending >= pending;
                if inside && !std::mem::replace(&mut seen[to.index()], true) {
                    open.push(to);
                }
            });
        }
    }
    blocks.iter().copied().filter(|block| seen[block.index()]).collect()
}
