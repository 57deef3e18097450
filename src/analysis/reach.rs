//! Which files are looked at, and which of them together.
//!
//! A file is *relevant* when it names a library or global of the catalogue: nothing can be acquired without one. What it acquires may be
//! released, kept or passed on in the files that import it and in those that it imports. How far that is followed is part of what a finding
//! means, like the number of functions and classes that a resource is followed through:
//!
//! 1. **Up**: files that import something *hot* ([`Interest`]) of a relevant file, and files that import something hot of these.
//! 2. **Down**: files from which the hot code found so far imports something that it mentions, what that code mentions in turn, and so on.
//!
//! A file that only gathers others (`index.ts`, `__init__.py`) is no step of its own. What is further away is not parsed at all.
//! Files that are looked at and connected through imports form one unit: one [`crate::ir::Program`].

use super::plan::Plan;
use super::{Lowered, Project, lower};
use crate::catalog::schema::Ecosystem;
use crate::catalog::{Catalog, Leads};
use crate::ir::{FileId, Name};
use crate::resolve::interest::Interest;
use crate::resolve::readings;
use aho_corasick::{AhoCorasick, AhoCorasickKind};
use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};
use std::collections::{BTreeSet, VecDeque};

/// Importers followed from one to the next.
const UP: usize = 2;

/// How often a module is asked what is hot in it after others changed. Imported ones are asked first, so that more than once is needed
/// only where imports go round in circles.
const ROUNDS: usize = 3;

/// A file that is looked at.
struct Reached {
    lowered: Lowered,
    /// `None`: it could not be lowered.
    interest: Option<Interest>,
}

struct Reach<'p> {
    project: &'p Project<'p>,
    leads: [(Ecosystem, Leads<'p>); 2],
    progress: &'p (dyn Fn() + Sync),
    files: FxHashMap<FileId, Reached>,
    /// Position in the order of imports.
    rank: Vec<u32>,
    /// Members whose code is known to be needed, and their distance from what is hot.
    said: FxHashMap<(FileId, Option<String>), u8>,
}

/// Code that is needed: a member of a file, or without one, what is hot in it.
#[derive(Clone)]
struct Needed {
    file: FileId,
    member: Option<String>,
    /// Definitions between it and what is hot.
    depth: u8,
}

/// The files to look at, in units: connected ones together, imported ones first where imports do not go round in circles; the largest unit
/// first. `all`: every other file, alone.
pub(super) fn units(
    project: &Project<'_>,
    catalog: &Catalog,
    all: bool,
    progress: &(dyn Fn() + Sync),
) -> Vec<Vec<Lowered>> {
    let plan = &project.plan;
    let mut rank = vec![0; plan.len()];
    for (at, file) in plan.graph.order().into_iter().enumerate() {
        rank[file.0 as usize] = at as u32;
    }
    let threads = plan.is_ambient();
    let leads = [Ecosystem::Python, Ecosystem::Npm].map(|of| (of, Leads::new(catalog.of(of), threads)));
    let mut reach = Reach { project, leads, progress, files: FxHashMap::default(), rank, said: FxHashMap::default() };
    let relevant: Vec<FileId> = plan.files().filter(|file| plan.is_relevant(*file)).collect();
    reach.add(relevant.clone());
    reach.settle(&relevant);
    let mut from = relevant;
    for _ in 0..UP {
        from = reach.up(from);
    }
    reach.down();
    reach.into_units(all)
}

impl Reach<'_> {
    fn plan(&self) -> &Plan {
        &self.project.plan
    }

    /// Looks at files that were not looked at before.
    fn add(&mut self, mut new: Vec<FileId>) {
        new.sort();
        new.dedup();
        let reached: Vec<(FileId, Reached)> = new
            .into_par_iter()
            .filter(|file| !self.files.contains_key(file))
            .filter_map(|file| {
                let lowered = lower(&self.project.source(file)?);
                let ecosystem = super::ecosystem(self.plan().language(file));
                let (_, leads) = self.leads.iter().find(|(of, _)| *of == ecosystem)?;
                let interest = lowered.module.as_ref().map(|module| Interest::new(module, leads));
                (self.progress)();
                Some((file, Reached { lowered, interest }))
            })
            .collect();
        self.files.extend(reached);
    }

    fn interest(&self, file: FileId) -> Option<&Interest> {
        self.files.get(&file)?.interest.as_ref()
    }

    /// The file and the member of it that an import of `path` in `file` names.
    fn target<'n>(&self, file: FileId, path: &'n str) -> Option<(FileId, &'n str)> {
        readings(path).find_map(|(specifier, members)| {
            let target = self.plan().graph.target(file, specifier)?;
            Some((target, members.split('.').find(|member| !member.is_empty()).unwrap_or_default()))
        })
    }

    /// How far what an import of `path` in `file` binds is from what acquires.
    fn level(&self, file: FileId, path: &str) -> Option<u8> {
        let (target, member) = self.target(file, path)?;
        self.level_in(target, member, &mut Vec::new())
    }

    fn level_in(&self, file: FileId, member: &str, passed: &mut Vec<FileId>) -> Option<u8> {
        let interest = self.interest(file).filter(|_| !passed.contains(&file))?;
        passed.push(file);
        let others = interest.passes_on().iter().filter_map(|specifier| {
            let target = self.plan().graph.target(file, specifier)?;
            self.level_in(target, member, passed)
        });
        others.chain(interest.level_of(member)).min()
    }

    /// Lets modules tell each other what is hot, from the `new` ones on.
    fn settle(&mut self, new: &[FileId]) {
        let mut due: BTreeSet<(u32, FileId)> = new.iter().map(|file| (self.rank[file.0 as usize], *file)).collect();
        let mut asked: FxHashMap<FileId, usize> = FxHashMap::default();
        while let Some((_, file)) = due.pop_first() {
            let times = asked.entry(file).or_default();
            *times += 1;
            if *times > ROUNDS {
                continue;
            }
            let Some(mut reached) = self.files.remove(&file) else { continue };
            let mut changed = false;
            if let (Some(interest), Some(module)) = (&mut reached.interest, &reached.lowered.module) {
                changed = interest.settle(module, &|path| self.level(file, path));
            }
            self.files.insert(file, reached);
            if changed {
                self.tell_importers(file, &mut due);
            }
        }
    }

    /// Who imports the file, itself or through those that pass all names on, is due.
    fn tell_importers(&self, file: FileId, due: &mut BTreeSet<(u32, FileId)>) {
        let mut pending = vec![file];
        let mut seen = FxHashSet::from_iter([file]);
        while let Some(file) = pending.pop() {
            for importer in self.plan().graph.importers(file) {
                let Some(interest) = self.interest(*importer).filter(|_| seen.insert(*importer)) else { continue };
                due.insert((self.rank[importer.0 as usize], *importer));
                if !interest.passes_on().is_empty() {
                    pending.push(*importer);
                }
            }
        }
    }

    /// Adds the files that import something hot of the files `from`, and gives them.
    fn up(&mut self, mut from: Vec<FileId>) -> Vec<FileId> {
        let mut added: Vec<FileId> = Vec::new();
        let mut asked: FxHashSet<FileId> = FxHashSet::default();
        loop {
            let mut found: Vec<FileId> = Vec::new();
            for file in from.drain(..) {
                if self.interest(file).is_some_and(passes_something) {
                    let importers = self.plan().graph.importers(file).iter();
                    found.extend(importers.filter(|importer| !self.files.contains_key(importer)));
                }
            }
            found.retain(|file| asked.insert(*file));
            let mut found: Vec<FileId> = found.into_par_iter().filter(|file| self.may_name_hot(*file)).collect();
            if found.is_empty() {
                return added;
            }
            self.add(found.clone());
            self.settle(&found);
            // What names nothing hot after all is no nearer than before.
            found.retain(|file| {
                let near =
                    self.interest(*file).is_some_and(|interest| interest.is_warm() || passes_something(interest));
                if !near {
                    self.files.remove(file);
                }
                near
            });
            // Whoever imports one that gathers is as near as the one that gathers.
            from.extend(found.iter().filter(|file| self.plan().gathers(**file)));
            added.extend(found);
        }
    }

    /// The text of the file has a name that is hot in one that it imports.
    fn may_name_hot(&self, file: FileId) -> bool {
        let imported = self.plan().graph.imports(file).iter().filter_map(|target| self.interest(*target));
        let imported: Vec<&Interest> = imported.filter(|interest| passes_something(interest)).collect();
        if imported.iter().any(|interest| interest.is_hot_unnamed() || !interest.passes_on().is_empty()) {
            return true;
        }
        let names = imported.iter().flat_map(|interest| interest.hot()).map(Name::as_str);
        let names = AhoCorasick::builder().kind(Some(AhoCorasickKind::NoncontiguousNFA)).build(names);
        let (Ok(names), Some(source)) = (names, self.project.source(file)) else { return true };
        self.plan().gathers(file) || names.is_match(source.text.as_ref())
    }

    /// Finds the code that is needed: what is hot, and what such code mentions, also in files that were not looked at before.
    fn down(&mut self) {
        let mut pending: VecDeque<Needed> =
            self.files.keys().map(|file| Needed { file: *file, member: None, depth: 0 }).collect();
        while !pending.is_empty() {
            let mut missing: Vec<Needed> = Vec::new();
            while let Some(item) = pending.pop_front() {
                for item in self.needed_by(&item) {
                    if self.files.contains_key(&item.file) { pending.push_back(item) } else { missing.push(item) }
                }
            }
            self.add(missing.iter().map(|item| item.file).collect());
            missing.retain(|item| self.files.contains_key(&item.file));
            pending = missing.into();
        }
    }

    /// What the code of `item` mentions in its turn, as far as that is nearer than what was said before.
    fn needed_by(&mut self, item: &Needed) -> Vec<Needed> {
        let Some(interest) = self.files.get_mut(&item.file).and_then(|reached| reached.interest.as_mut()) else {
            return Vec::new();
        };
        let mut paths = interest.keep(item.member.as_deref(), item.depth);
        let mut found: Vec<Needed> = Vec::new();
        if let Some(member) = &item.member {
            // The name may be one of another module.
            paths.extend(interest.import(member).map(|path| (*path, item.depth)));
            let passed = interest.passes_on().to_vec();
            let targets = passed.iter().filter_map(|specifier| self.plan().graph.target(item.file, specifier));
            found.extend(targets.map(|file| Needed { file, ..item.clone() }));
        }
        found.extend(paths.iter().filter_map(|(path, depth)| {
            let (file, member) = self.target(item.file, path)?;
            Some(Needed { file, member: Some(member.to_owned()), depth: *depth })
        }));
        found.retain(|item| {
            let known = self.said.entry((item.file, item.member.clone())).or_insert(u8::MAX);
            let nearer = item.depth < *known;
            *known = item.depth.min(*known);
            nearer
        });
        found
    }

    fn into_units(mut self, all: bool) -> Vec<Vec<Lowered>> {
        let mut order: Vec<FileId> = self.files.keys().copied().collect();
        order.sort_by_key(|file| self.rank[file.0 as usize]);
        let mut unit_of: FxHashMap<FileId, usize> = FxHashMap::default();
        let mut count = 0;
        for start in &order {
            if unit_of.contains_key(start) {
                continue;
            }
            let mut pending = vec![*start];
            unit_of.insert(*start, count);
            while let Some(file) = pending.pop() {
                for other in self.plan().graph.imports(file).iter().chain(self.plan().graph.importers(file)) {
                    if self.files.contains_key(other) && !unit_of.contains_key(other) {
                        unit_of.insert(*other, count);
                        pending.push(*other);
                    }
                }
            }
            count += 1;
        }
        if all {
            let others: Vec<FileId> = self.plan().files().filter(|file| !self.files.contains_key(file)).collect();
            self.add(others.clone());
            for file in others {
                unit_of.insert(file, count);
                order.push(file);
                count += 1;
            }
        }
        let mut units: Vec<Vec<Lowered>> = Vec::new();
        units.resize_with(count, Vec::new);
        for file in order {
            if let (Some(unit), Some(reached)) = (unit_of.get(&file), self.files.remove(&file)) {
                units[*unit].push(reached.lowered);
            }
        }
        units.sort_by_key(|unit| (std::cmp::Reverse(unit.len()), unit.first().map(|first| first.file)));
        units
    }
}

/// Something that others can import from it may be hot.
fn passes_something(interest: &Interest) -> bool {
    interest.is_hot() || !interest.passes_on().is_empty()
}
