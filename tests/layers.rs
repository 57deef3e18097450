//! Enforces the order of the modules by reading the source: who may use whom, who may print, who may do I/O, and that no library
//! is named in Rust code.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout, reason = "test code")]

#[allow(dead_code, reason = "each test program uses a part of it")]
mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use support::{Problems, files_below, relative};

/// Module -> the modules of this crate that it may name. Data flows down this table; `ir` and `finding` are vocabulary.
const MAY_USE: &[(&str, &[&str])] = &[
    ("ir", &[]),
    ("source", &["ir"]),
    ("lang", &["ir", "source"]),
    ("catalog", &["ir"]),
    ("finding", &["ir"]),
    ("resolve", &["ir", "source", "catalog"]),
    ("flow", &["ir", "catalog", "resolve", "finding"]),
    ("summary", &["ir", "catalog", "resolve", "flow", "finding"]),
    ("checks", &["ir", "catalog", "resolve", "flow", "summary", "finding"]),
    ("verdict", &["ir", "catalog", "resolve", "flow", "summary", "checks", "finding"]),
    ("report", &["ir", "source", "checks", "finding"]),
    ("analysis", &["ir", "source", "lang", "catalog", "resolve", "flow", "summary", "checks", "verdict", "finding"]),
    ("config", &["analysis", "checks", "finding", "report", "source", "catalog"]),
    (
        "cli",
        &[
            "ir", "source", "lang", "catalog", "resolve", "flow", "summary", "checks", "finding", "report", "analysis",
            "config",
        ],
    ),
    ("main", &["cli"]),
    ("lib", &[]),
];

/// Narrower than the table: module, file path prefix it may only reach, of the module it names.
const ONLY: &[(&str, &str, &[&str])] = &[
    ("lang", "source", &["Language"]),
    ("resolve", "source", &["Language", "manifest"]),
    ("report", "source", &["line_index"]),
    ("report", "checks", &["RULES", "Rule"]),
];

/// May write to standard output or standard error.
const MAY_PRINT: &[&str] = &["main", "cli"];

/// May touch files, the environment and processes.
const MAY_DO_IO: &[&str] = &["main", "cli", "config", "source"];

/// A Rust file without comments and test modules.
struct Code {
    path: String,
    /// First segment below `src`.
    module: String,
    lines: Vec<String>,
}

impl Code {
    fn text(&self) -> String {
        self.lines.join("\n")
    }
}

fn sources() -> Vec<Code> {
    let mut out = Vec::new();
    for file in files_below("src", "rs") {
        let path = relative(&file);
        let stem = file.file_stem().unwrap().to_string_lossy().into_owned();
        if stem == "tests" || stem.ends_with("_tests") || path.contains("/tests/") {
            continue;
        }
        let module = path.trim_start_matches("src/").split('/').next().unwrap().trim_end_matches(".rs").to_owned();
        out.push(Code { lines: code_lines(&fs::read_to_string(&file).unwrap()), module, path });
    }
    assert!(out.len() > 20, "source files were not found");
    out
}

/// Lines without comments, up to an inline test module, which by convention ends the file. One output line per input line.
fn code_lines(text: &str) -> Vec<String> {
    let mut out = Vec::new();
    let mut lines = text.lines().peekable();
    while let Some(line) = lines.next() {
        let inline_tests =
            lines.peek().is_some_and(|next| next.trim_start().starts_with("mod ") && next.ends_with('{'));
        if line.trim() == "#[cfg(test)]" && inline_tests {
            break;
        }
        out.push(without_comment(line).to_owned());
    }
    out
}

/// `'"'`, which starts no string.
fn in_char_quotes(bytes: &[u8], i: usize) -> bool {
    i > 0 && bytes[i - 1] == b'\'' && bytes.get(i + 1) == Some(&b'\'')
}

/// The line up to `//`, unless that stands in a string.
fn without_comment(line: &str) -> &str {
    let mut quoted = false;
    let mut escaped = false;
    let bytes = line.as_bytes();
    for (i, byte) in bytes.iter().enumerate() {
        match byte {
            b'"' if !escaped && !in_char_quotes(bytes, i) => quoted = !quoted,
            b'/' if !quoted && bytes.get(i + 1) == Some(&b'/') => return &line[..i],
            _ => {}
        }
        escaped = *byte == b'\\' && !escaped;
    }
    line
}

/// Paths below `crate::` that the code names, as (module, next segment); groups are taken apart.
fn crate_paths(text: &str) -> Vec<(String, String)> {
    let mut out = Vec::new();
    for (at, _) in text.match_indices("crate::") {
        let before = text[..at].chars().next_back();
        if before.is_some_and(|c| c.is_alphanumeric() || c == '_') {
            continue;
        }
        for path in expand(&text[at + "crate::".len()..]) {
            let mut segments = path.split("::");
            let module = segments.next().unwrap_or("").to_owned();
            out.push((module, segments.next().unwrap_or("").to_owned()));
        }
    }
    out
}

/// `{a::b, c}` -> `a::b`, `c`; a plain path is itself.
fn expand(rest: &str) -> Vec<String> {
    let end = rest.find(|c: char| !(c.is_alphanumeric() || c == '_' || c == ':')).unwrap_or(rest.len());
    let head = &rest[..end];
    if !rest[end..].starts_with('{') {
        return vec![head.trim_end_matches(':').to_owned()];
    }
    let mut depth = 0;
    let mut start = end + 1;
    let mut out = Vec::new();
    for (i, c) in rest[end..].char_indices() {
        let i = i + end;
        match c {
            '{' => depth += 1,
            '}' | ',' if depth == 1 => {
                let inner = rest[start..i].trim();
                if !inner.is_empty() {
                    out.extend(expand(inner).into_iter().map(|p| format!("{head}{p}")));
                }
                start = i + 1;
                if c == '}' {
                    break;
                }
            }
            '}' => depth -= 1,
            _ => {}
        }
    }
    out
}

#[test]
fn modules_use_only_what_lies_before_them() {
    let table: BTreeMap<_, _> = MAY_USE.iter().copied().collect();
    let mut problems = Problems::default();
    let sources = sources();
    for code in &sources {
        let Some(allowed) = table.get(code.module.as_str()) else {
            problems.add(format_args!("{}: module `{}` is not in the table", code.path, code.module));
            continue;
        };
        for (module, item) in crate_paths(&code.text()) {
            // `crate::` also starts visibilities and macros of other crates; only our modules count.
            if module == code.module || !table.contains_key(module.as_str()) {
                continue;
            }
            if !allowed.contains(&module.as_str()) {
                problems.add(format_args!("{}: `{}` must not use `{module}`", code.path, code.module));
            }
            for (from, to, items) in ONLY {
                if *from == code.module && *to == module && !items.contains(&item.as_str()) {
                    problems.add(format_args!("{}: `{from}` may use {items:?} of `{to}`, not `{item}`", code.path));
                }
            }
        }
    }
    problems.none_of(sources.len());
}

#[test]
fn the_table_lists_every_module_once_and_in_order() {
    let declared: BTreeSet<String> = sources().into_iter().map(|c| c.module).collect();
    let listed: Vec<&str> = MAY_USE.iter().map(|(m, _)| *m).collect();
    assert_eq!(declared, listed.iter().map(|m| (*m).to_owned()).collect());
    for (i, (module, uses)) in MAY_USE.iter().enumerate() {
        for used in *uses {
            assert!(listed[..i].contains(used), "`{module}` uses `{used}`, which is not before it");
        }
    }
}

#[test]
fn only_the_edge_prints() {
    let printing = ["print!(", "println!(", "eprint!(", "eprintln!(", "dbg!(", "io::stdout", "io::stderr"];
    absent(&printing, MAY_PRINT, "prints");
}

#[test]
fn the_middle_does_no_io() {
    absent(&["std::fs", "std::env", "std::process", "std::net", "std::time"], MAY_DO_IO, "does I/O");
}

fn absent(words: &[&str], but_for: &[&str], what: &str) {
    let mut problems = Problems::default();
    let sources = sources();
    for code in sources.iter().filter(|c| !but_for.contains(&c.module.as_str())) {
        for (i, line) in code.lines.iter().enumerate() {
            for word in words.iter().filter(|w| line.contains(**w)) {
                problems.add(format_args!("{}:{}: `{}` {what}: `{word}`", code.path, i + 1, code.module));
            }
        }
    }
    problems.none_of(sources.len());
}

#[test]
fn no_library_is_named_in_code() {
    let mut names = BTreeSet::new();
    for file in files_below("rules", "toml") {
        let text = fs::read_to_string(&file).unwrap();
        let file: unclosed::catalog::schema::CatalogFile = toml::from_str(&text).unwrap();
        names.extend(file.library.packages.iter().map(|p| p.to_lowercase()));
        if !file.library.packages.is_empty() {
            names.extend(file.library.imports.iter().map(|p| p.to_lowercase()));
        }
    }
    let mut problems = Problems::default();
    let sources = sources();
    for code in &sources {
        for (i, line) in code.lines.iter().enumerate() {
            for literal in line.split('"').skip(1).step_by(2) {
                let lower = literal.to_lowercase();
                let words = lower.split(|c: char| !(c.is_alphanumeric() || c == '_' || c == '-'));
                for word in words.filter(|w| names.contains(*w)) {
                    problems.add(format_args!("{}:{}: names the library `{word}` in \"{literal}\"", code.path, i + 1));
                }
            }
        }
    }
    problems.none_of(sources.len());
}

// The reader itself.

#[test]
fn reader_takes_paths_apart() {
    let paths = |text: &str| crate_paths(text).into_iter().map(|(a, b)| format!("{a}/{b}")).collect::<Vec<_>>();
    assert_eq!(paths("use crate::ir::{Span, Name};"), ["ir/Span", "ir/Name"]);
    assert_eq!(paths("use crate::{analysis, lang::{self, python}};"), ["analysis/", "lang/self", "lang/python"]);
    assert_eq!(paths("let x = crate::source::Language::Python;"), ["source/Language"]);
    assert_eq!(paths("use other_crate::ir;"), Vec::<String>::new());
}

#[test]
fn reader_skips_comments_and_tests() {
    let text = "//! redis\nlet x = \"http://a\"; // crate::lang\n#[cfg(test)]\nmod tests {\n    use crate::lang;\n}\n";
    assert_eq!(code_lines(text), ["", "let x = \"http://a\"; "]);
    assert_eq!(without_comment("let q = '\"'; // c"), "let q = '\"'; ");
    assert_eq!(code_lines("#[cfg(test)]\nmod tests;\nfn f() {}\n").len(), 3);
}
