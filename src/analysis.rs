//! The one wiring function: sources, catalogue and settings in, report out.
//! The command line, the editor, the fixtures and the benches all call it.

use crate::catalog::Catalog;
use crate::catalog::schema::Ecosystem;
use crate::finding::{Diagnostic, DiagnosticKind, Finding, HeldBack, Persona, Report, ReportFile, Stats, fingerprint};
use crate::ir::{Module, Name, Op, Program};
use crate::lang::Words;
use crate::resolve::{Links, Regions, Resolved};
use crate::source::line_index::LineIndex;
use crate::source::manifest::Versions;
use crate::source::{Language, SourceFile, mask};
use crate::summary::Summaries;
use crate::verdict::{FileScope, judge};
use crate::{lang, verdict};
use rayon::prelude::*;
use std::panic::AssertUnwindSafe;

/// What changes the answer.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Findings for a wider persona are held back and only counted.
    pub persona: Persona,
    /// Rule ids to report; empty: all.
    pub select: Vec<String>,
    /// Leave out files that cannot matter. Never changes a finding; off for the property test.
    pub triage: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Settings { persona: Persona::Regular, select: Vec::new(), triage: true }
    }
}

/// What one file contributes.
#[derive(Default)]
struct FileReport {
    findings: Vec<Finding>,
    diagnostics: Vec<Diagnostic>,
    stats: Stats,
}

/// Analyses `sources`, which must be sorted by id and use these `versions` of libraries. `progress` is told after each file, from any thread.
/// Runs on the current rayon pool, whose threads must have stacks of at least [`crate::lang::STACK_BYTES`].
///
/// Each file sits behind a panic firewall: a bug in the analysis of one becomes a diagnostic and costs only that file.
pub fn analyse(
    sources: &[SourceFile],
    versions: &Versions,
    catalog: &Catalog,
    settings: &Settings,
    progress: &(dyn Fn() + Sync),
) -> Report {
    let triage = Triage::new(catalog, settings);
    let files: Vec<FileReport> = sources
        .par_iter()
        .map(|source| {
            let relevant = triage.keeps(source.language, &source.text);
            let run = || if relevant { analyse_file(source, versions, catalog) } else { FileReport::default() };
            let mut file = std::panic::catch_unwind(AssertUnwindSafe(run)).unwrap_or_else(|_| FileReport {
                diagnostics: vec![Diagnostic {
                    path: source.path.clone(),
                    line: None,
                    kind: DiagnosticKind::Internal,
                    message: "the analysis of this file failed; this is a bug in unclosed, please report it".to_owned(),
                }],
                ..FileReport::default()
            });
            file.stats.files = 1;
            file.stats.bytes = source.text.len() as u64;
            progress();
            file
        })
        .collect();
    assemble(sources, files, settings)
}

/// Which files can matter: those that import or use something without which nothing can be acquired.
pub struct Triage {
    /// `None`: every file matters.
    words: Option<[(Ecosystem, Words); 2]>,
}

impl Triage {
    pub fn new(catalog: &Catalog, settings: &Settings) -> Self {
        let words = |of| {
            let facts = catalog.of(of);
            (of, Words::new(facts.imports().map(Name::as_str), facts.globals().map(Name::as_str)))
        };
        Triage { words: settings.triage.then(|| [words(Ecosystem::Python), words(Ecosystem::Npm)]) }
    }

    /// [`analyse`] finds nothing in a text that it does not keep, so that one need not be given.
    pub fn keeps(&self, language: Language, text: &str) -> bool {
        let words = self.words.iter().flatten().find(|(of, _)| *of == ecosystem(language));
        words.is_none_or(|(_, words)| lang::may_import(language, text, words))
    }
}

fn ecosystem(language: Language) -> Ecosystem {
    match language {
        Language::Python => Ecosystem::Python,
        Language::TypeScript | Language::Tsx | Language::JavaScript | Language::Vue | Language::Svelte => {
            Ecosystem::Npm
        }
    }
}

/// A program that is ready to be asked.
struct Unit<'a> {
    resolved: Resolved<'a>,
    regions: Regions,
}

impl<'a> Unit<'a> {
    fn new(
        program: &'a Program,
        links: &'a Links,
        files: &[&SourceFile],
        versions: &'a Versions,
        catalog: &'a Catalog,
    ) -> Self {
        let ecosystem = files.first().map_or(Ecosystem::Python, |file| ecosystem(file.language));
        let versions = files.iter().map(|file| versions.of_file(&file.path)).collect();
        let resolved = Resolved::new(program, links, catalog.of(ecosystem), versions);
        let regions = Regions::new(&resolved);
        Unit { resolved, regions }
    }
}

/// The file as IR. What goes wrong is told in `report`.
fn lower(source: &SourceFile, report: &mut FileReport) -> Option<Module> {
    let lowered = match lang::lower(source.language, source.id, &source.text) {
        Ok(lowered) => lowered,
        Err(error) => {
            report.diagnostics.push(Diagnostic {
                path: source.path.clone(),
                line: None,
                kind: DiagnosticKind::Skipped,
                message: error.to_string(),
            });
            return None;
        }
    };
    if !lowered.problems.is_empty() {
        let lines = LineIndex::new(&source.text);
        report.diagnostics.extend(lowered.problems.iter().map(|problem| Diagnostic {
            path: source.path.clone(),
            line: Some(lines.position(&source.text, problem.span.lo as usize).line),
            kind: DiagnosticKind::Syntax,
            message: problem.message.clone(),
        }));
    }
    Some(lowered.module)
}

fn analyse_file(source: &SourceFile, versions: &Versions, catalog: &Catalog) -> FileReport {
    let mut report = FileReport::default();
    let Some(module) = lower(source, &mut report) else { return report };
    let program = Program::link(vec![module]);
    let links = Links::default();
    let unit = Unit::new(&program, &links, &[source], versions, catalog);
    let summaries = Summaries::new(&unit.resolved, &unit.regions);
    let scope = FileScope::new(&source.path, unit.resolved.language());
    report.findings = judge(&summaries, &[scope]);
    count(&summaries, &mut report.stats);
    report
}

/// What is known about the places and calls of one file, for people: `unclosed dump --types`.
///
/// # Errors
/// When the file cannot be lowered.
pub fn dump_types(
    source: &SourceFile,
    versions: &Versions,
    catalog: &Catalog,
    only: Option<&str>,
) -> Result<String, lang::LowerError> {
    let lowered = lang::lower(source.language, source.id, &source.text)?;
    let (program, links) = (Program::link(vec![lowered.module]), Links::default());
    Ok(Unit::new(&program, &links, &[source], versions, catalog).resolved.print(only))
}

/// What the functions and classes of one file do with resources, for people: `unclosed dump --summaries`.
///
/// # Errors
/// When the file cannot be lowered.
pub fn dump_summaries(
    source: &SourceFile,
    versions: &Versions,
    catalog: &Catalog,
    only: Option<&str>,
) -> Result<String, lang::LowerError> {
    let lowered = lang::lower(source.language, source.id, &source.text)?;
    let (program, links) = (Program::link(vec![lowered.module]), Links::default());
    let unit = Unit::new(&program, &links, &[source], versions, catalog);
    Ok(Summaries::new(&unit.resolved, &unit.regions).print(only))
}

fn count(summaries: &Summaries<'_>, stats: &mut Stats) {
    let program = summaries.resolved.program;
    stats.lowered_files = program.modules.len();
    stats.functions = program.functions.len();
    for instr in program.functions.iter().flat_map(|function| &function.blocks).flat_map(|block| &block.instrs) {
        stats.ops += 1;
        if let Op::Unknown { kind, .. } = instr.op {
            *stats.unknown_ops.entry(kind.to_owned()).or_default() += 1;
        }
    }
    (stats.unresolved_calls, stats.calls) = summaries.resolved.call_counts();
    for func in program.func_ids() {
        let cases = summaries.cases(func);
        stats.acquisitions += cases.len();
        stats.capped += cases.iter().filter(|case| case.outcome.capped).count();
    }
}

/// Puts the files' parts together: sorted, counted, with fingerprints; what the persona does not want is held back.
fn assemble(sources: &[SourceFile], files: Vec<FileReport>, settings: &Settings) -> Report {
    let mut report = Report::default();
    let mut findings: Vec<Finding> = Vec::new();
    for file in files {
        findings.extend(file.findings);
        report.diagnostics.extend(file.diagnostics);
        report.stats.add(file.stats);
    }
    if !settings.select.is_empty() {
        findings.retain(|finding| settings.select.iter().any(|rule| rule == finding.rule));
    }
    findings.sort_by(|a, b| (a.at, a.rule, &a.message).cmp(&(b.at, b.rule, &b.message)));
    let source = |id| sources.binary_search_by_key(&id, |source: &SourceFile| source.id).ok().map(|i| &sources[i]);
    fingerprint::assign(&mut findings, |id| source(id).map(|source| source.path.clone()).unwrap_or_default());
    for mut finding in findings {
        if verdict::is_for(&finding, settings.persona) {
            report.findings.push(finding);
        } else {
            finding.held_back = Some(HeldBack::Persona);
            report.held_back.push(finding);
        }
    }
    report.diagnostics.sort();
    let mut named: Vec<_> = report.findings.iter().flat_map(Finding::files).collect();
    named.sort();
    named.dedup();
    report.files = named
        .into_iter()
        .filter_map(source)
        .map(|source| ReportFile { id: source.id, path: source.path.clone(), text: mask::mask(&source.text) })
        .collect();
    report
}
