//! Expressions: every one has a place. A name or a member is its own place; the rest is computed into a temporary.

use super::annotation;
use super::context::{Lowerer, bare};
use crate::ir::{BlockId, Const, Name, Op, Place, Proj, Span, Test, TypeRef};
use oxc_ast::ast::{
    BinaryExpression, ChainElement, ChainExpression, ConditionalExpression, Expression, LogicalExpression,
    SimpleAssignmentTarget, TSType, TemplateLiteral, UnaryExpression, UpdateExpression,
};
use oxc_syntax::operator::{LogicalOperator, UnaryOperator};
use smallvec::SmallVec;

impl<'a> Lowerer<'a> {
    /// Evaluates `expr` and returns the place of its value.
    pub(super) fn expr(&mut self, expr: &'a Expression<'a>) -> Place {
        let span = self.span(expr);
        match expr {
            Expression::BooleanLiteral(_)
            | Expression::NullLiteral(_)
            | Expression::NumericLiteral(_)
            | Expression::BigIntLiteral(_)
            | Expression::RegExpLiteral(_)
            | Expression::StringLiteral(_) => self.literal_or_plain(expr, span),
            Expression::TemplateLiteral(template) => match self.literal(expr) {
                Some(value) => self.constant(value, span),
                None => {
                    let of = self.interpolations(template);
                    self.computed(of, span)
                }
            },
            Expression::Identifier(name) => match self.literal(expr) {
                Some(value) => self.constant(value, span),
                None => self.identifier(name),
            },
            Expression::Super(_) | Expression::ThisExpression(_) => self.this(),
            Expression::ArrayExpression(array) => self.array(array, span),
            Expression::ObjectExpression(object) => self.object(object, span, false).0,
            Expression::ArrowFunctionExpression(arrow) => self.arrow(arrow, None),
            Expression::FunctionExpression(function) => self.function_expression(function, None),
            Expression::ClassExpression(class) => self.class_expression(class, None),
            Expression::AssignmentExpression(assignment) => self.assignment(assignment),
            Expression::AwaitExpression(awaited) => self.awaited(&awaited.argument, span),
            Expression::BinaryExpression(binary) => match self.literal(expr) {
                Some(value) => self.constant(value, span),
                None => self.binary(binary, span),
            },
            Expression::CallExpression(call) => self.call(call, span),
            Expression::NewExpression(new) => self.new_expression(new, span),
            Expression::ChainExpression(chain) => self.optional_chain(chain, span),
            Expression::ConditionalExpression(choice) => self.choice(choice, span),
            Expression::ImportExpression(import) => self.dynamic_import(import, span),
            Expression::LogicalExpression(logical) => self.logical(logical, span),
            Expression::ParenthesizedExpression(inner) => self.expr(&inner.expression),
            Expression::SequenceExpression(sequence) => {
                let Some((last, init)) = sequence.expressions.split_last() else { return self.plain(span) };
                init.iter().for_each(|expr| self.effects(expr));
                self.expr(last)
            }
            Expression::TaggedTemplateExpression(tagged) => self.tagged_template(tagged, span),
            Expression::UnaryExpression(unary) => match self.literal(expr) {
                Some(value) => self.constant(value, span),
                None => self.unary(unary, span),
            },
            Expression::UpdateExpression(update) => {
                self.update(update);
                self.plain(span)
            }
            Expression::YieldExpression(yielded) => {
                let src = yielded.argument.as_ref().map(|value| self.expr(value));
                let dst = self.temp();
                self.emit(Op::Yield { dst, src, delegate: yielded.delegate }, span);
                dst
            }
            Expression::PrivateInExpression(test) => {
                self.effects(&test.right);
                self.plain(span)
            }
            Expression::ImportMeta(_) | Expression::NewTarget(_) => self.temp(),
            Expression::JSXElement(element) => self.jsx_element(element, span),
            Expression::JSXFragment(fragment) => self.jsx_fragment(fragment, span),
            Expression::TSAsExpression(cast) => self.cast(&cast.expression, &cast.type_annotation, span),
            Expression::TSTypeAssertion(cast) => self.cast(&cast.expression, &cast.type_annotation, span),
            Expression::TSSatisfiesExpression(inner) => self.expr(&inner.expression),
            Expression::TSNonNullExpression(inner) => self.expr(&inner.expression),
            Expression::TSInstantiationExpression(inner) => self.expr(&inner.expression),
            Expression::V8IntrinsicExpression(call) => {
                let args = self.args(&call.arguments);
                self.unknown("v8-intrinsic", args.into_iter().map(|arg| arg.place).collect(), span)
            }
            Expression::ComputedMemberExpression(_)
            | Expression::StaticMemberExpression(_)
            | Expression::PrivateFieldExpression(_) => match self.required(expr) {
                Some(symbol) => self.constant(Const::Symbol(symbol), span),
                None => self.member(expr.to_member_expression(), span),
            },
        }
    }

    fn literal_or_plain(&mut self, expr: &'a Expression<'a>, span: Span) -> Place {
        match self.literal(expr) {
            Some(value) => self.constant(value, span),
            None => self.plain(span),
        }
    }

    /// As [`Lowerer::expr`], for a value that is stored under a name: functions and classes without one take it.
    pub(super) fn named(&mut self, expr: &'a Expression<'a>, name: Option<&Name>) -> Place {
        match bare(expr) {
            Expression::ArrowFunctionExpression(arrow) => self.arrow(arrow, name),
            Expression::FunctionExpression(function) => self.function_expression(function, name),
            Expression::ClassExpression(class) => self.class_expression(class, name),
            _ => self.expr(expr),
        }
    }

    /// Evaluates an expression whose value does not matter.
    pub(super) fn effects(&mut self, expr: &'a Expression<'a>) {
        if self.literal(expr).is_some() {
            return;
        }
        match bare(expr) {
            Expression::ChainExpression(chain) => {
                let span = self.span(expr);
                let end = self.cx.builder.block();
                self.cx.short.push(end);
                self.chain_element(chain);
                self.cx.short.pop();
                self.cx.builder.goto(end, span);
                self.cx.builder.start(end);
            }
            // `ok && close()`
            Expression::LogicalExpression(logical) if logical.operator != LogicalOperator::Coalesce => {
                let span = self.span(expr);
                let (then, end) = (self.cx.builder.block(), self.cx.builder.block());
                match logical.operator {
                    LogicalOperator::And => self.cond(&logical.left, then, end),
                    _ => self.cond(&logical.left, end, then),
                }
                self.cx.builder.start(then);
                self.effects(&logical.right);
                self.cx.builder.goto(end, span);
                self.cx.builder.start(end);
            }
            Expression::ConditionalExpression(choice) => {
                let span = self.span(expr);
                let [yes, no, end] = [(); 3].map(|()| self.cx.builder.block());
                self.cond(&choice.test, yes, no);
                for (block, branch) in [(yes, &choice.consequent), (no, &choice.alternate)] {
                    self.cx.builder.start(block);
                    self.effects(branch);
                    self.cx.builder.goto(end, span);
                }
                self.cx.builder.start(end);
            }
            Expression::UnaryExpression(unary) => match unary.operator {
                UnaryOperator::Delete => self.delete(unary),
                UnaryOperator::Void => self.thrown_away(unary),
                _ => self.effects(&unary.argument),
            },
            Expression::SequenceExpression(sequence) => {
                sequence.expressions.iter().for_each(|expr| self.effects(expr));
            }
            Expression::UpdateExpression(update) => self.update(update),
            _ => {
                self.expr(expr);
            }
        }
    }

    /// Evaluates `expr` into `dst`.
    pub(super) fn expr_into(&mut self, expr: &'a Expression<'a>, dst: Place, span: Span) {
        match self.literal(expr) {
            Some(value) => self.emit(Op::Const { dst, value }, span),
            None => {
                let src = self.expr(expr);
                self.copy(dst, src, span);
            }
        }
    }

    /// The values in a template.
    pub(super) fn interpolations(&mut self, template: &'a TemplateLiteral<'a>) -> Vec<Place> {
        template.expressions.iter().filter_map(|expr| self.operand(expr)).collect()
    }

    /// Evaluates `expr`; the place of its value, unless that is a literal.
    fn operand(&mut self, expr: &'a Expression<'a>) -> Option<Place> {
        self.literal(expr).is_none().then(|| self.expr(expr))
    }

    fn cast(&mut self, expr: &'a Expression<'a>, ty: &'a TSType<'a>, span: Span) -> Place {
        let src = self.expr(expr);
        match annotation::type_ref(ty) {
            Some(ty) if !ty.path.is_empty() => self.typed(src, ty, span),
            _ => src,
        }
    }

    fn typed(&mut self, src: Place, ty: TypeRef, span: Span) -> Place {
        let dst = Place::local(self.cx.builder.local(None, Some(ty)));
        self.copy(dst, src, span);
        dst
    }

    fn awaited(&mut self, argument: &'a Expression<'a>, span: Span) -> Place {
        // Nothing is awaited where an optional chain ends early.
        if let Expression::ChainExpression(chain) = bare(argument) {
            return self.short_circuited(span, |lowerer| {
                let src = lowerer.chain_element(chain);
                lowerer.await_op(src, span)
            });
        }
        let src = self.expr(argument);
        self.await_op(src, span)
    }

    fn await_op(&mut self, src: Place, span: Span) -> Place {
        let dst = self.temp();
        self.emit(Op::Await { dst, src }, span);
        dst
    }

    /// `x++`: a new plain value.
    fn update(&mut self, update: &'a UpdateExpression<'a>) {
        let span = self.span(update);
        let dst = self.simple_target(&update.argument);
        self.emit(Op::Build { dst, parts: Vec::new(), of: Vec::new() }, span);
    }

    fn unary(&mut self, unary: &'a UnaryExpression<'a>, span: Span) -> Place {
        match unary.operator {
            UnaryOperator::Delete => {
                self.delete(unary);
                self.plain(span)
            }
            UnaryOperator::Void => {
                self.thrown_away(unary);
                self.constant(Const::Undefined, span)
            }
            _ => {
                self.effects(&unary.argument);
                self.plain(span)
            }
        }
    }

    /// `void x`: its value is thrown away on purpose.
    fn thrown_away(&mut self, unary: &'a UnaryExpression<'a>) {
        let place = self.expr(&unary.argument);
        if self.cx.builder.is_temp(&place) {
            let span = self.span(unary);
            self.emit(Op::Drop { place, maybe_moved: false }, span);
        }
    }

    fn delete(&mut self, unary: &'a UnaryExpression<'a>) {
        let span = self.span(unary);
        match bare(&unary.argument).as_member_expression() {
            Some(member) => {
                let place = self.member(member, span);
                self.emit(Op::Drop { place, maybe_moved: false }, span);
            }
            None => self.effects(&unary.argument),
        }
    }

    /// Arithmetic and comparisons give a plain value.
    fn binary(&mut self, binary: &'a BinaryExpression<'a>, span: Span) -> Place {
        // The left spine without recursion: `a + b + c + ...`.
        let mut spine: SmallVec<[&'a BinaryExpression<'a>; 4]> = smallvec::smallvec![binary];
        while let Some(Expression::BinaryExpression(left)) = spine.last().map(|last| &last.left) {
            spine.push(left);
        }
        let mut of: Vec<Place> = spine.last().and_then(|innermost| self.operand(&innermost.left)).into_iter().collect();
        for node in spine.iter().rev() {
            of.extend(self.operand(&node.right));
        }
        self.computed(of, span)
    }

    /// `a && b`, `a || b`, `a ?? b` as a value: control flow that copies into one temporary.
    fn logical(&mut self, logical: &'a LogicalExpression<'a>, span: Span) -> Place {
        let result = self.temp();
        let [next, short, end] = [(); 3].map(|()| self.cx.builder.block());
        let at = self.span(&logical.left);
        let is_or = logical.operator == LogicalOperator::Or;
        let (yes, no) = if is_or { (short, next) } else { (next, short) };
        if logical.operator != LogicalOperator::Coalesce && self.is_flag(&logical.left) {
            self.cond(&logical.left, yes, no);
            self.cx.builder.start(short);
            self.emit(Op::Const { dst: result, value: Const::Bool(is_or) }, at);
        } else {
            let place = self.expr(&logical.left);
            if logical.operator == LogicalOperator::Coalesce {
                self.cx.builder.branch(place, Test::Null, next, short, at);
            } else {
                self.cx.builder.branch(place, Test::Truthy, yes, no, at);
            }
            self.cx.builder.start(short);
            self.copy(result, place, at);
        }
        self.cx.builder.goto(end, at);
        self.cx.builder.start(next);
        self.expr_into(&logical.right, result, span);
        self.cx.builder.start(end);
        result
    }

    /// `c ? a : b`.
    fn choice(&mut self, choice: &'a ConditionalExpression<'a>, span: Span) -> Place {
        let result = self.temp();
        let end = self.cx.builder.block();
        let mut choice = choice;
        loop {
            let (yes, no) = (self.cx.builder.block(), self.cx.builder.block());
            self.cond(&choice.test, yes, no);
            self.cx.builder.start(yes);
            self.expr_into(&choice.consequent, result, span);
            self.cx.builder.goto(end, span);
            self.cx.builder.start(no);
            match &choice.alternate {
                Expression::ConditionalExpression(inner) => choice = inner,
                other => {
                    self.expr_into(other, result, span);
                    break;
                }
            }
        }
        self.cx.builder.start(end);
        result
    }

    // ---- optional chains

    fn optional_chain(&mut self, chain: &'a ChainExpression<'a>, span: Span) -> Place {
        self.short_circuited(span, |lowerer| lowerer.chain_element(chain))
    }

    /// The value of `inner`, or undefined when an optional chain in it ends early.
    fn short_circuited(&mut self, span: Span, inner: impl FnOnce(&mut Self) -> Place) -> Place {
        let result = self.temp();
        let (short, end): (BlockId, BlockId) = (self.cx.builder.block(), self.cx.builder.block());
        self.cx.short.push(short);
        let value = inner(self);
        self.cx.short.pop();
        self.copy(result, value, span);
        self.cx.builder.goto(end, span);
        self.cx.builder.start(short);
        self.emit(Op::Const { dst: result, value: Const::Undefined }, span);
        self.cx.builder.start(end);
        result
    }

    /// The links of an optional chain; `self.cx.short` says where it ends early.
    pub(super) fn chain_element(&mut self, chain: &'a ChainExpression<'a>) -> Place {
        let span = self.span(&chain.expression);
        match &chain.expression {
            ChainElement::CallExpression(call) => self.call(call, span),
            ChainElement::TSNonNullExpression(inner) => self.expr(&inner.expression),
            member => self.member(member.to_member_expression(), span),
        }
    }

    /// Ends the optional chain here when `place` is null.
    pub(super) fn short_circuit(&mut self, place: &Place, span: Span) {
        if let Some(&short) = self.cx.short.last() {
            let next = self.cx.builder.block();
            self.cx.builder.branch(*place, Test::Null, short, next, span);
            self.cx.builder.start(next);
        }
    }

    // ---- members

    /// `base.name`, `base[key]`, `base.#name`.
    pub(super) fn member(&mut self, member: &'a oxc_ast::ast::MemberExpression<'a>, span: Span) -> Place {
        use oxc_ast::ast::MemberExpression;
        let base = self.expr(member.object());
        if member.optional() {
            self.short_circuit(&base, span);
        }
        let proj = match member {
            MemberExpression::StaticMemberExpression(member) => Proj::Field(Name::new(member.property.name.as_str())),
            MemberExpression::PrivateFieldExpression(member) => Proj::Field(private_name(&member.field.name)),
            MemberExpression::ComputedMemberExpression(member) => self.key(&member.expression),
        };
        self.project(base, proj, span)
    }

    /// The projection for a key or index, which is evaluated.
    pub(super) fn key(&mut self, key: &'a Expression<'a>) -> Proj {
        match self.literal(key) {
            Some(Const::Str(name)) => Proj::Field(name),
            Some(Const::Num(index)) if index >= 0.0 && index < f64::from(u16::MAX) && index.fract() == 0.0 => {
                Proj::Index(index as u16)
            }
            Some(_) => Proj::Elem,
            None => {
                self.effects(key);
                self.well_known_symbol(key).map_or(Proj::Elem, Proj::Field)
            }
        }
    }

    /// `[Symbol.dispose]`, a key as constant as a string.
    fn well_known_symbol(&mut self, key: &'a Expression<'a>) -> Option<Name> {
        let Expression::StaticMemberExpression(member) = key else { return None };
        let Expression::Identifier(object) = &member.object else { return None };
        let global = object.name == "Symbol" && self.identifier(object) == Place::global(Name::new("Symbol"));
        global.then(|| Name::from(format!("[Symbol.{}]", member.property.name)))
    }

    /// The place that is assigned. Its base and key are evaluated.
    pub(super) fn simple_target(&mut self, target: &'a SimpleAssignmentTarget<'a>) -> Place {
        match target {
            SimpleAssignmentTarget::AssignmentTargetIdentifier(name) => self.identifier(name),
            SimpleAssignmentTarget::TSAsExpression(inner) => self.target_expr(&inner.expression),
            SimpleAssignmentTarget::TSSatisfiesExpression(inner) => self.target_expr(&inner.expression),
            SimpleAssignmentTarget::TSNonNullExpression(inner) => self.target_expr(&inner.expression),
            SimpleAssignmentTarget::TSTypeAssertion(inner) => self.target_expr(&inner.expression),
            member => {
                let member = member.to_member_expression();
                let span = self.span(member);
                self.member(member, span)
            }
        }
    }

    fn target_expr(&mut self, expr: &'a Expression<'a>) -> Place {
        match bare(expr) {
            Expression::Identifier(name) => self.identifier(name),
            other => self.expr(other),
        }
    }
}

/// `#name`.
pub(super) fn private_name(name: &str) -> Name {
    Name::from(format!("#{name}"))
}
