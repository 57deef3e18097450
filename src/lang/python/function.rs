//! Functions: signatures, bindings of the receiver, closures.

use super::annotation;
use super::context::{Context, Lowerer};
use super::scope::Bound;
use crate::ir::{Binding, Decorator, FnKind, FuncId, Function, Hold, Name, Op, Param, Place, Root, Span, TypeRef};
use ruff_python_ast::{self as ast, Expr, ExprLambda, Parameters, Stmt, StmtFunctionDef};
use ruff_text_size::Ranged;

/// What of a function is known before its body is lowered.
struct Signature {
    name: Name,
    kind: FnKind,
    binding: Binding,
    r#async: bool,
    params: Vec<Param>,
    receiver: Option<Name>,
    ret: Option<TypeRef>,
    decorators: Vec<Decorator>,
    span: Span,
    name_span: Span,
}

impl Lowerer<'_> {
    pub(super) fn function_def(&mut self, def: &StmtFunctionDef) {
        let decorators = self.decorators(&def.decorator_list);
        let in_class = self.cx.class_scopes.last().map(|class| class.id);
        let binding = match in_class {
            Some(_) => method_binding(&def.name, &decorators),
            None => Binding::None,
        };
        let kind = match in_class {
            Some(_) if def.name.as_str() == "__init__" => FnKind::Constructor,
            Some(_) if decorators.iter().any(is_accessor) => FnKind::Accessor,
            Some(_) => FnKind::Method,
            None if self.cx.module => FnKind::Plain,
            None => FnKind::Closure,
        };
        let (receiver, params) = self.params(&def.parameters, binding != Binding::None);
        let signature = Signature {
            name: Name::new(def.name.as_str()),
            kind,
            binding,
            r#async: def.is_async,
            params,
            receiver,
            ret: def.returns.as_ref().and_then(|ret| annotation::type_ref(ret)),
            decorators,
            span: self.span(def),
            name_span: self.span(&def.name),
        };
        let name_span = signature.name_span;
        let bound = Bound::of(&def.body, self.walrus);
        let (func, captures) = self.function(signature, bound, |lowerer| {
            lowerer.body(&def.body);
            lowerer.flush_broken(u32::from(def.end()) + 1);
        });
        if let Some(class) = in_class
            && let Some(class) = self.classes.get_mut(class.index())
        {
            class.methods.push((Name::new(def.name.as_str()), func));
        }
        let dst = self.name(&def.name);
        self.emit(Op::Closure { dst, func, captures }, name_span);
    }

    pub(super) fn lambda(&mut self, lambda: &ExprLambda) -> Place {
        let span = self.span(lambda);
        let (receiver, params) = match &lambda.parameters {
            Some(parameters) => self.params(parameters, false),
            None => (None, Vec::new()),
        };
        let signature = Signature {
            name: Name::new("<lambda>"),
            kind: FnKind::Closure,
            binding: Binding::None,
            r#async: false,
            params,
            receiver,
            ret: None,
            decorators: Vec::new(),
            span,
            name_span: Span { hi: span.lo + "lambda".len() as u32, ..span },
        };
        let bound = if self.walrus { Bound::of_expr(&lambda.body) } else { Bound::default() };
        let (func, captures) = self.function(signature, bound, |lowerer| {
            let at = lowerer.span(&*lambda.body);
            lowerer.expr_into(&lambda.body, Place::root(Root::Result), at);
            lowerer.cx.builder.ret(false, at);
        });
        let dst = self.temp();
        self.emit(Op::Closure { dst, func, captures }, span);
        dst
    }

    /// Lowers a body in a function of its own; returns what `Closure` needs.
    fn function(
        &mut self,
        signature: Signature,
        bound: Bound,
        body: impl FnOnce(&mut Self),
    ) -> (FuncId, Vec<(Place, Hold)>) {
        let id = self.reserve();
        let mut cx = Context::new(self.file, id, self.cx.qualified(&signature.name));
        let is_method = !matches!(signature.kind, FnKind::Plain | FnKind::Closure);
        cx.class = if is_method { self.cx.class_scopes.last().map(|class| class.id) } else { None };
        if let Some(receiver) = &signature.receiver {
            cx.bind_this(*receiver);
        }
        for (index, param) in signature.params.iter().enumerate() {
            cx.bind_param(param.name, index);
        }
        cx.bind_locals(bound);
        let outer = std::mem::replace(&mut self.cx, cx);
        let parent = outer.id;
        self.outer.push(outer);
        body(self);
        let Some(outer) = self.outer.pop() else { return (id, Vec::new()) };
        let cx = std::mem::replace(&mut self.cx, outer);
        let captures = cx.capture_places.iter().map(|place| (*place, Hold::ByRef)).collect();
        self.finish(cx, signature, Some(parent));
        (id, captures)
    }

    /// The id of a function that is about to be lowered.
    pub(super) fn reserve(&mut self) -> FuncId {
        let id = FuncId(self.functions.len() as u32);
        self.functions.push(None);
        id
    }

    fn finish(&mut self, cx: Context, signature: Signature, parent: Option<FuncId>) {
        let Context { id, builder, qualname, generator, class, captures, .. } = cx;
        let (blocks, locals) = builder.finish(signature.span.end());
        let private = signature.name.starts_with('_') && !signature.name.ends_with("__");
        let function = Function {
            private,
            name: signature.name,
            qualname,
            kind: signature.kind,
            binding: signature.binding,
            class,
            parent,
            r#async: signature.r#async,
            generator,
            params: signature.params,
            receiver: signature.receiver,
            ret: signature.ret,
            captures,
            decorators: signature.decorators,
            directives: Vec::new(),
            locals,
            blocks,
            span: signature.span,
            name_span: signature.name_span,
        };
        if let Some(slot) = self.functions.get_mut(id.index()) {
            *slot = Some(function);
        }
    }

    /// Lowers the top level, which must be the present function, and takes it out.
    pub(super) fn module(&mut self, body: &[Stmt], span: Span) {
        self.body(body);
        self.flush_broken(u32::MAX);
        let signature = Signature {
            name: Name::new("<module>"),
            kind: FnKind::Module,
            binding: Binding::None,
            r#async: false,
            params: Vec::new(),
            receiver: None,
            ret: None,
            decorators: Vec::new(),
            span,
            name_span: Span { hi: span.lo, ..span },
        };
        let empty = Context::new(self.file, FuncId(0), Name::default());
        let cx = std::mem::replace(&mut self.cx, empty);
        self.finish(cx, signature, None);
    }

    /// Receiver and parameters. Defaults are evaluated here, in the defining function.
    fn params(&mut self, parameters: &Parameters, bound: bool) -> (Option<Name>, Vec<Param>) {
        let mut receiver = None;
        let mut params = Vec::with_capacity(parameters.len());
        let positional = parameters.posonlyargs.iter().chain(&parameters.args);
        for (index, param) in positional.enumerate() {
            if index == 0 && bound {
                receiver = Some(Name::new(param.parameter.name.as_str()));
                continue;
            }
            let param = self.param(&param.parameter, param.default(), false);
            params.push(param);
        }
        if let Some(variadic) = &parameters.vararg {
            let param = self.param(variadic, None, true);
            params.push(param);
        }
        for param in &parameters.kwonlyargs {
            let param = self.param(&param.parameter, param.default(), false);
            params.push(param);
        }
        if let Some(variadic) = &parameters.kwarg {
            let param = self.param(variadic, None, true);
            params.push(param);
        }
        (receiver, params)
    }

    fn param(&mut self, parameter: &ast::Parameter, default: Option<&Expr>, variadic: bool) -> Param {
        // What an annotation says about the value is where a dependency may stand, like a default.
        let said = parameter.annotation().and_then(annotation::annotated).and_then(|(_, mut calls)| calls.next());
        let default_place = match default.filter(|_| said.is_none()).or(said) {
            Some(default) if self.literal(default).is_none() => Some(self.expr(default)),
            _ => None,
        };
        Param {
            name: Name::new(parameter.name.as_str()),
            ty: parameter.annotation().and_then(annotation::type_ref),
            default: default_place,
            default_null: default.is_some_and(Expr::is_none_literal_expr),
            property: false,
            variadic,
            span: self.span(&parameter.name),
        }
    }

    /// Evaluates decorators. Applying them is no op: `resolve` reads them from the definition.
    pub(super) fn decorators(&mut self, decorators: &[ast::Decorator]) -> Vec<Decorator> {
        let mut out = Vec::with_capacity(decorators.len());
        for decorator in decorators {
            let place = self.expr(&decorator.expression);
            let path = match &decorator.expression {
                Expr::Call(call) => annotation::path(&call.func),
                other => annotation::path(other),
            };
            out.push(Decorator { place, path: path.unwrap_or_default(), span: self.span(decorator) });
        }
        out
    }
}

fn is_decorated(decorators: &[Decorator], name: &str) -> bool {
    decorators.iter().any(|decorator| matches!(decorator.path.as_slice(), [only] if only == name))
}

fn method_binding(name: &str, decorators: &[Decorator]) -> Binding {
    if is_decorated(decorators, "staticmethod") {
        Binding::None
    } else if matches!(name, "__new__" | "__init_subclass__" | "__class_getitem__")
        || is_decorated(decorators, "classmethod")
    {
        Binding::Class
    } else {
        Binding::Instance
    }
}

/// `@property`, `@name.setter`.
fn is_accessor(decorator: &Decorator) -> bool {
    match decorator.path.as_slice() {
        [only] => only == "property",
        [_, last] => matches!(last.as_str(), "setter" | "getter" | "deleter"),
        _ => false,
    }
}
