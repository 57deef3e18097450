//! The obligation solver: follows **one acquisition through one function** on every path and says how each path ends.
//!
//! It walks forward over (block, state) pairs. A [`state::State`] holds the places that hold the resource, whether it is open, a few
//! facts about tested variables, and the stack of pending completions, so paths through a `finally` never merge. A path ends as
//! soon as the resource is released, handed over, or scheduled for release; what is left at an exit of the function is a leak.
//!
//! Exploration starts at the *entry* of the function, before the acquisition, so that what was tested on the way there
//! (`own = conn is None`) is known afterwards. What a callee does comes in through [`Callees`]: its answers are made by the same
//! solver, run with a parameter as the token ([`Start::Place`]).

mod calls;
mod closures;
mod effects;
mod exits;
mod project;
mod raises;
mod scheduled;
mod solve;
mod state;
mod token;
mod witness;

pub use solve::solve;
pub use token::tokens;

use crate::catalog::schema::Role;
use crate::catalog::{Resource, TypeId};
use crate::finding::{Confidence, Step};
use crate::ir::{ClassId, FuncId, Name, Op, OpRef, Place, Proj, Span, Tier};
use crate::resolve::{Regions, Resolved, Ty};
use std::rc::Rc;

/// What must be released.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// A resource of the catalogue.
    Entry(TypeId),
    /// An object of a class of the program that keeps resources open and has a method that releases them.
    Derived(ClassId),
}

impl Kind {
    pub fn entry(self) -> Option<TypeId> {
        match self {
            Kind::Entry(id) => Some(id),
            Kind::Derived(_) => None,
        }
    }

    /// What is known to hold `ty` may hold one.
    pub fn is(self, ty: &Ty) -> bool {
        match (self, ty) {
            (Kind::Entry(id), Ty::Inst(other)) => id == *other,
            (Kind::Derived(class), Ty::Object(other)) => class == *other,
            _ => false,
        }
    }
}

/// What the program says about a class whose objects must be released.
#[derive(Clone, Debug)]
pub struct Derived {
    /// As if it were catalogued.
    pub resource: Resource,
    /// How many classes lie between it and what is catalogued, itself included.
    pub hops: u8,
    pub confidence: Confidence,
    /// The constructor may get what it keeps instead of making it.
    pub optional: bool,
    /// Where and what it keeps.
    pub because: Vec<Step>,
}

/// What the solver may ask about a function it is about to step over.
pub trait Callees {
    /// What the function does with the resource of type `kind` that the place (a parameter, the receiver, a capture, or a part of one)
    /// holds when it is called.
    fn effect(&self, func: FuncId, place: &Place, kind: Kind) -> Effect;

    /// Obligations that callers take over with the result.
    fn fresh(&self, func: FuncId) -> Rc<[Fresh]>;

    /// The methods, read as attributes, of objects of the class that give what this place in the receiver holds.
    fn readers(&self, class: ClassId, place: &Place, kind: Kind) -> Rc<[Name]>;

    /// What making an object of the class obliges to.
    fn derived(&self, class: ClassId) -> Option<&Derived>;

    /// The most believable exception the call itself (not awaiting its result) can raise.
    fn raises(&self, func: FuncId) -> Option<Tier>;
}

/// What a callee does to something it is given.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Effect {
    pub release: Rel,
    /// The most believable exception with which it leaves without having released it.
    pub fails: Option<Tier>,
    /// The most believable exception that it handles and then leaves without having released it.
    pub caught: Option<Tier>,
    /// It can leave without an exception while it is open and nobody else has it.
    pub leaves_open: bool,
    /// It releases only after an exception: when it comes back without one, it has not.
    pub on_error_only: bool,
    /// It releases when its result is awaited.
    pub awaited: bool,
    /// It keeps it beyond the call.
    pub keeps: bool,
    /// It keeps it in this field of its receiver, and nowhere else.
    pub field: Option<Name>,
    /// Its result is what it was given.
    pub returned: bool,
}

/// On how many paths a callee releases.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rel {
    #[default]
    Never,
    Maybe,
    OnNormal,
    Always,
}

/// A resource that a function returns open.
#[derive(Clone, Debug, PartialEq)]
pub struct Fresh {
    pub kind: Kind,
    /// Which part of the result it is.
    pub proj: Vec<Proj>,
    /// Further parts that are it, too.
    pub also: Vec<Vec<Proj>>,
    /// Parts of the result that are functions which release it.
    pub closers: Vec<Vec<Proj>>,
    /// Canonical symbol that acquires it in the end.
    pub symbol: Name,
    pub confidence: Confidence,
    /// How many functions it was passed up through.
    pub hops: u8,
    /// The result must be awaited or entered first.
    pub pending: bool,
    /// It holds a connection already, though it is one that connects at first use.
    pub connected: bool,
    pub because: Vec<Step>,
}

/// Where a run starts.
#[derive(Clone, Debug, PartialEq)]
pub enum Start {
    /// An op of the function acquires; the resource is in `dst` followed by `proj`, and by each of `also`. Followed by one of `closers`
    /// it is a function that releases the resource.
    Acquire {
        at: OpRef,
        proj: Vec<Proj>,
        also: Vec<Vec<Proj>>,
        closers: Vec<Vec<Proj>>,
        pending: bool,
        connected: bool,
        parents: Vec<Place>,
    },
    /// The place holds it on entry.
    Place(Place),
    /// The function is a callback that gets it as a parameter; the parameter `error` is null then, and the parameter `release` releases
    /// it when called. Positions in [`crate::ir::Function::params`].
    Given { call: OpRef, param: u16, error: Option<u16>, release: Option<u16> },
}

/// One acquisition to follow.
#[derive(Clone, Debug, PartialEq)]
pub struct Token {
    pub kind: Kind,
    pub start: Start,
    /// Canonical symbol: `redis.asyncio.from_url`.
    pub symbol: Name,
    pub span: Span,
    pub confidence: Confidence,
    pub hops: u8,
    /// Steps before the acquisition in this function: where a factory really opens it.
    pub because: Vec<Step>,
}

/// How a path left the function with the resource open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ExitKind {
    Normal,
    Raise,
    /// The task is cancelled or the generator closed.
    Cancel,
    /// The last name for it was assigned again or deleted at this op.
    Lost,
}

/// A path on which it stays open.
#[derive(Clone, Debug)]
pub struct Leak {
    pub kind: ExitKind,
    /// The least believable exception on the path since the acquisition; `None`: none at all.
    pub tier: Option<Tier>,
    /// It was passed to something unknown on the way, which may have taken it over.
    pub shared: bool,
    /// Where the path ends.
    pub at: Span,
    /// For a run that starts with a place: it still holds it at the end.
    pub kept: bool,
    /// For `Lost`: the op.
    pub lost_at: Option<OpRef>,
    pub steps: Vec<Step>,
}

/// Who owns it after a hand-over.
#[derive(Clone, Debug, PartialEq)]
pub enum Owner {
    /// The caller, as this part of the result.
    Caller(Vec<Proj>),
    /// A field of the receiver.
    Field(Name),
    /// A global, a class attribute: as long as the process.
    Process,
    Other,
}

#[derive(Clone, Debug)]
pub struct HandOver {
    pub owner: Owner,
    pub at: Span,
    /// The parent (pool, client) sits in this place; releasing it there would do.
    pub parent: Option<Place>,
    /// For a field: where in the receiver it is, when that is inside of what the field holds (`this.state.pool`, `this.clients[*]`).
    pub inside: Option<Place>,
    /// For a store: the variable outside of the function, or the part of one, that it is stored to.
    pub to: Option<Place>,
    /// Not yet awaited when it was handed over.
    pub pending: bool,
    /// It held a connection then, as far as that can be seen.
    pub connected: bool,
    pub steps: Vec<Step>,
}

/// All that one run found.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    /// One per (kind, tier, shared), the shortest path of each, in discovery order.
    pub leaks: Vec<Leak>,
    pub handed: Vec<HandOver>,
    /// The first store of it into each field of the receiver.
    pub stores: Vec<(Name, Span)>,
    /// Where it is released, by position.
    pub released: Vec<Span>,
    /// Some path releases it without an exception before.
    pub released_normally: bool,
    /// The deepest loop nesting of a release.
    pub released_depth: u16,
    /// Where its release is scheduled.
    pub deferred: Vec<Span>,
    /// The caller gets a release that is still to be awaited.
    pub release_returned: bool,
    /// Releases whose result nobody awaits, and which do nothing for that reason.
    pub unawaited: Vec<Span>,
    /// Releases that run although nobody awaits them.
    pub unobserved: Vec<Span>,
    /// Callbacks that release it on some of their paths only.
    pub partly: Vec<FuncId>,
    /// Parts of the result that release it when called, as far as the function got them from others.
    pub closers: Vec<Vec<Proj>>,
    /// `with` blocks over it that do not release it.
    pub idle_with: Vec<Span>,
    /// Calls on it that look like a release and are none, with the reason.
    pub not_releases: Vec<(Span, String)>,
    /// Yields, and calls that send something to a client, that are passed while it is open; sorted.
    pub held: Vec<OpRef>,
    /// Too many states; the answer is a guess.
    pub capped: bool,
}

impl Outcome {
    /// Some path does the right thing with it.
    pub fn settled(&self) -> bool {
        !self.released.is_empty() || !self.deferred.is_empty() || !self.handed.is_empty()
    }
}

/// What the solver reads about one function.
#[derive(Clone, Copy)]
pub struct Context<'a> {
    pub resolved: &'a Resolved<'a>,
    pub regions: &'a Regions,
    pub callees: &'a dyn Callees,
    pub func: FuncId,
}

impl Context<'_> {
    /// Something goes to a client here.
    fn serves(&self, at: OpRef, op: &Op) -> bool {
        match op {
            Op::Yield { .. } => true,
            Op::Call { .. } => self.resolved.call(at).is_some_and(|info| info.has_role(Role::Sends)),
            _ => false,
        }
    }
}

impl<'a> Context<'a> {
    /// What is known of resources of this kind.
    pub fn resource(self, kind: Kind) -> Option<&'a Resource> {
        match kind {
            Kind::Entry(id) => self.resolved.catalog.resource(id),
            Kind::Derived(class) => self.callees.derived(class).map(|derived| &derived.resource),
        }
    }
}
