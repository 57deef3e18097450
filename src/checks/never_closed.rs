//! doc page

use super::Rule;

pub const RULE: Rule = Rule { id: "never-closed", summary: "", source: include_str!("never_closed.rs") };
