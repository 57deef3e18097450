//! What is wrong with streams.

use super::{Claim, FileScope, decide_claim};
use crate::catalog::Resource;
use crate::catalog::schema::{Connects, Fate, OnDrop, ResourceKind, Role};
use crate::checks::{
    Draft, Subject, connection_held_while_streaming, stream_without_disconnect_cleanup, unbounded_stream,
};
use crate::finding::{Confidence, Finding, Growth};
use crate::flow::{Callees, ExitKind, Leak, Rel, Start};
use crate::ir::{BlockId, FuncId, Function, Name, Op, OpRef, Place, Root, Span};
use crate::summary::ambient::Ambient;
use crate::summary::departure::Serving;
use crate::summary::dependency::Dependencies;
use crate::summary::listeners::Listeners;
use crate::summary::polling::Polling;
use crate::summary::stream::{Endless, Stream, Why, sending, streams};
use crate::summary::{Case, Summaries};
use rustc_hash::FxHashMap;
use std::rc::Rc;

/// Functions that a stream may call for what it waits for.
const MAX_DEPTH: u32 = 2;

/// Callers asked for what they did before the stream began.
const MAX_CALLERS: u32 = 2;

struct Judge<'s, 'a> {
    summaries: &'s Summaries<'a>,
    scopes: &'s [FileScope],
    all: &'s [(FuncId, Rc<Vec<Case>>)],
    ambient: Ambient<'s, 'a>,
    dependencies: Dependencies<'s, 'a>,
    callers: FxHashMap<FuncId, Vec<OpRef>>,
    out: Vec<Finding>,
}

/// What is released by listeners, what timers hold that send to a client, and listeners that stay. `all` as in [`judge_streams`].
pub(super) fn judge_departures(
    summaries: &Summaries<'_>,
    scopes: &[FileScope],
    all: &[(FuncId, Rc<Vec<Case>>)],
) -> Vec<Finding> {
    let Some(serving) = Serving::new(summaries) else { return Vec::new() };
    let mut out = Vec::new();
    for case in all.iter().flat_map(|(_, cases)| cases.iter()) {
        let Some(subject) = Subject::new(summaries, case) else { continue };
        let unheard = serving.unheard(summaries, case);
        let draft = unheard.map(|unheard| stream_without_disconnect_cleanup::detect_unheard(&subject, &unheard));
        let held = || {
            let started = serving.ticking(summaries, case).filter(|_| subject.resource.is_slot())?;
            Some(connection_held_while_streaming::detect_ticking(&subject, started))
        };
        let Some(draft) = draft.or_else(held) else { continue };
        let scope = &scopes[summaries.resolved.program.module_of(case.func).index()];
        let (subject, symbol) = (subject.described(), case.token.symbol);
        let claim = Claim { draft, func: case.func, subject, symbol, growth: Growth::Subscriber };
        out.extend(decide_claim(summaries, claim, scope));
    }
    let program = summaries.resolved.program;
    let listeners = Listeners::new(summaries, &serving);
    for func in program.func_ids() {
        for left in listeners.left(func) {
            let draft = stream_without_disconnect_cleanup::detect_listener(summaries, &left);
            let subject = format!("listener of `{}`", left.emitter);
            let symbol = left.event.unwrap_or(program.func(func).name);
            let claim = Claim { draft, func, subject, symbol, growth: Growth::Subscriber };
            out.extend(decide_claim(summaries, claim, &scopes[program.module_of(func).index()]));
        }
    }
    out
}

/// Functions that send something to a client and have themselves called again, whether it is there or not.
pub(super) fn judge_again(summaries: &Summaries<'_>, scopes: &[FileScope]) -> Vec<Finding> {
    if !Polling::may_matter(summaries) {
        return Vec::new();
    }
    let program = summaries.resolved.program;
    let polling = Polling::new(summaries);
    let mut out = Vec::new();
    for func in program.func_ids() {
        let Some(again) = polling.ticks(func).into_iter().find(|ticks| ticks.itself && ticks.callback == func) else {
            continue;
        };
        // Who keeps the handle may clear it.
        let handle = program.op(again.at).op.dst().copied();
        let instrs = program.func(func).blocks.iter().flat_map(|block| &block.instrs);
        let kept = instrs.map(|instr| &instr.op).any(|op| {
            !matches!(op, Op::Drop { .. }) && handle.is_some_and(|handle| op.reads_any(|place| *place == handle))
        });
        let Some(stream) = sending(summaries, func).filter(|stream| !kept && stream.fate == Fate::Ignored) else {
            continue;
        };
        let draft = unbounded_stream::detect_again(summaries, &stream, program.op(again.at).span);
        let (subject, symbol) = ("stream".to_owned(), stream.sender);
        let claim = Claim { draft, func, subject, symbol, growth: Growth::Subscriber };
        out.extend(decide_claim(summaries, claim, &scopes[program.module_of(func).index()]));
    }
    out
}

/// `all`: the acquisitions of the program, by function.
pub(super) fn judge_streams(
    summaries: &Summaries<'_>,
    scopes: &[FileScope],
    all: &[(FuncId, Rc<Vec<Case>>)],
) -> Vec<Finding> {
    let found = streams(summaries);
    if found.is_empty() {
        return Vec::new();
    }
    let callers = summaries.resolved.callers();
    let (ambient, dependencies) = (Ambient::new(summaries), Dependencies::new(summaries));
    let mut judge = Judge { summaries, scopes, all, ambient, dependencies, callers, out: Vec::new() };
    let mut last = None;
    for stream in &found {
        // One generator that several responses send is one defect.
        if last.replace(stream.server) != Some(stream.server) {
            judge.stream(stream);
        }
    }
    judge.out
}

impl Judge<'_, '_> {
    fn stream(&mut self, stream: &Stream) {
        let endless = stream.endless(self.summaries);
        let used = self.ambient.used_in(stream.server).filter(|_| stream.keeps_ambient);
        let closed = self.ambient.closed_in(stream.server).next().is_some();
        let used = used.filter(|_| !closed);
        for endless in &endless {
            if let Some(draft) = unbounded_stream::detect(self.summaries, stream, endless, used) {
                self.claim(stream, draft, "stream".to_owned(), stream.sender);
            }
            if let Some(Why::Waits(wait)) = endless.why {
                let draft = stream_without_disconnect_cleanup::detect_wait(self.summaries, stream, endless, wait);
                self.claim(stream, draft, "stream".to_owned(), stream.sender);
            }
        }
        self.held(stream, &endless);
        self.kept(stream, &endless);
        self.entered(stream, &endless);
        if stream.keeps_ambient && !closed {
            self.ambient(stream, &endless, used);
        }
    }

    /// What the server itself opens.
    fn held(&mut self, stream: &Stream, endless: &[Endless]) {
        let Some((_, cases)) = self.all.get(stream.server.index()) else { return };
        let polling = if cases.is_empty() { Vec::new() } else { stream.polling(self.summaries) };
        for case in cases.iter() {
            let Some(subject) = Subject::new(self.summaries, case) else { continue };
            let (Start::Acquire { at, .. }, Some(first)) = (&case.token.start, case.outcome.held.first()) else {
                continue;
            };
            let at_yield = self.summaries.resolved.program.op(*first).span;
            let symbol = case.token.symbol;
            if self.lost_at_yield(stream, case, &subject) {
                let draft = stream_without_disconnect_cleanup::detect(&subject, stream, at_yield);
                let subject = subject.described();
                self.claim(stream, draft, subject, symbol);
                continue;
            }
            let within = |endless: &&Endless| {
                !endless.found.contains(at.block)
                    && case.outcome.held.iter().any(|held| endless.found.contains(held.block))
            };
            if let Some(endless) = endless.iter().chain(&polling).find(within).filter(|_| subject.resource.is_slot()) {
                let draft = connection_held_while_streaming::detect(&subject, stream, endless);
                let subject = subject.described();
                self.claim(stream, draft, subject, symbol);
            }
        }
    }

    /// What context managers of the program that the server enters keep open around its yields.
    fn entered(&mut self, stream: &Stream, endless: &[Endless]) {
        let program = self.summaries.resolved.program;
        let function = program.func(stream.server);
        let suspended = stream.fate == Fate::Suspended && stream.response.is_some();
        for (cleanup, manager) in exits(function) {
            let Some((call, case)) = self.kept_by(stream.server, &manager, MAX_DEPTH) else { continue };
            let Some(subject) = Subject::new(self.summaries, case) else { continue };
            let inside = |block: BlockId| is_around(function, cleanup, block);
            let mut yields = yields(function).into_iter().filter(|(block, ..)| inside(*block)).peekable();
            let first = yields.peek().map(|(.., span)| *span);
            // A last word before it is left is not where clients go.
            let depth = function.block(cleanup).loop_depth;
            let long = yields.find(|(block, delegate, _)| *delegate || function.block(*block).loop_depth > depth);
            let at_yield = long.map(|(.., span)| span).or(first);
            let within = endless.iter().find(|endless| inside(endless.found.header));
            let mut draft = match (at_yield.filter(|_| suspended), within) {
                (Some(at_yield), _) => stream_without_disconnect_cleanup::detect(&subject, stream, at_yield),
                (None, Some(endless)) => connection_held_while_streaming::detect(&subject, stream, endless),
                (None, None) => continue,
            };
            draft.at = call;
            let sure = within.is_some() || long.is_some();
            draft.confidence = draft.confidence.min(if sure { Confidence::Medium } else { Confidence::Low });
            let subject = subject.described();
            self.claim(stream, draft, subject, case.token.symbol);
        }
    }

    /// The connection, checkout or session that the context manager keeps around its `yield`, and the call that makes the manager.
    fn kept_by(&self, func: FuncId, manager: &Place, depth: u32) -> Option<(Span, &Case)> {
        let resolved = self.summaries.resolved;
        let deeper = depth.checked_sub(1)?;
        let made = |at: &OpRef| resolved.program.op(*at).op.dst() == Some(manager);
        let (at, info) = resolved.calls_of(func).find(|(at, _)| made(at))?;
        let manages = |called: &FuncId| resolved.decorator_roles(*called).contains(&Role::ContextManager);
        info.functions().filter(manages).find_map(|called| {
            let (_, cases) = self.all.get(called.index())?;
            let is_slot = |case: &Case| self.summaries.resource(case.token.kind).is_some_and(Resource::is_slot);
            let own = cases.iter().find(|case| !case.outcome.held.is_empty() && is_slot(case));
            let of_others = || {
                let mut exits = exits(resolved.program.func(called)).into_iter();
                exits.find_map(|(_, manager)| self.kept_by(called, &manager, deeper)).map(|(_, case)| case)
            };
            Some((resolved.program.op(at).span, own.or_else(of_others)?))
        })
    }

    /// The client's going leaves it open.
    fn lost_at_yield(&self, stream: &Stream, case: &Case, subject: &Subject<'_>) -> bool {
        if stream.response.is_none() {
            return false;
        }
        match stream.fate {
            Fate::Suspended => true,
            // Without a `finally`; where dropping the generator closes it that does not matter.
            Fate::Cancelled | Fate::AtWrite => {
                let dropped = subject.resource.on_drop == OnDrop::Closes
                    && !self.summaries.resolved.program.func(stream.server).r#async;
                // A cleanup that is itself cancelled is another matter.
                let blocks = &self.summaries.resolved.program.func(stream.server).blocks;
                let in_cleanup = |leak: &Leak| {
                    let mut cleanups = blocks.iter().filter(|block| block.pending > 0).flat_map(|block| &block.instrs);
                    cleanups.any(|instr| leak.steps.iter().any(|step| step.span == instr.span))
                };
                let mut leaks = case.outcome.leaks.iter().filter(|leak| leak.kind == ExitKind::Cancel && !leak.shared);
                !dropped && case.outcome.settled() && leaks.any(|leak| !in_cleanup(leak))
            }
            Fate::Ignored => false,
        }
    }

    /// What dependencies of the handler keep open. Streams that end by themselves need it if they use it.
    fn kept(&mut self, stream: &Stream, endless: &[Endless]) {
        let Some(response) = stream.response else { return };
        let program = self.summaries.resolved.program;
        let forever =
            endless.first().map(|endless| (endless.at, "and this loop goes on for as long as the client stays"));
        for kept in self.dependencies.of(response.func) {
            let param = program.func(response.func).params.iter().position(|param| param.name == kept.param);
            let given = param.map(|i| Place::root(Root::Param(i as u16)));
            let used = given.is_some_and(|given| self.reaches(response, stream.server, &given));
            let waits = || if used { None } else { self.waits_for(stream.server, MAX_DEPTH) };
            let Some(long) = forever.or_else(|| Some((waits()?, "and the stream goes to another server here"))) else {
                continue;
            };
            let cases = self.summaries.cases(kept.dependency);
            let Some(subject) = cases.get(kept.case).and_then(|case| Subject::new(self.summaries, case)) else {
                continue;
            };
            // What connects at the first use holds nothing before.
            let lazy = subject.resource.connects == Connects::Lazy || subject.resource.kind == ResourceKind::Session;
            if lazy && !used && !given.is_some_and(|given| self.is_called(response.func, &given)) {
                continue;
            }
            // The handler itself closes it, and the stream does not open it again.
            let closes = |given: &Place| {
                let effect = self.summaries.effect(response.func, given, subject.case.token.kind);
                matches!(effect.release, Rel::OnNormal | Rel::Always)
            };
            if !used && given.as_ref().is_some_and(closes) {
                continue;
            }
            let at = program.op(response).span;
            let draft = connection_held_while_streaming::detect_kept(&subject, stream, &kept, at, long);
            let (described, symbol) = (subject.described(), subject.case.token.symbol);
            self.claim(stream, draft, described, symbol);
            // One is enough to say what is wrong with the response.
            return;
        }
    }

    /// The function calls a method of what the place holds, or gives it to another one.
    fn is_called(&self, func: FuncId, place: &Place) -> bool {
        let blocks = &self.summaries.resolved.program.func(func).blocks;
        blocks.iter().flat_map(|block| &block.instrs).any(|instr| match &instr.op {
            Op::Call { .. } => instr.op.reads_any(|read| read.root == place.root),
            _ => false,
        })
    }

    /// The stream is given what the place holds: as an argument of the call that makes it, or because it captures it.
    fn reaches(&self, response: OpRef, server: FuncId, place: &Place) -> bool {
        let resolved = self.summaries.resolved;
        let captured = resolved.program.func(server).parent == Some(response.func)
            && resolved.captured_places(server).iter().any(|captured| captured.root == place.root);
        let given = || {
            resolved.calls_of(response.func).filter(|(_, info)| info.functions().any(|called| called == server)).any(
                |(at, _)| match &resolved.program.op(at).op {
                    Op::Call { args, .. } => args.iter().any(|arg| arg.place.root == place.root),
                    _ => false,
                },
            )
        };
        captured || given()
    }

    /// The connection of the request. `used`: where the stream uses it itself.
    fn ambient(&mut self, stream: &Stream, endless: &[Endless], used: Option<Span>) {
        let Some(response) = stream.response else { return };
        let program = self.summaries.resolved.program;
        let at_response = program.op(response).span;
        let forever =
            endless.first().map(|endless| (endless.at, "and this loop goes on for as long as the client stays"));
        let (used, at) = match used {
            Some(used) => (used, used),
            None => {
                let Some(used) = self.used_before(response, MAX_CALLERS) else { return };
                (used, at_response)
            }
        };
        // A stream that ends needs the connection if it uses it.
        let waits = || {
            let span = self.waits_for(stream.server, MAX_DEPTH)?;
            Some((span, "and the stream goes to another server here"))
        };
        let own = at != at_response;
        let Some(long) = forever.or_else(|| if own { None } else { waits() }) else { return };
        let draft = connection_held_while_streaming::detect_ambient(self.summaries, stream, used, at, long);
        self.claim(stream, draft, "database connection of the request".to_owned(), stream.sender);
    }

    /// Where the connection of the request was used before the response is made: in its function or in those that call it.
    fn used_before(&self, at: OpRef, depth: u32) -> Option<Span> {
        if let Some(used) = self.ambient.used_before(at) {
            return Some(used);
        }
        let deeper = depth.checked_sub(1)?;
        let callers = self.callers.get(&at.func).map_or(&[][..], Vec::as_slice);
        callers.iter().filter(|caller| caller.func != at.func).find_map(|caller| self.used_before(*caller, deeper))
    }

    /// Where the stream opens something of another server.
    fn waits_for(&self, func: FuncId, depth: u32) -> Option<Span> {
        let (_, cases) = self.all.get(func.index())?;
        let remote = |case: &&Case| {
            self.summaries
                .resource(case.token.kind)
                .is_some_and(|resource| !matches!(resource.kind, ResourceKind::Timer | ResourceKind::Task))
        };
        if let Some(case) = cases.iter().find(remote) {
            return Some(case.token.span);
        }
        let deeper = depth.checked_sub(1)?;
        let calls: Vec<(OpRef, Vec<FuncId>)> =
            self.summaries.resolved.calls_of(func).map(|(at, info)| (at, info.functions().collect())).collect();
        calls.iter().find_map(|(at, called)| {
            let found = called.iter().any(|called| *called != func && self.waits_for(*called, deeper).is_some());
            found.then(|| self.summaries.resolved.program.op(*at).span)
        })
    }

    fn claim(&mut self, stream: &Stream, draft: Draft, subject: String, symbol: Name) {
        let module = self.summaries.resolved.program.module_of(stream.server);
        let claim = Claim { draft, func: stream.server, subject, symbol, growth: Growth::Subscriber };
        self.out.extend(decide_claim(self.summaries, claim, &self.scopes[module.index()]));
    }
}

/// The scopes of the function: the block in which each ends, and its manager.
fn exits(function: &Function) -> Vec<(BlockId, Place)> {
    let blocks = (0..).map(BlockId).zip(&function.blocks);
    let all = blocks.flat_map(|(id, block)| block.instrs.iter().map(move |instr| (id, &instr.op)));
    all.filter_map(|(id, op)| if let Op::Exit { manager, .. } = op { Some((id, *manager)) } else { None }).collect()
}

/// The yields of the function: the block, whether it goes through another generator, and the place.
fn yields(function: &Function) -> Vec<(BlockId, bool, Span)> {
    let blocks = (0..).map(BlockId).zip(&function.blocks);
    let all = blocks.flat_map(|(id, block)| block.instrs.iter().map(move |instr| (id, instr)));
    all.filter_map(|(id, instr)| match instr.op {
        Op::Yield { delegate, .. } => Some((id, delegate, instr.span)),
        _ => None,
    })
    .collect()
}

/// What is raised in the block comes through `cleanup`.
fn is_around(function: &Function, cleanup: BlockId, block: BlockId) -> bool {
    let mut around = function.block(block).unwind;
    // Regions are created from the outer to the inner ones: no chain is longer than the function.
    for _ in 0..function.blocks.len() {
        match around {
            Some(here) if here == cleanup => return true,
            Some(here) => around = function.block(here).unwind,
            None => return false,
        }
    }
    false
}
