//! Text form of summaries: `unclosed dump --summaries`.

use super::Summaries;
use crate::flow::{ExitKind, Outcome, Owner};
use crate::ir::ClassId;
use std::fmt::Write;

impl Summaries<'_> {
    /// Per function its acquisitions and what becomes of them, then per class the owned fields and who releases them.
    /// With `only`, the functions of that name or qualified name.
    pub fn print(&self, only: Option<&str>) -> String {
        let program = self.resolved.program;
        let mut out = String::new();
        let all: Vec<_> = program.func_ids().map(|func| (func, self.cases(func))).collect();
        for (func, cases) in &all {
            if only.is_some_and(|only| !program.func(*func).is_called(only)) {
                continue;
            }
            let _ = writeln!(out, "fn {}", program.func(*func).qualname);
            for case in cases.iter() {
                let id = self.symbol(case.token.kind);
                let _ = writeln!(out, "  acquires {id} by {}", case.token.symbol);
                for line in outcome_lines(&case.outcome) {
                    let _ = writeln!(out, "    {line}");
                }
            }
        }
        if only.is_some() {
            return out;
        }
        let classes = (0..program.classes.len() as u32).map(ClassId);
        let owned: Vec<_> = classes.map(|class| self.owned(class)).collect();
        for owned in owned.iter().flat_map(|owned| owned.iter()) {
            let names = |funcs: &[crate::ir::FuncId]| {
                let names: Vec<&str> = funcs.iter().map(|func| program.func(*func).name.as_str()).collect();
                if names.is_empty() { "nobody".to_owned() } else { names.join(", ") }
            };
            let class = &program.class(owned.class).qualname;
            let id = self.symbol(owned.kind);
            let _ = writeln!(out, "field {class}.{} owns {id}, released in {}", owned.field, names(&owned.released_in));
        }
        out
    }
}

fn outcome_lines(outcome: &Outcome) -> Vec<String> {
    let mut out = Vec::new();
    for leak in &outcome.leaks {
        let kind = match leak.kind {
            ExitKind::Normal => "at a normal exit",
            ExitKind::Raise => "when it raises",
            ExitKind::Cancel => "when it is cancelled",
            ExitKind::Lost => "when its last name goes",
        };
        let tier = leak.tier.map_or(String::new(), |tier| format!(", after an exception ({tier:?})"));
        let shared = if leak.shared { ", shared" } else { "" };
        out.push(format!("open {kind}{tier}{shared}"));
    }
    for handed in &outcome.handed {
        out.push(match &handed.owner {
            Owner::Caller(proj) => format!("returned{}", proj.iter().map(ToString::to_string).collect::<String>()),
            Owner::Field(name) => format!("kept in field {name}"),
            Owner::Process => "kept for the life of the process".to_owned(),
            Owner::Other => "handed over".to_owned(),
        });
    }
    for (what, spans) in [("released", &outcome.released), ("scheduled for release", &outcome.deferred)] {
        if !spans.is_empty() {
            out.push(format!("{what} in {} place(s)", spans.len()));
        }
    }
    out
}
