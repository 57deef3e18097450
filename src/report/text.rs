//! For people: each finding with the source it speaks of and the path on which it leaks, then problems with files, then one line
//! that sums up.

use super::Style;
use super::excerpt::{Excerpts, Mark};
use super::place::Places;
use super::words::{self, HeldBackCounts, count, plain};
use crate::finding::{Finding, Report, Severity};
use codespan_reporting::diagnostic;
use codespan_reporting::term::termcolor::{Ansi, Buffer, Color, ColorSpec, NoColor, WriteColor};
use codespan_reporting::term::{self, Config, Styles, StylesWriter};
use std::io::Write;

/// Related sites that are shown in full; more are only counted.
const RELATED_SHOWN: usize = 8;
/// Source lines are never longer than this, whatever the width of the terminal.
const LONGEST_LINE: usize = 200;

pub fn render(report: &Report, style: &Style, out: &mut dyn Write) -> std::io::Result<()> {
    if style.color {
        render_to(report, style, &mut Ansi::new(out))
    } else {
        render_to(report, style, &mut NoColor::new(out))
    }
}

fn render_to(report: &Report, style: &Style, out: &mut dyn WriteColor) -> std::io::Result<()> {
    let places = Places::new(report);
    let printer = Printer::new(style);
    for finding in &report.findings {
        printer.finding(&places, finding, out)?;
    }
    for diagnostic in &report.diagnostics {
        write!(out, "{}", words::diagnostic_place(diagnostic))?;
        out.set_color(ColorSpec::new().set_bold(true).set_fg(Some(Color::Yellow)))?;
        write!(out, "{}", words::diagnostic_kind(diagnostic.kind))?;
        out.reset()?;
        writeln!(out, ": {}", plain(&diagnostic.message))?;
    }
    if !report.diagnostics.is_empty() {
        writeln!(out)?;
    }
    summary(report, out)
}

/// `3 errors, 1 warning, 2 notes in 41 files; 5 findings held back (2 pedantic, 3 low confidence): see --persona`
fn summary(report: &Report, out: &mut dyn WriteColor) -> std::io::Result<()> {
    let kinds = [(Severity::Error, Color::Red), (Severity::Warning, Color::Yellow), (Severity::Note, Color::Green)];
    let mut separator = "";
    for (severity, color) in kinds {
        let n = report.findings.iter().filter(|f| f.severity == severity).count();
        if n > 0 {
            write!(out, "{separator}")?;
            out.set_color(ColorSpec::new().set_bold(true).set_fg(Some(color)))?;
            write!(out, "{}", count(n, words::severity(severity)))?;
            out.reset()?;
            separator = ", ";
        }
    }
    if report.findings.is_empty() {
        out.set_color(ColorSpec::new().set_bold(true).set_fg(Some(Color::Green)))?;
        write!(out, "no connection leaks found")?;
        out.reset()?;
    }
    write!(out, " in {}", count(report.stats.files, "file"))?;
    let held = HeldBackCounts::of(&report.held_back);
    if held.total > 0 {
        let reasons = [(held.pedantic, "pedantic"), (held.low_confidence, "low confidence")];
        let reasons: Vec<_> = reasons.iter().filter(|(n, _)| *n > 0).map(|(n, why)| format!("{n} {why}")).collect();
        write!(out, "; {} held back ({}): see --persona", count(held.total, "finding"), reasons.join(", "))?;
    }
    writeln!(out)
}

struct Printer {
    config: Config,
    styles: Styles,
    /// Columns for notes, without the gutter; 0: any.
    note_width: usize,
    line_limit: usize,
}

impl Printer {
    fn new(style: &Style) -> Self {
        // Gutter and border take some columns; below 60 there is nothing to be gained by cutting.
        let room = style.width.saturating_sub(8).max(60);
        let (note_width, line_limit) = match style.width {
            0 => (0, LONGEST_LINE),
            _ => (room.min(110), room.min(LONGEST_LINE)),
        };
        Printer { config: Config::default(), styles: Styles::default(), note_width, line_limit }
    }

    fn finding(&self, places: &Places<'_>, finding: &Finding, out: &mut dyn WriteColor) -> std::io::Result<()> {
        let (excerpts, labels) = Excerpts::new(places, marks(finding), self.line_limit);
        let severity = match finding.severity {
            Severity::Error => diagnostic::Severity::Error,
            Severity::Warning => diagnostic::Severity::Warning,
            Severity::Note => diagnostic::Severity::Note,
        };
        let shown = diagnostic::Diagnostic::new(severity)
            .with_code(finding.rule)
            .with_message(plain(&finding.message))
            .with_labels(labels)
            .with_notes(self.notes(finding));
        let mut buffer = if out.supports_color() { Buffer::ansi() } else { Buffer::no_color() };
        let mut writer = StylesWriter::new(&mut buffer, &self.styles);
        term::emit_to_write_style(&mut writer, &self.config, &excerpts, &shown).map_err(|error| match error {
            codespan_reporting::files::Error::Io(error) => error,
            other => std::io::Error::other(other),
        })?;
        // Lines that point from labels to carets are padded.
        for line in buffer.as_slice().split_inclusive(|&byte| byte == b'\n') {
            out.write_all(line.trim_ascii_end())?;
            out.write_all(b"\n")?;
        }
        Ok(())
    }

    fn notes(&self, finding: &Finding) -> Vec<String> {
        let mut notes = Vec::new();
        if let Some(more) = finding.related.len().checked_sub(RELATED_SHOWN).filter(|&n| n > 0) {
            let more = count(more, "more place");
            notes.push(self.note("also", &format!("{more} with the same cause; JSON and SARIF output name them all")));
        }
        if !finding.notes.is_empty() {
            notes.push(self.note("why", &finding.notes.join(" ")));
        }
        if !finding.help.is_empty() {
            notes.push(self.note("help", &finding.help));
        }
        notes
    }

    /// `head: text`, wrapped, with the text's lines below each other.
    fn note(&self, head: &str, text: &str) -> String {
        let indent = " ".repeat(head.len() + 2);
        let room = match self.note_width {
            0 => 0,
            width => width.saturating_sub(indent.len()).max(1),
        };
        format!("{head}: {}", words::wrap(&plain(text), room).join(&format!("\n{indent}")))
    }
}

/// The primary place first, so that its file is shown first; then the steps of the witness, numbered in path order; then
/// related places. A step at the primary place lends its number to the label there.
fn marks(finding: &Finding) -> Vec<Mark> {
    let number = |i: usize| if finding.witness.len() > 1 { format!("{}: ", i + 1) } else { String::new() };
    let here = finding.witness.iter().position(|step| step.span == finding.at);
    let primary = Mark {
        span: finding.at,
        primary: true,
        message: here.map(number).unwrap_or_default() + &plain(&finding.label),
    };
    let steps = finding.witness.iter().enumerate().filter(|(i, _)| Some(*i) != here);
    let steps =
        steps.map(|(i, step)| Mark { span: step.span, primary: false, message: number(i) + &plain(&step.text) });
    let related = finding.related.iter().take(RELATED_SHOWN);
    let related = related.map(|step| Mark { span: step.span, primary: false, message: plain(&step.text) });
    std::iter::once(primary).chain(steps).chain(related).collect()
}
