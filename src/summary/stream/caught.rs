//! What the exception handlers of a loop do with that which would end it.

use crate::catalog::schema::LanguageFacts;
use crate::ir::loops::Loop;
use crate::ir::{After, BlockId, BlockKind, Function, Name, Op, Span, Term};

/// Handlers and cleanups around one another.
const MAX_NESTED: usize = 8;

/// What a handler with these types does with an exception.
enum Takes {
    /// It is this one's.
    Yes,
    No,
    /// Perhaps: the program knows more about the exception than the analysis.
    Perhaps,
}

/// The handler in the loop that catches a cancellation at an `await` and always goes on.
pub(super) fn swallows(language: &LanguageFacts, function: &Function, found: &Loop) -> Option<Span> {
    let takes = |types: &[Name]| match types.is_empty() || any_of(types, &language.catch_cancel) {
        true => Takes::Yes,
        false => Takes::No,
    };
    let waits = |block: &&BlockId| {
        let instrs = &function.block(**block).instrs;
        instrs.iter().any(|instr| matches!(instr.op, Op::Await { .. } | Op::Enter { r#async: true, .. }))
    };
    found.blocks.iter().filter(waits).find_map(|block| goes_on_after(function, found, *block, &takes))
}

/// The handler in the loop that catches whatever the block raises and always goes on. A handler of something special that ends the loop is
/// there for the client's going.
pub(super) fn caught(language: &LanguageFacts, function: &Function, found: &Loop, block: BlockId) -> Option<Span> {
    let takes = |types: &[Name]| {
        if types.is_empty() || any_of(types, &language.catch_all) {
            Takes::Yes
        } else if types.iter().all(|ty| any_of(std::slice::from_ref(ty), &language.not_io_errors)) {
            Takes::No
        } else {
            Takes::Perhaps
        }
    };
    goes_on_after(function, found, block, &takes)
}

pub(super) fn any_of(types: &[Name], names: &[Name]) -> bool {
    types.iter().any(|ty| ty.rsplit('.').next().is_some_and(|last| names.iter().any(|name| name == last)))
}

fn goes_on_after(function: &Function, found: &Loop, block: BlockId, takes: &dyn Fn(&[Name]) -> Takes) -> Option<Span> {
    let mut around = function.block(block).unwind;
    for _ in 0..MAX_NESTED {
        let here = around.filter(|here| found.contains(*here))?;
        let region = function.block(here);
        let handlers = match (&region.kind, &region.term) {
            (BlockKind::Dispatch { .. }, Term::Switch(handlers)) => handlers.as_slice(),
            (BlockKind::Dispatch { .. }, Term::Goto(handler)) => std::slice::from_ref(handler),
            _ => &[],
        };
        for handler in handlers {
            let Some(first) = function.block(*handler).instrs.first() else { continue };
            let Op::Catch { types, .. } = &first.op else { continue };
            let goes_on = || always_goes_on(function, found, *handler);
            match takes(types) {
                Takes::Yes => return goes_on().then_some(first.span),
                Takes::Perhaps if !goes_on() => return None,
                Takes::Perhaps | Takes::No => {}
            }
        }
        around = region.unwind;
    }
    None
}

/// From the block the next round begins, whatever happens.
fn always_goes_on(function: &Function, found: &Loop, from: BlockId) -> bool {
    let mut seen = vec![false; function.blocks.len()];
    let mut pending = vec![from];
    let mut back = false;
    while let Some(at) = pending.pop() {
        let mut out = false;
        let mut go = |to: BlockId| {
            back |= to == found.header;
            out |= !found.contains(to);
            if to != found.header && !std::mem::replace(&mut seen[to.index()], true) {
                pending.push(to);
            }
        };
        match &function.block(at).term {
            Term::Goto(to) | Term::Jump { then: After::Block(to), .. } => go(*to),
            Term::Branch { yes, no, .. } => {
                go(*yes);
                go(*no);
            }
            Term::Switch(all) => all.iter().for_each(|to| go(*to)),
            Term::EndCleanup { after } => after.iter().for_each(|to| go(*to)),
            Term::Return { .. } | Term::Raise { .. } | Term::Halt | Term::Jump { then: After::Return { .. }, .. } => {
                out = true;
            }
        }
        if out {
            return false;
        }
    }
    back
}
