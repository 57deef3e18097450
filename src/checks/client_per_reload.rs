//! # client-per-reload
//!
//! ## What it does
//!
//! Reports clients and pools that a module makes when it is loaded, in a project whose development server loads
//! modules again after each change: each time makes another one, and the old ones stay open.
//!
//! It is a **note** for the pedantic persona: nothing of it happens in production.
//!
//! ## Why it matters in production
//!
//! It does not, and yet it costs afternoons: after some dozens of edits the database on the developer's machine
//! refuses to connect, with an error in code that is right. A pool of ten is at the limit of a PostgreSQL server
//! after ten reloads.
//!
//! ## Bad
//!
//! The project asks for a framework whose development server loads modules again, in its `package.json`, and one of
//! its routes imports this.
//!
//! ```typescript
//! // bad
//! import { Pool } from 'pg';
//!
//! export const pool = new Pool({ connectionString: process.env.DATABASE_URL }); //~ client-per-reload
//! ```
//!
//! ## Good
//!
//! ```typescript
//! // good
//! import { Pool } from 'pg';
//!
//! const kept = globalThis as unknown as { pool?: Pool };
//!
//! export const pool = (kept.pool ??= new Pool({ connectionString: process.env.DATABASE_URL }));
//! ```
//!
//! ## What counts as a client that is kept
//!
//! Any mention of the global object (`globalThis`, `global`) in the module.
//!
//! ## What counts as loaded
//!
//! Files that the framework finds by their names - routes, pages - and what those import. Scripts, seeds and servers
//! of the project's own are started by hand, and end or start again as a whole.
//!
//! ## Known limits
//!
//! * Frameworks are known by the packages that a manifest above the file names. Whether the development server is
//!   used is not known.
//!
//! ## Fix safety
//!
//! What is kept on the global object outlives its settings: after a change of the address the development server
//! has to be started again.

use super::{Draft, Rule, Subject};
use crate::catalog::schema::ResourceKind;
use crate::finding::{Persona, Severity};
use crate::summary::deployed::Shown;

pub const RULE: Rule = Rule {
    id: "client-per-reload",
    summary: "A development server makes another client each time it loads a module again",
    source: include_str!("client_per_reload.rs"),
};

/// `holder` is the variable that keeps it; `shown` is what shows that modules are loaded again.
pub fn detect(subject: &Subject<'_>, holder: &str, shown: &Shown) -> Option<Draft> {
    if !matches!(subject.resource.kind, ResourceKind::Client | ResourceKind::Connection | ResourceKind::Pool) {
        return None;
    }
    let mut draft = subject.bare_draft(RULE.id);
    draft.message =
        format!("the development server makes another {} for `{holder}` each time it loads the module", subject.noun());
    draft.label = "one more after each change".to_owned();
    draft.severity = Some(Severity::Note);
    draft.persona = Persona::Pedantic;
    draft.notes.push(format!(
        "`{}:{}` names {}, whose development server loads changed modules again in one process. In production a module is loaded once.",
        shown.path, shown.line, shown.noun
    ));
    draft.help = format!("keep it on the global object: `globalThis.{holder} ??= ...`");
    Some(draft)
}
