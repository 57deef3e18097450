//! What makes an acquisition happen again and again: something outside that calls, or a loop; and whether each one is like the others.

use super::Case;
use super::calls::ops;
use super::entries::Chain;
use crate::flow::Start;
use crate::ir::loops::{Way, loops};
use crate::ir::{Arg, Callee, FuncId, Op, Place, Proj, Root, Span};
use crate::resolve::{Resolved, Value, Values};
use rustc_hash::FxHashSet;
use std::rc::Rc;

/// Assignments followed from an argument to what it is made of.
const MAX_STEPS: usize = 60;

/// Why there is one more each time.
pub enum Again {
    /// It is called from outside.
    Entered(Rc<Chain>),
    /// The loop with this header makes one in each round, whatever the round is about.
    Round(Span),
}

/// What is known about the arguments of several acquisitions at one place.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Alike {
    /// They are made of settings and literals.
    Same,
    Unknown,
    /// They depend on what the function was called with, or on the round of a loop.
    Different,
}

/// Why the case is one of many. `chain`: how something outside comes to its function.
pub fn again(chain: Option<Rc<Chain>>, resolved: &Resolved<'_>, case: &Case) -> Option<Again> {
    let (Start::Acquire { at, .. } | Start::Given { call: at, .. }) = &case.token.start else { return None };
    if let Some(chain) = chain {
        return Some(Again::Entered(chain));
    }
    let function = resolved.program.func(at.func);
    if function.block(at.block).loop_depth == 0 {
        return None;
    }
    // What can be left early tries again until it has succeeded; what goes on for ever connects again.
    let round = loops(function, &resolved.language().exhaustion)
        .into_iter()
        .filter(|looped| looped.contains(at.block))
        .find(|looped| {
            let ways = &looped.ways_out;
            ways.iter().any(|out| out.way == Way::Exhausted)
                && ways.iter().all(|out| matches!(out.way, Way::Exhausted | Way::Raised))
        })?;
    let header = function.block(round.header);
    let span = header.instrs.first().map_or(function.name_span, |instr| instr.span);
    Some(Again::Round(span))
}

/// Whether what the case acquires is always the same, as far as its arguments tell.
pub fn alike(resolved: &Resolved<'_>, values: &Values<'_>, case: &Case) -> Alike {
    let (Start::Acquire { at, .. } | Start::Given { call: at, .. }) = &case.token.start else { return Alike::Unknown };
    let Op::Call { callee, args, .. } = &resolved.program.op(*at).op else { return Alike::Unknown };
    let settled = values.arguments(at.func, args).is_some_and(|values| values.iter().all(|(_, value)| is_one(value)));
    // A method of something that was given: another one makes another.
    let receiver = match callee {
        Callee::Method { recv, .. } => Some(recv),
        _ => None,
    };
    let varies = |place: &Place| varies(resolved, at.func, place);
    let given = args.iter().flat_map(|arg: &Arg| std::iter::once(arg).chain(&arg.fields));
    if receiver.is_some_and(varies) {
        return Alike::Different;
    }
    match settled {
        true => Alike::Same,
        false if given.into_iter().any(|arg| arg.literal.is_none() && varies(&arg.place)) => Alike::Different,
        false => Alike::Unknown,
    }
}

fn is_one(value: &Value) -> bool {
    match value {
        Value::OneOf(_) => false,
        Value::Call(called, arguments) => is_one(called) && arguments.iter().all(|(_, value)| is_one(value)),
        Value::Record(parts) => parts.iter().all(|(_, value)| is_one(value)),
        Value::Member(of, _) => is_one(of),
        _ => true,
    }
}

/// The value depends on a parameter of the function, or is one of several elements.
fn varies(resolved: &Resolved<'_>, func: FuncId, place: &Place) -> bool {
    let mut seen: FxHashSet<(FuncId, Place)> = FxHashSet::default();
    let mut pending = vec![(func, *place)];
    while let Some((func, place)) = pending.pop() {
        if seen.len() >= MAX_STEPS || !seen.insert((func, place)) {
            continue;
        }
        if place.proj.contains(&Proj::Elem) {
            return true;
        }
        match place.root {
            Root::Param(_) => return true,
            Root::Capture(i) => {
                let parent = resolved.program.func(func).parent;
                pending.extend(parent.zip(resolved.captured_place(func, i).copied()));
            }
            Root::Local(_) => {
                let whole = Place::root(place.root);
                for (_, op) in ops(resolved.program, func) {
                    if op.dst().is_some_and(|dst| dst.starts_with(&whole)) && !matches!(op, Op::Closure { .. }) {
                        sources(op, &mut |source| pending.push((func, *source)));
                    }
                }
            }
            _ => {}
        }
    }
    false
}

/// What the op makes its result of.
fn sources(op: &Op, f: &mut dyn FnMut(&Place)) {
    if let Op::Build { of, .. } = op {
        of.iter().for_each(&mut *f);
    }
    let dst = op.dst().copied();
    op.for_each_place(&mut |place| {
        if Some(*place) != dst {
            f(place);
        }
    });
}
