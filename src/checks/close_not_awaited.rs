//! doc page

use super::Rule;

pub const RULE: Rule = Rule { id: "close-not-awaited", summary: "", source: include_str!("close_not_awaited.rs") };
