//! Classes as they were written before `class`: a function whose prototype has methods.

use super::annotation;
use super::class::ClassPlace;
use super::context::{Lowerer, bare};
use super::function::This;
use super::stmt::hoisted;
use crate::ir::{Binding, FnKind, Name, Place, Proj, Span, TypeRef};
use oxc_ast::ast::{
    self, Argument, AssignmentTarget, BindingPattern, CallExpression, Expression, ObjectPropertyKind, Statement,
};
use oxc_syntax::operator::AssignmentOperator;
use oxc_syntax::symbol::SymbolId;
use rustc_hash::FxHashSet;

/// A function that is used as a class.
pub(super) struct Prototype<'a> {
    base: Option<&'a Expression<'a>>,
    /// Once the function was lowered.
    class: Option<ClassPlace>,
}

/// `F.prototype` or `F.prototype.name`.
struct PrototypeTarget {
    symbol: SymbolId,
    member: Option<Name>,
}

impl<'a> Lowerer<'a> {
    /// Finds the functions of a body whose prototypes the body fills.
    pub(super) fn find_prototypes(&mut self, body: &'a [Statement<'a>]) {
        let mut functions = FxHashSet::default();
        for stmt in body {
            if let Some(symbol) = hoisted(stmt).and_then(|function| function.id.as_ref()?.symbol_id.get()) {
                functions.insert(symbol);
            }
            let Statement::VariableDeclaration(declaration) = stmt else { continue };
            for declarator in &declaration.declarations {
                if let BindingPattern::BindingIdentifier(id) = &declarator.id
                    && let Some(Expression::FunctionExpression(_)) = &declarator.init
                {
                    functions.extend(id.symbol_id.get());
                }
            }
        }
        if functions.is_empty() {
            return;
        }
        for stmt in body {
            let Statement::ExpressionStatement(stmt) = stmt else { continue };
            let Some((symbol, base)) = self.prototype_statement(bare(&stmt.expression)) else { continue };
            if functions.contains(&symbol) {
                let known = self.prototypes.entry(symbol).or_insert(Prototype { base: None, class: None });
                known.base = known.base.or(base);
            }
        }
    }

    /// The function whose prototype a statement is about, and the base that it names.
    fn prototype_statement(&self, expr: &'a Expression<'a>) -> Option<(SymbolId, Option<&'a Expression<'a>>)> {
        match expr {
            Expression::AssignmentExpression(assignment) if assignment.operator == AssignmentOperator::Assign => {
                let target = self.prototype_target(&assignment.left)?;
                let base = match bare(&assignment.right) {
                    _ if target.member.is_some() => None,
                    Expression::CallExpression(call)
                        if annotation::path(&call.callee).is_some_and(|path| path == ["Object", "create"]) =>
                    {
                        call.arguments.first().and_then(Argument::as_expression).and_then(prototype_of)
                    }
                    Expression::NewExpression(new) => Some(&new.callee),
                    _ => None,
                };
                Some((target.symbol, base))
            }
            Expression::CallExpression(call) => {
                let [derived, base] = call.arguments.as_slice() else { return None };
                let (derived, base) = (derived.as_expression()?, base.as_expression()?);
                let callee = annotation::path(&call.callee)?;
                let (derived, base) = match callee.iter().map(Name::as_str).collect::<Vec<_>>().as_slice() {
                    ["inherits"] | ["util", "inherits"] => (derived, base),
                    ["Object", "setPrototypeOf"] => (prototype_of(derived)?, prototype_of(base)?),
                    _ => return None,
                };
                let Expression::Identifier(name) = bare(derived) else { return None };
                Some((self.resolve(name)?, Some(base)))
            }
            _ => None,
        }
    }

    fn prototype_target(&self, target: &'a AssignmentTarget<'a>) -> Option<PrototypeTarget> {
        let ast::MemberExpression::StaticMemberExpression(member) =
            target.as_simple_assignment_target()?.as_member_expression()?
        else {
            return None;
        };
        let (function, name) = match prototype_of(&member.object) {
            Some(function) => (function, Some(Name::new(member.property.name.as_str()))),
            None if member.property.name == "prototype" => (&member.object, None),
            None => return None,
        };
        let Expression::Identifier(function) = bare(function) else { return None };
        Some(PrototypeTarget { symbol: self.resolve(function)?, member: name })
    }

    /// Lowers a function that is a class.
    pub(super) fn constructor_function(&mut self, function: &'a ast::Function<'a>, symbol: SymbolId) {
        let place = self.symbol(symbol);
        let base = self.prototypes.get(&symbol).and_then(|known| known.base);
        let bases: Vec<TypeRef> = base.map(|base| self.base(base, Vec::new())).into_iter().collect();
        let name = self.symbol_name(symbol);
        let constructor = Name::new("constructor");
        let mut signature = self.signature(function, constructor, FnKind::Constructor);
        let (span, name_span) = (signature.span, signature.name_span);
        let (id, qualname) = self.add_class(place, name, bases, Vec::new(), span, name_span);
        let at = ClassPlace { id, place: self.with_room(place, name_span) };
        if let Some(known) = self.prototypes.get_mut(&symbol) {
            known.class = Some(at.clone());
        }
        if let Some(own) = function.id.as_ref().and_then(|id| id.symbol_id.get())
            && own != symbol
        {
            self.set_home(own, at.place);
        }
        signature.binding = Binding::Instance;
        signature.class = Some(id);
        signature.this = This::Receiver;
        self.cx.class_names.push(qualname);
        let (func, captures) = self.function(signature, |lowerer| {
            lowerer.cx.base = base.and_then(annotation::dotted);
            lowerer.function_body(function);
        });
        self.cx.class_names.pop();
        let dst = at.place.field(constructor);
        self.register(&at, constructor, func, dst, captures, name_span);
    }

    /// `F.prototype.m = function ...` and `F.prototype = {...}` of a class.
    pub(super) fn prototype_assignment(
        &mut self,
        target: &'a AssignmentTarget<'a>,
        value: &'a Expression<'a>,
        span: Span,
    ) -> Option<Place> {
        if !self.has_prototypes {
            return None;
        }
        let target = self.prototype_target(target)?;
        let at = self.prototypes.get(&target.symbol)?.class.clone()?;
        // The class belongs to the function around this one.
        let at = ClassPlace { place: self.symbol(target.symbol), ..at };
        match (target.member, bare(value)) {
            (Some(name), Expression::FunctionExpression(function)) => {
                let name_span = self.span(&**function);
                let dst = self.project(at.place, Proj::Field(name), span);
                self.prototype_method(&at, function, name, dst, name_span);
                Some(dst)
            }
            (None, Expression::ObjectExpression(object)) => {
                for property in &object.properties {
                    let ObjectPropertyKind::ObjectProperty(property) = property else { continue };
                    let proj = self.property(&property.key);
                    let dst = self.project(at.place, proj, span);
                    match (&property.value, proj) {
                        (Expression::FunctionExpression(function), Proj::Field(name)) => {
                            let key = self.span(&property.key);
                            self.prototype_method(&at, function, name, dst, key);
                        }
                        _ => {
                            let name_span = self.span(&**property);
                            self.value_into(&property.value, dst, None, name_span);
                        }
                    }
                }
                Some(at.place)
            }
            // The base was seen before.
            (None, _) => {
                self.effects(value);
                Some(at.place)
            }
            _ => None,
        }
    }

    /// A method that is written as a property of an object.
    pub(super) fn prototype_method(
        &mut self,
        at: &ClassPlace,
        function: &'a ast::Function<'a>,
        name: Name,
        dst: Place,
        name_span: Span,
    ) {
        if let Some(symbol) = function.id.as_ref().and_then(|id| id.symbol_id.get()) {
            self.set_home(symbol, dst);
        }
        let mut signature = self.signature(function, name, FnKind::Method);
        signature.binding = Binding::Instance;
        signature.class = Some(at.id);
        signature.this = This::Receiver;
        signature.name_span = name_span;
        let class = self.classes.get(at.id.index()).map(|class| class.qualname).unwrap_or_default();
        self.cx.class_names.push(class);
        let (func, captures) = self.function(signature, |lowerer| lowerer.function_body(function));
        self.cx.class_names.pop();
        self.register(at, name, func, dst, captures, name_span);
    }

    /// `Base.call(this, ...)` in a constructor function: the arguments for the base.
    pub(super) fn base_call(&self, call: &'a CallExpression<'a>) -> Option<&'a [Argument<'a>]> {
        let base = self.cx.base.as_ref()?;
        let Expression::StaticMemberExpression(member) = &call.callee else { return None };
        let (Argument::ThisExpression(_), rest) = call.arguments.split_first()? else { return None };
        (member.property.name == "call" && annotation::dotted(&member.object).is_some_and(|name| name == *base))
            .then_some(rest)
    }
}

/// `F` of `F.prototype`.
fn prototype_of<'a>(expr: &'a Expression<'a>) -> Option<&'a Expression<'a>> {
    match bare(expr) {
        Expression::StaticMemberExpression(member) if member.property.name == "prototype" => Some(&member.object),
        _ => None,
    }
}
