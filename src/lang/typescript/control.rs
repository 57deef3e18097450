//! Branches, loops, `switch`, `try`, labels.

use super::context::{Lowerer, unparenthesized};
use super::module::is_main_test;
use crate::ir::builder::Leave;
use crate::ir::{BlockId, Callee, Const, Name, Op, Place, Proj, Span, Test};
use oxc_ast::ast::{
    BindingPattern, CatchClause, DoWhileStatement, Expression, ForInStatement, ForOfStatement, ForStatement,
    ForStatementInit, ForStatementLeft, IfStatement, LabeledStatement, Statement, SwitchStatement, TryStatement,
    WhileStatement,
};

impl<'a> Lowerer<'a> {
    pub(super) fn if_stmt(&mut self, stmt: &'a IfStatement<'a>) {
        let end = self.span(stmt).end();
        let after = self.cx.builder.block();
        let mut stmt = stmt;
        loop {
            let script = self.cx.module && is_main_test(&stmt.test);
            let was = script.then(|| {
                self.has_script_region = true;
                self.cx.builder.set_script(true)
            });
            let yes = self.cx.builder.block();
            if let Some(was) = was {
                self.cx.builder.set_script(was);
            }
            let no = self.cx.builder.block();
            if script {
                // How the program was started says nothing about any value.
                let span = self.span(&stmt.test);
                let place = self.temp();
                self.cx.builder.branch(place, Test::Opaque, yes, no, span);
            } else {
                self.cond(&stmt.test, yes, no);
            }
            self.cx.builder.start(yes);
            if script {
                self.cx.builder.set_script(true);
            }
            self.single(&stmt.consequent);
            if let Some(was) = was {
                self.cx.builder.set_script(was);
            }
            if self.cx.builder.is_open() {
                self.cx.builder.goto(after, end);
            }
            self.cx.builder.start(no);
            match &stmt.alternate {
                Some(Statement::IfStatement(other)) => stmt = other,
                Some(other) => {
                    self.single(other);
                    break;
                }
                None => break,
            }
        }
        self.cx.builder.start(after);
    }

    // ---- loops

    pub(super) fn while_stmt(&mut self, stmt: &'a WhileStatement<'a>) {
        let end = self.span(stmt).end();
        let label = self.label.take();
        let after = self.cx.builder.block();
        self.cx.builder.enter_loop(after, label);
        let body = self.cx.builder.block();
        self.cond(&stmt.test, body, after);
        self.cx.builder.start(body);
        self.single(&stmt.body);
        self.cx.builder.leave_loop(end);
        self.cx.builder.start(after);
    }

    pub(super) fn do_while(&mut self, stmt: &'a DoWhileStatement<'a>) {
        let end = self.span(stmt).end();
        let label = self.label.take();
        let after = self.cx.builder.block();
        let header = self.cx.builder.enter_loop(after, label);
        let test = self.cx.builder.block();
        self.cx.builder.continue_at(test);
        self.single(&stmt.body);
        self.cx.builder.start(test);
        self.cond(&stmt.test, header, after);
        self.cx.builder.leave_loop(end);
        self.cx.builder.start(after);
    }

    pub(super) fn for_stmt(&mut self, stmt: &'a ForStatement<'a>) {
        let end = self.span(stmt).end();
        let label = self.label.take();
        self.bind_scope(&stmt.scope_id);
        match &stmt.init {
            Some(ForStatementInit::VariableDeclaration(declaration)) => self.variables(declaration),
            Some(init) => self.effects(init.to_expression()),
            None => {}
        }
        let after = self.cx.builder.block();
        self.cx.builder.enter_loop(after, label);
        let update = stmt.update.as_ref().map(|update| (self.cx.builder.block(), update));
        if let Some((block, _)) = update {
            self.cx.builder.continue_at(block);
        }
        if let Some(test) = &stmt.test {
            let body = self.cx.builder.block();
            self.cond(test, body, after);
            self.cx.builder.start(body);
        }
        self.single(&stmt.body);
        if let Some((block, update)) = update {
            self.cx.builder.start(block);
            self.effects(update);
        }
        self.cx.builder.leave_loop(end);
        self.cx.builder.start(after);
    }

    pub(super) fn for_of(&mut self, stmt: &'a ForOfStatement<'a>) {
        let end = self.span(stmt).end();
        let label = self.label.take();
        self.bind_scope(&stmt.scope_id);
        let at = self.span(&stmt.right);
        let iterable = self.expr(&stmt.right);
        let iterable = self.with_room(iterable, at);
        let after = self.cx.builder.block();
        self.cx.builder.enter_loop(after, label);
        let body = self.loop_step(&iterable, stmt.r#await, after, at);
        self.cx.builder.start(body);
        self.loop_variable(&stmt.left, iterable.project(Proj::Elem), end, &stmt.body);
        self.cx.builder.leave_loop(end);
        self.cx.builder.start(after);
    }

    pub(super) fn for_in(&mut self, stmt: &'a ForInStatement<'a>) {
        let end = self.span(stmt).end();
        let label = self.label.take();
        self.bind_scope(&stmt.scope_id);
        let at = self.span(&stmt.right);
        self.effects(&stmt.right);
        let after = self.cx.builder.block();
        self.cx.builder.enter_loop(after, label);
        let body = self.cx.builder.block();
        self.cx.builder.switch(vec![body, after], at);
        self.cx.builder.start(body);
        let key = self.plain(at);
        self.loop_variable(&stmt.left, key, end, &stmt.body);
        self.cx.builder.leave_loop(end);
        self.cx.builder.start(after);
    }

    /// In the header: asks for the next element, and goes to the body, which is returned, or to `done`.
    fn loop_step(&mut self, iterable: &Place, r#async: bool, done: BlockId, span: Span) -> BlockId {
        let dst = self.temp();
        let callee = Callee::Method { recv: *iterable, name: Name::new("next"), optional: false };
        self.emit_synth(Op::Call { dst, callee, args: Vec::new(), new: false }, span);
        if r#async {
            let awaited = self.temp();
            self.emit_synth(Op::Await { dst: awaited, src: dst }, span);
        }
        let body = self.cx.builder.block();
        self.cx.builder.switch(vec![body, done], span);
        body
    }

    /// Binds the variable of a loop and lowers its body.
    fn loop_variable(&mut self, left: &'a ForStatementLeft<'a>, src: Place, end: Span, body: &'a Statement<'a>) {
        let span = self.span(left);
        let moved = self.cx.builder.is_temp(&src);
        match left {
            ForStatementLeft::VariableDeclaration(declaration) => {
                let Some(declarator) = declaration.declarations.first() else { return self.single(body) };
                self.bind(&declarator.id, src, moved, span);
                if declaration.kind.is_using()
                    && let BindingPattern::BindingIdentifier(name) = &declarator.id
                {
                    let r#async = declaration.kind.is_await();
                    let manager = self.binding(name);
                    let dst = self.temp();
                    self.emit(Op::Enter { dst, manager, r#async }, span);
                    let after = self.cx.builder.block();
                    self.cx.builder.enter_cleanup_scope();
                    self.single(body);
                    self.cx.builder.begin_cleanup(after, end);
                    self.emit(Op::Exit { manager, r#async }, span);
                    self.cx.builder.end_cleanup(None, end);
                    self.cx.builder.start(after);
                    return;
                }
            }
            target => self.assign_place(target.to_assignment_target(), src, span),
        }
        self.single(body);
    }

    pub(super) fn labelled(&mut self, stmt: &'a LabeledStatement<'a>) {
        let label = Name::new(stmt.label.name.as_str());
        if stmt.body.is_iteration_statement() {
            self.label = Some(label);
            self.single(&stmt.body);
            return;
        }
        let end = self.span(stmt).end();
        let after = self.cx.builder.block();
        self.cx.builder.enter_exit(after, Leave::Label(label));
        self.single(&stmt.body);
        self.cx.builder.leave_exit(end);
        self.cx.builder.start(after);
    }

    // ---- switch

    pub(super) fn switch(&mut self, stmt: &'a SwitchStatement<'a>) {
        let end = self.span(stmt).end();
        // `switch (true) { case a > b: ... }`
        let conditions = self.literal(&stmt.discriminant) == Some(Const::Bool(true));
        let subject = if conditions { None } else { Some(self.expr(&stmt.discriminant)) };
        self.bind_scope(&stmt.scope_id);
        let after = self.cx.builder.block();
        self.cx.builder.enter_exit(after, Leave::Break);
        let bodies: Vec<BlockId> = stmt.cases.iter().map(|_| self.cx.builder.block()).collect();
        let mut default = after;
        for (case, &body) in stmt.cases.iter().zip(&bodies) {
            match &case.test {
                None => default = body,
                Some(test) => {
                    let next = self.cx.builder.block();
                    self.case(subject.as_ref(), test, body, next);
                    self.cx.builder.start(next);
                }
            }
        }
        self.cx.builder.goto(default, end);
        for (case, body) in stmt.cases.iter().zip(bodies) {
            // Falls through from the case before.
            self.cx.builder.start(body);
            let end = self.span(case).end();
            self.statements(&case.consequent, end);
        }
        self.cx.builder.leave_exit(end);
        self.cx.builder.start(after);
    }

    fn case(&mut self, subject: Option<&Place>, test: &'a Expression<'a>, body: BlockId, next: BlockId) {
        let span = self.span(test);
        let Some(subject) = subject else { return self.cond(test, body, next) };
        let test = match self.literal(unparenthesized(test)) {
            Some(Const::Null | Const::Undefined) => Test::Null,
            Some(value) => Test::Eq(value),
            None => {
                self.effects(test);
                Test::Opaque
            }
        };
        self.cx.builder.branch(*subject, test, body, next, span);
    }

    // ---- try

    pub(super) fn try_stmt(&mut self, stmt: &'a TryStatement<'a>) {
        let end = self.span(stmt).end();
        let after = self.cx.builder.block();
        if stmt.finalizer.is_some() {
            self.cx.builder.enter_cleanup_scope();
        }
        let handled = self.cx.builder.block();
        match &stmt.handler {
            None => self.block(&stmt.block),
            Some(handler) => {
                self.cx.builder.enter_dispatch_scope();
                self.block(&stmt.block);
                let dispatch = self.cx.builder.leave_dispatch_scope();
                if self.cx.builder.is_open() {
                    self.cx.builder.goto(handled, end);
                }
                self.handler(handler, dispatch, handled, end);
            }
        }
        self.cx.builder.start(handled);
        if let Some(finalizer) = &stmt.finalizer {
            self.cx.builder.begin_cleanup(after, end);
            self.block(finalizer);
            self.cx.builder.end_cleanup(None, end);
        }
        self.cx.builder.start(after);
    }

    pub(super) fn block(&mut self, block: &'a oxc_ast::ast::BlockStatement<'a>) {
        self.bind_scope(&block.scope_id);
        let end = self.span(block).end();
        self.statements(&block.body, end);
    }

    fn handler(&mut self, handler: &'a CatchClause<'a>, dispatch: BlockId, handled: BlockId, end: Span) {
        let keyword = self.span(handler);
        let span = match &handler.param {
            Some(param) => self.span(param),
            None => Span { hi: keyword.lo + "catch".len() as u32, ..keyword },
        };
        // `catch` takes whatever was thrown.
        for block in self.cx.builder.begin_handlers(dispatch, 1, false, span) {
            self.cx.builder.start(block);
            self.bind_scope(&handler.scope_id);
            self.bind_scope(&handler.body.scope_id);
            let param = handler.param.as_ref().map(|param| &param.pattern);
            let dst = match param {
                Some(BindingPattern::BindingIdentifier(name)) => self.binding(name),
                _ => self.temp(),
            };
            self.emit(Op::Catch { dst, types: Vec::new() }, span);
            if let Some(pattern) = param
                && !matches!(pattern, BindingPattern::BindingIdentifier(_))
            {
                self.bind(pattern, dst, false, span);
            }
            self.block(&handler.body);
            if self.cx.builder.is_open() {
                self.cx.builder.goto(handled, end);
            }
        }
        self.cx.builder.end_handlers();
    }
}
