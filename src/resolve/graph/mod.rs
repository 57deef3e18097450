//! Which file imports which: what a module path or a specifier, written in a file, means in the project.
//!
//! No disk is touched: the paths of all files are known, and the texts of the manifests. What is not in the project (installed packages,
//! the standard library, built files without source) leads nowhere, as does a name that could mean several files.

mod disk;
mod npm;
mod order;
mod packages;
mod python;
#[cfg(test)]
mod tests;
mod tree;

use crate::ir::{FileId, Name};
use crate::source::Language;
use crate::source::manifest::Manifests;
use npm::Npm;
use python::Python;
use rustc_hash::{FxHashMap, FxHashSet};
use std::sync::Arc;
use tree::Tree;

/// One file of the project as the graph sees it.
#[derive(Clone, Copy, Debug)]
pub struct Node<'a> {
    pub id: FileId,
    /// As shown: relative to the working directory, forward slashes; may begin with `../` or be absolute.
    pub path: &'a str,
    pub language: Language,
    /// As [`crate::lang::imports`] finds them.
    pub imports: &'a [Name],
}

/// Who imports whom in a project.
pub struct Graph {
    /// Of the nodes, sorted.
    ids: Vec<FileId>,
    is_python: Vec<bool>,
    tree: Arc<Tree>,
    python: Python,
    /// First names of Python modules that are libraries.
    libraries: FxHashSet<Name>,
    npm: Npm,
    imports: Edges,
    importers: Edges,
}

/// For each node a sorted list.
struct Edges {
    /// Where the list of each node ends.
    ends: Vec<usize>,
    nodes: Vec<u32>,
    files: Vec<FileId>,
}

impl Edges {
    /// `pairs` are sorted and without duplicates.
    fn new(ids: &[FileId], pairs: &[(u32, u32)]) -> Self {
        let ends = (0..ids.len()).map(|node| pairs.partition_point(|(from, _)| *from as usize <= node)).collect();
        let nodes: Vec<u32> = pairs.iter().map(|(_, to)| *to).collect();
        let files = nodes.iter().map(|node| ids[*node as usize]).collect();
        Edges { ends, nodes, files }
    }

    fn range(&self, node: u32) -> std::ops::Range<usize> {
        let node = node as usize;
        let start = node.checked_sub(1).map_or(0, |before| self.ends[before]);
        start..self.ends[node]
    }
}

impl Graph {
    /// Of all files found, sorted by id. `library` tells by the first name of a Python module (`redis` of `redis.asyncio`) or the package
    /// of a specifier (`@x/y` of `@x/y/z`) what is known to be a library: it never means a file of the project, not even in the
    /// library's own.
    pub fn new(nodes: &[Node<'_>], manifests: &Manifests, library: &dyn Fn(Language, &str) -> bool) -> Self {
        let others: Vec<&str> = manifests.iter().map(|(path, _)| path).collect();
        let tree = Arc::new(Tree::new(nodes, &others));
        let modules = (0..).zip(nodes).filter(|(_, node)| node.language == Language::Python);
        let modules = modules.map(|(index, node)| (index, module_name(node).and_then(|name| tree.id(name))));
        let mut python = Python::new(&tree, modules);
        let mut libraries = FxHashSet::default();
        let mut asked: FxHashMap<(bool, Name), bool> = FxHashMap::default();
        let mut is_library = |language: Language, name: &str| -> bool {
            let key = (language == Language::Python, Name::new(name));
            *asked.entry(key).or_insert_with(|| library(language, name))
        };
        for (index, node) in (0..).zip(nodes).filter(|(_, node)| node.language == Language::Python) {
            let (dir, _) = tree.home(index);
            for specifier in node.imports.iter().filter(|specifier| !specifier.starts_with('.')) {
                let first = python::first_name(specifier);
                if is_library(node.language, first) {
                    libraries.insert(Name::new(first));
                } else {
                    python.learn(&tree, dir, first);
                }
            }
        }
        let npm = packages::resolve(&tree, nodes, manifests, &mut is_library);
        let ids: Vec<FileId> = nodes.iter().map(|node| node.id).collect();
        let mut graph = Graph {
            is_python: nodes.iter().map(|node| node.language == Language::Python).collect(),
            imports: Edges::new(&ids, &[]),
            importers: Edges::new(&ids, &[]),
            ids,
            tree,
            python,
            libraries,
            npm,
        };
        let mut pairs = Vec::new();
        for (index, node) in (0..).zip(nodes) {
            let targets = node.imports.iter().filter_map(|specifier| graph.node_of(index, specifier));
            pairs.extend(targets.filter(|target| *target != index).map(|target| (index, target)));
        }
        pairs.sort_unstable();
        pairs.dedup();
        graph.imports = Edges::new(&graph.ids, &pairs);
        pairs.iter_mut().for_each(|(from, to)| std::mem::swap(from, to));
        pairs.sort_unstable();
        graph.importers = Edges::new(&graph.ids, &pairs);
        graph
    }

    /// The file that `specifier`, written in `file`, means. `None`: a package without code of its own, or nothing in the project. For
    /// TypeScript and JavaScript, a specifier that is not relative must be among the imports of the file or of one near it.
    pub fn target(&self, file: FileId, specifier: &str) -> Option<FileId> {
        let node = self.node(file)?;
        self.node_of(node, specifier).map(|target| self.ids[target as usize])
    }

    /// Files that `file` imports: sorted, without duplicates and without itself.
    pub fn imports(&self, file: FileId) -> &[FileId] {
        self.node(file).map_or(&[], |node| &self.imports.files[self.imports.range(node)])
    }

    /// Files that import `file`: sorted, without duplicates and without itself.
    pub fn importers(&self, file: FileId) -> &[FileId] {
        self.node(file).map_or(&[], |node| &self.importers.files[self.importers.range(node)])
    }

    /// The Python package that the file is a module of, by its `__init__`, and the file's name there.
    pub fn package(&self, file: FileId) -> Option<(FileId, Name)> {
        let node = self.node(file).filter(|node| self.is_python[*node as usize])?;
        let (package, name) = self.python.package(&self.tree, node)?;
        Some((self.ids[package as usize], Name::new(name)))
    }

    /// All files, what a file imports before it; files that import each other in the order of their ids.
    pub fn order(&self) -> Vec<FileId> {
        self.components().into_iter().flatten().collect()
    }

    /// Files that import each other, directly or not, are together, sorted; what they import comes before.
    fn components(&self) -> Vec<Vec<FileId>> {
        let next = |node| &self.imports.nodes[self.imports.range(node)];
        let components = order::components(self.ids.len() as u32, next);
        components.into_iter().map(|nodes| nodes.into_iter().map(|node| self.ids[node as usize]).collect()).collect()
    }

    fn node(&self, file: FileId) -> Option<u32> {
        self.ids.binary_search(&file).ok().map(|node| node as u32)
    }

    fn node_of(&self, node: u32, specifier: &str) -> Option<u32> {
        if !self.is_python[node as usize] {
            let (dir, _) = self.tree.home(node);
            return self.npm.target(&self.tree, dir, specifier).filter(|target| !self.is_python[*target as usize]);
        }
        let is_library =
            !self.libraries.is_empty() && self.libraries.contains(&Name::new(python::first_name(specifier)));
        if is_library { None } else { self.python.target(&self.tree, node, specifier) }
    }
}

/// The name of a Python file as a module.
fn module_name<'a>(node: &Node<'a>) -> Option<&'a str> {
    let file = node.path.rsplit('/').next()?;
    let (module, _) = file.rsplit_once('.').filter(|_| node.language == Language::Python)?;
    Some(module)
}
