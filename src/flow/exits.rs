//! Where paths end: who owns the resource then, and whether it holds anything at all.

use super::closures::Kept;
use super::solve::Run;
use super::state::{Held, State, Status};
use super::{ExitKind, HandOver, Leak, Owner, Start};
use crate::catalog::schema::{Connects, Role};
use crate::ir::{Binding, Callee, FnKind, Name, Op, OpRef, Place, Proj, Root, Span};
use crate::resolve::{Target, Ty};

/// When an op that connects a lazy resource has done so.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum When {
    /// A failure may leave it connected.
    Trying,
    /// Only if it succeeds.
    Done,
}

impl Run<'_> {
    /// The method takes something from the resource that connects: `engine.connect()`.
    fn makes_child(&self, name: &str) -> bool {
        let facts = self.token.kind.entry().and_then(|kind| self.ctx.resolved.catalog.method(kind, name));
        facts.is_some_and(|facts| !facts.acquires.is_empty())
    }

    /// The call makes something catalogued and lazy of its arguments (`sessionmaker(bind=engine)`): nothing connects yet.
    fn only_wraps(&self, at: OpRef) -> bool {
        let catalog = self.ctx.resolved.catalog;
        let lazy = |kind| catalog.resource(kind).is_none_or(|resource| resource.connects == Connects::Lazy);
        self.ctx.resolved.call(at).is_some_and(|info| {
            !info.targets.is_empty()
                && info.targets.iter().all(|target| match target {
                    Target::Catalog { facts } => {
                        !facts.makes.is_empty()
                            && !facts.has_role(Role::Remote)
                            && self.ctx.resolved.acquires(self.ctx.func, facts).all(|fact| lazy(fact.resource))
                    }
                    _ => false,
                })
        })
    }

    /// A method of something catalogued that was made over it: `make(pool).find()`.
    fn uses_through(&self, recv: &Place, name: &Name, state: &State) -> bool {
        let active = |ty: &Ty| match ty {
            Ty::Inst(id) => {
                let resource = self.ctx.resolved.catalog.resource(*id);
                resource.is_none_or(|resource| !super::raises::is_quiet(resource, name))
            }
            _ => false,
        };
        state.reaches(recv) && self.ctx.resolved.type_of(self.ctx.func, recv).iter().any(active)
    }

    /// Whether the op makes a lazy resource connect, and when.
    pub(super) fn connects(&self, at: OpRef, op: &Op, state: &State) -> Option<When> {
        let resource = self.resource?;
        if state.held == Held::Yes || !state.live() {
            return None;
        }
        match op {
            Op::Call { callee: Callee::Method { recv, name, .. }, .. } if state.is_part(recv) => {
                (!resource.parts.contains(name)).then_some(When::Trying)
            }
            Op::Call { callee: Callee::Method { recv, name, .. }, args, .. } if state.holds(recv) => {
                if resource.parts.contains(name) {
                    None
                } else if resource.opens.contains(name) || self.makes_child(name) {
                    Some(When::Done)
                } else if !resource.opens.is_empty() || super::raises::is_quiet(resource, name) {
                    args.iter().any(|arg| state.reaches(&arg.place)).then_some(When::Trying)
                } else {
                    Some(When::Trying)
                }
            }
            Op::Call { callee, args, .. } => {
                let given = args.iter().any(|arg| state.reaches(&arg.place));
                // Called itself, or a method of a part: `db("jobs")`, `client.users.find()`.
                let used = match callee {
                    Callee::Value(place) => state.holds(place) || state.owner_of(place).is_some(),
                    Callee::Method { recv, name, .. } => {
                        state.owner_of(recv).is_some() || self.uses_through(recv, name, state)
                    }
                    Callee::Super { .. } => false,
                };
                (used || given && !self.only_wraps(at)).then_some(When::Trying)
            }
            // It may be connected there.
            Op::Closure { captures, .. } if !resource.opens.is_empty() => {
                captures.iter().any(|(place, _)| state.reaches(place)).then_some(When::Done)
            }
            Op::Enter { manager, .. } => state.holds(manager).then_some(When::Done),
            Op::Await { src, .. } => state.holds(src).then_some(When::Done),
            // Whoever gets it there may use it.
            Op::Yield { .. } => Some(When::Trying),
            // Parts of it are used: `client.db.users.find()`.
            op if op.reads_any(|place| state.owner_of(place).is_some()) => Some(When::Trying),
            _ => None,
        }
    }

    /// A normal exit.
    pub(super) fn leave(&mut self, state: State, span: Span, node: u32) {
        let returned = state.releasing.as_ref().is_some_and(|place| place.root == Root::Result);
        if returned && !self.ctx.resolved.program.func(self.ctx.func).r#async {
            // `return conn.close()`: whoever called awaits it.
            self.outcome.deferred.push(span);
            self.outcome.release_returned = true;
        } else if state.live() {
            self.exit(state, ExitKind::Normal, span, node);
        }
    }

    pub(super) fn exit(&mut self, state: State, kind: ExitKind, at: Span, node: u32) {
        if state.status == Status::Pending && kind != ExitKind::Normal {
            return;
        }
        let program = self.ctx.resolved.program;
        let function = program.func(self.ctx.func);
        if function.kind == FnKind::Module {
            return;
        }
        if let Some((owner, inside)) = self.owner_at_exit(&state, kind) {
            if matches!(owner, Owner::Field(_)) && self.kept_by_closure(&state, true) != Kept::No {
                self.outcome.deferred.push(at);
                return;
            }
            let (caller, field) = (matches!(owner, Owner::Caller(_)), matches!(owner, Owner::Field(_)));
            self.handed(owner, at, &state, node);
            if let Some(last) = self.outcome.handed.last_mut() {
                last.inside = last.inside.take().or(inside);
            }
            let releasing = state.guards.iter().filter(|place| caller && place.root == Root::Result);
            for proj in releasing.map(|place| place.proj.to_vec()) {
                if !self.outcome.closers.contains(&proj) {
                    self.outcome.closers.push(proj);
                }
            }
            // Under every name that the result, or the object, has for it.
            let root = if caller { Root::Result } else { Root::This };
            let maybe = state.may.iter().filter(|_| caller);
            for place in state.must.iter().chain(maybe).filter(|place| (caller || field) && place.root == root) {
                match place.proj.first() {
                    Some(Proj::Field(name)) if field => {
                        self.handed(Owner::Field(*name), at, &state, node);
                        let inside = (place.proj.len() > 1).then_some(*place);
                        let last = self.outcome.handed.last_mut().filter(|last| last.owner == Owner::Field(*name));
                        if let Some(last) = last {
                            last.inside = last.inside.take().or(inside);
                        }
                    }
                    _ if caller => self.handed(Owner::Caller(place.proj.to_vec()), at, &state, node),
                    _ => {}
                }
            }
            return;
        }
        let error = kind != ExitKind::Normal || state.tier.is_some();
        // What is connected by a call of its own is not connected without it.
        let never = error || self.resource.is_some_and(|resource| !resource.opens.is_empty());
        if state.status == Status::Pending || state.held == Held::Resting || (state.held == Held::NotYet && never) {
            return;
        }
        match self.kept_by_closure(&state, false) {
            Kept::No => self.leak(&state, kind, at, None, node),
            Kept::Surely => self.outcome.deferred.push(at),
            Kept::Partly(callback) => {
                self.outcome.released.push(at);
                if !self.outcome.partly.contains(&callback) {
                    self.outcome.partly.push(callback);
                }
                self.leak(&state, kind, at, None, node);
            }
            Kept::Maybe => {
                let before = self.outcome.leaks.len();
                let state = State { shared: true, ..state };
                self.leak(&state, kind, at, None, node);
                self.doubtful.extend(before..self.outcome.leaks.len());
            }
        }
    }

    pub fn handed(&mut self, owner: Owner, at: Span, state: &State, node: u32) {
        if !self.outcome.handed.iter().any(|handed| handed.owner == owner && handed.at == at) {
            let steps = super::witness::steps(self, node, None);
            let parent = state.parents.first().cloned();
            let pending = state.status == Status::Pending;
            let connected = state.held == Held::Yes;
            self.outcome.handed.push(HandOver { owner, at, parent, inside: None, to: None, pending, connected, steps });
        }
    }

    /// It is stored to a place that makes somebody else the owner.
    pub fn stored(&mut self, owner: Owner, to: &Place, at: Span, state: &State, node: u32) {
        self.handed(owner, at, state, node);
        // Whoever has another name for it may go on to release it.
        let function = self.ctx.resolved.program.func(self.ctx.func);
        let unnamed = |place: &Place| matches!(place.root, Root::Local(_)) && function.place_name(place).is_none();
        let only = state.must.iter().chain(&state.may).chain(&state.guards).all(unnamed);
        if let Some(last) = self.outcome.handed.last_mut().filter(|last| only && last.at == at) {
            last.to = Some(*to);
        }
    }

    pub fn leak(&mut self, state: &State, kind: ExitKind, at: Span, lost_at: Option<OpRef>, node: u32) {
        let same = |leak: &&Leak| leak.kind == kind && leak.tier == state.tier && leak.shared == state.shared;
        if self.outcome.leaks.iter().any(|leak| same(&leak)) {
            return;
        }
        let kept = match &self.token.start {
            Start::Place(place) => state.is_must(place),
            Start::Acquire { .. } | Start::Given { .. } => false,
        };
        let steps = Vec::new();
        self.outcome.leaks.push(Leak { kind, tier: state.tier, shared: state.shared, at, kept, lost_at, steps });
        self.ends.push((node, self.current));
    }

    /// What the acquisition itself gave, a tuple or an object that has it, is no container of somebody else's, whatever it is called.
    pub(super) fn find_given_in(&mut self) {
        let Start::Acquire { at, .. } = &self.token.start else { return };
        let program = self.ctx.resolved.program;
        self.given_in.extend(program.op(*at).op.dst().map(|dst| dst.root));
        for instr in program.func(self.ctx.func).blocks.iter().flat_map(|block| &block.instrs) {
            if let Op::Copy { dst, src, .. } | Op::Await { dst, src } = &instr.op
                && dst.is_root()
                && src.is_root()
                && matches!(dst.root, Root::Local(_))
                && self.given_in.contains(&src.root)
                && !self.given_in.contains(&dst.root)
            {
                self.given_in.push(dst.root);
            }
        }
    }

    /// Whoever still reaches it when the function is left.
    fn owner_at_exit(&self, state: &State, kind: ExitKind) -> Option<(Owner, Option<Place>)> {
        let function = self.ctx.resolved.program.func(self.ctx.func);
        let start = match &self.token.start {
            Start::Place(place) => Some(place),
            Start::Acquire { .. } | Start::Given { .. } => None,
        };
        let starting = self.ctx.resolved.is_starter(self.ctx.func);
        let mut caller = None;
        for place in state.must.iter().chain(&state.may).chain(&state.guards) {
            if start.is_some_and(|start| place.starts_with(start)) {
                continue;
            }
            match &place.root {
                Root::Result if kind == ExitKind::Normal => caller = Some((Owner::Caller(place.proj.to_vec()), None)),
                Root::This if function.binding == Binding::Class => return Some((Owner::Process, None)),
                Root::This => {
                    // An object that fails to come to life is nobody's.
                    if kind != ExitKind::Normal && starting {
                        continue;
                    }
                    if let Some(Proj::Field(name)) = place.proj.first() {
                        let class = function.class;
                        if place.proj.len() > 1
                            && class.is_some_and(|class| self.ctx.resolved.is_shared_field(class, name))
                        {
                            return Some((Owner::Process, None));
                        }
                        return Some((Owner::Field(*name), (place.proj.len() > 1).then_some(*place)));
                    }
                    return Some((Owner::Other, None));
                }
                Root::Global(_) => return Some((Owner::Process, None)),
                Root::Capture(_) => return Some((Owner::Other, None)),
                Root::Param(_) if !place.is_root() => return Some((Owner::Other, None)),
                root if self.given_in.contains(root) => {}
                // It may be the resource itself: that it may also be a pair with it says nothing.
                root if !place.is_root() && state.holds(&Place::root(*root)) => {}
                Root::Local(id) if function.locals.get(id.0 as usize).is_some_and(|local| local.name.is_none()) => {}
                Root::Local(_)
                    if !place.is_root() && !self.ctx.resolved.is_own_container(self.ctx.func, &place.root) =>
                {
                    return Some((Owner::Other, None));
                }
                _ => {}
            }
        }
        caller
    }
}
