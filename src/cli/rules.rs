//! `unclosed rules`: what there is to find.

use super::{Failure, Outcome, output};
use crate::checks::RULES;
use clap::{Args, ValueEnum};
use std::io::{self, Write};

/// List the rules
#[derive(Args, Debug)]
pub(super) struct Rules {
    /// How to print the list
    #[arg(long, value_enum, value_name = "FORMAT", default_value = "text")]
    format: ListFormat,
}

#[derive(ValueEnum, Clone, Copy, Debug)]
enum ListFormat {
    /// A table
    Text,
    /// An array of objects with `id` and `summary`
    Json,
}

impl Rules {
    pub(super) fn run(self, stdout: &mut dyn Write) -> Result<Outcome, Failure> {
        match self.format {
            ListFormat::Text => table(stdout),
            ListFormat::Json => json(stdout),
        }
        .map_err(output::stdout_failure)?;
        Ok(Outcome::Clean)
    }
}

fn table(out: &mut dyn Write) -> io::Result<()> {
    let width = RULES.iter().map(|rule| rule.id.len()).max().unwrap_or(0);
    for rule in RULES {
        writeln!(out, "{}", format!("{:width$}  {}", rule.id, rule.summary).trim_end())?;
    }
    Ok(())
}

fn json(out: &mut dyn Write) -> io::Result<()> {
    let rules: Vec<_> =
        RULES.iter().map(|rule| serde_json::json!({ "id": rule.id, "summary": rule.summary })).collect();
    serde_json::to_writer_pretty(&mut *out, &rules)?;
    writeln!(out)
}
