//! `unclosed check` on good and bad TypeScript and JavaScript, as a user runs it.
#![allow(clippy::unwrap_used, reason = "test code")]

#[allow(dead_code, reason = "each test program uses a part of it")]
mod program;

use program::{check, diagnostics, stderr, stdout, tree, unclosed};
use std::time::{Duration, Instant};

const LEAK: &str = "import Redis from \"ioredis\";\n\nexport async function load() {\n  const client = new Redis(\"x\");\n  return await client.get(\"a\");\n}\n";

/// The places of findings of a JSON report: (path, line, rule).
fn findings(dir: &std::path::Path, args: &[&str]) -> Vec<(String, u64, String)> {
    let output = unclosed(dir, &[&["check", "--format", "json"], args].concat());
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    let row = |f: &serde_json::Value| {
        let at = &f["location"];
        (text(&at["path"]), at["start"]["line"].as_u64().unwrap(), text(&f["rule"]))
    };
    report["findings"].as_array().unwrap().iter().map(row).collect()
}

#[test]
fn every_extension_is_read() {
    let extensions = ["ts", "tsx", "mts", "cts", "js", "jsx", "mjs", "cjs"];
    let component =
        format!("<template>\n  <p>{{{{ x }}}}</p>\n</template>\n\n<script setup lang=\"ts\">\n{LEAK}</script>\n");
    let mut files: Vec<(String, &str)> = extensions.iter().map(|e| (format!("leak.{e}"), LEAK)).collect();
    files.push(("Leak.vue".to_owned(), &component));
    files.push(("Leak.svelte".to_owned(), &component));
    let files: Vec<(&str, &[u8])> = files.iter().map(|(path, text)| (path.as_str(), text.as_bytes())).collect();
    let dir = tree(&files);
    let found = findings(dir.path(), &["."]);
    assert_eq!(found.len(), 10, "{found:?}");
    for (path, line, rule) in found {
        let expected = if path.starts_with("Leak") { 9 } else { 4 };
        assert_eq!((line, rule.as_str()), (expected, "never-closed"), "{path}");
    }
}

#[test]
fn installed_generated_and_declaring_files_are_left_out() {
    let dir = tree(&[
        ("node_modules/shop/leak.js", LEAK.as_bytes()),
        ("types.d.ts", b"declare module \"ioredis\" {\n  export default class Redis {}\n}\n"),
        ("leak.txt", LEAK.as_bytes()),
    ]);
    assert_eq!(findings(dir.path(), &["."]), []);
    assert_eq!(diagnostics(dir.path(), &["."]), (0, Vec::new()));
}

#[test]
fn languages_are_checked_together() {
    let python = "import redis\n\n\ndef load():\n    client = redis.Redis()\n    client.get('a')\n";
    let dir = tree(&[("a.ts", LEAK.as_bytes()), ("b.py", python.as_bytes()), ("c/d.mjs", LEAK.as_bytes())]);
    let paths: Vec<_> = findings(dir.path(), &["."]).into_iter().map(|(path, ..)| path).collect();
    assert_eq!(paths, ["a.ts", "b.py", "c/d.mjs"]);
}

#[test]
fn byte_order_marks_line_ends_and_hashbangs() {
    let crlf = LEAK.replace('\n', "\r\n");
    let bom = format!("\u{feff}{LEAK}");
    let hashbang = format!("#!/usr/bin/env node\n{LEAK}");
    let separators = format!("/* \u{2028} and \u{2029} end lines for JavaScript only */\n{LEAK}");
    let wide = format!("// \u{1F980} é ß\n{LEAK}");
    let sixteen: Vec<u8> = [0xFF, 0xFE].into_iter().chain(LEAK.encode_utf16().flat_map(u16::to_le_bytes)).collect();
    let dir = tree(&[
        ("a_crlf.ts", crlf.as_bytes()),
        ("b_bom.ts", bom.as_bytes()),
        ("c_hashbang.mjs", hashbang.as_bytes()),
        ("d_separators.ts", separators.as_bytes()),
        ("e_wide.ts", wide.as_bytes()),
        ("f_utf16.ts", &sixteen),
        ("g_empty.ts", b""),
        ("h_comment.js", b"// nothing but this"),
        ("i_formfeed.js", b"\x0cvar x = 1;\x0b\n"),
    ]);
    let lines: Vec<_> = findings(dir.path(), &["."]).into_iter().map(|(path, line, _)| (path, line)).collect();
    let expected = [
        ("a_crlf.ts", 4),
        ("b_bom.ts", 4),
        ("c_hashbang.mjs", 5),
        ("d_separators.ts", 5),
        ("e_wide.ts", 5),
        ("f_utf16.ts", 4),
    ];
    assert_eq!(lines, expected.map(|(path, line)| (path.to_owned(), line)));
    let (_, said) = check(dir.path(), &[".", "--format", "concise"]);
    assert!(!said.contains('\r'), "{said:?}");
    assert_eq!(diagnostics(dir.path(), &["."]).1, Vec::<serde_json::Value>::new());
}

#[test]
fn wrong_bytes_are_told_and_the_rest_is_read() {
    let mut bytes = LEAK.as_bytes().to_vec();
    bytes.extend_from_slice(b"const name = '\xe9';\n");
    let dir = tree(&[("bad.ts", &bytes)]);
    assert_eq!(findings(dir.path(), &["."]).len(), 1);
    let (_, found) = diagnostics(dir.path(), &["."]);
    assert_eq!((&found[0]["path"], &found[0]["line"]), (&"bad.ts".into(), &7.into()));
}

#[test]
fn binary_files_are_skipped() {
    // An MPEG transport stream has the extension of TypeScript.
    let stream: Vec<u8> = [0x47, 0x40, 0x11, 0x10, 0x00].iter().copied().cycle().take(1880).collect();
    let dir = tree(&[("video.ts", &stream), ("junk.js", b"\x7fELF\0\0\x01"), ("leak.ts", LEAK.as_bytes())]);
    let (code, found) = diagnostics(dir.path(), &["."]);
    assert_eq!((code, found.len()), (1, 2), "{found:?}");
    assert!(found.iter().all(|d| d["kind"] == "skipped"), "{found:?}");
}

/// What does not parse is told, and the functions around it are checked all the same.
#[test]
fn broken_code_does_not_hide_the_rest() {
    let halves: &[(&str, &str)] = &[
        ("call", "export function broken() {\n  send(\n}\n"),
        ("member", "export function broken(x) {\n  const y = x.\n}\n"),
        ("parameters", "export function broken(a, {\n  return a;\n}\n"),
        ("brace", "export function broken() {\n  if (x) {\n    y();\n}\n"),
        ("conflict", "<<<<<<< ours\nconst a = 1;\n=======\nconst a = 2;\n>>>>>>> theirs\n"),
        ("string", "const text = \"never ended\n"),
        ("regex", "const pattern = /never ended\n"),
        ("template", "const text = `${name`;\n"),
        ("type", "type Broken = { a: string,, };\n"),
        ("enum", "enum { A, B }\n"),
        ("class", "class Broken { constructor( { }\n"),
        ("await", "function broken() { await f(); }\n"),
        ("import", "import { a, from \"b\";\n"),
        ("python", "def broken(x):\n    return x\n"),
    ];
    let texts: Vec<_> = halves.iter().map(|(name, half)| (format!("{name}.ts"), format!("{LEAK}\n{half}"))).collect();
    let files: Vec<(&str, &[u8])> = texts.iter().map(|(path, text)| (path.as_str(), text.as_bytes())).collect();
    let dir = tree(&files);
    let (code, said) = check(dir.path(), &[".", "--no-triage"]);
    assert_eq!(code, 1, "{said}");
    let found = findings(dir.path(), &["."]);
    for (path, _) in &texts {
        assert!(found.contains(&(path.clone(), 4, "never-closed".to_owned())), "{path}: {said}");
    }
    let (_, told) = diagnostics(dir.path(), &["."]);
    for (name, _) in halves.iter().filter(|(name, _)| *name != "await") {
        assert!(told.iter().any(|d| d["path"] == format!("{name}.ts").as_str()), "{name} is not told: {told:?}");
    }
}

#[test]
fn pieces_of_a_file_never_end_the_run() {
    let whole = format!(
        "{LEAK}\nexport class Store<T extends {{ a?: string }}> {{\n  #db = `${{process.env.X ?? \"é\"}}`;\n  @dec() m = async ({{ a, ...b }}: T) => <p>{{a}}</p>;\n  get x() {{ return this.#db?.length ?? /[/]\\//u; }}\n}}\n"
    );
    let cuts: Vec<_> = whole.char_indices().map(|(at, _)| at).collect();
    let mut files = Vec::new();
    for (i, at) in cuts.iter().enumerate() {
        let extension = ["ts", "tsx", "js", "vue", "svelte"][i % 5];
        let script = matches!(extension, "vue" | "svelte").then_some("<script lang=\"ts\">\n").unwrap_or_default();
        files.push((format!("head{i}.{extension}"), format!("{script}{}", &whole[..*at])));
        files.push((format!("tail{i}.{extension}"), format!("{script}{}", &whole[*at..])));
    }
    let files: Vec<(&str, &[u8])> = files.iter().map(|(path, text)| (path.as_str(), text.as_bytes())).collect();
    let dir = tree(&files);
    let (code, said) = check(dir.path(), &[".", "--exit-zero", "--no-triage"]);
    assert_eq!(code, 0, "{said}");
}

#[test]
fn odd_components_are_read_or_left_alone() {
    let files: &[(&str, &str)] = &[
        ("no_script.vue", "<template><p>hello</p></template>\n"),
        ("open_script.vue", "<script>\nimport Redis from 'ioredis';\n"),
        ("nested.vue", "<script>\nconst x = '<script>';\n</script>\n<script setup>\nconst y = 1;\n</script>\n"),
        ("empty.svelte", ""),
        (
            "attributes.svelte",
            "<script context=\"module\" lang='ts' data-x=a>let x: number = 1;</script>{#if x}<p/>{/if}\n",
        ),
        ("upper.vue", "<SCRIPT>let a = 1;</SCRIPT>\n"),
        ("source.vue", "<script src=\"./other.js\"></script>\n"),
        ("other_language.vue", "<script lang=\"coffee\">\nx = -> 1\n</script>\n"),
        ("comment.vue", "<!-- <script>let a = ;</script> -->\n<script>let b = 1;</script>\n"),
        ("broken.svelte", "<script>\nlet a = ;\n</script>\n<p>{a}</p>\n"),
    ];
    let files: Vec<(&str, &[u8])> = files.iter().map(|(path, text)| (*path, text.as_bytes())).collect();
    let dir = tree(&files);
    let (code, said) = check(dir.path(), &[".", "--exit-zero", "--no-triage"]);
    assert_eq!(code, 0, "{said}");
    let (_, told) = diagnostics(dir.path(), &[".", "--no-triage"]);
    let paths: Vec<_> = told.iter().map(|d| d["path"].as_str().unwrap()).collect();
    assert_eq!(paths, ["broken.svelte"], "{said}");
    assert_eq!(told[0]["line"], 2);
}

/// Debug builds are slow; what matters is that these end.
#[test]
fn huge_and_deep_files_end() {
    const DEEP: usize = 100_000;
    let head = "import Redis from \"ioredis\";\n";
    let unit = "export function f(a, b) {\n  const values = [a, b, { key: a }];\n  return values?.length ?? 0;\n}\n";
    let generated = format!("{head}{}", unit.repeat(5_000_000 / unit.len()));
    let deep = |open: &str, middle: &str, close: &str| {
        format!("{head}x = {}{middle}{};\n", open.repeat(DEEP), close.repeat(DEEP)).into_bytes()
    };
    let started = Instant::now();
    let dir = tree(&[
        ("generated.ts", generated.as_bytes()),
        ("line.js", format!("{head}x = [{}];\n", "'é', ".repeat(300_000)).as_bytes()),
        ("minified.js", format!("{head}{}", "function f(a){return a?b(a):c};".repeat(50_000)).as_bytes()),
        ("brackets.ts", &deep("[", "", "]")),
        ("open.ts", &deep("(", "", "")),
        ("objects.ts", &deep("{a:", "1", "}")),
        ("arrows.ts", &deep("() => ", "1", "")),
        ("blocks.ts", format!("{head}{}{}", "{".repeat(DEEP), "}".repeat(DEEP)).as_bytes()),
        ("functions.js", format!("{head}{}{}", "function f(){".repeat(DEEP), "}".repeat(DEEP)).as_bytes()),
        ("unary.ts", &deep("!", "1", "")),
        ("awaits.mjs", &deep("await ", "1", "")),
        ("chain.ts", format!("{head}x = a{};\n", ".b()".repeat(DEEP)).as_bytes()),
        ("thens.ts", format!("{head}x = a{};\n", ".then(f)".repeat(20_000)).as_bytes()),
        ("optional.ts", format!("{head}x = a{};\n", "?.b".repeat(DEEP)).as_bytes()),
        ("sum.ts", format!("{head}x = 1{};\n", " + 1".repeat(DEEP)).as_bytes()),
        ("coalesce.ts", format!("{head}x = a{};\n", " ?? a".repeat(20_000)).as_bytes()),
        ("ternaries.ts", &deep("a ? 1 : ", "2", "")),
        ("elses.ts", format!("{head}if (a) b();{}\n", " else if (a) b();".repeat(20_000)).as_bytes()),
        ("cases.ts", format!("{head}switch (a) {{{}}}\n", "case 1: b();\n".repeat(20_000)).as_bytes()),
        ("template.ts", &deep("`${", "1", "}`")),
        ("types.ts", format!("{head}type A = {}string{};\n", "Array<".repeat(DEEP), ">".repeat(DEEP)).as_bytes()),
        ("casts.ts", &deep("<any>", "1", "")),
        ("elements.tsx", &deep("<a>", "", "</a>")),
        ("labels.js", format!("{head}{}x();\n", "a: ".repeat(20_000)).as_bytes()),
        ("commas.js", format!("{head}a{};\n", ", a".repeat(DEEP)).as_bytes()),
        ("assignments.js", &deep("a = ", "1", "")),
        ("news.js", &deep("new ", "A", "")),
        ("decorators.ts", format!("{head}{}class A {{}}\n", "@a ".repeat(20_000)).as_bytes()),
    ]);
    let (code, said) = check(dir.path(), &[".", "--exit-zero"]);
    assert_eq!(code, 0, "{said}");
    assert!(!said.contains("generated.ts"), "5 MB are analysed: {said}");
    assert!(said.contains("brackets.ts"), "{said}");
    assert!(started.elapsed() < Duration::from_secs(110), "{:?}", started.elapsed());
}

#[test]
fn long_chains_of_calls_and_closures_end() {
    let mut calls =
        String::from("import Redis from \"ioredis\";\nexport function start(url) {\n  f0(new Redis(url));\n}\n");
    for i in 0..10_000 {
        calls.push_str(&format!("function f{i}(c) {{\n  c.get(1);\n  f{}(c);\n}}\n", i + 1));
    }
    let many: String = (0..5_000).map(|i| format!("  const c{i} = new Redis();\n  c{i}.get(1);\n")).collect();
    let many = format!("import Redis from \"ioredis\";\nexport function f() {{\n{many}}}\n");
    let nested = "x.on('a', () => {\n".repeat(200);
    let nested = format!(
        "import Redis from \"ioredis\";\nexport function f(x) {{\nconst c = new Redis();\n{nested}c.get(1);\n{}}}\n",
        "});\n".repeat(200)
    );
    let promises = "await Promise.all(xs.map(async (x) => c.get(x)));\n".repeat(2_000);
    let promises = format!(
        "import Redis from \"ioredis\";\nexport async function f(xs) {{\nconst c = new Redis();\n{promises}}}\n"
    );
    let started = Instant::now();
    let dir = tree(&[
        ("calls.ts", calls.as_bytes()),
        ("many.ts", many.as_bytes()),
        ("nested.ts", nested.as_bytes()),
        ("promises.ts", promises.as_bytes()),
    ]);
    let (code, said) = check(dir.path(), &[".", "--exit-zero"]);
    assert_eq!(code, 0, "{said}");
    assert!(started.elapsed() < Duration::from_secs(60), "{:?}", started.elapsed());
}

#[test]
fn no_secret_reaches_any_output() {
    let text = "import mysql from \"mysql2/promise\";\nimport Redis from 'ioredis';\n\nexport async function load() {\n  const db = await mysql.createConnection({ host: 'db', password: 'hunter2' });\n  const cache = new Redis(`redis://:hunter2@cache`);\n  await db.query(await cache.get('a'));\n}\n";
    let dir = tree(&[("leak.ts", text.as_bytes())]);
    for format in ["text", "concise", "json", "sarif"] {
        let (code, said) = check(dir.path(), &[".", "--format", format, "--persona", "auditor"]);
        assert_eq!(code, 1, "{said}");
        assert!(!said.contains("hunter2"), "{said}");
    }
}

#[test]
fn the_same_bytes_for_any_number_of_threads_and_order_of_arguments() {
    let component = format!("<script>\n{LEAK}</script>\n");
    let dir = tree(&[
        ("a.ts", LEAK.as_bytes()),
        ("b.js", LEAK.as_bytes()),
        ("c/d.vue", component.as_bytes()),
        ("e.ts", b"x = ("),
    ]);
    for format in ["text", "concise", "json", "sarif"] {
        let one = unclosed(dir.path(), &["check", "--format", format, "--threads", "1", "."]);
        let many = unclosed(dir.path(), &["check", "--format", format, "--threads", "8", "e.ts", "c", "b.js", "a.ts"]);
        assert_eq!(stdout(&one), stdout(&many));
        assert!(!stderr(&one).contains("panicked"));
    }
}
