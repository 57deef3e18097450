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
//! import redis.asyncio as redis
//!
//!
//! class CookieStore:
//!     def __init__(self, url: str) -> None:
//!         self.client = redis.Redis.from_url(url)
//!
//!     async def refresh(self, user: str) -> None:
//!         await self.client.expire(user, 3600)
//!
//!     async def aclose(self) -> None:
//!         await self.client.aclose()
//!
//!
//! async def refresh_all(url: str, users: list[str]) -> None:
//!     store = CookieStore(url)  #~ owner-never-closed
//!     for user in users:
//!         await store.refresh(user)
//! ```
//!
//! ## Good
//!
//! ```python
//! # good
//! from contextlib import aclosing
//!
//! import redis.asyncio as redis
//!
//!
//! class CookieStore:
//!     def __init__(self, url: str) -> None:
//!         self.client = redis.Redis.from_url(url)
//!
//!     async def refresh(self, user: str) -> None:
//!         await self.client.expire(user, 3600)
//!
//!     async def aclose(self) -> None:
//!         await self.client.aclose()
//!
//!
//! async def refresh_all(url: str, users: list[str]) -> None:
//!     async with aclosing(CookieStore(url)) as store:
//!         for user in users:
//!             await store.refresh(user)
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
//! * Objects that a container of dependencies makes are not asked about.
//! * An object made at the top of a module lives as long as the process. It is a **note**, and only if nothing in
//!   the program can reach one of its closers and nobody out of sight may have it: it is not passed on, not stored
//!   elsewhere, not exported by a module that nobody imports.
//! * What goes with the last reference to it, as a synchronous HTTP session does, puts no duty on those who keep it.
//!
//! ## Fix safety
//!
//! Calling the closer in a `finally` block is safe when the object does not leave the function.

use super::{Draft, Rule, Subject};
use crate::catalog::schema::Connects;
use crate::finding::{Confidence, Persona, Step, StepRole};
use crate::flow::{ExitKind, Kind, Owner};
use crate::ir::{FuncId, Name};
use crate::summary::ends::Ends;

pub const RULE: Rule = Rule {
    id: "owner-never-closed",
    summary: "An object that keeps a connection open and can close it is never closed",
    source: include_str!("owner_never_closed.rs"),
};

/// The object is made when its module is loaded and lives as long as the process; nothing in the program can reach a closer of it.
pub fn detect_for_process(subject: &Subject<'_>, ends: &Ends) -> Option<Draft> {
    let case = subject.case;
    let Kind::Derived(class) = case.token.kind else { return None };
    let elsewhere = case.outcome.handed.iter().any(|handed| handed.owner != Owner::Process);
    if elsewhere || !case.outcome.released.is_empty() || !case.outcome.deferred.is_empty() || !ends.never(class) {
        return None;
    }
    let resolved = subject.summaries.resolved;
    let module = resolved.program.module_of(case.func);
    let variable = subject.variable()?;
    // Those who import it may close it, if they are not in sight.
    let exported = resolved.program.part(module).exports.iter().any(|export| export.name == variable);
    let elsewhere = match resolved.language().exports_everything {
        true => !ends.is_used_in(class, module),
        false => exported,
    };
    let opened = subject.resource.connects == Connects::Eager || subject.resource.opens.is_empty();
    if (elsewhere && resolved.is_public(module)) || !(opened || ends.is_opened(class)) {
        return None;
    }
    let (closer, method) =
        closers(subject, class).into_iter().find(|(name, _)| resolved.language().closers.contains(name))?;
    let holder = &resolved.program.class(class).name;
    let kept = case.token.because.first()?;
    let mut draft = subject.bare_draft(RULE.id);
    draft.message = format!("`{holder}` has `{closer}()`, and nothing calls it: {}", kept.text);
    draft.label = "made here for the life of the process and never closed".to_owned();
    draft.witness = case.token.because.iter().cloned().chain(draft.witness).collect();
    let span = resolved.program.func(method).name_span;
    draft.related.push(Step { span, role: StepRole::Owner, text: format!("`{closer}` would close it") });
    draft.help = format!("call {} when the application shuts down", subject.release_call()?);
    draft.confidence = draft.confidence.min(Confidence::Medium);
    Some(draft)
}

/// The methods that release objects of the class, with their names.
fn closers(subject: &Subject<'_>, class: crate::ir::ClassId) -> Vec<(Name, FuncId)> {
    let is_step = |name: &Name| subject.resource.release.iter().any(|release| release.steps.contains(name));
    let mut methods = subject.summaries.resolved.methods(class);
    methods.retain(|(name, _)| is_step(name));
    methods.sort_by_key(|(_, method)| *method);
    methods
}

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
