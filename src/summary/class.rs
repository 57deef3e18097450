//! Who owns what is stored in fields: which methods of a class release it.

use super::{Case, Summaries};
use crate::catalog::schema::{LanguageFacts, Role};
use crate::flow::{Callees, ExitKind, HandOver, Kind, Leak, Owner, Rel};
use crate::ir::{ClassId, FnKind, FuncId, Instr, Name, Op, Place, Proj, Root};
use crate::resolve::Resolved;
use std::rc::Rc;

/// A field that a method fills with something it opened.
pub struct OwnedField {
    pub class: ClassId,
    pub field: Name,
    /// The constant key under which the field's object or container holds it.
    pub key: Option<Name>,
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
    /// What runs when a scope over an object of the class ends, when it does nothing at all though another closer releases the field.
    pub idle_exit: Option<FuncId>,
    /// A subclass replaces the closer by one that does not release the field: the subclass, its closer.
    pub forgotten_by: Option<(ClassId, FuncId)>,
    /// Somebody else may release it: an ancestor that is not in the program or is a resource itself, or whatever an unknown decorator
    /// (`@singleton`, `@inject`) does with the objects.
    pub open: bool,
    /// A method fills the field again, after a constructor has, while what it held is still open.
    pub refilled: Option<Leak>,
    pub refilled_in: Option<FuncId>,
}

/// All owned fields of one class, by their first stores.
pub fn owned_fields(summaries: &Summaries<'_>, class: ClassId) -> Vec<OwnedField> {
    let resolved = summaries.resolved;
    let all: Vec<(FuncId, Rc<Vec<Case>>)> =
        summaries.members(class).iter().map(|func| (*func, summaries.cases(*func))).collect();
    let mut out: Vec<OwnedField> = Vec::new();
    for (func, cases) in &all {
        let starts = resolved.program.func(*func).kind == FnKind::Constructor;
        for (c, case) in cases.iter().enumerate() {
            // A method that opens it and closes it again lends it to the field.
            if case.outcome.released_normally && !starts {
                continue;
            }
            let owners = case.outcome.handed.iter().enumerate();
            let owners = owners.filter_map(|(h, handed)| Some((h, handed, owner_of(summaries, class, *func, handed)?)));
            let first = out.len();
            for (h, handed, (field, key)) in owners {
                let known = |owned: &OwnedField| owned.field == field && owned.key == key;
                if out.iter().any(known) {
                    continue;
                }
                // What has several names needs to be released under one of them only.
                let other = (out.len() > first).then_some(first);
                if other.is_some_and(|i| !out[i].released_in.is_empty()) {
                    continue;
                }
                let closers = closers(summaries, &all, class, &field, case, handed);
                // Under another key of the same container, and treated the same: one defect.
                let twin = |owned: &OwnedField| owned.field == field && owned.released_in == closers.released_in;
                if out.iter().any(twin) {
                    continue;
                }
                if let Some(i) = other {
                    if closers.released_in.is_empty() {
                        continue;
                    }
                    out.remove(i);
                }
                let filling = fillers(&all, summaries, &field);
                let refilled = filling
                    .iter()
                    .copied()
                    .find_map(|filler| Some((filler, refill(summaries, filler, &field, case.token.kind)?)));
                let ends = !closers.released_in.is_empty();
                out.push(OwnedField {
                    class,
                    key,
                    kind: case.token.kind,
                    store: (*func, c, h),
                    not_at_end: teardown_names(summaries, class)
                        .first()
                        .filter(|_| ends && !closers.released_by_closer)
                        .cloned(),
                    idle_exit: closers.idle.iter().copied().find(|exit| ends && is_idle_exit(summaries, *exit)),
                    forgotten_by: forgotten(summaries, class, &field, case, handed, &closers.released_in),
                    released_in: closers.released_in,
                    released_by_closer: closers.released_by_closer,
                    skipped_by: Vec::new(),
                    idle_closers: closers.idle,
                    open: resolved.is_open(class)
                        || may_belong_to_base(summaries, class, case.token.kind)
                        || resolved.has_unknown_class_decorator(class),
                    refilled_in: refilled.as_ref().map(|(method, _)| *method),
                    refilled: refilled.map(|(_, leak)| leak),
                    field,
                });
            }
        }
    }
    // A closer that releases one owned field is expected to release them all.
    for i in 0..out.len() {
        let real: Vec<FuncId> = out
            .iter()
            .filter(|other| (&other.field, &other.key) != (&out[i].field, &out[i].key))
            .flat_map(|other| other.released_in.iter().copied())
            .collect();
        let skipped: Vec<FuncId> = out[i].idle_closers.iter().copied().filter(|func| real.contains(func)).collect();
        out[i].skipped_by = skipped;
    }
    out
}

/// The field of the objects of the class that owns what the function hands over, and the constant key in there.
fn owner_of(
    summaries: &Summaries<'_>,
    class: ClassId,
    func: FuncId,
    handed: &HandOver,
) -> Option<(Name, Option<Name>)> {
    let resolved = summaries.resolved;
    let key = |rest: &[Proj]| match rest {
        [Proj::Field(key), ..] => Some(*key),
        _ => None,
    };
    match &handed.owner {
        Owner::Field(field) => Some((*field, handed.inside.as_ref().and_then(|inside| key(inside.proj.get(1..)?)))),
        // An attribute that a method makes when it is first read.
        Owner::Caller(proj) if proj.is_empty() => {
            let roles = resolved.decorator_roles(func);
            let lazy = roles.contains(&Role::Memoises) && roles.contains(&Role::Property);
            lazy.then(|| (resolved.program.func(func).name, None))
        }
        // A factory of the class that fills a field of the object it returns.
        Owner::Caller(proj) => {
            let (Proj::Field(field), rest) = proj.split_first()? else { return None };
            summaries.makes(func, class).then(|| (*field, key(rest)))
        }
        Owner::Process | Owner::Other => None,
    }
}

/// The methods of a class that are meant to end its objects, by what they do to one field.
#[derive(Default)]
struct Closers {
    released_in: Vec<FuncId>,
    released_by_closer: bool,
    idle: Vec<FuncId>,
}

fn closers(
    summaries: &Summaries<'_>,
    all: &[(FuncId, Rc<Vec<Case>>)],
    class: ClassId,
    field: &Name,
    case: &Case,
    handed: &HandOver,
) -> Closers {
    let resolved = summaries.resolved;
    let language = resolved.language();
    let teardown = teardown_names(summaries, class);
    let is_closer = |name: &Name| {
        language.closers.contains(name) || language.implicit_closers.contains(name) || teardown.contains(name)
    };
    let filling = fillers(all, summaries, field);
    let mut out = Closers::default();
    for (name, method) in resolved.methods(class) {
        if releases(summaries, method, field, case, handed) {
            // Replacing the old one is no end, and a private helper that nobody calls ends nothing.
            let own = resolved.program.func(method);
            let dead = own.private && !summaries.regions.used.contains(&method);
            if is_closer(&name) || !(dead || filling.contains(&method)) {
                out.released_in.push(method);
            }
            out.released_by_closer |= is_closer(&name) || ends_with_closer(&name, language);
        } else if is_closer(&name) {
            out.idle.push(method);
        }
    }
    out.released_in.sort();
    out.idle.sort();
    out
}

/// The end of a scope over the object does nothing: neither for the object nor for a transaction.
fn is_idle_exit(summaries: &Summaries<'_>, func: FuncId) -> bool {
    let function = summaries.resolved.program.func(func);
    let calls = |instr: &Instr| matches!(instr.op, Op::Call { .. } | Op::Unknown { .. } | Op::Yield { .. });
    summaries.resolved.language().exit_methods.contains(&function.name)
        && !function.blocks.iter().flat_map(|block| &block.instrs).any(calls)
}

/// A subclass that replaces what releases the field by a method that does not, and has no other that does.
fn forgotten(
    summaries: &Summaries<'_>,
    class: ClassId,
    field: &Name,
    case: &Case,
    handed: &HandOver,
    released_in: &[FuncId],
) -> Option<(ClassId, FuncId)> {
    let resolved = summaries.resolved;
    resolved.descendants(class).iter().find_map(|sub| {
        let methods = resolved.methods(*sub);
        if released_in.is_empty() || methods.iter().any(|(_, method)| releases(summaries, *method, field, case, handed))
        {
            return None;
        }
        let replaced = |name: &Name| released_in.iter().any(|released| resolved.program.func(*released).name == *name);
        let closer = methods.iter().find(|(name, _)| replaced(name))?;
        Some((*sub, closer.1))
    })
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
        let owner = Owner::Field(*field);
        cases.iter().any(|case| case.outcome.handed.iter().any(|handed| handed.owner == owner))
    };
    let filling: Vec<FuncId> = all.iter().filter(|(_, cases)| stores(cases)).map(|(func, _)| *func).collect();
    let (first, later): (Vec<FuncId>, Vec<FuncId>) =
        filling.into_iter().partition(|func| summaries.resolved.program.func(*func).kind == FnKind::Constructor);
    if first.is_empty() { Vec::new() } else { later }
}

/// The path on which the method replaces what the field holds on entry.
fn refill(summaries: &Summaries<'_>, method: FuncId, field: &Name, kind: Kind) -> Option<Leak> {
    let place = Place::root(Root::This).field(*field);
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
    let place = Place::root(Root::This).field(*field);
    let gone = |place: &Place, kind: Kind| {
        let effect = summaries.effect(method, place, kind);
        effect.release != Rel::Never
    };
    let part = match &handed.owner {
        Owner::Caller(proj) if proj.len() > 1 => {
            Some(proj.iter().fold(Place::root(Root::This), |place, proj| place.project(*proj)))
        }
        _ => None,
    };
    let inside = handed.inside.as_ref().or(part.as_ref()).filter(|inside| !inside.cut);
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

/// The class is a resource by extending one: what it stores may be something that the base class knows and releases, unless it is another
/// one of the same kind.
fn may_belong_to_base(summaries: &Summaries<'_>, class: ClassId, kind: Kind) -> bool {
    let catalog = summaries.resolved.catalog;
    summaries
        .resolved
        .catalogued_bases(class)
        .iter()
        .any(|base| kind.entry() != Some(*base) && catalog.resource(*base).is_some())
}

/// Names of methods that a framework's base class runs as teardown.
fn teardown_names(summaries: &Summaries<'_>, class: ClassId) -> Vec<Name> {
    let bases = summaries.resolved.catalogued_bases(class);
    let inherited = bases.iter().flat_map(|base| summaries.resolved.catalog.ty(*base).teardown.clone());
    inherited.chain(summaries.resolved.ends_by_decorator(class)).collect()
}
