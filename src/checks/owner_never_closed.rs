//! # owner-never-closed
//!
//! ## What it does
//!
//! Reports an object whose class keeps a resource open and has a method that releases it, when the function that
//! makes the object calls that method on no path, and hands the object to nobody who could. The class may be in
//! another file.
//!
//! The finding is at the construction. The duty goes up from class to class: a service that keeps such an object
//! is asked for a closer by `owner-never-closes`, and then whoever makes the service. After two classes it is too
//! far away to be believed.
//!
//! ## Why it matters in production
//!
//! The class did its part: there is a `close()`. Nobody calls it, so each object leaves its connections open as if
//! there were none. This is what remains when a leak was repaired in one place only: the closer was written, and
//! the shutdown of the application that must call it was forgotten.
//!
//! ## Bad
//!
//! ```python
//! # bad
//! import redis
//!
//!
//! class CookieStore:
//!     def __init__(self, url: str) -> None:
//!         self.client = redis.Redis.from_url(url)
//!
//!     def refresh(self, user: str) -> None:
//!         self.client.expire(user, 3600)
//!
//!     def close(self) -> None:
//!         self.client.close()
//!
//!
//! def refresh_all(url: str, users: list[str]) -> None:
//!     store = CookieStore(url)  #~ owner-never-closed
//!     for user in users:
//!         store.refresh(user)
//! ```
//!
//! ## Good
//!
//! ```python
//! # good
//! from contextlib import closing
//!
//! import redis
//!
//!
//! class CookieStore:
//!     def __init__(self, url: str) -> None:
//!         self.client = redis.Redis.from_url(url)
//!
//!     def refresh(self, user: str) -> None:
//!         self.client.expire(user, 3600)
//!
//!     def close(self) -> None:
//!         self.client.close()
//!
//!
//! def refresh_all(url: str, users: list[str]) -> None:
//!     with closing(CookieStore(url)) as store:
//!         for user in users:
//!             store.refresh(user)
//! ```
//!
//! ## What counts as a release
//!
//! * Any method of the class that releases what it keeps, whatever its name, and one that calls such a method.
//! * A scope (`with`, `async with`, `using`) when the class releases at its end; `closing`, an exit stack, a
//!   shutdown hook that is given the method or calls it.
//! * Handing the object over: returning it, storing it in a field, a global or a container, passing it to a
//!   constructor or to a function that keeps it.
//!
//! What was given to the constructor is not the object's own, and neither is an object that takes what it keeps
//! from its caller *or* makes it: such a call with arguments is left alone.
//!
//! ## Known limits
//!
//! * Objects made at the top of a module, and those that a container of dependencies makes, are not asked: they
//!   live as long as the process.
//! * What goes with the last reference to it, as a synchronous HTTP session does, puts no duty on those who keep it.
//!
//! ## Fix safety
//!
//! Calling the closer in a `finally` block is safe when the object does not leave the function.

use super::{Draft, Rule, Subject};
use crate::finding::{Confidence, Persona};
use crate::flow::ExitKind;

pub const RULE: Rule = Rule {
    id: "owner-never-closed",
    summary: "An object that keeps a connection open and can close it is never closed",
    source: include_str!("owner_never_closed.rs"),
};

/// No path calls a closer of the object, hands it over, or schedules that.
pub fn detect(subject: &Subject<'_>) -> Option<Draft> {
    let outcome = &subject.case.outcome;
    let kept = subject.case.token.because.first()?;
    if subject.case.token.kind.entry().is_some()
        || outcome.settled()
        || !outcome.unawaited.is_empty()
        || !outcome.idle_with.is_empty()
    {
        return None;
    }
    let leak = subject.worst_leak()?;
    if leak.kind == ExitKind::Lost && subject.overwriting().is_some() {
        return None;
    }
    let mut draft = subject.draft(RULE.id, leak);
    draft.message = format!("{} is never closed: {}", subject.described(), kept.text);
    draft.label = "made here and never closed".to_owned();
    draft.confidence = draft.confidence.min(Confidence::Medium);
    if leak.kind != ExitKind::Normal && leak.kind != ExitKind::Lost {
        draft.persona = Persona::Pedantic;
        draft.error_path = true;
    }
    Some(draft)
}
