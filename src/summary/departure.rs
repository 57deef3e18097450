//! What becomes of things that listeners release when the client of a stream is gone, and what timers that send to a client hold.

use super::{Case, Summaries};
use crate::catalog::schema::{ResourceKind, Role};
use crate::flow::{Callees, Rel, Start};
use crate::ir::{Callee, Const, FuncId, Name, Op, OpRef, Place, Root, Span};
use crate::resolve::{CallInfo, Target, Ty};
use rustc_hash::{FxHashMap, FxHashSet};

/// Functions between one that ends a stream and what ends it there.
const MAX_HELPERS: u32 = 1;

/// Functions of a program that send something to a client, or end that, and those around them.
pub struct Serving {
    children: FxHashMap<FuncId, Vec<FuncId>>,
    sends: FxHashSet<FuncId>,
    /// Handlers of requests whose body was read before.
    read: FxHashSet<FuncId>,
}

/// Why something stays open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unheard {
    /// It is released when this event comes, which does not come when the client is gone.
    Event { name: Name, at: Span },
    /// It is released when the request is closed, which happens when its body was read: here nobody has listened yet.
    Read { name: Name, at: Span },
    /// It is released when the client is gone before the end, and the stream can end by itself.
    End { aborted: Span, ends: Span },
}

/// What makes a closure run that releases something.
enum Occasion {
    Event(Name, Span),
    Read(Name, Span),
    Abort(Span),
}

impl Serving {
    /// `None`: nothing in the program serves a client.
    pub fn new(summaries: &Summaries<'_>) -> Option<Serving> {
        let resolved = summaries.resolved;
        let sends = resolved.calls().filter(|(_, info)| info.has_role(Role::Sends)).map(|(at, _)| at.func);
        let mut sends: FxHashSet<FuncId> = sends.collect();
        if sends.is_empty() {
            return None;
        }
        let helped = resolved.calls().filter(|(_, info)| info.functions().any(|called| sends.contains(&called)));
        let helped: Vec<FuncId> = helped.map(|(at, _)| at.func).collect();
        sends.extend(helped);
        let mut children: FxHashMap<FuncId, Vec<FuncId>> = FxHashMap::default();
        for func in resolved.program.func_ids() {
            if let Some(parent) = resolved.program.func(func).parent {
                children.entry(parent).or_default().push(func);
            }
        }
        Some(Serving { children, sends, read: read_before(summaries) })
    }

    /// The function and those in it, outer ones first.
    pub(super) fn within(&self, func: FuncId) -> Vec<FuncId> {
        let mut out = vec![func];
        let mut next = 0;
        while let Some(at) = out.get(next) {
            let inner = self.children.get(at).map_or(&[][..], Vec::as_slice);
            out.extend(inner);
            next += 1;
        }
        out
    }

    /// The function, or one that it calls, sends something.
    pub(super) fn sends(&self, func: FuncId) -> bool {
        self.sends.contains(&func)
    }

    /// The function, or one in it, sends something.
    fn serves(&self, func: FuncId) -> bool {
        self.within(func).iter().any(|func| self.sends.contains(func))
    }

    /// Why what the case is about stays open after its client, or after the end of its stream.
    pub fn unheard(&self, summaries: &Summaries<'_>, case: &Case) -> Option<Unheard> {
        let held = held_in(summaries, case)?;
        if case.outcome.released_normally || case.outcome.handed.iter().any(|handed| handed.inside.is_none()) {
            return None;
        }
        let closures = self.children.get(&case.func)?;
        let releasing: Vec<FuncId> =
            closures.iter().copied().filter(|closure| releases(summaries, *closure, &held, case)).collect();
        let mut occasions = Vec::new();
        for closure in &releasing {
            occasions.extend(occasions_of(summaries, case, *closure, self.read.contains(&case.func))?);
        }
        let aborted = occasions.iter().find_map(|occasion| match occasion {
            Occasion::Abort(at) => Some(*at),
            _ => None,
        });
        let Some(aborted) = aborted else {
            let event = occasions.iter().find_map(|occasion| match occasion {
                Occasion::Event(name, at) => Some(Unheard::Event { name: *name, at: *at }),
                Occasion::Read(name, at) => Some(Unheard::Read { name: *name, at: *at }),
                Occasion::Abort(_) => None,
            });
            return event.filter(|_| self.serves(case.func));
        };
        let inner = closures.iter().filter(|closure| !releasing.contains(closure)).flat_map(|c| self.within(*c));
        let ends = std::iter::once(case.func).chain(inner).find_map(|func| ends_in(summaries, func))?;
        Some(Unheard::End { aborted, ends })
    }

    /// The timer, started after it was opened, that sends to a client with what the case is about: where it is started.
    pub fn ticking(&self, summaries: &Summaries<'_>, case: &Case) -> Option<Span> {
        let held = held_in(summaries, case)?;
        let resolved = summaries.resolved;
        resolved.calls_of(case.func).filter(|(_, info)| starts_timer(summaries, info)).find_map(|(at, _)| {
            let instr = resolved.program.op(at);
            let Op::Call { args, .. } = &instr.op else { return None };
            let ticks = args.iter().flat_map(|arg| resolved.type_of(case.func, &arg.place)).filter_map(|ty| match ty {
                Ty::Func(func) => Some(func),
                _ => None,
            });
            let sends = |func: &FuncId| self.serves(*func) && uses(summaries, *func, &held);
            ticks.filter(|func| resolved.program.func(*func).parent == Some(case.func)).find(sends).map(|_| instr.span)
        })
    }
}

/// The variables of its function that hold what the case is about; `None` where something else than variables does.
fn held_in(summaries: &Summaries<'_>, case: &Case) -> Option<Vec<Place>> {
    let Start::Acquire { at, proj, .. } = &case.token.start else { return None };
    if at.func != case.func {
        return None;
    }
    let program = summaries.resolved.program;
    let made = program.op(*at).op.dst()?;
    let mut held = vec![proj.iter().fold(*made, |place, proj| place.project(*proj))];
    let mut next = 0;
    while let Some(place) = held.get(next).copied() {
        next += 1;
        for instr in program.func(case.func).blocks.iter().flat_map(|block| &block.instrs) {
            if let Op::Copy { dst, src, .. } | Op::Await { dst, src } = &instr.op
                && *src == place
                && !held.contains(dst)
            {
                if !dst.is_root() || !matches!(dst.root, Root::Local(_)) {
                    return None;
                }
                held.push(*dst);
            }
        }
    }
    Some(held)
}

/// The closure, when it is called, releases what the places hold.
fn releases(summaries: &Summaries<'_>, closure: FuncId, held: &[Place], case: &Case) -> bool {
    let captured = summaries.resolved.captured_places(closure).iter().enumerate();
    captured.filter(|(_, place)| held.contains(place)).any(|(i, _)| {
        let inner = Place::root(Root::Capture(i as u16));
        summaries.effect(closure, &inner, case.token.kind).release != Rel::Never
    })
}

/// The closure calls methods of what the places hold, or gives it to others.
fn uses(summaries: &Summaries<'_>, closure: FuncId, held: &[Place]) -> bool {
    let captured = summaries.resolved.captured_places(closure);
    let is_held = |place: &Place| match place.root {
        Root::Capture(i) => captured.get(i as usize).is_some_and(|outer| held.contains(outer)),
        _ => false,
    };
    let instrs = summaries.resolved.program.func(closure).blocks.iter().flat_map(|block| &block.instrs);
    instrs.map(|instr| &instr.op).any(|op| match op {
        Op::Call { callee, args, .. } => {
            let called = match callee {
                Callee::Method { recv, .. } => is_held(recv),
                Callee::Value(place) => is_held(place),
                Callee::Super { .. } => false,
            };
            called || args.iter().any(|arg| is_held(&arg.place))
        }
        _ => false,
    })
}

/// What makes the closure run; `None` where something does that nobody describes.
fn occasions_of(summaries: &Summaries<'_>, case: &Case, closure: FuncId, is_read: bool) -> Option<Vec<Occasion>> {
    let resolved = summaries.resolved;
    let mut names: Vec<Place> = Vec::new();
    let mut out = Vec::new();
    for (_, instr) in resolved.program.ops(case.func) {
        match &instr.op {
            Op::Closure { dst, func, .. } if *func == closure => names.push(*dst),
            Op::Copy { dst, src, .. } if names.contains(src) => names.push(*dst),
            _ => {}
        }
    }
    for (at, instr) in resolved.program.ops(case.func) {
        match &instr.op {
            Op::Closure { .. } => {}
            Op::Copy { dst, .. } if dst.is_root() && matches!(dst.root, Root::Local(_)) => {}
            // That the function itself calls it only after an error is known.
            Op::Call { callee, args, .. } => {
                if args.iter().any(|arg| names.contains(&arg.place)) {
                    let text = args.iter().find_map(|arg| match &arg.literal {
                        Some(Const::Str(event)) => Some(*event),
                        _ => None,
                    });
                    out.push(heard(summaries, at, callee, text, is_read)?);
                }
                if args.iter().flat_map(|arg| &arg.fields).any(|arg| names.contains(&arg.place)) {
                    return None;
                }
            }
            op if op.dst().is_none_or(|dst| !names.contains(dst)) && op.reads_any(|place| names.contains(place)) => {
                return None;
            }
            _ => {}
        }
    }
    Some(out)
}

/// What a listener is called for. `is_read`: the body of the request was read before.
fn heard(
    summaries: &Summaries<'_>,
    at: OpRef,
    callee: &Callee,
    event: Option<Name>,
    is_read: bool,
) -> Option<Occasion> {
    let resolved = summaries.resolved;
    let Callee::Method { recv, name, .. } = callee else { return None };
    let span = resolved.program.op(at).span;
    let events = &resolved.language().abort_events;
    if events.contains(name) || event.is_some_and(|event| events.contains(&event)) {
        return Some(Occasion::Abort(span));
    }
    let event = event?;
    let mut events = resolved.call(at)?.roles(Role::Unsure).peekable();
    if events.peek().is_some()
        && is_read
        && *recv == Place::root(Root::Param(0))
        && resolved.language().sure_events.contains(&event)
    {
        return waits_before(summaries, at).then_some(Occasion::Read(event, span));
    }
    events.any(|symbol| symbol.events.contains(&event)).then_some(Occasion::Event(event, span))
}

/// The function waits for something else before it gets there.
fn waits_before(summaries: &Summaries<'_>, at: OpRef) -> bool {
    let before = |other: OpRef| (other.block, other.op) < (at.block, at.op);
    let mut ops = summaries.resolved.program.ops(at.func);
    ops.any(|(other, instr)| matches!(instr.op, Op::Await { .. }) && before(other))
}

/// The handlers that get requests whose body something in the program reads before.
fn read_before(summaries: &Summaries<'_>) -> FxHashSet<FuncId> {
    let resolved = summaries.resolved;
    let language = resolved.language();
    let reads = |target: &Target<'_>| match target {
        Target::External(path) => language.body_readers.contains(path),
        Target::Catalog { facts } => language.body_readers.contains(&facts.path),
        _ => false,
    };
    let mut handlers = FxHashSet::default();
    if !resolved.calls().any(|(_, info)| info.targets.iter().any(reads)) {
        return handlers;
    }
    for (at, info) in resolved.calls().filter(|(_, info)| info.has_role(Role::Invokes)) {
        let Op::Call { callee: Callee::Method { name, .. }, args, .. } = &resolved.program.op(at).op else { continue };
        if language.body_handlers.contains(name) && !info.targets.is_empty() {
            let types = args.iter().flat_map(|arg| resolved.type_of(at.func, &arg.place));
            handlers.extend(types.filter_map(|ty| if let Ty::Func(func) = ty { Some(func) } else { None }));
        }
    }
    handlers
}

/// Where the function ends what is sent, but not because of an error.
fn ends_in(summaries: &Summaries<'_>, func: FuncId) -> Option<Span> {
    let program = summaries.resolved.program;
    let mut ends =
        summaries.resolved.calls_of(func).filter(|(_, info)| summaries.reaches(info, Role::Ends, MAX_HELPERS));
    ends.find(|(at, _)| program.func(func).block(at.block).pending == 0).map(|(at, _)| program.op(at).span)
}

fn starts_timer(summaries: &Summaries<'_>, info: &CallInfo<'_>) -> bool {
    let is_timer = |ty| summaries.resolved.catalog.resource(ty).is_some_and(|found| found.kind == ResourceKind::Timer);
    info.targets.iter().any(|target| match target {
        Target::Catalog { facts } => facts.acquires.iter().any(|fact| is_timer(fact.resource)),
        _ => false,
    })
}
