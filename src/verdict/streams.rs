//! What is wrong with streams.

use super::{Claim, FileScope, decide_claim};
use crate::catalog::schema::{Fate, OnDrop, ResourceKind};
use crate::checks::{
    Draft, Subject, connection_held_while_streaming, stream_without_disconnect_cleanup, unbounded_stream,
};
use crate::finding::{Finding, Growth};
use crate::flow::{ExitKind, Leak, Start};
use crate::ir::{FuncId, Name, OpRef, Span};
use crate::summary::ambient::Ambient;
use crate::summary::departure::Serving;
use crate::summary::stream::{Endless, Stream, Why, streams};
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
    callers: FxHashMap<FuncId, Vec<OpRef>>,
    out: Vec<Finding>,
}

/// What is released by listeners, and what timers hold that send to a client. `all` as in [`judge_streams`].
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
            let started = serving.ticking(summaries, case).filter(|_| is_slot(&subject))?;
            Some(connection_held_while_streaming::detect_ticking(&subject, started))
        };
        let Some(draft) = draft.or_else(held) else { continue };
        let scope = &scopes[summaries.resolved.program.module_of(case.func).index()];
        let (subject, symbol) = (subject.described(), case.token.symbol);
        let claim = Claim { draft, func: case.func, subject, symbol, growth: Growth::Subscriber };
        out.extend(decide_claim(summaries, claim, scope));
    }
    out
}

/// One of few, that others need as well.
fn is_slot(subject: &Subject<'_>) -> bool {
    matches!(subject.resource.kind, ResourceKind::Connection | ResourceKind::Checkout | ResourceKind::Session)
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
    let mut callers: FxHashMap<FuncId, Vec<OpRef>> = FxHashMap::default();
    for (at, info) in summaries.resolved.calls() {
        info.functions().for_each(|called| callers.entry(called).or_default().push(at));
    }
    let ambient = Ambient::new(summaries);
    let mut judge = Judge { summaries, scopes, all, ambient, callers, out: Vec::new() };
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
            if let Some(endless) = endless.iter().chain(&polling).find(within).filter(|_| is_slot(&subject)) {
                let draft = connection_held_while_streaming::detect(&subject, stream, endless);
                let subject = subject.described();
                self.claim(stream, draft, subject, symbol);
            }
        }
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
                    let mut cleanups = blocks.iter().filter(|block| block.pending > 0);
                    cleanups.any(|block| block.instrs.iter().any(|instr| instr.span == leak.at))
                };
                let mut leaks = case.outcome.leaks.iter().filter(|leak| leak.kind == ExitKind::Cancel && !leak.shared);
                !dropped && case.outcome.settled() && leaks.any(|leak| !in_cleanup(leak))
            }
            Fate::Ignored => false,
        }
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
            Some((span, "and the stream waits here for another server"))
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
