//! The one wiring function: sources, catalogue and settings in, report out.
//! The command line, the editor, the fixtures and the benches all call it.

use crate::catalog::Catalog;
use crate::finding::{Persona, Report};
use crate::source::SourceFile;

/// What changes the answer.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Findings for a wider persona are held back and only counted.
    pub persona: Persona,
    /// Rule ids to report; empty: all.
    pub select: Vec<String>,
    /// Leave out files that cannot matter. Never changes an answer; off for the property test.
    pub triage: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Settings { persona: Persona::Regular, select: Vec::new(), triage: true }
    }
}

/// Analyses `sources`, which must be sorted by id. `progress` is told after each file, from any thread.
/// Runs on the current rayon pool, whose threads must have stacks of at least [`crate::lang::STACK_BYTES`].
pub fn analyse(
    _sources: &[SourceFile],
    _catalog: &Catalog,
    _settings: &Settings,
    _progress: &(dyn Fn() + Sync),
) -> Report {
    Report::default()
}
