//! What can raise, and how believable that is.

use super::Context;
use super::state::{State, Status};
use crate::catalog::Resource;
use crate::catalog::schema::{AcquireOn, Connects, Role};
use crate::catalog::{SymbolFacts, TypeId};
use crate::ir::{Block, BlockId, BlockKind, Callee, FnKind, Instr, Name, Op, OpRef, Place, Tier};
use crate::resolve::{Target, Ty};

/// Ops between the making of a promise and its `await` that are looked back over.
const MAX_LOOK_BACK: usize = 8;

/// How an op can leave its block other than by going on.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub struct Risk {
    pub raise: Option<Tier>,
    /// The task may be cancelled, or the generator closed, here.
    pub cancel: bool,
}

impl Context<'_> {
    /// The risk of an op for a resource in `state`. Releases, lazy constructors, child creation and attribute access do not raise.
    pub fn risk(&self, at: OpRef, instr: &Instr, state: &State, resource: Option<&Resource>) -> Risk {
        match &instr.op {
            Op::Call { callee, .. } => Risk { raise: self.call_tier(at, callee, state, resource), cancel: false },
            Op::Await { src, .. } => {
                // Awaiting the open object itself gives the object (`client = await from_url(...)`).
                // So does awaiting what it is a part of, when that comes out of the call that made it.
                let open = state.status != Status::Before && state.status != Status::Pending;
                let object = open && state.must.iter().any(|held| held.starts_with(src));
                let release = state.releasing.as_ref() == Some(src) || state.spared.as_ref() == Some(src);
                let harmless = object || release || self.awaits_harmless(at, src);
                let cancel = !release && self.resolved.language().await_cancels;
                Risk { raise: (!harmless).then_some(Tier::Await), cancel }
            }
            Op::Enter { manager, r#async, .. } => {
                if state.live() && state.holds(manager) {
                    return Risk::default();
                }
                let known = self.resolved.type_of(self.func, manager).iter().any(|ty| self.is_resource(ty));
                let tier = match (known, r#async) {
                    (true, _) => Tier::Known,
                    (false, true) => Tier::Await,
                    (false, false) => Tier::Any,
                };
                Risk { raise: Some(tier), cancel: *r#async }
            }
            Op::Yield { .. } => match self.driver() {
                Some(Role::ContextManager) => Risk { raise: Some(Tier::Known), cancel: true },
                Some(_) => Risk::default(),
                None => Risk { raise: None, cancel: true },
            },
            _ => Risk::default(),
        }
    }

    fn eager(&self) -> bool {
        self.resolved.language().eager_await
    }

    /// Methods of the resource raise when they are called, not when what they give is awaited.
    fn blocks(&self, resource: &Resource) -> bool {
        if self.eager() { resource.blocking } else { !resource.r#async }
    }

    /// Who drives this generator function, by its decorators.
    pub fn driver(&self) -> Option<Role> {
        let roles = self.resolved.decorator_roles(self.func);
        roles.into_iter().find(|role| matches!(role, Role::ContextManager | Role::Fixture))
    }

    fn is_resource(&self, ty: &Ty) -> bool {
        matches!(ty, Ty::Inst(id) if self.resolved.catalog.resource(*id).is_some())
    }

    fn call_tier(&self, at: OpRef, callee: &Callee, state: &State, resource: Option<&Resource>) -> Option<Tier> {
        if let (Callee::Method { recv, name, .. }, Some(resource)) = (callee, resource)
            && state.live()
            && state.holds(recv)
        {
            let fluent = self.resolved.is_fluent(resource, name);
            return (self.blocks(resource) && !fluent && !is_quiet(resource, name)).then_some(Tier::Known);
        }
        let info = self.resolved.call(at)?;
        if info.targets.is_empty() {
            let harmless = match callee {
                Callee::Method { name, .. } => self.resolved.language().container_adds.contains(name),
                _ => false,
            };
            return (!harmless).then_some(Tier::Any);
        }
        // The most believable of the alternatives.
        info.targets.iter().filter_map(|target| self.target_tier(target)).min()
    }

    fn target_tier(&self, target: &Target<'_>) -> Option<Tier> {
        match target {
            Target::Catalog { facts } => self.symbol_tier(facts),
            Target::ResourceMethod { ty, name } => self.method_tier(*ty, name),
            Target::Project(func) => {
                let function = self.resolved.program.func(*func);
                if function.r#async || function.generator { None } else { self.callees.raises(*func) }
            }
            Target::Construct(class) => {
                let methods = self.resolved.methods(*class);
                let constructor =
                    methods.iter().find(|(_, func)| self.resolved.program.func(*func).kind == FnKind::Constructor);
                constructor.and_then(|(_, func)| self.callees.raises(*func))
            }
            Target::External(path) => (!self.resolved.is_harmless(path)).then_some(Tier::Any),
        }
    }

    fn symbol_tier(&self, facts: &SymbolFacts) -> Option<Tier> {
        if facts.roles.iter().any(|symbol| symbol.role == Role::Remote) {
            return Some(Tier::Known);
        }
        if let Some(fact) = self.resolved.acquires(self.func, facts).next() {
            let resource = self.resolved.catalog.resource(fact.resource);
            let eager = resource.is_some_and(|r| r.connects == Connects::Eager && (self.blocks(r) || !self.eager()));
            return (eager && fact.on == AcquireOn::Call).then_some(Tier::Known);
        }
        if !facts.roles.is_empty() || !facts.makes.is_empty() { None } else { Some(Tier::Any) }
    }

    fn method_tier(&self, ty: TypeId, name: &Name) -> Option<Tier> {
        match self.resolved.catalog.resource(ty) {
            Some(resource)
                if !self.blocks(resource) || is_quiet(resource, name) || self.resolved.is_fluent(resource, name) =>
            {
                None
            }
            Some(_) => Some(Tier::Known),
            None => Some(Tier::Any),
        }
    }

    /// The awaited call is a release, or known not to raise.
    fn awaits_harmless(&self, at: OpRef, src: &Place) -> bool {
        let block = self.resolved.program.func(self.func).block(at.block);
        let mut src = src;
        for index in (0..at.op as usize).rev().take(MAX_LOOK_BACK) {
            match &block.instrs[index].op {
                Op::Copy { dst, src: from, .. } if dst == src => src = from,
                Op::Const { dst, .. } if dst == src => return true,
                Op::Call { dst, callee, .. } if dst == src => {
                    return self.call_is_harmless(OpRef { op: index as u32, ..at }, callee);
                }
                op if op.dst() == Some(src) => return false,
                _ => {}
            }
        }
        false
    }

    /// What the call gives can be awaited without an exception.
    fn call_is_harmless(&self, call: OpRef, callee: &Callee) -> bool {
        let Some(info) = self.resolved.call(call) else { return false };
        let closes = matches!(callee, Callee::Method { name, .. } if self.resolved.language().closers.contains(name));
        info.targets.iter().any(|target| match target {
            Target::Catalog { facts } => {
                facts.roles.iter().any(|symbol| matches!(symbol.role, Role::NeverRaises | Role::Releases))
            }
            Target::ResourceMethod { ty, name } => {
                self.resolved.catalog.resource(*ty).is_some_and(|resource| is_quiet(resource, name))
            }
            Target::External(path) => self.resolved.is_harmless(path),
            Target::Project(func) => {
                closes || (self.resolved.program.func(*func).r#async && self.callees.raises(*func).is_none())
            }
            Target::Construct(_) => closes,
        })
    }

    /// A handler of the function sees what the block raises first; often it is handled there.
    fn is_handled(&self, block: &Block) -> bool {
        let function = self.resolved.program.func(self.func);
        let mut unwind = block.unwind;
        while let Some(to) = unwind {
            let next = function.block(to);
            if matches!(next.kind, BlockKind::Dispatch { .. }) {
                return true;
            }
            unwind = next.unwind;
        }
        false
    }

    /// The most believable exception a call of this function itself can raise; what `Callees::raises` answers with.
    pub fn own_tier(&self) -> Option<Tier> {
        let function = self.resolved.program.func(self.func);
        let state = State::new(Status::Before);
        let mut most: Option<Tier> = None;
        let mut note = |tier: Tier| most = Some(most.map_or(tier, |known: Tier| known.min(tier)));
        for (b, block) in function.blocks.iter().enumerate() {
            if self.is_handled(block) {
                continue;
            }
            if matches!(block.term, crate::ir::Term::Raise { .. }) {
                note(Tier::Known);
            }
            for (i, instr) in block.instrs.iter().enumerate() {
                let at = OpRef { func: self.func, block: BlockId(b as u32), op: i as u32 };
                if let Some(tier) = self.risk(at, instr, &state, None).raise {
                    note(tier);
                }
            }
        }
        most
    }
}

/// Methods that do no I/O in practice: the quiet ones, tests, and releases.
pub fn is_quiet(resource: &Resource, name: &Name) -> bool {
    resource.quiet.contains(name)
        || resource.closed_test.contains(name)
        || resource.open_test.contains(name)
        || is_release(resource, name)
}

pub fn is_release(resource: &Resource, name: &str) -> bool {
    resource.release.iter().any(|release| release.steps.iter().any(|step| step == name))
}
