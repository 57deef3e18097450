//! Random programs, and what they mean by two ways of reading them that share nothing with the solver.

pub mod graph;
pub mod meaning;
pub mod program;

use std::collections::BTreeSet;
use std::fmt;
use unclosed::flow::ExitKind;
use unclosed::ir::Tier;

/// How believable the exceptions on a path are since the resource was opened.
pub type Believed = Option<Tier>;

/// What all paths of a program do with its one resource.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Ends {
    /// The ways to leave, or to lose the last name, with it open.
    pub open: BTreeSet<(ExitKind, Believed)>,
    /// Some path closes it.
    pub closed: bool,
}

impl Ends {
    /// The least believable exceptions: one more for each path.
    pub fn raised(known: Believed, tier: Tier) -> Believed {
        Some(known.map_or(tier, |known| known.max(tier)))
    }
}

impl fmt::Display for Ends {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (kind, tier) in &self.open {
            match tier {
                Some(tier) => write!(f, "open at {kind:?} after {tier:?}; ")?,
                None => write!(f, "open at {kind:?}; ")?,
            }
        }
        write!(f, "{}", if self.closed { "closed somewhere" } else { "never closed" })
    }
}
