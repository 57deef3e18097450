//! Which file a Python module is.
//!
//! What a program finds depends on where it is started, so this follows what projects look like. `a.b.c` in a file means a module
//!
//! 1. in the nearest directory above the file that is no package itself and has an `a`: the root that the file's own package lies in,
//!    `src`, or the directory of a script. A regular package or module comes before a directory without `__init__.py`, and a root
//!    where more of the path exists before one where less does;
//! 2. if there is none: where a package `a` lies elsewhere in the project, in the root that shares the longest path with the file; if
//!    several do, in the only one of them where more of the path exists than in the others, else nothing. A plain module counts only in a directory called `src`, so that `import queue` does not lead to some
//!    `tools/queue.py`, and a directory without `__init__.py` only when the path leads to a file in it.

use super::tree::{DirId, NameId, Tree};
use rustc_hash::FxHashMap;
use smallvec::SmallVec;
use std::cmp::Ordering;

/// Roots elsewhere that have an equal claim are tried up to this number.
const MAX_TIED: usize = 8;

/// Where modules may lie whose path begins with some name.
#[derive(Default)]
struct Roots {
    /// Above the file, in the order of their claim.
    above: SmallVec<[DirId; 2]>,
    /// With an equal claim.
    elsewhere: SmallVec<[DirId; 1]>,
}

pub(super) struct Python {
    /// Files by directory and name without extension.
    modules: FxHashMap<(DirId, NameId), u32>,
    /// The `__init__` of each directory.
    inits: Vec<Option<u32>>,
    /// Whether Python files lie in or below each directory.
    has_python: Vec<bool>,
    /// Roots elsewhere by the name of what lies in them, sorted by [`Tree::order`]: packages, plain modules, other directories.
    elsewhere: [FxHashMap<NameId, Vec<DirId>>; 3],
    /// Roots for the first name of a path in a directory, once they were asked for.
    known: FxHashMap<(DirId, NameId), Roots>,
}

/// What a path led to in one root.
struct Reached {
    /// How many names of the path exist.
    depth: usize,
    /// Of the last of them.
    file: Option<u32>,
}

impl Python {
    /// Of these nodes of the tree, with the name that each has as a module.
    pub fn new(tree: &Tree, files: impl Iterator<Item = (u32, Option<NameId>)>) -> Self {
        let mut python = Python {
            modules: FxHashMap::default(),
            inits: vec![None; tree.dirs().count()],
            has_python: vec![false; tree.dirs().count()],
            elsewhere: Default::default(),
            known: FxHashMap::default(),
        };
        let init = tree.id("__init__");
        for (node, module) in files {
            let (dir, _) = tree.home(node);
            for above in tree.ancestors(dir) {
                if std::mem::replace(&mut python.has_python[above.0 as usize], true) {
                    break;
                }
            }
            let Some(module) = module else { continue };
            python.modules.entry((dir, module)).or_insert(node);
            if Some(module) == init {
                python.inits[dir.0 as usize].get_or_insert(node);
            }
        }
        python.find_roots(tree);
        python
    }

    fn find_roots(&mut self, tree: &Tree) {
        let src = tree.id("src");
        let [packages, modules, others] = &mut self.elsewhere;
        for dir in tree.dirs().filter(|dir| self.has_python[dir.0 as usize]) {
            let Some(root) = tree.parent(dir) else { continue };
            if self.inits[root.0 as usize].is_none() {
                let is_package = self.inits[dir.0 as usize].is_some();
                let roots = if is_package { &mut *packages } else { &mut *others };
                roots.entry(tree.name(dir)).or_default().push(root);
            }
        }
        for (dir, name) in self.modules.keys() {
            if Some(tree.name(*dir)) == src && self.inits[dir.0 as usize].is_none() {
                modules.entry(*name).or_default().push(*dir);
            }
        }
        for roots in self.elsewhere.iter_mut().flat_map(FxHashMap::values_mut) {
            roots.sort_unstable_by_key(|root| tree.order(*root));
        }
    }

    fn is_package(&self, dir: DirId) -> bool {
        self.inits[dir.0 as usize].is_some()
    }

    /// Roots for the first names of the paths that files in a directory import are looked up once.
    pub fn learn(&mut self, tree: &Tree, dir: DirId, specifier: &str) {
        let Some(first) = tree.id(first_name(specifier)) else { return };
        if !self.known.contains_key(&(dir, first)) {
            let roots = self.roots(tree, dir, first);
            self.known.insert((dir, first), roots);
        }
    }

    /// The file that the specifier means in this file.
    pub fn target(&self, tree: &Tree, file: u32, specifier: &str) -> Option<u32> {
        let (dir, _) = tree.home(file);
        let path = specifier.trim_start_matches('.');
        let dots = specifier.len() - path.len();
        if dots > 0 {
            let base = tree.ancestors(dir).nth(dots - 1)?;
            return match path {
                "" => self.inits[base.0 as usize],
                path => self.reached(tree, base, path).filter(|reached| is_whole(reached, path))?.file,
            };
        }
        let first = tree.id(first_name(path))?;
        let found;
        let roots = match self.known.get(&(dir, first)) {
            Some(roots) => roots,
            None => {
                found = self.roots(tree, dir, first);
                &found
            }
        };
        let rank = |reached: &Reached| (reached.depth, reached.file.is_some());
        let mut best: Option<Reached> = None;
        let (mut tied, mut best_is_elsewhere) = (false, false);
        let elsewhere = roots.elsewhere.iter().map(|root| (root, true));
        for (root, is_elsewhere) in roots.above.iter().map(|root| (root, false)).chain(elsewhere) {
            let Some(reached) = self.reached(tree, *root, path) else { continue };
            // A script called as a module of the standard library does not mean itself.
            if reached.file == Some(file) && reached.depth == 1 && !self.is_init(tree, file) {
                continue;
            }
            match best.as_ref().map(|best| rank(&reached).cmp(&rank(best))) {
                None | Some(Ordering::Greater) => {
                    (best, tied, best_is_elsewhere) = (Some(reached), false, is_elsewhere);
                }
                Some(Ordering::Equal) => tied |= best_is_elsewhere,
                Some(Ordering::Less) => {}
            }
        }
        best.filter(|best| !tied && is_whole(best, path))?.file
    }

    /// The `__init__` of the package that the file is a module of, and the name of the file in it.
    pub fn package<'t>(&self, tree: &'t Tree, file: u32) -> Option<(u32, &'t str)> {
        let (dir, name) = tree.home(file);
        let (dir, name) = match self.is_init(tree, file) {
            true => (tree.parent(dir)?, tree.text(tree.name(dir))),
            false => (dir, tree.text(name).rsplit_once('.').map_or(tree.text(name), |(stem, _)| stem)),
        };
        Some((self.inits[dir.0 as usize]?, name))
    }

    fn is_init(&self, tree: &Tree, file: u32) -> bool {
        let (dir, _) = tree.home(file);
        self.inits[dir.0 as usize] == Some(file)
    }

    /// Where the path leads from a root; `None` when its first name is not there.
    fn reached(&self, tree: &Tree, root: DirId, path: &str) -> Option<Reached> {
        let mut reached = None;
        let mut dir = root;
        for (index, part) in path.split('.').enumerate() {
            let Some(name) = tree.id(part) else { break };
            let below = tree.dir_in(dir, name).filter(|dir| self.has_python[dir.0 as usize]);
            let package = below.and_then(|dir| self.inits[dir.0 as usize]);
            let module = package.or_else(|| self.modules.get(&(dir, name)).copied());
            if module.is_none() && below.is_none() {
                break;
            }
            reached = Some(Reached { depth: index + 1, file: module });
            // A module has no modules in it, but a directory of its name may be there instead.
            let Some(below) = below else { break };
            dir = below;
        }
        reached
    }

    /// Where modules whose path begins with this name may lie for files in `dir`, in the order of their claim.
    fn roots(&self, tree: &Tree, dir: DirId, first: NameId) -> Roots {
        let mut roots = Roots::default();
        let mut others: SmallVec<[DirId; 2]> = SmallVec::new();
        for root in tree.ancestors(dir).filter(|above| !self.is_package(*above)) {
            let below = tree.dir_in(root, first).filter(|dir| self.has_python[dir.0 as usize]);
            if below.is_some_and(|dir| self.is_package(dir)) || self.modules.contains_key(&(root, first)) {
                roots.above.push(root);
            } else if below.is_some() {
                others.push(root);
            }
        }
        if roots.above.is_empty() {
            let elsewhere = self.elsewhere.iter().find_map(|roots| roots.get(&first));
            let nearest = elsewhere.map_or(&[][..], |roots| tree.nearest(roots, dir));
            if nearest.len() <= MAX_TIED {
                roots.elsewhere.extend(nearest.iter().copied().filter(|root| !others.contains(root)));
            }
        }
        roots.above.extend(others);
        roots
    }
}

pub(super) fn first_name(path: &str) -> &str {
    path.split('.').next().unwrap_or_default()
}

fn is_whole(reached: &Reached, path: &str) -> bool {
    reached.depth == memchr::memchr_iter(b'.', path.as_bytes()).count() + 1
}
