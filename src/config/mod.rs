//! From options as written to final settings.
//!
//! Options are written on the command line only. Whatever else may set them later yields the same [`Options`], and
//! [`Final::from_options`] is the one place that knows the defaults.

mod options;

pub use options::{ColorChoice, FailLevel, Options, OutputFormat, PersonaChoice, rule_parser};

use crate::analysis::Settings;
use crate::finding::Severity;
use crate::report::Format;
use std::num::NonZeroUsize;
use std::path::PathBuf;

/// Everything a run needs to know, with nothing left open.
#[derive(Clone, Debug)]
pub struct Final {
    /// What changes the answer.
    pub analysis: Settings,
    pub format: Format,
    pub color: ColorChoice,
    /// Where the report goes; standard output if absent.
    pub output: Option<PathBuf>,
    /// The least severity that makes the run fail; `None`: findings never do.
    pub fail_level: Option<Severity>,
    pub stats: bool,
    pub threads: NonZeroUsize,
}

impl Final {
    /// Fills in the defaults.
    pub fn from_options(options: Options) -> Self {
        let persona = options.persona.unwrap_or(PersonaChoice::Regular).into();
        let fail_level = options.fail_level.unwrap_or(FailLevel::Warning).into();
        Final {
            analysis: Settings {
                persona,
                select: options.select,
                triage: !options.no_triage,
                polls_per_second: options.max_polls_per_second.unwrap_or(Settings::default().polls_per_second),
            },
            format: options.format.unwrap_or(OutputFormat::Text).into(),
            color: options.color.unwrap_or(ColorChoice::Auto),
            output: options.output,
            fail_level: (!options.exit_zero).then_some(fail_level),
            stats: options.stats,
            threads: options.threads.or_else(|| std::thread::available_parallelism().ok()).unwrap_or(NonZeroUsize::MIN),
        }
    }
}
