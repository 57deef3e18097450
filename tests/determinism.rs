//! The same answer, byte for byte, for any number of threads, any order of files, and with or without triage.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout, reason = "test code")]

#[allow(dead_code, reason = "each test program uses a part of it")]
mod support;

use support::{Fixture, analyse_one, fixtures, pool, sources};
use unclosed::analysis::{Settings, analyse};
use unclosed::catalog::Catalog;
use unclosed::finding::{Finding, Persona, Report};
use unclosed::source::SourceFile;
use unclosed::source::manifest::Versions;

fn run(sources: &[SourceFile], threads: usize, triage: bool) -> Report {
    let settings = Settings { persona: Persona::Auditor, triage, ..Settings::default() };
    pool(threads).install(|| analyse(sources, &Versions::default(), Catalog::builtin(), &settings, &|| ()))
}

/// Unlike the paths that fixtures ask to be shown, these are all different.
fn own_path(fixture: &Fixture) -> &str {
    fixture.path.trim_start_matches("fixtures/")
}

fn all_sources(fixtures: &[Fixture]) -> Vec<SourceFile> {
    sources(fixtures.iter().map(|f| (own_path(f), f.text.as_str())))
}

/// Every field of every finding and diagnostic, with paths instead of file ids, sorted.
fn by_path(report: &Report, sources: &[SourceFile]) -> Vec<String> {
    let path = |f: &Finding| sources.iter().find(|s| s.id == f.at.file).unwrap().path.clone();
    let plain = |f: &Finding| format!("{} {f:?}", path(f)).replace(&format!("{:?}", f.at.file), "");
    let mut rows: Vec<String> = report.findings.iter().chain(&report.held_back).map(plain).collect();
    rows.extend(report.diagnostics.iter().map(|d| format!("{d:?}")));
    rows.sort();
    rows
}

#[test]
fn threads_do_not_change_a_byte() {
    let fixtures = fixtures();
    let sources = all_sources(&fixtures);
    let one = format!("{:#?}", run(&sources, 1, true));
    for threads in [2, 4] {
        for _ in 0..3 {
            assert_eq!(one, format!("{:#?}", run(&sources, threads, true)), "{threads} threads");
        }
    }
}

#[test]
fn numbering_of_files_does_not_matter() {
    let fixtures = fixtures();
    let forward = all_sources(&fixtures);
    let expected = by_path(&run(&forward, 2, true), &forward);
    let mut order: Vec<usize> = (0..fixtures.len()).collect();
    for round in 0..3u64 {
        // A fixed shuffle: a linear congruential step picks the exchange partner.
        let mut state = round.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
        for i in (1..order.len()).rev() {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            order.swap(i, (state >> 33) as usize % (i + 1));
        }
        let shuffled: Vec<Fixture> = order.iter().map(|i| fixtures[*i].clone()).collect();
        let shuffled = all_sources(&shuffled);
        assert_eq!(expected, by_path(&run(&shuffled, 2, true), &shuffled), "round {round}");
    }
}

#[test]
fn triage_changes_no_answer() {
    let fixtures = fixtures();
    let sources = all_sources(&fixtures);
    let outcome = |triage| {
        let Report { findings, held_back, diagnostics, .. } = run(&sources, 2, triage);
        format!("{findings:#?}{held_back:#?}{diagnostics:#?}")
    };
    assert_eq!(outcome(true), outcome(false));
}

/// Files that do not import each other do not influence each other.
#[test]
fn a_file_alone_gets_the_same_answer_as_among_others() {
    let fixtures = fixtures();
    let sources = all_sources(&fixtures);
    let together = by_path(&run(&sources, 2, true), &sources);
    let mut alone = Vec::new();
    for fixture in &fixtures {
        let report = analyse_one(own_path(fixture), &fixture.text, Persona::Auditor);
        alone.extend(by_path(&report, &support::sources([(own_path(fixture), fixture.text.as_str())])));
    }
    alone.sort();
    assert_eq!(together, alone);
}
