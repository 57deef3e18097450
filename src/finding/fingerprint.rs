//! Stable identities of findings.
