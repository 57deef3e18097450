//! The compiled catalogue: facts by path, fast to ask.

use super::facts::{EntryId, Resource, SymbolFacts, TypeFacts, TypeId};
use super::path::AccessPath;
use super::schema::entry::{Deployment, Entry};
use super::schema::{Ecosystem, LanguageFacts, Role, ServerFacts, SettingFacts};
use crate::ir::Name;
use rustc_hash::{FxHashMap, FxHashSet};
use semver::Version;
use serde::{Deserialize, Serialize};

/// What is known about libraries and languages, by ecosystem: a name means one thing in one of them.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Catalog {
    python: EcosystemFacts,
    npm: EcosystemFacts,
    cargo: EcosystemFacts,
    /// Of all ecosystems: where code runs is not a matter of its language.
    deployments: Vec<Deployment>,
}

impl Catalog {
    pub fn of(&self, ecosystem: Ecosystem) -> &EcosystemFacts {
        match ecosystem {
            Ecosystem::Python => &self.python,
            Ecosystem::Npm => &self.npm,
            Ecosystem::Cargo => &self.cargo,
        }
    }

    /// What shows where code runs, whatever its language.
    pub fn deployments(&self) -> &[Deployment] {
        &self.deployments
    }

    pub(super) fn add_deployment(&mut self, deployment: Deployment) {
        self.deployments.push(deployment);
    }

    pub(super) fn of_mut(&mut self, ecosystem: Ecosystem) -> &mut EcosystemFacts {
        match ecosystem {
            Ecosystem::Python => &mut self.python,
            Ecosystem::Npm => &mut self.npm,
            Ecosystem::Cargo => &mut self.cargo,
        }
    }
}

/// What is known about the libraries of one ecosystem and its language.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct EcosystemFacts {
    /// Indexed by [`TypeId`].
    pub types: Vec<TypeFacts>,
    pub(super) functions: FxHashMap<Name, SymbolFacts>,
    /// By the type's index, then by method name.
    pub(super) methods: Vec<FxHashMap<Name, SymbolFacts>>,
    pub(super) classes: FxHashMap<Name, Vec<TypeId>>,
    language: LanguageFacts,
    /// Sorted, without duplicates.
    imports: Vec<Name>,
    /// Sorted, without duplicates.
    globals: Vec<Name>,
    /// Sorted, without duplicates.
    versioned: Vec<Name>,
    libraries: Vec<Name>,
    /// Indexed by [`EntryId`]; without the `paths`, `bases` and `marks`, which lead to them.
    entries: Vec<Entry>,
    /// By path of a base class.
    bases: FxHashMap<Name, Vec<EntryId>>,
    pub settings: Vec<SettingFacts>,
    pub servers: Vec<ServerFacts>,
}

impl EcosystemFacts {
    /// Facts about the function or class with this canonical dotted path.
    pub fn function(&self, path: &str) -> Option<&SymbolFacts> {
        self.functions.get(&Name::new(path))
    }

    /// Facts about method `name` of instances of `ty`; `()` for calling the instance. Releases are not among them: they are
    /// in the [`Resource`].
    pub fn method(&self, ty: TypeId, name: &str) -> Option<&SymbolFacts> {
        self.methods.get(ty.0 as usize)?.get(&Name::new(name))
    }

    /// The type whose instances the class with this path makes, given the versions that are known, by package.
    pub fn class(&self, path: &str, known: Option<&FxHashMap<Name, Version>>) -> Option<TypeId> {
        self.in_force(path, self.classes.get(&Name::new(path))?, known)
    }

    /// What the callable makes, given the versions that are known, by package.
    pub fn makes(&self, facts: &SymbolFacts, known: Option<&FxHashMap<Name, Version>>) -> Option<TypeId> {
        self.in_force(&facts.path, &facts.makes, known)
    }

    fn in_force(&self, path: &str, types: &[TypeId], known: Option<&FxHashMap<Name, Version>>) -> Option<TypeId> {
        types.iter().copied().find(|ty| self.is_in_force(path, *ty, known))
    }

    /// Whether `ty` is what there is in the version at hand of what has this path.
    pub fn is_in_force(&self, path: &str, ty: TypeId, known: Option<&FxHashMap<Name, Version>>) -> bool {
        self.ty(ty).versions.as_ref().is_none_or(|versions| versions.holds(path, known))
    }

    /// Packages whose version makes a difference; sorted, each once.
    pub fn versioned_packages(&self) -> &[Name] {
        &self.versioned
    }

    /// `id` must come from these facts or those that they extend.
    pub fn ty(&self, id: TypeId) -> &TypeFacts {
        &self.types[id.0 as usize]
    }

    /// The obligation of instances of `ty`; `None` for plain types.
    pub fn resource(&self, ty: TypeId) -> Option<&Resource> {
        self.types.get(ty.0 as usize)?.resource.as_ref()
    }

    /// The conventions of the language; all lists are empty when no file states them.
    pub fn language(&self) -> &LanguageFacts {
        &self.language
    }

    /// Words of imports without which, and without [`EcosystemFacts::globals`], a file cannot acquire anything; sorted, each once.
    pub fn imports(&self) -> impl Iterator<Item = &Name> {
        self.imports.iter()
    }

    /// `name` begins the paths of something that is described.
    pub fn is_library(&self, name: &str) -> bool {
        self.imports.binary_search_by(|known| known.as_str().cmp(name)).is_ok()
    }

    /// Paths that have the role, and those of the classes whose methods have it.
    pub fn paths_with(&self, role: Role) -> impl Iterator<Item = &Name> {
        let functions = self.functions.iter().filter(move |(_, facts)| facts.has_role(role)).map(|(path, _)| path);
        let has = move |ty: &TypeId| {
            let methods = self.methods.get(ty.0 as usize).into_iter().flat_map(FxHashMap::values);
            methods.into_iter().any(|facts| facts.has_role(role))
        };
        let classes = self.classes.iter().filter(move |(_, types)| types.iter().any(has)).map(|(path, _)| path);
        let makers = self.functions.iter().filter(move |(_, facts)| facts.makes.iter().any(has)).map(|(path, _)| path);
        functions.chain(classes).chain(makers)
    }

    /// First parts of such paths.
    pub fn packages_with(&self, role: Role) -> FxHashSet<&'static str> {
        self.paths_with(role).filter_map(|path| path.as_str().split('.').next()).collect()
    }

    /// Global names through which something is acquired without an import; sorted, each once.
    pub fn globals(&self) -> impl Iterator<Item = &Name> {
        self.globals.iter()
    }

    /// `id` must come from these facts.
    pub fn entry(&self, id: EntryId) -> &Entry {
        &self.entries[usize::from(id.0)]
    }

    /// All ways in which functions are entered.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The ways in which methods of classes are entered that extend the class with this path.
    pub fn entered_bases(&self, path: &Name) -> &[EntryId] {
        self.bases.get(path).map_or(&[], Vec::as_slice)
    }

    /// The libraries it knows, in the order in which they were loaded.
    pub fn libraries(&self) -> impl Iterator<Item = &Name> {
        self.libraries.iter()
    }
}

/// How `load` fills it.
impl EcosystemFacts {
    pub(super) fn add_type(&mut self, facts: TypeFacts) -> TypeId {
        let id = TypeId(u32::try_from(self.types.len()).unwrap_or(u32::MAX));
        self.types.push(facts);
        self.methods.push(FxHashMap::default());
        id
    }

    /// Facts about a function or class, to be added to.
    pub(super) fn function_mut(&mut self, path: &str) -> &mut SymbolFacts {
        let path = Name::new(path);
        let facts = || SymbolFacts { path, ..SymbolFacts::default() };
        self.functions.entry(path).or_insert_with(facts)
    }

    /// Facts about a method, to be added to.
    pub(super) fn method_mut(&mut self, ty: TypeId, name: &str) -> &mut SymbolFacts {
        let id = &self.types[ty.0 as usize].id;
        let facts = || SymbolFacts {
            path: Name::from(AccessPath::Method { ty: id, name }.to_string()),
            ..SymbolFacts::default()
        };
        self.methods[ty.0 as usize].entry(Name::new(name)).or_insert_with(facts)
    }

    /// The first to claim a class has it: later claims are conditional acquisitions of the same class.
    pub(super) fn add_class(&mut self, path: &str, ty: TypeId) {
        let claimed = self.claimed(self.classes.get(&Name::new(path)).map_or(&[], Vec::as_slice), ty);
        self.classes.insert(Name::new(path), claimed);
    }

    /// `known` and `ty`: first those that are for some versions, then the first that is for any.
    pub(super) fn claimed(&self, known: &[TypeId], ty: TypeId) -> Vec<TypeId> {
        let any_version = |ty: &TypeId| self.ty(*ty).versions.is_none();
        let mut claimed = known.to_vec();
        if any_version(&ty) {
            if !known.iter().any(any_version) {
                claimed.push(ty);
            }
        } else if !known.contains(&ty) {
            let at = known.iter().position(any_version).unwrap_or(known.len());
            claimed.insert(at, ty);
        }
        claimed
    }

    pub(super) fn add_entry(&mut self, entry: Entry) -> EntryId {
        let id = EntryId(u16::try_from(self.entries.len()).unwrap_or(u16::MAX));
        entry.bases.iter().for_each(|base| self.bases.entry(*base).or_default().push(id));
        self.entries.push(entry);
        id
    }

    pub(super) fn add_versioned(&mut self, package: &Name) {
        insert_sorted(&mut self.versioned, package);
    }

    pub(super) fn add_library(&mut self, name: &Name) {
        self.libraries.push(*name);
    }

    pub(super) fn add_import(&mut self, word: &Name) {
        insert_sorted(&mut self.imports, word);
    }

    pub(super) fn add_global(&mut self, word: &Name) {
        insert_sorted(&mut self.globals, word);
    }

    pub(super) fn add_language(&mut self, facts: LanguageFacts) {
        if self.language.null.is_empty() {
            self.language = facts;
            return;
        }
        let known = &mut self.language;
        known.closers.extend(facts.closers);
        known.implicit_closers.extend(facts.implicit_closers);
        known.starters.extend(facts.starters);
        known.may_release.extend(facts.may_release);
        known.test_paths.extend(facts.test_paths);
        known.harmless.extend(facts.harmless);
        known.collections.extend(facts.collections);
        known.container_adds.extend(facts.container_adds);
        known.handlers.extend(facts.handlers);
        known.container_drops.extend(facts.container_drops);
    }
}

fn insert_sorted(words: &mut Vec<Name>, word: &Name) {
    if let Err(at) = words.binary_search(word) {
        words.insert(at, *word);
    }
}
