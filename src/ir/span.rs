//! Positions. Offsets count bytes of the *original* file, also after decoding or repair.

use serde::{Deserialize, Serialize};

/// Index of a file in one run; files are numbered in sorted path order, so ids are the same for every thread count.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub struct FileId(pub u32);

/// A half-open byte range `lo..hi` in the decoded text of a file.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub struct Span {
    pub file: FileId,
    pub lo: u32,
    pub hi: u32,
}

impl Span {
    pub fn new(file: FileId, lo: u32, hi: u32) -> Self {
        Span { file, lo, hi }
    }

    /// An empty span at the end of this one: where control leaves.
    pub fn end(self) -> Self {
        Span { lo: self.hi, ..self }
    }

    pub fn contains(self, other: Span) -> bool {
        self.file == other.file && self.lo <= other.lo && other.hi <= self.hi
    }
}
