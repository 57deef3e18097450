//! Runs every program below `fixtures/` and compares what is reported with what its comments expect.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout, reason = "test code")]

#[allow(dead_code, reason = "each test program uses a part of it")]
mod support;

use support::expect::{Expectations, Truth};
use support::{Fixture, Kind, LANGUAGES, Problems, fixtures, folder, line_of, run_analysis, sources};
use unclosed::analysis::Settings;
use unclosed::finding::{Confidence, Finding, Persona, Report, Severity, Step, StepRole};
use unclosed::ir::{FileId, Span};
use unclosed::source::Language;
use unclosed::source::manifest::Versions;

#[test]
fn every_fixture_reports_what_it_expects() {
    let fixtures = fixtures();
    let mut problems = Problems::default();
    let (mut right, mut false_positives, mut false_negatives) = (0, 0, 0);
    for fixture in &fixtures {
        let differences = fixture.differences(&fixture.run(fixture.persona()));
        if !differences.is_empty() {
            problems.add(format_args!("\n{}", fixture.path));
            differences.iter().for_each(|d| problems.add(format_args!("  {d}")));
        }
        right += fixture.with_truth(Truth::Right).count();
        false_positives += fixture.with_truth(Truth::FalsePositive).count();
        false_negatives += fixture.with_truth(Truth::FalseNegative).count();
    }
    println!(
        "{} fixtures: {right} findings, {false_positives} known false alarms, {false_negatives} known misses",
        fixtures.len()
    );
    problems.none_of(fixtures.len());
}

#[test]
fn every_fixture_has_the_expectations_its_name_promises() {
    let fixtures = fixtures();
    for language in LANGUAGES {
        let count = fixtures.iter().filter(|f| folder(f.language) == *language).count();
        assert!(count >= 60, "only {count} fixtures of {language} were found");
    }
    let mut problems = Problems::default();
    for fixture in &fixtures {
        let count = |truth| fixture.with_truth(truth).count();
        let (right, wrong, missing) = (count(Truth::Right), count(Truth::FalsePositive), count(Truth::FalseNegative));
        let own = fixture.findings().any(|e| e.rule == fixture.rule);
        let kept = match fixture.kind {
            Kind::Ok => fixture.findings().count() == 0,
            Kind::Bad => right > 0 && wrong + missing == 0 && own,
            Kind::FalsePositive => wrong > 0 && missing == 0 && own,
            Kind::FalseNegative => missing > 0 && wrong == 0 && own,
        };
        if !kept {
            problems.add(format_args!(
                "{}: {:?} with {right} right, {wrong} fp, {missing} fn, none or all of them of {}",
                fixture.path, fixture.kind, fixture.rule
            ));
        }
        for file in &fixture.files {
            let same = |language| folder(fixture.language) == folder(language);
            let placed = same(file.language) && same(support::language(&file.shown));
            if !placed || !file.path.starts_with(&in_folder(fixture)) {
                problems.add(format_args!("{}: is not in the folder of its language", file.path));
            }
        }
        if fixture.is_folder() && fixture.files.len() < 2 {
            problems.add(format_args!("{}: a folder with one file should be a file", fixture.path));
        }
        if !unclosed::checks::RULES.iter().any(|r| r.id == fixture.rule) {
            problems.add(format_args!("{}: `{}` is no rule", fixture.path, fixture.rule));
        }
    }
    problems.none_of(fixtures.len());
}

fn in_folder(fixture: &Fixture) -> String {
    format!("fixtures/{}/{}/", folder(fixture.language), fixture.rule)
}

/// Whatever is reported can be rendered: it has a witness that starts with the acquisition, words, and an identity.
#[test]
fn every_finding_is_complete() {
    let fixtures = fixtures();
    let mut problems = Problems::default();
    for fixture in &fixtures {
        let report = fixture.run(Persona::Auditor);
        let texts = fixture.texts();
        let mut seen = std::collections::HashSet::new();
        for finding in &report.findings {
            let file = finding.at.file.0 as usize;
            for problem in incomplete(&texts, finding) {
                let line = line_of(texts[file], finding.at.lo);
                problems.add(format_args!("{}: line {line}: {problem}", fixture.files[file].path));
            }
            if !seen.insert(finding.fingerprint.clone()) {
                problems.add(format_args!("{}: fingerprint {} twice", fixture.path, finding.fingerprint));
            }
        }
        let sorted = report.findings.is_sorted_by_key(|f| (f.at.file, f.at.lo, f.at.hi, f.rule));
        if !sorted {
            problems.add(format_args!("{}: findings are not sorted", fixture.path));
        }
    }
    problems.none_of(fixtures.len());
}

fn incomplete(texts: &[&str], finding: &Finding) -> Vec<String> {
    let mut out = Vec::new();
    let mut need = |holds: bool, what: &str| {
        if !holds {
            out.push(format!("{} {what}", finding.rule));
        }
    };
    let inside = |s: Span| {
        let text = texts.get(s.file.0 as usize);
        s.lo <= s.hi && text.is_some_and(|text| text.get(s.lo as usize..s.hi as usize).is_some())
    };
    need(unclosed::checks::RULES.iter().any(|r| r.id == finding.rule), "is no rule");
    need(inside(finding.at), "points outside the file");
    need(finding.witness.iter().chain(&finding.related).all(|s| inside(s.span)), "has a step outside the file");
    need(finding.witness.first().is_some_and(|s| s.role == StepRole::Acquire), "does not start at the acquisition");
    need(finding.witness.iter().all(|s| !s.text.is_empty() && !s.text.ends_with('.')), "has a step that is no clause");
    need(!finding.message.is_empty() && !finding.message.ends_with('.'), "has no message, or one with a final stop");
    need(!finding.subject.is_empty() && !finding.label.is_empty(), "has no subject or label");
    need(!finding.help.is_empty(), "does not say what to do");
    need(!finding.symbol.is_empty(), "does not name what acquired");
    need(!finding.notes.is_empty(), "does not say why it matters");
    let hexadecimal = finding.fingerprint.chars().all(|c| matches!(c, '0'..='9' | 'a'..='f'));
    need(finding.fingerprint.len() == 32 && hexadecimal, "has no fingerprint");
    out
}

/// A wider persona sees all that a narrower one sees.
#[test]
fn personas_widen() {
    let fixtures = fixtures();
    let mut problems = Problems::default();
    for fixture in &fixtures {
        let seen = |persona| {
            let report = fixture.run(persona);
            let total = report.findings.len() + report.held_back.len();
            (report.findings.into_iter().map(|f| (f.fingerprint, f.rule)).collect::<Vec<_>>(), total)
        };
        let (regular, all) = seen(Persona::Regular);
        let (pedantic, all_pedantic) = seen(Persona::Pedantic);
        let (auditor, all_auditor) = seen(Persona::Auditor);
        if !regular.iter().all(|f| pedantic.contains(f)) || !pedantic.iter().all(|f| auditor.contains(f)) {
            problems.add(format_args!("{}: a wider persona loses a finding", fixture.path));
        }
        if all != all_pedantic || all != all_auditor {
            problems.add(format_args!("{}: shown and held back do not add up", fixture.path));
        }
    }
    problems.none_of(fixtures.len());
}

#[test]
fn select_leaves_only_the_rules_asked_for() {
    let fixtures = fixtures();
    let bad: Vec<_> = fixtures.iter().filter(|f| f.kind == Kind::Bad).collect();
    let sources = sources(bad.iter().flat_map(|f| f.own_paths().zip(f.texts())));
    let manifests: Vec<_> = bad.iter().flat_map(|f| f.own_manifests()).collect();
    let settings = Settings { select: vec!["never-closed".to_owned()], ..Settings::default() };
    let run = || run_analysis(&sources, &manifests, &Versions::default(), &settings);
    let report = support::pool(2).install(run);
    assert!(!report.findings.is_empty());
    assert!(report.findings.iter().all(|f| f.rule == "never-closed"));
}

// The runner itself.

fn finding(rule: &'static str, lo: u32, severity: Severity) -> Finding {
    let at = Span::new(FileId(0), lo, lo + 1);
    let step = |lo| Step { span: Span::new(FileId(0), lo, lo), role: StepRole::Acquire, text: "created here".into() };
    Finding {
        rule,
        severity,
        confidence: Confidence::High,
        persona: Persona::Regular,
        growth: unclosed::finding::Growth::Call,
        at,
        subject: "client `c`".into(),
        message: "`c` is never closed".into(),
        label: "created here".into(),
        witness: vec![step(lo), step(0)],
        related: Vec::new(),
        notes: vec!["It stays open.".into()],
        help: "close it".into(),
        symbol: "lib.connect".into(),
        function: "f".into(),
        fingerprint: "0".repeat(32),
        held_back: None,
    }
}

fn differences(text: &str, findings: Vec<Finding>) -> Vec<String> {
    let report = Report { findings, ..Report::default() };
    Expectations::parse(text, Language::Python).unwrap().differences(FileId(0), "a.py", text, &report)
}

#[test]
fn runner_reads_expectations() {
    let text = "#! persona: pedantic\n#! path: tests/test_a.py\nx = f()  #~ never-closed not-closed-on-error #~ step 1\ny()  #~ error: never-closed\nz()  #~ release\n";
    let read = Expectations::parse(text, Language::Python).unwrap();
    assert_eq!(read.persona, Persona::Pedantic);
    assert_eq!(read.path.as_deref(), Some("tests/test_a.py"));
    let rows: Vec<_> = read.findings.iter().map(|e| (e.line, e.rule.as_str(), e.severity)).collect();
    assert_eq!(
        rows,
        [(3, "never-closed", None), (3, "not-closed-on-error", None), (4, "never-closed", Some(Severity::Error))]
    );
    assert_eq!(read.steps, [(3, 1)]);
}

#[test]
fn runner_reads_expectations_in_the_comments_of_the_language() {
    let text = "//! persona: auditor\nconst x = f(); //~ note: never-closed //~ step 1\ny('#~ release'); //~ release\n";
    let read = Expectations::parse(text, Language::TypeScript).unwrap();
    let rows: Vec<_> = read.findings.iter().map(|e| (e.line, e.rule.as_str(), e.severity)).collect();
    assert_eq!((read.persona, rows), (Persona::Auditor, vec![(2, "never-closed", Some(Severity::Note))]));
    assert_eq!(read.steps, [(2, 1)]);
}

#[test]
fn runner_refuses_misspelt_expectations() {
    for text in
        ["x  #~ never-closd\n", "x  #~\n", "x  #~ fatal: never-closed\n", "x  #~ step one\n", "#! persona: nobody\n"]
    {
        assert!(Expectations::parse(text, Language::Python).is_err(), "{text}");
    }
}

#[test]
fn runner_tells_missing_from_unexpected() {
    let text = "a = 1\nb = 2  #~ warning: never-closed\n";
    assert!(differences(text, vec![finding("never-closed", 6, Severity::Warning)]).is_empty());
    assert!(differences(text, vec![finding("never-closed", 6, Severity::Error)])[0].starts_with("~ line 2"));
    let both = differences(text, vec![finding("never-closed", 0, Severity::Warning)]);
    assert!(both[0].starts_with("- missing: line 2"), "{both:?}");
    assert!(both[1].starts_with("+ unexpected: line 1"), "{both:?}");
    let twice = vec![finding("never-closed", 6, Severity::Warning), finding("never-closed", 7, Severity::Warning)];
    assert_eq!(differences(text, twice).len(), 1);
}

#[test]
fn runner_holds_known_wrong_answers_to_account() {
    let missed = "a = 1  #~ fn: never-closed\n";
    assert!(differences(missed, vec![]).is_empty());
    assert_eq!(differences(missed, vec![finding("never-closed", 0, Severity::Warning)]).len(), 1);
    let false_alarm = "a = 1  #~ fp: never-closed\n";
    assert!(differences(false_alarm, vec![finding("never-closed", 0, Severity::Warning)]).is_empty());
    assert_eq!(differences(false_alarm, vec![]).len(), 1);
}

#[test]
fn runner_finds_witness_steps() {
    let text = "a = 1  #~ step 2\nb = 2  #~ never-closed #~ step 1\n";
    let at = text.find('b').unwrap() as u32;
    assert!(differences(text, vec![finding("never-closed", at, Severity::Warning)]).is_empty());
    let wrong = "a = 1  #~ step 1\nb = 2  #~ never-closed\n";
    let at = wrong.find('b').unwrap() as u32;
    assert_eq!(differences(wrong, vec![finding("never-closed", at, Severity::Warning)]).len(), 1);
}

#[test]
fn runner_keeps_the_files_of_a_folder_apart() {
    let text = "a = 1  #~ never-closed #~ step 1\n";
    let here = Expectations::parse(text, Language::Python).unwrap();
    let report = Report { findings: vec![finding("never-closed", 0, Severity::Warning)], ..Report::default() };
    assert!(here.differences(FileId(0), "a.py", text, &report).is_empty());
    let elsewhere = here.differences(FileId(1), "b.py", text, &report);
    assert_eq!(elsewhere.len(), 2, "{elsewhere:?}");
    let silent = Expectations::parse("a = 1\n", Language::Python).unwrap();
    assert!(silent.differences(FileId(1), "b.py", "a = 1\n", &report).is_empty());
}
