//! Functions that run on threads which no framework looks after, and what becomes there of the connection that it opened for the thread.

use super::Summaries;
use super::ambient::Ambient;
use crate::catalog::schema::{Role, Symbol, ThreadKind};
use crate::ir::{
    Arg, BlockId, BlockKind, Callee, ClassId, Const, FnKind, FuncId, Function, Name, Op, OpRef, Place, Root, Span,
};
use crate::resolve::{Target, Ty, Values, symbol_args};
use rustc_hash::{FxHashMap, FxHashSet};
use std::cell::RefCell;
use std::rc::Rc;

/// Functions followed from the one that a thread runs to one that uses the connection.
const MAX_DEPTH: u32 = 4;

/// Functions followed from one that is given away to one that releases the connection.
const MAX_HANDED: u32 = 2;

/// Something that runs on such a thread.
pub struct Started<'a> {
    /// The call that starts it.
    pub at: OpRef,
    /// The function whose calls start it: the one with the call, or what a decorator decorates.
    pub home: FuncId,
    /// The function that runs.
    pub target: FuncId,
    pub thread: ThreadKind,
    /// What the catalogue says of the call.
    pub symbol: &'a Symbol,
    /// By the name that the catalogue gives it.
    pub name: Name,
    pub pool: Pool,
}

/// The pool that a call gives the function to.
#[derive(Clone, Copy, Default, PartialEq, Debug)]
pub struct Pool {
    /// Threads it may have, where that is written down.
    pub size: Option<f64>,
    /// The function that starts it also makes the pool.
    pub per_call: bool,
}

/// A connection that a function opens and does not close.
#[derive(Clone, Debug)]
pub struct Kept {
    /// Calls from the function to the one that uses it, with the function called.
    pub calls: Vec<(Span, FuncId)>,
    pub used: Span,
    /// Where it is closed when nothing raises.
    pub closed: Option<Span>,
    /// The function closes what was left open on its thread before it uses it itself.
    pub cleared: bool,
}

/// What a function does with the connection of the thread it runs on.
#[derive(Clone, Debug)]
enum Left {
    Untouched,
    Released,
    Kept(Rc<Kept>),
}

/// Answers such questions about one program.
pub struct Threads<'s, 'a> {
    summaries: &'s Summaries<'a>,
    ambient: Ambient<'s, 'a>,
    values: Values<'a>,
    /// Names of methods that use or release it.
    methods: FxHashSet<&'static str>,
    /// By function and how far others are followed from it.
    known: RefCell<FxHashMap<(FuncId, u32), Left>>,
    /// By function: it gives something away that releases the connection.
    handing: RefCell<FxHashMap<FuncId, bool>>,
}

impl<'s, 'a> Threads<'s, 'a> {
    /// `None` when the program cannot keep a connection in that way.
    pub fn new(summaries: &'s Summaries<'a>) -> Option<Self> {
        let resolved = summaries.resolved;
        // Most programs start nothing.
        let mut classes = (0..resolved.program.classes.len() as u32).map(ClassId);
        let starts = resolved.calls().any(|(_, info)| info.has_role(Role::OnThread))
            || classes.any(|class| resolved.base_facts(class).is_some_and(|facts| facts.has_role(Role::OnThread)));
        if !starts {
            return None;
        }
        let packages = resolved.catalog.packages_with(Role::AmbientUse);
        let imports = |op: &Op| match op {
            Op::Const { value: Const::Symbol(path), .. } => {
                packages.contains(path.as_str().split('.').next().unwrap_or_default())
            }
            _ => false,
        };
        let mut blocks = resolved.program.functions.iter().flat_map(|function| &function.blocks);
        let found = blocks.any(|block| block.instrs.iter().any(|instr| imports(&instr.op)));
        found.then(|| Threads {
            summaries,
            ambient: Ambient::new(summaries),
            values: Values::new(resolved, summaries.regions),
            methods: [Role::AmbientUse, Role::AmbientRelease]
                .into_iter()
                .flat_map(|role| resolved.catalog.paths_with(role))
                .filter_map(|path| path.as_str().rsplit('.').next())
                .collect(),
            handing: RefCell::default(),
            known: RefCell::default(),
        })
    }

    /// What the program starts on such threads, in the order of its code.
    pub fn started(&self) -> Vec<Started<'s>> {
        let resolved = self.summaries.resolved;
        let mut out = Vec::new();
        let classes = self.thread_classes();
        for (at, info) in resolved.calls() {
            for target in &info.targets {
                match target {
                    Target::Catalog { facts } => {
                        let roles = facts.roles.iter().filter(|symbol| symbol.role == Role::OnThread);
                        for symbol in roles.filter(|symbol| symbol.calls.is_none()) {
                            self.started_by(at, symbol, facts.path, &mut out);
                        }
                    }
                    Target::Construct(class) => {
                        let Some((target, symbol, name)) = classes.get(class) else { continue };
                        let Some(thread) = symbol.thread else { continue };
                        let (target, name) = (*target, *name);
                        out.push(Started { at, home: at.func, target, thread, symbol, name, pool: Pool::default() });
                    }
                    _ => {}
                }
            }
        }
        out
    }

    /// Classes of the program whose objects are threads, with the method that runs there.
    fn thread_classes(&self) -> FxHashMap<ClassId, (FuncId, &'s Symbol, Name)> {
        let resolved = self.summaries.resolved;
        let classes = (0..resolved.program.classes.len() as u32).map(ClassId);
        let found = classes.filter_map(|class| {
            let facts = resolved.base_facts(class)?;
            let runs = |symbol: &&Symbol| symbol.role == Role::OnThread && symbol.calls.is_some();
            let symbol = facts.roles.iter().find(runs)?;
            Some((class, (resolved.find_method(class, symbol.calls.as_ref()?)?, symbol, facts.path)))
        });
        found.collect()
    }

    fn started_by(&self, at: OpRef, symbol: &'s Symbol, name: Name, out: &mut Vec<Started<'s>>) {
        let resolved = self.summaries.resolved;
        let Op::Call { dst, callee, args, .. } = &resolved.program.op(at).op else { return };
        let Some(thread) = symbol.thread else { return };
        if !resolved.holds(at.func, args, &symbol.conditions) || self.hands_over_release(at.func) {
            return;
        }
        if thread == ThreadKind::Task && self.is_waited_for(at.func, dst) {
            return;
        }
        let mut targets: Vec<FuncId> = Vec::new();
        for (_, arg) in symbol_args(symbol, args) {
            match thread {
                ThreadKind::Task => targets.extend(self.called_for(at.func, &arg.place)),
                ThreadKind::Own | ThreadKind::Pool => targets.extend(self.functions(at.func, &arg.place)),
            }
        }
        let decorates = targets.is_empty();
        if decorates {
            targets.extend(self.decorated_with(at.func, dst));
        }
        let pool = self.pool(at, callee, args);
        out.extend(targets.into_iter().map(|target| {
            let home = if decorates { target } else { at.func };
            Started { at, home, target, thread, symbol, name, pool }
        }));
    }

    /// The functions that a value stands for; a decorator's first parameter stands for what it decorates.
    fn functions(&self, func: FuncId, place: &Place) -> Vec<FuncId> {
        let resolved = self.summaries.resolved;
        let types = resolved.type_of(func, place);
        let known = types.iter().filter_map(|ty| if let Ty::Func(func) = ty { Some(*func) } else { None });
        let known: Vec<FuncId> = known.collect();
        if known.is_empty() { resolved.decorated_by(func, place).collect() } else { known }
    }

    /// The functions whose call gave the value.
    fn called_for(&self, func: FuncId, place: &Place) -> Vec<FuncId> {
        let resolved = self.summaries.resolved;
        let made = |at: &OpRef| resolved.program.op(*at).op.dst() == Some(place);
        resolved
            .calls_of(func)
            .filter(|(at, _)| made(at))
            .flat_map(|(_, info)| info.functions().collect::<Vec<_>>())
            .collect()
    }

    /// The functions that the value, made in `func`, decorates.
    fn decorated_with(&self, func: FuncId, value: &Place) -> Vec<FuncId> {
        let program = self.summaries.resolved.program;
        let module = program.module_of(func);
        let decorated = |id: &FuncId| {
            let function = program.func(*id);
            function.parent == Some(func) && function.decorators.iter().any(|decorator| decorator.place == *value)
        };
        program.functions_of(module).filter(decorated).collect()
    }

    /// Somebody waits for the task, or may.
    fn is_waited_for(&self, func: FuncId, task: &Place) -> bool {
        let adds = &self.summaries.resolved.language().container_adds;
        let mut names = vec![*task];
        let mut next = 0;
        while let Some(name) = names.get(next).copied() {
            next += 1;
            for op in ops(self.summaries.resolved.program.func(func), func).map(|(_, op)| op) {
                match op {
                    Op::Copy { dst, src, .. } if *src == name => {
                        if !matches!(dst.root, Root::Local(_)) || !dst.is_root() {
                            // Kept where others may wait for it or cancel it.
                            return true;
                        }
                        if !names.contains(dst) {
                            names.push(*dst);
                        }
                    }
                    Op::Await { src, .. } if *src == name => return true,
                    Op::Build { parts, .. } if parts.iter().any(|(_, part)| *part == name) => return true,
                    Op::Call { callee, args, .. } if args.iter().any(|arg| arg.place == name) => match callee {
                        // A set that keeps it from being collected.
                        Callee::Method { recv, name, .. }
                            if adds.contains(name) && !matches!(recv.root, Root::Local(_)) => {}
                        _ => return true,
                    },
                    _ => {}
                }
            }
        }
        false
    }

    /// The function gives something away that releases the connection, to the thread or to what it waits for: `args=(done,)`,
    /// `future.add_done_callback(done)`.
    fn hands_over_release(&self, func: FuncId) -> bool {
        if let Some(known) = self.handing.borrow().get(&func) {
            return *known;
        }
        let found = ops(self.summaries.resolved.program.func(func), func).any(|(_, op)| match op {
            Op::Call { args, .. } => args.iter().any(|arg| self.is_release(func, &arg.place, MAX_HANDED)),
            Op::Build { parts, .. } => parts.iter().any(|(_, part)| self.is_release(func, part, MAX_HANDED)),
            _ => false,
        });
        self.handing.borrow_mut().insert(func, found);
        found
    }

    /// The value is a function that releases the connection and does nothing else with it.
    fn is_release(&self, func: FuncId, place: &Place, depth: u32) -> bool {
        let resolved = self.summaries.resolved;
        resolved.type_of(func, place).iter().any(|ty| match ty {
            Ty::Func(func) => {
                depth.checked_sub(1).is_some_and(|deeper| matches!(self.left(*func, deeper), Left::Released))
            }
            Ty::Path(path) => resolved.catalog.function(path).is_some_and(|facts| facts.has_role(Role::AmbientRelease)),
            _ => false,
        })
    }

    /// The pool that the method is called on, or that is the argument.
    fn pool(&self, at: OpRef, callee: &Callee, args: &[Arg]) -> Pool {
        let recv = match callee {
            Callee::Method { recv, .. } => Some(*recv),
            _ => None,
        };
        let places = recv.into_iter().chain(args.first().map(|arg| arg.place));
        places.into_iter().find_map(|place| self.pool_in(at.func, &place)).unwrap_or_default()
    }

    fn pool_in(&self, func: FuncId, place: &Place) -> Option<Pool> {
        let program = self.summaries.resolved.program;
        let homes: Vec<FuncId> = match place.root {
            Root::Global(_) => vec![program.top_of(func)],
            Root::This => self.summaries.members(program.func(func).class?).to_vec(),
            Root::Capture(i) => {
                let outer = self.summaries.resolved.captured_place(func, i)?;
                let place = place.rebase(&Place::root(place.root), outer)?;
                return self.pool_in(program.func(func).parent?, &place);
            }
            _ => vec![func],
        };
        let made = homes.into_iter().find_map(|home| Some((home, self.made(home, place)?)))?;
        let (home, (symbol, args)) = made;
        let size = symbol_args(symbol, args).next().and_then(|(_, arg)| self.values.number(home, arg));
        let per_call = matches!(place.root, Root::Local(_)) && program.func(home).kind != FnKind::Module;
        Some(Pool { size, per_call })
    }

    /// The call in the function that makes the pool which the place holds.
    fn made(&self, func: FuncId, place: &Place) -> Option<(&Symbol, &[Arg])> {
        let resolved = self.summaries.resolved;
        let function = resolved.program.func(func);
        let mut names = vec![*place];
        let mut next = 0;
        while let Some(name) = names.get(next).copied() {
            next += 1;
            for (at, op) in ops(function, func) {
                match op {
                    Op::Copy { dst, src, .. } | Op::Enter { dst, manager: src, .. }
                        if *dst == name && !names.contains(src) =>
                    {
                        names.push(*src);
                    }
                    Op::Call { dst, args, .. } if *dst == name => {
                        let symbol = resolved.call(at).and_then(|info| info.roles(Role::ThreadPool).next());
                        if let Some(symbol) = symbol {
                            return Some((symbol, args));
                        }
                    }
                    _ => {}
                }
            }
        }
        None
    }

    /// What the function, run on a thread, leaves open there.
    pub fn kept(&self, func: FuncId) -> Option<Rc<Kept>> {
        match self.left(func, MAX_DEPTH) {
            Left::Kept(kept) => Some(kept),
            Left::Untouched | Left::Released => None,
        }
    }

    fn left(&self, func: FuncId, depth: u32) -> Left {
        if let Some(known) = self.known.borrow().get(&(func, depth)) {
            return known.clone();
        }
        self.known.borrow_mut().insert((func, depth), Left::Untouched);
        let left = self.leaves(func, depth);
        self.known.borrow_mut().insert((func, depth), left.clone());
        left
    }

    fn leaves(&self, func: FuncId, depth: u32) -> Left {
        let resolved = self.summaries.resolved;
        if self.is_wrapped(func, depth) {
            return Left::Released;
        }
        let function = resolved.program.func(func);
        let sure = cleanup_blocks(function);
        let mut uses: Vec<(OpRef, Span, Kept)> = Vec::new();
        let mut releases: Vec<(OpRef, Span)> = Vec::new();
        // Functions that release it when they are done.
        let releasing = resolved.calls_of(func).filter(|(_, info)| info.has_role(Role::AmbientRelease));
        let releasing: FxHashSet<Place> =
            releasing.filter_map(|(at, _)| resolved.program.op(at).op.dst().copied()).collect();
        for (b, block) in function.blocks.iter().enumerate() {
            for (i, instr) in block.instrs.iter().enumerate() {
                let at = OpRef { func, block: BlockId(b as u32), op: i as u32 };
                if self.releases_for_sure(at, &instr.op, depth) {
                    return Left::Released;
                }
                let called = match &instr.op {
                    Op::Call { callee: Callee::Value(called), .. } => Some(called),
                    _ => None,
                };
                if self.is_direct_release(at, &instr.op) || called.is_some_and(|called| releasing.contains(called)) {
                    releases.push((at, instr.span));
                    continue;
                }
                if self.ambient.is_direct_use(at, &instr.op) || self.is_element(at, &instr.op, Role::AmbientUse) {
                    uses.push((
                        at,
                        instr.span,
                        Kept { calls: Vec::new(), used: instr.span, closed: None, cleared: false },
                    ));
                    continue;
                }
                let (Some(info), Some(deeper)) = (resolved.call(at), depth.checked_sub(1)) else { continue };
                for called in info.functions().filter(|called| *called != func) {
                    match self.left(called, deeper) {
                        Left::Untouched => {}
                        Left::Released => releases.push((at, instr.span)),
                        Left::Kept(kept) => {
                            let mut kept = (*kept).clone();
                            kept.calls.insert(0, (instr.span, called));
                            uses.push((at, instr.span, kept));
                        }
                    }
                }
            }
        }
        if releases.iter().any(|(at, _)| sure.contains(&at.block)) {
            return Left::Released;
        }
        uses.sort_by_key(|(_, span, _)| (span.lo, span.hi));
        let open = uses.iter().find(|(.., kept)| kept.closed.is_none());
        let Some((at, span, kept)) = open.or(uses.first()) else {
            return if releases.is_empty() { Left::Untouched } else { Left::Released };
        };
        let looped = |at: &OpRef| function.block(at.block).loop_depth > 0;
        let later = |(other, after): &&(OpRef, Span)| after.lo >= span.lo || (looped(other) && looped(at));
        let Some((_, closed)) = releases.iter().filter(later).max_by_key(|(_, span)| span.lo) else {
            return Left::Kept(Rc::new(Kept { cleared: kept.cleared || !releases.is_empty(), ..kept.clone() }));
        };
        let on_error = |(other, _): &(OpRef, Span)| is_handler(function, other.block);
        if releases.iter().any(on_error) || self.catches_all(function, at.block) {
            return Left::Released;
        }
        Left::Kept(Rc::new(Kept { closed: Some(*closed), ..kept.clone() }))
    }

    /// A decorator of the function releases the connection when the function is done.
    fn is_wrapped(&self, func: FuncId, depth: u32) -> bool {
        let resolved = self.summaries.resolved;
        let function = resolved.program.func(func);
        if function.decorators.is_empty() {
            return false;
        }
        if resolved.decorator_roles(func).contains(&Role::AmbientRelease) {
            return true;
        }
        let Some(deeper) = depth.checked_sub(1) else { return false };
        let home = function.parent.unwrap_or(func);
        let mut decorators = function.decorators.iter().flat_map(|decorator| {
            let mut types: Vec<Ty> = resolved.type_of(home, &decorator.place).to_vec();
            if types.is_empty() {
                // `@closing(alias="default")`: what makes the decorator.
                let made = resolved
                    .calls_of(home)
                    .filter(|(at, _)| resolved.program.op(*at).op.dst() == Some(&decorator.place));
                types.extend(made.flat_map(|(_, info)| info.functions().map(Ty::Func).collect::<Vec<_>>()));
            }
            types
        });
        decorators.any(|ty| {
            let Ty::Func(decorator) = ty else { return false };
            let within = |id: &FuncId| is_part_of(resolved.program.functions.as_slice(), *id, decorator);
            let mut inner = resolved.program.functions_of(resolved.program.module_of(decorator)).filter(within);
            inner.any(|inner| self.mentions_release(inner, deeper))
        })
    }

    /// The function releases the connection somewhere.
    fn mentions_release(&self, func: FuncId, depth: u32) -> bool {
        let resolved = self.summaries.resolved;
        ops(resolved.program.func(func), func).any(|(at, op)| {
            self.is_direct_release(at, op)
                || depth.checked_sub(1).is_some_and(|deeper| {
                    let info = resolved.call(at);
                    info.is_some_and(|info| {
                        info.functions()
                            .any(|called| called != func && matches!(self.left(called, deeper), Left::Released))
                    })
                })
        })
    }

    /// The op releases the connection whatever happens: it enters a scope that does, or has something registered that does.
    fn releases_for_sure(&self, at: OpRef, op: &Op, depth: u32) -> bool {
        let resolved = self.summaries.resolved;
        let (Op::Call { args, .. }, Some(info)) = (op, resolved.call(at)) else { return false };
        if args.iter().any(|arg| self.is_release(at.func, &arg.place, depth)) {
            return true;
        }
        // `closing(connection)`
        let wraps = info.roles(Role::Wraps).any(|symbol| {
            let mut types = symbol_args(symbol, args).flat_map(|(_, arg)| resolved.type_of(at.func, &arg.place));
            types.any(|ty| matches!(ty, Ty::Path(path) if self.is_released_by_method(&path)))
        });
        let Some(deeper) = depth.checked_sub(1) else { return wraps };
        wraps
            || info.targets.iter().any(|target| match target {
                Target::Project(func) => {
                    resolved.decorator_roles(*func).contains(&Role::ContextManager)
                        && self.mentions_release(*func, deeper)
                }
                Target::Construct(class) => resolved.language().exit_methods.iter().any(|name| {
                    resolved.find_method(*class, name).is_some_and(|exit| self.mentions_release(exit, deeper))
                }),
                _ => false,
            })
    }

    /// The catalogue has a method of what has this path that releases the connection.
    fn is_released_by_method(&self, path: &Name) -> bool {
        let catalog = self.summaries.resolved.catalog;
        let closers = &self.summaries.resolved.language().closers;
        closers.iter().any(|name| {
            let facts = catalog.function(&format!("{path}.{name}"));
            facts.is_some_and(|facts| facts.has_role(Role::AmbientRelease))
        })
    }

    fn is_direct_release(&self, at: OpRef, op: &Op) -> bool {
        let resolved = self.summaries.resolved;
        resolved.call(at).is_some_and(|info| info.has_role(Role::AmbientRelease))
            || self.is_element(at, op, Role::AmbientRelease)
    }

    /// It calls a method of an element of something that the catalogue names, which has the role: `connections["default"].close()`.
    fn is_element(&self, at: OpRef, op: &Op, role: Role) -> bool {
        let Op::Call { callee: Callee::Method { recv, name, .. }, .. } = op else { return false };
        if !self.methods.contains(name.as_str()) {
            return false;
        }
        let resolved = self.summaries.resolved;
        let has_role = |path: &Name| {
            resolved.catalog.function(&format!("{path}.{name}")).is_some_and(|facts| facts.has_role(role))
        };
        let of = |place: &Place| {
            let types = resolved.type_of(at.func, &Place::root(place.root));
            types.iter().any(|ty| matches!(ty, Ty::Path(path) if has_role(path)))
        };
        if !recv.proj.is_empty() && of(recv) {
            return true;
        }
        // An element that was put into a variable, or that a loop goes through.
        if !matches!(recv.root, Root::Local(_)) || !recv.is_root() {
            return false;
        }
        let mut names = vec![*recv];
        let mut next = 0;
        while let Some(name) = names.get(next).copied() {
            next += 1;
            for (_, op) in ops(resolved.program.func(at.func), at.func) {
                let source = match op {
                    Op::Copy { dst, src, .. } if *dst == name => src,
                    Op::Call { dst, callee: Callee::Method { recv, .. }, .. } if *dst == name => recv,
                    _ => continue,
                };
                if of(source) {
                    return true;
                }
                let whole = Place::root(source.root);
                if matches!(whole.root, Root::Local(_)) && !names.contains(&whole) {
                    names.push(whole);
                }
            }
        }
        false
    }

    /// Every exception raised in the block is handled in the function.
    fn catches_all(&self, function: &Function, block: BlockId) -> bool {
        let catch_all = &self.summaries.resolved.language().catch_all;
        let mut around = function.block(block).unwind;
        for _ in 0..function.blocks.len() {
            let Some(here) = around else { return false };
            let block = function.block(here);
            if let BlockKind::Dispatch { rethrow } = block.kind {
                let mut all = !rethrow;
                block.for_each_successor(&mut |handler| {
                    all |= function.block(handler).instrs.iter().any(|instr| {
                        let last = |name: &Name| {
                            name.as_str()
                                .rsplit('.')
                                .next()
                                .is_some_and(|last| catch_all.iter().any(|known| known == last))
                        };
                        matches!(&instr.op, Op::Catch { types, .. } if types.is_empty() || types.iter().any(last))
                    });
                });
                if all {
                    return true;
                }
            }
            around = block.unwind;
        }
        false
    }
}

/// Blocks of `finally` parts and scope ends.
fn cleanup_blocks(function: &Function) -> FxHashSet<BlockId> {
    let mut out: FxHashSet<BlockId> = FxHashSet::default();
    for (b, block) in function.blocks.iter().enumerate().filter(|(_, block)| block.kind == BlockKind::Cleanup) {
        let mut pending = vec![BlockId(b as u32)];
        while let Some(at) = pending.pop() {
            if function.block(at).pending >= block.pending && out.insert(at) {
                let unwind = function.block(at).unwind;
                function.block(at).for_each_successor(&mut |next| {
                    if Some(next) != unwind {
                        pending.push(next);
                    }
                });
            }
        }
    }
    out
}

/// The block is, or belongs to, an exception handler.
fn is_handler(function: &Function, block: BlockId) -> bool {
    function.block(block).pending > 0
        || function.block(block).instrs.iter().any(|instr| matches!(instr.op, Op::Catch { .. }))
}

fn is_part_of(functions: &[Function], inner: FuncId, outer: FuncId) -> bool {
    let mut at = Some(inner);
    while let Some(here) = at {
        if here == outer {
            return true;
        }
        at = functions.get(here.index()).and_then(|function| function.parent);
    }
    false
}

fn ops(function: &Function, func: FuncId) -> impl Iterator<Item = (OpRef, &Op)> {
    function.blocks.iter().enumerate().flat_map(move |(b, block)| {
        let at = move |i| OpRef { func, block: BlockId(b as u32), op: i as u32 };
        block.instrs.iter().enumerate().map(move |(i, instr)| (at(i), &instr.op))
    })
}
