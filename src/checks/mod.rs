//! The rules, one file each. A file's `//!` comment is the rule's documentation page.

pub mod close_not_awaited;
pub mod never_closed;
pub mod not_closed_on_error;
pub mod not_closed_on_every_path;
pub mod overwritten_while_open;
pub mod owner_never_closes;
pub mod with_does_not_close;

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
    &close_not_awaited::RULE,
    &never_closed::RULE,
    &not_closed_on_error::RULE,
    &not_closed_on_every_path::RULE,
    &overwritten_while_open::RULE,
    &owner_never_closes::RULE,
    &with_does_not_close::RULE,
];
