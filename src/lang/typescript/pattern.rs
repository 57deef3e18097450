//! Everything that binds or assigns: patterns, assignments, declarations.

use super::annotation;
use super::context::{Lowerer, bare};
use crate::ir::{Const, Name, Op, Place, Proj, Root, Span, Test, Why};
use oxc_ast::ast::{
    AssignmentExpression, AssignmentTarget, AssignmentTargetMaybeDefault, AssignmentTargetPattern,
    AssignmentTargetProperty, BindingPattern, Expression, PropertyKey, VariableDeclaration, VariableDeclarator,
};
use oxc_syntax::operator::{AssignmentOperator, LogicalOperator};

impl<'a> Lowerer<'a> {
    // ---- declarations

    pub(super) fn variables(&mut self, declaration: &'a VariableDeclaration<'a>) {
        if declaration.declare {
            return;
        }
        for declarator in &declaration.declarations {
            self.declarator(declarator);
        }
    }

    /// Binds one variable and returns where its value is; for a pattern, the place of the whole.
    pub(super) fn declarator(&mut self, declarator: &'a VariableDeclarator<'a>) {
        let span = self.span(declarator);
        self.declare(declarator);
        let Some(init) = &declarator.init else { return };
        if let Some(symbol) = self.required(init) {
            self.bind_required(&declarator.id, &symbol, span);
            return;
        }
        match &declarator.id {
            BindingPattern::BindingIdentifier(name) => {
                if let Some(symbol) = name.symbol_id.get()
                    && let Expression::FunctionExpression(function) = bare(init)
                    && self.prototypes.contains_key(&symbol)
                {
                    self.constructor_function(function, symbol);
                    return;
                }
                if let Some(symbol) = name.symbol_id.get()
                    && self.is_exports(init)
                {
                    self.export_aliases.insert(symbol);
                }
                if let Some(symbol) = name.symbol_id.get()
                    && matches!(bare(init), Expression::ThisExpression(_))
                    && !self.scoping.symbol_is_mutated(symbol)
                    && !self.cx.module
                {
                    // Another name for the receiver.
                    let this = self.expr(init);
                    self.set_home(symbol, this);
                    return;
                }
                let dst = self.binding(name);
                let name = Name::new(name.name.as_str());
                self.value_into(init, dst, Some(&name), span);
            }
            pattern => {
                let src = self.expr(init);
                self.bind(pattern, src, false, span);
            }
        }
    }

    /// Records the type of a local variable.
    fn declare(&mut self, declarator: &'a VariableDeclarator<'a>) {
        if let Some(ty) = annotation::annotation(declarator.type_annotation.as_deref())
            && let BindingPattern::BindingIdentifier(name) = &declarator.id
            && let Root::Local(id) = self.binding(name).root
            && let Some(local) = self.cx.builder.local_mut(id)
            && local.ty.is_none()
        {
            local.ty = Some(Box::new(ty));
        }
    }

    /// `const { A, B: c } = require("m")`.
    fn bind_required(&mut self, pattern: &'a BindingPattern<'a>, symbol: &Name, span: Span) {
        match pattern {
            BindingPattern::BindingIdentifier(name) => {
                let dst = self.binding(name);
                self.emit(Op::Const { dst, value: Const::Symbol(*symbol) }, span);
            }
            BindingPattern::ObjectPattern(object) if object.rest.is_none() => {
                for property in &object.properties {
                    let at = self.span(property);
                    match &property.key {
                        PropertyKey::StaticIdentifier(key) => {
                            let member = Name::from(format!("{symbol}.{}", key.name));
                            self.bind_required(&property.value, &member, at);
                        }
                        _ => {
                            let src = self.constant(Const::Symbol(*symbol), at);
                            let proj = self.property(&property.key);
                            let part = self.project(src, proj, at);
                            self.bind(&property.value, part, false, at);
                        }
                    }
                }
            }
            pattern => {
                let src = self.constant(Const::Symbol(*symbol), span);
                self.bind(pattern, src, false, span);
            }
        }
    }

    // ---- binding patterns

    /// Binds the names of a pattern to a value; `moved`: nobody else needs the value.
    pub(super) fn bind(&mut self, pattern: &'a BindingPattern<'a>, src: Place, moved: bool, span: Span) {
        match pattern {
            BindingPattern::BindingIdentifier(name) => {
                let dst = self.binding(name);
                self.emit(Op::Copy { dst, src, moved }, span);
            }
            BindingPattern::ObjectPattern(object) => {
                for property in &object.properties {
                    let at = self.span(property);
                    let proj = self.property(&property.key);
                    let part = self.project(src, proj, at);
                    self.bind(&property.value, part, false, at);
                }
                if let Some(rest) = &object.rest {
                    let at = self.span(&**rest);
                    let value = self.rest_of(src, at);
                    self.bind(&rest.argument, value, true, at);
                }
            }
            BindingPattern::ArrayPattern(array) => {
                for (index, element) in array.elements.iter().enumerate() {
                    let Some(element) = element else { continue };
                    let at = self.span(element);
                    let part = self.project(src, index_of(index), at);
                    self.bind(element, part, false, at);
                }
                if let Some(rest) = &array.rest {
                    let at = self.span(&**rest);
                    let value = self.rest_of(src, at);
                    self.bind(&rest.argument, value, true, at);
                }
            }
            BindingPattern::AssignmentPattern(default) => {
                let dst = match &default.left {
                    BindingPattern::BindingIdentifier(name) => self.binding(name),
                    _ => self.temp(),
                };
                self.emit(Op::Copy { dst, src, moved }, span);
                self.default_into(&dst, &default.right, span);
                if !matches!(default.left, BindingPattern::BindingIdentifier(_)) {
                    self.bind(&default.left, dst, false, span);
                }
            }
        }
    }

    /// Gives `dst` the default where it is null.
    pub(super) fn default_into(&mut self, dst: &Place, default: &'a Expression<'a>, span: Span) {
        let (missing, end) = (self.cx.builder.block(), self.cx.builder.block());
        self.cx.builder.branch(*dst, Test::Null, missing, end, span);
        self.cx.builder.start(missing);
        let at = self.span(default);
        self.expr_into(default, *dst, at);
        self.cx.builder.goto(end, at);
        self.cx.builder.start(end);
    }

    /// `...rest`: something that holds elements of `src`.
    fn rest_of(&mut self, src: Place, span: Span) -> Place {
        let element = self.project(src, Proj::Elem, span);
        let dst = self.temp();
        self.emit(Op::Build { dst, parts: vec![(Proj::Elem, element)], of: Vec::new() }, span);
        dst
    }

    // ---- assignments

    pub(super) fn assignment(&mut self, assignment: &'a AssignmentExpression<'a>) -> Place {
        let span = self.span(assignment);
        match assignment.operator {
            AssignmentOperator::Assign => self.assign(&assignment.left, &assignment.right, span),
            operator => {
                let dst = self.target(&assignment.left, span);
                match operator.to_logical_operator() {
                    Some(operator) => self.logical_assign(dst, operator, &assignment.right, span),
                    None => {
                        self.effects(&assignment.right);
                        self.emit(Op::Build { dst, parts: Vec::new(), of: Vec::new() }, span);
                    }
                }
                dst
            }
        }
    }

    fn logical_assign(&mut self, dst: Place, operator: LogicalOperator, value: &'a Expression<'a>, span: Span) {
        let (assign, end) = (self.cx.builder.block(), self.cx.builder.block());
        let (test, yes, no) = match operator {
            LogicalOperator::Coalesce => (Test::Null, assign, end),
            LogicalOperator::And => (Test::Truthy, assign, end),
            LogicalOperator::Or => (Test::Truthy, end, assign),
        };
        self.cx.builder.branch(dst, test, yes, no, span);
        self.cx.builder.start(assign);
        self.store(value, dst, None, span);
        self.cx.builder.goto(end, span);
        self.cx.builder.start(end);
    }

    /// `target = value`; returns the place of the value.
    fn assign(&mut self, target: &'a AssignmentTarget<'a>, value: &'a Expression<'a>, span: Span) -> Place {
        self.record_export(target, value, span);
        if let Some(place) = self.prototype_assignment(target, value, span) {
            return place;
        }
        if let Some(pattern) = target.as_assignment_target_pattern() {
            let value = self.expr(value);
            // What is assigned to may be what is read.
            let src = if self.cx.builder.is_temp(&value) {
                value
            } else {
                let src = self.temp();
                self.emit_synth(Op::Copy { dst: src, src: value, moved: false }, span);
                src
            };
            self.assign_pattern(pattern, &src, span);
            return src;
        }
        let dst = self.target(target, span);
        let name = match dst.proj.last() {
            Some(Proj::Field(name)) => Some(*name),
            Some(_) => None,
            None => match target {
                AssignmentTarget::AssignmentTargetIdentifier(name) => Some(Name::new(name.name.as_str())),
                _ => None,
            },
        };
        self.store(value, dst, name.as_ref(), span);
        self.aliased_export(target, &dst, span);
        dst
    }

    /// Evaluates a value into a place that was evaluated before.
    fn store(&mut self, value: &'a Expression<'a>, dst: Place, name: Option<&Name>, span: Span) {
        if self.cx.builder.is_in_temp(&dst) && self.literal(value).is_none() {
            let src = self.named(value, name);
            self.store_place(dst, src, span);
        } else {
            self.value_into(value, dst, name, span);
        }
    }

    /// Evaluates a value into a variable or field.
    pub(super) fn value_into(&mut self, value: &'a Expression<'a>, dst: Place, name: Option<&Name>, span: Span) {
        if let Some(value) = self.literal(value) {
            self.emit(Op::Const { dst, value }, span);
        } else if dst.is_root() && self.is_flag(value) {
            self.flag(value, dst, span);
        } else {
            let src = match self.required(value) {
                Some(symbol) => {
                    self.emit(Op::Const { dst, value: Const::Symbol(symbol) }, span);
                    return;
                }
                None => self.named(value, name),
            };
            self.copy(dst, src, span);
        }
    }

    fn store_place(&mut self, dst: Place, src: Place, span: Span) {
        if self.cx.builder.is_in_temp(&dst) && !dst.is_root() {
            // Part of something without a name: nobody here sees it again.
            self.emit(Op::Escape { place: src, why: Why::ElemOfUnknown }, span);
        }
        self.copy(dst, src, span);
    }

    /// The place that is assigned; a pattern has none.
    fn target(&mut self, target: &'a AssignmentTarget<'a>, span: Span) -> Place {
        match target.as_simple_assignment_target() {
            Some(target) => self.simple_target(target),
            None => self.unknown("assignment-target", Vec::new(), span),
        }
    }

    fn assign_pattern(&mut self, pattern: &'a AssignmentTargetPattern<'a>, src: &Place, span: Span) {
        match pattern {
            AssignmentTargetPattern::ArrayAssignmentTarget(array) => {
                for (index, element) in array.elements.iter().enumerate() {
                    let Some(element) = element else { continue };
                    let at = self.span(element);
                    let part = self.project(*src, index_of(index), at);
                    self.assign_part(element, part, at);
                }
                if let Some(rest) = &array.rest {
                    let value = self.rest_of(*src, span);
                    self.assign_place(&rest.target, value, span);
                }
            }
            AssignmentTargetPattern::ObjectAssignmentTarget(object) => {
                for property in &object.properties {
                    let at = self.span(property);
                    match property {
                        AssignmentTargetProperty::AssignmentTargetPropertyIdentifier(property) => {
                            let dst = self.identifier(&property.binding);
                            let name = Name::new(property.binding.name.as_str());
                            let part = self.project(*src, Proj::Field(name), at);
                            self.copy(dst, part, at);
                            if let Some(default) = &property.init {
                                self.default_into(&dst, default, at);
                            }
                        }
                        AssignmentTargetProperty::AssignmentTargetPropertyProperty(property) => {
                            let proj = self.property(&property.name);
                            let part = self.project(*src, proj, at);
                            self.assign_part(&property.binding, part, at);
                        }
                    }
                }
                if let Some(rest) = &object.rest {
                    let value = self.rest_of(*src, span);
                    self.assign_place(&rest.target, value, span);
                }
            }
        }
    }

    fn assign_part(&mut self, target: &'a AssignmentTargetMaybeDefault<'a>, part: Place, span: Span) {
        match target {
            AssignmentTargetMaybeDefault::AssignmentTargetWithDefault(target) => {
                let value = self.temp();
                self.copy(value, part, span);
                self.default_into(&value, &target.init, span);
                self.assign_place(&target.binding, value, span);
            }
            target => self.assign_place(target.to_assignment_target(), part, span),
        }
    }

    /// Assigns a value that was evaluated.
    pub(super) fn assign_place(&mut self, target: &'a AssignmentTarget<'a>, src: Place, span: Span) {
        match target.as_assignment_target_pattern() {
            Some(pattern) => self.assign_pattern(pattern, &src, span),
            None => {
                let dst = self.target(target, span);
                self.store_place(dst, src, span);
            }
        }
    }

    /// The name that a target writes to when it is one.
    pub(super) fn target_expr_path(target: &AssignmentTarget<'a>) -> Option<Vec<Name>> {
        match target.as_simple_assignment_target()?.as_member_expression()? {
            oxc_ast::ast::MemberExpression::StaticMemberExpression(member) => {
                let mut path = annotation::path(bare(&member.object))?;
                path.push(Name::new(member.property.name.as_str()));
                Some(path)
            }
            _ => None,
        }
    }
}

/// The projection of the n-th element.
fn index_of(index: usize) -> Proj {
    u16::try_from(index).map_or(Proj::Elem, Proj::Index)
}
