//! Python front end: parse with Ruff's parser, repair what does not parse, lower the tree.
//!
//! | file | lowers |
//! |---|---|
//! | `imports` | nothing: finds what a file imports, without parsing it |
//! | `scope` | which names a body binds |
//! | `context` | what a name means; the function being built |
//! | `stmt`, `assign`, `control`, `matching` | statements |
//! | `expr`, `cond`, `comprehension` | expressions |
//! | `function`, `class`, `annotation` | definitions and types |
//!
//! Approximations, all of them on the side of what usually happens: a generator expression runs where it is written; the variables
//! of a comprehension are variables of the function; a chained comparison evaluates all its operands.

mod annotation;
mod assign;
mod class;
mod comprehension;
mod cond;
mod context;
mod control;
mod expr;
mod function;
mod imports;
mod matching;
mod scope;
mod stmt;
#[cfg(test)]
mod tests;

use crate::ir::{FileId, FuncId, Module, Name, Span};
use crate::lang::repair::python::{self as repair, Parsed};
use crate::lang::{LowerError, Lowered, SyntaxProblem, nesting};
use context::{Context, Lowerer};

/// As [`crate::lang::may_import`]; `known` tells which first names count.
pub fn may_import(text: &str, known: impl Fn(&str) -> bool) -> bool {
    imports::may_import(text, known)
}

/// As [`crate::lang::imports`], unsorted.
pub(super) fn imports(text: &str, names: &mut Vec<Name>) {
    imports::imports(text, names);
}

/// Lowers a Python file. Offsets in the result are those of `text`.
pub fn lower(file: FileId, text: &str) -> Result<Lowered, LowerError> {
    nesting::check(text)?;
    let Parsed { module: tree, text: parsed_text, problems } = repair::parse(text);
    let mut broken: Vec<_> = problems.iter().map(|problem| problem.range).collect();
    broken.sort_by_key(|range| (range.start(), range.end()));
    let mut cx = Context::new(file, FuncId(0), Name::new("<module>"));
    cx.module = true;
    let mut lowerer = Lowerer {
        file,
        text: &parsed_text,
        functions: vec![None],
        classes: Vec::new(),
        cx,
        outer: Vec::new(),
        has_script_region: false,
        stars: Vec::new(),
        walrus: memchr::memmem::find(parsed_text.as_bytes(), b":=").is_some(),
        broken,
        broken_done: 0,
    };
    lowerer.module(&tree.body, Span::new(file, 0, text.len() as u32));
    let Lowerer { functions, classes, has_script_region, stars, .. } = lowerer;
    let module = Module {
        file,
        functions: functions.into_iter().flatten().collect(),
        classes,
        has_script_region,
        exports: Vec::new(),
        stars,
        instances: Vec::new(),
    };
    let problems = problems
        .into_iter()
        .map(|problem| SyntaxProblem {
            span: Span::new(file, problem.range.start().into(), problem.range.end().into()),
            message: problem.message,
        })
        .collect();
    Ok(Lowered { module, problems })
}
