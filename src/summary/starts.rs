//! Who starts what runs in the background, how often, and whether anybody can stop it.

use super::Summaries;
use super::calls::ops;
use super::entries::{Entries, asks_global};
use super::polling::{Polling, Use};
use crate::catalog::schema::entry::EnteredBy;
use crate::catalog::schema::{Invocation, Role, Symbol};
use crate::ir::{Arg, Callee, ClassId, FnKind, FuncId, ModuleId, Name, Op, OpRef, Place, Proj, Root, Span, Term};
use crate::resolve::{CallInfo, Resolved, Target, symbol_args};
use rustc_hash::FxHashSet;

/// Callers that are asked who calls them.
const MAX_DEPTH: u32 = 5;

/// Functions between the one that is started and the loop.
const MAX_CALLS: u32 = 3;

/// Callers of one function that are looked at.
const MAX_CALLERS: usize = 16;

/// How often some code runs while the process does.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Often {
    Once,
    /// With each call; nobody knows who calls.
    Call,
    /// With each object of the class.
    Instance(ClassId),
    /// With each request or client.
    Request,
}

/// Something that goes on without end in the background.
pub struct Background {
    /// Where it is started.
    pub at: OpRef,
    /// The function that is started.
    pub started: FuncId,
    /// The function with the loop, and where what it uses is used.
    pub looping: FuncId,
    pub used: Use,
    /// It is a function that has itself called again, and where.
    pub again: Option<Span>,
}

/// A class that can be asked to end and does not, and the method of it that goes on.
pub struct Deaf {
    pub class: ClassId,
    pub closer: FuncId,
    pub looping: FuncId,
    pub used: Use,
}

/// Answers about what a program starts.
pub struct Starts<'s, 'a> {
    summaries: &'s Summaries<'a>,
    entries: &'s Entries<'s, 'a>,
    /// Fields through which something is read that does not only let it run on: in methods of a module, or from outside of an object.
    read_fields: FxHashSet<(Option<ModuleId>, Name)>,
}

impl<'s, 'a> Starts<'s, 'a> {
    /// Looks through the program once.
    pub fn new(summaries: &'s Summaries<'a>, entries: &'s Entries<'s, 'a>) -> Self {
        let mut starts = Starts { summaries, entries, read_fields: FxHashSet::default() };
        let program = summaries.resolved.program;
        for func in program.func_ids() {
            ops(program, func).for_each(|(_, op)| starts.note_fields(program.module_of(func), op));
        }
        starts
    }

    fn note_fields(&mut self, module: ModuleId, op: &Op) {
        let language = self.summaries.resolved.language();
        let quiet = match op {
            Op::Call { callee: Callee::Method { recv, name, .. }, .. } if language.keeps_running.contains(name) => {
                Some(*recv)
            }
            _ => None,
        };
        let read_fields = &mut self.read_fields;
        op.for_each_place(&mut |place| {
            if Some(*place) == quiet || op.dst() == Some(place) {
                return;
            }
            let within = (place.root == Root::This).then_some(module);
            for proj in place.proj.iter() {
                if let Proj::Field(name) = proj {
                    read_fields.insert((within, *name));
                }
            }
        });
    }

    /// What the function starts that goes on for ever, and that nobody keeps in order to stop it.
    pub fn background(&self, polling: &Polling<'_, 'a>, func: FuncId) -> Vec<Background> {
        let resolved = self.summaries.resolved;
        let mut out = Vec::new();
        for (at, op) in ops(resolved.program, func) {
            let Op::Call { callee, args, dst, .. } = op else { continue };
            let Some(info) = resolved.call(at) else { continue };
            for started in self.started(func, polling, dst, args, info) {
                let Some((looping, used)) = self.endless(polling, started, MAX_CALLS) else { continue };
                if !self.may_be_stopped(func, callee, dst) {
                    out.push(Background { at, started, looping, used, again: None });
                }
            }
            for called in info.functions().filter(|called| *called != func && !self.is_part_of(func, *called)) {
                out.extend(self.again(polling, at, called));
            }
        }
        out
    }

    /// The function has itself called again each time, and nobody can prevent it.
    fn again(&self, polling: &Polling<'_, 'a>, at: OpRef, called: FuncId) -> Option<Background> {
        let program = self.summaries.resolved.program;
        let ticks = polling.ticks(called).into_iter().find(|ticks| ticks.itself)?;
        let used = polling.pace(called).used?;
        let Op::Call { callee, dst, .. } = &program.op(ticks.at).op else { return None };
        let again = Some(program.op(ticks.at).span);
        (!self.may_be_stopped(called, callee, dst)).then_some(Background {
            at,
            started: called,
            looping: called,
            used,
            again,
        })
    }

    /// The functions that a call starts and does not wait for.
    fn started(
        &self,
        func: FuncId,
        polling: &Polling<'_, 'a>,
        dst: &Place,
        args: &'a [Arg],
        info: &CallInfo<'a>,
    ) -> Vec<FuncId> {
        let resolved = self.summaries.resolved;
        let mut out = Vec::new();
        for target in &info.targets {
            match target {
                Target::Catalog { facts } => {
                    let repeats = facts.has_role(Role::Sleeps) || facts.has_role(Role::Repeats);
                    let background = |symbol: &&Symbol| {
                        symbol.role == Role::Spawns
                            || (symbol.role == Role::Invokes && symbol.how == Some(Invocation::LaterOnce))
                    };
                    for symbol in facts.roles.iter().filter(background).filter(|_| !repeats) {
                        for (_, arg) in symbol_args(symbol, args) {
                            out.extend(polling.functions(func, &arg.place));
                            if symbol.role == Role::Spawns {
                                out.extend(self.called_for(func, &arg.place));
                            }
                        }
                    }
                }
                Target::Project(called)
                    if resolved.language().eager_await
                        && resolved.program.func(*called).r#async
                        && !self.is_used(func, dst) =>
                {
                    out.push(*called);
                }
                _ => {}
            }
        }
        out.sort();
        out.dedup();
        out
    }

    /// The functions whose call gave the value.
    fn called_for(&self, func: FuncId, place: &Place) -> Vec<FuncId> {
        let resolved = self.summaries.resolved;
        let made = ops(resolved.program, func).filter(|(_, op)| match op {
            Op::Call { dst, .. } => dst == place,
            _ => false,
        });
        made.filter_map(|(at, _)| resolved.call(at)).flat_map(|info| info.functions().collect::<Vec<_>>()).collect()
    }

    /// The function, or one that it waits for, never comes to an end.
    fn endless(&self, polling: &Polling<'_, 'a>, func: FuncId, depth: u32) -> Option<(FuncId, Use)> {
        let depth = depth.checked_sub(1)?;
        let resolved = self.summaries.resolved;
        let function = resolved.program.func(func);
        if function.generator {
            return None;
        }
        for round in polling.rounds(func) {
            if round.looped.is_endless()
                && function.block(round.looped.header).pending == 0
                && let Some(used) = round.used
            {
                return Some((func, used));
            }
        }
        let awaited = |dst: &Place| {
            ops(resolved.program, func).any(|(at, op)| match op {
                Op::Await { src, .. } => src == dst,
                Op::Copy { dst: result, src, .. } => *result == Place::root(Root::Result) && src == dst,
                // `asyncio.run(loop())`
                Op::Call { args, .. } if args.iter().any(|arg| arg.place == *dst) => {
                    let targets = resolved.call(at).map(|info| info.targets.as_slice()).unwrap_or_default();
                    targets
                        .iter()
                        .any(|target| matches!(target, Target::Catalog { facts } if facts.has_role(Role::Drives)))
                }
                _ => false,
            })
        };
        for (at, op) in ops(resolved.program, func) {
            let Op::Call { dst, .. } = op else { continue };
            let Some(info) = resolved.call(at) else { continue };
            let mut called = info.functions();
            let (Some(next), None) = (called.next(), called.next()) else { continue };
            if next != func
                && (awaited(dst) || !resolved.program.func(next).r#async)
                && let Some(found) = self.endless(polling, next, depth)
            {
                return Some(found);
            }
        }
        None
    }

    /// The value goes on to somewhere.
    fn is_used(&self, func: FuncId, value: &Place) -> bool {
        ops(self.summaries.resolved.program, func)
            .any(|(_, op)| !matches!(op, Op::Drop { .. }) && op.reads_any(|place| place.starts_with(value)))
    }

    /// The handle of what was started gets to somebody who may stop it.
    fn may_be_stopped(&self, func: FuncId, callee: &Callee, handle: &Place) -> bool {
        let resolved = self.summaries.resolved;
        // Who leaves a scope ends what was started in it.
        let scoped = |recv: &Place| {
            ops(resolved.program, func)
                .any(|(_, op)| matches!(op, Op::Enter { dst, manager, .. } if dst == recv || manager == recv))
        };
        if let Callee::Method { recv, .. } = callee
            && scoped(recv)
        {
            return true;
        }
        let mut names = vec![*handle];
        let mut next = 0;
        while let Some(name) = names.get(next).copied() {
            next += 1;
            for (_, op) in ops(resolved.program, func) {
                if matches!(op, Op::Drop { .. }) || !op.reads_any(|place| place.starts_with(&name)) {
                    continue;
                }
                match op {
                    Op::Copy { dst, src, .. } if *src == name => {
                        let field = match (&dst.root, dst.proj.as_slice()) {
                            (Root::Local(_), []) => {
                                if !names.contains(dst) {
                                    names.push(*dst);
                                }
                                continue;
                            }
                            (_, [.., Proj::Field(field)]) => field,
                            _ => return true,
                        };
                        // A field that nobody reads keeps it for nobody.
                        let module = Some(resolved.program.module_of(func));
                        if [module, None].iter().any(|module| self.read_fields.contains(&(*module, *field))) {
                            return true;
                        }
                    }
                    Op::Call { callee: Callee::Method { recv, name: method, .. }, args, .. }
                        if recv.starts_with(&name)
                            && resolved.language().keeps_running.contains(method)
                            && !args.iter().any(|arg| arg.place.starts_with(&name)) => {}
                    _ => return true,
                }
            }
        }
        false
    }

    /// `inner` is written in `func`, or in a function in it.
    fn is_part_of(&self, inner: FuncId, func: FuncId) -> bool {
        let mut at = Some(inner);
        while let Some(here) = at {
            if here == func {
                return true;
            }
            at = self.summaries.resolved.program.func(here).parent;
        }
        false
    }

    /// How often the function runs.
    pub fn often(&self, func: FuncId) -> Often {
        self.often_within(func, MAX_DEPTH)
    }

    fn often_within(&self, func: FuncId, depth: u32) -> Often {
        let resolved = self.summaries.resolved;
        let (program, regions) = (resolved.program, self.summaries.regions);
        let function = program.func(func);
        let once = program.is_top(func)
            || regions.script_only.contains(&func)
            || resolved.is_program_entry(func)
            || resolved.is_memoised(func)
            || resolved.decorator_roles(func).contains(&Role::Memoises)
            || asks_global(function);
        if once {
            return Often::Once;
        }
        let Some(depth) = depth.checked_sub(1) else { return Often::Call };
        if self.entries.of(func).is_some() {
            return Often::Request;
        }
        if !function.decorators.is_empty() && resolved.has_unknown_decorator(func) {
            return Often::Call;
        }
        if resolved.is_starter(func)
            && let Some(class) = function.class
        {
            return self.of_class(class, depth);
        }
        let outside = |at: &&OpRef| !self.is_part_of(at.func, func);
        let calls = self.entries.calls();
        let calls = calls.of(func).iter().chain(calls.handing(func)).filter(outside).take(MAX_CALLERS);
        let often = calls.map(|at| self.often_within(at.func, depth)).max();
        match (often, function.kind, function.parent) {
            (Some(often), ..) => often,
            // A closure that somebody calls some time.
            (None, FnKind::Closure | FnKind::Chain, Some(parent)) => self.often_within(parent, depth),
            (None, ..) => Often::Call,
        }
    }

    /// Nothing in the program calls the function: it is given to something that nobody describes, which may call it again and again.
    pub fn is_callback(&self, func: FuncId) -> bool {
        let resolved = self.summaries.resolved;
        let once = |symbol: &crate::catalog::schema::Symbol| match symbol.role {
            Role::Spawns | Role::OnThread | Role::Schedules => true,
            Role::Invokes => matches!(symbol.how, Some(Invocation::NowOnce | Invocation::LaterOnce)),
            _ => false,
        };
        let described = |at: &OpRef| {
            let targets = resolved.call(*at).map(|info| info.targets.as_slice()).unwrap_or_default();
            targets.iter().any(|target| match target {
                Target::Catalog { facts } => facts.roles.iter().any(once),
                Target::Project(_) | Target::Construct(_) => true,
                Target::ResourceMethod { .. } | Target::External(_) => false,
            })
        };
        let calls = self.entries.calls();
        calls.of(func).is_empty() && calls.handing(func).iter().any(|at| !described(at))
    }

    fn of_class(&self, class: ClassId, depth: u32) -> Often {
        let resolved = self.summaries.resolved;
        if resolved.is_singleton(class) || resolved.is_managed(class) {
            return Often::Once;
        }
        let family = std::iter::once(class).chain(resolved.descendants(class));
        let mut made = family.flat_map(|class| self.entries.calls().making(class)).take(MAX_CALLERS).peekable();
        if made.peek().is_none() {
            return Often::Instance(class);
        }
        let often = made.map(|at| match resolved.goes_to_global(*at) {
            true => Often::Once,
            false => self.often_within(at.func, depth),
        });
        match often.max() {
            Some(Often::Call) => Often::Instance(class),
            Some(often) => often,
            None => Often::Instance(class),
        }
    }

    /// What runs the function is a client that stays connected.
    pub fn is_connection(&self, func: FuncId) -> bool {
        self.entries.chain(func).is_some_and(|chain| chain.entered.way.by == EnteredBy::Connection)
    }

    /// Something in the program makes objects of the class.
    pub fn is_made(&self, class: ClassId) -> bool {
        let family = std::iter::once(class).chain(self.summaries.resolved.descendants(class));
        family.into_iter().any(|class| !self.entries.calls().making(class).is_empty())
    }

    /// The class has a method that is there to end it, which does nothing, and one that goes on for ever.
    pub fn deaf(&self, polling: &Polling<'_, 'a>, class: ClassId) -> Option<Deaf> {
        let resolved = self.summaries.resolved;
        if !resolved.descendants(class).is_empty() {
            return None;
        }
        let methods = &resolved.program.class(class).methods;
        let closers = &resolved.language().closers;
        let empty = |func: FuncId| does_nothing(resolved, func);
        let closer = methods.iter().find(|(name, func)| closers.contains(name) && empty(*func))?.1;
        methods.iter().find_map(|(_, func)| {
            let mut rounds = polling.rounds(*func).into_iter();
            let round = rounds.find(|round| {
                round.looped.is_endless() && resolved.program.func(*func).block(round.looped.header).pending == 0
            })?;
            Some(Deaf { class, closer, looping: *func, used: round.used? })
        })
    }
}

/// Only says so: nothing, or a message.
fn does_nothing(resolved: &Resolved<'_>, func: FuncId) -> bool {
    let function = resolved.program.func(func);
    let mut calls = 0;
    let quiet = ops(resolved.program, func).all(|(at, op)| match op {
        Op::Call { callee: Callee::Method { recv, .. }, .. } => {
            calls += 1;
            let functions = resolved.call(at).is_some_and(|info| info.functions().next().is_some());
            let own = matches!(recv.root, Root::This | Root::Param(_));
            // What does something to a resource is no message.
            let works = resolved.type_of(func, recv).iter().any(|ty| matches!(ty, crate::resolve::Ty::Inst(_)));
            !own && !functions && !works
        }
        Op::Call { .. } => false,
        Op::Const { dst, .. } | Op::Copy { dst, .. } | Op::Build { dst, .. } => {
            matches!(dst.root, Root::Local(_) | Root::Result) && dst.is_root()
        }
        _ => false,
    });
    let plain = function.blocks.iter().all(|block| !matches!(block.term, Term::Raise { .. } | Term::Halt));
    quiet && plain && calls <= 1 && !function.decorators.iter().any(|decorator| decorator.path.last().is_some())
}
