//! # job-retention
//!
//! ## What it does
//!
//! Reports job queues that keep every finished job for ever: nothing in the program says when a finished job is
//! removed - not the queue's default options, not its workers, not the call that adds the job - and jobs are
//! added to it.
//!
//! ## Why it matters in production
//!
//! Nothing leaks a connection here, but the store fills up: 100,000 jobs a day of two kilobytes each are six
//! gigabytes a month. Redis then evicts what others need or refuses to write, every command on the queue's sets
//! takes longer, and whoever polls the state of jobs reads an ever longer history.
//!
//! ## Bad
//!
//! ```typescript
//! // bad
//! import { Queue } from 'bullmq';
//!
//! const imports = new Queue('imports', { connection: { host: 'redis' } }); //~ job-retention
//!
//! export async function enqueue(url: string): Promise<void> {
//!   await imports.add('import', { url });
//! }
//! ```
//!
//! ## Good
//!
//! ```typescript
//! // good
//! import { Queue } from 'bullmq';
//!
//! const imports = new Queue('imports', {
//!   connection: { host: 'redis' },
//!   defaultJobOptions: { removeOnComplete: { age: 600, count: 1000 }, removeOnFail: { age: 86400 } },
//! });
//!
//! export async function enqueue(url: string): Promise<void> {
//!   await imports.add('import', { url });
//! }
//! ```
//!
//! ## What counts as a bound
//!
//! * Any value of the options that the catalogue names, other than `false`: in the default options of the queue,
//!   in the options of a worker anywhere in the program, in those of the module that makes all queues.
//! * The same options in every call that adds a job.
//!
//! ## Known limits
//!
//! * Options that are not written as an object literal or as a constant of the file are taken to have a bound.
//! * A worker that bounds the retention counts for all queues of the program.
//! * Failed jobs are not asked about: many teams keep them on purpose.
//! * How long is too long is not judged; an age without a count keeps as many jobs as come in that time.
//!
//! ## Fix safety
//!
//! Whoever reads the result of a job later than the bound finds it gone. Look for code that asks for finished
//! jobs, and for dashboards.

use super::{Draft, Rule, Spoken};
use crate::finding::{Confidence, Persona, Severity, Step, StepRole};
use crate::summary::Summaries;
use crate::summary::retention::Retained;
use crate::summary::starts::Often;

pub const RULE: Rule = Rule {
    id: "job-retention",
    summary: "A job queue keeps every finished job for ever",
    source: include_str!("job_retention.rs"),
};

/// What is wrong with the queue.
pub fn detect(summaries: &Summaries<'_>, retained: &Retained<'_>) -> Spoken {
    let program = summaries.resolved.program;
    let at = program.op(retained.at).span;
    let options: Vec<String> = retained.symbol.options.iter().map(|option| format!("`{option}`")).collect();
    let options = options.join(" or ");
    let step = |span, role, text: String| Step { span, role, text };
    let added = program.op(retained.added).span;
    let draft = Draft {
        rule: RULE.id,
        at,
        message: format!("the queue keeps every finished job for ever: nothing sets {options}"),
        label: format!("made without {options}"),
        witness: vec![
            step(at, StepRole::Acquire, "the queue is set up here".to_owned()),
            step(added, StepRole::Evidence, "each job that is added here stays when it is done".to_owned()),
        ],
        related: Vec::new(),
        notes: vec![
            "Finished jobs stay in the store until something removes them: 100,000 a day of two kilobytes each are six gigabytes a month."
                .to_owned(),
        ],
        help: retained.symbol.advice.to_string(),
        confidence: Confidence::Medium,
        persona: Persona::Regular,
        error_path: false,
        severity: Some(Severity::Warning),
    };
    Spoken { draft, func: retained.at.func, subject: "job queue".to_owned(), symbol: retained.path, often: Often::Call }
}
