//! Who owns what is stored in fields: which methods of a class release it.

use super::{Case, Summaries};
use crate::catalog::schema::LanguageFacts;
use crate::flow::{Callees, ExitKind, HandOver, Kind, Leak, Owner, Rel};
use crate::ir::{ClassId, FnKind, FuncId, Name, Op, Place, Root};
use crate::resolve::Resolved;
use std::rc::Rc;

/// A field that a method fills with something it opened.
pub struct OwnedField {
    pub class: ClassId,
    pub field: Name,
    pub kind: Kind,
    /// The store with the earliest position, as (function, index into its cases, index into the case's hand-overs).
    pub store: (FuncId, usize, usize),
    /// Methods that release the field on some path, in source order.
    pub released_in: Vec<FuncId>,
    /// One of `released_in` is a closer.
    pub released_by_closer: bool,
    /// The method in which a framework ends objects of the class, when methods release the field but neither that one nor any closer.
    pub not_at_end: Option<Name>,
    /// Closers of the class that release another owned field but not this one.
    pub skipped_by: Vec<FuncId>,
    /// Closers of the class that release nothing of it.
    pub idle_closers: Vec<FuncId>,
    /// Somebody else may release it: an ancestor that is not in this file or is a resource itself, or whatever an unknown decorator
    /// (`@singleton`, `@inject`) does with the objects.
    pub open: bool,
    /// A method fills the field again, after a constructor has, while what it held is still open.
    pub refilled: Option<Leak>,
    pub refilled_in: Option<FuncId>,
}

/// All owned fields of one class, by their first stores.
pub fn owned_fields(summaries: &Summaries<'_>, class: ClassId) -> Vec<OwnedField> {
    let resolved = summaries.resolved;
    let language = resolved.language();
    let all: Vec<(FuncId, Rc<Vec<Case>>)> =
        summaries.members(class).iter().map(|func| (*func, summaries.cases(*func))).collect();
    let mut out: Vec<OwnedField> = Vec::new();
    for (func, cases) in &all {
        for (c, case) in cases.iter().enumerate() {
            for (h, handed) in case.outcome.handed.iter().enumerate() {
                let Owner::Field(field) = &handed.owner else { continue };
                if out.iter().any(|known| known.field == *field) {
                    continue;
                }
                let methods = resolved.methods(class);
                let teardown = teardown_names(summaries, class);
                let is_closer = |name: &Name| {
                    language.closers.contains(name)
                        || language.implicit_closers.contains(name)
                        || teardown.contains(name)
                };
                let filling = fillers(&all, summaries, field);
                let mut released_in = Vec::new();
                let mut released_by_closer = false;
                let mut idle_closers = Vec::new();
                for (name, method) in &methods {
                    if releases(summaries, *method, field, case, handed) {
                        // Replacing the old one is no end, and a private helper that nobody calls ends nothing.
                        let own = resolved.program.func(*method);
                        let dead = own.private && !summaries.regions.used.contains(method);
                        if is_closer(name) || !(dead || filling.contains(method)) {
                            released_in.push(*method);
                        }
                        released_by_closer |= is_closer(name) || ends_with_closer(name, language);
                    } else if is_closer(name) {
                        idle_closers.push(*method);
                    }
                }
                released_in.sort();
                idle_closers.sort();
                let refilled = filling
                    .iter()
                    .copied()
                    .find_map(|filler| Some((filler, refill(summaries, filler, field, case.token.kind)?)));
                out.push(OwnedField {
                    class,
                    field: field.clone(),
                    kind: case.token.kind,
                    store: (*func, c, h),
                    not_at_end: teardown.first().filter(|_| !released_in.is_empty() && !released_by_closer).cloned(),
                    released_in,
                    released_by_closer,
                    skipped_by: Vec::new(),
                    idle_closers,
                    open: resolved.is_open(class)
                        || extends_resource(summaries, class)
                        || resolved.has_unknown_class_decorator(class),
                    refilled_in: refilled.as_ref().map(|(method, _)| *method),
                    refilled: refilled.map(|(_, leak)| leak),
                });
            }
        }
    }
    // A closer that releases one owned field is expected to release them all.
    for i in 0..out.len() {
        let real: Vec<FuncId> = out
            .iter()
            .filter(|other| other.field != out[i].field)
            .flat_map(|other| other.released_in.iter().copied())
            .collect();
        let skipped: Vec<FuncId> = out[i].idle_closers.iter().copied().filter(|func| real.contains(func)).collect();
        out[i].skipped_by = skipped;
    }
    out
}

/// The methods of the class that release a field which it has from an ancestor, or from itself.
pub fn released_in(summaries: &Summaries<'_>, class: ClassId, owned: &OwnedField) -> Vec<FuncId> {
    if owned.class == class {
        return owned.released_in.clone();
    }
    let (func, case, handed) = owned.store;
    let cases = summaries.cases(func);
    let Some(case) = cases.get(case) else { return Vec::new() };
    let Some(handed) = case.outcome.handed.get(handed) else { return Vec::new() };
    let methods = summaries.resolved.methods(class);
    let releasing = methods.into_iter().map(|(_, method)| method).filter(|method| {
        // Replacing the old one is no end.
        *method != func && releases(summaries, *method, &owned.field, case, handed)
    });
    releasing.collect()
}

/// The last word of the name is what closers are called: `onApplicationPrepareShutdown`, `force_close`.
fn ends_with_closer(name: &Name, language: &LanguageFacts) -> bool {
    let start = name.rfind(|c: char| c == '_' || c.is_uppercase()).unwrap_or(0);
    let last = name.get(start..).unwrap_or_default().trim_start_matches('_').to_lowercase();
    language.closers.iter().any(|closer| *closer == last)
}

/// The class whose object the function stores fields of: as a method, or as a closure in one that captures the receiver.
pub fn receiver_class(resolved: &Resolved<'_>, func: FuncId) -> Option<ClassId> {
    let function = resolved.program.func(func);
    if matches!(function.kind, FnKind::Method | FnKind::Constructor | FnKind::Accessor) {
        return function.class;
    }
    let captures = 0..resolved.captured_places(func).len();
    captures.into_iter().find_map(|i| resolved.receiver_class(func, &Root::Capture(i as u16)))
}

/// Methods other than constructors that fill the field, when a constructor fills it first.
fn fillers(all: &[(FuncId, Rc<Vec<Case>>)], summaries: &Summaries<'_>, field: &Name) -> Vec<FuncId> {
    let stores = |cases: &Rc<Vec<Case>>| {
        let owner = Owner::Field(field.clone());
        cases.iter().any(|case| case.outcome.handed.iter().any(|handed| handed.owner == owner))
    };
    let filling: Vec<FuncId> = all.iter().filter(|(_, cases)| stores(cases)).map(|(func, _)| *func).collect();
    let (first, later): (Vec<FuncId>, Vec<FuncId>) =
        filling.into_iter().partition(|func| summaries.resolved.program.func(*func).kind == FnKind::Constructor);
    if first.is_empty() { Vec::new() } else { later }
}

/// The path on which the method replaces what the field holds on entry.
fn refill(summaries: &Summaries<'_>, method: FuncId, field: &Name, kind: Kind) -> Option<Leak> {
    let place = Place::root(Root::This).field(field.clone());
    let outcome = summaries.formal(method, &place, kind);
    let resolved = summaries.resolved;
    outcome.leaks.into_iter().find(|leak| {
        if leak.kind == ExitKind::Normal {
            // Moved to a local, which then dies with it.
            return leak.tier.is_none() && !leak.kept;
        }
        let Some(at) = leak.lost_at.filter(|_| leak.kind == ExitKind::Lost && leak.tier.is_none()) else {
            return false;
        };
        matches!(&resolved.program.op(at).op, Op::Copy { src, .. }
            if resolved.type_of(method, src).iter().any(|ty| kind.is(ty)))
    })
}

fn releases(summaries: &Summaries<'_>, method: FuncId, field: &Name, case: &Case, handed: &HandOver) -> bool {
    let place = Place::root(Root::This).field(field.clone());
    let gone = |place: &Place, kind: Kind| {
        let effect = summaries.effect(method, place, kind);
        effect.release != Rel::Never
    };
    let inside = handed.inside.as_ref().filter(|inside| !inside.cut);
    if gone(&place, case.token.kind) || inside.is_some_and(|inside| gone(inside, case.token.kind)) {
        return true;
    }
    // Releasing what it was made from is enough.
    let parent = summaries.resource(case.token.kind).and_then(|resource| resource.parent);
    match (&handed.parent, parent) {
        (Some(place), Some(parent)) if place.root == Root::This => gone(place, Kind::Entry(parent.ty)),
        _ => false,
    }
}

/// The class is a resource by extending one: what it stores may be the base class's to release.
fn extends_resource(summaries: &Summaries<'_>, class: ClassId) -> bool {
    let catalog = summaries.resolved.catalog;
    summaries.resolved.catalogued_bases(class).iter().any(|base| catalog.resource(*base).is_some())
}

/// Names of methods that a framework's base class runs as teardown.
fn teardown_names(summaries: &Summaries<'_>, class: ClassId) -> Vec<Name> {
    let bases = summaries.resolved.catalogued_bases(class);
    bases.iter().flat_map(|base| summaries.resolved.catalog.ty(*base).teardown.clone()).collect()
}
