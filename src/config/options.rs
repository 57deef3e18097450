//! Options of a check, as written.

use crate::finding::{Persona, Severity};
use crate::report::Format;
use clap::builder::PossibleValuesParser;
use clap::{Args, ValueEnum};
use std::num::NonZeroUsize;
use std::path::PathBuf;

/// Options as written; what is absent was not written. The doc comments are the help texts.
#[derive(Args, Clone, Default, Debug)]
pub struct Options {
    /// How to print the report [default: text]
    #[arg(long, value_enum, value_name = "FORMAT", help_heading = "Output")]
    pub format: Option<OutputFormat>,

    /// Write the report to FILE instead of standard output
    #[arg(long, short, value_name = "FILE", help_heading = "Output")]
    pub output: Option<PathBuf>,

    /// When to use colour [default: auto]
    #[arg(long, value_enum, value_name = "WHEN", help_heading = "Output")]
    pub color: Option<ColorChoice>,

    /// Print what the run saw and how long it took, on standard error
    #[arg(long, help_heading = "Output")]
    pub stats: bool,

    /// Who reads the findings: wider personas see more, and more that is doubtful [default: regular]
    #[arg(long, value_enum, value_name = "PERSONA", help_heading = "What to report")]
    pub persona: Option<PersonaChoice>,

    /// Report these rules only; separate several by commas
    #[arg(
        long,
        value_name = "RULE",
        value_delimiter = ',',
        value_parser = rule_parser(),
        hide_possible_values = true,
        help_heading = "What to report"
    )]
    pub select: Vec<String>,

    /// How often a second a loop or timer may ask a store before that is reported as aggressive-polling [default: 1]
    #[arg(long, value_name = "N", value_parser = positive, help_heading = "What to report")]
    pub max_polls_per_second: Option<f64>,

    /// Exit with 1 if there are findings of this severity or above [default: warning]
    #[arg(long, value_enum, value_name = "SEVERITY", help_heading = "Exit code")]
    pub fail_level: Option<FailLevel>,

    /// Exit with 0 even if there are findings
    #[arg(long, help_heading = "Exit code")]
    pub exit_zero: bool,

    /// Threads to use [default: one per core]
    #[arg(long, value_name = "N", help_heading = "Running")]
    pub threads: Option<NonZeroUsize>,

    /// Analyse every function of every file, also where nothing can be found. Slower; the findings are the same
    #[arg(long, help_heading = "Running")]
    pub no_triage: bool,
}

fn positive(text: &str) -> Result<f64, String> {
    let number: f64 = text.parse().map_err(|_| "it is no number".to_owned())?;
    if number.is_finite() && number > 0.0 { Ok(number) } else { Err("it must be greater than 0".to_owned()) }
}

/// Accepts rule ids; for anything else it suggests near ones.
pub fn rule_parser() -> PossibleValuesParser {
    PossibleValuesParser::new(crate::checks::RULES.iter().map(|rule| rule.id))
}

#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
pub enum OutputFormat {
    /// Source excerpts with the path on which it leaks, for people
    Text,
    /// One line per finding: path:line:column: severity[rule] message
    Concise,
    /// For programs; the schema is versioned
    Json,
    /// SARIF 2.1.0, for code scanning
    Sarif,
}

impl From<OutputFormat> for Format {
    fn from(format: OutputFormat) -> Self {
        match format {
            OutputFormat::Text => Format::Text,
            OutputFormat::Concise => Format::Concise,
            OutputFormat::Json => Format::Json,
            OutputFormat::Sarif => Format::Sarif,
        }
    }
}

#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
pub enum ColorChoice {
    /// If standard output is a terminal and NO_COLOR is not set
    Auto,
    Always,
    Never,
}

#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
pub enum PersonaChoice {
    /// Leaks that are worth fixing now
    Regular,
    /// Also paths that need an unlikely exception, and resources that the runtime closes by itself
    Pedantic,
    /// Also what is only suspected
    Auditor,
}

impl From<PersonaChoice> for Persona {
    fn from(persona: PersonaChoice) -> Self {
        match persona {
            PersonaChoice::Regular => Persona::Regular,
            PersonaChoice::Pedantic => Persona::Pedantic,
            PersonaChoice::Auditor => Persona::Auditor,
        }
    }
}

#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
pub enum FailLevel {
    Note,
    Warning,
    Error,
}

impl From<FailLevel> for Severity {
    fn from(level: FailLevel) -> Self {
        match level {
            FailLevel::Note => Severity::Note,
            FailLevel::Warning => Severity::Warning,
            FailLevel::Error => Severity::Error,
        }
    }
}
