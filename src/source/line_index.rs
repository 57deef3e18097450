//! From byte offsets to lines and columns.

use std::ops::Range;

/// How many bytes lie between two counted places; what a look-up has to scan at most.
const STRIDE: usize = 256;

/// Where the lines of one text begin. A line ends after `\n`, `\r\n` or a lone `\r`; a form feed ends none.
/// A look-up takes O(log lines), however long the lines are.
#[derive(Clone, Debug)]
pub struct LineIndex {
    /// Byte offsets of the first byte of each line; the first is 0.
    starts: Vec<usize>,
    length: usize,
    /// Characters and UTF-16 units before each multiple of [`STRIDE`]; empty when the text is ASCII.
    counts: Vec<(u32, u32)>,
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
        LineIndex { starts: std::iter::once(0).chain(ends).collect(), length: text.len(), counts: counts(text) }
    }

    /// Offsets past the end count as the end, offsets inside a line break as the end of the line before it, offsets inside a
    /// character as its beginning. A byte order mark takes no column, as in editors. `text` is the text the index was made from.
    pub fn position(&self, text: &str, offset: usize) -> Position {
        let line = self.line_of(offset);
        let range = self.line_range(line);
        let bytes = text.as_bytes();
        let mut at = offset.min(range.end).min(bytes.len());
        // Out of the line break.
        while at > range.start && matches!(bytes[at - 1], b'\n' | b'\r') {
            at -= 1;
        }
        while bytes.get(at).is_some_and(|b| is_continuation(*b)) {
            at -= 1;
        }
        let (from, to) = (self.before(bytes, range.start), self.before(bytes, at));
        let mark = u32::from(line == 1 && at > 0 && text.starts_with('\u{feff}'));
        Position { line: saturate(line), column: to.0 - from.0 - mark + 1, utf16: to.1 - from.1 - mark + 1 }
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

    /// Characters and UTF-16 units before `offset`, which is a character boundary.
    fn before(&self, bytes: &[u8], offset: usize) -> (u32, u32) {
        match self.counts.get(offset / STRIDE) {
            Some(counts) => add(*counts, bytes.get(offset / STRIDE * STRIDE..offset).unwrap_or_default()),
            None => (saturate(offset), saturate(offset)),
        }
    }

    /// The 1-based line that holds a byte.
    fn line_of(&self, offset: usize) -> usize {
        self.starts.partition_point(|&start| start <= offset).max(1)
    }
}

/// Characters and UTF-16 units that a byte stands for: its character's, if it is the first byte of it.
fn weight(byte: u8) -> (u32, u32) {
    let first = u32::from(!is_continuation(byte));
    (first, first + u32::from(byte >= 0xf0))
}

fn is_continuation(byte: u8) -> bool {
    byte & 0xc0 == 0x80
}

fn add(sum: (u32, u32), bytes: &[u8]) -> (u32, u32) {
    bytes.iter().map(|b| weight(*b)).fold(sum, |sum, weight| (sum.0 + weight.0, sum.1 + weight.1))
}

fn counts(text: &str) -> Vec<(u32, u32)> {
    if text.is_ascii() {
        return Vec::new();
    }
    let mut counts = vec![(0, 0)];
    let mut sum = (0, 0);
    for block in text.as_bytes().chunks(STRIDE) {
        sum = add(sum, block);
        counts.push(sum);
    }
    counts
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
    #[test]
    fn all_line_ends() {
        let text = "a\nb\r\nc\rd\n\re\x0cf";
        let positions = [0, 1, 2, 3, 4, 5, 7, 10, 12].map(|offset| at(text, offset));
        let expected = [(1, 1), (1, 2), (2, 1), (2, 2), (2, 2), (3, 1), (4, 1), (6, 1), (6, 3)];
        assert_eq!(positions, expected.map(|(line, column)| (line, column, column)));
        assert_eq!(LineIndex::new(text).line_count(), 6);
    }

    #[test]
    fn a_byte_order_mark_takes_no_column() {
        let text = "\u{feff}x\ny";
        assert_eq!([0, 2, 3, 4, 5].map(|o| at(text, o)), [(1, 1, 1), (1, 1, 1), (1, 1, 1), (1, 2, 2), (2, 1, 1)]);
    }

    #[test]
    fn agrees_with_counting_one_by_one() {
        let text: String = "é1\r\n".repeat(40) + &"𝄞x".repeat(400) + "\r" + &"abc\u{ff}".repeat(200);
        for (offset, _) in text.char_indices().filter(|(offset, _)| !text[..*offset].ends_with('\r')) {
            let before = text[..offset].replace("\r\n", "\n").replace('\r', "\n");
            let line = before.rsplit('\n').next().unwrap();
            let (column, utf16) = (line.chars().count() as u32 + 1, line.encode_utf16().count() as u32 + 1);
            assert_eq!(at(&text, offset), (before.matches('\n').count() as u32 + 1, column, utf16), "{offset}");
        }
    }
}
