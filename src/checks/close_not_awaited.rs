//! # close-not-awaited
//!
//! ## What it does
//!
//! Reports a resource whose only releases are calls of an asynchronous method that nobody awaits. In Python such
//! a call makes a coroutine and runs none of it: `client.aclose()` without `await` closes nothing.
//!
//! In JavaScript the call does run. Where it is the release on every path and nothing waits for it, that is a
//! **note** for the pedantic persona, at the call: a failure to close is nobody's, and the process or the test may
//! end first. `void client.quit()` says that this is meant.
//!
//! In Python the finding is at the acquisition, and marks the first call that has no effect. It is an **error** when a pool
//! slot is lost for good, or when a loop makes one per round and nothing ever closes them; a **warning** otherwise;
//! in tests, examples and benchmarks a **note** for the pedantic persona.
//!
//! ## Why it matters in production
//!
//! The code reads as if it closed. At run time there is one hint, `RuntimeWarning: coroutine ... was never
//! awaited`, on standard error, when the coroutine is collected; it raises nothing, it is often filtered, and it
//! does not name the connection that stays open. Upgrades bring it about as well: a library makes `close()`
//! asynchronous and every call without `await` turns into a leak.
//!
//! ## Bad
//!
//! ```python
//! # bad
//! import redis.asyncio as redis
//!
//!
//! async def read_item(key: str):
//!     client = redis.from_url("redis://localhost")  #~ close-not-awaited
//!     try:
//!         return await client.get(key)
//!     finally:
//!         client.aclose()
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
//!     client = redis.from_url("redis://localhost")
//!     try:
//!         return await client.get(key)
//!     finally:
//!         await client.aclose()
//! ```
//!
//! ## What counts as a release
//!
//! An asynchronous release counts when its coroutine is awaited, here or by whoever it is handed to:
//! `asyncio.gather`, `wait_for`, `shield`, `run`, `create_task`, an `AsyncExitStack`, a caller that gets it
//! returned. A coroutine that is assigned and then dropped does not count. Synchronous ways to close
//! (`terminate`, the `close` of some libraries) count as they are.
//!
//! ## Known limits
//!
//! * A task made of the release is taken to run. That the loop may stop before it does is not reported.
//! * If one path awaits the release and another one does not, the finding is `not-closed-on-every-path` or
//!   `not-closed-on-error`, at the path that does not.
//!
//! ## Fix safety
//!
//! Adding `await` is safe in an `async def`, with two things to know: the function is suspended there and can be
//! cancelled, and an exception of the release now reaches the caller. In a plain `def` it is not possible: make
//! the function asynchronous and await it in its callers, or hand the release to code that can.

use super::{Draft, Rule, Subject};
use crate::finding::{Persona, Severity, Step, StepRole};

pub const RULE: Rule = Rule {
    id: "close-not-awaited",
    summary: "The only release is an asynchronous call that is never awaited",
    source: include_str!("close_not_awaited.rs"),
};

/// It is released on every path, but a release that runs by itself is one that nobody waits for.
pub fn detect_unobserved(subject: &Subject<'_>) -> Option<Draft> {
    let outcome = &subject.case.outcome;
    if !outcome.leaks.is_empty() {
        return None;
    }
    let at = *outcome.unobserved.iter().min()?;
    let mut draft = subject.bare_draft(RULE.id);
    draft.at = at;
    draft.message = format!("nobody waits for the release of {}", subject.described());
    draft.label = "runs, but its failure is nobody's and the process may end first".to_owned();
    draft.help = "put `await` before the call, or `return` its promise".to_owned();
    draft.severity = Some(Severity::Note);
    draft.persona = Persona::Pedantic;
    Some(draft)
}

/// Every release of it is a coroutine that nobody awaits.
pub fn detect(subject: &Subject<'_>) -> Option<Draft> {
    let outcome = &subject.case.outcome;
    if outcome.settled() || outcome.unawaited.is_empty() {
        return None;
    }
    let leak = subject.worst_leak()?;
    let at = *outcome.unawaited.iter().min()?;
    let mut draft = subject.draft(RULE.id, leak);
    draft.message = format!("the release of {} is never awaited, so it does not happen", subject.described());
    draft.label = format!("{} made here", subject.noun());
    let text = "creates a coroutine and drops it: nothing is released".to_owned();
    draft.related.push(Step { span: at, role: StepRole::Release, text });
    draft.help = "put `await` before the call".to_owned();
    Some(draft)
}
