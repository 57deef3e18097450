//! Connections that nobody in the program opens or closes: a framework keeps one for each request or thread, and opens it at the first use.

use super::Summaries;
use crate::catalog::schema::Role;
use crate::ir::{FuncId, Op, OpRef, Place, Proj, Root, Span};
use crate::resolve::{CallInfo, Ty};
use rustc_hash::FxHashMap;
use std::cell::RefCell;

/// Functions followed from one that is asked about to one that uses the connection.
const MAX_DEPTH: u32 = 3;

/// Answers about the ambient connection of a program.
pub struct Ambient<'s, 'a> {
    summaries: &'s Summaries<'a>,
    /// Both by function and how far others are followed from it: where it uses the connection, and whether it closes it.
    known: RefCell<FxHashMap<(FuncId, u32), Option<Span>>>,
    closing: RefCell<FxHashMap<(FuncId, u32), bool>>,
}

impl<'s, 'a> Ambient<'s, 'a> {
    pub fn new(summaries: &'s Summaries<'a>) -> Self {
        Ambient { summaries, known: RefCell::default(), closing: RefCell::default() }
    }

    /// Where the function, or one that it calls, uses the connection first.
    pub fn used_in(&self, func: FuncId) -> Option<Span> {
        self.used(func, MAX_DEPTH)
    }

    fn used(&self, func: FuncId, depth: u32) -> Option<Span> {
        if let Some(known) = self.known.borrow().get(&(func, depth)) {
            return *known;
        }
        let found = self.uses(func, depth).map(|(_, span)| span).next();
        self.known.borrow_mut().insert((func, depth), found);
        found
    }

    /// Where the function uses the connection, itself or through others, in the order of its ops.
    fn uses(&self, func: FuncId, depth: u32) -> impl Iterator<Item = (OpRef, Span)> + '_ {
        let ops = self.summaries.resolved.program.ops(func);
        ops.filter(move |(at, instr)| self.is_use(*at, &instr.op, depth)).map(|(at, instr)| (at, instr.span))
    }

    /// The op itself uses it.
    pub fn is_direct_use(&self, at: OpRef, op: &Op) -> bool {
        let resolved = self.summaries.resolved;
        let attributes = &resolved.language().ambient_attributes;
        let mut named = false;
        op.for_each_place(&mut |place: &Place| {
            let attribute = |proj: &Proj| matches!(proj, Proj::Field(name) if attributes.contains(name));
            if named || !place.proj.iter().any(attribute) {
                return;
            }
            // A class that is imported where it is used is one as well.
            let is_class = |ty: &Ty| matches!(ty, Ty::Class(_) | Ty::Path(_));
            named = matches!(place.root, Root::Global(_))
                || resolved.type_of(at.func, &Place::root(place.root)).iter().any(is_class);
        });
        named || resolved.call(at).is_some_and(|info| info.has_role(Role::AmbientUse))
    }

    fn is_use(&self, at: OpRef, op: &Op, depth: u32) -> bool {
        if self.is_direct_use(at, op) {
            return true;
        }
        let Some(info) = self.summaries.resolved.call(at) else { return false };
        depth.checked_sub(1).is_some_and(|deeper| {
            info.functions()
                .filter(|called| !self.summaries.resolved.program.func(*called).generator)
                .any(|called| self.used(called, deeper).is_some())
        })
    }

    /// The last use before `at` in its function, unless the connection is closed between them.
    pub fn used_before(&self, at: OpRef) -> Option<Span> {
        let before = |other: &OpRef| (other.block, other.op) < (at.block, at.op);
        let (last, span) = self.uses(at.func, MAX_DEPTH).filter(|(used, _)| before(used)).last()?;
        let after = |closed: OpRef| (closed.block, closed.op) > (last.block, last.op) && before(&closed);
        (!self.closed_in(at.func).any(after)).then_some(span)
    }

    /// Where the function closes it, itself or in a function that it calls.
    pub fn closed_in(&self, func: FuncId) -> impl Iterator<Item = OpRef> + '_ {
        let calls = self.summaries.resolved.calls_of(func);
        calls.filter(|(_, info)| self.closes(info, MAX_DEPTH)).map(|(at, _)| at)
    }

    fn closes(&self, info: &CallInfo<'_>, depth: u32) -> bool {
        let deeper = depth.checked_sub(1);
        info.has_role(Role::AmbientRelease)
            || deeper.is_some_and(|deeper| {
                let mut called = info.functions();
                called.any(|func| self.is_closing(func, deeper))
            })
    }

    fn is_closing(&self, func: FuncId, depth: u32) -> bool {
        if let Some(known) = self.closing.borrow().get(&(func, depth)) {
            return *known;
        }
        let found = self.summaries.resolved.calls_of(func).any(|(_, info)| self.closes(info, depth));
        self.closing.borrow_mut().insert((func, depth), found);
        found
    }
}
