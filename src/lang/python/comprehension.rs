//! Comprehensions: loops in the enclosing function, whose variables exist only there.
//!
//! A generator expression is lowered the same way, as if it were consumed where it is written. That is nearly always so
//! (`any(...)`, `gather(*(...))`), and what its element expression releases is then released here.

use super::context::Lowerer;
use super::scope::Bound;
use crate::ir::{BlockId, Place, Proj, Span};
use ruff_python_ast::{Comprehension, Expr};

impl Lowerer<'_> {
    /// Builds a collection of the values of `element`; `key` is evaluated for its effects.
    pub(super) fn comprehension(
        &mut self,
        key: Option<&Expr>,
        element: Option<&Expr>,
        generators: &[Comprehension],
        span: Span,
    ) -> Place {
        let result = self.plain(span);
        let shadows = self.cx.shadows.len();
        let mut loops: Vec<BlockId> = Vec::with_capacity(generators.len());
        for generator in generators {
            // The iterable does not see the variables of its own clause.
            let iterable = self.iterable(&generator.iter);
            for name in Bound::of_target(&generator.target) {
                let id = self.cx.builder.local(Some(name), None);
                self.cx.shadows.push((name, Place::local(id)));
            }
            let exit = self.cx.builder.block();
            let header = self.cx.builder.enter_loop(exit, None);
            loops.push(exit);
            let body = self.loop_step(&iterable, generator.is_async, exit, span);
            self.cx.builder.start(body);
            self.loop_variable(&generator.target, &iterable);
            for condition in &generator.ifs {
                let next = self.cx.builder.block();
                self.cond(condition, next, header);
                self.cx.builder.start(next);
            }
        }
        if let Some(key) = key {
            self.expr(key);
        }
        if let Some(element) = element {
            let src = self.expr(element);
            let at = self.span(element);
            self.copy(result.project(Proj::Elem), src, at);
        }
        while let Some(exit) = loops.pop() {
            self.cx.builder.leave_loop(span);
            self.cx.builder.start(exit);
        }
        self.cx.shadows.truncate(shadows);
        result
    }
}
