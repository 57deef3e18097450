//! Python.
use ruff_python_ast::ModModule;
use ruff_python_parser::{Mode, ParseOptions, parse_unchecked};
use ruff_text_size::TextRange;
use std::borrow::Cow;

/// A range that does not parse.
pub struct Problem {
    pub range: TextRange,
    pub message: String,
}

/// A tree and the text it was made of, which has the offsets of the original.
pub struct Parsed<'a> {
    pub module: ModModule,
    pub text: Cow<'a, str>,
    pub problems: Vec<Problem>,
}

pub fn parse(text: &str) -> Parsed<'_> {
    let parsed = parse_unchecked(text, ParseOptions::from(Mode::Module));
    let problems = parsed
        .errors()
        .iter()
        .map(|error| Problem { range: error.location, message: error.error.to_string() })
        .collect();
    let module = match parsed.into_syntax() {
        ruff_python_ast::Mod::Module(module) => module,
        ruff_python_ast::Mod::Expression(_) => {
            ModModule { node_index: Default::default(), range: TextRange::default(), body: Default::default() }
        }
    };
    Parsed { module, text: Cow::Borrowed(text), problems }
}
