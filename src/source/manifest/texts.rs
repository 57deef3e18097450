//! The texts of the manifests that say where imports lead: `package.json`, `tsconfig*.json`, `jsconfig*.json`.

use super::bytes;
use crate::source::discover::{FoundManifest, shown};
use rayon::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Manifests by path, shown as those of sources are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Manifests {
    texts: BTreeMap<String, Arc<str>>,
}

impl Manifests {
    pub fn set(&mut self, path: &str, text: &str) {
        self.texts.insert(path.to_owned(), text.into());
    }

    /// By path.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Arc<str>)> {
        self.texts.iter().map(|(path, text)| (path.as_str(), text))
    }

    /// Reads them on the current rayon pool. What cannot be read, is no text or is very large is left out.
    pub fn read(found: &[FoundManifest]) -> Self {
        let read = |manifest: &FoundManifest| {
            let text = String::from_utf8(bytes(&manifest.disk)?).ok()?;
            Some((manifest.path.clone(), text.strip_prefix('\u{feff}').unwrap_or(&text).into()))
        };
        Manifests { texts: found.par_iter().filter_map(read).collect() }
    }
}

/// Whether a file of this name is one.
pub(in crate::source) fn is_manifest(name: &OsStr) -> bool {
    let Some(stem) = name.to_str().and_then(|name| name.strip_suffix(".json")) else { return false };
    let config = stem.strip_prefix("tsconfig").or_else(|| stem.strip_prefix("jsconfig"));
    stem == "package" || config.is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '-', '_']))
}

/// The files beside and above what was given, up to `cwd`; when it is not below that, those beside a file. Directories in `seen` are left
/// out.
pub(in crate::source) fn above(
    given: &Path,
    is_file: bool,
    cwd: &Path,
    seen: &mut BTreeSet<PathBuf>,
) -> Vec<FoundManifest> {
    let mut found = Vec::new();
    let Some(directory) = given.parent() else { return found };
    let top = match directory.starts_with(cwd) {
        true => cwd,
        false if is_file => directory,
        false => return found,
    };
    for directory in directory.ancestors().take_while(|above| above.starts_with(top)) {
        if !seen.insert(directory.to_owned()) {
            break;
        }
        let entries = std::fs::read_dir(directory).into_iter().flatten().flatten();
        for entry in entries {
            found.push(FoundManifest { path: shown(&entry.path(), cwd), disk: entry.path() });
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        for (name, expected) in [
            ("package.json", true),
            ("tsconfig.json", true),
            ("tsconfig.base.json", true),
            ("tsconfig-build.json", true),
            ("jsconfig.json", true),
            ("package-lock.json", false),
            ("my.package.json", false),
            ("tsconfigs.json", false),
            ("tsconfig", false),
        ] {
            assert_eq!(is_manifest(OsStr::new(name)), expected, "{name}");
        }
    }

    #[test]
    fn reads_what_is_text() {
        let directory = tempfile::tempdir().unwrap();
        let found = |name: &str, bytes: &[u8]| {
            let disk = directory.path().join(name);
            std::fs::write(&disk, bytes).unwrap();
            FoundManifest { path: format!("web/{name}"), disk }
        };
        let mut all = vec![
            found("package.json", "\u{feff}{}".as_bytes()),
            found("tsconfig.json", b"// no json"),
            found("tsconfig.odd.json", b"\xff"),
        ];
        all.push(FoundManifest { path: "gone/package.json".into(), disk: directory.path().join("gone") });
        let read = Manifests::read(&all);
        let texts: Vec<_> = read.iter().map(|(path, text)| (path, text.as_ref())).collect();
        assert_eq!(texts, [("web/package.json", "{}"), ("web/tsconfig.json", "// no json")]);
    }
}
