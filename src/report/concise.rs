//! `path:line:column: severity[rule-id] message`, one line per finding, for `grep` and for editors. Problems with files follow as
//! `path:line: kind: message`.

use super::place::Places;
use super::words;
use crate::finding::Report;
use std::io::Write;

pub fn render(report: &Report, out: &mut dyn Write) -> std::io::Result<()> {
    let places = Places::new(report);
    for finding in &report.findings {
        if let Some(place) = places.place(finding.at) {
            write!(out, "{}:{}:{}: ", words::plain(place.path), place.start.line, place.start.column)?;
        }
        writeln!(out, "{}[{}] {}", words::severity(finding.severity), finding.rule, words::plain(&finding.message))?;
    }
    for diagnostic in &report.diagnostics {
        let kind = words::diagnostic_kind(diagnostic.kind);
        writeln!(out, "{}{kind}: {}", words::diagnostic_place(diagnostic), words::plain(&diagnostic.message))?;
    }
    Ok(())
}
