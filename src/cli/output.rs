//! The two streams.

use super::Failure;
use crate::config::ColorChoice;
use crate::report::Style;
use std::io::{self, BufWriter, ErrorKind, IsTerminal, Write};

/// Columns when the report goes to no terminal.
const WIDTH: usize = 120;

/// Standard output, buffered. When the reader has gone away, the rest is dropped without an error.
pub(super) struct Stdout {
    inner: BufWriter<io::Stdout>,
    closed: bool,
}

impl Stdout {
    pub(super) fn new() -> Self {
        Stdout { inner: BufWriter::with_capacity(64 << 10, io::stdout()), closed: false }
    }

    fn unless_closed<T>(&mut self, result: io::Result<T>, dropped: T) -> io::Result<T> {
        match result {
            Err(error) if error.kind() == ErrorKind::BrokenPipe => {
                self.closed = true;
                Ok(dropped)
            }
            other => other,
        }
    }
}

impl Write for Stdout {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.closed {
            return Ok(bytes.len());
        }
        let result = self.inner.write(bytes);
        self.unless_closed(result, bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.closed {
            return Ok(());
        }
        let result = self.inner.flush();
        self.unless_closed(result, ())
    }
}

/// What went wrong while writing to standard output.
pub(super) fn stdout_failure(reason: io::Error) -> Failure {
    Failure::Write { path: "standard output".into(), reason }
}

/// A line on standard error; if that is closed too, nobody wants to know.
pub(super) fn complain(message: &str) {
    let _ = writeln!(io::stderr().lock(), "{message}");
}

/// How to draw. `to_stdout`: the report goes to standard output, not to a file.
pub(super) fn style(color: ColorChoice, to_stdout: bool) -> Style {
    let terminal = to_stdout && io::stdout().is_terminal();
    let set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    let color = match color {
        ColorChoice::Always => true,
        ColorChoice::Never => false,
        ColorChoice::Auto => terminal && !set("NO_COLOR") && std::env::var_os("TERM").is_none_or(|term| term != "dumb"),
    };
    let width = terminal.then(terminal_size::terminal_size).flatten().map(|(width, _)| usize::from(width.0));
    Style { color, width: width.unwrap_or(WIDTH) }
}
