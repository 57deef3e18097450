//! Checks what the documentation of [`super::Block`] and [`super::Term`] promises. Tests and tools run it over every function.

use super::{After, Block, BlockId, BlockKind, Function, Module, Op, Place, Root, Term};

/// Verifies every function of a module; the error names the function.
pub fn verify_module(module: &Module) -> Result<(), String> {
    if module.functions.is_empty() {
        return Err("a module without functions".to_owned());
    }
    for (index, function) in module.functions.iter().enumerate() {
        verify(function).map_err(|why| format!("{} (#{index}): {why}", function.qualname))?;
        if function.parent.is_some_and(|parent| parent.index() >= index) {
            return Err(format!("{}: its parent does not come first", function.qualname));
        }
        for block in &function.blocks {
            for instr in &block.instrs {
                verify_closure(module, &instr.op)?;
            }
        }
    }
    Ok(())
}

/// Verifies one function: targets exist, pending completions agree along edges, handlers begin with `Catch`, cleanups end in
/// `EndCleanup` and are entered by unwinding or by a jump only, and places refer to variables that exist.
pub fn verify(function: &Function) -> Result<(), String> {
    let Some(entry) = function.blocks.first() else { return Err("no blocks".to_owned()) };
    if entry.kind != BlockKind::Plain || entry.pending != 0 || entry.loop_depth != 0 {
        return Err("the entry is not a plain block outside of everything".to_owned());
    }
    for (index, block) in function.blocks.iter().enumerate() {
        let id = BlockId(index as u32);
        verify_block(function, block).map_err(|why| format!("block {index}: {why}"))?;
        verify_kind(function, id, block).map_err(|why| format!("block {index}: {why}"))?;
        for instr in &block.instrs {
            let mut bad = None;
            instr.op.for_each_place(&mut |place| {
                if let Err(why) = verify_place(function, place) {
                    bad = Some(why);
                }
            });
            if let Some(why) = bad {
                return Err(format!("block {index}: {why}"));
            }
        }
    }
    Ok(())
}

fn verify_closure(module: &Module, op: &Op) -> Result<(), String> {
    if let Op::Closure { func, captures, .. } = op {
        let Some(inner) = module.functions.get(func.index()) else { return Err(format!("closure of {func:?}")) };
        if inner.captures.len() != captures.len() {
            return Err(format!("{} knows {} captures, not {}", inner.qualname, inner.captures.len(), captures.len()));
        }
    }
    Ok(())
}

fn target(function: &Function, id: BlockId) -> Result<&Block, String> {
    function.blocks.get(id.index()).ok_or_else(|| format!("no block {}", id.0))
}

/// A normal edge to code that runs with at most `pending` completions.
fn verify_edge(function: &Function, to: BlockId, pending: u8) -> Result<(), String> {
    let block = target(function, to)?;
    if block.kind != BlockKind::Plain {
        return Err(format!("a normal edge enters block {}, which is {:?}", to.0, block.kind));
    }
    if block.pending > pending {
        return Err(format!("an edge with {pending} pending enters block {} with {}", to.0, block.pending));
    }
    Ok(())
}

/// An edge that pushes a completion.
fn verify_push(function: &Function, to: BlockId, pending: u8) -> Result<u8, String> {
    let block = target(function, to)?;
    if block.pending == 0 || block.pending > pending.saturating_add(1) {
        return Err(format!("a completion on top of {pending} enters block {} with {}", to.0, block.pending));
    }
    Ok(block.pending - 1)
}

fn verify_block(function: &Function, block: &Block) -> Result<(), String> {
    if let Some(unwind) = block.unwind {
        verify_push(function, unwind, block.pending)?;
        if target(function, unwind)?.kind == BlockKind::Plain {
            return Err(format!("unwinds to the plain block {}", unwind.0));
        }
    }
    match &block.term {
        Term::Goto(to) => verify_edge(function, *to, block.pending),
        Term::Branch { yes, no, place, .. } => {
            verify_place(function, place)?;
            verify_edge(function, *yes, block.pending)?;
            verify_edge(function, *no, block.pending)
        }
        Term::Switch(targets) => targets.iter().try_for_each(|to| verify_edge(function, *to, block.pending)),
        Term::Jump { cleanups, then } => {
            if cleanups.is_empty() {
                return Err("a jump without cleanups".to_owned());
            }
            let mut pending = block.pending;
            for cleanup in cleanups {
                pending = verify_push(function, *cleanup, pending)?;
                if target(function, *cleanup)?.kind != BlockKind::Cleanup {
                    return Err(format!("jumps through block {}, which is no cleanup", cleanup.0));
                }
            }
            match then {
                After::Block(to) => verify_edge(function, *to, pending),
                After::Return { .. } => Ok(()),
            }
        }
        Term::EndCleanup { after } => {
            if block.pending == 0 {
                return Err("ends a cleanup with nothing pending".to_owned());
            }
            after.map_or(Ok(()), |to| verify_edge(function, to, block.pending - 1))
        }
        Term::Return { .. } | Term::Raise { .. } | Term::Halt => Ok(()),
    }
}

fn verify_kind(function: &Function, id: BlockId, block: &Block) -> Result<(), String> {
    match block.kind {
        BlockKind::Plain => Ok(()),
        BlockKind::Dispatch { .. } => {
            let Term::Switch(handlers) = &block.term else {
                return Err("a dispatch that does not switch".to_owned());
            };
            if !block.instrs.is_empty() {
                return Err("a dispatch with ops".to_owned());
            }
            for handler in handlers {
                let handler_block = target(function, *handler)?;
                if !matches!(handler_block.instrs.first(), Some(instr) if matches!(instr.op, Op::Catch { .. })) {
                    return Err(format!("handler {} does not begin with a catch", handler.0));
                }
                if handler_block.pending != block.pending {
                    return Err(format!("handler {} runs with other completions than its dispatch", handler.0));
                }
            }
            Ok(())
        }
        BlockKind::Cleanup => verify_cleanup(function, id, block.pending),
    }
}

/// Walks the region of a cleanup: every way through it stays at its level until `EndCleanup`, leaves the function or drops it.
fn verify_cleanup(function: &Function, id: BlockId, level: u8) -> Result<(), String> {
    let mut seen = vec![false; function.blocks.len()];
    let mut todo = vec![id];
    let mut ends = false;
    let mut leaves = false;
    while let Some(at) = todo.pop() {
        if std::mem::replace(&mut seen[at.index()], true) {
            continue;
        }
        let block = target(function, at)?;
        if block.pending < level {
            leaves = true;
            continue;
        }
        match &block.term {
            Term::Goto(to) => todo.push(*to),
            Term::Branch { yes, no, .. } => todo.extend([*yes, *no]),
            Term::Switch(targets) => todo.extend(targets),
            Term::Jump { cleanups, then } => {
                todo.extend(cleanups);
                match then {
                    After::Block(to) => todo.push(*to),
                    After::Return { .. } => leaves = true,
                }
            }
            Term::EndCleanup { after } => {
                ends |= block.pending == level;
                todo.extend(after);
            }
            Term::Return { .. } | Term::Raise { .. } => leaves = true,
            // An endless loop or the end of the process.
            Term::Halt => leaves = true,
        }
        if let Some(unwind) = block.unwind
            && target(function, unwind)?.pending > level
        {
            todo.push(unwind);
        }
        leaves |= block.loop_header;
    }
    if ends || leaves { Ok(()) } else { Err("a cleanup that does not end".to_owned()) }
}

fn verify_place(function: &Function, place: &Place) -> Result<(), String> {
    let known = match place.root {
        Root::Local(id) => (id.0 as usize) < function.locals.len(),
        Root::Param(index) => (index as usize) < function.params.len(),
        Root::Capture(index) => (index as usize) < function.captures.len(),
        Root::This | Root::Global(_) | Root::Result => true,
    };
    if known { Ok(()) } else { Err(format!("{place} does not exist")) }
}
