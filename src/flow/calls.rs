//! What a call does to the resource that a run follows: methods of its own, functions of the program, catalogued symbols, and what nobody
//! describes.

use super::effects::reaches;
use super::raises::is_release;
use super::solve::{Run, Step};
use super::state::{Held, Known, State, Status};
use super::{Kind, Owner, Rel, Start};
use crate::catalog::SymbolFacts;
use crate::catalog::schema::{Role, Symbol, With};
use crate::ir::{Arg, Callee, FuncId, Name, Op, OpRef, Place, Proj, Root, Span};
use crate::resolve::{Target, Ty, symbol_args};

/// A call as it stands in the function.
pub(super) struct CallSite<'c> {
    pub at: OpRef,
    pub span: Span,
    pub dst: &'c Place,
    pub callee: &'c Callee,
    pub args: &'c [Arg],
    pub new: bool,
}

impl Run<'_> {
    pub(super) fn call(&mut self, site: &CallSite<'_>, state: &mut State, node: u32) -> Step {
        let &CallSite { at, span, dst, callee, args, .. } = site;
        if self.halts(at) == Step::Stop {
            return Step::Stop;
        }
        state.forget_shared_facts();
        // A pending release that is handed on is awaited by whoever gets it.
        if let Some(releasing) = &state.releasing
            && args.iter().any(|arg| releasing.starts_with(&arg.place))
        {
            match self.fate_of_release(at) {
                Fate::Awaited => {
                    self.outcome.deferred.push(span);
                    return Step::Stop;
                }
                Fate::PassedThrough => {
                    state.kill(dst);
                    state.releasing = Some(*dst);
                    return Step::Go;
                }
                Fate::Ignored => {}
            }
        }
        if let Callee::Value(place) = callee
            && self.is_release_function(place, state)
        {
            return self.release(self.must_be_awaited(place), span, dst, state);
        }
        let receiver = receiver(callee);
        if let Some(function) = receiver.as_ref().map(|(recv, name)| recv.field(*name))
            && self.is_release_function(&function, state)
        {
            return self.release(self.must_be_awaited(&function), span, dst, state);
        }
        if let Callee::Super { name } = callee
            && self.ctx.resolved.call(at).is_none_or(|info| info.targets.is_empty())
            && let Some(step) = self.own_method(site, &Place::root(Root::This), name, state)
        {
            return step;
        }
        if let Some((recv, name)) = &receiver
            && self.ctx.resolved.language().container_visits.contains(name)
            && self.visitor_releases(recv, args, state)
        {
            self.released(span);
            return Step::Stop;
        }
        if let Some((recv, name)) = &receiver
            && (matches!(self.token.kind, Kind::Derived(_)) || !self.is_overridden(at, recv, state))
            && let Some(step) = self.own_method(site, recv, name, state)
        {
            return step;
        }
        if let Some((recv, name)) = &receiver
            && self.ctx.resolved.language().container_gets.contains(name)
            && state.elements(recv).next().is_some()
            && !self
                .ctx
                .resolved
                .type_of(self.ctx.func, recv)
                .iter()
                .any(|ty| matches!(ty, Ty::Inst(_) | Ty::Object(_)))
        {
            // Some element, or something that goes through all of them.
            let rests: Vec<Vec<Proj>> = state.elements(recv).map(<[Proj]>::to_vec).collect();
            state.kill(dst);
            let element = dst.project(Proj::Elem);
            for of in [element.project(Proj::Index(1)), element, *dst] {
                for rest in &rests {
                    let place = rest.iter().fold(of, |place, proj| place.project(*proj));
                    if !place.cut {
                        state.add_may(place);
                    }
                }
            }
            return Step::Go;
        }
        let scheduled = self.ctx.schedules(at, args) && args.iter().any(|arg| self.closure_releases(&arg.place, state));
        let touched =
            scheduled || args.iter().any(|arg| reaches(state, &arg.place) || state.owner_of(&arg.place).is_some());
        let opens = receiver.as_ref().is_some_and(|(recv, name)| self.opens_itself(recv, name, state));
        let targets = self.ctx.resolved.call(at).map(|info| info.targets.clone()).unwrap_or_default();
        let mut handled = false;
        for target in &targets {
            match target {
                Target::Project(func) => {
                    let function = self.ctx.resolved.program.func(*func);
                    let eager = self.ctx.resolved.language().eager_await;
                    let lazy = (function.r#async && !eager) || function.generator;
                    if let Some(step) = self.project_call(*func, lazy, site, receiver.as_ref(), state, node) {
                        if opens {
                            state.spared = Some(*dst);
                        }
                        return step;
                    }
                    handled = true;
                }
                Target::Construct(class) if touched => {
                    let constructor =
                        self.ctx.resolved.methods(*class).into_iter().find(|(_, func)| {
                            self.ctx.resolved.program.func(*func).kind == crate::ir::FnKind::Constructor
                        });
                    let Some((_, func)) = constructor else { return self.give_away(span, state, node) };
                    if let Some(step) = self.project_call(func, false, site, None, state, node) {
                        return step;
                    }
                    handled = true;
                }
                Target::Catalog { facts } if touched => {
                    if let Some(step) = self.symbol_call(facts, site, state, node) {
                        return step;
                    }
                    handled |= !facts.roles.is_empty() || !facts.makes.is_empty();
                }
                // `other.execute(sql, conn)`: methods of other resources borrow.
                Target::ResourceMethod { ty, .. } if touched => {
                    handled |= self.ctx.resolved.catalog.resource(*ty).is_some();
                }
                Target::External(path) if touched && self.ctx.resolved.is_harmless(path) => handled = true,
                _ => {}
            }
        }
        if touched
            && !handled
            && let Some(step) = self.unknown_call(site, state, node)
        {
            return step;
        }
        let over = made_over(&targets, args, dst, state);
        state.kill(dst);
        over.into_iter().for_each(|place| state.add_may(place));
        if opens {
            state.spared = Some(*dst);
        }
        self.lost(at, span, state, node)
    }

    /// A method of the program makes its object hold something, unless it fails.
    fn opens_itself(&self, recv: &Place, name: &Name, state: &State) -> bool {
        matches!(self.token.kind, Kind::Derived(_))
            && state.holds(recv)
            && self.resource.is_some_and(|resource| resource.opens.contains(name))
    }

    /// What becomes of a release that was called but not awaited when the call gets it.
    fn fate_of_release(&self, at: OpRef) -> Fate {
        let Some(info) = self.ctx.resolved.call(at) else { return Fate::Awaited };
        for target in &info.targets {
            match target {
                Target::External(path) if self.ctx.resolved.is_harmless(path) => return Fate::Ignored,
                Target::Catalog { facts } if facts.has_role(Role::Drives) || facts.has_role(Role::Spawns) => {
                    return Fate::Awaited;
                }
                Target::Catalog { facts } if facts.has_role(Role::Transparent) => return Fate::PassedThrough,
                _ => {}
            }
        }
        Fate::Awaited
    }

    pub(super) fn give_away(&mut self, span: Span, state: &State, node: u32) -> Step {
        self.handed(Owner::Other, span, state, node);
        Step::Stop
    }

    /// The object is of a class of the program that extends the resource, and the method is that class's own.
    fn is_overridden(&self, at: OpRef, recv: &Place, state: &State) -> bool {
        let own = |func: FuncId| self.ctx.resolved.program.func(func).class.is_some();
        state.is_must(recv) && self.ctx.resolved.call(at).is_some_and(|info| info.functions().any(own))
    }

    /// A method of the resource itself, of a part of it, or of its parent.
    fn own_method(&mut self, site: &CallSite<'_>, recv: &Place, name: &Name, state: &mut State) -> Option<Step> {
        let &CallSite { span, dst, args, .. } = site;
        let resource = self.resource?;
        if state.is_part(recv) && resource.parts.contains(name) {
            state.kill(dst);
            state.add_part(*dst);
            return Some(Step::Go);
        }
        if state.parents.contains(recv) {
            let parent = self.ctx.resolved.catalog.resource(resource.parent?.ty)?;
            if is_release(parent, name) {
                return Some(self.release(parent.r#async, span, dst, state));
            }
            return None;
        }
        let path: Name = if state.holds(recv) {
            *name
        } else {
            // `client.connection_pool.disconnect()`: a method of a part.
            let owner = state.owner_of(recv)?;
            let mut path = String::new();
            for proj in &recv.proj[owner.proj.len()..] {
                let Proj::Field(field) = proj else { return None };
                path.push_str(field);
                path.push('.');
            }
            path.push_str(name);
            path.into()
        };
        if state.guards.contains(recv)
            && let Some(step) = self.guard_method(site, &path, name, state)
        {
            return Some(step);
        }
        let language = self.ctx.resolved.language();
        if language.exit_methods.contains(&path) {
            return Some(match resource.with {
                With::Releases => self.release(resource.r#async, span, dst, state),
                _ => {
                    self.outcome.idle_with.push(span);
                    Step::Go
                }
            });
        }
        if language.enter_methods.contains(&path) {
            state.kill(dst);
            state.add_must(*dst);
            if state.status == Status::Pending && !resource.r#async {
                state.status = Status::Open;
            }
            return Some(Step::Go);
        }
        let done = match state.status {
            Status::Partial(done) => done as usize,
            _ => 0,
        };
        let mut partial = None;
        for release in &resource.release {
            if !self.ctx.resolved.holds(self.ctx.func, args, &release.when) {
                continue;
            }
            // The last step alone is enough: the ones before may be in a helper.
            if release.steps.last() == Some(&path) {
                return Some(self.release(release.awaited, span, dst, state));
            }
            if release.steps.get(done) == Some(&path) {
                partial = Some(done + 1);
            }
        }
        if let Some(done) = partial {
            state.status = Status::Partial(done as u8);
            state.kill(dst);
            return Some(Step::Go);
        }
        // What a method of the program does with its object, its summary says.
        if !state.holds(recv) || matches!(self.token.kind, Kind::Derived(_)) {
            return None;
        }
        if let Some(other) = resource.not_release.iter().find(|other| other.call == path)
            && !self.outcome.not_releases.iter().any(|(at, _)| *at == span)
        {
            self.outcome.not_releases.push((span, other.why.clone()));
        }
        if resource.rests.contains(&path) {
            state.held = Held::Resting;
        }
        let used_up = args.iter().any(|arg| state.reaches(&arg.place));
        if used_up {
            return None;
        }
        state.kill(dst);
        if resource.parts.contains(&path) {
            state.add_part(*dst);
        } else if self.ctx.resolved.is_fluent(resource, &path) {
            state.add_must(*dst);
        } else if let Some(fact) = self.state_test(&path) {
            // A temporary, or a flag, that the next branch asks about.
            state.know(*dst, fact);
        }
        Some(Step::Go)
    }

    pub(super) fn released(&mut self, span: Span) {
        self.outcome.released.push(span);
        self.outcome.released_normally |= self.tier.is_none();
        self.outcome.released_depth = self.outcome.released_depth.max(self.loop_depth);
    }

    /// `awaited`: what the call gives must be awaited.
    pub(super) fn release(&mut self, awaited: bool, span: Span, dst: &Place, state: &mut State) -> Step {
        if awaited && self.ctx.resolved.language().eager_await {
            if !self.is_read(dst) {
                self.outcome.unobserved.push(span);
            }
            self.released(span);
            Step::Stop
        } else if awaited {
            state.kill(dst);
            state.releasing = Some(*dst);
            self.outcome.unawaited.push(span);
            Step::Go
        } else {
            self.released(span);
            Step::Stop
        }
    }

    /// Some op of the function reads the value at `dst` to do something with it; putting it in a variable that nothing reads is not it.
    pub(super) fn is_read(&self, dst: &Place) -> bool {
        let function = self.ctx.resolved.program.func(self.ctx.func);
        let instrs = || function.blocks.iter().flat_map(|block| &block.instrs);
        let reads = |wanted: &Place| instrs().any(|instr| instr.op.reads_any(|place| place == wanted));
        instrs().any(|instr| match &instr.op {
            Op::Copy { dst: to, src, .. } if src == dst && to.is_root() && matches!(to.root, Root::Local(_)) => {
                reads(to)
            }
            op => op.reads_any(|place| place == dst),
        })
    }

    /// A catalogued function or method gets it.
    fn symbol_call(&mut self, facts: &SymbolFacts, site: &CallSite<'_>, state: &mut State, node: u32) -> Option<Step> {
        let &CallSite { span, dst, args, .. } = site;
        for symbol in &facts.roles {
            if symbol.role == Role::Invokes && self.maps_releaser(symbol, site, state) {
                self.released(span);
                return Some(Step::Stop);
            }
            for (_, arg) in symbol_args(symbol, args) {
                let holds = state.reaches(&arg.place);
                let releaser = self.is_releaser(&arg.place, state) || self.closure_releases(&arg.place, state);
                if !holds && !releaser {
                    continue;
                }
                match symbol.role {
                    Role::Releases if holds => return Some(self.release(symbol.awaited, span, dst, state)),
                    Role::Takes => return Some(self.give_away(span, state, node)),
                    Role::Schedules if releaser && !self.runs_to_its_end(&arg.place, symbol, state) => {
                        // It is called, and nobody awaits what it gives.
                        self.outcome.unawaited.push(span);
                    }
                    Role::Schedules => {
                        let closes = self.resource.is_none_or(|resource| resource.with == With::Releases);
                        let guarded = state.guards.contains(&arg.place) || !state.holds(&arg.place);
                        let scope = self.scope(symbol, site);
                        if !(releaser || closes || guarded || !symbol.enters) {
                            self.outcome.idle_with.push(span);
                        } else if let Some(scope) = scope {
                            scope.names.into_iter().filter(|_| scope.left).for_each(|name| state.add_guard(name));
                        } else if let Some(field) = self.owned_scope(symbol, site) {
                            state.status = Status::Open;
                            self.handed(Owner::Field(field), span, state, node);
                            return Some(Step::Stop);
                        } else {
                            self.outcome.deferred.push(span);
                            return Some(Step::Stop);
                        }
                        state.kill(dst);
                        if symbol.enters && holds {
                            state.add_must(*dst);
                            if state.status == Status::Pending {
                                state.status = Status::Open;
                            }
                        }
                        return Some(Step::Go);
                    }
                    Role::Wraps if holds && !self.wrapper_releases(symbol) => {
                        // Its call of the release gives something to await, and nobody does.
                        self.outcome.unawaited.push(span);
                    }
                    Role::Wraps if holds => {
                        state.kill(dst);
                        state.add_guard(*dst);
                        if state.status == Status::Pending {
                            state.status = Status::Open;
                        }
                        return Some(Step::Go);
                    }
                    // `partial(client.close)`.
                    Role::Transparent if releaser && !holds => {
                        state.kill(dst);
                        state.add_guard(*dst);
                        return Some(Step::Go);
                    }
                    Role::Transparent | Role::Drives if holds => {
                        if symbol.role == Role::Drives && state.status == Status::Pending {
                            state.status = Status::Open;
                        }
                        let exact = state.is_must(&arg.place);
                        state.kill(dst);
                        if exact {
                            state.add_must(*dst)
                        } else {
                            state.add_may(*dst)
                        }
                        return Some(Step::Go);
                    }
                    Role::Elements if holds => {
                        state.copy(dst, &arg.place, false);
                        return Some(Step::Go);
                    }
                    Role::Affirms if state.is_must(&arg.place) => {
                        state.kill(dst);
                        state.know(*dst, Known::True);
                        return Some(Step::Go);
                    }
                    Role::SetsAttribute => return Some(self.give_away(span, state, node)),
                    Role::Invokes | Role::Spawns if releaser => {
                        self.outcome.deferred.push(span);
                        return Some(Step::Stop);
                    }
                    Role::Spawns => return Some(self.give_away(span, state, node)),
                    _ => {}
                }
            }
        }
        None
    }

    /// What the wrapper calls when its scope ends does release: it exists without awaiting, or the wrapper awaits it.
    fn wrapper_releases(&self, symbol: &Symbol) -> bool {
        let (Some(resource), Some(calls)) = (self.resource, &symbol.calls) else { return true };
        let mut called = resource.release.iter().filter(|release| release.steps.last() == Some(calls)).peekable();
        called.peek().is_none() || called.any(|release| !release.awaited || symbol.awaited)
    }

    /// Something nobody describes gets it.
    fn unknown_call(&mut self, site: &CallSite<'_>, state: &mut State, node: u32) -> Option<Step> {
        let &CallSite { span, callee, args, new, .. } = site;
        if let Some(step) = self.closure_arguments(args, span, state) {
            return Some(step);
        }
        if args.iter().any(|arg| self.is_releaser(&arg.place, state)) {
            self.outcome.deferred.push(span);
            return Some(Step::Stop);
        }
        if !args.iter().any(|arg| reaches(state, &arg.place) && !self.is_lent(arg, state)) {
            return None;
        }
        if new {
            return Some(self.give_away(span, state, node));
        }
        if let Callee::Method { recv, name, .. } = callee
            && self.ctx.resolved.language().container_adds.contains(name)
        {
            // The container holds it now, unless it is only the key of something else.
            let element = recv.project(Proj::Elem);
            let value = &args[args.len() - 1].place;
            if !reaches(state, value) {
                state.shared = true;
                return None;
            }
            if let Some(owner) = self.stored_in(&element, value, state) {
                self.stored(owner, &element, span, state, node);
                return Some(Step::Stop);
            }
            if recv.is_root() && matches!(recv.root, Root::Param(_)) {
                return Some(self.give_away(span, state, node));
            }
            if !element.cut {
                state.add_must(element);
                return None;
            }
        }
        state.shared = true;
        None
    }

    /// `client.connection_pool`: the part that is what there is to release.
    pub(super) fn is_substance(&self, place: &Place, state: &State) -> bool {
        let Some(owner) = state.owner_of(place) else { return false };
        let Some(Proj::Field(name)) = place.proj.get(owner.proj.len()) else { return false };
        let kind = self.token.kind.entry();
        kind.is_some_and(|kind| self.ctx.resolved.catalog.ty(kind).attributes.contains_key(name))
    }

    /// The function that a callback was given to release the resource with. Where a function is asked what it does with it, or gets it
    /// with other things, it is a place that holds "the resource": what cannot be called and is called must be that.
    fn is_release_function(&self, place: &Place, state: &State) -> bool {
        let given = state.guards.contains(place);
        let part = matches!(&self.token.start, Start::Acquire { also, .. } if !also.is_empty()) && state.holds(place);
        let asked = part || (matches!(self.token.start, Start::Place(_)) && state.is_must(place));
        given
            || (asked
                && self.token.kind.entry().is_some_and(|kind| self.ctx.resolved.catalog.method(kind, "()").is_none()))
    }

    /// What the place holds is a function whose result is to be awaited.
    fn must_be_awaited(&self, place: &Place) -> bool {
        let waits = |ty: &Ty| matches!(ty, Ty::Func(func) if self.ctx.resolved.program.func(*func).r#async);
        self.ctx.resolved.type_of(self.ctx.func, place).iter().any(waits)
    }

    /// The argument is an object literal that holds it only under names for what is lent.
    fn is_lent(&self, arg: &Arg, state: &State) -> bool {
        let lending = &self.ctx.resolved.language().lending_options;
        let mut holding = arg.fields.iter().filter(|field| reaches(state, &field.place)).peekable();
        holding.peek().is_some() && holding.all(|field| field.name.as_ref().is_some_and(|name| lending.contains(name)))
    }

    /// The function that a container calls with each of its elements releases the one that it is about.
    fn visitor_releases(&self, container: &Place, args: &[Arg], state: &State) -> bool {
        let Some(visitor) = args.first() else { return false };
        let mut elements = state.elements(container).peekable();
        if elements.peek().is_none() {
            return false;
        }
        let types = self.ctx.resolved.type_of(self.ctx.func, &visitor.place);
        elements.any(|rest| {
            let given = rest.iter().fold(Place::root(Root::Param(0)), |place, proj| place.project(*proj));
            types.iter().any(|ty| match ty {
                Ty::Func(func) => {
                    !given.cut && self.ctx.callees.effect(*func, &given, self.token.kind).release != Rel::Never
                }
                Ty::Path(path) => self.ctx.resolved.catalog.function(path).is_some_and(|facts| {
                    facts.roles.iter().any(|symbol| symbol.role == Role::Releases && symbol.arg.unwrap_or(0) == 0)
                }),
                _ => false,
            })
        })
    }

    /// `conn.close`, passed on uncalled.
    pub(super) fn is_releaser(&self, place: &Place, state: &State) -> bool {
        if self.is_release_function(place, state) && !state.is_must(place) {
            return true;
        }
        let Some(owner) = state.owner_of(place) else { return false };
        let (Some(resource), Some(Proj::Field(name))) = (self.resource, place.proj.get(owner.proj.len())) else {
            return false;
        };
        is_release(resource, name) || self.ctx.resolved.language().may_release.contains(name)
    }

    /// A closure passed as an argument releases what it captures: whoever gets it will call it.
    pub(super) fn closure_arguments(&mut self, args: &[Arg], span: Span, state: &State) -> Option<Step> {
        if args.iter().any(|arg| self.closure_releases(&arg.place, state)) {
            self.outcome.deferred.push(span);
            return Some(Step::Stop);
        }
        None
    }

    pub(super) fn closure_releases(&self, place: &Place, state: &State) -> bool {
        let held: Vec<&Place> = state.must.iter().chain(&state.may).chain(&state.guards).collect();
        self.ctx.resolved.type_of(self.ctx.func, place).iter().any(|ty| {
            let Ty::Func(func) = ty else { return false };
            let releases = |inner: &Place| {
                !inner.cut && self.ctx.callees.effect(*func, inner, self.token.kind).release != Rel::Never
            };
            let function = self.ctx.resolved.program.func(*func);
            if function.class.is_some() && !place.proj.is_empty() {
                // A bound method: `self.close`.
                let mut receiver = *place;
                receiver.proj.pop();
                let this = Place::root(Root::This);
                return held.iter().filter_map(|held| held.rebase(&receiver, &this)).any(|inner| releases(&inner));
            }
            (0..self.ctx.resolved.captured_places(*func).len()).any(|i| {
                let Some(captured) = self.ctx.resolved.captured_here(self.ctx.func, *func, i) else { return false };
                let inner = Place::root(Root::Capture(i as u16));
                held.iter().filter_map(|held| held.rebase(&captured, &inner)).any(|inner| releases(&inner))
            })
        })
    }
}

/// The object whose method is called, and the method.
fn receiver(callee: &Callee) -> Option<(Place, Name)> {
    match callee {
        Callee::Method { recv, name, .. } => Some((*recv, *name)),
        Callee::Value(place) => match place.proj.last() {
            Some(Proj::Field(name)) => {
                let mut owner = *place;
                owner.proj.pop();
                Some((owner, *name))
            }
            _ => None,
        },
        Callee::Super { .. } => None,
    }
}

/// A client made over a pool that is passed in: the pool goes where the client goes, as a part of it.
fn made_over(targets: &[Target<'_>], args: &[Arg], dst: &Place, state: &State) -> Vec<Place> {
    let makes = |target: &Target<'_>| matches!(target, Target::Catalog { facts } if !facts.makes.is_empty() || !facts.acquires.is_empty());
    if !targets.iter().any(makes) {
        return Vec::new();
    }
    // Also as an option: `make({ client: pool })`.
    let holds = |arg: &Arg| reaches(state, &arg.place) || arg.fields.iter().any(|field| state.holds(&field.place));
    let given = args.iter().enumerate().filter(|(_, arg)| holds(arg));
    given
        .map(|(i, arg)| {
            let part = arg.name.unwrap_or_else(|| Name::from(format!("{i}")));
            dst.field(part)
        })
        .collect()
}

/// See [`Run::fate_of_release`].
enum Fate {
    Awaited,
    PassedThrough,
    Ignored,
}
