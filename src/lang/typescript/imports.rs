//! Which modules a file may import and which globals it may use, without parsing it.

use crate::ir::Name;
use crate::lang::Words;
use memchr::memmem;

/// What may stand before a module.
const SCHEMES: [&str; 3] = ["node:", "npm:/", "npm:"];

/// What may begin and end a module specifier.
const QUOTES: [u8; 3] = *b"\"'`";

/// A longer specifier, and one that is farther from its keyword, are not looked at. Keeps the time linear.
const MAX_BYTES: usize = 1024;
const MAX_BETWEEN: usize = 2048;

/// Whether a module of `words` stands in quotes, alone or with a path behind it, or a global name of `words` stands anywhere.
/// May say yes for what is in a comment or is no import; never says no to an import or a use of a file that parses, unless a
/// specifier is written with escapes.
pub(super) fn may_import(text: &str, words: &Words) -> bool {
    has_module(text, words) || has_global(text, words)
}

/// Adds the specifiers that follow `from`, `import`, `import(` and `require(`, without `node:`. Holds more than the imports of the file
/// where something only looks like one, and duplicates; never misses an import of a file that parses, unless its specifier is written
/// with escapes or kilobytes of comments stand before it.
pub(super) fn imports(text: &str, names: &mut Vec<Name>) {
    let mut collect = |keyword: &str, quoted: fn(&str) -> Option<&str>| {
        for at in memmem::find_iter(text.as_bytes(), keyword) {
            let is_word = !text[..at].ends_with(|c: char| c.is_ascii() && is_name(c));
            names.extend(is_word.then(|| &text[at + keyword.len()..]).and_then(quoted).and_then(specifier));
        }
    };
    collect("from", after_gap);
    collect("import", after_parentheses);
    collect("require", |after| after_parentheses(callee_end(after)?));
}

/// What follows blanks and comments.
fn after_gap(text: &str) -> Option<&str> {
    let near = &text[..text.floor_char_boundary(MAX_BETWEEN)];
    let mut rest = near;
    loop {
        rest = rest.trim_start_matches(|c: char| c.is_whitespace() || c == '\u{feff}');
        let end = match rest.as_bytes() {
            [b'/', b'/', ..] => rest.find(['\n', '\r', '\u{2028}', '\u{2029}'])?,
            [b'/', b'*', ..] => rest[2..].find("*/")? + 4,
            _ => return Some(&text[near.len() - rest.len()..]),
        };
        rest = &rest[end..];
    }
}

fn after_parentheses(text: &str) -> Option<&str> {
    let mut rest = after_gap(text)?;
    // `import((((` is no import that anybody wrote.
    for _ in 0..4 {
        match rest.strip_prefix('(') {
            Some(inner) => rest = after_gap(inner)?,
            None => break,
        }
    }
    Some(rest)
}

/// From the `(` on, when what follows a name is the rest of the callee: `("m")`, `?.("m")`, `<Module>("m")`, ` as Loader)("m")`.
fn callee_end(text: &str) -> Option<&str> {
    let near = &text[..text.floor_char_boundary(MAX_BETWEEN)];
    let mut rest = after_gap(near)?;
    while !rest.starts_with('(') {
        let callee = |c: char| is_name(c) || matches!(c, ')' | '!' | '<' | '>' | '[' | ']' | ',' | '|' | '&');
        let end = rest.find(|c| !callee(c))?;
        let after = &rest[end..];
        let after = after_gap(after.strip_prefix("?.").unwrap_or(after))?;
        if after.len() == rest.len() {
            return None;
        }
        rest = after;
    }
    Some(&text[near.len() - rest.len()..])
}

/// The contents of the quotes that the text begins with.
fn specifier(text: &str) -> Option<Name> {
    let quote = *text.as_bytes().first().filter(|byte| QUOTES.contains(byte))?;
    let inner = &text.as_bytes()[1..text.len().min(MAX_BYTES + 2)];
    let inner = &text[1..1 + memchr::memchr(quote, inner)?];
    let has_parts = quote == b'`' && inner.contains("${");
    let is_other = inner.is_empty() || has_parts || inner.contains(['\\', '\n', '\r']);
    (!is_other).then(|| super::module::module_path(inner))
}

fn is_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '$') || !(c.is_ascii() || c.is_whitespace())
}

fn has_module(text: &str, words: &Words) -> bool {
    let bytes = text.as_bytes();
    let [a, b, c] = QUOTES;
    memchr::memchr3_iter(a, b, c, bytes).any(|quote| {
        let start = quote + 1;
        let scheme = SCHEMES.iter().find(|scheme| bytes[start..].starts_with(scheme.as_bytes()));
        let start = start + scheme.map_or(0, |scheme| scheme.len());
        let may_begin = bytes.get(start..start + 2).is_some_and(|two| words.may_begin_module([two[0], two[1]]));
        may_begin && names_module(&text[start..], words)
    })
}

/// Whether `text` begins with a module name that a quote, a slash or a version ends.
fn names_module(text: &str, words: &Words) -> bool {
    let longest = &text.as_bytes()[..text.len().min(words.longest_module + 1)];
    for (end, byte) in longest.iter().enumerate() {
        if *byte == b'/' || (*byte == b'@' && end > 0) || QUOTES.contains(byte) {
            if words.modules.contains(&text[..end]) {
                return true;
            }
            if *byte != b'/' {
                return false;
            }
        }
    }
    false
}

fn has_global(text: &str, words: &Words) -> bool {
    let bytes = text.as_bytes();
    let in_name = |at: usize| {
        bytes.get(at).is_some_and(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'$' | 0x80..))
    };
    let Some(globals) = &words.globals else { return false };
    // The longest name at a place is enough: if it goes on, a shorter one does too.
    globals.find_iter(bytes).any(|found| {
        let before = found.start().checked_sub(1).is_some_and(in_name);
        !before && !in_name(found.end())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words() -> Words {
        Words::new(["pg", "@upstash/redis", "mysql2", "a", "net"], ["setInterval", "WebSocket", "set"])
    }

    #[test]
    fn a_module_counts_however_it_is_imported() {
        for text in [
            "import pg from 'pg'",
            "import{Pool}from\"pg\";",
            "const { Pool } = require( /* x */ 'pg' )",
            "await import(`pg`)",
            "export * from 'mysql2/promise'",
            "import 'pg'",
            "import net = require('node:net')",
            "import { Redis } from 'npm:@upstash/redis@1.34'",
            "import pg from 'npm:/pg@8/lib/client.js'",
            "import { Redis } from '@upstash/redis'",
            "import { Redis } from '@upstash/redis/cloudflare'",
            "\u{feff}import 'pg'\r\n",
            "x = 'é' + require('a')",
            "require('pg",
            "require('pg'",
        ] {
            assert_eq!(may_import(text, &words()), !text.ends_with("('pg"), "{text}");
        }
    }

    fn specifiers(text: &str) -> Vec<String> {
        let names = crate::lang::imports(crate::source::Language::TypeScript, text);
        names.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn specifiers_of_all_imports() {
        for text in [
            "import x from './m'",
            "import{x}from\"./m\";",
            "import type { X } from './m'",
            "import * as x\n  from // why\n  /* 'no' */ './m' with { type: 'json' }",
            "import './m'",
            "import/**/'./m'",
            "export * from './m'",
            "export * as x from './m'",
            "export { x as y } from './m'",
            "const x = await import(/* webpackChunkName: \"m\" */ './m')",
            "import(('./m') as string)",
            "import(`./m`)",
            "type X = typeof import('./m')",
            "const { x } = require('./m').y",
            "require ( // it's\n'./m' )",
            "require<Module>('./m')",
            "require?.('./m')",
            "(require as NodeRequire)('./m')",
            "import x = require('./m')",
            "\u{feff}import './m'\r\n",
            "import é from\u{a0}'./m'",
            "éimport './m'",
            "<script setup>\nimport x from './m'\n</script>\n<template><p>from 'here</p></template>",
        ] {
            assert_eq!(specifiers(text), ["./m"], "{text}");
        }
        let text = "import fs from 'node:fs'\nimport 'b'; import a from '@x/a/sub'; export * from '#in'; require('b')";
        assert_eq!(specifiers(text), ["#in", "@x/a/sub", "b", "fs"]);
    }

    #[test]
    fn what_is_no_specifier() {
        for text in [
            "Array.from('x')",
            "const from = 'x'",
            "xfrom 'x'",
            "require.resolve('x')",
            "require('x' + y)",
            "require = f; g('x')",
            "import(`./${x}`)",
            "import x from ''",
            "import x from 'x\n'",
            "import x from './\\u0078'",
            "import x from 'x",
            "import x from /* 'x'",
            "import x from // 'x'",
            "import.meta.url + 'x'",
            "require",
            "import(",
        ] {
            let found = specifiers(text);
            assert!(found.is_empty() || text.contains("+ y"), "{text}: {found:?}");
        }
    }

    #[test]
    fn specifiers_take_linear_time() {
        let started = std::time::Instant::now();
        for piece in [
            "from ", "from//", "from/**/", "from /*", "import(", "import((", "require<", "require ", "from'",
            "from 'é", "\n",
        ] {
            specifiers(&piece.repeat(20_000 / piece.len()));
            specifiers(&format!("{}{}", piece.repeat(20_000 / piece.len()), " ".repeat(20_000)));
        }
        assert!(started.elapsed().as_secs() < 20, "{:?}", started.elapsed());
    }

    #[test]
    fn other_modules_do_not() {
        for text in [
            "import x from 'pg-native'",
            "import x from './pg'",
            "import x from '@upstash/ratelimit'",
            "import x from '@upstash'",
            "import pg from p",
            "import x from 'postgres/pg'",
            "import x from 'nodé:pg'",
            "const setIntervals = mySetInterval; xWebSocket; WebSocket$; éset; seté; settings",
            "'",
            "'p",
            "'node:",
            "",
        ] {
            assert!(!may_import(text, &words()), "{text}");
        }
    }

    #[test]
    fn globals_count_wherever_they_stand() {
        for text in ["setInterval(f, 1)", "window.WebSocket", "globalThis['setInterval']", "new WebSocket", "(set)"] {
            assert!(may_import(text, &words()), "{text}");
        }
    }

    #[test]
    fn nothing_counts_without_words() {
        assert!(!may_import("import 'pg'; setInterval()", &Words::new([], [])));
    }
}
