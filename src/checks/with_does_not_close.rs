//! # with-does-not-close
//!
//! ## What it does
//!
//! Reports a resource whose only release seems to be a `with` block, when leaving that block does not close it.
//! With `psycopg2` and `sqlite3` connections, `with` ends a transaction (commit, or rollback on an exception) and
//! leaves the connection open; other libraries and versions do nothing at all there. In TypeScript and JavaScript
//! it is `using` or `await using` over something that has no dispose method: the program fails there, with the
//! resource open.
//!
//! The finding is at the acquisition. It is an **error** when a pool slot is lost for good, or when a loop makes
//! one per round and nothing ever closes them; a **warning** otherwise; in tests, examples and benchmarks a
//! **note** for the pedantic persona.
//!
//! ## Why it matters in production
//!
//! It is the one leak that looks like the cure. `with` closes files, sockets, locks, and the connections of most
//! libraries, so nobody looks twice. With `psycopg2` the connection is closed when its last reference goes, which
//! a stored exception or a global prevents; an `sqlite3` connection is part of a reference cycle and keeps its
//! file open until the cyclic collector runs, which on Windows makes deleting the file fail.
//!
//! ## Bad
//!
//! ```python
//! # bad
//! import psycopg2
//!
//!
//! def save(dsn: str, name: str) -> None:
//!     with psycopg2.connect(dsn) as conn:  #~ with-does-not-close
//!         with conn.cursor() as cursor:
//!             cursor.execute("INSERT INTO users (name) VALUES (%s)", (name,))
//! ```
//!
//! ```typescript
//! // bad
//! import { Pool } from "pg";
//!
//! export async function count(pool: Pool) {
//!   await using client = await pool.connect(); //~ with-does-not-close
//!   return client.query("SELECT count(*) FROM users");
//! }
//! ```
//!
//! ## Good
//!
//! ```python
//! # good
//! from contextlib import closing
//!
//! import psycopg2
//!
//!
//! def save(dsn: str, name: str) -> None:
//!     with closing(psycopg2.connect(dsn)) as conn, conn:
//!         with conn.cursor() as cursor:
//!             cursor.execute("INSERT INTO users (name) VALUES (%s)", (name,))
//! ```
//!
//! ```typescript
//! // good
//! import { Pool } from "pg";
//!
//! export async function count(pool: Pool) {
//!   const client = await pool.connect();
//!   try {
//!     return await client.query("SELECT count(*) FROM users");
//!   } finally {
//!     client.release();
//!   }
//! }
//! ```
//!
//! ## What counts as a release
//!
//! `close()` on every path, `contextlib.closing(...)`, or handing the connection to an owner. The `with` of a
//! *pool* or of a checkout is another matter: what it does is a fact of the catalogue, measured per library.
//!
//! ## Known limits
//!
//! * If the connection is also closed on some path, the finding is `not-closed-on-every-path` or
//!   `not-closed-on-error`.
//! * Versions differ: `redis` closes at the end of `with` since version 5, `PyMySQL` since 1.0. The catalogue
//!   describes current versions.
//!
//! ## Fix safety
//!
//! Keep the transaction: `with closing(connect()) as conn:` alone closes **without committing**, and the work is
//! lost. `with closing(connect()) as conn, conn:` commits first and closes then. Do not close a connection that
//! was borrowed from elsewhere, or that is used after the block.

use super::{Draft, Rule, Subject};
use crate::catalog::schema::With;
use crate::finding::{Step, StepRole};

pub const RULE: Rule = Rule {
    id: "with-does-not-close",
    summary: "The `with` or `using` that seems to close a connection does not",
    source: include_str!("with_does_not_close.rs"),
};

/// A `with` over it is the only thing that looks like a release.
pub fn detect(subject: &Subject<'_>) -> Option<Draft> {
    let outcome = &subject.case.outcome;
    if outcome.settled() || outcome.idle_with.is_empty() {
        return None;
    }
    let leak = subject.worst_leak()?;
    let mut draft = subject.draft(RULE.id, leak);
    let word = &subject.summaries.resolved.language().scope;
    draft.message = format!("`{word}` does not {} {}", subject.to_release(), subject.described());
    draft.label = format!("{} made here", subject.noun());
    let at = *outcome.idle_with.iter().min()?;
    let text = match subject.resource.with {
        With::EndsTransaction => "leaving this block ends the transaction and leaves the connection open",
        With::Unsupported => "it has nothing that could be called here: this fails, and leaves it open",
        With::Nothing | With::Releases => "leaving this block leaves it open",
    };
    let text = text.to_owned();
    draft.related.push(Step { span: at, role: StepRole::Evidence, text });
    Some(draft)
}
