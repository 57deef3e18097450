//! Where the triple-quoted strings of a Python text are.

/// Start and end of every triple-quoted string, quotes included. The expressions in f-strings are not looked into.
pub(super) fn triple_quoted(text: &str) -> impl Iterator<Item = (usize, usize)> + '_ {
    let bytes = text.as_bytes();
    let mut at = 0;
    std::iter::from_fn(move || {
        while let Some(found) = memchr::memchr3(b'"', b'\'', b'#', bytes.get(at..)?) {
            let start = at + found;
            if bytes[start] == b'#' {
                at = start + memchr::memchr2(b'\n', b'\r', &bytes[start..])?;
                continue;
            }
            let quote = bytes[start];
            let triple = bytes[start..].starts_with(&[quote; 3]);
            at = end_of_string(bytes, start + if triple { 3 } else { 1 }, quote, triple);
            if triple {
                return Some((start, at));
            }
        }
        None
    })
}

/// The end of the string whose text begins at `at`; a single-quoted one ends at the line end at the latest.
fn end_of_string(bytes: &[u8], mut at: usize, quote: u8, triple: bool) -> usize {
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b'\\' => at += 2,
            b'\n' | b'\r' if !triple => return at,
            _ if byte == quote && !triple => return at + 1,
            _ if byte == quote && bytes[at..].starts_with(&[quote; 3]) => return at + 3,
            _ => at += 1,
        }
    }
    bytes.len()
}

#[cfg(test)]
mod tests {
    use super::triple_quoted;

    fn found(text: &str) -> Vec<&str> {
        triple_quoted(text).map(|(start, end)| &text[start..end]).collect()
    }

    #[test]
    fn only_triple_quoted_strings() {
        assert_eq!(found("a = 'x' + \"\"\"b\nc\"\"\" # '''\n'''d'''"), ["\"\"\"b\nc\"\"\"", "'''d'''"]);
        assert_eq!(found("'it\n'''a\\'''b'''"), ["'''a\\'''b'''"]);
        assert_eq!(found("x = \"\"\"open"), ["\"\"\"open"]);
        assert_eq!(found("'\\"), [""; 0]);
        assert_eq!(found("\"\" ''"), [""; 0]);
    }
}
