//! The rules, one file each. A file's `//!` comment is the rule's documentation page.
//!
//! A rule looks at one [`Subject`] - an acquisition with the outcome of following it - or at one owned field of a class, and drafts
//! what it has to say. Which draft is heard, how severe it is and who sees it is decided in [`crate::verdict`].

pub mod aggressive_polling;
pub mod client_per_call;
pub mod client_per_reload;
pub mod close_not_awaited;
pub mod connection_held_while_streaming;
pub mod duplicate_client;
pub mod interval_without_teardown;
pub mod job_retention;
pub mod never_closed;
pub mod not_closed_on_error;
pub mod not_closed_on_every_path;
pub mod overwritten_while_open;
pub mod owner_never_closed;
pub mod owner_never_closes;
pub mod poll_loop_without_stop;
pub mod serverless_singleton;
pub mod stream_without_disconnect_cleanup;
mod subject;
pub mod unbounded_stream;
pub mod with_does_not_close;

pub use subject::Subject;

use crate::finding::{Confidence, Persona, Severity, Step};
use crate::ir::{FuncId, Name, Span};
use crate::summary::starts::Often;

/// What a rule has to say about one case.
#[derive(Clone, Debug)]
pub struct Draft {
    pub rule: &'static str,
    /// Primary location.
    pub at: Span,
    pub message: String,
    pub label: String,
    /// The path, acquisition first.
    pub witness: Vec<Step>,
    pub related: Vec<Step>,
    /// Sentences that only this rule knows to say.
    pub notes: Vec<String>,
    pub help: String,
    /// Upper bounds: the verdict may lower the confidence and widen the persona further.
    pub confidence: Confidence,
    pub persona: Persona,
    /// It leaks only when something raises.
    pub error_path: bool,
    /// When how it grows says nothing about how bad it is.
    pub severity: Option<Severity>,
}

/// What a rule has to say about something that goes on by itself.
#[derive(Clone, Debug)]
pub struct Spoken {
    pub draft: Draft,
    /// The function that it is about.
    pub func: FuncId,
    /// What it is about, for people.
    pub subject: String,
    /// What it uses, by the name that the catalogue gives it.
    pub symbol: Name,
    /// How often it is started.
    pub often: Often,
}

/// In order of precedence: the first that has something to say about an acquisition speaks.
pub const PRECEDENCE: &[fn(&Subject<'_>) -> Option<Draft>] = &[
    with_does_not_close::detect,
    interval_without_teardown::detect,
    close_not_awaited::detect,
    never_closed::detect,
    owner_never_closed::detect,
    overwritten_while_open::detect,
    not_closed_on_every_path::detect,
    not_closed_on_error::detect,
];

/// What is known about a rule without running it.
pub struct Rule {
    /// Kebab-case; what users write in settings and see in reports.
    pub id: &'static str,
    /// One line: what it finds.
    pub summary: &'static str,
    /// The rule's own source file; its leading `//!` lines are the page.
    source: &'static str,
}

impl Rule {
    /// The documentation page, in Markdown.
    pub fn page(&self) -> String {
        let lines = self.source.lines().take_while(|l| l.starts_with("//!"));
        lines.map(|l| l.trim_start_matches("//!").strip_prefix(' ').unwrap_or("").to_owned() + "\n").collect()
    }
}

/// All rules, sorted by id.
pub const RULES: &[&Rule] = &[
    &aggressive_polling::RULE,
    &client_per_call::RULE,
    &client_per_reload::RULE,
    &close_not_awaited::RULE,
    &connection_held_while_streaming::RULE,
    &duplicate_client::RULE,
    &interval_without_teardown::RULE,
    &job_retention::RULE,
    &never_closed::RULE,
    &not_closed_on_error::RULE,
    &not_closed_on_every_path::RULE,
    &overwritten_while_open::RULE,
    &owner_never_closed::RULE,
    &owner_never_closes::RULE,
    &poll_loop_without_stop::RULE,
    &serverless_singleton::RULE,
    &stream_without_disconnect_cleanup::RULE,
    &unbounded_stream::RULE,
    &with_does_not_close::RULE,
];
