//! doc page

use super::{Draft, Rule, Subject};
use crate::finding::Persona;
use crate::flow::ExitKind;

pub const RULE: Rule = Rule { id: "never-closed", summary: "", source: include_str!("never_closed.rs") };

/// No path releases it, hands it over, or schedules its release.
pub fn detect(subject: &Subject<'_>) -> Option<Draft> {
    let outcome = &subject.case.outcome;
    if outcome.settled() || !outcome.unawaited.is_empty() || !outcome.idle_with.is_empty() {
        return None;
    }
    let leak = subject.worst_leak()?;
    let mut draft = subject.draft(RULE.id, leak);
    draft.message = format!("{} is never {}", subject.described(), subject.released());
    draft.label = "created here and never released".to_owned();
    if leak.kind != ExitKind::Normal && leak.kind != ExitKind::Lost {
        // A loop that only an exception ends: often as long as the process.
        draft.persona = Persona::Pedantic;
        draft.error_path = true;
    }
    Some(draft)
}
