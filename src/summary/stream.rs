//! Functions that serve a client for as long as it is there: generators that a framework sends, and handlers that send by themselves.
//!
//! A stream is *bounded* when something other than an error ends it: a deadline, a last element, a test whether the client is there, or
//! what its framework does when the client is gone ([`Fate`]).

mod caught;
mod clock;
mod sources;

use self::caught::{any_of, caught, swallows};
use self::sources::{decorated, endless_source, passed_on, runs_beside, to_one};
use super::Summaries;
use crate::catalog::schema::{Disconnect, Fate, LanguageFacts, Role, Symbol};
use crate::ir::loops::{Loop, Way, goes_round_without, loops};
use crate::ir::{
    Arg, BlockId, Callee, Const, FnKind, FuncId, Function, Name, Op, OpRef, Place, Proj, Root, Span, Term,
};
use crate::resolve::{CallInfo, Target, Ty, symbol_args};
use rustc_hash::FxHashMap;
use std::cell::LazyCell;

/// Functions and variables between a stream and the generator that it is made of.
const MAX_STEPS: u32 = 4;

/// Functions between a loop and what sends in it.
const MAX_HELPERS: u32 = 2;

/// A function that serves a client.
#[derive(Clone, Debug)]
pub struct Stream {
    pub server: FuncId,
    /// Where it is given to the framework; `None`: it sends by itself.
    pub response: Option<OpRef>,
    /// What sends it, by its path in the catalogue.
    pub sender: Name,
    pub fate: Fate,
    /// How to end when the client is gone; may be empty.
    pub advice: Name,
    /// The framework keeps the ambient connection of the request until it has ended.
    pub keeps_ambient: bool,
}

/// Why nothing ends a loop of a stream.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Why {
    /// The client's going is not told to it.
    NotTold,
    /// It asks about something that stays as it is when the client goes.
    Blind(Place),
    /// A round can pass in which nothing is sent, and only sending, which is done here, fails when the client is gone.
    SilentRound(Span),
    /// It catches what would end it.
    Swallowed(Span),
    /// It waits, without a limit, for something else than the client.
    Waits(Span),
}

/// A loop of a stream that nothing ends.
#[derive(Clone, Debug)]
pub struct Endless {
    pub found: Loop,
    /// The first op in it.
    pub at: Span,
    pub why: Option<Why>,
    /// It has an end of its own, which need not come soon.
    pub ends: bool,
}

/// All streams of a program, in the order of their functions; of one function first those that are given to something.
pub fn streams(summaries: &Summaries<'_>) -> Vec<Stream> {
    let resolved = summaries.resolved;
    let mut out: Vec<Stream> = Vec::new();
    for (response, info) in resolved.calls() {
        for (symbol, sender) in senders(summaries, info) {
            let (Some(disconnect), Op::Call { args, .. }) = (symbol.disconnect, &resolved.program.op(response).op)
            else {
                continue;
            };
            if !symbol.to.is_empty()
                && !args.iter().any(|arg| is_one_of(summaries, response.func, &arg.place, &symbol.to))
            {
                continue;
            }
            let places = symbol_args(symbol, args).map(|(_, arg)| arg.place).chain(info.receiver);
            for place in places {
                let Some(server) = producer(summaries, response.func, &place, MAX_STEPS) else { continue };
                let fate = fate_of(summaries, server, disconnect);
                let keeps_ambient = symbol.keeps_ambient && !closes_ambient(summaries, info);
                let advice = symbol.advice;
                out.push(Stream { server, response: Some(response), sender, fate, advice, keeps_ambient });
            }
        }
    }
    for server in resolved.program.func_ids() {
        let Some((response, facts)) = decorated(resolved, server) else { continue };
        let Some(symbol) = facts.roles.iter().find(|symbol| symbol.role == Role::Streams) else { continue };
        let Some(disconnect) = symbol.disconnect else { continue };
        let fate = fate_of(summaries, server, disconnect);
        let keeps_ambient = symbol.keeps_ambient;
        let advice = symbol.advice;
        out.push(Stream { server, response: Some(response), sender: facts.path, fate, advice, keeps_ambient });
    }
    let mut next = 0;
    while let Some(outer) = out.get(next).cloned() {
        next += 1;
        for server in passed_on(summaries, &outer) {
            if !out.iter().any(|known| known.server == server) {
                out.push(Stream { server, ..outer.clone() });
            }
        }
    }
    let mut sends = Sends { summaries, known: FxHashMap::default() };
    let callers = LazyCell::new(|| resolved.callers());
    for server in resolved.program.func_ids() {
        let function = resolved.program.func(server);
        if !function.blocks.iter().any(|block| block.loop_header) || function.generator {
            continue;
        }
        if let Some(sender) = sends.of(server, MAX_HELPERS)
            && !runs_beside(resolved, server, &callers)
        {
            out.push(sender.stream(server));
        }
    }
    out.sort_by_key(|stream| (stream.server, stream.response.is_none(), stream.response));
    out.dedup_by_key(|stream| (stream.server, stream.response));
    out
}

/// The function as one that sends to a client by itself, if it does.
pub fn sending(summaries: &Summaries<'_>, func: FuncId) -> Option<Stream> {
    let mut sends = Sends { summaries, known: FxHashMap::default() };
    Some(sends.of(func, MAX_HELPERS)?.stream(func))
}

fn fate_of(summaries: &Summaries<'_>, server: FuncId, disconnect: Disconnect) -> Fate {
    if summaries.resolved.program.func(server).r#async { disconnect.r#async } else { disconnect.sync }
}

/// What the catalogue says about sending of the call, also when it makes an object of a class that extends what sends.
fn senders<'s>(summaries: &'s Summaries<'_>, info: &'s CallInfo<'_>) -> impl Iterator<Item = (&'s Symbol, Name)> {
    let facts = info.targets.iter().filter_map(|target| match target {
        Target::Catalog { facts } => Some(*facts),
        Target::Construct(class) => summaries.resolved.base_facts(*class),
        _ => None,
    });
    facts.flat_map(|facts| {
        let streams = facts.roles.iter().filter(|symbol| symbol.role == Role::Streams);
        streams.map(move |symbol| (symbol, facts.path))
    })
}

/// The call makes an object of a class that closes the connection of the request before it sends anything.
fn closes_ambient(summaries: &Summaries<'_>, info: &CallInfo<'_>) -> bool {
    let resolved = summaries.resolved;
    let classes = info.targets.iter().filter_map(|target| match target {
        Target::Construct(class) => Some(*class),
        _ => None,
    });
    classes.flat_map(|class| resolved.methods(class)).any(|(_, method)| {
        let starts = resolved.program.func(method).kind == FnKind::Constructor;
        starts && resolved.calls_of(method).any(|(_, info)| info.has_role(Role::AmbientRelease))
    })
}

/// The generator function whose values the place gives.
fn producer(summaries: &Summaries<'_>, func: FuncId, place: &Place, steps: u32) -> Option<FuncId> {
    let steps = steps.checked_sub(1)?;
    let program = summaries.resolved.program;
    let mut made = program.ops(func).filter(|(_, instr)| instr.op.dst() == Some(place));
    made.find_map(|(at, instr)| match &instr.op {
        Op::Copy { src, .. } | Op::Await { src, .. } => producer(summaries, func, src, steps),
        Op::Closure { func: made, .. } if program.func(*made).generator => Some(*made),
        Op::Call { args, .. } => summaries.resolved.call(at)?.targets.iter().find_map(|target| match target {
            Target::Project(called) if program.func(*called).generator => Some(*called),
            Target::Project(called) => producer(summaries, *called, &Place::root(Root::Result), steps),
            Target::Catalog { facts } => facts
                .roles
                .iter()
                .filter(|symbol| matches!(symbol.role, Role::Transparent | Role::Takes | Role::Wraps))
                .flat_map(|symbol| symbol_args(symbol, args))
                .find_map(|(_, arg)| producer(summaries, func, &arg.place, steps)),
            _ => None,
        }),
        _ => None,
    })
}

/// The place holds one of the types, by their ids in the catalogue.
fn is_one_of(summaries: &Summaries<'_>, func: FuncId, place: &Place, types: &[Name]) -> bool {
    let resolved = summaries.resolved;
    let is = |ty: &Ty| matches!(ty, Ty::Inst(id) if types.contains(&resolved.catalog.ty(*id).id));
    resolved.type_of(func, place).iter().any(is)
}

/// What a function sends with.
#[derive(Clone, Copy, Debug)]
struct Sender {
    path: Name,
    fate: Fate,
    advice: Name,
}

impl Sender {
    fn stream(self, server: FuncId) -> Stream {
        let Sender { path: sender, fate, advice } = self;
        Stream { server, response: None, sender, fate, advice, keeps_ambient: false }
    }
}

/// Which functions send something to a client.
struct Sends<'s, 'a> {
    summaries: &'s Summaries<'a>,
    /// By function and how many others are followed from it.
    known: FxHashMap<(FuncId, u32), Option<Sender>>,
}

impl Sends<'_, '_> {
    fn of(&mut self, func: FuncId, depth: u32) -> Option<Sender> {
        if let Some(known) = self.known.get(&(func, depth)) {
            return *known;
        }
        let found = self.find(func, depth);
        self.known.insert((func, depth), found);
        found
    }

    fn find(&mut self, func: FuncId, depth: u32) -> Option<Sender> {
        let resolved = self.summaries.resolved;
        let function = resolved.program.func(func);
        for (_, info) in resolved.calls_of(func) {
            if let Some(found) = sends_itself(info).filter(|_| to_one(function, info)) {
                return Some(found);
            }
        }
        // Whom it sends to comes from somewhere: a function that gets nothing looks it up, and serves many.
        if function.params.is_empty() && function.captures.is_empty() && function.class.is_none() {
            return None;
        }
        let deeper = depth.checked_sub(1)?;
        let called: Vec<FuncId> = resolved.calls_of(func).flat_map(|(_, info)| info.functions()).collect();
        called.into_iter().find_map(|called| self.of(called, deeper))
    }
}

fn sends_itself(info: &CallInfo<'_>) -> Option<Sender> {
    let facts = info.targets.iter().filter_map(|target| match target {
        Target::Catalog { facts } => Some(facts),
        _ => None,
    });
    facts
        .flat_map(|facts| facts.roles.iter().map(|symbol| (facts.path, symbol)))
        .find(|(_, symbol)| symbol.role == Role::Sends)
        .and_then(|(path, symbol)| Some(Sender { path, fate: symbol.disconnect?.r#async, advice: symbol.advice }))
}

impl Stream {
    /// The loops of the stream that nothing ends, each with the reason why the client's going does not end it either; `why` is `None` where
    /// it does.
    pub fn endless(&self, summaries: &Summaries<'_>) -> Vec<Endless> {
        let function = summaries.resolved.program.func(self.server);
        let all = loops(function, &summaries.resolved.language().exhaustion);
        let mut out: Vec<Endless> = Vec::new();
        for found in all {
            if out.iter().any(|outer| outer.found.contains(found.header)) {
                continue;
            }
            let sending = self.sending(summaries, &found);
            let is_sending = |block: BlockId| sending.contains(&block);
            if !found.blocks.iter().any(|block| is_sending(*block)) {
                continue;
            }
            let at = span_of(function, &found);
            let language = summaries.resolved.language();
            let source = endless_source(summaries.resolved, self.server, found.header);
            let usual = found.ways_out.iter().filter(|out| !out.on_error);
            let own = usual.filter(|out| out.way != Way::Exhausted || source.is_none());
            let blind = own.map(|out| match &out.way {
                Way::Test(place) => match place.proj.last() {
                    Some(Proj::Field(name)) if language.blind_tests.contains(name) => Some(*place),
                    _ => None,
                },
                _ => None,
            });
            let blind: Option<Vec<Place>> = blind.collect();
            let ends = blind.is_none();
            let why = match blind {
                Some(_) if is_aborted(summaries, self.server, &found) => continue,
                Some(blind) => self.why(summaries, function, &found, &sending, blind.first().copied()),
                None => match self.waits(summaries, function, &found, &is_sending) {
                    Some(wait) => Some(Why::Waits(wait)),
                    None => continue,
                },
            };
            out.push(Endless { found, at, why, ends });
        }
        out
    }

    /// The loops of the stream that look for something to send again and again, until the client is gone or there will be nothing more.
    pub fn polling(&self, summaries: &Summaries<'_>) -> Vec<Endless> {
        let function = summaries.resolved.program.func(self.server);
        let polls = |found: &Loop| {
            let is_exhausted = found.ways_out.iter().any(|out| matches!(out.way, Way::Exhausted));
            !is_exhausted && !self.sending(summaries, found).is_empty() && pauses(summaries, self.server, found)
        };
        let all = loops(function, &summaries.resolved.language().exhaustion).into_iter().filter(polls);
        all.map(|found| {
            let ends = found.ways_out.iter().any(|out| !out.on_error);
            Endless { at: span_of(function, &found), found, why: None, ends }
        })
        .collect()
    }

    /// Why the client's going does not end a loop that nothing else ends.
    fn why(
        &self,
        summaries: &Summaries<'_>,
        function: &Function,
        found: &Loop,
        sending: &[BlockId],
        blind: Option<Place>,
    ) -> Option<Why> {
        let is_sending = |block: BlockId| sending.contains(&block);
        let silent = || {
            let language = summaries.resolved.language();
            let timed = clock::timed(function, found, &language.clocks, &is_sending);
            let speaks = |block: BlockId| is_sending(block) || timed.contains(&block);
            let is = !says_something_anyway(function, found) && rounds_without(language, function, found, &speaks);
            is.then(|| self.sends_in(summaries, function, sending)).flatten().map(Why::SilentRound)
        };
        match self.fate {
            Fate::Cancelled => swallows(summaries.resolved.language(), function, found).map(Why::Swallowed),
            Fate::Ignored => Some(blind.map_or(Why::NotTold, Why::Blind)),
            Fate::Suspended | Fate::AtWrite => {
                let language = summaries.resolved.language();
                let by_hand = self.response.is_none();
                let caught = |block: &BlockId| caught(language, function, found, *block).filter(|_| by_hand);
                // What is said to the client, or heard from it, outside of those handlers ends the loop.
                let ends = |block: BlockId| is_sending(block) && caught(&block).is_none();
                if let Some(at) = sending.iter().find_map(caught)
                    && goes_round_without(function, found, ends)
                {
                    return Some(Why::Swallowed(at));
                }
                self.waits(summaries, function, found, &is_sending).map(Why::Waits).or_else(silent)
            }
        }
    }

    /// Where something is sent first in the blocks.
    fn sends_in(&self, summaries: &Summaries<'_>, function: &Function, blocks: &[BlockId]) -> Option<Span> {
        if self.response.is_some() {
            let instrs = blocks.iter().flat_map(|block| &function.block(*block).instrs);
            return instrs.into_iter().find(|instr| matches!(instr.op, Op::Yield { .. })).map(|instr| instr.span);
        }
        let mut sends = Sends { summaries, known: FxHashMap::default() };
        let mut calls = summaries.resolved.calls_of(self.server).filter(|(at, _)| blocks.contains(&at.block));
        let is = |info: &CallInfo<'_>, sends: &mut Sends<'_, '_>| {
            sends_itself(info).is_some() || info.functions().any(|called| sends.of(called, MAX_HELPERS - 1).is_some())
        };
        let (at, _) = calls.find(|(_, info)| is(info, &mut sends))?;
        Some(summaries.resolved.program.op(at).span)
    }

    /// The blocks of the loop in which something is sent.
    fn sending(&self, summaries: &Summaries<'_>, found: &Loop) -> Vec<BlockId> {
        let function = summaries.resolved.program.func(self.server);
        let mut sends = Sends { summaries, known: FxHashMap::default() };
        let mut out: Vec<BlockId> = Vec::new();
        if self.response.is_some() {
            let yields = |block: &&BlockId| {
                function.block(**block).instrs.iter().any(|instr| matches!(instr.op, Op::Yield { .. }))
            };
            out.extend(found.blocks.iter().filter(yields));
            return out;
        }
        for (at, info) in summaries.resolved.calls_of(self.server).filter(|(at, _)| found.contains(at.block)) {
            let mut helped = || info.functions().any(|called| sends.of(called, MAX_HELPERS - 1).is_some());
            if sends_itself(info).is_some_and(|_| to_one(function, info)) || helped() {
                out.push(at.block);
            }
        }
        out.dedup();
        out
    }

    /// The wait without a limit that each round begins with, before anything is sent or any way out.
    fn waits(
        &self,
        summaries: &Summaries<'_>,
        function: &Function,
        found: &Loop,
        is_sending: &dyn Fn(BlockId) -> bool,
    ) -> Option<Span> {
        if !matches!(self.fate, Fate::AtWrite | Fate::Suspended) {
            return None;
        }
        let resolved = summaries.resolved;
        let source = |header: BlockId| endless_source(resolved, self.server, header);
        if found.ways_out.iter().any(|out| out.way == Way::Exhausted) && source(found.header).is_none() {
            return None;
        }
        let names = &summaries.resolved.language().blocking_waits;
        let mut waits: Vec<(BlockId, Span)> = Vec::new();
        for block in &found.blocks {
            waits.extend(source(*block).map(|at| (*block, at)));
            let instrs = &function.block(*block).instrs;
            for (i, instr) in instrs.iter().enumerate() {
                let Op::Call { dst, callee: Callee::Method { name, .. }, args, .. } = &instr.op else { continue };
                let awaited =
                    instrs[i + 1..].iter().any(|next| matches!(&next.op, Op::Await { src, .. } if src == dst));
                let named = args.is_empty() && names.contains(name) && (awaited || !function.r#async);
                if named && !in_scope(function, found, *block) {
                    waits.push((*block, instr.span));
                }
            }
        }
        let (_, at) = waits.first()?;
        let is_wait = |block: BlockId| waits.iter().any(|(wait, _)| *wait == block);
        let starts_others = summaries.resolved.calls_of(self.server).any(|(_, info)| info.has_role(Role::Spawns));
        let first = !reaches_first(function, found, &is_wait, is_sending);
        (!starts_others && first).then_some(*at)
    }
}

/// The block is in a scope that begins in the loop, and may be one with a limit (`async with asyncio.timeout(15)`).
fn in_scope(function: &Function, found: &Loop, block: BlockId) -> bool {
    let mut around = function.block(block).unwind;
    while let Some(here) = around.filter(|here| found.contains(*here)) {
        let region = function.block(here);
        if region.instrs.iter().any(|instr| matches!(instr.op, Op::Exit { .. })) {
            return true;
        }
        around = region.unwind;
    }
    false
}

/// Something that is sent, or a way out, comes in a round before any block for which `is_stop` holds, or a round can do without one.
fn reaches_first(
    function: &Function,
    found: &Loop,
    is_stop: &dyn Fn(BlockId) -> bool,
    is_sending: &dyn Fn(BlockId) -> bool,
) -> bool {
    let mut seen = vec![false; function.blocks.len()];
    let mut pending = vec![found.header];
    while let Some(at) = pending.pop() {
        if is_stop(at) {
            continue;
        }
        if is_sending(at) {
            return true;
        }
        let mut out = false;
        for_each_usual(function, at, &mut |to| {
            out |= !found.contains(to) || to == found.header;
            if found.contains(to) && !std::mem::replace(&mut seen[to.index()], true) {
                pending.push(to);
            }
        });
        if out {
            return true;
        }
    }
    false
}

/// The blocks that may run next when nothing raises.
fn for_each_usual(function: &Function, at: BlockId, f: &mut dyn FnMut(BlockId)) {
    let block = function.block(at);
    let unwind = block.unwind;
    block.for_each_successor(&mut |to| {
        if Some(to) != unwind {
            f(to);
        }
    });
}

/// A round can be made without a block for which `is_stop` holds, and without an error that only a handler of everything catches.
fn rounds_without(
    language: &LanguageFacts,
    function: &Function,
    found: &Loop,
    is_stop: &dyn Fn(BlockId) -> bool,
) -> bool {
    let general = |block: BlockId| match function.block(block).instrs.first().map(|instr| &instr.op) {
        Some(Op::Catch { types, .. }) => types.len() != 1 || any_of(types, &language.catch_all),
        _ => false,
    };
    goes_round_without(function, found, |block| is_stop(block) || general(block))
}

/// Some of what it yields or sends is a literal, as heartbeats are: it says something even when there is nothing to say.
fn says_something_anyway(function: &Function, found: &Loop) -> bool {
    let literal = |place: &Place| {
        let ops = function.blocks.iter().flat_map(|block| &block.instrs).map(|instr| &instr.op);
        ops.filter(|op| op.dst() == Some(place)).any(|op| matches!(op, Op::Const { value: Const::Str(_), .. }))
    };
    let ops = found.blocks.iter().flat_map(|block| &function.block(*block).instrs).map(|instr| &instr.op);
    let mut yields = ops.filter(|op| matches!(op, Op::Yield { .. }));
    yields.any(|op| match op {
        Op::Yield { src: Some(src), .. } => literal(src),
        _ => true,
    })
}

/// Something in the loop is given what makes it raise when the client is gone, and nothing in the loop catches that.
fn is_aborted(summaries: &Summaries<'_>, func: FuncId, found: &Loop) -> bool {
    let names = &summaries.resolved.language().abort_options;
    let function = summaries.resolved.program.func(func);
    let tells = |arg: &Arg| {
        let by_place = match arg.place.proj.last() {
            Some(Proj::Field(name)) => names.contains(name),
            _ => function.place_name(&arg.place).is_some_and(|name| names.iter().any(|known| *known == name.as_str())),
        };
        by_place || arg.name.is_some_and(|name| names.contains(&name))
    };
    let language = summaries.resolved.language();
    found.blocks.iter().filter(|block| caught(language, function, found, **block).is_none()).any(|block| {
        function.block(*block).instrs.iter().any(|instr| match &instr.op {
            Op::Call { args, .. } => args.iter().any(|arg| tells(arg) || arg.fields.iter().any(tells)),
            _ => false,
        })
    })
}

/// The loop waits in each round, as loops do that look again and again.
fn pauses(summaries: &Summaries<'_>, func: FuncId, found: &Loop) -> bool {
    let function = summaries.resolved.program.func(func);
    let pending = function.block(found.header).pending;
    let within = |at: &OpRef| found.contains(at.block) && function.block(at.block).pending <= pending;
    let mut calls = summaries.resolved.calls_of(func).filter(|(at, _)| within(at));
    calls.any(|(_, info)| summaries.reaches(info, Role::Sleeps, MAX_HELPERS))
}

/// What to show of a loop: what its first round begins with.
fn span_of(function: &Function, found: &Loop) -> Span {
    let header = function.block(found.header);
    let spans = found.blocks.iter().flat_map(|block| &function.block(*block).instrs).map(|instr| instr.span);
    if let Term::Branch { yes, no, .. } = &header.term
        && !(found.contains(*yes) && found.contains(*no))
    {
        return header.term_span;
    }
    spans.min_by_key(|span| span.lo).unwrap_or(header.term_span)
}
