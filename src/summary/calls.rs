//! Calls of a program by what they reach.

use super::Summaries;
use crate::ir::{ClassId, FuncId, Op, OpRef, Program};
use crate::resolve::{Target, Ty};
use rustc_hash::{FxHashMap, FxHashSet};

/// See the module's documentation; each list is in the order of the program.
#[derive(Default)]
pub struct Calls {
    callers: FxHashMap<FuncId, Vec<OpRef>>,
    makers: FxHashMap<ClassId, Vec<OpRef>>,
    handed: FxHashMap<FuncId, Vec<OpRef>>,
    /// Classes that calls get.
    handed_classes: FxHashSet<ClassId>,
}

impl Calls {
    /// Looks through the program once.
    pub fn new(summaries: &Summaries<'_>) -> Calls {
        let mut calls = Calls::default();
        let resolved = summaries.resolved;
        for (at, info) in resolved.calls() {
            for target in &info.targets {
                match target {
                    Target::Project(called) => calls.callers.entry(*called).or_default().push(at),
                    Target::Construct(class) => calls.makers.entry(*class).or_default().push(at),
                    _ => {}
                }
            }
            let Op::Call { args, .. } = &resolved.program.op(at).op else { continue };
            let given = args.iter().flat_map(|arg| std::iter::once(arg).chain(&arg.fields));
            for ty in given.flat_map(|arg| resolved.type_of(at.func, &arg.place)) {
                match ty {
                    Ty::Func(given) => calls.handed.entry(given).or_default().push(at),
                    Ty::Class(given) => _ = calls.handed_classes.insert(given),
                    _ => {}
                }
            }
        }
        calls
    }

    /// Calls that may reach the function.
    pub fn of(&self, func: FuncId) -> &[OpRef] {
        self.callers.get(&func).map_or(&[], Vec::as_slice)
    }

    /// Calls that make an object of the class itself.
    pub fn making(&self, class: ClassId) -> &[OpRef] {
        self.makers.get(&class).map_or(&[], Vec::as_slice)
    }

    /// Some call gets the class itself.
    pub fn is_handed(&self, class: ClassId) -> bool {
        self.handed_classes.contains(&class)
    }

    /// Calls that get the function, as an argument or in an option.
    pub fn handing(&self, func: FuncId) -> &[OpRef] {
        self.handed.get(&func).map_or(&[], Vec::as_slice)
    }
}

/// The ops of a function, in their order.
pub fn ops(program: &Program, func: FuncId) -> impl Iterator<Item = (OpRef, &Op)> {
    program.ops(func).map(|(at, instr)| (at, &instr.op))
}
