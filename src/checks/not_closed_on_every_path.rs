//! doc page

use super::{Draft, Rule, Subject};
use crate::flow::ExitKind;

pub const RULE: Rule =
    Rule { id: "not-closed-on-every-path", summary: "", source: include_str!("not_closed_on_every_path.rs") };

/// Some path without an exception leaves it open, another one releases it.
pub fn detect(subject: &Subject<'_>) -> Option<Draft> {
    if !subject.case.outcome.settled() {
        return None;
    }
    let leak = subject.leaks().find(|leak| {
        matches!(leak.kind, ExitKind::Normal | ExitKind::Lost) && leak.tier.is_none()
    })?;
    let mut draft = subject.draft(RULE.id, leak);
    draft.message = format!("{} is not {} on every path", subject.described(), subject.released());
    draft.label = "created here".to_owned();
    Some(draft)
}
