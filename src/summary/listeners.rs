//! Listeners that are added for each client to something that outlives it, and that nobody takes off.

use super::Summaries;
use super::departure::Serving;
use crate::catalog::schema::{Invocation, Role};
use crate::ir::{Arg, Callee, Const, FuncId, Name, Op, OpRef, Place, Proj, Root, Span};
use crate::resolve::{CallInfo, Target, Ty};
use rustc_hash::FxHashSet;

/// Functions that are followed for one that takes listeners off.
const MAX_HELPERS: u32 = 2;

/// A listener that stays when its client is gone.
#[derive(Clone, Debug)]
pub struct Left {
    pub at: OpRef,
    /// What it was added to, as written.
    pub emitter: String,
    /// What it listens for, if that is written there.
    pub event: Option<Name>,
    /// Where it sends something to its client.
    pub sends: Span,
}

/// Answers about the listeners of one program.
pub struct Listeners<'s, 'a> {
    summaries: &'s Summaries<'a>,
    serving: &'s Serving,
    /// Last names of emitters from which somebody takes all listeners off.
    emptied: FxHashSet<Name>,
}

impl<'s, 'a> Listeners<'s, 'a> {
    pub fn new(summaries: &'s Summaries<'a>, serving: &'s Serving) -> Self {
        let resolved = summaries.resolved;
        let emptied = resolved.calls().filter_map(|(at, _)| match &resolved.program.op(at).op {
            Op::Call { callee: Callee::Method { recv, name, .. }, args, .. } => {
                let all = args.len() < 2 && resolved.language().listener_drops.contains(name);
                if all { last_name(summaries, at.func, recv) } else { None }
            }
            _ => None,
        });
        Listeners { summaries, serving, emptied: emptied.collect() }
    }

    /// The listeners that the function adds and that stay when its client is gone.
    pub fn left(&self, func: FuncId) -> Vec<Left> {
        let summaries = self.summaries;
        let resolved = summaries.resolved;
        let mut out = Vec::new();
        for (at, info) in resolved.calls_of(func).filter(|_| !resolved.program.is_top(func)) {
            let Op::Call { callee: Callee::Method { recv, name, .. }, args, .. } = &resolved.program.op(at).op else {
                continue;
            };
            let [event, listener] = args.as_slice() else { continue };
            let adds = resolved.language().listener_adds.contains(name);
            if !adds || !emits(summaries, func, recv, info) || !outlives(summaries, func, recv) {
                continue;
            }
            let Some(closure) = own_closure(summaries, at, listener) else { continue };
            let Some(sends) = sends_to_client(summaries, self.serving, closure, true) else { continue };
            let Some(emitter) = resolved.program.func(func).place_name(recv) else { continue };
            let Some(last) = last_name(summaries, func, recv) else { continue };
            if self.emptied.contains(&last) || self.takes_off(func, last) {
                continue;
            }
            let event = match &event.literal {
                Some(Const::Str(event)) => Some(*event),
                _ => None,
            };
            out.push(Left { at, emitter, event, sends });
        }
        out
    }

    /// The function, one around or in it, another one of its class, or one that these call may take listeners off, or gives the emitter,
    /// known by its last name, to somebody who may.
    fn takes_off(&self, func: FuncId, emitter: Name) -> bool {
        let resolved = self.summaries.resolved;
        let program = resolved.program;
        let mut outermost = func;
        while let Some(parent) = program.func(outermost).parent.filter(|parent| !program.is_top(*parent)) {
            outermost = parent;
        }
        let mut near = self.serving.within(outermost);
        if let Some(class) = program.func(outermost).class {
            near.extend(self.summaries.members(class));
        }
        for _ in 0..MAX_HELPERS {
            let calls = near.iter().flat_map(|func| resolved.calls_of(*func));
            let called: Vec<FuncId> = calls.flat_map(|(_, info)| info.functions()).collect();
            near.extend(called);
            near.sort();
            near.dedup();
        }
        let drops = &resolved.language().listener_drops;
        near.iter().flat_map(|func| program.ops(*func)).any(|(at, instr)| {
            let Op::Call { callee, args, .. } = &instr.op else { return false };
            let given = |arg: &Arg| last_name(self.summaries, at.func, &arg.place) == Some(emitter);
            matches!(callee, Callee::Method { name, .. } if drops.contains(name))
                || args.iter().any(|arg| given(arg) || arg.fields.iter().any(given))
        })
    }
}

/// The variable or field that the place is, by its own name.
fn last_name(summaries: &Summaries<'_>, func: FuncId, place: &Place) -> Option<Name> {
    match place.proj.last() {
        Some(Proj::Field(name)) => Some(*name),
        Some(_) => None,
        None => summaries.resolved.program.func(func).place_name(place).map(Name::from),
    }
}

/// It is known to keep what it is given as a listener, until somebody takes it off.
fn emits(summaries: &Summaries<'_>, func: FuncId, recv: &Place, info: &CallInfo<'_>) -> bool {
    let resolved = summaries.resolved;
    let listens = |target: &Target<'_>| match target {
        Target::Catalog { facts } => {
            facts.roles.iter().any(|symbol| symbol.role == Role::Invokes && symbol.how == Some(Invocation::LaterMany))
        }
        Target::ResourceMethod { ty, name } => {
            resolved.catalog.resource(*ty).is_some_and(|resource| resolved.is_fluent(resource, name))
        }
        _ => false,
    };
    let alone = resolved.type_of(func, recv).len() == 1;
    alone && !info.targets.is_empty() && info.targets.iter().all(listens)
}

/// It is a variable of a module, or a field of something that there is one of.
fn outlives(summaries: &Summaries<'_>, func: FuncId, place: &Place) -> bool {
    let resolved = summaries.resolved;
    match place.root {
        Root::Global(_) => true,
        Root::Capture(i) => match (resolved.program.func(func).parent, resolved.captured_place(func, i)) {
            (Some(parent), Some(outer)) => {
                place.rebase(&Place::root(place.root), outer).is_some_and(|outer| outlives(summaries, parent, &outer))
            }
            _ => false,
        },
        Root::This if !place.is_root() => {
            let class = resolved.receiver_class(func, &place.root);
            class.is_some_and(|class| resolved.is_managed(class) || resolved.is_singleton(class))
        }
        _ => false,
    }
}

/// The function that is given as a listener, when it is written in the function that gives it and is given to nobody else.
fn own_closure(summaries: &Summaries<'_>, at: OpRef, listener: &Arg) -> Option<FuncId> {
    let program = summaries.resolved.program;
    let instrs = || program.func(at.func).blocks.iter().flat_map(|block| &block.instrs);
    let mut names = vec![listener.place];
    let mut next = 0;
    let mut closure = None;
    while let Some(name) = names.get(next).copied() {
        next += 1;
        for instr in instrs().filter(|instr| instr.op.dst() == Some(&name)) {
            match &instr.op {
                Op::Copy { src, .. } if !names.contains(src) => names.push(*src),
                Op::Closure { func, .. } if closure.replace(*func).is_none() => {}
                _ => return None,
            }
        }
    }
    let added = program.op(at);
    let others =
        instrs().filter(|instr| instr.op.reads_any(|place| names.contains(place))).any(|instr| match &instr.op {
            Op::Copy { dst, .. } => !names.contains(dst),
            _ => !std::ptr::eq(instr, added),
        });
    closure.filter(|_| !others)
}

/// Where the closure sends something to the client that a function around it serves, itself or in a function that it calls.
fn sends_to_client(summaries: &Summaries<'_>, serving: &Serving, closure: FuncId, itself: bool) -> Option<Span> {
    let resolved = summaries.resolved;
    let sends = |at: OpRef, info: &CallInfo<'_>| {
        if info.has_role(Role::Sends) {
            return info.receiver.is_some_and(|receiver| is_client(summaries, closure, &receiver));
        }
        let Op::Call { args, .. } = &resolved.program.op(at).op else { return false };
        let mut called = info.functions().filter(|called| itself && serving.sends(*called));
        let given = || args.iter().any(|arg| is_client(summaries, closure, &arg.place));
        called.any(|called| given() || sends_to_client(summaries, serving, called, false).is_some())
    };
    let found = resolved.calls_of(closure).find(|(at, info)| sends(*at, info));
    found.map(|(at, _)| resolved.program.op(at).span)
}

/// A function around this one got it as what it serves a client with. Streams of all kinds may lead elsewhere.
fn is_client(summaries: &Summaries<'_>, func: FuncId, place: &Place) -> bool {
    let resolved = summaries.resolved;
    let Root::Capture(i) = place.root else { return false };
    let (Some(parent), Some(outer)) = (resolved.program.func(func).parent, resolved.captured_place(func, i)) else {
        return false;
    };
    let Some(outer) = place.rebase(&Place::root(place.root), outer) else { return false };
    let plain = |ty: &Ty| matches!(ty, Ty::Inst(id) if resolved.catalog.resource(*id).is_none());
    match outer.root {
        Root::Param(_) => {
            let types = resolved.type_of(parent, &outer);
            !types.is_empty() && types.iter().all(plain)
        }
        _ => is_client(summaries, parent, &outer),
    }
}
