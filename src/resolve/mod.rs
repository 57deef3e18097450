//! What names and places stand for: symbols, types of places, class hierarchy, call targets, over the modules of one program. An import that
//! leads out of it stays a path ([`Ty::Path`]).
//!
//! | file | holds |
//! |---|---|
//! | `graph` | which file an import means; before anything is parsed |
//! | `interest` | which names of a module can lead to a resource; before anything is inferred |
//! | `links`, `loads` | what names mean that come from other modules; which modules are loaded together |
//! | `env` | what is known about the places of one function |
//! | `due` | which functions inference has to look at again |
//! | `infer`, `classes`, `call`, `conditions` | types of places, hierarchy, call targets, conditions of the catalogue |
//! | `regions` | where functions run, and what happens to fields from outside |
//! | `values` | where the value of an argument comes from |

mod call;
mod classes;
mod conditions;
mod due;
mod env;
pub mod graph;
mod infer;
pub mod interest;
mod links;
mod loads;
mod print;
mod regions;
mod values;

pub use call::{CallInfo, Target};
pub use infer::symbol_args;
pub use links::{Links, readings};
pub use regions::Regions;
pub use values::{Value, Values};

use crate::catalog::schema::{LanguageFacts, Role};
use crate::catalog::{AcquireFact, EcosystemFacts, Resource, SymbolFacts, TypeId};
use crate::ir::{BlockId, ClassId, FuncId, LocalId, ModuleId, Name, OpRef, Part, Place, Program, Proj, Root, TypeRef};
use due::Due;
use env::Env;
use rustc_hash::{FxHashMap, FxHashSet};
use semver::Version;
use smallvec::SmallVec;

/// What a place may hold.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum Ty {
    /// Something reached by this canonical dotted path: a module, a class, a function. Unbound globals are `builtins.<name>`.
    Path(Name),
    /// An instance of a catalogued type.
    Inst(TypeId),
    /// A module of the program.
    Module(ModuleId),
    /// A class of the program.
    Class(ClassId),
    /// An instance of it.
    Object(ClassId),
    /// A function or method of the program, as a value.
    Func(FuncId),
}

/// The alternatives for one place; at most [`MAX_ALTERNATIVES`], sorted. Empty: nothing is known.
pub type TySet = SmallVec<[Ty; 2]>;

const MAX_ALTERNATIVES: usize = 4;

/// Variables that a closure is known to hold.
const MAX_CAPTURES: usize = 64;

/// Types, classes and call targets of one program.
pub struct Resolved<'a> {
    pub program: &'a Program,
    links: &'a Links,
    pub catalog: &'a EcosystemFacts,
    /// What is known of the versions of packages that each module uses.
    versions: Vec<Option<&'a FxHashMap<Name, Version>>>,
    /// Per function: what is known about its places. Globals are under the top level of their module.
    env: Vec<Env>,
    due: Due,
    fields: FxHashMap<(ClassId, Name), TySet>,
    /// Fields that the class body fills with a container and no method replaces: one for all objects.
    shared_fields: FxHashSet<(ClassId, Name)>,
    replaced_fields: FxHashSet<(ClassId, Name)>,
    /// Methods that are read as attributes.
    properties: FxHashSet<FuncId>,
    /// They by their classes, sorted.
    accessors: FxHashMap<ClassId, Vec<FuncId>>,
    /// What a generator function yields.
    yields: Vec<TySet>,
    /// By module.
    bound_globals: Vec<FxHashSet<Name>>,
    /// What each module exports of its own.
    exported: Vec<FxHashSet<Name>>,
    /// The places a closure captures, in the function that defines it.
    captures: FxHashMap<FuncId, Vec<Place>>,
    bases: Vec<SmallVec<[ClassId; 2]>>,
    /// Classes with a base class that is not in the program and not known to be harmless.
    open_classes: FxHashSet<ClassId>,
    subclasses: Vec<Vec<ClassId>>,
    /// By function, in the order of its ops.
    calls: Vec<Vec<((BlockId, u32), CallInfo<'a>)>>,
    /// Callbacks that get what a call acquires.
    given: FxHashMap<FuncId, (OpRef, &'a SymbolFacts, &'a AcquireFact)>,
    /// Generator functions that are given to a call which drives them, and how.
    driven: FxHashMap<FuncId, Role>,
    /// Functions of the program that a function of the program decorates, by that function.
    decorated: FxHashMap<FuncId, Vec<FuncId>>,
    /// Functions whose results a decorator of the program keeps.
    memoised: FxHashSet<FuncId>,
    own_containers: Vec<FxHashSet<LocalId>>,
    /// For each place in the program that makes an object of the class: whether a module global keeps it.
    made_in: Vec<Vec<bool>>,
    /// Parameters with a name of `injected` that a call of the program gives a value.
    given_params: FxHashSet<(FuncId, u16)>,
    /// Places that hold a manager which swallows exceptions, per function.
    swallowing: Vec<FxHashSet<Place>>,
}

impl<'a> Resolved<'a> {
    /// `versions`: per module those of packages that it uses, as far as they are known; the others are taken to be the newest.
    pub fn new(
        program: &'a Program,
        links: &'a Links,
        catalog: &'a EcosystemFacts,
        versions: Vec<Option<&'a FxHashMap<Name, Version>>>,
    ) -> Self {
        let mut resolved = Resolved {
            program,
            links,
            catalog,
            versions,
            due: Due::new(program),
            env: vec![Env::default(); program.functions.len()],
            fields: FxHashMap::default(),
            shared_fields: FxHashSet::default(),
            replaced_fields: FxHashSet::default(),
            properties: FxHashSet::default(),
            accessors: FxHashMap::default(),
            yields: vec![TySet::new(); program.functions.len()],
            bound_globals: vec![FxHashSet::default(); program.modules.len()],
            exported: program.modules.iter().map(own_exports).collect(),
            captures: FxHashMap::default(),
            bases: Vec::new(),
            open_classes: FxHashSet::default(),
            subclasses: Vec::new(),
            calls: Vec::new(),
            given: FxHashMap::default(),
            driven: FxHashMap::default(),
            decorated: FxHashMap::default(),
            memoised: FxHashSet::default(),
            made_in: vec![Vec::new(); program.classes.len()],
            own_containers: vec![FxHashSet::default(); program.functions.len()],
            given_params: FxHashSet::default(),
            swallowing: vec![FxHashSet::default(); program.functions.len()],
        };
        resolved.infer();
        resolved.due = Due::default();
        resolved.extend_captures();
        resolved.find_accessors();
        resolved.find_decorated();
        resolved.find_memoised();
        resolved.resolve_calls();
        resolved.classify_locals();
        resolved
    }

    /// What `place` of `func` may hold.
    pub fn type_of(&self, func: FuncId, place: &Place) -> TySet {
        if place.cut {
            return TySet::new();
        }
        let mut types = self.root_type(func, &place.root);
        if place.proj.is_empty() {
            return types;
        }
        let env = &self.env[self.home(func, &place.root).index()];
        let mut prefix = Place::root(place.root);
        for proj in &place.proj {
            let mut next = TySet::new();
            for ty in &types {
                self.project(ty, proj, &mut next);
            }
            prefix.proj.push(*proj);
            if let Some(known) = env.get(&prefix) {
                extend(&mut next, known);
            }
            types = next;
        }
        types
    }

    /// The function whose environment holds places with this root.
    fn home(&self, func: FuncId, root: &Root) -> FuncId {
        match root {
            Root::Global(_) => self.program.top_of(func),
            _ => func,
        }
    }

    fn root_type(&self, func: FuncId, root: &Root) -> TySet {
        let mut out = TySet::new();
        match root {
            Root::This => {
                let function = self.program.func(func);
                if let Some(class) = function.class {
                    out.push(match function.binding {
                        crate::ir::Binding::Class => Ty::Class(class),
                        _ => Ty::Object(class),
                    });
                }
            }
            Root::Capture(i) => {
                if let (Some(parent), Some(places)) = (self.program.func(func).parent, self.captures.get(&func))
                    && let Some(place) = places.get(*i as usize)
                {
                    return self.type_of(parent, place);
                }
            }
            Root::Global(name) if !self.is_bound(func, name) => {
                self.star_member(self.program.module_of(func), name, &mut out);
                if out.is_empty() {
                    out.push(Ty::Path(Name::from(format!("builtins.{name}"))));
                }
            }
            _ => {
                if let Some(known) = self.env[self.home(func, root).index()].get(&Place::root(*root)) {
                    extend(&mut out, known);
                } else if let Some(global) = self.injected(func, root) {
                    out.push(Ty::Path(global));
                }
            }
        }
        out
    }

    /// What a parameter stands for that a framework gives its value, as far as no code of the program does.
    fn injected(&self, func: FuncId, root: &Root) -> Option<Name> {
        let (Root::Param(i), names) = (root, &self.language().injected) else { return None };
        let param = self.program.func(func).params.get(usize::from(*i)).filter(|param| names.contains(&param.name))?;
        let given = param.ty.is_some() || param.default.is_some() || self.given_params.contains(&(func, *i));
        (!given).then(|| Name::from(format!("builtins.{}", param.name)))
    }

    fn project(&self, ty: &Ty, proj: &Proj, out: &mut TySet) {
        let Proj::Field(name) = proj else { return };
        match ty {
            Ty::Path(path) => {
                let member = self.member_path(path, name);
                add(out, self.absolute_type(&member).unwrap_or(Ty::Path(member)));
            }
            Ty::Module(module) => self.member_type(*module, name, out),
            Ty::Inst(id) => {
                if let Some(attribute) = self.catalog.ty(*id).attributes.get(name) {
                    add(out, Ty::Inst(*attribute));
                }
            }
            Ty::Class(class) | Ty::Object(class) => {
                for class in self.ancestry(*class) {
                    if let Some(known) = self.fields.get(&(class, *name)) {
                        extend(out, known);
                    }
                }
                if let Some(method) = self.find_method(*class, name) {
                    if self.is_property(method) {
                        extend(out, &self.result_type(method));
                    } else {
                        add(out, Ty::Func(method));
                    }
                }
            }
            Ty::Func(_) => {}
        }
    }

    /// The canonical path of a member. Members of the global object are the globals, and a package and its default export are one.
    fn member_path(&self, path: &Name, name: &Name) -> Name {
        let language = self.language();
        if !language.package_member.is_empty() && language.package_member == *name && is_package(path) {
            return *path;
        }
        match path.strip_prefix("builtins.") {
            Some(object) if language.global_objects.iter().any(|known| known == object) => {
                Name::from(format!("builtins.{name}"))
            }
            _ => Name::from(format!("{path}.{name}")),
        }
    }

    /// The canonical path of `rest`, written after something that is reached by `path`.
    fn path_of(&self, path: Name, rest: &[Name]) -> Name {
        rest.iter().fold(path, |path, part| self.member_path(&path, part))
    }

    /// The canonical path of what an import binds.
    fn symbol_path(&self, path: &Name) -> Name {
        let package =
            path.strip_suffix(self.language().package_member.as_str()).and_then(|rest| rest.strip_suffix('.'));
        match package {
            Some(package) if is_package(package) => package.into(),
            _ => *path,
        }
    }

    /// What calling `func` gives, once awaited or entered where that is how it is used.
    pub fn result_type(&self, func: FuncId) -> TySet {
        let mut out = TySet::new();
        if self.program.func(func).generator {
            extend(&mut out, &self.yields[func.index()]);
        } else if let Some(known) = self.env[func.index()].get(&Place::root(Root::Result)) {
            extend(&mut out, known);
        }
        out
    }

    /// Parts of the result that are functions of the program, sorted by part.
    pub fn result_functions(&self, func: FuncId) -> Vec<(Vec<Proj>, FuncId)> {
        let parts = self.env[func.index()].iter().filter(|(place, _)| place.root == Root::Result);
        let functions = parts.flat_map(|(place, types)| {
            types.iter().filter_map(move |ty| match ty {
                Ty::Func(func) => Some((place.proj.to_vec(), *func)),
                _ => None,
            })
        });
        let mut out: Vec<(Vec<Proj>, FuncId)> = functions.collect();
        out.sort();
        out
    }

    /// The place that capture `i` of `func` is in the function that defines it.
    pub fn captured_place(&self, func: FuncId, i: u16) -> Option<&Place> {
        self.captures.get(&func)?.get(i as usize)
    }

    /// The places that the closure `func` captures, in its defining function. First those that it names itself, then those that other
    /// closures name which it captures: it may call them.
    pub fn captured_places(&self, func: FuncId) -> &[Place] {
        self.captures.get(&func).map_or(&[], |places| places)
    }

    /// What `here` knows capture `i` of the closure `func` as, when `here` defines the closure or is itself a closure that can call it.
    pub fn captured_here(&self, here: FuncId, func: FuncId, i: usize) -> Option<Place> {
        let home = self.program.func(func).parent?;
        let place = self.captured_places(func).get(i)?;
        self.known_here(here, home, place)
    }

    /// What `here` knows `place` of the function `home` around it as.
    fn known_here(&self, here: FuncId, home: FuncId, place: &Place) -> Option<Place> {
        if here == home || matches!(place.root, Root::Global(_)) {
            return Some(*place);
        }
        let outer = self.known_here(self.program.func(here).parent?, home, place)?;
        let index = self.captured_places(here).iter().position(|captured| *captured == outer)?;
        Some(Place::root(Root::Capture(u16::try_from(index).ok()?)))
    }

    /// A closure that captures another one can do what that one does, so it holds what that one holds.
    fn extend_captures(&mut self) {
        for func in self.program.func_ids() {
            // Functions come after those that define them, so that what the parent captures is complete.
            let Some(parent) = self.program.func(func).parent else { continue };
            let mut next = 0;
            while let Some(place) = self.captured_places(func).get(next).cloned() {
                next += 1;
                for ty in self.type_of(parent, &place) {
                    let Ty::Func(other) = ty else { continue };
                    let Some(home) = self.program.func(other).parent else { continue };
                    for captured in self.captured_places(other).to_vec() {
                        let Some(known) = self.known_here(parent, home, &captured) else { continue };
                        let places = self.captures.entry(func).or_default();
                        if places.len() < MAX_CAPTURES && !places.contains(&known) {
                            places.push(known);
                        }
                    }
                }
            }
        }
    }

    pub fn language(&self) -> &'a LanguageFacts {
        self.catalog.language()
    }

    /// The file of the function gives the module-level name a meaning.
    pub(super) fn is_bound(&self, func: FuncId, name: &Name) -> bool {
        self.bound_globals[self.program.module_of(func).index()].contains(name)
    }

    /// The versions of packages that the file of the function uses, as far as they are known.
    pub fn versions_in(&self, func: FuncId) -> Option<&'a FxHashMap<Name, Version>> {
        self.versions.get(self.program.module_of(func).index()).copied().flatten()
    }

    /// Variables of the module that may hold something of a type for which `is` holds, sorted.
    pub fn globals_of(&self, module: ModuleId, is: impl Fn(&Ty) -> bool) -> Vec<Place> {
        let top = self.program.part(module).top;
        let names = self.bound_globals[module.index()].iter();
        let mut globals: Vec<Place> = names.map(|name| Place::global(*name)).collect();
        globals.retain(|global| self.type_of(top, global).iter().any(&is));
        globals.sort();
        globals
    }

    /// The method returns the resource itself.
    pub fn is_fluent(&self, resource: &Resource, name: &Name) -> bool {
        resource.fluent.contains(name) || self.language().fluent.contains(name)
    }

    /// Code that is not in the program may read the module-level variable.
    pub fn may_be_read_elsewhere(&self, module: ModuleId, name: &Name) -> bool {
        let part = self.program.part(module);
        let top = self.language().exports_everything || (part.exports.is_empty() && part.instances.is_empty());
        top || self.exported[module.index()].contains(name) || !self.bound_globals[module.index()].contains(name)
    }

    /// A builtin that neither raises in practice nor keeps its arguments.
    pub fn is_harmless(&self, path: &str) -> bool {
        path.strip_prefix("builtins.").is_some_and(|name| self.language().harmless.iter().any(|known| known == name))
    }

    /// A local variable that only ever holds objects which this function makes: what is stored in it is still this function's.
    pub fn is_own_container(&self, func: FuncId, root: &Root) -> bool {
        match root {
            Root::Local(id) => self.own_containers[func.index()].contains(id),
            _ => false,
        }
    }

    /// The field holds one container that all objects of the class share.
    pub fn is_shared_field(&self, class: ClassId, name: &Name) -> bool {
        self.ancestry(class).iter().any(|class| {
            let key = (*class, *name);
            self.shared_fields.contains(&key) && !self.replaced_fields.contains(&key)
        })
    }

    /// Everything of this class that the program makes is kept in module globals, or the class keeps its one object itself: one for the
    /// process.
    pub fn is_singleton(&self, class: ClassId) -> bool {
        if self.keeps_its_object(class) {
            return true;
        }
        let made = &self.made_in[class.index()];
        !made.is_empty() && made.iter().all(|global| *global)
    }

    /// The class itself keeps its one object.
    pub fn keeps_its_object(&self, class: ClassId) -> bool {
        self.program.class(class).methods.iter().any(|(name, method)| {
            let function = self.program.func(*method);
            function.binding == crate::ir::Binding::Class
                && self.language().starters.contains(name)
                && function
                    .blocks
                    .iter()
                    .flat_map(|block| &block.instrs)
                    .any(|instr| instr.op.dst().is_some_and(|dst| dst.root == Root::This && !dst.is_root()))
        })
    }

    /// The function brings an object to life: what it stores in fields is nobody's when it raises.
    pub fn is_starter(&self, func: FuncId) -> bool {
        let function = self.program.func(func);
        function.class.is_some()
            && (function.kind == crate::ir::FnKind::Constructor || self.language().starters.contains(&function.name))
    }

    /// The manager of a scope may swallow exceptions raised in it: the catalogue says so, or its exit method in the program can return
    /// something true.
    pub fn manager_swallows(&self, func: FuncId, manager: &Place) -> bool {
        if self.swallowing[func.index()].contains(manager) {
            return true;
        }
        self.type_of(func, manager).iter().any(|ty| {
            let Ty::Object(class) = ty else { return false };
            self.language()
                .exit_methods
                .iter()
                .any(|name| self.find_method(*class, name).is_some_and(|method| self.may_return_true(method)))
        })
    }

    fn may_return_true(&self, func: FuncId) -> bool {
        let function = self.program.func(func);
        function.blocks.iter().flat_map(|block| &block.instrs).any(|instr| match &instr.op {
            crate::ir::Op::Const { dst, value } if dst.root == Root::Result => *value == crate::ir::Const::Bool(true),
            crate::ir::Op::Copy { dst, .. } => dst.root == Root::Result,
            _ => false,
        })
    }

    pub fn call(&self, at: OpRef) -> Option<&CallInfo<'a>> {
        let calls = self.calls.get(at.func.index())?;
        let found = calls.binary_search_by_key(&(at.block, at.op), |(at, _)| *at).ok()?;
        Some(&calls[found].1)
    }

    /// What the callable makes in the version at hand.
    fn makes(&self, func: FuncId, facts: &SymbolFacts) -> Option<TypeId> {
        self.catalog.makes(facts, self.versions_in(func))
    }

    /// The ways in which the callable acquires in the version at hand.
    pub fn acquires<'f>(&self, func: FuncId, facts: &'f SymbolFacts) -> impl Iterator<Item = &'f AcquireFact> {
        let versions = self.versions_in(func);
        facts.acquires.iter().filter(move |fact| self.catalog.is_in_force(&facts.path, fact.resource, versions))
    }

    /// What a call of the named function gives (`ReturnType<typeof connect>`).
    fn annotated_result(&self, here: FuncId, function: &TypeRef, out: &mut TySet) {
        for named in self.named(here, &function.path) {
            match named {
                Ty::Func(func) => {
                    extend(out, &self.result_type(func));
                }
                Ty::Path(path) => {
                    if let Some(ty) = self.catalog.function(&path).and_then(|facts| self.makes(here, facts)) {
                        add(out, Ty::Inst(ty));
                    }
                }
                _ => {}
            }
        }
    }

    /// The class whose object the place is, when it is the receiver of a method, seen from there or from a closure in it.
    pub fn receiver_class(&self, func: FuncId, root: &Root) -> Option<ClassId> {
        let function = self.program.func(func);
        match root {
            Root::This if function.binding == crate::ir::Binding::Instance => function.class,
            Root::Capture(i) => {
                let outer = self.captured_place(func, *i).filter(|place| place.is_root())?;
                self.receiver_class(function.parent?, &outer.root)
            }
            _ => None,
        }
    }

    /// What the name of a type stands for where `func` is written.
    pub fn declared(&self, func: FuncId, ty: &TypeRef) -> TySet {
        self.named(func, &ty.path)
    }

    /// Types that an annotation stands for which is written in the module of `here`, as what instances of it are.
    fn annotation(&self, here: FuncId, ty: &TypeRef, out: &mut TySet) {
        for alternative in std::iter::once(ty).chain(&ty.alternatives) {
            let Some((first, rest)) = alternative.path.split_first() else { continue };
            if let ([argument, ..], true) = (alternative.args.as_slice(), rest.is_empty()) {
                if self.language().wrapper_types.contains(first) {
                    self.annotation(here, argument, out);
                    continue;
                }
                if self.language().result_types.contains(first) {
                    self.annotated_result(here, argument, out);
                    continue;
                }
            }
            for named in self.named(here, &alternative.path) {
                match named {
                    Ty::Class(class) => {
                        add(out, Ty::Object(class));
                    }
                    Ty::Path(path) => {
                        if let Some(id) = self.catalog.class(&path, self.versions_in(here)) {
                            add(out, Ty::Inst(id));
                        }
                    }
                    _ => {}
                }
            }
        }
    }
}

fn own_exports(part: &Part) -> FxHashSet<Name> {
    let own = part.exports.iter().filter(|export| export.from.is_none());
    own.map(|export| export.name).collect()
}

/// Reached by the name of a package, not by a path to a file.
fn is_package(path: &str) -> bool {
    !path.starts_with(['.', '/'])
}

fn add(set: &mut TySet, ty: Ty) -> bool {
    match set.binary_search(&ty) {
        Ok(_) => false,
        Err(_) if set.len() == MAX_ALTERNATIVES => false,
        Err(at) => {
            set.insert(at, ty);
            true
        }
    }
}

fn extend(set: &mut TySet, more: &TySet) -> bool {
    let mut changed = false;
    for ty in more {
        changed |= add(set, ty.clone());
    }
    changed
}
