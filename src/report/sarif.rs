//! SARIF 2.1.0, for code scanning services and viewers.
//!
//! One run; `ruleId` is the rule id; locations are relative `uri`s (absolute ones as `file:`); columns count UTF-16 units. The
//! witness is a code flow and, for viewers that show none, the first of the related locations. Held-back findings are not in the
//! log. `properties` of a result: `confidence`, `growth`, `persona`, `subject`, `symbol`.
//!
//! The few objects in use are written out here instead of taking `serde-sarif` (0.8.0, the newest): that crate does not compile
//! on its own (it uses serde's derives without asking for the feature), generates hundreds of types in a build script, and has
//! most fields optional, so that it would not keep us from writing an incomplete log. A test validates against the official
//! schema instead.

use super::place::{Place, Places};
use super::words;
use crate::checks::{RULES, Rule};
use crate::finding::{Confidence, Diagnostic, DiagnosticKind, Finding, Growth, Persona, Report, Step, StepRole};
use crate::ir::Span;
use serde::Serialize;
use std::io::Write;

const SCHEMA: &str = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";
const VERSION: &str = "2.1.0";

#[derive(Serialize)]
struct Log<'a> {
    #[serde(rename = "$schema")]
    schema: &'static str,
    version: &'static str,
    runs: [Run<'a>; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Run<'a> {
    tool: Tool,
    invocations: [Invocation; 1],
    column_kind: &'static str,
    results: Vec<ResultOut<'a>>,
}

#[derive(Serialize)]
struct Tool {
    driver: Driver,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Driver {
    name: &'static str,
    semantic_version: &'static str,
    rules: Vec<RuleOut>,
    notifications: Vec<RuleOut>,
}

/// A `reportingDescriptor`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct RuleOut {
    id: &'static str,
    short_description: Message,
    #[serde(skip_serializing_if = "Option::is_none")]
    full_description: Option<Message>,
    #[serde(skip_serializing_if = "Option::is_none")]
    help: Option<Message>,
    #[serde(skip_serializing_if = "Option::is_none")]
    properties: Option<Tags>,
}

#[derive(Serialize)]
struct Tags {
    tags: [&'static str; 2],
}

/// A `message` or `multiformatMessageString`.
#[derive(Serialize)]
struct Message {
    text: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    markdown: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Invocation {
    execution_successful: bool,
    tool_execution_notifications: Vec<Notification>,
}

#[derive(Serialize)]
struct Notification {
    descriptor: DescriptorReference,
    level: &'static str,
    message: Message,
    locations: Vec<Location>,
}

#[derive(Serialize)]
struct DescriptorReference {
    id: &'static str,
    index: usize,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ResultOut<'a> {
    rule_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    rule_index: Option<usize>,
    level: &'static str,
    message: Message,
    locations: Vec<Location>,
    partial_fingerprints: Fingerprints<'a>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    code_flows: Vec<CodeFlow>,
    related_locations: Vec<Location>,
    properties: Properties<'a>,
}

#[derive(Serialize)]
struct Fingerprints<'a> {
    #[serde(rename = "unclosed/v1")]
    v1: &'a str,
}

#[derive(Serialize)]
struct Properties<'a> {
    confidence: Confidence,
    growth: Growth,
    persona: Persona,
    subject: &'a str,
    symbol: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct CodeFlow {
    thread_flows: [ThreadFlow; 1],
}

#[derive(Serialize)]
struct ThreadFlow {
    locations: Vec<ThreadFlowLocation>,
}

#[derive(Serialize)]
struct ThreadFlowLocation {
    location: Location,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    kinds: &'static [&'static str],
    importance: &'static str,
}

#[derive(Serialize, Default)]
#[serde(rename_all = "camelCase")]
struct Location {
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<usize>,
    physical_location: PhysicalLocation,
    #[serde(skip_serializing_if = "Option::is_none")]
    logical_locations: Option<[LogicalLocation; 1]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<Message>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct LogicalLocation {
    fully_qualified_name: String,
}

#[derive(Serialize, Default)]
#[serde(rename_all = "camelCase")]
struct PhysicalLocation {
    artifact_location: ArtifactLocation,
    #[serde(skip_serializing_if = "Option::is_none")]
    region: Option<Region>,
}

#[derive(Serialize, Default)]
struct ArtifactLocation {
    uri: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Region {
    start_line: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    start_column: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    end_line: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    end_column: Option<u32>,
}

pub fn render(report: &Report, out: &mut dyn Write) -> std::io::Result<()> {
    let places = Places::new(report);
    let driver = Driver {
        name: env!("CARGO_PKG_NAME"),
        semantic_version: env!("CARGO_PKG_VERSION"),
        rules: RULES.iter().map(|rule| rule_out(rule)).collect(),
        notifications: NOTIFICATIONS.iter().map(|(id, _, text)| notification_kind(id, text)).collect(),
    };
    let invocation = Invocation {
        execution_successful: report.diagnostics.iter().all(|d| d.kind != DiagnosticKind::Internal),
        tool_execution_notifications: report.diagnostics.iter().map(notification).collect(),
    };
    let run = Run {
        tool: Tool { driver },
        invocations: [invocation],
        column_kind: "utf16CodeUnits",
        results: report.findings.iter().map(|f| result(&places, f)).collect(),
    };
    serde_json::to_writer_pretty(&mut *out, &Log { schema: SCHEMA, version: VERSION, runs: [run] })?;
    writeln!(out)
}

fn rule_out(rule: &Rule) -> RuleOut {
    let page = rule.page();
    // The first paragraph that is no heading says what the rule does.
    let paragraph = page.split("\n\n").map(str::trim).find(|p| !p.is_empty() && !p.starts_with('#')).unwrap_or("");
    let paragraph = paragraph.split_whitespace().collect::<Vec<_>>().join(" ");
    RuleOut {
        id: rule.id,
        short_description: Message { text: rule.summary.to_owned(), markdown: None },
        full_description: (!paragraph.is_empty()).then_some(Message { text: paragraph, markdown: None }),
        // No placeholders are looked for in a page, and its code has braces.
        help: Some(Message { text: page.clone(), markdown: Some(page) }),
        properties: Some(Tags { tags: ["reliability", "resource-leak"] }),
    }
}

/// What notifications of each kind are about; the position is the index in `notifications`.
const NOTIFICATIONS: [(&str, DiagnosticKind, &str); 4] = [
    ("unreadable", DiagnosticKind::Unreadable, "The file could not be read; nothing of it was analysed."),
    ("syntax", DiagnosticKind::Syntax, "Parts of the file do not parse; the rest was analysed."),
    ("skipped", DiagnosticKind::Skipped, "The file was skipped."),
    ("internal", DiagnosticKind::Internal, "A bug in unclosed; the rest of the run is not affected."),
];

fn notification_kind(id: &'static str, text: &str) -> RuleOut {
    RuleOut { id, short_description: message(text), full_description: None, help: None, properties: None }
}

fn notification(diagnostic: &Diagnostic) -> Notification {
    let index = NOTIFICATIONS.iter().position(|(_, kind, _)| *kind == diagnostic.kind).unwrap_or(0);
    let region = diagnostic.line.map(|line| Region {
        start_line: line.max(1),
        start_column: None,
        end_line: None,
        end_column: None,
    });
    let location = || Location {
        physical_location: PhysicalLocation { artifact_location: artifact(&diagnostic.path), region },
        ..Location::default()
    };
    let level = if diagnostic.kind == DiagnosticKind::Internal { "error" } else { "warning" };
    Notification {
        descriptor: DescriptorReference { id: NOTIFICATIONS[index].0, index },
        level,
        message: message(&diagnostic.message),
        locations: if diagnostic.path.is_empty() { Vec::new() } else { vec![location()] },
    }
}

fn result<'a>(places: &Places<'_>, finding: &'a Finding) -> ResultOut<'a> {
    let primary = location(places, finding.at, None).map(|location| Location {
        logical_locations: (!finding.function.is_empty())
            .then(|| [LogicalLocation { fully_qualified_name: finding.function.clone() }]),
        ..location
    });
    let flow: Vec<_> = finding.witness.iter().filter_map(|step| thread_flow_location(places, step)).collect();
    let related = finding.witness.iter().chain(&finding.related);
    let related = related.filter_map(|step| location(places, step.span, Some(&step.text)));
    ResultOut {
        rule_id: finding.rule,
        rule_index: RULES.iter().position(|rule| rule.id == finding.rule),
        level: words::severity(finding.severity),
        message: message(&full_text(finding)),
        locations: primary.into_iter().collect(),
        partial_fingerprints: Fingerprints { v1: &finding.fingerprint },
        code_flows: match flow.is_empty() {
            true => Vec::new(),
            false => vec![CodeFlow { thread_flows: [ThreadFlow { locations: flow }] }],
        },
        related_locations: related.enumerate().map(|(i, l)| Location { id: Some(i + 1), ..l }).collect(),
        properties: Properties {
            confidence: finding.confidence,
            growth: finding.growth,
            persona: finding.persona,
            subject: &finding.subject,
            symbol: &finding.symbol,
        },
    }
}

/// The first sentence says what is wrong: viewers that are short of room show only that.
fn full_text(finding: &Finding) -> String {
    let mut text = format!("{}.", finding.message);
    for sentence in finding.notes.iter().chain(Some(&finding.help)).filter(|s| !s.is_empty()) {
        text.push(' ');
        text.push_str(sentence);
    }
    text
}

fn thread_flow_location(places: &Places<'_>, step: &Step) -> Option<ThreadFlowLocation> {
    let (kinds, importance): (&'static [&'static str], _) = match step.role {
        StepRole::Acquire => (&["acquire", "resource"], "essential"),
        // These are releases that do not count, so not of kind "release".
        StepRole::Release => (&["caution"], "essential"),
        StepRole::Exit => (&["exit", "function"], "essential"),
        StepRole::Raise => (&["exception"], "essential"),
        StepRole::Enter => (&["enter", "scope"], "important"),
        StepRole::Branch => (&["branch"], "important"),
        StepRole::HandOver | StepRole::Owner | StepRole::Alias => (&[], "important"),
        StepRole::Evidence => (&[], "unimportant"),
    };
    Some(ThreadFlowLocation { location: location(places, step.span, Some(&step.text))?, kinds, importance })
}

fn location(places: &Places<'_>, span: Span, text: Option<&str>) -> Option<Location> {
    let place = places.place(span)?;
    Some(Location {
        physical_location: PhysicalLocation { artifact_location: artifact(place.path), region: Some(region(&place)) },
        message: text.map(message),
        ..Location::default()
    })
}

fn region(place: &Place<'_>) -> Region {
    Region {
        start_line: place.start.line,
        start_column: Some(place.start.utf16),
        end_line: Some(place.end.line),
        end_column: Some(place.end.utf16),
    }
}

fn message(text: &str) -> Message {
    Message { text: escaped(text), markdown: None }
}

/// Braces mark placeholders in SARIF messages and are written twice to stand for themselves.
fn escaped(text: &str) -> String {
    text.replace('{', "{{").replace('}', "}}")
}

/// A path with forward slashes as a URI reference: relative paths stay relative, absolute ones become `file:` URIs.
fn artifact(path: &str) -> ArtifactLocation {
    let path = path.strip_prefix("./").unwrap_or(path);
    let drive = matches!(path.as_bytes(), [letter, b':', b'/', ..] if letter.is_ascii_alphabetic());
    let mut uri = match (drive, path.starts_with('/')) {
        (true, _) => "file:///".to_owned() + &path[..2],
        (false, true) => "file://".to_owned(),
        (false, false) => String::new(),
    };
    for byte in path[if drive { 2 } else { 0 }..].bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => uri.push(char::from(byte)),
            _ => uri.push_str(&format!("%{byte:02X}")),
        }
    }
    ArtifactLocation { uri }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_become_uri_references() {
        let uri = |path| artifact(path).uri;
        assert_eq!(uri("src/app.py"), "src/app.py");
        assert_eq!(uri("./a b/ü:#.py"), "a%20b/%C3%BC%3A%23.py");
        assert_eq!(uri("../x.py"), "../x.py");
        assert_eq!(uri("/srv/x.py"), "file:///srv/x.py");
        assert_eq!(uri("C:/srv/x.py"), "file:///C:/srv/x.py");
    }
}
