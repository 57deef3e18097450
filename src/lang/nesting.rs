//! Bounds how deep a syntax tree can be, before anything recurses over it.
//!
//! Parsers and walkers recurse, and dropping a tree does too. A linear scan finds an upper bound of the depth without parsing:
//! every open bracket and every block is a level, and so is every operator, dot, call, `not`, `lambda` and conditional since the last
//! comma or line end at the same bracket, because chains like `a.b().c()` or `not not x` nest as well.
//! Strings and comments are skipped; the expressions inside of f-strings are not.

use super::LowerError;

/// Deepest nesting that is analysed. A level costs at most 5 KB of stack (measured on an unoptimised build), so this
/// fits into [`super::STACK_BYTES`] four times.
pub const MAX_DEPTH: usize = 3_000;

/// Blocks recurse through more and larger frames than expressions; nobody indents 300 times.
pub const MAX_BLOCKS: usize = 300;

/// Fails when the text of a file may give a tree that is too deep.
pub fn check(text: &str) -> Result<(), LowerError> {
    let mut scan = Scan::new(text.as_bytes());
    let (depth, blocks) = scan.run();
    if depth > MAX_DEPTH {
        return Err(LowerError::TooDeep { depth, max: MAX_DEPTH });
    }
    if blocks > MAX_BLOCKS {
        return Err(LowerError::TooDeep { depth: blocks, max: MAX_BLOCKS });
    }
    Ok(())
}

/// What the scan is inside of.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Inside {
    /// `(`, `[` or `{` that wants this closer.
    Bracket(u8),
    /// `{` in an f-string.
    Field,
    /// Text of an f-string.
    Text { quote: u8, triple: bool, raw: bool },
    /// `:...` in a field of an f-string.
    Format,
}

#[derive(Clone, Copy)]
struct Level {
    inside: Inside,
    /// Links of the chain that is open at this level.
    chain: usize,
    /// Links that a comma does not end: the parameters of a lambda have commas too.
    lambdas: usize,
}

struct Scan<'a> {
    text: &'a [u8],
    at: usize,
    levels: Vec<Level>,
    /// Links in all levels.
    links: usize,
    deepest: usize,
    /// Columns of the open blocks.
    indents: Vec<usize>,
    most_blocks: usize,
}

impl<'a> Scan<'a> {
    fn new(text: &'a [u8]) -> Self {
        let top = Level { inside: Inside::Bracket(0), chain: 0, lambdas: 0 };
        Scan { text, at: 0, levels: vec![top], links: 0, deepest: 0, indents: Vec::new(), most_blocks: 0 }
    }

    fn peek(&self, ahead: usize) -> u8 {
        self.text.get(self.at + ahead).copied().unwrap_or(0)
    }

    fn run(&mut self) -> (usize, usize) {
        self.line_start();
        while self.at < self.text.len() {
            match self.levels.last().map(|level| level.inside) {
                Some(Inside::Text { quote, triple, raw }) => self.text_of_fstring(quote, triple, raw),
                Some(Inside::Format) => self.format(),
                Some(Inside::Bracket(_) | Inside::Field) | None => self.code(),
            }
        }
        (self.deepest, self.most_blocks)
    }

    fn open(&mut self, inside: Inside) {
        self.levels.push(Level { inside, chain: 0, lambdas: 0 });
        self.note();
    }

    fn close(&mut self) {
        if self.levels.len() > 1
            && let Some(level) = self.levels.pop()
        {
            self.links -= level.chain + level.lambdas;
        }
        self.link();
    }

    fn link(&mut self) {
        if let Some(level) = self.levels.last_mut() {
            level.chain += 1;
        }
        self.links += 1;
        self.note();
    }

    fn lambda(&mut self) {
        if let Some(level) = self.levels.last_mut() {
            level.lambdas += 1;
        }
        self.links += 1;
        self.note();
    }

    fn note(&mut self) {
        self.deepest = self.deepest.max(self.levels.len() + self.links + self.indents.len());
    }

    fn end_chain(&mut self, lambdas_too: bool) {
        if let Some(level) = self.levels.last_mut() {
            self.links -= std::mem::take(&mut level.chain);
            if lambdas_too {
                self.links -= std::mem::take(&mut level.lambdas);
            }
        }
    }

    /// At the first byte of a line: opens and closes blocks.
    fn line_start(&mut self) {
        if self.levels.len() > 1 {
            return;
        }
        let mut column = 0;
        loop {
            match self.peek(0) {
                b' ' => column += 1,
                b'\t' => column = (column / 8 + 1) * 8,
                b'\x0c' => column = 0,
                // Empty lines and comments say nothing.
                b'\n' | b'\r' | b'#' | 0 => return,
                _ => break,
            }
            self.at += 1;
        }
        while self.indents.last().is_some_and(|last| *last > column) {
            self.indents.pop();
        }
        if column > 0 && self.indents.last().is_none_or(|last| *last < column) {
            self.indents.push(column);
            self.most_blocks = self.most_blocks.max(self.indents.len());
        }
    }

    fn code(&mut self) {
        let byte = self.peek(0);
        match byte {
            b'#' => {
                let rest = &self.text[self.at..];
                self.at += memchr::memchr2(b'\n', b'\r', rest).unwrap_or(rest.len());
            }
            b'\n' | b'\r' => {
                self.at += 1;
                if self.levels.len() == 1 {
                    self.end_chain(true);
                    self.line_start();
                }
            }
            b'\\' => {
                self.at += 1;
                // A joined line: no new statement.
                if self.peek(0) == b'\r' && self.peek(1) == b'\n' {
                    self.at += 2;
                } else if matches!(self.peek(0), b'\r' | b'\n') {
                    self.at += 1;
                }
            }
            b'"' | b'\'' => self.string(false, false),
            b'(' => self.bracket(b')'),
            b'[' => self.bracket(b']'),
            b'{' => self.bracket(b'}'),
            b')' | b']' | b'}' => {
                self.at += 1;
                match self.levels.last().map(|level| level.inside) {
                    Some(Inside::Bracket(closer)) if closer == byte => self.close(),
                    Some(Inside::Field) if byte == b'}' => self.close(),
                    // The parser does not let a wrong one close anything either.
                    _ => {}
                }
            }
            b',' => {
                self.at += 1;
                self.end_chain(false);
            }
            b';' => {
                self.at += 1;
                self.end_chain(self.levels.len() == 1);
            }
            b':' => {
                self.at += 1;
                if self.levels.last().is_some_and(|level| level.inside == Inside::Field) {
                    self.open(Inside::Format);
                }
            }
            b'a'..=b'z' | b'A'..=b'Z' | b'_' | 0x80.. => self.word(),
            b'0'..=b'9' => {
                // `1.5e-3` is one number; its parts would only look like links.
                while matches!(self.peek(0), b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' | b'_' | b'.') {
                    self.at += 1;
                }
            }
            b' ' | b'\t' | b'\x0c' | 0 => self.at += 1,
            // `=` and all operators, one by one: `- - -x` nests.
            _ => {
                self.at += 1;
                self.link();
            }
        }
    }

    fn bracket(&mut self, closer: u8) {
        self.at += 1;
        self.open(Inside::Bracket(closer));
    }

    fn word(&mut self) {
        let start = self.at;
        while matches!(self.peek(0), b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'_' | 0x80..) {
            self.at += 1;
        }
        let word = &self.text[start..self.at];
        if matches!(self.peek(0), b'"' | b'\'') && word.len() <= 2 && word.is_ascii() {
            let has = |prefix: u8| word.iter().any(|byte| byte.to_ascii_lowercase() == prefix);
            if word.iter().all(|byte| matches!(byte.to_ascii_lowercase(), b'r' | b'b' | b'u' | b'f' | b't')) {
                self.string(has(b'f') || has(b't'), has(b'r'));
                return;
            }
        }
        match word {
            b"lambda" => self.lambda(),
            b"not" | b"if" | b"else" | b"await" | b"yield" | b"and" | b"or" | b"in" | b"is" | b"from" => self.link(),
            _ => {}
        }
    }

    /// At a quote.
    fn string(&mut self, formatted: bool, raw: bool) {
        let quote = self.peek(0);
        let triple = self.peek(1) == quote && self.peek(2) == quote;
        self.at += if triple { 3 } else { 1 };
        if formatted {
            self.open(Inside::Text { quote, triple, raw });
            return;
        }
        if triple {
            while self.at < self.text.len() {
                let rest = &self.text[self.at..];
                let Some(found) = memchr::memchr2(quote, b'\\', rest) else {
                    self.at = self.text.len();
                    return;
                };
                self.at += found;
                if self.peek(0) == b'\\' {
                    self.at += 2;
                } else if self.peek(1) == quote && self.peek(2) == quote {
                    self.at += 3;
                    return;
                } else {
                    self.at += 1;
                }
            }
            return;
        }
        while self.at < self.text.len() {
            match self.peek(0) {
                b'\\' => self.at += if self.peek(1) == b'\r' && self.peek(2) == b'\n' { 3 } else { 2 },
                // Not closed on its line: the parser gives up on it there.
                b'\n' | b'\r' => return,
                byte => {
                    self.at += 1;
                    if byte == quote {
                        return;
                    }
                }
            }
        }
    }

    fn text_of_fstring(&mut self, quote: u8, triple: bool, raw: bool) {
        match self.peek(0) {
            b'{' if self.peek(1) == b'{' => self.at += 2,
            b'{' => {
                self.at += 1;
                self.open(Inside::Field);
            }
            b'\\' if raw && matches!(self.peek(1), b'{' | b'}') => self.at += 1,
            // `\N{NAME}` has braces that are no field; counting them as one is harmless.
            b'\\' => self.at += 2,
            b'\n' | b'\r' if !triple => self.close(),
            byte if byte == quote && !triple => {
                self.at += 1;
                self.close();
            }
            byte if byte == quote && self.peek(1) == quote && self.peek(2) == quote => {
                self.at += 3;
                self.close();
            }
            _ => self.at += 1,
        }
    }

    fn format(&mut self) {
        // The f-string that the field is in.
        let string = self.levels.iter().rev().find_map(|level| match level.inside {
            Inside::Text { quote, triple, .. } => Some((quote, triple)),
            _ => None,
        });
        let (quote, triple) = string.unwrap_or((0, false));
        match self.peek(0) {
            b'{' => {
                self.at += 1;
                self.open(Inside::Field);
            }
            // Ends the format and, seen again by the field, the field.
            b'}' => self.close(),
            b'\n' | b'\r' if !triple => self.close_string(),
            byte if byte == quote && (!triple || (self.peek(1) == quote && self.peek(2) == quote)) => {
                self.at += if triple { 3 } else { 1 };
                self.close_string();
            }
            _ => self.at += 1,
        }
    }

    /// Ends the innermost f-string with all that is open in it.
    fn close_string(&mut self) {
        while let Some(level) = self.levels.last().map(|level| level.inside) {
            self.close();
            if matches!(level, Inside::Text { .. }) || self.levels.len() == 1 {
                return;
            }
        }
    }
}
