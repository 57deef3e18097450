//! TypeScript and JavaScript front end: parse with oxc, lower the tree.
//!
//! | file | lowers |
//! |---|---|
//! | `context`, `broken` | what a name and `this` mean; the function being built; what could not be parsed |
//! | `stmt`, `control`, `module` | statements |
//! | `pattern` | declarations, assignments, patterns |
//! | `expr`, `cond`, `call`, `display`, `jsx` | expressions |
//! | `chain` | promises |
//! | `function`, `class`, `component`, `prototype`, `annotation`, `types` | definitions and types |
//!
//! Approximations, all of them on the side of what usually happens: a default is used where a value is null, not only where it is
//! undefined; the variables of a loop are the same in every round; `==` and `===` are the same.

mod annotation;
mod broken;
mod call;
mod chain;
mod class;
mod component;
mod cond;
mod context;
mod control;
mod display;
pub mod embedded;
mod expr;
mod function;
mod imports;
mod jsx;
mod module;
mod pattern;
mod prototype;
mod stmt;
#[cfg(test)]
mod tests;
mod types;

use crate::ir::{FileId, FnKind, FuncId, Module, Name, Span};
use crate::lang::nesting::braces;
use crate::lang::repair::typescript::{self as repair, Parsed};
use crate::lang::{LowerError, Lowered, SyntaxProblem, Words};
use crate::source::Language;
use context::{Context, Lowerer};
use function::{Signature, This};
use oxc_allocator::Allocator;
use oxc_ast::ast::Program;
use oxc_semantic::SemanticBuilder;
use std::borrow::Cow;

/// As [`crate::lang::may_import`].
pub fn may_import(text: &str, words: &Words) -> bool {
    imports::may_import(text, words)
}

/// As [`crate::lang::imports`], unsorted.
pub(super) fn imports(text: &str, names: &mut Vec<Name>) {
    imports::imports(text, names);
}

/// Lowers a file. Offsets in the result are those of `text`.
pub fn lower(language: Language, file: FileId, text: &str) -> Result<Lowered, LowerError> {
    let instances = embedded::instances(text, language);
    let script = match language {
        Language::Vue | Language::Svelte => Cow::Owned(embedded::blank_markup(text)),
        _ => Cow::Borrowed(text),
    };
    braces::check(&script, matches!(language, Language::Tsx | Language::JavaScript))?;
    let allocator = Allocator::default();
    let Parsed { program, problems, .. } = repair::parse(&allocator, allocator.alloc_str(&script), language);
    let program: &Program<'_> = allocator.alloc(program);
    let problems: Vec<SyntaxProblem> = problems
        .into_iter()
        .map(|problem| SyntaxProblem {
            span: Span::new(file, problem.range.start, problem.range.end),
            message: problem.message,
        })
        .collect();
    let broken = problems.iter().map(|problem| problem.span).collect();
    let scoping = SemanticBuilder::new().build(program).semantic.into_scoping();
    // The names of what was lost stand in the text as it was written.
    let mut lowerer = Lowerer::new(file, &script, &scoping, broken);
    lowerer.component = language == Language::Vue;
    let mut module = lower_program(&script, program, lowerer);
    let span = |range: std::ops::Range<usize>| Span::new(file, range.start as u32, range.end as u32);
    module.instances = instances.into_iter().map(span).collect();
    Ok(Lowered { module, problems })
}

fn lower_program<'a>(text: &str, program: &'a Program<'a>, mut lowerer: Lowerer<'a>) -> Module {
    let file = lowerer.file;
    let span = Span::new(file, 0, text.len() as u32);
    lowerer.bind_module(&program.scope_id);
    lowerer.directives(&program.directives, &program.body);
    lowerer.statements(&program.body, span.end());
    lowerer.flush_broken(u32::MAX);
    let mut signature = Signature::synthetic("<module>", FnKind::Module, span);
    signature.this = This::Unknown;
    let empty = Context::new(file, FuncId(0), Name::default(), This::Unknown);
    let cx = std::mem::replace(&mut lowerer.cx, empty);
    lowerer.finish(cx, signature, Vec::new(), None);
    let Lowerer { functions, classes, exports, has_script_region, .. } = lowerer;
    Module {
        file,
        functions: functions.into_iter().flatten().collect(),
        classes,
        has_script_region,
        exports,
        stars: Vec::new(),
        instances: Vec::new(),
    }
}
