//! doc page

use super::{Draft, Rule, Subject};
use crate::finding::{Confidence, Persona, Step, StepRole};
use crate::ir::FuncId;
use crate::summary::class::OwnedField;
use crate::summary::{Case, Summaries};

pub const RULE: Rule = Rule { id: "owner-never-closes", summary: "", source: include_str!("owner_never_closes.rs") };

/// A field is filled with something the class opened, and no closer of the class releases it.
pub fn detect(owned: &OwnedField, summaries: &Summaries<'_>, case: &Case) -> Option<Draft> {
    let skipped = !owned.skipped_by.is_empty() && !owned.released_by_closer;
    if !owned.released_in.is_empty() && !skipped {
        return None;
    }
    let handed = case.outcome.handed.get(owned.store.2)?;
    let subject = Subject::new(summaries, case)?;
    let class = summaries.resolved.module.class(owned.class);
    let receiver = summaries.resolved.module.func(case.func).receiver.clone().unwrap_or_default();
    let place = format!("{receiver}.{}", owned.field);
    let name = |func: &FuncId| summaries.resolved.module.func(*func).name.clone();
    let released = subject.released();
    let message = match owned.skipped_by.first().filter(|_| skipped) {
        Some(closer) => {
            format!("`{}.{}` leaves the {} in `{place}` open", class.name, name(closer), subject.noun())
        }
        None => format!("no method of `{}` {} the {} in `{place}`", class.name, subject.releases(), subject.noun()),
    };
    let mut related = Vec::new();
    for closer in &owned.idle_closers {
        let span = summaries.resolved.module.func(*closer).name_span;
        related.push(Step { span, role: StepRole::Owner, text: format!("`{}` does not release it", name(closer)) });
    }
    let help = match owned.idle_closers.first() {
        Some(closer) => format!("release `{place}` in `{}`", name(closer)),
        None => format!("give `{}` a method that releases `{place}`, and call it when the object is done", class.name),
    };
    let confidence = if owned.open { Confidence::Low } else { Confidence::High };
    Some(Draft {
        rule: RULE.id,
        at: case.token.span,
        message,
        label: format!("stored here and never {released}"),
        witness: handed.steps.clone(),
        related,
        notes: Vec::new(),
        help,
        confidence: confidence.min(case.token.confidence),
        persona: Persona::Regular,
        error_path: false,
    })
}
