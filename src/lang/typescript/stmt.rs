//! Statements that are no control structures, the choice among all of them, and what is hoisted.

use super::context::Lowerer;
use crate::ir::{BlockId, Const, Op, Place, Root, Span};
use oxc_ast::ast::{
    Declaration, ExportDefaultDeclarationKind, Function, ReturnStatement, Statement, VariableDeclaration,
};

/// An open `using` declaration.
struct OpenUsing {
    after: BlockId,
    manager: Place,
    r#async: bool,
    span: Span,
}

impl<'a> Lowerer<'a> {
    /// A list of statements with a scope, whose variables are bound already.
    pub(super) fn statements(&mut self, body: &'a [Statement<'a>], end: Span) {
        self.hoist(body);
        let mut open: Vec<OpenUsing> = Vec::new();
        for stmt in body {
            self.flush_broken_before(stmt);
            let scope = self.cx.scope;
            match stmt {
                Statement::VariableDeclaration(declaration) if declaration.kind.is_using() => {
                    self.using(declaration, &mut open);
                }
                stmt => self.stmt(stmt),
            }
            self.cx.scope = scope;
        }
        self.flush_broken(end.hi);
        while let Some(OpenUsing { after, manager, r#async, span }) = open.pop() {
            self.cx.builder.begin_cleanup(after, end);
            self.emit(Op::Exit { manager, r#async }, span);
            self.cx.builder.end_cleanup(None, end);
            self.cx.builder.start(after);
        }
    }

    /// The body of a loop or branch: one statement.
    pub(super) fn single(&mut self, stmt: &'a Statement<'a>) {
        match stmt {
            Statement::BlockStatement(_) => self.stmt(stmt),
            _ => {
                let end = self.span(stmt).end();
                self.statements(std::slice::from_ref(stmt), end);
            }
        }
    }

    /// Function declarations exist from the start of their scope, imports from the start of the file.
    fn hoist(&mut self, body: &'a [Statement<'a>]) {
        for stmt in body {
            if let Statement::ImportDeclaration(import) = stmt {
                self.import(import);
            }
        }
        if self.has_prototypes {
            self.find_prototypes(body);
        }
        for stmt in body {
            if let Some(function) = hoisted(stmt) {
                self.function_declaration(function);
            }
        }
    }

    fn stmt(&mut self, stmt: &'a Statement<'a>) {
        let span = self.span(stmt);
        match stmt {
            Statement::BlockStatement(block) => {
                self.bind_scope(&block.scope_id);
                self.statements(&block.body, span.end());
            }
            // Outside of a loop these are errors that the compiler, not the parser, reports.
            Statement::BreakStatement(stmt) => {
                let label = stmt.label.as_ref().map(|label| label.name.as_str());
                self.cx.builder.break_loop(label, span);
            }
            Statement::ContinueStatement(stmt) => {
                let label = stmt.label.as_ref().map(|label| label.name.as_str());
                if !self.cx.builder.continue_loop(label, span) {
                    self.cx.builder.continue_loop(None, span);
                }
            }
            Statement::DebuggerStatement(_) | Statement::EmptyStatement(_) => {}
            Statement::DoWhileStatement(stmt) => self.do_while(stmt),
            Statement::ExpressionStatement(stmt) => self.effects(&stmt.expression),
            Statement::ForInStatement(stmt) => self.for_in(stmt),
            Statement::ForOfStatement(stmt) => self.for_of(stmt),
            Statement::ForStatement(stmt) => self.for_stmt(stmt),
            Statement::IfStatement(stmt) => self.if_stmt(stmt),
            Statement::LabeledStatement(stmt) => self.labelled(stmt),
            Statement::ReturnStatement(stmt) => self.return_stmt(stmt, span),
            Statement::SwitchStatement(stmt) => self.switch(stmt),
            Statement::ThrowStatement(stmt) => {
                self.effects(&stmt.argument);
                self.cx.builder.raise(false, span);
            }
            Statement::TryStatement(stmt) => self.try_stmt(stmt),
            Statement::WhileStatement(stmt) => self.while_stmt(stmt),
            Statement::WithStatement(stmt) => {
                let object = self.expr(&stmt.object);
                self.emit(Op::Unknown { kind: "with", reads: vec![object], writes: Vec::new() }, span);
                self.bind_scope(&stmt.scope_id);
                self.single(&stmt.body);
            }
            Statement::ImportDeclaration(_) => {}
            Statement::ExportAllDeclaration(export) => self.export_all(export),
            Statement::ExportDefaultDeclaration(export) => self.export_default(export),
            Statement::ExportDeclaration(export) => {
                let namespace = self.cx.namespaces.last().cloned();
                self.export_declaration(&export.declaration, namespace.as_ref());
            }
            Statement::ExportNamedDeclaration(export) => self.export_named(export),
            Statement::ExportFromDeclaration(export) => self.export_from(export),
            Statement::TSExportAssignment(export) => self.export_assignment(export),
            Statement::TSNamespaceExportDeclaration(_) => {}
            declaration => {
                if let Some(declaration) = declaration.as_declaration() {
                    self.declaration(declaration);
                }
            }
        }
    }

    pub(super) fn declaration(&mut self, declaration: &'a Declaration<'a>) {
        match declaration {
            Declaration::VariableDeclaration(declaration) => self.variables(declaration),
            // Hoisted.
            Declaration::FunctionDeclaration(_) => {}
            Declaration::ClassDeclaration(class) => self.class_declaration(class),
            Declaration::TSEnumDeclaration(declaration) => self.enumeration(declaration),
            Declaration::TSNamespaceDeclaration(declaration) => self.namespace(declaration, None),
            Declaration::TSImportEqualsDeclaration(import) => self.import_equals(import),
            Declaration::TSTypeAliasDeclaration(alias) => self.type_alias(alias),
            Declaration::TSInterfaceDeclaration(interface) => self.interface(interface),
            Declaration::TSExternalModuleDeclaration(_) | Declaration::TSGlobalDeclaration(_) => {}
        }
    }

    fn return_stmt(&mut self, stmt: &'a ReturnStatement<'a>, span: Span) {
        if let Some(to) = self.cx.returns.last() {
            let (dst, exit) = (to.dst, to.exit);
            match &stmt.argument {
                Some(value) => {
                    self.expr_into(value, dst, span);
                    if let Some(to) = self.cx.returns.last_mut() {
                        to.valued = true;
                    }
                }
                None => self.emit(Op::Const { dst, value: Const::Undefined }, span),
            }
            self.cx.builder.leave_exit_early(exit, span);
            return;
        }
        let dst = Place::root(Root::Result);
        match &stmt.argument {
            Some(value) if self.cx.drops_result => self.effects(value),
            Some(value) => self.expr_into(value, dst, span),
            None if self.cx.drops_result => {}
            None => self.emit(Op::Const { dst, value: Const::Undefined }, span),
        }
        self.cx.builder.ret(false, span);
    }

    /// `using x = ...`: the rest of the block is protected.
    fn using(&mut self, declaration: &'a VariableDeclaration<'a>, open: &mut Vec<OpenUsing>) {
        let r#async = declaration.kind.is_await();
        for declarator in &declaration.declarations {
            let span = self.span(declarator);
            self.declarator(declarator);
            let oxc_ast::ast::BindingPattern::BindingIdentifier(name) = &declarator.id else { continue };
            let manager = self.binding(name);
            let dst = self.temp();
            self.emit(Op::Enter { dst, manager, r#async }, span);
            let after = self.cx.builder.block();
            self.cx.builder.enter_cleanup_scope();
            open.push(OpenUsing { after, manager, r#async, span });
        }
    }
}

/// The function that a statement declares.
pub(super) fn hoisted<'a>(stmt: &'a Statement<'a>) -> Option<&'a Function<'a>> {
    let function = match stmt {
        Statement::FunctionDeclaration(function) => function,
        Statement::ExportDeclaration(export) => match &export.declaration {
            Declaration::FunctionDeclaration(function) => function,
            _ => return None,
        },
        Statement::ExportDefaultDeclaration(export) => match &export.declaration {
            ExportDefaultDeclarationKind::FunctionDeclaration(function) if function.id.is_some() => function,
            _ => return None,
        },
        Statement::LabeledStatement(stmt) => return hoisted(&stmt.body),
        _ => return None,
    };
    (function.body.is_some() && !function.declare).then_some(function)
}
