//! Closures that outlive the call of the function and hold what they capture, or release it.

use super::solve::Run;
use super::state::State;
use super::{Context, Effect, Rel, Start, Token};
use crate::catalog::schema::ResourceKind;
use crate::ir::{BlockId, Callee, Const, FuncId, Op, OpRef, Place, Root};
use crate::resolve::Ty;
use rustc_hash::FxHashMap;

/// A closure that is returned, stored or given away.
#[derive(Clone, Debug)]
pub(super) struct Outliving {
    func: FuncId,
    /// Only the resource itself gets it.
    own: bool,
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
    /// If it is released at all, then there: believable only when the function itself never does.
    Maybe,
    Surely,
}

/// The closures of the function that go on when it is left.
pub(super) fn outliving(ctx: Context<'_>, token: &Token) -> Vec<Outliving> {
    let function = ctx.resolved.module.func(ctx.func);
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
    let mut uses: FxHashMap<&Place, Uses> = closures.iter().map(|(dst, _)| (*dst, Uses::default())).collect();
    collect_uses(ctx, token, &mut uses);
    let closure = |(dst, func): (&Place, FuncId)| {
        let uses = uses.get(dst).cloned().unwrap_or_default();
        Outliving { func, own: uses.own_only(), optional: uses.optional, maybe: uses.maybe_only() }
    };
    closures.into_iter().map(closure).collect()
}

/// Where the value of a closure goes.
#[derive(Clone, Default, Debug)]
struct Uses {
    /// To the resource: its methods, its fields, the call that makes it.
    own: bool,
    /// To a call that nobody describes.
    call: bool,
    /// To something that surely runs it or keeps it: an event that comes, a field, the caller.
    other: bool,
    /// Where an optional chain may end before.
    optional: bool,
}

impl Uses {
    fn own_only(&self) -> bool {
        self.own && !self.call && !self.other
    }

    fn maybe_only(&self) -> bool {
        (self.call || self.own) && !self.other
    }
}

fn collect_uses(ctx: Context<'_>, token: &Token, uses: &mut FxHashMap<&Place, Uses>) {
    let function = ctx.resolved.module.func(ctx.func);
    let is_own = |place: &Place| ctx.resolved.type_of(ctx.func, place).contains(&Ty::Inst(token.kind));
    let events = &ctx.resolved.language().sure_events;
    let visits = &ctx.resolved.language().container_visits;
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
                    if acquires || over || matches!(callee, Callee::Method { recv, .. } if is_own(recv)) {
                        use_of = |uses| uses.own = true;
                    } else if matches!(callee, Callee::Method { optional: true, .. }) {
                        use_of = |uses| {
                            uses.call = true;
                            uses.optional = true;
                        };
                    } else if !event && !events.is_empty() {
                        use_of = |uses| uses.call = true;
                    }
                }
                Op::Copy { dst, .. } => {
                    let mut owner = dst.clone();
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
            if (closure.optional || made(index)) && self.keeps(closure, state, releasing) {
                match closure.maybe {
                    true => kept = Kept::Maybe,
                    false => return Kept::Surely,
                }
            }
        }
        kept
    }

    /// The closure captures a variable with which it releases the resource or, when that is asked, holds it. One that only the resource
    /// itself gets (`client.on("error", () => client.x)`) holds it as little as the resource does, unless it hands it on; and nobody
    /// stops a timer by knowing it.
    fn keeps(&self, closure: &Outliving, state: &State, releasing: bool) -> bool {
        let timer = self.resource.is_some_and(|resource| resource.kind == ResourceKind::Timer);
        let parent = self.resource.and_then(|resource| resource.parent).filter(|parent| parent.frees);
        let captured = self.ctx.resolved.captured_places(closure.func).iter().enumerate();
        captured.into_iter().any(|(i, captured)| {
            let inside = |held: &Place| held.rebase(captured, &Place::root(Root::Capture(i as u16)));
            let held = state.must.iter().chain(&state.may).chain(&state.guards).filter_map(inside);
            let mut effects = held.map(|inner| match inner.cut {
                true => Effect::default(),
                false => self.ctx.callees.effect(closure.func, &inner, self.token.kind),
            });
            let kept = effects.any(|effect| {
                effect.release != Rel::Never || (!releasing && if closure.own { effect.keeps } else { !timer })
            });
            let releases_parent = || {
                let Some(parent) = parent else { return false };
                state.parents.iter().filter_map(inside).any(|inner| {
                    !inner.cut && self.ctx.callees.effect(closure.func, &inner, parent.ty).release != Rel::Never
                })
            };
            kept || releases_parent()
        })
    }
}
