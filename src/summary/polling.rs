//! What one round of a loop, or one tick of a timer, does: how many commands it sends to stores, and how long it waits.
//!
//! The answers err on the side of calm: of several ways through a round the one with the fewest commands counts, of several pauses the
//! longest, and a pause that nobody knows makes the whole round unknown.

mod delay;
mod touch;
mod ways;

use self::delay::Delay;
use self::touch::{Locals, Touch};
use self::ways::Ways;
use super::Summaries;
use crate::catalog::schema::{Invocation, Role, Symbol};
use crate::catalog::{SymbolFacts, TypeId};
use crate::ir::loops::{Loop, loops};
use crate::ir::{Arg, BlockId, Callee, FuncId, Function, Instr, Name, Op, OpRef, Place, Span};
use crate::resolve::{CallInfo, Target, Ty, Values, symbol_args};
use rustc_hash::FxHashMap;
use std::cell::RefCell;
use std::collections::BTreeMap;

/// Functions of the program that a round is followed into, each called by the one before.
const MAX_DEPTH: u32 = 3;

/// Blocks of a function whose ways are looked at.
const MAX_BLOCKS: usize = 400;

/// A use of something that the catalogue describes.
#[derive(Clone, Debug)]
pub struct Use {
    pub at: Span,
    /// What is used, as people call it.
    pub noun: String,
    pub symbol: Name,
}

/// What happens on a way through some code.
#[derive(Clone, Debug, Default)]
pub struct Pace {
    /// Sent to stores.
    pub commands: u32,
    pub command: Option<Use>,
    /// Spent waiting, as far as it is known.
    pub seconds: f64,
    pub sleep: Option<Span>,
    /// It also waits for as long as nobody knows: for a time that is computed, or for a store to answer.
    pub unsteady: bool,
    /// Something of the catalogue is used, whatever it is.
    pub used: Option<Use>,
}

impl Pace {
    fn then(&mut self, next: &Pace) {
        self.commands += next.commands;
        self.seconds += next.seconds;
        self.unsteady |= next.unsteady;
        for (mine, other) in [(&mut self.command, &next.command), (&mut self.used, &next.used)] {
            if mine.is_none() {
                mine.clone_from(other);
            }
        }
        self.sleep = self.sleep.or(next.sleep);
    }
}

/// A loop and what a round of it does.
pub struct Round {
    pub func: FuncId,
    pub looped: Loop,
    /// A way that sends a command and waits, if there is one.
    pub pace: Option<Pace>,
    /// What is used in it.
    pub used: Option<Use>,
}

/// A function that is called again and again, with the same pause each time.
pub struct Ticks {
    /// Where that is asked for.
    pub at: OpRef,
    pub callback: FuncId,
    /// Between two calls.
    pub seconds: f64,
    /// It asks for it itself, each time anew.
    pub itself: bool,
}

/// Answers such questions about one program.
pub struct Polling<'s, 'a> {
    pub summaries: &'s Summaries<'a>,
    values: Values<'a>,
    paces: RefCell<FxHashMap<FuncId, Option<Pace>>>,
}

impl<'s, 'a> Polling<'s, 'a> {
    pub fn new(summaries: &'s Summaries<'a>) -> Self {
        let values = Values::new(summaries.resolved, summaries.regions);
        Polling { summaries, values, paces: RefCell::default() }
    }

    /// Something in the program goes on by itself.
    pub fn may_matter(summaries: &Summaries<'_>) -> bool {
        let resolved = summaries.resolved;
        let loops = |func: FuncId| resolved.program.func(func).blocks.iter().any(|block| block.loop_header);
        let repeats = |info: &CallInfo<'_>| info.has_role(Role::Repeats) || info.has_role(Role::Sleeps);
        resolved.program.func_ids().any(loops) || resolved.calls().any(|(_, info)| repeats(info))
    }

    /// The loops of a function that use something of the catalogue.
    pub fn rounds(&self, func: FuncId) -> Vec<Round> {
        let function = self.function(func);
        if function.blocks.len() > MAX_BLOCKS || !function.blocks.iter().any(|block| block.loop_header) {
            return Vec::new();
        }
        let locals = self.locals(func);
        loops(function, &self.summaries.resolved.language().exhaustion)
            .into_iter()
            .filter_map(|looped| self.round(func, looped, &locals))
            .collect()
    }

    fn round(&self, func: FuncId, looped: Loop, locals: &Locals) -> Option<Round> {
        let function = self.function(func);
        let depth = function.block(looped.header).loop_depth;
        let inner = |block: BlockId| function.block(block).loop_depth > depth;
        let mut paces: BTreeMap<BlockId, Pace> = BTreeMap::new();
        for block in &looped.blocks {
            let mut pace = self.block(func, *block, locals, MAX_DEPTH);
            if inner(*block) {
                // It has rounds of its own, nobody knows how many.
                pace = Pace { used: pace.used, unsteady: pace.unsteady || pace.sleep.is_some(), ..Pace::default() };
            }
            paces.insert(*block, pace);
        }
        let used = paces.values().find_map(|pace| pace.used.clone())?;
        let ways = Ways {
            function,
            inside: &|block| looped.contains(block),
            goal: Some(looped.header),
            cost: &|block| paces.get(&block).cloned().unwrap_or_default(),
        };
        let found = ways.cheapest(looped.header);
        let pace = found.way.map(|mut pace| {
            for block in &found.seen {
                let Some(other) = paces.get(block) else { continue };
                pace.unsteady |= other.unsteady;
                pace.seconds = pace.seconds.max(other.seconds);
            }
            pace
        });
        Some(Round { func, pace: pace.filter(|pace| pace.sleep.is_some()), looped, used: Some(used) })
    }

    /// The timers that a function starts, and whether it has itself called again later.
    pub fn ticks(&self, func: FuncId) -> Vec<Ticks> {
        let mut out = Vec::new();
        self.each_call(func, |at, args, info| {
            let Some(facts) = catalogued(info) else { return };
            let delay = |role| {
                let symbol = facts.roles.iter().find(|symbol| symbol.role == role)?;
                Some((symbol, self.length(func, symbol, args)))
            };
            if let Some((_, seconds)) = delay(Role::Repeats) {
                let Some(seconds) = seconds else { return };
                let mut callbacks = args.first().map(|arg| self.functions(func, &arg.place)).unwrap_or_default();
                if callbacks.is_empty() {
                    callbacks = self.fed_by(at);
                    // One of them is what it is for.
                    callbacks.sort_by_key(|callback| std::cmp::Reverse(self.pace(*callback).commands));
                    callbacks.truncate(1);
                }
                out.extend(callbacks.into_iter().map(|callback| Ticks { at, callback, seconds, itself: false }));
            } else if let (Some((_, seconds)), Some(called)) = (delay(Role::Sleeps), later(facts)) {
                let given = symbol_args(called, args).flat_map(|(_, arg)| self.functions(func, &arg.place));
                let calls_back = |callback: FuncId| callback == func || self.only_calls(callback, func);
                if given.into_iter().any(calls_back) && !self.can_go_without(func, at.block) {
                    let seconds = seconds.unwrap_or(f64::INFINITY);
                    out.push(Ticks { at, callback: func, seconds, itself: true });
                }
            }
        });
        out
    }

    /// The functions that are called with what the result of a call, a stream of ticks, gives: `interval(500).pipe(switchMap(poll))`.
    fn fed_by(&self, at: OpRef) -> Vec<FuncId> {
        let instrs = || self.function(at.func).blocks.iter().flat_map(|block| &block.instrs);
        let Op::Call { dst, .. } = &self.summaries.resolved.program.op(at).op else { return Vec::new() };
        let mut stages = vec![*dst];
        let mut out = Vec::new();
        for instr in instrs() {
            match &instr.op {
                Op::Call { dst, callee: Callee::Method { recv, .. }, args, .. } if stages.contains(recv) => {
                    stages.push(*dst);
                    for arg in args {
                        out.extend(self.functions(at.func, &arg.place));
                        let made = instrs().filter_map(|instr| match &instr.op {
                            Op::Call { dst, args, .. } if *dst == arg.place => args.first(),
                            _ => None,
                        });
                        out.extend(made.flat_map(|inner| self.functions(at.func, &inner.place)));
                    }
                }
                Op::Copy { dst, src, .. } if stages.contains(src) && dst.is_root() => stages.push(*dst),
                _ => {}
            }
        }
        out
    }

    /// What a call of the function does at least, when it does anything.
    pub fn pace(&self, func: FuncId) -> Pace {
        self.pace_within(func, MAX_DEPTH)
    }

    fn pace_within(&self, func: FuncId, depth: u32) -> Pace {
        if let Some(known) = self.paces.borrow().get(&func) {
            return known.clone().unwrap_or_default();
        }
        let function = self.function(func);
        let Some(depth) = depth.checked_sub(1) else { return Pace::default() };
        if function.blocks.len() > MAX_BLOCKS {
            return Pace::default();
        }
        self.paces.borrow_mut().insert(func, None);
        let locals = self.locals(func);
        let paces: Vec<Pace> = (0..function.blocks.len() as u32)
            .map(|block| {
                let pace = self.block(func, BlockId(block), &locals, depth);
                match function.block(BlockId(block)).loop_depth {
                    0 => pace,
                    _ => Pace { unsteady: pace.unsteady || pace.sleep.is_some(), sleep: None, seconds: 0.0, ..pace },
                }
            })
            .collect();
        let ways = Ways {
            function,
            inside: &|_| true,
            goal: None,
            cost: &|block: BlockId| paces.get(block.index()).cloned().unwrap_or_default(),
        };
        let found = ways.cheapest(BlockId::ENTRY);
        let mut pace = found.way.unwrap_or_default();
        for other in found.seen.iter().filter_map(|block| paces.get(block.index())) {
            pace.unsteady |= other.unsteady;
            pace.seconds = pace.seconds.max(other.seconds);
            pace.sleep = pace.sleep.or(other.sleep);
            if pace.used.is_none() {
                pace.used.clone_from(&other.used);
            }
        }
        // What was found with little depth left is not the answer for those who ask with more.
        match depth + 1 {
            MAX_DEPTH => self.paces.borrow_mut().insert(func, Some(pace.clone())),
            _ => self.paces.borrow_mut().remove(&func),
        };
        pace
    }

    fn function(&self, func: FuncId) -> &'a Function {
        self.summaries.resolved.program.func(func)
    }

    fn each_call(&self, func: FuncId, mut f: impl FnMut(OpRef, &'a [Arg], &CallInfo<'a>)) {
        for (at, info) in self.summaries.resolved.calls_of(func) {
            if let Op::Call { args, .. } = &self.summaries.resolved.program.op(at).op {
                f(at, args, info);
            }
        }
    }

    fn block(&self, func: FuncId, block: BlockId, locals: &Locals, depth: u32) -> Pace {
        let mut pace = Pace::default();
        for (i, instr) in self.function(func).block(block).instrs.iter().enumerate() {
            let at = OpRef { func, block, op: i as u32 };
            pace.then(&self.call(at, instr, locals, depth));
        }
        pace
    }

    /// Nothing, when the op is no call.
    fn call(&self, at: OpRef, instr: &'a Instr, locals: &Locals, depth: u32) -> Pace {
        let (Op::Call { dst, callee, args, .. }, Some(info)) = (&instr.op, self.summaries.resolved.call(at)) else {
            return Pace::default();
        };
        let span = instr.span;
        let mut pace = Pace::default();
        let awaited = locals.awaited.contains(dst);
        if let Some((touch, symbol)) = self.touch(at, callee, args, info, locals) {
            let used = Use { at: span, noun: self.noun(symbol), symbol: self.summaries.resolved.catalog.ty(symbol).id };
            pace.used = Some(used.clone());
            match touch {
                Touch::Command => (pace.commands, pace.command) = (1, Some(used)),
                Touch::Waits => pace.unsteady = true,
                Touch::Other => {}
            }
            return pace;
        }
        let sleeps = |seconds: Option<f64>| match seconds {
            Some(seconds) => Pace { seconds, sleep: Some(span), ..Pace::default() },
            None => Pace { unsteady: true, ..Pace::default() },
        };
        if let Some(facts) = catalogued(info) {
            let symbol = facts.roles.iter().find(|symbol| symbol.role == Role::Sleeps);
            if let Some(symbol) = symbol.filter(|symbol| later(facts).is_none() && (awaited || !symbol.awaited)) {
                return sleeps(self.length(at.func, symbol, args));
            }
        }
        let mut functions = info.functions();
        let (Some(called), None) = (functions.next(), functions.next()) else { return pace };
        let function = self.function(called);
        let lazy = function.r#async && !self.summaries.resolved.language().eager_await;
        if function.generator || called == at.func {
            return pace;
        }
        match self.delay(called) {
            Some(delay) if awaited || !self.must_be_awaited(called) => {
                let given = |param| {
                    let mut given = args.iter().enumerate();
                    given.find(|(position, arg)| function.param_for(*position, arg) == Some(param))
                };
                sleeps(match delay {
                    Delay::Known(seconds) => Some(seconds),
                    Delay::Param(param, factor) => {
                        given(param).and_then(|(_, arg)| self.values.number(at.func, arg)).map(|n| n * factor)
                    }
                    Delay::Unknown => None,
                })
            }
            Some(_) => pace,
            None => {
                pace = self.pace_within(called, depth);
                if function.r#async && !awaited {
                    // It goes on by itself.
                    (pace.seconds, pace.sleep) = (0.0, None);
                    if lazy {
                        pace.unsteady = false;
                    }
                }
                // Where it is sent from is of more interest here than where it is sent.
                pace
            }
        }
    }

    fn must_be_awaited(&self, func: FuncId) -> bool {
        self.function(func).r#async || self.summaries.resolved.language().eager_await
    }

    /// The functions that a value stands for; also what a method of a function gives (`this.poll.bind(this)`).
    pub fn functions(&self, func: FuncId, place: &Place) -> Vec<FuncId> {
        let of = |place: &Place| -> Vec<FuncId> {
            let types = self.summaries.resolved.type_of(func, place);
            types.iter().filter_map(|ty| if let Ty::Func(func) = ty { Some(*func) } else { None }).collect()
        };
        let known = of(place);
        if !known.is_empty() {
            return known;
        }
        let instrs = self.function(func).blocks.iter().flat_map(|block| &block.instrs);
        let bound = instrs.filter_map(|instr| match &instr.op {
            Op::Call { dst, callee: Callee::Method { recv, .. }, .. } if dst == place => Some(of(recv)),
            _ => None,
        });
        bound.flatten().collect()
    }

    /// The closure calls the function.
    fn only_calls(&self, closure: FuncId, func: FuncId) -> bool {
        let mut calls = false;
        self.each_call(closure, |_, _, info| {
            calls |= info.functions().any(|called| called == func);
        });
        calls
    }

    /// The function can be left normally without passing the block.
    fn can_go_without(&self, func: FuncId, block: BlockId) -> bool {
        let function = self.function(func);
        let ways = Ways { function, inside: &|at| at != block, goal: None, cost: &|_| Pace::default() };
        block != BlockId::ENTRY && ways.leaves(BlockId::ENTRY, block)
    }

    fn noun(&self, ty: TypeId) -> String {
        let catalog = self.summaries.resolved.catalog;
        catalog.resource(ty).map_or_else(|| catalog.ty(ty).id.to_string(), |resource| resource.noun.clone())
    }
}

/// What the catalogue says about the callee, when it is the only one.
fn catalogued<'i>(info: &'i CallInfo<'_>) -> Option<&'i SymbolFacts> {
    match info.targets.as_slice() {
        [Target::Catalog { facts }] => Some(facts),
        _ => None,
    }
}

/// What a callable calls later.
fn later(facts: &SymbolFacts) -> Option<&Symbol> {
    facts.roles.iter().find(|symbol| {
        symbol.role == Role::Invokes && matches!(symbol.how, Some(Invocation::LaterOnce | Invocation::LaterMany))
    })
}
