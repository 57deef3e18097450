//! Classes that are resources themselves, because they keep one open and have a method that releases it: whoever makes an object of such a
//! class must see to it that this method is called.

use super::Summaries;
use super::class::{OwnedField, released_in};
use crate::catalog::schema::{Connects, OnDrop, ResourceKind, With};
use crate::catalog::{Release, Resource};
use crate::finding::{Confidence, Step, StepRole};
use crate::flow::{Callees, Derived, Kind};
use crate::ir::{ClassId, FnKind, FuncId, Name, Op, OpRef, Place, Root, Term};
use rustc_hash::FxHashSet;
use std::rc::Rc;

/// Classes between an object and what is catalogued: further away, hardly anybody believes it.
const MAX_HOPS: u8 = 2;

/// A field that the class, or one that it extends, fills and can release.
struct Kept<'s> {
    field: &'s OwnedField,
    resource: &'s Resource,
    released_in: Vec<FuncId>,
}

/// `None` when whoever makes an object of the class has no duty.
pub(super) fn derive(summaries: &Summaries<'_>, class: ClassId) -> Option<Derived> {
    let resolved = summaries.resolved;
    if resolved.has_unknown_class_decorator(class) || resolved.keeps_its_object(class) {
        return None;
    }
    let ancestry = resolved.ancestry(class);
    let owned: Vec<Rc<Vec<OwnedField>>> = ancestry.iter().map(|class| summaries.owned(*class)).collect();
    let kept: Vec<Kept<'_>> = owned
        .iter()
        .flat_map(|owned| owned.iter())
        .filter_map(|field| Some((field, summaries.resource(field.kind)?)))
        .filter(|(_, resource)| obliges(resource))
        .map(|(field, resource)| Kept { field, resource, released_in: released_in(summaries, class, field) })
        .filter(|kept| !kept.released_in.is_empty())
        .collect();
    let hops = kept.iter().map(|kept| hops(summaries, kept.field.kind)).max()? + 1;
    if hops > MAX_HOPS {
        return None;
    }
    let language = resolved.language();
    let methods = resolved.methods(class);
    let name = |func: FuncId| methods.iter().find(|(_, method)| *method == func).map(|(name, _)| *name);
    let mut releasing: Vec<FuncId> = kept.iter().flat_map(|kept| kept.released_in.clone()).collect();
    releasing.sort();
    releasing.dedup();
    let by_itself = |func: &FuncId| {
        let runs = |name: &Name| language.implicit_closers.contains(name) && !language.exit_methods.contains(name);
        name(*func).is_some_and(|name| runs(&name))
    };
    let public = |func: &FuncId| {
        let function = resolved.program.func(*func);
        !function.private && function.kind != FnKind::Constructor
    };
    if releasing.iter().any(by_itself) {
        return None;
    }
    let filling: Vec<FuncId> = kept.iter().map(|kept| kept.field.store.0).collect();
    let members: Vec<FuncId> = ancestry.iter().flat_map(|class| summaries.members(*class)).copied().collect();
    let openers = openers(summaries, &members, &filling);
    // What releases it and opens it again, or the other way round, ends nothing.
    releasing.retain(|func| public(func) && !openers.contains(func));
    let release: Vec<Release> = releasing
        .iter()
        .filter_map(|func| {
            let awaited = resolved.program.func(*func).r#async;
            Some(Release { steps: vec![name(*func)?], awaited, when: Vec::new() })
        })
        .collect();
    let exits = |release: &Release| release.steps.iter().any(|step| language.exit_methods.contains(step));
    let scoped = release.iter().any(exits);
    let release: Vec<Release> = release.into_iter().filter(|release| !exits(release)).collect();
    if release.is_empty() && !scoped {
        return None;
    }
    let Kept { field: first, resource, .. } = *kept.first()?;
    let eager = openers.iter().any(|func| resolved.program.func(*func).kind == FnKind::Constructor);
    let lazily = kept.iter().all(|kept| kept.resource.connects == Connects::Lazy);
    let holder = &resolved.program.class(class).name;
    let place = resolved.program.func(first.store.0).receiver.unwrap_or_default();
    let cases = summaries.cases(first.store.0);
    let case = cases.get(first.store.1)?;
    let store = case.outcome.stores.iter().find(|(field, _)| *field == first.field).map(|(_, span)| *span);
    let text = format!("`{holder}` keeps a {} open in `{place}.{}`", resource.noun, first.field);
    Some(Derived {
        resource: Resource {
            noun: holder.to_string(),
            kind: ResourceKind::Client,
            with: if scoped { With::Releases } else { With::Unsupported },
            r#async: release.iter().any(|release| release.awaited),
            release,
            not_release: Vec::new(),
            on_drop: resource.on_drop,
            connects: if eager && !lazily { Connects::Eager } else { Connects::Lazy },
            parent: None,
            pool: resource.pool.clone(),
            serverless: resource.serverless.clone(),
            keeps_process_alive: kept.iter().any(|kept| kept.resource.keeps_process_alive),
            blocking: false,
            shareable: kept.iter().all(|kept| kept.resource.shareable),
            dedicated_by: Vec::new(),
            quiet: Vec::new(),
            opens: if eager { Vec::new() } else { openers.into_iter().filter_map(name).collect() },
            rests: Vec::new(),
            fluent: Vec::new(),
            parts: Vec::new(),
            closed_test: Vec::new(),
            open_test: Vec::new(),
            advice: String::new(),
            advice_for_process: String::new(),
            docs: String::new(),
        },
        hops,
        confidence: if first.open { Confidence::Low } else { Confidence::Medium },
        optional: filling.iter().any(|func| asks_its_parameters(summaries, *func)),
        because: vec![Step { span: store.unwrap_or(case.token.span), role: StepRole::Acquire, text }],
    })
}

/// Keeping it makes the object that keeps it something to be closed. What only tells others is no duty of those who use the class, and
/// neither is what goes with its last reference; an asynchronous thing does so with a warning at best.
fn obliges(resource: &Resource) -> bool {
    let holds = matches!(
        resource.kind,
        ResourceKind::Client
            | ResourceKind::Connection
            | ResourceKind::Pool
            | ResourceKind::Session
            | ResourceKind::Checkout
            | ResourceKind::HttpClient
    );
    holds && (resource.on_drop != OnDrop::Closes || resource.r#async)
}

fn hops(summaries: &Summaries<'_>, kind: Kind) -> u8 {
    match kind {
        Kind::Entry(_) => 0,
        Kind::Derived(class) => summaries.derived(class).map_or(0, |derived| derived.hops),
    }
}

/// The methods of the class that fill one of the fields, themselves or through other methods.
fn openers(summaries: &Summaries<'_>, members: &[FuncId], filling: &[FuncId]) -> Vec<FuncId> {
    let resolved = summaries.resolved;
    let mut found: FxHashSet<FuncId> = filling.iter().copied().collect();
    loop {
        let known = found.len();
        for func in members.iter().filter(|func| !found.contains(func)).copied().collect::<Vec<_>>() {
            let function = resolved.program.func(func);
            let calls = function.blocks.iter().enumerate().any(|(b, block)| {
                (0..block.instrs.len()).any(|i| {
                    let at = OpRef { func, block: crate::ir::BlockId(b as u32), op: i as u32 };
                    match &block.instrs[i].op {
                        Op::Call { .. } => {
                            resolved.call(at).is_some_and(|info| info.functions().any(|callee| found.contains(&callee)))
                        }
                        Op::Closure { func, .. } => found.contains(func),
                        _ => false,
                    }
                })
            });
            if calls {
                found.insert(func);
            }
        }
        if found.len() == known {
            break;
        }
    }
    let mut found: Vec<FuncId> = found.into_iter().collect();
    found.sort();
    found
}

/// The function decides by what it is given: it may take what it is to keep from its caller.
fn asks_its_parameters(summaries: &Summaries<'_>, func: FuncId) -> bool {
    let is_param = |place: &Place| matches!(place.root, Root::Param(_));
    let function = summaries.resolved.program.func(func);
    function.blocks.iter().any(|block| matches!(&block.term, Term::Branch { place, .. } if is_param(place)))
}
