//! doc page

use super::Rule;

pub const RULE: Rule =
    Rule { id: "overwritten-while-open", summary: "", source: include_str!("overwritten_while_open.rs") };
