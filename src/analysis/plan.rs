//! Which files are looked at, and which of them together.
//!
//! A file is *relevant* when it names a library or global of the catalogue: nothing can be acquired without one. What it acquires may be
//! released, kept or passed on in the files that import it and in those that it imports. How far that is followed is part of what a finding
//! means, like the number of functions and classes that a resource is followed through: **up to [`UP`] files that import a relevant one, one
//! from the other, and down to the files that these import directly.** A file that only gathers others (`index.ts`, `__init__.py`) is no
//! step of its own. Files that are further away are not read twice and not parsed at all, unless they are relevant themselves.
//!
//! Files that are looked at and connected through imports form one unit: one [`crate::ir::Program`].

use super::Triage;
use crate::ir::{FileId, ModuleId, Name};
use crate::lang;
use crate::resolve::Links;
use crate::resolve::graph::{Graph, Node};
use crate::source::Language;
use crate::source::manifest::Manifests;
use rustc_hash::FxHashMap;

/// Importers followed from one to the next.
const UP: u8 = 2;

/// What a look at a text says before it is parsed.
#[derive(Clone, Debug, Default)]
pub struct Glance {
    /// Something can be acquired in it.
    pub relevant: bool,
    /// What it may import, as [`lang::imports`] has it.
    pub imports: Vec<Name>,
}

impl Glance {
    pub fn new(triage: &Triage<'_>, language: Language, text: &str) -> Self {
        Glance { relevant: triage.keeps(language, text), imports: lang::imports(language, text) }
    }
}

/// A file that was found, whether it is looked at or not.
#[derive(Clone, Debug)]
pub struct Listed {
    /// As shown to the user.
    pub path: String,
    pub language: Language,
    pub glance: Glance,
}

/// See the module's documentation. Ids are positions in the list of files.
pub struct Plan {
    graph: Graph,
    imports: Vec<Vec<Name>>,
    /// The files that are analysed together, imported ones first where imports do not go round in circles.
    units: Vec<Vec<FileId>>,
    /// Not all files of the project may be known: only some were named.
    partial: bool,
}

impl Plan {
    /// `files` are all that were found, in the order of their ids. `partial`: the project has others, which may import them.
    /// `all`: look at every file.
    pub fn new(files: Vec<Listed>, manifests: &Manifests, triage: &Triage<'_>, partial: bool, all: bool) -> Plan {
        let nodes: Vec<Node<'_>> = files
            .iter()
            .enumerate()
            .map(|(i, file)| Node {
                id: FileId(i as u32),
                path: &file.path,
                language: file.language,
                imports: &file.glance.imports,
            })
            .collect();
        let graph = Graph::new(&nodes, manifests, &|language, name| triage.is_library(language, name));
        let together = horizon(&files, &graph);
        let units = units(&together, &graph, all);
        Plan { graph, imports: files.into_iter().map(|file| file.glance.imports).collect(), units, partial }
    }

    pub fn units(&self) -> &[Vec<FileId>] {
        &self.units
    }

    /// The files that are looked at.
    pub fn wanted(&self) -> impl Iterator<Item = FileId> + '_ {
        self.units.iter().flatten().copied()
    }

    /// How the modules of a unit, in this order, lead to each other.
    pub fn links(&self, unit: &[FileId]) -> Links {
        let mut links = Links::default();
        let modules: FxHashMap<FileId, ModuleId> =
            unit.iter().enumerate().map(|(i, file)| (*file, ModuleId(i as u32))).collect();
        for (file, from) in unit.iter().zip((0..).map(ModuleId)) {
            for specifier in &self.imports[file.0 as usize] {
                let target = self.graph.target(*file, specifier);
                if let Some(to) = target.and_then(|target| modules.get(&target)) {
                    links.add(from, specifier.clone(), *to);
                }
            }
            if let Some((package, name)) = self.graph.package(*file)
                && let Some(package) = modules.get(&package)
            {
                links.add_submodule(*package, name, from);
            }
            let known = |importer: &FileId| modules.contains_key(importer);
            if self.partial || !self.graph.importers(*file).iter().all(known) {
                links.open(from);
            }
        }
        links
    }
}

/// For each file whether it is within reach of what matters.
fn horizon(files: &[Listed], graph: &Graph) -> Vec<bool> {
    let gathers: Vec<bool> = files
        .iter()
        .map(|file| {
            let name = file.path.rsplit('/').next().unwrap_or_default();
            matches!(name.split('.').next(), Some("index" | "__init__"))
        })
        .collect();
    let relevant = (0..files.len()).filter(|i| files[*i].glance.relevant).map(|i| FileId(i as u32));
    let above = spread(files.len(), relevant, UP, &gathers, |file| graph.importers(file));
    let near = (0..files.len()).filter(|i| above[*i]).map(|i| FileId(i as u32));
    spread(files.len(), near, 1, &gathers, |file| graph.imports(file))
}

/// The files of `from` and those within so many steps. Going on from a file that gathers others costs none.
fn spread<'g>(
    count: usize,
    from: impl Iterator<Item = FileId>,
    steps: u8,
    gathers: &[bool],
    next: impl Fn(FileId) -> &'g [FileId],
) -> Vec<bool> {
    let mut left: Vec<Option<u8>> = vec![None; count];
    // From the files with the most steps left: each file is visited once per number of steps at most.
    let mut rounds: Vec<Vec<FileId>> = vec![Vec::new(); usize::from(steps) + 1];
    for file in from {
        left[file.0 as usize] = Some(steps);
        rounds[usize::from(steps)].push(file);
    }
    for budget in (0..=steps).rev() {
        let mut pending = std::mem::take(&mut rounds[usize::from(budget)]);
        while let Some(file) = pending.pop() {
            if left[file.0 as usize] != Some(budget) {
                continue;
            }
            for other in next(file) {
                let at = other.0 as usize;
                let rest = if gathers[at] { Some(budget) } else { budget.checked_sub(1) };
                if rest.is_some() && left[at] < rest {
                    left[at] = rest;
                    let rest = rest.unwrap_or_default();
                    if rest == budget { pending.push(*other) } else { rounds[usize::from(rest)].push(*other) }
                }
            }
        }
    }
    left.into_iter().map(|left| left.is_some()).collect()
}

/// Connected files that are looked at together, the largest units first; with `all`, each other file alone.
fn units(together: &[bool], graph: &Graph, all: bool) -> Vec<Vec<FileId>> {
    let mut unit_of: Vec<Option<usize>> = vec![None; together.len()];
    let mut count = 0;
    for start in 0..together.len() {
        if unit_of[start].is_some() || !(together[start] || all) {
            continue;
        }
        let mut pending = vec![FileId(start as u32)];
        unit_of[start] = Some(count);
        while let Some(file) = pending.pop().filter(|_| together[start]) {
            for other in graph.imports(file).iter().chain(graph.importers(file)) {
                let at = other.0 as usize;
                if together[at] && unit_of[at].is_none() {
                    unit_of[at] = Some(count);
                    pending.push(*other);
                }
            }
        }
        count += 1;
    }
    let mut units: Vec<Vec<FileId>> = vec![Vec::new(); count];
    for file in graph.order() {
        if let Some(unit) = unit_of[file.0 as usize] {
            units[unit].push(file);
        }
    }
    units.sort_by_key(|unit| (std::cmp::Reverse(unit.len()), unit.first().copied()));
    units
}
