//! Silence that ends by itself: what a stream says when some time has passed, or in each so-manieth round.

use super::for_each_usual;
use crate::ir::loops::Loop;
use crate::ir::{BlockId, Callee, Function, Name, Op, Place, Proj, Root, Term};

/// Computations between a clock and the condition that asks about it.
const MAX_STEPS: usize = 8;

/// Blocks of the loop that ask a clock or count rounds, and send something in any case when it is time.
pub(super) fn timed(
    function: &Function,
    found: &Loop,
    clocks: &[Name],
    is_sending: &dyn Fn(BlockId) -> bool,
) -> Vec<BlockId> {
    let asks = |block: &BlockId| match &function.block(*block).term {
        Term::Branch { place, yes, no, .. } => {
            let sends = |to: &BlockId| found.contains(*to) && always_sends(function, found, *to, is_sending);
            // Where both sides send, no silence is meant.
            (sends(yes) != sends(no)) && measures(function, found, place, clocks)
        }
        _ => false,
    };
    found.blocks.iter().copied().filter(|block| asks(block)).collect()
}

/// No round goes on from there without sending something.
fn always_sends(function: &Function, found: &Loop, from: BlockId, is_sending: &dyn Fn(BlockId) -> bool) -> bool {
    let mut seen = vec![from];
    let mut next = 0;
    while let Some(at) = seen.get(next).copied() {
        next += 1;
        if is_sending(at) {
            continue;
        }
        let mut silent = at == found.header;
        for_each_usual(function, at, &mut |to| {
            silent |= !found.contains(to);
            if !seen.contains(&to) {
                seen.push(to);
            }
        });
        if silent {
            return false;
        }
    }
    true
}

/// The value is computed from what a clock says in the loop, or from a number that the loop counts up.
fn measures(function: &Function, found: &Loop, place: &Place, clocks: &[Name]) -> bool {
    let mut values = vec![*place];
    let mut next = 0;
    while let Some(value) = values.get(next).copied() {
        next += 1;
        if next > MAX_STEPS {
            return false;
        }
        if counts(function, found, &value) {
            return true;
        }
        let instrs = found.blocks.iter().flat_map(|block| &function.block(*block).instrs);
        for op in instrs.map(|instr| &instr.op).filter(|op| op.dst() == Some(&value)) {
            match op {
                Op::Call { callee, .. } if called(callee).is_some_and(|name| clocks.contains(&name)) => return true,
                Op::Build { parts, of, .. } if parts.is_empty() => values.extend(of),
                Op::Copy { src, .. } => values.push(*src),
                _ => {}
            }
        }
    }
    false
}

/// A variable that starts with a number and that the loop only computes anew.
fn counts(function: &Function, found: &Loop, place: &Place) -> bool {
    let named = |place: &Place| match place.root {
        Root::Local(local) => function.locals.get(local.0 as usize).is_some_and(|local| local.name.is_some()),
        _ => false,
    };
    let mut computed = false;
    let filled = function.blocks.iter().enumerate().all(|(b, block)| {
        block.instrs.iter().filter(|instr| instr.op.dst() == Some(place)).all(|instr| match &instr.op {
            Op::Build { parts, of, .. } if found.contains(BlockId(b as u32)) => {
                computed |= of.is_empty() || of.iter().all(|of| of == place);
                parts.is_empty() && (of.is_empty() || of.iter().all(|of| of == place))
            }
            Op::Const { .. } => true,
            _ => false,
        })
    });
    place.is_root() && named(place) && filled && computed
}

fn called(callee: &Callee) -> Option<Name> {
    match callee {
        Callee::Method { name, .. } => Some(*name),
        Callee::Value(place) => match (place.proj.last(), place.root) {
            (Some(Proj::Field(name)), _) => Some(*name),
            (None, Root::Global(name)) => Some(name),
            _ => None,
        },
        Callee::Super { .. } => None,
    }
}
