//! # interval-without-teardown
//!
//! ## What it does
//!
//! Reports a repeating timer that nothing can stop: its handle is thrown away, or is kept where nobody clears it
//! on any path - in a local variable that dies, or in an attribute of a class none of whose methods clears it.
//!
//! It is a **warning**; an **error** when one more starts in each round of a loop; a **note** for the pedantic
//! persona where it certainly starts once and runs as long as the process or page - at the top level of a module, in
//! functions that only start-up code calls, in a callback that comes once (`ready`, `once`), in the only object of a
//! class, behind a flag that is set beside it and never taken back - and in tests and examples.
//!
//! ## Why it matters in production
//!
//! An interval keeps everything alive that its callback captures - a response, a socket, a client - and goes on
//! firing when the request, the component or the service that started it is long gone. A heartbeat on a stream
//! writes to closed responses for ever; a poll goes on asking the database once per lost user. It also keeps the
//! process from ending.
//!
//! ## Bad
//!
//! ```typescript
//! // bad
//! import type { Response } from "express";
//!
//! export function stream(res: Response) {
//!   setInterval(() => res.write(": keep-alive\n\n"), 15_000); //~ interval-without-teardown
//! }
//! ```
//!
//! ```typescript
//! // bad
//! export class Metrics {
//!   private timer?: NodeJS.Timeout;
//!
//!   start(collect: () => void) {
//!     this.timer = setInterval(collect, 60_000); //~ interval-without-teardown
//!   }
//! }
//! ```
//!
//! ## Good
//!
//! ```typescript
//! // good
//! import type { Response } from "express";
//!
//! export function stream(res: Response) {
//!   const ping = setInterval(() => res.write(": keep-alive\n\n"), 15_000);
//!   res.on("close", () => clearInterval(ping));
//! }
//! ```
//!
//! ```typescript
//! // good
//! export function collectForever(collect: () => void) {
//!   setInterval(collect, 60_000).unref();
//! }
//! ```
//!
//! ## What counts as a teardown
//!
//! * `clearInterval` on the handle: here, in a function or method of the project, in a closure that is returned,
//!   registered for an event or given away, or in the interval's own callback (it stops itself).
//! * `.unref()`: the timer is meant to run as long as the process does, and does not keep it from ending.
//! * Giving the handle to somebody else: returning it, storing it in an object, a global or a container that lives
//!   on, passing it to a function.
//!
//! None of these: a listener for an event that a client's departure does not cause (`finish` of a response, `aborted` and
//! `end` of a request), a cleanup that an `async` effect returns, a variable that no code reads, and in a component
//! a handler of the user's (`onClick`).
//!
//! ## Known limits
//!
//! * Whether the event in whose handler it is cleared ever comes, and whether somebody calls the method that
//!   clears it, is not asked.
//! * A handle in a field is cleared by a base class in another file: such findings have low confidence.
//!
//! ## Fix safety
//!
//! Clearing an interval is always safe, twice as well. Clear it where the thing ends that the callback works for:
//! `res.on("close", ...)`, the function that an effect returns, a `close()` of the class.

use super::{Draft, Rule, Subject, owner_never_closes};
use crate::catalog::schema::ResourceKind;
use crate::finding::Persona;
use crate::flow::ExitKind;
use crate::summary::class::OwnedField;
use crate::summary::{Case, Demand, Summaries};

pub const RULE: Rule = Rule {
    id: "interval-without-teardown",
    summary: "A repeating timer is started that nothing can stop",
    source: include_str!("interval_without_teardown.rs"),
};

/// No path clears it or gives its handle away.
pub fn detect(subject: &Subject<'_>) -> Option<Draft> {
    let outcome = &subject.case.outcome;
    if subject.resource.kind != ResourceKind::Timer {
        return None;
    }
    if outcome.settled() {
        return forgotten(subject);
    }
    let leak = subject.worst_leak()?;
    let mut draft = subject.draft(RULE.id, leak);
    let dropped = leak.kind == ExitKind::Lost || subject.is_unnamed();
    draft.message = match dropped {
        true => format!("the handle of this {} is thrown away, so nothing can stop it", subject.noun()),
        false => format!("{} is never cleared", subject.described()),
    };
    draft.label = "started here and never stopped".to_owned();
    if leak.kind == ExitKind::Raise {
        // The function ends with an exception only: most likely it is what the program does.
        draft.persona = Persona::Pedantic;
    }
    Some(draft)
}

/// A variable of a function around holds it, or one of the module, and nobody reads that.
fn forgotten(subject: &Subject<'_>) -> Option<Draft> {
    let mut draft = subject.bare_draft(RULE.id);
    draft.message = if let Some(variable) = subject.forgotten_in() {
        format!("the {} in `{variable}` is never cleared: no code reads the variable", subject.noun())
    } else {
        let (variable, demand) = subject.left_to_handlers()?;
        let when = match demand {
            Demand::User => "by a handler only",
            Demand::Next => "only when the next one starts",
        };
        format!("the {} in `{variable}` is cleared {when}, and goes on when the component is gone", subject.noun())
    };
    draft.label = "started here and never stopped".to_owned();
    Some(draft)
}

/// At the top level of a component it starts with each one, and goes on when that is gone.
pub fn detect_in_component(subject: &Subject<'_>) -> Option<Draft> {
    if subject.resource.kind != ResourceKind::Timer {
        return None;
    }
    if subject.case.outcome.settled() {
        return forgotten(subject);
    }
    let mut draft = subject.bare_draft(RULE.id);
    draft.message = format!("the handle of this {} is thrown away, so nothing can stop it", subject.noun());
    draft.label = "started with each component and never stopped".to_owned();
    Some(draft)
}

/// A field of a class holds it, and no method clears it.
pub fn detect_field(owned: &OwnedField, summaries: &Summaries<'_>, case: &Case) -> Option<Draft> {
    let draft = owner_never_closes::detect(owned, summaries, case)?;
    Some(Draft { rule: RULE.id, label: "stored here and never cleared".to_owned(), ..draft })
}

/// At the top level of a module nobody keeps its handle.
pub fn detect_at_top_level(subject: &Subject<'_>) -> Option<Draft> {
    if subject.resource.kind != ResourceKind::Timer || subject.case.outcome.settled() {
        return None;
    }
    let mut draft = subject.bare_draft(RULE.id);
    draft.message = format!("this {} starts when the module is loaded, and nothing can stop it", subject.noun());
    draft.label = "started here and never stopped".to_owned();
    Some(draft)
}
