//! TypeScript and JavaScript files that do not parse: half-typed code, merge conflicts, Flow, templates.

mod blocks;
mod inline;
mod markers;
mod shape;

use crate::source::Language;
use blocks::Blocks;
use oxc_allocator::Allocator;
use oxc_ast::ast::Program;
use oxc_parser::{ParseOptions, Parser};
use oxc_span::{GetSpan, SourceType, Span};

/// A range that does not parse.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Problem {
    pub range: Span,
    /// Without position and without final stop.
    pub message: String,
}

/// A tree and the text it was made of, which has the offsets of the original.
pub struct Parsed<'a> {
    pub program: Program<'a>,
    pub text: &'a str,
    /// Sorted, without overlap.
    pub problems: Vec<Problem>,
}

/// What one call of the parser gave.
struct Attempt<'a> {
    program: Program<'a>,
    /// The first error, when it kept the parser from reading on.
    error: Option<Problem>,
}

fn attempt<'a>(allocator: &'a Allocator, text: &'a str, kind: SourceType) -> Attempt<'a> {
    let options =
        ParseOptions { allow_return_outside_function: true, preserve_parens: false, ..ParseOptions::default() };
    let parsed = Parser::new(allocator, text, kind).with_options(options).parse();
    let read = parsed.program.body.last().map_or(0, |statement| statement.span().end);
    // What the parser cannot go on from is the furthest of its errors; the others only forbid something.
    let furthest = parsed
        .diagnostics
        .iter()
        .map(|diagnostic| {
            (diagnostic.labels.first().map_or(Span::new(0, 0), |label| label.span()), &diagnostic.message)
        })
        .max_by_key(|(span, _)| span.start);
    let len = text.len() as u32;
    // It also stops, without a word of it, at a token that is none.
    let error = furthest.filter(|(span, _)| parsed.panicked || span.start >= read).map(|(span, message)| Problem {
        range: Span::new(span.start.min(len), span.end.clamp(span.start, len.max(span.start)).min(len)),
        message: message.trim_end_matches('.').to_owned(),
    });
    Attempt { program: parsed.program, error }
}

/// The ways to read a file, the likeliest first.
fn kinds(language: Language) -> [SourceType; 4] {
    let module = |kind: SourceType| kind.with_module(true);
    let jsx = SourceType::unambiguous().with_jsx(true);
    match language {
        Language::Tsx => [SourceType::tsx(), module(SourceType::tsx()), SourceType::ts(), module(SourceType::ts())],
        // Flow looks like TypeScript, mostly.
        Language::JavaScript => [jsx, module(jsx), SourceType::tsx(), module(SourceType::tsx())],
        _ => [SourceType::ts(), module(SourceType::ts()), SourceType::tsx(), module(SourceType::tsx())],
    }
}

/// The error that keeps a text from being parsed.
fn error_of(allocator: &Allocator, text: &str, kind: SourceType) -> Option<Problem> {
    attempt(allocator, text, kind).error
}

/// Parses, repairing where needed. Never fails: what cannot be saved is in `problems`.
pub fn parse<'a>(allocator: &'a Allocator, text: &'a str, language: Language) -> Parsed<'a> {
    let kinds = kinds(language);
    let first = attempt(allocator, text, kinds[0]);
    if first.error.is_none() {
        return Parsed { program: first.program, text, problems: Vec::new() };
    }
    let (text, mut problems) = match markers::without(text) {
        Some((text, problems)) => (allocator.alloc_str(&text), problems),
        None => (text, Vec::new()),
    };
    // Of the ways that fail, the one that gets furthest is what it was meant to be.
    let mut furthest = (0, kinds[0]);
    for kind in kinds {
        let Attempt { program, error } = attempt(allocator, text, kind);
        match error {
            None => return Parsed { program, text, problems },
            Some(error) if error.range.start > furthest.0 => furthest = (error.range.start, kind),
            Some(_) => {}
        }
    }
    let kind = furthest.1;
    let (repaired, found) = Blocks::new(text, kind).run();
    problems.extend(found);
    let text = allocator.alloc_str(&repaired);
    let Attempt { mut program, error } = attempt(allocator, text, kind);
    if let Some(error) = error {
        problems.push(error);
        program = attempt(allocator, "", kind).program;
    }
    Parsed { program, text, problems: merged(problems) }
}

/// Sorted, and those that touch as one.
fn merged(mut problems: Vec<Problem>) -> Vec<Problem> {
    problems.sort_by_key(|problem| (problem.range.start, problem.range.end));
    let mut merged: Vec<Problem> = Vec::new();
    for problem in problems {
        match merged.last_mut() {
            Some(last) if problem.range.start <= last.range.end => {
                last.range.end = last.range.end.max(problem.range.end)
            }
            _ => merged.push(problem),
        }
    }
    merged
}

#[cfg(test)]
mod tests;
