//! What functions, methods and decorators do.

use super::resource::ArgCondition;
use crate::ir::Name;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

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
