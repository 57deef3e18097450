//! Generated projects of 1x, 4x and 16x size must cost the same per function. Run by hand, optimised and with the machine to itself:
//! `cargo test --release --test scale -- --ignored --nocapture`
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout, reason = "test code")]

#[allow(dead_code, reason = "each test program uses a part of it")]
mod support;

use std::fs;
use std::time::{Duration, Instant};
use support::{pool, run_analysis, sources};
use unclosed::analysis::Settings;
use unclosed::source::SourceFile;
use unclosed::source::manifest::Versions;

/// Packages in the smallest project.
const PACKAGES: usize = 25;
/// Functions of each package that leak; of those called `right`, none does.
const LEAKS: [&str; 2] = ["local", "wrong"];
/// How much more a function may cost in a larger project.
const TOLERANCE: f64 = 1.3;
/// The best of so many runs counts.
const RUNS: usize = 3;

/// `{i}` is the number of the package, `{before}` that of the one it builds on.
///
/// A hub is used by all; each package has a factory, a class that owns what the factory of the package before makes, a subclass of a class
/// that all subclass, helpers that release, and handlers that use all of it, rightly and wrongly.
const PYTHON: &[(&str, &str)] = &[
    (
        "package{i}/__init__.py",
        "from .factories import connect{i}, make_cache{i}\nfrom .owners import Cache{i}, Store{i}\n\n__all__ = [\"connect{i}\", \"make_cache{i}\", \"Cache{i}\", \"Store{i}\"]\n",
    ),
    (
        "package{i}/factories.py",
        "import psycopg2\nimport redis\n\nfrom hub import registered\n\n\ndef connect{i}(dsn):\n    conn = psycopg2.connect(dsn)\n    return conn\n\n\ndef make_cache{i}(url):\n    return registered(redis.Redis.from_url(url), \"cache{i}\")\n",
    ),
    (
        "package{i}/owners.py",
        "import redis\n\nfrom hub import Service\nfrom package{before} import connect{before}\n\n\nclass Cache{i}(Service):\n    def __init__(self, url):\n        super().__init__(url)\n        self.client = redis.Redis.from_url(url)\n\n    def get(self, key):\n        return self.client.get(key)\n\n    def close(self):\n        self.client.close()\n        super().close()\n\n\nclass Store{i}:\n    def __init__(self, dsn):\n        self.conn = connect{before}(dsn)\n        self.cache = Cache{i}(dsn)\n\n    def rows(self):\n        cursor = self.conn.cursor()\n        cursor.execute(\"SELECT {i}\")\n        return cursor.fetchall()\n\n    def close(self):\n        self.conn.close()\n        self.cache.close()\n",
    ),
    (
        "package{i}/helpers.py",
        "from hub import dispose\n\n\ndef finish{i}(resource):\n    if resource is not None:\n        dispose(resource)\n\n\ndef finish_all{i}(resources):\n    for resource in resources:\n        finish{i}(resource)\n",
    ),
    (
        "package{i}/handlers.py",
        "import psycopg2\n\nfrom package{before}.factories import make_cache{before}\n\nfrom . import Store{i}, connect{i}\nfrom .helpers import finish{i}\n\n\ndef right{i}(dsn):\n    conn = connect{i}(dsn)\n    try:\n        cursor = conn.cursor()\n        cursor.execute(\"SELECT {i}\")\n        return cursor.fetchone()\n    finally:\n        finish{i}(conn)\n\n\ndef wrong{i}(dsn):\n    conn = connect{i}(dsn)\n    cursor = conn.cursor()\n    cursor.execute(\"SELECT {i}\")\n    if cursor.rowcount > {i}:\n        finish{i}(conn)\n    return cursor.fetchall()\n\n\ndef owner{i}(dsn, url):\n    store = Store{i}(dsn)\n    cache = make_cache{before}(url)\n    for row in store.rows():\n        cache.set(row, {i})\n    store.close()\n\n\ndef local{i}(dsn):\n    conn = psycopg2.connect(dsn)\n    conn.cursor().execute(\"SELECT {i}\")\n",
    ),
];

const PYTHON_HUB: &[(&str, &str)] = &[(
    "hub.py",
    "import redis\n\n_open = []\n\n\ndef registered(client, name):\n    _open.append(client)\n    return client\n\n\ndef dispose(resource):\n    resource.close()\n\n\nclass Service:\n    def __init__(self, url):\n        self.metrics = redis.Redis.from_url(url)\n\n    def close(self):\n        self.metrics.close()\n",
)];

const TYPESCRIPT: &[(&str, &str)] = &[
    ("src/package{i}/index.ts", "export * from \"./factories\";\nexport { Cache{i}, Store{i} } from \"./owners\";\n"),
    (
        "src/package{i}/factories.ts",
        "import Redis from \"ioredis\";\nimport { Client } from \"pg\";\nimport { registered } from \"../hub\";\n\nexport function connect{i}(url: string): Client {\n  const client = new Client(url);\n  return client;\n}\n\nexport const makeCache{i} = (url: string) => registered(new Redis(url), \"cache{i}\");\n",
    ),
    (
        "src/package{i}/owners.ts",
        "import Redis from \"ioredis\";\nimport type { Client } from \"pg\";\nimport { Service } from \"../hub\";\nimport { connect{before} } from \"../package{before}\";\n\nexport class Cache{i} extends Service {\n  private readonly client: Redis;\n\n  constructor(url: string) {\n    super(url);\n    this.client = new Redis(url);\n  }\n\n  async get(key: string) {\n    return await this.client.get(key);\n  }\n\n  async close() {\n    await this.client.quit();\n    await super.close();\n  }\n}\n\nexport class Store{i} {\n  private readonly client: Client;\n  private readonly cache: Cache{i};\n\n  constructor(url: string) {\n    this.client = connect{before}(url);\n    this.cache = new Cache{i}(url);\n  }\n\n  async rows() {\n    await this.client.connect();\n    return (await this.client.query(\"SELECT {i}\")).rows;\n  }\n\n  async close() {\n    await this.client.end();\n    await this.cache.close();\n  }\n}\n",
    ),
    (
        "src/package{i}/helpers.ts",
        "import { dispose, type Closable } from \"../hub\";\n\nexport async function finish{i}(resource?: Closable) {\n  if (resource) {\n    await dispose(resource);\n  }\n}\n\nexport async function finishAll{i}(resources: Closable[]) {\n  await Promise.all(resources.map((resource) => finish{i}(resource)));\n}\n",
    ),
    (
        "src/package{i}/handlers.ts",
        "import { Pool } from \"pg\";\nimport { makeCache{before} } from \"../package{before}/factories\";\nimport { connect{i}, Store{i} } from \".\";\nimport { finish{i} } from \"./helpers\";\n\nexport async function right{i}(url: string) {\n  const client = connect{i}(url);\n  try {\n    await client.connect();\n    return (await client.query(\"SELECT {i}\")).rows;\n  } finally {\n    await finish{i}(client);\n  }\n}\n\nexport async function wrong{i}(url: string) {\n  const client = connect{i}(url);\n  await client.connect();\n  const result = await client.query(\"SELECT {i}\");\n  if (result.rowCount === {i}) {\n    await finish{i}(client);\n  }\n  return result.rows;\n}\n\nexport async function owner{i}(url: string) {\n  const store = new Store{i}(url);\n  const cache = makeCache{before}(url);\n  for (const row of await store.rows()) {\n    await cache.set(\"row\", row.id);\n  }\n  await store.close();\n}\n\nexport async function local{i}(pool: Pool) {\n  const client = await pool.connect();\n  await client.query(\"SELECT {i}\");\n}\n",
    ),
];

const TYPESCRIPT_HUB: &[(&str, &str)] = &[(
    "src/hub.ts",
    "import Redis from \"ioredis\";\n\nconst open: Redis[] = [];\n\nexport interface Closable {\n  end(): unknown;\n}\n\nexport function registered(client: Redis, name: string): Redis {\n  console.log(name);\n  open.push(client);\n  return client;\n}\n\nexport async function dispose(resource: Closable) {\n  await resource.end();\n}\n\nexport class Service {\n  protected readonly metrics: Redis;\n\n  constructor(url: string) {\n    this.metrics = new Redis(url);\n  }\n\n  async close() {\n    await this.metrics.quit();\n  }\n}\n",
)];

fn project(templates: &[(&str, &str)], hub: &[(&str, &str)], packages: usize) -> Vec<SourceFile> {
    let mut files: Vec<(String, String)> = hub.iter().map(|(p, t)| ((*p).to_owned(), (*t).to_owned())).collect();
    for i in 0..packages {
        // Chains of eight packages, so that a larger project is not a deeper one.
        let before = if i % 8 == 0 { i } else { i - 1 };
        let filled = |text: &str| text.replace("{i}", &i.to_string()).replace("{before}", &before.to_string());
        files.extend(templates.iter().map(|(path, text)| (filled(path), filled(text))));
    }
    files.sort();
    sources(files.iter().map(|(path, text)| (path.as_str(), text.as_str())))
}

/// CPU time of this thread, or time by the clock where the system does not tell.
fn spent<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let cpu = || fs::read_to_string("/proc/thread-self/schedstat").ok()?.split(' ').next()?.parse::<u64>().ok();
    let (before, start) = (cpu(), Instant::now());
    let out = work();
    let time = match (before, cpu()) {
        (Some(before), Some(after)) => Duration::from_nanos(after - before),
        _ => start.elapsed(),
    };
    (out, time)
}

fn costs_the_same_per_function(language: &str, templates: &[(&str, &str)], hub: &[(&str, &str)]) {
    let pool = pool(1);
    let mut costs = Vec::new();
    for factor in [1, 4, 16] {
        let sources = project(templates, hub, PACKAGES * factor);
        let run = || {
            let (versions, settings) = (Versions::default(), Settings::default());
            pool.install(|| spent(|| run_analysis(&sources, &[], &versions, &settings)))
        };
        let (report, time) = (0..RUNS).map(|_| run()).min_by_key(|(_, time)| *time).unwrap();
        let functions = report.stats.functions;
        let cost = time.as_secs_f64() * 1e6 / functions as f64;
        let found = report.findings.len();
        let files = sources.len();
        println!(
            "{language} {factor:>2}x: {files} files, {functions} functions, {found} findings: {time:.1?}, {cost:.2} us per function"
        );
        assert!(report.diagnostics.is_empty(), "{:?}", report.diagnostics.first());
        assert!(found >= PACKAGES * factor, "the projects leak");
        costs.push(cost);
    }
    for (cost, factor) in costs.iter().zip([1, 4, 16]) {
        let ratio = cost / costs[0];
        assert!(ratio <= TOLERANCE, "{language}: at {factor}x a function costs {ratio:.2} times what it costs at 1x");
    }
}

#[test]
#[ignore = "measures; run by hand, optimised"]
fn python_costs_the_same_per_function() {
    costs_the_same_per_function("Python", PYTHON, PYTHON_HUB);
}

#[test]
#[ignore = "measures; run by hand, optimised"]
fn typescript_costs_the_same_per_function() {
    costs_the_same_per_function("TypeScript", TYPESCRIPT, TYPESCRIPT_HUB);
}

/// The generated programs are what they are meant to be: whole, and with the leaks that each package has.
#[test]
fn generated_projects_leak_where_they_should() {
    for (templates, hub) in [(PYTHON, PYTHON_HUB), (TYPESCRIPT, TYPESCRIPT_HUB)] {
        let sources = project(templates, hub, 4);
        let run = || run_analysis(&sources, &[], &Versions::default(), &Settings::default());
        let report = pool(1).install(run);
        assert!(report.diagnostics.is_empty(), "{:?}", report.diagnostics);
        let found: Vec<String> = report.findings.iter().map(|f| f.function.clone()).collect();
        for leak in (0..4).flat_map(|i| LEAKS.map(|leak| format!("{leak}{i}"))) {
            assert!(found.contains(&leak), "{leak}: {found:?}");
        }
        assert!(!found.iter().any(|function| function.starts_with("right")), "{found:?}");
    }
}
