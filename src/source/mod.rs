//! From disk to texts: discovery, decoding, line index, credential masking.

pub mod decode;
pub mod discover;
pub mod line_index;
pub mod mask;

use crate::ir::FileId;
use std::sync::Arc;

/// Language of a file, by its name.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum Language {
    Python,
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
