//! The one wiring function: sources, catalogue and settings in, report out.
//! The command line, the editor, the fixtures and the benches all call it.

mod deployment;
mod patterns;
mod plan;
mod reach;

pub use deployment::Deployments;
pub use patterns::Signs;
pub use plan::{Glance, Listed, Plan};

use crate::catalog::schema::{Ecosystem, Role};
use crate::catalog::{Catalog, EcosystemFacts};
use crate::finding::{Diagnostic, DiagnosticKind, Finding, HeldBack, Persona, Report, ReportFile, Stats, fingerprint};
use crate::ir::{FileId, Module, Name, Op, Program};
use crate::lang::Words;
use crate::resolve::{Links, Regions, Resolved};
use crate::source::line_index::LineIndex;
use crate::source::manifest::{Manifests, Versions, Wanted};
use crate::source::{Language, SourceFile, mask};
use crate::summary::Summaries;
use crate::summary::deployed::Reached;
use crate::verdict::{FileScope, Hosting, judge};
use crate::{lang, verdict};
use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

const FAILED: &str = "the analysis of this file failed; this is a bug in unclosed, please report it";

/// What changes the answer.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Findings for a wider persona are held back and only counted.
    pub persona: Persona,
    /// Rule ids to report; empty: all.
    pub select: Vec<String>,
    /// Leave out files that cannot matter. Never changes a finding; off for the property test.
    pub triage: bool,
    /// How often a second a loop or timer may ask a store before it does so too often.
    pub polls_per_second: f64,
}

impl Default for Settings {
    fn default() -> Self {
        Settings { persona: Persona::Regular, select: Vec::new(), triage: true, polls_per_second: 1.0 }
    }
}

/// What is analysed.
pub struct Project<'p> {
    pub plan: Plan,
    /// Of the libraries that its files use.
    pub versions: Versions,
    /// Texts of the files that show where its code runs, as [`Signs`] has them.
    pub signs: Manifests,
    /// The text of a file; `None` when it cannot be read.
    pub text: Box<dyn Fn(FileId) -> Option<Arc<str>> + Sync + 'p>,
}

impl<'p> Project<'p> {
    /// A project that is all in memory. The ids of `sources` are their positions.
    pub fn of(sources: &'p [SourceFile], versions: Versions, manifests: &Manifests, catalog: &Catalog) -> Project<'p> {
        let triage = Triage::new(catalog);
        let listed = sources.iter().map(|source| Listed {
            path: source.path.clone(),
            language: source.language,
            glance: Glance::new(&triage, source.language, &source.text),
        });
        let plan = Plan::new(listed.collect(), manifests, &triage, false);
        let text = |file: FileId| sources.get(file.0 as usize).map(|source| source.text.clone());
        let known = Signs::new(catalog);
        let mut signs = Manifests::default();
        let own = sources.iter().map(|source| (source.path.as_str(), &source.text));
        for (path, text) in manifests.iter().chain(own).filter(|(path, _)| known.is_sign(path)) {
            signs.set(path, text);
        }
        Project { plan, versions, signs, text: Box::new(text) }
    }

    fn source(&self, id: FileId) -> Option<SourceFile> {
        let text = (self.text)(id)?;
        Some(SourceFile { id, path: self.plan.path(id).to_owned(), language: self.plan.language(id), text })
    }
}

/// A file as IR, and what went wrong on the way.
struct Lowered {
    file: FileId,
    /// `None`: it cannot be analysed.
    module: Option<Module>,
    diagnostics: Vec<Diagnostic>,
    bytes: u64,
    minified: bool,
}

/// What one unit contributes.
#[derive(Default)]
struct UnitReport {
    findings: Vec<Finding>,
    hosting: Hosting,
    diagnostics: Vec<Diagnostic>,
    stats: Stats,
}

/// Analyses a project. `progress` is told after each file, from any thread.
/// Runs on the current rayon pool, whose threads must have stacks of at least [`crate::lang::STACK_BYTES`].
///
/// Each unit sits behind a panic firewall: after a bug its files are analysed one by one, and one that fails alone becomes a diagnostic.
pub fn analyse(project: &Project<'_>, catalog: &Catalog, settings: &Settings, progress: &(dyn Fn() + Sync)) -> Report {
    let deployments = Deployments::new(&project.signs, catalog);
    let reached = deployments.reached(&project.plan);
    let around = Around { project, catalog, settings, deployments: &deployments, reached: &reached };
    let guarded = |unit: Vec<Lowered>| std::panic::catch_unwind(AssertUnwindSafe(|| analyse_unit(&around, unit))).ok();
    let analyse = |unit: Vec<Lowered>| {
        let files: Vec<FileId> = unit.iter().map(|lowered| lowered.file).collect();
        let again = |file: FileId| {
            let lowered = project.source(file).map(|source| lower(&source));
            lowered.and_then(|lowered| guarded(vec![lowered])).unwrap_or_else(|| failed(project, file))
        };
        match guarded(unit) {
            Some(report) => vec![report],
            None => files.into_iter().map(again).collect(),
        }
    };
    let units = reach::units(project, catalog, !settings.triage, progress);
    let units: Vec<UnitReport> = units.into_par_iter().with_max_len(1).map(analyse).flatten_iter().collect();
    assemble(project, units, &deployments, settings)
}

/// What a unit is analysed with.
struct Around<'r> {
    project: &'r Project<'r>,
    catalog: &'r Catalog,
    settings: &'r Settings,
    deployments: &'r Deployments,
    /// By file: the platform that runs it and does not keep its process.
    reached: &'r FxHashMap<FileId, Reached>,
}

impl Around<'_> {
    fn scope(&self, file: FileId) -> FileScope {
        let path = self.project.plan.path(file);
        let language = self.catalog.of(ecosystem(self.project.plan.language(file))).language();
        FileScope {
            entered: self.deployments.entered(path),
            shown: self.deployments.shown(path),
            reached: self.reached.get(&file).cloned(),
            ..FileScope::new(path, language)
        }
    }
}

fn failed(project: &Project<'_>, file: FileId) -> UnitReport {
    let diagnostic = Diagnostic {
        path: project.plan.path(file).to_owned(),
        line: None,
        kind: DiagnosticKind::Internal,
        message: FAILED.to_owned(),
    };
    UnitReport { diagnostics: vec![diagnostic], ..UnitReport::default() }
}

/// Tells which files can matter: those that import or use something without which nothing can be acquired.
pub struct Triage<'a> {
    catalog: &'a Catalog,
    words: [(Ecosystem, Words); 2],
    /// Packages that start threads, and those of frameworks that keep a connection for each thread.
    threads: Packages,
    ambient: Packages,
}

/// First parts of the names of modules.
struct Packages([(Ecosystem, FxHashSet<&'static str>); 2]);

impl Packages {
    /// One of them is among `imports`.
    fn any_in(&self, language: Language, imports: &[Name]) -> bool {
        let names = self.0.iter().find(|(of, _)| *of == ecosystem(language)).map(|(_, names)| names);
        let is = |name: &Name| {
            let first = name.as_str().split('.').next().unwrap_or_default();
            names.is_some_and(|names| names.contains(first))
        };
        imports.iter().any(is)
    }
}

impl<'a> Triage<'a> {
    pub fn new(catalog: &'a Catalog) -> Self {
        let words = |of| {
            let facts = catalog.of(of);
            (of, Words::new(facts.imports().map(Name::as_str), facts.globals().map(Name::as_str)))
        };
        let all = [Ecosystem::Python, Ecosystem::Npm];
        let packages = |role| Packages(all.map(|of| (of, catalog.of(of).packages_with(role))));
        Triage {
            catalog,
            words: all.map(words),
            threads: packages(Role::OnThread),
            ambient: packages(Role::AmbientUse),
        }
    }

    /// Something can be acquired in the text.
    pub fn keeps(&self, language: Language, text: &str) -> bool {
        let words = self.words.iter().find(|(of, _)| *of == ecosystem(language));
        words.is_none_or(|(_, words)| lang::may_import(language, text, words))
    }

    /// Files with this name, given without extension, are there to gather what others have.
    fn gathers(&self, language: Language, name: &str) -> bool {
        self.catalog.of(ecosystem(language)).language().gathering.iter().any(|known| known == name)
    }

    /// `name`, the first part of a module's name or the package of a specifier, is one that the catalogue describes.
    pub fn is_library(&self, language: Language, name: &str) -> bool {
        self.catalog.of(ecosystem(language)).is_library(name)
    }
}

/// The packages whose versions make a difference to the analysis.
pub fn wanted(catalog: &Catalog) -> Wanted<'_> {
    let of = |ecosystem| catalog.of(ecosystem).versioned_packages();
    Wanted { python: of(Ecosystem::Python), npm: of(Ecosystem::Npm) }
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
    /// `paths`: of the modules, in their order.
    fn new(
        program: &'a Program,
        links: &'a Links,
        paths: &[&str],
        versions: &'a Versions,
        catalog: &'a EcosystemFacts,
    ) -> Self {
        let versions = paths.iter().map(|path| versions.of_file(path)).collect();
        let resolved = Resolved::new(program, links, catalog, versions);
        let regions = Regions::new(&resolved);
        Unit { resolved, regions }
    }
}

/// The file as IR. A front end that panics costs the file.
fn lower(source: &SourceFile) -> Lowered {
    let mut out = Lowered {
        file: source.id,
        module: None,
        diagnostics: Vec::new(),
        bytes: source.text.len() as u64,
        minified: verdict::is_minified(&source.text),
    };
    let mut tell = |line, kind, message| {
        out.diagnostics.push(Diagnostic { path: source.path.clone(), line, kind, message });
    };
    let lower = AssertUnwindSafe(|| lang::lower(source.language, source.id, &source.text));
    match std::panic::catch_unwind(lower) {
        Ok(Ok(lowered)) => {
            if !lowered.problems.is_empty() {
                let lines = LineIndex::new(&source.text);
                for problem in &lowered.problems {
                    let line = lines.position(&source.text, problem.span.lo as usize).line;
                    tell(Some(line), DiagnosticKind::Syntax, problem.message.clone());
                }
            }
            let mut module = lowered.module;
            module.shrink();
            out.module = Some(module);
        }
        Ok(Err(error)) => tell(None, DiagnosticKind::Skipped, error.to_string()),
        Err(_) => tell(None, DiagnosticKind::Internal, FAILED.to_owned()),
    }
    out
}

fn analyse_unit(around: &Around<'_>, unit: Vec<Lowered>) -> UnitReport {
    let Around { project, catalog, settings, .. } = *around;
    let mut report = UnitReport::default();
    let (mut modules, mut files, mut minified) = (Vec::new(), Vec::new(), Vec::new());
    for lowered in unit {
        report.diagnostics.extend(lowered.diagnostics);
        report.stats.files += 1;
        report.stats.bytes += lowered.bytes;
        if let Some(module) = lowered.module {
            modules.push(module);
            files.push(lowered.file);
            minified.push(lowered.minified);
        }
    }
    let Some(first) = files.first() else { return report };
    let catalog = catalog.of(ecosystem(project.plan.language(*first)));
    let links = project.plan.links(&files);
    let program = Program::link(modules);
    let paths: Vec<&str> = files.iter().map(|file| project.plan.path(*file)).collect();
    let unit = Unit::new(&program, &links, &paths, &project.versions, catalog);
    let summaries = Summaries::new(&unit.resolved, &unit.regions);
    let scope = |(file, minified): (&FileId, &bool)| {
        let scope = around.scope(*file);
        FileScope { copied: scope.copied || *minified, ..scope }
    };
    let scopes: Vec<FileScope> = files.iter().zip(&minified).map(scope).collect();
    report.findings = judge(&summaries, &scopes, settings.polls_per_second);
    report.hosting = Hosting::of(&summaries, &scopes);
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
    Ok(Unit::new(&program, &links, &[&source.path], versions, catalog.of(ecosystem(source.language)))
        .resolved
        .print(only))
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
    let unit = Unit::new(&program, &links, &[&source.path], versions, catalog.of(ecosystem(source.language)));
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
fn assemble(project: &Project<'_>, units: Vec<UnitReport>, deployments: &Deployments, settings: &Settings) -> Report {
    let mut report = Report::default();
    let mut findings: Vec<Finding> = Vec::new();
    let mut hosting = Hosting::default();
    for unit in units {
        findings.extend(unit.findings);
        hosting.add(unit.hosting);
        report.diagnostics.extend(unit.diagnostics);
        report.stats.add(unit.stats);
    }
    findings.extend(hosting.findings(&|path| deployments.servers(path)));
    if !settings.select.is_empty() {
        findings.retain(|finding| settings.select.iter().any(|rule| rule == finding.rule));
    }
    findings.sort_by(|a, b| (a.at, a.rule, &a.message).cmp(&(b.at, b.rule, &b.message)));
    fingerprint::assign(&mut findings, |id| project.plan.path(id).to_owned());
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
        .filter_map(|id| project.source(id))
        .map(|source| ReportFile { id: source.id, path: source.path, text: mask::mask(&source.text) })
        .collect();
    report
}
