//! Which code runs as a script, and which closures outlive the call that makes them.

use super::{Resolved, Ty};
use crate::ir::{Callee, FuncId, Name, Op, Place, Proj, Root};
use rustc_hash::FxHashSet;

/// Facts about where functions run.
pub struct Regions {
    /// Functions that only a script's top level runs: called from the script region or from each other, never handed on.
    pub script_only: FxHashSet<FuncId>,
    /// Functions that some code of the file calls or refers to.
    pub used: FxHashSet<FuncId>,
    /// Names of fields on which code calls something like a release from outside of the object (`context.client.close()`).
    pub released_outside: FxHashSet<Name>,
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
        for id in module.func_ids() {
            let function = module.func(id);
            if !function.decorators.is_empty() && resolved.has_unknown_decorator(id) && !resolved.is_program_entry(id) {
                escaping.insert(id);
            }
            for block in &function.blocks {
                for instr in &block.instrs {
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
                            for arg in args {
                                handed(&arg.place);
                            }
                            // Drivers (`asyncio.run(main())`) get the call's result, not the function.
                            let targets = resolved.resolve_call(id, callee);
                            for func in targets.functions() {
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
        Regions { script_only, used, released_outside, escaping }
    }
}

fn is_plain_call(callee: &Callee) -> bool {
    matches!(callee, Callee::Value(place) if matches!(place.root, Root::Global(_)) && place.is_root())
}
