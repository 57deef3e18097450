//! Functions: signatures, parameters, closures.

use super::annotation;
use super::context::{Context, Lowerer, bare};
use crate::ir::{
    Binding, ClassId, Const, Decorator, FnKind, FuncId, Function, Hold, Name, Op, Param, Place, Root, Span, TypeRef,
};
use oxc_ast::ast::{self, ArrowFunctionBody, ArrowFunctionExpression, BindingPattern, FormalParameters};
use oxc_syntax::scope::ScopeId;
use std::cell::Cell;

/// What `this` is in a function.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum This {
    /// The object or class that it is called on.
    Receiver,
    /// That of the function around it.
    Enclosing,
    /// Whatever the caller says.
    Unknown,
}

/// What of a function is known before its body is lowered.
pub(super) struct Signature<'a> {
    pub(super) name: Name,
    pub(super) kind: FnKind,
    pub(super) binding: Binding,
    pub(super) class: Option<ClassId>,
    pub(super) r#async: bool,
    pub(super) generator: bool,
    pub(super) private: bool,
    pub(super) this: This,
    pub(super) params: Option<&'a FormalParameters<'a>>,
    pub(super) scope: Option<&'a Cell<Option<ScopeId>>>,
    pub(super) ret: Option<TypeRef>,
    pub(super) decorators: Vec<Decorator>,
    /// Takes whatever it is given, to hand it on.
    pub(super) passes_on: bool,
    pub(super) span: Span,
    pub(super) name_span: Span,
}

impl Signature<'_> {
    /// A function that the front end makes.
    pub(super) fn synthetic(name: &'static str, kind: FnKind, span: Span) -> Self {
        Signature {
            name: Name::new(name),
            kind,
            binding: Binding::None,
            class: None,
            r#async: false,
            generator: false,
            private: false,
            this: This::Enclosing,
            params: None,
            scope: None,
            ret: None,
            decorators: Vec::new(),
            passes_on: false,
            span,
            name_span: Span { hi: span.lo, ..span },
        }
    }
}

/// Name of a function without one.
const ARROW: &str = "<arrow>";
const FUNCTION: &str = "<function>";

impl<'a> Lowerer<'a> {
    fn plain_kind(&self) -> FnKind {
        if self.cx.module { FnKind::Plain } else { FnKind::Closure }
    }

    pub(super) fn function_declaration(&mut self, function: &'a ast::Function<'a>) {
        let Some(id) = &function.id else { return };
        if let Some(symbol) = id.symbol_id.get()
            && self.prototypes.contains_key(&symbol)
        {
            self.constructor_function(function, symbol);
            return;
        }
        let kind = self.plain_kind();
        let signature = self.signature(function, Name::new(id.name.as_str()), kind);
        let name_span = signature.name_span;
        let (func, captures) = self.function(signature, |lowerer| lowerer.function_body(function));
        let dst = self.binding(id);
        self.emit(Op::Closure { dst, func, captures }, name_span);
    }

    /// The signature of a function without receiver.
    pub(super) fn signature(&self, function: &'a ast::Function<'a>, name: Name, kind: FnKind) -> Signature<'a> {
        let span = self.span(function);
        let keyword = Span { hi: (span.lo + "function".len() as u32).min(span.hi), ..span };
        Signature {
            name,
            kind,
            binding: Binding::None,
            class: None,
            r#async: function.r#async,
            generator: function.generator,
            private: false,
            this: This::Unknown,
            params: Some(&function.params),
            scope: Some(&function.scope_id),
            ret: annotation::annotation(function.return_type.as_deref()),
            decorators: Vec::new(),
            passes_on: false,
            span,
            name_span: function.id.as_ref().map_or(keyword, |id| self.span(id)),
        }
    }

    pub(super) fn function_body(&mut self, function: &'a ast::Function<'a>) {
        if let Some(body) = &function.body {
            let end = self.span(function).end();
            self.directives(&body.directives, &body.statements);
            self.statements(&body.statements, end);
        }
    }

    pub(super) fn function_expression(&mut self, function: &'a ast::Function<'a>, name: Option<&Name>) -> Place {
        let span = self.span(function);
        let dst = self.temp();
        let kind = if name.is_some() { self.plain_kind() } else { FnKind::Closure };
        let own = function.id.as_ref().map(|id| Name::new(id.name.as_str()));
        let name = own.or_else(|| name.cloned()).unwrap_or_else(|| FUNCTION.into());
        if let Some(symbol) = function.id.as_ref().and_then(|id| id.symbol_id.get()) {
            self.set_home(symbol, dst);
        }
        let signature = self.signature(function, name, kind);
        let (func, captures) = self.function(signature, |lowerer| lowerer.function_body(function));
        self.emit(Op::Closure { dst, func, captures }, span);
        dst
    }

    pub(super) fn arrow(&mut self, arrow: &'a ArrowFunctionExpression<'a>, name: Option<&Name>) -> Place {
        let span = self.span(arrow);
        let kind = if name.is_some() { self.plain_kind() } else { FnKind::Closure };
        let signature = self.arrow_signature(arrow, name.cloned().unwrap_or_else(|| ARROW.into()), kind);
        let (func, captures) = self.function(signature, |lowerer| lowerer.arrow_body(arrow));
        let dst = self.temp();
        self.emit(Op::Closure { dst, func, captures }, span);
        dst
    }

    pub(super) fn arrow_signature(
        &self,
        arrow: &'a ArrowFunctionExpression<'a>,
        name: Name,
        kind: FnKind,
    ) -> Signature<'a> {
        Signature {
            name,
            kind,
            binding: Binding::None,
            class: None,
            r#async: arrow.r#async,
            generator: false,
            private: false,
            this: This::Enclosing,
            params: Some(&arrow.params),
            scope: Some(&arrow.scope_id),
            ret: annotation::annotation(arrow.return_type.as_deref()),
            decorators: Vec::new(),
            passes_on: false,
            span: self.span(arrow),
            name_span: self.span(&*arrow.params),
        }
    }

    /// Notes what a body begins with: also behind something, which may be what is left of broken code.
    pub(super) fn directives(&mut self, directives: &[ast::Directive<'a>], body: &[ast::Statement<'a>]) {
        let behind = body.iter().filter_map(|statement| match statement {
            ast::Statement::ExpressionStatement(statement) => match &statement.expression {
                ast::Expression::StringLiteral(text) => Some(Name::new(text.value.as_str())),
                _ => None,
            },
            _ => None,
        });
        let first = directives.iter().map(|directive| Name::new(directive.directive.as_str()));
        self.cx.directives = first.chain(behind).collect();
    }

    pub(super) fn arrow_body(&mut self, arrow: &'a ArrowFunctionExpression<'a>) {
        match &arrow.body {
            ArrowFunctionBody::FunctionBody(body) => {
                let end = self.span(arrow).end();
                self.directives(&body.directives, &body.statements);
                self.statements(&body.statements, end);
            }
            body => {
                let value = body.to_expression();
                let span = self.span(value);
                if self.cx.drops_result {
                    self.effects(value);
                } else {
                    self.expr_into(value, Place::root(Root::Result), span);
                }
                self.cx.builder.ret(false, span);
            }
        }
    }

    /// Lowers a body in a function of its own; returns what `Closure` needs.
    pub(super) fn function(
        &mut self,
        signature: Signature<'a>,
        body: impl FnOnce(&mut Self),
    ) -> (FuncId, Vec<(Place, Hold)>) {
        let id = self.reserve();
        let cx = Context::new(self.file, id, self.cx.qualified(&signature.name), signature.this);
        let outer = std::mem::replace(&mut self.cx, cx);
        let parent = outer.id;
        self.outer.push(outer);
        self.cx.broken_at = self.broken.partition_point(|span| span.lo < signature.span.lo);
        let label = self.label.take();
        let params = self.enter(&signature);
        body(self);
        self.label = label;
        let Some(outer) = self.outer.pop() else { return (id, Vec::new()) };
        let cx = std::mem::replace(&mut self.cx, outer);
        let captures = cx.holds();
        self.finish(cx, signature, params, Some(parent));
        (id, captures)
    }

    /// The id of a function that is about to be lowered.
    pub(super) fn reserve(&mut self) -> FuncId {
        let id = FuncId(self.functions.len() as u32);
        self.functions.push(None);
        id
    }

    pub(super) fn finish(
        &mut self,
        cx: Context<'a>,
        signature: Signature<'a>,
        params: Vec<Param>,
        parent: Option<FuncId>,
    ) {
        let Context { id, builder, qualname, captures, directives, .. } = cx;
        let (blocks, locals) = builder.finish(signature.span.end());
        let function = Function {
            name: signature.name,
            qualname,
            kind: signature.kind,
            binding: signature.binding,
            class: signature.class,
            parent,
            r#async: signature.r#async,
            generator: signature.generator,
            private: signature.private,
            params,
            receiver: (signature.binding != Binding::None).then(|| Name::new("this")),
            ret: signature.ret,
            captures,
            decorators: signature.decorators,
            directives,
            locals,
            blocks,
            span: signature.span,
            name_span: signature.name_span,
        };
        if let Some(slot) = self.functions.get_mut(id.index()) {
            *slot = Some(function);
        }
    }

    /// Binds parameters and variables, and begins the body: defaults and patterns.
    fn enter(&mut self, signature: &Signature<'a>) -> Vec<Param> {
        let formal = signature.params;
        let items = formal.map_or(&[][..], |params| params.items.as_slice());
        let rest = formal.and_then(|params| params.rest.as_deref());
        let mut params = Vec::with_capacity(items.len() + usize::from(rest.is_some()));
        for (index, item) in items.iter().enumerate() {
            let name = self.param_name(&item.pattern, index);
            let mut ty = annotation::annotation(item.type_annotation.as_deref());
            let null = item.initializer.as_ref().and_then(|default| self.literal(default));
            let default_null = item.optional || matches!(null, Some(Const::Null | Const::Undefined));
            if let Some(ty) = &mut ty {
                ty.optional |= item.optional;
            }
            let span = self.span(&item.pattern);
            let property = item.has_modifier();
            params.push(Param { name, ty, default: None, default_null, property, variadic: false, span });
        }
        if let Some(rest) = rest {
            let name = self.param_name(&rest.rest.argument, items.len());
            let ty = annotation::annotation(rest.type_annotation.as_deref());
            let span = self.span(&rest.rest.argument);
            params.push(Param { name, ty, default: None, default_null: false, property: false, variadic: true, span });
        }
        if signature.passes_on {
            params.push(Param {
                name: Name::new("args"),
                ty: None,
                default: None,
                default_null: false,
                property: false,
                variadic: true,
                span: signature.name_span,
            });
        }
        if signature.this != This::Enclosing {
            self.cx.arguments = Some(params.len());
        }
        if let Some(scope) = signature.scope {
            self.bind_scope(scope);
        }
        for (index, item) in items.iter().enumerate() {
            let place = param_place(index);
            let span = self.span(item);
            if let Some(default) = item.initializer.as_deref()
                && !params[index].default_null
            {
                self.default_into(&place, default, span);
            }
            if !item.pattern.is_binding_identifier() {
                self.bind(&item.pattern, place, false, span);
            }
        }
        if let Some(rest) = rest
            && !rest.rest.argument.is_binding_identifier()
        {
            let span = self.span(&rest.rest);
            self.bind(&rest.rest.argument, param_place(items.len()), false, span);
        }
        params
    }

    fn param_name(&mut self, pattern: &BindingPattern<'a>, index: usize) -> Name {
        match pattern {
            BindingPattern::BindingIdentifier(id) => {
                if let Some(symbol) = id.symbol_id.get() {
                    self.set_home(symbol, param_place(index));
                }
                Name::new(id.name.as_str())
            }
            BindingPattern::ObjectPattern(_) => Name::new("{}"),
            BindingPattern::ArrayPattern(_) => Name::new("[]"),
            BindingPattern::AssignmentPattern(inner) => self.param_name(&inner.left, index),
        }
    }

    /// Evaluates decorators. Applying them is no op: `resolve` reads them from the definition.
    pub(super) fn decorators(&mut self, decorators: &'a [ast::Decorator<'a>]) -> Vec<Decorator> {
        let mut out = Vec::with_capacity(decorators.len());
        for decorator in decorators {
            let place = self.expr(&decorator.expression);
            let path = match bare(&decorator.expression) {
                ast::Expression::CallExpression(call) => annotation::path(&call.callee),
                other => annotation::path(other),
            };
            out.push(Decorator { place, path: path.unwrap_or_default(), span: self.span(decorator) });
        }
        out
    }
}

fn param_place(index: usize) -> Place {
    Place::root(Root::Param(u16::try_from(index).unwrap_or(u16::MAX)))
}
