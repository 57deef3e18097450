//! What catalogue files say once they are checked: ids resolved, defaults filled in, one shape for each thing.

use super::schema::entry::Suspended;
use super::schema::{
    AcquireOn, ArgCondition, Callback, Connects, Ecosystem, NotRelease, OnDrop, Pool, ResourceKind, Symbol, With,
};
use crate::ir::Name;
use rustc_hash::FxHashMap;
use semver::{Op, Version, VersionReq};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Index of a resource or plain type of the catalogue.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub struct TypeId(pub u32);

/// Index of a way in which functions are entered.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub struct EntryId(pub u16);

/// A resource or plain type.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct TypeFacts {
    pub id: Name,
    pub library: Name,
    pub ecosystem: Ecosystem,
    /// What it belongs to connects to something that others use as well.
    pub store: bool,
    /// `None`: any version.
    pub versions: Option<VersionRange>,
    /// `None` for a plain type: a thing without an obligation.
    pub resource: Option<Resource>,
    /// Attribute -> what it holds.
    pub attributes: BTreeMap<Name, TypeId>,
    /// Methods a subclass may define that run as teardown.
    pub teardown: Vec<Name>,
    /// Methods of a subclass that are a program's command.
    pub entries: Vec<Name>,
}

/// Versions of a library in which things are as its entry says.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct VersionRange {
    pub range: VersionReq,
    /// The packages that the library comes in, each with versions of its own.
    pub packages: Vec<Name>,
}

impl VersionRange {
    /// Whether the range holds the version of the package through which the callable or class with this path is reached, given the
    /// versions that are known. An unknown version is the newest.
    pub fn holds(&self, path: &str, known: Option<&FxHashMap<Name, Version>>) -> bool {
        let function = (!path.contains('#')).then_some(path);
        let within = |package: &Name| {
            let rest = function.and_then(|path| path.strip_prefix(package.as_str()));
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '/']))
        };
        let by_path = self.packages.iter().any(within);
        let version = known.and_then(|known| {
            let reached = self.packages.iter().filter(|package| !by_path || within(package));
            reached.filter_map(|package| known.get(package)).next()
        });
        version.map_or_else(|| self.is_newest(), |version| self.range.matches(version))
    }

    /// The range has no upper bound.
    pub fn is_newest(&self) -> bool {
        self.range.comparators.iter().all(|comparator| matches!(comparator.op, Op::Greater | Op::GreaterEq))
    }
}

/// Something that must be released. Fields mean what they mean in [`super::schema::Resource`].
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Resource {
    pub noun: String,
    pub kind: ResourceKind,
    /// Any single one ends the obligation.
    pub release: Vec<Release>,
    pub not_release: Vec<NotRelease>,
    pub with: With,
    pub r#async: bool,
    pub on_drop: OnDrop,
    pub connects: Connects,
    pub parent: Option<Parent>,
    pub pool: Option<Pool>,
    pub serverless: Suspended,
    pub keeps_process_alive: bool,
    pub blocking: bool,
    pub shareable: bool,
    pub dedicated_by: Vec<Name>,
    pub quiet: Vec<Name>,
    pub opens: Vec<Name>,
    pub rests: Vec<Name>,
    pub fluent: Vec<Name>,
    pub parts: Vec<Name>,
    pub closed_test: Vec<Name>,
    pub open_test: Vec<Name>,
    pub advice: String,
    pub advice_for_process: String,
    /// The library's documentation; may be empty.
    pub docs: String,
}

impl Resource {
    /// One of few, that others need as well.
    pub fn is_slot(&self) -> bool {
        matches!(self.kind, ResourceKind::Connection | ResourceKind::Checkout | ResourceKind::Session)
    }
}

/// One way to release.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Release {
    /// Methods that must be called in this order, each a name or a dotted path from the object; never empty.
    pub steps: Vec<Name>,
    /// The last step must be awaited to have an effect.
    pub awaited: bool,
    /// Conditions on the arguments of the last step; all must hold.
    pub when: Vec<ArgCondition>,
}

/// What a resource was made from.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Parent {
    /// Always a resource.
    pub ty: TypeId,
    /// Releasing the parent releases it.
    pub frees: bool,
}

/// One way in which a callable acquires.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct AcquireFact {
    pub resource: TypeId,
    pub when: Vec<ArgCondition>,
    pub on: AcquireOn,
    /// Given to this callback instead of returned.
    pub callback: Option<Callback>,
}

/// All that the catalogue says about one callable.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct SymbolFacts {
    /// The path as the catalogue spells it first: shown in messages.
    pub path: Name,
    pub acquires: Vec<AcquireFact>,
    /// Its result is an instance of the first of these that is of the version at hand (acquired or not).
    pub makes: Vec<TypeId>,
    /// Versions in which what it is given lives as long as a response, for each of `roles` that says so; `None`: any version.
    pub lives_with_response: Vec<Option<VersionRange>>,
    /// What it does to its arguments. `paths` is empty in each: it is shared by many callables.
    pub roles: Vec<Symbol>,
    /// What it calls arguments with: the position of the argument meant, or every one; by position of the parameter.
    pub given: Vec<(Option<u8>, Vec<Option<TypeId>>)>,
    /// The ways in which a function is entered that it decorates or gets.
    pub enters: Vec<EntryId>,
    /// The ways in which a function is entered that calls it.
    pub marks: Vec<EntryId>,
}

impl SymbolFacts {
    /// What a listener that it gets for the event does may come too late, or never.
    pub fn is_unsure(&self, event: &str) -> bool {
        let unsure = |symbol: &Symbol| symbol.events.iter().any(|known| known == event);
        self.roles.iter().any(|symbol| symbol.role == super::schema::Role::Unsure && unsure(symbol))
    }

    pub fn has_role(&self, role: super::schema::Role) -> bool {
        self.roles.iter().any(|symbol| symbol.role == role)
    }
}
