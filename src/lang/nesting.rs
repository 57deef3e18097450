//! Bounds how deep a syntax tree can be, before anything recurses over it.
//!
//! Parsers and walkers recurse, and dropping a tree does too. A linear scan finds an upper bound of the depth without parsing:
//! every open bracket and every block is a level, and so is every operator, dot, call, `not`, `lambda` and conditional since the last
//! comma or line end at the same bracket, because chains like `a.b().c()` or `not not x` nest as well.
//! Strings and comments are skipped; the expressions inside of f-strings are not.

pub mod braces;

use super::LowerError;

/// Deepest nesting that is analysed. Even an unoptimised build needs less than half of [`super::STACK_BYTES`] for it (a test
/// checks that). CPython itself refuses more than 200 brackets and 100 blocks.
pub const MAX_DEPTH: usize = 1_500;

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

/// How a string is written.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Quotes {
    quote: u8,
    triple: bool,
    raw: bool,
}

/// What the scan is inside of.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Inside {
    /// `(`, `[` or `{` that wants this closer.
    Bracket(u8),
    /// `{` in an f-string with these quotes.
    Field(Quotes),
    /// Text of an f-string.
    Text(Quotes),
    /// `:...` in a field of an f-string.
    Format(Quotes),
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
                Some(Inside::Text(quotes)) => self.text_of_fstring(quotes),
                Some(Inside::Format(quotes)) => self.format(quotes),
                Some(Inside::Bracket(_) | Inside::Field(_)) | None => self.code(),
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
                    Some(Inside::Field(_)) if byte == b'}' => self.close(),
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
                if let Some(Level { inside: Inside::Field(quotes), .. }) = self.levels.last() {
                    self.open(Inside::Format(*quotes));
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
                let next = self.peek(0);
                // The second byte of `**`, `==`, `->` and the like; `--` is two operators.
                let doubled = next == byte && matches!(byte, b'*' | b'/' | b'<' | b'>' | b'=');
                if doubled || next == b'=' || (byte == b'-' && next == b'>') {
                    self.at += 1;
                }
                self.link();
            }
        }
    }

    fn bracket(&mut self, closer: u8) {
        self.at += 1;
        self.open(Inside::Bracket(closer));
    }

    fn word(&mut self) {
        let rest = &self.text[self.at..];
        let in_word = |byte: &u8| matches!(*byte, b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'_' | 0x80..);
        let len = rest.iter().position(|byte| !in_word(byte)).unwrap_or(rest.len());
        let word = &rest[..len];
        self.at += len;
        if len > b"lambda".len() {
            return;
        }
        if len <= 2 && matches!(self.peek(0), b'"' | b'\'') && word.is_ascii() {
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
            self.open(Inside::Text(Quotes { quote, triple, raw }));
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

    fn text_of_fstring(&mut self, quotes: Quotes) {
        let Quotes { quote, triple, raw } = quotes;
        match self.peek(0) {
            b'{' if self.peek(1) == b'{' => self.at += 2,
            b'{' => {
                self.at += 1;
                self.open(Inside::Field(quotes));
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

    fn format(&mut self, quotes: Quotes) {
        let Quotes { quote, triple, .. } = quotes;
        match self.peek(0) {
            b'{' => {
                self.at += 1;
                self.open(Inside::Field(quotes));
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
            if matches!(level, Inside::Text(_)) || self.levels.len() == 1 {
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ir::FileId;
    use crate::lang::python;

    /// Programs that nest `n` deep, each in its own way.
    fn deep(n: usize) -> Vec<(&'static str, String)> {
        let blocks = n.min(MAX_BLOCKS);
        let mut indented = String::new();
        let mut functions = String::new();
        let mut loops = String::new();
        for level in 0..blocks {
            let indent = " ".repeat(level);
            indented.push_str(&format!("{indent}if x:\n"));
            functions.push_str(&format!("{indent}def f():\n"));
            loops.push_str(&format!("{indent}{}\n", ["for a in b:", "with c as d:", "try:", "class E:"][level % 4]));
        }
        let end = format!("{}pass\n", " ".repeat(blocks));
        [&mut indented, &mut functions, &mut loops].into_iter().for_each(|text| text.push_str(&end));
        vec![
            ("parentheses", format!("x = {}1{}\n", "(".repeat(n), ")".repeat(n))),
            ("lists", format!("x = {}1{}\n", "[".repeat(n), "]".repeat(n))),
            ("dicts", format!("x = {}1{}\n", "{1:".repeat(n), "}".repeat(n))),
            ("calls in calls", format!("x = {}1{}\n", "f(".repeat(n), ")".repeat(n))),
            ("attributes", format!("x = a{}\n", ".b".repeat(n))),
            ("method chain", format!("x = a{}\n", ".b()".repeat(n / 2))),
            ("subscripts", format!("x = a{}\n", "[0]".repeat(n))),
            ("not", format!("x = {}y\n", "not ".repeat(n))),
            ("if not", format!("if {}y: pass\n", "not ".repeat(n))),
            ("minus", format!("x = {}y\n", "-".repeat(n))),
            ("plus", format!("x = a{}\n", " + b".repeat(n))),
            ("power", format!("x = a{}\n", " ** b".repeat(n))),
            ("and or", format!("x = a{}{}\n", " and (b or c".repeat(n / 3), ")".repeat(n / 3))),
            ("conditional", format!("x = {}d\n", "a if b else ".repeat(n / 2))),
            ("conditional test", format!("if {}d: pass\n", "a if b else ".repeat(n / 2))),
            ("lambda", format!("x = {}y\n", "lambda: ".repeat(n))),
            ("lambda with parameters", format!("x = {}y\n", "lambda a, b: ".repeat(n))),
            ("await", format!("async def f():\n  x = {}y\n", "await ".repeat(n))),
            ("comprehension", format!("x = {}y{}\n", "[a for a in ".repeat(n / 3), "]".repeat(n / 3))),
            ("union", format!("x: A{} = 1\n", " | B".repeat(n))),
            ("type arguments", format!("x: {}A{} = 1\n", "list[".repeat(n), "]".repeat(n))),
            ("f-string", format!("x = f'{{{}y{}}}'\n", "(".repeat(n), ")".repeat(n))),
            ("f-strings", format!("x = {}y{}\n", "f'{".repeat(n / 3), "}'".repeat(n / 3))),
            ("format", format!("x = f'{{a:{}y{}}}'\n", "{b:".repeat(n / 3), "}".repeat(n / 3))),
            ("tuple target", format!("{}a{} = b\n", "(".repeat(n), ",)".repeat(n))),
            ("pattern", format!("match x:\n  case {}a{}: pass\n", "[".repeat(n), "]".repeat(n))),
            ("elif", format!("if a: pass\n{}", "elif b: pass\n".repeat(n))),
            ("open brackets", "(".repeat(n)),
            ("closing brackets", ")".repeat(n)),
            ("open brackets on lines", "f(\n".repeat(n)),
            ("strings in annotations", format!("x: \"{}A{}\"\n", "list[".repeat(150), "]".repeat(150))),
            ("if", indented),
            ("functions", functions),
            ("all kinds of blocks", loops),
        ]
    }

    fn lower(text: String, stack: usize) -> Result<(), LowerError> {
        let run = move || python::lower(FileId(0), &text).map(|lowered| assert!(!lowered.module.functions.is_empty()));
        std::thread::Builder::new().stack_size(stack).spawn(run).unwrap().join().unwrap()
    }

    #[test]
    fn what_is_accepted_needs_half_of_the_stack() {
        for (shape, text) in deep(MAX_DEPTH - 20) {
            let accepted = lower(text, super::super::STACK_BYTES / 2);
            assert!(accepted.is_ok() || shape == "elif" || shape.contains("brackets"), "{shape}: {accepted:?}");
        }
    }

    #[test]
    fn deeper_is_rejected_without_recursion() {
        for (shape, text) in deep(100_000) {
            let result = lower(text, super::super::STACK_BYTES);
            let fine = matches!(shape, "elif" | "closing brackets" | "strings in annotations")
                || matches!(shape, "if" | "functions" | "all kinds of blocks");
            assert_eq!(result.is_ok(), fine, "{shape}");
        }
    }

    #[test]
    fn strings_and_comments_do_not_nest() {
        let texts = [
            format!("x = '{}'\n", "(".repeat(9000)),
            format!("x = \"\"\"{}\n{}\"\"\"\n", "[".repeat(9000), "{".repeat(9000)),
            format!("# {}\n", "(".repeat(9000)),
            format!("x = rb'\\\\' + '{}'\n", "(".repeat(9000)),
            format!("x = f'{} {{y:({{z}}}}'\n", "(".repeat(9000)),
            format!("x = f\"\"\"{{'{}'}}\"\"\"\n", "(".repeat(9000)),
            format!("x = [{}]\n", "a.b(c) + 1, ".repeat(9000)),
            "x = a.b(c)(d)[e]\n".repeat(9000),
            format!("x = {{{}}}\n", "'a': f(1, -2), ".repeat(9000)),
            "if a:\n    b = 1\n".repeat(9000),
            "x = f'{a!r:>{b}}' f\"{c['d']}\"\n".repeat(9000),
            "print 'it''s', x\n".repeat(9000),
        ];
        for text in texts {
            assert_eq!(check(&text), Ok(()), "{}", &text[..40]);
        }
    }

    #[test]
    fn blocks_are_bounded() {
        let mut text = String::new();
        for level in 0..=MAX_BLOCKS + 1 {
            text.push_str(&format!("{}if x:\n", " ".repeat(level)));
        }
        assert_eq!(check(&text), Err(LowerError::TooDeep { depth: MAX_BLOCKS + 1, max: MAX_BLOCKS }));
    }
}
