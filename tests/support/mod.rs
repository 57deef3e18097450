//! What the test programs share: fixture files, the expectations written in them, and one way to run the analysis.
//!
//! # Expectations
//! A line states what is reported on it in its own comment, which begins with `#~` in Python and with `//~` in all other languages.
//! Several may follow each other.
//!
//! | comment | meaning |
//! |---|---|
//! | `#~ never-closed` | this rule reports here; several ids are separated by spaces |
//! | `#~ error: never-closed` | ... with this severity (`error`, `warning`, `note`) |
//! | `#~ fp: never-closed` | reports here and should not |
//! | `#~ fn: never-closed` | does not report here and should |
//! | `#~ step 2` | the second witness step of a finding of this file is on this line |
//! | `#~ release` | this line releases; the mutation tests break it. `#~ release await` on an `async with` whose expression is awaitable |
//! | `//~ release` | the same; the line is a statement, a `using` declaration, a property, or a link of a promise chain |
//!
//! The first lines may set options: `#! persona: pedantic`, `#! path: tests/test_orders.py` (the path that the analysis is shown),
//! `#! diagnostic: syntax` (the file does not parse whole, on purpose); they begin with `//!` where comments begin with `//`.

pub mod expect;
pub mod layout;
pub mod mutate;

use expect::Expectations;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use unclosed::analysis::{Settings, analyse};
use unclosed::catalog::Catalog;
use unclosed::finding::{Finding, Persona, Report};
use unclosed::ir::FileId;
use unclosed::source::manifest::Versions;
use unclosed::source::{Language, SourceFile};

/// What a fixture's name promises.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// Has findings, all of them right.
    Bad,
    /// Has none.
    Ok,
    /// Has findings that are wrong today.
    FalsePositive,
    /// Lacks findings today.
    FalseNegative,
}

impl Kind {
    fn of(stem: &str) -> Option<Kind> {
        let (prefix, _) = stem.split_once('_')?;
        match prefix {
            "bad" => Some(Kind::Bad),
            "ok" => Some(Kind::Ok),
            "fp" => Some(Kind::FalsePositive),
            "fn" => Some(Kind::FalseNegative),
            _ => None,
        }
    }
}

/// What begins a comment that ends with its line.
pub fn comment(language: Language) -> &'static str {
    match language {
        Language::Python => "#",
        _ => "//",
    }
}

/// The folder below `fixtures/` with the programs of a language, and the name of its blocks in Markdown.
pub fn folder(language: Language) -> &'static str {
    match language {
        Language::Python => "python",
        _ => "typescript",
    }
}

/// All folders of programs.
pub const LANGUAGES: &[&str] = &["python", "typescript"];

/// The language of a path that the analysis is shown.
pub fn language(path: &str) -> Language {
    Language::of_name(Path::new(path)).unwrap_or_else(|| panic!("{path}: no known language"))
}

/// One file below `fixtures/`.
#[derive(Clone, Debug)]
pub struct Fixture {
    /// Relative to the repository, with forward slashes.
    pub path: String,
    pub language: Language,
    pub kind: Kind,
    /// The folder, which is a rule id.
    pub rule: String,
    pub text: String,
    pub expected: Expectations,
}

impl Fixture {
    /// Analyses `text` as if it stood in this fixture's place.
    pub fn run(&self, text: &str, persona: Persona) -> Report {
        analyse_one(self.shown_path(), text, persona)
    }

    /// What the analysis is told. A folder named `fixtures` would make everything below it test code.
    pub fn shown_path(&self) -> &str {
        self.expected.path.as_deref().unwrap_or_else(|| self.path.trim_start_matches("fixtures/"))
    }
}

pub fn repository() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// The path below the repository, with forward slashes.
pub fn relative(path: &Path) -> String {
    let root = repository();
    let relative = path.strip_prefix(&root).unwrap_or(path);
    relative.components().map(|c| c.as_os_str().to_string_lossy()).collect::<Vec<_>>().join("/")
}

/// All files below `dir` whose name ends with `.extension`, sorted.
pub fn files_below(dir: &str, extension: &str) -> Vec<PathBuf> {
    let mut found = all_files_below(dir);
    found.retain(|p| p.extension().is_some_and(|e| e == extension));
    found
}

/// All files below `dir`, sorted.
pub fn all_files_below(dir: &str) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = walkdir::WalkDir::new(repository().join(dir))
        .into_iter()
        .filter_map(Result::ok)
        .map(walkdir::DirEntry::into_path)
        .filter(|p| p.is_file())
        .collect();
    found.sort();
    found
}

/// All fixtures, sorted by path.
pub fn fixtures() -> Vec<Fixture> {
    let load = |path: PathBuf| {
        let shown = relative(&path);
        let stem = path.file_stem().unwrap().to_string_lossy().into_owned();
        let text = fs::read_to_string(&path).unwrap();
        let language = language(&shown);
        Fixture {
            kind: Kind::of(&stem).unwrap_or_else(|| panic!("{shown}: a fixture is named bad_, ok_, fp_ or fn_")),
            rule: path.parent().unwrap().file_name().unwrap().to_string_lossy().into_owned(),
            expected: Expectations::parse(&text, language).unwrap_or_else(|e| panic!("{shown}: {e}")),
            language,
            text,
            path: shown,
        }
    };
    all_files_below("fixtures").into_iter().map(load).collect()
}

/// A pool of `threads` whose stacks are large enough for the parsers.
pub fn pool(threads: usize) -> rayon::ThreadPool {
    rayon::ThreadPoolBuilder::new().num_threads(threads).stack_size(unclosed::lang::STACK_BYTES).build().unwrap()
}

/// Sources with ids in the order given.
pub fn sources<'a>(texts: impl IntoIterator<Item = (&'a str, &'a str)>) -> Vec<SourceFile> {
    let texts = texts.into_iter().enumerate();
    texts
        .map(|(i, (path, text))| SourceFile {
            id: FileId(u32::try_from(i).unwrap()),
            path: path.to_owned(),
            language: language(path),
            text: Arc::from(text),
        })
        .collect()
}

/// Analyses one text on a shared pool.
pub fn analyse_one(path: &str, text: &str, persona: Persona) -> Report {
    analyse_with(&Versions::default(), path, text, persona)
}

/// Analyses one text that uses these versions of libraries, on a shared pool.
pub fn analyse_with(versions: &Versions, path: &str, text: &str, persona: Persona) -> Report {
    static POOL: OnceLock<rayon::ThreadPool> = OnceLock::new();
    let settings = Settings { persona, ..Settings::default() };
    let sources = sources([(path, text)]);
    POOL.get_or_init(|| pool(2)).install(|| analyse(&sources, versions, Catalog::builtin(), &settings, &|| ()))
}

/// 1-based line of a byte offset.
pub fn line_of(text: &str, offset: u32) -> usize {
    text.as_bytes()[..(offset as usize).min(text.len())].iter().filter(|b| **b == b'\n').count() + 1
}

/// One line for people: `12 error never-closed: message`.
pub fn describe(text: &str, finding: &Finding) -> String {
    let Finding { rule, severity, message, .. } = finding;
    format!("line {} {severity:?} {rule}: {message}", line_of(text, finding.at.lo)).replace('\n', " ")
}

/// Findings as a comparable list: (line, rule, severity, fingerprint).
pub fn signature(text: &str, report: &Report) -> Vec<(usize, &'static str, String, String)> {
    let line = |f: &Finding| line_of(text, f.at.lo);
    let mut all: Vec<_> =
        report.findings.iter().map(|f| (line(f), f.rule, format!("{:?}", f.severity), f.fingerprint.clone())).collect();
    all.sort();
    all
}

/// Collects problems and fails with all of them at once.
#[derive(Default)]
pub struct Problems(String, usize);

impl Problems {
    pub fn add(&mut self, what: impl std::fmt::Display) {
        self.1 += 1;
        writeln!(self.0, "{what}").unwrap();
    }

    pub fn none_of(self, checked: usize) {
        assert!(self.1 == 0, "{} problems in {checked} cases\n{}", self.1, self.0);
    }
}
