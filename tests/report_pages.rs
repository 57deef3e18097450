//! The rules' documentation pages: complete, and with examples that can be run as they stand.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // clippy takes helpers of tests for production code

use unclosed::checks::RULES;
use unclosed::ir::FileId;
use unclosed::lang::{STACK_BYTES, lower};
use unclosed::source::Language;

const SECTIONS: [&str; 7] = [
    "## What it does",
    "## Why it matters in production",
    "## Bad",
    "## Good",
    "## What counts as a ",
    "## Known limits",
    "## Fix safety",
];

/// The programs of a page, with what begins their comments.
fn blocks(page: &str) -> Vec<(Language, &'static str, &str)> {
    let mut found = Vec::new();
    for (language, fence, comment) in
        [(Language::Python, "```python\n", "#"), (Language::TypeScript, "```typescript\n", "//")]
    {
        let all = page.split(fence).skip(1).map(|rest| rest.split("```").next().unwrap());
        found.extend(all.map(|block| (language, comment, block)));
    }
    found
}

fn parses(language: Language, text: &str) -> bool {
    // Parsers recurse: they are given the stack that they ask for.
    let text = text.to_owned();
    let parse = move || lower(language, FileId(0), &text).is_ok_and(|lowered| lowered.problems.is_empty());
    std::thread::Builder::new().stack_size(STACK_BYTES).spawn(parse).unwrap().join().unwrap()
}

#[test]
fn pages_have_all_sections_in_order() {
    for rule in RULES {
        let page = rule.page();
        assert!(page.starts_with(&format!("# {}\n\n## What it does\n", rule.id)), "{}", rule.id);
        let at: Vec<_> = SECTIONS.iter().map(|s| page.find(&format!("\n{s}")).expect(s)).collect();
        assert!(at.is_sorted(), "{}: {at:?}", rule.id);
        let one_line = !rule.summary.is_empty() && !rule.summary.contains('\n') && !rule.summary.ends_with('.');
        assert!(one_line, "{}: {:?}", rule.id, rule.summary);
    }
}

#[test]
fn examples_parse_and_expect_their_rule() {
    for rule in RULES {
        let page = rule.page();
        let is_bad = |(_, comment, block): &(Language, &str, &str)| block.starts_with(&format!("{comment} bad\n"));
        let (bad, good): (Vec<_>, Vec<_>) = blocks(&page).into_iter().partition(is_bad);
        assert!(!bad.is_empty() && !good.is_empty(), "{}", rule.id);
        for (_, comment, block) in &bad {
            let expectation = format!(" {comment}~ {}", rule.id);
            assert_eq!(block.matches(&format!("{comment}~")).count(), 1, "{block}");
            assert_eq!(block.lines().filter(|l| l.ends_with(&expectation)).count(), 1, "{block}");
        }
        for (_, comment, block) in &good {
            let silent = !block.contains(&format!("{comment}~"));
            assert!(block.starts_with(&format!("{comment} good\n")) && silent, "{}: {block}", rule.id);
        }
        for (language, _, block) in bad.iter().chain(&good) {
            assert!(parses(*language, block), "{block}");
        }
    }
}
