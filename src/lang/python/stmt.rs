//! Statements that are no control structures, and the choice among all of them.

use super::context::Lowerer;
use super::control::start;
use crate::ir::{Const, Name, Op, Place, Root};
use ruff_python_ast::{Expr, Stmt, StmtImport, StmtImportFrom, StmtRaise, StmtReturn};
use ruff_text_size::Ranged;

impl Lowerer<'_> {
    pub(super) fn body(&mut self, body: &[Stmt]) {
        for stmt in body {
            self.stmt(stmt);
        }
    }

    fn stmt(&mut self, stmt: &Stmt) {
        if self.broken_done < self.broken.len() {
            let compound = matches!(
                stmt,
                Stmt::FunctionDef(_)
                    | Stmt::ClassDef(_)
                    | Stmt::For(_)
                    | Stmt::While(_)
                    | Stmt::If(_)
                    | Stmt::With(_)
                    | Stmt::Match(_)
                    | Stmt::Try(_)
            );
            // What is missing at the end of a statement is reported at the line end after it.
            self.flush_broken(if compound { start(stmt) } else { u32::from(stmt.end()) + 1 });
        }
        let span = self.span(stmt);
        match stmt {
            Stmt::FunctionDef(def) => self.function_def(def),
            Stmt::ClassDef(def) => self.class_def(def),
            Stmt::Return(ret) => self.return_stmt(ret),
            Stmt::Delete(delete) => {
                for target in &delete.targets {
                    self.delete(target);
                }
            }
            Stmt::Assign(assign) => self.assign(assign),
            Stmt::AugAssign(assign) => self.aug_assign(assign),
            Stmt::AnnAssign(assign) => self.ann_assign(assign),
            Stmt::For(stmt) => self.for_stmt(stmt),
            Stmt::While(stmt) => self.while_stmt(stmt),
            Stmt::If(stmt) => self.if_stmt(stmt),
            Stmt::With(stmt) => self.with_stmt(stmt),
            Stmt::Match(stmt) => self.match_stmt(stmt),
            Stmt::Raise(raise) => self.raise_stmt(raise),
            Stmt::Try(stmt) => self.try_stmt(stmt),
            Stmt::Assert(assert) => {
                let (holds, fails) = (self.cx.builder.block(), self.cx.builder.block());
                self.cond(&assert.test, holds, fails);
                self.cx.builder.start(fails);
                if let Some(msg) = &assert.msg {
                    self.expr(msg);
                }
                self.cx.builder.halt(span);
                self.cx.builder.start(holds);
            }
            Stmt::Import(import) => self.import(import),
            Stmt::ImportFrom(import) => self.import_from(import),
            Stmt::Expr(stmt) => {
                // Documentation and `...` are no code.
                let literal = matches!(
                    &*stmt.value,
                    Expr::StringLiteral(_)
                        | Expr::BytesLiteral(_)
                        | Expr::NumberLiteral(_)
                        | Expr::BooleanLiteral(_)
                        | Expr::NoneLiteral(_)
                        | Expr::EllipsisLiteral(_)
                );
                if !literal {
                    self.expr(&stmt.value);
                }
            }
            // Outside of a loop these are errors that the compiler, not the parser, reports.
            Stmt::Break(_) => {
                self.cx.builder.break_loop(None, span);
            }
            Stmt::Continue(_) => {
                self.cx.builder.continue_loop(None, span);
            }
            Stmt::IpyEscapeCommand(_) => {
                self.emit(Op::Unknown { kind: "ipython-escape", reads: Vec::new(), writes: Vec::new() }, span);
            }
            // A type alias is evaluated when it is asked for its value.
            Stmt::TypeAlias(_) | Stmt::Global(_) | Stmt::Nonlocal(_) | Stmt::Pass(_) => {}
        }
    }

    fn return_stmt(&mut self, ret: &StmtReturn) {
        let span = self.span(ret);
        let dst = Place::root(Root::Result);
        match &ret.value {
            Some(value) => self.expr_into(value, dst, span),
            None => self.emit(Op::Const { dst, value: Const::Null }, span),
        }
        self.cx.builder.ret(false, span);
    }

    fn raise_stmt(&mut self, raise: &StmtRaise) {
        let span = self.span(raise);
        if let Some(exc) = &raise.exc {
            self.expr(exc);
        }
        if let Some(cause) = &raise.cause {
            self.expr(cause);
        }
        self.cx.builder.raise(raise.exc.is_none(), span);
    }

    fn delete(&mut self, target: &Expr) {
        match target {
            Expr::Tuple(tuple) => tuple.elts.iter().for_each(|elt| self.delete(elt)),
            Expr::List(list) => list.elts.iter().for_each(|elt| self.delete(elt)),
            other => {
                let span = self.span(other);
                let place = self.target_place(other);
                self.emit(Op::Drop { place, maybe_moved: false }, span);
            }
        }
    }

    fn import(&mut self, import: &StmtImport) {
        for alias in &import.names {
            let span = self.span(alias);
            let (name, symbol) = match &alias.asname {
                Some(name) => (name.as_str(), alias.name.as_str()),
                None => {
                    let top = alias.name.split('.').next().unwrap_or_default();
                    (top, top)
                }
            };
            let dst = self.name(name);
            self.emit(Op::Const { dst, value: Const::Symbol(Name::new(symbol)) }, span);
        }
    }

    fn import_from(&mut self, import: &StmtImportFrom) {
        let mut module = ".".repeat(import.level.min(u32::from(u8::MAX)) as usize);
        if let Some(name) = &import.module {
            module.push_str(name);
        }
        for alias in &import.names {
            let span = self.span(alias);
            if alias.name.as_str() == "*" {
                self.stars.push(Name::from(module.as_str()));
                continue;
            }
            let separator = if module.ends_with('.') { "" } else { "." };
            let symbol = Name::from(format!("{module}{separator}{}", alias.name.as_str()));
            let dst = self.name(alias.asname.as_ref().unwrap_or(&alias.name));
            self.emit(Op::Const { dst, value: Const::Symbol(symbol) }, span);
        }
    }
}
