//! What libraries do: schema, loader and symbol matcher for `rules/**/*.toml`.

pub mod schema;

use crate::ir::Name;
use rustc_hash::FxHashMap;
use schema::{AcquireOn, ArgCondition, Ecosystem, LanguageFacts, Resource, Symbol};

/// Index of a resource or plain type of the catalogue.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct TypeId(pub u32);

/// A resource or plain type.
#[derive(Clone, Debug)]
pub struct TypeFacts {
    pub id: Name,
    pub library: Name,
    pub resource: Option<Resource>,
    /// Attribute -> what it holds.
    pub attributes: FxHashMap<Name, TypeId>,
    /// Methods a subclass may define that run as teardown.
    pub teardown: Vec<Name>,
}

/// One way in which a callable acquires.
#[derive(Clone, Debug)]
pub struct AcquireFact {
    pub resource: TypeId,
    pub when: Vec<ArgCondition>,
    pub on: AcquireOn,
}

/// All that the catalogue says about one callable.
#[derive(Clone, Debug, Default)]
pub struct SymbolFacts {
    /// The path as the catalogue spells it first: shown in messages.
    pub path: Name,
    pub acquires: Vec<AcquireFact>,
    /// Its result is an instance of this (acquired or not).
    pub makes: Option<TypeId>,
    pub roles: Vec<Symbol>,
}

/// The compiled catalogue.
#[derive(Clone, Debug, Default)]
pub struct Catalog {
    pub types: Vec<TypeFacts>,
    functions: FxHashMap<Name, SymbolFacts>,
    methods: FxHashMap<(TypeId, Name), SymbolFacts>,
    classes: FxHashMap<Name, TypeId>,
    languages: Vec<(Ecosystem, LanguageFacts)>,
    imports: Vec<(Ecosystem, Name)>,
}

impl Catalog {
    /// Facts about the function or class with this canonical dotted path.
    pub fn function(&self, path: &str) -> Option<&SymbolFacts> {
        self.functions.get(path)
    }

    /// Facts about method `name` of instances of `ty`; `()` for calling the instance.
    pub fn method(&self, ty: TypeId, name: &str) -> Option<&SymbolFacts> {
        self.methods.get(&(ty, Name::new(name)))
    }

    /// The type whose instances the class with this path makes.
    pub fn class(&self, path: &str) -> Option<TypeId> {
        self.classes.get(path).copied()
    }

    pub fn ty(&self, id: TypeId) -> &TypeFacts {
        &self.types[id.0 as usize]
    }

    pub fn resource(&self, id: TypeId) -> Option<&Resource> {
        self.ty(id).resource.as_ref()
    }
}
