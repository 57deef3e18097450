//! Which modules a file may import, without parsing it.

use memchr::memmem;

const IMPORT: &str = "import";
const FROM: &str = "from";

/// Whether `known` holds for the first name of a module that an import statement of the file names (`redis` in `import redis.asyncio`
/// and in `from redis import Redis`). May say yes for what only looks like one, in a string or a broken line; never says no to an
/// import of a file that parses. A relative import names no module by its first name.
pub(super) fn may_import(text: &str, known: impl Fn(&str) -> bool) -> bool {
    let known = |path: &str| path.split('.').next().is_some_and(&known);
    let mut done = 0;
    for at in memmem::find_iter(text.as_bytes(), IMPORT) {
        let after = at + IMPORT.len();
        if at < done || text[after..].starts_with(is_name) {
            continue;
        }
        let head = names_before(&text[done..at]);
        let mut previous = "";
        for path in paths(head) {
            if previous == FROM && known(path) {
                return true;
            }
            previous = path;
        }
        done = after;
        // What follows the `import` of a `from` statement are members.
        if paths(head).next() != Some(FROM) {
            let list = names_after(&text[after..]);
            if paths(list).any(known) {
                return true;
            }
            done += list.len();
        }
    }
    false
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
            Some(continued) => rest = continued.trim_start_matches('\r').trim_start_matches('\n'),
            None => return &text[..text.len() - rest.len()],
        }
    }
}

fn paths(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c| !is_name(c) && c != '.').filter(|path| !path.is_empty())
}

fn is_name(c: char) -> bool {
    c == '_' || c.is_alphanumeric()
}

fn is_blank(c: char) -> bool {
    c.is_whitespace() && !matches!(c, '\n' | '\r')
}
