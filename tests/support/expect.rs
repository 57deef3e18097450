//! The expectations that a program states in its own comments, and how they compare with a report.

use super::{comment, describe, line_of};
use std::fmt;
use unclosed::finding::{DiagnosticKind, Finding, Persona, Report, Severity};
use unclosed::ir::FileId;
use unclosed::source::Language;

/// Whether today's answer is the right one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Truth {
    Right,
    /// Reported, should not be.
    FalsePositive,
    /// Not reported, should be.
    FalseNegative,
}

/// One rule id on one line.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Expectation {
    /// 1-based.
    pub line: usize,
    pub rule: String,
    pub severity: Option<Severity>,
    pub truth: Truth,
}

/// All that one text states about itself.
#[derive(Clone, PartialEq, Debug)]
pub struct Expectations {
    pub persona: Persona,
    /// The path that the analysis is shown.
    pub path: Option<String>,
    /// The text has syntax errors on purpose.
    pub syntax_errors: bool,
    pub findings: Vec<Expectation>,
    /// (line, number of the witness step), both 1-based.
    pub steps: Vec<(usize, usize)>,
}

/// A comment that is no expectation.
#[derive(Debug, PartialEq, Eq)]
pub struct Malformed {
    pub line: usize,
    pub what: String,
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.what)
    }
}

impl Expectations {
    pub fn parse(text: &str, language: Language) -> Result<Expectations, Malformed> {
        let (option_mark, mark) = (format!("{}!", comment(language)), format!("{}~", comment(language)));
        let mut out = Expectations {
            persona: Persona::Regular,
            path: None,
            syntax_errors: false,
            findings: Vec::new(),
            steps: Vec::new(),
        };
        for option in text.trim_start_matches('\u{feff}').lines().enumerate() {
            let (line, Some(option)) = (option.0 + 1, option.1.strip_prefix(option_mark.as_str())) else { break };
            out.option(option).map_err(|what| Malformed { line, what })?;
        }
        for (i, line) in text.lines().enumerate() {
            for comment in line.split(mark.as_str()).skip(1) {
                out.comment(i + 1, comment.trim()).map_err(|what| Malformed { line: i + 1, what })?;
            }
        }
        Ok(out)
    }

    fn option(&mut self, option: &str) -> Result<(), String> {
        let (key, value) = option.split_once(':').ok_or("an option is `key: value`")?;
        match (key.trim(), value.trim()) {
            ("persona", "regular") => self.persona = Persona::Regular,
            ("persona", "pedantic") => self.persona = Persona::Pedantic,
            ("persona", "auditor") => self.persona = Persona::Auditor,
            ("path", path) => self.path = Some(path.to_owned()),
            ("diagnostic", "syntax") => self.syntax_errors = true,
            (key, value) => return Err(format!("unknown option `{key}: {value}`")),
        }
        Ok(())
    }

    fn comment(&mut self, line: usize, comment: &str) -> Result<(), String> {
        if comment == "release" || comment == "release await" {
            return Ok(());
        }
        if let Some(number) = comment.strip_prefix("step ") {
            let number = number.trim().parse().map_err(|_| format!("`{number}` is no step number"))?;
            self.steps.push((line, number));
            return Ok(());
        }
        let (mut severity, mut truth, mut rules) = (None, Truth::Right, comment);
        if let Some((tag, rest)) = comment.split_once(':') {
            rules = rest;
            match tag.trim() {
                "error" => severity = Some(Severity::Error),
                "warning" => severity = Some(Severity::Warning),
                "note" => severity = Some(Severity::Note),
                "fp" => truth = Truth::FalsePositive,
                "fn" => truth = Truth::FalseNegative,
                tag => return Err(format!("unknown tag `{tag}:`")),
            }
        }
        let before = self.findings.len();
        for rule in rules.split_whitespace() {
            if !unclosed::checks::RULES.iter().any(|r| r.id == rule) {
                return Err(format!("`{rule}` is no rule"));
            }
            self.findings.push(Expectation { line, rule: rule.to_owned(), severity, truth });
        }
        if before == self.findings.len() { Err("names no rule".to_owned()) } else { Ok(()) }
    }

    pub fn with_truth(&self, truth: Truth) -> impl Iterator<Item = &Expectation> {
        self.findings.iter().filter(move |e| e.truth == truth)
    }

    /// What differs between these expectations and what the report says of the file with this id, shown path and text, one line each; empty
    /// when all is as expected.
    pub fn differences(&self, file: FileId, path: &str, text: &str, report: &Report) -> Vec<String> {
        let source = |line: usize| text.lines().nth(line - 1).unwrap_or("").trim().to_owned();
        let mut out = Vec::new();
        let mut left: Vec<&Finding> = report.findings.iter().filter(|f| f.at.file == file).collect();
        for expected in &self.findings {
            let Expectation { line, rule, severity, truth } = expected;
            let found = left.iter().position(|f| f.rule == rule && line_of(text, f.at.lo) == *line);
            match (found, truth) {
                (Some(i), Truth::FalseNegative) => {
                    left.remove(i);
                    out.push(format!("= line {line} {rule} is found now: turn its `fn:` into an expectation"));
                }
                (Some(i), _) => {
                    let found = left.remove(i);
                    if severity.is_some_and(|s| s != found.severity) {
                        out.push(format!("~ line {line} {rule} should be {severity:?}, is {:?}", found.severity));
                    }
                }
                (None, Truth::Right) => out.push(format!("- missing: line {line} {rule}   | {}", source(*line))),
                (None, Truth::FalsePositive) => {
                    out.push(format!("= line {line} {rule} is not reported any more: remove its `fp:`"));
                }
                (None, Truth::FalseNegative) => {}
            }
        }
        for extra in left {
            let line = source(line_of(text, extra.at.lo));
            out.push(format!("+ unexpected: {}   | {line}", describe(text, extra)));
        }
        for (line, number) in &self.steps {
            let here = |f: &Finding| {
                let step = f.witness.get(number - 1);
                step.is_some_and(|s| s.span.file == file && line_of(text, s.span.lo) == *line)
            };
            if !report.findings.iter().any(here) {
                out.push(format!("- no witness has its step {number} on line {line}   | {}", source(*line)));
            }
        }
        let mut problems = report.diagnostics.iter().filter(|d| d.path == path).peekable();
        if self.syntax_errors && problems.peek().is_none() {
            out.push("- missing: a syntax diagnostic".to_owned());
        }
        for problem in problems {
            if !(self.syntax_errors && problem.kind == DiagnosticKind::Syntax) {
                out.push(format!("! {:?} at {:?}: {}", problem.kind, problem.line, problem.message));
            }
        }
        out
    }
}
