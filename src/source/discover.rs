//! Which files a run looks at.

use super::manifest::texts;
use super::{Language, Problem, ProblemKind, reason};
use ignore::WalkBuilder;
use rustc_hash::FxHashSet;
use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs;
use std::io::{self, Read};
use std::path::{Component, Path, PathBuf};

/// A file to read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Found {
    /// As shown to the user: relative to the working directory where possible, forward slashes.
    pub path: String,
    /// Where it is.
    pub disk: PathBuf,
    pub language: Language,
}

/// A `package.json`, `tsconfig*.json` or `jsconfig*.json`: what says where imports lead.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct FoundManifest {
    /// As shown to the user: relative to the working directory where possible, forward slashes.
    pub path: String,
    /// Where it is.
    pub disk: PathBuf,
}

/// Files sorted by shown path, without duplicates, and what could not be looked at.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub struct Discovery {
    pub files: Vec<Found>,
    /// Those in the directories that were searched, by the same rules as for files, and those beside and above what was given by name,
    /// up to the working directory. Sorted by shown path, without duplicates.
    pub manifests: Vec<FoundManifest>,
    /// In the same directories, other files that were asked for; they may be sources as well. Sorted by shown path, without duplicates.
    pub signs: Vec<FoundManifest>,
    pub problems: Vec<Problem>,
}

/// An argument that names nothing to look at. The run cannot start.
#[derive(Debug, thiserror::Error)]
pub enum BadPath {
    #[error("{path}: no such file or directory")]
    Missing { path: String },
    #[error("{path}: {reason}")]
    Inaccessible { path: String, reason: String },
    #[error("{path}: is neither a file nor a directory")]
    Special { path: String },
}

/// Finds the files below `paths`.
///
/// A file given by name is always taken, whatever ignore files say; if its language is not known, that is a problem of the result.
/// Directories are searched without following symbolic links, without hidden entries and what `.gitignore` and `.ignore` files name
/// (inside a git repository or not), and without installed code: virtual environments, `site-packages`, `node_modules`, caches.
/// Files without bodies (`.pyi`, `.d.ts`) and minified ones (`.min.js`) are taken only by name.
///
/// `cwd` is the absolute directory that relative paths start from and shown paths are relative to. `is_sign` tells by the shown path which
/// other files are wanted.
pub fn discover(paths: &[PathBuf], cwd: &Path, is_sign: &dyn Fn(&str) -> bool) -> Result<Discovery, Vec<BadPath>> {
    let mut found = Search::new(is_sign);
    let mut bad = Vec::new();
    for path in paths {
        if let Err(error) = found.argument(path, cwd) {
            bad.push(error);
        }
    }
    if bad.is_empty() { Ok(found.finish()) } else { Err(bad) }
}

struct Search<'s> {
    is_sign: &'s dyn Fn(&str) -> bool,
    /// With the real path, which tells duplicates.
    files: Vec<(Found, PathBuf)>,
    manifests: Vec<FoundManifest>,
    signs: Vec<FoundManifest>,
    /// Where manifests above given files and directories were looked for.
    looked_above: BTreeSet<PathBuf>,
    problems: Vec<Problem>,
}

impl<'s> Search<'s> {
    fn new(is_sign: &'s dyn Fn(&str) -> bool) -> Search<'s> {
        Search {
            is_sign,
            files: Vec::new(),
            manifests: Vec::new(),
            signs: Vec::new(),
            looked_above: BTreeSet::new(),
            problems: Vec::new(),
        }
    }

    fn argument(&mut self, path: &Path, cwd: &Path) -> Result<(), BadPath> {
        let absolute = clean(&cwd.join(path));
        let shown = || shown(&absolute, cwd);
        let refused = |error: io::Error| match error.kind() {
            io::ErrorKind::NotFound => BadPath::Missing { path: shown() },
            _ => BadPath::Inaccessible { path: shown(), reason: reason(&error) },
        };
        // The path as given, not the cleaned one: `link/..` is where the link leads.
        let real = fs::canonicalize(cwd.join(path)).map_err(refused)?;
        let kind = fs::metadata(&real).map_err(refused)?;
        for beside in texts::above(&absolute, kind.is_file(), cwd, &mut self.looked_above) {
            self.note(beside);
        }
        if kind.is_dir() {
            self.directory(&real, &absolute, cwd);
            Ok(())
        } else if kind.is_file() {
            match language_of_argument(&absolute, &real) {
                Some(language) => self.files.push((Found { path: shown(), disk: real.clone(), language }, real)),
                None => self.problems.push(Problem {
                    path: shown(),
                    line: None,
                    kind: ProblemKind::Skipped,
                    message: "is in no language that is analysed: Python (.py, .pyw, .pyi), TypeScript (.ts, .tsx, .mts, .cts), JavaScript \
                              (.js, .jsx, .mjs, .cjs), Vue (.vue), Svelte (.svelte), or a `#!` line that names Python or Node"
                        .into(),
                }),
            }
            Ok(())
        } else {
            Err(BadPath::Special { path: shown() })
        }
    }

    fn directory(&mut self, real: &Path, given: &Path, cwd: &Path) {
        let walk = WalkBuilder::new(real)
            .follow_links(false)
            .require_git(false)
            .filter_entry(|entry| {
                let is_dir = entry.file_type().is_some_and(|t| t.is_dir());
                entry.depth() == 0 || !is_dir || !is_installed_code(entry.path())
            })
            .build();
        let shown_path = |path: &Path| match path.strip_prefix(real) {
            Ok(rest) => shown(&given.join(rest), cwd),
            Err(_) => shown(path, cwd),
        };
        for entry in walk {
            let entry = match entry {
                Ok(entry) => entry,
                Err(error) => {
                    self.refused(&error, &shown_path);
                    continue;
                }
            };
            // Ignore files with mistakes still work but for the lines concerned: nothing of the user's code is lost.
            let is_file = entry.file_type().is_some_and(|t| t.is_file());
            if is_file {
                self.note(FoundManifest { path: shown_path(entry.path()), disk: entry.path().to_owned() });
            }
            if let Some(language) = is_file.then(|| language_of_name(entry.path(), false)).flatten() {
                let disk = entry.into_path();
                self.files.push((Found { path: shown_path(&disk), disk: disk.clone(), language }, disk));
            }
        }
    }

    /// Keeps a file for what it says about others.
    fn note(&mut self, file: FoundManifest) {
        if (self.is_sign)(&file.path) {
            self.signs.push(file.clone());
        }
        if file.disk.file_name().is_some_and(texts::is_manifest) {
            self.manifests.push(file);
        }
    }

    fn refused(&mut self, error: &ignore::Error, shown_path: &dyn Fn(&Path) -> String) {
        let path = path_of(error).map(shown_path).unwrap_or_default();
        let message = match error.io_error() {
            Some(error) => reason(error),
            None => error.to_string(),
        };
        self.problems.push(Problem { path, line: None, kind: ProblemKind::Unreadable, message });
    }

    fn finish(mut self) -> Discovery {
        self.files.sort_by(|(a, a_real), (b, b_real)| (&a.path, a_real).cmp(&(&b.path, b_real)));
        let mut seen = FxHashSet::default();
        self.files.retain(|(_, real)| seen.insert(real.clone()));
        self.manifests.sort();
        self.manifests.dedup_by(|a, b| a.path == b.path);
        self.signs.sort();
        self.signs.dedup_by(|a, b| a.path == b.path);
        self.problems.sort_by(|a, b| (&a.path, &a.message).cmp(&(&b.path, &b.message)));
        self.problems.dedup();
        Discovery {
            files: self.files.into_iter().map(|(found, _)| found).collect(),
            manifests: self.manifests,
            signs: self.signs,
            problems: self.problems,
        }
    }
}

fn path_of(error: &ignore::Error) -> Option<&Path> {
    match error {
        ignore::Error::WithPath { path, .. } => Some(path),
        ignore::Error::WithDepth { err, .. } | ignore::Error::WithLineNumber { err, .. } => path_of(err),
        ignore::Error::Loop { child, .. } => Some(child),
        ignore::Error::Partial(errors) => errors.iter().find_map(path_of),
        _ => None,
    }
}

/// Code that others wrote and a package manager put there.
fn is_installed_code(directory: &Path) -> bool {
    match directory.file_name().and_then(OsStr::to_str) {
        Some("node_modules" | "bower_components" | "jspm_packages" | "site-packages" | "__pycache__") => true,
        _ => directory.join("pyvenv.cfg").is_file(),
    }
}

/// The language of a file that was given by name.
fn language_of_argument(given: &Path, real: &Path) -> Option<Language> {
    language_of_name(given, true)
        .or_else(|| if given.extension().is_none() { language_of_interpreter(real) } else { None })
}

/// By extension. Stub files have no bodies and minified files no author, so they are taken only when asked for.
fn language_of_name(path: &Path, explicit: bool) -> Option<Language> {
    let kind = path.file_stem().and_then(|stem| Path::new(stem).extension()).and_then(OsStr::to_str);
    if !explicit
        && matches!(
            (kind, path.extension()?.to_str()?),
            (Some("d"), "ts" | "mts" | "cts") | (Some("min"), "js" | "mjs" | "cjs")
        )
    {
        return None;
    }
    let stub = explicit && path.extension().is_some_and(|extension| extension == "pyi");
    if stub { Some(Language::Python) } else { Language::of_name(path) }
}

/// By the interpreter that a `#!` line names.
fn language_of_interpreter(path: &Path) -> Option<Language> {
    let mut head = Vec::new();
    fs::File::open(path).and_then(|file| file.take(256).read_to_end(&mut head)).ok()?;
    let line = head.split(|b| *b == b'\n').next().filter(|line| line.starts_with(b"#!"))?;
    let line = String::from_utf8_lossy(&line[2..]);
    line.split([' ', '\t', '\r']).filter_map(|word| word.rsplit('/').next()).find_map(|name| match name {
        "node" | "nodejs" => Some(Language::JavaScript),
        "bun" | "deno" | "tsx" | "ts-node" => Some(Language::TypeScript),
        _ => name.starts_with("python").then_some(Language::Python),
    })
}

/// Resolves `.` and `..` by name, so that paths read the way they were written.
pub(super) fn clean(path: &Path) -> PathBuf {
    let mut out = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => {
                out.pop();
            }
            other => out.push(other),
        }
    }
    out
}

pub(super) fn shown(absolute: &Path, cwd: &Path) -> String {
    let path = absolute.strip_prefix(cwd).unwrap_or(absolute);
    if path.as_os_str().is_empty() {
        return ".".into();
    }
    let text = path.to_string_lossy();
    if std::path::MAIN_SEPARATOR == '/' { text.into_owned() } else { text.replace(std::path::MAIN_SEPARATOR, "/") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(files: &[(&str, &str)]) -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        for (path, text) in files {
            let path = dir.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        dir
    }

    fn find(dir: &tempfile::TempDir, paths: &[&str]) -> Discovery {
        let cwd = fs::canonicalize(dir.path()).unwrap();
        let paths: Vec<_> = paths.iter().map(PathBuf::from).collect();
        discover(&paths, &cwd, &|_| false).unwrap()
    }

    fn names(discovery: &Discovery) -> Vec<&str> {
        discovery.files.iter().map(|f| f.path.as_str()).collect()
    }

    #[test]
    fn leaves_out_what_is_not_the_projects_code() {
        let dir = tree(&[
            ("a.py", ""),
            ("b.pyw", ""),
            ("stub.pyi", ""),
            ("notes.txt", ""),
            ("tool", "#!/usr/bin/env python3\n"),
            (".hidden.py", ""),
            (".git/x.py", ""),
            ("node_modules/x.py", ""),
            ("lib/site-packages/x.py", ""),
            ("__pycache__/x.py", ""),
            ("venv/pyvenv.cfg", ""),
            ("venv/x.py", ""),
            ("build/kept.py", ""),
            ("dist/x.py", ""),
            ("pkg/gen/x.py", ""),
            ("pkg/z.py", ""),
            (".gitignore", "dist/\n"),
            ("pkg/.gitignore", "gen\n"),
        ]);
        assert_eq!(names(&find(&dir, &["."])), ["a.py", "b.pyw", "build/kept.py", "pkg/z.py"]);
        assert_eq!(names(&find(&dir, &["venv"])), ["venv/x.py"], "asked for");
    }

    #[test]
    fn manifests_are_found_on_the_way() {
        let dir = tree(&[
            ("package.json", "{}"),
            ("tsconfig.base.json", "{}"),
            ("app/tsconfig.json", "{}"),
            ("app/src/a.ts", ""),
            ("app/src/data.json", "{}"),
            ("lib/package.json", "{}"),
            ("lib/a.ts", ""),
            ("gen/package.json", "{}"),
            ("node_modules/x/package.json", "{}"),
            (".gitignore", "gen\n"),
        ]);
        let manifests = |paths: &[&str]| -> Vec<String> {
            find(&dir, paths).manifests.into_iter().map(|manifest| manifest.path).collect()
        };
        assert_eq!(manifests(&["."]), ["app/tsconfig.json", "lib/package.json", "package.json", "tsconfig.base.json"]);
        let above = ["app/tsconfig.json", "package.json", "tsconfig.base.json"];
        assert_eq!(manifests(&["app/src/a.ts"]), above, "of a file, up to the working directory");
        assert_eq!(manifests(&["app/src"]), above, "of a directory, too");
        assert_eq!(manifests(&["app", "app/src/a.ts"]), above, "once");
    }

    #[test]
    fn files_given_by_name_are_always_taken() {
        let dir = tree(&[
            ("dist/x.py", ""),
            ("stub.pyi", ""),
            ("tool", "#!/usr/bin/env python3\n"),
            ("script", "#!/bin/sh\n"),
            ("notes.txt", ""),
            (".gitignore", "dist/\n"),
        ]);
        let found = find(&dir, &["dist/x.py", "stub.pyi", "tool", "script", "notes.txt"]);
        assert_eq!(names(&found), ["dist/x.py", "stub.pyi", "tool"]);
        assert_eq!(found.problems.iter().map(|p| p.path.as_str()).collect::<Vec<_>>(), ["notes.txt", "script"]);
    }

    #[test]
    fn typescript_and_javascript() {
        let dir = tree(&[
            ("a.ts", ""),
            ("b.tsx", ""),
            ("c.mjs", ""),
            ("d.vue", ""),
            ("e.svelte", ""),
            ("types.d.ts", ""),
            ("types.d.mts", ""),
            ("lib.min.js", ""),
            ("d.ts", ""),
            ("min.js", ""),
            (".next/x.js", ""),
            (".yarn/releases/yarn.cjs", ""),
            ("node_modules/x/x.js", ""),
            ("pkg/bower_components/x.js", ""),
            ("cli", "#!/usr/bin/env -S node --no-warnings\n"),
            ("tool", "#!/usr/bin/env bun\r\n"),
            ("notes", "node\n"),
        ]);
        let found = find(&dir, &["."]);
        assert_eq!(names(&found), ["a.ts", "b.tsx", "c.mjs", "d.ts", "d.vue", "e.svelte", "min.js"]);
        let found = find(&dir, &["types.d.ts", "lib.min.js", "cli", "tool", "notes", "node_modules/x/x.js"]);
        let languages: Vec<_> = found.files.iter().map(|file| (file.path.as_str(), file.language)).collect();
        assert_eq!(
            languages,
            [
                ("cli", Language::JavaScript),
                ("lib.min.js", Language::JavaScript),
                ("node_modules/x/x.js", Language::JavaScript),
                ("tool", Language::TypeScript),
                ("types.d.ts", Language::TypeScript),
            ]
        );
        assert_eq!(found.problems.iter().map(|p| p.path.as_str()).collect::<Vec<_>>(), ["notes"]);
    }

    #[test]
    fn duplicates_are_removed_and_paths_sorted() {
        let dir = tree(&[("b.py", ""), ("a/c.py", ""), ("a-b.py", "")]);
        assert_eq!(names(&find(&dir, &["./b.py", ".", "a/../b.py", "a", "a/c.py"])), ["a-b.py", "a/c.py", "b.py"]);
    }

    #[test]
    fn a_missing_path_is_an_error_that_names_all_of_them() {
        let dir = tree(&[("a.py", "")]);
        let paths = ["nope.py".into(), "a.py".into(), "gone".into()];
        let errors = discover(&paths, dir.path(), &|_| false).unwrap_err();
        let errors: Vec<_> = errors.iter().map(ToString::to_string).collect();
        assert_eq!(errors, ["nope.py: no such file or directory", "gone: no such file or directory"]);
    }

    #[cfg(unix)]
    #[test]
    fn symbolic_links_are_not_followed_unless_given() {
        use std::os::unix::fs::symlink;
        let dir = tree(&[("pkg/a.py", "")]);
        symlink("..", dir.path().join("pkg/up")).unwrap();
        symlink("pkg", dir.path().join("other")).unwrap();
        symlink("pkg/a.py", dir.path().join("link.py")).unwrap();
        symlink("loop", dir.path().join("loop")).unwrap();
        assert_eq!(names(&find(&dir, &["."])), ["pkg/a.py"]);
        assert_eq!(names(&find(&dir, &["link.py"])), ["link.py"]);
        assert_eq!(names(&find(&dir, &["other"])), ["other/a.py"]);
        assert_eq!(names(&find(&dir, &["pkg/up/pkg"])), ["pkg/up/pkg/a.py"]);
        let errors = discover(&["loop".into()], dir.path(), &|_| false).unwrap_err();
        assert!(matches!(errors[0], BadPath::Inaccessible { .. }), "{errors:?}");
    }
}
