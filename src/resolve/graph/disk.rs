//! The project as the file system that the resolver of packages sees.

use super::npm::EXTENSIONS;
use super::tree::{DirId, NameId, TOP, Tree};
use crate::ir::Name;
use oxc_resolver::{FileMetadata, FileSystem, ResolveError};
use rustc_hash::FxHashMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Directories of built files, and those below (`dist/esm`) that are missing in the path of what they were built from.
pub(super) const FORMATS: [&str; 15] = [
    "dist", "build", "lib", "out", "esm", "cjs", "es", "es6", "umd", "iife", "commonjs", "module", "types", "node",
    "src",
];

const NODE_MODULES: &str = "/node_modules/";

/// What all views of a project share.
#[derive(Default)]
pub(super) struct Contents {
    pub tree: Arc<Tree>,
    /// Texts of the manifests that can be parsed.
    pub manifests: FxHashMap<(DirId, NameId), Arc<str>>,
    /// Directories of packages by name, sorted by [`Tree::order`].
    pub packages: FxHashMap<Name, Vec<DirId>>,
}

#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum View {
    /// What is there.
    #[default]
    Real,
    /// Also what would be built from it.
    Built,
    /// Where configurations are: a configuration that is not in the project (an installed or generated one) says nothing.
    Configurations,
}

#[derive(Default)]
pub(super) struct Disk {
    pub contents: Arc<Contents>,
    pub view: View,
}

impl Contents {
    pub fn is_package(&self, dir: DirId) -> bool {
        self.tree.id("package.json").is_some_and(|name| self.manifests.contains_key(&(dir, name)))
    }

    fn manifest(&self, path: &str) -> Option<&Arc<str>> {
        let (above, name) = path.rsplit_once('/')?;
        self.manifests.get(&(self.tree.walk(TOP, above)?, self.tree.id(name)?))
    }

    /// The node of a path from the top.
    pub fn file(&self, path: &str, view: View) -> Option<u32> {
        if path.contains(NODE_MODULES) {
            return None;
        }
        let (above, name) = path.rsplit_once('/')?;
        let real = self.tree.walk(TOP, above).and_then(|dir| self.tree.file_named(dir, name));
        real.or_else(|| if view == View::Built { self.source_of(path) } else { None })
    }

    /// What a path that does not exist would be built from: `src/a.ts` of the same package for `dist/a.js`, `dist/esm/a.d.ts`,
    /// `dist/src/a.js` and `a.js`.
    pub fn source_of(&self, path: &str) -> Option<u32> {
        let mut dir = TOP;
        let mut rest = path.trim_start_matches('/');
        let mut found = None;
        loop {
            if self.is_package(dir) {
                found = Some((dir, rest));
            }
            let Some((part, after)) = rest.split_once('/') else { break };
            let Some(below) = self.tree.id(part).and_then(|name| self.tree.dir_in(dir, name)) else { break };
            (dir, rest) = (below, after);
        }
        let (package, built) = found?;
        let src = self.tree.id("src").and_then(|src| self.tree.dir_in(package, src));
        let mut rest = built;
        loop {
            let source = src.and_then(|src| self.source_in(src, rest)).or_else(|| self.source_in(package, rest));
            if source.is_some() {
                return source;
            }
            let (dropped, after) = rest.split_once('/')?;
            if rest.len() < built.len() && !FORMATS.contains(&dropped) {
                return None;
            }
            rest = after;
        }
    }

    /// A file that differs in its extension only, or the index of a directory of that name, or for an index the file of that name.
    fn source_in(&self, dir: DirId, path: &str) -> Option<u32> {
        let (above, name) = path.rsplit_once('/').unwrap_or(("", path));
        let stem = [".d.ts", ".d.mts", ".d.cts"].iter().find_map(|types| name.strip_suffix(types));
        let stem =
            stem.or_else(|| EXTENSIONS.iter().find_map(|extension| name.strip_suffix(extension))).unwrap_or(name);
        let called = |dir, stem: &str| {
            EXTENSIONS.iter().find_map(|extension| self.tree.file_named(dir, &format!("{stem}{extension}")))
        };
        if let Some(dir) = self.tree.walk(dir, above) {
            let index = || called(self.tree.dir_in(dir, self.tree.id(stem)?)?, "index");
            return called(dir, stem).or_else(index);
        }
        let (above, name) = above.rsplit_once('/').unwrap_or(("", above));
        if stem == "index" && !name.is_empty() { called(self.tree.walk(dir, above)?, name) } else { None }
    }

    /// The text of a configuration in a package of the project, by the path that it would have if the package were installed.
    fn installed(&self, path: &str) -> Option<&Arc<str>> {
        let (_, inside) = path.rsplit_once(NODE_MODULES)?;
        let (package, rest) = super::npm::package(inside)?;
        let [dir] = self.packages.get(&Name::new(package))?.as_slice() else { return None };
        let (above, name) = rest.rsplit_once('/').unwrap_or(("", rest));
        self.manifests.get(&(self.tree.walk(*dir, above)?, self.tree.id(name)?))
    }
}

impl Disk {
    fn text(&self, path: &Path) -> io::Result<Arc<str>> {
        let path = path.to_str().unwrap_or_default();
        let text = self.contents.manifest(path).cloned();
        let text = text.or_else(|| {
            let any = self.view == View::Configurations && path.ends_with(".json");
            any.then(|| self.contents.installed(path).cloned().unwrap_or_else(|| "{}".into()))
        });
        text.ok_or_else(|| io::ErrorKind::NotFound.into())
    }
}

impl FileSystem for Disk {
    fn new() -> Self {
        Disk::default()
    }

    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        self.text(path).map(|text| text.as_bytes().to_vec())
    }

    fn read_to_string(&self, path: &Path) -> io::Result<String> {
        self.text(path).map(|text| text.to_string())
    }

    fn metadata(&self, path: &Path) -> io::Result<FileMetadata> {
        let path = path.to_str().unwrap_or_default();
        let (file, dir) = (FileMetadata::new(true, false, false), FileMetadata::new(false, true, false));
        let configurations = self.view == View::Configurations;
        if self.contents.manifest(path).is_some() || (configurations && path.ends_with(".json")) {
            Ok(file)
        } else if self.contents.tree.walk(TOP, path).is_some() || (configurations && path.contains("/node_modules")) {
            Ok(dir)
        } else if self.contents.file(path, self.view).is_some() {
            Ok(file)
        } else {
            Err(io::ErrorKind::NotFound.into())
        }
    }

    fn symlink_metadata(&self, path: &Path) -> io::Result<FileMetadata> {
        self.metadata(path)
    }

    fn read_link(&self, _: &Path) -> Result<PathBuf, ResolveError> {
        Err(io::Error::from(io::ErrorKind::InvalidInput).into())
    }

    fn canonicalize(&self, path: &Path) -> io::Result<PathBuf> {
        Ok(path.to_owned())
    }
}
