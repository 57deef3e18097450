//! The state of lowering: the function being built, the functions around it, and what a name or `this` means there.

use super::function::This;
use crate::ir::builder::{Builder, ExitToken};
use crate::ir::{
    BlockId, Class, Const, Export, FileId, FuncId, Function, Hold, Name, Op, Origin, Place, Proj, Root, Span,
};
use oxc_ast::ast::{self, BindingIdentifier, Expression, IdentifierReference};
use oxc_semantic::Scoping;
use oxc_span::GetSpan;
use oxc_syntax::operator::{BinaryOperator, UnaryOperator};
use oxc_syntax::scope::ScopeId;
use oxc_syntax::symbol::{SymbolFlags, SymbolId};
use rustc_hash::{FxHashMap, FxHashSet};
use smallvec::SmallVec;

/// Longer string literals are plain values: nobody compares or configures with them.
const MAX_STRING: usize = 4096;

/// Operations on numbers, one in another, that are carried out.
const MAX_ARITHMETIC: u32 = 6;

/// Lowers one file.
pub(super) struct Lowerer<'a> {
    pub(super) file: FileId,
    pub(super) text: &'a str,
    pub(super) scoping: &'a Scoping,
    /// A place is reserved when a function begins; it is filled when the function ends.
    pub(super) functions: Vec<Option<Function>>,
    pub(super) classes: Vec<Class>,
    pub(super) exports: Vec<Export>,
    /// The function being built.
    pub(super) cx: Context<'a>,
    /// The functions around it, innermost last.
    pub(super) outer: Vec<Context<'a>>,
    /// Where each symbol lives, once its scope was entered.
    homes: Vec<Option<Home>>,
    pub(super) has_script_region: bool,
    /// Parameters that settle a promise, with the executor whose parameters they are.
    pub(super) resolvers: FxHashMap<SymbolId, FuncId>,
    /// Functions of the bodies being lowered that are classes by their prototypes.
    pub(super) prototypes: FxHashMap<SymbolId, super::prototype::Prototype<'a>>,
    /// Variables that hold `module.exports`.
    pub(super) export_aliases: FxHashSet<SymbolId>,
    /// Label of the loop that is lowered next.
    pub(super) label: Option<Name>,
    /// What the file exports by default is a component.
    pub(super) component: bool,
    /// The file contains `.prototype`.
    pub(super) has_prototypes: bool,
    /// Ranges that could not be parsed, sorted.
    pub(super) broken: Vec<Span>,
    /// Which of them have become ops.
    pub(super) broken_done: Vec<bool>,
}

/// Where a variable is.
struct Home {
    func: FuncId,
    /// Depth of the function.
    level: usize,
    place: Place,
}

/// What `return` in a body does that was put in place of a call.
pub(super) struct ReturnTo {
    pub(super) dst: Place,
    pub(super) exit: ExitToken,
    /// Whether any `return` gave a value.
    pub(super) valued: bool,
}

/// One function under construction.
pub(super) struct Context<'a> {
    pub(super) id: FuncId,
    pub(super) builder: Builder,
    pub(super) qualname: Name,
    pub(super) module: bool,
    /// What `this` is.
    this: This,
    /// What `this` is in the code being lowered, when it is not the function's: static initialisers, bodies put in place of calls.
    pub(super) other_this: Vec<Place>,
    /// The `this` of a function that does not know it.
    unknown_this: Option<Place>,
    /// How many parameters; `None` where `arguments` are those of something else.
    pub(super) arguments: Option<usize>,
    pub(super) captures: Vec<Name>,
    pub(super) directives: Vec<Name>,
    /// Where the parent has the captured variables.
    pub(super) capture_places: Vec<Place>,
    captured: FxHashMap<Place, u16>,
    /// Qualified names of the classes whose bodies are being lowered here, innermost last.
    pub(super) class_names: Vec<Name>,
    pub(super) returns: Vec<ReturnTo>,
    /// Where the optional chains being lowered go on null, innermost last.
    pub(super) short: Vec<BlockId>,
    /// Values that are returned are thrown away: the executor of a promise.
    pub(super) drops_result: bool,
    /// The class whose fields are to be initialised after `super(...)`.
    pub(super) constructs: Option<&'a ast::Class<'a>>,
    /// The fields were initialised.
    pub(super) constructed: bool,
    /// The first broken range that was not looked at.
    pub(super) broken_at: usize,
    /// The innermost scope that was entered.
    pub(super) scope: Option<ScopeId>,
    /// Namespaces whose bodies are being lowered, innermost last.
    pub(super) namespaces: Vec<Place>,
    /// The base of a constructor function, called by `Base.call(this)`.
    pub(super) base: Option<Name>,
}

impl<'a> Context<'a> {
    pub(super) fn new(file: FileId, id: FuncId, qualname: Name, this: This) -> Self {
        Context {
            id,
            builder: Builder::new(file),
            qualname,
            module: false,
            this,
            other_this: Vec::new(),
            unknown_this: None,
            arguments: None,
            captures: Vec::new(),
            directives: Vec::new(),
            capture_places: Vec::new(),
            captured: FxHashMap::default(),
            class_names: Vec::new(),
            returns: Vec::new(),
            short: Vec::new(),
            drops_result: false,
            constructs: None,
            constructed: false,
            broken_at: 0,
            scope: None,
            namespaces: Vec::new(),
            base: None,
        }
    }

    /// The capture of what the parent knows as `outside`.
    fn capture(&mut self, outside: Place, name: &Name) -> Place {
        if let Root::Global(_) = outside.root {
            return outside;
        }
        let next = u16::try_from(self.captures.len()).unwrap_or(u16::MAX);
        let index = *self.captured.entry(outside).or_insert(next);
        if index == next {
            self.captures.push(*name);
            self.capture_places.push(outside);
        }
        Place::root(Root::Capture(index))
    }

    /// What [`Op::Closure`] needs.
    pub(super) fn holds(&self) -> Vec<(Place, Hold)> {
        self.capture_places.iter().map(|place| (*place, Hold::ByRef)).collect()
    }

    /// Qualified name of something defined here.
    pub(super) fn qualified(&self, name: &str) -> Name {
        let outer = match self.class_names.last() {
            Some(class) => class,
            None if self.module => return Name::new(name),
            None => &self.qualname,
        };
        Name::from(format!("{outer}.{name}"))
    }

    /// Whether the function has a receiver of its own here, so that `super.m()` is a call on it.
    pub(super) fn has_receiver(&self) -> bool {
        self.this == This::Receiver && self.other_this.is_empty()
    }
}

impl<'a> Lowerer<'a> {
    pub(super) fn new(file: FileId, text: &'a str, scoping: &'a Scoping, broken: Vec<Span>) -> Self {
        let mut cx = Context::new(file, FuncId(0), Name::new("<module>"), This::Unknown);
        cx.module = true;
        let mut homes = Vec::new();
        homes.resize_with(scoping.symbols_len(), || None);
        Lowerer {
            file,
            text,
            scoping,
            functions: vec![None],
            classes: Vec::new(),
            exports: Vec::new(),
            cx,
            outer: Vec::new(),
            homes,
            has_script_region: false,
            resolvers: FxHashMap::default(),
            prototypes: FxHashMap::default(),
            export_aliases: FxHashSet::default(),
            label: None,
            component: false,
            has_prototypes: memchr::memmem::find(text.as_bytes(), b".prototype").is_some(),
            broken_done: vec![false; broken.len()],
            broken,
        }
    }

    // ---- positions and ops

    pub(super) fn span(&self, node: &impl GetSpan) -> Span {
        self.range(node.span())
    }

    pub(super) fn range(&self, range: oxc_span::Span) -> Span {
        Span::new(self.file, range.start, range.end)
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

    pub(super) fn constant(&mut self, value: Const, span: Span) -> Place {
        let dst = self.temp();
        self.emit(Op::Const { dst, value }, span);
        dst
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
        let moved = self.cx.builder.is_temp(&src);
        self.emit(Op::Copy { dst, src, moved }, span);
    }

    /// A part of `place`. Never cut: what is too deep goes through a temporary.
    pub(super) fn project(&mut self, place: Place, proj: Proj, span: Span) -> Place {
        let base = self.with_room(place, span);
        base.project(proj)
    }

    /// `place`, or a copy of it, with room for one more projection.
    pub(super) fn with_room(&mut self, place: Place, span: Span) -> Place {
        if place.proj.len() < Place::MAX_PROJ {
            return place;
        }
        let base = self.temp();
        self.emit_synth(Op::Copy { dst: base, src: place, moved: false }, span);
        base
    }

    /// Something that is not modelled, with its value.
    pub(super) fn unknown(&mut self, kind: &'static str, reads: Vec<Place>, span: Span) -> Place {
        let dst = self.temp();
        self.emit(Op::Unknown { kind, reads, writes: vec![dst] }, span);
        dst
    }

    // ---- names

    /// Makes the variables of a scope variables of the present function. Those that have a place here keep it.
    pub(super) fn bind_scope(&mut self, scope: &std::cell::Cell<Option<ScopeId>>) {
        let Some(scope) = scope.get() else { return };
        self.cx.scope = Some(scope);
        let mut symbols: SmallVec<[SymbolId; 16]> = self.scoping.iter_bindings_in(scope).collect();
        symbols.sort_unstable();
        for symbol in symbols {
            let flags = self.scoping.symbol_flags(symbol);
            let typed_only = SymbolFlags::TypeAlias | SymbolFlags::Interface | SymbolFlags::TypeParameter;
            // The name of a function expression is a variable around it.
            let is_outside = flags.contains(SymbolFlags::FunctionExpression);
            if (typed_only.contains(flags) && !flags.is_empty()) || is_outside || self.is_home(symbol) {
                continue;
            }
            let id = self.cx.builder.local(Some(self.symbol_name(symbol)), None);
            self.set_home(symbol, Place::local(id));
        }
    }

    /// Makes the variables of the top level global names.
    pub(super) fn bind_module(&mut self, scope: &std::cell::Cell<Option<ScopeId>>) {
        let Some(scope) = scope.get() else { return };
        let symbols: Vec<SymbolId> = self.scoping.iter_bindings_in(scope).collect();
        for symbol in symbols {
            let place = Place::global(self.symbol_name(symbol));
            self.set_home(symbol, place);
        }
    }

    pub(super) fn symbol_name(&self, symbol: SymbolId) -> Name {
        Name::new(self.scoping.symbol_name(symbol))
    }

    pub(super) fn set_home(&mut self, symbol: SymbolId, place: Place) {
        let home = Home { func: self.cx.id, level: self.outer.len(), place };
        if let Some(slot) = self.homes.get_mut(symbol.index()) {
            *slot = Some(home);
        }
    }

    /// Whether the symbol is a variable of the present function or of the module.
    fn is_home(&self, symbol: SymbolId) -> bool {
        match self.homes.get(symbol.index()) {
            Some(Some(home)) => home.func == self.cx.id || matches!(home.place.root, Root::Global(_)),
            _ => false,
        }
    }

    /// The place of a variable, captured when it belongs to a function around this one.
    pub(super) fn symbol(&mut self, symbol: SymbolId) -> Place {
        let here = self.outer.len();
        if let Some(Some(home)) = self.homes.get(symbol.index()) {
            if matches!(home.place.root, Root::Global(_)) || home.func == self.cx.id {
                return home.place;
            }
            let (level, place) = (home.level, home.place);
            if level < here && self.outer[level].id == home.func {
                let name = self.symbol_name(symbol);
                return self.capture_from(level, place, &name);
            }
        }
        // The scope was not entered: broken code.
        let id = self.cx.builder.local(Some(self.symbol_name(symbol)), None);
        self.set_home(symbol, Place::local(id));
        Place::local(id)
    }

    /// Captures what the function at `level` knows as `place`, through all functions between.
    fn capture_from(&mut self, level: usize, mut place: Place, name: &Name) -> Place {
        for between in &mut self.outer[level + 1..] {
            place = between.capture(place, name);
        }
        self.cx.capture(place, name)
    }

    /// The symbol that a name refers to; `None` when nothing in the file binds it.
    pub(super) fn resolve(&self, name: &IdentifierReference<'a>) -> Option<SymbolId> {
        let reference = name.reference_id.get()?;
        self.scoping.get_reference(reference).symbol_id()
    }

    /// True when the expression is a name that nothing in the file binds.
    pub(super) fn is_unbound(&self, expr: &Expression<'a>, name: &str) -> bool {
        matches!(expr, Expression::Identifier(id) if id.name == name && self.resolve(id).is_none())
    }

    pub(super) fn identifier(&mut self, name: &IdentifierReference<'a>) -> Place {
        match self.resolve(name) {
            Some(symbol) => self.symbol(symbol),
            None if name.name == "arguments" && !self.cx.module => self.arguments(name.span),
            None => Place::global(Name::new(name.name.as_str())),
        }
    }

    /// The place that a declaration binds.
    pub(super) fn binding(&mut self, name: &BindingIdentifier<'a>) -> Place {
        match name.symbol_id.get() {
            Some(symbol) => self.symbol(symbol),
            None => {
                let id = self.cx.builder.local(Some(Name::new(name.name.as_str())), None);
                Place::local(id)
            }
        }
    }

    /// `arguments`: the parameters of the function.
    fn arguments(&mut self, range: oxc_span::Span) -> Place {
        let count = self.cx.arguments.unwrap_or(0);
        let parts = (0..count.min(usize::from(u8::MAX)) as u16)
            .map(|index| (Proj::Index(index), Place::root(Root::Param(index))))
            .collect();
        let dst = self.temp();
        let span = self.range(range);
        self.emit(Op::Build { dst, parts, of: Vec::new() }, span);
        dst
    }

    /// What `this` is here.
    pub(super) fn this(&mut self) -> Place {
        self.this_at(self.outer.len())
    }

    fn this_at(&mut self, level: usize) -> Place {
        let cx = self.context_at(level);
        if let Some(place) = cx.other_this.last() {
            return *place;
        }
        match cx.this {
            This::Receiver => Place::root(Root::This),
            This::Enclosing if level > 0 => {
                let outside = self.this_at(level - 1);
                self.context_at(level).capture(outside, &Name::new("this"))
            }
            This::Enclosing | This::Unknown => {
                *cx.unknown_this.get_or_insert_with(|| Place::local(cx.builder.local(None, None)))
            }
        }
    }

    fn context_at(&mut self, level: usize) -> &mut Context<'a> {
        if level < self.outer.len() { &mut self.outer[level] } else { &mut self.cx }
    }

    // ---- what is written

    /// The literal, when `expr` is one that tests and configuration can depend on.
    pub(super) fn literal(&self, expr: &Expression<'a>) -> Option<Const> {
        match expr {
            Expression::NullLiteral(_) => Some(Const::Null),
            Expression::BooleanLiteral(literal) => Some(Const::Bool(literal.value)),
            Expression::NumericLiteral(literal) => Some(Const::Num(literal.value)),
            Expression::StringLiteral(literal) => string(literal.value.as_str()),
            Expression::TemplateLiteral(template) => string(template.single_quasi()?.as_str()),
            Expression::UnaryExpression(unary) => match (unary.operator, &unary.argument) {
                (UnaryOperator::UnaryNegation, Expression::NumericLiteral(literal)) => Some(Const::Num(-literal.value)),
                (UnaryOperator::Void, Expression::NumericLiteral(_)) => Some(Const::Undefined),
                _ => None,
            },
            Expression::BinaryExpression(_) => arithmetic(expr, MAX_ARITHMETIC).map(Const::Num),
            Expression::Identifier(_) if self.is_unbound(expr, "undefined") => Some(Const::Undefined),
            Expression::ParenthesizedExpression(inner) => self.literal(&inner.expression),
            Expression::TSAsExpression(inner) => self.literal(&inner.expression),
            Expression::TSSatisfiesExpression(inner) => self.literal(&inner.expression),
            Expression::TSTypeAssertion(inner) => self.literal(&inner.expression),
            Expression::TSNonNullExpression(inner) => self.literal(&inner.expression),
            _ => None,
        }
    }
}

/// What numbers in the source come to: `5 * 60_000`.
fn arithmetic(expr: &Expression<'_>, depth: u32) -> Option<f64> {
    let depth = depth.checked_sub(1)?;
    let value = match expr {
        Expression::NumericLiteral(literal) => literal.value,
        Expression::ParenthesizedExpression(inner) => arithmetic(&inner.expression, depth)?,
        Expression::BinaryExpression(binary) => {
            // The right one first: it is no deeper than what is written in parentheses.
            let right = arithmetic(&binary.right, depth)?;
            let left = arithmetic(&binary.left, depth)?;
            match binary.operator {
                BinaryOperator::Addition => left + right,
                BinaryOperator::Subtraction => left - right,
                BinaryOperator::Multiplication => left * right,
                BinaryOperator::Division => left / right,
                _ => return None,
            }
        }
        _ => return None,
    };
    value.is_finite().then_some(value)
}

fn string(text: &str) -> Option<Const> {
    (text.len() <= MAX_STRING).then(|| Const::Str(Name::new(text)))
}

/// The expression inside of parentheses and type assertions.
pub(super) fn bare<'e, 'a>(mut expr: &'e Expression<'a>) -> &'e Expression<'a> {
    loop {
        expr = match expr {
            Expression::ParenthesizedExpression(inner) => &inner.expression,
            Expression::TSAsExpression(inner) => &inner.expression,
            Expression::TSSatisfiesExpression(inner) => &inner.expression,
            Expression::TSTypeAssertion(inner) => &inner.expression,
            Expression::TSNonNullExpression(inner) => &inner.expression,
            Expression::TSInstantiationExpression(inner) => &inner.expression,
            other => return other,
        };
    }
}

/// The expression inside of parentheses.
pub(super) fn unparenthesized<'e, 'a>(mut expr: &'e Expression<'a>) -> &'e Expression<'a> {
    while let Expression::ParenthesizedExpression(inner) = expr {
        expr = &inner.expression;
    }
    expr
}
