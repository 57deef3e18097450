//! # not-closed-on-error
//!
//! ## What it does
//!
//! Reports a resource that every normal way out of the function releases, and that stays open only when an
//! exception passes by. The exception must be a likely one: raised explicitly, by an operation that does I/O, or
//! at an `await`.
//!
//! The finding is at the acquisition, and its steps show which operation raises and where the function is left
//! with the resource open. It is a **warning**. Where the runtime closes the resource as soon as its last reference
//! goes, as CPython does with many synchronous clients, only the pedantic persona sees it; in tests, examples and
//! benchmarks it is a **note** for that persona.
//!
//! ## Why it matters in production
//!
//! Errors come in bursts. A server that is slow for a minute makes every call time out, every time-out skips the
//! release, and the connections that are left behind keep the server busy or the pool empty after it has
//! recovered. A checkout that is not returned is lost until the process restarts: as many errors as the pool has
//! slots, and everyone waits.
//!
//! An exception that is kept, as logging, error trackers and finished tasks do, keeps its traceback, and with it
//! the variables of the function: then not even reference counting closes the connection.
//!
//! ## Bad
//!
//! ```python
//! # bad
//! import redis.asyncio as redis
//!
//!
//! async def count_visit(page: str) -> int:
//!     client = redis.from_url("redis://localhost")  #~ not-closed-on-error
//!     visits = await client.incr(page)
//!     await client.aclose()
//!     return visits
//! ```
//!
//! ## Good
//!
//! ```python
//! # good
//! import redis.asyncio as redis
//!
//!
//! async def count_visit(page: str) -> int:
//!     client = redis.from_url("redis://localhost")
//!     try:
//!         return await client.incr(page)
//!     finally:
//!         await client.aclose()
//! ```
//!
//! ## What counts as a release
//!
//! The same as for `never-closed`. On the way of an exception that is a release in `finally`, in an `except` that
//! catches this exception, or by a `with` around the operation. `except Exception` does not catch cancellation:
//! `asyncio.CancelledError` derives from `BaseException`.
//!
//! ## Known limits
//!
//! * That any call at all may raise is true and of little use: paths that need an exception from a plain call of
//!   unknown code are reported to the pedantic persona only, those that need one from the release itself not at
//!   all. `except ValueError` and its like do not count as handlers of what I/O raises.
//! * A client that connects when it is first used holds nothing before: an exception until then leaks nothing.
//! * The cancellation of a task at an `await` is reported to the pedantic persona only.
//! * Which calls do I/O is known for catalogued libraries and for functions of the same file that call them.
//!
//! ## Fix safety
//!
//! Putting the use into `try` and the release into `finally` is safe when the resource is not handed over on the
//! normal path. When it is (the function returns it), release it in `except BaseException:` and raise again. A
//! release that may raise itself can hide the first exception; Python keeps that as its `__context__`.

use super::{Draft, Rule, Subject};
use crate::catalog::schema::{OnDrop, ResourceKind};
use crate::finding::Persona;
use crate::flow::ExitKind;
use crate::ir::Tier;

pub const RULE: Rule = Rule {
    id: "not-closed-on-error",
    summary: "A connection stays open when an exception skips its release",
    source: include_str!("not_closed_on_error.rs"),
};

/// Only paths through an exception leave it open.
pub fn detect(subject: &Subject<'_>) -> Option<Draft> {
    if !subject.case.outcome.settled() {
        return None;
    }
    let likely = subject.leaks().filter(|leak| leak.kind != ExitKind::Cancel && leak.tier.is_some());
    let leak = likely.min_by_key(|leak| leak.tier);
    let cancelled = subject.leaks().find(|leak| leak.kind == ExitKind::Cancel);
    let leak = match (leak, cancelled) {
        (Some(leak), _) => leak,
        (None, Some(leak)) => leak,
        (None, None) => return None,
    };
    let mut draft = subject.draft(RULE.id, leak);
    draft.error_path = true;
    let unlikely = leak.kind == ExitKind::Cancel || leak.tier == Some(Tier::Any);
    // What the runtime closes when the exception has unwound the frame is a matter of taste; so is an HTTP client whose idle sockets
    // time out.
    let heals = subject.resource.on_drop == OnDrop::Closes
        || (subject.resource.on_drop == OnDrop::Heals && subject.resource.kind == ResourceKind::HttpClient);
    if unlikely || heals {
        draft.persona = Persona::Pedantic;
    }
    let how = if leak.kind == ExitKind::Cancel { "the task is cancelled" } else { "an exception is raised" };
    draft.message = format!("{} is not {} when {how}", subject.described(), subject.released());
    draft.label = "created here".to_owned();
    Some(draft)
}
