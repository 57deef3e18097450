//! Lines of a text, and overwriting them at the same length.

use ruff_text_size::{TextRange, TextSize};

/// Where the lines of a text are. Holds for every text of the same length with line ends at the same places.
pub(super) struct Lines {
    /// Start of each line.
    starts: Vec<u32>,
    len: u32,
}

impl Lines {
    pub(super) fn new(text: &str) -> Self {
        let mut starts = vec![0];
        let bytes = text.as_bytes();
        for at in memchr::memchr2_iter(b'\n', b'\r', bytes) {
            if bytes[at] == b'\n' || bytes.get(at + 1) != Some(&b'\n') {
                starts.push(at as u32 + 1);
            }
        }
        Lines { starts, len: text.len() as u32 }
    }

    pub(super) fn count(&self) -> usize {
        self.starts.len()
    }

    /// The line of an offset.
    pub(super) fn of(&self, offset: u32) -> usize {
        self.starts.partition_point(|start| *start <= offset).saturating_sub(1)
    }

    fn bounds(&self, line: usize) -> (usize, usize) {
        let lo = self.starts.get(line).copied().unwrap_or(self.len);
        let hi = self.starts.get(line + 1).copied().unwrap_or(self.len);
        (lo as usize, hi as usize)
    }

    /// The line without its end.
    pub(super) fn content<'t>(&self, text: &'t str, line: usize) -> &'t str {
        let (lo, hi) = self.bounds(line);
        text.get(lo..hi).unwrap_or_default().trim_end_matches(['\n', '\r'])
    }

    fn range(&self, line: usize) -> TextRange {
        let (lo, hi) = self.bounds(line);
        TextRange::new(TextSize::new(lo as u32), TextSize::new(hi as u32))
    }

    /// The line without the white space around it.
    pub(super) fn code_range(&self, text: &str, line: usize) -> TextRange {
        let content = self.content(text, line);
        let start = self.range(line).start() + TextSize::of(&content[..line_indent(content)]);
        TextRange::at(start, TextSize::of(content.trim()))
    }

    /// The part of a range that is on its first line.
    pub(super) fn clip(&self, range: TextRange) -> TextRange {
        let line = self.range(self.of(range.start().into()));
        TextRange::new(range.start(), range.end().min(line.end()).max(range.start()))
    }

    /// Nothing but white space before `offset` on its line.
    pub(super) fn is_first_on_line(&self, text: &str, offset: u32) -> bool {
        let (lo, _) = self.bounds(self.of(offset));
        text.get(lo..offset as usize).is_some_and(|before| before.trim().is_empty())
    }

    /// The nearest line before `line` that holds code.
    pub(super) fn before(&self, text: &str, line: usize) -> Option<usize> {
        (0..line).rev().find(|line| has_code(self.content(text, *line)))
    }

    /// The nearest line after `line` that holds code.
    pub(super) fn after(&self, text: &str, line: usize) -> Option<usize> {
        (line + 1..self.count()).find(|line| has_code(self.content(text, *line)))
    }

    /// Overwrites a line with spaces.
    pub(super) fn blank(&self, text: &mut [u8], line: usize) {
        let (lo, hi) = self.bounds(line);
        if let Some(bytes) = text.get_mut(lo..hi) {
            for byte in bytes.iter_mut().filter(|byte| !matches!(**byte, b'\n' | b'\r')) {
                *byte = b' ';
            }
        }
    }

    /// Writes ASCII `code` at a column of a blanked line, when it fits.
    pub(super) fn write(&self, text: &mut [u8], line: usize, column: usize, code: &str) {
        let (lo, hi) = self.bounds(line);
        let Some(bytes) = text.get_mut(lo..hi) else { return };
        let room = bytes.iter().take_while(|byte| !matches!(**byte, b'\n' | b'\r')).count();
        if code.is_ascii() && column + code.len() <= room {
            bytes[column..column + code.len()].copy_from_slice(code.as_bytes());
        }
    }
}

/// The lines of merge conflicts that are markers or of another side than the first, and whether they begin a conflict.
pub(super) fn conflict_lines(text: &str, lines: &Lines) -> Vec<(usize, bool)> {
    let mut found = Vec::new();
    let mut other_side = false;
    let mut open = false;
    for line in 0..lines.count() {
        let content = lines.content(text, line);
        let marker = |mark: &str| content.starts_with(mark) && !content[mark.len()..].starts_with(&mark[..1]);
        if marker("<<<<<<<") {
            open = true;
            other_side = false;
            found.push((line, true));
        } else if open && (marker("|||||||") || marker("=======")) {
            other_side = true;
            found.push((line, false));
        } else if open && marker(">>>>>>>") {
            open = false;
            other_side = false;
            found.push((line, false));
        } else if other_side {
            found.push((line, false));
        }
    }
    found
}

fn has_code(line: &str) -> bool {
    let line = line.trim_start();
    !line.is_empty() && !line.starts_with('#')
}

/// Bytes of white space at the start of a line.
pub(super) fn line_indent(line: &str) -> usize {
    line.len() - line.trim_start_matches([' ', '\t', '\x0c']).len()
}

/// For a line that should begin a block: a header that keeps the block, and its name.
pub(super) fn is_header(line: &str) -> Option<String> {
    let line = line.trim();
    let (line, prefix) = match line.strip_prefix("async ") {
        Some(rest) => (rest.trim_start(), "async "),
        None => (line, ""),
    };
    let word_end = line.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(line.len());
    let (word, rest) = line.split_at(word_end);
    match word {
        "def" | "class" => {
            let rest = rest.trim_start();
            let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(rest.len());
            let name = if end == 0 { "_" } else { &rest[..end] };
            let (prefix, call) = if word == "def" { (prefix, "()") } else { ("", "") };
            Some(format!("{prefix}{word} {name}{call}:"))
        }
        "elif" => Some("elif 1:".to_owned()),
        "else" => Some("else:".to_owned()),
        "try" => Some("try:".to_owned()),
        "finally" => Some("finally:".to_owned()),
        "except" => Some("except Exception:".to_owned()),
        "if" | "for" | "while" | "with" | "match" | "case" => Some("if 1:".to_owned()),
        _ if line.ends_with(':') => Some("if 1:".to_owned()),
        _ => None,
    }
}

/// `name` in a line that begins with `name =`.
pub(super) fn assigned_name(line: &str) -> Option<&str> {
    let (name, _) = line.split_once('=').filter(|(_, value)| !value.starts_with('='))?;
    let name = name.trim();
    let first = name.chars().next()?;
    let is_name = (first.is_ascii_alphabetic() || first == '_')
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    is_name.then_some(name)
}

/// A line that begins a function or class.
pub(super) fn is_definition(line: &str) -> bool {
    let line = line.trim_start();
    let line = line.strip_prefix("async ").unwrap_or(line);
    (line.starts_with("def ") && line.contains('(')) || (line.starts_with("class ") && line.trim_end().ends_with(':'))
}
