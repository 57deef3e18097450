//! Python: the versions of packages in lock files and, where they are pinned, in requirements.

use super::range;
use crate::ir::Name;
use semver::Version;
use std::path::Path;

/// Files in which a version may be pinned, in the order in which they are believed.
const FILES: [&str; 7] =
    ["uv.lock", "poetry.lock", "pdm.lock", "Pipfile.lock", "requirements.txt", "pyproject.toml", "Pipfile"];

/// Whether the file says anything about versions of Python packages.
pub(super) fn versions_in(directory: &Path, packages: &[Name]) -> Vec<(Name, Version)> {
    let mut out: Vec<(Name, Version)> = Vec::new();
    for file in FILES {
        let Some(bytes) = super::bytes(&directory.join(file)) else { continue };
        let text = String::from_utf8_lossy(&bytes);
        for package in packages {
            if out.iter().all(|(known, _)| known != package)
                && let Some(version) = pinned(&text, package)
            {
                out.push((*package, version));
            }
        }
    }
    out
}

/// The version of the package that the text of a lock file, of requirements or of a project file pins. `None`: it names none, or only a lower
/// bound, which says little about what is installed.
fn pinned(text: &str, package: &str) -> Option<Version> {
    let mut lines = text.lines().map(str::trim).peekable();
    while let Some(line) = lines.next() {
        // `[[package]]`, then `name = "fastapi"` and `version = "0.110.1"`.
        if let Some(name) = line.strip_prefix("name = ").map(|name| name.trim_matches(['"', '\''])) {
            if same(name, package)
                && let Some(version) = lines.peek().and_then(|next| next.strip_prefix("version = "))
            {
                return range::lowest(package, version.trim_matches(['"', '\'']));
            }
            continue;
        }
        let line = line.trim_start_matches(['"', '\'', '-', ' ']);
        let end =
            line.find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))).unwrap_or(line.len());
        let (name, rest) = line.split_at(end);
        if !same(name, package) {
            continue;
        }
        // `fastapi[all]==0.110.1 ; python_version < "4"`, `fastapi = "^0.110"`, `fastapi = { version = "^0.110" }`,
        // `"fastapi": { ... "version": "==0.110.1" }`.
        let mut rest = rest.split(';').next().unwrap_or_default();
        if let Some((_, after)) = rest.split_once("version") {
            rest = after;
        } else if rest.trim_end().ends_with('{') {
            let block = lines.by_ref().take_while(|line| !line.starts_with('}'));
            let found = block.filter_map(|line| line.strip_prefix("\"version\":")).next();
            return found.and_then(|version| exact(package, version));
        }
        if let Some(rest) = rest.strip_prefix('[').and_then(|rest| rest.split_once(']')).map(|(_, rest)| rest) {
            return exact(package, rest);
        }
        return exact(package, rest);
    }
    None
}

/// Names are the same whatever their case and however their parts are joined.
fn same(name: &str, package: &str) -> bool {
    let normal = |name: &str| name.to_ascii_lowercase().replace(['_', '.'], "-");
    normal(name) == normal(package)
}

/// `==0.110.1`, `~=0.110.0`, `^0.110`; nothing else says which release it is.
fn exact(package: &str, written: &str) -> Option<Version> {
    let written = written
        .trim_matches(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | ',' | '=' | ':' | '{' | '}' | '(' | ')'));
    let written = written.split(['"', '\'', ',', ' ']).next()?;
    let version = written.trim_start_matches(['=', '~', '^', ' ']);
    version.starts_with(|c: char| c.is_ascii_digit()).then(|| range::lowest(package, version))?
}

#[cfg(test)]
mod tests {
    use super::pinned;

    #[test]
    fn pinned_versions_are_read_in_all_spellings() {
        let of = |text: &str| pinned(text, "fastapi").map_or_else(|| "-".to_owned(), |version| version.to_string());
        assert_eq!(of("# x\nuvicorn==0.30\nfastapi==0.110.1\n"), "0.110.1");
        assert_eq!(of("FastAPI[all] == 0.95.2 ; python_version < \"4\""), "0.95.2");
        assert_eq!(of("fastapi~=0.110.0"), "0.110.0");
        assert_eq!(of("fastapi>=0.100,<0.118"), "-");
        assert_eq!(of("fastapi"), "-");
        assert_eq!(of("fastapi-users==1.0"), "-");
        assert_eq!(of("dependencies = [\n  \"fastapi==0.115.0\",\n]"), "0.115.0");
        assert_eq!(of("[tool.poetry.dependencies]\nfastapi = \"^0.110\""), "0.110.0");
        assert_eq!(of("fastapi = {version = \"0.95.2\", extras = [\"all\"]}"), "0.95.2");
        assert_eq!(of("[[package]]\nname = \"fastapi\"\nversion = \"0.118.0\"\n"), "0.118.0");
        assert_eq!(of("\"fastapi\": {\n \"hashes\": [],\n \"version\": \"==0.115.0\"\n}"), "0.115.0");
    }
}
