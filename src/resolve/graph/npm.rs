//! Which file a TypeScript or JavaScript specifier means.
//!
//! Relative specifiers are looked up in the index of paths, as bundlers and the TypeScript compiler do, one look-up for each extension;
//! the others are answered by [`super::packages`] once for each [scope](Npm::scope), which has all that they depend on.

use super::tree::{DirId, Tree};
use crate::ir::Name;
use rustc_hash::FxHashMap;

/// What may be left out at the end of a specifier, in order.
pub(super) const EXTENSIONS: [&str; 10] =
    [".ts", ".tsx", ".mts", ".cts", ".js", ".jsx", ".mjs", ".cjs", ".vue", ".svelte"];

/// What a file that is written under the name of its output may be called.
const SOURCES: [(&str, &[&str]); 4] =
    [(".js", &[".ts", ".tsx"]), (".mjs", &[".mts"]), (".cjs", &[".cts"]), (".jsx", &[".tsx"])];

#[derive(Default)]
pub(super) struct Npm {
    /// What a directory with a `package.json` means.
    pub entries: FxHashMap<DirId, u32>,
    /// By directory; see [`Npm::scope`].
    pub scopes: Vec<DirId>,
    /// What specifiers that are not relative mean in a scope, and those that lead to built files in a directory.
    other: FxHashMap<Name, Vec<(DirId, u32)>>,
}

impl Npm {
    /// The nearest directory with a manifest: what is not relative means the same for all files below that have it in common.
    pub fn scope(&self, dir: DirId) -> Option<DirId> {
        self.scopes.get(dir.0 as usize).copied()
    }

    /// The node that the specifier means in a file of this directory.
    pub fn target(&self, tree: &Tree, dir: DirId, specifier: &str) -> Option<u32> {
        let found = if is_relative(specifier) { self.located(tree, dir, specifier) } else { None };
        found.or_else(|| {
            let place = if is_relative(specifier) { dir } else { self.scope(dir)? };
            let places = self.other.get(&Name::new(specifier))?;
            places.binary_search_by_key(&place, |(place, _)| *place).ok().map(|index| places[index].1)
        })
    }

    /// Adds what a specifier means in a scope, or in a directory when it is relative.
    pub fn add(&mut self, specifier: &Name, place: DirId, node: u32) {
        let places = self.other.entry(*specifier).or_default();
        if let Err(index) = places.binary_search_by_key(&place, |(place, _)| *place) {
            places.insert(index, (place, node));
        }
    }

    /// What a path from a directory means: a file, possibly without its extension or with that of its output, or a directory.
    pub fn located(&self, tree: &Tree, from: DirId, path: &str) -> Option<u32> {
        // `./worker?url` is how bundlers are told what to do with a file.
        let path = path.split('?').next().unwrap_or_default();
        let (above, name) = path.rsplit_once('/').unwrap_or(("", path));
        if matches!(name, "" | "." | "..") {
            return self.directory(tree, tree.walk(from, path)?);
        }
        let dir = tree.walk(from, above)?;
        let file = file_called(tree, dir, name);
        file.or_else(|| self.directory(tree, tree.dir_in(dir, tree.id(name)?)?))
    }

    fn directory(&self, tree: &Tree, dir: DirId) -> Option<u32> {
        self.entries.get(&dir).copied().or_else(|| file_called(tree, dir, "index"))
    }
}

/// A file of this name, of its source, or of this name with an extension.
fn file_called(tree: &Tree, dir: DirId, name: &str) -> Option<u32> {
    let mut path = String::with_capacity(name.len() + 8);
    let mut with = |stem: &str, extensions: &[&str]| {
        extensions.iter().find_map(|extension| {
            path.clear();
            path.push_str(stem);
            path.push_str(extension);
            tree.file_named(dir, &path)
        })
    };
    let source = SOURCES.iter().find_map(|(output, sources)| with(name.strip_suffix(output)?, sources));
    source.or_else(|| with(name, &[""])).or_else(|| with(name, &EXTENSIONS))
}

pub(super) fn is_relative(specifier: &str) -> bool {
    matches!(specifier, "." | "..") || specifier.starts_with("./") || specifier.starts_with("../")
}

/// The package of a specifier, and the path in it: `@x/y` and `z` of `@x/y/z`. `None` for what names no package.
pub(super) fn package(specifier: &str) -> Option<(&str, &str)> {
    let no_package = |c: char| matches!(c, '.' | '/' | '#' | '~' | '$' | '!');
    if specifier.starts_with(no_package) || specifier.contains(':') {
        return None;
    }
    let scope = if specifier.starts_with('@') { specifier.find('/').filter(|slash| *slash > 1)? + 1 } else { 0 };
    let end = specifier[scope..].find('/').map_or(specifier.len(), |slash| scope + slash);
    (end > scope).then(|| (&specifier[..end], specifier[end..].trim_start_matches('/')))
}
