//! doc page

use super::{Draft, Rule, Subject};
use crate::catalog::schema::OnDrop;
use crate::finding::Persona;
use crate::flow::ExitKind;
use crate::ir::Tier;

pub const RULE: Rule = Rule { id: "not-closed-on-error", summary: "", source: include_str!("not_closed_on_error.rs") };

/// Only paths through an exception leave it open.
pub fn detect(subject: &Subject<'_>) -> Option<Draft> {
    if !subject.case.outcome.settled() {
        return None;
    }
    let likely = subject.leaks().filter(|leak| leak.kind != ExitKind::Cancel && leak.tier.is_some());
    let leak = likely.min_by_key(|leak| leak.tier);
    let cancelled = subject.leaks().find(|leak| leak.kind == ExitKind::Cancel);
    let leak = match (leak, cancelled) {
        (Some(leak), _) => leak,
        (None, Some(leak)) => leak,
        (None, None) => return None,
    };
    let mut draft = subject.draft(RULE.id, leak);
    draft.error_path = true;
    let unlikely = leak.kind == ExitKind::Cancel || leak.tier == Some(Tier::Any);
    // What the runtime closes when the exception has unwound the frame is a matter of taste.
    if unlikely || subject.resource.on_drop == OnDrop::Closes {
        draft.persona = Persona::Pedantic;
    }
    let how = if leak.kind == ExitKind::Cancel { "the task is cancelled" } else { "an exception is raised" };
    draft.message = format!("{} is not {} when {how}", subject.described(), subject.released());
    draft.label = "created here".to_owned();
    Some(draft)
}
