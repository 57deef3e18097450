//! A progress bar for long runs.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::IsTerminal;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// Shorter runs show nothing.
const PATIENCE: Duration = Duration::from_secs(1);

/// Counts files; draws on standard error once the run has taken a second, if that is a terminal.
pub(super) struct Progress {
    bar: ProgressBar,
    started: Instant,
    /// Nothing to draw any more: drawn already, or no terminal.
    settled: AtomicBool,
}

impl Progress {
    /// `started` is when the run began.
    pub(super) fn new(files: usize, started: Instant) -> Self {
        let bar = ProgressBar::with_draw_target(Some(files as u64), ProgressDrawTarget::hidden());
        if let Ok(style) = ProgressStyle::with_template("{bar:32} {pos}/{len} files {elapsed}") {
            bar.set_style(style);
        }
        Progress { bar, started, settled: AtomicBool::new(!std::io::stderr().is_terminal()) }
    }

    /// One more file is done. Called from any thread.
    pub(super) fn advance(&self) {
        self.bar.inc(1);
        let due = !self.settled.load(Ordering::Relaxed) && self.started.elapsed() > PATIENCE;
        if due && !self.settled.swap(true, Ordering::Relaxed) {
            self.bar.set_draw_target(ProgressDrawTarget::stderr());
        }
    }

    /// Takes the bar off the screen.
    pub(super) fn finish(&self) {
        self.bar.finish_and_clear();
    }
}
