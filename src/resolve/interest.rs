//! Which names of a module can lead to a resource: a rough answer, found without inference and without other modules' code, that decides
//! which other files are worth a look. It errs on the side of yes.
//!
//! A definition is *hot* when its code names something of the catalogue that acquires or holds, a hot global, or an imported name that is
//! hot where it comes from.

use crate::catalog::EcosystemFacts;
use crate::ir::{Callee, ClassId, Const, Export, FuncId, Module, Name, Op, Place, Proj, Root, TypeRef};
use rustc_hash::{FxHashMap, FxHashSet};

/// A function of the top level with all that is in it, or a class with its methods.
#[derive(Default)]
struct Definition {
    hot: bool,
    /// It names something of the catalogue.
    direct: bool,
    /// Global names that its code mentions, sorted.
    mentions: Vec<Name>,
    /// Global names that its annotations mention.
    types: Vec<Name>,
    /// What its own imports bind.
    symbols: Vec<Name>,
    /// It calls something like a release, of whatever.
    releases: bool,
    /// Its code is needed.
    kept: bool,
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
    hot: FxHashSet<Name>,
    /// Names of something of the catalogue, or of a module that has such a thing.
    libraries: FxHashSet<Name>,
    /// Ops of the top level, by position, that name something of the catalogue.
    direct: FxHashSet<usize>,
    /// The module as a whole (`module.exports = ...`) is hot.
    whole: bool,
    /// Modules all of whose names it passes on.
    passes_on: Vec<Name>,
}

impl Interest {
    /// `leads`: as [`EcosystemFacts::leads`].
    pub fn new(module: &Module, catalog: &EcosystemFacts, leads: &FxHashMap<Name, bool>) -> Self {
        let passed = module.exports.iter().filter(|export| export.name == "*").filter_map(|export| export.from.clone());
        let mut interest = Interest {
            definitions: Vec::new(),
            of_function: FxHashMap::default(),
            of_class: FxHashMap::default(),
            names: FxHashMap::default(),
            imports: FxHashMap::default(),
            hot: FxHashSet::default(),
            libraries: FxHashSet::default(),
            direct: FxHashSet::default(),
            whole: false,
            passes_on: passed.chain(module.stars.iter().cloned()).collect(),
        };
        let leads = |path: &Name| {
            let member = catalog.language().package_member.as_str();
            let package = path.strip_suffix(member).and_then(|rest| rest.strip_suffix('.'));
            let package = package.filter(|_| !member.is_empty());
            leads.get(path).or_else(|| leads.get(package?)).copied()
        };
        let star = module.stars.iter().any(|path| leads(path).is_some());
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
                match (leads(path), &dst.root) {
                    (None, _) => {
                        interest.imports.insert(name, path.clone());
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
        let globals: FxHashSet<&Name> = catalog.globals().collect();
        // The place, or its method, is something of the catalogue. Of a module that is mentioned as a whole, anything may be used.
        let leads_on = |place: &Place, method: Option<&Name>| {
            let Root::Global(name) = &place.root else { return false };
            let Some(module) = modules.get(name) else { return libraries.contains(name) };
            let fields =
                place.proj.iter().map_while(|proj| if let Proj::Field(field) = proj { Some(field) } else { None });
            let mut path = (*module).clone();
            let mut steps = 0;
            for part in fields.chain(method) {
                path = smol_str::format_smolstr!("{path}.{part}");
                steps += 1;
                match leads(&path) {
                    Some(true) => return true,
                    Some(false) => {}
                    None => return false,
                }
            }
            steps == 0 || leads(&path).is_some()
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
            annotated.chain(locals).for_each(|ty| type_names(ty, &mut definition.types));
            for instr in function.blocks.iter().flat_map(|block| &block.instrs) {
                definition.direct |= direct(&instr.op);
                if let Op::Call { callee: Callee::Method { name, .. }, .. } = &instr.op {
                    definition.releases |= catalog.language().may_release.contains(name);
                }
                if let Op::Const { value: Const::Symbol(path), .. } = &instr.op {
                    definition.direct |= leads(path).is_some();
                    definition.symbols.push(path.clone());
                }
                instr.op.for_each_place(&mut |place| {
                    if let Root::Global(name) = &place.root {
                        definition.mentions.push(name.clone());
                    }
                });
            }
        }
        for (i, class) in module.classes.iter().enumerate() {
            let definition = interest.class(ClassId(i as u32));
            let definition = &mut interest.definitions[definition];
            for base in &class.bases {
                type_names(base, &mut definition.mentions);
                let mut names = base.path.iter();
                let first = names.next().map(|name| Place::global(name.clone()));
                let place = first.map(|first| names.fold(first, |place, name| place.field(name.clone())));
                definition.direct |= place.is_some_and(|place| leads_on(&place, None));
            }
            class
                .fields
                .iter()
                .filter_map(|field| field.ty.as_ref())
                .for_each(|ty| type_names(ty, &mut definition.types));
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
                        names.extend(known);
                        names.sort_unstable();
                        names.dedup();
                    }
                }
                _ => {}
            }
        }
    }

    /// Says that the code of `member` is needed - all of the module, when it is empty - or, without one, that of what is hot and of what
    /// releases something. Gives the paths of the imports that the code mentions which is needed now and was not before.
    pub fn keep(&mut self, member: Option<&str>) -> Vec<Name> {
        let mut pending: Vec<usize> = match member {
            Some(member) if !member.is_empty() => self.names.get(member).cloned().unwrap_or_default(),
            Some(_) => (0..self.definitions.len()).collect(),
            None => {
                let needed = |at: &usize| self.definitions[*at].hot || self.definitions[*at].releases;
                (0..self.definitions.len()).filter(needed).collect()
            }
        };
        let mut paths = Vec::new();
        while let Some(at) = pending.pop() {
            let definition = &mut self.definitions[at];
            if std::mem::replace(&mut definition.kept, true) {
                continue;
            }
            for name in definition.mentions.iter().chain(&definition.types) {
                pending.extend(self.names.get(name).into_iter().flatten());
                paths.extend(self.imports.get(name).cloned());
            }
            paths.extend(definition.symbols.iter().cloned());
        }
        paths
    }

    /// Empties the functions whose code is not needed: they have no part in what happens to a resource.
    pub fn prune(&self, module: &mut Module) {
        for (i, function) in module.functions.iter_mut().enumerate().skip(1) {
            let kept = self.of_function.get(&FuncId(i as u32)).is_none_or(|at| self.definitions[*at].kept);
            if !kept {
                function.empty();
            }
        }
    }

    /// Finds out what is hot, given what is known of other modules: `is_hot` tells for the path that an import binds. Returns whether
    /// that changed anything.
    pub fn settle(&mut self, module: &Module, is_hot: &dyn Fn(&Name) -> bool) -> bool {
        let before = (self.hot.len(), self.whole, self.hot_count());
        let imported: Vec<Name> =
            self.imports.iter().filter(|(_, path)| is_hot(path)).map(|(name, _)| name.clone()).collect();
        self.hot.extend(imported);
        for definition in self.definitions.iter_mut().filter(|definition| !definition.hot) {
            definition.hot = definition.direct || definition.symbols.iter().any(is_hot);
        }
        loop {
            let known = (self.hot.len(), self.hot_count());
            for definition in self.definitions.iter_mut().filter(|definition| !definition.hot) {
                definition.hot = definition.mentions.iter().any(|name| self.hot.contains(name));
            }
            self.top_level(module);
            if (self.hot.len(), self.hot_count()) == known {
                break;
            }
        }
        before != (self.hot.len(), self.whole, self.hot_count())
    }

    fn hot_count(&self) -> usize {
        self.definitions.iter().filter(|definition| definition.hot).count()
    }

    /// What the top level makes of what is hot is hot.
    fn top_level(&mut self, module: &Module) {
        let mut locals: FxHashSet<u32> = FxHashSet::default();
        for (at, instr) in module.func(FuncId(0)).blocks.iter().flat_map(|block| &block.instrs).enumerate() {
            let Some(dst) = instr.op.dst() else { continue };
            let is_hot = |at: Option<&usize>| at.is_some_and(|at| self.definitions[*at].hot);
            let hot = match &instr.op {
                Op::Closure { func, .. } => is_hot(self.of_function.get(func)),
                Op::Const { value: Const::Class(class), .. } => is_hot(self.of_class.get(class)),
                _ => {
                    let mut hot = self.direct.contains(&at);
                    instr.op.for_each_place(&mut |place| {
                        hot |= match &place.root {
                            Root::Local(id) => locals.contains(&id.0),
                            Root::Global(name) => self.hot.contains(name),
                            _ => false,
                        };
                    });
                    hot
                }
            };
            if !hot {
                continue;
            }
            match &dst.root {
                Root::Local(id) => {
                    locals.insert(id.0);
                }
                Root::Global(_) if dst.starts_with(&Export::whole()) => self.whole = true,
                Root::Global(_) => self.hot.extend(global_name(dst)),
                _ => {}
            }
        }
    }

    /// Names that are hot for those who import them.
    pub fn hot(&self) -> impl Iterator<Item = &Name> {
        self.hot.iter()
    }

    /// Something of it is hot.
    pub fn is_hot(&self) -> bool {
        self.whole || !self.hot.is_empty()
    }

    /// The module as a whole is hot, whatever it is called where it is imported.
    pub fn is_hot_unnamed(&self) -> bool {
        self.whole || self.hot.contains("default")
    }

    /// Whether the member, the first of a path behind the module's name, is hot.
    pub fn is_hot_member(&self, member: &str) -> bool {
        self.whole
            || if member.is_empty() {
                self.is_hot()
            } else {
                self.hot.contains(member) || self.libraries.contains(member)
            }
    }

    pub fn passes_on(&self) -> &[Name] {
        &self.passes_on
    }

    /// The path that an import binds to the name.
    pub fn import(&self, name: &str) -> Option<&Name> {
        self.imports.get(name)
    }
}

/// The name under which others can import what the place holds.
fn global_name(place: &Place) -> Option<Name> {
    let Root::Global(name) = &place.root else { return None };
    match place.proj.first() {
        Some(crate::ir::Proj::Field(field)) if *place == Export::place(field) => Some(field.clone()),
        _ => Some(name.clone()),
    }
}

fn type_names(ty: &TypeRef, out: &mut Vec<Name>) {
    out.extend(ty.path.first().cloned());
    ty.args.iter().chain(&ty.alternatives).for_each(|ty| type_names(ty, out));
    ty.fields.iter().for_each(|(_, ty)| type_names(ty, out));
}
