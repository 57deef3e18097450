//! The directories and files of a project by name: what a disk would answer, without one.

use super::Node;
use crate::ir::Name;
use rustc_hash::FxHashMap;

/// A directory, by its place in [`Tree::dirs`].
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Default)]
pub(super) struct DirId(pub u32);

/// A name of a directory or file.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) struct NameId(u32);

pub(super) const TOP: DirId = DirId(0);

/// Where relative paths start; below it, a directory for each `..` that the paths of the project begin with.
const RELATIVE: &str = "project";
const UP: &str = "up";
/// Where absolute paths start.
const ABSOLUTE: &str = "absolute";

struct Dir {
    parent: DirId,
    name: NameId,
    /// A directory that lies in this one has its `enter` in this range.
    enter: u32,
    leave: u32,
}

#[derive(Default)]
pub(super) struct Tree {
    names: Vec<Name>,
    ids: FxHashMap<Name, NameId>,
    dirs: Vec<Dir>,
    children: FxHashMap<(DirId, NameId), DirId>,
    /// The place in the list of nodes.
    files: FxHashMap<(DirId, NameId), u32>,
    /// Of each node.
    homes: Vec<(DirId, NameId)>,
    working: DirId,
}

impl Tree {
    /// Of the nodes, and of the directories that hold the `others`.
    pub fn new(nodes: &[Node<'_>], others: &[&str]) -> Self {
        let mut tree = Tree {
            names: Vec::new(),
            ids: FxHashMap::default(),
            dirs: Vec::new(),
            children: FxHashMap::default(),
            files: FxHashMap::default(),
            homes: Vec::with_capacity(nodes.len()),
            working: TOP,
        };
        let name = tree.intern("");
        tree.dirs.push(Dir { parent: TOP, name, enter: 0, leave: 0 });
        let above = |path: &str| path.split('/').take_while(|part| *part == "..").count();
        let paths = nodes.iter().map(|node| node.path).chain(others.iter().copied());
        let depth = paths.map(above).max().unwrap_or(0);
        tree.working = tree.child(TOP, RELATIVE);
        for _ in 0..depth {
            tree.working = tree.child(tree.working, UP);
        }
        for (index, node) in nodes.iter().enumerate() {
            let home = tree.place(node.path);
            tree.homes.push(home);
            if let Some(module) = super::module_name(node) {
                tree.intern(module);
            }
            tree.files.entry(home).or_insert(index as u32);
        }
        for path in others {
            tree.place(path);
        }
        tree.number();
        tree
    }

    fn intern(&mut self, name: &str) -> NameId {
        if let Some(id) = self.ids.get(&Name::new(name)) {
            return *id;
        }
        let id = NameId(self.names.len() as u32);
        self.names.push(Name::new(name));
        self.ids.insert(Name::new(name), id);
        id
    }

    fn child(&mut self, dir: DirId, name: &str) -> DirId {
        let name = self.intern(name);
        let next = DirId(self.dirs.len() as u32);
        let child = *self.children.entry((dir, name)).or_insert(next);
        if child == next {
            self.dirs.push(Dir { parent: dir, name, enter: 0, leave: 0 });
        }
        child
    }

    /// Makes the directories above a shown path.
    fn place(&mut self, path: &str) -> (DirId, NameId) {
        let mut dir = if path.starts_with('/') { self.child(TOP, ABSOLUTE) } else { self.working };
        let (above, name) = path.rsplit_once('/').unwrap_or(("", path));
        for part in above.split('/') {
            dir = match part {
                "" | "." => dir,
                ".." => self.parent(dir).unwrap_or(dir),
                part => self.child(dir, part),
            };
        }
        (dir, self.intern(name))
    }

    /// Numbers the directories so that those below one follow it.
    fn number(&mut self) {
        let mut below = vec![1; self.dirs.len()];
        // A directory comes after the one that it is in.
        for index in (1..self.dirs.len()).rev() {
            below[self.dirs[index].parent.0 as usize] += below[index];
        }
        let mut next: Vec<u32> = vec![1; self.dirs.len()];
        for (index, below) in below.into_iter().enumerate() {
            let parent = self.dirs[index].parent.0 as usize;
            let enter = if index == 0 { 0 } else { self.dirs[parent].enter + next[parent] };
            next[parent] += below;
            self.dirs[index].enter = enter;
            self.dirs[index].leave = enter + below;
        }
    }

    pub fn dirs(&self) -> impl Iterator<Item = DirId> + use<> {
        (0..self.dirs.len() as u32).map(DirId)
    }

    /// `None` above the top.
    pub fn parent(&self, dir: DirId) -> Option<DirId> {
        (dir != TOP).then(|| self.dirs[dir.0 as usize].parent)
    }

    /// The directory and all above it.
    pub fn ancestors(&self, dir: DirId) -> impl Iterator<Item = DirId> {
        std::iter::successors(Some(dir), |dir| self.parent(*dir))
    }

    pub fn name(&self, dir: DirId) -> NameId {
        self.dirs[dir.0 as usize].name
    }

    pub fn text(&self, name: NameId) -> &str {
        self.names.get(name.0 as usize).map_or("", Name::as_str)
    }

    /// A name that nothing in the project has is none.
    pub fn id(&self, name: &str) -> Option<NameId> {
        self.ids.get(&Name::new(name)).copied()
    }

    pub fn dir_in(&self, dir: DirId, name: NameId) -> Option<DirId> {
        self.children.get(&(dir, name)).copied()
    }

    pub fn file_in(&self, dir: DirId, name: NameId) -> Option<u32> {
        self.files.get(&(dir, name)).copied()
    }

    pub fn file_named(&self, dir: DirId, name: &str) -> Option<u32> {
        self.file_in(dir, self.id(name)?)
    }

    /// Directory and name of a node.
    pub fn home(&self, node: u32) -> (DirId, NameId) {
        self.homes[node as usize]
    }

    /// The directory that a path in a directory leads to.
    pub fn walk(&self, from: DirId, path: &str) -> Option<DirId> {
        path.split('/').try_fold(from, |dir, part| match part {
            "" | "." => Some(dir),
            ".." => self.parent(dir),
            part => self.dir_in(dir, self.id(part)?),
        })
    }

    /// The path from the top, with a slash before each name.
    pub fn path(&self, dir: DirId) -> String {
        let mut parts: Vec<&str> = self.ancestors(dir).map(|dir| self.text(self.name(dir))).collect();
        parts.reverse();
        if parts.len() == 1 { "/".to_owned() } else { parts.join("/") }
    }

    /// Directory and file name of a shown path that was placed.
    pub fn find(&self, path: &str) -> Option<(DirId, NameId)> {
        let start = if path.starts_with('/') { self.dir_in(TOP, self.id(ABSOLUTE)?)? } else { self.working };
        let (above, name) = path.rsplit_once('/').unwrap_or(("", path));
        Some((self.walk(start, above)?, self.id(name)?))
    }

    /// Whether a directory is `above` or lies below it.
    pub fn contains(&self, above: DirId, dir: DirId) -> bool {
        let Dir { enter, leave, .. } = self.dirs[above.0 as usize];
        (enter..leave).contains(&self.order(dir))
    }

    /// A key to sort directories by for [`Tree::nearest`].
    pub fn order(&self, dir: DirId) -> u32 {
        self.dirs[dir.0 as usize].enter
    }

    /// Those of `candidates`, which are sorted by [`Tree::order`] and without duplicates, that share the longest path with `dir`.
    pub fn nearest<'c>(&self, candidates: &'c [DirId], dir: DirId) -> &'c [DirId] {
        for above in self.ancestors(dir) {
            let Dir { enter, leave, .. } = self.dirs[above.0 as usize];
            let start = candidates.partition_point(|candidate| self.order(*candidate) < enter);
            let end = candidates.partition_point(|candidate| self.order(*candidate) < leave);
            let found = candidates.get(start..end).unwrap_or_default();
            match found.first() {
                None => {}
                // The directory itself is nearer than what is in it.
                Some(first) if *first == above => return &found[..1],
                Some(_) => return found,
            }
        }
        &[]
    }
}
