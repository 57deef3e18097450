//! Components that are written as an object of options: a class whose objects the framework makes. `this` in its functions is one of them.

use super::class::ClassPlace;
use super::context::{Lowerer, bare};
use crate::ir::{Const, Name, Op, Place, Proj, TypeRef};
use oxc_ast::ast::{self, Expression, ObjectExpression, ObjectProperty, ObjectPropertyKind, PropertyKind};

/// Options whose functions are functions of the component, too.
const GROUPS: &[&str] = &["methods", "computed", "watch"];

/// Options through which others have a part in the component.
const INHERITING: &[&str] = &["mixins", "extends"];

/// The path under which the catalogue says what ends a component, and the name that stands for it in a file.
const BASE_PATH: &str = "component-file.options";
const BASE_NAME: &str = "<component>";

/// The options of `{...}`, `defineComponent({...})`, `Vue.extend({...})`.
pub(super) fn options<'a>(expr: &'a Expression<'a>) -> Option<&'a ObjectExpression<'a>> {
    match bare(expr) {
        Expression::ObjectExpression(object) => Some(object),
        Expression::CallExpression(call) => match call.arguments.as_slice() {
            [options] => match bare(options.as_expression()?) {
                Expression::ObjectExpression(object) => Some(object),
                _ => None,
            },
            _ => None,
        },
        _ => None,
    }
}

impl<'a> Lowerer<'a> {
    /// The class of a component.
    pub(super) fn component(&mut self, object: &'a ObjectExpression<'a>) -> Place {
        let span = self.span(object);
        let name = own_name(object).unwrap_or_else(|| Name::new("default"));
        let inherits = properties(object).any(|property| key_of(property).is_some_and(|key| INHERITING.contains(&key)));
        let base = |name| TypeRef { path: vec![Name::new(name)], ..TypeRef::default() };
        let mut bases = vec![base(BASE_NAME)];
        if inherits || has_spread(object) {
            bases.push(base("<expression>"));
        }
        let value = Const::Symbol(Name::new(BASE_PATH));
        self.emit_synth(Op::Const { dst: Place::global(Name::new(BASE_NAME)), value }, span);
        let place = self.temp();
        let (id, _) = self.add_class(place, name, bases, Vec::new(), span, span);
        let at = ClassPlace { id, place };
        for property in &object.properties {
            match property {
                ObjectPropertyKind::SpreadProperty(spread) => self.effects(&spread.argument),
                ObjectPropertyKind::ObjectProperty(property) => self.option(&at, property),
            }
        }
        place
    }

    fn option(&mut self, at: &ClassPlace, property: &'a ObjectProperty<'a>) {
        let group = key_of(property).is_some_and(|key| GROUPS.contains(&key));
        match bare(&property.value) {
            Expression::ObjectExpression(inner) if group => {
                for property in &inner.properties {
                    match property {
                        ObjectPropertyKind::SpreadProperty(spread) => self.effects(&spread.argument),
                        ObjectPropertyKind::ObjectProperty(property) => self.component_member(at, property),
                    }
                }
            }
            _ => self.component_member(at, property),
        }
    }

    fn component_member(&mut self, at: &ClassPlace, property: &'a ObjectProperty<'a>) {
        let proj = self.property(&property.key);
        let name_span = self.span(&property.key);
        let dst = self.project(at.place, proj, name_span);
        match (&property.value, proj) {
            (Expression::FunctionExpression(function), Proj::Field(name)) if property.kind == PropertyKind::Init => {
                self.prototype_method(at, function, name, dst, name_span);
            }
            _ => self.value_into(&property.value, dst, None, name_span),
        }
    }
}

fn properties<'a>(object: &'a ObjectExpression<'a>) -> impl Iterator<Item = &'a ObjectProperty<'a>> {
    object.properties.iter().filter_map(|property| match property {
        ObjectPropertyKind::ObjectProperty(property) => Some(&**property),
        ObjectPropertyKind::SpreadProperty(_) => None,
    })
}

fn has_spread(object: &ObjectExpression<'_>) -> bool {
    object.properties.iter().any(|property| matches!(property, ObjectPropertyKind::SpreadProperty(_)))
}

fn key_of<'a>(property: &'a ObjectProperty<'a>) -> Option<&'a str> {
    match &property.key {
        ast::PropertyKey::StaticIdentifier(name) => Some(name.name.as_str()),
        _ => None,
    }
}

/// The value of its option `name`.
fn own_name(object: &ObjectExpression<'_>) -> Option<Name> {
    properties(object).find(|property| key_of(property) == Some("name")).and_then(|property| match &property.value {
        Expression::StringLiteral(name) => Some(Name::new(name.value.as_str())),
        _ => None,
    })
}
