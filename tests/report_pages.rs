//! The rules' documentation pages: complete, and with examples that can be run as they stand.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // clippy takes helpers of tests for production code

use unclosed::checks::RULES;

const SECTIONS: [&str; 7] = [
    "## What it does",
    "## Why it matters in production",
    "## Bad",
    "## Good",
    "## What counts as a release",
    "## Known limits",
    "## Fix safety",
];

fn blocks(page: &str) -> Vec<&str> {
    page.split("```python\n").skip(1).map(|rest| rest.split("```").next().unwrap()).collect()
}

#[test]
fn pages_have_all_sections_in_order() {
    for rule in RULES {
        let page = rule.page();
        assert!(page.starts_with(&format!("# {}\n\n## What it does\n", rule.id)), "{}", rule.id);
        let at: Vec<_> = SECTIONS.iter().map(|s| page.find(&format!("\n{s}\n")).expect(s)).collect();
        assert!(at.is_sorted(), "{}: {at:?}", rule.id);
        let one_line = !rule.summary.is_empty() && !rule.summary.contains('\n') && !rule.summary.ends_with('.');
        assert!(one_line, "{}: {:?}", rule.id, rule.summary);
    }
}

#[test]
fn examples_parse_and_expect_their_rule() {
    for rule in RULES {
        let page = rule.page();
        let (bad, good): (Vec<_>, Vec<_>) = blocks(&page).into_iter().partition(|b| b.starts_with("# bad\n"));
        assert!(!bad.is_empty() && !good.is_empty(), "{}", rule.id);
        let expectation = format!("  #~ {}", rule.id);
        for block in &bad {
            assert_eq!(block.matches("#~").count(), 1, "{block}");
            assert_eq!(block.lines().filter(|l| l.ends_with(&expectation)).count(), 1, "{block}");
        }
        assert!(good.iter().all(|b| b.starts_with("# good\n") && !b.contains("#~")), "{}", rule.id);
        for block in bad.iter().chain(&good) {
            assert!(ruff_python_parser::parse_module(block).is_ok(), "{block}");
        }
    }
}
