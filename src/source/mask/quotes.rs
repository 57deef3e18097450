//! Whether a place is inside a string, guessed from quotes alone.

/// Goes forward through a text. Strings end with their line, but for those in triple quotes and backticks.
pub(super) struct Quotes<'t> {
    bytes: &'t [u8],
    at: usize,
    open: Option<Open>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
struct Open {
    quote: u8,
    triple: bool,
}

impl<'t> Quotes<'t> {
    pub(super) fn new(bytes: &'t [u8]) -> Self {
        Quotes { bytes, at: 0, open: None }
    }

    /// Whether a string is open before `place`. Places must be asked for in ascending order.
    pub(super) fn open_at(&mut self, place: usize) -> bool {
        while self.at < place {
            self.step();
        }
        self.open.is_some()
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
            (None, quote @ (b'\'' | b'"' | b'`')) => {
                length = if triple { 3 } else { 1 };
                self.open = Some(Open { quote, triple });
            }
            _ => {}
        }
        self.at += length;
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
