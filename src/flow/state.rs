//! The state of one path.

use crate::ir::{After, BlockId, Const, Place, Proj, Root, Tier};
use smallvec::SmallVec;

/// Facts kept per path; the oldest is forgotten when there are more.
const MAX_FACTS: usize = 8;

/// Pending completions per path; a path that needs more is given up.
pub const MAX_PENDING: usize = 8;

#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Status {
    /// The acquisition was not reached yet.
    Before,
    /// Called, but not awaited or entered: nothing is open yet.
    Pending,
    Open,
    /// That many steps of a release protocol are done.
    Partial(u8),
}

/// What is known about a tested place.
#[derive(Clone, PartialEq, Debug)]
pub enum Known {
    Null,
    NotNull,
    True,
    False,
    Equal(Const),
}

impl Eq for Known {}

impl std::hash::Hash for Known {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        std::mem::discriminant(self).hash(state);
    }
}

/// What a cleanup or handler was entered with.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Completion {
    /// Go on with the remaining cleanups, then there.
    Jump {
        cleanups: SmallVec<[BlockId; 2]>,
        then: After,
    },
    Raise(Tier),
    Cancel,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct State {
    pub status: Status,
    /// Places that surely hold it. Sorted.
    pub must: SmallVec<[Place; 3]>,
    /// Places that may hold it or something that releases it: enough to discharge, not to report. Sorted.
    pub may: SmallVec<[Place; 1]>,
    /// Places whose release or exit releases it, whatever its own type says (`closing(conn)`). Sorted.
    pub guards: SmallVec<[Place; 1]>,
    /// Places that hold what it was made from, as long as releasing that releases it. Sorted.
    pub parents: SmallVec<[Place; 1]>,
    /// Places that hold a part of it (`client.db()`): using one uses it. Sorted.
    pub parts: SmallVec<[Place; 1]>,
    /// A release was called but not awaited; its result is here.
    pub releasing: Option<Place>,
    /// What this place promises cannot fail without releasing it.
    pub spared: Option<Place>,
    pub facts: SmallVec<[(Place, Known); 2]>,
    pub pending: SmallVec<[Completion; 2]>,
    /// Least believable exception since the acquisition.
    pub tier: Option<Tier>,
    pub shared: bool,
    pub held: Held,
    /// Which of the closures that outlive the function were made, by index in [`super::solve::Run::outliving`]. Sorted.
    pub closures: SmallVec<[u16; 2]>,
}

/// Whether an open resource may hold a connection.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Held {
    /// A lazy one that was not used yet.
    NotYet,
    Yes,
    /// It gave its connection back until it is used again.
    Resting,
}

impl State {
    pub fn new(status: Status) -> Self {
        State {
            status,
            must: SmallVec::new(),
            may: SmallVec::new(),
            guards: SmallVec::new(),
            parents: SmallVec::new(),
            parts: SmallVec::new(),
            releasing: None,
            spared: None,
            facts: SmallVec::new(),
            pending: SmallVec::new(),
            tier: None,
            shared: false,
            held: Held::Yes,
            closures: SmallVec::new(),
        }
    }

    pub fn live(&self) -> bool {
        self.status != Status::Before
    }

    pub fn is_must(&self, place: &Place) -> bool {
        self.must.binary_search(place).is_ok()
    }

    /// Holds it, surely or maybe.
    pub fn holds(&self, place: &Place) -> bool {
        self.is_must(place) || self.may.contains(place) || self.guards.contains(place)
    }

    /// The place is or contains a place that holds it.
    pub fn reaches(&self, place: &Place) -> bool {
        self.must.iter().chain(&self.may).chain(&self.guards).any(|held| held.starts_with(place))
    }

    /// What comes after the element in the aliases that are elements of `container` (`xs[0]`, `d["a"]`, `xs[*].conn`): "some element"
    /// may be any of them.
    pub fn elements<'s>(&'s self, container: &'s Place) -> impl Iterator<Item = &'s [Proj]> {
        let held = self.must.iter().chain(&self.may).chain(&self.guards);
        held.filter(|held| held.proj.len() > container.proj.len() && held.starts_with(container))
            .map(|held| &held.proj[container.proj.len() + 1..])
    }

    /// The alias of which `place` is a part (`conn.close` of `conn`), if any.
    pub fn owner_of(&self, place: &Place) -> Option<&Place> {
        self.must.iter().chain(&self.may).chain(&self.guards).find(|held| place.starts_with(held) && place != *held)
    }

    pub fn add_must(&mut self, place: Place) {
        insert(&mut self.must, place);
    }

    pub fn add_may(&mut self, place: Place) {
        insert(&mut self.may, place);
    }

    pub fn add_guard(&mut self, place: Place) {
        insert(&mut self.guards, place);
    }

    pub fn add_parent(&mut self, place: Place) {
        insert(&mut self.parents, place);
    }

    pub fn add_part(&mut self, place: Place) {
        insert(&mut self.parts, place);
    }

    /// The place is, or is a part of, a part of it.
    pub fn is_part(&self, place: &Place) -> bool {
        self.parts.iter().any(|part| place.starts_with(part))
    }

    /// `dst` is assigned: what it and its parts held is forgotten.
    pub fn kill(&mut self, dst: &Place) {
        self.must.retain(|place| !place.starts_with(dst));
        self.may.retain(|place| !place.starts_with(dst));
        self.guards.retain(|place| !place.starts_with(dst));
        self.parents.retain(|place| !place.starts_with(dst));
        self.parts.retain(|place| !place.starts_with(dst));
        self.facts.retain(|(place, _)| !place.starts_with(dst));
        if self.releasing.as_ref().is_some_and(|place| place.starts_with(dst)) {
            self.releasing = None;
        }
        if self.spared.as_ref().is_some_and(|place| place.starts_with(dst)) {
            self.spared = None;
        }
    }

    /// Like [`State::kill`], but "some element" may be another element than the one that was stored before.
    pub fn assign(&mut self, dst: &Place) {
        if !dst.proj.contains(&Proj::Elem) {
            self.kill(dst);
        }
    }

    /// `dst = src`: whatever `src` or a part of it held, `dst` holds too.
    pub fn copy(&mut self, dst: &Place, src: &Place, moved: bool) {
        let rebased = |places: &[Place]| -> SmallVec<[Place; 2]> {
            places.iter().filter_map(|place| place.rebase(src, dst)).filter(|place| !place.cut).collect()
        };
        let (must, may) = (rebased(&self.must), rebased(&self.may));
        let (guards, parents) = (rebased(&self.guards), rebased(&self.parents));
        let parts = rebased(&self.parts);
        let releasing = self.releasing.as_ref().and_then(|place| place.rebase(src, dst));
        let fact = self.fact(src).cloned();
        if moved {
            self.kill(src);
        }
        self.assign(dst);
        must.into_iter().for_each(|place| self.add_must(place));
        may.into_iter().for_each(|place| self.add_may(place));
        guards.into_iter().for_each(|place| self.add_guard(place));
        parents.into_iter().for_each(|place| self.add_parent(place));
        parts.into_iter().for_each(|place| self.add_part(place));
        if releasing.is_some() {
            self.releasing = releasing;
        }
        if let Some(fact) = fact {
            self.know(*dst, fact);
        }
    }

    pub fn fact(&self, place: &Place) -> Option<&Known> {
        self.facts.iter().find(|(known, _)| known == place).map(|(_, fact)| fact)
    }

    pub fn know(&mut self, place: Place, fact: Known) {
        self.facts.retain(|(known, _)| *known != place);
        if self.facts.len() == MAX_FACTS {
            self.facts.remove(0);
        }
        self.facts.push((place, fact));
    }

    /// A call may change what others can reach.
    pub fn forget_shared_facts(&mut self) {
        self.facts.retain(|(place, _)| {
            let own = place.proj.is_empty() && matches!(place.root, Root::Local(_) | Root::Param(_));
            // That a loop was at the element that holds it stays true.
            own || place.proj.last() == Some(&Proj::Elem)
        });
    }

    /// No loop is at the element that holds it any more.
    pub fn forget_elements(&mut self) {
        self.facts.retain(|(place, _)| place.proj.last() != Some(&Proj::Elem));
    }

    pub fn raise(&mut self, tier: Tier) {
        if self.live() {
            self.tier = Some(self.tier.map_or(tier, |known| known.max(tier)));
        }
    }
}

fn insert<A: smallvec::Array<Item = Place>>(set: &mut SmallVec<A>, place: Place) {
    if let Err(at) = set.binary_search(&place) {
        set.insert(at, place);
    }
}
