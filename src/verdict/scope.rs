//! What kind of file this is, and where its code runs.

use crate::catalog::schema::LanguageFacts;
use crate::catalog::schema::entry::Runs;
use crate::ir::Name;
use crate::summary::entries::{FileEntry, Way};

/// Facts about a whole file that change the verdict.
#[derive(Clone, Debug)]
pub struct FileScope {
    /// As shown to the user.
    pub path: Name,
    /// It is part of a test suite.
    pub test: bool,
    /// It runs once and its process ends: a database migration.
    pub one_off: bool,
    /// What its name and place, or a configuration, say is entered in it.
    pub entered: Vec<FileEntry>,
    /// What shows where its code runs, the nearest first.
    pub shown: Vec<Shown>,
    /// A platform that does not keep the process runs it.
    pub reached: Option<Reached>,
}

/// A file that shows where code runs.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Shown {
    /// What it runs on, for people: `Vercel`.
    pub noun: String,
    pub runs: Runs,
    /// One instance serves several requests at a time.
    pub concurrent: bool,
    /// What serves requests switches between them within a thread.
    pub interleaves: bool,
    /// While people work on it, modules are loaded again in one process.
    pub reloads: bool,
    /// As shown to the user.
    pub path: Name,
    /// From 1.
    pub line: u32,
}

/// That a platform starts, suspends and throws away the processes that run a file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Reached {
    /// How it is entered.
    pub way: Way,
    /// The file that is entered; as shown to the user.
    pub entry: Name,
    /// What shows it; `None`: the way itself does.
    pub shown: Option<Shown>,
}

impl Reached {
    /// What is entered in this way in the file `entry` runs so, given what shows where its code runs, the nearest first. Where that is
    /// said in one directory for both, it is not known.
    pub fn new(way: Way, entry: Name, shown: &[Shown]) -> Option<Reached> {
        match way.runs {
            Runs::Server => None,
            Runs::Serverless | Runs::Edge => Some(Reached { way, entry, shown: None }),
            Runs::Anywhere => {
                let telling = || shown.iter().filter(|shown| shown.runs != Runs::Anywhere);
                let nearest = telling().next()?;
                let directory = |shown: &Shown| shown.path.rsplit_once('/').map_or(0, |(above, _)| above.len() + 1);
                let beside =
                    telling().any(|other| other.runs == Runs::Server && directory(other) == directory(nearest));
                let serverless = nearest.runs != Runs::Server && !beside;
                serverless.then(|| Reached { way, entry, shown: Some(nearest.clone()) })
            }
        }
    }
}

impl FileScope {
    /// By its name alone. `path` as shown to the user, with forward slashes.
    pub fn new(path: &str, language: &LanguageFacts) -> Self {
        let mut parts: Vec<&str> = path.split('/').collect();
        let file = parts.pop().unwrap_or_default();
        let stem = file.rsplit_once('.').map_or(file, |(stem, _)| stem);
        let is = |patterns: &[crate::ir::Name]| {
            patterns.iter().any(|pattern| match pattern.strip_suffix('/') {
                Some(directory) => parts.contains(&directory),
                None => match (pattern.strip_suffix('*'), pattern.strip_prefix('*')) {
                    (Some(prefix), _) => stem.starts_with(prefix),
                    (_, Some(suffix)) => stem.ends_with(suffix),
                    _ => stem == pattern,
                },
            })
        };
        FileScope {
            path: Name::new(path),
            test: is(&language.test_paths),
            one_off: is(&language.one_off_paths),
            entered: Vec::new(),
            shown: Vec::new(),
            reached: None,
        }
    }
}
