//! Names and paths of files that the catalogue speaks of, ready to be matched.

use crate::catalog::Catalog;
use crate::catalog::schema::Ecosystem;
use crate::catalog::schema::entry::Entry;
use crate::ir::Name;
use globset::{GlobBuilder, GlobSet, GlobSetBuilder};
use std::sync::{Arc, LazyLock};

/// Of one catalogue.
pub(super) struct Patterns {
    /// Of all files that show where code runs.
    signs: GlobSet,
    /// The same for each of the catalogue's deployments.
    pub(super) deployments: Vec<GlobSet>,
    pub(super) conventions: Vec<Convention>,
}

/// Of the built-in catalogue: putting them together costs more than analysing a small project.
static BUILTIN: LazyLock<Arc<Patterns>> = LazyLock::new(|| Arc::new(Patterns::new(Catalog::builtin())));

impl Patterns {
    pub(super) fn of(catalog: &Catalog) -> Arc<Patterns> {
        if std::ptr::eq(catalog, Catalog::builtin()) { BUILTIN.clone() } else { Arc::new(Patterns::new(catalog)) }
    }

    fn new(catalog: &Catalog) -> Patterns {
        let names = |files: &[Name]| files.iter().map(|file| format!("**/{file}")).collect::<Vec<_>>();
        let conventions = [Ecosystem::Python, Ecosystem::Npm].into_iter().flat_map(|of| {
            let by_name = |entry: &&Entry| !entry.files.is_empty() || !entry.exports.is_empty();
            catalog.of(of).entries().iter().filter(by_name).map(move |entry| Convention::new(entry, of))
        });
        Patterns {
            signs: globs(catalog.deployments().iter().flat_map(|deployment| names(&deployment.files))),
            deployments: catalog.deployments().iter().map(|deployment| globs(names(&deployment.files))).collect(),
            conventions: conventions.collect(),
        }
    }
}

/// Tells which files show where code runs, by their paths.
pub struct Signs(Arc<Patterns>);

impl Signs {
    pub fn new(catalog: &Catalog) -> Signs {
        Signs(Patterns::of(catalog))
    }

    /// `path`: of a file, with forward slashes.
    pub fn is_sign(&self, path: &str) -> bool {
        self.0.signs.is_match(path)
    }
}

/// A way in which files of certain names are entered.
pub(super) struct Convention {
    pub(super) entry: Entry,
    pub(super) ecosystem: Ecosystem,
    files: GlobSet,
    /// By the path from the directory of what is evident.
    beside: GlobSet,
}

impl Convention {
    fn new(entry: &Entry, ecosystem: Ecosystem) -> Convention {
        let (beside, anywhere): (Vec<&str>, Vec<&str>) =
            entry.files.iter().map(Name::as_str).partition(|pattern| pattern.starts_with('/'));
        let files = globs(anywhere.into_iter().map(|pattern| format!("**/{pattern}")));
        let beside = globs(beside.into_iter().map(|pattern| pattern.trim_start_matches('/').to_owned()));
        Convention { entry: entry.clone(), ecosystem, files, beside }
    }

    /// `evident`: directories above the file, with an id of what is shown there.
    pub(super) fn holds(&self, stem: &str, evident: &[(&str, Name)]) -> bool {
        let needed = || evident.iter().filter(|(_, id)| self.entry.needs.contains(id));
        if !self.entry.needs.is_empty() && needed().next().is_none() {
            return false;
        }
        let within = |directory: &str| stem.get(directory.len()..).unwrap_or_default().trim_start_matches('/');
        self.entry.files.is_empty()
            || self.files.is_match(stem)
            || needed().any(|(directory, _)| self.beside.is_match(within(directory)))
    }
}

/// A pattern that is none, which a test of the catalogue prevents, matches nothing.
fn globs(patterns: impl IntoIterator<Item = String>) -> GlobSet {
    let globs = patterns.into_iter().map(|pattern| GlobBuilder::new(&pattern).literal_separator(true).build());
    let mut set = GlobSetBuilder::new();
    globs.flatten().for_each(|glob| {
        set.add(glob);
    });
    set.build().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pattern_of_the_catalogue_is_one() {
        let catalog = Catalog::builtin();
        let patterns = |entry: &Entry| entry.files.clone();
        let of_entries = [Ecosystem::Python, Ecosystem::Npm].into_iter().flat_map(|of| catalog.of(of).entries());
        for entry in of_entries.clone() {
            let anchored = entry.files.iter().any(|pattern| pattern.starts_with('/'));
            assert!(!anchored || !entry.needs.is_empty(), "{}: beside what?", entry.noun);
        }
        let of_deployments = catalog.deployments().iter().flat_map(|deployment| deployment.files.clone());
        for pattern in of_entries.flat_map(patterns).chain(of_deployments) {
            GlobBuilder::new(&pattern).literal_separator(true).build().unwrap();
        }
    }
}
