//! Closures that outlive the call of the function and hold what they capture, or release it.

use super::solve::Run;
use super::state::State;
use super::{Context, Kind, Rel, Start, Token};
use crate::catalog::Resource;
use crate::catalog::schema::{ResourceKind, Role, Symbol};
use crate::ir::{Arg, BlockId, Callee, Const, FuncId, Name, Op, OpRef, Place, Root};
use crate::resolve::Target;
use rustc_hash::{FxHashMap, FxHashSet};

/// A closure that is returned, stored or given away.
#[derive(Clone, Debug)]
pub(super) struct Outliving {
    func: FuncId,
    /// Only the resource itself gets it, or what runs it in the end.
    own: bool,
    /// It is called once, when an operation of the resource is done: the callback of `conn.query(sql, (err, rows) => ...)`.
    completion: bool,
    /// It is given away where an optional chain may end before (`signal?.addEventListener(...)`): whoever calls decides whether there is
    /// anybody to give it to, and means it as the way to release.
    optional: bool,
    /// Whoever has it decides alone whether it runs: it is an argument of a call that nobody describes.
    maybe: bool,
}

/// What a closure that reaches the resource says about a path on which it stays open.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Kept {
    No,
    /// The callback of one of its operations releases it on some paths and not on others.
    Partly(FuncId),
    /// If it is released at all, then there: believable only when the function itself never does.
    Maybe,
    Surely,
}

/// The closures of the function that go on when it is left.
pub(super) fn outliving(ctx: Context<'_>, token: &Token) -> Vec<Outliving> {
    let function = ctx.resolved.program.func(ctx.func);
    let closures: Vec<(&Place, FuncId)> = function
        .blocks
        .iter()
        .flat_map(|block| &block.instrs)
        .filter_map(|instr| match &instr.op {
            Op::Closure { dst, func, .. } if ctx.regions.escaping.contains(func) => Some((dst, *func)),
            _ => None,
        })
        .collect();
    if closures.is_empty() {
        return Vec::new();
    }
    let roots = roots_of(ctx, token);
    let matters =
        |func: FuncId| ctx.resolved.captured_places(func).iter().any(|captured| roots.contains(&captured.root));
    let closures: Vec<(&Place, FuncId)> = closures.into_iter().filter(|(_, func)| matters(*func)).collect();
    let mut uses: FxHashMap<&Place, Uses> = closures.iter().map(|(dst, _)| (*dst, Uses::default())).collect();
    collect_uses(ctx, token, &mut uses);
    let function_of = |func: FuncId| ctx.resolved.program.func(func);
    let closure = |(dst, func): (&Place, FuncId)| {
        let mut uses = uses.get(dst).cloned().unwrap_or_default();
        if uses.called && function_of(func).r#async && !(uses.own || uses.scheduled || uses.call || uses.other) {
            return None;
        }
        if uses.dropped_only() {
            return None;
        }
        uses.scheduled |= uses.called;
        Some(Outliving {
            func,
            own: uses.own_only(),
            completion: uses.completion,
            optional: uses.optional,
            maybe: uses.maybe_only(),
        })
    };
    closures.into_iter().filter_map(closure).collect()
}

/// Rounds over the function in [`roots_of`]; each follows values one more time against the order of the source.
const ROUNDS: usize = 3;

/// Where the resource, or what it was made from, may come to be: what the acquisition gives, and whatever is made of that. Keeps the
/// closures that are about something else out of the states of a path.
fn roots_of<'a>(ctx: Context<'a>, token: &'a Token) -> FxHashSet<&'a Root> {
    let program = ctx.resolved.program;
    let mut roots: FxHashSet<&Root> = FxHashSet::default();
    roots.insert(&Root::This);
    match &token.start {
        Start::Acquire { at, parents, .. } => {
            roots.extend(program.op(*at).op.dst().map(|dst| &dst.root));
            roots.extend(parents.iter().map(|parent| &parent.root));
        }
        Start::Place(place) => {
            roots.insert(&place.root);
        }
        Start::Given { .. } => return all_roots(ctx),
    }
    for _ in 0..ROUNDS {
        let before = roots.len();
        for instr in program.func(ctx.func).blocks.iter().flat_map(|block| &block.instrs) {
            if let Some(dst) = instr.op.dst()
                && instr
                    .op
                    .reads_any(|place| roots.contains(&place.root) && !(place.root == Root::This && place.is_root()))
            {
                roots.insert(&dst.root);
            }
            // A container that it is put into.
            if let Op::Call { callee: Callee::Method { recv, name, .. }, args, .. } = &instr.op
                && ctx.resolved.language().container_adds.contains(name)
                && args.iter().any(|arg| roots.contains(&arg.place.root) && arg.place.root != Root::This)
            {
                roots.insert(&recv.root);
            }
        }
        if roots.len() == before {
            break;
        }
    }
    roots
}

/// Every root that a closure of the function captures.
fn all_roots(ctx: Context<'_>) -> FxHashSet<&Root> {
    let instrs = ctx.resolved.program.func(ctx.func).blocks.iter().flat_map(|block| &block.instrs);
    let captures = instrs.filter_map(|instr| match &instr.op {
        Op::Closure { func, .. } => Some(ctx.resolved.captured_places(*func)),
        _ => None,
    });
    captures.flatten().map(|place| &place.root).collect()
}

/// Where the value of a closure goes.
#[derive(Clone, Default, Debug)]
struct Uses {
    /// To the resource: its methods, its fields, the call that makes it.
    own: bool,
    /// As the last argument of an operation of the resource.
    completion: bool,
    /// To a call that nobody describes.
    call: bool,
    /// To what runs it when something ends, and awaits what it gives.
    scheduled: bool,
    /// To what calls it when something ends, and awaits nothing.
    called: bool,
    /// To something that surely runs it or keeps it: an event that comes, a field, the caller.
    other: bool,
    /// Where an optional chain may end before.
    optional: bool,
    /// To what need not call it: a listener for an event that may not come, a result that nobody takes.
    dropped: bool,
}

impl Uses {
    fn own_only(&self) -> bool {
        (self.own || self.scheduled) && !self.call && !self.other
    }

    fn dropped_only(&self) -> bool {
        self.dropped && !(self.own || self.call || self.scheduled || self.called || self.other)
    }

    fn maybe_only(&self) -> bool {
        (self.call || self.own) && !self.other && !self.scheduled
    }
}

fn collect_uses(ctx: Context<'_>, token: &Token, uses: &mut FxHashMap<&Place, Uses>) {
    let function = ctx.resolved.program.func(ctx.func);
    let is_own = |place: &Place| ctx.resolved.type_of(ctx.func, place).iter().any(|ty| token.kind.is(ty));
    let events = &ctx.resolved.language().sure_events;
    let visits = &ctx.resolved.language().container_visits;
    let resource = ctx.resource(token.kind);
    for (b, block) in function.blocks.iter().enumerate() {
        for (i, instr) in block.instrs.iter().enumerate() {
            let mut use_of: fn(&mut Uses) = |uses| uses.other = true;
            match &instr.op {
                Op::Call { callee, args, .. } => {
                    let at = OpRef { func: ctx.func, block: BlockId(b as u32), op: i as u32 };
                    let acquires = matches!(&token.start, Start::Acquire { at: start, .. } if *start == at);
                    let event = args
                        .iter()
                        .any(|arg| matches!(&arg.literal, Some(Const::Str(event)) if events.contains(event)));
                    // What a container calls with its elements is over with the call.
                    let over = matches!(callee, Callee::Method { name, .. } if visits.contains(name));
                    let own = match callee {
                        Callee::Method { recv, name, .. } if is_own(recv) => Some(name),
                        _ => None,
                    };
                    let listens = |name: &Name| resource.is_some_and(|resource| ctx.resolved.is_fluent(resource, name));
                    if let Some(name) = own.filter(|name| !listens(name)) {
                        let last = args.last().map(|arg| &arg.place);
                        if let Some(uses) = last.and_then(|last| uses.get_mut(last)) {
                            uses.completion = is_operation(resource, name);
                        }
                    }
                    if ctx.is_unsure(at, args) {
                        use_of = |uses| uses.dropped = true;
                    } else if acquires || over || own.is_some() {
                        use_of = |uses| uses.own = true;
                    } else if ctx.schedules(at, args) {
                        use_of = if ctx.resolved.language().eager_await || ctx.awaits_later(at) {
                            |uses| uses.scheduled = true
                        } else {
                            |uses| uses.called = true
                        };
                    } else if matches!(callee, Callee::Method { optional: true, .. }) {
                        use_of = |uses| {
                            uses.call = true;
                            uses.optional = true;
                        };
                    } else if event {
                        use_of = |uses| uses.scheduled = true;
                    } else if !events.is_empty() {
                        use_of = |uses| uses.call = true;
                    }
                }
                Op::Copy { dst, .. } if dst.root == Root::Result && ctx.regions.drops_result(ctx.func) => {
                    use_of = |uses| uses.dropped = true;
                }
                Op::Copy { dst, .. } => {
                    let mut owner = *dst;
                    if owner.proj.pop().is_some() && is_own(&owner) {
                        use_of = |uses| uses.own = true;
                    }
                }
                _ => {}
            }
            instr.op.for_each_place(&mut |place| {
                if instr.op.dst() != Some(place)
                    && let Some(uses) = uses.get_mut(place)
                {
                    use_of(uses);
                }
            });
        }
    }
}

impl Context<'_> {
    /// What the call gets runs when something ends: the catalogue says so, and if it is told an event it is one that comes in the end.
    pub(super) fn schedules(&self, at: OpRef, args: &[Arg]) -> bool {
        let events = &self.resolved.language().sure_events;
        let mut told = args.iter().filter_map(|arg| match &arg.literal {
            Some(Const::Str(event)) => Some(event),
            _ => None,
        });
        let other = !events.is_empty() && told.next().is_some_and(|event| !events.contains(event));
        let schedules =
            |target: &Target<'_>| matches!(target, Target::Catalog { facts } if facts.has_role(Role::Schedules));
        !other && self.resolved.call(at).is_some_and(|info| info.targets.iter().any(schedules))
    }

    /// The call makes what it gets a listener for something that may never come, or not when it matters.
    pub(super) fn is_unsure(&self, at: OpRef, args: &[Arg]) -> bool {
        let event = args.iter().find_map(|arg| match &arg.literal {
            Some(Const::Str(event)) => Some(event),
            _ => None,
        });
        let target = |event: &str| {
            let unsure = |target: &Target<'_>| matches!(target, Target::Catalog { facts } if facts.is_unsure(event));
            self.resolved.call(at).is_some_and(|info| info.targets.iter().any(unsure))
        };
        event.is_some_and(|event| target(event))
    }

    /// What runs in the end what the call gets awaits it.
    fn awaits_later(&self, at: OpRef) -> bool {
        let awaits = |symbol: &Symbol| symbol.role == Role::Schedules && symbol.awaited;
        let target =
            |target: &Target<'_>| matches!(target, Target::Catalog { facts } if facts.roles.iter().any(awaits));
        self.resolved.call(at).is_some_and(|info| info.targets.iter().any(target))
    }
}

/// The method does I/O, so that what it calls back is called when that is done.
fn is_operation(resource: Option<&Resource>, name: &Name) -> bool {
    resource.is_some_and(|resource| !super::raises::is_quiet(resource, name) && !resource.opens.contains(name))
}

impl Run<'_> {
    /// The path makes the closure: from here on it may do what it does.
    pub(super) fn note_closure(&self, func: FuncId, state: &mut State) {
        if let Some(index) = self.outliving.iter().position(|closure| closure.func == func) {
            let index = index as u16;
            if let Err(at) = state.closures.binary_search(&index) {
                state.closures.insert(at, index);
            }
        }
    }

    /// Whether a closure made on the path captures the resource, and outlives the function. `releasing`: only those that release it.
    pub(super) fn kept_by_closure(&self, state: &State, releasing: bool) -> Kept {
        let made = |index: usize| u16::try_from(index).is_ok_and(|index| state.closures.binary_search(&index).is_ok());
        let mut kept = Kept::No;
        for (index, closure) in self.outliving.iter().enumerate() {
            if !(closure.optional || made(index)) {
                continue;
            }
            match self.keeps(closure, state, releasing) {
                Kept::Surely => return Kept::Surely,
                Kept::No => {}
                other => kept = other,
            }
        }
        kept
    }

    /// The closure captures a variable with which it releases the resource or, when that is asked, holds it. One that only the resource
    /// itself gets (`client.on("error", () => client.x)`) holds it as little as the resource does, unless it hands it on; and nobody
    /// stops a timer by knowing it.
    fn keeps(&self, closure: &Outliving, state: &State, releasing: bool) -> Kept {
        let timer = self.resource.is_some_and(|resource| resource.kind == ResourceKind::Timer);
        let parent = self.resource.and_then(|resource| resource.parent).filter(|parent| parent.frees);
        let kept = if closure.maybe { Kept::Maybe } else { Kept::Surely };
        for (i, captured) in self.ctx.resolved.captured_places(closure.func).iter().enumerate() {
            let inside =
                |held: &Place| held.rebase(captured, &Place::root(Root::Capture(i as u16))).filter(|inner| !inner.cut);
            let held = state.must.iter().chain(&state.may).chain(&state.guards).filter_map(inside);
            for inner in held {
                let effect = self.ctx.callees.effect(closure.func, &inner, self.token.kind);
                if closure.completion && effect.release == Rel::Maybe && effect.leaves_open {
                    return Kept::Partly(closure.func);
                }
                if effect.release != Rel::Never || (!releasing && if closure.own { effect.keeps } else { !timer }) {
                    return kept;
                }
            }
            let Some(parent) = parent else { continue };
            let mut parents = state.parents.iter().filter_map(inside);
            if parents.any(|inner| {
                self.ctx.callees.effect(closure.func, &inner, Kind::Entry(parent.ty)).release != Rel::Never
            }) {
                return kept;
            }
        }
        Kept::No
    }
}
