//! Modules: imports, exports, namespaces, enums.

use super::component;
use super::context::{Lowerer, bare};
use crate::ir::{Const, Export, Name, Op, Place, Proj, Span};
use oxc_ast::ast::{
    AssignmentTarget, BinaryExpression, Declaration, ExportAllDeclaration, ExportDefaultDeclaration,
    ExportDefaultDeclarationKind, ExportFromDeclaration, ExportNamedDeclaration, Expression, ImportDeclaration,
    ImportDeclarationSpecifier, MemberExpression, ModuleExportName, ObjectPropertyKind, Statement, TSEnumDeclaration,
    TSEnumMemberName, TSExportAssignment, TSImportEqualsDeclaration, TSModuleReference, TSNamespaceDeclaration,
    TSNamespaceDeclarationBody,
};
use oxc_syntax::operator::{BinaryOperator, UnaryOperator};

/// What a module specifier names: `fs` of `node:fs`, `@a/b/c` of `npm:@a/b@1.2/c`.
pub(super) fn module_path(specifier: &str) -> Name {
    let Some(package) = specifier.strip_prefix("npm:") else {
        return Name::new(specifier.strip_prefix("node:").unwrap_or(specifier));
    };
    let package = package.trim_start_matches('/');
    let version = package.find('@').filter(|at| *at > 0).or_else(|| Some(package.get(1..)?.find('@')? + 1));
    let Some((name, after)) = version.and_then(|at| package.split_at_checked(at)) else { return Name::new(package) };
    let path = after.find('/').map_or("", |at| &after[at..]);
    Name::from(format!("{name}{path}"))
}

impl<'a> Lowerer<'a> {
    // ---- imports

    pub(super) fn import(&mut self, import: &'a ImportDeclaration<'a>) {
        let module = module_path(import.source.value.as_str());
        for specifier in import.specifiers.iter().flatten() {
            let span = self.span(specifier);
            let (local, symbol) = match specifier {
                ImportDeclarationSpecifier::ImportSpecifier(specifier) => {
                    (&specifier.local, Name::from(format!("{module}.{}", specifier.imported.name())))
                }
                ImportDeclarationSpecifier::ImportDefaultSpecifier(specifier) => {
                    (&specifier.local, Name::from(format!("{module}.default")))
                }
                ImportDeclarationSpecifier::ImportNamespaceSpecifier(specifier) => (&specifier.local, module),
            };
            let dst = self.binding(local);
            self.emit(Op::Const { dst, value: Const::Symbol(symbol) }, span);
        }
    }

    /// `import x = require("m")`, `import x = a.b`.
    pub(super) fn import_equals(&mut self, import: &'a TSImportEqualsDeclaration<'a>) {
        let span = self.span(import);
        let dst = self.binding(&import.id);
        match &import.module_reference {
            TSModuleReference::ExternalModuleReference(module) => {
                let symbol = module_path(module.expression.value.as_str());
                self.emit(Op::Const { dst, value: Const::Symbol(symbol) }, span);
            }
            TSModuleReference::IdentifierReference(name) => {
                let src = self.identifier(name);
                self.emit(Op::Copy { dst, src, moved: false }, span);
            }
            TSModuleReference::QualifiedName(name) => {
                let mut members = vec![Name::new(name.right.name.as_str())];
                let mut at = &name.left;
                while let oxc_ast::ast::TSTypeName::QualifiedName(inner) = at {
                    members.push(Name::new(inner.right.name.as_str()));
                    at = &inner.left;
                }
                let oxc_ast::ast::TSTypeName::IdentifierReference(first) = at else { return };
                let mut src = self.identifier(first);
                for member in members.into_iter().rev() {
                    src = self.project(src, Proj::Field(member), span);
                }
                self.emit(Op::Copy { dst, src, moved: false }, span);
            }
        }
    }

    // ---- exports

    fn export(&mut self, name: &str, from: Option<&Name>, span: Span) {
        self.exports.push(Export { name: Name::new(name), from: from.cloned(), span });
    }

    pub(super) fn export_all(&mut self, export: &'a ExportAllDeclaration<'a>) {
        let span = self.span(export);
        let module = module_path(export.source.value.as_str());
        match &export.exported {
            None => self.export("*", Some(&module), span),
            Some(name) => {
                self.export(&name.name(), Some(&module), span);
                let dst = Export::place(&name.name());
                self.emit(Op::Const { dst, value: Const::Symbol(module) }, span);
            }
        }
    }

    /// `export { a, b as c } from "m"`.
    pub(super) fn export_from(&mut self, export: &'a ExportFromDeclaration<'a>) {
        let module = module_path(export.source.value.as_str());
        for specifier in &export.specifiers {
            let span = self.span(specifier);
            self.export(&specifier.exported.name(), Some(&module), span);
            let symbol = Name::from(format!("{module}.{}", specifier.local.name()));
            let dst = Export::place(&specifier.exported.name());
            self.emit(Op::Const { dst, value: Const::Symbol(symbol) }, span);
        }
    }

    /// `export { a, b as c }`.
    pub(super) fn export_named(&mut self, export: &'a ExportNamedDeclaration<'a>) {
        for specifier in &export.specifiers {
            let span = self.span(specifier);
            let (local, name) = (specifier.local.name(), specifier.exported.name());
            self.export(&name, None, span);
            if local != name {
                let src = match &specifier.local {
                    ModuleExportName::IdentifierReference(local) => self.identifier(local),
                    _ => Place::global(Name::new(local.as_str())),
                };
                self.emit(Op::Copy { dst: Export::place(&name), src, moved: false }, span);
            }
        }
    }

    pub(super) fn export_default(&mut self, export: &'a ExportDefaultDeclaration<'a>) {
        let span = self.span(export);
        self.export("default", None, span);
        let dst = Export::place("default");
        let default = Name::new("default");
        let src = match &export.declaration {
            ExportDefaultDeclarationKind::FunctionDeclaration(function) => match &function.id {
                // Hoisted.
                Some(id) => self.binding(id),
                None if function.body.is_some() => self.function_expression(function, Some(&default)),
                None => return,
            },
            ExportDefaultDeclarationKind::ClassDeclaration(class) => match &class.id {
                Some(id) => {
                    self.class_declaration(class);
                    self.binding(id)
                }
                None => self.class_expression(class, Some(&default)),
            },
            ExportDefaultDeclarationKind::TSInterfaceDeclaration(_) => return,
            value if self.component && component::options(value.to_expression()).is_some() => {
                let Some(options) = component::options(value.to_expression()) else { return };
                self.component(options)
            }
            value => {
                self.value_into(value.to_expression(), dst, Some(&default), span);
                return;
            }
        };
        self.copy(dst, src, span);
    }

    /// `export const x = ...`, in a module or, with its place, in a namespace.
    pub(super) fn export_declaration(&mut self, declaration: &'a Declaration<'a>, namespace: Option<&Place>) {
        self.declaration(declaration);
        let span = self.span(declaration);
        let mut bound = Vec::new();
        match declaration {
            Declaration::VariableDeclaration(variables) => {
                for declarator in &variables.declarations {
                    bound.extend(declarator.id.get_binding_identifiers());
                }
            }
            other => bound.extend(other.id()),
        }
        for id in bound {
            match namespace {
                None => self.export(id.name.as_str(), None, span),
                Some(namespace) if !declaration.is_type() => {
                    let src = self.binding(id);
                    let at = self.span(id);
                    let dst = self.project(*namespace, Proj::Field(Name::new(id.name.as_str())), at);
                    self.emit_synth(Op::Copy { dst, src, moved: false }, at);
                }
                Some(_) => {}
            }
        }
    }

    /// `export = x`.
    pub(super) fn export_assignment(&mut self, export: &'a TSExportAssignment<'a>) {
        let span = self.span(export);
        self.export("default", None, span);
        self.export_properties(&export.expression);
        let dst = Place::global(Name::new("module")).project(Proj::Field(Name::new("exports")));
        self.value_into(&export.expression, dst, None, span);
    }

    fn export_properties(&mut self, value: &'a Expression<'a>) {
        let Expression::ObjectExpression(object) = bare(value) else { return };
        for property in &object.properties {
            if let ObjectPropertyKind::ObjectProperty(property) = property
                && !property.computed
                && let Some(name) = property.key.static_name()
            {
                let span = self.span(&**property);
                self.export(&name, None, span);
            }
        }
    }

    /// `module.exports = ...`, `exports.x = ...`, `module.exports.x = ...`.
    pub(super) fn record_export(&mut self, target: &'a AssignmentTarget<'a>, value: &'a Expression<'a>, span: Span) {
        let Some(path) = Self::target_expr_path(target) else { return };
        let name = match path.iter().map(Name::as_str).collect::<Vec<_>>().as_slice() {
            ["module", "exports"] => "default".to_owned(),
            ["exports", name] | ["module", "exports", name] => (*name).to_owned(),
            _ => return,
        };
        let Some(member) = target.as_simple_assignment_target().and_then(|target| target.as_member_expression()) else {
            return;
        };
        let root = first_object(member.object());
        if !self.is_unbound(root, "module") && !self.is_unbound(root, "exports") {
            return;
        }
        self.export(&name, None, span);
        if name == "default" {
            self.export_properties(value);
        }
    }

    /// `module.exports`, `exports`, or an assignment to one of them.
    pub(super) fn is_exports(&self, expr: &'a Expression<'a>) -> bool {
        match bare(expr) {
            Expression::AssignmentExpression(assignment) => {
                let to_module =
                    Self::target_expr_path(&assignment.left).is_some_and(|path| path == ["module", "exports"]);
                to_module || self.is_exports(&assignment.right)
            }
            Expression::StaticMemberExpression(member) => {
                member.property.name == "exports" && self.is_unbound(&member.object, "module")
            }
            expr => self.is_unbound(expr, "exports"),
        }
    }

    /// `api.x = ...` where `const api = module.exports`.
    pub(super) fn aliased_export(&mut self, target: &'a AssignmentTarget<'a>, stored: &Place, span: Span) {
        if self.export_aliases.is_empty() {
            return;
        }
        let member = target.as_simple_assignment_target().and_then(|target| target.as_member_expression());
        let Some(MemberExpression::StaticMemberExpression(member)) = member else { return };
        let Expression::Identifier(alias) = bare(&member.object) else { return };
        if self.resolve(alias).is_some_and(|symbol| self.export_aliases.contains(&symbol)) {
            let name = member.property.name.as_str();
            self.export(name, None, span);
            self.emit_synth(Op::Copy { dst: Export::place(name), src: *stored, moved: false }, span);
        }
    }

    // ---- namespaces and enums

    /// A namespace is an object; its variables are those of a block. `outer` is the namespace around it.
    pub(super) fn namespace(&mut self, declaration: &'a TSNamespaceDeclaration<'a>, outer: Option<&Place>) {
        if declaration.declare {
            return;
        }
        let span = self.span(&declaration.id);
        let place = self.binding(&declaration.id);
        if self.is_first_part(declaration) {
            self.emit(Op::Build { dst: place, parts: Vec::new(), of: Vec::new() }, span);
        }
        if let Some(outer) = outer {
            let dst = self.project(*outer, Proj::Field(Name::new(declaration.id.name.as_str())), span);
            self.emit_synth(Op::Copy { dst, src: place, moved: false }, span);
        }
        self.bind_scope(&declaration.scope_id);
        match &declaration.body {
            TSNamespaceDeclarationBody::TSNamespaceDeclaration(inner) => self.namespace(inner, Some(&place)),
            TSNamespaceDeclarationBody::TSModuleBlock(block) => {
                let end = self.span(&**block).end();
                self.namespace_body(&block.body, &place, end);
            }
        }
    }

    /// Whether nothing before has the name: no function or class, and no other part of the namespace.
    fn is_first_part(&self, declaration: &'a TSNamespaceDeclaration<'a>) -> bool {
        let symbol = declaration.id.symbol_id.get();
        symbol.is_some_and(|symbol| self.scoping.symbol_span(symbol) == declaration.id.span)
    }

    fn namespace_body(&mut self, body: &'a [Statement<'a>], place: &Place, end: Span) {
        // Functions come first, as in every scope; the exports follow where they are written.
        self.cx.namespaces.push(*place);
        self.statements(body, end);
        self.cx.namespaces.pop();
    }

    pub(super) fn enumeration(&mut self, declaration: &'a TSEnumDeclaration<'a>) {
        if declaration.declare {
            return;
        }
        let span = self.span(declaration);
        let place = self.binding(&declaration.id);
        self.bind_scope(&declaration.body.scope_id);
        let mut parts = Vec::with_capacity(declaration.body.members.len());
        for member in &declaration.body.members {
            let name = match &member.id {
                TSEnumMemberName::Identifier(name) => Name::new(name.name.as_str()),
                TSEnumMemberName::String(name) | TSEnumMemberName::ComputedString(name) => {
                    Name::new(name.value.as_str())
                }
                TSEnumMemberName::ComputedTemplateString(_) => continue,
            };
            let value = match &member.initializer {
                Some(value) => self.expr(value),
                None => {
                    let at = self.span(member);
                    self.plain(at)
                }
            };
            parts.push((Proj::Field(name), value));
        }
        self.emit(Op::Build { dst: place, parts, of: Vec::new() }, span);
    }
}

fn first_object<'e, 'a>(mut expr: &'e Expression<'a>) -> &'e Expression<'a> {
    loop {
        expr = match bare(expr) {
            Expression::StaticMemberExpression(member) => &member.object,
            other => return other,
        };
    }
}

/// `require.main === module`, `!module.parent`, `import.meta.main`, `import.meta.url === ...process.argv[1]...`, either way round.
pub(super) fn is_main_test(test: &Expression<'_>) -> bool {
    match bare(test) {
        Expression::StaticMemberExpression(member) => {
            member.property.name == "main" && matches!(bare(&member.object), Expression::ImportMeta(_))
        }
        Expression::UnaryExpression(unary) => {
            unary.operator == UnaryOperator::LogicalNot
                && super::annotation::path(&unary.argument).is_some_and(|path| path == ["module", "parent"])
        }
        Expression::BinaryExpression(binary) => {
            matches!(binary.operator, BinaryOperator::Equality | BinaryOperator::StrictEquality)
                && compares_main(binary)
        }
        _ => false,
    }
}

fn compares_main(binary: &BinaryExpression<'_>) -> bool {
    let sides = [bare(&binary.left), bare(&binary.right)];
    let is_require_main =
        |expr: &Expression<'_>| super::annotation::path(expr).is_some_and(|path| path == ["require", "main"]);
    let is_module = |expr: &Expression<'_>| matches!(expr, Expression::Identifier(name) if name.name == "module");
    (is_require_main(sides[0]) && is_module(sides[1]))
        || (is_module(sides[0]) && is_require_main(sides[1]))
        || sides.iter().any(|side| is_started_file(side))
}

/// `process.argv[1]`, `import.meta.url`.
fn is_started_file(expr: &Expression<'_>) -> bool {
    match expr {
        Expression::ComputedMemberExpression(member) => {
            super::annotation::path(&member.object).is_some_and(|path| path == ["process", "argv"])
                && member.expression.is_number_value(1.0)
        }
        Expression::StaticMemberExpression(member) => {
            member.property.name == "url" && matches!(bare(&member.object), Expression::ImportMeta(_))
        }
        _ => false,
    }
}
