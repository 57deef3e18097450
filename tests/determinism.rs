//! The same answer, byte for byte, for any number of threads, any order of files, and with or without triage.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout, reason = "test code")]

#[allow(dead_code, reason = "each test program uses a part of it")]
mod support;

use support::{Fixture, Problems, fixtures, places, pool, run_analysis, sources};
use unclosed::analysis::Settings;
use unclosed::finding::{Finding, Persona, Report};
use unclosed::source::SourceFile;
use unclosed::source::manifest::Versions;

/// The files of programs, all with different paths, and their manifests.
struct Files {
    sources: Vec<SourceFile>,
    manifests: Vec<(String, String)>,
}

impl Files {
    fn of<'a>(fixtures: impl IntoIterator<Item = &'a Fixture>) -> Files {
        Files::in_order(fixtures, |_| ())
    }

    /// `arrange` says in which order they are numbered.
    fn in_order<'a>(
        fixtures: impl IntoIterator<Item = &'a Fixture>,
        arrange: impl FnOnce(&mut Vec<(&'a str, &'a str)>),
    ) -> Files {
        let (mut files, mut manifests) = (Vec::new(), Vec::new());
        for fixture in fixtures {
            files.extend(fixture.own_paths().zip(fixture.texts()));
            manifests.extend(fixture.own_manifests());
        }
        arrange(&mut files);
        Files { sources: sources(files), manifests }
    }

    fn run(&self, threads: usize, triage: bool) -> Report {
        let settings = Settings { persona: Persona::Auditor, triage, ..Settings::default() };
        pool(threads).install(|| run_analysis(&self.sources, &self.manifests, &Versions::default(), &settings))
    }

    /// Every field of every finding and diagnostic, with paths instead of file ids, sorted.
    fn rows(&self) -> Vec<String> {
        let report = self.run(2, true);
        let plain = |f: &Finding| {
            let path = |id| &self.sources.iter().find(|s| s.id == id).unwrap().path;
            let mut row = format!("{} {f:?}", path(f.at.file));
            for id in f.files() {
                row = row.replace(&format!("{id:?}"), path(id));
            }
            row
        };
        let mut rows: Vec<String> = report.findings.iter().chain(&report.held_back).map(plain).collect();
        rows.extend(report.diagnostics.iter().map(|d| format!("{d:?}")));
        rows.sort();
        rows
    }
}

#[test]
fn threads_do_not_change_a_byte() {
    let files = Files::of(&fixtures());
    let one = format!("{:#?}", files.run(1, true));
    for threads in [2, 4] {
        for _ in 0..3 {
            assert_eq!(one, format!("{:#?}", files.run(threads, true)), "{threads} threads");
        }
    }
}

#[test]
fn numbering_of_files_does_not_matter() {
    let fixtures = fixtures();
    let expected = Files::of(&fixtures).rows();
    for round in 0..3u64 {
        // A fixed shuffle: a linear congruential step picks the exchange partner.
        let shuffle = |files: &mut Vec<(&str, &str)>| {
            let mut state = round.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
            for i in (1..files.len()).rev() {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                files.swap(i, (state >> 33) as usize % (i + 1));
            }
        };
        assert_eq!(expected, Files::in_order(&fixtures, shuffle).rows(), "round {round}");
    }
}

#[test]
fn triage_changes_no_answer() {
    let files = Files::of(&fixtures());
    let outcome = |triage| {
        let Report { findings, held_back, diagnostics, .. } = files.run(2, triage);
        format!("{findings:#?}{held_back:#?}{diagnostics:#?}")
    };
    assert_eq!(outcome(true), outcome(false));
}

/// Programs that do not import each other do not influence each other.
#[test]
fn a_program_alone_gets_the_same_answer_as_among_others() {
    let fixtures = fixtures();
    let together = Files::of(&fixtures).rows();
    let mut alone: Vec<String> = fixtures.iter().flat_map(|fixture| Files::of([fixture]).rows()).collect();
    alone.sort();
    assert_eq!(together, alone);
}

/// A project may be analysed from its own directory or from one above.
#[test]
fn a_program_gets_the_same_answer_wherever_it_lies() {
    let fixtures = fixtures();
    let folders: Vec<_> = fixtures.iter().filter(|f| f.is_folder()).collect();
    let mut problems = Problems::default();
    for fixture in &folders {
        let texts = fixture.texts();
        let here = places(&texts, &fixture.run(Persona::Auditor));
        let below = places(&texts, &Files::of([*fixture]).run(2, true));
        // Versions are read for the place of the files.
        let pinned = fixture.manifests.iter().any(|(path, _)| path == "requirements.txt");
        let moved = pinned || fixture.files.iter().any(|f| f.expected.path.is_some());
        if here != below && !moved {
            problems.add(format_args!("{}:\n  in its place {here:?}\n  from above   {below:?}", fixture.path));
        }
    }
    problems.none_of(folders.len());
}
