//! Versioned JSON, for programs.
//!
//! ```json
//! {
//!   "version": 1,
//!   "tool": { "name": "unclosed", "version": "0.1.0" },
//!   "findings": [
//!     {
//!       "rule": "never-closed",
//!       "severity": "error",
//!       "confidence": "high",
//!       "persona": "regular",
//!       "growth": "request",
//!       "subject": "Redis client `r`",
//!       "message": "Redis client `r` is never closed",
//!       "label": "created here",
//!       "location": {
//!         "path": "app/views.py",
//!         "start": { "line": 7, "column": 9, "offset": 120 },
//!         "end": { "line": 7, "column": 31, "offset": 142 }
//!       },
//!       "witness": [{ "role": "acquire", "text": "created here", "location": { } }],
//!       "related": [],
//!       "notes": ["One connection stays open per request."],
//!       "help": "Use `async with`.",
//!       "symbol": "redis.asyncio.from_url",
//!       "function": "views.list_items",
//!       "fingerprint": "2ff25f38cd3e4b842eb2002e0eee343f"
//!     }
//!   ],
//!   "held_back": { "total": 2, "pedantic": 1, "low_confidence": 1 },
//!   "diagnostics": [{ "path": "app/old.py", "line": 3, "kind": "syntax", "message": "..." }],
//!   "stats": { "files": 41 }
//! }
//! ```
//!
//! * `version` grows when a field goes away or changes its meaning; new fields may come without.
//! * `line` and `column` are 1-based, columns count characters; `offset` counts bytes of the decoded file from 0. Ends are exclusive.
//! * `path` is relative to the working directory where possible and has forward slashes.
//! * `witness` is in path order and begins with the acquisition; `related` are further sites with the same cause, in the same shape.
//! * `severity`: `error`, `warning`, `note`. `confidence`: `low`, `medium`, `high`. `persona`: `regular`, `pedantic`, `auditor`.
//! * `diagnostics[].line` is `null` when the problem has no place; `kind` is `unreadable`, `syntax`, `skipped` or `internal`.
//! * `location` is `null` only if the report lacks the file, which is a bug.

use super::place::Places;
use super::words::HeldBackCounts;
use crate::finding::{Confidence, Diagnostic, Finding, Growth, Persona, Report, Severity, Stats, Step, StepRole};
use crate::ir::Span;
use crate::source::line_index::Position;
use serde::Serialize;
use std::io::Write;

const VERSION: u32 = 1;

#[derive(Serialize)]
struct Document<'a> {
    version: u32,
    tool: Tool,
    findings: Vec<FindingOut<'a>>,
    held_back: HeldBackCounts,
    diagnostics: &'a [Diagnostic],
    stats: &'a Stats,
}

#[derive(Serialize)]
struct Tool {
    name: &'static str,
    version: &'static str,
}

#[derive(Serialize)]
struct FindingOut<'a> {
    rule: &'a str,
    severity: Severity,
    confidence: Confidence,
    persona: Persona,
    growth: Growth,
    subject: &'a str,
    message: &'a str,
    label: &'a str,
    location: Option<Location<'a>>,
    witness: Vec<StepOut<'a>>,
    related: Vec<StepOut<'a>>,
    notes: &'a [String],
    help: &'a str,
    symbol: &'a str,
    function: &'a str,
    fingerprint: &'a str,
}

#[derive(Serialize)]
struct StepOut<'a> {
    role: StepRole,
    text: &'a str,
    location: Option<Location<'a>>,
}

#[derive(Serialize)]
struct Location<'a> {
    path: &'a str,
    start: Point,
    end: Point,
}

#[derive(Serialize)]
struct Point {
    line: u32,
    column: u32,
    offset: u32,
}

pub fn render(report: &Report, out: &mut dyn Write) -> std::io::Result<()> {
    let places = Places::new(report);
    let document = Document {
        version: VERSION,
        tool: Tool { name: env!("CARGO_PKG_NAME"), version: env!("CARGO_PKG_VERSION") },
        findings: report.findings.iter().map(|f| finding(&places, f)).collect(),
        held_back: HeldBackCounts::of(&report.held_back),
        diagnostics: &report.diagnostics,
        stats: &report.stats,
    };
    serde_json::to_writer_pretty(&mut *out, &document)?;
    writeln!(out)
}

fn finding<'a>(places: &Places<'a>, finding: &'a Finding) -> FindingOut<'a> {
    let steps = |steps: &'a [Step]| {
        let step = |s: &'a Step| StepOut { role: s.role, text: &s.text, location: location(places, s.span) };
        steps.iter().map(step).collect()
    };
    FindingOut {
        rule: finding.rule,
        severity: finding.severity,
        confidence: finding.confidence,
        persona: finding.persona,
        growth: finding.growth,
        subject: &finding.subject,
        message: &finding.message,
        label: &finding.label,
        location: location(places, finding.at),
        witness: steps(&finding.witness),
        related: steps(&finding.related),
        notes: &finding.notes,
        help: &finding.help,
        symbol: &finding.symbol,
        function: &finding.function,
        fingerprint: &finding.fingerprint,
    }
}

fn location<'a>(places: &Places<'a>, span: Span) -> Option<Location<'a>> {
    let place = places.place(span)?;
    let point = |p: Position, offset| Point { line: p.line, column: p.column, offset };
    let (lo, hi) = place.offsets;
    Some(Location { path: place.path, start: point(place.start, lo), end: point(place.end, hi) })
}
