//! The depth of JavaScript and TypeScript texts, and where their strings, comments and brackets are.
//!
//! A scanner without a grammar: what a `/` or a `<` means it tells from what stands before it. Where it is wrong, in broken code or
//! in the darker corners of the language, it goes on with the next line at the latest, or at the next bracket that fits.

use super::{LowerError, MAX_BLOCKS, MAX_DEPTH};
use memchr::memmem;

/// Fails when the text of a file may give a tree that is too deep. `jsx` tells whether `<` can begin an element.
pub fn check(text: &str, jsx: bool) -> Result<(), LowerError> {
    let mut scan = Scan::new(text, jsx);
    while scan.step().is_some() {
        let (depth, blocks) = (scan.levels.len() + scan.links, scan.blocks);
        if depth > MAX_DEPTH || blocks > MAX_BLOCKS {
            return Err(too_deep(scan));
        }
    }
    Ok(())
}

/// How deep it goes in all.
fn too_deep(mut scan: Scan<'_>) -> LowerError {
    let (mut depth, mut blocks) = (0, 0);
    loop {
        depth = depth.max(scan.levels.len() + scan.links);
        blocks = blocks.max(scan.blocks);
        if scan.step().is_none() {
            break;
        }
    }
    if depth > MAX_DEPTH {
        LowerError::TooDeep { depth, max: MAX_DEPTH }
    } else {
        LowerError::TooDeep { depth: blocks, max: MAX_BLOCKS }
    }
}

/// What a step of the scan went over.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::lang) enum Piece {
    Open(u8),
    Close(u8),
    /// Text of a template, a comment, or a string: its lines are no lines of code.
    Text,
    Other,
}

/// What the scan is inside of.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Inside {
    /// `(`, `[` or `{` that wants this closer.
    Bracket(u8),
    /// Text of a template literal.
    Template,
    /// `${` in a template.
    Substitution,
    /// From `<name` to `>`.
    Tag,
    /// Between `<name>` and `</name>`.
    Children,
}

#[derive(Clone, Copy)]
struct Level {
    inside: Inside,
    /// Links of the chain that is open at this level.
    chain: usize,
    /// The parentheses after `if` and the like: a statement follows.
    head: bool,
    /// Braces around statements or members.
    block: bool,
}

/// What stands before.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Before {
    /// The end of an operand: a `/` divides.
    Operand,
    /// An operand is to come.
    Operator,
    /// A block or statement has ended.
    Statement,
}

pub(in crate::lang) struct Scan<'t> {
    text: &'t [u8],
    jsx: bool,
    at: usize,
    levels: Vec<Level>,
    /// Links in all levels.
    links: usize,
    /// Levels that are blocks.
    blocks: usize,
    before: Before,
    /// A line end stands before.
    fresh_line: bool,
    /// The last word, when it is what stands before.
    word: &'t [u8],
}

impl<'t> Scan<'t> {
    pub(in crate::lang) fn new(text: &'t str, jsx: bool) -> Self {
        let top = Level { inside: Inside::Bracket(0), chain: 0, head: false, block: false };
        let mut scan = Scan {
            text: text.as_bytes(),
            jsx,
            at: 0,
            levels: vec![top],
            links: 0,
            blocks: 0,
            before: Before::Statement,
            fresh_line: true,
            word: b"",
        };
        if scan.starts("#!") {
            scan.at = scan.line_end(0);
        }
        scan
    }

    /// Where the next step begins.
    pub(in crate::lang) fn at(&self) -> usize {
        self.at.min(self.text.len())
    }

    /// Goes over at least one byte; `None` at the end.
    pub(in crate::lang) fn step(&mut self) -> Option<Piece> {
        if self.at >= self.text.len() {
            return None;
        }
        Some(match self.inside() {
            Inside::Template => self.template(),
            Inside::Tag => self.tag(),
            Inside::Children => self.children(),
            Inside::Bracket(_) | Inside::Substitution => self.code(),
        })
    }

    fn inside(&self) -> Inside {
        self.levels.last().map_or(Inside::Bracket(0), |level| level.inside)
    }

    fn peek(&self, ahead: usize) -> u8 {
        self.text.get(self.at + ahead).copied().unwrap_or(0)
    }

    fn rest(&self) -> &'t [u8] {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn starts(&self, with: &str) -> bool {
        self.rest().starts_with(with.as_bytes())
    }

    /// The end of the line that `ahead` is on.
    fn line_end(&self, ahead: usize) -> usize {
        let start = (self.at + ahead).min(self.text.len());
        memchr::memchr2(b'\n', b'\r', &self.text[start..]).map_or(self.text.len(), |n| start + n)
    }

    fn open(&mut self, inside: Inside, head: bool, block: bool) {
        self.levels.push(Level { inside, chain: 0, head, block });
        self.blocks += usize::from(block);
        self.before = if block { Before::Statement } else { Before::Operator };
        self.word = b"";
    }

    fn close(&mut self) -> Option<Level> {
        if self.levels.len() <= 1 {
            return None;
        }
        let level = self.levels.pop()?;
        self.links -= level.chain;
        self.blocks -= usize::from(level.block);
        Some(level)
    }

    fn link(&mut self) {
        if let Some(level) = self.levels.last_mut() {
            level.chain += 1;
            self.links += 1;
        }
    }

    fn end_chain(&mut self) {
        if let Some(level) = self.levels.last_mut() {
            self.links -= std::mem::take(&mut level.chain);
        }
    }

    fn code(&mut self) -> Piece {
        let byte = self.peek(0);
        if matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | 0x0b | 0x0c) {
            self.fresh_line |= matches!(byte, b'\n' | b'\r');
            self.at += 1;
            return Piece::Other;
        }
        if byte == b'/' && matches!(self.peek(1), b'/' | b'*') {
            return self.comment();
        }
        if self.before == Before::Statement {
            // `else` and `catch` belong to the statement before, and so does what cannot begin one.
            let goes_on = matches!(byte, b'.' | b'?' | b'=' | b'&' | b'|' | b'*' | b'%' | b'^' | b'>' | b',' | b':')
                || ["else", "catch", "finally", "while", "as", "satisfies", "instanceof", "in", "of"]
                    .iter()
                    .any(|word| self.starts(word) && !is_name(self.peek(word.len())));
            if !goes_on {
                self.end_chain();
            }
        }
        let fresh_line = std::mem::take(&mut self.fresh_line);
        match byte {
            b'(' => {
                let head = matches!(self.word, b"if" | b"for" | b"while" | b"with" | b"await");
                self.bracket(byte, b')', head, false)
            }
            b'[' => self.bracket(byte, b']', false, false),
            b'{' => {
                let block = self.before != Before::Operator
                    || matches!(self.word, b"else" | b"do" | b"try" | b"finally" | b"=>" | b")");
                self.bracket(byte, b'}', false, block)
            }
            b')' | b']' | b'}' => self.closer(byte),
            b'`' => {
                self.at += 1;
                self.link();
                self.open(Inside::Template, false, false);
                Piece::Text
            }
            b'"' | b'\'' => self.string(byte, fresh_line),
            b',' | b';' => {
                self.at += 1;
                self.end_chain();
                self.operator(b"");
                Piece::Other
            }
            b'0'..=b'9' => {
                self.operand(fresh_line);
                while is_name(self.peek(0)) || (self.peek(0) == b'.' && self.peek(1).is_ascii_digit()) {
                    self.at += 1;
                }
                Piece::Other
            }
            b'/' if self.before != Before::Operand => self.regex(),
            b'<' if self.jsx && self.before != Before::Operand && self.begins_element() => {
                self.at += 1;
                self.link();
                self.element();
                Piece::Other
            }
            _ if is_name(byte) || byte == b'#' || byte == b'\\' || byte == b'@' => {
                self.name(fresh_line);
                Piece::Other
            }
            _ => {
                self.sign(byte);
                Piece::Other
            }
        }
    }

    /// All operators, one by one: `- - -x` nests.
    fn sign(&mut self, byte: u8) {
        self.link();
        let next = self.peek(1);
        if byte == b'=' && next == b'>' {
            self.at += 2;
            return self.operator(b"=>");
        }
        if next == byte && matches!(byte, b'+' | b'-') {
            // Before or after an operand.
            self.at += 2;
            return;
        }
        if byte == b'!' && self.before == Before::Operand && next != b'=' {
            self.at += 1;
            return;
        }
        self.at += 1;
        while matches!(self.peek(0), b'=' | b'&' | b'|' | b'?' | b'*' | b'.') && byte != b'(' {
            // The rest of `===`, `&&`, `?.` and the like, but `=` and `|` may also begin something.
            if self.peek(0) != byte && self.peek(0) != b'=' && !(byte == b'?' && self.peek(0) == b'.') {
                break;
            }
            self.at += 1;
        }
        self.operator(b"");
    }

    fn operator(&mut self, sign: &'static [u8]) {
        self.before = Before::Operator;
        self.word = sign;
    }

    /// Something that can begin a statement. After an operand, on a new line, it does.
    fn operand(&mut self, fresh_line: bool) {
        if fresh_line && (self.before == Before::Operand || self.word == b"void") {
            self.end_chain();
        }
        self.before = Before::Operand;
        self.word = b"";
    }

    fn bracket(&mut self, opener: u8, closer: u8, head: bool, block: bool) -> Piece {
        self.at += 1;
        self.open(Inside::Bracket(closer), head, block);
        Piece::Open(opener)
    }

    fn closer(&mut self, byte: u8) -> Piece {
        /// How far out the opener of a closer is looked for; what is open inside of it was not closed.
        const REACH: usize = 8;
        self.at += 1;
        let fits = |level: &Level| {
            level.inside == Inside::Bracket(byte) || (level.inside == Inside::Substitution && byte == b'}')
        };
        let open = self.levels.iter().rev().take(REACH).position(fits);
        let Some(inner) = open else { return Piece::Close(byte) };
        for _ in 0..inner {
            self.close();
        }
        let substitution = self.inside() == Inside::Substitution;
        let Some(level) = self.close() else { return Piece::Close(byte) };
        self.link();
        self.word = b"";
        if substitution || matches!(self.inside(), Inside::Tag | Inside::Children) {
            return Piece::Close(byte);
        }
        self.before = if level.block {
            Before::Statement
        } else if level.head {
            Before::Operator
        } else {
            Before::Operand
        };
        if byte == b')' && level.head {
            self.word = b")";
        }
        Piece::Close(byte)
    }

    fn comment(&mut self) -> Piece {
        if self.peek(1) == b'/' {
            self.at = self.line_end(0);
        } else {
            let body = self.text.get(self.at + 2..).unwrap_or_default();
            let len = memmem::find(body, b"*/").map_or(body.len(), |n| n + 2);
            self.fresh_line |= memchr::memchr2(b'\n', b'\r', &body[..len]).is_some();
            self.at += 2 + len;
        }
        Piece::Text
    }

    /// At a quote. One without an end on its line is an apostrophe in a text that was not recognised as such.
    fn string(&mut self, quote: u8, fresh_line: bool) -> Piece {
        self.operand(fresh_line);
        let mut end = self.at + 1;
        while let Some(&byte) = self.text.get(end) {
            match byte {
                b'\\' if self.text.get(end + 1) == Some(&b'\r') && self.text.get(end + 2) == Some(&b'\n') => end += 3,
                b'\\' => end += 2,
                b'\n' | b'\r' => break,
                _ if byte == quote => {
                    self.at = end + 1;
                    return Piece::Text;
                }
                _ => end += 1,
            }
        }
        self.at += 1;
        Piece::Other
    }

    /// At a slash that begins an operand. Without an end on its line it is just a slash.
    fn regex(&mut self) -> Piece {
        let mut end = self.at + 1;
        let mut class = false;
        while let Some(&byte) = self.text.get(end) {
            match byte {
                b'\\' => end += 1,
                b'\n' | b'\r' => break,
                b'[' => class = true,
                b']' => class = false,
                b'/' if !class => {
                    self.operand(false);
                    self.at = end + 1;
                    return Piece::Other;
                }
                _ => {}
            }
            end += 1;
        }
        self.sign(b'/');
        Piece::Other
    }

    fn name(&mut self, fresh_line: bool) {
        let start = self.at;
        self.at += 1;
        while is_name(self.peek(0)) {
            self.at += 1;
        }
        let word = &self.text[start..self.at];
        let after_dot = start > 0 && self.text[start - 1] == b'.';
        let operator = !after_dot
            && matches!(
                word,
                b"return"
                    | b"typeof"
                    | b"instanceof"
                    | b"in"
                    | b"of"
                    | b"new"
                    | b"delete"
                    | b"void"
                    | b"throw"
                    | b"case"
                    | b"do"
                    | b"else"
                    | b"await"
                    | b"yield"
                    | b"if"
                    | b"for"
                    | b"while"
                    | b"with"
                    | b"extends"
                    | b"as"
                    | b"satisfies"
                    | b"default"
                    | b"keyof"
                    | b"infer"
                    | b"is"
                    | b"try"
                    | b"finally"
                    | b"async"
                    | b"readonly"
            );
        if operator {
            let joins =
                matches!(word, b"instanceof" | b"in" | b"of" | b"as" | b"satisfies" | b"is" | b"else" | b"extends");
            if fresh_line && self.before == Before::Operand && !joins {
                self.end_chain();
            }
            self.link();
            // These can also be names: `of(x)`, `in class { default: 1 }`. Then a `/` or `<` after them is rare.
            self.before = Before::Operator;
            self.word = word;
        } else {
            self.operand(fresh_line);
        }
    }

    /// Whether the `<` here begins an element and no type parameters or type assertion.
    fn begins_element(&self) -> bool {
        let rest = self.text.get(self.at + 1..).unwrap_or_default();
        let len = rest.iter().position(|byte| !is_tag_name(*byte)).unwrap_or(rest.len());
        let (name, after) = rest.split_at(len);
        if name.is_empty() {
            return after.first() == Some(&b'>');
        }
        if !(name[0].is_ascii_alphabetic() || matches!(name[0], b'_' | b'$' | 0x80..)) {
            return false;
        }
        let trimmed = after.trim_ascii_start();
        let parameters = trimmed.starts_with(b",")
            || trimmed.starts_with(b"=")
            || (trimmed.starts_with(b"extends") && matches!(trimmed.get(7), Some(b' ' | b'\n' | b'\r' | b'\t')))
            || (name == b"const" && !after.starts_with(b">"));
        if parameters {
            return false;
        }
        if after.starts_with(b">(") || (after.starts_with(b">") && name.len() == 1) {
            // A function type or the text of an element, which has an end.
            let near = &after[..after.len().min(4_000)];
            return memmem::find_iter(near, b"</").any(|at| near[at + 2..].starts_with(name));
        }
        true
    }

    /// After the `<` of an element: its name.
    fn element(&mut self) {
        if self.peek(0) == b'>' {
            self.at += 1;
            self.open(Inside::Children, false, false);
            return;
        }
        while is_tag_name(self.peek(0)) {
            self.at += 1;
        }
        self.open(Inside::Tag, false, false);
    }

    fn tag(&mut self) -> Piece {
        match self.peek(0) {
            b'>' => {
                self.at += 1;
                self.close();
                self.open(Inside::Children, false, false);
            }
            b'/' if self.peek(1) == b'>' => {
                self.at += 2;
                self.end_element();
            }
            b'/' if matches!(self.peek(1), b'/' | b'*') => return self.comment(),
            b'{' => {
                self.at += 1;
                self.open(Inside::Bracket(b'}'), false, false);
                return Piece::Open(b'{');
            }
            quote @ (b'"' | b'\'') => {
                let value = self.text.get(self.at + 1..).unwrap_or_default();
                self.at += memchr::memchr(quote, value).map_or(1, |n| n + 2);
                return Piece::Text;
            }
            // Type arguments.
            b'<' => {
                let mut depth = 0usize;
                let mut len = 0;
                for byte in self.rest().iter().take(200) {
                    len += 1;
                    match byte {
                        b'<' => depth += 1,
                        b'>' => depth -= 1,
                        _ => {}
                    }
                    if depth == 0 {
                        break;
                    }
                }
                self.at += if depth == 0 { len } else { 1 };
            }
            // The element was none.
            b';' | b')' | b'}' => {
                self.close();
            }
            _ => self.at += 1,
        }
        Piece::Other
    }

    fn children(&mut self) -> Piece {
        let Some(len) = memchr::memchr2(b'<', b'{', self.rest()) else {
            self.at = self.text.len();
            return Piece::Other;
        };
        self.at += len;
        if self.peek(0) == b'{' {
            self.at += 1;
            self.open(Inside::Bracket(b'}'), false, false);
            return Piece::Open(b'{');
        }
        self.at += 1;
        if self.peek(0) == b'/' {
            self.at += memchr::memchr2(b'>', b'\n', self.rest()).map_or(1, |n| n + 1);
            self.end_element();
        } else if is_tag_name(self.peek(0)) || self.peek(0) == b'>' {
            self.element();
        }
        Piece::Other
    }

    fn end_element(&mut self) {
        self.close();
        if !matches!(self.inside(), Inside::Children) {
            self.before = Before::Operand;
            self.word = b"";
            self.fresh_line = false;
        }
    }

    fn template(&mut self) -> Piece {
        let Some(len) = memchr::memchr3(b'`', b'\\', b'$', self.rest()) else {
            self.at = self.text.len();
            return Piece::Text;
        };
        self.at += len;
        match self.peek(0) {
            b'`' => {
                self.at += 1;
                self.close();
                self.before = Before::Operand;
                self.word = b"";
                self.fresh_line = false;
            }
            b'\\' => self.at += 2,
            _ if self.peek(1) == b'{' => {
                self.at += 2;
                self.open(Inside::Substitution, false, false);
            }
            _ => self.at += 1,
        }
        Piece::Text
    }

    /// Whether what comes is text of a template.
    pub(in crate::lang) fn in_template_text(&self) -> bool {
        self.inside() == Inside::Template
    }
}

fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'$' | 0x80..)
}

fn is_tag_name(byte: u8) -> bool {
    is_name(byte) || matches!(byte, b'-' | b'.' | b':')
}

#[cfg(test)]
mod tests;
