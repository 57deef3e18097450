//! Operations, terminators and the tests on branches.

use super::{ClassId, FuncId, Name, Place, Proj, Span};

/// A literal, or a name that an import binds.
#[derive(Clone, PartialEq, Debug)]
pub enum Const {
    Null,
    Undefined,
    Bool(bool),
    Num(f64),
    Str(Name),
    /// What an import binds, as its dotted path (`redis.asyncio`, `.models.User` when relative): a module or one of its members.
    Symbol(Name),
    /// A class defined in this file.
    Class(ClassId),
}

#[derive(Clone, PartialEq, Debug)]
pub enum Callee {
    /// `recv.name(...)`; module functions too (`redis.from_url`), since only `resolve` knows what `redis` is.
    Method { recv: Place, name: Name, optional: bool },
    /// `super().name(...)`: the method of a base class, on `Root::This`.
    Super { name: Name },
    /// A call of a value: a local function, a class, a parameter, the result of an expression.
    Value(Place),
}

/// One argument as written. A keyword has a `name`; `*xs`, `**kw` and `...xs` have `spread`.
#[derive(Clone, PartialEq, Debug)]
pub struct Arg {
    pub place: Place,
    pub name: Option<Name>,
    pub spread: bool,
    /// The literal, when the argument is written as one; `place` is then a temporary of its own that no op defines.
    pub literal: Option<Const>,
    /// The named fields of an argument that is written as an object literal, one level deep: what many libraries take for keywords.
    pub fields: Box<[Arg]>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Hold {
    ByRef,
    ByMove,
    Weak,
}

/// Why a value leaves what the IR can follow.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Why {
    /// Stored into something the front end cannot name (`f().x = v`, `a.b.c.d = v`).
    ElemOfUnknown,
    /// Stored under a computed name.
    Reflection,
    UnmodelledSyntax,
}

/// One step of a block. Loads and stores are `Copy` with projections; `await` is never part of a call.
#[derive(Clone, PartialEq, Debug)]
pub enum Op {
    Copy {
        dst: Place,
        src: Place,
        moved: bool,
    },
    Const {
        dst: Place,
        value: Const,
    },
    /// A literal tuple, list, dict or object; `parts` are what it holds. Without parts: a plain value, the result of arithmetic or
    /// formatting; `of` is what that was computed from, which is no use of it that matters to anybody who owns it.
    Build {
        dst: Place,
        parts: Vec<(Proj, Place)>,
        of: Vec<Place>,
    },
    Call {
        dst: Place,
        callee: Callee,
        args: Vec<Arg>,
        new: bool,
    },
    Await {
        dst: Place,
        src: Place,
    },
    /// `delegate`: `yield from` / `yield*`. `dst` is the value sent in.
    Yield {
        dst: Place,
        src: Option<Place>,
        delegate: bool,
    },
    /// Creates the closure `func`; `captures[i]` is the place that the closure knows as `Root::Capture(i)`.
    Closure {
        dst: Place,
        func: FuncId,
        captures: Vec<(Place, Hold)>,
    },
    /// Begins a `with`/`using` scope; `dst` is the `as` target or a temporary.
    Enter {
        dst: Place,
        manager: Place,
        r#async: bool,
    },
    /// Ends it; stands once, in the cleanup block of the scope.
    Exit {
        manager: Place,
        r#async: bool,
    },
    /// A variable goes out of reach: `del x`, end of a Rust scope.
    Drop {
        place: Place,
        maybe_moved: bool,
    },
    /// Takes the pending exception; first op of a handler. `types` are dotted names as written; empty: everything.
    Catch {
        dst: Place,
        types: Vec<Name>,
    },
    Escape {
        place: Place,
        why: Why,
    },
    /// Something the front end does not model. Counted, and able only to silence.
    Unknown {
        kind: &'static str,
        reads: Vec<Place>,
        writes: Vec<Place>,
    },
}

impl Op {
    /// The kind of [`Op::Unknown`] that stands for code that does not parse.
    pub const SYNTAX: &str = "syntax";

    /// Calls `f` for every place that the op reads or writes.
    pub fn for_each_place(&self, f: &mut dyn FnMut(&Place)) {
        match self {
            Op::Copy { dst, src, .. } | Op::Await { dst, src } => {
                f(dst);
                f(src);
            }
            Op::Const { dst, .. } | Op::Catch { dst, .. } => f(dst),
            Op::Build { dst, parts, .. } => {
                f(dst);
                parts.iter().for_each(|(_, place)| f(place));
            }
            Op::Call { dst, callee, args, .. } => {
                f(dst);
                match callee {
                    Callee::Method { recv: place, .. } | Callee::Value(place) => f(place),
                    Callee::Super { .. } => {}
                }
                args.iter().for_each(|arg| f(&arg.place));
            }
            Op::Yield { dst, src, .. } => {
                f(dst);
                src.iter().for_each(f);
            }
            Op::Closure { dst, captures, .. } => {
                f(dst);
                captures.iter().for_each(|(place, _)| f(place));
            }
            Op::Enter { dst, manager, .. } => {
                f(dst);
                f(manager);
            }
            Op::Exit { manager: place, .. } | Op::Drop { place, .. } | Op::Escape { place, .. } => f(place),
            Op::Unknown { reads, writes, .. } => reads.iter().chain(writes).for_each(f),
        }
    }
}

/// How an op's span relates to what the user wrote.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Origin {
    Same,
    /// Part of a larger construct (`with` header, decorator).
    Related,
    /// Made by the front end.
    Synth,
}

#[derive(Clone, PartialEq, Debug)]
pub struct Instr {
    pub op: Op,
    pub span: Span,
    pub origin: Origin,
}

/// What a branch asks about a place.
#[derive(Clone, PartialEq, Debug)]
pub enum Test {
    /// yes: is null (`x is None`, `x == null`).
    Null,
    Truthy,
    Eq(Const),
    /// Dotted class names as written.
    InstanceOf(Vec<Name>),
    /// Says nothing about the place.
    Opaque,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct BlockId(pub u32);

impl BlockId {
    pub const ENTRY: BlockId = BlockId(0);

    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// How a block ends.
#[derive(Clone, PartialEq, Debug)]
pub enum Term {
    Goto(BlockId),
    Branch {
        place: Place,
        test: Test,
        yes: BlockId,
        no: BlockId,
    },
    /// A choice the IR does not interpret (loop continues or not, match arms, exception dispatch).
    Switch(Vec<BlockId>),
    /// Leaves the function. The value was copied to `Root::Result` before. Goes through `jump` of the block when cleanups lie between.
    Return {
        err: bool,
    },
    /// Raises: `bare` re-raises what the enclosing handler caught. Goes to the block's `unwind`.
    Raise {
        bare: bool,
    },
    /// Leaves a region early (`break`, `continue`, `return`): runs the cleanup blocks in order, innermost first, then goes on with `then`.
    Jump {
        cleanups: Vec<BlockId>,
        then: After,
    },
    /// End of a cleanup region: resumes the pending completion. `after` is set for scopes whose manager may swallow
    /// an exception (`with`): where control goes on then.
    EndCleanup {
        after: Option<BlockId>,
    },
    /// The process ends or the block is never left: `sys.exit()`, code after an endless loop.
    Halt,
}

/// Where a [`Term::Jump`] goes when its cleanups are done.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum After {
    Block(BlockId),
    Return { err: bool },
}

/// How believable it is that an op raises. Ordered: a path is as believable as its least believable raise, the greatest tier on it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum Tier {
    /// `raise`, `throw`, a failed assertion.
    Explicit,
    /// An awaited operation.
    Await,
    /// A call the catalogue or a summary knows to do I/O or to raise.
    Known,
    /// Any other call.
    Any,
}

impl Op {
    /// The place the op assigns, if it assigns one.
    pub fn dst(&self) -> Option<&Place> {
        match self {
            Op::Copy { dst, .. }
            | Op::Const { dst, .. }
            | Op::Build { dst, .. }
            | Op::Call { dst, .. }
            | Op::Await { dst, .. }
            | Op::Yield { dst, .. }
            | Op::Closure { dst, .. }
            | Op::Enter { dst, .. }
            | Op::Catch { dst, .. } => Some(dst),
            Op::Exit { .. } | Op::Drop { .. } | Op::Escape { .. } | Op::Unknown { .. } => None,
        }
    }

    /// Whether the op reads a place for which `is` holds.
    pub fn reads_any(&self, is: impl Fn(&Place) -> bool) -> bool {
        match self {
            Op::Copy { src, .. } | Op::Await { src, .. } => is(src),
            Op::Build { parts, .. } => parts.iter().any(|(_, part)| is(part)),
            Op::Call { callee, args, .. } => {
                args.iter().any(|arg| is(&arg.place))
                    || match callee {
                        Callee::Method { recv, .. } => is(recv),
                        Callee::Value(place) => is(place),
                        Callee::Super { .. } => false,
                    }
            }
            Op::Yield { src, .. } => src.as_ref().is_some_and(is),
            Op::Closure { captures, .. } => captures.iter().any(|(place, _)| is(place)),
            Op::Enter { manager, .. } | Op::Exit { manager, .. } => is(manager),
            Op::Drop { place, .. } | Op::Escape { place, .. } => is(place),
            Op::Unknown { reads, .. } => reads.iter().any(is),
            Op::Const { .. } | Op::Catch { .. } => false,
        }
    }
}
