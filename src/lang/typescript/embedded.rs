//! Scripts inside of component files (Vue, Svelte).

use crate::source::Language;
use memchr::memmem;
use std::ops::Range;

/// Elements of which the text is no markup of the component: styles, documentation, other languages, the document's head.
const OPAQUE: &[&str] = &["style", "template", "docs", "doc", "i18n", "example", "story", "textarea", "svelte:head"];

/// `lang` and `type` of scripts that are neither JavaScript nor TypeScript have none of these in them.
const SCRIPT_KINDS: &[&str] = &["ts", "tsx", "js", "jsx", "typescript", "javascript", "ecmascript", "module", "babel"];

/// A longer start tag is none, and so many elements without an end show that the file has no structure to rely on. Both keep the time
/// linear.
const MAX_TAG_BYTES: usize = 1 << 10;
const MAX_WITHOUT_END: usize = 16;

/// The text with everything blanked but the contents of the script elements: same length in bytes, line ends kept. Scripts inside of
/// comments, of templates and of other elements that are no part of the component's code are markup, and one with `src` is empty.
/// Where a script ends on a line with code, a `;` separates it from the next.
pub fn blank_markup(text: &str) -> String {
    let mut out: Vec<u8> = text.bytes().map(|byte| if matches!(byte, b'\n' | b'\r') { byte } else { b' ' }).collect();
    for Script { code: script, .. } in scripts(text) {
        let code = &text.as_bytes()[script.clone()];
        out[script.clone()].copy_from_slice(code);
        let on_own_line = code.iter().rev().find(|byte| !matches!(byte, b' ' | b'\t')).is_none_or(|b| *b == b'\n');
        if !on_own_line && let Some(byte) = out.get_mut(script.end) {
            *byte = b';';
        }
    }
    // Copied at the boundaries of tags, which are ASCII; all else is ASCII.
    String::from_utf8(out).unwrap_or_default()
}

/// The contents of the scripts that run once for each component: `setup` of Vue, all but `module` of Svelte.
pub fn instances(text: &str, language: Language) -> Vec<Range<usize>> {
    if !matches!(language, Language::Vue | Language::Svelte) {
        return Vec::new();
    }
    let own = scripts(text).into_iter().filter(|script| match language {
        Language::Vue => script.setup,
        _ => !script.module,
    });
    own.map(|script| script.code).collect()
}

/// The content of a script element, and what its start tag says.
struct Script {
    code: Range<usize>,
    setup: bool,
    module: bool,
}

fn scripts(text: &str) -> Vec<Script> {
    let bytes = text.as_bytes();
    let mut found = Vec::new();
    let mut without_end = 0;
    let mut at = 0;
    while let Some(open) = bytes.get(at..).and_then(|rest| memchr::memchr(b'<', rest)).map(|n| at + n) {
        let rest = &bytes[open..];
        if rest.starts_with(b"<!--") {
            at = memmem::find(rest, b"-->").map_or(bytes.len(), |n| open + n + 3);
            continue;
        }
        let Some(tag) = Tag::read(text, open) else {
            at = open + 1;
            continue;
        };
        at = tag.end;
        if tag.name.eq_ignore_ascii_case("script") {
            if tag.closes_itself {
                continue;
            }
            let end = closing(bytes, tag.end, "script").unwrap_or(bytes.len());
            if tag.is_code() {
                let context = tag.attribute("context").or_else(|| tag.attribute("module"));
                found.push(Script {
                    code: tag.end..end,
                    setup: tag.attribute("setup").is_some(),
                    module: context.is_some(),
                });
            }
            at = end;
        } else if !tag.closes_itself && OPAQUE.iter().any(|name| tag.name.eq_ignore_ascii_case(name)) {
            let end = if without_end < MAX_WITHOUT_END { end_of_element(text, &tag) } else { None };
            // Without an end it hides nothing: the file is being written.
            at = end.unwrap_or(tag.end);
            without_end += usize::from(end.is_none());
        }
    }
    found
}

/// A start tag.
struct Tag<'t> {
    name: &'t str,
    /// Between the name and the end.
    attributes: &'t str,
    /// After the `>`.
    end: usize,
    closes_itself: bool,
}

impl<'t> Tag<'t> {
    /// The tag that begins at this `<`. A `>` in quotes does not end it, unless the tag would have no end then.
    fn read(text: &'t str, open: usize) -> Option<Self> {
        let bytes = text.as_bytes();
        let start = open + 1;
        if !bytes.get(start)?.is_ascii_alphabetic() {
            return None;
        }
        let in_name = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b':' | b'.' | b'_');
        let name_end = bytes[start..].iter().position(|byte| !in_name(byte)).map(|n| start + n)?;
        let mut at = name_end;
        let mut quote = None;
        let limit = &bytes[..bytes.len().min(open + MAX_TAG_BYTES)];
        let close = loop {
            match (limit.get(at), quote) {
                (None, _) => break memchr::memchr(b'>', limit.get(name_end..)?).map(|n| name_end + n)?,
                (Some(b'>'), None) => break at,
                // `a <b && c` in the code of a template is no tag; the next line may begin one.
                (Some(b'<'), _) if at > 0 && bytes[at - 1] == b'\n' => return None,
                (Some(byte @ (b'"' | b'\'')), None) => quote = Some(*byte),
                (Some(byte), Some(open)) if *byte == open => quote = None,
                _ => {}
            }
            at += 1;
        };
        let attributes = text.get(name_end..close)?;
        Some(Tag { name: &text[start..name_end], attributes, end: close + 1, closes_itself: attributes.ends_with('/') })
    }

    /// The value of an attribute, empty when it has none.
    fn attribute(&self, name: &str) -> Option<&'t str> {
        let mut rest = self.attributes;
        loop {
            rest = rest.trim_start_matches(|c: char| c.is_whitespace() || c == '/');
            if rest.is_empty() {
                return None;
            }
            let end = rest.find(|c: char| c.is_whitespace() || c == '=').unwrap_or(rest.len());
            let (found, after) = rest.split_at(end.max(1).min(rest.len()));
            let value;
            (value, rest) = match after.trim_start().strip_prefix('=').map(str::trim_start) {
                None => ("", after),
                Some(quoted) => match quoted.chars().next().filter(|c| matches!(c, '"' | '\'')) {
                    Some(quote) => quoted[1..].split_once(quote).unwrap_or((&quoted[1..], "")),
                    None => quoted.split_at(quoted.find(char::is_whitespace).unwrap_or(quoted.len())),
                },
            };
            if found.eq_ignore_ascii_case(name) {
                return Some(value);
            }
        }
    }

    fn is_code(&self) -> bool {
        let known = |value: &str| {
            let mut words =
                value.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty()).peekable();
            words.peek().is_none() || words.any(|word| SCRIPT_KINDS.iter().any(|kind| word.eq_ignore_ascii_case(kind)))
        };
        self.attribute("src").is_none()
            && self.attribute("lang").is_none_or(known)
            && self.attribute("type").is_none_or(known)
    }
}

/// Where the next end tag of this name begins.
fn closing(bytes: &[u8], from: usize, name: &str) -> Option<usize> {
    memmem::find_iter(&bytes[from..], b"</").map(|n| from + n).find(|at| {
        let after = &bytes[at + 2..];
        after.get(..name.len()).is_some_and(|found| found.eq_ignore_ascii_case(name.as_bytes()))
            && after.get(name.len()).is_none_or(|byte| matches!(byte, b'>' | b' ' | b'\t' | b'\n' | b'\r' | b'/'))
    })
}

/// After the end tag of an element; elements of the same name inside of it are stepped over.
fn end_of_element(text: &str, tag: &Tag<'_>) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut at = tag.end;
    let mut depth = 1;
    loop {
        let close = closing(bytes, at, tag.name)?;
        let inner = text.get(at..close)?;
        let opens = memmem::find_iter(inner.as_bytes(), b"<")
            .filter(|n| Tag::read(text, at + n).is_some_and(|inner| inner.name == tag.name && !inner.closes_itself));
        depth += opens.count();
        depth -= 1;
        at = close + 2;
        if depth == 0 {
            return Some(at);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is left, without blanks around it.
    fn code(text: &str) -> String {
        let blanked = blank_markup(text);
        assert_eq!(blanked.len(), text.len());
        let ends = |text: &str| text.match_indices(['\n', '\r']).map(|(at, _)| at).collect::<Vec<_>>();
        assert_eq!(ends(&blanked), ends(text));
        for (at, c) in blanked.char_indices().filter(|(_, c)| !c.is_whitespace() && *c != ';') {
            assert!(text[at..].starts_with(c), "{at}");
        }
        blanked.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn all_scripts_of_a_file() {
        let vue = "<script lang=\"ts\">\nexport default {}\n</script>\n\n<script setup lang='ts'>\nconst a = 1 // é\n</script>\n\
                   <template>\n  <p v-if=\"a > 1\">é {{ a }}</p>\n</template>\n<style>p > a {}</style>\n";
        assert_eq!(code(vue), "export default {} const a = 1 // é");
        assert_eq!(code("<SCRIPT>a()</SCRIPT ><script\n>b()</script>"), "a(); b();");
        assert_eq!(code("<p>x</p><script context=\"module\">let a</script>{#if a < b}<b>{/if}"), "let a;");
    }

    #[test]
    fn scripts_that_run_for_each_component() {
        let own = |text: &str, language| {
            instances(text, language).into_iter().map(|range| text[range].to_owned()).collect::<Vec<_>>()
        };
        let vue = "<script>a()</script><script setup lang=\"ts\">b()</script>";
        assert_eq!(own(vue, Language::Vue), ["b()"]);
        let svelte = "<script context=\"module\">a()</script><script module>b()</script><script>c()</script>";
        assert_eq!(own(svelte, Language::Svelte), ["c()"]);
        assert!(own(svelte, Language::JavaScript).is_empty());
    }

    #[test]
    fn scripts_that_are_markup() {
        for text in [
            "<!-- <script>a()</script> -->",
            "<!-- <script>a()</script>",
            "<template>\n<script>a()</script>\n</template>",
            "<template><template #x></template><script>a()</script></template>",
            "<docs>\n<script>a()</script>\n</docs>",
            "<svelte:head><script>a()</script></svelte:head>",
            "<script src=\"./a.ts\">a()</script>",
            "<script src='./a.ts' />",
            "<script type=\"application/ld+json\">{}</script>",
            "<script lang=\"coffee\">a()</script>",
            "<p title=\"<script>a()</script>\">",
            "<scripted>a()</scripted>",
            "<style>/* <script>a()</script> */</style>",
            "a < b",
            "<",
            "<script",
            "",
        ] {
            assert_eq!(code(text), "", "{text}");
        }
    }

    #[test]
    fn takes_linear_time() {
        for piece in
            ["<a '", "<template>", "<template><template></template>", "<script", "<style", "<!--", "<", "</script>"]
        {
            let started = std::time::Instant::now();
            code(&piece.repeat(300_000 / piece.len()));
            assert!(started.elapsed().as_secs() < 5, "{piece}: {:?}", started.elapsed());
        }
    }

    #[test]
    fn half_typed_files() {
        assert_eq!(code("<script>\na("), "a(");
        assert_eq!(code("<template>\n<script>\na()\n</script>"), "a()");
        assert_eq!(code("<p class=\"x>\n<script>\na()\n</script>"), "a()");
        assert_eq!(code("<script lang=ts type=module>\na('</p>')\n</script>"), "a('</p>')");
    }
}
