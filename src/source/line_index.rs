//! From byte offsets to lines and columns.

use std::ops::Range;

/// Where the lines of one text begin. A line ends after `\n`, `\r\n` or a lone `\r`.
#[derive(Clone, Debug)]
pub struct LineIndex {
    /// Byte offsets of the first byte of each line; the first is 0.
    starts: Vec<usize>,
    length: usize,
    /// Columns of such a text are byte distances.
    ascii: bool,
}

/// A place in a text as people and editors count. All fields are 1-based.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Position {
    pub line: u32,
    /// In characters (Unicode scalar values).
    pub column: u32,
    /// In UTF-16 code units.
    pub utf16: u32,
}

impl LineIndex {
    pub fn new(text: &str) -> Self {
        let bytes = text.as_bytes();
        let ends = memchr::memchr2_iter(b'\n', b'\r', bytes)
            .filter(|&at| bytes[at] == b'\n' || bytes.get(at + 1) != Some(&b'\n'))
            .map(|at| at + 1);
        LineIndex { starts: std::iter::once(0).chain(ends).collect(), length: text.len(), ascii: text.is_ascii() }
    }

    /// Offsets past the end count as the end, offsets inside a line break as the end of the line before it, offsets inside a
    /// character as its beginning. `text` is the text the index was made from.
    pub fn position(&self, text: &str, offset: usize) -> Position {
        let line = self.line_of(offset);
        let range = self.line_range(line);
        let content = text.get(range.clone()).unwrap_or("");
        let end = content.trim_end_matches(['\n', '\r']).len();
        let mut within = offset.saturating_sub(range.start).min(end);
        while !content.is_char_boundary(within) {
            within -= 1;
        }
        let before = &content[..within];
        let (chars, utf16) = match self.ascii {
            true => (within, within),
            false => (before.chars().count(), before.chars().map(char::len_utf16).sum()),
        };
        Position { line: saturate(line), column: saturate(chars + 1), utf16: saturate(utf16 + 1) }
    }

    /// A text that ends with a line break has an empty last line.
    pub fn line_count(&self) -> usize {
        self.starts.len()
    }

    /// The bytes of a 1-based line, its line break included; empty at the end of the text for lines that do not exist.
    pub fn line_range(&self, line: usize) -> Range<usize> {
        let start = line.checked_sub(1).and_then(|i| self.starts.get(i)).copied().unwrap_or(self.length);
        start..self.starts.get(line).copied().unwrap_or(self.length).max(start)
    }

    /// The 1-based line that holds a byte.
    fn line_of(&self, offset: usize) -> usize {
        self.starts.partition_point(|&start| start <= offset).max(1)
    }
}

fn saturate(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str, offset: usize) -> (u32, u32, u32) {
        let p = LineIndex::new(text).position(text, offset);
        (p.line, p.column, p.utf16)
    }

    #[test]
    fn counts_characters_and_utf16_units() {
        let text = "a = 'ü😀'\nb\n";
        assert_eq!(at(text, 0), (1, 1, 1));
        assert_eq!(at(text, 7), (1, 7, 7));
        assert_eq!(at(text, 11), (1, 8, 9));
        assert_eq!(at(text, 13), (2, 1, 1));
    }

    #[test]
    fn clamps_what_is_no_place() {
        assert_eq!(at("", 7), (1, 1, 1));
        assert_eq!(at("ab\r\nc", 3), (1, 3, 3));
        assert_eq!(at("ab\r\nc", 4), (2, 1, 1));
        assert_eq!(at("ab\rc", 3), (2, 1, 1));
        assert_eq!(at("😀x", 2), (1, 1, 1));
        assert_eq!(at("ab", 99), (1, 3, 3));
        assert_eq!(at("ab\n", 99), (2, 1, 1));
    }

    #[test]
    fn lines_cover_the_text() {
        let text = "a\n\nb\r\nc";
        let index = LineIndex::new(text);
        let lines: Vec<_> = (1..=index.line_count()).map(|l| &text[index.line_range(l)]).collect();
        assert_eq!(lines, ["a\n", "\n", "b\r\n", "c"]);
        assert_eq!(index.line_range(0), 7..7);
        assert_eq!(index.line_range(9), 7..7);
    }
}
