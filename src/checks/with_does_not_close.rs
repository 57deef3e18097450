//! doc page

use super::Rule;

pub const RULE: Rule = Rule { id: "with-does-not-close", summary: "", source: include_str!("with_does_not_close.rs") };
