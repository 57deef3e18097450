//! Runs `unclosed` as a user does.

use assert_cmd::Command;
use std::fs;
use std::path::Path;
use std::process::Output;
use std::time::Duration;

/// A directory with `files`.
pub fn tree(files: &[(&str, &[u8])]) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    for (path, bytes) in files {
        let path = dir.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
    dir
}

pub fn unclosed(dir: &Path, args: &[&str]) -> Output {
    let mut command = Command::cargo_bin("unclosed").unwrap();
    command.current_dir(dir).args(args).env_remove("RUST_BACKTRACE").timeout(Duration::from_secs(120));
    command.output().unwrap()
}

pub fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

pub fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// Exit code, and everything it said.
pub fn check(dir: &Path, args: &[&str]) -> (i32, String) {
    let output = unclosed(dir, &[&["check"], args].concat());
    let said = stdout(&output) + &stderr(&output);
    assert!(!said.contains("panicked"), "{said}");
    (output.status.code().unwrap(), said)
}

/// The diagnostics of a JSON report, and the exit code.
pub fn diagnostics(dir: &Path, args: &[&str]) -> (i32, Vec<serde_json::Value>) {
    let output = unclosed(dir, &[&["check", "--format", "json"], args].concat());
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    (output.status.code().unwrap(), report["diagnostics"].as_array().unwrap().clone())
}
