//! Classes: the body is lowered inline, its names are fields of the class.

use super::annotation;
use super::context::{ClassScope, Lowerer};
use super::scope::Bound;
use crate::ir::{Class, ClassId, Const, Field, Name, Op, Place, Root, TypeRef};
use ruff_python_ast::{Expr, StmtAnnAssign, StmtClassDef};

impl Lowerer<'_> {
    pub(super) fn class_def(&mut self, def: &StmtClassDef) {
        let decorators = self.decorators(&def.decorator_list);
        let mut bases = Vec::new();
        if let Some(arguments) = &def.arguments {
            for base in &arguments.args {
                bases.push(self.base(base));
            }
            for keyword in &arguments.keywords {
                self.expr(&keyword.value);
            }
        }
        let id = ClassId(self.classes.len() as u32);
        let name = Name::new(def.name.as_str());
        let qualname = self.cx.qualified(&name);
        let name_span = self.span(&def.name);
        self.classes.push(Class {
            name,
            qualname,
            bases,
            fields: Vec::new(),
            methods: Vec::new(),
            decorators,
            span: self.span(def),
            name_span,
        });
        let place = self.name(&def.name);
        self.emit(Op::Const { dst: place, value: Const::Class(id) }, name_span);
        let place = if place.proj.len() < Place::MAX_PROJ {
            place
        } else {
            // A class in a class in a class: its names would be too deep.
            let short = self.temp();
            self.emit_synth(Op::Copy { dst: short, src: place, moved: false }, name_span);
            short
        };
        let bound = Bound::of(&def.body, self.walrus).names.into_iter().collect();
        self.cx.class_scopes.push(ClassScope { id, place, bound, qualname });
        self.body(&def.body);
        self.cx.class_scopes.pop();
    }

    /// A base as written; `make_base()` is evaluated and known by its text.
    fn base(&mut self, base: &Expr) -> TypeRef {
        if let Some(ty) = annotation::type_ref(base) {
            return ty;
        }
        self.expr(base);
        TypeRef { path: vec![self.source_name(base)], ..TypeRef::default() }
    }

    /// Records the type of `x: T`, `self.x: T` and of a name in a class body.
    pub(super) fn declare(&mut self, assign: &StmtAnnAssign) {
        let ty = annotation::type_ref(&assign.annotation);
        let span = self.span(&*assign.target);
        match &*assign.target {
            Expr::Name(name) if !name.id.is_empty() => {
                let name = Name::new(name.id.as_str());
                if let Some(class) = self.cx.class_scopes.last() {
                    let id = class.id;
                    self.add_field(id, Field { name, ty, span });
                } else if let Root::Local(id) = self.name(&name).root
                    && let Some(local) = self.cx.builder.local_mut(id)
                    && local.ty.is_none()
                {
                    local.ty = ty.map(Box::new);
                }
            }
            Expr::Attribute(attribute) => {
                let base = self.expr(&attribute.value);
                if base.is_root()
                    && base.root == Root::This
                    && let Some(id) = self.cx.class
                {
                    self.add_field(id, Field { name: Name::new(attribute.attr.as_str()), ty, span });
                }
            }
            _ => {}
        }
    }

    fn add_field(&mut self, class: ClassId, field: Field) {
        if let Some(class) = self.classes.get_mut(class.index()) {
            class.fields.push(field);
        }
    }
}
