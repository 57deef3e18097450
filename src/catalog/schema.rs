//! The shape of `rules/**/*.toml`, as written. Unknown keys are errors. `load` checks it; `matcher` makes it fast to ask.
//!
//! # Paths
//! Everywhere a callable is named, the same grammar is used ([`super::path`]):
//! * `redis.asyncio.from_url` - the canonical dotted path of a function or class, as an import would reach it;
//! * `redis.client#pubsub` - method `pubsub` of an instance of the resource or type with id `redis.client`;
//! * `sqlalchemy.sessionmaker#()` - calling an instance of it.

pub mod entry;
mod language;
mod resource;
mod server;
mod symbol;

pub use language::*;
pub use resource::*;
pub use server::*;
pub use symbol::*;

use crate::ir::Name;
use entry::{Deployment, Entry};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// One catalogue file: a library or framework, or what every program of one language needs.
#[derive(Debug, Clone, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CatalogFile {
    pub library: Library,
    /// Things that must be released.
    #[serde(default, rename = "resource")]
    pub resources: Vec<Resource>,
    /// Things without an obligation of their own whose methods matter (factories, exit stacks, test cases).
    #[serde(default, rename = "type")]
    pub types: Vec<PlainType>,
    /// What other functions, methods and decorators do.
    #[serde(default, rename = "symbol")]
    pub symbols: Vec<Symbol>,
    /// Ways in which functions of a program are called from outside.
    #[serde(default, rename = "entry")]
    pub entries: Vec<Entry>,
    /// What shows where the code of a project runs.
    #[serde(default, rename = "deployment")]
    pub deployments: Vec<Deployment>,
    /// How long a framework keeps its connections, where projects say so.
    #[serde(default, rename = "setting")]
    pub settings: Vec<SettingFacts>,
    /// What in a program says which kind of server runs it.
    #[serde(default, rename = "server")]
    pub servers: Vec<ServerFacts>,
    /// Conventions of a whole language; at most one file per language has it.
    #[serde(default)]
    pub language: Option<LanguageFacts>,
}

#[derive(Debug, Clone, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Library {
    /// Unique among the libraries of its ecosystem; the name of the file, without `.toml`.
    #[schemars(with = "String")]
    pub name: Name,
    pub ecosystem: Ecosystem,
    /// Distribution names in the ecosystem's registry; empty for the standard library.
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    pub packages: Vec<Name>,
    /// First segments of the import paths through which the library is reached; for npm, names of packages. A file that contains
    /// none of them as a word cannot acquire anything of this library.
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    pub imports: Vec<Name>,
    /// Global names through which things of the library are acquired without an import (`setInterval`).
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    pub globals: Vec<Name>,
    /// What it connects to is a store, a broker or another service that others use as well: asking it all the time costs them. False for
    /// what works on this machine, and for what talks to one peer.
    #[serde(default = "yes")]
    pub store: bool,
    #[serde(default)]
    pub docs: String,
    /// How the facts are known: `measured`, `source`, `docs`, and with which versions.
    #[serde(default)]
    pub evidence: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Ecosystem {
    Python,
    Npm,
    Cargo,
}

/// A thing without an obligation whose methods the catalogue names.
#[derive(Debug, Clone, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PlainType {
    #[schemars(with = "String")]
    pub id: Name,
    /// Classes; calling one makes an instance.
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    pub types: Vec<Name>,
    /// Functions and methods that return one.
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    pub makers: Vec<Name>,
    /// Attributes that hold another catalogued thing.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, String>")]
    pub attributes: BTreeMap<Name, Name>,
    /// Methods that are a program's command when a project class extends it: `handle`.
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    pub entries: Vec<Name>,
    /// Methods that run as teardown when a project class extends it: `tearDown`.
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    pub teardown: Vec<Name>,
}

fn yes() -> bool {
    true
}
