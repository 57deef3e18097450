//! From disk to texts: discovery, decoding, line index, credential masking; and the versions of libraries that manifests ask for.

pub mod decode;
pub mod discover;
pub mod line_index;
pub mod manifest;
pub mod mask;
pub mod read;

use crate::ir::FileId;
use std::path::Path;
use std::sync::Arc;

/// Language of a file, by its name.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum Language {
    Python,
    /// `.ts`, `.mts`, `.cts`: `<T>x` is a cast.
    TypeScript,
    /// `.tsx`: `<T>` opens an element.
    Tsx,
    /// `.js`, `.jsx`, `.mjs`, `.cjs`; elements are understood in all of them.
    JavaScript,
    /// Script blocks of a component file.
    Vue,
    Svelte,
}

impl Language {
    /// By extension; `None` for files that are not analysed, and for stub files, which have no bodies.
    pub fn of_name(path: &Path) -> Option<Language> {
        match path.extension()?.to_str()? {
            "py" | "pyw" => Some(Language::Python),
            "ts" | "mts" | "cts" => Some(Language::TypeScript),
            "tsx" => Some(Language::Tsx),
            "js" | "jsx" | "mjs" | "cjs" => Some(Language::JavaScript),
            "vue" => Some(Language::Vue),
            "svelte" => Some(Language::Svelte),
            _ => None,
        }
    }
}

/// A file, read and decoded. Offsets everywhere count bytes of `text`, which for UTF-8 files is the file itself, BOM included.
#[derive(Clone, Debug)]
pub struct SourceFile {
    pub id: FileId,
    /// As shown to the user: relative to the working directory where possible, forward slashes.
    pub path: String,
    pub language: Language,
    pub text: Arc<str>,
}

/// Something to say about a file on its way from disk to text.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Problem {
    /// As shown to the user.
    pub path: String,
    /// 1-based, when the problem has a place.
    pub line: Option<u32>,
    pub kind: ProblemKind,
    /// One clause without final stop.
    pub message: String,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ProblemKind {
    /// The operating system refused; nothing of it was read.
    Unreadable,
    /// Left out on purpose: binary, too large, no known language.
    Skipped,
    /// Bytes that are no text were replaced; the rest was read.
    Undecodable,
}

/// What the operating system says, without the error number that users cannot use.
pub fn reason(error: &std::io::Error) -> String {
    let text = error.to_string();
    let text = text.split(" (os error").next().unwrap_or(&text);
    let mut chars = text.chars();
    chars.next().map(|first| first.to_lowercase().chain(chars).collect()).unwrap_or_default()
}
