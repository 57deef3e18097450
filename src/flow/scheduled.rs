//! Releases that are left to somebody else: whether they will run at all, and do what they should when they do.

use super::Rel;
use super::calls::CallSite;
use super::solve::Run;
use super::state::State;
use crate::catalog::schema::{Invocation, Role, ScheduledFor, Symbol};
use crate::ir::{BlockId, Callee, Op, OpRef, Place, Proj, Root};
use crate::resolve::{Target, Ty};
use rustc_hash::FxHashSet;

impl Run<'_> {
    /// What is scheduled does release when it is called: its result needs no `await`, or gets one.
    pub(super) fn runs_to_its_end(&self, place: &Place, symbol: &Symbol, state: &State) -> bool {
        if symbol.awaited || self.ctx.resolved.language().eager_await {
            return true;
        }
        let (Some(resource), Some(owner)) = (self.resource, state.owner_of(place)) else { return true };
        let Some(Proj::Field(name)) = place.proj.get(owner.proj.len()) else { return true };
        let mut called = resource.release.iter().filter(|release| release.steps.last() == Some(name)).peekable();
        called.peek().is_none() || called.any(|release| !release.awaited)
    }

    /// The scope at whose end the release would run is a variable of this function that nobody enters, leaves or gets.
    pub(super) fn is_never_left(&self, symbol: &Symbol, site: &CallSite<'_>) -> bool {
        let Callee::Method { recv, .. } = site.callee else { return false };
        if symbol.when != Some(ScheduledFor::ScopeEnd) || !is_variable(recv) {
            return false;
        }
        let function = self.ctx.resolved.module.func(self.ctx.func);
        let instrs = || function.blocks.iter().flat_map(|block| &block.instrs);
        // Its names: one variable is often filled from a temporary. Each round follows values one more time against the order of the
        // source.
        let mut names: FxHashSet<&Place> = FxHashSet::default();
        names.insert(recv);
        for _ in 0..2 {
            for instr in instrs() {
                if let Op::Copy { dst, src, .. } = &instr.op
                    && is_variable(dst)
                    && is_variable(src)
                    && (names.contains(dst) || names.contains(src))
                {
                    names.insert(dst);
                    names.insert(src);
                }
            }
        }
        let mut made = false;
        for (b, block) in function.blocks.iter().enumerate() {
            for (i, instr) in block.instrs.iter().enumerate() {
                let at = OpRef { func: self.ctx.func, block: BlockId(b as u32), op: i as u32 };
                made |= matches!(&instr.op, Op::Call { dst, .. } if names.contains(dst));
                let used = instr.op.reads_any(|place| names.iter().any(|name| place.starts_with(name)))
                    || matches!(&instr.op, Op::Enter { dst, .. } if names.contains(dst));
                if used && !self.only_fills(at, &instr.op, &names) {
                    return false;
                }
            }
        }
        made
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
                let given = rest.iter().fold(start, |place, proj| place.project(proj.clone()));
                let released = |func| self.ctx.callees.effect(func, &given, self.token.kind).release != Rel::Never;
                !given.cut && types.iter().any(|ty| matches!(ty, Ty::Func(func) if released(*func)))
            })
        })
    }
}

fn is_variable(place: &Place) -> bool {
    place.is_root() && matches!(place.root, Root::Local(_))
}
