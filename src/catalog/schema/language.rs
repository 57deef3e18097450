//! Conventions of a whole language.

use crate::ir::Name;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

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
    /// Functions and methods that say what time it is, by their last name.
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    pub clocks: Vec<Name>,
    /// Methods and global functions that call a function which they get once at most, whatever they are called on (`once`, `then`).
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    pub calls_once: Vec<Name>,
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
    /// Methods with which a program itself waits for clients (`listen`).
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    pub listening: Vec<Name>,
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
    /// Path patterns, as in `test_paths`, of code that was built from other code or copied from another project.
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    pub copied_paths: Vec<Name>,
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
