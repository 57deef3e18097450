//! The project's promises about itself: documentation that runs, examples for everything, pages that agree with each other.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout, reason = "test code")]

#[allow(dead_code, reason = "each test program uses a part of it")]
mod support;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use support::expect::{Expectations, Truth};
use support::{
    Fixture, Kind, LANGUAGES, Problems, all_files_below, analyse_on_shared_pool, analyse_with, comment, files_below,
    fixtures, folder, line_of, relative, repository,
};
use unclosed::catalog::schema::{CatalogFile, Ecosystem};
use unclosed::checks::RULES;
use unclosed::finding::Persona;
use unclosed::ir::{FileId, Name};
use unclosed::source::Language;
use unclosed::source::manifest::Versions;

fn read(path: &str) -> String {
    fs::read_to_string(repository().join(path)).unwrap_or_else(|e| panic!("{path}: {e}"))
}

/// The contents of fenced blocks in `language`.
fn blocks(markdown: &str, language: &str) -> Vec<String> {
    let fence = format!("```{language}");
    let mut out = Vec::new();
    let mut current: Option<String> = None;
    for line in markdown.lines() {
        match (&mut current, line.trim()) {
            (None, start) if start == fence => current = Some(String::new()),
            (Some(_), "```") => out.extend(current.take()),
            (Some(block), _) => {
                block.push_str(line);
                block.push('\n');
            }
            (None, _) => {}
        }
    }
    out
}

/// What is wrong with a program that states its own expectations.
fn run(text: &str, language: Language, versions: &Versions) -> Result<(), String> {
    // Options stand below the line that says which kind of example it is.
    let kinds = ["bad", "good"].map(|kind| format!("{} {kind}\n", comment(language)));
    let text = kinds.iter().find_map(|kind| text.strip_prefix(kind.as_str())).unwrap_or(text);
    let expected = Expectations::parse(text, language).map_err(|e| e.to_string())?;
    let path = expected.path.as_deref().unwrap_or(match language {
        Language::Python => "example.py",
        _ => "example.ts",
    });
    let report = analyse_with(versions, path, text, expected.persona);
    let differences = expected.differences(FileId(0), path, text, &report);
    if differences.is_empty() { Ok(()) } else { Err(format!("\n    {}\n", differences.join("\n    "))) }
}

/// A version in the range for each package, for files in the top directory.
fn within(range: &str, packages: &[Name]) -> Versions {
    let range: semver::VersionReq = range.parse().unwrap();
    let mut candidates = (0..100).flat_map(|major| (0..100).map(move |minor| semver::Version::new(major, minor, 0)));
    let version = candidates.find(|version| range.matches(version)).unwrap();
    let mut versions = Versions::default();
    for package in packages {
        versions.set("", package, version.clone());
    }
    versions
}

fn expects(text: &str, language: Language, rule: &str) -> bool {
    Expectations::parse(text, language).is_ok_and(|e| e.findings.iter().any(|f| f.rule == rule))
}

fn is_bad(text: &str, language: Language) -> bool {
    text.contains(&format!("{}~", comment(language)))
}

#[test]
fn every_rule_page_has_examples_that_run() {
    let mut problems = Problems::default();
    for rule in RULES {
        let page = rule.page();
        let mut languages = 0;
        for language in [Language::Python, Language::TypeScript] {
            let examples = blocks(&page, folder(language));
            if examples.is_empty() {
                continue;
            }
            languages += 1;
            let named = format!("{} in {}", rule.id, folder(language));
            if !BY_MANIFEST.contains(&rule.id) && !examples.iter().any(|e| expects(e, language, rule.id)) {
                problems.add(format_args!("{named}: no example shows what it finds"));
            }
            if examples.iter().all(|e| is_bad(e, language)) {
                problems.add(format_args!("{named}: no example shows how to do it right"));
            }
            let alone = |example: &&String| !(BY_MANIFEST.contains(&rule.id) && is_bad(example, language));
            for (i, example) in examples.iter().filter(alone).enumerate() {
                if let Err(why) = run(example, language, &Versions::default()) {
                    problems.add(format_args!("{named}: example {}: {why}", i + 1));
                }
            }
        }
        if languages == 0 {
            problems.add(format_args!("{}: has no examples", rule.id));
        }
    }
    problems.none_of(RULES.len());
}

#[test]
fn every_rule_is_described() {
    let mut problems = Problems::default();
    for rule in RULES {
        let page = rule.page();
        for (holds, what) in [
            (rule.id.chars().all(|c| c.is_ascii_lowercase() || c == '-'), "its id is not in kebab-case"),
            (!rule.summary.is_empty() && !rule.summary.ends_with('.'), "its summary is empty or ends with a stop"),
            (page.lines().count() >= 20, "its page is too short to say what, why and what to do"),
            (page.starts_with("# "), "its page has no title"),
        ] {
            if !holds {
                problems.add(format_args!("{}: {what}", rule.id));
            }
        }
    }
    let ids: Vec<_> = RULES.iter().map(|r| r.id).collect();
    assert!(ids.is_sorted(), "rules are sorted by id");
    assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), ids.len(), "ids are unique");
    problems.none_of(RULES.len());
}

/// Rules about what Python does not have.
const NOT_IN_PYTHON: &[&str] = &["client-per-reload", "interval-without-teardown", "job-retention"];

/// Rules that only files beside the sources lead to: their pages cannot show a finding in one file.
const BY_MANIFEST: &[&str] = &["client-per-reload"];

/// Rules that only a wider persona sees.
const NOT_REGULAR: &[&str] = &["client-per-reload"];

/// Rules about frameworks that other languages do not have.
const ONLY_IN_PYTHON: &[&str] = &["persistent-connections-under-async", "thread-keeps-connection"];

#[test]
fn every_rule_has_fixtures_that_leak_and_that_do_not() {
    let fixtures = fixtures();
    let mut problems = Problems::default();
    for rule in RULES {
        let other = |language: &str| match language {
            "python" => NOT_IN_PYTHON.contains(&rule.id),
            _ => ONLY_IN_PYTHON.contains(&rule.id),
        };
        for language in LANGUAGES.iter().filter(|language| !other(language)) {
            let own = |f: &&Fixture, kind| f.rule == rule.id && f.kind == kind && folder(f.language) == *language;
            for kind in [Kind::Bad, Kind::Ok] {
                let count = fixtures.iter().filter(|f| own(f, kind)).count();
                if count < 3 {
                    problems.add(format_args!("{} in {language}: {count} fixtures of {kind:?}", rule.id));
                }
            }
        }
    }
    problems.none_of(RULES.len());
}

#[test]
fn every_resource_of_the_catalogue_has_examples_that_run() {
    let mut problems = Problems::default();
    let mut ran = 0;
    for file in files_below("rules", "toml") {
        let path = relative(&file);
        let catalogue: CatalogFile = toml::from_str(&fs::read_to_string(&file).unwrap()).unwrap();
        let language = match catalogue.library.ecosystem {
            Ecosystem::Python => Language::Python,
            _ => Language::TypeScript,
        };
        for resource in &catalogue.resources {
            if resource.bad.is_empty() || resource.good.is_empty() {
                problems.add(format_args!("{path}: {} needs a bad and a good example", resource.id));
            }
            let versions = resource.versions.as_ref().map(|range| within(range, &catalogue.library.packages));
            let versions = versions.unwrap_or_default();
            for (kind, examples) in [("bad", &resource.bad), ("good", &resource.good)] {
                for (i, example) in examples.iter().enumerate() {
                    ran += 1;
                    if is_bad(example, language) != (kind == "bad") {
                        problems.add(format_args!(
                            "{path}: {} {kind} {}: only bad ones carry `{}~`",
                            resource.id,
                            i + 1,
                            comment(language)
                        ));
                    }
                    if let Err(why) = run(example, language, &versions) {
                        problems.add(format_args!("{path}: {} {kind} {}: {why}", resource.id, i + 1));
                    }
                }
            }
        }
    }
    println!("{ran} examples");
    assert!(
        !unclosed::catalog::Catalog::builtin().of(Ecosystem::Python).types.is_empty(),
        "the built-in catalogue is there"
    );
    problems.none_of(ran);
}

/// What `unclosed check sample` shows: (file, rule, text of the line).
const SAMPLE: &[(&str, &str, &str)] = &[
    ("sample/shop/cache.py", "owner-never-closes", "self.client = redis.from_url(url)"),
    ("sample/shop/cache.py", "owner-never-closed", "cache = ProductCache(url)"),
    (
        "sample/shop/feed.py",
        "connection-held-while-streaming",
        "return StreamingResponse(events(), media_type=\"text/event-stream\")",
    ),
    ("sample/shop/feed.py", "stream-without-disconnect-cleanup", "client = redis.Redis()"),
    ("sample/shop/inventory.py", "not-closed-on-every-path", "client = redis.from_url(CACHE_URL)"),
    ("sample/shop/orders.py", "never-closed", "conn = await pool.acquire()"),
    ("sample/shop/orders.py", "not-closed-on-error", "conn = await pool.acquire()"),
    (
        "sample/shop/presence.py",
        "poll-loop-without-stop",
        "threading.Thread(target=self._announce, daemon=True).start()",
    ),
    ("sample/shop/prices.py", "close-not-awaited", "session = aiohttp.ClientSession(base_url=base_url)"),
    ("sample/shop/receipts.py", "thread-keeps-connection", "threading.Thread(target=write, args=(pk,)).start()"),
    ("sample/shop/report.py", "with-does-not-close", "with psycopg2.connect(dsn) as conn:"),
    ("sample/shop/settings.py", "persistent-connections-under-async", "\"CONN_MAX_AGE\": 600,"),
    ("sample/shop/worker.py", "overwritten-while-open", "client = redis.from_url(url)"),
    ("sample/shop/status.py", "client-per-call", "pool = await asyncpg.create_pool(DATABASE_URL)"),
    ("sample/web/db.ts", "duplicate-client", "const orders = new Pool(options);"),
    ("sample/web/imports.ts", "job-retention", "const imports = new Queue(\"imports\", { connection });"),
    ("sample/web/live.ts", "aggressive-polling", "const timer = setInterval(async () => {"),
    ("sample/web/live.ts", "interval-without-teardown", "setInterval(async () => {"),
    ("sample/web/live.ts", "unbounded-stream", "while (!res.writableEnded) {"),
    (
        "sample/web/supabase/functions/visits/index.ts",
        "serverless-singleton",
        "const redis = new Redis(Deno.env.get(\"REDIS_URL\"));",
    ),
];

#[test]
fn the_sample_project_shows_one_finding_of_each_kind() {
    type Texts = Vec<(String, String)>;
    let files = all_files_below("sample").into_iter().map(|f| (relative(&f), fs::read_to_string(&f).unwrap()));
    let is_source = |(path, _): &(String, String)| Language::of_name(Path::new(path)).is_some();
    let (files, manifests): (Texts, Texts) = files.partition(is_source);
    let texts = files.iter().map(|(path, text)| (path.as_str(), text.as_str()));
    let report = analyse_on_shared_pool(texts, &manifests, &Versions::default(), Persona::Regular);
    let mut found = Vec::new();
    for finding in &report.findings {
        let (path, text) = &files[finding.at.file.0 as usize];
        let line = text.lines().nth(line_of(text, finding.at.lo) - 1).unwrap().trim().to_owned();
        found.push((path.clone(), finding.rule.to_owned(), line));
    }
    found.sort();
    let mut expected: Vec<_> =
        SAMPLE.iter().map(|(f, r, l)| ((*f).to_owned(), (*r).to_owned(), (*l).to_owned())).collect();
    expected.sort();
    assert_eq!(found, expected);
    let shown: BTreeSet<_> = SAMPLE.iter().map(|(_, rule, _)| *rule).collect();
    let regular = RULES.iter().map(|r| r.id).filter(|id| !NOT_REGULAR.contains(id));
    assert_eq!(shown, regular.collect(), "the sample shows every rule");
}

#[test]
fn the_first_two_commands_of_the_readme_are_the_main_job_and_the_tests() {
    let commands: Vec<String> = blocks(&read("README.md"), "sh").concat().lines().map(str::to_owned).collect();
    assert_eq!(commands[..2], ["cargo run --release -- check sample", "cargo test"]);
    let ci = read(".ci/run");
    assert!(ci.starts_with("#!/usr/bin/env bash\n"));
    assert!(ci.lines().any(|l| l.ends_with(&commands[1])), "CI runs the README's test command");
    for step in
        ["set -euo pipefail", "cargo fmt --check", "cargo clippy --all-targets -- -D warnings", "INSTA_UPDATE=no"]
    {
        assert!(ci.contains(step), ".ci/run: {step}");
    }
}

/// The excerpt in the README is what the first command prints.
#[test]
fn the_readme_shows_what_the_program_prints() {
    let program = std::process::Command::new(env!("CARGO_BIN_EXE_unclosed"))
        .args(["check", "sample"])
        .current_dir(repository())
        .output()
        .unwrap();
    let printed = String::from_utf8(program.stdout).unwrap();
    let excerpts = blocks(&read("README.md"), "text");
    assert!(!excerpts.is_empty());
    for excerpt in excerpts {
        assert!(printed.contains(excerpt.trim_end()), "README shows\n{excerpt}\nthe program prints\n{printed}");
    }
    assert_eq!(program.status.code(), Some(1), "the sample has findings");
}

#[test]
fn documents_name_every_rule_and_the_version() {
    let readme = read("README.md");
    for rule in RULES {
        assert!(readme.contains(&format!("`{}`", rule.id)), "README does not list {}", rule.id);
    }
    let version = env!("CARGO_PKG_VERSION");
    assert!(read("CHANGELOG.md").contains(&format!("[{version}]")), "CHANGELOG has no entry for {version}");
    for licence in ["LICENSE-MIT", "LICENSE-APACHE"] {
        assert!(read(licence).lines().count() > 15, "{licence}");
    }
}

/// CONTRIBUTING says why each dependency is there.
#[test]
fn every_dependency_is_explained() {
    let manifest: toml::Table = toml::from_str(&read("Cargo.toml")).unwrap();
    let contributing = read("CONTRIBUTING.md");
    for section in ["dependencies", "build-dependencies", "dev-dependencies"] {
        for name in manifest[section].as_table().unwrap().keys() {
            assert!(contributing.contains(&format!("`{name}`")), "CONTRIBUTING does not explain {name}");
        }
    }
}

/// Known wrong answers say why they are wrong.
#[test]
fn known_limits_are_explained() {
    for fixture in fixtures() {
        let wrong = fixture.findings().any(|e| e.truth != Truth::Right);
        let mut lines = fixture.files.iter().flat_map(|f| f.text.lines());
        let explained = lines.any(|l| l.starts_with(&format!("{} ", comment(fixture.language))));
        assert!(!wrong || explained, "{}: say in a comment why the answer is wrong", fixture.path);
    }
}

#[test]
fn blocks_are_cut_out_of_pages() {
    let page = "text\n```python\na\nb\n```\nmore\n```sh\nc\n```\n```python\nd\n```\n";
    assert_eq!(blocks(page, "python"), ["a\nb\n", "d\n"]);
}
