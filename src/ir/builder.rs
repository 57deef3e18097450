//! Building functions block by block: what every front end shares about loops, cleanups and exception dispatch.
//!
//! A front end opens regions ([`Builder::enter_cleanup_scope`] and friends) while it walks the tree; the builder computes `unwind`,
//! `pending`, `loop_depth` and the cleanups of every jump from the stack of open regions.
//!
//! A block gets its context when it is *created*: create the block after a loop before [`Builder::enter_loop`], the block after a
//! scope before the scope is entered. Blocks are laid out in the order in which they are *started*. What cannot be reached from
//! the entry is left out by [`Builder::finish`].

use super::{
    After, Block, BlockId, BlockKind, Const, FileId, Instr, Local, LocalId, Name, Op, Origin, Place, Span, Term, Test,
};
use super::{Root, TypeRef};

/// Most ops of one block; longer straight-line code is split, so that an op index fits into [`super::OpRef`].
const MAX_INSTRS: usize = 32_000;

/// What encloses the code that is being built, innermost last.
#[derive(Clone, Debug)]
enum Region {
    Loop {
        header: BlockId,
        /// Where `continue` goes: the header, or what stands before it (`i++` of a `for`, the test of a `do`).
        next: BlockId,
        exit: BlockId,
        label: Option<Name>,
    },
    /// Code that can be left early without being a loop: a `switch`, a labelled block, a body that was put in place of a call.
    Exit {
        exit: BlockId,
        /// What a `break` must say to leave it.
        leave: Leave,
    },
    /// The protected part of a cleanup scope.
    Cleanup(BlockId),
    /// The protected part of an exception dispatch.
    Dispatch(BlockId),
    /// Code that runs with a completion pending: a cleanup, or the handlers of a dispatch.
    Pending,
}

/// How a region that is no loop is left.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Leave {
    /// By a `break` without label.
    Break,
    /// By a `break` with this label.
    Label(Name),
    /// By [`Builder::leave_exit_early`] only.
    Token,
}

/// Names an open exit region.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ExitToken(usize);

/// Builds the blocks and locals of one function.
#[derive(Debug)]
pub struct Builder {
    file: FileId,
    blocks: Vec<Block>,
    /// Order in which blocks were started.
    layout: Vec<BlockId>,
    locals: Vec<Local>,
    /// The block that receives ops; `None` after a terminator.
    current: Option<BlockId>,
    regions: Vec<Region>,
    script: bool,
}

impl Builder {
    /// An empty function whose entry block is open.
    pub fn new(file: FileId) -> Self {
        let mut builder = Builder {
            file,
            blocks: Vec::new(),
            layout: Vec::new(),
            locals: Vec::new(),
            current: None,
            regions: Vec::new(),
            script: false,
        };
        let entry = builder.block();
        builder.start(entry);
        builder
    }

    /// A span of the function's file.
    pub fn span(&self, lo: u32, hi: u32) -> Span {
        Span::new(self.file, lo, hi)
    }

    // ---- variables

    pub fn local(&mut self, name: Option<Name>, ty: Option<TypeRef>) -> LocalId {
        let id = LocalId(self.locals.len() as u32);
        self.locals.push(Local { name, ty: ty.map(Box::new) });
        id
    }

    /// A fresh variable without a name.
    pub fn temp(&mut self) -> Place {
        Place::local(self.local(None, None))
    }

    pub fn local_mut(&mut self, id: LocalId) -> Option<&mut Local> {
        self.locals.get_mut(id.0 as usize)
    }

    /// True for a whole variable without a name: a value that nothing else in the source can name.
    pub fn is_temp(&self, place: &Place) -> bool {
        place.is_root() && self.is_in_temp(place)
    }

    /// True for a variable without a name and for parts of it.
    pub fn is_in_temp(&self, place: &Place) -> bool {
        match place.root {
            Root::Local(id) => self.locals.get(id.0 as usize).is_some_and(|local| local.name.is_none()),
            _ => false,
        }
    }

    // ---- blocks and ops

    /// Creates a block in the present context. Nothing is emitted into it before [`Builder::start`].
    pub fn block(&mut self) -> BlockId {
        let pending = self.regions.iter().filter(|region| matches!(region, Region::Pending)).count();
        let loops = self.regions.iter().filter(|region| matches!(region, Region::Loop { .. })).count();
        let unwind = self.regions.iter().rev().find_map(|region| match region {
            Region::Cleanup(block) | Region::Dispatch(block) => Some(*block),
            Region::Loop { .. } | Region::Exit { .. } | Region::Pending => None,
        });
        let id = BlockId(self.blocks.len() as u32);
        self.blocks.push(Block {
            instrs: Vec::new(),
            term: Term::Halt,
            term_span: self.span(0, 0),
            unwind,
            kind: BlockKind::Plain,
            loop_header: false,
            loop_depth: u16::try_from(loops).unwrap_or(u16::MAX),
            pending: u8::try_from(pending).unwrap_or(u8::MAX),
            script: self.script,
        });
        id
    }

    /// Goes on in `block`; the present block, when open, falls through to it. A block is started once.
    pub fn start(&mut self, block: BlockId) {
        if let Some(current) = self.current {
            let span = self.blocks[current.index()].instrs.last().map_or(self.span(0, 0), |last| last.span.end());
            self.goto(block, span);
        }
        self.layout.push(block);
        self.current = Some(block);
    }

    /// False right after a terminator: code that follows is dead until the next [`Builder::start`].
    pub fn is_open(&self) -> bool {
        self.current.is_some()
    }

    /// The block that receives ops. After a terminator, a new block that nothing leads to.
    pub fn current(&mut self) -> BlockId {
        match self.current {
            Some(block) => block,
            None => {
                let block = self.block();
                self.start(block);
                block
            }
        }
    }

    pub fn emit(&mut self, op: Op, span: Span, origin: Origin) {
        let mut block = self.current();
        if self.blocks[block.index()].instrs.len() >= MAX_INSTRS {
            block = self.block();
            self.start(block);
        }
        self.blocks[block.index()].instrs.push(Instr { op, span, origin });
    }

    /// Ends the present block. Front ends use the named forms below where there is one.
    fn terminate(&mut self, term: Term, span: Span) {
        let block = self.current();
        let block = &mut self.blocks[block.index()];
        block.term = term;
        block.term_span = span;
        self.current = None;
    }

    pub fn goto(&mut self, target: BlockId, span: Span) {
        self.terminate(Term::Goto(target), span);
    }

    pub fn branch(&mut self, place: Place, test: Test, yes: BlockId, no: BlockId, span: Span) {
        self.terminate(Term::Branch { place, test, yes, no }, span);
    }

    pub fn switch(&mut self, targets: Vec<BlockId>, span: Span) {
        self.terminate(Term::Switch(targets), span);
    }

    /// Writes the blocks in which a condition holds and does not: each stores its answer in `dst` and goes on at `end`, which is started.
    pub fn store_answer(&mut self, yes: BlockId, no: BlockId, end: BlockId, dst: &Place, span: Span) {
        for (block, value) in [(yes, true), (no, false)] {
            self.start(block);
            self.emit(Op::Const { dst: *dst, value: Const::Bool(value) }, span, Origin::Same);
            self.goto(end, span);
        }
        self.start(end);
    }

    pub fn raise(&mut self, bare: bool, span: Span) {
        self.terminate(Term::Raise { bare }, span);
    }

    pub fn halt(&mut self, span: Span) {
        self.terminate(Term::Halt, span);
    }

    /// Leaves the function, through every open cleanup. The value is in [`Root::Result`] already.
    pub fn ret(&mut self, err: bool, span: Span) {
        let cleanups = self.cleanups_above(0);
        if cleanups.is_empty() {
            self.terminate(Term::Return { err }, span);
        } else {
            self.terminate(Term::Jump { cleanups, then: After::Return { err } }, span);
        }
    }

    /// Whether code is in an `if __name__ == "__main__"` region from here on; returns what it was.
    pub fn set_script(&mut self, script: bool) -> bool {
        std::mem::replace(&mut self.script, script)
    }

    // ---- loops

    /// Starts the loop header: the block that decides on another round, inside the loop.
    /// `exit` is where `break` goes; `continue` goes to the header.
    pub fn enter_loop(&mut self, exit: BlockId, label: Option<Name>) -> BlockId {
        // `next` is not known before the region is open, since the header is inside the loop.
        let header = BlockId(self.blocks.len() as u32);
        self.regions.push(Region::Loop { header, next: header, exit, label });
        let block = self.block();
        debug_assert_eq!(block, header);
        self.blocks[header.index()].loop_header = true;
        self.start(header);
        header
    }

    /// Makes `continue` of the innermost loop go to `block`, which was created in the loop and leads to its header.
    pub fn continue_at(&mut self, block: BlockId) {
        let innermost = self.regions.iter_mut().rev().find_map(|region| match region {
            Region::Loop { next, .. } => Some(next),
            _ => None,
        });
        if let Some(next) = innermost {
            *next = block;
        }
    }

    /// Ends the body: back to the header when the end is reached. Nothing is open afterwards.
    pub fn leave_loop(&mut self, span: Span) {
        if let Some(Region::Loop { header, .. }) = self.regions.pop()
            && self.is_open()
        {
            self.goto(header, span);
        }
    }

    // ---- regions that can be left early

    /// Begins code that can be left for `exit`, a block created before. No block is started.
    pub fn enter_exit(&mut self, exit: BlockId, leave: Leave) -> ExitToken {
        self.regions.push(Region::Exit { exit, leave });
        ExitToken(self.regions.len() - 1)
    }

    /// Leaves the region for its exit, through the cleanups between.
    pub fn leave_exit_early(&mut self, token: ExitToken, span: Span) {
        if let Some(Region::Exit { exit, .. }) = self.regions.get(token.0) {
            let exit = *exit;
            self.jump_out_of(token.0, exit, span);
        }
    }

    /// Ends the region: its exit, when the end is reached.
    pub fn leave_exit(&mut self, span: Span) {
        if let Some(Region::Exit { exit, .. }) = self.regions.pop()
            && self.is_open()
        {
            self.goto(exit, span);
        }
    }

    /// Leaves the innermost loop or switch, or the region named `label`. False when there is no such region.
    pub fn break_loop(&mut self, label: Option<&str>, span: Span) -> bool {
        self.jump_to_loop(label, span, true)
    }

    /// Next round of the innermost loop, or of the one named `label`. False when there is no such loop.
    pub fn continue_loop(&mut self, label: Option<&str>, span: Span) -> bool {
        self.jump_to_loop(label, span, false)
    }

    fn jump_to_loop(&mut self, wanted: Option<&str>, span: Span, leave: bool) -> bool {
        let found = self.regions.iter().enumerate().rev().find_map(|(depth, region)| match region {
            Region::Loop { next, exit, label, .. } if wanted.is_none() || label.as_deref() == wanted => {
                Some((depth, if leave { *exit } else { *next }))
            }
            Region::Exit { exit, leave: by } if leave => {
                let this = match by {
                    Leave::Break => wanted.is_none(),
                    Leave::Label(label) => wanted == Some(label.as_str()),
                    Leave::Token => false,
                };
                this.then_some((depth, *exit))
            }
            _ => None,
        });
        let Some((depth, target)) = found else { return false };
        self.jump_out_of(depth, target, span);
        true
    }

    fn jump_out_of(&mut self, depth: usize, target: BlockId, span: Span) {
        let cleanups = self.cleanups_above(depth);
        if cleanups.is_empty() {
            self.goto(target, span);
        } else {
            self.terminate(Term::Jump { cleanups, then: After::Block(target) }, span);
        }
    }

    /// Cleanups of the open scopes above region `depth`, innermost first.
    fn cleanups_above(&self, depth: usize) -> Vec<BlockId> {
        let above = self.regions[depth..].iter().rev();
        above
            .filter_map(|region| match region {
                Region::Cleanup(block) => Some(*block),
                _ => None,
            })
            .collect()
    }

    // ---- cleanup scopes

    /// Begins code whose every exit runs a cleanup, which is created here and returned. Starts a new block.
    pub fn enter_cleanup_scope(&mut self) -> BlockId {
        self.regions.push(Region::Pending);
        let cleanup = self.block();
        self.regions.pop();
        self.blocks[cleanup.index()].kind = BlockKind::Cleanup;
        self.regions.push(Region::Cleanup(cleanup));
        let body = self.block();
        self.start(body);
        cleanup
    }

    /// Ends the protected code and starts the cleanup. When the end is reached, control goes on at `after` once the cleanup is done.
    pub fn begin_cleanup(&mut self, after: BlockId, span: Span) {
        if let Some(Region::Cleanup(cleanup)) = self.regions.pop() {
            if self.is_open() {
                self.terminate(Term::Jump { cleanups: vec![cleanup], then: After::Block(after) }, span);
            }
            self.regions.push(Region::Pending);
            self.start(cleanup);
        }
    }

    /// Ends the cleanup. `swallowed_to` is where control goes on when the scope's manager may swallow an exception.
    pub fn end_cleanup(&mut self, swallowed_to: Option<BlockId>, span: Span) {
        if self.is_open() {
            self.terminate(Term::EndCleanup { after: swallowed_to }, span);
        }
        self.regions.pop();
    }

    // ---- exception dispatch

    /// Begins code whose exceptions go to handlers. Starts a new block.
    pub fn enter_dispatch_scope(&mut self) {
        self.regions.push(Region::Pending);
        let dispatch = self.block();
        self.regions.pop();
        self.regions.push(Region::Dispatch(dispatch));
        let body = self.block();
        self.start(body);
    }

    /// Ends the code that the handlers protect, without leaving the block: what follows is not protected any more.
    /// Returns the dispatch for [`Builder::begin_handlers`].
    pub fn leave_dispatch_scope(&mut self) -> BlockId {
        let dispatch = match self.regions.pop() {
            Some(Region::Dispatch(block)) => block,
            _ => BlockId::ENTRY,
        };
        if self.is_open() {
            let rest = self.block();
            self.start(rest);
        }
        dispatch
    }

    /// Writes the dispatch and creates its `count` handler blocks; each is to be started, begins with [`Op::Catch`], and is left
    /// by `goto`. `rethrow`: an exception may match none of them. Call with no block open.
    pub fn begin_handlers(&mut self, dispatch: BlockId, count: usize, rethrow: bool, span: Span) -> Vec<BlockId> {
        self.regions.push(Region::Pending);
        let handlers: Vec<BlockId> = (0..count).map(|_| self.block()).collect();
        self.blocks[dispatch.index()].kind = BlockKind::Dispatch { rethrow };
        self.start(dispatch);
        self.switch(handlers.clone(), span);
        handlers
    }

    /// Ends the last handler. Call with no block open.
    pub fn end_handlers(&mut self) {
        self.regions.pop();
    }

    // ---- the end

    /// The blocks and locals of the function. An open end returns; every terminator is set.
    pub fn finish(mut self, span: Span) -> (Vec<Block>, Vec<Local>) {
        if self.is_open() {
            self.ret(false, span);
        }
        self.locals.shrink_to_fit();
        if let [only] = self.blocks.as_mut_slice() {
            only.instrs.shrink_to_fit();
            self.blocks.shrink_to_fit();
            return (self.blocks, self.locals);
        }
        skip_empty_blocks(&mut self.blocks);
        let mut order = reachable_in_layout(&self.blocks, &self.layout);
        merge_straight_lines(&mut self.blocks, &mut order);
        (renumber(self.blocks, &order), self.locals)
    }
}

/// Every block that `block` refers to: normal targets, cleanups of a jump, `unwind`.
pub(super) fn for_each_target(block: &mut Block, mut f: impl FnMut(&mut BlockId)) {
    match &mut block.term {
        Term::Goto(target) => f(target),
        Term::Branch { yes, no, .. } => {
            f(yes);
            f(no);
        }
        Term::Switch(targets) => targets.iter_mut().for_each(&mut f),
        Term::Jump { cleanups, then } => {
            cleanups.iter_mut().for_each(&mut f);
            if let After::Block(target) = then {
                f(target);
            }
        }
        Term::EndCleanup { after: Some(target) } => f(target),
        Term::EndCleanup { after: None } | Term::Return { .. } | Term::Raise { .. } | Term::Halt => {}
    }
    if let Some(unwind) = &mut block.unwind {
        f(unwind);
    }
}

/// Redirects edges to empty blocks that only go on elsewhere.
fn skip_empty_blocks(blocks: &mut [Block]) {
    let mut target: Vec<BlockId> = (0..blocks.len() as u32).map(BlockId).collect();
    let mut path = Vec::new();
    for start in 0..blocks.len() {
        let mut at = BlockId(start as u32);
        path.clear();
        while target[at.index()] == at
            && let Block { term: Term::Goto(next), kind: BlockKind::Plain, loop_header: false, instrs, .. } =
                &blocks[at.index()]
            && instrs.is_empty()
            // A cycle of empty blocks is a loop that does nothing; its header stays.
            && path.len() <= blocks.len()
        {
            path.push(at);
            at = *next;
        }
        let end = target[at.index()];
        for block in &path {
            target[block.index()] = end;
        }
    }
    for block in blocks.iter_mut() {
        for_each_target(block, |to| *to = target[to.index()]);
    }
}

/// The blocks that can be reached from the entry, in layout order.
fn reachable_in_layout(blocks: &[Block], layout: &[BlockId]) -> Vec<BlockId> {
    let mut seen = vec![false; blocks.len()];
    let mut todo = Vec::new();
    let mut visit = |block: BlockId, todo: &mut Vec<BlockId>| {
        if !std::mem::replace(&mut seen[block.index()], true) {
            todo.push(block);
        }
    };
    visit(BlockId::ENTRY, &mut todo);
    while let Some(id) = todo.pop() {
        let block = &blocks[id.index()];
        match &block.term {
            Term::Goto(target) => visit(*target, &mut todo),
            Term::Branch { yes, no, .. } => {
                visit(*yes, &mut todo);
                visit(*no, &mut todo);
            }
            Term::Switch(targets) => targets.iter().for_each(|target| visit(*target, &mut todo)),
            Term::Jump { cleanups, then } => {
                cleanups.iter().for_each(|target| visit(*target, &mut todo));
                if let After::Block(target) = then {
                    visit(*target, &mut todo);
                }
            }
            Term::EndCleanup { after: Some(target) } => visit(*target, &mut todo),
            Term::EndCleanup { after: None } | Term::Return { .. } | Term::Raise { .. } | Term::Halt => {}
        }
        if let Some(unwind) = block.unwind {
            visit(unwind, &mut todo);
        }
    }
    // The entry comes first in any case, every block was started once.
    layout.iter().copied().filter(|block| seen[block.index()]).collect()
}

/// Appends a block to its only predecessor when both are in the same context.
fn merge_straight_lines(blocks: &mut [Block], order: &mut Vec<BlockId>) {
    let mut uses = vec![0u32; blocks.len()];
    for &id in order.iter() {
        let block = &mut blocks[id.index()];
        for_each_target(block, |to| uses[to.index()] += 1);
    }
    uses[0] += 1;
    let mut gone = vec![false; blocks.len()];
    for &id in order.iter() {
        if gone[id.index()] {
            continue;
        }
        while let Term::Goto(next) = blocks[id.index()].term {
            let (head, tail) = (&blocks[id.index()], &blocks[next.index()]);
            let same = next != id
                && uses[next.index()] == 1
                && tail.kind == BlockKind::Plain
                && !tail.loop_header
                && head.unwind == tail.unwind
                && head.pending == tail.pending
                && head.loop_depth == tail.loop_depth
                && head.script == tail.script
                && head.instrs.len() + tail.instrs.len() <= MAX_INSTRS;
            if !same {
                break;
            }
            let tail = &mut blocks[next.index()];
            let instrs = std::mem::take(&mut tail.instrs);
            let term = std::mem::replace(&mut tail.term, Term::Halt);
            let term_span = tail.term_span;
            gone[next.index()] = true;
            let head = &mut blocks[id.index()];
            head.instrs.extend(instrs);
            head.term = term;
            head.term_span = term_span;
        }
    }
    order.retain(|id| !gone[id.index()]);
}

/// The blocks of `order`, numbered by position.
fn renumber(blocks: Vec<Block>, order: &[BlockId]) -> Vec<Block> {
    let mut number = vec![BlockId::ENTRY; blocks.len()];
    for (index, id) in order.iter().enumerate() {
        number[id.index()] = BlockId(index as u32);
    }
    let mut blocks: Vec<Option<Block>> = blocks.into_iter().map(Some).collect();
    // Exact sizes: whole projects are held in memory.
    let mut kept = Vec::with_capacity(order.len());
    for mut block in order.iter().filter_map(|id| blocks[id.index()].take()) {
        for_each_target(&mut block, |to| *to = number[to.index()]);
        block.instrs.shrink_to_fit();
        kept.push(block);
    }
    kept
}

#[cfg(test)]
mod tests;
