//! How long connections of requests are kept, and how the server runs requests.

use crate::ir::Name;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A setting of how long the connections of requests are kept (`ambient-use`): seconds, null for ever, 0 not at all.
#[derive(Debug, Clone, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SettingFacts {
    /// Names of keys of records, and of keywords of calls.
    #[schemars(with = "Vec<String>")]
    pub keys: Vec<Name>,
    /// Parts of texts that, beside the key in its record or call, say that it opens no connection to a server, or that a pool keeps them.
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    pub not_beside: Vec<Name>,
    /// Keys with which the connections come from a pool.
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    pub pooled_by: Vec<Name>,
    /// Names of files, without extension, that are for development.
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    pub development: Vec<Name>,
    /// What to do instead, for people.
    #[serde(default)]
    pub advice: String,
}

/// Either a call at the top of a module or a variable there says which kind of server runs the program.
#[derive(Debug, Clone, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ServerFacts {
    pub kind: ServerKind,
    /// Canonical paths of functions and classes.
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    pub calls: Vec<Name>,
    #[serde(default)]
    #[schemars(with = "String")]
    pub variable: Name,
    /// Texts, or last segments of dotted ones, that the variable or one of its elements must be; empty: any.
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    pub values: Vec<Name>,
    /// Names of files, without their last extension, that say it of the project that they lie in; `*` stands for a beginning or an end.
    /// Empty: any file, which says it of the program that it is a part of.
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    pub files: Vec<Name>,
    /// For `calls`: a key that a record among the arguments must have, or must not have.
    #[serde(default)]
    #[schemars(with = "String")]
    pub with_key: Name,
    #[serde(default)]
    #[schemars(with = "String")]
    pub without_key: Name,
    /// What it says, for people, a clause: "gunicorn runs it with greenlets".
    pub says: String,
}

/// How a server runs requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ServerKind {
    /// Each on an event loop and threads that change: what is kept for a thread is not found again.
    Async,
    /// Each on a greenlet of its own: the same.
    Greenlets,
    /// On processes or threads that stay.
    Threads,
}
