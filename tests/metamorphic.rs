//! Rewrites that mean the same must get the same verdict, and findings must keep their identity.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout, reason = "test code")]

#[allow(dead_code, reason = "each test program uses a part of it")]
mod support;

use support::layout::extract::{Extraction, To, acquisitions, releases};
use support::layout::{Rewrite, moves, rename, rewrites};
use support::{Fixture, FixtureFile, Kind, Problems, fixtures, places, signature};
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

/// What is written in decorators is left out of a TypeScript file as long as that does not parse.
const IN_DECORATORS: &[&str] = &["fixtures/typescript/job-retention/bad_nest_module"];

/// Functions that are intact keep their findings and get no new ones, wherever in the file something is broken.
#[test]
fn broken_code_elsewhere_does_not_change_a_verdict() {
    let mut problems = Problems::default();
    let mut made = 0;
    let fixtures = fixtures();
    let scripts = files(&fixtures)
        .filter(|(.., file)| !matches!(file.language, Language::Python | Language::Vue | Language::Svelte))
        .filter(|(fixture, ..)| !IN_DECORATORS.contains(&fixture.path.as_str()));
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

/// Rewrites that do change a verdict: (end of the path of the file, rewrite, why). An entry that is not needed any more fails the test.
const EXCEPTIONS: &[(&str, &str, &str)] = &[
    ("close-not-awaited/bad_async_client.py", HELPER, UNAWAITED),
    ("close-not-awaited/bad_pool_close.py", HELPER, UNAWAITED),
    ("close-not-awaited/bad_session.py", HELPER, UNAWAITED),
    ("bad_exit_stack_close_not_awaited.py", HELPER, UNAWAITED),
    ("bad_exit_stack_close_not_awaited.py", HELPER_ELSEWHERE, UNAWAITED),
    ("bad_pool_under_client.py", FACTORY, BORROWS),
    ("bad_pool_under_client.py", FACTORY_ELSEWHERE, BORROWS),
    ("bad_retry_result_is_dropped.ts", FACTORY, FAR),
    ("bad_retry_result_is_dropped.ts", FACTORY_ELSEWHERE, FAR),
    ("close-not-awaited/bad_async_client.py", HELPER_ELSEWHERE, UNAWAITED),
    ("close-not-awaited/bad_pool_close.py", HELPER_ELSEWHERE, UNAWAITED),
    ("close-not-awaited/bad_session.py", HELPER_ELSEWHERE, UNAWAITED),
    ("ok_handed_to_constructor.py", FACTORY_ELSEWHERE, BORROWS),
    ("bad_client_over_passed_pool.py", FACTORY_ELSEWHERE, BORROWS),
    (
        "ok_engine_not_connected_yet.py",
        FACTORY_ELSEWHERE,
        "known limit: a session over an engine that has not connected yet",
    ),
    ("ok_handed_to_constructor.py", FACTORY, BORROWS),
    ("bad_client_over_passed_pool.py", FACTORY, BORROWS),
    ("ok_engine_not_connected_yet.py", FACTORY, "known limit: a session over an engine that has not connected yet"),
];

const HELPER: &str = "release in a helper";
const HELPER_ELSEWHERE: &str = "release in a helper of another file";
const FACTORY_ELSEWHERE: &str = "acquisition in a factory of another file";
const FACTORY: &str = "acquisition in a factory";
const UNAWAITED: &str = "known limit: a helper that does not await is taken for one that does nothing";
const FAR: &str = "known limit: it comes through more functions than are believed";
const BORROWS: &str = "known limit: a factory that builds something over what it is given";

/// Compares (line, rule) before and after a part of each file has moved. Fails when fewer than `expected` functions were made.
fn parts_may_move(
    what: &str,
    expected: usize,
    to: fn(&Fixture, &FixtureFile) -> To,
    rewrite: fn(&str, Language, To) -> Option<Extraction>,
) {
    let (mut problems, mut made, mut needed) = (Problems::default(), 0, Vec::new());
    // What starts a thread is no acquisition: moved away from the function that it gets, it is another program.
    for (fixture, at, file) in files(&fixtures()).filter(|(fixture, ..)| fixture.rule != "thread-keeps-connection") {
        let Some(moved) = rewrite(&file.text, file.language, to(fixture, file)) else { continue };
        made += moved.functions;
        let persona = fixture.persona();
        let mut before = places(&fixture.texts(), &fixture.run(persona));
        before.iter_mut().filter(|row| row.0 == at).for_each(|row| row.1 = moved.line(row.1));
        let shown = fixture.files.iter().map(|f| f.shown.as_str()).zip(fixture.texts_with(at, &moved.text));
        let module = moved.module.as_ref().map(|(name, text)| (beside(&file.shown, name), text.as_str()));
        let shown: Vec<(&str, &str)> = shown.chain(module.iter().map(|(path, text)| (path.as_str(), *text))).collect();
        let texts: Vec<&str> = shown.iter().map(|(_, text)| *text).collect();
        let after = places(&texts, &fixture.run_files(shown, persona));
        if before == after {
            continue;
        }
        let exception = EXCEPTIONS.iter().find(|(path, of, _)| file.path.ends_with(path) && *of == what);
        match exception {
            Some((path, ..)) => needed.push(*path),
            None => {
                problems.add(format_args!(
                    "{}: {what}\n  expected {before:?}\n  found    {after:?}\n{}",
                    file.path, moved.text
                ));
            }
        }
    }
    for (path, _, why) in EXCEPTIONS.iter().filter(|(path, of, _)| *of == what && !needed.contains(path)) {
        problems.add(format_args!("{path}: exception `{what}` ({why}) is not needed"));
    }
    println!("{made} functions");
    assert!(made >= expected, "only {made} functions were made");
    problems.none_of(made);
}

/// The path of a new file in the directory of another one.
fn beside(path: &str, name: &str) -> String {
    path.rsplit_once('/').map_or_else(|| name.to_owned(), |(directory, _)| format!("{directory}/{name}"))
}

fn same_file(_: &Fixture, _: &FixtureFile) -> To {
    To::SameFile
}

#[test]
fn a_release_may_move_into_a_helper() {
    parts_may_move(HELPER, 220, same_file, releases);
}

#[test]
fn an_acquisition_may_move_into_a_factory() {
    parts_may_move(FACTORY, 290, same_file, acquisitions);
}

/// To a new file in the same directory.
fn other_file(fixture: &Fixture, file: &FixtureFile) -> To {
    let beside = |other: &FixtureFile| beside(&other.shown, "__init__.py") == beside(&file.shown, "__init__.py");
    let package = fixture.files.iter().any(|other| other.shown.ends_with("__init__.py") && beside(other));
    let relative = file.text.lines().any(|line| line.trim_start().starts_with("from ."));
    To::OtherFile { in_package: package || relative }
}

#[test]
fn a_release_may_move_into_another_file() {
    parts_may_move(HELPER_ELSEWHERE, 240, other_file, releases);
}

#[test]
fn an_acquisition_may_move_into_another_file() {
    parts_may_move(FACTORY_ELSEWHERE, 300, other_file, acquisitions);
}

/// Rules about what frameworks and configurations enter: in projects of several files they do so by the names of files and exports.
const BY_NAME: &[&str] = &["client-per-call", "client-per-reload", "serverless-singleton"];

/// What a project calls its files and functions is its own affair.
#[test]
fn files_and_functions_may_be_renamed() {
    let mut problems = Problems::default();
    let mut made = 0;
    let by_name = |f: &Fixture| f.is_folder() && BY_NAME.contains(&f.rule.as_str());
    let free = |f: &&Fixture| !f.syntax_errors() && !by_name(f);
    for fixture in fixtures().iter().filter(free) {
        let persona = fixture.persona();
        let expected = places(&fixture.texts(), &fixture.run(persona));
        let files: Vec<_> = fixture.files.iter().map(|f| (f.shown.as_str(), f.language, f.text.as_str())).collect();
        for renamed in rename::functions(&files).into_iter().chain(rename::files(&files, &fixture.manifests)) {
            made += 1;
            let texts: Vec<&str> = renamed.texts.iter().map(String::as_str).collect();
            let shown = renamed.paths.iter().map(String::as_str).zip(texts.iter().copied());
            let found = places(&texts, &fixture.run_files(shown, persona));
            if found != expected {
                problems.add(format_args!(
                    "{}: {}\n  expected {expected:?}\n  found    {found:?}",
                    fixture.path, renamed.name
                ));
            }
        }
    }
    println!("{made} programs");
    assert!(made >= 500, "only {made} programs were made");
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
