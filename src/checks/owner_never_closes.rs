//! # owner-never-closes
//!
//! ## What it does
//!
//! Reports a class that acquires a resource, stores it in an attribute, and has no method that releases it; also
//! when the class has a closer (`close`, `aclose`, `__exit__` ...) that releases another attribute and forgets
//! this one.
//!
//! The finding is at the store into the attribute. It is an **error** when a pool slot is lost for good, a
//! **warning** otherwise, and a **note** when there is one object for the life of the process (an instance made
//! at the top of the module, a class that keeps its only instance). A synchronous HTTP session that closes itself
//! together with its owner is for the pedantic persona, and so is everything in tests, examples and benchmarks.
//!
//! ## Why it matters in production
//!
//! Nobody who uses the class can do it right: there is nothing to call. Tests make an object each and leak a
//! connection each; an application that reloads its configuration or handles a tenant per object leaks one per
//! object. With asynchronous clients the first sign is `Unclosed client session` or `Event loop is closed` at
//! exit, the second a server out of connections.
//!
//! ## Bad
//!
//! ```python
//! # bad
//! import redis.asyncio as redis
//!
//!
//! class ItemCache:
//!     def __init__(self, url: str) -> None:
//!         self.client = redis.from_url(url)  #~ owner-never-closes
//!
//!     async def get(self, key: str):
//!         return await self.client.get(key)
//! ```
//!
//! ## Good
//!
//! ```python
//! # good
//! import redis.asyncio as redis
//!
//!
//! class ItemCache:
//!     def __init__(self, url: str) -> None:
//!         self.client = redis.from_url(url)
//!
//!     async def get(self, key: str):
//!         return await self.client.get(key)
//!
//!     async def aclose(self) -> None:
//!         await self.client.aclose()
//! ```
//!
//! Add `__aenter__` and `__aexit__`, so that users can write `async with`.
//!
//! ## What counts as a release
//!
//! * A method that releases the attribute, itself or through what it calls, also under a guard such as `if
//!   self.client is not None`.
//! * A loop over a container attribute that releases each element; a method that takes one out and releases it.
//! * A release scheduled at the store: `atexit.register`, an exit stack kept in the object.
//! * Releasing what it was made from, where that frees it: disconnecting the pool of a client.
//!
//! What the class did not acquire is not its own: a client passed to the constructor belongs to the caller. A
//! private method counts only if something calls it.
//!
//! ## Known limits
//!
//! * If a base class is neither in the project nor in the catalogue, it may release the attribute, and so may an
//!   unknown decorator of the class: such findings have low confidence and are hidden by default.
//! * Code outside of the class that releases the attribute (`cache.client.aclose()`), and a method that hands it
//!   on to another owner, are not seen: such a finding is a false alarm.
//! * Whether somebody calls the closer is what `owner-never-closed` asks.
//!
//! ## Fix safety
//!
//! Adding a closer changes nothing by itself; it must be called where objects of the class end. If the client may
//! come from outside (`client or from_url(url)`), close it only if it was made here.

use super::{Draft, Rule, Subject};
use crate::finding::{Confidence, Persona, Step, StepRole};
use crate::ir::{ClassId, FuncId, Name};
use crate::summary::class::OwnedField;
use crate::summary::{Case, Summaries};

pub const RULE: Rule = Rule {
    id: "owner-never-closes",
    summary: "A class keeps a connection in an attribute and has no method that closes it",
    source: include_str!("owner_never_closes.rs"),
};

/// A field is filled with something the class opened, and no closer of the class releases it.
pub fn detect(owned: &OwnedField, summaries: &Summaries<'_>, case: &Case) -> Option<Draft> {
    let skipped = !owned.skipped_by.is_empty() && !owned.released_by_closer;
    let half = half_closed(owned);
    if !owned.released_in.is_empty() && !skipped && owned.not_at_end.is_none() && half.is_none() {
        return None;
    }
    if summaries.regions.is_released_outside(summaries.resolved, owned.class, &owned.field) {
        return None;
    }
    let handed = case.outcome.handed.get(owned.store.2)?;
    let store = case.outcome.stores.iter().find(|(field, _)| *field == owned.field).map(|(_, span)| *span);
    let subject = Subject::new(summaries, case)?;
    let class = summaries.resolved.program.class(owned.class);
    let receiver = summaries.resolved.program.func(case.func).receiver.unwrap_or_default();
    let key = owned.key.as_ref().map(|key| format!(".{key}")).unwrap_or_default();
    let place = format!("{receiver}.{}{key}", owned.field);
    let name = |func: &FuncId| summaries.resolved.program.func(*func).name;
    let released = subject.released();
    let left_open = |class: &Name, closer: &FuncId| {
        format!("`{class}.{}` leaves the {} in `{place}` open", name(closer), subject.noun())
    };
    let message = match (owned.skipped_by.first().filter(|_| skipped), &half, &owned.not_at_end) {
        (Some(closer), _, _) => left_open(&class.name, closer),
        (None, Some((owner, closer, _)), _) => left_open(&summaries.resolved.program.class(*owner).name, closer),
        (None, None, Some(end)) if summaries.resolved.find_method(owned.class, end).is_none() => {
            let mut names: Vec<String> = owned.released_in.iter().map(|func| format!("`{}`", name(func))).collect();
            names.sort();
            names.dedup();
            format!(
                "the {} in `{place}` is {released} in {} only, and `{}` has no `{end}`",
                subject.noun(),
                names.join(" and "),
                class.name
            )
        }
        (None, None, Some(end)) => {
            format!("the {} in `{place}` of `{}` is not {released} in `{end}`", subject.noun(), class.name)
        }
        (None, None, None) => {
            format!("no method of `{}` {} the {} in `{place}`", class.name, subject.releases(), subject.noun())
        }
    };
    let mut related = Vec::new();
    if let Some((_, closer, what)) = &half {
        let span = summaries.resolved.program.func(*closer).name_span;
        related.push(Step { span, role: StepRole::Owner, text: format!("`{}` {what}", name(closer)) });
    }
    for closer in owned.idle_closers.iter().filter(|_| half.is_none()) {
        let span = summaries.resolved.program.func(*closer).name_span;
        related.push(Step { span, role: StepRole::Owner, text: format!("`{}` does not release it", name(closer)) });
    }
    let to_blame = half.as_ref().map(|(_, closer, _)| closer).or(owned.idle_closers.first());
    let help = match (to_blame, &owned.not_at_end) {
        (None, Some(end)) => format!("give `{}` a `{end}` that releases `{place}`", class.name),
        (Some(closer), _) => format!("release `{place}` in `{}`", name(closer)),
        (None, None) => {
            format!("give `{}` a method that releases `{place}`, and call it when the object is done", class.name)
        }
    };
    let confidence = if owned.open { Confidence::Low } else { Confidence::High };
    Some(Draft {
        rule: RULE.id,
        at: store.unwrap_or(case.token.span),
        message,
        label: format!("stored here and never {released}"),
        witness: handed.steps.clone(),
        related,
        notes: Vec::new(),
        help,
        confidence: confidence.min(case.token.confidence),
        persona: Persona::Regular,
        error_path: false,
        severity: None,
    })
}

/// A closer that is not all there is to closing: the class it is of, the method, and what is wrong with it.
fn half_closed(owned: &OwnedField) -> Option<(ClassId, FuncId, &'static str)> {
    let forgotten = owned
        .forgotten_by
        .map(|(class, closer)| (class, closer, "neither releases it nor calls the method it replaces"));
    forgotten.or(owned.idle_exit.map(|exit| (owned.class, exit, "does nothing")))
}
