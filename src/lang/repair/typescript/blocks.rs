//! Finds the broken lines of a text that does not parse, by its indentation, with the parser as judge.
//!
//! A text is a row of *items*: statements, members, properties, elements. An item begins at a line of the least indentation; of its
//! lines, those of that indentation are its *frame* (`if (x) {`, `} else {`, `}`) and those between are its *bodies*, again rows of
//! items. A row that does not parse is halved until single items are left. An item that does not parse has a frame that does,
//! and then its bodies are looked at in it; or the frame is repaired (a missing closer is added, one too many is left out, a broken
//! header is replaced); or the frame is left out and its bodies stand for themselves. What remains is left out.
//! Whether something parses is tried with the frames around it, so the parser sees a method in a class and a `case` in a `switch`.

use super::shape::{begins_item, headers, indented, is_closer, placed, with_closers};
use super::{Problem, error_of, inline};
use crate::lang::nesting::braces::{Piece, Scan};
use memchr::memmem;
use oxc_allocator::Allocator;
use oxc_span::{SourceType, Span};
use std::ops::Range;

/// All trials together may parse so many times the text, within these bounds.
const MAX_TRIED_TIMES: usize = 40;
const LEAST_TRIED_BYTES: usize = 1 << 20;
const MAX_TRIED_BYTES: usize = 12 << 20;

/// How often all begins again.
const MAX_ROUNDS: usize = 12;

/// Frames inside of frames; what is deeper is left out.
const MAX_FRAMES: usize = 60;

/// Closers, and parts of a template, that are tried one by one.
const MAX_FRAME_TRIALS: usize = 4;

/// Line numbers.
type Rows = Range<usize>;

struct Line {
    start: usize,
    /// Before the line end.
    end: usize,
    /// Columns before the first character; `None` for a line without code.
    indent: Option<usize>,
}

/// A part of a trial.
#[derive(Clone)]
enum Part {
    Rows(Rows),
    Code(String),
}

/// What stands around a row of items.
#[derive(Clone, Default)]
struct Around {
    before: Vec<Part>,
    after: Vec<Part>,
}

pub(super) struct Blocks {
    text: Vec<u8>,
    lines: Vec<Line>,
    kind: SourceType,
    /// For trials.
    allocator: Allocator,
    budget: usize,
    /// Bytes that tree-sitter may still look at.
    inline_budget: usize,
    problems: Vec<Problem>,
    frames: usize,
    /// What opened a template or comment without an end; without it, all that follows has another meaning.
    openers: Vec<(Rows, String)>,
    /// One more was found: all begins again without it.
    again: bool,
}

impl Blocks {
    pub(super) fn new(text: &str, kind: SourceType) -> Self {
        let tried = text.len().saturating_mul(MAX_TRIED_TIMES).clamp(LEAST_TRIED_BYTES, MAX_TRIED_BYTES);
        let budget = tried.max(text.len() * 4);
        Blocks {
            lines: lines(text),
            text: text.as_bytes().to_vec(),
            kind,
            allocator: Allocator::default(),
            budget,
            inline_budget: inline::MAX_BYTES_IN_ALL,
            problems: Vec::new(),
            frames: 0,
            openers: Vec::new(),
            again: false,
        }
    }

    /// The repaired text, of the same length, and what was changed.
    pub(super) fn run(mut self) -> (String, Vec<Problem>) {
        let original = self.text.clone();
        for _ in 0..MAX_ROUNDS {
            self.again = false;
            let items = self.split(0..self.lines.len(), true);
            self.settle(&Around::default(), &items);
            if !self.again {
                break;
            }
            self.text.copy_from_slice(&original);
            self.problems.clear();
            for (rows, message) in self.openers.clone() {
                self.leave_out(rows, &message);
            }
        }
        // Whole lines are blanked, and the rest is ASCII on top of blanks.
        (String::from_utf8(self.text).unwrap_or_default(), self.problems)
    }

    fn bytes(&self, rows: &Rows) -> Range<usize> {
        let start = self.lines.get(rows.start).map_or(self.text.len(), |line| line.start);
        let end = self.lines.get(rows.end).map_or(self.text.len(), |line| line.start);
        start..end.max(start)
    }

    fn line(&self, row: usize) -> &str {
        let line = &self.lines[row];
        std::str::from_utf8(&self.text[line.start..line.end]).unwrap_or_default()
    }

    /// The error of these items, in what is around them.
    fn error(&mut self, around: &Around, items: &[Part]) -> Option<Problem> {
        if self.again {
            return None;
        }
        let mut text = Vec::new();
        let mut origins = Vec::new();
        for part in around.before.iter().chain(items).chain(&around.after) {
            match part {
                Part::Rows(rows) => {
                    let bytes = self.bytes(rows);
                    origins.push((text.len(), bytes.start));
                    text.extend_from_slice(&self.text[bytes]);
                    // The last line of a file has no end.
                    if !text.ends_with(b"\n") {
                        text.push(b'\n');
                    }
                }
                Part::Code(code) => {
                    text.extend_from_slice(code.as_bytes());
                    text.push(b'\n');
                }
            }
        }
        self.budget = self.budget.saturating_sub(text.len());
        let text = String::from_utf8(text).unwrap_or_default();
        let error = error_of(&self.allocator, &text, self.kind);
        self.allocator.reset();
        error.map(|problem| {
            let at = problem.range.start as usize;
            let origin = origins.partition_point(|(start, _)| *start <= at).checked_sub(1);
            let (start, original) = origin.map_or((0, 0), |origin| origins[origin]);
            let at = (original + at - start.min(at)).min(self.text.len());
            Problem { range: Span::new(at as u32, at as u32), message: problem.message }
        })
    }

    /// Cuts rows into items. `tokens`: lines inside of templates and comments begin nothing.
    fn split(&mut self, rows: Rows, tokens: bool) -> Vec<Rows> {
        let inside = if tokens { self.inside_tokens(&rows) } else { vec![false; rows.len()] };
        let counts = |row: &usize| !inside[*row - rows.start];
        let Some(least) = rows.clone().filter(counts).filter_map(|row| self.lines[row].indent).min() else {
            return vec![rows];
        };
        let mut items: Vec<Rows> = Vec::new();
        let mut start = rows.start;
        let mut decorated = false;
        let mut has_code = false;
        for row in rows.clone().filter(counts) {
            let Some(indent) = self.lines[row].indent else { continue };
            let content = self.line(row).trim_start();
            if indent <= least && begins_item(content) && has_code && !decorated {
                // Comments and blank lines before it are its own.
                let first =
                    (start..row).rev().take_while(|row| self.lines[*row].indent.is_none()).last().unwrap_or(row);
                items.push(start..first);
                start = first;
            }
            has_code = true;
            decorated = content.starts_with('@') && indent <= least;
        }
        items.push(start..rows.end);
        items
    }

    /// For each row, whether it begins inside of a template or comment.
    fn inside_tokens(&mut self, rows: &Rows) -> Vec<bool> {
        let bytes = self.bytes(rows);
        self.budget = self.budget.saturating_sub(bytes.len() / 2);
        let text = std::str::from_utf8(&self.text[bytes.clone()]).unwrap_or_default();
        let mut inside = vec![false; rows.len()];
        let mut scan = Scan::new(text, self.kind.is_jsx());
        let mut row = rows.start;
        loop {
            let from = bytes.start + scan.at();
            let Some(piece) = scan.step() else { return inside };
            let to = bytes.start + scan.at();
            while row < rows.end && self.lines[row].start <= to {
                if piece == Piece::Text && self.lines[row].start > from && self.lines[row].start < to {
                    inside[row - rows.start] = true;
                }
                if self.lines[row].start == to && scan.in_template_text() {
                    inside[row - rows.start] = true;
                }
                row += 1;
            }
        }
    }

    /// Makes a row of items parse.
    fn settle(&mut self, around: &Around, items: &[Rows]) {
        let (Some(first), Some(last)) = (items.first(), items.last()) else { return };
        let whole = [Part::Rows(first.start..last.end)];
        let Some(error) = self.error(around, &whole) else { return };
        if self.budget == 0 {
            return self.leave_out(first.start..last.end, &error.message);
        }
        if let [item] = items {
            return self.repair(around, item.clone(), &error);
        }
        let (left, right) = items.split_at(items.len() / 2);
        self.settle(around, left);
        self.settle(around, right);
        // Each half parses, but a statement may have been cut in two.
        let Some(error) = self.error(around, &whole) else { return };
        let edges = [left.last(), right.first()];
        for edge in edges.into_iter().flatten() {
            let bytes = self.bytes(edge);
            let before = self.text[bytes.clone()].to_vec();
            let problems = self.problems.len();
            self.leave_out(edge.clone(), &error.message);
            if self.error(around, &whole).is_none() {
                return;
            }
            self.text[bytes].copy_from_slice(&before);
            self.problems.truncate(problems);
        }
        let smaller = if left.len() < right.len() { left } else { right };
        if let (Some(first), Some(last)) = (smaller.first(), smaller.last()) {
            self.leave_out(first.start..last.end, &error.message);
        }
    }

    /// Makes an item parse that does not.
    fn repair(&mut self, around: &Around, item: Rows, error: &Problem) {
        if self.frames >= MAX_FRAMES || self.budget == 0 {
            return self.leave_out(item, &error.message);
        }
        self.frames += 1;
        self.repair_framed(around, item, error);
        self.frames -= 1;
    }

    fn repair_framed(&mut self, around: &Around, item: Rows, error: &Problem) {
        let parts = self.split(item.clone(), true);
        if parts.len() > 1 {
            return self.settle(around, &parts);
        }
        let inside = self.inside_tokens(&item);
        let (frame, bodies) = self.frame(&item, &inside);
        let fixes = if bodies.is_empty() { Vec::new() } else { self.fixes(&frame) };
        let (light, heavy): (Vec<Fix>, Vec<Fix>) = fixes.into_iter().partition(Fix::is_light);
        if light.into_iter().any(|fix| self.repair_with(around, &item, (&frame, &bodies), fix, error)) {
            return;
        }
        if let Some(rest) = self.swallowed(around, &item, &inside) {
            let mut parts = self.split(rest..item.end, true);
            parts.insert(0, item.start..rest);
            return self.settle(around, &parts);
        }
        if bodies.is_empty() {
            return self.repair_line(around, item, error);
        }
        if heavy.into_iter().any(|fix| self.repair_with(around, &item, (&frame, &bodies), fix, error)) {
            return;
        }
        // Without the frame.
        for row in &frame {
            self.leave_out(*row..*row + 1, &error.message);
        }
        let mut items = Vec::new();
        for body in bodies {
            items.extend(self.split(body, true));
        }
        self.settle(around, &items);
    }

    /// Where the item ends, by its lines, when a template or comment without an end has swallowed what is code by itself.
    fn swallowed(&mut self, around: &Around, item: &Rows, inside: &[bool]) -> Option<usize> {
        let by_line = self.split(item.clone(), false);
        let begins_inside = |part: &&Rows| {
            let row = (part.start..part.end).find(|row| self.lines[*row].indent.is_some()).unwrap_or(part.start);
            inside[row - item.start]
        };
        let inner: Vec<Rows> = by_line.iter().skip(1).filter(begins_inside).take(MAX_FRAME_TRIALS).cloned().collect();
        let is_code = inner.into_iter().any(|part| {
            let bytes = &self.text[self.bytes(&part)];
            bytes.iter().any(|byte| matches!(byte, b'(' | b'{')) && self.error(around, &[Part::Rows(part)]).is_none()
        });
        by_line.get(1).map(|part| part.start).filter(|_| is_code)
    }

    /// Tries to repair an item with a frame that was fixed; changes nothing when it does not parse then.
    fn repair_with(
        &mut self,
        around: &Around,
        item: &Rows,
        (frame, bodies): (&[usize], &[Rows]),
        fix: Fix,
        error: &Problem,
    ) -> bool {
        let bytes = self.bytes(item);
        let (before, problems) = (self.text[bytes.clone()].to_vec(), self.problems.len());
        self.apply(&fix.edits);
        let mut inner = around.clone();
        if !fix.closers.is_empty() {
            inner.after.insert(0, Part::Code(fix.closers.clone()));
        }
        let fits = |filler: &&'static str| self.error(&inner, &skeleton(frame, bodies, filler, None)).is_none();
        if let Some(filler) = ["", "0", "a:0"].into_iter().find(fits) {
            for edit in &fix.edits {
                self.note(edit.row, &error.message);
            }
            self.repair_bodies(&inner, frame, bodies, filler);
            if self.error(around, &[Part::Rows(item.clone())]).is_none() {
                return true;
            }
            if !fix.closers.is_empty() && self.close(around, item.clone(), &fix.closers, &error.message) {
                return true;
            }
        }
        self.text[bytes].copy_from_slice(&before);
        self.problems.truncate(problems);
        false
    }

    /// Writes closers at the end of an item that parses with them, if there is room.
    fn close(&mut self, around: &Around, item: Rows, closers: &str, message: &str) -> bool {
        let is_blank = |row: &usize| self.line(*row).trim().is_empty();
        let last = item.clone().rev().find(|row| !is_blank(row)).unwrap_or(item.start);
        let room = (last + 1..item.end).find(|row| self.lines[*row].end - self.lines[*row].start >= closers.len());
        let after = room.map(|row| Edit { row, content: closers.to_owned() });
        let at_end = with_closers(self.line(last), closers).map(|content| Edit { row: last, content });
        let instead = Edit { row: last, content: closers.to_owned() };
        for edit in after.into_iter().chain(at_end).chain([instead]) {
            let row = edit.row;
            let old = self.apply(&[edit]);
            if self.error(around, &[Part::Rows(item.clone())]).is_none() {
                self.note(row, message);
                return true;
            }
            self.undo(old);
        }
        false
    }

    /// A frame that parses with `filler` for each of its bodies.
    fn repair_bodies(&mut self, around: &Around, frame: &[usize], bodies: &[Rows], filler: &'static str) {
        for (i, body) in bodies.iter().enumerate() {
            let mut inner = around.clone();
            let parts = skeleton(frame, bodies, filler, Some(i));
            let cut = parts.iter().position(|part| matches!(part, Part::Rows(rows) if rows == body)).unwrap_or(0);
            inner.before.extend(parts[..cut].iter().cloned());
            let mut after: Vec<Part> = parts.iter().skip(cut + 1).cloned().collect();
            after.append(&mut inner.after);
            inner.after = after;
            let items = self.split(body.clone(), true);
            self.settle(&inner, &items);
            if self.error(&inner, &[Part::Rows(body.clone())]).is_some() {
                let error = "Not valid here";
                self.leave_out(body.clone(), error);
            }
            let blank = self.text[self.bytes(body)].iter().all(u8::is_ascii_whitespace);
            if blank && !filler.is_empty() {
                let at = self.bytes(body).start;
                let line = &self.lines[body.start];
                if line.end - line.start >= filler.len() {
                    self.text[at..at + filler.len()].copy_from_slice(filler.as_bytes());
                }
            }
        }
    }

    /// An item without bodies.
    fn repair_line(&mut self, around: &Around, item: Rows, error: &Problem) {
        let bytes = self.bytes(&item);
        let rows: Vec<usize> = item.clone().filter(|row| self.lines[*row].indent.is_some()).collect();
        // One closer too many.
        for row in rows
            .iter()
            .rev()
            .filter(|row| is_closer(self.line(**row)))
            .take(MAX_FRAME_TRIALS)
            .copied()
            .collect::<Vec<_>>()
        {
            let edits = self.apply(&[Edit { row, content: String::new() }]);
            if self.error(around, &[Part::Rows(item.clone())]).is_none() {
                return self.note(row, &error.message);
            }
            self.undo(edits);
        }
        let text = std::str::from_utf8(&self.text[bytes.clone()]).unwrap_or_default();
        let proposals = if text.len() <= self.inline_budget {
            self.inline_budget -= text.len().min(inline::MAX_BYTES);
            inline::proposals(text, self.kind.is_jsx())
        } else {
            Vec::new()
        };
        for broken in proposals {
            let before = self.text[bytes.clone()].to_vec();
            for range in &broken {
                blank(&mut self.text[bytes.start + range.start..bytes.start + range.end]);
            }
            if self.error(around, &[Part::Rows(item.clone())]).is_none() {
                for range in broken {
                    let range = Span::new((bytes.start + range.start) as u32, (bytes.start + range.end) as u32);
                    self.problems.push(Problem { range, message: error.message.clone() });
                }
                return;
            }
            self.text[bytes.clone()].copy_from_slice(&before);
        }
        self.leave_out(item, &error.message);
    }

    /// The rows of an item that have its indentation, and what stands between them.
    fn frame(&self, item: &Rows, inside: &[bool]) -> (Vec<usize>, Vec<Rows>) {
        let code = |row: &usize| self.lines[*row].indent.is_some();
        let outside = |row: &usize| !inside[*row - item.start];
        let least = item.clone().filter(code).filter(outside).filter_map(|row| self.lines[row].indent).min();
        let is_frame = |row: &usize| outside(row) && self.lines[*row].indent <= least;
        let frame: Vec<usize> = item.clone().filter(code).filter(is_frame).collect();
        let mut bodies = Vec::new();
        let ends = frame.iter().copied().skip(1).chain([item.end]);
        for (row, next) in frame.iter().zip(ends) {
            let first = (row + 1..next).find(|row| code(row) && outside(row));
            let last = (row + 1..next).rev().find(|row| code(row));
            if let (Some(first), Some(last)) = (first, last) {
                bodies.push(first..last + 1);
            }
        }
        (frame, bodies)
    }

    /// What may make a frame parse; the first is to leave it as it is.
    fn fixes(&self, frame: &[usize]) -> Vec<Fix> {
        let mut fixes = vec![Fix::default()];
        let (Some(&first), Some(&last)) = (frame.first(), frame.last()) else { return fixes };
        let closers = self.missing_closers(frame);
        if !closers.is_empty() {
            fixes.push(Fix { closers, ..Fix::default() });
        }
        let ends = frame.iter().rev().filter(|row| is_closer(self.line(**row)));
        for row in ends.take(MAX_FRAME_TRIALS) {
            fixes.push(Fix { edits: vec![Edit { row: *row, content: String::new() }], ..Fix::default() });
        }
        // Another header: nothing is known about its parameters or condition.
        let end = Edit { row: last, content: indented(self.line(last), "}") };
        if first != last && is_closer(self.line(last)) {
            for header in headers(self.line(first)) {
                let Some(content) = placed(self.line(first), &header) else { continue };
                let mut edits = vec![Edit { row: first, content }, end.clone()];
                let between = frame.iter().filter(|row| **row != first && **row != last);
                edits.extend(between.map(|row| Edit { row: *row, content: String::new() }));
                fixes.push(Fix { edits, ..Fix::default() });
            }
        }
        fixes
    }

    /// The brackets that the frame leaves open, innermost first.
    fn missing_closers(&self, frame: &[usize]) -> String {
        let mut open: Vec<u8> = Vec::new();
        let text: Vec<&str> = frame.iter().map(|row| self.line(*row)).collect();
        let text = text.join("\n");
        let mut scan = Scan::new(&text, self.kind.is_jsx());
        while let Some(piece) = scan.step() {
            match piece {
                Piece::Open(bracket) => open.push(bracket),
                Piece::Close(_) => {
                    open.pop();
                }
                Piece::Text | Piece::Other => {}
            }
        }
        let closer = |bracket: &u8| match bracket {
            b'(' => ')',
            b'[' => ']',
            _ => '}',
        };
        open.iter().rev().map(closer).collect()
    }

    /// Writes over lines, at the same length. What does not fit is cut off, and then the trial fails.
    fn apply(&mut self, edits: &[Edit]) -> Vec<(usize, Vec<u8>)> {
        let mut old = Vec::new();
        for edit in edits {
            let line = &self.lines[edit.row];
            let bytes = &mut self.text[line.start..line.end];
            old.push((line.start, bytes.to_vec()));
            blank(bytes);
            let len = bytes.len().min(edit.content.len());
            if edit.content.is_char_boundary(len) {
                bytes[..len].copy_from_slice(&edit.content.as_bytes()[..len]);
            }
        }
        old
    }

    fn undo(&mut self, old: Vec<(usize, Vec<u8>)>) {
        for (start, bytes) in old.into_iter().rev() {
            self.text[start..start + bytes.len()].copy_from_slice(&bytes);
        }
    }

    fn note(&mut self, row: usize, message: &str) {
        let line = &self.lines[row];
        let indent = self.line(row).len() - self.line(row).trim_start().len();
        let range = Span::new((line.start + indent).min(line.end) as u32, line.end as u32);
        self.problems.push(Problem { range, message: message.to_owned() });
    }

    fn leave_out(&mut self, rows: Rows, message: &str) {
        let code = |row: &usize| self.lines[*row].indent.is_some();
        let (first, last) = (rows.clone().find(code), rows.clone().rev().find(code));
        if let (Some(first), Some(last)) = (first, last) {
            let (start, end) = (self.lines[first].start, self.lines[last].end);
            let bytes = &self.text[start..end];
            let indent = bytes.iter().position(|byte| !byte.is_ascii_whitespace());
            if let Some(indent) = indent {
                let range = Span::new((start + indent) as u32, end as u32);
                self.problems.push(Problem { range, message: message.to_owned() });
            }
        }
        let bytes = self.bytes(&rows);
        let text = &self.text[bytes.clone()];
        let opens = memchr::memchr_iter(b'`', text).count() % 2 == 1
            || memmem::find_iter(text, b"/*").count() > memmem::find_iter(text, b"*/").count();
        if opens && !self.again && self.openers.len() + 1 < MAX_ROUNDS {
            self.openers.push((rows, message.to_owned()));
            self.again = true;
        }
        blank(&mut self.text[bytes]);
    }
}

/// A way to make a frame parse.
#[derive(Default)]
struct Fix {
    edits: Vec<Edit>,
    /// To be put at the end.
    closers: String,
}

impl Fix {
    /// Leaves all brackets that open something as they are.
    fn is_light(&self) -> bool {
        self.closers.is_empty() && self.edits.iter().all(|edit| edit.content.is_empty())
    }
}

/// Another content for a line.
#[derive(Clone)]
struct Edit {
    row: usize,
    content: String,
}

/// The frame with `filler` for every body but one, which is there as it is.
fn skeleton(frame: &[usize], bodies: &[Rows], filler: &'static str, kept: Option<usize>) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut bodies = bodies.iter().enumerate().peekable();
    for (i, row) in frame.iter().enumerate() {
        parts.push(Part::Rows(*row..*row + 1));
        let next = frame.get(i + 1);
        while let Some((n, body)) = bodies.next_if(|(_, body)| next.is_none_or(|next| body.start < *next)) {
            parts.push(if kept == Some(n) { Part::Rows(body.clone()) } else { Part::Code(filler.to_owned()) });
        }
    }
    parts
}

fn lines(text: &str) -> Vec<Line> {
    let bytes = text.as_bytes();
    let mut lines = Vec::new();
    let mut start = 0;
    loop {
        let next = memchr::memchr(b'\n', &bytes[start..]).map_or(bytes.len(), |n| start + n + 1);
        let content = text[start..next].trim_end_matches(['\n', '\r']);
        let code = content.trim_start_matches(['\u{feff}', ' ', '\t', '\x0c', '\x0b']);
        let blank = code.is_empty() || code.starts_with("//") || code.starts_with("#!");
        let columns = content.chars().take_while(|c| c.is_whitespace()).map(|c| if c == '\t' { 4 } else { 1 }).sum();
        lines.push(Line { start, end: start + content.len(), indent: (!blank).then_some(columns) });
        if next >= bytes.len() {
            return lines;
        }
        start = next;
    }
}

fn blank(bytes: &mut [u8]) {
    bytes.iter_mut().filter(|byte| !matches!(**byte, b'\n' | b'\r')).for_each(|byte| *byte = b' ');
}
