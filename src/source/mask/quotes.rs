//! Whether a place is inside a string, guessed from quotes and comment signs alone.

/// Goes forward through a text. Strings end with their line, but for those in triple quotes and backticks.
/// Comments (`#`, `//`) go to the end of their line, `/*` to `*/`; quotes in them mean nothing.
pub(super) struct Quotes<'t> {
    bytes: &'t [u8],
    at: usize,
    open: Option<Open>,
    /// The end of a comment may still come.
    comments_end: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
struct Open {
    quote: u8,
    triple: bool,
}

impl<'t> Quotes<'t> {
    pub(super) fn new(bytes: &'t [u8]) -> Self {
        Quotes { bytes, at: 0, open: None, comments_end: true }
    }

    /// Whether a string is open before `place`. Places must be asked for in ascending order.
    pub(super) fn open_at(&mut self, place: usize) -> bool {
        while self.at < place {
            self.step();
        }
        self.open.is_some()
    }

    /// Whether the quote at `place` ends the string that is open there. Ascending, as in [`Quotes::open_at`].
    pub(super) fn closes_at(&mut self, place: usize) -> bool {
        self.open_at(place);
        let rest = &self.bytes[place..];
        let closes = |open: Open| rest.starts_with(&[open.quote; 3][..if open.triple { 3 } else { 1 }]);
        self.at == place && self.open.is_some_and(closes)
    }

    fn step(&mut self) {
        let byte = self.bytes[self.at];
        let triple = self.bytes[self.at..].starts_with(&[byte; 3]);
        let mut length = 1;
        match (self.open, byte) {
            (Some(_), b'\\') => {
                length = if self.bytes[self.at + 1..].starts_with(b"\r\n") { 3 } else { 2 };
            }
            (Some(Open { triple: false, quote }), b'\n' | b'\r') if quote != b'`' => self.open = None,
            (Some(open), quote) if quote == open.quote && (triple || !open.triple) => {
                length = if open.triple { 3 } else { 1 };
                self.open = None;
            }
            (None, b'#') => length = self.to_line_end(),
            (None, b'/') if self.bytes.get(self.at + 1) == Some(&b'/') => length = self.to_line_end(),
            (None, b'/') if self.bytes.get(self.at + 1) == Some(&b'*') && self.comments_end => {
                let end = memchr::memmem::find(&self.bytes[self.at + 2..], b"*/");
                self.comments_end = end.is_some();
                length = end.map_or(2, |n| n + 4);
            }
            (None, quote @ (b'\'' | b'"' | b'`')) => {
                length = if triple { 3 } else { 1 };
                self.open = Some(Open { quote, triple });
            }
            _ => {}
        }
        self.at += length;
    }

    /// Bytes from here to the end of the line.
    fn to_line_end(&self) -> usize {
        let rest = &self.bytes[self.at..];
        memchr::memchr2(b'\n', b'\r', rest).unwrap_or(rest.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings() {
        let text = r#"a = 'b"c' + "d\"e" ; f = """g
h "i" """ + 'j
k"#;
        let mut quotes = Quotes::new(text.as_bytes());
        let inside: String =
            text.char_indices().filter(|(at, c)| c.is_alphabetic() && quotes.open_at(*at)).map(|(_, c)| c).collect();
        assert_eq!(inside, "bcdeghij");
    }
}
