//! Claims about what a development server makes again with each change.

use super::{FileScope, decide_unleaked};
use crate::catalog::schema::entry::EnteredBy;
use crate::checks::{Subject, client_per_reload};
use crate::finding::{Finding, Growth};
use crate::ir::{FuncId, ModuleId, Place, Root};
use crate::summary::shared::{Site, lasting};
use crate::summary::{Case, Summaries};
use rustc_hash::FxHashSet;
use std::rc::Rc;

/// All such findings of a program.
pub(super) fn judge_reloads(
    summaries: &Summaries<'_>,
    scopes: &[FileScope],
    all: &[(FuncId, Rc<Vec<Case>>)],
) -> Vec<Finding> {
    let program = summaries.resolved.program;
    let reloads = |module: ModuleId| {
        let scope = scopes.get(module.index()).filter(|scope| !scope.test && !scope.one_off)?;
        scope.shown.iter().find(|shown| shown.reloads)
    };
    // Such servers run languages in which the global object is what survives.
    if summaries.resolved.language().global_objects.is_empty() {
        return Vec::new();
    }
    let served = served(summaries, scopes);
    let meant = |case: &Case| {
        let module = program.module_of(case.func);
        program.is_top(case.func) && served.contains(&module) && reloads(module).is_some()
    };
    let finding = |site: &Site| {
        if keeps_globally(summaries, site.module) {
            return None;
        }
        let subject = Subject::new(summaries, site.of(all)?)?;
        let draft = client_per_reload::detect(&subject, &site.holder, reloads(site.module)?)?;
        decide_unleaked(&subject, draft, Growth::Once)
    };
    lasting(summaries, all, &meant).iter().filter_map(finding).collect()
}

/// The modules that the development server loads: those that it finds by their names, and what they import.
fn served(summaries: &Summaries<'_>, scopes: &[FileScope]) -> FxHashSet<ModuleId> {
    let found = |module: &ModuleId| {
        scopes.get(module.index()).is_some_and(|scope| {
            let routed = || scope.entered.iter().any(|e| matches!(e.way.by, EnteredBy::Request | EnteredBy::Render));
            !scope.test && !scope.one_off && scope.shown.iter().any(|shown| shown.reloads) && routed()
        })
    };
    let mut pending: Vec<ModuleId> = summaries.resolved.program.module_ids().filter(found).collect();
    let mut out: FxHashSet<ModuleId> = pending.iter().copied().collect();
    let loads = if pending.is_empty() { Vec::new() } else { summaries.resolved.loads() };
    while let Some(module) = pending.pop() {
        let loaded = loads.get(module.index()).into_iter().flatten();
        pending.extend(loaded.copied().filter(|target| out.insert(*target)));
    }
    out
}

/// Some code of the module mentions the object that has the global variables.
fn keeps_globally(summaries: &Summaries<'_>, module: ModuleId) -> bool {
    let resolved = summaries.resolved;
    let names = &resolved.language().global_objects;
    let mut found = false;
    let mut note = |place: &Place| found |= matches!(&place.root, Root::Global(name) if names.contains(name));
    for func in resolved.program.functions_of(module) {
        resolved.program.ops(func).for_each(|(_, instr)| instr.op.for_each_place(&mut note));
    }
    found
}
