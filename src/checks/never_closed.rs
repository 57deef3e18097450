//! # never-closed
//!
//! ## What it does
//!
//! Reports a client, connection, pool, session, pool checkout or other catalogued resource that no path releases:
//! it is acquired, perhaps used, and then the function is left, by whatever way.
//!
//! The finding is at the acquisition. It is an **error** when a pool slot is lost for good, or when a loop makes
//! one per round and nothing ever closes them; a **warning** otherwise. In tests, examples and benchmarks it is a
//! **note** for the pedantic persona, and for that persona too is a resource that only an exception ends, such as
//! the client of an endless loop.
//!
//! ## Why it matters in production
//!
//! Servers count connections: PostgreSQL accepts 100 by default, managed databases and Redis plans often fewer. A
//! service that leaves one open per call works on a laptop, works in tests, and stops accepting work some hours
//! after a deployment, with an error in code that is not at fault.
//!
//! The garbage collector is no plan. CPython closes many *synchronous* clients as soon as the last reference
//! goes; but a kept traceback, a log record, a list or a closure keeps the reference, and other Python
//! implementations do not count references. Asynchronous clients cannot be closed by a destructor, since it
//! cannot await: they stay until the cyclic collector comes by, and pools with their own tasks stay for as long
//! as the event loop runs. A checkout whose connection the collector closes is still missing in its pool.
//!
//! ## Bad
//!
//! ```python
//! # bad
//! import redis.asyncio as redis
//!
//!
//! async def read_item(key: str):
//!     client = redis.from_url("redis://localhost")  #~ never-closed
//!     return await client.get(key)
//! ```
//!
//! ## Good
//!
//! ```python
//! # good
//! import redis.asyncio as redis
//!
//!
//! async def read_item(key: str):
//!     async with redis.from_url("redis://localhost") as client:
//!         return await client.get(key)
//! ```
//!
//! Better still for a server: one client per process, made at start-up and closed at shutdown.
//!
//! ## What counts as a release
//!
//! * The release calls that the catalogue names for the resource (`close`, `aclose`, `dispose`, `putconn` ...),
//!   in the order it demands, awaited where they are asynchronous; also when a function of the same file makes
//!   the call.
//! * Leaving a `with` or `async with` block over it, where the library closes there.
//! * A release scheduled for later: `ExitStack.callback`, `addCleanup`, `atexit.register`, a task made of the
//!   release.
//! * Handing it to someone who owns it from then on: returning or yielding it, storing it in an attribute, a
//!   global or a container that lives on, passing it to a constructor or to a function that keeps it; returning
//!   its release (`return client.close`) as well. Where the new owner is a class of the project,
//!   `owner-never-closes` asks the question again.
//! * Releasing what it came from, where that frees it: closing a pool closes its connections. If that is never
//!   released either, the finding is there only.
//! * Coming to rest: a SQLAlchemy session whose last word is `commit()` or `rollback()` holds no connection.
//!
//! ## Known limits
//!
//! * Passing it to a function that is neither in the project nor in the catalogue may hand it over: what happens
//!   there cannot be seen, and such findings have low confidence, which hides them by default (`--persona
//!   auditor` shows them).
//! * Resources that the catalogue does not know are not reported. Adding one takes a few lines of TOML.
//! * What a script, or a command of a program, leaves to the end of its process is not reported, unless it is
//!   made in a loop. What a module opens when it is imported is not reported either. Where an open client keeps
//!   the process alive, as in Node.js, it is reported in a file that is a program of its own: one that exports
//!   nothing, serves nobody and does not end its process.
//! * A client that connects when it is first used, and is not used before an exception, holds nothing yet.
//!
//! ## Fix safety
//!
//! Wrapping the use in `with` or `async with` is safe when the resource is not used after the block and no
//! reference to it escapes from it. Check both, and check what the library's `with` does: see
//! `with-does-not-close`.

use super::{Draft, Rule, Subject, owner_never_closed};
use crate::catalog::schema::ResourceKind;
use crate::finding::{Confidence, Persona, Severity};
use crate::flow::{ExitKind, Owner};

pub const RULE: Rule = Rule {
    id: "never-closed",
    summary: "An acquired connection is released on no path",
    source: include_str!("never_closed.rs"),
};

/// A program that is meant to end opens it at its top level, and no code of its module releases it: the program hangs instead.
pub fn detect_in_program(subject: &Subject<'_>) -> Option<Draft> {
    let outcome = &subject.case.outcome;
    let kept_by_others = outcome.handed.iter().any(|handed| handed.owner != Owner::Process);
    if !subject.keeps_program_alive() || kept_by_others || !outcome.released.is_empty() || !outcome.deferred.is_empty()
    {
        return None;
    }
    let rule = if subject.case.token.kind.entry().is_some() { RULE.id } else { owner_never_closed::RULE.id };
    let mut draft = subject.bare_draft(rule);
    draft.message = format!("{} is never {}, so the program does not end", subject.described(), subject.released());
    draft.label = "opened here; it keeps the process alive".to_owned();
    draft.severity = Some(Severity::Warning);
    draft.confidence = draft.confidence.min(Confidence::Medium);
    Some(draft)
}

/// A connection or subscription is left in a variable of a function around, or of the module, that nobody reads.
fn forgotten(subject: &Subject<'_>) -> Option<Draft> {
    if !matches!(subject.resource.kind, ResourceKind::Connection | ResourceKind::Subscription) {
        return None;
    }
    let variable = subject.forgotten_in()?;
    let mut draft = subject.bare_draft(RULE.id);
    draft.message =
        format!("the {} in `{variable}` is never {}: no code reads the variable", subject.noun(), subject.released());
    draft.label = "created here and never released".to_owned();
    Some(draft)
}

/// At the top level of a component one is opened with each component, and stays when that is gone.
pub fn detect_in_component(subject: &Subject<'_>) -> Option<Draft> {
    let kept = matches!(subject.resource.kind, ResourceKind::Connection | ResourceKind::Subscription);
    if !kept || subject.case.outcome.settled() {
        return forgotten(subject);
    }
    let mut draft = subject.bare_draft(RULE.id);
    draft.message = format!("{} is never {}", subject.described(), subject.released());
    draft.label = "created with each component and never released".to_owned();
    Some(draft)
}

/// No path releases it, hands it over, or schedules its release.
pub fn detect(subject: &Subject<'_>) -> Option<Draft> {
    let outcome = &subject.case.outcome;
    subject.case.token.kind.entry()?;
    if let Some(draft) = forgotten(subject) {
        return Some(draft);
    }
    if outcome.settled() || !outcome.unawaited.is_empty() || !outcome.idle_with.is_empty() {
        return None;
    }
    let leak = subject.worst_leak()?;
    if leak.kind == ExitKind::Lost && subject.overwriting().is_some() {
        return None;
    }
    let mut draft = subject.draft(RULE.id, leak);
    draft.message = format!("{} is never {}", subject.described(), subject.released());
    draft.label = "created here and never released".to_owned();
    if leak.kind != ExitKind::Normal && leak.kind != ExitKind::Lost {
        // A loop that only an exception ends: often as long as the process.
        draft.persona = Persona::Pedantic;
        draft.error_path = true;
    }
    Some(draft)
}
