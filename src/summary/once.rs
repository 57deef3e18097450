//! What runs once while the process does, for certain, so that what it starts is meant to run as long.

use super::calls::ops;
use super::entries::Entries;
use super::{Case, Summaries};
use crate::catalog::schema::{Invocation, Role};
use crate::flow::Start;
use crate::ir::{
    Arg, BlockId, Callee, ClassId, Const, FnKind, FuncId, Function, ModuleId, Op, OpRef, Place, Program, Proj, Root,
    Term, Test,
};
use crate::resolve::{Resolved, Target, Ty, symbol_args};
use rustc_hash::{FxHashMap, FxHashSet};
use std::cell::{OnceCell, RefCell};

/// Callers that are asked who calls them.
const MAX_DEPTH: u32 = 8;

/// Callers of one function that are looked at; who has more is called for this and that.
const MAX_CALLERS: usize = 16;

/// Answers about what a program does once.
pub struct Once<'s, 'a> {
    summaries: &'s Summaries<'a>,
    entries: &'s Entries<'s, 'a>,
    /// Code in the module counts: that of tests starts what it tests.
    counts: &'s dyn Fn(ModuleId) -> bool,
    known: RefCell<FxHashMap<FuncId, bool>>,
    /// Functions that are kept where anybody may call them.
    stored: OnceCell<FxHashSet<FuncId>>,
}

impl<'s, 'a> Once<'s, 'a> {
    pub fn new(
        summaries: &'s Summaries<'a>,
        entries: &'s Entries<'s, 'a>,
        counts: &'s dyn Fn(ModuleId) -> bool,
    ) -> Self {
        Once { summaries, entries, counts, known: RefCell::default(), stored: OnceCell::new() }
    }

    /// The acquisition is made once.
    pub fn is_case(&self, case: &Case) -> bool {
        let (Start::Acquire { at, .. } | Start::Given { call: at, .. }) = &case.token.start else { return false };
        self.is_reached(*at, MAX_DEPTH)
    }

    /// Control comes there once.
    fn is_reached(&self, at: OpRef, depth: u32) -> bool {
        if self.summaries.resolved.program.func(at.func).block(at.block).loop_depth > 0 {
            return false;
        }
        self.is_guarded(at, depth) || self.is_run(at.func, depth)
    }

    /// All objects of the class are made once.
    pub fn is_class(&self, class: ClassId) -> bool {
        self.is_made(class, MAX_DEPTH)
    }

    fn is_made(&self, class: ClassId, depth: u32) -> bool {
        let resolved = self.summaries.resolved;
        let family = || std::iter::once(class).chain(resolved.descendants(class));
        let made: Vec<OpRef> =
            family().flat_map(|class| self.counted(self.entries.calls().making(class))).copied().collect();
        // Who gets the class itself may make as many as it likes.
        let given = || family().any(|class| self.entries.calls().is_handed(class));
        let once = |at: &OpRef| resolved.goes_to_global(*at) || self.is_reached(*at, depth);
        !made.is_empty() && made.len() <= MAX_CALLERS && made.iter().all(once) && !given()
    }

    /// The function runs once.
    fn is_run(&self, func: FuncId, depth: u32) -> bool {
        let Some(depth) = depth.checked_sub(1) else { return false };
        if let Some(known) = self.known.borrow().get(&func) {
            return *known;
        }
        // Who calls itself does so again and again.
        self.known.borrow_mut().insert(func, false);
        let run = self.find_run(func, depth);
        self.known.borrow_mut().insert(func, run);
        run
    }

    fn find_run(&self, func: FuncId, depth: u32) -> bool {
        let (resolved, regions) = (self.summaries.resolved, self.summaries.regions);
        let program = resolved.program;
        let function = program.func(func);
        if program.is_top(func) {
            return program.part(program.module_of(func)).instances.is_empty();
        }
        if regions.script_only.contains(&func) || resolved.is_program_entry(func) || resolved.is_memoised(func) {
            return true;
        }
        if self.entries.of(func).is_some() || !function.decorators.is_empty() || function.generator {
            return false;
        }
        if let (Some(class), FnKind::Constructor) = (function.class, function.kind) {
            return self.is_made(class, depth);
        }
        if self.stored().contains(&func) {
            return false;
        }
        let called: Vec<&OpRef> = self.callers(func).collect();
        let handed: Vec<&OpRef> = self.counted(self.entries.calls().handing(func)).collect();
        let some = !called.is_empty() || !handed.is_empty();
        let few = called.len() + handed.len() <= MAX_CALLERS;
        let of_one = function.class.is_none_or(|class| self.is_made(class, depth));
        let reached = |at: &OpRef| at.func != func && self.is_reached(*at, depth);
        some && few
            && of_one
            && called.iter().all(|at| reached(at))
            && handed.iter().all(|at| self.calls_once(**at, func) && reached(at))
    }

    fn callers(&self, func: FuncId) -> impl Iterator<Item = &OpRef> {
        self.counted(self.entries.calls().of(func))
    }

    fn counted<'c>(&self, calls: &'c [OpRef]) -> impl Iterator<Item = &'c OpRef> {
        calls.iter().filter(|at| (self.counts)(self.summaries.resolved.program.module_of(at.func)))
    }

    /// The call runs the function that it gets once.
    fn calls_once(&self, at: OpRef, given: FuncId) -> bool {
        let resolved = self.summaries.resolved;
        let language = resolved.language();
        let Op::Call { callee, args, .. } = &resolved.program.op(at).op else { return false };
        let is_it = |arg: &Arg| {
            resolved.type_of(at.func, &arg.place).iter().any(|ty| matches!(ty, Ty::Func(func) if *func == given))
        };
        let named = match callee {
            Callee::Method { name, .. } => language.calls_once.contains(name) || language.load_events.contains(name),
            Callee::Value(Place { root: Root::Global(name), proj, .. }) => {
                proj.is_empty() && (language.page_globals.contains(name) || language.calls_once.contains(name))
            }
            _ => false,
        };
        let comes_once =
            |arg: &Arg| matches!(&arg.literal, Some(Const::Str(event)) if language.load_events.contains(event));
        if (named && args.iter().any(is_it)) || args.iter().any(comes_once) {
            return true;
        }
        let Some(info) = resolved.call(at) else { return false };
        // `(function (root, factory) { root.lib = factory(); })(this, function () { ... })`
        let wraps = |target: &Target<'_>| match target {
            Target::Project(wrapper) => {
                resolved.program.func(*wrapper).kind == FnKind::Closure && self.callers(*wrapper).count() == 1
            }
            _ => false,
        };
        if resolved.program.is_top(at.func) && !info.targets.is_empty() && info.targets.iter().all(wraps) {
            return true;
        }
        let invokes = |target: &Target<'_>| {
            let Target::Catalog { facts } = target else { return false };
            if facts.has_role(Role::Repeats) {
                return false;
            }
            facts.roles.iter().any(|symbol| {
                symbol.role == Role::Invokes
                    && matches!(symbol.how, Some(Invocation::NowOnce | Invocation::LaterOnce))
                    && symbol_args(symbol, args).any(|(_, arg)| is_it(arg))
            })
        };
        !info.targets.is_empty() && info.targets.iter().all(invokes)
    }

    fn stored(&self) -> &FxHashSet<FuncId> {
        self.stored.get_or_init(|| stored(self.summaries.resolved))
    }

    /// It happens only while a variable outside of the function is not set, which is set beside it and never taken back; and there is one
    /// such variable.
    fn is_guarded(&self, at: OpRef, depth: u32) -> bool {
        let resolved = self.summaries.resolved;
        let function = resolved.program.func(at.func);
        function.blocks.iter().enumerate().any(|(b, block)| {
            let Term::Branch { place, test, yes, no } = &block.term else { return false };
            let (unset, set) = match test {
                Test::Null => (*yes, *no),
                Test::Truthy => (*no, *yes),
                _ => return false,
            };
            let Some((home, kept)) = outside(resolved, at.func, place) else { return false };
            let only = |to: BlockId| !is_reachable(function, to, (BlockId(b as u32), unset));
            unset != set
                && only(at.block)
                && fills(self.summaries.resolved.program, at.func)
                    .any(|(fill, dst)| outside(resolved, at.func, dst) == Some((home, kept)) && only(fill.block))
                && self.is_one(home, &kept, depth)
                && self.stays_set(at.func, home, &kept)
        })
    }

    /// There is one such variable in the process.
    fn is_one(&self, home: FuncId, kept: &Place, depth: u32) -> bool {
        let program = self.summaries.resolved.program;
        match kept.root {
            Root::Global(_) => program.part(program.module_of(home)).instances.is_empty(),
            Root::This => program.func(home).class.is_some_and(|class| self.is_made(class, depth)),
            _ => self.is_run(home, depth),
        }
    }

    /// No other code fills the variable than that which makes it.
    fn stays_set(&self, guarded: FuncId, home: FuncId, kept: &Place) -> bool {
        let resolved = self.summaries.resolved;
        let program = resolved.program;
        let makes = |func: FuncId| match kept.root {
            Root::Global(_) => program.is_top(func),
            Root::This => program.func(func).kind == FnKind::Constructor,
            _ => func == home,
        };
        program.functions_of(program.module_of(home)).filter(|func| *func != guarded && !makes(*func)).all(|func| {
            fills(program, func).all(|(_, dst)| match (kept.root, kept.proj.last()) {
                // Of any object: which one it is may not be known.
                (Root::This, Some(field)) => dst.proj.last() != Some(field),
                _ => outside(resolved, func, dst) != Some((home, *kept)),
            })
        })
    }
}

/// The function that the variable belongs to, and what it is there. `None` for one of the function's own.
fn outside(resolved: &Resolved<'_>, mut func: FuncId, place: &Place) -> Option<(FuncId, Place)> {
    let mut root = place.root;
    if place.cut || place.proj.iter().any(|proj| !matches!(proj, Proj::Field(_))) {
        return None;
    }
    let own = !matches!(root, Root::Capture(_) | Root::Global(_) | Root::This);
    while let Root::Capture(i) = root {
        let captured = resolved.captured_place(func, i)?;
        root = captured.is_root().then_some(captured.root)?;
        func = resolved.program.func(func).parent?;
    }
    let program = resolved.program;
    match root {
        Root::Global(_) => Some((program.top_of(func), Place { root, ..*place })),
        Root::This if place.is_root() => None,
        // The same field in every method of a class.
        Root::This => {
            let class = program.func(func).class?;
            Some((program.class(class).methods.first().map_or(func, |(_, first)| *first), Place { root, ..*place }))
        }
        _ => (!own).then_some((func, Place { root, ..*place })),
    }
}

/// What the function writes to and fills with something, in its order.
fn fills(program: &Program, func: FuncId) -> impl Iterator<Item = (OpRef, &Place)> {
    ops(program, func).filter_map(|(at, op)| Some((at, op.dst()?)))
}

/// Control may come to `to` without taking the edge.
fn is_reachable(function: &Function, to: BlockId, without: (BlockId, BlockId)) -> bool {
    let mut seen = vec![false; function.blocks.len()];
    let mut pending = vec![BlockId(0)];
    while let Some(at) = pending.pop() {
        if at == to {
            return true;
        }
        if std::mem::replace(&mut seen[at.0 as usize], true) {
            continue;
        }
        function.block(at).for_each_successor(&mut |next| {
            if (at, next) != without {
                pending.push(next);
            }
        });
    }
    false
}

/// Functions that are stored, returned or put in something, other than what a module defines and exports.
fn stored(resolved: &Resolved<'_>) -> FxHashSet<FuncId> {
    let program = resolved.program;
    let mut out = FxHashSet::default();
    for func in program.func_ids().filter(|func| !program.is_top(*func)) {
        for (_, op) in ops(program, func) {
            let mut keep = |place: &Place| {
                out.extend(resolved.type_of(func, place).into_iter().filter_map(|ty| match ty {
                    Ty::Func(func) => Some(func),
                    _ => None,
                }));
            };
            match op {
                Op::Copy { dst, src, .. } if !dst.is_root() || matches!(dst.root, Root::Result | Root::Global(_)) => {
                    keep(src);
                }
                Op::Build { parts, .. } => parts.iter().for_each(|(_, part)| keep(part)),
                Op::Yield { src: Some(src), .. } => keep(src),
                _ => {}
            }
        }
    }
    out
}
