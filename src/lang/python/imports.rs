//! Which modules a file may import, without parsing it.

use crate::ir::Name;
use memchr::memmem;
use std::ops::ControlFlow;

const IMPORT: &str = "import";
const FROM: &str = "from";

/// No file system has paths of modules that are longer or deeper. Keeps the time and the result linear.
const MAX_BYTES: usize = 1024;
const MAX_PARTS: usize = 64;

/// Of so many lists of members that begin inside of another (in a comment of it), the further ones are read for [`MAX_BYTES`] only.
const MAX_OVERLAPS: usize = 16;

/// Whether `known` holds for the first name of a module that an import statement of the file names (`redis` in `import redis.asyncio`
/// and in `from redis import Redis`). May say yes for what only looks like one, in a string or a broken line; never says no to an
/// import of a file that parses. A relative import names no module by its first name.
pub(super) fn may_import(text: &str, known: impl Fn(&str) -> bool) -> bool {
    let known = |path: &str| path.split('.').next().is_some_and(&known);
    let found = statements(text, &mut |statement| {
        let names_known = match statement {
            Statement::From { module, .. } => known(module.first()),
            Statement::Import { list } => Words::of(list).any(known),
        };
        if names_known { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    found.is_break()
}

/// Adds the modules that the import statements of the file may name, as the IR writes them: `a`, `a.b` and `a.b.c` for `import a.b.c`;
/// `a`, `a.b` and `a.b.c` for `from a.b import c`, since a member may be a module; `..a` and `..a.b` for `from ..a import b`. Holds more
/// than that where something only looks like an import, and duplicates; never misses an import of a file that parses.
pub(super) fn imports(text: &str, names: &mut Vec<Name>) {
    let (mut read, mut overlaps) = (0, 0);
    let _ = statements(text, &mut |statement| {
        match statement {
            Statement::From { module, after } => {
                let start = text.len() - after.len();
                if !after.is_empty() {
                    overlaps = if start < read { overlaps + 1 } else { 0 };
                }
                let limit = if overlaps > MAX_OVERLAPS { MAX_BYTES } else { after.len() };
                let rest = from(&module.path(), &after[..after.floor_char_boundary(limit)], names);
                read = read.max(start + rest);
            }
            Statement::Import { list } => list.split(',').for_each(|module| {
                let module = Module::after("", module);
                prefixes(&module.path(), names);
            }),
        }
        ControlFlow::Continue(())
    });
}

/// The module, and what is imported from it. Tells how many bytes of `after` it read.
fn from(module: &str, after: &str, names: &mut Vec<Name>) -> usize {
    if module.is_empty() || module.len() > MAX_BYTES {
        return 0;
    }
    if module.ends_with('.') {
        names.push(Name::new(module));
    } else {
        prefixes(module, names);
    }
    let separator = if module.ends_with('.') { "" } else { "." };
    let rest = members(after, &mut |member| {
        if member.len() <= MAX_BYTES {
            names.push(Name::from(format!("{module}{separator}{member}")));
        }
    });
    after.len() - rest.len()
}

/// `a`, `a.b`, `a.b.c` of `a.b.c`; `..a` and `..a.b` of `..a.b`.
fn prefixes(path: &str, names: &mut Vec<Name>) {
    let dots = path.len() - path.trim_start_matches('.').len();
    if path.len() > MAX_BYTES || memchr::memchr_iter(b'.', &path.as_bytes()[dots..]).count() >= MAX_PARTS {
        return;
    }
    for (at, _) in path[dots..].match_indices('.') {
        names.push(Name::new(&path[..dots + at]));
    }
    if path.len() > dots {
        names.push(Name::new(path));
    }
}

/// What may be a statement that imports.
enum Statement<'t> {
    /// What follows the `import`: dotted names, commas and what may stand there by mistake.
    Import { list: &'t str },
    /// `after`: the text from the `import` on; empty unless this is the last `from` before it.
    From { module: Module<'t>, after: &'t str },
}

/// A module as it is written: possibly with blanks around the dots.
#[derive(Clone, Copy)]
struct Module<'t> {
    /// Of the `from`; only its dots count.
    head: &'t str,
    rest: &'t str,
}

impl<'t> Module<'t> {
    /// What follows a word that may end with the dots of a relative import (`from.a`).
    fn after(head: &'t str, rest: &'t str) -> Self {
        Module { head, rest }
    }

    /// The first word of it.
    fn first(self) -> &'t str {
        if self.head.is_empty() { Words::of(self.rest).next().unwrap_or_default() } else { "" }
    }

    /// Without blanks; ends where a second name begins. What the dots lead to is part of it, a dot at the end of a name is not.
    fn path(self) -> String {
        let mut path = self.head.to_owned();
        let mut named = !self.head.is_empty() && !self.head.ends_with('.');
        for word in Words::of(self.rest) {
            let joins = word.starts_with('.') || path.is_empty() || path.ends_with('.');
            if !joins {
                break;
            }
            path.push_str(word);
            named |= word.contains(is_name);
        }
        if named {
            path.truncate(path.trim_end_matches('.').len());
        }
        path
    }
}

/// Calls `found` for all that may be import statements, until it breaks. Takes linear time: each reads from the `import` before its own up
/// to the one after it. Members are left to `found`.
fn statements<'t>(text: &'t str, found: &mut dyn FnMut(Statement<'t>) -> ControlFlow<()>) -> ControlFlow<()> {
    let is_word = |at: &usize| !text[..*at].ends_with(is_name) && !text[at + IMPORT.len()..].starts_with(is_name);
    let mut places = memmem::find_iter(text.as_bytes(), IMPORT).filter(is_word).peekable();
    let mut done = 0;
    while let Some(at) = places.next() {
        let head = names_before(&text[done..at]);
        done = at + IMPORT.len();
        let mut last = None;
        let mut words = Words::of(head);
        while let Some(word) = words.next() {
            if let Some(dots) = from_dots(word)
                && let Some(module) = last.replace(Module::after(dots, words.rest))
            {
                found(Statement::From { module, after: "" })?;
            }
        }
        if let Some(module) = last {
            found(Statement::From { module, after: &text[done..] })?;
        }
        // What follows the `import` of a `from` statement are members.
        if Words::of(head).next().is_none_or(|word| from_dots(word).is_none()) {
            let next = places.peek().copied().unwrap_or(text.len());
            found(Statement::Import { list: names_after(&text[done..next]) })?;
        }
    }
    ControlFlow::Continue(())
}

/// Of `from`: nothing; of `from.`, and of `from.a` without blank: what follows, when it begins with a dot.
fn from_dots(word: &str) -> Option<&str> {
    word.strip_prefix(FROM).filter(|dots| dots.is_empty() || dots.starts_with('.'))
}

/// The longest end of `text` that is part of one logical line and has only dotted names.
fn names_before(text: &str) -> &str {
    let mut rest = text;
    loop {
        rest = rest.trim_end_matches(|c| is_name(c) || c == '.' || is_blank(c));
        let line = rest.strip_suffix('\n').unwrap_or(rest);
        let line = line.strip_suffix('\r').unwrap_or(line);
        match line.strip_suffix('\\') {
            Some(continued) => rest = continued,
            None => return &text[rest.len()..],
        }
    }
}

/// The longest start of `text` that is part of one logical line and has only dotted names, commas and what may stand there by mistake.
fn names_after(text: &str) -> &str {
    let mut rest = text;
    loop {
        rest = rest.trim_start_matches(|c| is_name(c) || matches!(c, '.' | ',' | '(') || is_blank(c));
        match rest.strip_prefix('\\') {
            Some(continued) => rest = line_end(continued),
            None => return &text[..text.len() - rest.len()],
        }
    }
}

/// Calls `found` with the names that a `from` statement imports; `text` follows its `import`. Gives what it did not read.
fn members<'t>(text: &'t str, found: &mut dyn FnMut(&'t str)) -> &'t str {
    let mut rest = text.trim_start_matches(is_blank);
    let mut open = false;
    let mut renamed = false;
    loop {
        let Some(first) = rest.chars().next() else { return rest };
        match first {
            '\\' => rest = line_end(&rest[1..]),
            '(' if !open => (open, rest) = (true, &rest[1..]),
            ',' => (renamed, rest) = (false, &rest[1..]),
            '#' if open => rest = memchr::memchr2(b'\n', b'\r', rest.as_bytes()).map_or("", |end| &rest[end..]),
            '\n' | '\r' if open => rest = rest.trim_start_matches(char::is_whitespace),
            _ if is_blank(first) => rest = rest.trim_start_matches(is_blank),
            _ if is_name(first) => {
                let (word, after) = rest.split_at(rest.find(|c| !is_name(c)).unwrap_or(rest.len()));
                match word {
                    IMPORT => return rest,
                    "as" => renamed = true,
                    _ if renamed => {}
                    _ => found(word),
                }
                rest = after;
            }
            _ => return rest,
        }
    }
}

/// What follows the line end that a backslash hides.
fn line_end(text: &str) -> &str {
    text.trim_start_matches('\r').trim_start_matches('\n')
}

/// The words of a text: names with dots in and around them.
#[derive(Clone, Copy)]
struct Words<'t> {
    rest: &'t str,
}

impl<'t> Words<'t> {
    fn of(text: &'t str) -> Self {
        Words { rest: text }
    }
}

impl<'t> Iterator for Words<'t> {
    type Item = &'t str;

    fn next(&mut self) -> Option<&'t str> {
        let in_word = |c: char| is_name(c) || c == '.';
        let start = self.rest.find(in_word)?;
        let text = &self.rest[start..];
        let (word, rest) = text.split_at(text.find(|c| !in_word(c)).unwrap_or(text.len()));
        self.rest = rest;
        Some(word)
    }
}

/// Letters of other scripts are told from marks by tables that are not worth it here.
fn is_name(c: char) -> bool {
    c == '_' || c.is_ascii_alphanumeric() || !(c.is_ascii() || c.is_whitespace() || c == '\u{feff}')
}

fn is_blank(c: char) -> bool {
    c.is_whitespace() && !matches!(c, '\n' | '\r')
}
