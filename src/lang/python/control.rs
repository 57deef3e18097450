//! Loops, `if`, `with`, `try`.

use super::context::Lowerer;
use super::scope::{Bound, handler_parts};
use crate::ir::{BlockId, Callee, Name, Op, Place, Proj, Span};
use ruff_python_ast::{CmpOp, ExceptHandler, Expr, Stmt, StmtFor, StmtIf, StmtTry, StmtWhile, StmtWith};
use ruff_text_size::Ranged;
use std::cell::OnceCell;

/// An open `with` item.
struct OpenItem {
    after: BlockId,
    manager: Place,
    span: Span,
}

impl Lowerer<'_> {
    pub(super) fn if_stmt(&mut self, stmt: &StmtIf) {
        let end = self.span(stmt).end();
        let after = self.cx.builder.block();
        let first = (Some(&*stmt.test), &stmt.body[..]);
        let others = stmt.elif_else_clauses.iter().map(|clause| (clause.test.as_ref(), &clause.body[..]));
        for (test, body) in std::iter::once(first).chain(others) {
            let Some(test) = test else {
                self.body(body);
                break;
            };
            let script = self.cx.module && is_main_test(test);
            let was = script.then(|| {
                self.has_script_region = true;
                self.cx.builder.set_script(true)
            });
            let yes = self.cx.builder.block();
            if let Some(was) = was {
                self.cx.builder.set_script(was);
            }
            let no = self.cx.builder.block();
            self.cond_or_opaque(test, script, yes, no);
            self.cx.builder.start(yes);
            if script {
                self.cx.builder.set_script(true);
            }
            self.body(body);
            if let Some(was) = was {
                self.cx.builder.set_script(was);
            }
            if self.cx.builder.is_open() {
                self.cx.builder.goto(after, end);
            }
            self.cx.builder.start(no);
        }
        self.cx.builder.start(after);
    }

    /// How the program was started says nothing about any value.
    fn cond_or_opaque(&mut self, test: &Expr, opaque: bool, yes: BlockId, no: BlockId) {
        if opaque {
            let span = self.span(test);
            let place = self.name("__name__");
            self.cx.builder.branch(place, crate::ir::Test::Opaque, yes, no, span);
        } else {
            self.cond(test, yes, no);
        }
    }

    pub(super) fn while_stmt(&mut self, stmt: &StmtWhile) {
        let end = self.span(stmt).end();
        let after = self.cx.builder.block();
        let done = if stmt.orelse.is_empty() { after } else { self.cx.builder.block() };
        self.cx.builder.enter_loop(after, None);
        let body = self.cx.builder.block();
        self.cond(&stmt.test, body, done);
        self.cx.builder.start(body);
        self.body(&stmt.body);
        self.cx.builder.leave_loop(end);
        self.loop_else(&stmt.orelse, done, after);
    }

    pub(super) fn for_stmt(&mut self, stmt: &StmtFor) {
        let end = self.span(stmt).end();
        let iterable = self.iterable(&stmt.iter);
        let after = self.cx.builder.block();
        let done = if stmt.orelse.is_empty() { after } else { self.cx.builder.block() };
        self.cx.builder.enter_loop(after, None);
        let at = self.span(&*stmt.iter);
        let body = self.loop_step(&iterable, stmt.is_async, done, at);
        self.cx.builder.start(body);
        self.loop_variable(&stmt.target, &iterable);
        self.body(&stmt.body);
        self.cx.builder.leave_loop(end);
        self.loop_else(&stmt.orelse, done, after);
    }

    fn loop_else(&mut self, orelse: &[Stmt], done: BlockId, after: BlockId) {
        if done != after {
            self.cx.builder.start(done);
            self.body(orelse);
        }
        self.cx.builder.start(after);
    }

    /// The place of an iterable, with room for one more projection.
    pub(super) fn iterable(&mut self, iter: &Expr) -> Place {
        let place = self.expr(iter);
        if place.proj.len() < Place::MAX_PROJ {
            return place;
        }
        let span = self.span(iter);
        let base = self.temp();
        self.emit_synth(Op::Copy { dst: base, src: place, moved: false }, span);
        base
    }

    /// In the header: asks for the next element, and goes to the body, which is returned, or to `done`.
    pub(super) fn loop_step(&mut self, iterable: &Place, r#async: bool, done: BlockId, span: Span) -> BlockId {
        let dst = self.temp();
        let name = Name::new(if r#async { "__anext__" } else { "__next__" });
        let callee = Callee::Method { recv: *iterable, name, optional: false };
        self.emit_synth(Op::Call { dst, callee, args: Vec::new(), new: false }, span);
        if r#async {
            let awaited = self.temp();
            self.emit_synth(Op::Await { dst: awaited, src: dst }, span);
        }
        let body = self.cx.builder.block();
        self.cx.builder.switch(vec![body, done], span);
        body
    }

    pub(super) fn loop_variable(&mut self, target: &Expr, iterable: &Place) {
        let span = self.span(target);
        self.store(target, iterable.project(Proj::Elem), span);
    }

    pub(super) fn with_stmt(&mut self, stmt: &StmtWith) {
        let end = self.span(stmt).end();
        let mut open: Vec<OpenItem> = Vec::with_capacity(stmt.items.len());
        let bound = OnceCell::new();
        for item in &stmt.items {
            let span = self.span(item);
            let mut manager = self.expr(&item.context_expr);
            let (dst, complex) = match item.optional_vars.as_deref() {
                Some(Expr::Name(name)) if !name.id.is_empty() => (self.name(&name.id), None),
                Some(target) => (self.temp(), Some(target)),
                None => (self.temp(), None),
            };
            let rebound = |expr: &Expr| {
                let Expr::Name(name) = expr else { return false };
                bound.get_or_init(|| Bound::of(&stmt.body, true)).rebinds(&name.id)
            };
            if dst == manager || rebound(&item.context_expr) {
                // `with conn as conn`, or `conn = ...` inside: the manager is needed again at the end.
                let kept = self.temp();
                self.emit_synth(Op::Copy { dst: kept, src: manager, moved: false }, span);
                manager = kept;
            }
            let enter = Op::Enter { dst, manager, r#async: stmt.is_async };
            self.emit(enter, span);
            let after = self.cx.builder.block();
            self.cx.builder.enter_cleanup_scope();
            if let Some(target) = complex {
                self.store(target, dst, span);
            }
            open.push(OpenItem { after, manager, span });
        }
        self.body(&stmt.body);
        while let Some(OpenItem { after, manager, span }) = open.pop() {
            self.cx.builder.begin_cleanup(after, end);
            self.emit(Op::Exit { manager, r#async: stmt.is_async }, span);
            self.cx.builder.end_cleanup(Some(after), end);
            self.cx.builder.start(after);
        }
    }

    pub(super) fn try_stmt(&mut self, stmt: &StmtTry) {
        let end = self.span(stmt).end();
        let after = self.cx.builder.block();
        let has_finally = !stmt.finalbody.is_empty();
        if has_finally {
            self.cx.builder.enter_cleanup_scope();
        }
        let handled = self.cx.builder.block();
        if stmt.handlers.is_empty() {
            self.body(&stmt.body);
            self.body(&stmt.orelse);
        } else {
            self.cx.builder.enter_dispatch_scope();
            self.body(&stmt.body);
            let dispatch = self.cx.builder.leave_dispatch_scope();
            self.body(&stmt.orelse);
            if self.cx.builder.is_open() {
                self.cx.builder.goto(handled, end);
            }
            self.handlers(&stmt.handlers, dispatch, handled, end);
        }
        self.cx.builder.start(handled);
        if has_finally {
            self.cx.builder.begin_cleanup(after, end);
            self.body(&stmt.finalbody);
            self.cx.builder.end_cleanup(None, end);
        }
        self.cx.builder.start(after);
    }

    fn handlers(&mut self, handlers: &[ExceptHandler], dispatch: BlockId, handled: BlockId, end: Span) {
        let catches_all = |ExceptHandler::ExceptHandler(handler): &ExceptHandler| match &handler.type_ {
            None => true,
            Some(types) => names_base_exception(types),
        };
        let rethrow = !handlers.iter().any(catches_all);
        let span = handlers.first().map_or(end, |first| self.span(first));
        let blocks = self.cx.builder.begin_handlers(dispatch, handlers.len(), rethrow, span);
        for (ExceptHandler::ExceptHandler(handler), block) in handlers.iter().zip(blocks) {
            self.cx.builder.start(block);
            let span = match &handler.type_ {
                Some(types) => self.span(&**types),
                None => {
                    let keyword = self.span(handler);
                    Span { hi: keyword.lo + "except".len() as u32, ..keyword }
                }
            };
            let parts = handler_parts(handler);
            let types = parts.types.iter().map(|class| self.source_name(class)).collect();
            let dst = match parts.name {
                Some(name) => self.name(name),
                None => self.temp(),
            };
            self.emit(Op::Catch { dst, types }, span);
            self.body(&handler.body);
            if self.cx.builder.is_open() {
                self.cx.builder.goto(handled, end);
            }
        }
        self.cx.builder.end_handlers();
    }
}

/// `__name__ == "__main__"`, either way round.
fn is_main_test(test: &Expr) -> bool {
    let Expr::Compare(compare) = test else { return false };
    let ([CmpOp::Eq], [right]) = (&*compare.ops, &*compare.comparators) else { return false };
    let is_name = |expr: &Expr| matches!(expr, Expr::Name(name) if name.id.as_str() == "__name__");
    let is_main = |expr: &Expr| matches!(expr, Expr::StringLiteral(text) if text.value.to_str() == "__main__");
    (is_name(&compare.left) && is_main(right)) || (is_main(&compare.left) && is_name(right))
}

fn names_base_exception(types: &Expr) -> bool {
    match types {
        Expr::Tuple(tuple) => tuple.elts.iter().any(names_base_exception),
        Expr::Name(name) => name.id.as_str() == "BaseException",
        Expr::Attribute(attribute) => attribute.attr.as_str() == "BaseException",
        _ => false,
    }
}

/// Start of a node, as an offset.
pub(super) fn start(node: &impl Ranged) -> u32 {
    node.start().into()
}
