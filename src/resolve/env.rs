//! What is known about the places of one function.

use super::{TySet, extend};
use crate::ir::{LocalId, Place, Root};
use rustc_hash::FxHashMap;

/// Types by place. Most places are local variables as a whole: these have a slot each, and looking one up costs no hashing.
#[derive(Clone, Default)]
pub struct Env {
    locals: Vec<TySet>,
    others: FxHashMap<Place, TySet>,
}

impl Env {
    pub fn get(&self, place: &Place) -> Option<&TySet> {
        match place.root {
            Root::Local(LocalId(id)) if place.is_root() => {
                self.locals.get(id as usize).filter(|types| !types.is_empty())
            }
            _ => self.others.get(place),
        }
    }

    /// Returns whether that is new.
    pub fn learn(&mut self, place: &Place, types: &TySet) -> bool {
        match place.root {
            Root::Local(LocalId(id)) if place.is_root() => {
                let id = id as usize;
                if self.locals.len() <= id {
                    self.locals.resize(id + 1, TySet::new());
                }
                extend(&mut self.locals[id], types)
            }
            _ => extend(self.others.entry(*place).or_default(), types),
        }
    }

    /// Something is known of a part of a local variable or of anything else.
    pub fn has_parts(&self) -> bool {
        !self.others.is_empty()
    }

    /// In no order.
    pub fn iter(&self) -> impl Iterator<Item = (Place, &TySet)> {
        let locals = (0..).map(|id| Place::local(LocalId(id))).zip(&self.locals);
        locals.filter(|(_, types)| !types.is_empty()).chain(self.others.iter().map(|(place, types)| (*place, types)))
    }
}
