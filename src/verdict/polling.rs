//! Claims about what goes on by itself: loops and timers that ask too often, and those that nobody can stop.

use super::Claim;
use crate::checks::{Spoken, aggressive_polling, poll_loop_without_stop};
use crate::finding::Growth;
use crate::ir::ClassId;
use crate::summary::Summaries;
use crate::summary::entries::Entries;
use crate::summary::polling::Polling;
use crate::summary::starts::{Often, Starts};

/// All such claims of a program. `limit`: ticks a second that are not too often.
pub(super) fn claims(summaries: &Summaries<'_>, entries: &Entries<'_, '_>, limit: f64) -> Vec<Claim> {
    let program = summaries.resolved.program;
    // Most programs have nothing that could be meant.
    if !Polling::may_matter(summaries) {
        return Vec::new();
    }
    let polling = Polling::new(summaries);
    let starts = Starts::new(summaries, entries);
    let mut found: Vec<Spoken> = Vec::new();
    for func in program.func_ids() {
        found.extend(aggressive_polling::detect(&polling, &starts, func, limit));
        found.extend(poll_loop_without_stop::detect(&polling, &starts, func));
    }
    for class in (0..program.classes.len() as u32).map(ClassId) {
        found.extend(poll_loop_without_stop::detect_deaf(&polling, &starts, class));
    }
    let claim = |Spoken { draft, func, subject, symbol, often }| {
        let growth = match often {
            Often::Once => Growth::Once,
            Often::Call => Growth::Call,
            Often::Instance(_) => Growth::Instance,
            Often::Request => Growth::Request,
        };
        Claim { draft, func, subject, symbol, growth }
    };
    found.into_iter().map(claim).collect()
}
