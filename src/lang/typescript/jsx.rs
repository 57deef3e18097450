//! JSX: an element is a call of its component with the attributes as named arguments and the children after them.

use super::context::Lowerer;
use crate::ir::{Arg, Callee, Const, Name, Op, Place, Proj, Span};
use oxc_ast::ast::{
    JSXAttributeItem, JSXAttributeName, JSXAttributeValue, JSXChild, JSXElement, JSXElementName, JSXExpression,
    JSXFragment, JSXMemberExpression, JSXMemberExpressionObject,
};

impl<'a> Lowerer<'a> {
    pub(super) fn jsx_element(&mut self, element: &'a JSXElement<'a>, span: Span) -> Place {
        let opening = &element.opening_element;
        let callee = match &opening.name {
            JSXElementName::Identifier(name) => Callee::Value(Place::global(Name::new(name.name.as_str()))),
            JSXElementName::NamespacedName(name) => {
                let name = Name::from(format!("{}:{}", name.namespace.name, name.name.name));
                Callee::Value(Place::global(name))
            }
            JSXElementName::IdentifierReference(name) => Callee::Value(self.identifier(name)),
            JSXElementName::ThisExpression(_) => Callee::Value(self.this()),
            JSXElementName::MemberExpression(member) => {
                let recv = self.jsx_object(&member.object, span);
                Callee::Method { recv, name: Name::new(member.property.name.as_str()), optional: false }
            }
        };
        let mut args = Vec::with_capacity(opening.attributes.len() + element.children.len());
        for attribute in &opening.attributes {
            match attribute {
                JSXAttributeItem::SpreadAttribute(spread) => {
                    let place = self.expr(&spread.argument);
                    args.push(Arg { place, name: None, spread: true, literal: None, fields: Box::default() });
                }
                JSXAttributeItem::Attribute(attribute) => {
                    let name = match &attribute.name {
                        JSXAttributeName::Identifier(name) => Name::new(name.name.as_str()),
                        JSXAttributeName::NamespacedName(name) => {
                            Name::from(format!("{}:{}", name.namespace.name, name.name.name))
                        }
                    };
                    args.push(self.jsx_attribute(name, attribute.value.as_ref()));
                }
            }
        }
        for child in &element.children {
            if let Some(place) = self.jsx_child(child) {
                let spread = matches!(child, JSXChild::Spread(_));
                args.push(Arg { place, name: None, spread, literal: None, fields: Box::default() });
            }
        }
        self.emit_call(callee, args, false, span)
    }

    pub(super) fn jsx_fragment(&mut self, fragment: &'a JSXFragment<'a>, span: Span) -> Place {
        let mut parts = Vec::new();
        for child in &fragment.children {
            if let Some(place) = self.jsx_child(child) {
                parts.push((Proj::Elem, place));
            }
        }
        let dst = self.temp();
        self.emit(Op::Build { dst, parts, of: Vec::new() }, span);
        dst
    }

    fn jsx_object(&mut self, object: &'a JSXMemberExpressionObject<'a>, span: Span) -> Place {
        match object {
            JSXMemberExpressionObject::IdentifierReference(name) => self.identifier(name),
            JSXMemberExpressionObject::ThisExpression(_) => self.this(),
            JSXMemberExpressionObject::MemberExpression(member) => {
                let member: &'a JSXMemberExpression<'a> = member;
                let base = self.jsx_object(&member.object, span);
                self.project(base, Proj::Field(Name::new(member.property.name.as_str())), span)
            }
        }
    }

    fn jsx_attribute(&mut self, name: Name, value: Option<&'a JSXAttributeValue<'a>>) -> Arg {
        let literal = match value {
            None => Some(Const::Bool(true)),
            Some(JSXAttributeValue::StringLiteral(text)) => Some(Const::Str(Name::new(text.value.as_str()))),
            Some(_) => None,
        };
        let place = match value {
            Some(JSXAttributeValue::ExpressionContainer(container)) => match &container.expression {
                JSXExpression::EmptyExpression(_) => self.temp(),
                value => return self.arg(value.to_expression(), Some(name)),
            },
            Some(JSXAttributeValue::Element(element)) => {
                let span = self.span(&**element);
                self.jsx_element(element, span)
            }
            Some(JSXAttributeValue::Fragment(fragment)) => {
                let span = self.span(&**fragment);
                self.jsx_fragment(fragment, span)
            }
            Some(JSXAttributeValue::StringLiteral(_)) | None => self.temp(),
        };
        Arg { place, name: Some(name), spread: false, literal, fields: Box::default() }
    }

    /// The value of a child; text has none that matters.
    fn jsx_child(&mut self, child: &'a JSXChild<'a>) -> Option<Place> {
        match child {
            JSXChild::Text(_) => None,
            JSXChild::Element(element) => {
                let span = self.span(&**element);
                Some(self.jsx_element(element, span))
            }
            JSXChild::Fragment(fragment) => {
                let span = self.span(&**fragment);
                Some(self.jsx_fragment(fragment, span))
            }
            JSXChild::ExpressionContainer(container) => match &container.expression {
                JSXExpression::EmptyExpression(_) => None,
                value => {
                    let value = value.to_expression();
                    if self.literal(value).is_some() { None } else { Some(self.expr(value)) }
                }
            },
            JSXChild::Spread(spread) => Some(self.expr(&spread.expression)),
        }
    }
}
