//! Reports made by hand, for the tests of the renderers.
#![allow(dead_code)] // each test binary uses its part
#![allow(clippy::unwrap_used, clippy::panic)] // clippy takes helpers of tests for production code

use std::sync::Arc;
use unclosed::finding::{
    Confidence, Diagnostic, DiagnosticKind, Finding, Growth, Persona, Report, ReportFile, Severity, Stats, Step,
    StepRole,
};
use unclosed::ir::{FileId, Span};
use unclosed::report::{Format, Style, render};

pub const VIEWS: &str = r#"import redis.asyncio as redis

from .settings import REDIS_URL
from .tracing import traced


@app.get("/items/{key}")
async def read_item(key: str):
    client = redis.from_url(REDIS_URL)
    cached = await client.get(key)
    if cached is not None:
        return cached
    value = await load(key)
    await client.set(key, value)
    await client.aclose()
    return value
"#;

pub const REPOSITORY: &str = r#"from psycopg2.pool import ThreadedConnectionPool

from app.db import checkout


def transfer(pool: ThreadedConnectionPool, amount: int) -> None:
    conn = checkout(pool)
    with conn.cursor() as cursor:
        cursor.execute("UPDATE account SET balance = balance - %s", (amount,))
    conn.commit()
    pool.putconn(conn)
"#;

pub const DB: &str = r#"def checkout(pool):
    conn = pool.getconn()
    conn.autocommit = False
    return conn
"#;

/// The span of the `nth` (from 0) `needle` in the file `id`.
pub fn find(report: &Report, id: u32, needle: &str, nth: usize) -> Span {
    let text = &report.file(FileId(id)).unwrap().text;
    let (at, _) = text.match_indices(needle).nth(nth).unwrap_or_else(|| panic!("{needle}"));
    Span::new(FileId(id), at as u32, (at + needle.len()) as u32)
}

pub fn step(span: Span, role: StepRole, text: &str) -> Step {
    Step { span, role, text: text.into() }
}

pub fn with_files(files: &[(&str, &str)]) -> Report {
    let files = files.iter().enumerate();
    let files = files.map(|(i, (path, text))| ReportFile {
        id: FileId(i as u32),
        path: (*path).into(),
        text: Arc::from(*text),
    });
    let files: Vec<_> = files.collect();
    let stats = Stats { files: 41, acquisitions: 7, ..Stats::default() };
    Report { files, stats, ..Report::default() }
}

pub fn finding(rule: &'static str, at: Span) -> Finding {
    Finding {
        rule,
        severity: Severity::Error,
        confidence: Confidence::High,
        persona: Persona::Regular,
        growth: Growth::Request,
        at,
        subject: "Redis client `client`".into(),
        message: "Redis client `client` is never closed".into(),
        label: "created here".into(),
        witness: Vec::new(),
        related: Vec::new(),
        notes: Vec::new(),
        help: String::new(),
        symbol: "redis.asyncio.from_url".into(),
        function: "read_item".into(),
        fingerprint: "0123456789abcdef0123456789abcdef".into(),
        held_back: None,
    }
}

/// Two findings, one of them across files; findings held back; a diagnostic.
pub fn typical() -> Report {
    let mut report = with_files(&[("app/db.py", DB), ("app/repository.py", REPOSITORY), ("app/views.py", VIEWS)]);
    let mut checkout = finding("not-closed-on-error", find(&report, 1, "checkout(pool)", 0));
    checkout.severity = Severity::Warning;
    checkout.confidence = Confidence::Medium;
    checkout.growth = Growth::Call;
    checkout.subject = "pooled PostgreSQL connection `conn`".into();
    checkout.message = "pooled PostgreSQL connection `conn` does not go back to its pool when `execute` raises".into();
    checkout.label = "taken from the pool here".into();
    checkout.witness = vec![
        step(find(&report, 0, "pool.getconn()", 0), StepRole::Acquire, "taken from the pool here"),
        step(find(&report, 0, "return conn", 0), StepRole::HandOver, "handed to the caller"),
        step(find(&report, 1, "checkout(pool)", 0), StepRole::Alias, "held by `conn` from here"),
        step(
            find(&report, 1, "cursor.execute(\"UPDATE account SET balance = balance - %s\", (amount,))", 0),
            StepRole::Raise,
            "may raise",
        ),
        step(find(&report, 1, "pool.putconn(conn)", 0), StepRole::Release, "this release is skipped"),
    ];
    checkout.notes = vec![
        "Each failing call loses one of the pool's connections for good.".into(),
        "When none is left, `getconn` raises `PoolError` for everyone.".into(),
    ];
    checkout.help = "call `pool.putconn(conn)` in a `finally` block".into();
    checkout.symbol = "psycopg2.pool.ThreadedConnectionPool#getconn".into();
    checkout.function = "transfer".into();

    let mut client = finding("not-closed-on-every-path", find(&report, 2, "redis.from_url(REDIS_URL)", 0));
    client.message = "Redis client `client` is not closed when `read_item` returns early".into();
    client.witness = vec![
        step(client.at, StepRole::Acquire, "Redis client created here"),
        step(find(&report, 2, "cached is not None", 0), StepRole::Branch, "when this is true"),
        step(find(&report, 2, "return cached", 0), StepRole::Exit, "leaves here with `client` open"),
    ];
    client.notes = vec!["`read_item` handles a request: one more connection stays open for every such request until the garbage collector finds the client.".into()];
    client.help = "use `async with redis.from_url(REDIS_URL) as client:`".into();
    report.findings = vec![checkout, client];

    let mut pedantic = finding("not-closed-on-error", find(&report, 2, "redis.from_url", 0));
    pedantic.persona = Persona::Pedantic;
    let mut unsure = finding("never-closed", find(&report, 2, "redis.from_url", 0));
    unsure.persona = Persona::Auditor;
    unsure.confidence = Confidence::Low;
    report.held_back = vec![pedantic, unsure.clone(), unsure];
    report.diagnostics = vec![
        Diagnostic {
            path: "app/generated.py".into(),
            line: None,
            kind: DiagnosticKind::Skipped,
            message: "nested deeper than 400 levels".into(),
        },
        Diagnostic {
            path: "scripts/old.py".into(),
            line: Some(3),
            kind: DiagnosticKind::Syntax,
            message: "`print` without parentheses; 1 of 40 lines was left out".into(),
        },
    ];
    report
}

pub fn rendered(format: Format, report: &Report) -> String {
    let mut out = Vec::new();
    render(format, report, &Style { color: false, width: 100 }, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}
