//! Expressions: every one has a place. A name or an attribute chain is its own place; the rest is computed into a temporary.

use super::annotation;
use super::context::Lowerer;
use crate::ir::{Arg, Callee, Const, Name, Op, Place, Proj, Span, Test};
use ruff_python_ast::{
    ArgOrKeyword, BoolOp, DictItem, Expr, ExprBinOp, ExprBoolOp, ExprCall, ExprIf, ExprSlice, ExprSubscript,
    FStringPart, InterpolatedStringElement, InterpolatedStringElements, Operator,
};
use ruff_text_size::Ranged;
use smallvec::SmallVec;

/// Elements of a display beyond this many are "some element".
const MAX_INDEXED: usize = 16;

impl Lowerer<'_> {
    /// Evaluates `expr` and returns the place of its value.
    pub(super) fn expr(&mut self, expr: &Expr) -> Place {
        let span = self.span(expr);
        match expr {
            Expr::BoolOp(boolean) => self.bool_op(boolean, span),
            Expr::Named(named) => {
                let value = self.expr(&named.value);
                self.store(&named.target, value, span);
                self.target_place(&named.target)
            }
            Expr::BinOp(binary) => match self.literal(expr) {
                Some(value) => self.constant(value, span),
                None => self.binary(binary, span),
            },
            Expr::UnaryOp(unary) => match self.literal(expr) {
                Some(value) => self.constant(value, span),
                None => {
                    self.expr(&unary.operand);
                    self.plain(span)
                }
            },
            Expr::Lambda(lambda) => self.lambda(lambda),
            Expr::If(choice) => self.choice(choice, span),
            Expr::Dict(dict) => self.dict(&dict.items, span),
            Expr::Set(set) => self.display(&set.elts, false, span),
            Expr::List(list) => self.display(&list.elts, true, span),
            Expr::Tuple(tuple) => self.display(&tuple.elts, true, span),
            Expr::ListComp(comp) => self.comprehension(None, Some(&comp.elt), &comp.generators, span),
            Expr::SetComp(comp) => self.comprehension(None, Some(&comp.elt), &comp.generators, span),
            Expr::DictComp(comp) => self.comprehension(comp.key.as_deref(), Some(&comp.value), &comp.generators, span),
            Expr::Generator(comp) => self.comprehension(None, Some(&comp.elt), &comp.generators, span),
            Expr::Await(awaited) => {
                let src = self.expr(&awaited.value);
                let dst = self.temp();
                self.emit(Op::Await { dst, src }, span);
                dst
            }
            Expr::Yield(yielded) => {
                let src = yielded.value.as_ref().map(|value| self.expr(value));
                self.yielded(src, false, span)
            }
            Expr::YieldFrom(yielded) => {
                let src = self.expr(&yielded.value);
                self.yielded(Some(src), true, span)
            }
            Expr::Compare(compare) => {
                self.effects(&compare.left);
                for comparator in &compare.comparators {
                    self.effects(comparator);
                }
                self.plain(span)
            }
            Expr::Call(call) => self.call(call, span),
            Expr::FString(string) => {
                let mut parts = Vec::new();
                for part in string.value.iter() {
                    if let FStringPart::FString(part) = part {
                        self.interpolations(&part.elements, &mut parts);
                    }
                }
                self.computed(parts.into_iter().map(|(_, place)| place).collect(), span)
            }
            Expr::TString(string) => {
                // A template keeps its values.
                let mut parts = Vec::new();
                for part in string.value.iter() {
                    self.interpolations(&part.elements, &mut parts);
                }
                let dst = self.temp();
                self.emit(Op::Build { dst, parts, of: Vec::new() }, span);
                dst
            }
            Expr::StringLiteral(_)
            | Expr::NumberLiteral(_)
            | Expr::BooleanLiteral(_)
            | Expr::NoneLiteral(_)
            | Expr::BytesLiteral(_)
            | Expr::EllipsisLiteral(_) => match self.literal(expr) {
                Some(value) => self.constant(value, span),
                None => self.plain(span),
            },
            Expr::Attribute(attribute) => {
                let base = self.expr(&attribute.value);
                self.attribute(base, &attribute.attr, span)
            }
            Expr::Subscript(subscript) => self.subscript(expr, subscript, span),
            Expr::Starred(starred) => self.expr(&starred.value),
            // The parser's stand-in for a missing expression.
            Expr::Name(name) if name.id.is_empty() => self.plain(span),
            Expr::Name(name) => self.name(&name.id),
            Expr::Slice(slice) => {
                self.slice(slice);
                self.plain(span)
            }
            Expr::IpyEscapeCommand(_) => {
                let dst = self.temp();
                let writes = vec![dst];
                self.emit(Op::Unknown { kind: "ipython-escape", reads: Vec::new(), writes }, span);
                dst
            }
        }
    }

    /// Evaluates an expression whose value does not matter.
    pub(super) fn effects(&mut self, expr: &Expr) {
        if self.literal(expr).is_none() {
            self.expr(expr);
        }
    }

    pub(super) fn constant(&mut self, value: Const, span: Span) -> Place {
        let dst = self.temp();
        self.emit(Op::Const { dst, value }, span);
        dst
    }

    fn yielded(&mut self, src: Option<Place>, delegate: bool, span: Span) -> Place {
        self.cx.generator = true;
        let dst = self.temp();
        self.emit(Op::Yield { dst, src, delegate }, span);
        dst
    }

    /// The values of an f-string or template, format specifications included.
    fn interpolations(&mut self, elements: &InterpolatedStringElements, parts: &mut Vec<(Proj, Place)>) {
        for element in elements {
            if let InterpolatedStringElement::Interpolation(element) = element {
                let place = self.expr(&element.expression);
                parts.push((Proj::Elem, place));
                if let Some(format) = &element.format_spec {
                    self.interpolations(&format.elements, &mut Vec::new());
                }
            }
        }
    }

    /// Arithmetic gives a plain value. Sums and unions of displays keep the elements: `[conn] + others`.
    fn binary(&mut self, binary: &ExprBinOp, span: Span) -> Place {
        // The left spine without recursion: `a + b + c + ...`.
        let mut spine: SmallVec<[&ExprBinOp; 4]> = smallvec::smallvec![binary];
        while let Some(Expr::BinOp(left)) = spine.last().map(|last| &*last.left) {
            spine.push(left);
        }
        let collects = spine.iter().any(|node| {
            matches!(node.op, Operator::Add | Operator::BitOr)
                && (is_collection(&node.left) || is_collection(&node.right))
        });
        let first = spine.last().map_or(&binary.left, |innermost| &innermost.left);
        let operands = std::iter::once(first).chain(spine.iter().rev().map(|node| &node.right));
        let (mut parts, mut of) = (Vec::new(), Vec::new());
        for operand in operands {
            if self.literal(operand).is_none() {
                let place = self.expr(operand);
                if collects {
                    parts.extend(element_of(place));
                } else {
                    of.push(place);
                }
            }
        }
        let dst = self.temp();
        self.emit(Op::Build { dst, parts, of }, span);
        dst
    }

    /// `a and b` / `a or b` as a value: control flow that copies into one temporary.
    fn bool_op(&mut self, boolean: &ExprBoolOp, span: Span) -> Place {
        let result = self.temp();
        let end = self.cx.builder.block();
        let Some((last, init)) = boolean.values.split_last() else { return result };
        let is_or = boolean.op == BoolOp::Or;
        for value in init {
            let next = self.cx.builder.block();
            let short = self.cx.builder.block();
            let (yes, no) = if is_or { (short, next) } else { (next, short) };
            let value_span = self.span(value);
            if is_test(value) {
                self.cond(value, yes, no);
                self.cx.builder.start(short);
                self.emit(Op::Const { dst: result, value: Const::Bool(is_or) }, value_span);
            } else {
                let place = self.expr(value);
                self.cx.builder.branch(place, Test::Truthy, yes, no, value_span);
                self.cx.builder.start(short);
                self.copy(result, place, value_span);
            }
            self.cx.builder.goto(end, value_span);
            self.cx.builder.start(next);
        }
        self.expr_into(last, result, span);
        self.cx.builder.start(end);
        result
    }

    /// `a if c else b`.
    fn choice(&mut self, choice: &ExprIf, span: Span) -> Place {
        let result = self.temp();
        let end = self.cx.builder.block();
        let mut choice = choice;
        loop {
            let (yes, no) = (self.cx.builder.block(), self.cx.builder.block());
            self.cond(&choice.test, yes, no);
            self.cx.builder.start(yes);
            self.expr_into(&choice.body, result, span);
            self.cx.builder.goto(end, span);
            self.cx.builder.start(no);
            match &*choice.orelse {
                Expr::If(inner) => choice = inner,
                other => {
                    self.expr_into(other, result, span);
                    break;
                }
            }
        }
        self.cx.builder.start(end);
        result
    }

    /// Evaluates `expr` into `dst`.
    pub(super) fn expr_into(&mut self, expr: &Expr, dst: Place, span: Span) {
        match self.literal(expr) {
            Some(value) => self.emit(Op::Const { dst, value }, span),
            None => {
                let src = self.expr(expr);
                self.copy(dst, src, span);
            }
        }
    }

    fn display(&mut self, elements: &[Expr], ordered: bool, span: Span) -> Place {
        let mut parts = Vec::with_capacity(elements.len().min(1024));
        let mut indexed = ordered;
        for (index, element) in elements.iter().enumerate() {
            let place = self.expr(element);
            if let Expr::Starred(_) = element {
                indexed = false;
                parts.push((Proj::Elem, spread(place)));
            } else if indexed && index < MAX_INDEXED {
                parts.push((Proj::Index(index as u16), place));
            } else {
                parts.push((Proj::Elem, place));
            }
        }
        let dst = self.temp();
        self.emit(Op::Build { dst, parts, of: Vec::new() }, span);
        dst
    }

    fn dict(&mut self, items: &[DictItem], span: Span) -> Place {
        let mut parts = Vec::with_capacity(items.len().min(1024));
        for item in items {
            match &item.key {
                None => {
                    let place = self.expr(&item.value);
                    parts.push((Proj::Elem, spread(place)));
                }
                Some(key) => {
                    let proj = self.key(key);
                    let place = self.expr(&item.value);
                    // `d[0]` of a dict is no position in a sequence.
                    let proj = if let Proj::Index(_) = proj { Proj::Elem } else { proj };
                    parts.push((proj, place));
                }
            }
        }
        let dst = self.temp();
        self.emit(Op::Build { dst, parts, of: Vec::new() }, span);
        dst
    }

    /// `base.name`; half-typed code has attributes without a name.
    pub(super) fn attribute(&mut self, base: Place, name: &str, span: Span) -> Place {
        if name.is_empty() { base } else { self.project(base, Proj::Field(Name::new(name)), span) }
    }

    fn slice(&mut self, slice: &ExprSlice) {
        for bound in [&slice.lower, &slice.upper, &slice.step].into_iter().flatten() {
            self.effects(bound);
        }
    }

    /// The projection for a key or index, which is evaluated.
    pub(super) fn key(&mut self, key: &Expr) -> Proj {
        if let Expr::Slice(slice) = key {
            self.slice(slice);
            return Proj::Elem;
        }
        match self.literal(key) {
            Some(Const::Str(name)) => Proj::Field(name),
            Some(Const::Num(index)) if index >= 0.0 && index < f64::from(u16::MAX) && index.fract() == 0.0 => {
                Proj::Index(index as u16)
            }
            Some(_) => Proj::Elem,
            None => {
                self.expr(key);
                Proj::Elem
            }
        }
    }

    fn subscript(&mut self, expr: &Expr, subscript: &ExprSubscript, span: Span) -> Place {
        if let Some((ty, calls)) = annotation::annotated(expr) {
            // It stands for the type and for what is said about it.
            let dst = self.temp();
            for part in std::iter::once(ty).chain(calls) {
                let src = self.expr(part);
                self.emit_synth(Op::Copy { dst, src, moved: false }, span);
            }
            return dst;
        }
        let base = self.expr(&subscript.value);
        let proj = self.key(&subscript.slice);
        self.project(base, proj, span)
    }

    fn call(&mut self, call: &ExprCall, span: Span) -> Place {
        let callee = match &*call.func {
            Expr::Attribute(attribute) => {
                let name = Name::new(attribute.attr.as_str());
                if self.is_super(&attribute.value) {
                    Callee::Super { name }
                } else {
                    let recv = self.expr(&attribute.value);
                    Callee::Method { recv, name, optional: false }
                }
            }
            other => Callee::Value(self.expr(other)),
        };
        let mut args = Vec::with_capacity(call.arguments.args.len() + call.arguments.keywords.len());
        for arg in call.arguments.iter_source_order() {
            let value = arg.value();
            let literal = self.literal(value);
            let place = if literal.is_some() { self.temp() } else { self.expr(value) };
            let name = match arg {
                ArgOrKeyword::Keyword(keyword) => keyword.arg.as_ref().map(|name| Name::new(name.as_str())),
                ArgOrKeyword::Arg(_) => None,
            };
            args.push(Arg { place, name, spread: arg.is_variadic(), literal, fields: Box::default() });
        }
        let dst = self.temp();
        self.emit(Op::Call { dst, callee, args, new: false }, span);
        dst
    }

    /// `super()` or `super(C, self)` in a method.
    fn is_super(&mut self, expr: &Expr) -> bool {
        match expr {
            Expr::Call(call) => match &*call.func {
                Expr::Name(name) => name.id.as_str() == "super" && self.cx.bound && self.is_global("super"),
                _ => false,
            },
            _ => false,
        }
    }

    /// The source text of an expression, for names that are no dotted path.
    pub(super) fn source_name(&self, expr: &Expr) -> Name {
        match annotation::dotted(expr) {
            Some(name) => name,
            None => Name::new(self.text.get(std::ops::Range::<usize>::from(expr.range())).unwrap_or_default()),
        }
    }
}

/// What a collection contributes to one that takes over its elements. What is too deep is not followed.
pub(super) fn element_of(collection: Place) -> Option<(Proj, Place)> {
    (collection.proj.len() < Place::MAX_PROJ).then(|| (Proj::Elem, collection.project(Proj::Elem)))
}

/// What `*xs` in a display contributes: its elements.
fn spread(place: Place) -> Place {
    if place.proj.len() < Place::MAX_PROJ { place.project(Proj::Elem) } else { place }
}

/// A value that visibly holds others.
pub(super) fn is_collection(expr: &Expr) -> bool {
    matches!(
        expr,
        Expr::List(_)
            | Expr::Tuple(_)
            | Expr::Set(_)
            | Expr::Dict(_)
            | Expr::ListComp(_)
            | Expr::SetComp(_)
            | Expr::DictComp(_)
            | Expr::Generator(_)
    )
}

/// An expression whose value is only true or false and is better branched on than computed.
fn is_test(expr: &Expr) -> bool {
    match expr {
        Expr::Compare(_) => true,
        Expr::UnaryOp(unary) => unary.op == ruff_python_ast::UnaryOp::Not,
        Expr::BoolOp(boolean) => boolean.values.iter().all(is_test),
        Expr::Call(call) => matches!(&*call.func, Expr::Name(name) if name.id.as_str() == "isinstance"),
        _ => false,
    }
}
