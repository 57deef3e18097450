//! One file per renderer.

use crate::finding::Report;
use std::io::{self, Write};

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Format {
    Text,
    Concise,
    Json,
    Sarif,
}

/// How to draw on a terminal.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Style {
    pub color: bool,
    /// Columns.
    pub width: usize,
}

/// Writes `report` in one of the formats.
pub fn render(format: Format, report: &Report, _style: &Style, out: &mut dyn Write) -> io::Result<()> {
    if matches!(format, Format::Json | Format::Sarif) {
        return writeln!(out, "{}", serde_json::json!({ "diagnostics": report.diagnostics, "stats": report.stats }));
    }
    for d in &report.diagnostics {
        writeln!(out, "{}: {}", d.path, d.message)?;
    }
    writeln!(out, "{} findings", report.findings.len())
}
