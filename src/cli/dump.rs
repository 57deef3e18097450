//! `unclosed dump`: what the analysis sees, for people who work on it or wonder about a finding.

use super::{Failure, Outcome, output};
use crate::analysis;
use crate::catalog::Catalog;
use crate::ir::{self, Detail, Function, Module};
use crate::lang;
use crate::source::SourceFile;
use crate::source::discover::discover;
use crate::source::line_index::LineIndex;
use crate::source::manifest::{self, Versions};
use crate::source::read;
use clap::Args;
use std::io::Write;
use std::path::{Path, PathBuf};

/// Show how a file looks to the analysis
///
/// The output is for people and may change at any time.
#[derive(Args, Debug)]
pub(super) struct Dump {
    #[command(flatten)]
    what: What,

    /// A file, or one function in it: app.py:Cache.connect
    #[arg(value_name = "FILE[:FUNCTION]")]
    target: String,
}

#[derive(Args, Debug)]
#[group(required = true, multiple = false)]
struct What {
    /// The operations
    #[arg(long)]
    ir: bool,

    /// The edges between blocks: normal, raised, jumps through cleanups
    #[arg(long)]
    cfg: bool,

    /// What places hold and what calls reach
    #[arg(long)]
    types: bool,

    /// What functions acquire, release and hand over
    #[arg(long)]
    summaries: bool,
}

impl What {
    fn print(&self, source: &SourceFile, versions: &Versions, function: Option<&str>) -> Result<String, Failure> {
        if self.types || self.summaries {
            let dump = if self.types { analysis::dump_types } else { analysis::dump_summaries };
            return match dump(source, versions, Catalog::builtin(), function) {
                Ok(text) if text.is_empty() => Err(Failure::Dump(format!("{}: no such function", source.path))),
                Ok(text) => Ok(text),
                Err(error) => Err(Failure::Dump(format!("{}: {error}", source.path))),
            };
        }
        let detail = if self.cfg { Detail::Cfg } else { Detail::Ir };
        print_lowered(source, function, detail)
    }
}

impl Dump {
    pub(super) fn run(self, stdout: &mut dyn Write) -> Result<Outcome, Failure> {
        let (path, function) = split(&self.target);
        let text = on_deep_stack(|| {
            let (source, versions) = load(&path)?;
            self.what.print(&source, &versions, function)
        })?;
        stdout.write_all(text.as_bytes()).map_err(output::stdout_failure)?;
        Ok(Outcome::Clean)
    }
}

/// A colon may be part of the path, and drive letters have one.
fn split(target: &str) -> (PathBuf, Option<&str>) {
    match target.rsplit_once(':') {
        Some((path, function)) if !Path::new(target).exists() && Path::new(path).exists() => {
            (path.into(), Some(function))
        }
        _ => (target.into(), None),
    }
}

/// Lowering recurses.
fn on_deep_stack<T: Send>(work: impl FnOnce() -> Result<T, Failure> + Send) -> Result<T, Failure> {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).stack_size(lang::STACK_BYTES).build();
    pool.map_err(|error| Failure::Start(error.to_string()))?.install(work)
}

/// The file, and the versions of libraries that it uses.
fn load(path: &Path) -> Result<(SourceFile, Versions), Failure> {
    let cwd = std::env::current_dir().map_err(|error| Failure::Start(error.to_string()))?;
    let found = discover(&[path.to_owned()], &cwd, &|_| false)
        .map_err(|bad| Failure::Arguments(bad.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")))?;
    if path.is_dir() {
        return Err(Failure::Arguments(format!("{}: is a directory; name one file", path.display())));
    }
    let (files, problems) = read::load(&found.files);
    for problem in found.problems.iter().chain(&problems) {
        output::complain(&format!("{}: {}", problem.path, problem.message));
    }
    let versions = manifest::read(
        files.iter().map(|file| (file.path.as_str(), file.language)),
        &[path.to_owned()],
        &cwd,
        analysis::wanted(Catalog::builtin()),
    );
    let source = files.into_iter().next().ok_or_else(|| Failure::Dump("nothing to show".into()))?;
    Ok((source, versions))
}

fn print_lowered(source: &SourceFile, function: Option<&str>, detail: Detail) -> Result<String, Failure> {
    let lowered = lang::lower(source.language, source.id, &source.text)
        .map_err(|error| Failure::Dump(format!("{}: {error}", source.path)))?;
    let lines = LineIndex::new(&source.text);
    for problem in &lowered.problems {
        let line = lines.position(&source.text, problem.span.lo as usize).line;
        output::complain(&format!("{}:{line}: {}", source.path, problem.message));
    }
    match function {
        None => Ok(ir::print_module(&lowered.module, detail)),
        Some(name) => {
            let functions = named(&lowered.module, name)?;
            Ok(functions.into_iter().map(|f| ir::print_function(&lowered.module, f, detail)).collect())
        }
    }
}

/// The functions of this qualified name; if there is none, those of this plain name.
fn named<'m>(module: &'m Module, name: &str) -> Result<Vec<&'m Function>, Failure> {
    let matching = |of: fn(&Function) -> &str| module.functions.iter().filter(|f| of(f) == name).collect::<Vec<_>>();
    let mut functions = matching(|f| &f.qualname);
    if functions.is_empty() {
        functions = matching(|f| &f.name);
    }
    if functions.is_empty() {
        let names: Vec<_> = module.functions.iter().map(|f| f.qualname.as_str()).collect();
        return Err(Failure::Arguments(format!("no function `{name}`; there are: {}", names.join(", "))));
    }
    Ok(functions)
}
