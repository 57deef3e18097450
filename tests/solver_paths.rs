//! The solver against every path of random small programs: what it says about their one resource must be what Python's rules say
//! about the text and what the documentation of the IR says about the graph.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout, reason = "test code")]

mod paths;
#[allow(dead_code, reason = "each test program uses a part of it")]
mod support;

use paths::program::{Program, Random};
use paths::{Ends, graph, meaning};
use rayon::prelude::*;
use std::fs;
use support::{Problems, pool, repository};
use unclosed::catalog::Catalog;
use unclosed::catalog::schema::Ecosystem;
use unclosed::ir::{Detail, FileId, FuncId, Module, print_function, verify_module};
use unclosed::resolve::{Links, Regions, Resolved};
use unclosed::source::Language;
use unclosed::summary::Summaries;

const PROGRAMS: u64 = 2_500;

/// Disagreements that are minimised and shown; more do not help.
const SHOWN: usize = 5;

const LIBRARY: &str = r#"
[library]
name = "lib"
ecosystem = "python"
imports = ["lib"]
docs = "https://lib.example"

[[resource]]
id = "lib.connection"
noun = "connection"
kind = "connection"
types = ["lib.Connection"]
construct = false
acquire = ["lib.open"]
release = ["close"]
connects = "eager"
with = "releases"
on_drop = "leaks"
"#;

fn catalog() -> Catalog {
    let shipped = ["rules/python/language.toml", "rules/python/contextlib.toml"];
    let mut sources: Vec<(String, String)> =
        shipped.iter().map(|path| ((*path).to_owned(), fs::read_to_string(repository().join(path)).unwrap())).collect();
    sources.push(("lib.toml".to_owned(), LIBRARY.to_owned()));
    Catalog::from_sources(&sources).unwrap()
}

fn lower(text: &str) -> Module {
    let lowered = unclosed::lang::lower(Language::Python, FileId(0), text).unwrap();
    assert!(lowered.problems.is_empty(), "{:?}\n{text}", lowered.problems);
    lowered.module
}

/// What the solver says; `None`: it gave up, or the acquisition cannot be reached.
fn solved(module: &Module, catalog: &Catalog) -> Option<Ends> {
    let (linked, links) = (unclosed::ir::Program::link(vec![module.clone()]), Links::default());
    let resolved = Resolved::new(&linked, &links, catalog.of(Ecosystem::Python), Vec::new());
    let regions = Regions::new(&resolved);
    let summaries = Summaries::new(&resolved, &regions);
    let cases = summaries.cases(FuncId(1));
    let [case] = &cases[..] else { return None };
    let outcome = &case.outcome;
    assert!(outcome.handed.is_empty() && outcome.deferred.is_empty() && !outcome.leaks.iter().any(|leak| leak.shared));
    let open = outcome.leaks.iter().map(|leak| (leak.kind, leak.tier)).collect();
    (!outcome.capped).then_some(Ends { open, closed: !outcome.released.is_empty() })
}

/// How the three answers differ, if they do.
fn disagreement(program: &Program, catalog: &Catalog) -> Option<String> {
    let text = program.text();
    let module = lower(&text);
    if let Err(why) = verify_module(&module) {
        return Some(format!("the IR is wrong: {why}\n{text}"));
    }
    let solver = solved(&module, catalog)?;
    let function = module.func(FuncId(1));
    let python = meaning::ends(program);
    let walked = graph::ends(function);
    if solver == python && solver == walked {
        return None;
    }
    let graph = print_function(&module, function, Detail::Ir);
    Some(format!("python: {python}\ngraph:  {walked}\nsolver: {solver}\n{text}\n{graph}"))
}

/// The smallest program around `program` that still shows a disagreement.
fn minimised(mut program: Program, catalog: &Catalog) -> String {
    let mut shown = disagreement(&program, catalog).unwrap();
    while let Some((smaller, difference)) =
        program.smaller().into_iter().find_map(|p| disagreement(&p, catalog).map(|d| (p, d)))
    {
        (program, shown) = (smaller, difference);
    }
    shown
}

#[test]
fn every_path_of_random_programs_ends_as_the_solver_says() {
    let catalog = catalog();
    let wrong: Vec<(u64, Program)> = pool(2).install(|| {
        let random = |seed: u64| (seed, Program::random(&mut Random(seed)));
        (0..PROGRAMS).into_par_iter().map(random).filter(|(_, p)| disagreement(p, &catalog).is_some()).collect()
    });
    let mut problems = Problems::default();
    println!("{} of {PROGRAMS} disagree", wrong.len());
    for (seed, program) in wrong.into_iter().take(SHOWN) {
        let shown = pool(1).install(|| minimised(program, &catalog));
        problems.add(format!("---- program {seed}, minimised\n{shown}"));
    }
    problems.none_of(PROGRAMS as usize);
}
