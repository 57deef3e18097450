//! Which modules are loaded together.

use super::Resolved;
use super::links::readings;
use crate::ir::{Const, Function, ModuleId, Name, Op, Place, Root, Term};
use rustc_hash::FxHashSet;

impl Resolved<'_> {
    /// Per module of the program the modules that loading it loads. An import of which no code reads a name may be one of types only, which
    /// loads nothing.
    pub fn loads(&self) -> Vec<Vec<ModuleId>> {
        let mut read: Vec<FxHashSet<Name>> = vec![FxHashSet::default(); self.program.modules.len()];
        for func in self.program.func_ids() {
            note_reads(self.program.func(func), &mut read[self.program.module_of(func).index()]);
        }
        for (index, class) in self.program.classes.iter().enumerate() {
            let home = self.program.module_of_class(crate::ir::ClassId(index as u32));
            let decorators = class.decorators.iter().filter_map(|decorator| decorator.path.first());
            read[home.index()]
                .extend(class.bases.iter().filter_map(|base| base.path.first()).chain(decorators).cloned());
        }
        self.program.module_ids().map(|module| self.loaded_by(module, &read[module.index()])).collect()
    }

    fn loaded_by(&self, module: ModuleId, read: &FxHashSet<Name>) -> Vec<ModuleId> {
        let part = self.program.part(module);
        let (mut bound, mut needed) = (FxHashSet::default(), FxHashSet::default());
        let functions = self.program.functions_of(module).map(|func| self.program.func(func));
        for instr in functions.flat_map(|function| &function.blocks).flat_map(|block| &block.instrs) {
            let Op::Const { dst, value: Const::Symbol(path) } = &instr.op else { continue };
            let Some(target) = readings(path).find_map(|(specifier, _)| self.links.target(module, specifier)) else {
                continue;
            };
            bound.insert(target);
            match &dst.root {
                Root::Global(name) if !read.contains(name) => {}
                _ => {
                    needed.insert(target);
                }
            }
        }
        let passed_on = part.exports.iter().filter_map(|export| export.from.as_ref()).chain(&part.stars);
        needed.extend(passed_on.filter_map(|specifier| self.links.target(module, specifier)));
        let mut loaded: Vec<ModuleId> =
            self.links.of(module).filter(|target| needed.contains(target) || !bound.contains(target)).collect();
        loaded.sort();
        loaded.dedup();
        loaded
    }
}

/// The global names that the function's code mentions, other than to import them.
fn note_reads(function: &Function, read: &mut FxHashSet<Name>) {
    let mut note = |place: &Place| {
        if let Root::Global(name) = &place.root {
            read.insert(*name);
        }
    };
    for block in &function.blocks {
        for instr in block.instrs.iter().filter(|instr| !matches!(instr.op, Op::Const { value: Const::Symbol(_), .. }))
        {
            instr.op.for_each_place(&mut note);
        }
        if let Term::Branch { place, .. } = &block.term {
            note(place);
        }
    }
    function.decorators.iter().for_each(|decorator| note(&decorator.place));
}
