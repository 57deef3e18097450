//! Where what a stream sends comes from: functions around it and generators that it goes through.

use super::{MAX_STEPS, Stream, producer};
use crate::catalog::SymbolFacts;
use crate::catalog::schema::Role;
use crate::ir::loops::{Loop, loops};
use crate::ir::{BlockId, Callee, FuncId, Function, Op, OpRef, Origin, Place, Proj, Root, Span};
use crate::resolve::{CallInfo, Resolved, Ty};
use crate::summary::Summaries;
use rustc_hash::FxHashMap;

/// What a loop goes through: the call that its rounds begin with is made by the front end.
pub(super) fn iterated(function: &Function, header: BlockId) -> Option<&Place> {
    let first = function.block(header).instrs.first().filter(|instr| instr.origin == Origin::Synth)?;
    match &first.op {
        Op::Call { callee: Callee::Method { recv, .. }, args, .. } if args.is_empty() => Some(recv),
        _ => None,
    }
}

/// Where the function makes the thing without an end that the loop goes through.
pub(super) fn endless_source(resolved: &Resolved<'_>, func: FuncId, header: BlockId) -> Option<Span> {
    let function = resolved.program.func(func);
    if !function.block(header).loop_header {
        return None;
    }
    let source = iterated(function, header)?;
    let made = |(at, info): (OpRef, &CallInfo<'_>)| {
        let instr = resolved.program.op(at);
        (info.has_role(Role::Endless) && instr.op.dst() == Some(source)).then_some(instr.span)
    };
    resolved.calls_of(func).find_map(made)
}

/// The generator functions of the same kind whose values the stream passes on one by one.
pub(super) fn passed_on(summaries: &Summaries<'_>, stream: &Stream) -> Vec<FuncId> {
    let program = summaries.resolved.program;
    let function = program.func(stream.server);
    let mut places: Vec<Place> = Vec::new();
    let instrs = function.blocks.iter().flat_map(|block| &block.instrs);
    places.extend(instrs.filter_map(|instr| match &instr.op {
        Op::Yield { src: Some(src), delegate: true, .. } => Some(*src),
        _ => None,
    }));
    let yields = |found: &Loop| {
        let instrs = found.blocks.iter().flat_map(|block| &function.block(*block).instrs);
        instrs.into_iter().any(|instr| matches!(instr.op, Op::Yield { .. }))
    };
    let through = loops(function, &summaries.resolved.language().exhaustion)
        .into_iter()
        .filter(yields)
        .filter_map(|found| iterated(function, found.header).copied());
    places.extend(through);
    let found = places.iter().filter_map(|place| producer(summaries, stream.server, place, MAX_STEPS));
    found.filter(|inner| program.func(*inner).r#async == function.r#async).collect()
}

/// Generator functions whose decorator is made with something that sends what they yield, and that.
pub(super) fn decorated<'s>(resolved: &'s Resolved<'_>, func: FuncId) -> Option<(OpRef, &'s SymbolFacts)> {
    let function = resolved.program.func(func);
    let home = function.parent.filter(|_| function.generator)?;
    let made = |place: &Place| {
        let (at, instr) = resolved.program.ops(home).find(|(_, instr)| instr.op.dst() == Some(place))?;
        let Op::Call { args, .. } = &instr.op else { return None };
        let types = args.iter().flat_map(|arg| resolved.type_of(home, &arg.place));
        let facts = types.filter_map(|ty| match ty {
            Ty::Path(path) => resolved.catalog.function(&path),
            _ => None,
        });
        let mut senders = facts.filter(|facts| facts.has_role(Role::Streams));
        Some((at, senders.next()?))
    };
    function.decorators.iter().find_map(|decorator| made(&decorator.place))
}

/// What is sent with this call goes to one client: the receiver is no element of a container.
pub(super) fn to_one(function: &Function, info: &CallInfo<'_>) -> bool {
    let Some(Place { root: Root::Local(local), .. }) = info.receiver else {
        return info.receiver.is_none_or(|receiver| !receiver.proj.contains(&Proj::Elem));
    };
    let place = Place::local(local);
    !function.blocks.iter().flat_map(|block| &block.instrs).any(|instr| match &instr.op {
        Op::Copy { dst, src, .. } => *dst == place && src.proj.contains(&Proj::Elem),
        _ => false,
    })
}

/// Somebody else runs the function beside other things, and ends it: what a call of it gives is passed on instead of awaited, or it is
/// itself given to a call of the function around it.
pub(super) fn runs_beside(resolved: &Resolved<'_>, func: FuncId, callers: &FxHashMap<FuncId, Vec<OpRef>>) -> bool {
    // Where calling runs it at once, nobody can end it from outside.
    if resolved.language().eager_await {
        return false;
    }
    let program = resolved.program;
    let passed = |at: &OpRef| {
        let Some(dst) = program.op(*at).op.dst() else { return false };
        let instrs = program.func(at.func).blocks.iter().flat_map(|block| &block.instrs);
        instrs
            .into_iter()
            .any(|instr| !matches!(instr.op, Op::Await { .. }) && instr.op.reads_any(|place| place == dst))
    };
    let is_async = program.func(func).r#async;
    if is_async && callers.get(&func).is_some_and(|calls| calls.iter().any(passed)) {
        return true;
    }
    let Some(home) = program.func(func).parent.filter(|home| program.func(*home).parent.is_some()) else {
        return false;
    };
    let mut instrs = program.func(home).blocks.iter().flat_map(|block| &block.instrs);
    let given = |place: &Place| resolved.type_of(home, place).contains(&Ty::Func(func));
    is_async
        && instrs.any(|instr| match &instr.op {
            Op::Call { args, .. } => args.iter().any(|arg| given(&arg.place)),
            _ => false,
        })
}
