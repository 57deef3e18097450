//! Rewrites of a program that must not change any verdict.

pub mod extract;
mod python;
pub mod rename;
mod typescript;

use unclosed::source::Language;

/// A rewrite and how it moves lines: original line -> new line, both 1-based.
pub struct Rewrite {
    pub name: String,
    pub text: String,
    pub line: fn(usize) -> usize,
}

impl Rewrite {
    fn same_lines(name: &str, text: String) -> Rewrite {
        Rewrite { name: name.to_owned(), text, line: |line| line }
    }

    fn doubled_lines(name: &str, text: String) -> Rewrite {
        Rewrite { name: name.to_owned(), text, line: |line| line * 2 }
    }
}

/// All rewrites that change layout and names of variables only.
pub fn rewrites(text: &str, language: Language) -> Vec<Rewrite> {
    match language {
        Language::Python => python::rewrites(text),
        _ => typescript::rewrites(text),
    }
}

/// Rewrites that put code elsewhere: what is found stays on its line, its identity may change. Other files may use what is `imported`.
pub fn moves(text: &str, language: Language, imported: bool) -> Vec<Rewrite> {
    match language {
        Language::Python => Vec::new(),
        _ => typescript::moves(text, imported),
    }
}

fn layouts(text: &str, comment: &str) -> Vec<Rewrite> {
    vec![
        Rewrite::same_lines("CRLF", text.replace('\n', "\r\n")),
        Rewrite::same_lines("BOM", format!("\u{feff}{text}")),
        Rewrite::doubled_lines("comment before each line", spaced(text, comment)),
        Rewrite::doubled_lines("blank line before each line", spaced(text, "")),
        Rewrite::same_lines("spaces around brackets", text.replace("()", "( )")),
        Rewrite::same_lines("wider indentation", widened(text)),
    ]
}

fn spaced(text: &str, filler: &str) -> String {
    text.lines().map(|line| format!("{filler}\n{line}\n")).collect()
}

fn widened(text: &str) -> String {
    let widened = |line: &str| format!("{}{line}\n", &line[..line.len() - line.trim_start().len()]);
    text.lines().map(widened).collect()
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_' || c == '$'
}

/// Byte ranges of whole-word occurrences.
fn occurrences<'a>(text: &'a str, word: &'a str) -> impl Iterator<Item = usize> + 'a {
    text.match_indices(word).map(|(at, _)| at).filter(move |at| {
        let before = text[..*at].chars().next_back();
        let after = text[at + word.len()..].chars().next();
        !before.is_some_and(is_word) && !after.is_some_and(is_word)
    })
}

fn renamed(text: &str, name: &str, new: &str) -> String {
    let mut out = String::new();
    let mut done = 0;
    for at in occurrences(text, name) {
        out.push_str(&text[done..at]);
        out.push_str(new);
        done = at + name.len();
    }
    out + &text[done..]
}
