//! Conditions: chains of branches, with the test that each of them makes.

use super::annotation;
use super::context::{Lowerer, bare, unparenthesized};
use crate::ir::{BlockId, Const, Place, Span, Test};
use oxc_ast::ast::{BinaryExpression, Expression};
use oxc_syntax::operator::{BinaryOperator, LogicalOperator, UnaryOperator};

/// A comparison that says something about one place.
struct PlaceTest<'e, 'a> {
    subject: &'e Expression<'a>,
    test: Test,
    negated: bool,
}

impl<'a> Lowerer<'a> {
    /// Evaluates a condition: control goes to `yes` or `no`, no block is open afterwards.
    pub(super) fn cond(&mut self, expr: &'a Expression<'a>, yes: BlockId, no: BlockId) {
        let expr = unparenthesized(expr);
        let span = self.span(expr);
        match expr {
            Expression::LogicalExpression(logical) if logical.operator != LogicalOperator::Coalesce => {
                let next = self.cx.builder.block();
                match logical.operator {
                    LogicalOperator::And => self.cond(&logical.left, next, no),
                    _ => self.cond(&logical.left, yes, next),
                }
                self.cx.builder.start(next);
                self.cond(&logical.right, yes, no);
            }
            Expression::UnaryExpression(unary) if unary.operator == UnaryOperator::LogicalNot => {
                self.cond(&unary.argument, no, yes);
            }
            Expression::BinaryExpression(binary) => self.compare(binary, yes, no, span),
            Expression::ConditionalExpression(choice) => {
                let (then, other) = (self.cx.builder.block(), self.cx.builder.block());
                self.cond(&choice.test, then, other);
                self.cx.builder.start(then);
                self.cond(&choice.consequent, yes, no);
                self.cx.builder.start(other);
                self.cond(&choice.alternate, yes, no);
            }
            Expression::SequenceExpression(sequence) => {
                let Some((last, init)) = sequence.expressions.split_last() else { return };
                init.iter().for_each(|expr| self.effects(expr));
                self.cond(last, yes, no);
            }
            other => match self.literal(other) {
                Some(value) => {
                    let target = if is_true(&value) { yes } else { no };
                    self.cx.builder.goto(target, span);
                }
                None => {
                    let place = self.subject(other, no);
                    self.cx.builder.branch(place, Test::Truthy, yes, no, span);
                }
            },
        }
    }

    /// Evaluates what is tested. An optional chain that ends early goes to `undefined` right away.
    fn subject(&mut self, expr: &'a Expression<'a>, undefined: BlockId) -> Place {
        match bare(expr) {
            Expression::ChainExpression(chain) => {
                self.cx.short.push(undefined);
                let place = self.chain_element(chain);
                self.cx.short.pop();
                place
            }
            _ => self.expr(expr),
        }
    }

    fn compare(&mut self, binary: &'a BinaryExpression<'a>, yes: BlockId, no: BlockId, span: Span) {
        if let Some(found) = self.place_test(binary) {
            let (yes, no) = if found.negated { (no, yes) } else { (yes, no) };
            let undefined = if found.test == Test::Null { yes } else { no };
            let place = self.subject(found.subject, undefined);
            self.cx.builder.branch(place, found.test, yes, no, span);
            return;
        }
        let place = self.expr(&binary.left);
        self.effects(&binary.right);
        self.cx.builder.branch(place, Test::Opaque, yes, no, span);
    }

    /// `x == null`, `x === "closed"`, `typeof x === "undefined"`, either way round, and `x instanceof A`.
    fn place_test<'e>(&self, binary: &'e BinaryExpression<'a>) -> Option<PlaceTest<'e, 'a>> {
        let negated = match binary.operator {
            BinaryOperator::Equality | BinaryOperator::StrictEquality => false,
            BinaryOperator::Inequality | BinaryOperator::StrictInequality => true,
            BinaryOperator::Instanceof => {
                let class = annotation::dotted(&binary.right)?;
                return Some(PlaceTest { subject: &binary.left, test: Test::InstanceOf(vec![class]), negated: false });
            }
            _ => return None,
        };
        let (subject, value) = match (self.literal(&binary.right), self.literal(&binary.left)) {
            (Some(value), None) => (&binary.left, value),
            (None, Some(value)) => (&binary.right, value),
            // Two literals, or none.
            _ => return None,
        };
        if let Expression::UnaryExpression(unary) = bare(subject)
            && unary.operator == UnaryOperator::Typeof
        {
            let Const::Str(name) = &value else { return None };
            return (name == "undefined").then_some(PlaceTest { subject: &unary.argument, test: Test::Null, negated });
        }
        let test = if matches!(value, Const::Null | Const::Undefined) { Test::Null } else { Test::Eq(value) };
        Some(PlaceTest { subject, test, negated })
    }

    /// True for conditions that a flag can remember: `const mine = client == null`.
    pub(super) fn is_flag(&self, expr: &Expression<'a>) -> bool {
        match unparenthesized(expr) {
            Expression::BinaryExpression(binary) => self.place_test(binary).is_some(),
            Expression::UnaryExpression(unary) => unary.operator == UnaryOperator::LogicalNot,
            Expression::LogicalExpression(logical) if logical.operator != LogicalOperator::Coalesce => {
                self.is_flag(&logical.left) && self.is_flag(&logical.right)
            }
            _ => false,
        }
    }

    /// Stores a condition as true or false, so that the branches stay apart.
    pub(super) fn flag(&mut self, expr: &'a Expression<'a>, dst: Place, span: Span) {
        let (yes, no, end) = (self.cx.builder.block(), self.cx.builder.block(), self.cx.builder.block());
        self.cond(expr, yes, no);
        self.cx.builder.store_answer(yes, no, end, &dst, span);
    }
}

fn is_true(value: &Const) -> bool {
    match value {
        Const::Null | Const::Undefined => false,
        Const::Bool(value) => *value,
        Const::Num(value) => *value != 0.0 && !value.is_nan(),
        Const::Str(value) => !value.is_empty(),
        Const::Symbol(_) | Const::Class(_) => true,
    }
}
