//! `unclosed check`: the main job.

use super::progress::Progress;
use super::{Failure, Outcome, output, stats};
use crate::analysis::{Glance, Listed, Plan, Project, Signs, Triage};
use crate::catalog::Catalog;
use crate::config::{Final, Options};
use crate::finding::{Diagnostic, DiagnosticKind, Report};
use crate::ir::FileId;
use crate::source::discover::{Discovery, discover};
use crate::source::{Problem, ProblemKind, manifest, read};
use crate::{analysis, lang, report};
use clap::Args;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::time::Instant;

/// Find leaks in files and directories
///
/// Directories are searched for Python, TypeScript, JavaScript, Vue and Svelte files, without what .gitignore names, hidden files, virtual environments and installed
/// packages. Files given by name are always analysed. Each finding shows the path on which the resource stays open.
#[derive(Args, Debug)]
#[command(after_help = super::EXIT_CODES)]
pub(super) struct Check {
    /// Files and directories to check
    #[arg(value_name = "PATH", default_value = ".")]
    paths: Vec<PathBuf>,

    #[command(flatten)]
    options: Options,
}

impl Check {
    pub(super) fn run(self, stdout: &mut dyn Write) -> Result<Outcome, Failure> {
        let started = Instant::now();
        let settings = Final::from_options(self.options);
        let cwd = std::env::current_dir()
            .map_err(|error| Failure::Start(format!("the working directory is not accessible: {error}")))?;
        let signs = Signs::new(Catalog::builtin());
        let found = discover(&self.paths, &cwd, &|path| signs.is_sign(path)).map_err(|bad| {
            Failure::Arguments(bad.iter().map(ToString::to_string).collect::<Vec<_>>().join("\nerror: "))
        })?;
        if found.files.is_empty() {
            output::complain("no files found in a language that is analysed");
        }
        let report = analyse(&found, &self.paths, &cwd, &settings, started)?;
        write_report(&report, &settings, stdout)?;
        if settings.stats {
            output::complain(&stats::block(&report.stats, started.elapsed()));
        }
        let fails = |level| report.findings.iter().any(|finding| finding.severity >= level);
        Ok(if settings.fail_level.is_some_and(fails) { Outcome::Findings } else { Outcome::Clean })
    }
}

/// Reads and analyses on a pool whose threads have the stacks that parsers need.
fn analyse(
    found: &Discovery,
    roots: &[PathBuf],
    cwd: &Path,
    settings: &Final,
    started: Instant,
) -> Result<Report, Failure> {
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(settings.threads.get())
        .stack_size(lang::STACK_BYTES)
        .build()
        .map_err(|error| Failure::Start(error.to_string()))?;
    Ok(pool.install(|| {
        let catalog = Catalog::builtin();
        let triage = Triage::new(catalog);
        let scanned = read::scan(&found.files, &|language, text| {
            let glance = Glance::new(&triage, language, text);
            (glance.relevant, glance)
        });
        let listed = found.files.iter().zip(&scanned.looks).map(|(file, look)| Listed {
            path: file.path.clone(),
            language: file.language,
            glance: look.clone().unwrap_or_default(),
        });
        let manifests = manifest::Manifests::read(&found.manifests);
        let partial = roots.iter().any(|root| root.is_file());
        let plan = Plan::new(listed.collect(), &manifests, &triage, partial);
        let files = found.files.iter().map(|file| (file.path.as_str(), file.language));
        let versions = manifest::read(files, roots, cwd, analysis::wanted(catalog));
        let progress = Progress::new(plan.relevant(), started);
        let text = |file: FileId| scanned.text(&found.files, file.0 as usize);
        let signs = manifest::Manifests::read(&found.signs);
        let project = Project { plan, versions, signs, text: Box::new(text) };
        let mut report = analysis::analyse(&project, catalog, &settings.analysis, &|| progress.advance());
        progress.finish();
        (report.stats.files, report.stats.bytes) = scanned.size;
        let problems = found.problems.iter().chain(&scanned.problems);
        report.diagnostics.extend(problems.map(diagnostic));
        report.diagnostics.sort();
        report
    }))
}

fn diagnostic(problem: &Problem) -> Diagnostic {
    let kind = match problem.kind {
        ProblemKind::Unreadable => DiagnosticKind::Unreadable,
        ProblemKind::Skipped => DiagnosticKind::Skipped,
        // As for syntax errors: the rest of the file was analysed.
        ProblemKind::Undecodable => DiagnosticKind::Syntax,
    };
    Diagnostic { path: problem.path.clone(), line: problem.line, kind, message: problem.message.clone() }
}

fn write_report(report: &Report, settings: &Final, stdout: &mut dyn Write) -> Result<(), Failure> {
    let style = output::style(settings.color, settings.output.is_none());
    match &settings.output {
        None => report::render(settings.format, report, &style, stdout).map_err(output::stdout_failure),
        Some(path) => write_file(path, |file| report::render(settings.format, report, &style, file))
            .map_err(|reason| Failure::Write { path: path.display().to_string(), reason }),
    }
}

fn write_file(path: &Path, write: impl FnOnce(&mut dyn Write) -> std::io::Result<()>) -> std::io::Result<()> {
    let mut file = BufWriter::new(File::create(path)?);
    write(&mut file)?;
    file.flush()
}
