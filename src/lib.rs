//! `unclosed` finds connection leaks: clients, pool checkouts, sessions and sockets that are not closed on every path.
//!
//! # Code map
//! Data flows one way, top to bottom; a test reads the `use` paths and enforces it.
//!
//! | module | holds |
//! |---|---|
//! | [`source`] | disk to texts: discovery, decoding, line index, credential masking |
//! | [`lang`] | parse and lower one file to the IR; the only code that sees syntax |
//! | [`ir`] | module, class, function, block, op, place; several modules linked to a program; a text printer |
//! | [`catalog`] | what libraries do, loaded from `rules/**/*.toml` |
//! | [`resolve`] | the import graph, symbols and types of places across files, class hierarchy, call targets |
//! | [`flow`] | the obligation solver: one acquisition, one function at a time |
//! | [`summary`] | functions bottom-up, classes, which of them are resources themselves |
//! | [`checks`] | one file per rule |
//! | [`verdict`] | growth, severity, confidence, which rule speaks |
//! | [`finding`] | findings, witnesses, fingerprints, the report |
//! | [`report`] | one file per renderer |
//! | [`analysis`] | the one function that wires all of this; which files are looked at, and which together |
//! | [`config`], [`cli`] | options as written to final settings; subcommands |
//!
//! # Invariants
//! * `lang` knows no rule and no library; no library name stands in Rust code at all.
//! * `checks` see no syntax; renderers compute nothing.
//! * `ir` to `finding` do no I/O, print nothing and never panic; each file, and each unit of files, sits behind a panic
//!   firewall that turns a bug into a diagnostic.
//! * Every stage is a pure function of its inputs: output is byte-identical for any thread count and file order.
//! * What a front end does not model becomes a counted `Unknown` op, which can only silence.

pub mod analysis;
pub mod catalog;
pub mod checks;
pub mod cli;
pub mod config;
pub mod finding;
pub mod flow;
pub mod ir;
pub mod lang;
pub mod report;
pub mod resolve;
pub mod source;
pub mod summary;
pub mod verdict;
