//! What people see: the text and the concise format.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // clippy takes helpers of tests for production code

mod report_samples;

use report_samples::*;
use unclosed::finding::{Report, Severity, StepRole};
use unclosed::ir::{FileId, Span};
use unclosed::report::{Format, Style, render};

fn text(report: &Report) -> String {
    rendered(Format::Text, report)
}

#[test]
fn typical_findings() {
    insta::assert_snapshot!(text(&typical()));
}

#[test]
fn nothing_found() {
    let mut report = typical();
    report.findings.clear();
    report.diagnostics.clear();
    assert_eq!(
        text(&report),
        "no connection leaks found in 41 files; 3 findings held back (1 pedantic, 2 low confidence): see --persona\n"
    );
    report.held_back.clear();
    report.stats.files = 1;
    assert_eq!(text(&report), "no connection leaks found in 1 file\n");
}

#[test]
fn several_steps_in_one_place_and_related_places() {
    let source = "import sqlite3\n\n\ndef size(path):\n\twith sqlite3.connect(path) as größe, lock: größe.execute('—'); return größe.total_changes\n\n\ndef a():\n\treturn connect()\n\n\ndef b():\n\treturn connect()\n";
    let mut report = with_files(&[("größe.py", source)]);
    let at = find(&report, 0, "sqlite3.connect(path)", 0);
    let mut leak = finding("with-does-not-close", at);
    leak.severity = Severity::Warning;
    leak.message = "`with` ends the transaction and leaves SQLite connection `größe` open".into();
    leak.label = "opened here".into();
    let exit = find(&report, 0, "return größe.total_changes", 0);
    leak.witness = vec![
        step(at, StepRole::Acquire, "opened here"),
        step(find(&report, 0, "größe", 0), StepRole::Alias, "held by `größe`"),
        step(exit, StepRole::Release, "`with` commits here"),
        step(exit, StepRole::Exit, "leaves here"),
        step(exit.end(), StepRole::Exit, "and is gone"),
    ];
    leak.related = vec![
        step(find(&report, 0, "connect()", 0), StepRole::Evidence, "the same happens here"),
        step(find(&report, 0, "connect()", 1), StepRole::Evidence, "and here"),
    ];
    report.findings = vec![leak];
    insta::assert_snapshot!(text(&report));
}

#[test]
fn a_call_over_several_lines_is_marked_on_its_first() {
    let source = "pool = create_pool(\n    host='db',\n    size=5,\n)\n";
    let mut report = with_files(&[("main.py", source)]);
    let at = Span::new(FileId(0), 7, source.len() as u32 - 1);
    let mut leak = finding("never-closed", at);
    leak.severity = Severity::Note;
    leak.message = "pool `pool` is never closed".into();
    report.findings = vec![leak];
    insta::assert_snapshot!(text(&report));
}

#[test]
fn long_lines_are_cut() {
    let source = format!("x = [{}]; client = connect(); {}; f(client)\n", "1, ".repeat(5000), "g()".repeat(5000));
    let mut report = with_files(&[("min.py", &source)]);
    let at = find(&report, 0, "connect()", 0);
    let mut leak = finding("never-closed", at);
    leak.witness = vec![
        step(at, StepRole::Acquire, "created here"),
        step(find(&report, 0, "f(client)", 0), StepRole::Exit, "last used here"),
    ];
    report.findings = vec![leak];
    insta::assert_snapshot!(text(&report));
}

#[test]
fn more_related_places_than_fit_are_counted() {
    let source = "a = connect()\n\n\n".repeat(12);
    let mut report = with_files(&[("many.py", &source)]);
    let mut leak = finding("never-closed", find(&report, 0, "connect()", 0));
    let others = (1..12).map(|i| step(find(&report, 0, "connect()", i), StepRole::Evidence, "also here"));
    leak.related = others.collect();
    report.findings = vec![leak];
    let text = text(&report);
    assert_eq!(text.matches("also here").count(), 8);
    assert!(text.contains("= also: 3 more places with the same cause"), "{text}");
}

#[test]
fn colour_is_only_paint() {
    let report = typical();
    let mut painted = Vec::new();
    render(Format::Text, &report, &Style { color: true, width: 100 }, &mut painted).unwrap();
    let painted = String::from_utf8(painted).unwrap();
    assert!(painted.contains("\u{1b}["));
    let mut plain = String::new();
    let mut rest = painted.as_str();
    while let Some((before, after)) = rest.split_once('\u{1b}') {
        plain.push_str(before);
        rest = after.split_once('m').unwrap().1;
    }
    plain.push_str(rest);
    assert_eq!(plain, text(&report));
    assert!(!text(&report).contains('\u{1b}'));
}

/// Sources and paths are written by strangers.
#[test]
fn nothing_reaches_the_terminal_but_text() {
    let source = "a = connect('\u{1b}[2J\u{202e}')\n";
    let mut report = with_files(&[("evil\n\u{1b}]0;x.py", source)]);
    report.findings = vec![finding("never-closed", find(&report, 0, "connect", 0))];
    for format in [Format::Text, Format::Concise] {
        let out = rendered(format, &report);
        assert!(!out.contains(['\u{1b}', '\u{202e}']), "{out:?}");
        assert!(!out.contains("evil\n"));
    }
}

#[test]
fn concise_is_one_line_each() {
    insta::assert_snapshot!(rendered(Format::Concise, &typical()));
}

/// No span, however wrong, breaks a renderer or prints an endless line.
#[test]
fn any_span_can_be_shown() {
    let long = "ab😀\t".repeat(4000);
    let source = format!("\u{feff}# ü\r\n\r\nx = '😀'\t; y\r{long}\n\n");
    let mut seed = 7u64;
    let mut random = |limit: usize| {
        seed = seed.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (seed >> 33) as usize % limit
    };
    for round in 0..400 {
        let mut report = with_files(&[("a.py", &source), ("empty.py", "")]);
        let limit = if round % 2 == 0 { 40 } else { source.len() + 20 };
        let mut span = || {
            let (a, b) = (random(limit) as u32, random(limit) as u32);
            Span::new(FileId([0, 0, 0, 0, 1, 9][random(6)]), a, b)
        };
        let mut leak = finding("never-closed", span());
        leak.witness = (0..6).map(|i| step(span(), StepRole::Branch, &format!("step {i}"))).collect();
        report.findings = vec![leak];
        for format in [Format::Text, Format::Concise, Format::Json, Format::Sarif] {
            let out = rendered(format, &report);
            if format == Format::Text {
                assert!(out.lines().all(|l| l.chars().count() < 700), "{out}");
            }
        }
    }
}

/// Generated code: many findings in one endless line.
#[test]
fn time_grows_with_findings_not_with_their_square() {
    let source = "ü = connect(); ".repeat(5_000);
    let mut report = with_files(&[("gen.py", &source)]);
    let width = source.len() as u32 / 5_000;
    report.findings =
        (0..5_000).map(|i| finding("never-closed", Span::new(FileId(0), i * width + 5, i * width + 14))).collect();
    let start = std::time::Instant::now();
    for format in [Format::Text, Format::Concise, Format::Json, Format::Sarif] {
        rendered(format, &report);
    }
    assert!(start.elapsed().as_secs() < 60, "{:?}", start.elapsed());
}
