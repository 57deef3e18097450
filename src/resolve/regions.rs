//! Which code runs as a script, and which closures outlive the call that makes them.

use super::{CallInfo, Resolved, Target, Ty, symbol_args};
use crate::catalog::schema::{ResourceKind, Role};
use crate::ir::{Arg, BlockId, Callee, Const, FuncId, Module, Name, Op, OpRef, Place, Proj, Root};
use rustc_hash::FxHashSet;

/// Facts about where functions run.
pub struct Regions {
    /// Functions that only a script's top level runs: called from the script region or from each other, never handed on.
    pub script_only: FxHashSet<FuncId>,
    /// Functions that some code of the file calls or refers to.
    pub used: FxHashSet<FuncId>,
    /// Names of fields on which code calls something like a release from outside of the object (`context.client.close()`).
    pub released_outside: FxHashSet<Name>,
    /// The file is a program that does some work and is expected to end: it exports nothing, starts nothing that waits for others,
    /// and nobody ends the process.
    pub program: bool,
    /// Closures whose value is returned, stored, passed on, or registered by a decorator.
    pub escaping: FxHashSet<FuncId>,
}

impl Regions {
    pub fn new(resolved: &Resolved<'_>) -> Self {
        let module = resolved.module;
        let mut called_by_script: Vec<FuncId> = Vec::new();
        let mut callees: Vec<Vec<FuncId>> = vec![Vec::new(); module.functions.len()];
        let mut escaping: FxHashSet<FuncId> = FxHashSet::default();
        let mut used: FxHashSet<FuncId> = FxHashSet::default();
        let mut released_outside: FxHashSet<Name> = FxHashSet::default();
        let mut serves = false;
        let page = module.exports.is_empty() && resolved.is_shown();
        for id in module.func_ids() {
            let function = module.func(id);
            if !function.decorators.is_empty() && resolved.has_unknown_decorator(id) && !resolved.is_program_entry(id) {
                escaping.insert(id);
            }
            for (b, block) in function.blocks.iter().enumerate() {
                for (i, instr) in block.instrs.iter().enumerate() {
                    let mut handed = |place: &Place| {
                        for ty in resolved.type_of(id, place) {
                            if let Ty::Func(func) = ty {
                                escaping.insert(func);
                                used.insert(func);
                            }
                        }
                    };
                    match &instr.op {
                        Op::Call { callee, args, .. } => {
                            if let Callee::Method { recv, name, .. } = callee
                                && let Some(Proj::Field(field)) = recv.proj.last()
                                && recv.root != Root::This
                                && resolved.language().may_release.contains(name)
                            {
                                released_outside.insert(field.clone());
                            }
                            if page && id == FuncId(0) && runs_once(callee, args, resolved) {
                                // `$(document).ready(() => ...)`: once the page is there, like the top level itself.
                                let given = args.iter().flat_map(|arg| resolved.type_of(id, &arg.place));
                                called_by_script.extend(
                                    given.filter_map(|ty| if let Ty::Func(func) = ty { Some(func) } else { None }),
                                );
                            } else {
                                args.iter().for_each(|arg| handed(&arg.place));
                            }
                            // Drivers (`asyncio.run(main())`) get the call's result, not the function.
                            let at = OpRef { func: id, block: BlockId(b as u32), op: i as u32 };
                            let Some(info) = resolved.call(at) else { continue };
                            serves |= resolved.goes_on(id, callee, args, info);
                            released_outside.extend(released_fields(info, args));
                            for func in info.functions() {
                                if func != id {
                                    used.insert(func);
                                }
                                if id == FuncId(0) && (block.script || is_plain_call(callee)) {
                                    called_by_script.push(func);
                                } else {
                                    callees[id.index()].push(func);
                                }
                            }
                        }
                        // At the top level, a name for it and no more.
                        Op::Copy { dst, .. }
                            if id == FuncId(0) && dst.is_root() && matches!(dst.root, Root::Global(_)) => {}
                        Op::Copy { dst, src, .. }
                            if !dst.is_root() || matches!(dst.root, Root::Result | Root::Global(_)) =>
                        {
                            handed(src);
                        }
                        Op::Build { parts, .. } => parts.iter().for_each(|(_, part)| handed(part)),
                        Op::Yield { src: Some(src), .. } => handed(src),
                        _ => {}
                    }
                }
            }
        }
        for export in &module.exports {
            for ty in resolved.type_of(FuncId(0), &Place::global(export.name.clone())) {
                if let Ty::Func(func) = ty {
                    escaping.insert(func);
                    used.insert(func);
                }
            }
        }
        let entry = |id: &FuncId| {
            let function = module.func(*id);
            let named = resolved.language().entry_functions.contains(&function.name);
            (named && function.parent == Some(FuncId(0)) && function.class.is_none()) || resolved.is_program_entry(*id)
        };
        called_by_script.extend(module.func_ids().filter(entry));
        // Reached from the script, transitively; then without what anything else reaches.
        let mut script_only: FxHashSet<FuncId> = FxHashSet::default();
        let mut queue = called_by_script;
        while let Some(func) = queue.pop() {
            let plain = !escaping.contains(&func) && module.func(func).class.is_none();
            if (plain || resolved.is_program_entry(func)) && script_only.insert(func) {
                queue.extend(&callees[func.index()]);
            }
        }
        let mut queue: Vec<FuncId> =
            module.func_ids().filter(|id| *id != FuncId(0) && !script_only.contains(id)).collect();
        while let Some(func) = queue.pop() {
            queue.extend(callees[func.index()].iter().filter(|callee| script_only.remove(callee)));
        }
        let program = resolved.language().eager_await
            && module.exports.is_empty()
            && !serves
            && runs_at_top_level(module)
            && !page;
        Regions { script_only, used, released_outside, program, escaping }
    }
}

/// A call by name, or of a function that is written right there.
fn is_plain_call(callee: &Callee) -> bool {
    matches!(callee, Callee::Value(place) if matches!(place.root, Root::Global(_) | Root::Local(_)) && place.is_root())
}

/// The top level does something that takes time: it waits, or calls what does.
fn runs_at_top_level(module: &Module) -> bool {
    let mut instrs = module.func(FuncId(0)).blocks.iter().flat_map(|block| &block.instrs);
    instrs.any(|instr| match &instr.op {
        Op::Await { .. } => true,
        Op::Call { callee, .. } => is_plain_call(callee),
        _ => false,
    })
}

/// The functions among the arguments are called once, when the page is there: `$(document).ready(f)`, `$(f)`,
/// `document.addEventListener("DOMContentLoaded", f)`.
fn runs_once(callee: &Callee, args: &[Arg], resolved: &Resolved<'_>) -> bool {
    let language = resolved.language();
    let waits = match callee {
        Callee::Method { name, .. } => language.load_events.contains(name),
        Callee::Value(Place { root: Root::Global(name), .. }) => language.page_globals.contains(name),
        _ => false,
    };
    waits
        || args
            .iter()
            .any(|arg| matches!(&arg.literal, Some(Const::Str(event)) if language.load_events.contains(event)))
}

/// Fields of other objects than the receiver that a catalogued function releases: `clearInterval(socket.timer)`.
fn released_fields<'a>(info: &'a CallInfo<'_>, args: &'a [Arg]) -> impl Iterator<Item = Name> + 'a {
    let symbols = info.targets.iter().filter_map(|target| match target {
        Target::Catalog { facts } => Some(facts.roles.iter().filter(|symbol| symbol.role == Role::Releases)),
        _ => None,
    });
    symbols.flatten().flat_map(|symbol| symbol_args(symbol, args)).filter_map(|(_, arg)| match arg.place.proj.last() {
        Some(Proj::Field(field)) if arg.place.root != Root::This => Some(field.clone()),
        _ => None,
    })
}

impl Resolved<'_> {
    /// The code runs in a page, which goes on until it is left.
    fn is_shown(&self) -> bool {
        let page = &self.language().page_globals;
        let is_page =
            |place: &Place| matches!(&place.root, Root::Global(name) if page.contains(name) && !self.is_bound(name));
        self.module.functions.iter().flat_map(|function| &function.blocks).flat_map(|block| &block.instrs).any(
            |instr| {
                let mut found = false;
                instr.op.for_each_place(&mut |place| found |= is_page(place));
                found
            },
        )
    }

    /// The call starts something that waits for others for as long as the process runs - a server, a subscription, a timer - or
    /// ends the process.
    fn goes_on(&self, func: FuncId, callee: &Callee, args: &[Arg], info: &CallInfo<'_>) -> bool {
        if matches!(callee, Callee::Method { name, .. } if self.language().serving.contains(name)) {
            return true;
        }
        info.targets.iter().any(|target| {
            let Target::Catalog { facts } = target else { return false };
            let waits = |kind| {
                matches!(
                    kind,
                    ResourceKind::Server | ResourceKind::Subscription | ResourceKind::Timer | ResourceKind::Task
                )
            };
            facts.has_role(Role::NeverReturns)
                || self
                    .acquisition(func, facts, args)
                    .and_then(|fact| self.catalog.resource(fact.resource))
                    .is_some_and(|resource| waits(resource.kind))
        })
    }
}
