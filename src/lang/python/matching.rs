//! `match`: tests and bindings of patterns.

use super::context::Lowerer;
use crate::ir::{BlockId, Const, Name, Op, Place, Proj, Span, Test};
use ruff_python_ast::{Pattern, Singleton, StmtMatch};

impl Lowerer<'_> {
    pub(super) fn match_stmt(&mut self, stmt: &StmtMatch) {
        let end = self.span(stmt).end();
        let subject = self.expr(&stmt.subject);
        let after = self.cx.builder.block();
        for case in &stmt.cases {
            let next = self.cx.builder.block();
            self.pattern(&case.pattern, &subject, next);
            if let Some(guard) = &case.guard {
                let body = self.cx.builder.block();
                self.cond(guard, body, next);
                self.cx.builder.start(body);
            }
            self.body(&case.body);
            if self.cx.builder.is_open() {
                self.cx.builder.goto(after, end);
            }
            self.cx.builder.start(next);
        }
        self.cx.builder.start(after);
    }

    /// Goes on when `subject` matches, with the names bound; else to `fail`.
    fn pattern(&mut self, pattern: &Pattern, subject: &Place, fail: BlockId) {
        let span = self.span(pattern);
        match pattern {
            Pattern::MatchValue(value) => {
                let test = match self.literal(&value.value) {
                    Some(value) => Test::Eq(value),
                    None => {
                        self.expr(&value.value);
                        Test::Opaque
                    }
                };
                self.require(subject, test, fail, span);
            }
            Pattern::MatchSingleton(singleton) => {
                let test = match singleton.value {
                    Singleton::None => Test::Null,
                    Singleton::True => Test::Eq(Const::Bool(true)),
                    Singleton::False => Test::Eq(Const::Bool(false)),
                };
                self.require(subject, test, fail, span);
            }
            Pattern::MatchSequence(sequence) => {
                self.require(subject, Test::Opaque, fail, span);
                let mut counted = true;
                for (index, inner) in sequence.patterns.iter().enumerate() {
                    counted &= !matches!(inner, Pattern::MatchStar(_));
                    let proj = match u16::try_from(index) {
                        Ok(index) if counted => Proj::Index(index),
                        _ => Proj::Elem,
                    };
                    self.part(inner, subject, proj, fail, span);
                }
            }
            Pattern::MatchMapping(mapping) => {
                self.require(subject, Test::Opaque, fail, span);
                for (key, inner) in mapping.keys.iter().zip(&mapping.patterns) {
                    let proj = self.key(key);
                    self.part(inner, subject, proj, fail, span);
                }
                if let Some(rest) = &mapping.rest {
                    self.bind(rest, *subject, span);
                }
            }
            Pattern::MatchClass(class) => {
                let test = match self.class_names(&class.cls) {
                    Some(names) => Test::InstanceOf(names),
                    None => Test::Opaque,
                };
                self.require(subject, test, fail, span);
                for inner in &class.arguments.patterns {
                    // Which attribute it is depends on the class.
                    self.part(inner, subject, Proj::Elem, fail, span);
                }
                for keyword in &class.arguments.keywords {
                    let proj = Proj::Field(Name::new(keyword.attr.as_str()));
                    self.part(&keyword.pattern, subject, proj, fail, span);
                }
            }
            Pattern::MatchStar(star) => {
                if let Some(name) = &star.name {
                    self.bind(name, *subject, span);
                }
            }
            Pattern::MatchAs(alias) => {
                if let Some(inner) = &alias.pattern {
                    self.pattern(inner, subject, fail);
                }
                if let Some(name) = &alias.name {
                    self.bind(name, *subject, span);
                }
            }
            Pattern::MatchOr(or) => {
                let Some((last, init)) = or.patterns.split_last() else { return };
                let matched = self.cx.builder.block();
                for inner in init {
                    let next = self.cx.builder.block();
                    self.pattern(inner, subject, next);
                    if self.cx.builder.is_open() {
                        self.cx.builder.goto(matched, span);
                    }
                    self.cx.builder.start(next);
                }
                self.pattern(last, subject, fail);
                self.cx.builder.start(matched);
            }
        }
    }

    fn require(&mut self, subject: &Place, test: Test, fail: BlockId, span: Span) {
        let matched = self.cx.builder.block();
        self.cx.builder.branch(*subject, test, matched, fail, span);
        self.cx.builder.start(matched);
    }

    /// Matches a part of the subject. Parts that nothing asks about are not looked at.
    fn part(&mut self, pattern: &Pattern, subject: &Place, proj: Proj, fail: BlockId, span: Span) {
        let asks = match pattern {
            Pattern::MatchAs(alias) => alias.pattern.is_some() || alias.name.is_some(),
            Pattern::MatchStar(star) => star.name.is_some(),
            _ => true,
        };
        if asks {
            let part = self.project(*subject, proj, span);
            self.pattern(pattern, &part, fail);
        }
    }

    fn bind(&mut self, name: &str, src: Place, span: Span) {
        let dst = self.name(name);
        self.emit(Op::Copy { dst, src, moved: false }, span);
    }
}
