//! Lock files: the versions that were chosen.

use super::range;
use crate::ir::Name;
use rustc_hash::FxHashMap;
use semver::Version;
use serde::Deserialize;
use std::path::Path;

/// The lock files of one directory, as far as they speak of the packages asked for.
#[derive(Debug, Default)]
pub(super) struct Locks {
    /// By package, then by the folder below which it is installed, relative to the lock file (`packages/api`; empty for beside it).
    installed: FxHashMap<Name, FxHashMap<String, Version>>,
    /// By package, then by the written range.
    by_range: FxHashMap<Name, FxHashMap<String, Version>>,
}

impl Locks {
    /// `None` when the directory has none that can be read.
    pub(super) fn read(directory: &Path, packages: &[Name]) -> Option<Locks> {
        let mut locks = Locks::default();
        let mut any = false;
        for (name, parse) in [
            ("package-lock.json", Locks::add_npm as fn(&mut Locks, &[u8], &[Name])),
            ("pnpm-lock.yaml", Locks::add_pnpm),
            ("yarn.lock", Locks::add_yarn),
        ] {
            if let Some(bytes) = super::bytes(&directory.join(name)) {
                any = true;
                parse(&mut locks, &bytes, packages);
            }
        }
        any.then_some(locks)
    }

    /// The version of `package` for the manifest in `folder`, relative to the lock file, which asks for it as `written`.
    pub(super) fn find(&self, package: &str, folder: &str, written: &str) -> Option<&Version> {
        if let Some(by_folder) = self.installed.get(&Name::new(package)) {
            let mut folder = folder;
            loop {
                if let Some(version) = by_folder.get(folder) {
                    return Some(version);
                }
                if folder.is_empty() {
                    break;
                }
                folder = folder.rsplit_once('/').map_or("", |(above, _)| above);
            }
        }
        let by_range = self.by_range.get(&Name::new(package))?;
        by_range.get(written).or_else(|| by_range.values().min().filter(|one| by_range.values().all(|all| all == *one)))
    }

    fn install(&mut self, package: &str, folder: &str, version: &str) {
        if let Some(version) = range::lowest(package, version) {
            self.installed.entry(package.into()).or_default().entry(folder.to_owned()).or_insert(version);
        }
    }

    fn add_npm(&mut self, bytes: &[u8], packages: &[Name]) {
        #[derive(Deserialize)]
        struct Lock {
            /// By path: `node_modules/redis`, `packages/api/node_modules/redis`.
            #[serde(default)]
            packages: FxHashMap<String, Entry>,
            /// By name; before npm 7.
            #[serde(default)]
            dependencies: FxHashMap<String, Entry>,
        }
        #[derive(Deserialize)]
        struct Entry {
            version: Option<String>,
        }
        let Ok(lock) = serde_json::from_slice::<Lock>(bytes) else { return };
        for package in packages {
            if let Some(version) = lock.dependencies.get(package.as_str()).and_then(|entry| entry.version.as_ref()) {
                self.install(package, "", version);
            }
        }
        for (path, entry) in &lock.packages {
            let Some((folder, name)) = path.rsplit_once("node_modules/") else { continue };
            let own = folder.is_empty() || (folder.ends_with('/') && !folder.contains("node_modules/"));
            if let (true, Some(package), Some(version)) = (own, wanted(packages, name), &entry.version) {
                self.install(package, folder.trim_end_matches('/'), version);
            }
        }
    }

    /// What `importers` says, or the top level where there are none. Read by indentation: the file is written by a program.
    fn add_pnpm(&mut self, bytes: &[u8], packages: &[Name]) {
        let text = String::from_utf8_lossy(bytes);
        // Keys that lead to the line, with their indentation.
        let mut trail: Vec<(usize, &str)> = Vec::new();
        for line in text.lines() {
            let content = line.trim_start();
            let Some((key, value)) = key_and_value(content) else { continue };
            let indent = line.len() - content.len();
            trail.truncate(trail.iter().take_while(|(above, _)| *above < indent).count());
            trail.push((indent, key));
            if indent == 0 && matches!(key, "packages" | "snapshots") {
                // Those that others depend on.
                break;
            }
            let keys = match trail.as_slice() {
                [(_, "importers"), (_, folder), rest @ ..] => Some((*folder, rest)),
                rest => Some((".", rest)),
            };
            let found = match keys {
                Some((folder, [(_, section), (_, package)])) if is_section(section) => Some((folder, *package)),
                Some((folder, [(_, section), (_, package), (_, "version")])) if is_section(section) => {
                    Some((folder, *package))
                }
                _ => None,
            };
            if let (Some((folder, package)), false) = (found, value.is_empty())
                && let Some(package) = wanted(packages, package)
            {
                // `4.6.7(peer@1.0.0)`, `4.6.7_peer@1.0.0`.
                let version = value.split(['(', '_']).next().unwrap_or_default();
                self.install(package, if folder == "." { "" } else { folder }, version);
            }
        }
    }

    /// `redis@^4.0.0, redis@latest:` with `version "4.6.7"` below it, or `"redis@npm:^4.0.0, redis@npm:latest":` with `version: 4.6.7`.
    fn add_yarn(&mut self, bytes: &[u8], packages: &[Name]) {
        let text = String::from_utf8_lossy(bytes);
        let mut ranges: Vec<(&Name, &str)> = Vec::new();
        for line in text.lines() {
            if !line.starts_with([' ', '#']) {
                ranges.clear();
                let words = line.trim_end().trim_end_matches(':').split(", ").map(|word| word.trim_matches('"'));
                ranges.extend(words.filter_map(|word| {
                    let at = word.get(1..)?.find('@')? + 1;
                    let range = &word[at + 1..];
                    Some((wanted(packages, &word[..at])?, range.strip_prefix("npm:").unwrap_or(range)))
                }));
                continue;
            }
            if ranges.is_empty() {
                continue;
            }
            let Some(version) = line.trim_start().strip_prefix("version") else { continue };
            let version = version.trim_start_matches([':', ' ']).trim_matches(['"', ' ']);
            for (package, written) in ranges.drain(..) {
                if let Some(version) = range::lowest(package, version) {
                    self.by_range.entry(*package).or_default().insert(written.to_owned(), version);
                }
            }
        }
    }
}

fn is_section(key: &str) -> bool {
    super::SECTIONS.contains(&key)
}

fn wanted<'p>(packages: &'p [Name], name: &str) -> Option<&'p Name> {
    packages.iter().find(|package| *package == name)
}

/// `key: value` or `'key': value`, without quotes; the value may be empty.
fn key_and_value(line: &str) -> Option<(&str, &str)> {
    let (key, value) = match line.as_bytes().first()? {
        b'#' | b'-' => return None,
        quote @ (b'\'' | b'"') => {
            let (key, rest) = line[1..].split_once(*quote as char)?;
            (key, rest.strip_prefix(':')?)
        }
        _ if line.ends_with(':') => (&line[..line.len() - 1], ""),
        _ => line.split_once(": ")?,
    };
    Some((key, value.trim().trim_matches(['\'', '"'])))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packages() -> Vec<Name> {
        vec!["@redis/client".into(), "redis".into()]
    }

    fn read(name: &str, text: &str) -> Locks {
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(directory.path().join(name), text).unwrap();
        Locks::read(directory.path(), &packages()).unwrap()
    }

    fn find(locks: &Locks, package: &str, folder: &str, written: &str) -> String {
        locks.find(package, folder, written).map_or_else(|| "-".to_owned(), ToString::to_string)
    }

    #[test]
    fn package_lock_with_workspaces() {
        let lock = read(
            "package-lock.json",
            r#"{ "lockfileVersion": 3, "packages": {
                "": { "name": "shop" },
                "node_modules/redis": { "version": "4.6.7", "dependencies": { "@redis/client": "1.5.8" } },
                "node_modules/@redis/client": { "version": "1.5.8" },
                "node_modules/other/node_modules/redis": { "version": "2.8.0" },
                "node_modules/api": { "resolved": "packages/api", "link": true },
                "packages/api/node_modules/redis": { "version": "3.1.2" } } }"#,
        );
        assert_eq!(find(&lock, "redis", "", "*"), "4.6.7");
        assert_eq!(find(&lock, "redis", "packages/api", "*"), "3.1.2");
        assert_eq!(find(&lock, "redis", "packages/api/sub", "*"), "3.1.2");
        assert_eq!(find(&lock, "redis", "packages/web", "*"), "4.6.7");
        assert_eq!(find(&lock, "@redis/client", "", "*"), "1.5.8");
        assert_eq!(find(&lock, "ioredis", "", "*"), "-");
    }

    #[test]
    fn package_lock_of_old_npm() {
        let text = r#"{ "lockfileVersion": 1, "dependencies": { "redis": { "version": "3.1.2", "requires": { "denque": "^1" } } } }"#;
        assert_eq!(find(&read("package-lock.json", text), "redis", "", "latest"), "3.1.2");
    }

    #[test]
    fn pnpm_importers() {
        let text = "lockfileVersion: '9.0'\n\ncatalogs:\n  default:\n    redis:\n      specifier: ^5.0.0\n      version: 5.8.2\n\n\
                    importers:\n\n  .:\n    devDependencies:\n      redis:\n        specifier: latest\n        version: 4.6.7\n\n  \
                    packages/api:\n    dependencies:\n      '@redis/client':\n        specifier: 'catalog:'\n        version: 1.5.8(x@1.0.0)\n      \
                    redis:\n        specifier: '*'\n        version: 3.1.2\n  packages/web:\n    dependencies:\n      redis:\n        \
                    specifier: workspace:*\n        version: link:../redis\n\npackages:\n\n  redis@2.0.0:\n    resolution: {}\n";
        let lock = read("pnpm-lock.yaml", text);
        assert_eq!(find(&lock, "redis", "", "latest"), "4.6.7");
        assert_eq!(find(&lock, "redis", "packages/api", "*"), "3.1.2");
        assert_eq!(find(&lock, "@redis/client", "packages/api", "catalog:"), "1.5.8");
    }

    #[test]
    fn old_pnpm() {
        let text =
            "lockfileVersion: 5.4\n\nspecifiers:\n  redis: '*'\n\ndependencies:\n  redis: 3.1.2_x@1.0.0\n\npackages:\n";
        assert_eq!(find(&read("pnpm-lock.yaml", text), "redis", "", "*"), "3.1.2");
        let text = "lockfileVersion: 5.4\n\nimporters:\n  packages/api:\n    specifiers:\n      redis: latest\n    dependencies:\n      \
                    redis: 4.6.7\n";
        assert_eq!(find(&read("pnpm-lock.yaml", text), "redis", "packages/api", "latest"), "4.6.7");
    }

    #[test]
    fn yarn() {
        let text = "# yarn lockfile v1\n\n\"@redis/client@1.5.8\":\n  version \"1.5.8\"\n\nredis-errors@^1.0.0:\n  version \"1.2.0\"\n\n\
                    redis@*, redis@^3.1.0:\n  version \"3.1.2\"\n  dependencies:\n    version \"9\"\n\nredis@latest:\n  version \"4.6.7\"\n";
        let lock = read("yarn.lock", text);
        assert_eq!(find(&lock, "redis", "", "*"), "3.1.2");
        assert_eq!(find(&lock, "redis", "", "latest"), "4.6.7");
        assert_eq!(find(&lock, "redis", "", "next"), "-", "one of two");
        assert_eq!(find(&lock, "@redis/client", "", "catalog:"), "1.5.8", "the only one");
    }

    #[test]
    fn yarn_berry() {
        let text = "__metadata:\n  version: 8\n\n\"redis@npm:*, redis@npm:^3.1.0\":\n  version: 3.1.2\n  resolution: \"redis@npm:3.1.2\"\n";
        assert_eq!(find(&read("yarn.lock", text), "redis", "", "*"), "3.1.2");
    }

    #[test]
    fn broken_lock_files_say_nothing() {
        for (name, text) in [
            ("package-lock.json", "{ \"packages\": [}"),
            ("package-lock.json", "{ \"packages\": { \"node_modules/redis\": 3 } }"),
            ("pnpm-lock.yaml", "importers:\n  '\n:\n- redis: 3\nimporters: : :\n  .: é\n"),
            ("yarn.lock", "redis\nredis@:\n  version\né@@:\n  version: é\n\"\n"),
        ] {
            assert_eq!(find(&read(name, text), "redis", "", "*"), "-", "{text}");
        }
    }
}
