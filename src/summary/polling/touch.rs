//! What a round does with stores: which of its calls are commands.

use super::{MAX_DEPTH, Polling, catalogued};
use crate::catalog::TypeId;
use crate::catalog::schema::{ResourceKind, Role};
use crate::ir::{Arg, Callee, Const, FuncId, Name, Op, OpRef, Place, Root};
use crate::resolve::{CallInfo, Ty};
use rustc_hash::{FxHashMap, FxHashSet};

/// What is known about the places of a function.
#[derive(Default)]
pub(super) struct Locals {
    pub(super) awaited: FxHashSet<Place>,
    /// What a store answered.
    answers: FxHashSet<Place>,
    /// Parts of things of the catalogue, and commands that are still being put together.
    parts: FxHashMap<Place, TypeId>,
}

/// What a call does with something of the catalogue.
pub(super) enum Touch {
    Command,
    /// Waits until the store has something to say.
    Waits,
    Other,
}

impl Polling<'_, '_> {
    pub(super) fn locals(&self, func: FuncId) -> Locals {
        let mut locals = Locals::default();
        for instr in self.function(func).blocks.iter().flat_map(|block| &block.instrs) {
            match &instr.op {
                Op::Await { src, .. } => {
                    locals.awaited.insert(*src);
                }
                // `return sleep(ms)`: the caller waits for it.
                Op::Copy { dst, src, .. } if *dst == Place::root(Root::Result) => {
                    locals.awaited.insert(*src);
                }
                _ => {}
            }
        }
        for (at, instr) in self.summaries.resolved.program.ops(func) {
            match &instr.op {
                Op::Call { dst, callee, args, .. } => {
                    let info = self.summaries.resolved.call(at);
                    let touch = info.and_then(|info| self.touch(at, callee, args, info, &locals));
                    match touch {
                        Some((Touch::Command, _)) => {
                            locals.answers.insert(*dst);
                        }
                        Some((_, ty)) if self.is_asynchronous(ty) && !locals.awaited.contains(dst) => {
                            locals.parts.insert(*dst, ty);
                        }
                        _ => {}
                    }
                }
                Op::Await { dst, src } | Op::Copy { dst, src, .. } if locals.answers.contains(src) => {
                    locals.answers.insert(*dst);
                }
                Op::Copy { dst, src, .. } => {
                    if let Some(ty) = locals.parts.get(src).copied() {
                        locals.parts.insert(*dst, ty);
                    }
                }
                _ => {}
            }
        }
        locals
    }

    /// What a call does with something of the catalogue, if anything.
    pub(super) fn touch(
        &self,
        at: OpRef,
        callee: &Callee,
        args: &[Arg],
        info: &CallInfo<'_>,
        locals: &Locals,
    ) -> Option<(Touch, TypeId)> {
        let resolved = self.summaries.resolved;
        let Callee::Method { recv, name, .. } = callee else { return None };
        let part = || locals.parts.get(&Place::root(recv.root)).map(|ty| (*ty, false));
        let (ty, whole) = self.thing(at.func, recv).or_else(part).or_else(|| {
            // What a store gave is asked for more: `job.getState()`.
            let answer = locals.answers.contains(&Place::root(recv.root)) && info.targets.is_empty();
            let Op::Call { dst, .. } = &resolved.program.op(at).op else { return None };
            let asks = answer && locals.awaited.contains(dst);
            asks.then(|| self.answering(at.func, recv)).flatten().map(|ty| (ty, false))
        })?;
        let facts = catalogued(info);
        let remote = facts.is_some_and(|facts| facts.has_role(Role::Remote) || facts.has_role(Role::AmbientUse));
        let store = resolved.catalog.ty(ty).store;
        let Some(resource) = resolved.catalog.resource(ty) else {
            return (remote && store).then_some((Touch::Command, ty));
        };
        if matches!(resource.kind, ResourceKind::Timer | ResourceKind::Task) {
            return None;
        }
        let releases = resource.release.iter().flat_map(|release| &release.steps).any(|step| step == name);
        let lists = [&resource.quiet, &resource.parts, &resource.opens, &resource.closed_test, &resource.open_test];
        let silent = releases || resolved.is_fluent(resource, name) || lists.iter().any(|list| list.contains(name));
        if silent {
            return Some((Touch::Other, ty));
        }
        let waits = |arg: &Arg| {
            let asks = |name: &Name| resolved.language().blocking_options.contains(name);
            let none = matches!(arg.literal, Some(Const::Null | Const::Undefined | Const::Bool(false)));
            arg.name.as_ref().is_some_and(|name| asks(name) && !none)
                || arg.fields.iter().any(|field| field.name.as_ref().is_some_and(asks))
                || matches!(&arg.literal, Some(Const::Str(text)) if asks(text))
        };
        let listens = facts.is_some_and(|facts| facts.has_role(Role::Sleeps));
        if resource.dedicated_by.contains(name) || listens || args.iter().any(waits) {
            return Some((Touch::Waits, ty));
        }
        let gives = facts.is_some_and(|facts| {
            let only_makes = !facts.acquires.is_empty() || !facts.makes.is_empty() || facts.has_role(Role::NeverRaises);
            only_makes && !remote
        });
        let kind = matches!(
            resource.kind,
            ResourceKind::Client
                | ResourceKind::Connection
                | ResourceKind::Pool
                | ResourceKind::Checkout
                | ResourceKind::Session
                | ResourceKind::Cursor
                | ResourceKind::Channel
        );
        let answered = whole || remote || self.is_waited_for(at, args, locals);
        let sent = !self.is_asynchronous(ty) || remote || self.is_waited_for(at, args, locals);
        let touch = if store && kind && !gives && answered && sent { Touch::Command } else { Touch::Other };
        Some((touch, ty))
    }

    fn is_asynchronous(&self, ty: TypeId) -> bool {
        let resolved = self.summaries.resolved;
        resolved.language().eager_await || resolved.catalog.resource(ty).is_some_and(|resource| resource.r#async)
    }

    /// Somebody waits for the result: it is awaited, handed on, or given to a callback.
    fn is_waited_for(&self, at: OpRef, args: &[Arg], locals: &Locals) -> bool {
        let resolved = self.summaries.resolved;
        let Op::Call { dst, .. } = &resolved.program.op(at).op else { return false };
        let handed = |op: &Op| match op {
            Op::Call { args, .. } => args.iter().any(|arg| arg.place == *dst),
            Op::Build { parts, .. } => parts.iter().any(|(_, part)| part == dst),
            _ => false,
        };
        let callback = args.last().is_some_and(|last| !self.functions(at.func, &last.place).is_empty());
        let mut instrs = self.function(at.func).blocks.iter().flat_map(|block| &block.instrs);
        locals.awaited.contains(dst) || callback || instrs.any(|instr| handed(&instr.op))
    }

    /// The thing of the catalogue that the place is, or that it is a part of.
    fn thing(&self, func: FuncId, place: &Place) -> Option<(TypeId, bool)> {
        let mut prefix = *place;
        loop {
            let types = self.summaries.resolved.type_of(func, &prefix);
            let known = types.iter().find_map(|ty| if let Ty::Inst(id) = ty { Some(*id) } else { None });
            if let Some(id) = known {
                return Some((id, prefix.proj.len() == place.proj.len()));
            }
            prefix.proj.pop()?;
        }
    }

    /// The thing of the catalogue that gave the value of a local.
    fn answering(&self, func: FuncId, place: &Place) -> Option<TypeId> {
        let instrs = || self.function(func).blocks.iter().flat_map(|block| &block.instrs);
        let mut at = Place::root(place.root);
        for _ in 0..MAX_DEPTH {
            at = instrs().find_map(|instr| match &instr.op {
                Op::Await { dst, src } | Op::Copy { dst, src, .. } if *dst == at => Some(*src),
                _ => None,
            })?;
            let asked = instrs().find_map(|instr| match &instr.op {
                Op::Call { dst, callee: Callee::Method { recv, .. }, .. } if *dst == at => Some(*recv),
                _ => None,
            });
            if let Some(recv) = asked {
                return self.thing(func, &recv).map(|(ty, _)| ty);
            }
        }
        None
    }
}
