//! The broken parts of one statement, as tree-sitter sees them.

use std::ops::Range;
use tree_sitter::{Node, Parser};

/// Longer statements are not looked at, and no more in all than that: the recovery of tree-sitter takes quadratic time on garbage.
pub(super) const MAX_BYTES: usize = 4 << 10;
pub(super) const MAX_BYTES_IN_ALL: usize = 32 << 10;

/// Statements with more broken parts are left out as a whole.
const MAX_BROKEN: usize = 20;

/// Sets of ranges that are worth trying to leave out, the smallest first.
pub(super) fn proposals(text: &str, jsx: bool) -> Vec<Vec<Range<usize>>> {
    let mut parser = Parser::new();
    let grammar = if jsx { tree_sitter_typescript::LANGUAGE_TSX } else { tree_sitter_typescript::LANGUAGE_TYPESCRIPT };
    if text.len() > MAX_BYTES || parser.set_language(&grammar.into()).is_err() {
        return Vec::new();
    }
    let Some(tree) = parser.parse(text, None) else { return Vec::new() };
    let mut errors = Vec::new();
    let mut statements: Vec<Range<usize>> = Vec::new();
    let mut cursor = tree.walk();
    let mut outer: Vec<Range<usize>> = Vec::new();
    'walk: loop {
        let node = cursor.node();
        outer.retain(|range| range.end > node.start_byte());
        if node.has_error() && is_statement(&node) {
            outer.push(node.byte_range());
        }
        if node.is_error() || node.is_missing() {
            if node.is_error() && !node.byte_range().is_empty() {
                errors.push(node.byte_range());
            }
            statements.push(outer.last().cloned().unwrap_or(node.byte_range()));
        } else if node.has_error() && cursor.goto_first_child() {
            continue;
        }
        while !cursor.goto_next_sibling() {
            if !cursor.goto_parent() {
                break 'walk;
            }
        }
    }
    statements.sort_by_key(|range| (range.start, std::cmp::Reverse(range.end)));
    statements.dedup_by(|inner, outer| inner.end <= outer.end);
    let cuts = |ranges: &Vec<Range<usize>>| ranges.iter().all(|range| text.get(range.clone()).is_some());
    let whole =
        |ranges: &Vec<Range<usize>>| ranges.iter().all(|range| text[range.clone()].trim().len() >= text.trim().len());
    [errors, statements]
        .into_iter()
        .filter(|set| !set.is_empty() && set.len() <= MAX_BROKEN && cuts(set) && !whole(set))
        .collect()
}

fn is_statement(node: &Node<'_>) -> bool {
    node.parent()
        .is_some_and(|parent| matches!(parent.kind(), "program" | "statement_block" | "class_body" | "switch_case"))
}
