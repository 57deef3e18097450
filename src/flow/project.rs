//! Calls of functions of the program: their summaries say what happens to what they are given.

use super::calls::CallSite;
use super::solve::{Event, Run, Step};
use super::state::State;
use super::{Effect, Kind, Rel};
use crate::ir::{Callee, FnKind, FuncId, Instr, Name, Op, OpRef, Place, Proj, Root, Tier};

impl Run<'_> {
    /// A function of the program: its summary says what happens to what it is given.
    pub(super) fn project_call(
        &mut self,
        func: FuncId,
        lazy: bool,
        site: &CallSite<'_>,
        receiver: Option<&(Place, Name)>,
        state: &mut State,
        node: u32,
    ) -> Option<Step> {
        let &CallSite { span, dst, callee, args, .. } = site;
        let function = self.ctx.resolved.program.func(func);
        let mut given: Vec<(Place, bool)> = Vec::new();
        let this = Place::root(Root::This);
        let mut note = |place: Option<Place>, from: &Place| {
            if let Some(place) = place.filter(|place| !place.cut && !given.iter().any(|(known, _)| known == place)) {
                given.push((place, *from == this));
            }
        };
        // Whoever gets what releases it when it is left or closed has ways of its own to do that.
        let guard = |arg: &crate::ir::Arg| state.guards.contains(&arg.place) && !state.is_must(&arg.place);
        if args.iter().any(guard) {
            return Some(self.give_away(span, state, node));
        }
        let held: Vec<Place> = state.must.iter().chain(&state.may).chain(&state.guards).cloned().collect();
        for place in &held {
            for (i, arg) in args.iter().enumerate() {
                if let Some(param) = function.param_for(i, arg) {
                    let mut given = Place::root(Root::Param(param as u16));
                    if function.params[param].variadic {
                        // Collected with others.
                        given = given.project(Proj::Elem);
                    }
                    note(place.rebase(&arg.place, &given), &arg.place);
                } else if let (true, Some(rest)) = (arg.spread, function.params.iter().position(|param| param.variadic))
                {
                    let given = Place::root(Root::Param(rest as u16)).project(Proj::Elem);
                    if place.proj.len() > arg.place.proj.len() && place.starts_with(&arg.place) {
                        note(Some(given), &arg.place);
                    }
                } else if place.starts_with(&arg.place) && arg.place != this {
                    return Some(self.give_away(span, state, node));
                }
            }
            match (callee, receiver) {
                (Callee::Super { .. }, _) => note(place.rebase(&this, &this), &this),
                (_, Some((recv, _))) if function.class.is_some() => {
                    note(place.rebase(recv, &this), recv);
                }
                _ => {}
            }
            for i in 0..self.ctx.resolved.captured_places(func).len() {
                if let Some(captured) = self.ctx.resolved.captured_here(self.ctx.func, func, i) {
                    note(place.rebase(&captured, &Place::root(Root::Capture(i as u16))), &captured);
                }
            }
        }
        if self.parent_released(func, site, receiver, state) {
            self.released(span);
            return Some(Step::Stop);
        }
        // Closures that it calls or keeps.
        if let Some(step) = self.closure_arguments(args, span, state) {
            return Some(step);
        }
        let (mut returned, mut spared) = (false, false);
        let mut fields: Vec<Name> = Vec::new();
        for (place, through_receiver) in given {
            let effect = self.ctx.callees.effect(func, &place, self.token.kind);
            if effect.on_error_only && function.kind != FnKind::Chain {
                // Whoever calls it still has it when it comes back.
                self.released(span);
                spared = true;
                returned |= effect.returned;
                continue;
            }
            if effect.release != Rel::Never {
                if function.kind == FnKind::Chain {
                    return self.chain(&effect, site, state, node);
                }
                return Some(self.release(lazy || effect.awaited, span, dst, state));
            }
            if let Some(field) = effect.field.filter(|_| function.kind == FnKind::Constructor && !through_receiver)
                && !self.ctx.resolved.gives_itself_away(func)
            {
                // The new object has it now, and is nobody's but this function's.
                fields.push(field);
                continue;
            }
            // Whoever keeps the receiver shares an object that still owns it.
            if effect.keeps && !through_receiver {
                return Some(self.give_away(span, state, node));
            }
            returned |= effect.returned;
        }
        if !fields.is_empty() {
            state.kill(dst);
            // The constructor of a base class fills the object at hand.
            let object = if matches!(callee, Callee::Super { .. }) { &this } else { dst };
            fields.into_iter().for_each(|field| state.add_must(object.field(field)));
            return Some(Step::Go);
        }
        if returned || spared {
            state.kill(dst);
            if returned {
                state.add_must(*dst);
            }
            state.spared = spared.then_some(*dst);
            return Some(Step::Go);
        }
        None
    }

    /// The call is of a function that releases it when it raises.
    pub(super) fn released_on_error(&self, at: OpRef, instr: &Instr, state: &State) -> bool {
        let (Op::Call { args, .. }, Some(info)) = (&instr.op, self.ctx.resolved.call(at)) else { return false };
        state.live()
            && info.functions().any(|func| {
                let function = self.ctx.resolved.program.func(func);
                args.iter().enumerate().any(|(i, arg)| {
                    let Some(param) = function.param_for(i, arg) else { return false };
                    let inner = Place::root(Root::Param(param as u16));
                    state.must.iter().filter_map(|held| held.rebase(&arg.place, &inner)).any(|inner| {
                        let effect = |inner| self.ctx.callees.effect(func, inner, self.token.kind);
                        !inner.cut && (effect(&inner).on_error_only || effect(&inner).release == Rel::Always)
                    })
                })
            })
    }

    /// The function releases what the resource was made from, which releases it.
    fn parent_released(
        &self,
        func: FuncId,
        site: &CallSite<'_>,
        receiver: Option<&(Place, Name)>,
        state: &State,
    ) -> bool {
        let Some(parent) = self.resource.and_then(|resource| resource.parent).filter(|parent| parent.frees) else {
            return false;
        };
        let function = self.ctx.resolved.program.func(func);
        let releases = |inner: Place| {
            !inner.cut && self.ctx.callees.effect(func, &inner, Kind::Entry(parent.ty)).release != Rel::Never
        };
        state.parents.iter().any(|held| {
            let args = site.args.iter().enumerate().filter_map(|(i, arg)| {
                let param = function.param_for(i, arg).filter(|param| !function.params[*param].variadic)?;
                held.rebase(&arg.place, &Place::root(Root::Param(param as u16)))
            });
            let this = receiver.filter(|_| function.class.is_some());
            let this = this.and_then(|(recv, _)| held.rebase(recv, &Place::root(Root::This)));
            let captured = (0..self.ctx.resolved.captured_places(func).len()).filter_map(|i| {
                let outer = self.ctx.resolved.captured_here(self.ctx.func, func, i)?;
                held.rebase(&outer, &Place::root(Root::Capture(i as u16)))
            });
            args.chain(this).chain(captured).any(releases)
        })
    }

    /// A chain of promise handlers stands right here in the function and releases it on some of its paths: the others go on.
    fn chain(&mut self, effect: &Effect, site: &CallSite<'_>, state: &mut State, node: u32) -> Option<Step> {
        let &CallSite { at, span, dst, .. } = site;
        self.released(span);
        let fails = effect.fails.filter(|tier| *tier <= Tier::Known && self.is_read(dst));
        if let Some(tier) = fails {
            let unwind = self.ctx.resolved.program.func(self.ctx.func).block(at.block).unwind;
            self.raise(state.clone(), tier, unwind, node, Event::Raise { tier, span, at: Some(at) });
        }
        if effect.release == Rel::Maybe {
            if let Some(tier) = effect.caught.filter(|_| !effect.leaves_open) {
                state.raise(tier);
            }
            state.kill(dst);
            return Some(Step::Go);
        }
        Some(Step::Stop)
    }
}
