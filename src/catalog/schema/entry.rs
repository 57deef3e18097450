//! How code is entered from outside, and what shows where it runs.

use super::ServerKind;
use crate::ir::Name;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A way in which functions of a program are called from outside: for each request, each job, each invocation.
#[derive(Debug, Clone, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// One such call, for people, without article: `request to a FastAPI route`.
    pub noun: String,
    pub by: EnteredBy,
    /// Where code runs that is entered so.
    #[serde(default)]
    pub runs: Runs,
    /// Decorators of the function, and callables that get it as an argument, in an option of an object literal or in a list.
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    pub paths: Vec<Name>,
    /// For `paths` that get the function: its position, from 0; absent: every argument.
    #[serde(default)]
    pub arg: Option<u8>,
    /// For `paths` that get the function in an option: names of the options; absent: every one.
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    pub options: Vec<Name>,
    /// For `paths` that get the function: texts of which one must be an argument of the call: `connection`.
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    pub events: Vec<Name>,
    /// Base classes whose `methods` are entered in classes of the program that extend them.
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    pub bases: Vec<Name>,
    /// For `bases`; empty: every public one. For `paths` that get an object or a class of the program: what is entered in it.
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    pub methods: Vec<Name>,
    /// Callables whose callers are entered: a function that calls one is called in this way itself (`useState`).
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    pub marks: Vec<Name>,
    /// Files whose exported functions are entered, without extension: `app/**/route` is one anywhere in a project, `/app/**/route` one
    /// beside what shows one of `needs`.
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    pub files: Vec<Name>,
    /// The exports that are entered, of `files` or, without these, of any file: `GET`, `default`; `default.fetch` is a member of an
    /// exported object, `actions.*` is each one. Empty, with `files`: every one.
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    pub exports: Vec<Name>,
    /// Texts that functions begin with which are entered, or files of which every export is: `use server`.
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    pub directives: Vec<Name>,
    /// What the first parameters of such a function are called; empty: anything.
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    pub params: Vec<Name>,
    /// For `files` and `exports`: ids of `deployment`s of which one must be evident in a directory above.
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    pub needs: Vec<Name>,
    /// Where whoever runs the code recommends to make clients once per process, outside of the function.
    #[serde(default)]
    #[schemars(with = "String")]
    pub advised: Name,
}

/// What is known of a resource in processes that a platform suspends between invocations.
#[derive(Debug, Clone, Default, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Suspended {
    /// Where whoever makes it recommends one per instance, outside of the handler.
    #[serde(default)]
    pub advised: String,
    /// It works by itself, in the background: what is suspended does not.
    #[serde(default)]
    pub background: bool,
    /// Connections that one of it keeps, where that is no matter of its pool.
    #[serde(default)]
    pub connections: Option<u32>,
    /// What is right there, for people.
    #[serde(default)]
    pub advice: String,
}

/// How often functions are entered, and by what.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum EnteredBy {
    Request,
    /// For each client that stays connected.
    Connection,
    /// For each job or message of a queue.
    Job,
    /// For each invocation of a function that a platform runs.
    Invocation,
    /// Each time a component is drawn.
    Render,
    /// By a clock.
    Schedule,
}

/// Where code runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Runs {
    /// It depends on how it is deployed.
    #[default]
    Anywhere,
    /// In processes that a platform starts as it likes, suspends between invocations and throws away.
    Serverless,
    /// In isolates without sockets that outlive a request.
    Edge,
    /// In processes that run until they are stopped.
    Server,
}

/// Something in a project that shows where its code runs.
#[derive(Debug, Clone, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Deployment {
    /// Unique in the catalogue: `vercel`.
    #[schemars(with = "String")]
    pub id: Name,
    /// What the code runs on, for people: `Vercel`, `gunicorn with gevent workers`.
    pub noun: String,
    #[serde(default)]
    pub runs: Runs,
    /// Names of the files that show it: `vercel.json`, `Dockerfile*`, `*.service`.
    #[schemars(with = "Vec<String>")]
    pub files: Vec<Name>,
    /// Of these one must stand in the file; empty: that it is there suffices.
    #[serde(default)]
    pub words: Vec<String>,
    /// Of these none may stand in the file.
    #[serde(default)]
    pub unless: Vec<String>,
    /// Keys in the file whose values name a function that is entered: `handler: src/orders.create`.
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    pub handlers: Vec<Name>,
    /// Every text in the file that looks like it names such a function: `"src/orders.create"`.
    #[serde(default)]
    pub texts: bool,
    /// Keys in the file whose values are directories in which `handlers` are looked for.
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    pub roots: Vec<Name>,
    /// It says so of the code in the file itself, and of nothing beside it.
    #[serde(default)]
    pub itself: bool,
    /// Where whoever runs the code recommends to make clients once per process, outside of the functions that are entered.
    #[serde(default)]
    #[schemars(with = "String")]
    pub advised: Name,
    /// One instance serves several requests at a time.
    #[serde(default)]
    pub concurrent: bool,
    /// How requests are run, where it shows that.
    #[serde(default)]
    pub server: Option<ServerKind>,
    /// While people work on it, modules are loaded again in one process.
    #[serde(default)]
    pub reloads: bool,
}
