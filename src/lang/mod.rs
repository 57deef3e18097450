//! Front ends: parse one file and lower it to the IR. The only code that sees syntax.

pub mod nesting;
pub mod python;
pub mod repair;
pub mod typescript;

use crate::ir::{FileId, Module, Span};
use crate::source::Language;

/// A file, lowered. `problems` tell which parts could not be parsed and are `Unknown` in the IR.
pub struct Lowered {
    pub module: Module,
    pub problems: Vec<SyntaxProblem>,
}

/// A place where the file does not parse.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SyntaxProblem {
    pub span: Span,
    /// What the parser says, without position and without final stop.
    pub message: String,
}

/// Why a file was not lowered at all.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum LowerError {
    #[error("nested {depth} brackets or blocks deep, more than the {max} that are analysed")]
    TooDeep { depth: usize, max: usize },
}

/// Lowers `text`. Must run on a thread with a stack of at least [`STACK_BYTES`].
pub fn lower(language: Language, file: FileId, text: &str) -> Result<Lowered, LowerError> {
    match language {
        Language::Python => python::lower(file, text),
        _ => typescript::lower(language, file, text),
    }
}

/// Whether the file may import a module of a library, by the module's first name; `known` tells which names count. Takes a fraction of
/// the time that [`lower`] takes. Never says no when the IR of a file that parses would hold such an import.
pub fn may_import(language: Language, text: &str, known: impl Fn(&str) -> bool) -> bool {
    match language {
        Language::Python => python::may_import(text, known),
        _ => typescript::may_import(text, known),
    }
}

/// Parsers and walkers recurse; threads that call [`lower`] have at least this much stack.
pub const STACK_BYTES: usize = 64 << 20;
