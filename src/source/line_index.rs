//! Byte offsets to lines and columns.

/// How many bytes lie between two counted places; what a look-up has to scan at most.
const STRIDE: usize = 256;

/// Where an offset is, for people and for editors. All numbers start at 1.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Position {
    pub line: u32,
    /// Column in characters (Unicode scalar values).
    pub column: u32,
    /// Column in UTF-16 code units.
    pub utf16: u32,
}

/// Finds the line and column of an offset in O(log lines), however long the lines are.
///
/// Lines end with `\n`, `\r\n` or a lone `\r`; a form feed ends none. A byte order mark takes no column, as in editors.
pub struct LineIndex<'t> {
    text: &'t str,
    /// Offset of the first byte of each line; never empty.
    starts: Vec<u32>,
    /// Characters and UTF-16 units before each multiple of [`STRIDE`]; empty when the text is ASCII.
    counts: Vec<(u32, u32)>,
}

impl<'t> LineIndex<'t> {
    /// Indexes `text`, which must be shorter than 4 GB.
    pub fn new(text: &'t str) -> Self {
        let bytes = text.as_bytes();
        let mut starts = vec![0];
        for at in memchr::memchr2_iter(b'\n', b'\r', bytes) {
            if bytes[at] == b'\n' || bytes.get(at + 1) != Some(&b'\n') {
                starts.push(at as u32 + 1);
            }
        }
        let counts = if text.is_ascii() { Vec::new() } else { counts(bytes) };
        LineIndex { text, starts, counts }
    }

    /// How many lines there are; the last one may be empty.
    pub fn lines(&self) -> u32 {
        self.starts.len() as u32
    }

    /// The position of a byte offset. Past the end: the end; inside a character: that character.
    pub fn position(&self, offset: u32) -> Position {
        let line = self.starts.partition_point(|start| *start <= offset).max(1) - 1;
        let start = self.starts[line];
        let offset = offset.min(self.text.len() as u32);
        let (chars_to, units_to) = self.before(offset as usize);
        let (chars_from, units_from) = self.before(start as usize);
        let mark = u32::from(line == 0 && offset > 0 && self.text.starts_with('\u{feff}'));
        Position {
            line: line as u32 + 1,
            column: chars_to - chars_from - mark + 1,
            utf16: units_to - units_from - mark + 1,
        }
    }

    /// Offsets of a line (from 1) without its end; `None` if there is no such line.
    pub fn range(&self, line: u32) -> Option<std::ops::Range<u32>> {
        let index = (line as usize).checked_sub(1)?;
        let start = *self.starts.get(index)?;
        let end = self.starts.get(index + 1).copied().unwrap_or(self.text.len() as u32);
        let content = self.text.as_bytes().get(start as usize..end as usize)?;
        let content = content.strip_suffix(b"\n").unwrap_or(content);
        let content = content.strip_suffix(b"\r").unwrap_or(content);
        Some(start..start + content.len() as u32)
    }

    /// Characters and UTF-16 units that begin and end before `offset`.
    fn before(&self, offset: usize) -> (u32, u32) {
        if self.counts.is_empty() {
            return (offset as u32, offset as u32);
        }
        let bytes = self.text.as_bytes();
        let end = floor_char_boundary(bytes, offset);
        let block = end / STRIDE;
        let (mut chars, mut units) = self.counts[block];
        for byte in bytes.get(block * STRIDE..end).unwrap_or_default() {
            let (c, u) = weight(*byte);
            chars += c;
            units += u;
        }
        (chars, units)
    }
}

fn floor_char_boundary(bytes: &[u8], mut offset: usize) -> usize {
    while bytes.get(offset).is_some_and(|b| is_continuation(*b)) {
        offset -= 1;
    }
    offset
}

fn is_continuation(byte: u8) -> bool {
    byte & 0xc0 == 0x80
}

/// Characters and UTF-16 units that a byte stands for: its character's, if it is the first byte of it.
fn weight(byte: u8) -> (u32, u32) {
    (u32::from(!is_continuation(byte)), u32::from(!is_continuation(byte)) + u32::from(byte >= 0xf0))
}

fn counts(bytes: &[u8]) -> Vec<(u32, u32)> {
    let mut counts = Vec::with_capacity(bytes.len() / STRIDE + 1);
    let (mut chars, mut units) = (0, 0);
    for block in bytes.chunks(STRIDE) {
        counts.push((chars, units));
        for byte in block {
            let (c, u) = weight(*byte);
            chars += c;
            units += u;
        }
    }
    counts.push((chars, units));
    counts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str, offset: usize) -> (u32, u32, u32) {
        let p = LineIndex::new(text).position(offset as u32);
        (p.line, p.column, p.utf16)
    }

    #[test]
    fn all_line_ends() {
        let text = "a\nb\r\nc\rd\n\re\x0cf";
        assert_eq!(at(text, 0), (1, 1, 1));
        assert_eq!(at(text, 1), (1, 2, 2));
        assert_eq!(at(text, 2), (2, 1, 1));
        assert_eq!(at(text, 4), (2, 3, 3)); // between \r and \n
        assert_eq!(at(text, 5), (3, 1, 1));
        assert_eq!(at(text, 7), (4, 1, 1));
        assert_eq!(at(text, 10), (6, 1, 1));
        assert_eq!(at(text, 12), (6, 3, 3)); // a form feed ends no line
        assert_eq!(at(text, 99), (6, 4, 4));
        assert_eq!(LineIndex::new(text).lines(), 6);
    }

    #[test]
    fn columns_count_characters_and_utf16_units() {
        let text = "é𝄞x\n𝄞y";
        assert_eq!(at(text, 2), (1, 2, 2));
        assert_eq!(at(text, 4), (1, 2, 2)); // inside the clef
        assert_eq!(at(text, 6), (1, 3, 4));
        assert_eq!(at(text, 12), (2, 2, 3));
    }

    #[test]
    fn a_byte_order_mark_takes_no_column() {
        let text = "\u{feff}x\ny";
        assert_eq!(at(text, 0), (1, 1, 1));
        assert_eq!(at(text, 3), (1, 1, 1));
        assert_eq!(at(text, 4), (1, 2, 2));
        assert_eq!(at(text, 5), (2, 1, 1));
    }

    #[test]
    fn ranges_leave_out_the_line_end() {
        let text = "ab\r\n\rc";
        let index = LineIndex::new(text);
        let ranges: Vec<_> = (0..=4).map(|line| index.range(line)).collect();
        assert_eq!(ranges, [None, Some(0..2), Some(4..4), Some(5..6), None]);
        assert_eq!(LineIndex::new("").range(1), Some(0..0));
    }

    #[test]
    fn agrees_with_counting_one_by_one() {
        let text: String = "é1\r\n".repeat(40) + &"𝄞x".repeat(400) + "\r" + &"abc\u{ff}".repeat(200);
        let index = LineIndex::new(&text);
        for (offset, _) in text.char_indices() {
            let before = text[..offset].replace("\r\n", "\n").replace('\r', "\n");
            // An offset between \r and \n is still on the line.
            if text[..offset].ends_with('\r') && text[offset..].starts_with('\n') {
                continue;
            }
            let line = before.rsplit('\n').next().unwrap();
            let expected = Position {
                line: before.matches('\n').count() as u32 + 1,
                column: line.chars().count() as u32 + 1,
                utf16: line.encode_utf16().count() as u32 + 1,
            };
            assert_eq!(index.position(offset as u32), expected, "{offset}");
        }
    }
}
