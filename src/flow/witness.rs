//! From the trail of a path to steps that people can follow.

use super::Start;
use super::solve::{Event, Run};
use crate::finding::{Step, StepRole};
use crate::ir::{After, BlockId, Callee, Const, Op, OpRef, Place, Term, Test, Tier};

/// Branches shown, the last ones of the path; more are noise.
const MAX_BRANCHES: usize = 4;

/// Branches looked at to find them: each look walks the function.
const MAX_QUESTIONS: usize = 32;

/// The steps of the path that ends at `node`, in path order, beginning with the acquisition. With `end`, the block where the path ends,
/// branches that make no difference to it are left out.
pub fn steps(run: &Run<'_>, node: u32, end: Option<BlockId>) -> Vec<Step> {
    let mut events = Vec::new();
    let (mut kept, mut asked) = (0, 0);
    let mut at = Some(node);
    while let Some(index) = at {
        let node = &run.nodes[index as usize];
        let shown = match &node.event {
            Event::Branch { other, .. } => {
                asked += 1;
                let shown =
                    kept < MAX_BRANCHES && asked <= MAX_QUESTIONS && end.is_none_or(|end| matters(run, *other, end));
                kept += usize::from(shown);
                shown
            }
            Event::Start | Event::Flow => false,
            _ => true,
        };
        if shown {
            events.push(&node.event);
        }
        at = node.pred;
    }
    events.reverse();
    let formal = matches!(run.token.start, Start::Place(_));
    let start = events.iter().rposition(|event| matches!(event, Event::Acquired)).unwrap_or(0);
    let mut out: Vec<Step> = Vec::new();
    if !formal {
        out.extend(run.token.because.iter().cloned());
        let noun = run.resource.map_or("resource", |resource| resource.noun.as_str());
        let text = if run.token.hops > 0 {
            format!("{noun} comes open out of this call")
        } else {
            format!("{noun} created here")
        };
        out.push(Step { span: run.token.span, role: StepRole::Acquire, text });
    }
    for event in &events[start..] {
        match event {
            Event::Branch { place, test, taken, span, .. } => {
                if let Some(text) = branch_text(run, place, test, *taken) {
                    out.push(Step { span: *span, role: StepRole::Branch, text });
                }
            }
            Event::Raise { tier, span, at } => {
                let text = match (tier, at.and_then(|at| callee_name(run, at))) {
                    (Tier::Explicit, _) => "raises here".to_owned(),
                    (_, Some(name)) => format!("`{name}` may raise here"),
                    (Tier::Await, None) => "the awaited operation may raise here".to_owned(),
                    (_, None) => "may raise here".to_owned(),
                };
                out.push(Step { span: *span, role: StepRole::Raise, text });
            }
            Event::Cancel { span } => {
                out.push(Step { span: *span, role: StepRole::Raise, text: "may be cancelled here".to_owned() });
            }
            Event::Handled { span } => {
                out.push(Step { span: *span, role: StepRole::Branch, text: "handled here".to_owned() });
            }
            Event::Start | Event::Flow | Event::Acquired => {}
        }
    }
    out
}

/// Whether the branch that begins at `other` can end differently: by a way around `end`, or by settling the matter.
fn matters(run: &Run<'_>, other: BlockId, end: BlockId) -> bool {
    let function = run.ctx.resolved.program.func(run.ctx.func);
    let mut seen = vec![false; function.blocks.len()];
    let mut stack = vec![other];
    while let Some(id) = stack.pop() {
        if id == end || std::mem::replace(&mut seen[id.index()], true) {
            continue;
        }
        if run.settled_in.contains(&id) {
            return true;
        }
        match &function.block(id).term {
            Term::Goto(to) => stack.push(*to),
            Term::Branch { yes, no, .. } => stack.extend([*yes, *no]),
            Term::Switch(all) => stack.extend(all),
            Term::Jump { cleanups, then } => {
                stack.extend(cleanups);
                match then {
                    After::Block(to) => stack.push(*to),
                    // Through a cleanup in which the path ends, it ends alike.
                    After::Return { .. } if cleanups.iter().any(|cleanup| leads_to(run, *cleanup, end)) => {}
                    After::Return { .. } => return true,
                }
            }
            Term::EndCleanup { .. } => {}
            Term::Return { .. } | Term::Raise { .. } | Term::Halt => return true,
        }
    }
    false
}

/// Whether the cleanup region that begins at `from` has the block `to` in it.
fn leads_to(run: &Run<'_>, from: BlockId, to: BlockId) -> bool {
    let function = run.ctx.resolved.program.func(run.ctx.func);
    let depth = function.block(from).pending;
    let mut seen = vec![false; function.blocks.len()];
    let mut stack = vec![from];
    while let Some(id) = stack.pop() {
        let block = function.block(id);
        if block.pending < depth || std::mem::replace(&mut seen[id.index()], true) {
            continue;
        }
        if id == to {
            return true;
        }
        match &block.term {
            Term::Goto(next) => stack.push(*next),
            Term::Branch { yes, no, .. } => stack.extend([*yes, *no]),
            Term::Switch(all) => stack.extend(all),
            _ => {}
        }
    }
    false
}

fn branch_text(run: &Run<'_>, place: &Place, test: &Test, taken: bool) -> Option<String> {
    let name = run.ctx.resolved.program.func(run.ctx.func).place_name(place);
    let null = match run.ctx.resolved.language().null.as_str() {
        "" => "null",
        null => null,
    };
    let Some(name) = name else {
        return Some(if taken { "when this holds" } else { "when this does not hold" }.to_owned());
    };
    Some(match (test, taken) {
        (Test::Null, true) => format!("when `{name}` is {null}"),
        (Test::Null, false) => format!("when `{name}` is not {null}"),
        (Test::Truthy, true) => format!("when `{name}` is true"),
        (Test::Truthy, false) => format!("when `{name}` is false or empty"),
        (Test::Eq(value), true) => format!("when `{name}` is {}", literal(value, null)?),
        (Test::Eq(value), false) => format!("when `{name}` is not {}", literal(value, null)?),
        (Test::InstanceOf(_), true) => format!("when `{name}` is of that class"),
        (Test::InstanceOf(_), false) => format!("when `{name}` is not of that class"),
        (Test::Opaque, true) => "when this holds".to_owned(),
        (Test::Opaque, false) => "when this does not hold".to_owned(),
    })
}

fn literal(value: &Const, null: &str) -> Option<String> {
    Some(match value {
        Const::Bool(b) => b.to_string(),
        Const::Num(n) => n.to_string(),
        Const::Str(text) if text.len() <= 20 => format!("`{text}`"),
        Const::Null | Const::Undefined => null.to_owned(),
        _ => return None,
    })
}

/// What the op calls, as written: `conn.execute()`. For an await, what it awaits.
fn callee_name(run: &Run<'_>, at: OpRef) -> Option<String> {
    let function = run.ctx.resolved.program.func(at.func);
    let block = function.block(at.block);
    let callee = match &block.instrs[at.op as usize].op {
        Op::Call { callee, .. } => callee,
        Op::Await { src, .. } => block.instrs[..at.op as usize].iter().rev().find_map(|instr| match &instr.op {
            Op::Call { dst, callee, .. } if dst == src => Some(callee),
            _ => None,
        })?,
        _ => return None,
    };
    match callee {
        Callee::Method { recv, name, .. } => match function.place_name(recv) {
            Some(recv) => Some(format!("{recv}.{name}()")),
            None => Some(format!("{name}()")),
        },
        Callee::Super { name } => Some(format!("super().{name}()")),
        Callee::Value(place) => Some(format!("{}()", function.place_name(place)?)),
    }
}
