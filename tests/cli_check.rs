//! `unclosed check` on good and bad input, as a user runs it.
#![allow(clippy::unwrap_used, reason = "test code")]

#[allow(dead_code, reason = "each test program uses a part of it")]
mod program;

use program::{check, diagnostics, stderr, stdout, tree, unclosed};
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

const LEAK: &str =
    "import psycopg2\n\n\ndef load():\n    conn = psycopg2.connect('x')\n    conn.cursor().execute('select 1')\n";
const CLEAN: &str = "def add(a, b):\n    return a + b\n";

#[test]
fn missing_paths_are_all_named_and_the_run_fails() {
    let dir = tree(&[("a.py", CLEAN.as_bytes())]);
    let output = unclosed(dir.path(), &["check", "a.py", "nope.py", "gone/"]);
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(stdout(&output), "");
    assert_eq!(stderr(&output), "error: nope.py: no such file or directory\nerror: gone: no such file or directory\n");
}

#[test]
fn an_empty_folder_is_no_error() {
    let dir = tree(&[("notes.txt", b"")]);
    let output = unclosed(dir.path(), &["check"]);
    assert_eq!(output.status.code(), Some(0));
    assert!(stderr(&output).contains("no files found in a language that is analysed"));
    let output = unclosed(dir.path(), &["check", "--format", "sarif", "."]);
    let sarif: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(0), "{sarif}");
}

#[test]
fn a_file_in_no_known_language_is_named() {
    let dir = tree(&[("notes.txt", b"hello"), ("a.py", CLEAN.as_bytes())]);
    let (code, said) = check(dir.path(), &["notes.txt", "a.py"]);
    assert_eq!(code, 0);
    assert!(said.contains("notes.txt") && said.contains("is in no language that is analysed"), "{said}");
}

#[cfg(unix)]
#[test]
fn an_unreadable_file_is_told_and_the_others_are_read() {
    use std::os::unix::fs::PermissionsExt;
    let dir = tree(&[("a.py", CLEAN.as_bytes()), ("locked.py", CLEAN.as_bytes())]);
    let locked = dir.path().join("locked.py");
    fs::set_permissions(&locked, fs::Permissions::from_mode(0o000)).unwrap();
    if fs::read(&locked).is_ok() {
        return; // The superuser reads everything.
    }
    let (code, found) = diagnostics(dir.path(), &["."]);
    assert_eq!(code, 0);
    assert_eq!((&found[0]["path"], &found[0]["kind"]), (&"locked.py".into(), &"unreadable".into()));
}

/// Reading this one fails although it opens, even for the superuser, whom no permission stops.
#[cfg(target_os = "linux")]
#[test]
fn a_file_that_cannot_be_read_is_told() {
    let dir = tree(&[("a.py", CLEAN.as_bytes())]);
    std::os::unix::fs::symlink("/proc/self/mem", dir.path().join("mem.py")).unwrap();
    let (code, found) = diagnostics(dir.path(), &["a.py", "mem.py"]);
    assert_eq!(code, 0);
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!((&found[0]["path"], &found[0]["kind"]), (&"mem.py".into(), &"unreadable".into()));
}

#[cfg(unix)]
#[test]
fn directory_loops_end() {
    let dir = tree(&[("pkg/a.py", CLEAN.as_bytes())]);
    std::os::unix::fs::symlink("..", dir.path().join("pkg/up")).unwrap();
    std::os::unix::fs::symlink("self", dir.path().join("self")).unwrap();
    assert_eq!(check(dir.path(), &["."]).0, 0);
    assert_eq!(check(dir.path(), &["pkg/up/pkg/up"]).0, 0);
    let (code, said) = check(dir.path(), &["self"]);
    assert_eq!(code, 2);
    assert!(said.contains("error: self: "), "{said}");
}

#[cfg(unix)]
#[test]
fn special_files_are_refused_instead_of_read_forever() {
    let dir = tree(&[]);
    let (code, said) = check(dir.path(), &["/dev/zero"]);
    assert_eq!(code, 2);
    assert!(said.contains("is neither a file nor a directory"), "{said}");
}

#[test]
fn coding_cookies_byte_order_marks_and_line_ends() {
    let crlf = LEAK.replace('\n', "\r\n");
    let files: &[(&str, &[u8])] = &[
        ("latin.py", b"# -*- coding: latin-1 -*-\nname = '\xe9'\n"),
        ("koi.py", b"# coding: koi8-r\nname = '\xc1\xc2'\n"),
        ("sjis.py", b"# coding: shift_jis\nname = '\x82\xa0'\n"),
        ("bom.py", b"\xef\xbb\xbfx = 1\n"),
        ("utf16.py", b"\xff\xfex\0=\x001\0\n\0"),
        ("crlf.py", b"def f():\r\n    return 1\r\n"),
        ("cr.py", b"def f():\r    return 1\r"),
        ("formfeed.py", b"x = 1\n\x0cy = 2\n"),
        ("empty.py", b""),
    ];
    let dir = tree(files);
    let (code, found) = diagnostics(dir.path(), &["."]);
    assert_eq!((code, found), (0, Vec::new()));
    fs::write(dir.path().join("leak.py"), crlf).unwrap();
    let (_, said) = check(dir.path(), &["leak.py", "--format", "concise"]);
    assert!(!said.contains('\r'), "{said:?}");
}

#[test]
fn wrong_bytes_are_told_and_the_rest_is_read() {
    let dir = tree(&[("bad.py", b"a = 1\nb = '\xe9'\n")]);
    let (code, found) = diagnostics(dir.path(), &["."]);
    assert_eq!(code, 0);
    assert_eq!((&found[0]["path"], &found[0]["line"]), (&"bad.py".into(), &2.into()));
    assert!(found[0]["message"].as_str().unwrap().contains("not valid UTF-8"), "{found:?}");
}

#[test]
fn binary_files_are_skipped() {
    let dir = tree(&[("junk.py", b"\x7fELF\0\0\x01"), ("a.py", CLEAN.as_bytes())]);
    let (code, found) = diagnostics(dir.path(), &["."]);
    assert_eq!((code, found.len()), (0, 1));
    assert_eq!((&found[0]["path"], &found[0]["kind"]), (&"junk.py".into(), &"skipped".into()));
}

#[test]
fn late_nul_bytes_do_no_harm() {
    let text = format!("{}x = '\0'\n", "# filler filler filler\n".repeat(1000));
    let dir = tree(&[("a.py", text.as_bytes())]);
    assert_eq!(check(dir.path(), &["."]).0, 0);
}

#[test]
fn syntax_errors_do_not_stop_the_run() {
    let broken = format!("def broken(:\n    pass\n\n{LEAK}");
    let dir =
        tree(&[("broken.py", broken.as_bytes()), ("conflict.py", b"<<<<<<< a\nx = 1\n=======\nx = 2\n>>>>>>> b\n")]);
    let (code, said) = check(dir.path(), &[".", "--exit-zero", "--no-triage"]);
    assert_eq!(code, 0);
    assert!(said.contains("broken.py") && said.contains("conflict.py"), "{said}");
}

/// Debug builds are slow; what matters is that these end.
#[test]
fn huge_and_deep_files_end() {
    let unit = "def function(a, b):\n    values = [a, b, {'key': a}]\n    return values\n\n";
    let generated = format!("import redis\n{}", unit.repeat(10_000_000 / unit.len()));
    let line = format!("import redis\nx = [{}]\n", "'é', ".repeat(300_000));
    let started = Instant::now();
    let dir = tree(&[
        ("generated.py", generated.as_bytes()),
        ("brackets.py", format!("import redis\nx = {}{}\n", "[".repeat(100_000), "]".repeat(100_000)).as_bytes()),
        ("open.py", format!("import redis\nx = {}\n", "(".repeat(100_000)).as_bytes()),
        ("unary.py", format!("import redis\nx = {}1\n", "-".repeat(100_000)).as_bytes()),
        ("nots.py", format!("import redis\nx = {}1\n", "not ".repeat(100_000)).as_bytes()),
        ("chain.py", format!("import redis\nx = a{}\n", ".b()".repeat(100_000)).as_bytes()),
        ("sum.py", format!("import redis\nx = 1{}\n", " + 1".repeat(100_000)).as_bytes()),
        ("lambdas.py", format!("import redis\nx = {}1\n", "lambda: ".repeat(100_000)).as_bytes()),
        ("elifs.py", format!("import redis\nif a: pass\n{}", "elif b: pass\n".repeat(20_000)).as_bytes()),
        ("fstring.py", format!("import redis\nx = f'{}'\n", "{".repeat(100_000)).as_bytes()),
        ("line.py", line.as_bytes()),
    ]);
    let (code, said) = check(dir.path(), &[".", "--exit-zero"]);
    assert_eq!(code, 0, "{said}");
    assert!(!said.contains("generated.py"), "10 MB are analysed: {said}");
    assert!(said.contains("brackets.py"), "{said}");
    assert!(started.elapsed() < Duration::from_secs(110), "{:?}", started.elapsed());
}

#[test]
fn deep_call_chains_and_many_acquisitions_end() {
    let mut chain = String::from("import redis\n\n\ndef start(url):\n    f0(redis.Redis.from_url(url))\n\n\n");
    for i in 0..10_000 {
        chain.push_str(&format!("def f{i}(c):\n    c.get(1)\n    f{}(c)\n\n\n", i + 1));
    }
    let many: String = (0..20_000).map(|i| format!("    c{i} = redis.Redis()\n    c{i}.get(1)\n")).collect();
    let many = format!("import redis\n\n\ndef f():\n{many}");
    let started = Instant::now();
    let dir = tree(&[("chain.py", chain.as_bytes()), ("many.py", many.as_bytes())]);
    let (code, said) = check(dir.path(), &[".", "--exit-zero"]);
    assert_eq!(code, 0, "{said}");
    assert!(started.elapsed() < Duration::from_secs(60), "{:?}", started.elapsed());
}

#[test]
fn files_over_20_mb_are_skipped() {
    let dir = tree(&[("large.py", "x = 1\n".repeat(3_600_000).as_bytes())]);
    let (code, found) = diagnostics(dir.path(), &["."]);
    assert_eq!(code, 0);
    assert_eq!((&found[0]["kind"], &found[0]["message"]), (&"skipped".into(), &"is larger than 20 MB".into()));
}

#[test]
fn a_reader_that_goes_away_ends_it_quietly() {
    use std::io::Read;
    use std::process::{Command, Stdio};
    let dir = tree(&[]);
    for i in 0..2000 {
        fs::write(dir.path().join(format!("file_with_a_long_name_{i}.py")), b"x = \0").unwrap();
    }
    let mut command = Command::new(assert_cmd::cargo::cargo_bin("unclosed"));
    command.args(["check", "."]).current_dir(dir.path()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    drop(child.stdout.take());
    let mut said = String::new();
    child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
    assert_eq!(said, "");
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

#[test]
fn a_full_disk_is_a_failed_run() {
    if !Path::new("/dev/full").exists() {
        return;
    }
    let dir = tree(&[("a.py", CLEAN.as_bytes())]);
    let (code, said) = check(dir.path(), &["--output", "/dev/full", "."]);
    assert_eq!(code, 2);
    assert!(said.contains("cannot write /dev/full"), "{said}");
}

#[test]
fn exit_codes() {
    let dir = tree(&[("leak.py", LEAK.as_bytes()), ("clean.py", CLEAN.as_bytes())]);
    assert_eq!(check(dir.path(), &["clean.py"]).0, 0);
    assert_eq!(check(dir.path(), &["leak.py"]).0, 1);
    assert_eq!(check(dir.path(), &["leak.py", "--exit-zero"]).0, 0);
    assert_eq!(check(dir.path(), &["leak.py", "--fail-level", "note"]).0, 1);
    assert_eq!(check(dir.path(), &["clean.py", "--fail-level", "note"]).0, 0);
    assert_eq!(check(dir.path(), &["leak.py", "--format", "sarif"]).0, 1);
    assert_eq!(check(dir.path(), &["--no-such-option"]).0, 2);
    assert_eq!(check(dir.path(), &["--threads", "0"]).0, 2);
}

#[test]
fn select_takes_rule_ids_and_suggests_near_ones() {
    let dir = tree(&[("leak.py", LEAK.as_bytes())]);
    assert_eq!(check(dir.path(), &["--select", "close-not-awaited,with-does-not-close"]).0, 0);
    let (code, said) = check(dir.path(), &["--select", "never-close"]);
    assert_eq!(code, 2);
    assert!(said.contains("never-closed"), "{said}");
}

#[test]
fn the_report_can_go_to_a_file() {
    let dir = tree(&[("a.py", CLEAN.as_bytes())]);
    let output = unclosed(dir.path(), &["check", "--format", "json", "--output", "report.json"]);
    assert_eq!((output.status.code(), stdout(&output).as_str()), (Some(0), ""));
    let report = fs::read(dir.path().join("report.json")).unwrap();
    serde_json::from_slice::<serde_json::Value>(&report).unwrap();
    let (code, said) = check(dir.path(), &["--output", "no/such/dir/report"]);
    assert_eq!(code, 2);
    assert!(said.contains("cannot write no/such/dir/report"), "{said}");
}

#[test]
fn statistics_go_to_standard_error() {
    let dir = tree(&[("a.py", CLEAN.as_bytes()), ("b/c.py", LEAK.as_bytes())]);
    let output = unclosed(dir.path(), &["check", "--stats", "--exit-zero"]);
    let said = stderr(&output);
    assert!(said.lines().any(|l| l.split_whitespace().eq(["files", "2"])), "{said}");
    assert!(said.contains("unknown ops") && said.contains("unresolved calls"), "{said}");
    assert!(!stdout(&output).contains("unresolved calls"));
}

#[test]
fn colour_only_when_asked_for() {
    let dir = tree(&[("leak.py", LEAK.as_bytes())]);
    assert!(!check(dir.path(), &["."]).1.contains('\x1b'));
    assert!(check(dir.path(), &[".", "--color", "always"]).1.contains('\x1b'));
    assert!(!check(dir.path(), &[".", "--color", "never"]).1.contains('\x1b'));
}

#[test]
fn no_secret_reaches_any_output() {
    let text = "import psycopg2\n\n\ndef load():\n    conn = psycopg2.connect('postgresql://me:hunter2@db/x', password='hunter2', \
                options='password=hunter2')\n    conn.cursor().execute('select 1')\n";
    let dir = tree(&[("leak.py", text.as_bytes())]);
    for format in ["text", "concise", "json", "sarif"] {
        let (code, said) = check(dir.path(), &[".", "--format", format, "--persona", "auditor"]);
        assert_eq!(code, 1, "{said}");
        assert!(!said.contains("hunter2"), "{said}");
    }
}

#[test]
fn the_same_bytes_for_any_number_of_threads_and_order_of_arguments() {
    let dir =
        tree(&[("a.py", LEAK.as_bytes()), ("b.py", LEAK.as_bytes()), ("c/d.py", LEAK.as_bytes()), ("e.py", b"x = (")]);
    for format in ["text", "concise", "json", "sarif"] {
        let one = unclosed(dir.path(), &["check", "--format", format, "--threads", "1", "."]).stdout;
        let many = ["check", "--format", format, "--threads", "8", "e.py", "c", "b.py", "a.py"];
        assert_eq!(String::from_utf8(one), String::from_utf8(unclosed(dir.path(), &many).stdout));
    }
}

/// Leaks with redis 3, which connects at once; with 4 nothing is connected when `load` fails.
const EARLY: &[u8] = b"import { createClient } from 'redis';
import { load } from './load';

export async function warm(url: string) {
  const client = createClient({ url });
  const keys = await load();
  await client.connect();
  try {
    await client.mGet(keys);
  } finally {
    await client.quit();
  }
}
";

/// Leaks with redis 3, which has no `disconnect`.
const DISCONNECT: &[u8] = b"const redis = require('redis');

exports.read = (key, done) => {
  const client = redis.createClient();
  client.get(key, (error, value) => {
    client.disconnect();
    done(error, value);
  });
};
";

/// `path: rule` of the findings.
fn findings(dir: &Path, args: &[&str]) -> Vec<String> {
    let output = unclosed(dir, &[&["check", "--format", "json"], args].concat());
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let text = |finding: &serde_json::Value, pointer: &str| {
        finding.pointer(pointer).and_then(|v| v.as_str()).unwrap_or_default().to_owned()
    };
    let all = report["findings"].as_array().unwrap().iter();
    all.map(|finding| format!("{}: {}", text(finding, "/location/path"), text(finding, "/rule"))).collect()
}

#[test]
fn the_version_of_a_library_decides_what_it_does() {
    let asking = |range: &str| format!("{{ \"dependencies\": {{ \"redis\": \"{range}\" }} }}").into_bytes();
    let old = ["early.ts: not-closed-on-error", "disconnect.js: never-closed"];
    for (range, leaks) in [("^3.1.2", true), ("^4.6.7", false), ("npm:redis@3", true), ("latest", false)] {
        let dir = tree(&[("early.ts", EARLY), ("disconnect.js", DISCONNECT), ("package.json", &asking(range))]);
        let mut expected: Vec<&str> = if leaks { old.to_vec() } else { Vec::new() };
        expected.sort_unstable();
        assert_eq!(findings(dir.path(), &[]), expected, "redis {range}");
    }
    let dir = tree(&[("early.ts", EARLY), ("disconnect.js", DISCONNECT), ("package.json", b"{ \"dependencies\": ")]);
    let (_, diagnostics) = diagnostics(dir.path(), &[]);
    assert_eq!((findings(dir.path(), &[]), diagnostics), (vec![], vec![]), "a broken manifest says nothing");
}

#[test]
fn packages_of_one_repository_have_versions_of_their_own() {
    let dir = tree(&[
        ("package.json", b"{ \"workspaces\": [\"packages/*\"], \"devDependencies\": { \"redis\": \"^5.8.0\" } }"),
        ("yarn.lock", b"redis@*, redis@^3.0.0:\n  version \"3.1.2\"\n\nredis@^5.8.0:\n  version \"5.8.2\"\n"),
        ("packages/old/package.json", b"{ \"dependencies\": { \"redis\": \"~3.1\" } }"),
        ("packages/old/src/early.ts", EARLY),
        ("packages/locked/package.json", b"{ \"peerDependencies\": { \"redis\": \"*\" } }"),
        ("packages/locked/early.ts", EARLY),
        ("packages/new/package.json", b"{ \"name\": \"new\" }"),
        ("packages/new/early.ts", EARLY),
        ("early.ts", EARLY),
    ]);
    let old = ["packages/locked/early.ts: not-closed-on-error", "packages/old/src/early.ts: not-closed-on-error"];
    assert_eq!(findings(dir.path(), &[]), old);
    assert_eq!(findings(dir.path(), &["packages/old/src"]), old[1..], "manifests above the paths given are read");
    assert_eq!(findings(dir.path(), &["packages/old/src/early.ts", "early.ts"]), old[1..]);
    let types = |path: &str| stdout(&unclosed(dir.path(), &["dump", "--types", path]));
    assert!(types("packages/old/src/early.ts").contains("redis.callback-client"));
    assert!(!types("early.ts").contains("redis.callback-client"));
}
