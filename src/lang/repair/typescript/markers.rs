//! What stands in a text that is no code at all: markers of merge conflicts, tags of templates.

use super::super::lines::{Lines, conflict_lines};
use super::Problem;
use memchr::memmem;
use oxc_span::Span;

/// The text without all but the first side of each merge conflict and with names in place of template tags, at the same length.
/// `None` when there are none.
pub(super) fn without(text: &str) -> Option<(String, Vec<Problem>)> {
    let mut out = text.as_bytes().to_vec();
    let mut problems = Vec::new();
    let lines = Lines::new(text);
    for (line, first) in conflict_lines(text, &lines) {
        lines.blank(&mut out, line);
        if first {
            let range = lines.code_range(text, line);
            problems.push(Problem {
                range: Span::new(range.start().into(), range.end().into()),
                message: "Merge conflict, of which only the first side is analysed".to_owned(),
            });
        }
    }
    let mut at = 0;
    while let Some(open) = memmem::find(&out[at..], b"<%").map(|n| at + n) {
        let Some(len) = memmem::find(&out[open..], b"%>").map(|n| n + 2) else { break };
        let tag = open..open + len;
        let is_value = matches!(out.get(open + 2), Some(b'=' | b'-'));
        at = tag.end;
        problems.push(Problem {
            range: Span::new(tag.start as u32, tag.end as u32),
            message: "Tag of a template".to_owned(),
        });
        for byte in &mut out[tag] {
            if !matches!(*byte, b'\n' | b'\r') {
                *byte = if is_value { b'_' } else { b' ' };
            }
        }
    }
    if problems.is_empty() {
        return None;
    }
    String::from_utf8(out).ok().map(|text| (text, problems))
}
