//! What kind of file this is, and where its code runs.

use crate::catalog::schema::LanguageFacts;
use crate::ir::Name;
use crate::summary::deployed::{Reached, Shown};
use crate::summary::entries::FileEntry;

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
