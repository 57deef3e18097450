//! The state of lowering: the function being built, the functions around it, and what a name means there.

use super::annotation;
use super::scope::Bound;
use crate::ir::builder::Builder;
use crate::ir::{Class, ClassId, Const, FileId, FuncId, Function, LocalId, Name, Op, Origin, Place, Proj, Root, Span};
use ruff_python_ast::{Expr, Number, Operator, UnaryOp};
use ruff_text_size::{Ranged, TextRange};
use rustc_hash::{FxHashMap, FxHashSet};

/// Longer string literals are plain values: nobody compares or configures with them.
const MAX_STRING: usize = 4096;

/// Operations on numbers, one in another, that are carried out.
const MAX_ARITHMETIC: u32 = 6;

/// Lowers one file.
/// Names looked up per broken range; a range of thousands of lines says nothing about single names.
const MAX_BROKEN_NAMES: usize = 64;

pub(super) struct Lowerer<'a> {
    pub(super) file: FileId,
    pub(super) text: &'a str,
    /// A place is reserved when a function begins; it is filled when the function ends.
    pub(super) functions: Vec<Option<Function>>,
    pub(super) classes: Vec<Class>,
    /// The function being built.
    pub(super) cx: Context,
    /// The functions around it, innermost last.
    pub(super) outer: Vec<Context>,
    pub(super) has_script_region: bool,
    /// Modules imported with all their names.
    pub(super) stars: Vec<Name>,
    /// The file contains `:=`.
    pub(super) walrus: bool,
    /// Ranges that could not be parsed, sorted, and how many of them have become ops.
    pub(super) broken: Vec<TextRange>,
    pub(super) broken_done: usize,
}

/// One function under construction.
pub(super) struct Context {
    pub(super) id: FuncId,
    pub(super) builder: Builder,
    pub(super) qualname: Name,
    pub(super) module: bool,
    pub(super) generator: bool,
    /// Has a receiver: `super()` works.
    pub(super) bound: bool,
    /// The class, in a method.
    pub(super) class: Option<ClassId>,
    names: FxHashMap<Name, Binding>,
    pub(super) captures: Vec<Name>,
    /// Where the parent has the captured variables.
    pub(super) capture_places: Vec<Place>,
    /// Class bodies that are being lowered in this function, innermost last.
    pub(super) class_scopes: Vec<ClassScope>,
    /// Variables of the comprehensions around the present expression, innermost last.
    pub(super) shadows: Vec<(Name, Place)>,
}

/// What a name is in a function.
#[derive(Clone, Copy, Debug)]
enum Binding {
    Local(LocalId),
    Param(u16),
    This,
    Capture(u16),
    Global,
}

impl Binding {
    fn place(self, name: &Name) -> Place {
        Place::root(match self {
            Binding::Local(id) => Root::Local(id),
            Binding::Param(index) => Root::Param(index),
            Binding::This => Root::This,
            Binding::Capture(index) => Root::Capture(index),
            Binding::Global => Root::Global(*name),
        })
    }
}

/// A class body under construction.
pub(super) struct ClassScope {
    pub(super) id: ClassId,
    pub(super) place: Place,
    pub(super) bound: FxHashSet<Name>,
    pub(super) qualname: Name,
}

impl Context {
    pub(super) fn new(file: FileId, id: FuncId, qualname: Name) -> Self {
        Context {
            id,
            builder: Builder::new(file),
            qualname,
            module: false,
            generator: false,
            bound: false,
            class: None,
            names: FxHashMap::default(),
            captures: Vec::new(),
            capture_places: Vec::new(),
            class_scopes: Vec::new(),
            shadows: Vec::new(),
        }
    }

    pub(super) fn bind_this(&mut self, name: Name) {
        self.bound = true;
        self.names.insert(name, Binding::This);
    }

    pub(super) fn bind_param(&mut self, name: Name, index: usize) {
        self.names.insert(name, Binding::Param(u16::try_from(index).unwrap_or(u16::MAX)));
    }

    /// Makes the names that the body binds local variables, unless they are parameters.
    pub(super) fn bind_locals(&mut self, bound: Bound) {
        for name in bound.names {
            if !self.names.contains_key(&name) {
                let id = self.builder.local(Some(name), None);
                self.names.insert(name, Binding::Local(id));
            }
        }
        for name in bound.globals {
            self.names.insert(name, Binding::Global);
        }
    }

    /// What `name` is here, class bodies not considered; `None` when it is free.
    fn lookup(&self, name: &Name) -> Option<Place> {
        if let Some((_, place)) = self.shadows.iter().rev().find(|(shadow, _)| shadow == name) {
            return Some(*place);
        }
        self.names.get(name).map(|binding| binding.place(name))
    }

    fn add_capture(&mut self, name: &Name, outside: Place) -> Place {
        let index = u16::try_from(self.captures.len()).unwrap_or(u16::MAX);
        self.captures.push(*name);
        self.capture_places.push(outside);
        self.names.insert(*name, Binding::Capture(index));
        Place::root(Root::Capture(index))
    }

    /// Qualified name of something defined here.
    pub(super) fn qualified(&self, name: &str) -> Name {
        let outer = match self.class_scopes.last() {
            Some(class) => &class.qualname,
            None if self.module => return Name::new(name),
            None => &self.qualname,
        };
        Name::from(format!("{outer}.{name}"))
    }
}

impl Lowerer<'_> {
    pub(super) fn span(&self, node: &impl Ranged) -> Span {
        self.range(node.range())
    }

    pub(super) fn range(&self, range: TextRange) -> Span {
        Span::new(self.file, range.start().into(), range.end().into())
    }

    pub(super) fn emit(&mut self, op: Op, span: Span) {
        self.cx.builder.emit(op, span, Origin::Same);
    }

    pub(super) fn emit_synth(&mut self, op: Op, span: Span) {
        self.cx.builder.emit(op, span, Origin::Synth);
    }

    pub(super) fn temp(&mut self) -> Place {
        self.cx.builder.temp()
    }

    pub(super) fn is_temp(&self, place: &Place) -> bool {
        self.cx.builder.is_temp(place)
    }

    /// A value without parts that matter: the result of arithmetic, comparisons, formatting.
    pub(super) fn plain(&mut self, span: Span) -> Place {
        self.computed(Vec::new(), span)
    }

    /// A plain value that is computed from others.
    pub(super) fn computed(&mut self, of: Vec<Place>, span: Span) -> Place {
        let dst = self.temp();
        self.emit(Op::Build { dst, parts: Vec::new(), of }, span);
        dst
    }

    /// Copies a value; a temporary is given up by it.
    pub(super) fn copy(&mut self, dst: Place, src: Place, span: Span) {
        let moved = self.is_temp(&src);
        self.emit(Op::Copy { dst, src, moved }, span);
    }

    /// A part of `place`. Never cut: what is too deep goes through a temporary.
    pub(super) fn project(&mut self, place: Place, proj: Proj, span: Span) -> Place {
        if place.proj.len() < Place::MAX_PROJ {
            return place.project(proj);
        }
        let base = self.temp();
        self.emit_synth(Op::Copy { dst: base, src: place, moved: false }, span);
        base.project(proj)
    }

    /// What `name` means at this point.
    pub(super) fn name(&mut self, name: &str) -> Place {
        let name = Name::new(name);
        let shadowed = self.cx.shadows.iter().rev().find(|(shadow, _)| *shadow == name);
        if let Some((_, place)) = shadowed {
            return *place;
        }
        if let Some(class) = self.cx.class_scopes.last()
            && class.bound.contains(&name)
        {
            return class.place.field(name);
        }
        if self.cx.module {
            return Place::global(name);
        }
        if let Some(place) = self.cx.lookup(&name) {
            return place;
        }
        match self.capture(&name) {
            Some(place) => place,
            None => {
                self.cx.names.insert(name, Binding::Global);
                Place::global(name)
            }
        }
    }

    /// True when `name` can only be the builtin or a module-level name.
    pub(super) fn is_global(&mut self, name: &str) -> bool {
        matches!(self.name(name).root, Root::Global(_))
    }

    /// Captures a variable of an enclosing function, through all functions between.
    fn capture(&mut self, name: &Name) -> Option<Place> {
        let (depth, mut place) = self.outer.iter().enumerate().rev().find_map(|(depth, outer)| {
            let place = outer.lookup(name)?;
            Some((depth, place))
        })?;
        if matches!(place.root, Root::Global(_)) {
            return None;
        }
        for between in &mut self.outer[depth + 1..] {
            place = between.add_capture(name, place);
        }
        Some(self.cx.add_capture(name, place))
    }

    /// The literal, when `expr` is one that tests and configuration can depend on.
    pub(super) fn literal(&self, expr: &Expr) -> Option<Const> {
        match expr {
            Expr::NoneLiteral(_) => Some(Const::Null),
            Expr::BooleanLiteral(literal) => Some(Const::Bool(literal.value)),
            Expr::NumberLiteral(literal) => number(&literal.value).map(Const::Num),
            Expr::UnaryOp(unary) if unary.op == UnaryOp::USub => match &*unary.operand {
                Expr::NumberLiteral(literal) => number(&literal.value).map(|value| Const::Num(-value)),
                _ => None,
            },
            Expr::StringLiteral(literal) if literal.value.len() <= MAX_STRING => {
                Some(Const::Str(Name::new(literal.value.to_str())))
            }
            Expr::BinOp(_) => arithmetic(expr, MAX_ARITHMETIC).map(Const::Num),
            _ => None,
        }
    }

    /// Dotted names of a class or a tuple of classes; `None` when something else is among them.
    pub(super) fn class_names(&self, expr: &Expr) -> Option<Vec<Name>> {
        match expr {
            Expr::Tuple(tuple) => tuple.elts.iter().map(annotation::dotted).collect(),
            other => annotation::dotted(other).map(|name| vec![name]),
        }
    }

    /// Turns the broken ranges that begin before `end` into ops of the present function.
    pub(super) fn flush_broken(&mut self, end: u32) {
        while let Some(range) = self.broken.get(self.broken_done).copied()
            && u32::from(range.start()) < end
        {
            self.broken_done += 1;
            let span = self.range(range);
            let reads = self.names_on_lines(range);
            self.emit(Op::Unknown { kind: Op::SYNTAX, reads, writes: Vec::new() }, span);
        }
    }

    /// The variables named on the lines of a broken range, at most [`MAX_BROKEN_NAMES`]: whatever was lost there was about them.
    fn names_on_lines(&mut self, range: TextRange) -> Vec<Place> {
        let text = self.text;
        let (lo, hi) = (range.start().to_usize(), range.end().to_usize());
        let start = text.get(..lo).and_then(|before| before.rfind('\n')).map_or(0, |at| at + 1);
        let end = text.get(hi..).and_then(|after| after.find('\n')).map_or(text.len(), |at| hi + at);
        let words = text.get(start..end).unwrap_or_default().split(|c: char| !c.is_alphanumeric() && c != '_');
        let mut seen = FxHashSet::default();
        let mut out = Vec::new();
        for word in words.filter(|word| word.starts_with(|c: char| c.is_alphabetic() || c == '_')) {
            if out.len() == MAX_BROKEN_NAMES {
                break;
            }
            if seen.insert(word) {
                let place = self.name(word);
                if !matches!(place.root, Root::Global(_)) {
                    out.push(place);
                }
            }
        }
        out
    }
}

/// What numbers in the source come to: `5 * 60`.
fn arithmetic(expr: &Expr, depth: u32) -> Option<f64> {
    let depth = depth.checked_sub(1)?;
    let value = match expr {
        Expr::NumberLiteral(literal) => number(&literal.value)?,
        Expr::BinOp(binary) => {
            // The right one first: it is no deeper than what is written in parentheses.
            let right = arithmetic(&binary.right, depth)?;
            let left = arithmetic(&binary.left, depth)?;
            match binary.op {
                Operator::Add => left + right,
                Operator::Sub => left - right,
                Operator::Mult => left * right,
                Operator::Div => left / right,
                _ => return None,
            }
        }
        _ => return None,
    };
    value.is_finite().then_some(value)
}

fn number(number: &Number) -> Option<f64> {
    match number {
        Number::Int(int) => int.as_i64().map(|value| value as f64),
        Number::Float(value) => Some(*value),
        Number::Complex { .. } => None,
    }
}
