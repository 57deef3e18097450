//! Rewrites that mean the same must get the same verdict, and findings must keep their identity.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout, reason = "test code")]

#[allow(dead_code, reason = "each test program uses a part of it")]
mod support;

use support::layout::{Rewrite, moves, release_in_helper, rewrites};
use support::{Fixture, FixtureFile, Kind, Problems, describe, fixtures, places, signature};
use unclosed::source::Language;

/// Every file of every program that parses.
fn files(fixtures: &[Fixture]) -> impl Iterator<Item = (&Fixture, usize, &FixtureFile)> {
    let whole = fixtures.iter().filter(|f| !f.syntax_errors());
    whole.flat_map(|fixture| fixture.files.iter().enumerate().map(move |(at, file)| (fixture, at, file)))
}

/// Where the lines of file `at` are after the rewrite.
fn moved(rewrite: &Rewrite, at: usize, file: usize, line: usize) -> usize {
    if file == at { (rewrite.line)(line) } else { line }
}

#[test]
fn layout_and_names_do_not_change_a_verdict() {
    let mut problems = Problems::default();
    let mut made = 0;
    for (fixture, at, file) in files(&fixtures()) {
        let persona = fixture.persona();
        let original = signature(&fixture.texts(), &fixture.run(persona));
        for rewrite in rewrites(&file.text, file.language) {
            made += 1;
            let texts = fixture.texts_with(at, &rewrite.text);
            let found = signature(&texts, &fixture.run_texts(&texts, persona));
            let mut expected = original.clone();
            expected.iter_mut().for_each(|row| row.1 = moved(&rewrite, at, row.0, row.1));
            if found != expected {
                problems.add(format_args!(
                    "{}: {}\n  expected {expected:?}\n  found    {found:?}",
                    file.path, rewrite.name
                ));
            }
        }
    }
    println!("{made} rewrites");
    problems.none_of(made);
}

/// What stands elsewhere may give a finding another identity, not another place or rule.
#[test]
fn functions_may_change_their_form_and_acquisitions_move_into_them() {
    let mut problems = Problems::default();
    let mut made = 0;
    for (fixture, at, file) in files(&fixtures()) {
        let persona = fixture.persona();
        let expected = places(&fixture.texts(), &fixture.run(persona));
        for rewrite in moves(&file.text, file.language, fixture.is_folder()) {
            made += 1;
            let texts = fixture.texts_with(at, &rewrite.text);
            let found = places(&texts, &fixture.run_texts(&texts, persona));
            if found != expected {
                problems.add(format_args!(
                    "{}: {}\n  expected {expected:?}\n  found    {found:?}",
                    file.path, rewrite.name
                ));
            }
        }
    }
    println!("{made} rewrites");
    problems.none_of(made);
}

/// Code that does not parse, of the kinds that editors and merges leave behind; each ends with its line.
const BROKEN: &[&str] = &[
    "const halfTyped = value.;\n",
    "export function halfTyped(a, {\n}\n",
    "halfTyped(1, \n",
    "if (halfTyped) {\n",
    "const halfTyped = { a: 1, b: \n",
    "const halfTyped = \"never ended\n",
    "class HalfTyped { method( { }\n",
    "<<<<<<< ours\nconst a = 1;\n=======\nconst a = 2;\n>>>>>>> theirs\n",
];

/// Functions that are intact keep their findings and get no new ones, wherever in the file something is broken.
#[test]
fn broken_code_elsewhere_does_not_change_a_verdict() {
    let mut problems = Problems::default();
    let mut made = 0;
    let fixtures = fixtures();
    let scripts = files(&fixtures)
        .filter(|(.., file)| !matches!(file.language, Language::Python | Language::Vue | Language::Svelte));
    for (fixture, at, file) in scripts {
        let persona = fixture.persona();
        let expected = places(&fixture.texts(), &fixture.run(persona));
        for broken in BROKEN {
            let above = format!("{broken}{}", file.text);
            let lines = broken.lines().count();
            let below = format!("{}{broken}", file.text);
            for (text, lines, place) in [(above, lines, "above"), (below, 0, "below")] {
                made += 1;
                let texts = fixture.texts_with(at, &text);
                let report = fixture.run_texts(&texts, persona);
                let found = places(&texts, &report);
                if expected.iter().any(|(in_file, ..)| *in_file == at) && report.diagnostics.is_empty() {
                    problems.add(format_args!("{}: {place} it {broken:?} is not told", file.path));
                }
                let down = |in_file, line| if in_file == at { line + lines } else { line };
                let expected: Vec<_> =
                    expected.iter().map(|(in_file, line, rule)| (*in_file, down(*in_file, *line), *rule)).collect();
                if found != expected {
                    problems.add(format_args!(
                        "{}: {place} it {broken:?}\n  expected {expected:?}\n  found    {found:?}",
                        file.path
                    ));
                }
            }
        }
    }
    println!("{made} programs");
    problems.none_of(made);
}

#[test]
fn a_release_may_move_into_a_function() {
    let mut problems = Problems::default();
    let mut made = 0;
    let fixtures = fixtures();
    for (fixture, at, file) in files(&fixtures).filter(|(fixture, ..)| fixture.kind == Kind::Ok) {
        let Some(text) = release_in_helper(&file.text, file.language) else { continue };
        made += 1;
        let texts = fixture.texts_with(at, &text);
        for finding in &fixture.run_texts(&texts, fixture.persona()).findings {
            problems.add(format_args!("{}: {}", file.path, describe(texts[finding.at.file.0 as usize], finding)));
        }
    }
    println!("{made} programs");
    problems.none_of(made);
}

/// Findings keep their identity when code before them comes and goes.
#[test]
fn fingerprints_survive_new_code_above() {
    let mut problems = Problems::default();
    let fixtures = fixtures();
    for (fixture, at, file) in files(&fixtures).filter(|(fixture, ..)| fixture.kind == Kind::Bad) {
        let above = match file.language {
            Language::Python => "def unrelated_to_all(argument):\n    return argument + 1\n\n\n",
            Language::Vue | Language::Svelte => "<!-- About\n     this component. -->\n\n",
            _ => "function unrelatedToAll(argument) {\n  return argument + 1;\n}\n\n",
        };
        let text = format!("{above}{}", file.text);
        let identities = |text: &str| {
            let report = fixture.run_with(at, text, fixture.persona());
            report.findings.into_iter().map(|f| f.fingerprint).collect::<Vec<_>>()
        };
        if identities(&file.text) != identities(&text) {
            problems.add(format_args!("{}: fingerprints change", file.path));
        }
    }
    problems.none_of(fixtures.len());
}
