//! Type annotations to [`TypeRef`], and dotted names.

use crate::ir::{Name, TypeRef};
use oxc_ast::ast::{
    Expression, TSImportTypeQualifier, TSSignature, TSType, TSTypeAnnotation, TSTypeName, TSTypeOperatorOperator,
    TSTypeParameterInstantiation, TSTypeQueryExprName,
};

pub(super) fn annotation(annotation: Option<&TSTypeAnnotation<'_>>) -> Option<TypeRef> {
    type_ref(&annotation?.type_annotation)
}

/// The type that is written; `None` when it has no name.
pub(super) fn type_ref(ty: &TSType<'_>) -> Option<TypeRef> {
    let mut union = Union::default();
    union.add(ty);
    let mut members = union.members.into_iter();
    let mut first = members.next()?;
    first.optional |= union.null;
    first.alternatives.extend(members);
    Some(first)
}

#[derive(Default)]
struct Union {
    members: Vec<TypeRef>,
    null: bool,
}

impl Union {
    fn add(&mut self, ty: &TSType<'_>) {
        match ty {
            TSType::TSNullKeyword(_) | TSType::TSUndefinedKeyword(_) | TSType::TSVoidKeyword(_) => self.null = true,
            TSType::TSUnionType(union) => union.types.iter().for_each(|member| self.add(member)),
            TSType::TSParenthesizedType(inner) => self.add(&inner.type_annotation),
            TSType::JSDocNullableType(inner) => {
                self.null = true;
                self.add(&inner.type_annotation);
            }
            TSType::JSDocNonNullableType(inner) => self.add(&inner.type_annotation),
            other => self.members.extend(single(other)),
        }
    }
}

fn single(ty: &TSType<'_>) -> Option<TypeRef> {
    let keyword = |name| Some(named(vec![Name::new(name)], Vec::new()));
    match ty {
        TSType::TSTypeReference(reference) => {
            let path = type_name(&reference.type_name)?;
            // `as const`
            if path.len() == 1 && path[0] == "const" {
                return None;
            }
            Some(named(path, type_args(reference.type_arguments.as_deref())))
        }
        TSType::TSArrayType(array) => {
            Some(named(vec![Name::new("Array")], vec![type_ref(&array.element_type).unwrap_or_default()]))
        }
        TSType::TSTypeQuery(query) => {
            let path = match &query.expr_name {
                TSTypeQueryExprName::TSImportType(_) => return None,
                name => type_name(name.as_ts_type_name()?)?,
            };
            Some(named(path, type_args(query.type_arguments.as_deref())))
        }
        TSType::TSImportType(import) => {
            let mut path = vec![Name::new(import.source.value.as_str())];
            let mut members = Vec::new();
            let mut at = import.qualifier.as_ref();
            while let Some(qualifier) = at {
                match qualifier {
                    TSImportTypeQualifier::Identifier(name) => {
                        members.push(Name::new(name.name.as_str()));
                        at = None;
                    }
                    TSImportTypeQualifier::QualifiedName(qualified) => {
                        members.push(Name::new(qualified.right.name.as_str()));
                        at = Some(&qualified.left);
                    }
                }
            }
            path.extend(members.into_iter().rev());
            Some(named(path, type_args(import.type_arguments.as_deref())))
        }
        // What the first named member has, the intersection has.
        TSType::TSIntersectionType(intersection) => intersection.types.iter().find_map(type_ref),
        TSType::TSTypeOperatorType(operator) if operator.operator == TSTypeOperatorOperator::Readonly => {
            type_ref(&operator.type_annotation)
        }
        TSType::TSTypeLiteral(literal) => {
            let fields = literal.members.iter().filter_map(|member| {
                let TSSignature::TSPropertySignature(property) = member else { return None };
                Some((Name::new(property.key.static_name()?), annotation(property.type_annotation.as_deref())?))
            });
            let fields: Vec<_> = fields.collect();
            (!fields.is_empty()).then(|| TypeRef { fields, ..TypeRef::default() })
        }
        TSType::TSStringKeyword(_) => keyword("string"),
        TSType::TSNumberKeyword(_) => keyword("number"),
        TSType::TSBooleanKeyword(_) => keyword("boolean"),
        TSType::TSBigIntKeyword(_) => keyword("bigint"),
        TSType::TSSymbolKeyword(_) => keyword("symbol"),
        TSType::TSObjectKeyword(_) => keyword("object"),
        _ => None,
    }
}

fn named(path: Vec<Name>, args: Vec<TypeRef>) -> TypeRef {
    TypeRef { path, args, ..TypeRef::default() }
}

/// Arguments keep their positions: those without a name have an empty path.
pub(super) fn type_args(args: Option<&TSTypeParameterInstantiation<'_>>) -> Vec<TypeRef> {
    args.map(|args| args.params.iter().map(|arg| type_ref(arg).unwrap_or_default()).collect()).unwrap_or_default()
}

pub(super) fn type_name(name: &TSTypeName<'_>) -> Option<Vec<Name>> {
    let mut parts = Vec::new();
    let mut at = name;
    loop {
        match at {
            TSTypeName::IdentifierReference(name) => {
                parts.push(Name::new(name.name.as_str()));
                parts.reverse();
                return Some(parts);
            }
            TSTypeName::QualifiedName(qualified) => {
                parts.push(Name::new(qualified.right.name.as_str()));
                at = &qualified.left;
            }
            TSTypeName::ThisExpression(_) => return None,
        }
    }
}

/// `a.b.c` as its parts.
pub(super) fn path(expr: &Expression<'_>) -> Option<Vec<Name>> {
    let mut parts = Vec::new();
    let mut at = super::context::bare(expr);
    loop {
        match at {
            Expression::StaticMemberExpression(member) => {
                parts.push(Name::new(member.property.name.as_str()));
                at = super::context::bare(&member.object);
            }
            Expression::Identifier(name) => {
                parts.push(Name::new(name.name.as_str()));
                parts.reverse();
                return Some(parts);
            }
            Expression::ThisExpression(_) => {
                parts.push(Name::new("this"));
                parts.reverse();
                return Some(parts);
            }
            _ => return None,
        }
    }
}

/// `a.b.c` as one name.
pub(super) fn dotted(expr: &Expression<'_>) -> Option<Name> {
    match expr {
        Expression::Identifier(name) => Some(Name::new(name.name.as_str())),
        _ => path(expr).map(|parts| Name::dotted(&parts)),
    }
}
