//! Front ends: parse one file and lower it to the IR. The only code that sees syntax.

pub mod nesting;
pub mod python;
pub mod repair;
pub mod typescript;

use crate::ir::{FileId, Module, Name, Span};
use crate::source::Language;
use aho_corasick::{AhoCorasick, MatchKind};
use rustc_hash::FxHashSet;

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

/// Names without which a file of one ecosystem cannot matter. Built once for a run.
pub struct Words {
    modules: FxHashSet<Box<str>>,
    /// Bytes of the longest module name.
    longest_module: usize,
    /// A bit for each two bytes with which a module name, or what ends one of a single byte, begins.
    module_starts: Box<[u64]>,
    globals: Option<AhoCorasick>,
}

impl Words {
    /// Of the names of modules, without `node:` (`redis`, `@upstash/redis`), and of globals (`WebSocket`).
    pub fn new<'n>(modules: impl IntoIterator<Item = &'n str>, globals: impl IntoIterator<Item = &'n str>) -> Self {
        let modules: FxHashSet<Box<str>> = modules.into_iter().filter(|name| !name.is_empty()).map(Box::from).collect();
        let mut module_starts = vec![0; (1 << 16) / 64].into_boxed_slice();
        for module in &modules {
            match *module.as_bytes() {
                [first, second, ..] => mark(&mut module_starts, [first, second]),
                [first] => b"\"'`/".iter().for_each(|end| mark(&mut module_starts, [first, *end])),
                [] => {}
            }
        }
        let globals: Vec<_> = globals.into_iter().filter(|name| !name.is_empty()).collect();
        Words {
            longest_module: modules.iter().map(|module| module.len()).max().unwrap_or(0),
            modules,
            module_starts,
            globals: AhoCorasick::builder()
                .match_kind(MatchKind::LeftmostLongest)
                .build(globals)
                .ok()
                .filter(|globals| globals.patterns_len() > 0),
        }
    }

    fn may_begin_module(&self, start: [u8; 2]) -> bool {
        let bit = usize::from(u16::from_le_bytes(start));
        self.module_starts[bit / 64] & (1 << (bit % 64)) != 0
    }
}

fn mark(bits: &mut [u64], start: [u8; 2]) {
    let bit = usize::from(u16::from_le_bytes(start));
    bits[bit / 64] |= 1 << (bit % 64);
}

/// Whether the file may import a module of `words` (in Python by its first name) or use one of its globals. Takes a fraction of the
/// time that [`lower`] takes. Never says no when the IR of a file that parses would hold such an import or global.
pub fn may_import(language: Language, text: &str, words: &Words) -> bool {
    match language {
        Language::Python => {
            python::may_import(text, |name| words.modules.contains(name))
                || words.globals.as_ref().is_some_and(|globals| globals.is_match(text))
        }
        _ => typescript::may_import(text, words),
    }
}

/// Every module that the import statements of a file may name, sorted, without duplicates; in a fraction of the time that [`lower`] takes.
/// The names are those of the IR: for Python, module paths and all that leads to them (`a` and `a.b` for `import a.b`), the members of
/// `from` imports included, since they may be modules; for TypeScript and JavaScript, specifiers without `node:`. May hold more, where a
/// comment or a string looks like an import; never misses an import of a file that parses, unless it is written with escapes.
pub fn imports(language: Language, text: &str) -> Vec<Name> {
    let mut names = Vec::new();
    match language {
        Language::Python => python::imports(text, &mut names),
        _ => typescript::imports(text, &mut names),
    }
    names.sort_unstable();
    names.dedup();
    names.shrink_to_fit();
    names
}

/// Parsers and walkers recurse; threads that call [`lower`] have at least this much stack.
pub const STACK_BYTES: usize = 64 << 20;
