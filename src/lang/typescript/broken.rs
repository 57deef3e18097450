//! What could not be parsed: ops that read what it was about.

use super::context::Lowerer;
use crate::ir::{Op, Place, Root, Span};
use oxc_ast::ast::Statement;
use oxc_span::GetSpan;
use rustc_hash::FxHashSet;

/// Variables per broken range; a range of thousands of lines says nothing about single names.
const MAX_NAMES: usize = 64;

impl<'a> Lowerer<'a> {
    /// Turns the broken ranges that a statement follows, or that are in a simple statement, into ops.
    pub(super) fn flush_broken_before(&mut self, stmt: &'a Statement<'a>) {
        if self.broken.is_empty() {
            return;
        }
        let span = stmt.span();
        let simple = matches!(
            stmt,
            Statement::ExpressionStatement(_) | Statement::ReturnStatement(_) | Statement::ThrowStatement(_)
        );
        self.flush_broken(if simple && !self.has_body(span) { span.end } else { span.start });
    }

    /// Whether something between braces is in the range: its broken parts belong in there.
    fn has_body(&self, span: oxc_span::Span) -> bool {
        self.text.get(span.start as usize..span.end as usize).is_some_and(|text| text.contains('{'))
    }

    /// Turns the broken ranges of the present function that begin before `end` into ops. Functions that are hoisted come first and
    /// have taken theirs.
    pub(super) fn flush_broken(&mut self, end: u32) {
        while let Some(&span) = self.broken.get(self.cx.broken_at)
            && span.lo < end
        {
            let index = self.cx.broken_at;
            self.cx.broken_at += 1;
            if !std::mem::replace(&mut self.broken_done[index], true) {
                let reads = self.variables_on_lines(span);
                self.emit(Op::Unknown { kind: Op::SYNTAX, reads, writes: Vec::new() }, span);
            }
        }
    }

    /// The variables named on the lines of a broken range: whatever was lost there was about them.
    fn variables_on_lines(&mut self, span: Span) -> Vec<Place> {
        let (lo, hi) = (span.lo as usize, span.hi as usize);
        let start = self.text.get(..lo).and_then(|before| before.rfind('\n')).map_or(0, |at| at + 1);
        let end = self.text.get(hi..).and_then(|after| after.find('\n')).map_or(self.text.len(), |at| hi + at);
        let lines = self.text.get(start..end).unwrap_or_default();
        let words: FxHashSet<&str> = lines
            .split(|c: char| !c.is_alphanumeric() && !matches!(c, '_' | '$'))
            .filter(|word| !word.is_empty())
            .collect();
        let mut symbols = Vec::new();
        let mut names = FxHashSet::default();
        for scope in self.cx.scope.into_iter().flat_map(|scope| self.scoping.scope_ancestors(scope)) {
            // Names of the module are no variables of a function.
            if self.scoping.scope_parent_id(scope).is_none() {
                break;
            }
            let mut here: Vec<_> = self
                .scoping
                .iter_bindings_in(scope)
                .filter(|symbol| words.contains(self.scoping.symbol_name(*symbol)))
                .filter(|symbol| names.insert(self.scoping.symbol_name(*symbol)))
                .collect();
            here.sort_unstable();
            symbols.extend(here);
        }
        let mut reads = Vec::new();
        for symbol in symbols.into_iter().take(MAX_NAMES) {
            let place = self.symbol(symbol);
            if !matches!(place.root, Root::Global(_)) {
                reads.push(place);
            }
        }
        if words.contains("this") && self.cx.has_receiver() {
            reads.push(self.this());
        }
        reads
    }
}
