//! The command line: arguments in, exit code out. One file per subcommand.
//!
//! Reports go to standard output; progress, errors and statistics to standard error. Nothing that happens to either stream can
//! fail a run: a reader that went away (`unclosed check | head`) ends the printing, quietly.

mod check;
mod dump;
mod explain;
mod output;
mod panics;
mod progress;
mod rules;
mod stats;

use clap::{Parser, Subcommand};
use std::ffi::OsString;
use std::io::Write;
use std::process::ExitCode;

/// Finds connection leaks: clients, pools, sessions and sockets that are not closed on every path.
///
/// Start with `unclosed check` in a project. `unclosed explain RULE` tells what a finding means and how to fix it.
#[derive(Parser, Debug)]
#[command(name = "unclosed", version, max_term_width = 100, after_help = EXIT_CODES)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

const EXIT_CODES: &str = "Exit codes:\n  0  no findings at or above the fail level\n  1  findings at or above the fail level\n  2  the run itself failed";

#[derive(Subcommand, Debug)]
enum Command {
    Check(check::Check),
    Explain(explain::Explain),
    Rules(rules::Rules),
    Dump(dump::Dump),
}

/// How a run that did its work ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Outcome {
    Clean,
    /// Findings at or above the fail level.
    Findings,
}

/// Why a run could not do its work.
#[derive(Debug, thiserror::Error)]
enum Failure {
    /// One line per argument.
    #[error("{0}")]
    Arguments(String),
    #[error("cannot write {path}: {reason}")]
    Write { path: String, reason: std::io::Error },
    #[error("cannot start: {0}")]
    Start(String),
    #[error("{0}")]
    Dump(String),
}

/// Runs the program with `args`, the program's name first. Never panics: a bug that no other firewall caught ends in exit code 2.
///
/// Exit code 0: clean; 1: findings at or above the fail level; 2: the run itself failed.
pub fn run(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    panics::quiet();
    let args: Vec<OsString> = args.into_iter().collect();
    match panics::caught(move || parse_and_run(args)) {
        Ok(code) => code,
        Err(message) => {
            output::complain(&format!("internal error: {message}\nThis is a bug in unclosed; the run is incomplete."));
            ExitCode::from(2)
        }
    }
}

fn parse_and_run(args: Vec<OsString>) -> ExitCode {
    let command = match Cli::try_parse_from(args) {
        Ok(cli) => cli.command,
        Err(error) => {
            // Also `--help` and `--version`, which are no errors and exit with 0.
            let _ = error.print();
            return ExitCode::from(error.exit_code() as u8);
        }
    };
    let mut stdout = output::Stdout::new();
    let result = match command {
        Command::Check(command) => command.run(&mut stdout),
        Command::Explain(command) => command.run(&mut stdout),
        Command::Rules(command) => command.run(&mut stdout),
        Command::Dump(command) => command.run(&mut stdout),
    };
    let result = result.and_then(|outcome| {
        let flushed = stdout.flush().map_err(output::stdout_failure);
        flushed.map(|()| outcome)
    });
    match result {
        Ok(Outcome::Clean) => ExitCode::SUCCESS,
        Ok(Outcome::Findings) => ExitCode::from(1),
        Err(failure) => {
            output::complain(&format!("error: {failure}"));
            ExitCode::from(2)
        }
    }
}
