//! Catalogue files to facts. Every error points into the file.

mod symbols;

use super::facts::{AcquireFact, Parent, Release, Resource, SymbolFacts, TypeFacts, TypeId, VersionRange};
use super::matcher::{Catalog, EcosystemFacts};
use super::path::{AccessPath, check_dotted, check_name};
use super::schema::{self, Acquire, AcquireOn, ArgCondition, ArgIs, CatalogFile, Ecosystem, PlainType, Role, With};
use crate::ir::Name;
use rustc_hash::{FxHashMap, FxHashSet};
use semver::VersionReq;
use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;
use toml::de::{DeTable, DeValue};

/// Something wrong in a catalogue file.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct CatalogError {
    /// The name under which the file was given.
    pub file: String,
    /// Line and column (in characters), both from 1; absent when the mistake has no place, such as an empty file.
    pub at: Option<(u32, u32)>,
    pub message: String,
}

impl fmt::Display for CatalogError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.at {
            Some((line, column)) => write!(f, "{}:{line}:{column}: {}", self.file, self.message),
            None => write!(f, "{}: {}", self.file, self.message),
        }
    }
}

impl std::error::Error for CatalogError {}

/// Reads one file without looking at what its names mean.
pub fn parse(file: &str, text: &str) -> Result<CatalogFile, CatalogError> {
    toml::from_str(text).map_err(|error| CatalogError {
        file: file.to_owned(),
        at: error.span().map(|span| position(text, span.start)),
        message: error.message().trim_end().to_owned(),
    })
}

impl Catalog {
    /// Loads files, each given as (name, text). The order of the files decides the order of types and facts.
    ///
    /// # Errors
    /// All mistakes of all files, sorted by file and position; when a file cannot be read, only those of reading.
    pub fn from_sources(sources: &[(String, String)]) -> Result<Catalog, Vec<CatalogError>> {
        Catalog::default().extended(sources)
    }

    /// This catalogue and these files, which may name the types of this catalogue. Type ids of this one stay valid.
    ///
    /// # Errors
    /// As [`Catalog::from_sources`].
    pub fn extended(&self, sources: &[(String, String)]) -> Result<Catalog, Vec<CatalogError>> {
        let mut files = Vec::with_capacity(sources.len());
        let mut errors = Vec::new();
        for (name, text) in sources {
            match parse(name, text) {
                Ok(file) => files.push(file),
                Err(error) => errors.push(error),
            }
        }
        if !errors.is_empty() {
            errors.sort();
            return Err(errors);
        }
        let mut catalog = self.clone();
        let mut mistakes = catalog.add_deployments(sources.iter().map(|(name, _)| name.as_str()).zip(&files));
        let deployments: FxHashSet<Name> = catalog.deployments().iter().map(|known| known.id).collect();
        for ecosystem in [Ecosystem::Python, Ecosystem::Npm, Ecosystem::Cargo] {
            let files = || sources.iter().zip(&files).filter(|(_, file)| file.library.ecosystem == ecosystem);
            let facts = catalog.of_mut(ecosystem);
            let mut loader = Loader::new(std::mem::take(facts), &deployments);
            for ((name, _), file) in files() {
                loader.enter(name);
                loader.declare(file);
            }
            for ((name, _), file) in files() {
                loader.enter(name);
                loader.define(file.clone());
            }
            mistakes.extend(loader.mistakes);
            *facts = loader.catalog;
        }
        if mistakes.is_empty() {
            return Ok(catalog);
        }
        let mut errors = locate(&mistakes, sources);
        errors.sort();
        Err(errors)
    }

    /// Takes over what the files, by name, say about where code runs.
    fn add_deployments<'f>(&mut self, files: impl Iterator<Item = (&'f str, &'f CatalogFile)>) -> Vec<Mistake> {
        let mut mistakes = Vec::new();
        for (name, file) in files {
            for (i, deployment) in file.deployments.iter().enumerate() {
                if self.deployments().iter().any(|known| known.id == deployment.id) {
                    let message = format!("deployment `{}` is already defined", deployment.id);
                    mistakes.push(Mistake { file: Name::new(name), trail: format!("deployment.{i}.id"), message });
                } else {
                    self.add_deployment(deployment.clone());
                }
            }
        }
        mistakes
    }
}

/// A mistake before its position is known; `trail` leads to it: `resource.2.acquire.0`.
struct Mistake {
    file: Name,
    trail: String,
    message: String,
}

struct Loader<'d> {
    /// Ids of what shows where code runs.
    deployments: &'d FxHashSet<Name>,
    catalog: EcosystemFacts,
    ids: FxHashMap<Name, TypeId>,
    libraries: FxHashSet<Name>,
    /// Classes whose instances belong to a type whatever the arguments.
    classes: FxHashMap<Name, Vec<TypeId>>,
    /// Which file of this run states the conventions of the language.
    language: Option<Name>,
    /// The file being loaded.
    file: Name,
    mistakes: Vec<Mistake>,
}

impl<'d> Loader<'d> {
    fn new(catalog: EcosystemFacts, deployments: &'d FxHashSet<Name>) -> Self {
        let ids = (0..).map(TypeId).zip(&catalog.types).map(|(id, facts)| (facts.id, id)).collect();
        let libraries = catalog.libraries().cloned().collect();
        Loader {
            deployments,
            catalog,
            ids,
            libraries,
            classes: FxHashMap::default(),
            language: None,
            file: Name::default(),
            mistakes: Vec::new(),
        }
    }

    fn enter(&mut self, file: &str) {
        self.file = Name::new(file);
    }

    fn mistake(&mut self, trail: &str, message: impl Into<String>) {
        self.mistakes.push(Mistake { file: self.file, trail: trail.to_owned(), message: message.into() });
    }

    /// Gives every type of a file its id, so that files may refer to each other in any order.
    fn declare(&mut self, file: &CatalogFile) {
        let library = &file.library;
        if library.name.is_empty() {
            self.mistake("library.name", "the library's name is empty");
        } else if !self.libraries.insert(library.name) {
            self.mistake("library.name", format!("library `{}` is already defined", library.name));
        }
        self.catalog.add_library(&library.name);
        for (i, word) in library.imports.iter().enumerate() {
            let check = if library.ecosystem == Ecosystem::Npm { check_dotted } else { check_name };
            if let Err(error) = check(word) {
                self.mistake(&format!("library.imports.{i}"), format!("import word `{word}` {error}"));
            }
            self.catalog.add_import(word);
        }
        for (i, word) in library.globals.iter().enumerate() {
            if let Err(error) = check_name(word) {
                self.mistake(&format!("library.globals.{i}"), format!("global name `{word}` {error}"));
            }
            self.catalog.add_global(word);
        }
        for (i, resource) in file.resources.iter().enumerate() {
            let versions = resource.versions.as_ref().and_then(|text| {
                let range = text.parse::<VersionReq>();
                let wrong = |error| self.mistake(&format!("resource.{i}.versions"), format!("`{text}`: {error}"));
                range.map_err(wrong).ok().map(|range| VersionRange { range, packages: library.packages.clone() })
            });
            if versions.is_some() && library.packages.is_empty() {
                self.mistake(
                    &format!("resource.{i}.versions"),
                    "`versions` are those of the library's `packages`, which it has none of",
                );
            } else if versions.is_some() {
                library.packages.iter().for_each(|package| self.catalog.add_versioned(package));
            }
            self.declare_type(&resource.id, &format!("resource.{i}.id"), file, versions);
        }
        for (i, plain) in file.types.iter().enumerate() {
            self.declare_type(&plain.id, &format!("type.{i}.id"), file, None);
        }
    }

    fn declare_type(&mut self, id: &Name, trail: &str, file: &CatalogFile, versions: Option<VersionRange>) {
        if let Err(error) = check_dotted(id) {
            return self.mistake(trail, format!("id `{id}` {error}"));
        }
        if let Some(known) = self.ids.get(id) {
            let library = self.catalog.ty(*known).library;
            return self.mistake(trail, format!("id `{id}` is already defined by library `{library}`"));
        }
        let facts = TypeFacts {
            id: *id,
            library: file.library.name,
            ecosystem: file.library.ecosystem,
            store: file.library.store,
            versions,
            resource: None,
            attributes: BTreeMap::new(),
            teardown: Vec::new(),
            entries: Vec::new(),
        };
        let ty = self.catalog.add_type(facts);
        self.ids.insert(*id, ty);
    }

    fn define(&mut self, file: CatalogFile) {
        let released_elsewhere = file.symbols.iter().any(|symbol| symbol.role == Role::Releases);
        for (i, resource) in file.resources.into_iter().enumerate() {
            self.define_resource(resource, &format!("resource.{i}"), &file.library.docs, released_elsewhere);
        }
        for (i, plain) in file.types.into_iter().enumerate() {
            self.define_plain(plain, &format!("type.{i}"));
        }
        for (i, symbol) in file.symbols.into_iter().enumerate() {
            self.define_symbol(symbol, &file.library.packages, &format!("symbol.{i}"));
        }
        for (i, entry) in file.entries.into_iter().enumerate() {
            self.define_entry(entry, &format!("entry.{i}"));
        }
        for (i, setting) in file.settings.into_iter().enumerate() {
            if setting.keys.is_empty() {
                self.mistake(&format!("setting.{i}.keys"), "a setting needs at least one key");
            }
            self.catalog.settings.push(setting);
        }
        for (i, server) in file.servers.into_iter().enumerate() {
            if server.calls.is_empty() == server.variable.is_empty() {
                self.mistake(&format!("server.{i}"), "a server needs either `calls` or a `variable`");
            }
            self.catalog.servers.push(server);
        }
        if let Some(facts) = file.language {
            if let Some(other) = self.language.replace(self.file) {
                self.mistake("language", format!("{other} already states the conventions of this language"));
            }
            self.catalog.add_language(facts);
        }
    }

    fn define_resource(&mut self, resource: schema::Resource, trail: &str, docs: &str, released_elsewhere: bool) {
        let Some(ty) = self.ids.get(&resource.id).copied() else { return };
        if resource.noun.trim().is_empty() {
            self.mistake(&format!("{trail}.noun"), "the noun is empty: it is what messages call the thing");
        }
        if resource.types.is_empty() && resource.acquire.is_empty() {
            self.mistake(trail, "nothing makes it: it has neither `types` nor `acquire`");
        }
        if resource.release.is_empty() && resource.with != With::Releases && !released_elsewhere {
            let message = "nothing releases it: no `release`, `with` does not release, and no symbol of the file has role `releases`";
            self.mistake(trail, message);
        }
        let qualified = !resource.construct_when.is_empty() || resource.construct_on != AcquireOn::Call;
        if qualified && !resource.construct {
            self.mistake(trail, "`construct_when` and `construct_on` say nothing when `construct = false`");
        }
        self.check_conditions(&resource.construct_when, &format!("{trail}.construct_when"));
        for (i, path) in resource.types.iter().enumerate() {
            let trail = format!("{trail}.types.{i}");
            if !self.define_class(path, ty, !resource.construct_when.is_empty(), &trail) || !resource.construct {
                continue;
            }
            let fact = AcquireFact {
                resource: ty,
                when: resource.construct_when.clone(),
                on: resource.construct_on,
                callback: None,
            };
            self.add_acquire(path, fact, &trail);
        }
        for (i, acquire) in resource.acquire.into_iter().enumerate() {
            let (path, when, on, callback, trail) = match acquire {
                Acquire::Path(path) => (path, Vec::new(), AcquireOn::Call, None, format!("{trail}.acquire.{i}")),
                Acquire::Full(spec) => {
                    (spec.path, spec.when, spec.on, spec.callback, format!("{trail}.acquire.{i}.path"))
                }
            };
            self.check_conditions(&when, &format!("{}.when", trail.trim_end_matches(".path")));
            self.add_acquire(&path, AcquireFact { resource: ty, when, on, callback }, &trail);
        }
        let release = self.releases(resource.release, resource.r#async, &format!("{trail}.release"));
        for (i, entry) in resource.not_release.iter().enumerate() {
            let trail = format!("{trail}.not_release.{i}.call");
            self.check_step(&entry.call, &trail);
            if release.iter().any(|r| r.when.is_empty() && r.steps.len() == 1 && r.steps[0] == entry.call) {
                self.mistake(&trail, format!("`{}` is also listed under `release`", entry.call));
            }
        }
        self.define_makers(&resource.makers, ty, trail);
        let parent = resource.parent.and_then(|parent| {
            let id = self.resolve(&parent.id, &format!("{trail}.parent.id"))?;
            Some(Parent { ty: id, frees: parent.frees })
        });
        let attributes = self.attributes(resource.attributes, trail);
        let facts = &mut self.catalog.types[ty.0 as usize];
        facts.attributes = attributes;
        facts.resource = Some(Resource {
            noun: resource.noun,
            kind: resource.kind,
            release,
            not_release: resource.not_release,
            with: resource.with,
            r#async: resource.r#async,
            on_drop: resource.on_drop,
            connects: resource.connects,
            parent,
            pool: resource.pool,
            serverless: resource.serverless,
            keeps_process_alive: resource.keeps_process_alive,
            blocking: resource.blocking,
            shareable: resource.shareable,
            dedicated_by: resource.dedicated_by.clone(),
            quiet: resource.quiet,
            fluent: resource.fluent,
            parts: resource.parts,
            opens: resource.opens,
            rests: resource.rests,
            closed_test: resource.closed_test,
            open_test: resource.open_test,
            advice: resource.advice,
            advice_for_process: resource.advice_for_process,
            docs: docs.to_owned(),
        });
    }

    fn releases(&mut self, written: Vec<schema::Release>, is_async: bool, trail: &str) -> Vec<Release> {
        let mut out = Vec::with_capacity(written.len());
        for (i, release) in written.into_iter().enumerate() {
            let trail = format!("{trail}.{i}");
            let release = match release {
                schema::Release::Method(step) => {
                    self.check_step(&step, &trail);
                    Release { steps: vec![step], awaited: is_async, when: Vec::new() }
                }
                schema::Release::Full(spec) => {
                    if spec.steps.is_empty() {
                        self.mistake(&format!("{trail}.steps"), "a release needs at least one step");
                    }
                    for (j, step) in spec.steps.iter().enumerate() {
                        self.check_step(step, &format!("{trail}.steps.{j}"));
                    }
                    self.check_conditions(&spec.when, &format!("{trail}.when"));
                    Release { steps: spec.steps, awaited: spec.awaited.unwrap_or(is_async), when: spec.when }
                }
            };
            out.push(release);
        }
        out
    }

    fn define_plain(&mut self, plain: PlainType, trail: &str) {
        let Some(ty) = self.ids.get(&plain.id).copied() else { return };
        for (i, path) in plain.types.iter().enumerate() {
            self.define_class(path, ty, false, &format!("{trail}.types.{i}"));
        }
        self.define_makers(&plain.makers, ty, trail);
        let attributes = self.attributes(plain.attributes, trail);
        let facts = &mut self.catalog.types[ty.0 as usize];
        facts.attributes = attributes;
        facts.teardown = plain.teardown;
        facts.entries = plain.entries;
    }

    fn define_makers(&mut self, makers: &[Name], ty: TypeId, trail: &str) {
        for (i, path) in makers.iter().enumerate() {
            self.add_made(path, ty, &format!("{trail}.makers.{i}"));
        }
    }

    /// A class whose instances are `ty`, or may be when the claim is `conditional`. False when the path is no class path.
    fn define_class(&mut self, path: &Name, ty: TypeId, conditional: bool, trail: &str) -> bool {
        if path.contains('#') {
            self.mistake(trail, format!("`{path}` is a method; `types` names classes"));
            return false;
        }
        if !conditional {
            let others = self.classes.get(path).map_or(&[][..], Vec::as_slice);
            if let Some(other) = others.iter().find(|other| self.same_versions(**other, ty)) {
                let other = self.catalog.ty(*other).id;
                self.mistake(trail, format!("class `{path}` already belongs to `{other}`"));
            }
            self.classes.entry(*path).or_default().push(ty);
        }
        if !self.add_made(path, ty, trail) {
            return false;
        }
        self.catalog.add_class(path, ty);
        true
    }

    /// Both say how things are in the same versions: they cannot both be right.
    fn same_versions(&self, one: TypeId, other: TypeId) -> bool {
        let range = |ty| self.catalog.ty(ty).versions.as_ref().map(|versions| &versions.range);
        range(one) == range(other)
    }

    /// Calling it gives an instance of `ty`. False when the path is none.
    fn add_made(&mut self, path: &Name, ty: TypeId, trail: &str) -> bool {
        let Some(known) = self.facts(path, trail).map(|facts| facts.makes.clone()) else { return false };
        let made = self.catalog.claimed(&known, ty);
        if let Some(facts) = self.facts(path, trail) {
            facts.makes = made;
        }
        true
    }

    fn add_acquire(&mut self, path: &Name, fact: AcquireFact, trail: &str) {
        let Some(mut acquires) = self.facts(path, trail).map(|facts| std::mem::take(&mut facts.acquires)) else {
            return;
        };
        let rival = acquires.iter().find(|known| {
            known.callback.is_some() == fact.callback.is_some()
                && (known.when.is_empty() && fact.when.is_empty())
                && self.same_versions(known.resource, fact.resource)
        });
        if let Some(rival) = rival.map(|known| known.resource) {
            let other = self.catalog.ty(rival).id;
            self.mistake(trail, format!("`{path}` already acquires `{other}` without conditions"));
        } else {
            if fact.callback.is_none() {
                self.add_made(path, fact.resource, trail);
            }
            // First those that are for some versions: the one without is for the rest.
            let any_version = |known: &AcquireFact| self.catalog.ty(known.resource).versions.is_none();
            let rest = acquires.iter().position(any_version).filter(|_| !any_version(&fact));
            acquires.insert(rest.unwrap_or(acquires.len()), fact);
        }
        if let Some(facts) = self.facts(path, trail) {
            facts.acquires = acquires;
        }
    }

    /// The entry of a callable, made when it is new.
    fn facts(&mut self, path: &Name, trail: &str) -> Option<&mut SymbolFacts> {
        match AccessPath::parse(path) {
            Err(error) => {
                self.mistake(trail, format!("path `{path}` {error}"));
                None
            }
            Ok(AccessPath::Function(path)) => Some(self.catalog.function_mut(path)),
            Ok(AccessPath::Method { ty, name }) => {
                let ty = self.resolve(ty, trail)?;
                Some(self.catalog.method_mut(ty, name))
            }
        }
    }

    fn resolve(&mut self, id: &str, trail: &str) -> Option<TypeId> {
        let found = self.ids.get(&Name::new(id)).copied();
        if found.is_none() {
            self.mistake(trail, format!("no resource or type has the id `{id}`"));
        }
        found
    }

    fn attributes<M>(&mut self, written: M, trail: &str) -> BTreeMap<Name, TypeId>
    where
        M: IntoIterator<Item = (Name, Name)>,
    {
        let mut out = BTreeMap::new();
        for (attribute, id) in written {
            if let Some(ty) = self.resolve(&id, &format!("{trail}.attributes.{attribute}")) {
                out.insert(attribute, ty);
            }
        }
        out
    }

    fn check_step(&mut self, step: &Name, trail: &str) {
        if let Err(error) = check_dotted(step) {
            self.mistake(trail, format!("method `{step}` {error}"));
        }
    }

    fn check_conditions(&mut self, conditions: &[ArgCondition], trail: &str) {
        for (i, condition) in conditions.iter().enumerate() {
            if let Err(error) = check_name(&condition.arg) {
                let message = format!("argument `{}` {error}; write a keyword or a position from 0", condition.arg);
                self.mistake(&format!("{trail}.{i}.arg"), message);
            }
            if matches!(&condition.is, ArgIs::Value(text) | ArgIs::Not(text) if text.is_empty()) {
                self.mistake(&format!("{trail}.{i}.is"), "the condition is empty");
            }
        }
    }
}

fn locate(mistakes: &[Mistake], sources: &[(String, String)]) -> Vec<CatalogError> {
    let mut documents: FxHashMap<&str, _> = FxHashMap::default();
    let mut out = Vec::with_capacity(mistakes.len());
    for mistake in mistakes {
        let text =
            sources.iter().find(|(name, _)| *name == mistake.file.as_str()).map_or("", |(_, text)| text.as_str());
        let document = documents.entry(mistake.file.as_str()).or_insert_with(|| DeTable::parse(text).ok());
        let span = document.as_ref().and_then(|table| span_of(table.get_ref(), &mistake.trail));
        out.push(CatalogError {
            file: mistake.file.to_string(),
            at: span.map(|span| position(text, span.start)),
            message: mistake.message.clone(),
        });
    }
    out
}

/// Where the value at the end of the trail stands; when the trail goes on further than the file, the last thing on it.
fn span_of(table: &DeTable<'_>, trail: &str) -> Option<Range<usize>> {
    let mut segments = trail.split('.');
    let mut value = table.get(segments.next()?)?;
    for segment in segments {
        let next = match value.get_ref() {
            DeValue::Table(table) => table.get(segment),
            DeValue::Array(array) => segment.parse::<usize>().ok().and_then(|i| array.get(i)),
            _ => None,
        };
        match next {
            Some(next) => value = next,
            None => break,
        }
    }
    Some(value.span())
}

/// Line and column, both from 1; the column counts characters.
fn position(text: &str, offset: usize) -> (u32, u32) {
    let before = text.get(..offset).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or("").chars().count() + 1;
    (u32::try_from(line).unwrap_or(u32::MAX), u32::try_from(column).unwrap_or(u32::MAX))
}
