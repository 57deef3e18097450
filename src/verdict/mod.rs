//! How bad it is, who should see it, and which rule speaks when several could.

mod multiply;
mod polling;
mod reload;
mod scope;
mod serverless;
mod servers;
mod streams;
mod threads;

pub use scope::{FileScope, is_minified};
pub use servers::Hosting;

use crate::catalog::schema::{OnDrop, ResourceKind};
use crate::checks::{
    Draft, PRECEDENCE, Spoken, Subject, aggressive_polling, client_per_call, close_not_awaited, duplicate_client,
    interval_without_teardown, job_retention, never_closed, overwritten_while_open, owner_never_closed,
    owner_never_closes, poll_loop_without_stop, stream_without_disconnect_cleanup, unbounded_stream,
};
use crate::finding::{Confidence, Finding, Growth, Persona, Severity, Step, StepRole};
use crate::flow::{Kind, Start};
use crate::ir::{ClassId, FileId, FnKind, FuncId, ModuleId, Name, Span};
use crate::summary::ends::Ends;
use crate::summary::entries::Entries;
use crate::summary::once::Once;
use crate::summary::retention::retained;
use crate::summary::shared::duplicates;
use crate::summary::{Case, Summaries};
use multiply::Multiply;
use rustc_hash::{FxHashMap, FxHashSet};
use std::rc::Rc;

/// All findings of a program, unsorted, without fingerprints. `scopes`: of its modules, in their order. `polls_per_second`: how often a store
/// may be asked.
pub fn judge(summaries: &Summaries<'_>, scopes: &[FileScope], polls_per_second: f64) -> Vec<Finding> {
    let program = summaries.resolved.program;
    let all: Vec<(FuncId, Rc<Vec<Case>>)> = program.func_ids().map(|func| (func, summaries.cases(func))).collect();
    let of_file =
        |module: ModuleId| scopes.get(module.index()).filter(|scope| !scope.test).map(|scope| scope.entered.as_slice());
    let entries = Entries::new(summaries, &of_file);
    let counts = |module: ModuleId| scopes.get(module.index()).is_some_and(|scope| !scope.test);
    let once = Once::new(summaries, &entries, &counts);
    let (owners, kept) = judge_owners(summaries, scopes, &all, &once);
    let ends = Ends::new(summaries, &made_at_the_top(summaries, &all));
    let multiply = Multiply::new(summaries, &entries, scopes);
    let mut out = Vec::new();
    for (func, cases) in &all {
        let scope = &scopes[program.module_of(*func).index()];
        for case in cases.iter() {
            let growth = growth(summaries, case, scope);
            if program.is_per_instance(*func, case.token.span) {
                out.extend(judge_component(summaries, case, scope));
                continue;
            }
            if program.func(*func).kind == FnKind::Module || growth.is_none() {
                out.extend(judge_once(summaries, case, scope, &ends));
                continue;
            }
            let Some(subject) = Subject::new(summaries, case) else { continue };
            if goes_with_parent(&subject, cases) {
                continue;
            }
            let many = multiply.of(case, scope).filter(|_| !once.is_case(case));
            let Some(draft) = PRECEDENCE.iter().find_map(|detect| detect(&subject)) else {
                let draft = close_not_awaited::detect_unobserved(&subject);
                out.extend(draft.and_then(|draft| decide(&subject, draft, growth)));
                out.extend(many.and_then(|many| {
                    let draft = client_per_call::detect(&subject, &many.again, many.alike)?;
                    decide_unleaked(&subject, draft, many.growth(Growth::Call))
                }));
                continue;
            };
            let draft = match &many {
                Some(many) => many.spoken(&subject, draft),
                None => draft,
            };
            let growth = growth.map(|usual| many.as_ref().map_or(usual, |many| many.growth(usual)));
            let error_path = draft.error_path;
            // What starts once and runs from then on is as good as started at the top.
            let timer = subject.resource.kind == ResourceKind::Timer && matches!(growth, Some(Growth::Call));
            let growth = if timer && once.is_case(case) { Some(Growth::Once) } else { growth };
            let churn = draft.rule == client_per_call::RULE.id && client_per_call::goes_with_its_call(&subject);
            let finding = match (churn, growth) {
                (true, Some(growth)) => decide_unleaked(&subject, draft, growth),
                _ => decide(&subject, draft, growth),
            };
            // Nobody ever releases it: that it is not released on an error either goes without saying.
            let told = |persona| kept.get(&case.token.span).is_some_and(|owner| error_path && *owner <= persona);
            out.extend(finding.filter(|finding| !told(finding.persona)));
        }
    }
    drop_same_cause(&mut out);
    group_same_exit(&mut out);
    out.extend(owners);
    out.extend(judge_shared(summaries, scopes, &all));
    out.extend(reload::judge_reloads(summaries, scopes, &all));
    out.extend(serverless::judge_serverless(summaries, &entries, scopes, &all));
    let mut streams = streams::judge_streams(summaries, scopes, &all);
    streams.extend(streams::judge_departures(summaries, scopes, &all));
    out.extend(judge_claims(summaries, scopes, polling::claims(summaries, &entries, polls_per_second)));
    out.extend(judge_claims(summaries, scopes, retention_claims(summaries, &counts)));
    out.extend(judge_claims(summaries, scopes, threads::claims(summaries, &entries, scopes)));
    drop_told_by_streams(&mut out, &streams);
    // What uses a store in each round is said with that.
    let told = |again: &Finding| {
        out.iter().any(|finding| {
            finding.rule == poll_loop_without_stop::RULE.id
                && finding.persona <= again.persona
                && finding.witness.iter().any(|step| step.span == again.at)
        })
    };
    streams.extend(streams::judge_again(summaries, scopes).into_iter().filter(|again| !told(again)));
    out.extend(streams);
    hide_copies(&mut out, summaries, scopes);
    out
}

/// What is wrong with code that nobody writes here is for those who look at everything.
fn hide_copies(out: &mut [Finding], summaries: &Summaries<'_>, scopes: &[FileScope]) {
    let program = summaries.resolved.program;
    let modules = program.module_ids().filter(|module| scopes.get(module.index()).is_some_and(|scope| scope.copied));
    let files: FxHashSet<FileId> = modules.map(|module| program.part(module).file).collect();
    for finding in out.iter_mut().filter(|finding| files.contains(&finding.at.file)) {
        finding.persona = Persona::Auditor;
    }
}

/// What a stream leaves open when its client goes is said there, with the reason; so is that its loop never ends.
fn drop_told_by_streams(out: &mut Vec<Finding>, streams: &[Finding]) {
    let endless: Vec<&Finding> = streams.iter().filter(|finding| finding.rule == unbounded_stream::RULE.id).collect();
    let same_loop = |finding: &Finding| {
        finding.rule == poll_loop_without_stop::RULE.id
            && endless.iter().any(|other| {
                finding.witness.iter().any(|step| step.span.contains(other.at) || other.at.contains(step.span))
            })
    };
    out.retain(|finding| !same_loop(finding));
    let lost = streams.iter().filter(|finding| finding.rule == stream_without_disconnect_cleanup::RULE.id);
    let told: FxHashMap<Span, Persona> = lost.map(|finding| (finding.at, finding.persona)).collect();
    let same = |finding: &Finding| told.get(&finding.at).is_some_and(|persona| *persona <= finding.persona);
    out.retain(|finding| finding.rule == aggressive_polling::RULE.id || !same(finding));
}

/// What runs once per process lives as long as it, which is fine unless the process was to end or nothing needs it that long.
fn judge_once(summaries: &Summaries<'_>, case: &Case, scope: &FileScope, ends: &Ends) -> Option<Finding> {
    if scope.test || scope.one_off {
        return None;
    }
    let subject = Subject::new(summaries, case)?;
    let top = summaries.resolved.program.is_top(case.func);
    let draft = if top { interval_without_teardown::detect_at_top_level(&subject) } else { None };
    let draft = draft.or_else(|| never_closed::detect_in_program(&subject));
    let for_process = || {
        owner_never_closed::detect_for_process(&subject, ends).filter(|_| top && !ends_with_program(summaries, case))
    };
    decide(&subject, draft.or_else(for_process)?, Some(Growth::Once))
}

/// What runs for each component ends with it, if somebody sees to that.
fn judge_component(summaries: &Summaries<'_>, case: &Case, scope: &FileScope) -> Option<Finding> {
    let subject = Subject::new(summaries, case)?;
    let draft = interval_without_teardown::detect_in_component(&subject);
    let growth = if scope.test { Growth::Test } else { Growth::Instance };
    decide(&subject, draft.or_else(|| never_closed::detect_in_component(&subject))?, Some(growth))
}

/// The acquisition is in the part of a module that runs as a script.
fn ends_with_program(summaries: &Summaries<'_>, case: &Case) -> bool {
    let (Start::Acquire { at, .. } | Start::Given { call: at, .. }) = &case.token.start else { return true };
    summaries.resolved.program.func(at.func).block(at.block).script
}

/// The classes of which objects are made when modules are loaded, and which must be released.
fn made_at_the_top(summaries: &Summaries<'_>, all: &[(FuncId, Rc<Vec<Case>>)]) -> Vec<ClassId> {
    let top = all.iter().filter(|(func, _)| summaries.resolved.program.is_top(*func));
    let kinds = top.flat_map(|(_, cases)| cases.iter()).map(|case| case.token.kind);
    let mut classes: Vec<ClassId> =
        kinds.filter_map(|kind| if let Kind::Derived(class) = kind { Some(class) } else { None }).collect();
    classes.sort();
    classes.dedup();
    classes
}

/// Findings about what classes keep, and for each acquisition that `owner-never-closes` speaks of, who sees it.
fn judge_owners(
    summaries: &Summaries<'_>,
    scopes: &[FileScope],
    all: &[(FuncId, Rc<Vec<Case>>)],
    once: &Once<'_, '_>,
) -> (Vec<Finding>, FxHashMap<Span, Persona>) {
    let mut out = Vec::new();
    let mut kept = FxHashMap::default();
    let classes = (0..summaries.resolved.program.classes.len() as u32).map(ClassId);
    let owned: Vec<_> = classes.map(|class| summaries.owned(class)).collect();
    for owned in owned.iter().flat_map(|owned| owned.iter()) {
        // `all` has every function, in the order of their ids.
        let cases = all.get(owned.store.0.index()).map(|(_, cases)| cases);
        let Some(case) = cases.and_then(|cases| cases.get(owned.store.1)) else { continue };
        let Some(subject) = Subject::new(summaries, case) else { continue };
        let scope = &scopes[summaries.resolved.program.module_of(owned.store.0).index()];
        let single = match subject.resource.kind {
            ResourceKind::Timer => once.is_class(owned.class) || summaries.resolved.keeps_its_object(owned.class),
            _ => summaries.resolved.is_singleton(owned.class),
        };
        let growth = |usual| {
            Some(match (scope.test, single) {
                (true, _) => Growth::Test,
                (false, true) => Growth::Once,
                (false, false) => usual,
            })
        };
        let detect = match subject.resource.kind {
            ResourceKind::Timer => interval_without_teardown::detect_field,
            _ => owner_never_closes::detect,
        };
        if let Some(draft) = detect(owned, summaries, case) {
            let finding = decide(&subject, draft, growth(Growth::Instance));
            kept.extend(finding.as_ref().map(|finding| (case.token.span, finding.persona)));
            out.extend(finding);
        } else if let Some(draft) = overwritten_while_open::detect_field(owned, summaries, case) {
            out.extend(decide(&subject, draft, growth(Growth::Call)));
        }
    }
    (out, kept)
}

/// Findings about what a process has several of where one would do.
fn judge_shared(summaries: &Summaries<'_>, scopes: &[FileScope], all: &[(FuncId, Rc<Vec<Case>>)]) -> Vec<Finding> {
    let counts = |module: ModuleId| scopes.get(module.index()).is_some_and(|scope| !scope.test && !scope.one_off);
    let path = |module: ModuleId| scopes.get(module.index()).map(|scope| scope.path).unwrap_or_default();
    let groups = duplicates(summaries, all, &counts, &path);
    let findings = groups.iter().filter_map(|group| {
        let subject = Subject::new(summaries, group.sites.first()?.of(all)?)?;
        let home = scopes.get(group.home.index())?;
        let draft = duplicate_client::detect(&subject, group, all, &home.path)?;
        decide_unleaked(&subject, draft, Growth::Once)
    });
    findings.collect()
}

/// What it was made from is never released either, and releasing that would do: one defect, reported there.
fn goes_with_parent(subject: &Subject<'_>, cases: &[Case]) -> bool {
    let Some(parent) = subject.resource.parent.filter(|parent| parent.frees) else { return false };
    let Start::Acquire { parents, .. } = &subject.case.token.start else { return false };
    !parents.is_empty()
        && cases.iter().any(|case| {
            case.token.kind == Kind::Entry(parent.ty) && !case.outcome.settled() && !case.outcome.leaks.is_empty()
        })
}

/// One variable that is filled in several branches and leaks at one exit is one defect: the further places become related ones.
fn group_same_exit(findings: &mut Vec<Finding>) {
    let mut out: Vec<Finding> = Vec::new();
    let mut known: FxHashMap<(&'static str, String, String, Option<Span>), usize> = FxHashMap::default();
    for finding in findings.drain(..) {
        let exit = finding.witness.last().map(|step| step.span);
        let key = (finding.rule, finding.function.clone(), finding.subject.clone(), exit);
        match known.get(&key).filter(|_| finding.subject.contains('`')) {
            Some(first) => {
                let text = "the same variable is filled here".to_owned();
                out[*first].related.push(Step { span: finding.at, role: StepRole::Evidence, text });
            }
            None => {
                known.insert(key, out.len());
                out.push(finding);
            }
        }
    }
    *findings = out;
}

/// What is said to be lost at an overwrite is said there; a second finding about the value that overwrites it, lost at the same place in
/// the next round, has the same cause.
fn drop_same_cause(findings: &mut Vec<Finding>) {
    let mut seen = FxHashSet::default();
    findings.retain(|finding| finding.rule != overwritten_while_open::RULE.id || seen.insert(finding.at));
    let overwrites: Vec<Span> = findings
        .iter()
        .filter(|finding| finding.rule == overwritten_while_open::RULE.id)
        .map(|finding| finding.at)
        .collect();
    findings.retain(|finding| {
        finding.rule == overwritten_while_open::RULE.id
            || !finding.witness.last().is_some_and(|last| {
                last.role == StepRole::Exit && overwrites.contains(&last.span) && last.span.contains(finding.at)
            })
    });
}

/// Whether people who asked for `persona` want to see it.
pub fn is_for(finding: &Finding, persona: Persona) -> bool {
    finding.persona <= persona
}

/// How fast it grows; `None` when the process ends with the function.
fn growth(summaries: &Summaries<'_>, case: &Case, scope: &FileScope) -> Option<Growth> {
    let (Start::Acquire { at, .. } | Start::Given { call: at, .. }) = &case.token.start else { return None };
    let function = summaries.resolved.program.func(case.func);
    if summaries.resolved.program.func(at.func).block(at.block).loop_depth > 0 {
        return Some(if scope.test { Growth::Test } else { Growth::Iteration });
    }
    if summaries.regions.script_only.contains(&case.func) || scope.one_off {
        return None;
    }
    let single = function.class.is_some_and(|class| summaries.resolved.is_singleton(class));
    Some(match (scope.test, function.kind) {
        (true, _) => Growth::Test,
        (false, FnKind::Constructor) if single => Growth::Once,
        _ => Growth::Call,
    })
}

fn decide(subject: &Subject<'_>, draft: Draft, growth: Option<Growth>) -> Option<Finding> {
    let growth = growth?;
    let resource = subject.resource;
    let lost_slot = resource.kind == ResourceKind::Checkout && resource.on_drop != OnDrop::Closes;
    let grows = matches!(
        growth,
        Growth::Iteration
            | Growth::Request
            | Growth::Job
            | Growth::Invocation
            | Growth::Render
            | Growth::Tick
            | Growth::Subscriber
    );
    let heals = matches!(resource.on_drop, OnDrop::Closes | OnDrop::AtGc | OnDrop::Heals);
    let severity = draft.severity.unwrap_or(match growth {
        Growth::Once | Growth::Test => Severity::Note,
        _ if draft.error_path => Severity::Warning,
        _ if lost_slot || (grows && !heals) => Severity::Error,
        _ => Severity::Warning,
    });
    let mut persona = draft.persona;
    // A synchronous HTTP client that goes with its owner costs nobody a slot.
    let harmless = resource.kind == ResourceKind::HttpClient && !resource.r#async && resource.on_drop == OnDrop::Closes;
    if growth == Growth::Instance && harmless {
        persona = persona.max(Persona::Pedantic);
    }
    // As long as the process runs is how long such a timer is meant to run.
    if growth == Growth::Once && resource.kind == ResourceKind::Timer {
        persona = persona.max(Persona::Pedantic);
    }
    // Tests expect exceptions, patch what would connect and end soon; read findings there proved wrong as often as right.
    if growth == Growth::Test {
        persona = persona.max(Persona::Pedantic);
    }
    let function = subject.summaries.resolved.program.func(subject.case.func);
    // What is missing may release it: somebody is still typing.
    let cut = function.is_cut();
    let confidence = if cut { Confidence::Low } else { draft.confidence };
    if confidence == Confidence::Low {
        persona = Persona::Auditor;
    }
    let mut notes = draft.notes;
    notes.extend(growth_note(growth, subject));
    notes.extend(drop_note(resource.on_drop));
    if cut {
        notes.push("Not certain: the end of the function does not parse.".to_owned());
    } else if confidence == Confidence::Low {
        notes.push("Not certain: it is passed to code that cannot be followed and that may release it.".to_owned());
    }
    Some(Finding {
        rule: draft.rule,
        severity,
        confidence,
        persona,
        growth,
        at: draft.at,
        subject: subject.described(),
        message: draft.message,
        label: draft.label,
        witness: draft.witness,
        related: draft.related,
        notes,
        help: draft.help,
        symbol: subject.case.token.symbol.to_string(),
        function: function.qualname.to_string(),
        fingerprint: String::new(),
        held_back: None,
    })
}

/// Decides on a draft that is not about what is left open.
fn decide_unleaked(subject: &Subject<'_>, draft: Draft, growth: Growth) -> Option<Finding> {
    let notes = draft.notes.clone();
    Some(Finding { notes, ..decide(subject, draft, Some(growth))? })
}

/// A finding that is not about an acquisition.
#[derive(Clone, Debug)]
pub struct Claim {
    pub draft: Draft,
    /// The function that it is about.
    pub func: FuncId,
    /// What it is about, for people.
    pub subject: String,
    /// What it is about, by the name that the catalogue gives it.
    pub symbol: Name,
    pub growth: Growth,
}

/// Findings that are not about an acquisition.
fn judge_claims(summaries: &Summaries<'_>, scopes: &[FileScope], claims: Vec<Claim>) -> Vec<Finding> {
    let scope = |claim: &Claim| &scopes[summaries.resolved.program.module_of(claim.func).index()];
    claims.into_iter().filter_map(|claim| decide_claim(summaries, claim.clone(), scope(&claim))).collect()
}

/// That queues keep all jobs they have done.
fn retention_claims(summaries: &Summaries<'_>, counts: &dyn Fn(ModuleId) -> bool) -> Vec<Claim> {
    let found = retained(summaries, counts);
    let spoken = found.iter().map(|retained| job_retention::detect(summaries, retained));
    let claim =
        |Spoken { draft, func, subject, symbol, .. }| Claim { draft, func, subject, symbol, growth: Growth::Job };
    spoken.map(claim).collect()
}

/// Decides on a claim. What is only in tests and in programs that end anyway is no defect.
fn decide_claim(summaries: &Summaries<'_>, claim: Claim, scope: &FileScope) -> Option<Finding> {
    let function = summaries.resolved.program.func(claim.func);
    if scope.one_off {
        return None;
    }
    let Claim { draft, subject, symbol, growth, .. } = claim;
    let cut = function.is_cut();
    let confidence = if cut { Confidence::Low } else { draft.confidence };
    let persona = match (confidence, scope.test) {
        (Confidence::Low, _) => Persona::Auditor,
        (_, true) => draft.persona.max(Persona::Pedantic),
        (_, false) => draft.persona,
    };
    let growth = if scope.test { Growth::Test } else { growth };
    Some(Finding {
        rule: draft.rule,
        severity: if scope.test { Severity::Note } else { draft.severity.unwrap_or(Severity::Warning) },
        confidence,
        persona,
        growth,
        at: draft.at,
        subject,
        message: draft.message,
        label: draft.label,
        witness: draft.witness,
        related: draft.related,
        notes: draft.notes,
        help: draft.help,
        symbol: symbol.to_string(),
        function: function.qualname.to_string(),
        fingerprint: String::new(),
        held_back: None,
    })
}

fn growth_note(growth: Growth, subject: &Subject<'_>) -> Option<String> {
    let program = subject.summaries.resolved.program;
    let function = program.func(subject.case.func);
    Some(match growth {
        Growth::Iteration => "One more is left open in each round of the loop.".to_owned(),
        Growth::Call => {
            format!("One more is left open for each such call of {}.", program.described(subject.case.func))
        }
        Growth::Instance if function.kind == FnKind::Module => {
            "One more is left open for each such component.".to_owned()
        }
        Growth::Instance => "One more is left open for each object of the class.".to_owned(),
        Growth::Request => "One more is left open for each such request.".to_owned(),
        Growth::Job => "One more is left open for each such job.".to_owned(),
        Growth::Invocation => "One more is left open for each such invocation.".to_owned(),
        Growth::Render => "One more is left open each time the component is drawn.".to_owned(),
        Growth::Subscriber => "One more is left open for each such client.".to_owned(),
        Growth::Tick => "One more is left open at each tick.".to_owned(),
        Growth::Once => "It is one for the whole process: nothing closes it at shutdown.".to_owned(),
        Growth::Test => "It stays open until the process ends.".to_owned(),
        _ => return None,
    })
}

fn drop_note(on_drop: OnDrop) -> Option<String> {
    let text = match on_drop {
        OnDrop::Closes => {
            "The runtime closes it when the last reference goes; a kept exception, a log record or a cycle keeps it open."
        }
        OnDrop::AtGc => "It stays open until the garbage collector happens to run.",
        OnDrop::Heals => "It is freed by a timeout only.",
        OnDrop::Detaches => "It goes on in the background.",
        OnDrop::Leaks => "Nothing closes it before the process ends, also when nothing refers to it any more.",
        OnDrop::Unknown => return None,
    };
    Some(text.to_owned())
}
