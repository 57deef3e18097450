//! doc page

use super::{Draft, Rule, Subject};
use crate::finding::{Step, StepRole};

pub const RULE: Rule = Rule { id: "with-does-not-close", summary: "", source: include_str!("with_does_not_close.rs") };

/// A `with` over it is the only thing that looks like a release.
pub fn detect(subject: &Subject<'_>) -> Option<Draft> {
    let outcome = &subject.case.outcome;
    if outcome.settled() || outcome.idle_with.is_empty() {
        return None;
    }
    let leak = subject.worst_leak()?;
    let mut draft = subject.draft(RULE.id, leak);
    draft.message = format!("`with` does not {} {}", subject.to_release(), subject.described());
    draft.label = format!("{} made here", subject.noun());
    let at = *outcome.idle_with.iter().min()?;
    let text = "leaving this block ends the transaction and leaves the connection open".to_owned();
    draft.related.push(Step { span: at, role: StepRole::Evidence, text });
    Some(draft)
}
