//! Assignments and everything else that binds a target.

use super::context::Lowerer;
use super::expr::{element_of, is_collection};
use crate::ir::{Op, Place, Proj, Span, Why};
use ruff_python_ast::{Expr, Operator, StmtAnnAssign, StmtAssign, StmtAugAssign};

impl Lowerer<'_> {
    pub(super) fn assign(&mut self, assign: &StmtAssign) {
        let span = self.span(assign);
        if let [target] = assign.targets.as_slice() {
            self.assign_one(target, &assign.value, span);
            return;
        }
        let value = self.expr(&assign.value);
        let Some((last, init)) = assign.targets.split_last() else { return };
        for target in init {
            self.store_from(target, value, false, span);
        }
        self.store(last, value, span);
    }

    /// `target = value`.
    fn assign_one(&mut self, target: &Expr, value: &Expr, span: Span) {
        if let (Some(targets), Some(values)) = (elements(target), elements(value))
            && targets.len() == values.len()
            && !targets.iter().chain(values).any(Expr::is_starred_expr)
        {
            // All values are read before the first target is written: `a, b = b, a`.
            let mut places = Vec::with_capacity(values.len());
            for value in values {
                let place = self.expr(value);
                places.push(if values.len() == 1 || self.is_temp(&place) {
                    place
                } else {
                    let saved = self.temp();
                    let at = self.span(value);
                    self.copy(saved, place, at);
                    saved
                });
            }
            for (target, place) in targets.iter().zip(places) {
                self.store(target, place, span);
            }
            return;
        }
        match target {
            Expr::Name(name) if !name.id.is_empty() => {
                if let Some(value) = self.literal(value) {
                    let dst = self.name(&name.id);
                    self.emit(Op::Const { dst, value }, span);
                } else if self.is_flag(value) {
                    let dst = self.name(&name.id);
                    self.flag(value, dst, span);
                } else {
                    let src = self.expr(value);
                    let dst = self.name(&name.id);
                    self.copy(dst, src, span);
                }
            }
            Expr::Attribute(_) | Expr::Subscript(_) => {
                if let Some(value) = self.literal(value) {
                    let dst = self.target_place(target);
                    self.emit(Op::Const { dst, value }, span);
                } else {
                    let src = self.expr(value);
                    self.store(target, src, span);
                }
            }
            _ => {
                let src = self.expr(value);
                self.store(target, src, span);
            }
        }
    }

    pub(super) fn ann_assign(&mut self, assign: &StmtAnnAssign) {
        let span = self.span(assign);
        self.declare(assign);
        if let Some(value) = &assign.value {
            self.assign_one(&assign.target, value, span);
        }
    }

    /// `target op= value`: a new plain value, except that collections keep their elements and gain others.
    pub(super) fn aug_assign(&mut self, assign: &StmtAugAssign) {
        let span = self.span(assign);
        let target = self.target_place(&assign.target);
        let mut parts = Vec::new();
        if matches!(assign.op, Operator::Add | Operator::BitOr) && may_be_collection(&assign.value) {
            let value = self.expr(&assign.value);
            parts.extend(element_of(target));
            parts.extend(element_of(value));
        } else {
            self.effects(&assign.value);
        }
        self.emit(Op::Build { dst: target, parts, of: Vec::new() }, span);
    }

    /// Binds `target` to a value; a temporary is given up by it.
    pub(super) fn store(&mut self, target: &Expr, src: Place, span: Span) {
        let moved = self.is_temp(&src);
        self.store_from(target, src, moved, span);
    }

    fn store_from(&mut self, target: &Expr, src: Place, moved: bool, span: Span) {
        match target {
            Expr::Name(name) if !name.id.is_empty() => {
                let dst = self.name(&name.id);
                self.emit(Op::Copy { dst, src, moved }, span);
            }
            Expr::Attribute(_) | Expr::Subscript(_) => {
                let dst = self.target_place(target);
                if self.cx.builder.is_in_temp(&dst) {
                    // Part of something without a name: nobody here sees it again.
                    self.emit(Op::Escape { place: src, why: Why::ElemOfUnknown }, span);
                }
                self.emit(Op::Copy { dst, src, moved }, span);
            }
            Expr::Tuple(tuple) => self.unpack(&tuple.elts, src, span),
            Expr::List(list) => self.unpack(&list.elts, src, span),
            Expr::Starred(starred) => self.store_from(&starred.value, src, moved, span),
            // The parser's stand-in for a missing target.
            Expr::Name(_) => {}
            other => {
                // No target in valid code.
                let place = self.expr(other);
                self.emit(Op::Unknown { kind: "assignment-target", reads: vec![src], writes: vec![place] }, span);
            }
        }
    }

    fn unpack(&mut self, targets: &[Expr], src: Place, span: Span) {
        let mut counted = true;
        for (index, target) in targets.iter().enumerate() {
            counted &= !target.is_starred_expr();
            let proj = match u16::try_from(index) {
                Ok(index) if counted => Proj::Index(index),
                _ => Proj::Elem,
            };
            let part = self.project(src, proj, span);
            self.store_from(target, part, false, span);
        }
    }

    /// The place that a target names. Its base and index are evaluated.
    pub(super) fn target_place(&mut self, target: &Expr) -> Place {
        let span = self.span(target);
        match target {
            Expr::Attribute(attribute) => {
                let base = self.expr(&attribute.value);
                self.attribute(base, &attribute.attr, span)
            }
            other => self.expr(other),
        }
    }
}

fn elements(expr: &Expr) -> Option<&[Expr]> {
    match expr {
        Expr::Tuple(tuple) => Some(&tuple.elts),
        Expr::List(list) => Some(&list.elts),
        _ => None,
    }
}

/// False for what is certainly a number or a string.
fn may_be_collection(expr: &Expr) -> bool {
    is_collection(expr)
        || matches!(
            expr,
            Expr::Name(_)
                | Expr::Attribute(_)
                | Expr::Subscript(_)
                | Expr::Call(_)
                | Expr::Await(_)
                | Expr::If(_)
                | Expr::BoolOp(_)
                | Expr::Named(_)
        )
}
