//! The few source lines that one finding speaks of, cut to a readable length, in the form that codespan-reporting prints.
//!
//! codespan-reporting prints whole lines; so it is given a small text that holds only the lines with labels, cut around them, and
//! that answers questions about line and column numbers for the real file.

use super::place::Places;
use super::words::harmless;
use crate::ir::Span;
use codespan_reporting::diagnostic::{Label, LabelStyle};
use codespan_reporting::files::{Error, Files};
use std::collections::BTreeMap;
use std::ops::Range;

/// What to mark, in the order in which files shall appear.
pub struct Mark {
    pub span: Span,
    pub primary: bool,
    pub message: String,
}

/// Excerpts of one or several files; codespan's file id is the position in the list.
#[derive(Default)]
pub struct Excerpts {
    files: Vec<Excerpt>,
}

struct Excerpt {
    name: String,
    text: String,
    /// Line indexes of the real file, ascending, with their bytes in `text`.
    lines: Vec<(usize, Range<usize>)>,
    /// Columns of the real file at the label starts, by offset in `text`.
    columns: BTreeMap<usize, usize>,
}

/// A mark within one line: bytes relative to the start of the line.
struct Spot {
    range: Range<usize>,
    column: usize,
    primary: bool,
    message: String,
}

impl Excerpts {
    /// Cuts lines of more than `limit` characters. Marks in files that the report does not hold are left out; marks that cover
    /// several lines are cut to their first.
    pub fn new(places: &Places<'_>, marks: Vec<Mark>, limit: usize) -> (Self, Vec<Label<usize>>) {
        let mut order = Vec::new();
        let mut by_file: BTreeMap<_, BTreeMap<u32, Vec<Spot>>> = BTreeMap::new();
        for mark in marks {
            let Some(place) = places.place(mark.span) else { continue };
            if !order.contains(&mark.span.file) {
                order.push(mark.span.file);
            }
            let line = place.start.line;
            let (start, content) = places.line(mark.span.file, line);
            let inside = |offset: u32| floor(content, (offset as usize).saturating_sub(start));
            let range = inside(mark.span.lo)..inside(mark.span.hi).max(inside(mark.span.lo));
            let spots = by_file.entry(mark.span.file).or_default().entry(line).or_default();
            match spots.iter_mut().find(|s| s.range == range) {
                Some(same) => {
                    same.primary |= mark.primary;
                    same.message = format!("{}; {}", same.message, mark.message);
                }
                None => {
                    let Mark { primary, message, .. } = mark;
                    spots.push(Spot { range, column: place.start.column as usize, primary, message });
                }
            }
        }
        let mut excerpts = Excerpts::default();
        let mut labels = Vec::new();
        for id in order {
            let Some((path, mut lines)) = places.path(id).zip(by_file.remove(&id)) else { continue };
            // A single line between two shown ones is shown too.
            let gaps: Vec<u32> = lines.keys().map(|l| l + 1).filter(|l| lines.contains_key(&(l + 1))).collect();
            for line in gaps {
                lines.entry(line).or_default();
            }
            let mut excerpt = Excerpt {
                name: super::words::plain(path),
                text: String::new(),
                lines: Vec::new(),
                columns: BTreeMap::new(),
            };
            for (line, spots) in lines {
                let (_, content) = places.line(id, line);
                let start = excerpt.text.len();
                let ranges: Vec<_> = spots.iter().map(|s| s.range.clone()).collect();
                let cut = clip(content, &ranges, limit, &mut excerpt.text);
                excerpt.text.push('\n');
                excerpt.lines.push((line as usize - 1, start..excerpt.text.len()));
                for (spot, range) in spots.into_iter().zip(cut) {
                    excerpt.columns.insert(range.start, spot.column);
                    let style = if spot.primary { LabelStyle::Primary } else { LabelStyle::Secondary };
                    labels.push(Label::new(style, excerpts.files.len(), range).with_message(spot.message));
                }
            }
            excerpts.files.push(excerpt);
        }
        (excerpts, labels)
    }

    fn get(&self, id: usize) -> Result<&Excerpt, Error> {
        self.files.get(id).ok_or(Error::FileMissing)
    }
}

impl<'a> Files<'a> for Excerpts {
    type FileId = usize;
    type Name = &'a str;
    type Source = &'a str;

    fn name(&'a self, id: usize) -> Result<&'a str, Error> {
        Ok(&self.get(id)?.name)
    }

    fn source(&'a self, id: usize) -> Result<&'a str, Error> {
        Ok(&self.get(id)?.text)
    }

    fn line_index(&'a self, id: usize, byte: usize) -> Result<usize, Error> {
        let lines = &self.get(id)?.lines;
        let at = lines.partition_point(|(_, range)| range.end <= byte).min(lines.len().saturating_sub(1));
        lines.get(at).map(|(line, _)| *line).ok_or(Error::LineTooLarge { given: at, max: lines.len() })
    }

    fn line_range(&'a self, id: usize, line: usize) -> Result<Range<usize>, Error> {
        let lines = &self.get(id)?.lines;
        let found = lines.binary_search_by_key(&line, |(l, _)| *l).ok().map(|at| lines[at].1.clone());
        found.ok_or(Error::LineTooLarge { given: line, max: lines.len() })
    }

    fn column_number(&'a self, id: usize, _line: usize, byte: usize) -> Result<usize, Error> {
        Ok(self.get(id)?.columns.get(&byte).copied().unwrap_or(1))
    }
}

/// Characters shown before and after a mark in a line that is too long.
const CONTEXT: usize = 40;
/// Characters shown of a mark itself in a line that is too long.
const BODY: usize = 80;

/// Appends `line` to `out`, of a line with more than `limit` characters only the surroundings of `ranges`, with `…` for what is left
/// out. Returns where `ranges` are in `out`.
fn clip(line: &str, ranges: &[Range<usize>], limit: usize, out: &mut String) -> Vec<Range<usize>> {
    let keep = match line.char_indices().nth(limit) {
        None => Vec::from([Range { start: 0, end: line.len() }]),
        Some((at, _)) if ranges.iter().all(|r| r.end < at) => Vec::from([Range { start: 0, end: at }]),
        Some(_) => surroundings(line, ranges, limit),
    };
    let mut mapped = vec![out.len()..out.len(); ranges.len()];
    for (i, kept) in keep.iter().enumerate() {
        if kept.start > 0 {
            out.push('…');
        }
        let at_start = out.len();
        for (place, range) in mapped.iter_mut().zip(ranges) {
            if (kept.start..=kept.end).contains(&range.start) {
                *place = at_start..at_start;
            }
        }
        for (offset, c) in line[kept.clone()].char_indices().map(|(o, c)| (o + kept.start, c)) {
            // A byte order mark is part of the file but not of what is seen.
            if c != '\u{feff}' {
                out.push(harmless(c));
            }
            let next = offset + c.len_utf8();
            for (place, range) in mapped.iter_mut().zip(ranges) {
                if (kept.start..=kept.end).contains(&range.start) {
                    if next <= range.start {
                        *place = out.len()..out.len();
                    } else if next <= range.end {
                        place.end = out.len();
                    }
                }
            }
        }
        if i + 1 == keep.len() && kept.end < line.len() {
            out.push('…');
        }
    }
    mapped
}

/// The parts of a long line to show, ascending and disjoint.
fn surroundings(line: &str, ranges: &[Range<usize>], limit: usize) -> Vec<Range<usize>> {
    // Many marks in one line share the room; what their own text does not need shows their surroundings.
    let share = (limit / ranges.len().max(1)).max(20);
    let shown: Vec<_> =
        ranges.iter().map(|r| r.start..forward(line, r.start, BODY.min(share * 3 / 5)).min(r.end)).collect();
    let text: usize = shown.iter().map(|r| line[r.clone()].chars().count()).sum();
    let context = (limit.saturating_sub(text) / (2 * ranges.len()).max(1)).clamp(4, CONTEXT);
    let mut wanted: Vec<Range<usize>> =
        shown.iter().map(|r| backward(line, r.start, context)..forward(line, r.end, context)).collect();
    wanted.sort_by_key(|r| (r.start, r.end));
    let mut keep: Vec<Range<usize>> = Vec::new();
    for part in wanted {
        match keep.last_mut() {
            Some(last) if part.start <= last.end => last.end = last.end.max(part.end),
            _ => keep.push(part),
        }
    }
    keep
}

fn forward(line: &str, from: usize, chars: usize) -> usize {
    line[from..].char_indices().nth(chars).map_or(line.len(), |(at, _)| from + at)
}

fn backward(line: &str, from: usize, chars: usize) -> usize {
    match chars.checked_sub(1) {
        None => from,
        Some(n) => line[..from].char_indices().nth_back(n).map_or(0, |(at, _)| at),
    }
}

/// The character boundary at or before `offset`.
fn floor(text: &str, offset: usize) -> usize {
    let mut offset = offset.min(text.len());
    while !text.is_char_boundary(offset) {
        offset -= 1;
    }
    offset
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clipped(line: &str, ranges: &[Range<usize>], limit: usize) -> (String, Vec<String>) {
        let mut out = "#".to_owned();
        let cut = clip(line, ranges, limit, &mut out);
        let marked = cut.into_iter().map(|r| out[r].to_owned()).collect();
        (out, marked)
    }

    #[test]
    fn short_lines_stay_whole() {
        let (out, marked) = clipped("x = connect('ü')", &[4..11, 16..16, 0..1], 200);
        assert_eq!(out, "#x = connect('ü')");
        assert_eq!(marked, ["connect", "", "x"]);
    }

    #[test]
    fn long_lines_are_cut_around_every_mark() {
        let line = format!("{}OPEN{}LEAVE{}", "ä".repeat(900), "b".repeat(9000), "c".repeat(900));
        let ranges = [1800..1804, 10804..10809];
        let (out, marked) = clipped(&line, &ranges, 200);
        assert_eq!(marked, ["OPEN", "LEAVE"]);
        assert!(out.chars().count() < 220, "{out}");
        assert_eq!(out.matches('…').count(), 3);
    }

    #[test]
    fn a_mark_longer_than_the_line_limit_is_cut() {
        let line = "q".repeat(5000);
        let (out, marked) = clipped(&line, &[10..4990, 20..4000], 200);
        assert!(out.chars().count() < 220);
        assert!(marked.iter().all(|m| m.len() >= 30));
    }

    #[test]
    fn many_marks_in_one_line_share_the_room() {
        let line = "abcdefghij".repeat(1000);
        let ranges: Vec<_> = (0..50).map(|i| i * 200..i * 200 + 100).collect();
        let (out, marked) = clipped(&line, &ranges, 200);
        assert!(out.chars().count() < 1500, "{}", out.len());
        assert!(marked.iter().all(|m| m.starts_with("abcde")));
    }

    #[test]
    fn control_characters_keep_their_place() {
        let (out, marked) = clipped("\u{feff}a\u{1b}b", &[3..4, 5..6], 200);
        assert_eq!(out, "#a\u{fffd}b");
        assert_eq!(marked, ["a", "b"]);
    }
}
