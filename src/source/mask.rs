//! Credentials out of texts, before anything is shown.
//!
//! A masked text has the same lines and the same length, in bytes, characters and UTF-16 units, so offsets into the original stay
//! true. What is masked:
//! * passwords in URLs: `scheme://user:secret@host`;
//! * literals that are assigned to, passed as or stored under a name like `password`, `api_key`, `auth_token`;
//! * the same inside strings: `"host=db password=secret"`, `"?token=secret"`, `Bearer secret`;
//! * tokens that show what they are (`AKIA...`, `ghp_...`, `sk_live_...`), and private keys in PEM.
//!
//! It works on characters, not on syntax: it must also hold for files that do not parse. When in doubt, it masks.

mod names;
mod quotes;

use aho_corasick::{AhoCorasick, Input, MatchKind};
use names::Sensitivity;
use quotes::Quotes;
use std::ops::Range;
use std::sync::{Arc, LazyLock};

/// Tokens that are recognisable by how they begin, and how many characters must follow at least.
const TOKENS: &[(&str, usize)] = &[
    ("AKIA", 16),
    ("ASIA", 16),
    ("AIza", 30),
    ("ghp_", 20),
    ("gho_", 20),
    ("ghs_", 20),
    ("ghu_", 20),
    ("ghr_", 20),
    ("github_pat_", 20),
    ("glpat-", 16),
    ("sk-", 20),
    ("sk_live_", 16),
    ("sk_test_", 16),
    ("rk_live_", 16),
    ("whsec_", 16),
    ("xoxa-", 16),
    ("xoxb-", 16),
    ("xoxp-", 16),
    ("npm_", 30),
    ("pypi-", 30),
    ("dop_v1_", 30),
    ("eyJ", 30),
    ("Bearer ", 8),
];
const URL: &str = "://";
const PEM: &str = "-----BEGIN ";

/// Where a look at the text is worth it: first names, then tokens, URL and PEM.
static MARKS: LazyLock<Option<AhoCorasick>> = LazyLock::new(|| {
    let tokens = TOKENS.iter().map(|(start, _)| *start);
    let patterns = names::WORDS.iter().copied().chain(tokens).chain([URL, PEM]);
    AhoCorasick::builder().match_kind(MatchKind::LeftmostLongest).ascii_case_insensitive(true).build(patterns).ok()
});

/// `text` with every credential replaced by `*`, or by a character of the same length where it is not ASCII. Takes linear time.
pub fn mask(text: &Arc<str>) -> Arc<str> {
    let secrets = Masker::new(text).run();
    if secrets.is_empty() { text.clone() } else { cover(text, &secrets).into() }
}

/// Replaces the characters in `secrets`, which are ascending.
fn cover(text: &str, secrets: &[Range<usize>]) -> String {
    let mut out = String::with_capacity(text.len());
    let mut done = 0;
    for secret in secrets {
        let start = secret.start.max(done);
        if start >= secret.end {
            continue;
        }
        out.push_str(&text[done..start]);
        out.extend(text[start..secret.end].chars().map(|c| match (c, c.len_utf8()) {
            ('\n' | '\r', _) => c,
            (_, 1) => '*',
            (_, 2) => '\u{b7}',
            (_, 3) => '\u{2022}',
            _ => '\u{1f512}',
        }));
        done = secret.end;
    }
    out.push_str(&text[done..]);
    out
}

struct Masker<'t> {
    text: &'t str,
    bytes: &'t [u8],
    quotes: Quotes<'t>,
    /// Ascending; starts and ends are character boundaries.
    secrets: Vec<Range<usize>>,
}

impl<'t> Masker<'t> {
    fn new(text: &'t str) -> Self {
        Masker { text, bytes: text.as_bytes(), quotes: Quotes::new(text.as_bytes()), secrets: Vec::new() }
    }

    /// Goes from mark to mark. Each step returns where to go on, at or after what it has looked at; what it looked at beyond that
    /// is bounded, or ends where the next mark of its kind begins. So the whole is linear.
    fn run(mut self) -> Vec<Range<usize>> {
        let Some(marks) = MARKS.as_ref() else { return Vec::new() };
        let mut at = 0;
        while let Some(mark) = marks.find(Input::new(self.text).range(at..)) {
            let pattern = mark.pattern().as_usize();
            let token = pattern.checked_sub(names::WORDS.len()).map(|i| TOKENS.get(i));
            let next = match token {
                None => self.name(at, mark.range()),
                Some(Some((start, least))) => self.token(mark.range(), start, *least),
                Some(None) if self.bytes[mark.start()] == b':' => self.url(mark.end()),
                Some(None) => self.pem(mark.range()),
            };
            at = next.max(mark.start() + 1);
            while !self.text.is_char_boundary(at) {
                at += 1;
            }
        }
        self.secrets
    }

    fn byte(&self, at: usize) -> Option<u8> {
        self.bytes.get(at).copied()
    }

    /// End of the run of bytes from `at` that satisfy `of`.
    fn while_(&self, at: usize, of: impl Fn(u8) -> bool) -> usize {
        self.bytes[at..].iter().position(|b| !of(*b)).map_or(self.bytes.len(), |n| at + n)
    }

    fn hide(&mut self, secret: Range<usize>) {
        if !secret.is_empty() && !is_placeholder(&self.text[secret.clone()]) {
            self.secrets.push(secret);
        }
    }

    /// `AKIA...` and the like.
    fn token(&mut self, mark: Range<usize>, start: &str, least: usize) -> usize {
        let fits = self.text[mark.clone()] == *start && !(mark.start > 0 && is_name(self.bytes[mark.start - 1]));
        if !fits {
            return mark.start + 1;
        }
        let end = self.while_(mark.end, |b| is_name(b) || b"-.~+/=".contains(&b));
        if end - mark.end >= least {
            self.secrets.push(mark.end..end);
        }
        end
    }

    /// From `-----BEGIN ` to `-----END`, if it is a private key.
    fn pem(&mut self, mark: Range<usize>) -> usize {
        let title = self.while_(mark.end, |b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b' ');
        if !self.text[mark.end..title].contains("PRIVATE KEY") {
            return title;
        }
        let start = self.while_(title, |b| b == b'-');
        let end = memchr::memmem::find(&self.bytes[start..], b"-----END").map_or(self.bytes.len(), |n| start + n);
        self.secrets.push(start..end);
        end
    }

    /// The user information of a URL; `start` is after `://`.
    fn url(&mut self, start: usize) -> usize {
        let Authority { end, colon, at, slash } = self.authority(start);
        let path = slash.unwrap_or(end);
        let Some(at) = at else { return path };
        match colon.filter(|colon| *colon < at) {
            // `host:8000/path@x` has no user information; a password may contain a slash by mistake.
            Some(colon) => {
                let first = &self.text[colon + 1..path.max(colon + 1)];
                let is_port = path < at && (first.bytes().all(|b| b.is_ascii_digit()) || is_placeholder(first));
                if !is_port && colon < path {
                    self.hide(colon + 1..at);
                }
            }
            // A token as user name.
            None if at < path && at - start >= 16 => self.hide(start..at),
            None => {}
        }
        path.max(start)
    }

    /// Looks at a URL up to white space, a quote or the next URL. Placeholders in braces are stepped over, as they may hold anything.
    fn authority(&self, start: usize) -> Authority {
        let mut found = Authority { end: start, colon: None, at: None, slash: None };
        while let Some(byte) = self.byte(found.end) {
            match byte {
                b'{' => {
                    let close =
                        self.bytes[found.end..].iter().take(200).position(|b| matches!(b, b'}' | b'\n' | b'\r'));
                    let inner = close.map(|n| &self.bytes[found.end..=found.end + n]);
                    let whole =
                        |inner: &&[u8]| inner.ends_with(b"}") && memchr::memmem::find(inner, URL.as_bytes()).is_none();
                    if let Some(n) = inner.filter(whole).map(|inner| inner.len() - 1) {
                        found.end += n;
                    }
                }
                b'\'' | b'"' | b'`' | b'<' | b'>' | b'\\' | b' ' | b'\t' | b'\n' | b'\r' | 0x0c => break,
                b':' if self.bytes[found.end..].starts_with(URL.as_bytes()) => break,
                b':' if found.colon.is_none() => found.colon = Some(found.end),
                // Only the last one before the path; in the path only if there was none.
                b'@' if found.slash.is_none() || found.at.is_none() => found.at = Some(found.end),
                b'/' | b'?' | b'#' if found.slash.is_none() => found.slash = Some(found.end),
                _ => {}
            }
            found.end += 1;
        }
        found
    }

    /// A word like `password`; `from` is where this search began, which bounds the look back.
    fn name(&mut self, from: usize, mark: Range<usize>) -> usize {
        let before = self.bytes[from..mark.start].iter().rposition(|b| !is_name(*b) && *b != b'-');
        let start = before.map_or(from, |n| from + n + 1);
        let end = self.while_(mark.end, |b| is_name(b) || b == b'-');
        let in_string = self.quotes.open_at(start);
        match names::sensitivity(&self.text[start..end]) {
            Sensitivity::None => end,
            sensitivity => self.value(end, in_string, sensitivity),
        }
    }

    /// What follows a sensitive name.
    fn value(&mut self, end: usize, in_string: bool, sensitivity: Sensitivity) -> usize {
        let mut at = end;
        // A key: `"password":`, `["password"] =`, `getenv("PASSWORD", ...)`.
        let quoted = in_string && matches!(self.byte(at), Some(b'\'' | b'"' | b'`'));
        if quoted {
            at += 1;
            at += usize::from(self.byte(at) == Some(b']'));
        } else if matches!(self.bytes.get(at..at + 2), Some(b"\\\"" | b"\\'")) {
            at += 2;
        }
        at = self.blanks(at);
        match self.byte(at) {
            Some(b'=' | b'!') if self.byte(at + 1) == Some(b'=') => {
                at += if self.byte(at + 2) == Some(b'=') { 3 } else { 2 };
            }
            Some(b':') if self.byte(at + 1) == Some(b'=') => at += 2,
            Some(b'|' | b'?') if matches!(self.bytes.get(at..at + 3), Some(b"||=" | b"??=")) => at += 3,
            // An optional property with a type.
            Some(b'?') if self.byte(at + 1) == Some(b':') => match self.annotation(at + 2) {
                Some(after) => at = after,
                None => return end,
            },
            Some(b'=') => at += 1,
            Some(b':') => match self.annotation(at + 1) {
                Some(after) if !quoted => at = after,
                _ => at += 1,
            },
            Some(b',') if quoted && self.is_last_argument(at + 1) => at += 1,
            Some(b'(') if sensitivity == Sensitivity::Wrapper => {}
            _ => return end,
        }
        let separator = self.bytes[at - 1];
        at = self.blanks(at);
        match self.literal_from(at) {
            Some(_) if self.quotes.closes_at(at) => at,
            Some(_) => self.literals(at, false),
            None if self.byte(at) == Some(b'(') => self.literals(at + 1, true),
            None if in_string && !quoted && separator == b'=' => self.bare(at),
            None => self.alternatives(at),
        }
    }

    /// The literals in `env.PASSWORD || "secret"`, `a ? "secret" : b` and the like; the expression begins here.
    fn alternatives(&mut self, start: usize) -> usize {
        /// How long an expression may be.
        const REACH: usize = 120;
        let (mut at, mut end, mut depth) = (start, start, 0usize);
        // What may be followed by an alternative.
        let mut operator = false;
        let mut conditions = 0usize;
        while at < start + REACH {
            let Some(byte) = self.byte(at) else { break };
            if let Some((content, after)) = self.literal_from(at).filter(|_| matches!(byte, b'\'' | b'"' | b'`')) {
                if operator {
                    self.hide(content);
                    end = after;
                }
                operator = false;
                at = after;
                continue;
            }
            match byte {
                b'(' | b'[' => depth += 1,
                b')' | b']' if depth > 0 => depth -= 1,
                b')' | b']' | b'}' | b';' | b'{' => break,
                b',' | b'\n' | b'=' if depth == 0 => {
                    let goes_on = self.bytes[self.blanks(at)..].starts_with(b"||")
                        || self.bytes[self.blanks(at)..].starts_with(b"??");
                    if byte != b'\n' || !(operator || goes_on) {
                        break;
                    }
                }
                _ => {}
            }
            let rest = &self.bytes[at..];
            if depth == 0 && (rest.starts_with(b"||") || rest.starts_with(b"??") || rest.starts_with(b" or ")) {
                operator = true;
                at += if byte == b' ' { 4 } else { 2 };
                continue;
            }
            operator = match byte {
                b'?' => {
                    conditions += 1;
                    depth == 0
                }
                b':' if depth == 0 && conditions == 0 => break,
                b':' => depth == 0,
                b' ' | b'\t' | b'\n' | b'\r' => operator,
                _ => false,
            };
            at += 1;
        }
        end
    }

    /// A literal and the end of the arguments: the default in `getenv("PASSWORD", "secret")`, but not the next of a list of names.
    fn is_last_argument(&self, at: usize) -> bool {
        let literal = self.literal_from(self.blanks(at));
        literal.is_some_and(|(_, after)| self.byte(self.blanks(after)) == Some(b')'))
    }

    /// After the colon of `password: str = `: where the value begins.
    fn annotation(&self, at: usize) -> Option<usize> {
        let is_type = |b: &u8| is_name(*b) || b".[]|, ?".contains(b);
        let end = self.bytes[at..].iter().take(80).position(|b| !is_type(b)).map(|n| at + n)?;
        (self.byte(end) == Some(b'=') && self.byte(end + 1) != Some(b'=')).then_some(end + 1)
    }

    /// A value without quotes, inside a string: up to what separates it from the next.
    fn bare(&mut self, at: usize) -> usize {
        let end = self.while_(at, |b| !b.is_ascii_whitespace() && !b"'\"`;&,\\)".contains(&b));
        if self.byte(at) == Some(b'}') {
            return end; // `{password=}`
        }
        self.hide(at..end);
        end
    }

    /// Literals in a row; in brackets also with names and commas between them: `auth=(USER, "secret")`.
    fn literals(&mut self, mut at: usize, bracket: bool) -> usize {
        /// How much else may stand between them.
        const GAP: usize = 120;
        let mut end = at;
        loop {
            let limit = at + GAP;
            while at < limit && self.byte(at).is_some_and(|b| self.is_between(at, b, bracket)) {
                at += 1;
            }
            let Some((content, after)) = self.literal_from(at) else { return end };
            self.hide(content);
            at = after;
            end = after;
        }
    }

    /// Bytes between two literals of a row. A name that is the prefix of a literal is not.
    fn is_between(&self, at: usize, byte: u8, bracket: bool) -> bool {
        match byte {
            b' ' | b'\t' | b'\n' | b'\r' => true,
            b'\\' => !matches!(self.byte(at + 1), Some(b'\'' | b'"')),
            b',' | b'.' => bracket,
            b if is_name(b) => bracket && self.literal_from(at).is_none(),
            _ => false,
        }
    }

    fn blanks(&self, at: usize) -> usize {
        let n =
            self.bytes[at..].iter().take(160).take_while(|b| matches!(b, b' ' | b'\t' | b'\n' | b'\r' | b'\\')).count();
        // An escaped quote is no blank.
        if n > 0 && self.bytes[at + n - 1] == b'\\' { at + n - 1 } else { at + n }
    }

    /// If a string literal begins here, with up to two prefix letters: its content, and where it ends.
    fn literal_from(&self, at: usize) -> Option<(Range<usize>, usize)> {
        let prefix = self.bytes[at..].iter().take(2).take_while(|b| b"rRbBuUfF".contains(b)).count();
        let at = at + prefix;
        let escaped = self.byte(at) == Some(b'\\');
        let open = at + usize::from(escaped);
        let quote = self.byte(open).filter(|b| matches!(b, b'\'' | b'"' | b'`'))?;
        if escaped {
            // A literal inside a literal ends at the next quote of either.
            let end = self.while_(open + 1, |b| !matches!(b, b'\\' | b'\n' | b'\r') && b != quote);
            let closed = self.byte(end) == Some(b'\\') && self.byte(end + 1) == Some(quote);
            return Some((open + 1..end, end + if closed { 2 } else { 0 }));
        }
        if self.bytes[open..].starts_with(&[quote; 3]) {
            let start = open + 3;
            let end = memchr::memmem::find(&self.bytes[start..], &[quote; 3]).map(|n| start + n);
            return Some(end.map_or((start..self.bytes.len(), self.bytes.len()), |end| (start..end, end + 3)));
        }
        let mut end = open + 1;
        while let Some(byte) = self.byte(end) {
            match byte {
                b'\\' if self.bytes[end + 1..].starts_with(b"\r\n") => end += 2,
                b'\\' => end += 1,
                b'\n' | b'\r' => break,
                b if b == quote => break,
                _ => {}
            }
            end += 1;
        }
        let mut end = end.min(self.bytes.len());
        while !self.text.is_char_boundary(end) {
            end += 1;
        }
        let after = end + usize::from(self.byte(end) == Some(quote));
        Some((open + 1..end, after))
    }
}

/// Offsets in a URL: its end, the first colon, the `@` that ends the user information, the first of `/`, `?` and `#`.
struct Authority {
    end: usize,
    colon: Option<usize>,
    at: Option<usize>,
    slash: Option<usize>,
}

fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80
}

/// Something to be filled in, which is no secret: `{password}`, `Bearer {token}`, `%s`, `%(password)s`, `${PASSWORD}`, `<password>`, `***`.
fn is_placeholder(text: &str) -> bool {
    let name = |text: &str| !text.is_empty() && text.bytes().all(is_name);
    let scheme = text.split_once(' ').filter(|(first, _)| first.bytes().all(|b| b.is_ascii_alphabetic()));
    let text = scheme.map_or(text, |(_, rest)| rest);
    let wrapped = |open: &str, close: char| {
        let inner = text.strip_prefix(open).and_then(|rest| rest.strip_suffix(close));
        inner.is_some_and(|inner| !inner.contains(['{', '}', '<', '>', '"', '\'']))
    };
    matches!(text, "%s" | "%r" | "?" | "...")
        || wrapped("{", '}')
        || wrapped("${", '}')
        || wrapped("<", '>')
        || text.strip_prefix("%(").and_then(|rest| rest.strip_suffix(")s")).is_some_and(name)
        || text.strip_prefix('$').is_some_and(name)
        || text.bytes().all(|b| b == b'*')
}

#[cfg(test)]
mod tests;
