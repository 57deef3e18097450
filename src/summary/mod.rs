//! What functions and classes do, bottom-up: answers to [`Callees`] and the ownership of fields.
//!
//! Answers are made on demand by the solver itself and kept. While a function is being summarised, a recursive question about it gets the
//! neutral answer (it does nothing); questions are asked in source order on one thread per program, so answers do not depend on timing.
//!
//! A class that keeps a resource and has a method that releases it is a resource itself (`derived`): the same solver follows its objects. It is
//! asked about when one is made, so the duty climbs from class to class as far as it is believed.

pub mod again;
pub mod ambient;
pub mod calls;
pub mod class;
pub mod departure;
pub mod dependency;
pub mod deployed;
mod derived;
pub mod ends;
pub mod entries;
pub mod listeners;
pub mod once;
pub mod polling;
mod print;
pub mod retention;
pub mod settings;
pub mod shared;
pub mod starts;
pub mod stream;
pub mod threads;
mod variables;

use crate::catalog::Resource;
use crate::catalog::schema::Role;
use crate::finding::{Confidence, Step, StepRole};
use crate::flow::{
    Callees, Context, Derived, Effect, ExitKind, Fresh, HandOver, Kind, Leak, Outcome, Owner, Rel, Start, Token, solve,
    tokens,
};
use crate::ir::{ClassId, FuncId, Name, Place, Proj, Root, Tier};
use crate::resolve::{CallInfo, Regions, Resolved, Ty};
use class::OwnedField;
use rustc_hash::FxHashMap;
use std::cell::{Cell, OnceCell, RefCell};
use std::rc::Rc;
pub use variables::Demand;
use variables::Variables;

/// Functions a resource may be passed up through before its origin is too far away to be believed.
const MAX_HOPS: u8 = 3;

/// Questions nest as deep as calls do. Beyond this the neutral answer is given and not kept: real chains are far shorter, and each level
/// costs stack.
const MAX_DEPTH: u32 = 100;

/// An acquisition and what became of it.
pub struct Case {
    pub func: FuncId,
    pub token: Token,
    pub outcome: Outcome,
}

/// By class, place in its objects, and kind of resource: the attributes that give what is there.
type Readers = FxHashMap<(ClassId, Place, Kind), Rc<[Name]>>;

/// Summaries of one program.
pub struct Summaries<'a> {
    pub resolved: &'a Resolved<'a>,
    pub regions: &'a Regions,
    effects: RefCell<FxHashMap<(FuncId, Place, Kind), Option<Effect>>>,
    cases: RefCell<FxHashMap<FuncId, Option<Rc<Vec<Case>>>>>,
    readers: RefCell<Readers>,
    raises: RefCell<FxHashMap<FuncId, Option<Tier>>>,
    /// The functions that can store something in fields of objects of a class, in order.
    members: FxHashMap<ClassId, Vec<FuncId>>,
    owned: RefCell<FxHashMap<ClassId, Rc<Vec<OwnedField>>>>,
    /// By class: what was found out, and whether that is under way.
    derived: Vec<(OnceCell<Option<Derived>>, Cell<bool>)>,
    variables: OnceCell<Variables>,
    /// Questions under way, each from within the one before.
    depth: Cell<u32>,
}

impl<'a> Summaries<'a> {
    pub fn new(resolved: &'a Resolved<'a>, regions: &'a Regions) -> Self {
        let mut members: FxHashMap<ClassId, Vec<FuncId>> = FxHashMap::default();
        for func in resolved.program.func_ids() {
            if let Some(class) = class::receiver_class(resolved, func) {
                members.entry(class).or_default().push(func);
            }
        }
        Summaries {
            resolved,
            regions,
            effects: RefCell::default(),
            cases: RefCell::default(),
            readers: RefCell::default(),
            raises: RefCell::default(),
            members,
            owned: RefCell::default(),
            derived: resolved.program.classes.iter().map(|_| Default::default()).collect(),
            variables: OnceCell::new(),
            depth: Cell::new(0),
        }
    }

    /// One question deeper, until the guard is dropped; `None` when that would be too deep.
    fn descend(&self) -> Option<Level<'_>> {
        let depth = self.depth.get();
        (depth < MAX_DEPTH).then(|| {
            self.depth.set(depth + 1);
            Level(&self.depth)
        })
    }

    /// What is known of resources of this kind.
    pub fn resource(&self, kind: Kind) -> Option<&Resource> {
        match kind {
            Kind::Entry(id) => self.resolved.catalog.resource(id),
            Kind::Derived(class) => self.derived(class).map(|derived| &derived.resource),
        }
    }

    /// What is known of objects of the class, when making one obliges to something.
    pub fn derived_resource(&self, class: ClassId) -> Option<&Resource> {
        self.derived(class).map(|derived| &derived.resource)
    }

    /// What is called has the role, or something that it calls, over at most so many functions of the program.
    fn reaches(&self, info: &CallInfo<'_>, role: Role, functions: u32) -> bool {
        let deeper = functions.checked_sub(1);
        info.has_role(role)
            || deeper.is_some_and(|deeper| {
                let mut calls = info.functions().flat_map(|called| self.resolved.calls_of(called));
                calls.any(|(_, info)| self.reaches(info, role, deeper))
            })
    }

    /// What resources of this kind are called in a report.
    fn symbol(&self, kind: Kind) -> Name {
        match kind {
            Kind::Entry(id) => self.resolved.catalog.ty(id).id,
            Kind::Derived(class) => self.resolved.program.class(class).name,
        }
    }

    /// The functions that can store something in fields of objects of the class, in order: its methods and the closures in them.
    pub fn members(&self, class: ClassId) -> &[FuncId] {
        self.members.get(&class).map_or(&[], Vec::as_slice)
    }

    /// Some function of the class, or of one that it extends, is being solved.
    fn is_under_way(&self, class: ClassId) -> bool {
        let cases = self.cases.borrow();
        let ancestry = self.resolved.ancestry(class);
        let mut members = ancestry.iter().flat_map(|class| self.members(*class));
        members.any(|func| cases.get(func).is_some_and(Option::is_none))
    }

    /// The fields that objects of the class own.
    pub fn owned(&self, class: ClassId) -> Rc<Vec<OwnedField>> {
        if let Some(known) = self.owned.borrow().get(&class) {
            return known.clone();
        }
        let owned = Rc::new(class::owned_fields(self, class));
        self.owned.borrow_mut().insert(class, owned.clone());
        owned
    }

    /// The variable, as written, that the case leaves the resource in for good: one outside of the function that no code reads.
    pub fn forgotten_in(&self, case: &Case) -> Option<String> {
        let variables = || self.variables.get_or_init(|| Variables::new(self.resolved));
        let forgotten = |handed: &HandOver| {
            let kept = matches!(handed.owner, Owner::Process | Owner::Other);
            handed.to.filter(|to| kept && variables().is_forgotten(self.resolved, case.func, to))
        };
        let first = forgotten(case.outcome.handed.first()?)?;
        let settled = !case.outcome.released.is_empty() || !case.outcome.deferred.is_empty();
        let all = case.outcome.handed.iter().all(|handed| forgotten(handed).is_some());
        if settled || !all { None } else { self.resolved.program.func(case.func).place_name(&first) }
    }

    /// The variable of a component, as written, that the case leaves the resource in, when it is released on demand only.
    pub fn left_to_handlers(&self, case: &Case) -> Option<(String, Demand)> {
        let [handed] = case.outcome.handed.as_slice() else { return None };
        let to = handed.to.filter(|_| matches!(handed.owner, Owner::Process | Owner::Other))?;
        let settled = !case.outcome.released.is_empty() || !case.outcome.deferred.is_empty();
        let variables = self.variables.get_or_init(|| Variables::new(self.resolved));
        let demand = variables.is_left_to_handlers(self, case, &to).filter(|_| !settled)?;
        Some((self.resolved.program.func(case.func).place_name(&to)?, demand))
    }

    fn context(&self, func: FuncId) -> Context<'_> {
        Context { resolved: self.resolved, regions: self.regions, callees: self, func }
    }

    /// Every acquisition of the function with its outcome; empty while the function is being solved.
    pub fn cases(&self, func: FuncId) -> Rc<Vec<Case>> {
        if let Some(known) = self.cases.borrow().get(&func) {
            return known.clone().unwrap_or_default();
        }
        let Some(_level) = self.descend() else { return Rc::default() };
        self.cases.borrow_mut().insert(func, None);
        let ctx = self.context(func);
        let cases: Vec<Case> = tokens(ctx)
            .into_iter()
            .map(|token| {
                let outcome = solve(ctx, &token);
                Case { func, token, outcome }
            })
            .collect();
        let cases = Rc::new(cases);
        self.cases.borrow_mut().insert(func, Some(cases.clone()));
        cases
    }

    /// Some function of the module of `func` releases a module-level variable that holds a resource of this type.
    pub fn is_global_released(&self, func: FuncId, kind: Kind) -> bool {
        let module = self.resolved.program.module_of(func);
        let globals = self.resolved.globals_of(module, |ty: &Ty| kind.is(ty));
        self.resolved
            .program
            .functions_of(module)
            .any(|func| globals.iter().any(|global| self.effect(func, global, kind).release != Rel::Never))
    }

    /// Parts of the result that are functions which release what the case is about: they capture a variable that holds it.
    fn closers(&self, func: FuncId, case: &Case) -> Vec<Vec<Proj>> {
        let releases = |closure: FuncId| {
            let captured = self.resolved.captured_places(closure).iter().enumerate();
            captured
                .filter(|(_, place)| self.resolved.type_of(func, place).iter().any(|ty| case.token.kind.is(ty)))
                .any(|(i, _)| {
                    let inner = Place::root(Root::Capture(i as u16));
                    self.effect(closure, &inner, case.token.kind).release != Rel::Never
                })
        };
        let mut out = case.outcome.closers.clone();
        for (proj, closure) in self.resolved.result_functions(func) {
            if self.resolved.program.func(closure).parent == Some(func) && !out.contains(&proj) && releases(closure) {
                out.push(proj);
            }
        }
        out
    }

    /// It is in a field of an object that the class's own function returns, and no method of the class releases it: nothing that callers
    /// could do.
    fn is_class_at_fault(&self, func: FuncId, proj: &[Proj], kind: Kind) -> bool {
        let ([Proj::Field(_), ..], Some(class)) = (proj, self.resolved.program.func(func).class) else { return false };
        let place = proj.iter().fold(Place::root(Root::This), |place, proj| place.project(*proj));
        let released = |(_, method): &(Name, FuncId)| self.effect(*method, &place, kind).release != Rel::Never;
        self.makes(func, class) && !self.resolved.methods(class).iter().any(released)
    }

    /// The function returns an object of the class, which does not only describe data.
    fn makes(&self, func: FuncId, class: ClassId) -> bool {
        self.resolved.result_type(func).contains(&Ty::Object(class)) && !self.resolved.methods(class).is_empty()
    }

    /// Runs the solver with `place` holding a resource of type `kind` on entry.
    fn formal(&self, func: FuncId, place: &Place, kind: Kind) -> Outcome {
        let token = Token {
            kind,
            start: Start::Place(*place),
            symbol: self.symbol(kind),
            span: self.resolved.program.func(func).name_span,
            confidence: Confidence::High,
            hops: 0,
            because: Vec::new(),
        };
        solve(self.context(func), &token)
    }
}

/// The one field in which everything that is kept is kept.
fn kept_in_field(outcome: &Outcome) -> Option<Name> {
    let mut kept = outcome.handed.iter().filter(|handed| !matches!(handed.owner, Owner::Caller(_)));
    let field = |handed: &HandOver| match &handed.owner {
        Owner::Field(name) if handed.inside.is_none() => Some(*name),
        _ => None,
    };
    let first = field(kept.next()?)?;
    kept.all(|handed| field(handed).as_ref() == Some(&first)).then_some(first)
}

/// A question under way.
struct Level<'s>(&'s Cell<u32>);

impl Drop for Level<'_> {
    fn drop(&mut self) {
        self.0.set(self.0.get() - 1);
    }
}

impl Callees for Summaries<'_> {
    fn readers(&self, class: ClassId, place: &Place, kind: Kind) -> Rc<[Name]> {
        let key = (class, *place, kind);
        if let Some(known) = self.readers.borrow().get(&key) {
            return known.clone();
        }
        self.readers.borrow_mut().insert(key, Rc::default());
        let gives = self.resolved.accessors(class).filter(|func| self.effect(*func, place, kind).returned);
        let readers: Rc<[Name]> = gives.map(|func| self.resolved.program.func(func).name).collect();
        self.readers.borrow_mut().insert(key, readers.clone());
        readers
    }

    fn derived(&self, class: ClassId) -> Option<&Derived> {
        let (known, busy) = self.derived.get(class.index())?;
        if let Some(known) = known.get() {
            return known.as_ref();
        }
        // What a method does that is being looked at is not known yet: the neutral answer, which is not kept.
        if self.is_under_way(class) || busy.replace(true) {
            return None;
        }
        let found = self.descend().and_then(|_level| derived::derive(self, class));
        busy.set(false);
        known.get_or_init(|| found).as_ref()
    }

    fn effect(&self, func: FuncId, place: &Place, kind: Kind) -> Effect {
        let key = (func, *place, kind);
        if let Some(known) = self.effects.borrow().get(&key) {
            return known.clone().unwrap_or_default();
        }
        let Some(_level) = self.descend() else { return Effect::default() };
        self.effects.borrow_mut().insert(key, None);
        let outcome = self.formal(func, place, kind);
        let mut effect = Effect::default();
        if !outcome.released.is_empty() || !outcome.deferred.is_empty() {
            let normal = outcome.leaks.iter().any(|leak| matches!(leak.kind, ExitKind::Normal | ExitKind::Lost));
            effect.release = match (normal, outcome.leaks.is_empty()) {
                (true, _) => Rel::Maybe,
                (false, false) => Rel::OnNormal,
                (false, true) => Rel::Always,
            };
        }
        let caught = outcome.leaks.iter().filter(|leak| leak.kind == ExitKind::Normal);
        effect.caught = caught.filter_map(|leak| leak.tier).min();
        let raised = outcome.leaks.iter().filter(|leak| leak.kind == ExitKind::Raise);
        let open = |leak: &Leak| leak.kind == ExitKind::Normal && leak.tier.is_none() && !leak.shared;
        effect.leaves_open = outcome.leaks.iter().any(open);
        effect.fails = raised.filter_map(|leak| leak.tier).min();
        effect.on_error_only = effect.release == Rel::Maybe
            && effect.leaves_open
            && !outcome.released_normally
            && outcome.deferred.is_empty();
        effect.awaited = outcome.release_returned;
        effect.keeps = outcome.handed.iter().any(|handed| !matches!(handed.owner, Owner::Caller(_)));
        effect.field = kept_in_field(&outcome);
        effect.returned = outcome.handed.iter().any(|handed| matches!(handed.owner, Owner::Caller(_)));
        self.effects.borrow_mut().insert(key, Some(effect.clone()));
        effect
    }

    fn fresh(&self, func: FuncId) -> Rc<[Fresh]> {
        let cases = self.cases(func);
        let mut out: Vec<Fresh> = Vec::new();
        for case in cases.iter() {
            let first = out.len();
            for HandOver { owner, at, pending, connected, .. } in &case.outcome.handed {
                let Owner::Caller(proj) = owner else { continue };
                if case.outcome.closers.contains(proj) {
                    continue;
                }
                if self.is_class_at_fault(func, proj, case.token.kind) {
                    continue;
                }
                if let Some(known) = out.get_mut(first) {
                    known.also.push(proj.clone());
                    continue;
                }
                if case.token.hops >= MAX_HOPS || out.iter().any(|known| known.proj == *proj) {
                    continue;
                }
                let mut because = case.token.because.clone();
                let noun = self.resource(case.token.kind).map_or("resource", |r| r.noun.as_str());
                if because.is_empty() {
                    let text = format!("{noun} created here");
                    because.push(Step { span: case.token.span, role: StepRole::Acquire, text });
                }
                because.push(Step { span: *at, role: StepRole::HandOver, text: "returned to the caller".to_owned() });
                out.push(Fresh {
                    kind: case.token.kind,
                    proj: proj.clone(),
                    also: Vec::new(),
                    closers: self.closers(func, case),
                    symbol: case.token.symbol,
                    confidence: case.token.confidence,
                    hops: case.token.hops,
                    pending: *pending,
                    connected: *connected,
                    because,
                });
            }
        }
        out.into()
    }

    fn raises(&self, func: FuncId) -> Option<Tier> {
        if let Some(known) = self.raises.borrow().get(&func) {
            return *known;
        }
        let Some(_level) = self.descend() else { return Some(Tier::Any) };
        self.raises.borrow_mut().insert(func, Some(Tier::Any));
        let tier = self.context(func).own_tier();
        self.raises.borrow_mut().insert(func, tier);
        tier
    }
}
