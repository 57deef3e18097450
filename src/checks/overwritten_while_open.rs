//! doc page

use super::{Draft, Rule, Subject};
use crate::flow::ExitKind;

pub const RULE: Rule =
    Rule { id: "overwritten-while-open", summary: "", source: include_str!("overwritten_while_open.rs") };

/// The only name for it is given to another value while it is open.
pub fn detect(subject: &Subject<'_>) -> Option<Draft> {
    if !subject.case.outcome.settled() {
        return None;
    }
    let leak = subject.leaks().find(|leak| leak.kind == ExitKind::Lost && leak.tier.is_none())?;
    if !subject.is_reassigned(leak) {
        return None;
    }
    let mut draft = subject.draft(RULE.id, leak);
    draft.at = leak.at;
    draft.message = format!("{} is overwritten while it is still open", subject.described());
    draft.label = "the open one is lost here".to_owned();
    Some(draft)
}
