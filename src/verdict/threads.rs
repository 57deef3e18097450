//! Claims about connections that stay open because nobody looks after the thread that they are for.

use super::{Claim, FileScope};
use crate::catalog::schema::{Invocation, ThreadKind};
use crate::checks::thread_keeps_connection;
use crate::finding::{Growth, Step, StepRole};
use crate::ir::FuncId;
use crate::ir::loops::loops;
use crate::summary::Summaries;
use crate::summary::entries::Entries;
use crate::summary::starts::{Often, Starts};
use crate::summary::threads::{Started, Threads};
use rustc_hash::FxHashMap;

/// Further places that start the same function which a finding lists.
const MAX_RELATED: usize = 5;

/// All such claims of a program, one for each function that threads run.
pub(super) fn claims(summaries: &Summaries<'_>, entries: &Entries<'_, '_>, scopes: &[FileScope]) -> Vec<Claim> {
    let Some(threads) = Threads::new(summaries) else { return Vec::new() };
    let program = summaries.resolved.program;
    let mut by_target: FxHashMap<FuncId, Vec<Started<'_>>> = FxHashMap::default();
    for started in threads.started() {
        by_target.entry(started.target).or_default().push(started);
    }
    let mut found: Vec<_> =
        by_target.into_iter().filter_map(|(target, starts)| Some((threads.kept(target)?, starts))).collect();
    if found.is_empty() {
        return Vec::new();
    }
    found.sort_by_key(|(_, starts)| starts.first().map(|started| started.at));
    let often = Starts::new(summaries, entries);
    let mut out = Vec::new();
    for (kept, mut starts) in found {
        let in_tests = |started: &Started<'_>| scopes[program.module_of(started.at.func).index()].test;
        starts.sort_by_key(|started| (in_tests(started), started.thread, started.at));
        let growth = |started: &Started<'_>| {
            let function = program.func(started.at.func);
            let again = || {
                function.block(started.at.block).loop_depth > 0
                    && loops(function, &summaries.resolved.language().exhaustion)
                        .iter()
                        .any(|found| found.is_endless() && found.contains(started.at.block))
            };
            // No thread of the pool ever keeps more than one, and none that is old.
            if started.thread == ThreadKind::Pool && !started.pool.per_call && kept.cleared {
                return None;
            }
            match often.often(started.home) {
                _ if started.symbol.how == Some(Invocation::LaterMany) => Some(Growth::Tick),
                Often::Once if again() => Some(Growth::Iteration),
                Often::Once if often.is_callback(started.home) => Some(Growth::Call),
                // A program that ends, or something that there is one of.
                Often::Once => None,
                Often::Request => Some(Growth::Request),
                Often::Instance(_) => Some(Growth::Instance),
                Often::Call => Some(Growth::Call),
            }
        };
        let Some((started, growth)) = starts.iter().find_map(|started| Some((started, growth(started)?))) else {
            continue;
        };
        let mut draft = thread_keeps_connection::detect(summaries, started, &kept, growth);
        let others = starts.iter().filter(|other| other.at != started.at && !in_tests(other)).take(MAX_RELATED);
        draft.related.extend(others.map(|other| Step {
            span: program.op(other.at).span,
            role: StepRole::Evidence,
            text: "started here as well".to_owned(),
        }));
        let subject = "database connection of the thread".to_owned();
        out.push(Claim { draft, func: started.home, subject, symbol: started.name, growth });
    }
    out
}
