//! TypeScript and JavaScript front end: parse with oxc, lower the tree.
//!
//! | file | lowers |
//! |---|---|
//! | `context` | what a name and `this` mean; the function being built |
//! | `stmt`, `control`, `module` | statements |
//! | `pattern` | declarations, assignments, patterns |
//! | `expr`, `cond`, `call`, `display`, `jsx` | expressions |
//! | `chain` | promises |
//! | `function`, `class`, `prototype`, `annotation` | definitions and types |
//!
//! Approximations, all of them on the side of what usually happens: a default is used where a value is null, not only where it is
//! undefined; the variables of a loop are the same in every round; `==` and `===` are the same.

mod annotation;
mod call;
mod chain;
mod class;
mod cond;
mod context;
mod control;
mod display;
mod expr;
mod function;
mod jsx;
mod module;
mod pattern;
mod prototype;
mod stmt;
#[cfg(test)]
mod tests;

use crate::ir::{FileId, FnKind, FuncId, Module, Name, Span};
use crate::lang::{LowerError, Lowered, SyntaxProblem};
use crate::source::Language;
use context::{Context, Lowerer};
use function::{Signature, This};
use oxc_allocator::Allocator;
use oxc_ast::ast::Program;
use oxc_parser::{ParseOptions, Parser, ParserReturn};
use oxc_semantic::SemanticBuilder;
use oxc_span::SourceType;

/// As [`crate::lang::may_import`].
pub fn may_import(_text: &str, _known: impl Fn(&str) -> bool) -> bool {
    true
}

/// Lowers a file. Offsets in the result are those of `text`.
pub fn lower(language: Language, file: FileId, text: &str) -> Result<Lowered, LowerError> {
    let allocator = Allocator::default();
    let parsed = parse(&allocator, text, language);
    let problems = parsed
        .diagnostics
        .iter()
        .map(|problem| {
            let (lo, hi) = problem.labels.first().map_or((0, 0), |label| {
                let span = label.span();
                (span.start, span.end)
            });
            SyntaxProblem {
                span: Span::new(file, lo, hi),
                message: problem.message.trim_end_matches('.').to_owned(),
            }
        })
        .collect();
    let program: &Program<'_> = allocator.alloc(parsed.program);
    let module = lower_program(file, text, program);
    Ok(Lowered { module, problems })
}

fn lower_program<'a>(file: FileId, text: &'a str, program: &'a Program<'a>) -> Module {
    let semantic = SemanticBuilder::new().build(program).semantic;
    let scoping = semantic.into_scoping();
    lower_scoped(file, text, program, &scoping)
}

fn lower_scoped<'a>(
    file: FileId,
    text: &'a str,
    program: &'a Program<'a>,
    scoping: &'a oxc_semantic::Scoping,
) -> Module {
    let span = Span::new(file, 0, text.len() as u32);
    let mut lowerer = Lowerer::new(file, text, scoping);
    lowerer.bind_module(&program.scope_id);
    lowerer.statements(&program.body, span.end());
    let mut signature = Signature::synthetic("<module>", FnKind::Module, span);
    signature.this = This::Unknown;
    let empty = Context::new(file, FuncId(0), Name::default(), This::Unknown);
    let cx = std::mem::replace(&mut lowerer.cx, empty);
    lowerer.finish(cx, signature, Vec::new(), None);
    let Lowerer { functions, classes, exports, has_script_region, .. } = lowerer;
    Module { file, functions: functions.into_iter().flatten().collect(), classes, has_script_region, exports }
}

fn parse<'a>(allocator: &'a Allocator, text: &'a str, language: Language) -> ParserReturn<'a> {
    let kind = match language {
        Language::TypeScript => SourceType::ts(),
        Language::Tsx => SourceType::tsx(),
        _ => SourceType::unambiguous().with_jsx(true),
    };
    let options = ParseOptions {
        allow_return_outside_function: true,
        preserve_parens: false,
        ..ParseOptions::default()
    };
    Parser::new(allocator, text, kind).with_options(options).parse()
}
