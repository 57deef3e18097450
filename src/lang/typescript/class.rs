//! Classes: methods, fields, and the constructor that initialises them.

use super::annotation;
use super::context::{Lowerer, bare};
use super::function::{Signature, This};
use crate::ir::{
    Arg, Binding, Callee, Class, ClassId, Const, Decorator, Field, FnKind, FuncId, Hold, Name, Op, Place, Proj, Root,
    Span, TypeRef,
};
use oxc_ast::ast::{
    self, AccessorProperty, ClassElement, Expression, FormalParameters, MethodDefinition, MethodDefinitionKind,
    PropertyDefinition, PropertyKey, TSAccessibility, TSTypeAnnotation,
};

const CONSTRUCTOR: &str = "constructor";
const COMPUTED: &str = "<computed>";

/// A class being lowered.
#[derive(Clone)]
pub(super) struct ClassPlace {
    pub(super) id: ClassId,
    pub(super) place: Place,
}

/// A field, however it is declared.
struct FieldOf<'a> {
    key: &'a PropertyKey<'a>,
    value: Option<&'a Expression<'a>>,
    ty: Option<&'a TSTypeAnnotation<'a>>,
    decorators: &'a [ast::Decorator<'a>],
    r#static: bool,
    private: bool,
    span: oxc_span::Span,
}

impl<'a> FieldOf<'a> {
    fn property(property: &'a PropertyDefinition<'a>) -> Self {
        FieldOf {
            key: &property.key,
            value: property.value.as_ref(),
            ty: property.type_annotation.as_deref(),
            decorators: &property.decorators,
            r#static: property.r#static,
            private: is_private(&property.key, property.accessibility),
            span: property.span,
        }
    }

    fn accessor(property: &'a AccessorProperty<'a>) -> Self {
        FieldOf {
            key: &property.key,
            value: property.value.as_ref(),
            ty: property.type_annotation.as_deref(),
            decorators: &property.decorators,
            r#static: property.r#static,
            private: is_private(&property.key, property.accessibility),
            span: property.span,
        }
    }

    fn of(element: &'a ClassElement<'a>) -> Option<Self> {
        match element {
            ClassElement::PropertyDefinition(property) => Some(FieldOf::property(property)),
            ClassElement::AccessorProperty(property) => Some(FieldOf::accessor(property)),
            _ => None,
        }
    }

    /// A field of every object that the constructor fills.
    fn is_initialised(&self) -> bool {
        !self.r#static && self.value.is_some_and(|value| !is_function(value))
    }
}

impl<'a> Lowerer<'a> {
    pub(super) fn class_declaration(&mut self, class: &'a ast::Class<'a>) {
        let Some(id) = &class.id else { return };
        if class.declare {
            return;
        }
        let place = self.binding(id);
        self.class(class, place, Name::new(id.name.as_str()));
    }

    pub(super) fn class_expression(&mut self, class: &'a ast::Class<'a>, name: Option<&Name>) -> Place {
        let place = self.temp();
        let own = class.id.as_ref().map(|id| Name::new(id.name.as_str()));
        if let Some(symbol) = class.id.as_ref().and_then(|id| id.symbol_id.get()) {
            self.set_home(symbol, place);
        }
        let name = own.or_else(|| name.cloned()).unwrap_or(Name::new("<class>"));
        self.class(class, place, name);
        place
    }

    fn class(&mut self, class: &'a ast::Class<'a>, place: Place, name: Name) {
        let span = self.span(class);
        let name_span = match &class.id {
            Some(id) => self.span(id),
            None => Span { hi: (span.lo + "class".len() as u32).min(span.hi), ..span },
        };
        let decorators = self.decorators(&class.decorators);
        self.bind_scope(&class.scope_id);
        let mut bases = Vec::new();
        if let Some(heritage) = &class.heritage {
            let args = annotation::type_args(heritage.type_arguments.as_deref());
            bases.push(self.base(&heritage.expression, args));
        }
        let (id, qualname) = self.add_class(place, name, bases, decorators, span, name_span);
        let place = self.with_room(place, name_span);
        self.cx.class_names.push(qualname);
        self.class_body(class, &ClassPlace { id, place }, name_span);
        self.cx.class_names.pop();
    }

    /// A class without members, and its qualified name; `place` holds it.
    pub(super) fn add_class(
        &mut self,
        place: Place,
        name: Name,
        bases: Vec<TypeRef>,
        decorators: Vec<Decorator>,
        span: Span,
        name_span: Span,
    ) -> (ClassId, Name) {
        let id = ClassId(self.classes.len() as u32);
        let qualname = self.cx.qualified(&name);
        let (fields, methods) = (Vec::new(), Vec::new());
        self.classes.push(Class { name, qualname, bases, fields, methods, decorators, span, name_span });
        self.emit(Op::Const { dst: place, value: Const::Class(id) }, name_span);
        (id, qualname)
    }

    /// A base as written; an expression without a name is evaluated and keeps the class open.
    pub(super) fn base(&mut self, base: &'a Expression<'a>, args: Vec<TypeRef>) -> TypeRef {
        let path = match (self.required(base), annotation::path(base)) {
            (None, Some(path)) => path,
            _ => {
                self.effects(base);
                vec![Name::new("<expression>")]
            }
        };
        TypeRef { path, args, ..TypeRef::default() }
    }

    fn class_body(&mut self, class: &'a ast::Class<'a>, at: &ClassPlace, name_span: Span) {
        let mut has_constructor = false;
        for element in &class.body.body {
            match element {
                ClassElement::MethodDefinition(method) => {
                    has_constructor |= method.kind == MethodDefinitionKind::Constructor && method.value.body.is_some();
                    self.method(class, method, at);
                }
                ClassElement::StaticBlock(block) => {
                    let end = self.span(&**block).end();
                    self.bind_scope(&block.scope_id);
                    self.cx.other_this.push(at.place);
                    self.statements(&block.body, end);
                    self.cx.other_this.pop();
                }
                ClassElement::TSIndexSignature(_) => {}
                element => {
                    if let Some(field) = FieldOf::of(element) {
                        self.field(&field, at);
                    }
                }
            }
        }
        let fills = |element| FieldOf::of(element).is_some_and(|field| field.is_initialised());
        if !has_constructor && class.body.body.iter().any(fills) {
            self.made_constructor(class, at, name_span);
        }
    }

    fn field(&mut self, field: &FieldOf<'a>, at: &ClassPlace) {
        self.decorators(field.decorators);
        let span = self.range(field.span);
        let key = self.span(field.key);
        let proj = self.property(field.key);
        let name = match &proj {
            Proj::Field(name) => Some(*name),
            _ => None,
        };
        if !field.r#static
            && let Some(name) = &name
            && let Some(class) = self.classes.get_mut(at.id.index())
        {
            class.fields.push(Field { name: *name, ty: annotation::annotation(field.ty), span: key });
        }
        let Some(value) = field.value else { return };
        if is_function(value) {
            let name = name.unwrap_or_else(|| COMPUTED.into());
            let dst = at.place.project(proj);
            self.function_field(field, value, name, dst, at);
        } else if field.r#static {
            let dst = at.place.project(proj);
            self.cx.other_this.push(at.place);
            self.value_into(value, dst, name.as_ref(), span);
            self.cx.other_this.pop();
        }
    }

    /// `close = async () => { ... }`: a method.
    fn function_field(
        &mut self,
        field: &FieldOf<'a>,
        value: &'a Expression<'a>,
        name: Name,
        dst: Place,
        at: &ClassPlace,
    ) {
        let name_span = self.span(field.key);
        let binding = if field.r#static { Binding::Class } else { Binding::Instance };
        let of = |mut signature: Signature<'a>| {
            signature.binding = binding;
            signature.class = Some(at.id);
            signature.private = field.private;
            signature.this = This::Receiver;
            signature.name_span = name_span;
            signature
        };
        let (func, captures) = match bare(value) {
            Expression::ArrowFunctionExpression(arrow) => {
                let signature = of(self.arrow_signature(arrow, name, FnKind::Method));
                self.function(signature, |lowerer| lowerer.arrow_body(arrow))
            }
            Expression::FunctionExpression(function) => {
                if let Some(symbol) = function.id.as_ref().and_then(|id| id.symbol_id.get()) {
                    self.set_home(symbol, dst);
                }
                let signature = of(self.signature(function, name, FnKind::Method));
                self.function(signature, |lowerer| lowerer.function_body(function))
            }
            _ => return,
        };
        self.register(at, name, func, dst, captures, name_span);
    }

    /// Enters a method into its class and puts the function where the class has it.
    pub(super) fn register(
        &mut self,
        at: &ClassPlace,
        name: Name,
        func: FuncId,
        dst: Place,
        captures: Vec<(Place, Hold)>,
        span: Span,
    ) {
        if let Some(class) = self.classes.get_mut(at.id.index()) {
            class.methods.push((name, func));
        }
        self.emit(Op::Closure { dst, func, captures }, span);
    }

    fn method(&mut self, class: &'a ast::Class<'a>, method: &'a MethodDefinition<'a>, at: &ClassPlace) {
        let decorators = self.decorators(&method.decorators);
        for param in &method.value.params.items {
            self.decorators(&param.decorators);
        }
        if method.value.body.is_none() {
            return;
        }
        let proj = self.property(&method.key);
        let name = match (&proj, method.kind) {
            (_, MethodDefinitionKind::Constructor) => CONSTRUCTOR.into(),
            (Proj::Field(name), MethodDefinitionKind::Set) => Name::from(format!("set {name}")),
            (Proj::Field(name), _) => *name,
            _ => COMPUTED.into(),
        };
        let proj = if proj == Proj::Elem { proj } else { Proj::Field(name) };
        let kind = match method.kind {
            MethodDefinitionKind::Constructor => FnKind::Constructor,
            MethodDefinitionKind::Method => FnKind::Method,
            MethodDefinitionKind::Get | MethodDefinitionKind::Set => FnKind::Accessor,
        };
        let name_span = self.span(&method.key);
        let mut signature = self.signature(&method.value, name, kind);
        signature.span = self.span(method);
        signature.name_span = name_span;
        signature.binding = if method.r#static { Binding::Class } else { Binding::Instance };
        signature.class = Some(at.id);
        signature.this = This::Receiver;
        signature.private = is_private(&method.key, method.accessibility);
        signature.decorators = decorators;
        let (func, captures) = if kind == FnKind::Constructor {
            self.parameter_properties(&method.value.params, at);
            self.function(signature, |lowerer| lowerer.constructor_body(class, &method.value))
        } else {
            self.function(signature, |lowerer| lowerer.function_body(&method.value))
        };
        let dst = at.place.project(proj);
        self.register(at, name, func, dst, captures, name_span);
    }

    // ---- constructors

    fn constructor_body(&mut self, class: &'a ast::Class<'a>, function: &'a ast::Function<'a>) {
        if class.heritage.is_some() {
            self.cx.constructs = Some(class);
        } else {
            self.field_initialisers(class);
        }
        self.function_body(function);
        if !self.cx.constructed && self.cx.builder.is_open() {
            // `super()` is called in some function inside.
            self.field_initialisers(class);
        }
    }

    /// The constructor of a class that has fields and no constructor.
    fn made_constructor(&mut self, class: &'a ast::Class<'a>, at: &ClassPlace, span: Span) {
        let mut signature = Signature::synthetic("constructor", FnKind::Constructor, span);
        signature.binding = Binding::Instance;
        signature.class = Some(at.id);
        signature.this = This::Receiver;
        signature.passes_on = class.heritage.is_some();
        let (func, captures) = self.function(signature, |lowerer| {
            if class.heritage.is_some() {
                let place = Place::root(Root::Param(0));
                let rest = Arg { place, name: None, spread: true, literal: None, fields: Box::default() };
                let dst = lowerer.temp();
                let callee = Callee::Super { name: CONSTRUCTOR.into() };
                lowerer.emit_synth(Op::Call { dst, callee, args: vec![rest], new: false }, span);
            }
            lowerer.field_initialisers(class);
        });
        let dst = at.place.project(Proj::Field(CONSTRUCTOR.into()));
        self.register(at, CONSTRUCTOR.into(), func, dst, captures, span);
    }

    /// `constructor(private x: X)` declares a field.
    fn parameter_properties(&mut self, params: &'a FormalParameters<'a>, at: &ClassPlace) {
        for param in params.items.iter().filter(|param| param.has_modifier()) {
            let Some(name) = param.pattern.get_identifier_name() else { continue };
            let ty = annotation::annotation(param.type_annotation.as_deref());
            let span = self.span(&param.pattern);
            if let Some(class) = self.classes.get_mut(at.id.index()) {
                class.fields.push(Field { name: Name::new(name.as_str()), ty, span });
            }
        }
    }

    /// What the constructor does by itself: parameter properties, then fields.
    pub(super) fn field_initialisers(&mut self, class: &'a ast::Class<'a>) {
        self.cx.constructed = true;
        for element in &class.body.body {
            let ClassElement::MethodDefinition(method) = element else { continue };
            if method.kind != MethodDefinitionKind::Constructor || method.value.body.is_none() {
                continue;
            }
            for param in method.value.params.items.iter().filter(|param| param.has_modifier()) {
                let Some(id) = param.pattern.get_binding_identifier() else { continue };
                let span = self.span(id);
                let src = self.binding(id);
                let dst = Place::root(Root::This).field(Name::new(id.name.as_str()));
                self.emit_synth(Op::Copy { dst, src, moved: false }, span);
            }
        }
        for field in class.body.body.iter().filter_map(FieldOf::of).filter(FieldOf::is_initialised) {
            let Some(value) = field.value else { continue };
            let span = self.range(field.span);
            let proj = self.property(field.key);
            let name = match &proj {
                Proj::Field(name) => Some(*name),
                _ => None,
            };
            let dst = Place::root(Root::This).project(proj);
            self.value_into(value, dst, name.as_ref(), span);
        }
    }
}

fn is_function(value: &Expression<'_>) -> bool {
    matches!(bare(value), Expression::ArrowFunctionExpression(_) | Expression::FunctionExpression(_))
}

fn is_private(key: &PropertyKey<'_>, accessibility: Option<TSAccessibility>) -> bool {
    key.is_private_identifier() || accessibility == Some(TSAccessibility::Private)
}
