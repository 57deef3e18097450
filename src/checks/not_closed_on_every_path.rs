//! doc page

use super::Rule;

pub const RULE: Rule =
    Rule { id: "not-closed-on-every-path", summary: "", source: include_str!("not_closed_on_every_path.rs") };
