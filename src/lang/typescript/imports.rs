//! Which modules a file may import and which globals it may use, without parsing it.

use crate::lang::Words;

/// What may begin and end a module specifier.
const QUOTES: [u8; 3] = *b"\"'`";

/// Whether a module of `words` stands in quotes, alone or with a path behind it, or a global name of `words` stands anywhere.
/// May say yes for what is in a comment or is no import; never says no to an import or a use of a file that parses, unless a
/// specifier is written with escapes.
pub(super) fn may_import(text: &str, words: &Words) -> bool {
    has_module(text, words) || has_global(text, words)
}

fn has_module(text: &str, words: &Words) -> bool {
    let bytes = text.as_bytes();
    let [a, b, c] = QUOTES;
    memchr::memchr3_iter(a, b, c, bytes).any(|quote| {
        let start = quote + 1;
        let start = if bytes[start..].starts_with(b"node:") { start + "node:".len() } else { start };
        let may_begin = bytes.get(start..start + 2).is_some_and(|two| words.may_begin_module([two[0], two[1]]));
        may_begin && names_module(&text[start..], words)
    })
}

/// Whether `text` begins with a module name that a quote or a slash ends.
fn names_module(text: &str, words: &Words) -> bool {
    let longest = &text.as_bytes()[..text.len().min(words.longest_module + 1)];
    for (end, byte) in longest.iter().enumerate() {
        if *byte == b'/' || QUOTES.contains(byte) {
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
