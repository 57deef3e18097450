//! Where the code of a project runs, by what lies beside it: configurations of platforms, containers and servers; and which files are
//! entered from outside, by their names and by what configurations say.

use super::patterns::{Convention, Patterns};
use super::{Plan, ecosystem};
use crate::catalog::Catalog;
use crate::catalog::schema::entry::{Deployment, EnteredBy, Entry, Runs};
use crate::ir::{FileId, Name};
use crate::source::Language;
use crate::source::manifest::Manifests;
use crate::summary::deployed::{Reached, Shown};
use crate::summary::entries::{FileEntry, Way};
use crate::summary::settings::Evidence;
use rustc_hash::{FxHashMap, FxHashSet};
use std::collections::VecDeque;
use std::path::Path;
use std::sync::Arc;

/// Directories with what is needed to run the code beside them.
const OPERATIONS: [&str; 10] =
    ["bin", "deploy", "deployment", "docker", "infra", "k8s", "kubernetes", "ops", "scripts", "systemd"];

/// Imports between an entry and a module.
const MAX_IMPORTS: u32 = 12;

/// Directories from which paths in a program are tried.
const MAX_HOMES: usize = 4;

/// Directories of handlers of one configuration.
const MAX_ROOTS: usize = 64;

/// Functions that a configuration names without saying so.
const MAX_TEXTS: usize = 512;

/// What a configuration names in a file.
#[derive(PartialEq, Eq)]
struct Handler {
    /// Empty: whatever the file exports.
    export: Name,
    shown: usize,
}

/// What is known of a project besides its sources.
pub struct Deployments {
    shown: Vec<Shown>,
    ids: Vec<Name>,
    by_directory: FxHashMap<String, Vec<usize>>,
    /// By path of the file, without extension.
    handlers: FxHashMap<String, Vec<Handler>>,
    patterns: Arc<Patterns>,
    /// Directories that are packages of their own.
    packages: FxHashSet<String>,
}

impl Deployments {
    /// `signs`: the files of which [`Signs`] says that they are some.
    pub fn new(signs: &Manifests, catalog: &Catalog) -> Deployments {
        let patterns = Patterns::of(catalog);
        let mut out = Deployments {
            shown: Vec::new(),
            ids: Vec::new(),
            by_directory: FxHashMap::default(),
            handlers: FxHashMap::default(),
            patterns: patterns.clone(),
            packages: signs.iter().filter_map(|(path, _)| package_of(path)).map(str::to_owned).collect(),
        };
        for (deployment, names) in catalog.deployments().iter().zip(&patterns.deployments) {
            for (path, text) in signs.iter().filter(|(path, _)| names.is_match(path)) {
                out.note(deployment, path, text);
            }
        }
        out
    }

    fn note(&mut self, deployment: &Deployment, path: &str, text: &str) {
        let said = |at: &usize| !is_comment(text, *at);
        let found = |word: &String| memchr::memmem::find_iter(text.as_bytes(), word.as_bytes()).find(said);
        if deployment.unless.iter().any(|word| found(word).is_some()) {
            return;
        }
        let at = match deployment.words.is_empty() {
            true => Some(0),
            false => deployment.words.iter().filter_map(found).min(),
        };
        let Some(at) = at else { return };
        let line = text.as_bytes().iter().take(at).filter(|byte| **byte == b'\n').count() + 1;
        let index = self.shown.len();
        self.shown.push(Shown {
            noun: deployment.noun.clone(),
            runs: deployment.runs,
            advised: deployment.advised,
            concurrent: deployment.concurrent,
            server: deployment.server,
            reloads: deployment.reloads,
            path: Name::new(path),
            line: u32::try_from(line).unwrap_or(u32::MAX),
        });
        self.ids.push(deployment.id);
        // `.vercel/project.json`
        let hidden = |name: &str| name.starts_with('.') && deployment.files.iter().any(|file| file.starts_with(name));
        let beside = |name: &&str| OPERATIONS.contains(name) || hidden(name);
        let directory = match deployment.itself {
            true => path,
            // `docker/web/Dockerfile` is for what lies beside `docker`.
            false => {
                let directory = directory_of(path);
                let mut at = 0;
                let starts = directory.split('/').map(|name| {
                    let start = at;
                    at += name.len() + 1;
                    (start, name)
                });
                let first = starts.into_iter().find(|(_, name)| beside(name)).map(|(start, _)| start);
                first.map_or(directory, |start| directory[..start].trim_end_matches('/'))
            }
        };
        self.by_directory.entry(directory.to_owned()).or_default().push(index);
        self.note_handlers(deployment, path, text, index);
    }

    fn note_handlers(&mut self, deployment: &Deployment, path: &str, text: &str, shown: usize) {
        if deployment.handlers.is_empty() && !deployment.texts {
            return;
        }
        let mut homes = vec![directory_of(path)];
        // Paths in programs begin where these are run.
        while let Some((above, _)) = homes.last().and_then(|last| last.rsplit_once('/')) {
            homes.push(above);
        }
        homes.push("");
        homes.dedup();
        homes.truncate(if Language::of_name(Path::new(path)).is_some() { MAX_HOMES } else { 1 });
        let mut roots = vec![String::new()];
        roots.extend(deployment.roots.iter().flat_map(|key| values(text, key)).take(MAX_ROOTS));
        let named = deployment.handlers.iter().flat_map(|key| values(text, key));
        let written = if deployment.texts { names_of_functions(text) } else { Vec::new() };
        for value in named.chain(written) {
            let (file, export) = match extension(&value) {
                Some(stem) => (stem, Name::default()),
                None => match value.rsplit_once('.') {
                    Some((file, export)) => (file, Name::new(export)),
                    None => continue,
                },
            };
            // `app.orders.handler` is written as well as `app/orders.handler`.
            let dotted = file.replace('.', "/");
            let said = [file, &dotted];
            for (home, root) in homes.iter().flat_map(|home| roots.iter().map(move |root| (home, root))) {
                for file in &said[..if dotted == file { 1 } else { 2 }] {
                    let known = self.handlers.entry(joined(&[home, root, file])).or_default();
                    let handler = Handler { export, shown };
                    if !known.contains(&handler) {
                        known.push(handler);
                    }
                }
            }
        }
    }

    /// What shows where the code of a file runs and the directory where it does, or the file itself, the nearest first. What lies above the
    /// package of the file is about others.
    fn above<'p>(&self, path: &'p str) -> impl Iterator<Item = (&'p str, usize)> + use<'_, 'p> {
        let mut directories = vec![path, directory_of(path)];
        while let Some((above, _)) = directories.last().and_then(|last| last.rsplit_once('/')) {
            directories.push(above);
        }
        if directories.last().is_some_and(|last| !last.is_empty()) {
            directories.push("");
        }
        let sees_packages = Language::of_name(Path::new(path)).is_some_and(|language| language != Language::Python);
        let package = directories.iter().position(|at| sees_packages && self.packages.contains(*at));
        directories.truncate(package.map_or(directories.len(), |package| package + 1));
        let known = directories.into_iter().filter_map(|at| self.by_directory.get(at).map(|found| (at, found)));
        known.flat_map(|(at, found)| found.iter().map(move |index| (at, *index)))
    }

    /// What shows where the code of a file runs, the nearest first.
    pub fn shown(&self, path: &str) -> Vec<Shown> {
        self.above(path).map(|(_, index)| self.shown[index].clone()).collect()
    }

    /// What says how the server that runs the file runs requests.
    pub fn servers(&self, path: &str) -> Vec<Evidence> {
        let said = self.above(path).filter_map(|(_, index)| {
            let Shown { noun, server, path, line, .. } = &self.shown[index];
            Some(Evidence {
                kind: (*server)?,
                says: format!("{noun} runs it"),
                path: path.to_string(),
                line: Some(*line),
                span: None,
                project: true,
            })
        });
        said.collect()
    }

    /// How functions of the file are entered, as far as its name and place or a configuration say.
    pub fn entered(&self, path: &str) -> Vec<FileEntry> {
        let mut out = self.named(path);
        out.extend(self.by_convention(path, &|entry| entry.files.is_empty()));
        out
    }

    /// ... whatever it exports.
    fn named(&self, path: &str) -> Vec<FileEntry> {
        let stem = stem_of(path);
        let mut out: Vec<FileEntry> = Vec::new();
        for handler in self.handlers.get(stem).into_iter().flatten() {
            let shown = &self.shown[handler.shown];
            let noun = Name::from(format!("invocation of the {} function", shown.noun));
            let exports = if handler.export.is_empty() { Vec::new() } else { vec![handler.export] };
            let way = Way { noun, by: EnteredBy::Invocation, runs: shown.runs, advised: shown.advised };
            out.push(FileEntry { way, exports, params: Vec::new() });
        }
        out.extend(self.by_convention(path, &|entry| !entry.files.is_empty()));
        out
    }

    fn by_convention(&self, path: &str, is_meant: &dyn Fn(&Entry) -> bool) -> Vec<FileEntry> {
        let stem = stem_of(path);
        let evident: Vec<(&str, Name)> = self.above(path).map(|(at, index)| (at, self.ids[index])).collect();
        let ecosystem = Language::of_name(Path::new(path)).map(ecosystem);
        let meant = |known: &&Convention| {
            Some(known.ecosystem) == ecosystem && is_meant(&known.entry) && known.holds(stem, &evident)
        };
        let entry = |Convention { entry, .. }: &Convention| FileEntry {
            way: Way::of(entry),
            exports: entry.exports.clone(),
            params: entry.params.clone(),
        };
        self.patterns.conventions.iter().filter(meant).map(entry).collect()
    }

    /// Per file: the nearest file that a platform enters without keeping the process, itself included, from which imports lead to it.
    pub(super) fn reached(&self, plan: &Plan) -> FxHashMap<FileId, Reached> {
        let mut out: FxHashMap<FileId, Reached> = FxHashMap::default();
        let mut pending: VecDeque<(FileId, u32)> = VecDeque::new();
        if self.handlers.is_empty() && self.patterns.conventions.is_empty() {
            return out;
        }
        for file in plan.files() {
            let path = plan.path(file);
            // Exports alone may be anybody's: the code has to be looked at.
            let by_name = self.named(path).into_iter().find(|entry| {
                entry.way.runs != Runs::Server && entry.way.by != EnteredBy::Render && entry.params.is_empty()
            });
            let Some(entry) = by_name else { continue };
            if let Some(reached) = self.serverless(path, entry.way) {
                out.insert(file, reached);
                pending.push_back((file, 0));
            }
        }
        while let Some((file, distance)) = pending.pop_front() {
            let Some(reached) = out.get(&file).filter(|_| distance < MAX_IMPORTS).cloned() else { continue };
            for target in plan.graph.imports(file) {
                if !out.contains_key(target) {
                    out.insert(*target, reached.clone());
                    pending.push_back((*target, distance + 1));
                }
            }
        }
        out
    }

    /// That what is entered in the file in this way runs on a platform that does not keep the process, and what says so.
    fn serverless(&self, path: &str, way: Way) -> Option<Reached> {
        Reached::new(way, Name::new(path), &self.shown(path))
    }
}

/// What is at `at` in a configuration or a program is not meant: its line is a comment.
fn is_comment(text: &str, at: usize) -> bool {
    let before = text.get(..at).unwrap_or_default();
    let line = before.rsplit('\n').next().unwrap_or_default().trim_start();
    (line.starts_with('#') && !line.starts_with("#!")) || line.starts_with("//") || line.starts_with(';')
}

/// The values that follow a key in a text in YAML, JSON, TOML or a programming language.
fn values<'t>(text: &'t str, key: &str) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    for (at, _) in text.match_indices(key) {
        let before = text[..at].chars().next_back();
        if before.is_some_and(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '.')) {
            continue;
        }
        let rest: &'t str = text[at + key.len()..].trim_start_matches(['"', '\'']).trim_start_matches(' ');
        let Some(rest) = rest.strip_prefix([':', '=']) else { continue };
        let rest = rest.trim_start_matches(' ');
        let bare = rest.trim_start_matches(['"', '\'', '`']);
        // `"${path.module}/src"`: where the configuration is.
        let bare = bare.strip_prefix("${").and_then(|rest| rest.split_once('}')).map_or(bare, |(_, rest)| rest);
        let value: String = bare.chars().take_while(|c| c.is_alphanumeric() || "_-./".contains(*c)).collect();
        let value = match bare[value.len()..].strip_prefix('(') {
            Some(arguments) if bare.len() == rest.len() => in_quotes(arguments),
            _ => value,
        };
        if !value.is_empty() && !out.contains(&value) {
            out.push(value);
        }
    }
    out
}

/// What is quoted in a program and looks like a file and something that it exports: `"src/orders.create"`.
fn names_of_functions(text: &str) -> Vec<String> {
    let quoted = text.lines().flat_map(|line| line.split(['"', '\'', '`']).skip(1).step_by(2));
    let is_name = |text: &str| text.contains('/') && text.chars().all(|c| c.is_alphanumeric() || "_-./[]$".contains(c));
    let exports = |text: &str| text.rsplit_once('.').is_some_and(|(_, name)| !name.is_empty() && !name.contains('/'));
    quoted.filter(|text| is_name(text) && exports(text)).take(MAX_TEXTS).map(ToOwned::to_owned).collect()
}

/// `__dirname, "..", "src/orders.ts")`: what is quoted, as one path.
fn in_quotes(arguments: &str) -> String {
    let end = arguments.find([')', '\n']).unwrap_or(arguments.len());
    let parts: Vec<&str> = arguments[..end].split(['"', '\'', '`']).skip(1).step_by(2).collect();
    parts.join("/")
}

/// The path of a source file without its extension.
fn extension(value: &str) -> Option<&str> {
    let (stem, extension) = value.rsplit_once('.')?;
    Language::of_name(Path::new(value)).filter(|_| !extension.is_empty()).map(|_| stem)
}

fn stem_of(path: &str) -> &str {
    let name = path.rsplit('/').next().unwrap_or_default();
    match name.rsplit_once('.') {
        Some((stem, extension)) if !stem.is_empty() => &path[..path.len() - extension.len() - 1],
        _ => path,
    }
}

/// The directory that a manifest makes a package of its own.
fn package_of(path: &str) -> Option<&str> {
    let (directory, name) = path.rsplit_once('/').unwrap_or(("", path));
    (name == "package.json").then_some(directory)
}

fn directory_of(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(directory, _)| directory)
}

/// One path of several, without `.` and `..`.
fn joined(parts: &[&str]) -> String {
    let mut out: Vec<&str> = Vec::new();
    for part in parts.iter().flat_map(|part| part.split('/')) {
        match part {
            "" | "." => {}
            ".." => {
                out.pop();
            }
            name => out.push(name),
        }
    }
    out.join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_of_keys_in_every_notation() {
        let text = "handler: src/orders.create\n  \"Handler\": \"app.main\",\nhandler = 'x.y'\nmy_handler: no.no\nhandlers: no.no\n";
        assert_eq!(values(text, "handler"), ["src/orders.create", "x.y"]);
        assert_eq!(values(text, "Handler"), ["app.main"]);
        let text = "entry: path.join(__dirname, '..', 'src/orders.ts'),\ncode=_lambda.Code.from_asset(\"lambda\"), source_dir = \"${path.module}/../src\"\n";
        assert_eq!(values(text, "entry"), ["../src/orders.ts"]);
        assert_eq!(values(text, "code"), ["lambda"]);
        assert_eq!(values(text, "source_dir"), ["/../src"]);
    }

    #[test]
    fn functions_that_are_only_named() {
        let text = "api.route('GET /orders', \"packages/orders/src/[id].list\");\nqueue.subscribe(`src/jobs.run`);\nimport x from './x';\n";
        assert_eq!(names_of_functions(text), ["packages/orders/src/[id].list", "src/jobs.run"]);
    }

    #[test]
    fn comments_say_nothing() {
        let shown = |text: &str| {
            let mut signs = Manifests::default();
            signs.set("shop/Procfile", text);
            let servers = Deployments::new(&signs, Catalog::builtin()).servers("shop/settings.py");
            servers.into_iter().map(|server| (server.path, server.line)).collect::<Vec<_>>()
        };
        assert_eq!(
            shown("#!/bin/sh\n# web: uvicorn shop.asgi\nweb: uvicorn shop.asgi\n"),
            [("shop/Procfile".to_owned(), Some(3))]
        );
        assert_eq!(shown("  # web: uvicorn shop.asgi\n"), []);
    }

    #[test]
    fn what_a_file_says_of_itself_holds_for_no_other() {
        let mut signs = Manifests::default();
        signs.set("app/api/route.ts", "export const runtime = 'edge';\n");
        let deployments = Deployments::new(&signs, Catalog::builtin());
        let runs = |path: &str| deployments.shown(path).iter().map(|shown| shown.runs).collect::<Vec<_>>();
        assert_eq!(runs("app/api/route.ts"), [Runs::Edge]);
        assert_eq!(runs("app/api/orders/route.ts"), []);
        assert_eq!(runs("app/api/page.tsx"), []);
    }

    #[test]
    fn files_are_entered_beside_what_shows_it() {
        let catalog = Catalog::builtin();
        let mut signs = Manifests::default();
        signs.set("shop/vercel.json", "{}");
        signs.set("shop/docs/package.json", "{ \"dependencies\": { \"next\": \"16\" } }");
        let deployments = Deployments::new(&signs, catalog);
        let nouns = |path: &str| {
            let found = deployments.named(path).into_iter().map(|entry| entry.way.noun.to_string());
            found.collect::<Vec<_>>()
        };
        assert_eq!(nouns("shop/api/orders.ts"), ["request to a Vercel function"]);
        assert_eq!(nouns("shop/src/api/orders.ts"), Vec::<String>::new());
        assert_eq!(nouns("api/orders.ts"), Vec::<String>::new());
        assert_eq!(nouns("shop/docs/src/app/(all)/orders/route.ts"), ["request to a Next.js route"]);
        assert_eq!(nouns("shop/docs/lib/app/orders/route.ts"), Vec::<String>::new());
    }

    #[test]
    fn paths() {
        assert_eq!(joined(&["a/b", "./c", "../d.x"]), "a/b/d.x");
        assert_eq!(stem_of("a.b/c.test.ts"), "a.b/c.test");
        assert_eq!(stem_of("a.b/Makefile"), "a.b/Makefile");
        assert_eq!(extension("src/x.ts"), Some("src/x"));
        assert_eq!(extension("src/x.handler"), None);
    }
}
