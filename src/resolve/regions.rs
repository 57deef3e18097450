//! Which code runs as a script, and which closures outlive the call that makes them.

use super::{CallInfo, Resolved, Target, Ty, symbol_args};
use crate::catalog::schema::entry::EnteredBy;
use crate::catalog::schema::{ResourceKind, Role};
use crate::ir::{
    Arg, BlockId, Callee, ClassId, Const, FnKind, FuncId, ModuleId, Name, Op, OpRef, Place, Proj, Root, Term,
};
use rustc_hash::{FxHashMap, FxHashSet};

/// Facts about where functions run.
pub struct Regions {
    /// Functions that only a script's top level runs: called from the script region or from each other, in any file, never handed on.
    pub script_only: FxHashSet<FuncId>,
    /// Functions that some code of the program calls or refers to.
    pub used: FxHashSet<FuncId>,
    /// Fields on which code calls something like a release from outside of the object (`context.client.close()`).
    released_fields: FxHashSet<(ClassId, Name)>,
    /// The same where the class of the object is not known: names of fields, with the modules that have such code.
    released_names: FxHashMap<Name, Vec<ModuleId>>,
    /// Modules that are programs which do some work and are expected to end: they export nothing, start nothing that waits for others,
    /// and nobody ends the process.
    programs: FxHashSet<ModuleId>,
    /// Generator functions that are given to what drives them, and how it does: like a context manager, or as a fixture.
    pub driven: FxHashMap<FuncId, Role>,
    /// Functions of which nobody takes the result, or nobody but what expects no promise.
    dropped_results: FxHashSet<FuncId>,
    /// Closures whose value is returned, stored, passed on, or registered by a decorator.
    pub escaping: FxHashSet<FuncId>,
}

/// The functions of the program that the call gets as generators to drive, each with how that is done.
fn driven_by(resolved: &Resolved<'_>, func: FuncId, info: &CallInfo<'_>, args: &[Arg]) -> Vec<(FuncId, Role)> {
    let roles = info.targets.iter().flat_map(|target| match target {
        Target::Catalog { facts } => facts.roles.as_slice(),
        _ => &[],
    });
    let drives =
        roles.filter(|symbol| matches!(symbol.role, Role::ContextManager | Role::Fixture) && symbol.arg.is_some());
    let given = drives.flat_map(|symbol| symbol_args(symbol, args).map(|(_, arg)| (arg, symbol.role)));
    given
        .flat_map(|(arg, role)| {
            resolved.type_of(func, &arg.place).into_iter().filter_map(move |ty| match ty {
                Ty::Func(func) => Some((func, role)),
                _ => None,
            })
        })
        .collect()
}

/// The functions of the program that the call makes parts of a program, which run once; also as elements of a list that is written there.
fn entries_of(resolved: &Resolved<'_>, func: FuncId, info: &CallInfo<'_>, args: &[Arg]) -> Vec<FuncId> {
    let entries = info.roles(Role::ProgramEntry).filter(|symbol| symbol.arg.is_some());
    let mut given: Vec<Place> =
        entries.flat_map(|symbol| symbol_args(symbol, args)).map(|(_, arg)| arg.place).collect();
    if given.is_empty() {
        return Vec::new();
    }
    for instr in resolved.program.func(func).blocks.iter().flat_map(|block| &block.instrs) {
        if let Op::Build { dst, parts, .. } = &instr.op
            && given.contains(dst)
        {
            given.extend(parts.iter().map(|(_, part)| *part));
        }
    }
    let types = given.iter().flat_map(|place| resolved.type_of(func, place));
    types.filter_map(|ty| if let Ty::Func(func) = ty { Some(func) } else { None }).collect()
}

impl Regions {
    pub fn new(resolved: &Resolved<'_>) -> Self {
        let program = resolved.program;
        let mut called_by_script: Vec<FuncId> = Vec::new();
        let mut callees: Vec<Vec<FuncId>> = vec![Vec::new(); program.functions.len()];
        let mut escaping: FxHashSet<FuncId> = FxHashSet::default();
        let mut used: FxHashSet<FuncId> = FxHashSet::default();
        let mut driven: FxHashMap<FuncId, Role> = FxHashMap::default();
        let mut released_fields: FxHashSet<(ClassId, Name)> = FxHashSet::default();
        let mut released_names: FxHashMap<Name, Vec<ModuleId>> = FxHashMap::default();
        let mut serves: FxHashSet<ModuleId> = FxHashSet::default();
        let mut entries: Vec<FuncId> = Vec::new();
        let pages: FxHashSet<ModuleId> = program
            .module_ids()
            .filter(|module| program.part(*module).exports.is_empty() && resolved.is_shown(*module))
            .collect();
        for id in program.func_ids() {
            let function = program.func(id);
            let here = program.module_of(id);
            let top = program.is_top(id);
            let mut released = |owner: &Place, field: Name| {
                let types = resolved.type_of(id, owner);
                let classes = types.iter().filter_map(|ty| match ty {
                    Ty::Object(class) | Ty::Class(class) => Some((*class, field)),
                    _ => None,
                });
                let known = released_fields.len();
                released_fields.extend(classes);
                if types.is_empty()
                    || (released_fields.len() == known && types.iter().all(|ty| matches!(ty, Ty::Path(_))))
                {
                    let modules = released_names.entry(field).or_default();
                    if modules.last() != Some(&here) {
                        modules.push(here);
                    }
                }
            };
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
                                && resolved.language().may_release.contains(name)
                                && let Some((owner, field)) = field_outside(recv)
                            {
                                released(&owner, field);
                            }
                            if top && pages.contains(&here) && runs_once(callee, args, resolved) {
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
                            driven.extend(driven_by(resolved, id, info, args));
                            entries.extend(entries_of(resolved, id, info, args));
                            if resolved.goes_on(id, callee, args, info) {
                                serves.insert(here);
                            }
                            released_arguments(info, args).for_each(|(owner, field)| released(&owner, field));
                            // Decorated functions run where they are called by name.
                            let named =
                                |func: &FuncId| !is_indirect(callee) || program.func(*func).decorators.is_empty();
                            for func in info.functions().filter(named) {
                                if func != id {
                                    used.insert(func);
                                }
                                if top && (block.script || is_plain_call(callee)) {
                                    called_by_script.push(func);
                                } else {
                                    callees[id.index()].push(func);
                                }
                            }
                        }
                        // At the top level, a name for it and no more.
                        Op::Copy { dst, .. } if top && dst.is_root() && matches!(dst.root, Root::Global(_)) => {}
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
        for func in resolved.exported_functions() {
            escaping.insert(func);
            used.insert(func);
        }
        let dropped_results = dropped_results(resolved, &escaping);
        let entry = |id: &FuncId| {
            let function = program.func(*id);
            let named = resolved.language().entry_functions.contains(&function.name);
            let outermost = function.parent.is_some_and(|parent| program.is_top(parent)) && function.class.is_none();
            (named && outermost) || resolved.is_program_entry(*id)
        };
        called_by_script.extend(program.func_ids().filter(entry));
        for func in entries {
            escaping.remove(&func);
            called_by_script.push(func);
        }
        // Reached from the script, transitively; then without what anything else reaches.
        let mut script_only: FxHashSet<FuncId> = FxHashSet::default();
        let mut queue = called_by_script;
        while let Some(func) = queue.pop() {
            let plain = !escaping.contains(&func) && program.func(func).class.is_none();
            if (plain || resolved.is_program_entry(func)) && script_only.insert(func) {
                queue.extend(&callees[func.index()]);
            }
        }
        let mut queue: Vec<FuncId> =
            program.func_ids().filter(|id| !program.is_top(*id) && !script_only.contains(id)).collect();
        while let Some(func) = queue.pop() {
            queue.extend(callees[func.index()].iter().filter(|callee| script_only.remove(callee)));
        }
        let programs = program
            .module_ids()
            .filter(|module| {
                resolved.language().eager_await
                    && program.part(*module).exports.is_empty()
                    && program.part(*module).instances.is_empty()
                    && runs_at_top_level(resolved, *module)
                    && !pages.contains(module)
                    && !resolved.reaches_any(*module, &serves)
            })
            .collect();
        Regions { script_only, used, released_fields, released_names, programs, driven, dropped_results, escaping }
    }

    /// What the function returns is thrown away, by all who call it.
    pub fn drops_result(&self, func: FuncId) -> bool {
        self.dropped_results.contains(&func)
    }

    /// The function is in a module that is a program which does some work and is expected to end.
    pub fn in_program(&self, resolved: &Resolved<'_>, func: FuncId) -> bool {
        self.programs.contains(&resolved.program.module_of(func))
    }

    /// Code outside of the class calls something like a release on the field of an object that is, or may be, of the class.
    pub fn is_released_outside(&self, resolved: &Resolved<'_>, class: ClassId, field: &Name) -> bool {
        let known = |class: &ClassId| self.released_fields.contains(&(*class, *field));
        if resolved.ancestry(class).iter().any(known) || resolved.descendants(class).iter().any(known) {
            return true;
        }
        let home = resolved.program.module_of_class(class);
        let may_know = |module: &ModuleId| *module == home || resolved.is_near(*module, home);
        self.released_names.get(field).is_some_and(|modules| modules.iter().any(may_know))
    }
}

/// Closures that are called by name only, each time without a use of the result, and functions that are given to what drops it.
fn dropped_results(resolved: &Resolved<'_>, escaping: &FxHashSet<FuncId>) -> FxHashSet<FuncId> {
    let program = resolved.program;
    let (mut dropped, mut taken) = (FxHashSet::default(), FxHashSet::default());
    for id in program.func_ids() {
        let function = program.func(id);
        let instrs = || function.blocks.iter().flat_map(|block| &block.instrs);
        let mut read: FxHashSet<Root> = FxHashSet::default();
        for instr in instrs().filter(|instr| !matches!(instr.op, Op::Await { .. })) {
            instr.op.for_each_place(&mut |place| {
                if instr.op.dst() != Some(place) {
                    read.insert(place.root);
                }
            });
        }
        for block in &function.blocks {
            if let Term::Branch { place, .. } = &block.term {
                read.insert(place.root);
            }
        }
        let kept =
            |dst: &Place, read: &FxHashSet<Root>| !matches!(dst.root, Root::Local(_)) || read.contains(&dst.root);
        for instr in instrs() {
            if let Op::Await { dst, src } = &instr.op
                && kept(dst, &read)
            {
                read.insert(src.root);
            }
        }
        for (b, block) in function.blocks.iter().enumerate() {
            for (i, instr) in block.instrs.iter().enumerate() {
                let Op::Call { dst, args, .. } = &instr.op else { continue };
                let at = OpRef { func: id, block: BlockId(b as u32), op: i as u32 };
                let Some(info) = resolved.call(at) else { continue };
                let uses = if kept(dst, &read) { &mut taken } else { &mut dropped };
                uses.extend(info.functions().filter(|func| !escaping.contains(func)));
                let roles = info.targets.iter().flat_map(|target| match target {
                    Target::Catalog { facts } => facts.roles.as_slice(),
                    _ => &[],
                });
                for symbol in roles.filter(|symbol| symbol.role == Role::DropsResult) {
                    let given = symbol_args(symbol, args).flat_map(|(_, arg)| resolved.type_of(id, &arg.place));
                    dropped.extend(given.filter_map(|ty| match ty {
                        Ty::Func(func) => Some(func).filter(|func| !symbol.awaited || program.func(*func).r#async),
                        _ => None,
                    }));
                }
            }
        }
    }
    let closure = |func: &FuncId| matches!(program.func(*func).kind, FnKind::Closure);
    dropped.retain(|func| closure(func) && !taken.contains(func));
    dropped
}

/// The object and the name of its field that the place is; not for fields of the receiver.
fn field_outside(place: &Place) -> Option<(Place, Name)> {
    let mut owner = *place;
    match owner.proj.pop() {
        Some(Proj::Field(field)) if place.root != Root::This && !place.cut => Some((owner, field)),
        _ => None,
    }
}

/// A call of what a parameter or a variable of a function around holds.
fn is_indirect(callee: &Callee) -> bool {
    matches!(callee, Callee::Value(place) if matches!(place.root, Root::Param(_) | Root::Capture(_)))
}

/// A call by name, or of a function that is written right there.
fn is_plain_call(callee: &Callee) -> bool {
    matches!(callee, Callee::Value(place) if matches!(place.root, Root::Global(_) | Root::Local(_)) && place.is_root())
}

/// The top level does something that takes time: it waits, or calls what does.
fn runs_at_top_level(resolved: &Resolved<'_>, module: ModuleId) -> bool {
    let top = resolved.program.part(module).top;
    let mut instrs = resolved.program.func(top).blocks.iter().flat_map(|block| &block.instrs);
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
fn released_arguments<'a>(info: &'a CallInfo<'_>, args: &'a [Arg]) -> impl Iterator<Item = (Place, Name)> + 'a {
    let symbols = info.targets.iter().filter_map(|target| match target {
        Target::Catalog { facts } => Some(facts.roles.iter().filter(|symbol| symbol.role == Role::Releases)),
        _ => None,
    });
    symbols.flatten().flat_map(|symbol| symbol_args(symbol, args)).filter_map(|(_, arg)| field_outside(&arg.place))
}

impl Resolved<'_> {
    /// The module is a component, uses hooks of one, or does something with the page that it runs in.
    pub fn is_of_page(&self, module: ModuleId) -> bool {
        let hooks = |func: FuncId| {
            self.calls_of(func).any(|(_, info)| info.has_role(Role::DropsResult) || info.has_role(Role::Cell))
        };
        !self.program.part(module).instances.is_empty()
            || self.is_shown(module)
            || self.program.functions_of(module).any(hooks)
    }

    /// The code runs in a page, which goes on until it is left.
    fn is_shown(&self, module: ModuleId) -> bool {
        let page = &self.language().page_globals;
        let top = self.program.part(module).top;
        let is_page = |place: &Place| matches!(&place.root, Root::Global(name) if page.contains(name) && !self.is_bound(top, name));
        let functions = self.program.functions_of(module).map(|func| self.program.func(func));
        functions.flat_map(|function| &function.blocks).flat_map(|block| &block.instrs).any(|instr| {
            let mut found = false;
            instr.op.for_each_place(&mut |place| found |= is_page(place));
            found
        })
    }

    /// The call starts something that waits for others for as long as the process runs - a server, a subscription, a timer -, says what
    /// is to be called from outside, or ends the process.
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
                || facts.has_role(Role::Serves)
                || facts.enters.iter().any(|id| self.catalog.entry(*id).by != EnteredBy::Render)
                || self
                    .acquisition(func, facts, args)
                    .and_then(|fact| self.catalog.resource(fact.resource))
                    .is_some_and(|resource| waits(resource.kind))
        })
    }
}
