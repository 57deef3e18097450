//! What specifiers mean that are not relative: `paths` and `baseUrl` of a `tsconfig.json`, `imports` and `exports` of a `package.json`, and
//! packages of the project by their names. In this order:
//!
//! 1. `paths` and `baseUrl` of the configurations in the nearest directory that has any, with what they extend and refer to, then of those
//!    above. Which files a configuration includes does not matter: tests are left out of many and use its paths all the same. What a
//!    configuration extends and is not in the project says nothing.
//! 2. `#x`: the `imports` of the nearest `package.json`.
//! 3. A package of the project, the nearest of this name that the manifests above the file may ask for: its `exports` or `main`. What these name is mostly not built yet; the
//!    [source of it](super::disk::Contents::source_of) is meant, or else `src/index`, `index`, and for a path in the package that path
//!    there or below `src`.
//! 4. `@/x`, `~/x` and `/x`, which name no package: by convention `src/x` or `x` in the nearest package that has it.

use super::Node;
use super::disk::{Contents, Disk, FORMATS, View};
use super::npm::{Npm, package};
use super::tree::{DirId, NameId, TOP, Tree};
use crate::ir::Name;
use crate::source::Language;
use crate::source::manifest::{Manifests, SECTIONS, is_local, may_mean};
use oxc_resolver::{ResolveError, ResolveOptions, ResolverGeneric, TsConfig, TsconfigDiscovery};
use rustc_hash::{FxHashMap, FxHashSet};
use std::path::Path;
use std::sync::Arc;

/// Fields of a `package.json` that name what the package is, in the order in which they come nearest to its sources.
const MAIN: [&str; 5] = ["source", "module", "main", "types", "typings"];

/// Conditions of `exports` and `imports`; where they lead nowhere, those of types are tried.
const CONDITIONS: [&str; 6] = ["source", "import", "module", "node", "require", "default"];

/// Packages of the same name that have an equal claim are tried up to this number.
const MAX_TIED: usize = 8;

struct Packages<'t> {
    tree: &'t Tree,
    contents: Arc<Contents>,
    /// In the order in which they are asked, with what each sees.
    resolvers: Vec<(View, ResolverGeneric<Disk>)>,
    /// With and without the configurations that one refers to.
    configurations: [ResolverGeneric<Disk>; 2],
    /// What the manifest in a directory asks for under the names of packages of the project.
    asked: FxHashMap<(DirId, Name), Name>,
    /// Of the packages of the project.
    versions: FxHashMap<DirId, Name>,
    /// Names of configurations by directory.
    configured: FxHashMap<DirId, Vec<NameId>>,
    /// What was read in a directory, with what it extends.
    read: FxHashMap<DirId, Arc<[Arc<TsConfig>]>>,
    npm: Npm,
}

/// The table of what the specifiers of all nodes mean. `is_library` tells by the package of one what never means a file of the project.
pub(super) fn resolve(
    tree: &Arc<Tree>,
    nodes: &[Node<'_>],
    manifests: &Manifests,
    is_library: &mut dyn FnMut(Language, &str) -> bool,
) -> Npm {
    if nodes.iter().all(|node| node.language == Language::Python) {
        return Npm::default();
    }
    let mut packages = Packages::new(tree, manifests);
    let mut asked = FxHashSet::default();
    for (node, index) in nodes.iter().zip(0..).filter(|(node, _)| node.language != Language::Python) {
        let (dir, _) = tree.home(index);
        let Some(scope) = packages.npm.scope(dir) else { continue };
        for specifier in node.imports {
            if super::npm::is_relative(specifier) {
                if packages.npm.target(tree, dir, specifier).is_none()
                    && let Some(found) = packages.built(dir, specifier)
                {
                    packages.npm.add(specifier, dir, found);
                }
                continue;
            }
            if !asked.insert((scope, specifier))
                || package(specifier).is_some_and(|(package, _)| is_library(node.language, package))
            {
                continue;
            }
            if let Some(found) = packages.bare(scope, specifier) {
                packages.npm.add(specifier, scope, found);
            }
        }
    }
    packages.npm
}

impl<'t> Packages<'t> {
    fn new(tree: &'t Arc<Tree>, manifests: &Manifests) -> Self {
        let mut contents = Contents { tree: tree.clone(), ..Contents::default() };
        let mut configured: FxHashMap<DirId, Vec<NameId>> = FxHashMap::default();
        let mut read = Vec::new();
        for (path, text) in manifests.iter() {
            let Some((dir, name)) = tree.find(path) else { continue };
            if tree.text(name) == "package.json" {
                // One that is broken would break what is below.
                let Ok(serde_json::Value::Object(fields)) = serde_json::from_str(text) else { continue };
                if let Some(name) = text_of(&fields, "name").filter(|name| !name.is_empty()) {
                    contents.packages.entry(name.into()).or_default().push(dir);
                }
                read.push((dir, fields));
            } else {
                configured.entry(dir).or_default().push(name);
            }
            contents.manifests.insert((dir, name), text.clone());
        }
        for dirs in contents.packages.values_mut() {
            dirs.sort_unstable_by_key(|dir| tree.order(*dir));
            dirs.dedup();
        }
        for names in configured.values_mut() {
            // The one that editors and compilers read comes first.
            names.sort_by_key(|name| {
                let name = tree.text(*name);
                (!matches!(name, "tsconfig.json" | "jsconfig.json"), name.starts_with('j'), name)
            });
        }
        let mut asked = FxHashMap::default();
        for (dir, fields) in &read {
            let sections = SECTIONS.iter().filter_map(|section| fields.get(*section)?.as_object());
            for (package, written) in
                sections.flatten().filter(|(name, _)| contents.packages.contains_key(&Name::new(name.as_str())))
            {
                let written = written.as_str().unwrap_or_default();
                asked.entry((*dir, package.into())).or_insert_with(|| written.into());
            }
        }
        let version = |(dir, fields): &(DirId, Fields)| Some((*dir, text_of(fields, "version")?.into()));
        let versions = read.iter().filter_map(version).collect();
        let contents = Arc::new(contents);
        let mut packages = Packages {
            tree,
            resolvers: resolvers(&contents),
            configurations: configurations(&contents),
            asked,
            versions,
            configured,
            read: FxHashMap::default(),
            npm: Npm::default(),
            contents,
        };
        packages.find_scopes();
        for (dir, fields) in read {
            let name = text_of(&fields, "name").filter(|_| fields.contains_key("exports"));
            let exported = name.and_then(|name| packages.resolved(dir, name));
            let main: Vec<&str> = MAIN.iter().filter_map(|name| text_of(&fields, name)).collect();
            if let Some(entry) = exported.or_else(|| packages.main(dir, &main)) {
                packages.npm.entries.insert(dir, entry);
            }
        }
        packages
    }

    fn find_scopes(&mut self) {
        let mut scopes = vec![TOP; self.tree.dirs().count()];
        // A directory comes after the one that it is in.
        for dir in self.tree.dirs() {
            let is_scope = self.contents.is_package(dir) || self.configured.contains_key(&dir);
            let above = self.tree.parent(dir).map_or(TOP, |parent| scopes[parent.0 as usize]);
            scopes[dir.0 as usize] = if is_scope { dir } else { above };
        }
        self.npm.scopes = scopes;
    }

    fn bare(&mut self, scope: DirId, specifier: &str) -> Option<u32> {
        if specifier.contains(':') {
            return None;
        }
        if let Some(found) = self.configured_path(scope, specifier) {
            return Some(found);
        }
        if specifier.starts_with('#') {
            return self.resolved(scope, specifier);
        }
        if let Some((name, path)) = package(specifier) {
            let named = self.contents.packages.get(&Name::new(name)).filter(|_| !self.is_built_in(specifier))?;
            let nearest = self.tree.nearest(named, scope).iter().take(MAX_TIED);
            let mut linked = nearest.filter(|dir| self.is_linked(scope, name, **dir));
            let dir = linked.next().filter(|_| linked.next().is_none())?;
            return self.in_package(*dir, specifier, path);
        }
        let path = ["@/", "~/", "/@/", "/"].iter().find_map(|start| specifier.strip_prefix(start))?;
        let mut above = self.tree.ancestors(scope).filter(|above| self.contents.is_package(*above));
        above.find_map(|dir| self.at_or_below_src(dir, path))
    }

    /// Whether it is a module of the runtime, which no package can replace.
    fn is_built_in(&self, specifier: &str) -> bool {
        let answer = self.resolvers.first().map(|(_, resolver)| resolver.resolve(Path::new("/"), specifier));
        matches!(answer, Some(Err(ResolveError::Builtin { .. })))
    }

    /// Whether the package of this name in `dir` is the one that is meant below `scope`, and not an installed one: the nearest manifest
    /// that asks for it names the directory, or both lie below one manifest and none asks for another version.
    fn is_linked(&self, scope: DirId, name: &str, dir: DirId) -> bool {
        let manifests = || self.tree.ancestors(scope).filter(|above| self.contents.is_package(*above));
        let asked = manifests().find_map(|above| self.asked.get(&(above, name.into())));
        let allowed = |asked: &Name| may_mean(name, asked, self.versions.get(&dir).map(Name::as_str));
        asked.is_some_and(|asked| is_local(asked))
            || (asked.is_none_or(allowed) && manifests().any(|above| self.tree.contains(above, dir)))
    }

    /// What a path to built files of the same package means.
    fn built(&self, dir: DirId, path: &str) -> Option<u32> {
        let mut up = self.tree.path(dir);
        let mut rest = path;
        loop {
            rest = match rest.split_once('/') {
                Some((".", after)) => after,
                Some(("..", after)) => {
                    up.truncate(up.rfind('/')?);
                    after
                }
                _ => break,
            };
        }
        let (first, _) = rest.split_once('/')?;
        self.contents.source_of(&format!("{up}/{rest}")).filter(|_| FORMATS.contains(&first))
    }

    /// By the `paths` and the `baseUrl` of configurations.
    fn configured_path(&mut self, scope: DirId, specifier: &str) -> Option<u32> {
        let above: Vec<DirId> =
            self.tree.ancestors(scope).filter(|above| self.configured.contains_key(above)).collect();
        for dir in above {
            for config in self.configurations_in(dir).iter() {
                let base = config.compiler_options.base_url.as_ref().map(|base| base.join(specifier));
                for path in config.resolve_path_alias_or_base_url(specifier).into_iter().chain(base) {
                    let found = path.to_str().and_then(|path| self.npm.located(self.tree, TOP, path));
                    if found.is_some() {
                        return found;
                    }
                }
            }
        }
        None
    }

    /// Those that say something about paths.
    fn configurations_in(&mut self, dir: DirId) -> Arc<[Arc<TsConfig>]> {
        if let Some(read) = self.read.get(&dir) {
            return read.clone();
        }
        let mut found: Vec<Arc<TsConfig>> = Vec::new();
        for name in self.configured.get(&dir).into_iter().flatten() {
            let path = format!("{}/{}", self.tree.path(dir), self.tree.text(*name));
            let config = self.configurations.iter().find_map(|resolver| resolver.resolve_tsconfig(&path).ok());
            let Some(config) = config else { continue };
            found.extend(config.references_resolved.iter().cloned());
            found.push(config);
        }
        found.retain(|config| config.compiler_options.paths.is_some() || config.compiler_options.base_url.is_some());
        let found: Arc<[Arc<TsConfig>]> = found.into();
        self.read.insert(dir, found.clone());
        found
    }

    fn in_package(&self, dir: DirId, specifier: &str, path: &str) -> Option<u32> {
        if path.is_empty() {
            return self.npm.entries.get(&dir).copied();
        }
        let found = self.resolved(dir, specifier).or_else(|| self.at_or_below_src(dir, path));
        found.or_else(|| self.contents.source_of(&format!("{}/{path}", self.tree.path(dir))))
    }

    fn at_or_below_src(&self, dir: DirId, path: &str) -> Option<u32> {
        let below = self.npm.located(self.tree, dir, &format!("./src/{path}"));
        below.or_else(|| self.npm.located(self.tree, dir, &format!("./{path}")))
    }

    /// By the `imports` of the package that this directory is in, or its `exports`, when the specifier begins with its name.
    fn resolved(&self, dir: DirId, specifier: &str) -> Option<u32> {
        let path = self.tree.path(dir);
        self.resolvers.iter().find_map(|(view, resolver)| {
            let resolution = resolver.resolve(Path::new(&path), specifier).ok()?;
            self.contents.file(resolution.path().to_str()?, *view)
        })
    }

    /// What a package without `exports` is.
    fn main(&self, dir: DirId, fields: &[&str]) -> Option<u32> {
        let written = |field: &&str| self.npm.located(self.tree, dir, field);
        let built = |field: &&str| {
            self.contents.source_of(&format!("{}/{}", self.tree.path(dir), field.trim_start_matches("./")))
        };
        let main = fields.iter().find_map(written).or_else(|| fields.iter().find_map(built));
        main.or_else(|| self.npm.located(self.tree, dir, "./src/index"))
            .or_else(|| self.npm.located(self.tree, dir, "./index"))
    }
}

type Fields = serde_json::Map<String, serde_json::Value>;

fn text_of<'f>(fields: &'f Fields, name: &str) -> Option<&'f str> {
    fields.get(name)?.as_str()
}

fn options(conditions: &[&str]) -> ResolveOptions {
    let strings = |all: &[&str]| all.iter().map(|one| (*one).to_owned()).collect::<Vec<_>>();
    ResolveOptions {
        condition_names: strings(conditions),
        extensions: strings(&super::npm::EXTENSIONS),
        extension_alias: vec![
            (".js".to_owned(), strings(&[".ts", ".tsx", ".js"])),
            (".mjs".to_owned(), strings(&[".mts", ".mjs"])),
            (".cjs".to_owned(), strings(&[".cts", ".cjs"])),
            (".jsx".to_owned(), strings(&[".tsx", ".jsx"])),
        ],
        symlinks: false,
        node_path: false,
        builtin_modules: true,
        ..ResolveOptions::default()
    }
}

fn resolvers(contents: &Arc<Contents>) -> Vec<(View, ResolverGeneric<Disk>)> {
    let with_types: Vec<&str> = ["types"].into_iter().chain(CONDITIONS).collect();
    let mut resolvers = Vec::new();
    for view in [View::Real, View::Built] {
        for conditions in [&CONDITIONS[..], &with_types] {
            let disk = Disk { contents: contents.clone(), view };
            resolvers.push((view, ResolverGeneric::new_with_file_system(disk, options(conditions))));
        }
    }
    resolvers
}

fn configurations(contents: &Arc<Contents>) -> [ResolverGeneric<Disk>; 2] {
    [Some(TsconfigDiscovery::Auto), None].map(|tsconfig| {
        let disk = Disk { contents: contents.clone(), view: View::Configurations };
        ResolverGeneric::new_with_file_system(disk, ResolveOptions { tsconfig, ..options(&[]) })
    })
}
