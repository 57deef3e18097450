//! Releases that are left to somebody else: whether they will run at all, and do what they should when they do.

use super::Rel;
use super::calls::CallSite;
use super::raises::is_release;
use super::solve::{Run, Step};
use super::state::State;
use crate::catalog::schema::{Invocation, Role, ScheduledFor, Symbol};
use crate::ir::{BlockId, Callee, Name, Op, OpRef, Place, Proj, Root};
use crate::resolve::{Target, Ty};
use rustc_hash::FxHashSet;

impl Run<'_> {
    /// What is scheduled does release when it is called: its result needs no `await`, or gets one.
    pub(super) fn runs_to_its_end(&self, place: &Place, symbol: &Symbol, state: &State) -> bool {
        if symbol.awaited || self.ctx.resolved.language().eager_await {
            return true;
        }
        let coroutine = |ty: &Ty| matches!(ty, Ty::Func(func) if self.ctx.resolved.program.func(*func).r#async);
        if self.ctx.resolved.type_of(self.ctx.func, place).iter().any(coroutine) {
            return false;
        }
        let (Some(resource), Some(owner)) = (self.resource, state.owner_of(place)) else { return true };
        let Some(Proj::Field(name)) = place.proj.get(owner.proj.len()) else { return true };
        let mut called = resource.release.iter().filter(|release| release.steps.last() == Some(name)).peekable();
        called.peek().is_none() || called.any(|release| !release.awaited)
    }

    /// The variables of this function that are the scope at whose end the release runs, and whether anybody enters it, leaves it or gets
    /// it. `None`: the scope comes from elsewhere, or somebody else has it, too.
    pub(super) fn scope(&self, symbol: &Symbol, site: &CallSite<'_>) -> Option<Scope> {
        let Callee::Method { recv, .. } = site.callee else { return None };
        if symbol.when != Some(ScheduledFor::ScopeEnd) || !is_variable(recv) {
            return None;
        }
        let function = self.ctx.resolved.program.func(self.ctx.func);
        let instrs = || function.blocks.iter().flat_map(|block| &block.instrs);
        // One variable is often filled from a temporary. Each round follows values one more time against the order of the source.
        let mut names: FxHashSet<&Place> = FxHashSet::default();
        names.insert(recv);
        for _ in 0..2 {
            for instr in instrs() {
                if let Op::Copy { dst, src, .. } | Op::Enter { dst, manager: src, .. } = &instr.op
                    && is_variable(dst)
                    && is_variable(src)
                    && (names.contains(dst) || names.contains(src))
                {
                    names.insert(dst);
                    names.insert(src);
                }
            }
        }
        let (mut made, mut left) = (false, false);
        for (b, block) in function.blocks.iter().enumerate() {
            for (i, instr) in block.instrs.iter().enumerate() {
                let at = OpRef { func: self.ctx.func, block: BlockId(b as u32), op: i as u32 };
                made |= matches!(&instr.op, Op::Call { dst, .. } if names.contains(dst));
                let used = instr.op.reads_any(|place| names.iter().any(|name| place.starts_with(name)));
                left |= used && !self.only_fills(at, &instr.op, &names);
                if used && gives_away(&instr.op, &names) {
                    return None;
                }
            }
        }
        let mut names: Vec<Place> = names.into_iter().cloned().collect();
        names.sort();
        made.then_some(Scope { names, left })
    }

    /// The field of the receiver that is the scope at whose end the release runs, when the class itself fills it.
    pub(super) fn owned_scope(&self, symbol: &Symbol, site: &CallSite<'_>) -> Option<Name> {
        let Callee::Method { recv, .. } = site.callee else { return None };
        let ([Proj::Field(name)], Some(ScheduledFor::ScopeEnd)) = (recv.proj.as_slice(), symbol.when) else {
            return None;
        };
        let class = self.ctx.resolved.receiver_class(self.ctx.func, &recv.root)?;
        let field = Place::root(Root::This).field(*name);
        let (mut made, mut given) = (false, false);
        for (_, method) in self.ctx.resolved.methods(class) {
            let copies = || {
                let instrs = self.ctx.resolved.program.func(method).blocks.iter().flat_map(|block| &block.instrs);
                instrs.filter_map(|instr| match &instr.op {
                    Op::Copy { dst, src, .. } => Some((dst, src)),
                    _ => None,
                })
            };
            let foreign = |place: &Place| !matches!(place.root, Root::Local(_));
            for (_, src) in copies().filter(|(dst, _)| **dst == field) {
                made = true;
                given |= foreign(src) || copies().any(|(dst, from)| dst == src && foreign(from));
            }
        }
        (made && !given).then_some(*name)
    }

    /// The op gives one of the variables another name, or schedules something more with it.
    fn only_fills(&self, at: OpRef, op: &Op, names: &FxHashSet<&Place>) -> bool {
        match op {
            Op::Copy { dst, src, .. } => names.contains(dst) && names.contains(src),
            Op::Call { callee: Callee::Method { recv, .. }, args, .. } => {
                let schedules = |target: &Target<'_>| matches!(target, Target::Catalog { facts } if facts.has_role(Role::Schedules));
                names.contains(recv)
                    && !args.iter().any(|arg| names.iter().any(|name| arg.place.starts_with(name)))
                    && self.ctx.resolved.call(at).is_some_and(|info| info.targets.iter().any(schedules))
            }
            _ => false,
        }
    }

    /// A method of something that releases the resource when it is left or closed.
    pub(super) fn guard_method(
        &mut self,
        site: &CallSite<'_>,
        path: &str,
        name: &Name,
        state: &mut State,
    ) -> Option<Step> {
        let &CallSite { at, span, dst, callee, .. } = site;
        let facts = self.ctx.resolved.call(at).and_then(|info| {
            info.targets.iter().find_map(|target| match target {
                Target::Catalog { facts } => Some(*facts),
                _ => None,
            })
        });
        if let Some(symbol) = facts.and_then(|facts| facts.roles.iter().find(|symbol| symbol.role == Role::Releases)) {
            return Some(self.release(symbol.awaited, span, dst, state));
        }
        let resource = self.resource?;
        let language = self.ctx.resolved.language();
        if is_release(resource, path) || language.may_release.contains(name) || language.exit_methods.contains(name) {
            self.released(span);
            return Some(Step::Stop);
        }
        // `stack.pop_all()`: another of the same kind, which has it from now on.
        if let (Some(facts), Callee::Method { recv, .. }) = (facts, callee)
            && facts.makes.iter().any(|made| self.ctx.resolved.type_of(self.ctx.func, recv).contains(&Ty::Inst(*made)))
        {
            state.guards.clear();
            state.kill(dst);
            state.add_guard(*dst);
            return Some(Step::Go);
        }
        None
    }

    /// The function that the call calls with each element of its other argument releases the one that it is about:
    /// `map(close, clients)`.
    pub(super) fn maps_releaser(&self, symbol: &Symbol, site: &CallSite<'_>, state: &State) -> bool {
        let runs = match symbol.how {
            Some(Invocation::NowMany) => true,
            // When somebody goes through what it gives.
            Some(Invocation::LaterMany) => self.is_read(site.dst),
            _ => false,
        };
        let Some(position) = symbol.arg.map(usize::from).filter(|_| runs) else { return false };
        let Some(function) = site.args.get(position) else { return false };
        let types = self.ctx.resolved.type_of(self.ctx.func, &function.place);
        site.args.iter().skip(position + 1).enumerate().any(|(i, arg)| {
            state.elements(&arg.place).any(|rest| {
                let start = Place::root(Root::Param(i as u16));
                let given = rest.iter().fold(start, |place, proj| place.project(*proj));
                let released = |func| self.ctx.callees.effect(func, &given, self.token.kind).release != Rel::Never;
                !given.cut && types.iter().any(|ty| matches!(ty, Ty::Func(func) if released(*func)))
            })
        })
    }
}

/// See [`Run::scope`].
pub(super) struct Scope {
    pub names: Vec<Place>,
    pub left: bool,
}

/// Something other than the variables of the function and its caller gets one of them.
fn gives_away(op: &Op, names: &FxHashSet<&Place>) -> bool {
    let given = |place: &Place| names.contains(place);
    match op {
        Op::Copy { dst, src, .. } => given(src) && !is_variable(dst) && dst.root != Root::Result,
        Op::Call { args, .. } => args.iter().any(|arg| given(&arg.place)),
        Op::Closure { captures, .. } => captures.iter().any(|(place, _)| given(place)),
        Op::Build { parts, .. } => parts.iter().any(|(_, part)| given(part)),
        Op::Escape { place, .. } => given(place),
        Op::Unknown { reads, .. } => reads.iter().any(given),
        _ => false,
    }
}

fn is_variable(place: &Place) -> bool {
    place.is_root() && matches!(place.root, Root::Local(_))
}
