//! Where spans lie, as people and editors count.

use crate::finding::{Report, ReportFile};
use crate::ir::{FileId, Span};
use crate::source::line_index::{LineIndex, Position};
use rustc_hash::FxHashMap;

/// The line indexes of a report's files, made once each.
pub struct Places<'a> {
    files: FxHashMap<FileId, (&'a ReportFile, LineIndex)>,
}

/// A span with its file and both ends resolved.
pub struct Place<'a> {
    pub path: &'a str,
    pub start: Position,
    pub end: Position,
    /// Byte offsets, as in the span.
    pub offsets: (u32, u32),
}

impl<'a> Places<'a> {
    /// Indexes the files in which `report` places something.
    pub fn new(report: &'a Report) -> Self {
        let spans = report.findings.iter().flat_map(|f| {
            let steps = f.witness.iter().chain(&f.related).map(|s| s.span);
            std::iter::once(f.at).chain(steps)
        });
        let mut files = FxHashMap::default();
        for span in spans {
            if let std::collections::hash_map::Entry::Vacant(slot) = files.entry(span.file)
                && let Some(file) = report.file(span.file)
            {
                slot.insert((file, LineIndex::new(&file.text)));
            }
        }
        Places { files }
    }

    /// `None` for a file that the report does not hold.
    pub fn place(&self, span: Span) -> Option<Place<'a>> {
        let (file, index) = self.files.get(&span.file)?;
        let start = index.position(&file.text, span.lo as usize);
        let end = index.position(&file.text, span.hi.max(span.lo) as usize);
        Some(Place { path: &file.path, start, end, offsets: (span.lo, span.hi) })
    }

    /// As shown to the user.
    pub fn path(&self, file: FileId) -> Option<&'a str> {
        self.files.get(&file).map(|(file, _)| file.path.as_str())
    }

    /// A 1-based line without its line break, and the byte offset at which it begins; empty for lines that do not exist.
    pub fn line(&self, file: FileId, line: u32) -> (usize, &'a str) {
        let Some((file, index)) = self.files.get(&file) else { return (0, "") };
        let range = index.line_range(line as usize);
        (range.start, file.text.get(range).unwrap_or("").trim_end())
    }
}
