//! doc page

use super::Rule;

pub const RULE: Rule = Rule { id: "owner-never-closes", summary: "", source: include_str!("owner_never_closes.rs") };
