//! Promises: a chain of `then`, `catch` and `finally` becomes one async function whose control flow says what runs when, and the
//! executor of `new Promise` runs where it is written.

use super::annotation;
use super::context::{Lowerer, ReturnTo, bare};
use super::function::Signature;
use crate::ir::builder::Leave;
use crate::ir::{Arg, Callee, Const, FnKind, Name, Op, Place, Root, Span};
use oxc_ast::ast::{
    ArrowFunctionBody, ArrowFunctionExpression, BindingPattern, CallExpression, Expression, FormalParameters, Function,
    MemberExpression, NewExpression,
};
use smallvec::SmallVec;

/// One call of a chain.
enum Step<'a> {
    Then(Option<&'a Expression<'a>>, Option<&'a Expression<'a>>),
    Finally(Option<&'a Expression<'a>>),
}

/// What a chain begins with.
struct Head<'a> {
    expr: &'a Expression<'a>,
    /// `head?.then(...)`
    optional: bool,
}

/// A handler that is lowered where it runs.
enum Inline<'a> {
    Arrow(&'a ArrowFunctionExpression<'a>),
    Function(&'a Function<'a>),
}

impl<'a> Lowerer<'a> {
    pub(super) fn is_promise_chain(&self, call: &'a CallExpression<'a>) -> bool {
        self.step(call).is_some()
    }

    /// The step that a call is, and what it is called on.
    fn step(&self, call: &'a CallExpression<'a>) -> Option<(Step<'a>, &'a Expression<'a>)> {
        let Expression::StaticMemberExpression(member) = bare(&call.callee) else { return None };
        let name = member.property.name.as_str();
        let most = match name {
            "then" => 2,
            "catch" | "finally" => 1,
            _ => return None,
        };
        if matches!(member.object, Expression::Super(_)) || call.arguments.is_empty() || call.arguments.len() > most {
            return None;
        }
        let mut handlers: SmallVec<[Option<&'a Expression<'a>>; 2]> = SmallVec::new();
        for argument in &call.arguments {
            let handler = argument.as_expression()?;
            handlers.push(match bare(handler) {
                _ if matches!(self.literal(handler), Some(Const::Null | Const::Undefined)) => None,
                Expression::ArrowFunctionExpression(_)
                | Expression::FunctionExpression(_)
                | Expression::Identifier(_)
                | Expression::StaticMemberExpression(_)
                | Expression::ComputedMemberExpression(_)
                | Expression::PrivateFieldExpression(_) => Some(handler),
                _ => return None,
            });
        }
        if handlers.iter().all(Option::is_none) {
            return None;
        }
        let first = handlers[0];
        let step = match name {
            "then" => Step::Then(first, handlers.get(1).copied().flatten()),
            "catch" => Step::Then(None, first),
            _ => Step::Finally(first),
        };
        Some((step, &member.object))
    }

    /// Lowers a chain to an async function and its call.
    pub(super) fn promise_chain(&mut self, call: &'a CallExpression<'a>, span: Span) -> Place {
        let mut steps = Vec::new();
        let mut head: Option<Head<'a>> = None;
        let mut at = call;
        while let Some((step, object)) = self.step(at) {
            steps.push(step);
            let optional = bare(&at.callee).as_member_expression().is_some_and(MemberExpression::optional);
            head = Some(Head { expr: object, optional });
            match bare(object) {
                Expression::CallExpression(inner) => at = inner,
                _ => break,
            }
        }
        let Some(head) = head else { return self.temp() };
        let mut signature = Signature::synthetic("<chain>", FnKind::Chain, span);
        signature.r#async = true;
        let (func, captures) = self.function(signature, |lowerer| {
            let end = lowerer.cx.builder.block();
            // An optional chain in the head ends the whole.
            lowerer.cx.short.push(end);
            let value = lowerer.steps(&steps, &head);
            lowerer.cx.short.pop();
            lowerer.copy(Place::root(Root::Result), value, span);
            lowerer.cx.builder.ret(false, span.end());
            lowerer.cx.builder.start(end);
            lowerer.emit_synth(Op::Const { dst: Place::root(Root::Result), value: Const::Undefined }, span);
        });
        let closure = self.temp();
        self.emit_synth(Op::Closure { dst: closure, func, captures }, span);
        self.emit_call(Callee::Value(closure), Vec::new(), false, span)
    }

    /// The value of a chain, whose steps are listed from the last to the first.
    fn steps(&mut self, steps: &[Step<'a>], head: &Head<'a>) -> Place {
        let Some((step, before)) = steps.split_first() else {
            let span = self.span(head.expr);
            let src = self.expr(head.expr);
            if head.optional {
                self.short_circuit(&src, span);
            }
            return self.settled(src, span);
        };
        let span = self.span(head.expr);
        match step {
            Step::Then(Some(then), None) => {
                let value = self.steps(before, head);
                self.handle(then, Some(value))
            }
            Step::Then(then, Some(catch)) => {
                let result = self.temp();
                let done = self.cx.builder.block();
                self.cx.builder.enter_dispatch_scope();
                let mut value = self.steps(before, head);
                let dispatch = self.cx.builder.leave_dispatch_scope();
                if let Some(then) = then {
                    value = self.handle(then, Some(value));
                }
                let at = self.span(*catch);
                self.copy(result, value, span);
                if self.cx.builder.is_open() {
                    self.cx.builder.goto(done, at);
                }
                for block in self.cx.builder.begin_handlers(dispatch, 1, false, at) {
                    self.cx.builder.start(block);
                    let error = self.temp();
                    self.emit(Op::Catch { dst: error, types: Vec::new() }, at);
                    let value = self.handle(catch, Some(error));
                    self.copy(result, value, at);
                    if self.cx.builder.is_open() {
                        self.cx.builder.goto(done, at);
                    }
                }
                self.cx.builder.end_handlers();
                self.cx.builder.start(done);
                result
            }
            Step::Finally(Some(finally)) => {
                let at = self.span(*finally);
                let result = self.temp();
                let after = self.cx.builder.block();
                self.cx.builder.enter_cleanup_scope();
                let value = self.steps(before, head);
                self.copy(result, value, span);
                self.cx.builder.begin_cleanup(after, at);
                self.handle(finally, None);
                self.cx.builder.end_cleanup(None, at);
                self.cx.builder.start(after);
                result
            }
            Step::Then(None, None) | Step::Finally(None) => self.steps(before, head),
        }
    }

    /// What a promise gives, or a value that is none.
    fn settled(&mut self, src: Place, span: Span) -> Place {
        let dst = self.temp();
        self.emit_synth(Op::Await { dst, src }, span);
        dst
    }

    /// Runs a handler; its result.
    fn handle(&mut self, handler: &'a Expression<'a>, value: Option<Place>) -> Place {
        let span = self.span(handler);
        match bare(handler) {
            Expression::ArrowFunctionExpression(arrow) => self.inline(&Inline::Arrow(arrow), value, span),
            Expression::FunctionExpression(function) if !function.generator => {
                self.inline(&Inline::Function(function), value, span)
            }
            _ => {
                let callee = self.callee(handler, false);
                let args: Vec<Arg> = value
                    .map(|place| Arg { place, name: None, spread: false, literal: None, fields: Box::default() })
                    .into_iter()
                    .collect();
                let result = if self.is_resolver(handler) {
                    self.settle_elsewhere(callee, args, span)
                } else {
                    self.emit_call(callee, args, false, span)
                };
                self.settled(result, span)
            }
        }
    }

    fn is_resolver(&self, handler: &'a Expression<'a>) -> bool {
        match bare(handler) {
            Expression::Identifier(name) => {
                self.resolve(name).is_some_and(|symbol| self.resolvers.contains_key(&symbol))
            }
            _ => false,
        }
    }

    /// Lowers a handler's body here.
    fn inline(&mut self, handler: &Inline<'a>, value: Option<Place>, span: Span) -> Place {
        let result = self.temp();
        let end = self.cx.builder.block();
        let exit = self.cx.builder.enter_exit(end, Leave::Token);
        let (scope, params): (_, &'a FormalParameters<'a>) = match handler {
            Inline::Arrow(arrow) => (&arrow.scope_id, &arrow.params),
            Inline::Function(function) => (&function.scope_id, &function.params),
        };
        if let Inline::Function(_) = handler {
            // It is called on nothing.
            let this = self.temp();
            self.cx.other_this.push(this);
        }
        self.bind_scope(scope);
        if let Inline::Function(function) = handler
            && let Some(symbol) = function.id.as_ref().and_then(|id| id.symbol_id.get())
        {
            let own = self.temp();
            self.set_home(symbol, own);
        }
        self.handler_params(params, value, span);
        let shorts = std::mem::take(&mut self.cx.short);
        self.cx.returns.push(ReturnTo { dst: result, exit, valued: false });
        let mut is_expression = false;
        match handler {
            Inline::Arrow(arrow) => match &arrow.body {
                ArrowFunctionBody::FunctionBody(body) => self.statements(&body.statements, span.end()),
                body => {
                    is_expression = true;
                    let body = body.to_expression();
                    let at = self.span(body);
                    self.expr_into(body, result, at);
                }
            },
            Inline::Function(function) => self.function_body(function),
        }
        let valued = self.cx.returns.pop().is_some_and(|to| to.valued) || is_expression;
        if self.cx.builder.is_open() && !is_expression {
            self.emit_synth(Op::Const { dst: result, value: Const::Undefined }, span.end());
        }
        self.cx.short = shorts;
        if let Inline::Function(_) = handler {
            self.cx.other_this.pop();
        }
        self.cx.builder.leave_exit(span.end());
        self.cx.builder.start(end);
        if valued { self.settled(result, span) } else { result }
    }

    /// The parameters of a handler are variables here.
    fn handler_params(&mut self, params: &'a FormalParameters<'a>, value: Option<Place>, span: Span) {
        for (index, param) in params.items.iter().enumerate() {
            let at = self.span(param);
            if let BindingPattern::BindingIdentifier(id) = &param.pattern
                && let Some(ty) = annotation::annotation(param.type_annotation.as_deref())
                && let Root::Local(local) = self.binding(id).root
                && let Some(local) = self.cx.builder.local_mut(local)
            {
                local.ty = Some(Box::new(ty));
            }
            let src = match &value {
                Some(value) if index == 0 => *value,
                _ => self.constant(Const::Undefined, at),
            };
            let src = match &param.initializer {
                Some(default) => {
                    let with_default = self.temp();
                    self.copy(with_default, src, at);
                    self.default_into(&with_default, default, at);
                    with_default
                }
                None => src,
            };
            let moved = self.cx.builder.is_temp(&src) && matches!(param.pattern, BindingPattern::BindingIdentifier(_));
            self.bind(&param.pattern, src, moved, at);
        }
        if let (Some(rest), Some(value)) = (&params.rest, value)
            && params.items.is_empty()
        {
            let list = self.temp();
            self.emit(Op::Build { dst: list, parts: vec![(crate::ir::Proj::Elem, value)], of: Vec::new() }, span);
            self.bind(&rest.rest.argument, list, true, span);
        }
    }

    /// `new Promise((resolve, reject) => { ... })`: a call of the executor, whose result is what it resolves with.
    pub(super) fn new_promise(&mut self, new: &'a NewExpression<'a>, span: Span) -> Option<Place> {
        let [executor] = new.arguments.as_slice() else { return None };
        if !self.is_unbound(&new.callee, "Promise") {
            return None;
        }
        let name = Name::new("<executor>");
        let closure = self.temp();
        let (func, captures) = match bare(executor.as_expression()?) {
            Expression::ArrowFunctionExpression(arrow) => {
                let mut signature = self.arrow_signature(arrow, name, FnKind::Closure);
                signature.r#async = true;
                self.function(signature, |lowerer| {
                    lowerer.executor(&arrow.params);
                    lowerer.arrow_body(arrow);
                })
            }
            Expression::FunctionExpression(function) if !function.generator => {
                if let Some(symbol) = function.id.as_ref().and_then(|id| id.symbol_id.get()) {
                    self.set_home(symbol, closure);
                }
                let mut signature = self.signature(function, name, FnKind::Closure);
                signature.r#async = true;
                self.function(signature, |lowerer| {
                    lowerer.executor(&function.params);
                    lowerer.function_body(function);
                })
            }
            _ => return None,
        };
        self.emit(Op::Closure { dst: closure, func, captures }, span);
        Some(self.emit_call(Callee::Value(closure), Vec::new(), false, span))
    }

    fn executor(&mut self, params: &'a FormalParameters<'a>) {
        self.cx.drops_result = true;
        if let Some(resolve) = params.items.first()
            && let BindingPattern::BindingIdentifier(id) = &resolve.pattern
            && let Some(symbol) = id.symbol_id.get()
        {
            self.resolvers.insert(symbol, self.cx.id);
        }
    }
}
