//! Array and object literals.

use super::context::{Lowerer, bare};
use super::expr::private_name;
use crate::ir::{Arg, Name, Op, Place, Proj, Span};
use oxc_ast::ast::{
    ArrayExpression, ArrayExpressionElement, Expression, ObjectExpression, ObjectPropertyKind, PropertyKey,
    PropertyKind,
};

/// Elements beyond this many are "some element".
const MAX_INDEXED: usize = 16;

impl<'a> Lowerer<'a> {
    pub(super) fn array(&mut self, array: &'a ArrayExpression<'a>, span: Span) -> Place {
        let mut parts = Vec::with_capacity(array.elements.len());
        let mut indexed = true;
        for (index, element) in array.elements.iter().enumerate() {
            match element {
                ArrayExpressionElement::SpreadElement(spread) => {
                    indexed = false;
                    let place = self.expr(&spread.argument);
                    parts.push((Proj::Elem, element_of(place)));
                }
                ArrayExpressionElement::Elision(_) => {}
                element => {
                    let element = element.to_expression();
                    // Tables of numbers and strings hold nothing that is looked for.
                    if index >= MAX_INDEXED && self.literal(element).is_some() {
                        continue;
                    }
                    let place = self.expr(element);
                    let proj = if indexed && index < MAX_INDEXED { Proj::Index(index as u16) } else { Proj::Elem };
                    parts.push((proj, place));
                }
            }
        }
        let dst = self.temp();
        self.emit(Op::Build { dst, parts, of: Vec::new() }, span);
        dst
    }

    /// An object literal; when `named`, also its plain properties.
    pub(super) fn object(&mut self, object: &'a ObjectExpression<'a>, span: Span, named: bool) -> (Place, Vec<Arg>) {
        let mut parts = Vec::with_capacity(object.properties.len());
        let mut fields = Vec::new();
        for property in &object.properties {
            let property = match property {
                ObjectPropertyKind::SpreadProperty(spread) => {
                    let place = self.expr(&spread.argument);
                    parts.push((Proj::Elem, place));
                    continue;
                }
                ObjectPropertyKind::ObjectProperty(property) => property,
            };
            let proj = self.property(&property.key);
            let proj = if property.kind == PropertyKind::Init { proj } else { Proj::Elem };
            let name = match &proj {
                Proj::Field(name) => Some(*name),
                _ => None,
            };
            let literal = self.literal(&property.value);
            let place = self.named(&property.value, name.as_ref());
            if named && let Some(name) = name {
                let fields_of = Box::default();
                fields.push(Arg { place, name: Some(name), spread: false, literal, fields: fields_of });
            }
            parts.push((proj, place));
        }
        let dst = self.temp();
        self.emit(Op::Build { dst, parts, of: Vec::new() }, span);
        (dst, fields)
    }

    /// The projection that a property of an object (not of an array) is under; a computed key is evaluated.
    pub(super) fn property(&mut self, key: &'a PropertyKey<'a>) -> Proj {
        match key {
            PropertyKey::StaticIdentifier(name) => Proj::Field(Name::new(name.name.as_str())),
            PropertyKey::PrivateIdentifier(name) => Proj::Field(private_name(&name.name)),
            PropertyKey::StaticMemberExpression(member) if matches!(&member.object, Expression::Identifier(object) if object.name == "Symbol") =>
            {
                // Well-known symbols are names like others: `[Symbol.dispose]`.
                Proj::Field(Name::from(format!("[Symbol.{}]", member.property.name)))
            }
            key => {
                let key = key.to_expression();
                match self.key(bare(key)) {
                    Proj::Index(_) => Proj::Elem,
                    proj => proj,
                }
            }
        }
    }
}

/// An element of what is spread. What is too deep is not followed.
fn element_of(place: Place) -> Place {
    if place.proj.len() < Place::MAX_PROJ { place.project(Proj::Elem) } else { place }
}
