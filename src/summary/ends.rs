//! Whether anybody in the program ends the objects of a class: what calls may reach its closers, and where its objects go.

use crate::ir::{Callee, ClassId, Export, FuncId, ModuleId, Name, Op, OpRef, Place, Proj, Root};
use crate::resolve::{Resolved, Target, Ty};
use crate::summary::Summaries;
use crate::summary::class::receiver_class;
use rustc_hash::{FxHashMap, FxHashSet};

/// What the whole program does with objects of some classes.
#[derive(Default)]
pub struct Ends {
    classes: FxHashMap<ClassId, Fate>,
}

#[derive(Default)]
struct Fate {
    /// Something may call a closer, or the object is given to code that may.
    ended: bool,
    /// Something makes it open what it is to close.
    opened: bool,
    /// Modules in which functions use such an object.
    used_in: FxHashSet<ModuleId>,
    /// What variables and fields that hold one are called.
    names: FxHashSet<Name>,
}

/// The classes asked about, by what may speak of them.
#[derive(Default)]
struct Asked {
    /// A class, its ancestors and descendants.
    families: FxHashMap<ClassId, Vec<ClassId>>,
    closers: FxHashMap<FuncId, Vec<ClassId>>,
    openers: FxHashMap<FuncId, Vec<ClassId>>,
}

impl Asked {
    fn new(summaries: &Summaries<'_>, classes: &[ClassId]) -> Asked {
        let resolved = summaries.resolved;
        let mut asked = Asked::default();
        for class in classes {
            let Some(resource) = summaries.derived_resource(*class) else { continue };
            let family: FxHashSet<ClassId> =
                resolved.ancestry(*class).into_iter().chain(resolved.descendants(*class)).collect();
            for member in family {
                asked.families.entry(member).or_default().push(*class);
            }
            let steps: Vec<&Name> = resource.release.iter().flat_map(|release| &release.steps).collect();
            for (name, method) in resolved.methods(*class) {
                let exits = resolved.language().exit_methods.contains(&name);
                if exits || steps.contains(&&name) {
                    asked.closers.entry(method).or_default().push(*class);
                }
                if resource.opens.contains(&name) {
                    asked.openers.entry(method).or_default().push(*class);
                }
            }
        }
        asked
    }
}

impl Ends {
    /// Looks through the program once; `classes` are those of interest.
    pub fn new(summaries: &Summaries<'_>, classes: &[ClassId]) -> Ends {
        let mut ends = Ends::default();
        if classes.is_empty() {
            return ends;
        }
        let asked = Asked::new(summaries, classes);
        ends.classes = classes.iter().map(|class| (*class, Fate::default())).collect();
        let resolved = summaries.resolved;
        // Names on which something like a release is called, where it is not known what they stand for.
        let mut released: FxHashSet<Name> = FxHashSet::default();
        for func in resolved.program.func_ids() {
            Walk { resolved, asked: &asked, func, ends: &mut ends, released: &mut released }.run();
        }
        for fate in ends.classes.values_mut() {
            fate.ended |= fate.names.iter().any(|name| released.contains(name));
        }
        ends
    }

    /// Nothing in the program can end an object of the class.
    pub fn never(&self, class: ClassId) -> bool {
        self.classes.get(&class).is_some_and(|fate| !fate.ended)
    }

    /// Something calls the methods that make such an object open what it keeps.
    pub fn is_opened(&self, class: ClassId) -> bool {
        self.classes.get(&class).is_some_and(|fate| fate.opened)
    }

    /// Functions of the module use such an object.
    pub fn is_used_in(&self, class: ClassId, module: ModuleId) -> bool {
        self.classes.get(&class).is_some_and(|fate| fate.used_in.contains(&module))
    }
}

/// One function being looked through.
struct Walk<'w, 'a> {
    resolved: &'w Resolved<'a>,
    asked: &'w Asked,
    func: FuncId,
    ends: &'w mut Ends,
    released: &'w mut FxHashSet<Name>,
}

impl Walk<'_, '_> {
    fn run(&mut self) {
        let program = self.resolved.program;
        for (b, block) in program.func(self.func).blocks.iter().enumerate() {
            for (i, instr) in block.instrs.iter().enumerate() {
                let at = OpRef { func: self.func, block: crate::ir::BlockId(b as u32), op: i as u32 };
                if let Some(dst) = instr.op.dst() {
                    self.name(dst);
                }
                match &instr.op {
                    Op::Call { callee, args, .. } => self.call(at, callee, args),
                    Op::Build { parts, .. } => parts.iter().for_each(|(_, part)| self.gone(part)),
                    Op::Copy { dst, src, .. } if !dst.is_root() && !is_export(dst) => self.gone(src),
                    Op::Enter { manager, .. } | Op::Exit { manager, .. } => self.gone(manager),
                    Op::Yield { src: Some(src), .. } => self.gone(src),
                    Op::Escape { place, .. } => self.gone(place),
                    Op::Unknown { reads, .. } => reads.iter().for_each(|place| self.gone(place)),
                    _ => {}
                }
            }
        }
    }

    fn objects(&self, place: &Place) -> Vec<ClassId> {
        let mut out = Vec::new();
        for ty in self.resolved.type_of(self.func, place) {
            if let Ty::Object(class) = ty {
                out.extend(self.asked.families.get(&class).into_iter().flatten());
            }
        }
        out
    }

    fn end(&mut self, classes: &[ClassId]) {
        for class in classes {
            if let Some(fate) = self.ends.classes.get_mut(class) {
                fate.ended = true;
            }
        }
    }

    /// The value goes where it cannot be followed: an object, or one of its closers.
    fn gone(&mut self, place: &Place) {
        let asked = self.asked;
        let objects = self.objects(place);
        self.end(&objects);
        for ty in self.resolved.type_of(self.func, place) {
            if let Ty::Func(func) = ty {
                self.end(asked.closers.get(&func).map_or(&[], Vec::as_slice));
            }
        }
    }

    fn name(&mut self, dst: &Place) {
        let Some(name) = last_name(dst) else { return };
        for class in self.objects(dst) {
            if let Some(fate) = self.ends.classes.get_mut(&class) {
                fate.names.insert(name);
            }
        }
    }

    fn call(&mut self, at: OpRef, callee: &Callee, args: &[crate::ir::Arg]) {
        let (asked, resolved) = (self.asked, self.resolved);
        let Some(info) = resolved.call(at) else { return };
        let own = receiver_class(resolved, self.func).and_then(|class| asked.families.get(&class));
        let own = |class: &ClassId| own.is_some_and(|own| own.contains(class));
        for func in info.functions() {
            let closed: Vec<ClassId> =
                asked.closers.get(&func).into_iter().flatten().copied().filter(|class| !own(class)).collect();
            self.end(&closed);
            for class in asked.openers.get(&func).into_iter().flatten().filter(|class| !own(class)) {
                if let Some(fate) = self.ends.classes.get_mut(class) {
                    fate.opened = true;
                }
            }
        }
        if let Callee::Method { recv, name, .. } = callee {
            let known = info.targets.iter().any(|target| !matches!(target, Target::External(_)));
            if !known && resolved.language().may_release.contains(name) {
                self.released.extend(last_name(recv).or_else(|| variable(resolved, self.func, recv)));
            }
            if !resolved.program.is_top(self.func) {
                let module = resolved.program.module_of(self.func);
                for class in self.objects(recv).into_iter().filter(|class| !own(class)) {
                    if let Some(fate) = self.ends.classes.get_mut(&class) {
                        fate.used_in.insert(module);
                    }
                }
            }
        }
        let harmless = !info.targets.is_empty()
            && info.targets.iter().all(|target| match target {
                Target::External(path) => resolved.is_harmless(path),
                _ => false,
            });
        if !harmless {
            args.iter().for_each(|arg| self.gone(&arg.place));
        }
    }
}

/// What a module exports is no other owner.
fn is_export(place: &Place) -> bool {
    let whole = Export::whole();
    place.starts_with(&whole) || place.root == Export::place("").root && place.proj.len() == 1
}

/// The last part of the place that has a name.
fn last_name(place: &Place) -> Option<Name> {
    let named = place.proj.iter().rev().find_map(|proj| match proj {
        Proj::Field(name) => Some(*name),
        _ => None,
    });
    named.or(match &place.root {
        Root::Global(name) => Some(*name),
        _ => None,
    })
}

/// The variable or parameter that the place is or belongs to.
fn variable(resolved: &Resolved<'_>, func: FuncId, place: &Place) -> Option<Name> {
    let root = Place::root(place.root);
    resolved.program.func(func).place_name(&root).map(Name::from)
}
