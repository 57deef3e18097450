//! What a project's manifests say: the versions of libraries that are asked for in `package.json`, and in lock files where that leaves the
//! version open; those that are pinned in the lock files, requirements and project files of Python; and the texts that say where imports lead.

mod lock;
mod python;
mod range;
pub(super) mod texts;

use super::Language;
use super::discover::clean;
use super::read::MAX_BYTES;
use crate::ir::Name;
use lock::Locks;
pub use range::{is_local, may_mean};
use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};
use semver::Version;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
pub use texts::Manifests;

/// Where `package.json` names what a package needs; the first that bounds the version speaks.
pub const SECTIONS: [&str; 4] = ["dependencies", "devDependencies", "peerDependencies", "optionalDependencies"];

/// By package; what is not known is absent.
type Known = FxHashMap<Name, Version>;

/// Which versions of packages the files of a run use, as far as that is known.
#[derive(Clone, Debug, Default)]
pub struct Versions {
    /// By the shown path of the directory that the file is in; empty for the working directory.
    by_directory: FxHashMap<String, Arc<Known>>,
}

impl Versions {
    /// Those that the file with this shown path uses, by package. `None`: none is known.
    pub fn of_file(&self, path: &str) -> Option<&FxHashMap<Name, Version>> {
        self.by_directory.get(directory_of(path)).map(Arc::as_ref)
    }

    /// The version of `package` that the file with this shown path uses.
    pub fn of(&self, path: &str, package: &str) -> Option<&Version> {
        self.of_file(path)?.get(&Name::new(package))
    }

    /// The same for all files of `directory`, shown as files in it are; not for those in directories below.
    pub fn set(&mut self, directory: &str, package: &str, version: Version) {
        let known = self.by_directory.entry(directory.to_owned()).or_default();
        Arc::make_mut(known).insert(package.into(), version);
    }
}

/// Packages of which a version makes a difference.
#[derive(Clone, Copy, Debug, Default)]
pub struct Wanted<'a> {
    pub python: &'a [Name],
    pub npm: &'a [Name],
}

/// Finds out which versions of `packages` the `files` use, on the current rayon pool.
///
/// For Python, the nearest directory above a file decides that has a file which pins the version. For npm packages:
///
/// The nearest `package.json` above a file that names a package decides: its version is the lowest of the range that is written there.
/// Where that bounds nothing (`*`, `latest`, `workspace:*`, `catalog:`), the lock file beside it decides, or the next one above.
/// Directories above `cwd` and above the `roots` of the run are not looked at. Manifests and lock files that cannot be read or understood
/// say nothing: what follows is only that the version is not known.
pub fn read<'f>(
    files: impl Iterator<Item = (&'f str, Language)>,
    roots: &[PathBuf],
    cwd: &Path,
    wanted: Wanted<'_>,
) -> Versions {
    let mut versions = Versions::default();
    let packages = wanted.npm;
    if packages.is_empty() && wanted.python.is_empty() {
        return versions;
    }
    let roots: FxHashSet<PathBuf> = roots.iter().map(|root| clean(&cwd.join(root))).chain([cwd.to_owned()]).collect();
    let wants = |language| if language == Language::Python { !wanted.python.is_empty() } else { !packages.is_empty() };
    let files = files.filter(|(_, language)| wants(*language));
    let shown: FxHashSet<&str> = files.map(|(path, _)| directory_of(path)).collect();
    // With the directories above, which sort before what is below them.
    let mut directories: BTreeMap<PathBuf, Said> = BTreeMap::new();
    for directory in &shown {
        let directory = cwd.join(directory);
        let top = directory.ancestors().filter(|above| roots.contains(*above)).last().unwrap_or(&directory);
        for above in directory.ancestors().take_while(|above| above.starts_with(top)) {
            if directories.insert(above.to_owned(), Default::default()).is_some() {
                break;
            }
        }
    }
    directories.par_iter_mut().for_each(|(directory, said)| {
        *said = (asked_in(directory, packages), python::versions_in(directory, wanted.python));
    });
    let mut locks = FxHashMap::default();
    let mut known: FxHashMap<&Path, Arc<Known>> = FxHashMap::default();
    for (directory, (asked, pinned)) in &directories {
        let mut here = directory.parent().and_then(|above| known.get(above)).cloned().unwrap_or_default();
        if !pinned.is_empty() {
            Arc::make_mut(&mut here).extend(pinned.iter().cloned());
        }
        for (package, written) in asked.iter().flatten() {
            let bounded = written.iter().find_map(|text| range::lowest(package, text));
            let version = bounded.or_else(|| {
                let above = directory.ancestors().take_while(|above| directories.contains_key(*above));
                locked(package, written.first()?, directory, above, &mut locks, packages)
            });
            let here = Arc::make_mut(&mut here);
            match version {
                Some(version) => here.insert(*package, version),
                None => here.remove(package),
            };
        }
        known.insert(directory, here);
    }
    for directory in shown {
        if let Some(known) = known.get(cwd.join(directory).as_path()).filter(|known| !known.is_empty()) {
            versions.by_directory.insert(directory.to_owned(), known.clone());
        }
    }
    versions
}

/// What the manifests of one directory say: npm packages that are asked for, and versions of Python packages.
type Said = (Option<Asked>, Vec<(Name, Version)>);

/// Packages that a manifest names, with the ranges written for each, in the order of [`SECTIONS`].
type Asked = Vec<(Name, Vec<String>)>;

/// `None` when there is no manifest, or it names none of the packages.
fn asked_in(directory: &Path, packages: &[Name]) -> Option<Asked> {
    if packages.is_empty() {
        return None;
    }
    let bytes = bytes(&directory.join("package.json"))?;
    let named = |package: &&Name| memchr::memmem::find(&bytes, format!("\"{package}\"").as_bytes()).is_some();
    let packages: Vec<&Name> = packages.iter().filter(named).collect();
    if packages.is_empty() {
        return None;
    }
    let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes);
    let manifest: serde_json::Value = serde_json::from_slice(text).ok()?;
    let written = |package: &Name| -> Vec<String> {
        let sections = SECTIONS.iter().filter_map(|section| manifest.get(section)?.get(package.as_str())?.as_str());
        sections.map(str::to_owned).collect()
    };
    let asked = packages.into_iter().map(|package| (*package, written(package)));
    Some(asked.filter(|(_, written)| !written.is_empty()).collect())
}

/// What the nearest lock file that knows the package says for the manifest in `directory`. `above` begins with `directory`.
fn locked<'d>(
    package: &str,
    written: &str,
    directory: &Path,
    above: impl Iterator<Item = &'d Path>,
    locks: &mut FxHashMap<PathBuf, Option<Locks>>,
    packages: &[Name],
) -> Option<Version> {
    for place in above {
        let locks = locks.entry(place.to_owned()).or_insert_with(|| Locks::read(place, packages));
        let folder = directory.strip_prefix(place).ok()?.to_string_lossy().replace('\\', "/");
        if let Some(version) = locks.as_ref().and_then(|locks| locks.find(package, &folder, written)) {
            return Some(version.clone());
        }
    }
    None
}

fn directory_of(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(directory, _)| directory)
}

/// Of a file; `None` for what cannot be read, is no file or is too large.
fn bytes(path: &Path) -> Option<Vec<u8>> {
    let metadata = fs::metadata(path).ok()?;
    (metadata.is_file() && metadata.len() <= MAX_BYTES).then(|| fs::read(path).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The versions of redis of the files with these paths, in a directory with these manifests.
    fn redis(manifests: &[(&str, &str)], cwd: &str, roots: &[&str], paths: &[&str]) -> Vec<String> {
        let directory = tempfile::tempdir().unwrap();
        let top = fs::canonicalize(directory.path()).unwrap();
        for (path, text) in manifests {
            let path = top.join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        let absolute = |path: &str| path.replace("TOP", top.to_str().unwrap());
        let language = |path: &str| Language::of_name(Path::new(path)).unwrap();
        let files: Vec<(String, Language)> = paths.iter().map(|path| (absolute(path), language(path))).collect();
        let roots: Vec<PathBuf> = roots.iter().map(|root| absolute(root).into()).collect();
        let asked = files.iter().map(|(path, language)| (path.as_str(), *language));
        let wanted = Wanted { npm: &["@redis/client".into(), "redis".into()], python: &[] };
        let versions = read(asked, &roots, &top.join(cwd), wanted);
        let of =
            |file: &(String, Language)| versions.of(&file.0, "redis").map_or_else(|| "-".into(), ToString::to_string);
        files.iter().map(of).collect()
    }

    #[test]
    fn the_nearest_manifest_that_names_the_package_decides() {
        let manifests = [
            ("package.json", r#"{ "dependencies": { "redis": "^4.6.0" } }"#),
            (
                "packages/old/package.json",
                "\u{feff}{ \"peerDependencies\": { \"redis\": \"*\" }, \"devDependencies\": { \"redis\": \"~3.1\" } }",
            ),
            ("packages/none/package.json", r#"{ "name": "redis", "keywords": ["redis"] }"#),
            ("packages/broken/package.json", r#"{ "dependencies": { "redis": "^2" "#),
            ("packages/odd/package.json", r#"{ "dependencies": ["redis"], "optionalDependencies": { "redis": 3 } }"#),
            ("packages/open/package.json", r#"{ "dependencies": { "redis": "latest" } }"#),
        ];
        let paths = [
            "app.js",
            "packages/old/src/deep/a.ts",
            "packages/none/a.vue",
            "packages/broken/a.tsx",
            "packages/odd/a.js",
            "packages/open/a.js",
            "packages/old/a.py",
        ];
        let expected = ["4.6.0", "3.1.0", "4.6.0", "4.6.0", "4.6.0", "-", "-"];
        assert_eq!(redis(&manifests, "", &["."], &paths), expected);
    }

    #[test]
    fn a_lock_file_says_what_the_manifest_leaves_open() {
        let manifests = [
            ("package-lock.json", r#"{ "packages": { "node_modules/redis": { "version": "3.1.2" } } }"#),
            ("packages/a/package.json", r#"{ "dependencies": { "redis": "*" } }"#),
            ("packages/b/package.json", r#"{ "dependencies": { "redis": "latest" } }"#),
            ("packages/b/yarn.lock", "redis@latest:\n  version \"4.6.7\"\n"),
            ("packages/c/package.json", r#"{ "dependencies": { "redis": "^2.8" } }"#),
        ];
        let paths = ["packages/a/x.js", "packages/b/x.js", "packages/c/x.js", "x.js"];
        assert_eq!(redis(&manifests, "", &["."], &paths), ["3.1.2", "4.6.7", "2.8.0", "-"]);
    }

    #[test]
    fn the_search_ends_at_the_working_directory_and_the_roots() {
        let manifests = [
            ("package.json", r#"{ "dependencies": { "redis": "3" } }"#),
            ("web/package.json", r#"{ "dependencies": { "redis": "4" } }"#),
        ];
        assert_eq!(redis(&manifests, "web", &["."], &["a.js", "src/a.js"]), ["4.0.0", "4.0.0"]);
        assert_eq!(redis(&manifests, "api", &["."], &["a.js"]), ["-"], "above the working directory");
        assert_eq!(redis(&manifests, "api", &[".."], &["a.js", "TOP/b/a.js"]), ["3.0.0", "3.0.0"]);
        assert_eq!(redis(&manifests, "api", &["TOP/web/src"], &["TOP/web/src/a.js"]), ["-"], "above the root");
        assert_eq!(redis(&manifests, "api", &["TOP/web"], &["TOP/web/src/a.js"]), ["4.0.0"]);
        assert_eq!(redis(&manifests, "api", &["TOP/web/a.js"], &["TOP/web/a.js"]), ["4.0.0"], "beside a file");
        assert_eq!(redis(&manifests, "", &["web/src"], &["web/src/a.js"]), ["4.0.0"], "below the working directory");
    }
}
