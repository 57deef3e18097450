//! Where code runs, and which modules a platform runs that does not keep the process.

use super::Summaries;
use super::entries::{Entries, Way};
use crate::catalog::schema::ServerKind;
use crate::catalog::schema::entry::Runs;
use crate::ir::{Callee, ModuleId, Name, Op, OpRef};
use rustc_hash::{FxHashMap, FxHashSet};
use std::collections::VecDeque;

/// A file that shows where code runs.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Shown {
    /// What it runs on, for people: `Vercel`.
    pub noun: String,
    pub runs: Runs,
    /// Where it is recommended to make clients outside of functions; may be empty.
    pub advised: Name,
    /// One instance serves several requests at a time.
    pub concurrent: bool,
    /// How requests are run, where it shows that.
    pub server: Option<ServerKind>,
    /// While people work on it, modules are loaded again in one process.
    pub reloads: bool,
    /// As shown to the user.
    pub path: Name,
    /// From 1.
    pub line: u32,
}

/// That a platform starts, suspends and throws away the processes that run a file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Reached {
    /// How it is entered.
    pub way: Way,
    /// The file that is entered; as shown to the user.
    pub entry: Name,
    /// What shows it; `None`: the way itself does.
    pub shown: Option<Shown>,
}

impl Reached {
    /// Where its code runs.
    pub fn runs(&self) -> Runs {
        self.shown.as_ref().map_or(self.way.runs, |shown| shown.runs)
    }

    /// Where it is recommended to make clients once per process; may be empty.
    pub fn advised(&self) -> &str {
        let way = self.way.advised.as_str();
        self.shown.as_ref().filter(|_| way.is_empty()).map_or(way, |shown| shown.advised.as_str())
    }

    /// What starts the processes, for people.
    pub fn platform(&self) -> &str {
        self.shown.as_ref().map_or("the platform", |shown| &shown.noun)
    }

    /// What was taken as evidence, as a sentence.
    pub fn evidence(&self) -> String {
        let entry = format!("`{}` loads it, with a function that runs for each {}", self.entry, self.way.noun);
        match &self.shown {
            Some(shown) => {
                format!("{entry}, and `{}:{}` shows that this runs on {}.", shown.path, shown.line, shown.noun)
            }
            None => format!("{entry}."),
        }
    }

    /// What is entered in this way in the file `entry` runs so, given what shows where its code runs, the nearest first. Where that is
    /// said in one directory for both, it is not known.
    pub fn new(way: Way, entry: Name, shown: &[Shown]) -> Option<Reached> {
        match way.runs {
            Runs::Server => None,
            Runs::Serverless | Runs::Edge => Some(Reached { way, entry, shown: None }),
            Runs::Anywhere => {
                let telling = || shown.iter().filter(|shown| shown.runs != Runs::Anywhere);
                let nearest = telling().next()?;
                let directory = |shown: &Shown| shown.path.rsplit_once('/').map_or(0, |(above, _)| above.len() + 1);
                let beside =
                    telling().any(|other| other.runs == Runs::Server && directory(other) == directory(nearest));
                let serverless = nearest.runs != Runs::Server && !beside;
                serverless.then(|| Reached { way, entry, shown: Some(nearest.clone()) })
            }
        }
    }
}

/// By module: that such a platform runs it. `of_file`: what is known of each from its name and place. The rest follows from what its code
/// says is entered, and from imports.
pub fn reached(
    summaries: &Summaries<'_>,
    entries: &Entries<'_, '_>,
    of_file: &dyn Fn(ModuleId) -> (Name, Vec<Shown>, Option<Reached>),
) -> FxHashMap<ModuleId, Reached> {
    let program = summaries.resolved.program;
    let mut out: FxHashMap<ModuleId, Reached> = FxHashMap::default();
    let mut pending: VecDeque<ModuleId> = VecDeque::new();
    let listening = listening(summaries);
    for (func, entered) in entries.all() {
        let module = program.module_of(func);
        if entered.way.runs == Runs::Anywhere && listening.contains(&module) {
            continue;
        }
        let (path, shown, _) = of_file(module);
        let found = Reached::new(entered.way.clone(), path, &shown).filter(|_| !out.contains_key(&module));
        if let Some(found) = found {
            out.insert(module, found);
            pending.push_back(module);
        }
    }
    let loads = if pending.is_empty() { Vec::new() } else { summaries.resolved.loads() };
    while let Some(module) = pending.pop_front() {
        let Some(reached) = out.get(&module).cloned() else { continue };
        for target in loads.get(module.index()).into_iter().flatten() {
            if !out.contains_key(target) {
                out.insert(*target, reached.clone());
                pending.push_back(*target);
            }
        }
    }
    for module in program.module_ids() {
        if let (_, _, Some(reached)) = of_file(module) {
            out.entry(module).or_insert(reached);
        }
    }
    out
}

/// The modules of programs that wait for clients by themselves: those that say so, and what they load.
fn listening(summaries: &Summaries<'_>) -> FxHashSet<ModuleId> {
    let resolved = summaries.resolved;
    let listens = |at: OpRef| match &resolved.program.op(at).op {
        Op::Call { callee: Callee::Method { name, .. }, .. } => resolved.language().listening.contains(name),
        _ => false,
    };
    let modules = resolved.calls().filter(|(at, _)| listens(*at)).map(|(at, _)| resolved.program.module_of(at.func));
    let mut found: FxHashSet<ModuleId> = modules.collect();
    let loads = if found.is_empty() { Vec::new() } else { resolved.loads() };
    let mut pending: Vec<ModuleId> = found.iter().copied().collect();
    while let Some(module) = pending.pop() {
        let loaded = loads.get(module.index()).into_iter().flatten().copied();
        pending.extend(loaded.filter(|target| found.insert(*target)));
    }
    found
}
