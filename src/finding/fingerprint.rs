//! Stable identities of findings, so that a finding known yesterday is recognised today.
//!
//! A fingerprint is a hash over: the version of this format, the rule id, the path of the file with the primary location, the
//! qualified name of the enclosing function, the canonical symbol of the acquisition, and the ordinal among all findings that
//! agree in these, in source order.
//!
//! It stays the same when lines move, when variables are renamed, when code is reformatted, when arguments, messages, severity,
//! confidence or the witness change, and when an import is spelt differently.
//! It changes when the file is moved or renamed, when the function or a class or function around it is renamed, when another rule
//! comes to speak for the acquisition, when something else is acquired (`from_url` instead of `Redis`), and, for the later ones of
//! several equal acquisitions in one function, when one before them is added or fixed.

use super::Finding;
use crate::ir::FileId;
use rustc_hash::FxHashMap;
use sha2::{Digest, Sha256};

/// Goes into every fingerprint; changes with what goes into them. Readers see it as the `v1` of `unclosed/v1`.
const FORMAT: &str = "unclosed/v1";

/// Fills in the fingerprints. `findings` must be everything that was found, held back or not, in any order: else the ordinals, and
/// with them the fingerprints, depend on the persona. `path_of` should give paths relative to the project's root, with forward
/// slashes: then the working directory does not matter.
pub fn assign(findings: &mut [Finding], path_of: impl Fn(FileId) -> String) {
    let mut order: Vec<usize> = (0..findings.len()).collect();
    order.sort_by_key(|&i| (findings[i].at, i));
    let mut paths: FxHashMap<FileId, String> = FxHashMap::default();
    let mut seen: FxHashMap<[u8; 32], u64> = FxHashMap::default();
    for i in order {
        let finding = &mut findings[i];
        let path = paths.entry(finding.at.file).or_insert_with(|| path_of(finding.at.file));
        let mut hasher = Sha256::new();
        for part in [FORMAT, finding.rule, path, &finding.function, &finding.symbol] {
            // The length keeps ("ab", "c") and ("a", "bc") apart.
            hasher.update((part.len() as u64).to_le_bytes());
            hasher.update(part.as_bytes());
        }
        let ordinal = seen.entry(hasher.clone().finalize().into()).or_default();
        hasher.update(ordinal.to_le_bytes());
        *ordinal += 1;
        finding.fingerprint = hasher.finalize()[..16].iter().map(|byte| format!("{byte:02x}")).collect();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::{Confidence, Growth, Persona, Severity};
    use crate::ir::Span;

    fn finding(rule: &'static str, file: u32, lo: u32, function: &str, symbol: &str) -> Finding {
        Finding {
            rule,
            severity: Severity::Error,
            confidence: Confidence::High,
            persona: Persona::Regular,
            growth: Growth::Call,
            at: Span::new(FileId(file), lo, lo + 5),
            subject: "client".into(),
            message: "client is never closed".into(),
            label: "created here".into(),
            witness: Vec::new(),
            related: Vec::new(),
            notes: Vec::new(),
            help: String::new(),
            symbol: symbol.into(),
            function: function.into(),
            fingerprint: String::new(),
            held_back: None,
        }
    }

    fn prints(mut findings: Vec<Finding>) -> Vec<String> {
        assign(&mut findings, |file| format!("src/{}.py", file.0));
        findings.into_iter().map(|f| f.fingerprint).collect()
    }

    /// Pins the format: a change here breaks every stored baseline, so it needs a new version in `FORMAT`.
    #[test]
    fn the_format_is_fixed() {
        assert_eq!(
            prints(vec![finding("never-closed", 0, 10, "C.f", "lib.connect")]),
            ["2ff25f38cd3e4b842eb2002e0eee343f"]
        );
    }

    #[test]
    fn survives_what_does_not_matter() {
        let one = prints(vec![finding("never-closed", 0, 10, "f", "lib.connect")]);
        let mut moved = finding("never-closed", 0, 900, "f", "lib.connect");
        moved.message = "client `db` is never closed".into();
        moved.severity = Severity::Warning;
        moved.confidence = Confidence::Low;
        assert_eq!(prints(vec![moved]), one);
    }

    #[test]
    fn every_part_counts() {
        let all = prints(vec![
            finding("never-closed", 0, 10, "f", "lib.connect"),
            finding("not-closed-on-error", 0, 10, "f", "lib.connect"),
            finding("never-closed", 1, 10, "f", "lib.connect"),
            finding("never-closed", 0, 10, "g", "lib.connect"),
            finding("never-closed", 0, 10, "f", "lib.open"),
            finding("never-closed", 0, 10, "fl", "ib.open"),
            finding("never-closed", 0, 20, "f", "lib.connect"),
        ]);
        let distinct: std::collections::BTreeSet<_> = all.iter().collect();
        assert_eq!(distinct.len(), all.len());
        assert!(all.iter().all(|p| p.len() == 32 && p.bytes().all(|b| b.is_ascii_hexdigit())));
    }

    #[test]
    fn ordinals_follow_the_source_not_the_list() {
        let a = finding("never-closed", 0, 10, "f", "lib.connect");
        let b = finding("never-closed", 0, 50, "f", "lib.connect");
        let forward = prints(vec![a.clone(), b.clone()]);
        let backward = prints(vec![b, a]);
        assert_eq!(forward, [backward[1].clone(), backward[0].clone()]);
        // A neighbour of another rule does not shift it.
        let c = finding("never-closed", 0, 50, "f", "lib.connect");
        let other = finding("close-not-awaited", 0, 10, "f", "lib.connect");
        assert_eq!(prints(vec![other, c])[1], forward[0]);
    }
}
