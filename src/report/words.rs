//! Words and lines that several renderers share.

use crate::finding::{Confidence, Diagnostic, DiagnosticKind, Finding, Persona, Severity};

pub fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "note",
    }
}

pub fn diagnostic_kind(kind: DiagnosticKind) -> &'static str {
    match kind {
        DiagnosticKind::Unreadable => "unreadable",
        DiagnosticKind::Syntax => "syntax error",
        DiagnosticKind::Skipped => "skipped",
        DiagnosticKind::Internal => "internal error",
    }
}

/// `src/app.py:3: ` or `src/app.py: ` or nothing.
pub fn diagnostic_place(diagnostic: &Diagnostic) -> String {
    match (diagnostic.path.as_str(), diagnostic.line) {
        ("", _) => String::new(),
        (path, None) => format!("{}: ", plain(path)),
        (path, Some(line)) => format!("{}:{line}: ", plain(path)),
    }
}

/// How many findings were held back, by reason.
#[derive(Default, serde::Serialize)]
pub struct HeldBackCounts {
    pub total: usize,
    pub pedantic: usize,
    pub low_confidence: usize,
}

impl HeldBackCounts {
    pub fn of(held_back: &[Finding]) -> Self {
        let low = |f: &&Finding| f.persona == Persona::Auditor || f.confidence == Confidence::Low;
        let low_confidence = held_back.iter().filter(low).count();
        HeldBackCounts { total: held_back.len(), pedantic: held_back.len() - low_confidence, low_confidence }
    }
}

/// `1 error`, `2 errors`.
pub fn count(n: usize, singular: &str) -> String {
    format!("{n} {singular}{}", if n == 1 { "" } else { "s" })
}

/// One line without characters that a terminal acts on or that reorder what is read.
pub fn plain(text: &str) -> String {
    let text = text.trim_end();
    text.chars().map(|c| if c == '\n' || c == '\t' || c == '\r' { ' ' } else { harmless(c) }).collect()
}

/// Control characters and those that change the direction of writing become a replacement character.
pub fn harmless(c: char) -> char {
    match c {
        '\t' => c,
        '\u{061c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => '\u{fffd}',
        _ if c.is_control() => '\u{fffd}',
        _ => c,
    }
}

/// Breaks `text` between words into lines of at most `width` characters, longer words excepted; 0: one line.
pub fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let mut used = 0;
    for word in text.split_whitespace() {
        let length = word.chars().count();
        match lines.last_mut() {
            Some(line) if width == 0 || used + 1 + length <= width => {
                line.push(' ');
                line.push_str(word);
                used += 1 + length;
            }
            _ => {
                lines.push(word.to_owned());
                used = length;
            }
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wraps_between_words() {
        assert_eq!(wrap("one two three", 7), ["one two", "three"]);
        assert_eq!(wrap("incomprehensibilities a", 5), ["incomprehensibilities", "a"]);
        assert_eq!(wrap("one two  three", 0), ["one two three"]);
        assert!(wrap("  ", 9).is_empty());
    }

    #[test]
    fn terminals_are_left_alone() {
        assert_eq!(plain("a\u{1b}[31mb\nc\u{202e}"), "a\u{fffd}[31mb c\u{fffd}");
    }
}
