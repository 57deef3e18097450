//! The intermediate representation that every front end lowers to and every leak question is asked of.
//!
//! It says what the source says and nothing else: no library, no rule, no resolved name. All of it is owned and `Send`.
//!
//! # Control flow
//! A function is a list of [`Block`]s. Normal edges are in [`Term`]; the exceptional edge of every op of a block is the block's
//! `unwind`. Cleanup code (`finally`, the exit of a `with`) exists **once**, as a region that starts with a
//! [`BlockKind::Cleanup`] block and ends with [`Term::EndCleanup`]; whoever walks the graph carries a stack of pending completions:
//!
//! * falling into the cleanup, or leaving the protected region by `break`, `continue` or `return`, is [`Term::Jump`]: it names the
//!   cleanups to run, innermost first, and what comes after;
//! * an exception pushes itself as pending completion and enters `unwind`;
//! * `EndCleanup` pops: the next cleanup of the jump, its target, or - for an exception - the *unwind of the cleanup's own blocks*,
//!   which is the next enclosing handler.
//!
//! So paths with different completions never merge at a `finally`.
//!
//! A [`BlockKind::Dispatch`] block is entered by an exception only. Its `Switch` lists the handlers; each handler's first op is
//! [`Op::Catch`], which takes the pending exception. A handler whose types cannot match lets it go on.
//! The caught exception stays on the stack, below nothing, for as long as the handler runs ([`Block::pending`] counts it), so that
//! a bare [`Term::Raise`] knows what it re-raises; leaving the handler drops it.
//!
//! [`Block::pending`] of neighbours therefore differs in these ways only: a normal edge keeps or drops; an exception and a
//! [`Term::Jump`] drop what is above the cleanup's own level and push one; [`Term::EndCleanup`] pops one. [`verify`] checks it.
//!
//! Code that cannot be reached from the entry is left out, except that functions defined in it exist.

pub mod builder;
mod function;
pub mod loops;
mod name;
mod op;
mod place;
mod print;
mod program;
mod span;
mod verify;

pub use function::*;
pub use name::Name;
pub use op::*;
pub use place::*;
pub use print::{Detail, print_function, print_module};
pub use program::*;
pub use span::*;
pub use verify::{verify, verify_module};
