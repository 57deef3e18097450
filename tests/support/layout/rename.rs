//! New names for functions and files, in all files of a program at once. Lines stay where they are.

use super::{is_word, occurrences, renamed};
use std::path::Path;
use unclosed::source::Language;

/// A program under new names; paths and texts are in the order of its files.
pub struct Renamed {
    pub name: String,
    pub paths: Vec<String>,
    pub texts: Vec<String>,
}

/// One file of a program: shown path, language, text.
pub type File<'a> = (&'a str, Language, &'a str);

/// Words in the names of functions and files that frameworks, test runners and the analysis itself give a meaning.
const TELLING: &[&str] = &[
    "main",
    "handler",
    "test",
    "spec",
    "use",
    "set",
    "tear",
    "before",
    "after",
    "load",
    "index",
    "init",
    "conftest",
    "page",
    "route",
    "close",
    "aclose",
    "quit",
    "disconnect",
    "end",
    "release",
    "dispose",
    "destroy",
    "shutdown",
    "stop",
    "clean",
    "exit",
    "free",
    "loader",
    "action",
    "on",
    "middleware",
    "lifespan",
    "script",
    "seed",
    "migrate",
    "cli",
    "manage",
    "scripts",
    "get",
    "post",
    "asgi",
    "gunicorn",
    "wsgi",
];

fn is_telling(name: &str) -> bool {
    let mut words = String::new();
    for c in name.chars() {
        if c.is_uppercase() {
            words.push('_');
        }
        words.extend(c.to_lowercase());
    }
    let told = words.split(|c: char| !c.is_alphanumeric()).any(|word| TELLING.contains(&word));
    told || name.starts_with(|c: char| !c.is_lowercase())
}

/// One program for each function of the top level that can be renamed textually.
pub fn functions(files: &[File<'_>]) -> Vec<Renamed> {
    let mut names: Vec<&str> = Vec::new();
    for (_, language, text) in files {
        for line in text.lines() {
            let name = declared(line, *language).filter(|name| !names.contains(name) && !is_telling(name));
            names.extend(name.filter(|name| files.iter().all(|file| is_renamable(files, *file, name))));
        }
    }
    let program = |name: &str| Renamed {
        name: format!("rename function `{name}`"),
        paths: files.iter().map(|(path, ..)| (*path).to_owned()).collect(),
        texts: files.iter().map(|(.., text)| renamed(text, name, &format!("renamed_{name}"))).collect(),
    };
    names.into_iter().map(program).collect()
}

/// The function that a line of the top level declares.
fn declared(line: &str, language: Language) -> Option<&str> {
    let rest = match language {
        Language::Python => line.strip_prefix("async ").unwrap_or(line).strip_prefix("def ")?,
        _ => {
            let rest = line.strip_prefix("export ").unwrap_or(line);
            rest.strip_prefix("async ").unwrap_or(rest).strip_prefix("function ")?
        }
    };
    let name = rest.split('(').next()?;
    (!name.is_empty() && name.chars().all(is_word)).then_some(name)
}

fn is_renamable(files: &[File<'_>], (_, language, text): File<'_>, name: &str) -> bool {
    occurrences(text, name).all(|at| {
        let (before, after) = (&text[..at], &text[at + name.len()..]);
        let start = before.rfind('\n').map_or(0, |at| at + 1);
        let line = text[start..].lines().next().unwrap_or_default();
        let quoted = ['"', '\'', '`'].iter().any(|quote| before[start..].matches(*quote).count() % 2 == 1);
        let passes = line.contains("import ") || line.contains(" from ") || line.contains("require(");
        let local =
            specifier(line, language).is_some_and(|(_, _, last)| files.iter().any(|(path, ..)| stem(path) == last));
        let exports = passes || line.starts_with("export ") || line.starts_with("module.exports");
        let property = before.trim_end().ends_with('{') || after.trim_start().starts_with('}');
        let keyword = (after.starts_with('=') && !after.starts_with("==")) || after.starts_with(':');
        let comment = line.contains('#') && language == Language::Python || line.contains("//");
        !before.ends_with('.') && !quoted && !keyword && !comment && (!passes || local) && (!property || exports)
    })
}

/// One program for each file that can be renamed.
pub fn files(files: &[File<'_>], manifests: &[(String, String)]) -> Vec<Renamed> {
    let mut out = Vec::new();
    for (at, (path, language, _)) in files.iter().enumerate() {
        let stem = stem(path);
        let package = stem == "__init__" || stem.contains(['.', '+', '$', '[']);
        let others = files.iter().filter(|(other, ..)| other != path);
        let told = manifests.iter().any(|(_, text)| occurrences(text, stem).next().is_some());
        let shared = others.clone().any(|(other, ..)| other.split(['/', '.']).any(|part| part == stem));
        let by_name = others.clone().any(|(.., text)| imports_by_name(text, stem, *language));
        if package || is_telling(stem) || told || shared || by_name {
            continue;
        }
        let new = format!("{stem}_renamed");
        let mut paths: Vec<String> = files.iter().map(|(path, ..)| (*path).to_owned()).collect();
        let name = path.len() - Path::new(path).file_name().map_or(0, std::ffi::OsStr::len);
        paths[at].replace_range(name..name + stem.len(), &new);
        let texts = files.iter().map(|(.., text)| text.lines().map(|l| redirected(l, *language, stem, &new)).collect());
        let texts: Vec<String> = texts.collect();
        if texts.iter().all(|text| !names_path(text, stem)) {
            out.push(Renamed { name: format!("rename file `{path}`"), paths, texts });
        }
    }
    out
}

/// Some text in quotes ends with this file, as that of a dynamic import or of an alias does.
fn names_path(text: &str, stem: &str) -> bool {
    occurrences(text, stem).any(|at| text[..at].ends_with('/') && text[at + stem.len()..].starts_with(['"', '\'', '.']))
}

fn stem(path: &str) -> &str {
    Path::new(path).file_stem().and_then(std::ffi::OsStr::to_str).unwrap_or_default()
}

/// Python only: the module is what is imported, so that its name goes on to be used.
fn imports_by_name(text: &str, stem: &str, language: Language) -> bool {
    let imports = |line: &str| line.trim_start().starts_with("import ") || line.contains(" import ");
    language == Language::Python
        && text.lines().filter(|line| imports(line)).any(|line| {
            let names = line.split_once("import ").map_or("", |(_, names)| names);
            occurrences(names, stem).next().is_some()
        })
}

/// Where the last part of the imported module's name stands in an import, and what it is.
fn specifier(line: &str, language: Language) -> Option<(usize, usize, &str)> {
    let (start, end) = match language {
        Language::Python => {
            let from = line.find("from ")? + 5;
            (from, from + line[from..].find(" import")?)
        }
        _ => {
            let from = line.find(" from ").or_else(|| line.find("require("))?;
            let quote = from + line[from..].find(['"', '\''])? + 1;
            (quote, quote + line[quote..].find(['"', '\''])?)
        }
    };
    let separator = if language == Language::Python { '.' } else { '/' };
    let last = line[start..end].rfind(separator).map_or(start, |at| start + at + 1);
    let name = &line[last..end];
    let name = if language == Language::Python { name } else { name.split('.').next()? };
    let relative = language == Language::Python || line[start..end].starts_with('.');
    (relative && !name.is_empty()).then_some((last, last + name.len(), name))
}

fn redirected(line: &str, language: Language, stem: &str, new: &str) -> String {
    match specifier(line, language) {
        Some((start, end, name)) if name == stem => format!("{}{new}{}\n", &line[..start], &line[end..]),
        _ => format!("{line}\n"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_are_renamed_in_all_files() {
        let python = Language::Python;
        let db: File<'_> =
            ("db.py", python, "def connect(a):\n    return m.open(a)\n\n\ndef close(c):\n    c.close()\n");
        let app: File<'_> = ("app.py", python, "from db import connect\n\nc = connect(1)\n");
        let renamed = functions(&[db, app]);
        assert_eq!(renamed.len(), 1);
        assert_eq!(renamed[0].texts[1], "from db import renamed_connect\n\nc = renamed_connect(1)\n");
        let other: File<'_> = ("b.py", python, "from library import connect\n");
        assert!(functions(&[db, app, other]).is_empty());
        let attribute: File<'_> = ("b.py", python, "import library\nlibrary.connect()\n");
        assert!(functions(&[db, app, attribute]).is_empty());
    }

    #[test]
    fn files_are_renamed_with_their_imports() {
        let ts = Language::TypeScript;
        let all: [File<'_>; 2] =
            [("src/db.ts", ts, "export const a = 1;\n"), ("src/app.ts", ts, "import { a } from \"./db.js\";\n")];
        let renamed = files(&all, &[]);
        assert_eq!(renamed[0].paths, ["src/db_renamed.ts", "src/app.ts"]);
        assert_eq!(renamed[0].texts[1], "import { a } from \"./db_renamed.js\";\n");
        assert_eq!(renamed.len(), 2);
        let dynamic: [File<'_>; 2] = [all[0], ("src/app.ts", ts, "const { a } = await import(\"./db\");\n")];
        assert_eq!(files(&dynamic, &[]).len(), 1);
        let told = [("package.json".to_owned(), "{ \"main\": \"src/db.ts\" }".to_owned())];
        assert_eq!(files(&all, &told).len(), 1);
        let python: [File<'_>; 2] = [
            ("s/db.py", Language::Python, ""),
            ("s/app.py", Language::Python, "from .db import a\nfrom s.db import b\n"),
        ];
        assert_eq!(files(&python, &[])[0].texts[1], "from .db_renamed import a\nfrom s.db_renamed import b\n");
        let by_name: [File<'_>; 2] = [("db.py", Language::Python, ""), ("app.py", Language::Python, "import db\n")];
        assert_eq!(files(&by_name, &[]).len(), 1);
    }
}
