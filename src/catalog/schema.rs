//! The shape of `rules/**/*.toml`, as written. Unknown keys are errors. `load` checks it; `matcher` makes it fast to ask.
//!
//! # Paths
//! Everywhere a callable is named, the same grammar is used ([`super::path`]):
//! * `redis.asyncio.from_url` - the canonical dotted path of a function or class, as an import would reach it;
//! * `redis.client#pubsub` - method `pubsub` of an instance of the resource or type with id `redis.client`;
//! * `sqlalchemy.sessionmaker#()` - calling an instance of it.

pub mod entry;

use crate::ir::Name;
use entry::{Deployment, Entry, Suspended};
use schemars::JsonSchema;
use serde::de::value::MapAccessDeserializer;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use std::collections::BTreeMap;
use std::fmt;

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

/// What a function, method or decorator does to its arguments or to what it decorates.
#[derive(Debug, Clone, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Symbol {
    #[schemars(with = "Vec<String>")]
    pub paths: Vec<Name>,
    pub role: Role,
    /// Position of the argument meant, from 0; absent: every argument.
    #[serde(default)]
    pub arg: Option<u8>,
    /// Keyword under which the same argument may be passed.
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    pub keyword: Option<Name>,
    /// For `releases`: must be awaited. For `sleeps`: waits only when it is. For `wraps` and `schedules`: awaits what it calls. For
    /// `drops-result`: see there.
    #[serde(default)]
    pub awaited: bool,
    /// For `wraps`: the method of the argument that is called when the result is left; absent: whichever releases it. For `neutral`: the
    /// method of the decorated class that is called when an object of it is done. For `on-thread`: the method that runs there when a
    /// project class extends the class, and no argument is meant.
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    pub calls: Option<Name>,
    /// For `schedules`: when the release runs.
    #[serde(default)]
    pub when: Option<ScheduledFor>,
    /// For `schedules`: the argument is entered now and left later, so what its `with` does is what is scheduled; the result
    /// is what entering gives.
    #[serde(default)]
    pub enters: bool,
    /// For `invokes`: how. For `on-thread`: `later-many` when one call has it run again and again.
    #[serde(default)]
    pub how: Option<Invocation>,
    /// Versions of the library's packages in which it is so: `<0.106`, `>=0.118`.
    #[serde(default)]
    pub versions: Option<String>,
    /// For `sleeps` and `repeats`: what the argument counts.
    #[serde(default)]
    pub unit: Option<TimeUnit>,
    /// For `streams`: the framework keeps the ambient connection of the request (`ambient-use`) until the stream has ended.
    #[serde(default)]
    pub keeps_ambient: bool,
    /// For `streams` and `sends`: what happens to the generator, or to the function that sends, when the client is gone.
    #[serde(default)]
    pub disconnect: Option<Disconnect>,
    /// For `invokes`: ids of the resources or types that the argument is called with, by position; empty where nothing is known.
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    pub given: Vec<Name>,
    /// For `makes-only`, `lives-with-response` and `on-thread`: on the arguments.
    #[serde(default)]
    pub conditions: Vec<ArgCondition>,
    /// For `unsure`: names of events.
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    pub events: Vec<Name>,
    /// For `retains`, `adds-job` and `bounds-retention`: names of options.
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    pub options: Vec<Name>,
    /// For `on-thread`: which thread that is.
    #[serde(default)]
    pub thread: Option<ThreadKind>,
    /// For `streams`: types; it holds only when one of the arguments is one of them.
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    pub to: Vec<Name>,
    /// For `streams` and `sends`: how to end when the client is gone; for `lives-with-response`: how to end before; for `retains`: how to
    /// bound it; for `ambient-release`: how to release it; for people.
    #[serde(default)]
    #[schemars(with = "String")]
    pub advice: Name,
    /// Why, for people.
    #[serde(default)]
    pub note: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// Releases the argument (`pool.putconn(conn)`). As a method of a thing that holds what was scheduled with it: all of that.
    Releases,
    /// The argument belongs to the callee from now on.
    Takes,
    /// Uses the argument and forgets it; the caller still owns it. (Without `arg`: all arguments.)
    Borrows,
    /// The result stands for the argument and releases it when it is left or closed (`contextlib.closing`).
    Wraps,
    /// Releases the argument - a resource, a bound release method, a closure that releases - later. The result stands for the argument.
    Schedules,
    /// The result is the argument (`typing.cast`); for awaitables, awaiting the result awaits the argument (`asyncio.wait_for`).
    Transparent,
    /// Awaits the argument by itself and returns what it gives (`asyncio.run`).
    Drives,
    /// Calls the argument; see `how`.
    Invokes,
    /// Starts the argument in the background (`asyncio.create_task`).
    Spawns,
    /// A context manager that swallows exceptions raised in its block.
    Suppresses,
    /// Does no I/O and does not raise in practice.
    NeverRaises,
    /// Does I/O: is likely to raise.
    Remote,
    NeverReturns,
    /// Decorator: the result is kept and given out again (`functools.lru_cache`).
    Memoises,
    /// Decorator: makes a context manager of a generator function; exceptions of the block are raised at its `yield`. With `arg`: a
    /// function that drives the generator function it is given like that.
    ContextManager,
    /// Decorator: a generator function that is always resumed after its `yield` (test fixtures). With `arg`: a function that drives the
    /// generator function it is given like that.
    Fixture,
    /// Decorator: read as an attribute.
    Property,
    /// Decorator: the function is a command of a program, which ends with it. With `arg`: what the function is given is a part of a program
    /// that runs once (`module.run(f)`).
    ProgramEntry,
    /// Decorator that changes nothing about who owns what.
    Neutral,
    /// Decorator: a container makes the objects of the class, one for the process.
    Managed,
    /// Its result is true when the argument is what it should be (`hasattr(conn, "close")`).
    Affirms,
    /// Method or function that sets a named attribute on its argument 0 (`setattr`).
    SetsAttribute,
    /// The result's elements are the elements of the argument (`Object.values`, `Promise.all`).
    Elements,
    /// The result is a resource that is kept elsewhere, under a key or once per process: asking for it opens nothing that the caller
    /// would have to release.
    Shared,
    /// Waits for clients for as long as the process runs (`new WebSocketServer(...)`).
    Serves,
    /// Waits for as long as the argument says, in `unit`.
    Sleeps,
    /// Calls what it `invokes` again and again, with as long a pause as the argument says, in `unit`.
    Repeats,
    /// Sends what the argument, a generator or iterator, yields to a client, for as long as that yields; `disconnect` says what happens when
    /// the client is gone.
    Streams,
    /// Method that sends something to a client, or waits for something that it sends; `disconnect` says what it does when the client is
    /// gone: `at-write` raises, `ignored` does nothing.
    Sends,
    /// What the argument, a generator function, yields is closed when the response of the handler has been sent, streams included.
    LivesWithResponse,
    /// Its result goes on for ever: whoever goes through it waits, without a limit, for the next element (`pubsub.listen()`).
    Endless,
    /// Method that ends what is sent to a client; `abort_events` do not come after that.
    Ends,
    /// Uses the connection of the request or thread that a framework opens and closes by itself (`Model.objects.get(...)`).
    AmbientUse,
    /// Closes it, or gives it back, before the framework would. Also what runs a function and does so afterwards, as a decorator or called
    /// with the function. `a.b.close` stands for the method of the elements of `a.b`, too.
    AmbientRelease,
    /// Runs the argument on a thread whose ambient connection (`ambient-use`) no framework closes, `thread` says which; used as a decorator
    /// without the argument: what it decorates. `note` says of how many threads there may be.
    OnThread,
    /// Makes a pool of threads; the argument says of how many.
    ThreadPool,
    /// The result is new, holds nothing or what it was given, and nobody but the caller has it (`useRef`).
    Cell,
    /// Calls the argument and throws away what it returns; with `awaited`, only when that is a promise, since it calls later what is
    /// returned otherwise.
    DropsResult,
    /// Its result is what `makers` say only when all `conditions` hold.
    MakesOnly,
    /// Keeps all that it has done, unless one of `options` is given: in the argument, in what that has under `keyword`.
    Retains,
    /// Method that gives it something to do; `options` bound how long that is kept.
    AddsJob,
    /// Bounds how long such things keep what they have done, when one of `options` is given, as for `retains`.
    BoundsRetention,
    /// Sees to it that idle connections of the argument are closed before the platform suspends the process.
    ClosesIdle,
    /// What it gets for one of `events` may never run, or not when the thing ends: a listener for something else.
    Unsure,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum TimeUnit {
    Seconds,
    Milliseconds,
}

/// What a function runs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ThreadKind {
    /// A new thread for each call, which ends with the function.
    Own,
    /// One of several that stay for the next call.
    Pool,
    /// Whichever thread runs such code for a task that goes on by itself: the framework may be done with it before the task is.
    Task,
}

/// What happens to a generator when the client is gone, by the kind of generator; as measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Disconnect {
    pub sync: Fate,
    pub r#async: Fate,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Fate {
    /// Cancelled at once, also while it waits; its `finally` runs.
    Cancelled,
    /// Closed when the next thing that it yields cannot be sent; its `finally` runs then.
    AtWrite,
    /// Left where it is, at a `yield`, and not closed: its `finally` does not run before the garbage collector does.
    Suspended,
    /// Runs on as if nothing had happened.
    Ignored,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ScheduledFor {
    ScopeEnd,
    OwnerEnd,
    ProcessEnd,
    TestEnd,
    /// An event that may never come.
    Event,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Invocation {
    NowOnce,
    NowMany,
    LaterOnce,
    LaterMany,
}

/// Conventions of a language that no single library owns.
#[derive(Debug, Clone, Default, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct LanguageFacts {
    /// What the language calls null; for messages.
    #[serde(default)]
    pub null: String,
    /// The keyword that opens a scope which releases what it is about; for messages.
    #[serde(default)]
    pub scope: String,
    /// Calling an asynchronous function runs it at once, awaited or not; an un-awaited release does release.
    #[serde(default)]
    pub eager_await: bool,
    /// Every module-level name can be imported, not only what the file says it exports.
    #[serde(default)]
    pub exports_everything: bool,
    /// What waits can be cancelled at an `await`.
    #[serde(default)]
    pub await_cancels: bool,
    /// The member of a package that stands for the package itself (`default`).
    #[serde(default)]
    #[schemars(with = "String")]
    pub package_member: Name,
    /// Objects whose members are the global names (`globalThis`).
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    pub global_objects: Vec<Name>,
    /// Generic types whose only argument says what the value is, sooner or later (`Promise<T>`).
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    pub wrapper_types: Vec<Name>,
    /// Generic types that stand for what the function they name gives (`ReturnType<typeof f>`).
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    pub result_types: Vec<Name>,
    /// Methods of every catalogued thing that do no I/O and return the thing itself (`on`, `once`).
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    pub fluent: Vec<Name>,
    /// Global names that only code in a page uses (`document`).
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    pub page_globals: Vec<Name>,
    /// Events that come once, when a page is there (`DOMContentLoaded`).
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    pub load_events: Vec<Name>,
    /// Names of parameters that get their value by their name, from a framework: the global of that name stands for it (`$interval`).
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    pub injected: Vec<Name>,
    /// Options under which a resource is lent to a call, whatever is called (`{ transaction }`).
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    pub lending_options: Vec<Name>,
    /// What stands in addresses, and in the names of settings that hold one, of poolers in front of a server; and options that only
    /// make sense with one: `prepare=false`.
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    pub pooler_marks: Vec<Name>,
    /// Events that come in the end, whatever happens (`close`): what a listener for one of them releases is released. Empty: every
    /// function that is given away runs.
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    pub sure_events: Vec<Name>,
    /// Methods that make a program go on until it is stopped (`listen`).
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    pub serving: Vec<Name>,
    /// Methods of containers that give a container of what their argument returns for each element (`map`).
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    pub container_maps: Vec<Name>,
    /// Methods of containers that call their argument with each element (`forEach`).
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    pub container_visits: Vec<Name>,
    /// Methods that people call to end an object's life: a class with one of them is expected to release there all it owns.
    #[schemars(with = "Vec<String>")]
    pub closers: Vec<Name>,
    /// Methods the language itself calls to end a scope or a life (`__exit__`, `__del__`).
    #[schemars(with = "Vec<String>")]
    pub implicit_closers: Vec<Name>,
    /// Methods that begin and end a scope when called by hand (`__enter__`, `__exit__`).
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    pub enter_methods: Vec<Name>,
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    pub exit_methods: Vec<Name>,
    /// Exception classes, by last name segment, whose handlers take every ordinary exception (`Exception`), and those that take a
    /// cancellation (`BaseException`, `CancelledError`).
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    pub catch_all: Vec<Name>,
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    pub catch_cancel: Vec<Name>,
    /// Exception classes, by last name segment, that say there is nothing more to come (`StopIteration`): to leave a loop for one of them is
    /// how that loop ends, and no error.
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    pub exhaustion: Vec<Name>,
    /// Exception classes, by last name segment, that failing I/O does not raise (`ValueError`): their handlers do not see it.
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    pub not_io_errors: Vec<Name>,
    /// Module-level functions that are a program's own top level by convention (`main`): what they open lives as long as the process.
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    pub entry_functions: Vec<Name>,
    /// Methods in which an object comes to life; their acquisitions are lost when they raise.
    #[schemars(with = "Vec<String>")]
    pub starters: Vec<Name>,
    /// Method names that, on a receiver of unknown type, may release it. Only ever silences.
    #[schemars(with = "Vec<String>")]
    pub may_release: Vec<Name>,
    /// Path patterns of tests: a directory name (`tests/`), a file prefix (`test_*`), suffix (`*_test`) or name (`conftest`),
    /// without extension.
    #[schemars(with = "Vec<String>")]
    pub test_paths: Vec<Name>,
    /// Names of files, without extension, that are there to gather what others have (`index`).
    #[schemars(with = "Vec<String>")]
    pub gathering: Vec<Name>,
    /// Path patterns, as in `test_paths`, of code that runs once in a process of its own (database migrations).
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    pub one_off_paths: Vec<Name>,
    /// Builtin functions that do not raise in practice and keep no reference to their arguments.
    #[schemars(with = "Vec<String>")]
    pub harmless: Vec<Name>,
    /// Builtin types whose constructor copies or collects its arguments (`list(xs)`).
    #[schemars(with = "Vec<String>")]
    pub collections: Vec<Name>,
    /// Methods that take an element out of a container or go through all of them (`pop`, `values`).
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    pub container_gets: Vec<Name>,
    /// Methods of functions that give the function itself, ready to be called elsewhere (`bind`).
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    pub binders: Vec<Name>,
    /// Attributes of a response that say nothing about whether its client is still there (`writableEnded`).
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    pub blind_tests: Vec<Name>,
    /// Events, and methods that take a listener, that come only when a client is gone before everything was sent (`abort`).
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    pub abort_events: Vec<Name>,
    /// Methods that register a handler of requests with a body (`post`), and the paths of functions whose result reads bodies before handlers
    /// run: such a request is closed when it was read, not when its client goes.
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    pub body_handlers: Vec<Name>,
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    pub body_readers: Vec<Name>,
    /// Methods that add a listener, given an event and the listener, and those that take listeners off.
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    pub listener_adds: Vec<Name>,
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    pub listener_drops: Vec<Name>,
    /// Options under which a call is given what makes it raise when the client is gone (`signal`).
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    pub abort_options: Vec<Name>,
    /// Methods that wait, called without arguments, until there is something (`queue.get()`).
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    pub blocking_waits: Vec<Name>,
    /// Attributes of classes through which the connection of the request or thread is used that a framework keeps (`Model.objects`).
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    pub ambient_attributes: Vec<Name>,
    /// Methods that put an argument into a container.
    #[schemars(with = "Vec<String>")]
    pub container_adds: Vec<Name>,
    /// Names under which a call gets a function that runs when a user does something (`onClick`).
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    pub handlers: Vec<Name>,
    /// Methods that throw elements of a container away, or ask whether there are any, and give none of them (`delete`, `has`).
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    pub container_drops: Vec<Name>,
    /// Options with which a command waits at the server until there is something to answer (`block`).
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    pub blocking_options: Vec<Name>,
    /// Methods of applications and decorators whose function is called for each request (`get`, `websocket`).
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    pub request_handlers: Vec<Name>,
    /// Events of servers whose listener is called for each client (`connection`).
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    pub request_events: Vec<Name>,
    /// Methods of tasks, threads and timers that do not end them (`start`, `add_done_callback`).
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    pub keeps_running: Vec<Name>,
}

fn yes() -> bool {
    true
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
