//! doc page

use super::{Draft, Rule, Subject};
use crate::finding::{Step, StepRole};

pub const RULE: Rule = Rule { id: "close-not-awaited", summary: "", source: include_str!("close_not_awaited.rs") };

/// Every release of it is a coroutine that nobody awaits.
pub fn detect(subject: &Subject<'_>) -> Option<Draft> {
    let outcome = &subject.case.outcome;
    if outcome.settled() || outcome.unawaited.is_empty() {
        return None;
    }
    let leak = subject.worst_leak()?;
    let at = *outcome.unawaited.iter().min()?;
    let mut draft = subject.draft(RULE.id, leak);
    draft.message = format!("the release of {} is never awaited, so it does not happen", subject.described());
    draft.label = format!("{} made here", subject.noun());
    let text = "creates a coroutine and drops it: nothing is released".to_owned();
    draft.related.push(Step { span: at, role: StepRole::Release, text });
    draft.help = "put `await` before the call".to_owned();
    Some(draft)
}
