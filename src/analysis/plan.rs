//! All files of a project, whether they are looked at or not, and how they import each other.

use super::Triage;
use crate::ir::{FileId, ModuleId, Name};
use crate::lang;
use crate::resolve::Links;
use crate::resolve::graph::{Graph, Node};
use crate::source::Language;
use crate::source::manifest::Manifests;
use rustc_hash::FxHashMap;

/// What a look at a text says before it is parsed.
#[derive(Clone, Debug, Default)]
pub struct Glance {
    /// Something can be acquired in it.
    pub relevant: bool,
    /// It can start something on another thread.
    pub threads: bool,
    /// It imports a framework that keeps a connection for each thread.
    pub ambient: bool,
    /// What it may import, as [`lang::imports`] has it.
    pub imports: Vec<Name>,
}

impl Glance {
    pub fn new(triage: &Triage<'_>, language: Language, text: &str) -> Self {
        let imports = lang::imports(language, text);
        Glance {
            relevant: triage.keeps(language, text),
            threads: triage.threads.any_in(language, &imports),
            ambient: triage.ambient.any_in(language, &imports),
            imports,
        }
    }
}

/// A file that was found.
#[derive(Clone, Debug)]
pub struct Listed {
    /// As shown to the user.
    pub path: String,
    pub language: Language,
    pub glance: Glance,
}

/// See the module's documentation. Ids are positions in the list of files.
pub struct Plan {
    pub(super) graph: Graph,
    files: Vec<Listed>,
    /// Per file: it is there to gather what others have.
    gathering: Vec<bool>,
    /// Some file imports a framework that keeps a connection for each thread.
    ambient: bool,
    /// The project has files that are not listed.
    partial: bool,
}

impl Plan {
    /// `files` are all that were found, in the order of their ids. `partial`: the project has others, which may import them.
    pub fn new(files: Vec<Listed>, manifests: &Manifests, triage: &Triage<'_>, partial: bool) -> Plan {
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
        let gathering = files.iter().map(|file| {
            let name = file.path.rsplit('/').next().unwrap_or_default();
            triage.gathers(file.language, name.split('.').next().unwrap_or_default())
        });
        let gathering = gathering.collect();
        let ambient = files.iter().any(|file| file.glance.ambient);
        Plan { graph, files, gathering, ambient, partial }
    }

    pub(super) fn len(&self) -> usize {
        self.files.len()
    }

    pub(super) fn files(&self) -> impl Iterator<Item = FileId> + use<> {
        (0..self.files.len() as u32).map(FileId)
    }

    fn listed(&self, file: FileId) -> &Listed {
        &self.files[file.0 as usize]
    }

    pub(super) fn path(&self, file: FileId) -> &str {
        &self.listed(file).path
    }

    pub(super) fn language(&self, file: FileId) -> Language {
        self.listed(file).language
    }

    pub(super) fn is_relevant(&self, file: FileId) -> bool {
        let glance = &self.listed(file).glance;
        glance.relevant || (self.ambient && glance.threads)
    }

    pub(super) fn is_ambient(&self) -> bool {
        self.ambient
    }

    /// How many files can acquire something.
    pub fn relevant(&self) -> usize {
        self.files.iter().filter(|file| file.glance.relevant).count()
    }

    /// The file is there to gather what others have.
    pub(super) fn gathers(&self, file: FileId) -> bool {
        self.gathering[file.0 as usize]
    }

    /// How modules lead to each other that are analysed together, in this order.
    pub(super) fn links(&self, unit: &[FileId]) -> Links {
        let mut links = Links::default();
        let modules: FxHashMap<FileId, ModuleId> =
            unit.iter().enumerate().map(|(i, file)| (*file, ModuleId(i as u32))).collect();
        for (file, from) in unit.iter().zip((0..).map(ModuleId)) {
            for specifier in &self.listed(*file).glance.imports {
                let target = self.graph.target(*file, specifier);
                match target.map(|target| (modules.get(&target), target)) {
                    Some((Some(to), _)) => links.add(from, *specifier, *to),
                    Some((None, file)) => links.add_outside(from, *specifier, file),
                    None => {}
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
