//! Which names of a module can lead to a resource: a rough answer, found without inference and without other modules' code, that decides
//! which other files are worth a look. It errs on the side of yes.
//!
//! A definition is *hot* when its code names something of the catalogue that acquires or holds, or something hot, here or where it is
//! imported from, over at most [`MAX_LEVEL`] definitions: further away no resource arrives.

use crate::catalog::Leads;
use crate::ir::{Callee, ClassId, Const, Export, FuncId, Module, Name, Op, Place, Proj, Root, TypeRef};
use rustc_hash::{FxHashMap, FxHashSet};
use std::collections::VecDeque;

/// Definitions that name each other between what acquires and what may still get it: a resource is followed through as many functions
/// ([`crate::summary`] knows the same bound), and the last one only uses it.
const MAX_LEVEL: u8 = 3;

/// Definitions between code that may hold a resource and code that may still be given it.
const MAX_DEPTH: u8 = 3;

/// Definitions that one name may stand for.
const MAX_MEANINGS: usize = 16;

/// A function of the top level with all that is in it, or a class with its methods.
#[derive(Default)]
struct Definition {
    /// `None`: it is not hot.
    level: Option<u8>,
    /// It names something of the catalogue.
    direct: bool,
    /// Global names that its code mentions, sorted.
    mentions: Vec<Name>,
    /// Global names that its annotations mention.
    types: Vec<Name>,
    /// What its own imports bind.
    symbols: Vec<Name>,
    /// Its code is needed: how many definitions it is away from what is hot.
    kept: Option<u8>,
}

impl Definition {
    /// It is so far from what acquires, or nearer. Returns whether that is new.
    fn heat(&mut self, level: Option<u8>) -> bool {
        let Some(level) = level.filter(|level| *level <= MAX_LEVEL) else { return false };
        let closer = self.level.is_none_or(|known| level < known);
        if closer {
            self.level = Some(level);
        }
        closer
    }
}

/// See the module's documentation.
pub struct Interest {
    definitions: Vec<Definition>,
    of_function: FxHashMap<FuncId, usize>,
    of_class: FxHashMap<ClassId, usize>,
    /// What global and exported names may stand for.
    names: FxHashMap<Name, Vec<usize>>,
    /// Global names and the paths that imports bind to them; exported names are under [`Export::place`]'s field as well.
    imports: FxHashMap<Name, Name>,
    /// Global names that are hot, and how far they are from what acquires.
    hot: FxHashMap<Name, u8>,
    /// Names of something of the catalogue, or of a module that has such a thing.
    libraries: FxHashSet<Name>,
    /// Ops of the top level, by position, that name something of the catalogue.
    direct: FxHashSet<usize>,
    /// The module as a whole (`module.exports = ...`) is hot.
    whole: Option<u8>,
    /// Modules all of whose names it passes on.
    passes_on: Vec<Name>,
}

impl Interest {
    pub fn new(module: &Module, leads: &Leads<'_>) -> Self {
        let passed = module.exports.iter().filter(|export| export.name == "*").filter_map(|export| export.from);
        let mut interest = Interest {
            definitions: Vec::new(),
            of_function: FxHashMap::default(),
            of_class: FxHashMap::default(),
            names: FxHashMap::default(),
            imports: FxHashMap::default(),
            hot: FxHashMap::default(),
            libraries: FxHashSet::default(),
            direct: FxHashSet::default(),
            whole: None,
            passes_on: passed.chain(module.stars.iter().cloned()).collect(),
        };
        let star = module.stars.iter().any(|path| leads.path(path).is_some());
        // Modules by the names that they are bound to, with their paths.
        let mut modules: FxHashMap<&Name, &Name> = FxHashMap::default();
        let mut libraries: FxHashSet<Name> = FxHashSet::default();
        let mut bound: FxHashSet<&Name> = FxHashSet::default();
        for instr in module.func(FuncId(0)).blocks.iter().flat_map(|block| &block.instrs) {
            if let Some(Place { root: Root::Global(name), proj, .. }) = instr.op.dst()
                && proj.is_empty()
            {
                bound.insert(name);
            }
            if let Op::Const { dst, value: Const::Symbol(path) } = &instr.op
                && let Some(name) = global_name(dst)
            {
                match (leads.path(path), &dst.root) {
                    (None, _) => {
                        interest.imports.insert(name, *path);
                    }
                    (Some(found), Root::Global(global)) => {
                        if !found {
                            modules.insert(global, path);
                        }
                        libraries.insert(name);
                    }
                    (Some(_), _) => {}
                }
            }
        }
        let globals: FxHashSet<&Name> = leads.facts.globals().collect();
        let injected = &leads.facts.language().injected;
        // The place, or its method, is something of the catalogue. Of a module that is mentioned as a whole, anything may be used.
        let leads_on = |place: &Place, method: Option<&Name>| {
            let Root::Global(name) = &place.root else { return false };
            let Some(module) = modules.get(name) else { return libraries.contains(name) };
            let fields =
                place.proj.iter().map_while(|proj| if let Proj::Field(field) = proj { Some(field) } else { None });
            let mut path = *(*module);
            let mut steps = 0;
            for part in fields.chain(method) {
                path = Name::from(format!("{path}.{part}"));
                steps += 1;
                match leads.path(&path) {
                    Some(true) => return true,
                    Some(false) => {}
                    None => return false,
                }
            }
            steps == 0 || leads.path(&path).is_some()
        };
        let direct = |op: &Op| {
            let called = match op {
                Op::Call { callee: Callee::Method { recv, name, .. }, .. } => Some((recv, name)),
                _ => None,
            };
            let mut direct = called.is_some_and(|(recv, name)| leads_on(recv, Some(name)));
            op.for_each_place(&mut |place| {
                direct |= matches!(&place.root, Root::Global(name) if !bound.contains(name) && (star || globals.contains(name)));
                direct |= !called.is_some_and(|(recv, _)| std::ptr::eq(recv, place)) && leads_on(place, None);
            });
            direct
        };
        for (at, instr) in module.func(FuncId(0)).blocks.iter().flat_map(|block| &block.instrs).enumerate() {
            if direct(&instr.op) {
                interest.direct.insert(at);
            }
        }
        for id in module.func_ids().skip(1) {
            let definition = interest.definition_of(module, id);
            let function = module.func(id);
            let annotated = function.params.iter().filter_map(|param| param.ty.as_ref()).chain(&function.ret);
            let locals = function.locals.iter().filter_map(|local| local.ty.as_deref());
            let definition = &mut interest.definitions[definition];
            definition.direct |= function.params.iter().any(|param| injected.contains(&param.name));
            for ty in annotated.chain(locals) {
                definition.direct |= names_library(ty, &leads_on);
                type_names(ty, &mut definition.types);
            }
            for instr in function.blocks.iter().flat_map(|block| &block.instrs) {
                definition.direct |= direct(&instr.op);
                if let Op::Const { value: Const::Symbol(path), .. } = &instr.op {
                    definition.direct |= leads.path(path).is_some();
                    definition.symbols.push(*path);
                }
                instr.op.for_each_place(&mut |place| {
                    if let Root::Global(name) = &place.root {
                        definition.mentions.push(*name);
                    }
                });
            }
        }
        for (i, class) in module.classes.iter().enumerate() {
            let definition = interest.class(ClassId(i as u32));
            let definition = &mut interest.definitions[definition];
            for ty in class.bases.iter().chain(class.fields.iter().filter_map(|field| field.ty.as_ref())) {
                definition.direct |= names_library(ty, &leads_on);
                type_names(ty, &mut definition.types);
            }
        }
        interest.libraries = libraries;
        interest.name_definitions(module);
        for definition in &mut interest.definitions {
            for names in [&mut definition.mentions, &mut definition.types, &mut definition.symbols] {
                names.sort();
                names.dedup();
            }
        }
        interest
    }

    fn class(&mut self, class: ClassId) -> usize {
        let next = self.definitions.len();
        let at = *self.of_class.entry(class).or_insert(next);
        if at == next {
            self.definitions.push(Definition::default());
        }
        at
    }

    /// The definition of the top level that the function is part of.
    fn definition_of(&mut self, module: &Module, func: FuncId) -> usize {
        let mut outermost = func;
        while let Some(parent) = module.func(outermost).parent.filter(|parent| *parent != FuncId(0)) {
            outermost = parent;
        }
        if let Some(class) = module.func(outermost).class {
            let at = self.class(class);
            self.of_function.insert(func, at);
            return at;
        }
        let next = self.definitions.len();
        let at = *self.of_function.entry(outermost).or_insert(next);
        if at == next {
            self.definitions.push(Definition::default());
        }
        self.of_function.insert(func, at);
        at
    }

    /// Finds the names that the top level gives to definitions, also when it passes them through something first.
    fn name_definitions(&mut self, module: &Module) {
        let mut held: FxHashMap<u32, Vec<usize>> = FxHashMap::default();
        for instr in module.func(FuncId(0)).blocks.iter().flat_map(|block| &block.instrs) {
            let Some(dst) = instr.op.dst() else { continue };
            let mut known: Vec<usize> = match &instr.op {
                Op::Closure { func, .. } => self.of_function.get(func).copied().into_iter().collect(),
                Op::Const { value: Const::Class(class), .. } => self.of_class.get(class).copied().into_iter().collect(),
                _ => Vec::new(),
            };
            instr.op.for_each_place(&mut |place| match &place.root {
                Root::Local(id) => known.extend(held.get(&id.0).into_iter().flatten()),
                Root::Global(name) if place != dst => known.extend(self.names.get(name).into_iter().flatten()),
                _ => {}
            });
            if known.is_empty() {
                continue;
            }
            known.sort_unstable();
            known.dedup();
            match &dst.root {
                Root::Local(id) => held.entry(id.0).or_default().extend(known),
                Root::Global(_) => {
                    if let Some(name) = global_name(dst) {
                        let names = self.names.entry(name).or_default();
                        for at in known {
                            if names.len() < MAX_MEANINGS && !names.contains(&at) {
                                names.push(at);
                            }
                        }
                    }
                }
                _ => {}
            }
        }
    }

    /// Says that the code of `member` is needed - all of the module, when it is empty - or, without one, that of what is hot, at this
    /// distance from what is hot. Gives the paths of the imports that the code mentions and their distance, as far as they are nearer now
    /// than before.
    pub fn keep(&mut self, member: Option<&str>, depth: u8) -> Vec<(Name, u8)> {
        let first: Vec<usize> = match member {
            Some(member) if !member.is_empty() => self.names.get(&Name::new(member)).cloned().unwrap_or_default(),
            Some(_) => (0..self.definitions.len()).collect(),
            None => (0..self.definitions.len()).filter(|at| self.definitions[*at].level.is_some()).collect(),
        };
        let mut pending: VecDeque<(usize, u8)> = first.into_iter().map(|at| (at, depth)).collect();
        let mut paths = Vec::new();
        while let Some((at, depth)) = pending.pop_front() {
            let definition = &mut self.definitions[at];
            if depth > MAX_DEPTH || definition.kept.is_some_and(|known| known <= depth) {
                continue;
            }
            definition.kept = Some(depth);
            for name in definition.mentions.iter().chain(&definition.types) {
                pending.extend(self.names.get(name).into_iter().flatten().map(|at| (*at, depth + 1)));
                paths.extend(self.imports.get(&Name::new(name)).map(|path| (*path, depth + 1)));
            }
            paths.extend(definition.symbols.iter().map(|path| (*path, depth + 1)));
        }
        paths.retain(|(_, depth)| *depth <= MAX_DEPTH);
        paths
    }

    /// Finds out what is hot, given what is known of other modules: `level` tells for the path that an import binds how far it is from
    /// what acquires. Returns whether that changed anything.
    pub fn settle(&mut self, module: &Module, level: &dyn Fn(&Name) -> Option<u8>) -> bool {
        let mut changed = false;
        let imported: Vec<(Name, u8)> =
            self.imports.iter().filter_map(|(name, path)| Some((*name, level(path)?))).collect();
        for (name, level) in imported {
            changed |= self.heat(name, level);
        }
        for definition in &mut self.definitions {
            let own = definition.direct.then_some(0);
            let imported = definition.symbols.iter().filter_map(level).map(|level| level + 1).min();
            changed |= definition.heat([own, imported].into_iter().flatten().min());
        }
        loop {
            let mut again = false;
            for definition in &mut self.definitions {
                let names = definition.mentions.iter().chain(&definition.types);
                let levels = names.filter_map(|name| self.hot.get(name));
                let least = levels.map(|level| level + 1).min();
                again |= definition.heat(least);
            }
            again |= self.top_level(module);
            changed |= again;
            if !again {
                return changed;
            }
        }
    }

    fn heat(&mut self, name: Name, level: u8) -> bool {
        let known = self.hot.entry(name).or_insert(u8::MAX);
        let closer = level < *known;
        *known = level.min(*known);
        closer
    }

    /// What the top level makes of what is hot is hot.
    fn top_level(&mut self, module: &Module) -> bool {
        let mut changed = false;
        let mut locals: FxHashMap<u32, u8> = FxHashMap::default();
        for (at, instr) in module.func(FuncId(0)).blocks.iter().flat_map(|block| &block.instrs).enumerate() {
            let Some(dst) = instr.op.dst() else { continue };
            let level_of = |at: Option<&usize>| at.and_then(|at| self.definitions[*at].level);
            let level = match &instr.op {
                Op::Closure { func, .. } => level_of(self.of_function.get(func)),
                Op::Const { value: Const::Class(class), .. } => level_of(self.of_class.get(class)),
                _ => {
                    let mut level = self.direct.contains(&at).then_some(0);
                    instr.op.for_each_place(&mut |place| {
                        let known = match &place.root {
                            Root::Local(id) => locals.get(&id.0),
                            Root::Global(name) => self.hot.get(name),
                            _ => None,
                        };
                        level = [level, known.copied()].into_iter().flatten().min();
                    });
                    level
                }
            };
            let Some(level) = level else { continue };
            match &dst.root {
                Root::Local(id) => {
                    locals.insert(id.0, level);
                }
                Root::Global(_) if dst.starts_with(&Export::whole()) => {
                    changed |= self.whole.is_none_or(|known| level < known);
                    self.whole = Some(self.whole.map_or(level, |known| known.min(level)));
                }
                Root::Global(_) => {
                    if let Some(name) = global_name(dst) {
                        changed |= self.heat(name, level);
                    }
                }
                _ => {}
            }
        }
        changed
    }

    /// Names that are hot for those who import them.
    pub fn hot(&self) -> impl Iterator<Item = &Name> {
        self.hot.keys()
    }

    /// Something of it is hot.
    pub fn is_hot(&self) -> bool {
        self.whole.is_some() || !self.hot.is_empty()
    }

    /// Some of its code is hot.
    pub fn is_warm(&self) -> bool {
        self.is_hot() || self.definitions.iter().any(|definition| definition.level.is_some())
    }

    /// The module as a whole is hot, whatever it is called where it is imported.
    pub fn is_hot_unnamed(&self) -> bool {
        self.whole.is_some() || self.hot.contains_key(&Name::new("default"))
    }

    /// How far the member, the first of a path behind the module's name, is from what acquires; without one, the closest member.
    pub fn level_of(&self, member: &str) -> Option<u8> {
        let member = &Name::new(member);
        let library = self.libraries.contains(member).then_some(0);
        let named = if member.is_empty() { self.hot.values().min() } else { self.hot.get(member) };
        [library, named.copied(), self.whole].into_iter().flatten().min()
    }

    pub fn passes_on(&self) -> &[Name] {
        &self.passes_on
    }

    /// The path that an import binds to the name.
    pub fn import(&self, name: &str) -> Option<&Name> {
        self.imports.get(&Name::new(name))
    }
}

/// The name under which others can import what the place holds.
fn global_name(place: &Place) -> Option<Name> {
    let Root::Global(name) = &place.root else { return None };
    match place.proj.first() {
        Some(crate::ir::Proj::Field(field)) if *place == Export::place(field) => Some(*field),
        _ => Some(*name),
    }
}

/// The type, or a part of it, is something for which `leads_on` holds.
fn names_library(ty: &TypeRef, leads_on: &dyn Fn(&Place, Option<&Name>) -> bool) -> bool {
    let mut names = ty.path.iter();
    let first = names.next().map(|name| Place::global(*name));
    let place = first.map(|first| names.fold(first, |place, name| place.field(*name)));
    place.is_some_and(|place| leads_on(&place, None))
        || ty.args.iter().chain(&ty.alternatives).any(|ty| names_library(ty, leads_on))
        || ty.fields.iter().any(|(_, ty)| names_library(ty, leads_on))
}

fn type_names(ty: &TypeRef, out: &mut Vec<Name>) {
    out.extend(ty.path.first().cloned());
    ty.args.iter().chain(&ty.alternatives).for_each(|ty| type_names(ty, out));
    ty.fields.iter().for_each(|(_, ty)| type_names(ty, out));
}
