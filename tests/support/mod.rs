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
//!
//! A fixture may be a folder. Its files are analysed together under the paths that they have in it, with the manifests that lie among them
//! (`package.json`, `requirements.txt`, `vercel.json`, `Dockerfile`: whatever is no source); each states what is reported on its own lines.

pub mod expect;
pub mod layout;
pub mod mutate;

use expect::{Expectation, Expectations, Truth};
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use unclosed::analysis::{self, Project, Settings, analyse};
use unclosed::catalog::Catalog;
use unclosed::finding::{Finding, Persona, Report};
use unclosed::ir::FileId;
use unclosed::source::manifest::{self, Manifests, Versions};
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

/// One source file of a fixture.
#[derive(Clone, Debug)]
pub struct FixtureFile {
    /// Relative to the repository, with forward slashes.
    pub path: String,
    /// What the analysis is told. A folder named `fixtures` would make everything below it test code.
    pub shown: String,
    pub language: Language,
    pub text: String,
    pub expected: Expectations,
}

/// One program below `fixtures/`: a file, or a folder whose files are analysed together.
#[derive(Clone, Debug)]
pub struct Fixture {
    /// Relative to the repository, with forward slashes.
    pub path: String,
    pub language: Language,
    pub kind: Kind,
    /// The folder, which is a rule id.
    pub rule: String,
    /// Sorted by path; a file's place is its id in the report.
    pub files: Vec<FixtureFile>,
    /// Manifests of a folder: shown path and text.
    pub manifests: Vec<(String, String)>,
}

/// A file that is no source says how the others find each other, or where they run.
fn is_manifest(name: &str) -> bool {
    Language::of_name(Path::new(name)).is_none()
}

impl Fixture {
    /// Loads the program at `path`, which is a file or a folder.
    fn load(path: &Path) -> Fixture {
        let shown = relative(path);
        let stem = path.file_stem().unwrap().to_string_lossy();
        let (mut files, mut manifests) = (Vec::new(), Vec::new());
        for file in if path.is_dir() { all_files_in(path) } else { vec![path.to_owned()] } {
            let own = relative(&file);
            let text = fs::read_to_string(&file).unwrap();
            let below = own.strip_prefix(&format!("{shown}/")).unwrap_or(own.trim_start_matches("fixtures/"));
            if is_manifest(&file.file_name().unwrap().to_string_lossy()) {
                manifests.push((below.to_owned(), text));
                continue;
            }
            let language = language(&own);
            let expected = Expectations::parse(&text, language).unwrap_or_else(|e| panic!("{own}: {e}"));
            let shown = expected.path.clone().unwrap_or_else(|| below.to_owned());
            files.push(FixtureFile { shown, language, text, expected, path: own });
        }
        Fixture {
            kind: Kind::of(&stem).unwrap_or_else(|| panic!("{shown}: a fixture is named bad_, ok_, fp_ or fn_")),
            rule: path.parent().unwrap().file_name().unwrap().to_string_lossy().into_owned(),
            language: files.first().unwrap_or_else(|| panic!("{shown}: no source file")).language,
            path: shown,
            files,
            manifests,
        }
    }

    /// Whether it is a folder.
    pub fn is_folder(&self) -> bool {
        self.files[0].path != self.path
    }

    /// For whom the findings are expected; one file of a folder says so for all.
    pub fn persona(&self) -> Persona {
        let named = self.files.iter().map(|f| f.expected.persona).find(|p| *p != Persona::Regular);
        named.unwrap_or(Persona::Regular)
    }

    /// Some file has syntax errors on purpose.
    pub fn syntax_errors(&self) -> bool {
        self.files.iter().any(|f| f.expected.syntax_errors)
    }

    pub fn findings(&self) -> impl Iterator<Item = &Expectation> {
        self.files.iter().flat_map(|f| &f.expected.findings)
    }

    pub fn with_truth(&self, truth: Truth) -> impl Iterator<Item = &Expectation> {
        self.findings().filter(move |e| e.truth == truth)
    }

    /// Analyses the program as it stands.
    pub fn run(&self, persona: Persona) -> Report {
        self.run_texts(&self.texts(), persona)
    }

    /// Analyses the program with `text` instead of what its file `at` holds.
    pub fn run_with(&self, at: usize, text: &str, persona: Persona) -> Report {
        self.run_texts(&self.texts_with(at, text), persona)
    }

    /// Analyses these texts as if they stood in the places of the files.
    pub fn run_texts(&self, texts: &[&str], persona: Persona) -> Report {
        self.run_files(self.files.iter().map(|f| f.shown.as_str()).zip(texts.iter().copied()), persona)
    }

    /// Analyses these files, given as shown path and text, with the manifests of this program.
    pub fn run_files<'a>(&self, files: impl IntoIterator<Item = (&'a str, &'a str)>, persona: Persona) -> Report {
        analyse_on_shared_pool(files, &self.manifests, &self.versions(), persona)
    }

    /// What the manifests in the folder say about libraries, for all of its files.
    fn versions(&self) -> Versions {
        let mut versions = Versions::default();
        if self.manifests.is_empty() {
            return versions;
        }
        let wanted = analysis::wanted(Catalog::builtin());
        let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
        let files = self.files.iter().map(|f| (f.path.as_str(), f.language));
        let read = manifest::read(files, &[root.join(&self.path)], &root, wanted);
        for file in &self.files {
            let directory = file.shown.rsplit_once('/').map_or("", |(directory, _)| directory);
            for (package, version) in read.of_file(&file.path).into_iter().flatten() {
                versions.set(directory, package, version.clone());
            }
        }
        versions
    }

    pub fn texts(&self) -> Vec<&str> {
        self.files.iter().map(|f| f.text.as_str()).collect()
    }

    pub fn texts_with<'a>(&'a self, at: usize, text: &'a str) -> Vec<&'a str> {
        let mut texts = self.texts();
        texts[at] = text;
        texts
    }

    /// What differs between the expectations and the report, one line each; empty when all is as expected.
    pub fn differences(&self, report: &Report) -> Vec<String> {
        let mut out = Vec::new();
        for (id, file) in (0..).map(FileId).zip(&self.files) {
            let differences = file.expected.differences(id, &file.shown, &file.text, report);
            let name = if self.is_folder() { format!("{}: ", file.shown) } else { String::new() };
            out.extend(differences.into_iter().map(|d| format!("{name}{d}")));
        }
        out
    }

    /// Paths that no two programs share, unlike those that fixtures ask to be shown.
    pub fn own_paths(&self) -> impl Iterator<Item = &str> {
        self.files.iter().map(|f| f.path.trim_start_matches("fixtures/"))
    }

    /// The manifests in the places that go with [`Self::own_paths`].
    pub fn own_manifests(&self) -> impl Iterator<Item = (String, String)> {
        let folder = self.path.trim_start_matches("fixtures/");
        self.manifests.iter().map(move |(path, text)| (format!("{folder}/{path}"), text.clone()))
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

/// All files below `dir`, which is relative to the repository, sorted.
pub fn all_files_below(dir: &str) -> Vec<PathBuf> {
    all_files_in(&repository().join(dir))
}

fn all_files_in(dir: &Path) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = walkdir::WalkDir::new(dir)
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
    let programs = walkdir::WalkDir::new(repository().join("fixtures")).min_depth(3).max_depth(3);
    let mut found: Vec<PathBuf> = programs.into_iter().map(|entry| entry.unwrap().into_path()).collect();
    found.sort();
    found.iter().map(|path| Fixture::load(path)).collect()
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

/// The one call of the analysis. It runs on the current pool; `manifests` are shown paths and texts.
pub fn run_analysis(
    sources: &[SourceFile],
    manifests: &[(String, String)],
    versions: &Versions,
    settings: &Settings,
) -> Report {
    let catalog = Catalog::builtin();
    let mut known = Manifests::default();
    manifests.iter().for_each(|(path, text)| known.set(path, text));
    let project = Project::of(sources, versions.clone(), &known, catalog);
    analyse(&project, catalog, settings, &|| ())
}

/// Analyses files, given as shown path and text, on a shared pool. Their places are their ids.
pub fn analyse_on_shared_pool<'a>(
    files: impl IntoIterator<Item = (&'a str, &'a str)>,
    manifests: &[(String, String)],
    versions: &Versions,
    persona: Persona,
) -> Report {
    static POOL: OnceLock<rayon::ThreadPool> = OnceLock::new();
    let settings = Settings { persona, ..Settings::default() };
    let sources = sources(files);
    POOL.get_or_init(|| pool(2)).install(|| run_analysis(&sources, manifests, versions, &settings))
}

/// Analyses one text.
pub fn analyse_one(path: &str, text: &str, persona: Persona) -> Report {
    analyse_with(&Versions::default(), path, text, persona)
}

/// Analyses one text that uses these versions of libraries.
pub fn analyse_with(versions: &Versions, path: &str, text: &str, persona: Persona) -> Report {
    analyse_on_shared_pool([(path, text)], &[], versions, persona)
}

/// 1-based line of a byte offset.
pub fn line_of(text: &str, offset: u32) -> usize {
    text.as_bytes()[..(offset as usize).min(text.len())].iter().filter(|b| **b == b'\n').count() + 1
}

/// One line for people: `line 12 error never-closed: message`.
pub fn describe(text: &str, finding: &Finding) -> String {
    let Finding { rule, severity, message, .. } = finding;
    format!("line {} {severity:?} {rule}: {message}", line_of(text, finding.at.lo)).replace('\n', " ")
}

/// Findings as a comparable list: (file, line, rule, severity, fingerprint).
pub fn signature(texts: &[&str], report: &Report) -> Vec<(usize, usize, &'static str, String, String)> {
    let row = |f: &Finding| {
        let file = f.at.file.0 as usize;
        (file, line_of(texts[file], f.at.lo), f.rule, format!("{:?}", f.severity), f.fingerprint.clone())
    };
    let mut all: Vec<_> = report.findings.iter().map(row).collect();
    all.sort();
    all
}

/// Findings as a list of (file, line, rule): what stays when code moves elsewhere.
pub fn places(texts: &[&str], report: &Report) -> Vec<(usize, usize, &'static str)> {
    signature(texts, report).into_iter().map(|(file, line, rule, ..)| (file, line, rule)).collect()
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
