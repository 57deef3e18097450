//! Claims about what lives as long as its process, where a platform starts the processes.

use super::{FileScope, decide_unleaked};
use crate::catalog::schema::Role;
use crate::checks::Subject;
use crate::checks::serverless_singleton::{self, Bounds};
use crate::finding::{Finding, Growth};
use crate::flow::{Kind, Start};
use crate::ir::{Arg, FuncId, ModuleId, Name, Op, OpRef, Proj};
use crate::resolve::{Ty, Value, Values};
use crate::summary::calls::ops;
use crate::summary::deployed::{self, Reached};
use crate::summary::entries::Entries;
use crate::summary::shared::{lasting, one_of_branches};
use crate::summary::{Case, Summaries};
use rustc_hash::{FxHashMap, FxHashSet};
use std::rc::Rc;

/// All such findings of a program.
pub(super) fn judge_serverless(
    summaries: &Summaries<'_>,
    entries: &Entries<'_, '_>,
    scopes: &[FileScope],
    all: &[(FuncId, Rc<Vec<Case>>)],
) -> Vec<Finding> {
    let of_file = |module: ModuleId| {
        let scope = scopes.get(module.index());
        scope.map_or_else(Default::default, |scope| (scope.path, scope.shown.clone(), scope.reached.clone()))
    };
    let reached: FxHashMap<ModuleId, Reached> = deployed::reached(summaries, entries, &of_file);
    if reached.is_empty() {
        return Vec::new();
    }
    let program = summaries.resolved.program;
    let meant = |case: &Case| {
        let module = program.module_of(case.func);
        let scope = scopes.get(module.index());
        scope.is_some_and(|scope| !scope.test && !scope.one_off)
            && reached.contains_key(&module)
            && connects(summaries, case)
    };
    let sites = lasting(summaries, all, &meant);
    if sites.is_empty() {
        return Vec::new();
    }
    let values = Values::new(summaries.resolved, summaries.regions);
    let closing = closing(summaries);
    let finding = |site: &crate::summary::shared::Site| {
        let case = site.of(all)?;
        let subject = Subject::new(summaries, case)?;
        let mut bounds = bounds(summaries, &values, case, origin(all, case));
        bounds.closes_idle = closing.contains(&case.token.kind);
        let draft = serverless_singleton::detect(&subject, &site.holder, reached.get(&site.module)?, bounds)?;
        decide_unleaked(&subject, draft, Growth::ServerlessInstance)
    };
    // Of several branches that each make one, the first stands for all.
    one_of_branches(summaries, &sites).into_iter().filter_map(finding).collect()
}

/// What it connects to counts its clients.
fn connects(summaries: &Summaries<'_>, case: &Case) -> bool {
    case.token.kind.entry().is_some_and(|kind| {
        let catalog = summaries.resolved.catalog;
        catalog.ty(kind).store || catalog.resource(kind).is_some_and(|resource| resource.serverless.background)
    })
}

/// Kinds of resources of which one is given to what closes its idle connections.
fn closing(summaries: &Summaries<'_>) -> FxHashSet<Kind> {
    let resolved = summaries.resolved;
    let mut out = FxHashSet::default();
    for (at, _) in resolved.calls().filter(|(_, info)| info.has_role(Role::ClosesIdle)) {
        let Op::Call { args, .. } = &resolved.program.op(at).op else { continue };
        for ty in args.iter().flat_map(|arg| resolved.type_of(at.func, &arg.place)) {
            if let Ty::Inst(id) = ty {
                out.insert(Kind::Entry(id));
            }
        }
    }
    out
}

/// The call that makes what a function of the program gives out.
fn origin(all: &[(FuncId, Rc<Vec<Case>>)], case: &Case) -> Option<OpRef> {
    let made = case.token.because.first().filter(|_| case.token.hops > 0)?.span;
    let direct = all.iter().flat_map(|(_, cases)| cases.iter());
    direct.filter(|case| case.token.hops == 0 && case.token.span == made).find_map(|case| match &case.token.start {
        Start::Acquire { at, .. } => Some(*at),
        _ => None,
    })
}

/// What the arguments of the acquiring call say. `origin`: the call behind it that really makes one.
fn bounds(summaries: &Summaries<'_>, values: &Values<'_>, case: &Case, origin: Option<OpRef>) -> Bounds {
    let Start::Acquire { at, .. } = &case.token.start else { return Bounds::default() };
    let own = bounds_of(summaries, values, case, *at);
    match origin {
        Some(origin) => {
            let made = bounds_of(summaries, values, case, origin);
            Bounds { size: made.size, pooled: own.pooled || made.pooled, ..made }
        }
        // What is given to a function of the program may become an option.
        None => Bounds { unknown: own.unknown || case.token.hops > 0, ..own },
    }
}

fn bounds_of(summaries: &Summaries<'_>, values: &Values<'_>, case: &Case, at: OpRef) -> Bounds {
    let resolved = summaries.resolved;
    let Op::Call { args, .. } = &resolved.program.op(at).op else { return Bounds::default() };
    let pool = summaries.resource(case.token.kind).and_then(|resource| resource.pool.as_ref());
    let option = pool.map(|pool| pool.option.as_str()).unwrap_or_default();
    let each = || args.iter().flat_map(|arg| std::iter::once(arg).chain(&arg.fields));
    let named = |option: &str| each().find(|arg| !option.is_empty() && arg.name.is_some_and(|name| name == option));
    let known = |arg: &Arg| values.arguments(at.func, std::slice::from_ref(arg)).unwrap_or_default();
    let size = match option.rsplit_once('.') {
        None => named(option).and_then(|arg| values.number(at.func, arg)).or_else(|| {
            let whole = |arg: &&Arg| arg.name.is_none() && arg.literal.is_none() && !option.is_empty();
            args.iter().filter(whole).find_map(|arg| known(arg).iter().find_map(|(_, value)| member(value, option)))
        }),
        // `{ pool: { max: 2 } }`
        Some((outer, inner)) => {
            let direct = named(inner).and_then(|arg| values.number(at.func, arg));
            direct
                .or_else(|| named(outer).and_then(|arg| known(arg).iter().find_map(|(_, value)| member(value, inner))))
        }
    };
    // Options that stand somewhere else, and what is spread into them.
    let elsewhere = |arg: &Arg| {
        let spread = || {
            let whole = ops(resolved.program, at.func).any(|(_, op)| match op {
                Op::Build { dst, parts, .. } => *dst == arg.place && parts.iter().any(|(proj, _)| *proj == Proj::Elem),
                _ => false,
            });
            let unseen = || {
                let value = values.arguments(at.func, std::slice::from_ref(arg));
                value.is_none_or(|value| value.iter().any(|(_, value)| matches!(value, Value::Variable(..))))
            };
            whole || arg.fields.is_empty() && unseen()
        };
        arg.spread || arg.literal.is_none() && arg.name.is_none() && spread()
    };
    let outer = option.split('.').next().unwrap_or_default();
    let unknown = size.is_none() && (named(option).or(named(outer)).is_some() || args.iter().any(elsewhere));
    let marks = &resolved.language().pooler_marks;
    let pooled = each().any(|arg| {
        let told = |value: &Value| match (arg.name, value) {
            (Some(name), Value::Literal(text)) => marks.contains(&Name::from(format!("{name}={text}"))),
            _ => false,
        };
        known(arg).iter().any(|(_, value)| told(value) || is_marked(value, marks))
    });
    // A size is a small whole number.
    Bounds {
        size: size.filter(|size| (0.0..1e6).contains(size)).map(|size| size as u32),
        unknown,
        pooled,
        closes_idle: false,
    }
}

/// The number that a field of an object always has.
fn member(value: &Value, name: &str) -> Option<f64> {
    let Value::Record(parts) = value else { return None };
    let (_, value) = parts.iter().find(|(part, _)| *part == name)?;
    match value {
        Value::Literal(text) => text.parse().ok(),
        _ => None,
    }
}

/// Somewhere in the value one of the marks stands. The text is compared and never shown.
fn is_marked(value: &Value, marks: &[Name]) -> bool {
    let holds = |text: &str| {
        let text = text.to_ascii_lowercase();
        marks.iter().any(|mark| text.contains(mark.as_str()))
    };
    match value {
        Value::Literal(text) => holds(text),
        Value::Call(called, arguments) => {
            is_marked(called, marks) || arguments.iter().any(|(_, value)| is_marked(value, marks))
        }
        Value::Record(parts) => parts.iter().any(|(_, value)| is_marked(value, marks)),
        Value::OneOf(values) => values.iter().any(|value| is_marked(value, marks)),
        value => value.name().is_some_and(|name| holds(&name)),
    }
}
