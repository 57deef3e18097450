//! Rewrites that mean the same must get the same verdict, and findings must keep their identity.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout, reason = "test code")]

#[allow(dead_code, reason = "each test program uses a part of it")]
mod support;

use support::layout::{moves, release_in_helper, rewrites};
use support::{Kind, Problems, describe, fixtures, signature};
use unclosed::finding::Report;
use unclosed::source::Language;

#[test]
fn layout_and_names_do_not_change_a_verdict() {
    let mut problems = Problems::default();
    let mut made = 0;
    for fixture in fixtures().iter().filter(|f| !f.expected.syntax_errors) {
        let persona = fixture.expected.persona;
        let original = signature(&fixture.text, &fixture.run(&fixture.text, persona));
        for rewrite in rewrites(&fixture.text, fixture.language) {
            made += 1;
            let found = signature(&rewrite.text, &fixture.run(&rewrite.text, persona));
            let mut expected = original.clone();
            expected.iter_mut().for_each(|row| row.0 = (rewrite.line)(row.0));
            if found != expected {
                problems.add(format_args!(
                    "{}: {}\n  expected {expected:?}\n  found    {found:?}",
                    fixture.path, rewrite.name
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
    let plain = |text: &str, report: &Report| {
        signature(text, report).into_iter().map(|(line, rule, ..)| (line, rule)).collect::<Vec<_>>()
    };
    for fixture in fixtures().iter().filter(|f| !f.expected.syntax_errors) {
        let persona = fixture.expected.persona;
        let expected = plain(&fixture.text, &fixture.run(&fixture.text, persona));
        for rewrite in moves(&fixture.text, fixture.language) {
            made += 1;
            let found = plain(&rewrite.text, &fixture.run(&rewrite.text, persona));
            if found != expected {
                problems.add(format_args!(
                    "{}: {}\n  expected {expected:?}\n  found    {found:?}",
                    fixture.path, rewrite.name
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
    let plain = |text: &str, report: &Report| {
        signature(text, report).into_iter().map(|(line, rule, ..)| (line, rule)).collect::<Vec<_>>()
    };
    let scripts = fixtures();
    let scripts = scripts.iter().filter(|f| {
        let component = matches!(f.language, Language::Python | Language::Vue | Language::Svelte);
        !component && !f.expected.syntax_errors
    });
    for fixture in scripts {
        let persona = fixture.expected.persona;
        let expected = plain(&fixture.text, &fixture.run(&fixture.text, persona));
        for broken in BROKEN {
            let above = format!("{broken}{}", fixture.text);
            let moved = broken.lines().count();
            let below = format!("{}{broken}", fixture.text);
            for (text, moved, place) in [(above, moved, "above"), (below, 0, "below")] {
                made += 1;
                let report = fixture.run(&text, persona);
                let found = plain(&text, &report);
                if !expected.is_empty() && report.diagnostics.is_empty() {
                    problems.add(format_args!("{}: {place} it {broken:?} is not told", fixture.path));
                }
                let expected: Vec<_> = expected.iter().map(|(line, rule)| (line + moved, *rule)).collect();
                if found != expected {
                    problems.add(format_args!(
                        "{}: {place} it {broken:?}\n  expected {expected:?}\n  found    {found:?}",
                        fixture.path
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
    for fixture in fixtures().iter().filter(|f| f.kind == Kind::Ok) {
        let Some(text) = release_in_helper(&fixture.text, fixture.language) else { continue };
        made += 1;
        let report = fixture.run(&text, fixture.expected.persona);
        for finding in &report.findings {
            problems.add(format_args!("{}: {}", fixture.path, describe(&text, finding)));
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
    for fixture in fixtures.iter().filter(|f| f.kind == Kind::Bad && !f.expected.syntax_errors) {
        let above = match fixture.language {
            Language::Python => "def unrelated_to_all(argument):\n    return argument + 1\n\n\n",
            Language::Vue | Language::Svelte => "<!-- About\n     this component. -->\n\n",
            _ => "function unrelatedToAll(argument) {\n  return argument + 1;\n}\n\n",
        };
        let text = format!("{above}{}", fixture.text);
        let identities = |text: &str| {
            let report = fixture.run(text, fixture.expected.persona);
            report.findings.into_iter().map(|f| f.fingerprint).collect::<Vec<_>>()
        };
        if identities(&fixture.text) != identities(&text) {
            problems.add(format_args!("{}: fingerprints change", fixture.path));
        }
    }
    problems.none_of(fixtures.len());
}
