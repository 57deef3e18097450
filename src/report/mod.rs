//! One file per renderer. Renderers compute nothing: what is found, its order, severity and words are settled before.
//!
//! Texts that reach a terminal are stripped of control characters: neither a file name nor a source line can move its cursor.

mod concise;
mod excerpt;
mod json;
mod place;
mod sarif;
mod text;
mod words;

use crate::finding::Report;
use std::io::Write;

/// How a report is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Format {
    /// For people: source excerpts with the path on which it leaks, then a summary line.
    Text,
    /// `path:line:column: severity[rule-id] message`, one line per finding.
    Concise,
    /// Versioned JSON; the shape is documented in the module `json`.
    Json,
    /// SARIF 2.1.0.
    Sarif,
}

/// How text looks; the machine-readable formats ignore it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Style {
    /// With ANSI colours.
    pub color: bool,
    /// Columns to wrap notes and to cut source lines to; 0: unknown, notes are not wrapped.
    pub width: usize,
}

/// Writes the whole report. Fails only when `out` fails.
pub fn render(format: Format, report: &Report, style: &Style, out: &mut dyn Write) -> std::io::Result<()> {
    match format {
        Format::Text => text::render(report, style, out),
        Format::Concise => concise::render(report, out),
        Format::Json => json::render(report, out),
        Format::Sarif => sarif::render(report, out),
    }
}
