//! Things that must be released: how they are made, used and released.

use super::entry::Suspended;
use super::yes;
use crate::ir::Name;
use schemars::JsonSchema;
use serde::de::value::MapAccessDeserializer;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use std::collections::BTreeMap;
use std::fmt;

/// Something that holds a connection (or may come to hold one) and must be released.
#[derive(Debug, Clone, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Resource {
    /// Unique, `library.thing`.
    #[schemars(with = "String")]
    pub id: Name,
    /// What people call it, without article: `Redis client`, `pooled PostgreSQL connection`.
    pub noun: String,
    pub kind: ResourceKind,
    /// Versions of the library's packages in which this is how things are: `<4`, `>=4, <6`. Several entries may name the same callable or
    /// class when all but one have `versions`; the one without is for the versions that no other is for. Where the version is not known
    /// it is the newest: an entry with an upper bound does not hold.
    #[serde(default)]
    pub versions: Option<String>,
    /// Classes whose instances these are. Annotations with them type a place; calling them acquires unless `construct = false`.
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    pub types: Vec<Name>,
    /// Whether calling one of `types` acquires.
    #[serde(default = "yes")]
    pub construct: bool,
    /// Conditions under which calling one of `types` acquires; all must hold.
    #[serde(default)]
    pub construct_when: Vec<ArgCondition>,
    /// When the obligation begins for constructed ones.
    #[serde(default)]
    pub construct_on: AcquireOn,
    /// Functions and methods that acquire one.
    #[serde(default)]
    pub acquire: Vec<Acquire>,
    /// Ways to release one: any single one ends the obligation.
    #[serde(default)]
    pub release: Vec<Release>,
    /// Methods that look like a release and are none; findings quote why.
    #[serde(default)]
    pub not_release: Vec<NotRelease>,
    /// What leaving a `with` / `async with` / `using` block over it does.
    pub with: With,
    /// Needs `async with` and awaited releases (`with` and bare calls do nothing).
    #[serde(default)]
    pub r#async: bool,
    /// What happens when the last reference is dropped.
    pub on_drop: OnDrop,
    #[serde(default)]
    pub connects: Connects,
    /// What it was made from, when that is a resource too.
    #[serde(default)]
    pub parent: Option<Parent>,
    #[serde(default)]
    pub pool: Option<Pool>,
    #[serde(default)]
    pub serverless: Suspended,
    /// The process cannot end while one is open.
    #[serde(default)]
    pub keeps_process_alive: bool,
    /// Its methods do their I/O before they return, and raise then. Where calls are eager that is the exception: errors come when the
    /// promise is awaited.
    #[serde(default)]
    pub blocking: bool,
    /// One of them serves all of a process at the same time: a second one for the same server only costs connections.
    #[serde(default)]
    pub shareable: bool,
    /// Methods after which it is good for nothing else (`subscribe`): such a one is no second one.
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    pub dedicated_by: Vec<Name>,
    /// Methods that do no I/O and do not raise in practice (lazy children, accessors).
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    pub quiet: Vec<Name>,
    /// Methods after which it holds no connection until it is used again (`Session.commit()`).
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    pub rests: Vec<Name>,
    /// Functions and methods that return one which somebody else owns.
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    pub makers: Vec<Name>,
    /// Methods that connect it, for things that are made first and connected later: until one has succeeded nothing is held.
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    pub opens: Vec<Name>,
    /// Methods that return the object itself.
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    pub fluent: Vec<Name>,
    /// Methods that return a part of it, through which it is used but not released (`client.db("shop")`).
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    pub parts: Vec<Name>,
    /// Methods or attributes that tell whether it is closed: `closed`, `is_closed`.
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    pub closed_test: Vec<Name>,
    /// The opposite: true while it is open.
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    pub open_test: Vec<Name>,
    /// Attributes that hold another catalogued thing it owns: `connection_pool = "redis.pool"`.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, String>")]
    pub attributes: BTreeMap<Name, Name>,
    /// The idiom that is right for this resource, shown as help: `` use `async with redis.asyncio.from_url(...) as client:` ``.
    #[serde(default)]
    pub advice: String,
    /// What may be done instead where it is meant to live as long as the process. Not for what runs in pages and components.
    #[serde(default)]
    pub advice_for_process: String,
    /// Snippets that leak / do not leak; run as tests. The leaking line ends with the language's comment and `~ rule-id`.
    #[serde(default)]
    pub bad: Vec<String>,
    #[serde(default)]
    pub good: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ResourceKind {
    /// Talks to a server by itself and may pool internally.
    Client,
    /// One connection.
    Connection,
    Pool,
    /// Borrowed from a pool; must go back.
    Checkout,
    Session,
    Cursor,
    Channel,
    Subscription,
    /// A response body or socket stream.
    Stream,
    /// An HTTP client: keeps sockets, but the server does not run out of slots.
    HttpClient,
    Server,
    Task,
    Timer,
}

/// A path, or a path with conditions.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum Acquire {
    Path(#[schemars(with = "String")] Name),
    Full(AcquireSpec),
}

#[derive(Debug, Clone, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AcquireSpec {
    #[schemars(with = "String")]
    pub path: Name,
    #[serde(default)]
    pub when: Vec<ArgCondition>,
    #[serde(default)]
    pub on: AcquireOn,
    /// It is given to a callback: the last argument of the call, which is a function. A call whose last argument is no function
    /// acquires as the entries without `callback` say.
    #[serde(default)]
    pub callback: Option<Callback>,
}

/// Which parameters of a callback mean what; positions from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Callback {
    /// Receives the resource.
    pub param: u8,
    /// Receives an error, or null when there is a resource.
    #[serde(default)]
    pub error: Option<u8>,
    /// Receives a function that releases the resource.
    #[serde(default)]
    pub release: Option<u8>,
}

/// When the obligation begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum AcquireOn {
    /// When the call returns.
    #[default]
    Call,
    /// When the result is awaited, or entered with `async with` (`await asyncpg.connect()`).
    Await,
    /// Only when the result is entered with `with` / `async with` (`engine.begin()`).
    Enter,
}

/// All conditions of a list must hold.
#[derive(Debug, Clone, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ArgCondition {
    /// A keyword, a position from 0, `*` for every argument, or the name of an option in an object literal that is an argument
    /// (`lazyConnect`).
    #[schemars(with = "String")]
    pub arg: Name,
    pub is: ArgIs,
}

/// `absent`, `present` (and not the null literal), or the literal or last name segment that it must be (`true`, `NullPool`);
/// `not:X` for anything else, absence included; `function` for a function of the file.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(from = "String", into = "String")]
#[schemars(with = "String")]
pub enum ArgIs {
    Absent,
    Present,
    Value(Name),
    Not(Name),
}

impl From<String> for ArgIs {
    fn from(text: String) -> Self {
        match text.as_str() {
            "absent" => ArgIs::Absent,
            "present" => ArgIs::Present,
            other => match other.strip_prefix("not:") {
                Some(rest) => ArgIs::Not(rest.into()),
                None => ArgIs::Value(other.into()),
            },
        }
    }
}

impl From<ArgIs> for String {
    fn from(is: ArgIs) -> Self {
        match is {
            ArgIs::Absent => "absent".into(),
            ArgIs::Present => "present".into(),
            ArgIs::Value(v) => v.to_string(),
            ArgIs::Not(v) => format!("not:{v}"),
        }
    }
}

/// A method name (`close`, `connection_pool.disconnect`), or an ordered protocol.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum Release {
    Method(#[schemars(with = "String")] Name),
    Full(ReleaseSpec),
}

#[derive(Debug, Clone, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReleaseSpec {
    /// Methods that must be called in this order; one for most.
    #[schemars(with = "Vec<String>")]
    pub steps: Vec<Name>,
    /// The last step must be awaited to have an effect. Default: the resource's `async`.
    #[serde(default)]
    pub awaited: Option<bool>,
    #[serde(default)]
    pub when: Vec<ArgCondition>,
}

#[derive(Debug, Clone, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NotRelease {
    #[schemars(with = "String")]
    pub call: Name,
    /// Completes "`commit()` ...": "ends the transaction, the connection stays open".
    pub why: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum With {
    /// Leaving the block releases it (closes it or gives it back).
    Releases,
    /// Leaving the block ends a transaction and no more.
    EndsTransaction,
    /// Leaving the block does not release it.
    Nothing,
    /// It is no context manager.
    Unsupported,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum OnDrop {
    /// Closed as soon as the last reference goes (reference counting).
    Closes,
    /// Closed when the cyclic garbage collector comes by.
    AtGc,
    /// Freed by a timeout of the library or server.
    Heals,
    /// Goes on in the background.
    Detaches,
    /// Stays until the process ends.
    Leaks,
    Unknown,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Connects {
    #[default]
    Eager,
    /// At first use.
    Lazy,
}

#[derive(Debug, Clone, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Parent {
    /// Resource id of the object whose method makes it, or of argument 0 of the acquiring call.
    #[schemars(with = "String")]
    pub id: Name,
    /// Releasing the parent releases it.
    #[serde(default)]
    pub frees: bool,
}

#[derive(Debug, Clone, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Pool {
    /// Connections it may open by default; absent: no bound.
    #[serde(default)]
    pub size: Option<u32>,
    /// The option that sets it.
    #[serde(default)]
    pub option: String,
}

// Written out because a derived untagged enum answers every mistake with "did not match any variant", without a position.
impl<'de> Deserialize<'de> for Acquire {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let expecting = "a path, or a table with `path`";
        deserializer.deserialize_any(TextOrTable { expecting, text: Acquire::Path, table: Acquire::Full })
    }
}

impl<'de> Deserialize<'de> for Release {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let expecting = "a method name, or a table with `steps`";
        deserializer.deserialize_any(TextOrTable { expecting, text: Release::Method, table: Release::Full })
    }
}

struct TextOrTable<T, S> {
    expecting: &'static str,
    text: fn(Name) -> T,
    table: fn(S) -> T,
}

impl<'de, T, S: Deserialize<'de>> Visitor<'de> for TextOrTable<T, S> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.expecting)
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<T, E> {
        Ok((self.text)(text.into()))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
        S::deserialize(MapAccessDeserializer::new(map)).map(self.table)
    }
}
