//! What each op does to the resource that a run follows.

use super::Owner;
use super::calls::CallSite;
use super::solve::{Run, Step};
use super::state::{Held, Known, State, Status};
use crate::catalog::schema::With;
use crate::ir::{Const, Instr, Op, OpRef, Place, Proj, Root, Span};
use crate::resolve::Ty;

impl Run<'_> {
    /// Applies an op. `Stop`: the path needs no more following.
    pub fn op(&mut self, at: OpRef, instr: &Instr, state: &mut State, node: u32) -> Step {
        if !state.live() {
            self.before(instr, state);
            return self.halts(at);
        }
        match &instr.op {
            Op::Copy { dst, src, moved } => {
                if let Some(owner) = self.stored_in(dst, src, state) {
                    self.stored(owner, dst, instr.span, state, node);
                    return Step::Stop;
                }
                let elements = elements_for(dst, src, state);
                // Going through a map gives pairs: what may be an element may be a pair with it.
                let half = src.proj.last().filter(|proj| **proj == Proj::Index(1)).map(|_| {
                    let mut pair = *src;
                    pair.proj.pop();
                    pair
                });
                if !elements.is_empty() {
                    // The loop variable stands for the element that holds it: this is its round.
                    state.know(*src, Known::True);
                }
                // A global that holds a part (`db = client.app`) keeps the whole.
                let part = state.is_part(src) || state.owner_of(src).is_some();
                if matches!(dst.root, Root::Global(_)) && part && !self.is_releaser(src, state) {
                    self.handed(Owner::Process, instr.span, state, node);
                    return Step::Stop;
                }
                if !matches!(dst.root, Root::Local(_)) && self.is_substance(src, state) {
                    self.handed(Owner::Other, instr.span, state, node);
                    return Step::Stop;
                }
                let named = dst.is_root() && matches!(dst.root, Root::Local(_)) && state.guards.contains(src);
                if !named && self.is_releaser(src, state) {
                    // `return conn.close`, `self.done = conn.close`: whoever gets it releases.
                    self.outcome.deferred.push(instr.span);
                    return Step::Stop;
                }
                state.copy(dst, src, *moved);
                elements.into_iter().for_each(|place| state.add_may(place));
                if half.is_some_and(|pair| state.holds(&pair)) {
                    state.add_may(*dst);
                }
                if !self.remembers(dst) {
                    state.facts.retain(|(place, _)| place != dst);
                }
                if dst.root == Root::This
                    && let Some(Proj::Field(field)) = dst.proj.first()
                    && state.reaches(dst)
                    && !self.outcome.stores.iter().any(|(known, _)| known == field)
                {
                    self.outcome.stores.push((*field, instr.span));
                }
                self.lost(at, instr.span, state, node)
            }
            Op::Const { dst, value } => {
                state.assign(dst);
                self.learn_constant(dst, value, state);
                self.lost(at, instr.span, state, node)
            }
            Op::Build { dst, parts, .. } => {
                let mut held = State::new(Status::Before);
                for (proj, part) in parts {
                    if state.releasing.as_ref() == Some(part) {
                        // Collected to be awaited together.
                        self.outcome.deferred.push(instr.span);
                        return Step::Stop;
                    }
                    if self.is_releaser(part, state) {
                        // `{ close: conn.close }`: whoever gets it releases.
                        self.outcome.deferred.push(instr.span);
                        return Step::Stop;
                    }
                    let to = dst.project(*proj);
                    if self.closure_releases(part, state) {
                        held.add_may(to);
                    }
                    // The fields of what is spread are fields of what is built.
                    let spread = |place: &Place| {
                        let next = place.starts_with(part).then(|| place.proj.get(part.proj.len())).flatten();
                        let named = *proj == Proj::Elem && matches!(next, Some(Proj::Field(_)));
                        named.then(|| place.rebase(part, dst)).flatten()
                    };
                    for place in state.must.iter().filter_map(|place| spread(place).or_else(|| place.rebase(part, &to)))
                    {
                        held.add_must(place);
                    }
                    let maybe = state.may.iter().chain(&state.guards);
                    for place in maybe.filter_map(|place| spread(place).or_else(|| place.rebase(part, &to))) {
                        held.add_may(place);
                    }
                }
                let parted = parts.iter().any(|(_, part)| state.is_part(part));
                state.kill(dst);
                if parted {
                    state.add_part(*dst);
                }
                held.must.into_iter().filter(|place| !place.cut).for_each(|place| state.add_must(place));
                held.may.into_iter().filter(|place| !place.cut).for_each(|place| state.add_may(place));
                self.lost(at, instr.span, state, node)
            }
            Op::Call { dst, callee, args, new } => {
                let site = CallSite { at, span: instr.span, dst, callee, args, new: *new };
                self.call(&site, state, node)
            }
            Op::Await { dst, src } => {
                if state.releasing.as_ref() == Some(src) {
                    self.released(instr.span);
                    return Step::Stop;
                }
                if state.reaches(src) && state.status == Status::Pending {
                    state.status = Status::Open;
                }
                state.copy(dst, src, false);
                self.lost(at, instr.span, state, node)
            }
            Op::Yield { dst, src, .. } => {
                let borrowed = self.ctx.driver().is_some();
                if !borrowed && src.as_ref().is_some_and(|src| state.reaches(src)) {
                    state.shared = true;
                }
                state.kill(dst);
                Step::Go
            }
            Op::Closure { dst, func, .. } => {
                self.note_closure(*func, state);
                state.kill(dst);
                self.lost(at, instr.span, state, node)
            }
            Op::Catch { dst, .. } => {
                state.kill(dst);
                self.lost(at, instr.span, state, node)
            }
            Op::Enter { dst, manager, .. } => {
                if state.holds(manager) {
                    if state.status == Status::Pending {
                        state.status = Status::Open;
                    }
                    if dst != manager {
                        state.kill(dst);
                        state.add_must(*dst);
                    }
                    return Step::Go;
                }
                let known =
                    || self.ctx.resolved.type_of(self.ctx.func, manager).iter().any(|ty| matches!(ty, Ty::Inst(_)));
                if state.reaches(manager) && !known() {
                    // A project object or tuple that holds it manages the scope. (What the catalogue knows releases itself only.)
                    state.shared = true;
                }
                state.kill(dst);
                self.lost(at, instr.span, state, node)
            }
            Op::Exit { manager, .. } => self.exit_scope(manager, instr.span, state),
            Op::Drop { place, .. } => {
                state.kill(place);
                self.lost(at, instr.span, state, node)
            }
            Op::Escape { place, .. } => {
                if state.reaches(place) {
                    self.handed(Owner::Other, instr.span, state, node);
                    return Step::Stop;
                }
                Step::Go
            }
            Op::Unknown { reads, writes, .. } => {
                if reads.iter().any(|place| state.reaches(place)) {
                    self.handed(Owner::Other, instr.span, state, node);
                    return Step::Stop;
                }
                writes.iter().for_each(|place| state.kill(place));
                Step::Go
            }
        }
    }

    /// Before the acquisition only tests matter.
    fn before(&self, instr: &Instr, state: &mut State) {
        match &instr.op {
            Op::Copy { dst, src, moved } => {
                state.copy(dst, src, *moved);
                if !self.remembers(dst) {
                    state.facts.retain(|(place, _)| place != dst);
                }
            }
            Op::Const { dst, value } => {
                state.kill(dst);
                self.learn_constant(dst, value, state);
            }
            op => {
                if let Op::Closure { func, .. } = op {
                    self.note_closure(*func, state);
                }
                if let Some(dst) = op.dst() {
                    state.kill(dst);
                }
                if matches!(op, Op::Call { .. } | Op::Await { .. } | Op::Yield { .. }) {
                    state.forget_shared_facts();
                }
            }
        }
    }

    fn learn_constant(&self, dst: &Place, value: &Const, state: &mut State) {
        if !self.remembers(dst) {
            return;
        }
        let fact = match value {
            Const::Null | Const::Undefined => Known::Null,
            Const::Bool(true) => Known::True,
            Const::Bool(false) => Known::False,
            Const::Num(_) | Const::Str(_) => Known::Equal(value.clone()),
            Const::Symbol(_) | Const::Class(_) => return,
        };
        state.know(*dst, fact);
    }

    /// Stops at a call that does not come back.
    pub(super) fn halts(&self, at: OpRef) -> Step {
        if self.ctx.halts(at) { Step::Stop } else { Step::Go }
    }

    /// A store that makes somebody else the owner at once.
    pub(super) fn stored_in(&self, dst: &Place, src: &Place, state: &State) -> Option<Owner> {
        if !reaches(state, src) {
            return None;
        }
        match &dst.root {
            Root::Global(_) => Some(Owner::Process),
            Root::Capture(_) => match dst.proj.first() {
                Some(Proj::Field(name)) if self.ctx.resolved.receiver_class(self.ctx.func, &dst.root).is_some() => {
                    Some(Owner::Field(*name))
                }
                _ => Some(Owner::Other),
            },
            Root::Param(_) if !dst.is_root() => Some(Owner::Other),
            Root::Local(_) if !dst.is_root() && !self.ctx.resolved.is_own_container(self.ctx.func, &dst.root) => {
                Some(Owner::Other)
            }
            _ => None,
        }
    }

    /// After an assignment: nobody may hold it any more.
    pub(super) fn lost(&mut self, at: OpRef, span: Span, state: &State, node: u32) -> Step {
        if !state.must.is_empty() {
            return Step::Go;
        }
        let idle = state.status == Status::Pending || state.held == Held::Resting;
        if state.may.is_empty() && state.guards.is_empty() && !idle {
            self.leak(state, super::ExitKind::Lost, span, Some(at), node);
        }
        Step::Stop
    }

    fn exit_scope(&mut self, manager: &Place, span: Span, state: &mut State) -> Step {
        if state.guards.contains(manager) {
            self.released(span);
            return Step::Stop;
        }
        let with = self.resource.map_or(With::Releases, |resource| resource.with);
        if state.holds(manager) {
            return match with {
                With::Releases => {
                    self.released(span);
                    Step::Stop
                }
                With::EndsTransaction | With::Nothing | With::Unsupported => {
                    self.outcome.idle_with.push(span);
                    Step::Go
                }
            };
        }
        if state.parents.contains(manager) {
            self.released(span);
            return Step::Stop;
        }
        Step::Go
    }
}

/// Where `dst` may hold it when `src` is some element of a container that holds it.
fn elements_for(dst: &Place, src: &Place, state: &State) -> Vec<Place> {
    let Some((Proj::Elem, base)) = src.proj.split_last() else { return Vec::new() };
    let mut container = *src;
    container.proj.truncate(base.len());
    container.cut = false;
    let place = |rest: &[Proj]| rest.iter().fold(*dst, |place, proj| place.project(*proj));
    state.elements(&container).map(place).filter(|place| !place.cut).collect()
}

/// Whether handing on `place` hands on what the path follows. Handing on the receiver does not: the object goes on owning it.
pub(super) fn reaches(state: &State, place: &Place) -> bool {
    state.reaches(place) && !(place.root == Root::This && place.is_root())
}
