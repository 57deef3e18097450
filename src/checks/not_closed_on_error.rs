//! doc page

use super::Rule;

pub const RULE: Rule = Rule { id: "not-closed-on-error", summary: "", source: include_str!("not_closed_on_error.rs") };
