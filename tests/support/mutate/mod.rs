//! Breaks correct programs, one release at a time, as people do. Lines are marked with `#~ release` or `//~ release`.

mod python;
mod typescript;

use unclosed::source::Language;

/// A program that leaks.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Mutant {
    pub operator: &'static str,
    /// 1-based line of the release in the original.
    pub line: usize,
    pub text: String,
}

/// All mutants of a program.
pub fn mutants(text: &str, language: Language) -> Vec<Mutant> {
    match language {
        Language::Python => python::mutants(text),
        _ => typescript::mutants(text),
    }
}
