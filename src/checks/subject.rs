//! One acquisition and its outcome, with the words that rules use about it.

use super::Draft;
use crate::catalog::Resource;
use crate::catalog::schema::ResourceKind;
use crate::finding::{Confidence, Persona, Step, StepRole};
use crate::flow::{ExitKind, Leak, Start};
use crate::ir::{Op, Place, Root, Span, Tier};
use crate::summary::{Case, Demand, Summaries};

/// Calls quoted that only look like a release.
const MAX_NOT_RELEASES: usize = 2;

pub struct Subject<'a> {
    pub summaries: &'a Summaries<'a>,
    pub case: &'a Case,
    pub resource: &'a Resource,
    /// The first variable or attribute that holds it, as written.
    name: Option<String>,
}

impl<'a> Subject<'a> {
    /// `None` when the acquired thing is no resource of the catalogue.
    pub fn new(summaries: &'a Summaries<'a>, case: &'a Case) -> Option<Self> {
        let resource = summaries.resource(case.token.kind)?;
        let name = first_name(summaries, case);
        Some(Subject { summaries, case, resource, name })
    }

    pub fn noun(&self) -> &str {
        &self.resource.noun
    }

    /// Nothing in a program that is meant to end releases a thing of this kind, and it does not end before somebody does.
    pub fn keeps_program_alive(&self) -> bool {
        let ends = matches!(
            self.resource.kind,
            ResourceKind::Client | ResourceKind::Connection | ResourceKind::Pool | ResourceKind::Session
        );
        ends && self.resource.keeps_process_alive
            && self.summaries.regions.in_program(self.summaries.resolved, self.case.func)
            && !self.summaries.is_global_released(self.case.func, self.case.token.kind)
    }

    /// "Redis client `r`".
    pub fn described(&self) -> String {
        match &self.name {
            Some(name) => format!("{} `{name}`", self.resource.noun),
            None => self.resource.noun.clone(),
        }
    }

    /// The variable that holds it.
    pub fn variable(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// The variable outside of the function, which no code reads, that it is left in for good.
    pub fn forgotten_in(&self) -> Option<String> {
        self.summaries.forgotten_in(self.case)
    }

    /// The variable of a component that it is left in, when it is released on demand only.
    pub fn left_to_handlers(&self) -> Option<(String, Demand)> {
        self.summaries.left_to_handlers(self.case)
    }

    /// No variable or attribute holds it.
    pub fn is_unnamed(&self) -> bool {
        self.name.is_none()
    }

    fn goes_back(&self) -> bool {
        self.resource.kind == ResourceKind::Checkout
    }

    /// "closed", "returned to its pool".
    pub fn released(&self) -> &'static str {
        match self.resource.kind {
            ResourceKind::Checkout => "returned to its pool",
            ResourceKind::Timer => "cleared",
            _ => "closed",
        }
    }

    pub fn releases(&self) -> &'static str {
        match self.resource.kind {
            ResourceKind::Checkout => "gives back",
            ResourceKind::Timer => "clears",
            _ => "closes",
        }
    }

    pub fn to_release(&self) -> &'static str {
        match self.resource.kind {
            ResourceKind::Checkout => "give back",
            ResourceKind::Timer => "clear",
            _ => "close",
        }
    }

    /// "`await aclose()`"; `None` when it is released through something else.
    pub fn release_call(&self) -> Option<String> {
        if self.resource.kind == ResourceKind::Timer {
            // A function stops it, not a method.
            return None;
        }
        let release = self.resource.release.first()?;
        let (last, first) = release.steps.split_last()?;
        let mut out: String = first.iter().map(|step| format!("`{step}()` and ")).collect();
        out.push_str(&if release.awaited { format!("`await {last}()`") } else { format!("`{last}()`") });
        Some(out)
    }

    /// Leaks that were not shared with something unknown on the way first.
    pub fn leaks(&self) -> impl Iterator<Item = &'a Leak> {
        let leaks = &self.case.outcome.leaks;
        leaks.iter().filter(|leak| !leak.shared).chain(leaks.iter().filter(|leak| leak.shared))
    }

    /// The leak to show when every path leaks: a normal one if there is any.
    pub fn worst_leak(&self) -> Option<&'a Leak> {
        self.leaks().min_by_key(|leak| {
            let kind = match leak.kind {
                ExitKind::Normal => 0,
                ExitKind::Lost => 1,
                ExitKind::Raise => 2,
                ExitKind::Cancel => 3,
            };
            // That the very call which may take it over could raise says nothing.
            (leak.tier == Some(Tier::Any), leak.shared && !self.case.outcome.settled(), leak.tier.is_some(), kind)
        })
    }

    /// The path on which its name is given to another resource of the same kind while it is open; the next round of a loop that
    /// runs the same acquisition again is not meant.
    pub fn overwriting(&self) -> Option<&'a Leak> {
        self.leaks().filter(|leak| leak.kind == ExitKind::Lost && leak.tier != Some(Tier::Any)).find(|leak| {
            let (Some(lost), Start::Acquire { at, .. }) = (leak.lost_at, &self.case.token.start) else { return false };
            let resolved = self.summaries.resolved;
            let Op::Copy { src, .. } = &resolved.program.op(lost).op else { return false };
            let statement = resolved.program.op(lost).span;
            let again = lost.block == at.block && statement.contains(self.case.token.span);
            // The next round of its own loop overwrites it only when no round was meant to release it.
            let depth = resolved.program.func(lost.func).block(lost.block).loop_depth;
            let meant = self.case.outcome.settled() && self.case.outcome.released_depth < depth;
            (!again || meant) && resolved.type_of(self.case.func, src).iter().any(|ty| self.case.token.kind.is(ty))
        })
    }

    /// A draft with the witness of `leak`, to be given its words.
    pub fn draft(&self, rule: &'static str, leak: &Leak) -> Draft {
        let mut draft = self.bare_draft(rule);
        let mut witness = leak.steps.clone();
        let whole = self.summaries.resolved.program.described(self.case.func);
        let without = match self.release_call() {
            _ if self.goes_back() => "without giving it back".to_owned(),
            Some(call) => format!("without {call}"),
            None => "while it is open".to_owned(),
        };
        let text = match leak.kind {
            ExitKind::Normal => format!("{whole} is left here {without}"),
            ExitKind::Raise => format!("the exception leaves {whole} {without}"),
            ExitKind::Cancel => format!("the cancellation leaves {whole} {without}"),
            ExitKind::Lost => "the last name for it goes here".to_owned(),
        };
        witness.push(Step { span: leak.at, role: StepRole::Exit, text });
        draft.witness = witness;
        let mut confidence = self.case.token.confidence;
        if leak.shared && !self.case.outcome.settled() {
            confidence = Confidence::Low;
        } else if leak.shared {
            confidence = confidence.min(Confidence::Medium);
        }
        if self.case.outcome.capped {
            confidence = Confidence::Low;
        }
        draft.confidence = confidence;
        let program = self.summaries.resolved.program;
        draft.related.extend(self.case.outcome.partly.iter().map(|callback| Step {
            span: program.func(*callback).name_span,
            role: StepRole::Release,
            text: format!("this callback {} it only on some of its paths", self.releases()),
        }));
        draft
    }

    /// A draft about the acquisition alone, without a path, to be given its words.
    pub fn bare_draft(&self, rule: &'static str) -> Draft {
        let help = if self.resource.advice.is_empty() {
            match self.release_call() {
                Some(call) => format!("call {call} in a `finally` block, or use a scope that does"),
                None => "release it in a `finally` block".to_owned(),
            }
        } else {
            let page = self.summaries.resolved.is_of_page(self.summaries.resolved.program.module_of(self.case.func));
            match self.resource.advice_for_process.as_str() {
                advice if !page && !advice.is_empty() => format!("{}, or {advice}", self.resource.advice),
                _ => self.resource.advice.clone(),
            }
        };
        Draft {
            rule,
            at: self.case.token.span,
            message: String::new(),
            label: String::new(),
            witness: vec![Step {
                span: self.case.token.span,
                role: StepRole::Acquire,
                text: format!("{} created here", self.resource.noun),
            }],
            related: self.case.outcome.not_releases.iter().take(MAX_NOT_RELEASES).map(not_a_release).collect(),
            notes: Vec::new(),
            help,
            confidence: self.case.token.confidence,
            persona: Persona::Regular,
            error_path: false,
            severity: None,
        }
    }
}

fn not_a_release((span, why): &(Span, String)) -> Step {
    Step { span: *span, role: StepRole::Evidence, text: format!("no release: {why}") }
}

/// The variable or attribute that the acquisition is first stored in.
fn first_name(summaries: &Summaries<'_>, case: &Case) -> Option<String> {
    let function = summaries.resolved.program.func(case.func);
    let (at, proj) = match &case.token.start {
        Start::Acquire { at, proj, .. } => (at, proj),
        Start::Given { param, .. } => return function.place_name(&Place::root(Root::Param(*param))),
        Start::Place(_) => return None,
    };
    let block = function.block(at.block);
    let mut held: Place = *block.instrs.get(at.op as usize)?.op.dst()?;
    for proj in proj {
        held = held.project(*proj);
    }
    for instr in &block.instrs[at.op as usize..] {
        let next = match &instr.op {
            Op::Copy { dst, src, .. } | Op::Await { dst, src } => held.rebase(src, dst),
            Op::Enter { dst, manager, .. } if *manager == held => Some(*dst),
            _ => None,
        };
        if let Some(next) = next {
            held = next;
        }
        if let Some(name) = function.place_name(&held) {
            return Some(name);
        }
    }
    None
}
