//! The compiled catalogue: facts by path, fast to ask.

use super::facts::{Resource, SymbolFacts, TypeFacts, TypeId};
use super::path::AccessPath;
use super::schema::{Ecosystem, LanguageFacts};
use crate::ir::Name;
use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};

static NO_LANGUAGE: LanguageFacts = LanguageFacts {
    null: String::new(),
    enter_methods: Vec::new(),
    exit_methods: Vec::new(),
    catch_all: Vec::new(),
    catch_cancel: Vec::new(),
    entry_functions: Vec::new(),
    not_io_errors: Vec::new(),
    closers: Vec::new(),
    implicit_closers: Vec::new(),
    starters: Vec::new(),
    may_release: Vec::new(),
    test_paths: Vec::new(),
    one_off_paths: Vec::new(),
    harmless: Vec::new(),
    collections: Vec::new(),
    container_adds: Vec::new(),
    container_gets: Vec::new(),
};

/// What is known about libraries and languages.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Catalog {
    /// Indexed by [`TypeId`].
    pub types: Vec<TypeFacts>,
    functions: FxHashMap<Name, SymbolFacts>,
    /// By the type's index, then by method name.
    methods: Vec<FxHashMap<Name, SymbolFacts>>,
    classes: FxHashMap<Name, TypeId>,
    languages: Vec<(Ecosystem, LanguageFacts)>,
    /// Sorted, without duplicates.
    imports: Vec<(Ecosystem, Name)>,
    libraries: Vec<(Ecosystem, Name)>,
}

impl Catalog {
    /// Facts about the function or class with this canonical dotted path.
    pub fn function(&self, path: &str) -> Option<&SymbolFacts> {
        self.functions.get(path)
    }

    /// Facts about method `name` of instances of `ty`; `()` for calling the instance. Releases are not among them: they are
    /// in the [`Resource`].
    pub fn method(&self, ty: TypeId, name: &str) -> Option<&SymbolFacts> {
        self.methods.get(ty.0 as usize)?.get(name)
    }

    /// The type whose instances the class with this path makes.
    pub fn class(&self, path: &str) -> Option<TypeId> {
        self.classes.get(path).copied()
    }

    /// `id` must come from this catalogue or one that this one extends.
    pub fn ty(&self, id: TypeId) -> &TypeFacts {
        &self.types[id.0 as usize]
    }

    /// The obligation of instances of `ty`; `None` for plain types.
    pub fn resource(&self, ty: TypeId) -> Option<&Resource> {
        self.types.get(ty.0 as usize)?.resource.as_ref()
    }

    /// The conventions of a language; all lists are empty when no file states them.
    pub fn language(&self, ecosystem: Ecosystem) -> &LanguageFacts {
        self.languages.iter().find(|(e, _)| *e == ecosystem).map_or(&NO_LANGUAGE, |(_, facts)| facts)
    }

    /// Words without which a file cannot acquire anything; sorted, each once.
    pub fn imports(&self, ecosystem: Ecosystem) -> impl Iterator<Item = &Name> {
        self.imports.iter().filter(move |(e, _)| *e == ecosystem).map(|(_, word)| word)
    }

    /// The libraries it knows, in the order in which they were loaded.
    pub fn libraries(&self) -> impl Iterator<Item = &(Ecosystem, Name)> {
        self.libraries.iter()
    }
}

/// How `load` fills it.
impl Catalog {
    pub(super) fn add_type(&mut self, facts: TypeFacts) -> TypeId {
        let id = TypeId(u32::try_from(self.types.len()).unwrap_or(u32::MAX));
        self.types.push(facts);
        self.methods.push(FxHashMap::default());
        id
    }

    /// Facts about a function or class, to be added to.
    pub(super) fn function_mut(&mut self, path: &str) -> &mut SymbolFacts {
        let path = Name::new(path);
        let facts = || SymbolFacts { path: path.clone(), ..SymbolFacts::default() };
        self.functions.entry(path.clone()).or_insert_with(facts)
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
        self.classes.entry(Name::new(path)).or_insert(ty);
    }

    pub(super) fn add_library(&mut self, ecosystem: Ecosystem, name: &Name) {
        self.libraries.push((ecosystem, name.clone()));
    }

    pub(super) fn add_import(&mut self, ecosystem: Ecosystem, word: &Name) {
        let entry = (ecosystem, word.clone());
        if let Err(at) = self.imports.binary_search(&entry) {
            self.imports.insert(at, entry);
        }
    }

    pub(super) fn add_language(&mut self, ecosystem: Ecosystem, facts: LanguageFacts) {
        match self.languages.iter_mut().find(|(e, _)| *e == ecosystem) {
            Some((_, known)) => {
                known.closers.extend(facts.closers);
                known.implicit_closers.extend(facts.implicit_closers);
                known.starters.extend(facts.starters);
                known.may_release.extend(facts.may_release);
                known.test_paths.extend(facts.test_paths);
                known.harmless.extend(facts.harmless);
                known.collections.extend(facts.collections);
                known.container_adds.extend(facts.container_adds);
            }
            None => self.languages.push((ecosystem, facts)),
        }
    }
}
