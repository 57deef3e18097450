//! `unclosed explain RULE`: a rule's documentation page.

use super::{Failure, Outcome, output};
use crate::checks::RULES;
use crate::config::rule_parser;
use clap::Args;
use std::io::Write;

/// Tell what a rule finds, why it matters and how to fix it
#[derive(Args, Debug)]
pub(super) struct Explain {
    /// The rule's id, as reports show it; `unclosed rules` lists them
    #[arg(value_name = "RULE", value_parser = rule_parser(), hide_possible_values = true)]
    rule: String,
}

impl Explain {
    pub(super) fn run(self, stdout: &mut dyn Write) -> Result<Outcome, Failure> {
        let page = RULES.iter().find(|rule| rule.id == self.rule).map(|rule| rule.page()).unwrap_or_default();
        stdout.write_all(page.as_bytes()).map_err(output::stdout_failure)?;
        Ok(Outcome::Clean)
    }
}
