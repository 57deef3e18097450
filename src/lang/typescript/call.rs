//! Calls: of functions, methods, constructors, tags; and the calls that import.

use super::context::{Lowerer, bare, unparenthesized};
use super::expr::private_name;
use super::module::module_path;
use crate::ir::{Arg, Callee, Const, Name, Op, Place, Proj, Root, Span, Why};
use oxc_ast::ast::{Argument, CallExpression, Expression, ImportExpression, NewExpression, TaggedTemplateExpression};

impl<'a> Lowerer<'a> {
    pub(super) fn call(&mut self, call: &'a CallExpression<'a>, span: Span) -> Place {
        if let Some(module) = self.require(call) {
            return self.constant(Const::Symbol(module_path(module)), span);
        }
        if let Some(settled) = self.settles(call, span) {
            return settled;
        }
        if self.is_promise_chain(call) {
            return self.promise_chain(call, span);
        }
        if let Expression::Super(_) = &call.callee {
            return self.super_call(call, span);
        }
        let callee = match self.base_call(call) {
            Some(rest) => {
                let args = self.args(rest);
                return self.emit_call(Callee::Super { name: Name::new("constructor") }, args, false, span);
            }
            None => self.callee(&call.callee, call.optional),
        };
        let args = self.args(&call.arguments);
        self.emit_call(callee, args, false, span)
    }

    pub(super) fn emit_call(&mut self, callee: Callee, args: Vec<Arg>, new: bool, span: Span) -> Place {
        let dst = self.temp();
        self.emit(Op::Call { dst, callee, args, new }, span);
        dst
    }

    /// What is called. `optional`: only when it is not null.
    pub(super) fn callee(&mut self, callee: &'a Expression<'a>, optional: bool) -> Callee {
        let span = self.span(callee);
        let callee = match unparenthesized(callee) {
            Expression::TSNonNullExpression(inner) => bare(&inner.expression),
            Expression::TSInstantiationExpression(inner) => bare(&inner.expression),
            other => other,
        };
        let (object, name, optional_member) = match callee {
            Expression::StaticMemberExpression(member) => {
                (&member.object, Name::new(member.property.name.as_str()), member.optional)
            }
            Expression::PrivateFieldExpression(member) => {
                (&member.object, private_name(&member.field.name), member.optional)
            }
            Expression::ComputedMemberExpression(member) => match self.literal(&member.expression) {
                Some(Const::Str(name)) => (&member.object, name, member.optional),
                _ => return self.callee_value(callee, optional, span),
            },
            _ => return self.callee_value(callee, optional, span),
        };
        if let Expression::Super(_) = object {
            if self.cx.has_receiver() {
                return Callee::Super { name };
            }
            let recv = self.this();
            return Callee::Method { recv, name, optional: false };
        }
        let recv = self.expr(object);
        if optional_member {
            self.short_circuit(&recv, span);
        }
        if optional {
            let function = self.project(recv, Proj::Field(name), span);
            self.short_circuit(&function, span);
        }
        Callee::Method { recv, name, optional: optional_member || optional }
    }

    fn callee_value(&mut self, callee: &'a Expression<'a>, optional: bool, span: Span) -> Callee {
        let place = self.expr(callee);
        if optional {
            self.short_circuit(&place, span);
        }
        Callee::Value(place)
    }

    pub(super) fn args(&mut self, arguments: &'a [Argument<'a>]) -> Vec<Arg> {
        let mut args = Vec::with_capacity(arguments.len());
        for argument in arguments {
            match argument {
                Argument::SpreadElement(spread) => {
                    let place = self.expr(&spread.argument);
                    args.push(Arg { place, name: None, spread: true, literal: None, fields: Box::default() });
                }
                argument => args.push(self.arg(argument.to_expression(), None)),
            }
        }
        args
    }

    pub(super) fn arg(&mut self, value: &'a Expression<'a>, name: Option<Name>) -> Arg {
        let literal = self.literal(value);
        let (place, fields) = match bare(value) {
            _ if literal.is_some() => (self.temp(), Vec::new()),
            Expression::ObjectExpression(object) => {
                let span = self.span(&**object);
                self.object(object, span, true)
            }
            _ => (self.expr(value), Vec::new()),
        };
        Arg { place, name, spread: false, literal, fields: fields.into_boxed_slice() }
    }

    fn super_call(&mut self, call: &'a CallExpression<'a>, span: Span) -> Place {
        let args = self.args(&call.arguments);
        let dst = self.emit_call(Callee::Super { name: Name::new("constructor") }, args, false, span);
        if let Some(class) = self.cx.constructs {
            self.field_initialisers(class);
        }
        dst
    }

    /// `resolve(value)` where `resolve` settles a promise that is being made: the value is the executor's result. In a function
    /// inside of the executor it is a call, and the value leaves.
    fn settles(&mut self, call: &'a CallExpression<'a>, span: Span) -> Option<Place> {
        let Expression::Identifier(name) = &call.callee else { return None };
        let symbol = self.resolve(name)?;
        let owner = *self.resolvers.get(&symbol)?;
        if owner == self.cx.id {
            let dst = Place::root(Root::Result);
            match call.arguments.first().and_then(Argument::as_expression) {
                Some(value) => self.expr_into(value, dst, span),
                None => self.emit(Op::Const { dst, value: Const::Undefined }, span),
            }
            return Some(self.constant(Const::Undefined, span));
        }
        let callee = Callee::Value(self.symbol(symbol));
        let args = self.args(&call.arguments);
        Some(self.settle_elsewhere(callee, args, span))
    }

    /// Calls `resolve` of a promise that is made somewhere else.
    pub(super) fn settle_elsewhere(&mut self, callee: Callee, args: Vec<Arg>, span: Span) -> Place {
        for arg in args.iter().filter(|arg| arg.literal.is_none()) {
            self.emit(Op::Escape { place: arg.place, why: Why::ElemOfUnknown }, span);
        }
        self.emit_call(callee, args, false, span)
    }

    pub(super) fn new_expression(&mut self, new: &'a NewExpression<'a>, span: Span) -> Place {
        if let Some(promise) = self.new_promise(new, span) {
            return promise;
        }
        let callee = self.callee(&new.callee, false);
        let args = self.args(&new.arguments);
        self.emit_call(callee, args, true, span)
    }

    pub(super) fn tagged_template(&mut self, tagged: &'a TaggedTemplateExpression<'a>, span: Span) -> Place {
        let callee = self.callee(&tagged.tag, false);
        let args = tagged.quasi.expressions.iter().map(|expr| self.arg(expr, None)).collect();
        self.emit_call(callee, args, false, span)
    }

    // ---- calls that import

    pub(super) fn dynamic_import(&mut self, import: &'a ImportExpression<'a>, span: Span) -> Place {
        match self.literal(&import.source) {
            Some(Const::Str(module)) => self.constant(Const::Symbol(module_path(&module)), span),
            _ => {
                self.effects(&import.source);
                self.temp()
            }
        }
    }

    /// `require("m")`, when nothing in the file is called `require`.
    fn require(&self, call: &'a CallExpression<'a>) -> Option<&'a str> {
        let module = match call.arguments.as_slice() {
            [Argument::StringLiteral(module)] => module.value.as_str(),
            [Argument::TemplateLiteral(module)] => module.single_quasi()?.as_str(),
            _ => return None,
        };
        self.is_unbound(&call.callee, "require").then_some(module)
    }

    /// The path of `require("m")` and `require("m").member`.
    pub(super) fn required(&self, expr: &'a Expression<'a>) -> Option<Name> {
        let mut members = Vec::new();
        let mut at = bare(expr);
        loop {
            match at {
                Expression::StaticMemberExpression(member) => {
                    members.push(member.property.name.as_str());
                    at = bare(&member.object);
                }
                Expression::CallExpression(call) => {
                    let module = self.require(call)?;
                    let mut path = module_path(module).to_string();
                    for member in members.iter().rev() {
                        path.push('.');
                        path.push_str(member);
                    }
                    return Some(Name::from(path));
                }
                _ => return None,
            }
        }
    }
}
