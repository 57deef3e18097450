//! Conditions: chains of branches, with the test that each of them makes.

use super::context::Lowerer;
use crate::ir::{BlockId, Const, Place, Span, Test};
use ruff_python_ast::{BoolOp, CmpOp, Expr, ExprCall, ExprCompare, UnaryOp};

/// A comparison that says something about one place.
struct PlaceTest<'e> {
    subject: &'e Expr,
    test: Test,
    negated: bool,
}

impl Lowerer<'_> {
    /// Evaluates a condition: control goes to `yes` or `no`, no block is open afterwards.
    pub(super) fn cond(&mut self, expr: &Expr, yes: BlockId, no: BlockId) {
        let span = self.span(expr);
        match expr {
            Expr::BoolOp(boolean) => {
                let Some((last, init)) = boolean.values.split_last() else { return };
                for value in init {
                    let next = self.cx.builder.block();
                    match boolean.op {
                        BoolOp::And => self.cond(value, next, no),
                        BoolOp::Or => self.cond(value, yes, next),
                    }
                    self.cx.builder.start(next);
                }
                self.cond(last, yes, no);
            }
            Expr::UnaryOp(unary) if unary.op == UnaryOp::Not => self.cond(&unary.operand, no, yes),
            Expr::Compare(compare) => self.compare(compare, yes, no, span),
            Expr::Call(call) => match self.instance_test(call) {
                Some((subject, test)) => {
                    let place = self.expr(subject);
                    self.cx.builder.branch(place, test, yes, no, span);
                }
                None => self.truthy(expr, yes, no, span),
            },
            Expr::If(choice) => {
                let (then, other) = (self.cx.builder.block(), self.cx.builder.block());
                self.cond(&choice.test, then, other);
                self.cx.builder.start(then);
                self.cond(&choice.body, yes, no);
                self.cx.builder.start(other);
                self.cond(&choice.orelse, yes, no);
            }
            other => match self.literal(other) {
                Some(value) => {
                    let target = if is_true(&value) { yes } else { no };
                    self.cx.builder.goto(target, span);
                }
                None => self.truthy(expr, yes, no, span),
            },
        }
    }

    fn truthy(&mut self, expr: &Expr, yes: BlockId, no: BlockId, span: Span) {
        let place = self.expr(expr);
        self.cx.builder.branch(place, Test::Truthy, yes, no, span);
    }

    fn compare(&mut self, compare: &ExprCompare, yes: BlockId, no: BlockId, span: Span) {
        if let Some(found) = self.place_test(compare) {
            let place = self.expr(found.subject);
            let (yes, no) = if found.negated { (no, yes) } else { (yes, no) };
            self.cx.builder.branch(place, found.test, yes, no, span);
            return;
        }
        let place = self.expr(&compare.left);
        for comparator in &compare.comparators {
            self.effects(comparator);
        }
        self.cx.builder.branch(place, Test::Opaque, yes, no, span);
    }

    /// `x is None`, `x == "closed"`, either way round.
    fn place_test<'e>(&self, compare: &'e ExprCompare) -> Option<PlaceTest<'e>> {
        let ([op], [right]) = (&*compare.ops, &*compare.comparators) else { return None };
        let negated = match op {
            CmpOp::Is | CmpOp::Eq => false,
            CmpOp::IsNot | CmpOp::NotEq => true,
            CmpOp::Lt | CmpOp::LtE | CmpOp::Gt | CmpOp::GtE | CmpOp::In | CmpOp::NotIn => return None,
        };
        let (subject, value) = match (self.literal(right), self.literal(&compare.left)) {
            (Some(value), None) => (&*compare.left, value),
            (None, Some(value)) => (right, value),
            // Two literals, or none.
            _ => return None,
        };
        let test = if value == Const::Null { Test::Null } else { Test::Eq(value) };
        Some(PlaceTest { subject, test, negated })
    }

    /// `isinstance(x, A)` or `isinstance(x, (A, B))` with classes that have names.
    fn instance_test<'e>(&mut self, call: &'e ExprCall) -> Option<(&'e Expr, Test)> {
        let Expr::Name(function) = &*call.func else { return None };
        let [subject, classes] = &*call.arguments.args else { return None };
        if function.id.as_str() != "isinstance" || !call.arguments.keywords.is_empty() || !self.is_global("isinstance")
        {
            return None;
        }
        let classes = self.class_names(classes)?;
        Some((subject, Test::InstanceOf(classes)))
    }

    /// True for conditions that a flag can remember: `flag = conn is None`.
    pub(super) fn is_flag(&mut self, expr: &Expr) -> bool {
        match expr {
            Expr::Compare(compare) => self.place_test(compare).is_some(),
            Expr::UnaryOp(unary) => unary.op == UnaryOp::Not,
            Expr::BoolOp(boolean) => boolean.values.iter().all(|value| self.is_flag(value)),
            Expr::Call(call) => self.instance_test(call).is_some(),
            _ => false,
        }
    }

    /// Stores a condition as true or false, so that the branches stay apart.
    pub(super) fn flag(&mut self, expr: &Expr, dst: Place, span: Span) {
        let (yes, no, end) = (self.cx.builder.block(), self.cx.builder.block(), self.cx.builder.block());
        self.cond(expr, yes, no);
        self.cx.builder.store_answer(yes, no, end, &dst, span);
    }
}

fn is_true(value: &Const) -> bool {
    match value {
        Const::Null | Const::Undefined => false,
        Const::Bool(value) => *value,
        Const::Num(value) => *value != 0.0,
        Const::Str(value) => !value.is_empty(),
        Const::Symbol(_) | Const::Class(_) => true,
    }
}
