//! Queues that keep what they have done, and whether anything in the program bounds that.

use super::Summaries;
use super::calls::ops;
use crate::catalog::schema::{Role, Symbol};
use crate::ir::{Callee, Const, FuncId, ModuleId, Name, Op, OpRef, Place, Proj, Root};
use crate::resolve::CallInfo;
use rustc_hash::FxHashMap;

/// Copies followed from a variable to the object in it.
const MAX_COPIES: u32 = 4;

/// Whether an option is given.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Given {
    Yes,
    /// It may be in something that is not written in the call.
    Unknown,
    No,
}

/// A queue that keeps all that it has done.
pub struct Retained<'a> {
    /// Where the queue is made.
    pub at: OpRef,
    /// What is known of that.
    pub symbol: &'a Symbol,
    /// By its path in the catalogue.
    pub path: Name,
    /// Where something is put into such a queue without a bound.
    pub added: OpRef,
}

/// All of a program, in its order. `counts` tells which modules belong to the application, and not to its tests.
pub fn retained<'a>(summaries: &'a Summaries<'_>, counts: &dyn Fn(ModuleId) -> bool) -> Vec<Retained<'a>> {
    let resolved = summaries.resolved;
    let roles = |role: Role| {
        resolved.calls().flat_map(move |(at, info)| with_role(info, role).map(move |(symbol, path)| (at, symbol, path)))
    };
    let mut made: Vec<(OpRef, &Symbol, Name)> = roles(Role::Retains).collect();
    let counted = |at: &OpRef| counts(resolved.program.module_of(at.func));
    made.retain(|(at, symbol, _)| counted(at) && given(summaries, *at, symbol) == Given::No);
    if made.is_empty() || roles(Role::BoundsRetention).any(|(at, symbol, _)| given(summaries, at, symbol) != Given::No)
    {
        return Vec::new();
    }
    let unbounded = |(at, symbol, _): &(OpRef, &Symbol, Name)| given(summaries, *at, symbol) == Given::No;
    let adding: Vec<OpRef> =
        roles(Role::AddsJob).filter(|added| counted(&added.0) && unbounded(added)).map(|(at, ..)| at).collect();
    let queues: FxHashMap<OpRef, OpRef> =
        adding.iter().filter_map(|add| Some((*add, queue_of(summaries, *add)?))).collect();
    let retained = |(at, symbol, path): (OpRef, &'a Symbol, Name)| {
        // The one in the file where the queue is made, or else the first.
        let its = || adding.iter().filter(|add| queues.get(add).is_none_or(|queue| *queue == at));
        let near = its().find(|add| resolved.program.module_of(add.func) == resolved.program.module_of(at.func));
        Some(Retained { at, symbol, path, added: *near.or(its().next())? })
    };
    made.into_iter().filter_map(retained).collect()
}

/// The call that makes the queue that a job is added to, where that is seen.
fn queue_of(summaries: &Summaries<'_>, add: OpRef) -> Option<OpRef> {
    let resolved = summaries.resolved;
    let program = resolved.program;
    let Op::Call { callee: Callee::Method { recv, .. }, .. } = &program.op(add).op else { return None };
    let (mut func, mut place) = (add.func, *recv);
    for _ in 0..MAX_COPIES * 2 {
        if let Root::Capture(i) = place.root {
            let outer = resolved.captured_place(func, i).filter(|_| place.proj.is_empty())?;
            (func, place) = (program.func(func).parent?, *outer);
            continue;
        }
        if matches!(place.root, Root::Global(_)) {
            func = program.top_of(func);
        }
        let mut written = ops(program, func).filter(|(_, op)| op.dst() == Some(&place));
        let (Some((at, op)), None) = (written.next(), written.next()) else { return None };
        match op {
            Op::Copy { src, .. } => place = *src,
            Op::Call { .. } => {
                return resolved.call(at).filter(|info| with_role(info, Role::Retains).next().is_some()).map(|_| at);
            }
            _ => return None,
        }
    }
    None
}

fn with_role<'i>(info: &'i CallInfo<'_>, role: Role) -> impl Iterator<Item = (&'i Symbol, Name)> {
    info.targets.iter().flat_map(move |target| {
        let facts = match target {
            crate::resolve::Target::Catalog { facts } => Some(*facts),
            _ => None,
        };
        let of = facts.into_iter().flat_map(|facts| facts.roles.iter().map(move |symbol| (symbol, facts.path)));
        of.filter(move |(symbol, _)| symbol.role == role)
    })
}

/// Whether the call gets one of the options that the symbol names.
fn given(summaries: &Summaries<'_>, at: OpRef, symbol: &Symbol) -> Given {
    let Op::Call { args, .. } = &summaries.resolved.program.op(at).op else { return Given::Unknown };
    if args.iter().any(|arg| arg.spread) {
        return Given::Unknown;
    }
    let meant = match symbol.arg {
        Some(position) => args.get(usize::from(position)),
        None => args.last(),
    };
    let Some(arg) = meant.filter(|arg| arg.literal.is_none()) else { return Given::No };
    let path: Vec<Name> = symbol.keyword.into_iter().collect();
    in_place(summaries, at.func, &arg.place, &path, &symbol.options, MAX_COPIES)
}

/// Whether the object in the place has one of the options, in what it has under the names of `path`, one in the other.
fn in_place(
    summaries: &Summaries<'_>,
    func: FuncId,
    place: &Place,
    path: &[Name],
    options: &[Name],
    copies: u32,
) -> Given {
    let program = summaries.resolved.program;
    let home = match place.root {
        Root::Local(_) => func,
        // A constant of the module.
        Root::Global(_) => program.top_of(func),
        _ => return Given::Unknown,
    };
    let mut written = ops(program, home).filter(|(_, op)| op.dst() == Some(place));
    let (Some((_, op)), None) = (written.next(), written.next()) else { return Given::Unknown };
    match op {
        Op::Copy { src, .. } => match copies.checked_sub(1) {
            Some(copies) => in_place(summaries, home, src, path, options, copies),
            None => Given::Unknown,
        },
        Op::Build { parts, .. } => {
            let part = |(proj, part): &(Proj, Place)| match (proj, path.split_first()) {
                (Proj::Field(name), Some((next, rest))) if name == next => {
                    in_place(summaries, home, part, rest, options, copies)
                }
                (Proj::Field(name), None) if options.contains(name) && !is_false(summaries, home, part) => Given::Yes,
                // What is spread into it.
                (Proj::Elem, _) => Given::Unknown,
                _ => Given::No,
            };
            parts.iter().map(part).min().unwrap_or(Given::No)
        }
        _ => Given::Unknown,
    }
}

fn is_false(summaries: &Summaries<'_>, func: FuncId, place: &Place) -> bool {
    ops(summaries.resolved.program, func)
        .any(|(_, op)| matches!(op, Op::Const { dst, value: Const::Bool(false) } if dst == place))
}
