//! Walking the paths.

use super::closures::Outliving;
use super::exits::When;
use super::state::{Completion, Held, Known, MAX_PENDING, State, Status};
use super::{Context, ExitKind, Outcome, Start, Token};
use crate::catalog::Resource;
use crate::catalog::schema::Connects;
use crate::ir::{After, BlockId, BlockKind, Const, Op, OpRef, Place, Proj, Root, Span, Term, Test, Tier};
use crate::resolve::Ty;
use rustc_hash::{FxHashMap, FxHashSet};
use smallvec::SmallVec;
use std::collections::VecDeque;

/// States per block after which facts are dropped, and in all after which the run ends. Ordinary functions need a few dozen.
const BLOCK_CAP: u32 = 48;
const TOTAL_CAP: usize = 4_000;

/// Why a state was reached; what a witness is made of.
#[derive(Clone, Debug)]
pub enum Event {
    Start,
    Flow,
    /// `other`: where the branch that was not taken begins.
    Branch {
        place: Place,
        test: Test,
        taken: bool,
        span: Span,
        other: BlockId,
    },
    Raise {
        tier: Tier,
        span: Span,
        at: Option<OpRef>,
    },
    Cancel {
        span: Span,
    },
    Handled {
        span: Span,
    },
    Acquired,
}

pub struct Node {
    pub pred: Option<u32>,
    pub event: Event,
}

/// Whether a path goes on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Step {
    Go,
    Stop,
}

/// One run.
pub struct Run<'a> {
    pub ctx: Context<'a>,
    pub token: Token,
    pub resource: Option<&'a Resource>,
    pub outcome: Outcome,
    pub nodes: Vec<Node>,
    /// Places worth remembering tests about: tested more than once, or set to constants.
    tested: FxHashSet<Place>,
    /// Closures that go on when the call is over.
    pub(super) outliving: Vec<Outliving>,
    /// Variables that hold what the acquisition gave.
    pub(super) given_in: Vec<Root>,
    /// Leaks on paths on which a closure may release it later; in order.
    pub(super) doubtful: Vec<usize>,
    /// Blocks from which the acquisition can be reached.
    leads_to_start: Vec<bool>,
    visited: FxHashSet<(BlockId, State)>,
    per_block: FxHashMap<BlockId, u32>,
    queue: VecDeque<(BlockId, State, u32)>,
    /// The block that is being walked.
    pub current: BlockId,
    /// Blocks in which some path ends well.
    pub settled_in: FxHashSet<BlockId>,
    /// For each leak, the end of its path: what its witness is made of when all paths are known.
    pub ends: Vec<(u32, BlockId)>,
    /// How deep in loops the block is that is being walked.
    pub loop_depth: u16,
    /// The least believable exception on the path that is being walked.
    pub(super) tier: Option<Tier>,
}

/// Follows `token` through the function of `ctx`.
pub fn solve(ctx: Context<'_>, token: &Token) -> Outcome {
    let mut run = Run {
        ctx,
        token: token.clone(),
        resource: ctx.resource(token.kind),
        outcome: Outcome::default(),
        nodes: Vec::new(),
        tested: tested_places(ctx),
        outliving: super::closures::outliving(ctx, token),
        given_in: Vec::new(),
        doubtful: Vec::new(),
        leads_to_start: Vec::new(),
        visited: FxHashSet::default(),
        per_block: FxHashMap::default(),
        queue: VecDeque::new(),
        current: BlockId::ENTRY,
        settled_in: FxHashSet::default(),
        ends: Vec::new(),
        loop_depth: 0,
        tier: None,
    };
    run.find_given_in();
    run.leads_to_start = run.blocks_leading_to_start();
    let mut state = State::new(Status::Before);
    match &token.start {
        Start::Acquire { .. } => {}
        Start::Place(place) => {
            state.status = Status::Open;
            state.add_must(*place);
            // What holds it may be something of its own, like an exit stack in a field.
            let types = ctx.resolved.type_of(ctx.func, place);
            if types.iter().any(|ty| matches!(ty, Ty::Inst(id) if ctx.resolved.catalog.resource(*id).is_none())) {
                state.add_guard(*place);
            }
            run.readers(place).into_iter().for_each(|reader| state.add_may(reader));
        }
        Start::Given { param, error, release, .. } => {
            let place = |position: u16| Place::root(Root::Param(position));
            state.status = Status::Open;
            state.add_must(place(*param));
            error.iter().for_each(|error| state.know(place(*error), Known::Null));
            release.iter().for_each(|release| state.add_guard(place(*release)));
        }
    }
    run.nodes.push(Node { pred: None, event: Event::Start });
    run.queue.push_back((BlockId::ENTRY, state, 0));
    while let Some((block, state, node)) = run.queue.pop_front() {
        if run.nodes.len() > TOTAL_CAP {
            run.outcome.capped = true;
            break;
        }
        run.block(block, state, node);
    }
    run.settle_doubts();
    for (i, (node, end)) in std::mem::take(&mut run.ends).into_iter().enumerate() {
        let steps = super::witness::steps(&run, node, Some(end));
        run.outcome.leaks[i].steps = steps;
    }
    run.outcome
}

/// Places for which a test on one branch may decide a later one.
fn tested_places(ctx: Context<'_>) -> FxHashSet<Place> {
    let function = ctx.resolved.program.func(ctx.func);
    let mut tests: FxHashMap<&Place, u32> = FxHashMap::default();
    for block in &function.blocks {
        if let Term::Branch { place, test, .. } = &block.term
            && !matches!(test, Test::Opaque | Test::InstanceOf(_))
            && place.proj.len() <= 1
        {
            *tests.entry(place).or_default() += 1;
        }
    }
    let mut set_to_constants: FxHashSet<&Place> = FxHashSet::default();
    for instr in function.blocks.iter().flat_map(|block| &block.instrs) {
        if let Op::Const { dst, .. } = &instr.op {
            set_to_constants.insert(dst);
        }
    }
    let keep = |place: &&Place, count: u32| count > 1 || set_to_constants.contains(*place);
    tests.iter().filter(|(place, count)| keep(place, **count)).map(|(place, _)| *(*place)).collect()
}

impl<'a> Run<'a> {
    /// Where the function itself releases it, a path that leaves that to a closure which may never run is a leak. Where it does not, the
    /// closure is how it is meant to be released.
    fn settle_doubts(&mut self) {
        if !self.outcome.released.is_empty() || self.doubtful.is_empty() {
            return;
        }
        for i in std::mem::take(&mut self.doubtful).into_iter().rev() {
            let leak = self.outcome.leaks.remove(i);
            self.ends.remove(i);
            self.outcome.deferred.push(leak.at);
        }
    }

    /// Attributes of the receiver that are read through a method which gives what the field `place` of it holds.
    fn readers(&self, place: &Place) -> Vec<Place> {
        let class = self.ctx.resolved.receiver_class(self.ctx.func, &place.root).filter(|_| !place.is_root());
        let inner = place.rebase(&Place::root(place.root), &Place::root(Root::This));
        let (Some(class), Some(inner)) = (class, inner) else { return Vec::new() };
        let readers = self.ctx.callees.readers(class, &inner, self.token.kind);
        readers.iter().map(|name| Place::root(place.root).field(*name)).collect()
    }

    fn blocks_leading_to_start(&self) -> Vec<bool> {
        let function = self.ctx.resolved.program.func(self.ctx.func);
        // Where the jumps through cleanups go is known to the path only: for this question, each cleanup may resume any of them.
        let resumed = function.blocks.len();
        let mut preds: Vec<Vec<u32>> = vec![Vec::new(); resumed + 1];
        for (b, block) in function.blocks.iter().enumerate() {
            let mut edge = |to: BlockId| preds[to.index()].push(b as u32);
            block.unwind.into_iter().for_each(&mut edge);
            match &block.term {
                Term::Goto(to) => edge(*to),
                Term::Branch { yes, no, .. } => [*yes, *no].into_iter().for_each(edge),
                Term::Switch(all) => all.iter().copied().for_each(edge),
                Term::Jump { cleanups, then } => {
                    cleanups.iter().copied().for_each(&mut edge);
                    if let After::Block(to) = then {
                        preds[to.index()].push(resumed as u32);
                    }
                }
                Term::EndCleanup { after } => {
                    after.iter().copied().for_each(edge);
                    preds[resumed].push(b as u32);
                }
                Term::Return { .. } | Term::Raise { .. } | Term::Halt => {}
            }
        }
        let mut leads = vec![false; resumed + 1];
        let Start::Acquire { at, .. } = &self.token.start else { return leads };
        let mut stack = vec![at.block.0];
        while let Some(block) = stack.pop() {
            if !std::mem::replace(&mut leads[block as usize], true) {
                stack.extend(&preds[block as usize]);
            }
        }
        leads
    }

    fn node(&mut self, pred: u32, event: Event) -> u32 {
        self.nodes.push(Node { pred: Some(pred), event });
        (self.nodes.len() - 1) as u32
    }

    /// Goes on at `to`, unless that was done before in the same state.
    fn enter(&mut self, to: BlockId, mut state: State, pred: u32, event: Event) {
        if !state.live() && !self.leads_to_start[to.index()] {
            return;
        }
        let block = self.ctx.resolved.program.func(self.ctx.func).block(to);
        state.pending.truncate(block.pending as usize);
        if block.loop_depth < self.loop_depth {
            // Left in another way: by an exception or a jump.
            state.forget_elements();
        }
        let count = self.per_block.entry(to).or_default();
        if *count >= BLOCK_CAP {
            // Too many ways to be here: forget what was tested, so that the paths meet.
            state.facts.clear();
            self.outcome.capped |= *count >= 4 * BLOCK_CAP;
            if self.outcome.capped {
                return;
            }
        }
        if self.visited.insert((to, state.clone())) {
            *count += 1;
            let node = self.node(pred, event);
            self.queue.push_back((to, state, node));
        }
    }

    /// Enters a cleanup or dispatch block with a pending completion.
    fn enter_pending(&mut self, to: BlockId, mut state: State, with: Completion, pred: u32, event: Event) {
        let block = self.ctx.resolved.program.func(self.ctx.func).block(to);
        if block.loop_depth < self.loop_depth {
            // The next loop over it starts anew.
            state.facts.retain(|(place, _)| place.proj.last() != Some(&Proj::Elem));
        }
        let depth = block.pending as usize;
        if depth == 0 || depth > MAX_PENDING {
            self.outcome.capped |= depth > MAX_PENDING;
            return;
        }
        state.pending.truncate(depth - 1);
        while state.pending.len() < depth - 1 {
            // Entered from outside a region it counts on; only unreachable code does that.
            state.pending.push(with.clone());
        }
        state.pending.push(with);
        self.enter(to, state, pred, event);
    }

    fn block(&mut self, id: BlockId, mut state: State, mut node: u32) {
        let function = self.ctx.resolved.program.func(self.ctx.func);
        let block = function.block(id);
        self.current = id;
        self.loop_depth = block.loop_depth;
        if let BlockKind::Dispatch { .. } = block.kind {
            return self.dispatch(id, state, node);
        }
        for (i, instr) in block.instrs.iter().enumerate() {
            let at = OpRef { func: self.ctx.func, block: id, op: i as u32 };
            if state.live() || block.unwind.is_some_and(|unwind| self.leads_to_start[unwind.index()]) {
                // What can fail in methods of the program, their summaries say.
                let catalogued = self.resource.filter(|_| self.token.kind.entry().is_some());
                let risk = self.ctx.risk(at, instr, &state, catalogued);
                let connects = self.connects(at, &instr.op, &state);
                if connects == Some(When::Trying) {
                    state.held = Held::Yes;
                }
                // What fails before it is awaited was never acquired.
                let failing = state.status == Status::Pending && instr.op.reads_any(|place| state.holds(place));
                if !failing {
                    if let Some(tier) = risk.raise.filter(|_| !self.released_on_error(at, instr, &state)) {
                        self.raise(
                            state.clone(),
                            tier,
                            block.unwind,
                            node,
                            Event::Raise { tier, span: instr.span, at: Some(at) },
                        );
                    }
                    if risk.cancel && state.live() {
                        self.cancel(state.clone(), block.unwind, node, instr.span);
                    }
                }
                if connects.is_some() {
                    state.held = Held::Yes;
                }
            }
            if let Start::Acquire { at: site, proj, also, closers, pending, connected, parents } = &self.token.start
                && *site == at
                && !state.live()
                && let Some(dst) = instr.op.dst()
            {
                state.kill(dst);
                let lazy = !connected && self.resource.is_some_and(|resource| resource.connects == Connects::Lazy);
                state.held = if lazy { Held::NotYet } else { Held::Yes };
                state.status = if *pending { Status::Pending } else { Status::Open };
                for proj in std::iter::once(proj).chain(also) {
                    state.add_must(proj.iter().fold(*dst, |place, proj| place.project(*proj)));
                }
                for proj in closers {
                    state.add_guard(proj.iter().fold(*dst, |place, proj| place.project(*proj)));
                }
                parents.iter().for_each(|parent| state.add_parent(*parent));
                node = self.node(node, Event::Acquired);
                continue;
            }
            if state.status == Status::Open && self.ctx.serves(at, &instr.op) {
                let held = &mut self.outcome.held;
                if let Err(next) = held.binary_search(&at) {
                    held.insert(next, at);
                }
            }
            self.tier = state.tier;
            if self.op(at, instr, &mut state, node) == Step::Stop {
                self.settled_in.insert(id);
                return;
            }
        }
        self.terminate(id, state, node);
    }

    pub(super) fn raise(&mut self, mut state: State, tier: Tier, unwind: Option<BlockId>, node: u32, event: Event) {
        state.raise(tier);
        let span = match &event {
            Event::Raise { span, .. } => *span,
            _ => self.token.span,
        };
        match unwind {
            Some(to) => self.enter_pending(to, state, Completion::Raise(tier), node, event),
            None if state.live() => {
                let node = self.node(node, event);
                self.exit(state, ExitKind::Raise, span, node);
            }
            None => {}
        }
    }

    fn cancel(&mut self, mut state: State, unwind: Option<BlockId>, node: u32, span: Span) {
        state.raise(Tier::Any);
        let event = Event::Cancel { span };
        match unwind {
            Some(to) => self.enter_pending(to, state, Completion::Cancel, node, event),
            None => {
                let node = self.node(node, event);
                self.exit(state, ExitKind::Cancel, span, node);
            }
        }
    }

    /// Offers the pending exception to the handlers in order.
    fn dispatch(&mut self, id: BlockId, mut state: State, node: u32) {
        let function = self.ctx.resolved.program.func(self.ctx.func);
        let block = function.block(id);
        let Term::Switch(handlers) = &block.term else { return };
        let Some(completion) = state.pending.last().cloned() else { return };
        let language = self.ctx.resolved.language();
        let named = |types: &[crate::ir::Name], list: &[crate::ir::Name]| {
            types.is_empty()
                || types.iter().any(|ty| ty.rsplit('.').next().is_some_and(|last| list.iter().any(|l| l == last)))
        };
        for handler in handlers {
            let first = function.block(*handler).instrs.first();
            let types: &[crate::ir::Name] = match first.map(|instr| &instr.op) {
                Some(Op::Catch { types, .. }) => types,
                _ => &[],
            };
            let surely = match completion {
                Completion::Cancel => named(types, &language.catch_cancel),
                _ => named(types, &language.catch_all),
            };
            if completion == Completion::Cancel && !surely {
                continue;
            }
            let span = first.map_or(block.term_span, |instr| instr.span);
            // A handler of errors that I/O does not raise sees only others, and lets I/O errors go on as they are.
            let unrelated = matches!(completion, Completion::Raise(Tier::Await | Tier::Known))
                && !surely
                && types.iter().all(|ty| language.not_io_errors.iter().any(|name| ty.rsplit('.').next() == Some(name)));
            let mut caught = state.clone();
            if unrelated {
                caught.raise(Tier::Any);
            }
            self.enter(*handler, caught, node, Event::Handled { span });
            if surely {
                return;
            }
            if unrelated {
                continue;
            }
            // That it is neither this one nor one of the next makes it an unlikely exception.
            state.raise(Tier::Any);
        }
        self.resume(state, completion, None, block.unwind, node, block.term_span);
    }

    fn terminate(&mut self, id: BlockId, state: State, node: u32) {
        let function = self.ctx.resolved.program.func(self.ctx.func);
        let block = function.block(id);
        match &block.term {
            Term::Goto(to) => self.enter(*to, state, node, Event::Flow),
            Term::Branch { place, test, yes, no } => {
                self.branch(place, test, [*yes, *no], state, node, block.term_span)
            }
            Term::Switch(all) => {
                // A loop over the container that holds it does reach it.
                let skip = block.loop_header && self.unvisited_element(block, &state);
                for (i, to) in all.iter().take(if skip { 1 } else { all.len() }).enumerate() {
                    let mut state = state.clone();
                    if block.loop_header && i > 0 {
                        // The next loop over it starts anew.
                        state.forget_elements();
                    }
                    self.enter(*to, state, node, Event::Flow);
                }
            }
            Term::Return { .. } => self.leave(state, block.term_span, node),
            Term::Raise { .. } => {
                let event = Event::Raise { tier: Tier::Explicit, span: block.term_span, at: None };
                self.raise(state, Tier::Explicit, block.unwind, node, event);
            }
            Term::Jump { cleanups, then } => {
                let all: SmallVec<[BlockId; 2]> = cleanups.iter().copied().collect();
                self.jump(all, *then, state, node, block.term_span);
            }
            Term::EndCleanup { after } => {
                let mut state = state;
                let Some(completion) = state.pending.pop() else { return };
                let swallowed = after.filter(|_| self.swallows(id));
                self.resume(state, completion, swallowed, block.unwind, node, block.term_span);
            }
            Term::Halt => {}
        }
    }

    /// The loop iterates over something whose element surely holds it, and no round was that element's yet.
    fn unvisited_element(&self, header: &crate::ir::Block, state: &State) -> bool {
        let iterated = header.instrs.iter().rev().find_map(|instr| match &instr.op {
            Op::Call { callee: crate::ir::Callee::Method { recv, .. }, .. } => Some(recv),
            _ => None,
        });
        iterated.is_some_and(|iterated| {
            let element = iterated.project(Proj::Elem);
            state.live() && state.elements(iterated).next().is_some() && state.fact(&element).is_none()
        })
    }

    fn jump(&mut self, mut cleanups: SmallVec<[BlockId; 2]>, then: After, state: State, node: u32, span: Span) {
        if cleanups.is_empty() {
            match then {
                After::Block(to) => self.enter(to, state, node, Event::Flow),
                After::Return { .. } => self.leave(state, span, node),
            }
        } else {
            let next = cleanups.remove(0);
            self.enter_pending(next, state, Completion::Jump { cleanups, then }, node, Event::Flow);
        }
    }

    /// Goes on with a completion after a cleanup or when no handler wants it. `swallow`: where a manager that swallows sends it.
    fn resume(
        &mut self,
        mut state: State,
        completion: Completion,
        swallow: Option<BlockId>,
        unwind: Option<BlockId>,
        node: u32,
        span: Span,
    ) {
        match completion {
            Completion::Jump { cleanups, then } => self.jump(cleanups, then, state, node, span),
            Completion::Raise(tier) => {
                if let Some(to) = swallow {
                    self.enter(to, state.clone(), node, Event::Flow);
                    state.raise(Tier::Any);
                }
                match unwind {
                    Some(to) => self.enter_pending(to, state, Completion::Raise(tier), node, Event::Flow),
                    None if state.live() => self.exit(state, ExitKind::Raise, span, node),
                    None => {}
                }
            }
            Completion::Cancel => match unwind {
                Some(to) => self.enter_pending(to, state, Completion::Cancel, node, Event::Flow),
                None if state.live() => self.exit(state, ExitKind::Cancel, span, node),
                None => {}
            },
        }
    }

    fn branch(&mut self, place: &Place, test: &Test, [yes, no]: [BlockId; 2], state: State, node: u32, span: Span) {
        let decided = self.decide(place, test, &state);
        for (to, other, taken) in [(yes, no, true), (no, yes, false)] {
            if decided.is_some_and(|known| known != taken) {
                continue;
            }
            let mut state = state.clone();
            if decided.is_none()
                && let Some(fact) = fact_of(test, taken)
                && self.tested.contains(place)
                && !state.is_must(place)
            {
                state.know(*place, fact);
            }
            let event = match decided {
                Some(_) => Event::Flow,
                None => Event::Branch { place: *place, test: test.clone(), taken, span, other },
            };
            self.enter(to, state, node, event);
        }
    }

    fn decide(&self, place: &Place, test: &Test, state: &State) -> Option<bool> {
        // It is there, and so is an object or container that has it.
        let has = || state.must.iter().any(|held| held.starts_with(place));
        if state.live() && (has() || state.parts.contains(place)) {
            return match test {
                Test::Null => Some(false),
                Test::Truthy => Some(true),
                Test::Eq(Const::Null | Const::Undefined) => Some(false),
                _ => None,
            };
        }
        if state.live()
            && *test == Test::Truthy
            && let Some(Proj::Field(name)) = place.proj.last()
            && state.owner_of(place).is_some()
            && let Some(fact) = self.state_test(name)
        {
            return Some(fact == Known::True);
        }
        // It has the methods that release it.
        if state.live()
            && matches!(test, Test::Null | Test::Truthy)
            && let (Some(Proj::Field(name)), Some(resource)) = (place.proj.last(), self.resource)
            && super::raises::is_release(resource, name)
            && state.must.iter().any(|held| held.proj.len() + 1 == place.proj.len() && place.starts_with(held))
        {
            return Some(*test == Test::Truthy);
        }
        let fact = state.fact(place)?;
        match (test, fact) {
            (Test::Null, Known::Null) => Some(true),
            (Test::Null, Known::NotNull | Known::True | Known::Equal(_)) => Some(false),
            (Test::Truthy, Known::True) => Some(true),
            (Test::Truthy, Known::Null | Known::False) => Some(false),
            (Test::Eq(value), Known::Equal(known)) => Some(value == known),
            (Test::Eq(Const::Bool(value)), Known::True | Known::False) => Some(*value == (*fact == Known::True)),
            _ => None,
        }
    }

    /// What a method or attribute that tells whether the resource is open answers while it is.
    pub fn state_test(&self, name: &str) -> Option<Known> {
        let resource = self.resource?;
        if resource.closed_test.iter().any(|test| test == name) {
            Some(Known::False)
        } else if resource.open_test.iter().any(|test| test == name) {
            Some(Known::True)
        } else {
            None
        }
    }

    pub fn remembers(&self, place: &Place) -> bool {
        self.tested.contains(place)
    }

    /// The manager whose exit the cleanup region ends with may swallow exceptions.
    fn swallows(&self, end: BlockId) -> bool {
        let function = self.ctx.resolved.program.func(self.ctx.func);
        let exit = function.block(end).instrs.iter().rev().find_map(|instr| match &instr.op {
            Op::Exit { manager, .. } => Some(manager),
            _ => None,
        });
        exit.is_some_and(|manager| self.ctx.resolved.manager_swallows(self.ctx.func, manager))
    }
}

fn fact_of(test: &Test, taken: bool) -> Option<Known> {
    Some(match (test, taken) {
        (Test::Null, true) => Known::Null,
        (Test::Null, false) => Known::NotNull,
        (Test::Truthy, true) => Known::True,
        (Test::Truthy, false) => Known::False,
        (Test::Eq(value), true) => Known::Equal(value.clone()),
        _ => return None,
    })
}
