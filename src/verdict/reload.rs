//! Claims about what a development server makes again with each change.

use super::{FileScope, decide_unleaked};
use crate::checks::{Subject, client_per_reload};
use crate::finding::{Finding, Growth};
use crate::ir::{FuncId, ModuleId, Place, Root};
use crate::summary::shared::{Site, lasting};
use crate::summary::{Case, Summaries};
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
    let meant = |case: &Case| program.is_top(case.func) && reloads(program.module_of(case.func)).is_some();
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
