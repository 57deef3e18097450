//! # not-closed-on-every-path
//!
//! ## What it does
//!
//! Reports a resource that is released on some ways out of the function and left open on another one that needs
//! no exception: an early `return`, a `continue` or `break`, a branch without the release, or falling off the
//! end.
//!
//! The finding is at the acquisition, and its steps show the way that misses the release. It is an **error** when
//! a pool slot is lost for good, or when a loop makes one per round and nothing ever closes them; a **warning**
//! otherwise; in tests, examples and benchmarks a **note** for the pedantic persona.
//!
//! ## Why it matters in production
//!
//! The release is there, so a reader looks no further. What leaks is the branch that is rare in tests and common
//! in traffic: the cache hit, the missing row, the request without permission. The leak then grows with just that
//! kind of request, which makes it look like load.
//!
//! ## Bad
//!
//! ```python
//! # bad
//! import redis.asyncio as redis
//!
//!
//! async def renew(key: str):
//!     client = redis.from_url("redis://localhost")  #~ not-closed-on-every-path
//!     value = await client.get(key)
//!     if value is None:
//!         return None
//!     await client.expire(key, 60)
//!     await client.aclose()
//!     return value
//! ```
//!
//! ## Good
//!
//! ```python
//! # good
//! import redis.asyncio as redis
//!
//!
//! async def renew(key: str):
//!     client = redis.from_url("redis://localhost")
//!     try:
//!         value = await client.get(key)
//!         if value is None:
//!             return None
//!         await client.expire(key, 60)
//!         return value
//!     finally:
//!         await client.aclose()
//! ```
//!
//! ## What counts as a release
//!
//! The same as for `never-closed`: a release call, directly or in a called function; the end of a `with` that
//! closes; a scheduled release; a hand-over to an owner; the release of its parent. Each path needs one. A path
//! on which the resource is known to be `None`, or known to be closed, needs none.
//!
//! ## Known limits
//!
//! * Two tests of the same condition are only related when they test a variable that is not assigned in between,
//!   or the resource itself. `if flag(): open` and later `if flag(): close` are two unknown answers.
//! * A path that only exists because an exception is raised belongs to `not-closed-on-error`.
//! * In very branchy functions the analysis joins paths; what it then finds has low confidence and is hidden by
//!   default.
//!
//! ## Fix safety
//!
//! Moving the release into `finally`, or the use into `with`, is safe when nothing after the old place of the
//! release relied on the resource being open, and when no path hands it over: a resource that is returned must
//! not be closed.

use super::{Draft, Rule, Subject};
use crate::flow::ExitKind;

pub const RULE: Rule = Rule {
    id: "not-closed-on-every-path",
    summary: "A connection is released on some ways out of the function and left open on another",
    source: include_str!("not_closed_on_every_path.rs"),
};

/// Some path without an exception leaves it open, another one releases it.
pub fn detect(subject: &Subject<'_>) -> Option<Draft> {
    if !subject.case.outcome.settled() {
        return None;
    }
    let leak =
        subject.leaks().find(|leak| matches!(leak.kind, ExitKind::Normal | ExitKind::Lost) && leak.tier.is_none())?;
    let mut draft = subject.draft(RULE.id, leak);
    draft.message = format!("{} is not {} on every path", subject.described(), subject.released());
    draft.label = "created here".to_owned();
    Some(draft)
}
