//! `unclosed explain`, `rules`, `dump`, and the help texts.
#![allow(clippy::unwrap_used, reason = "test code")]

use assert_cmd::Command;
use std::fs;

/// Exit code, standard output, standard error.
fn unclosed(dir: &std::path::Path, args: &[&str]) -> (i32, String, String) {
    let output = Command::cargo_bin("unclosed").unwrap().current_dir(dir).args(args).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

fn here(args: &[&str]) -> (i32, String, String) {
    unclosed(std::path::Path::new("."), args)
}

#[test]
fn explain_prints_the_page_of_a_rule() {
    let (code, out, _) = here(&["explain", "never-closed"]);
    assert_eq!(code, 0);
    assert_eq!(out, unclosed::checks::RULES.iter().find(|r| r.id == "never-closed").unwrap().page());
}

#[test]
fn explain_suggests_near_names() {
    let (code, _, said) = here(&["explain", "never-close"]);
    assert_eq!(code, 2);
    assert!(said.contains("never-closed"), "{said}");
}

#[test]
fn rules_lists_all_of_them() {
    let (code, table, _) = here(&["rules"]);
    let (_, json, _) = here(&["rules", "--format", "json"]);
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(code, 0);
    for (i, rule) in unclosed::checks::RULES.iter().enumerate() {
        assert!(table.lines().nth(i).unwrap().starts_with(rule.id), "{table}");
        assert_eq!((&json[i]["id"], &json[i]["summary"]), (&rule.id.into(), &rule.summary.into()));
    }
}

#[test]
fn help_and_version() {
    let (code, out, _) = here(&["--version"]);
    assert_eq!((code, out), (0, format!("unclosed {}\n", env!("CARGO_PKG_VERSION"))));
    for args in
        [&["--help"][..], &["check", "--help"], &["explain", "--help"], &["rules", "--help"], &["dump", "--help"]]
    {
        let (code, out, _) = here(args);
        assert_eq!(code, 0);
        assert!(out.contains("Usage: unclosed"), "{out}");
    }
    assert_eq!(here(&[]).0, 2);
}

#[test]
fn dump_shows_a_file_or_one_function() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("app.py"), "def one():\n    return 1\n\n\ndef two():\n    return 2\n").unwrap();
    for what in ["--ir", "--cfg"] {
        let (code, whole, said) = unclosed(dir.path(), &["dump", what, "app.py"]);
        assert_eq!((code, said.as_str()), (0, ""));
        assert!(whole.contains("one") && whole.contains("two"), "{whole}");
        let (code, part, _) = unclosed(dir.path(), &["dump", what, "app.py:two"]);
        assert_eq!(code, 0);
        assert!(!part.contains("one") && part.contains("two"), "{part}");
    }
}

#[test]
fn dump_answers_mistakes() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("app.py"), "def one():\n    return 1\n").unwrap();
    fs::write(dir.path().join("junk.py"), b"\0").unwrap();
    let cases = [
        (&["dump", "--ir", "app.py:three"][..], "no function `three`"),
        (&["dump", "--ir", "nope.py"], "nope.py: no such file or directory"),
        (&["dump", "--ir", "nope.py:x"], "nope.py:x: no such file or directory"),
        (&["dump", "--ir", "."], "is a directory"),
        (&["dump", "--ir", "junk.py"], "looks binary"),
        (&["dump", "app.py"], "--ir"),
        (&["dump", "--ir", "--cfg", "app.py"], "cannot be used with"),
    ];
    for (args, expected) in cases {
        let (code, out, said) = unclosed(dir.path(), args);
        assert_eq!((code, out.as_str()), (2, ""), "{args:?}");
        assert!(said.contains(expected), "{args:?}: {said}");
    }
}
