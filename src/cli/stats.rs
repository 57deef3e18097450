//! The block that `--stats` prints.

use crate::finding::Stats;
use std::fmt::Write;
use std::time::Duration;

/// What the run saw and how long it took; lines without a final line end.
pub(super) fn block(stats: &Stats, elapsed: Duration) -> String {
    let unknown: usize = stats.unknown_ops.values().sum();
    let rows = [
        ("files", count(stats.files)),
        ("size", format!("{:.2} MB", stats.bytes as f64 / 1e6)),
        ("lowered files", count(stats.lowered_files)),
        ("functions", count(stats.functions)),
        ("ops", count(stats.ops)),
        ("calls", count(stats.calls)),
        ("unresolved calls", share(stats.unresolved_calls, stats.calls)),
        ("acquisitions", count(stats.acquisitions)),
        ("capped explorations", count(stats.capped)),
        ("unknown ops", share(unknown, stats.ops)),
    ];
    let mut out = String::from("statistics:");
    for (name, value) in rows {
        let _ = write!(out, "\n  {name:<21}{value}");
    }
    for (kind, number) in &stats.unknown_ops {
        let _ = write!(out, "\n    {kind:<19}{}", count(*number));
    }
    let _ = write!(out, "\n  {:<21}{:.2} s", "time", elapsed.as_secs_f64());
    out
}

/// With thousands separated: `12,345`.
fn count(number: usize) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

fn share(part: usize, whole: usize) -> String {
    match whole {
        0 => count(part),
        _ => format!("{} ({:.1} %)", count(part), part as f64 * 100.0 / whole as f64),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_block_is_readable() {
        let mut stats = Stats {
            files: 1234567,
            bytes: 70_500_000,
            calls: 2000,
            unresolved_calls: 30,
            ops: 9000,
            ..Stats::default()
        };
        stats.unknown_ops.insert("type alias".into(), 9);
        let block = block(&stats, Duration::from_millis(1230));
        for line in [
            "  files                1,234,567",
            "  size                 70.50 MB",
            "  unresolved calls     30 (1.5 %)",
            "  unknown ops          9 (0.1 %)",
            "    type alias         9",
            "  time                 1.23 s",
        ] {
            assert!(block.lines().any(|l| l == line), "{line:?} in\n{block}");
        }
    }

    #[test]
    fn numbers_of_any_length() {
        assert_eq!([0, 12, 999, 1000, 123456].map(count), ["0", "12", "999", "1,000", "123,456"]);
    }
}
