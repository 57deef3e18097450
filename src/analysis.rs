//! The one wiring function: sources, catalogue and settings in, report out.
//! The command line, the editor, the fixtures and the benches all call it.

mod plan;

pub use plan::{Glance, Listed, Plan};

use crate::catalog::Catalog;
use crate::catalog::schema::Ecosystem;
use crate::finding::{Diagnostic, DiagnosticKind, Finding, HeldBack, Persona, Report, ReportFile, Stats, fingerprint};
use crate::ir::{FileId, Module, Name, Op, Program};
use crate::lang::Words;
use crate::resolve::{Links, Regions, Resolved};
use crate::source::line_index::LineIndex;
use crate::source::manifest::{Manifests, Versions};
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

/// The files to analyse, and what is known of those around them.
pub struct Project {
    /// Those that the plan wants, as far as they could be read; sorted by id.
    pub sources: Vec<SourceFile>,
    pub versions: Versions,
    pub plan: Plan,
}

impl Project {
    /// A project that is all in memory. The ids of `sources` are their positions.
    pub fn of(
        sources: Vec<SourceFile>,
        versions: Versions,
        manifests: &Manifests,
        catalog: &Catalog,
        settings: &Settings,
    ) -> Project {
        let triage = Triage::new(catalog);
        let listed = sources.iter().map(|source| Listed {
            path: source.path.clone(),
            language: source.language,
            glance: Glance::new(&triage, source.language, &source.text),
        });
        let plan = Plan::new(listed.collect(), manifests, &triage, false, !settings.triage);
        Project { sources, versions, plan }
    }

    fn source(&self, id: FileId) -> Option<&SourceFile> {
        self.sources.binary_search_by_key(&id, |source| source.id).ok().map(|i| &self.sources[i])
    }
}

/// What one unit contributes.
#[derive(Default)]
struct UnitReport {
    findings: Vec<Finding>,
    diagnostics: Vec<Diagnostic>,
    stats: Stats,
}

/// Analyses a project. `progress` is told after each file, from any thread.
/// Runs on the current rayon pool, whose threads must have stacks of at least [`crate::lang::STACK_BYTES`].
///
/// Each unit sits behind a panic firewall: after a bug its files are analysed one by one, and one that fails alone becomes a diagnostic.
pub fn analyse(project: &Project, catalog: &Catalog, settings: &Settings, progress: &(dyn Fn() + Sync)) -> Report {
    let analyse = |unit: &Vec<FileId>| {
        let run = |unit: &[FileId]| {
            std::panic::catch_unwind(AssertUnwindSafe(|| analyse_unit(project, unit, catalog))).ok()
        };
        let reports = match run(unit) {
            Some(report) => vec![report],
            None => unit.iter().map(|file| run(&[*file]).unwrap_or_else(|| failed(project, *file))).collect(),
        };
        unit.iter().for_each(|_| progress());
        reports
    };
    let units: Vec<UnitReport> =
        project.plan.units().par_iter().with_max_len(1).map(analyse).flatten_iter().collect();
    assemble(project, units, settings)
}

fn failed(project: &Project, file: FileId) -> UnitReport {
    let diagnostic = project.source(file).map(|source| Diagnostic {
        path: source.path.clone(),
        line: None,
        kind: DiagnosticKind::Internal,
        message: "the analysis of this file failed; this is a bug in unclosed, please report it".to_owned(),
    });
    UnitReport { diagnostics: diagnostic.into_iter().collect(), ..UnitReport::default() }
}

/// Tells which files can matter: those that import or use something without which nothing can be acquired.
pub struct Triage<'a> {
    catalog: &'a Catalog,
    words: [(Ecosystem, Words); 2],
}

impl<'a> Triage<'a> {
    pub fn new(catalog: &'a Catalog) -> Self {
        let words = |of| {
            let facts = catalog.of(of);
            (of, Words::new(facts.imports().map(Name::as_str), facts.globals().map(Name::as_str)))
        };
        Triage { catalog, words: [words(Ecosystem::Python), words(Ecosystem::Npm)] }
    }

    /// Something can be acquired in the text.
    pub fn keeps(&self, language: Language, text: &str) -> bool {
        let words = self.words.iter().find(|(of, _)| *of == ecosystem(language));
        words.is_none_or(|(_, words)| lang::may_import(language, text, words))
    }

    /// `name`, the first part of a module's name or the package of a specifier, is one that the catalogue describes.
    pub fn is_library(&self, language: Language, name: &str) -> bool {
        self.catalog.of(ecosystem(language)).is_library(name)
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
fn lower(source: &SourceFile, report: &mut UnitReport) -> Option<Module> {
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

fn analyse_unit(project: &Project, files: &[FileId], catalog: &Catalog) -> UnitReport {
    let sources: Vec<&SourceFile> = files.iter().filter_map(|file| project.source(*file)).collect();
    let lowered: Vec<(Option<Module>, UnitReport)> = sources
        .par_iter()
        .map(|source| {
            let mut report = UnitReport::default();
            (lower(source, &mut report), report)
        })
        .collect();
    let mut report = UnitReport::default();
    let (mut modules, mut kept) = (Vec::new(), Vec::new());
    for ((module, part), source) in lowered.into_iter().zip(sources) {
        report.diagnostics.extend(part.diagnostics);
        report.stats.files += 1;
        report.stats.bytes += source.text.len() as u64;
        if let Some(module) = module {
            modules.push(module);
            kept.push(source);
        }
    }
    let links = project.plan.links(&kept.iter().map(|source| source.id).collect::<Vec<_>>());
    let program = Program::link(modules);
    let unit = Unit::new(&program, &links, &kept, &project.versions, catalog);
    let summaries = Summaries::new(&unit.resolved, &unit.regions);
    let scopes: Vec<FileScope> =
        kept.iter().map(|source| FileScope::new(&source.path, unit.resolved.language())).collect();
    report.findings = judge(&summaries, &scopes);
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

/// Puts the units' parts together: sorted, counted, with fingerprints; what the persona does not want is held back.
fn assemble(project: &Project, units: Vec<UnitReport>, settings: &Settings) -> Report {
    let mut report = Report::default();
    let mut findings: Vec<Finding> = Vec::new();
    for unit in units {
        findings.extend(unit.findings);
        report.diagnostics.extend(unit.diagnostics);
        report.stats.add(unit.stats);
    }
    if !settings.select.is_empty() {
        findings.retain(|finding| settings.select.iter().any(|rule| rule == finding.rule));
    }
    findings.sort_by(|a, b| (a.at, a.rule, &a.message).cmp(&(b.at, b.rule, &b.message)));
    let source = |id| project.source(id);
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
