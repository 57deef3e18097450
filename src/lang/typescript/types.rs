//! Declared types: an interface is a class that has fields and nothing else, an alias is another name.

use super::annotation;
use super::context::Lowerer;
use crate::ir::{Class, ClassId, Const, Field, Name, Op, Place, Span, TypeRef};
use oxc_ast::ast::{TSInterfaceDeclaration, TSSignature, TSType, TSTypeAliasDeclaration};
use oxc_span::GetSpan;

impl<'a> Lowerer<'a> {
    pub(super) fn interface(&mut self, declaration: &'a TSInterfaceDeclaration<'a>) {
        let bases = declaration.extends.iter().filter_map(|base| {
            let path = annotation::type_name(&base.type_name)?;
            Some(TypeRef { path, args: annotation::type_args(base.type_arguments.as_deref()), ..TypeRef::default() })
        });
        let bases = bases.collect();
        let fields = self.signatures(&declaration.body.body);
        let (span, name_span) = (self.span(declaration), self.span(&declaration.id));
        self.shape(Name::new(declaration.id.name.as_str()), bases, fields, span, name_span);
    }

    pub(super) fn type_alias(&mut self, declaration: &'a TSTypeAliasDeclaration<'a>) {
        let name = Name::new(declaration.id.name.as_str());
        let (span, name_span) = (self.span(declaration), self.span(&declaration.id));
        if let TSType::TSTypeLiteral(literal) = &declaration.type_annotation {
            let fields = self.signatures(&literal.members);
            return self.shape(name, Vec::new(), fields, span, name_span);
        }
        let Some(TypeRef { path, args, .. }) = annotation::type_ref(&declaration.type_annotation) else { return };
        let [first, rest @ ..] = path.as_slice() else { return };
        if args.is_empty() && *first != name && rest.len() <= Place::MAX_PROJ && self.names_types() {
            let src = rest.iter().fold(Place::global(*first), |place, part| place.field(*part));
            self.emit_synth(Op::Copy { dst: Place::global(name), src, moved: false }, span);
        }
    }

    /// Types are looked up by module-level names only; those of a namespace are other ones.
    fn names_types(&self) -> bool {
        self.cx.module && self.cx.namespaces.is_empty()
    }

    fn shape(&mut self, name: Name, bases: Vec<TypeRef>, fields: Vec<Field>, span: Span, name_span: Span) {
        if !self.names_types() {
            return;
        }
        let id = ClassId(self.classes.len() as u32);
        self.classes.push(Class {
            qualname: name,
            name,
            bases,
            fields,
            methods: Vec::new(),
            decorators: Vec::new(),
            span,
            name_span,
        });
        self.emit_synth(Op::Const { dst: Place::global(name), value: Const::Class(id) }, name_span);
    }

    fn signatures(&self, members: &'a [TSSignature<'a>]) -> Vec<Field> {
        let fields = members.iter().filter_map(|member| match member {
            TSSignature::TSPropertySignature(property) => {
                let name = property.key.static_name()?;
                let ty = annotation::annotation(property.type_annotation.as_deref())?;
                Some(Field { name: Name::new(name), ty: Some(ty), span: self.range(property.span()) })
            }
            _ => None,
        });
        fields.collect()
    }
}
