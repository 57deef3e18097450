//! # overwritten-while-open
//!
//! ## What it does
//!
//! Reports an assignment to the variable that holds an open resource, where nothing else holds it: the old one
//! can never be released. Typical are a loop that opens in every round and closes once at the end, and a
//! reconnect that forgets the connection it replaces.
//!
//! The finding is at the assignment that overwrites, and its first step shows where the lost resource was
//! acquired. It is an **error** when a pool slot is lost for good, or when a loop makes one per round and nothing
//! ever closes them; a **warning** otherwise; in tests, examples and benchmarks a **note** for the pedantic persona.
//!
//! An attribute counts as well: a method that fills `self.client` anew, while what the constructor put there is
//! still open, is reported at its assignment.
//!
//! ## Why it matters in production
//!
//! Reconnect code runs when something is wrong already. If each attempt leaves the connection before it open, a
//! server that answers slowly soon has all its slots taken by the client that tries to reach it.
//!
//! ## Bad
//!
//! ```python
//! # bad
//! from psycopg2.pool import ThreadedConnectionPool
//!
//!
//! def archive(pool: ThreadedConnectionPool, tables: list[str]) -> None:
//!     conn = None
//!     for table in tables:
//!         conn = pool.getconn()  #~ overwritten-while-open
//!         with conn.cursor() as cursor:
//!             cursor.execute("CALL archive(%s)", (table,))
//!         conn.commit()
//!     pool.putconn(conn)
//! ```
//!
//! ## Good
//!
//! ```python
//! # good
//! from psycopg2.pool import ThreadedConnectionPool
//!
//!
//! def archive(pool: ThreadedConnectionPool, tables: list[str]) -> None:
//!     for table in tables:
//!         conn = pool.getconn()
//!         try:
//!             with conn.cursor() as cursor:
//!                 cursor.execute("CALL archive(%s)", (table,))
//!             conn.commit()
//!         finally:
//!             pool.putconn(conn)
//! ```
//!
//! ## What counts as a release
//!
//! The same as for `never-closed`, before the assignment. A resource that was put into a list, an attribute or
//! another variable before is not lost by the assignment, and neither is one that is known to be `None` or
//! closed.
//!
//! ## Known limits
//!
//! * When no path at all releases the lost resource, `never-closed` speaks, at its acquisition.
//! * An attribute that no constructor fills, only a method that may run twice (`self.conn = connect()`), is not
//!   reported: that it runs twice is not visible.
//! * If no closer releases the attribute either, `owner-never-closes` speaks.
//! * Overwriting through `setattr`, `globals()` or `exec` is not seen.
//!
//! ## Fix safety
//!
//! Releasing the old resource right before the assignment is safe when nobody else uses it. If another thread or
//! task may, swap first and release afterwards.

use super::{Draft, Rule, Subject};
use crate::finding::{Confidence, Step, StepRole};
use crate::summary::class::OwnedField;
use crate::summary::{Case, Summaries};

pub const RULE: Rule = Rule {
    id: "overwritten-while-open",
    summary: "The variable that holds an open connection is assigned again",
    source: include_str!("overwritten_while_open.rs"),
};

/// The only name for it is given to another value while it is open.
pub fn detect(subject: &Subject<'_>) -> Option<Draft> {
    let leak = subject.overwriting()?;
    let mut draft = subject.draft(RULE.id, leak);
    draft.at = leak.at;
    draft.message = format!("{} is overwritten while it is still open", subject.described());
    draft.label = "the open one is lost here".to_owned();
    Some(draft)
}

/// A method fills a field again while what a constructor put there is still open.
pub fn detect_field(owned: &OwnedField, summaries: &Summaries<'_>, case: &Case) -> Option<Draft> {
    let leak = owned.refilled.as_ref()?;
    let subject = Subject::new(summaries, case)?;
    let mut draft = subject.draft(RULE.id, leak);
    let method = summaries.resolved.program.func(owned.refilled_in?);
    let receiver = method.receiver.unwrap_or_default();
    draft.at = leak.at;
    draft.message = format!(
        "`{}` overwrites the {} in `{receiver}.{}` while it is still open",
        method.name,
        subject.noun(),
        owned.field
    );
    draft.label = "the open one is lost here".to_owned();
    let text = format!("{} stored by the constructor", subject.noun());
    draft.witness.insert(0, Step { span: case.token.span, role: StepRole::Acquire, text });
    if owned.open {
        draft.confidence = draft.confidence.min(Confidence::Medium);
    }
    Some(draft)
}
