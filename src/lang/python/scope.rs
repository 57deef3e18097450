//! Which names a function or class body binds, without looking into the functions defined in it.

use crate::ir::Name;
use ruff_python_ast::visitor::{self, Visitor};
use ruff_python_ast::{ExceptHandler, ExceptHandlerExceptHandler, Expr, Pattern, Stmt};
use rustc_hash::FxHashSet;

/// The names that a body binds, in the order of their first binding, without those it declares `global` or `nonlocal`.
#[derive(Debug, Default)]
pub(super) struct Bound {
    pub(super) names: Vec<Name>,
    pub(super) globals: Vec<Name>,
    seen: FxHashSet<Name>,
    nonlocals: FxHashSet<Name>,
    walrus: bool,
}

impl Bound {
    /// `walrus`: also look for `:=` in expressions, which costs a walk over all of them.
    pub(super) fn of(body: &[Stmt], walrus: bool) -> Self {
        let mut bound = Bound { walrus, ..Bound::default() };
        bound.body(body);
        if !bound.globals.is_empty() || !bound.nonlocals.is_empty() {
            let globals: FxHashSet<&Name> = bound.globals.iter().collect();
            let nonlocals = &bound.nonlocals;
            bound.names.retain(|name| !globals.contains(name) && !nonlocals.contains(name));
        }
        bound
    }

    /// Whether the body binds the name, be it a variable of its own or of another scope.
    pub(super) fn rebinds(&self, name: &str) -> bool {
        self.seen.contains(&Name::new(name))
    }

    /// The names that an expression binds by `:=`, comprehensions included.
    pub(super) fn of_expr(expr: &Expr) -> Self {
        let mut bound = Bound { walrus: true, ..Bound::default() };
        bound.expr(expr);
        bound
    }

    /// The names in an assignment target.
    pub(super) fn of_target(target: &Expr) -> Vec<Name> {
        let mut bound = Bound::default();
        bound.target(target);
        bound.names
    }

    fn bind(&mut self, name: &str) {
        if name.is_empty() {
            return;
        }
        let name = Name::new(name);
        if self.seen.insert(name) {
            self.names.push(name);
        }
    }

    fn body(&mut self, body: &[Stmt]) {
        for stmt in body {
            self.stmt(stmt);
        }
    }

    fn expr(&mut self, expr: &Expr) {
        if self.walrus {
            Walrus(self).visit_expr(expr);
        }
    }

    fn target(&mut self, target: &Expr) {
        match target {
            Expr::Name(name) => self.bind(&name.id),
            Expr::Tuple(tuple) => tuple.elts.iter().for_each(|elt| self.target(elt)),
            Expr::List(list) => list.elts.iter().for_each(|elt| self.target(elt)),
            Expr::Starred(starred) => self.target(&starred.value),
            other => self.expr(other),
        }
    }

    fn stmt(&mut self, stmt: &Stmt) {
        match stmt {
            Stmt::FunctionDef(def) => {
                self.bind(&def.name);
                if self.walrus {
                    def.decorator_list.iter().for_each(|decorator| self.expr(&decorator.expression));
                    let defaults = def.parameters.iter_non_variadic_params().filter_map(|param| param.default());
                    defaults.for_each(|default| self.expr(default));
                }
            }
            Stmt::ClassDef(def) => {
                self.bind(&def.name);
                if self.walrus {
                    def.decorator_list.iter().for_each(|decorator| self.expr(&decorator.expression));
                }
            }
            Stmt::Return(ret) => ret.value.iter().for_each(|value| self.expr(value)),
            Stmt::Delete(delete) => delete.targets.iter().for_each(|target| self.target(target)),
            Stmt::TypeAlias(alias) => self.target(&alias.name),
            Stmt::Assign(assign) => {
                assign.targets.iter().for_each(|target| self.target(target));
                self.expr(&assign.value);
            }
            Stmt::AugAssign(assign) => {
                self.target(&assign.target);
                self.expr(&assign.value);
            }
            Stmt::AnnAssign(assign) => {
                self.target(&assign.target);
                assign.value.iter().for_each(|value| self.expr(value));
            }
            Stmt::For(stmt) => {
                self.target(&stmt.target);
                self.expr(&stmt.iter);
                self.body(&stmt.body);
                self.body(&stmt.orelse);
            }
            Stmt::While(stmt) => {
                self.expr(&stmt.test);
                self.body(&stmt.body);
                self.body(&stmt.orelse);
            }
            Stmt::If(stmt) => {
                self.expr(&stmt.test);
                self.body(&stmt.body);
                for clause in &stmt.elif_else_clauses {
                    clause.test.iter().for_each(|test| self.expr(test));
                    self.body(&clause.body);
                }
            }
            Stmt::With(stmt) => {
                for item in &stmt.items {
                    self.expr(&item.context_expr);
                    item.optional_vars.iter().for_each(|target| self.target(target));
                }
                self.body(&stmt.body);
            }
            Stmt::Match(stmt) => {
                self.expr(&stmt.subject);
                for case in &stmt.cases {
                    self.pattern(&case.pattern);
                    case.guard.iter().for_each(|guard| self.expr(guard));
                    self.body(&case.body);
                }
            }
            Stmt::Raise(raise) => {
                raise.exc.iter().for_each(|exc| self.expr(exc));
                raise.cause.iter().for_each(|cause| self.expr(cause));
            }
            Stmt::Try(stmt) => {
                self.body(&stmt.body);
                for ExceptHandler::ExceptHandler(handler) in &stmt.handlers {
                    if let Some(name) = handler_parts(handler).name {
                        self.bind(name);
                    }
                    self.body(&handler.body);
                }
                self.body(&stmt.orelse);
                self.body(&stmt.finalbody);
            }
            Stmt::Assert(assert) => {
                self.expr(&assert.test);
                assert.msg.iter().for_each(|msg| self.expr(msg));
            }
            Stmt::Import(import) => {
                for alias in &import.names {
                    match &alias.asname {
                        Some(name) => self.bind(name),
                        None => self.bind(alias.name.split('.').next().unwrap_or_default()),
                    }
                }
            }
            Stmt::ImportFrom(import) => {
                for alias in &import.names {
                    let name = alias.asname.as_ref().unwrap_or(&alias.name);
                    if name.as_str() != "*" {
                        self.bind(name);
                    }
                }
            }
            Stmt::Global(global) => self.globals.extend(global.names.iter().map(|name| Name::new(name.as_str()))),
            Stmt::Nonlocal(nonlocal) => {
                self.nonlocals.extend(nonlocal.names.iter().map(|name| Name::new(name.as_str())));
            }
            Stmt::Expr(stmt) => self.expr(&stmt.value),
            Stmt::Pass(_) | Stmt::Break(_) | Stmt::Continue(_) | Stmt::IpyEscapeCommand(_) => {}
        }
    }

    fn pattern(&mut self, pattern: &Pattern) {
        match pattern {
            Pattern::MatchValue(_) | Pattern::MatchSingleton(_) => {}
            Pattern::MatchSequence(sequence) => sequence.patterns.iter().for_each(|inner| self.pattern(inner)),
            Pattern::MatchMapping(mapping) => {
                mapping.patterns.iter().for_each(|inner| self.pattern(inner));
                mapping.rest.iter().for_each(|rest| self.bind(rest));
            }
            Pattern::MatchClass(class) => {
                class.arguments.patterns.iter().for_each(|inner| self.pattern(inner));
                class.arguments.keywords.iter().for_each(|keyword| self.pattern(&keyword.pattern));
            }
            Pattern::MatchStar(star) => star.name.iter().for_each(|name| self.bind(name)),
            Pattern::MatchAs(alias) => {
                alias.pattern.iter().for_each(|inner| self.pattern(inner));
                alias.name.iter().for_each(|name| self.bind(name));
            }
            Pattern::MatchOr(or) => or.patterns.iter().for_each(|inner| self.pattern(inner)),
        }
    }
}

/// What an exception handler catches and binds.
pub(super) struct HandlerParts<'a> {
    /// Empty for a bare `except:`.
    pub(super) types: &'a [Expr],
    pub(super) name: Option<&'a str>,
}

/// `except (A, B) as e`. Python 2's `except A, e` looks like `except A, B` to the parser; nobody names an exception class in
/// lower case.
pub(super) fn handler_parts(handler: &ExceptHandlerExceptHandler) -> HandlerParts<'_> {
    let name = handler.name.as_ref().map(|name| name.as_str());
    let types = match handler.type_.as_deref() {
        None => &[],
        Some(Expr::Tuple(tuple)) => {
            if let [_, Expr::Name(target)] = tuple.elts.as_slice()
                && !tuple.parenthesized
                && name.is_none()
                && target.id.starts_with(|first: char| first.is_lowercase())
            {
                return HandlerParts { types: &tuple.elts[..1], name: Some(target.id.as_str()) };
            }
            tuple.elts.as_slice()
        }
        Some(single) => std::slice::from_ref(single),
    };
    HandlerParts { types, name }
}

/// Finds `:=`; a lambda has a scope of its own, a comprehension has none for this purpose.
struct Walrus<'b>(&'b mut Bound);

impl<'a> Visitor<'a> for Walrus<'_> {
    fn visit_expr(&mut self, expr: &'a Expr) {
        match expr {
            Expr::Named(named) => {
                self.0.target(&named.target);
                self.visit_expr(&named.value);
            }
            Expr::Lambda(_) => {}
            other => visitor::walk_expr(self, other),
        }
    }
}
