//! Text form of the IR, for people: `unclosed dump` and the tests of the front ends.
//!
//! ```text
//! fn Pool.get(this:self, $0:key: str = null) -> redis.Redis   [method Pool]
//!   b0:
//!     %1 = call @make($0:key)
//!     %0:conn <- move %1
//!     if %0:conn is null goto b1 else b2
//! ```
//! Locals and parameters carry their names; `unwind` and `pending` stand in the head of a block when there are any.

use super::{
    After, Binding, Block, BlockId, BlockKind, Callee, Class, Const, Decorator, FnKind, Function, Module, Name, Op,
    Origin, Place, Root, Term, Test, TypeRef, Why,
};
use std::fmt::{self, Write};

/// How much of a function is printed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Detail {
    /// Signature, blocks, ops.
    Ir,
    /// Blocks and edges.
    Cfg,
}

/// All functions and classes of a file.
pub fn print_module(module: &Module, detail: Detail) -> String {
    let mut out = String::new();
    if detail == Detail::Ir {
        for class in &module.classes {
            // Writing to a string does not fail.
            let _ = write_class(&mut out, module, class);
        }
    }
    for function in &module.functions {
        if !out.is_empty() {
            out.push('\n');
        }
        out.push_str(&print_function(module, function, detail));
    }
    out
}

/// One function.
pub fn print_function(module: &Module, function: &Function, detail: Detail) -> String {
    let mut out = String::new();
    let printer = Printer { module, function };
    let _ = match detail {
        Detail::Ir => printer.ir(&mut out),
        Detail::Cfg => printer.cfg(&mut out),
    };
    out
}

fn write_class(out: &mut String, module: &Module, class: &Class) -> fmt::Result {
    write!(out, "class {}", class.qualname)?;
    if !class.bases.is_empty() {
        write!(out, "({})", Join(&class.bases, ", "))?;
    }
    for decorator in &class.decorators {
        write!(out, " @{}", Join(&decorator.path, "."))?;
    }
    writeln!(out)?;
    for field in &class.fields {
        write!(out, "  field {}", field.name)?;
        if let Some(ty) = &field.ty {
            write!(out, ": {ty}")?;
        }
        writeln!(out)?;
    }
    for (name, func) in &class.methods {
        let qualname = module.functions.get(func.index()).map_or("?", |function| function.qualname.as_str());
        writeln!(out, "  method {name} = #{} {qualname}", func.0)?;
    }
    Ok(())
}

struct Printer<'a> {
    module: &'a Module,
    function: &'a Function,
}

impl Printer<'_> {
    fn signature(&self, out: &mut String) -> fmt::Result {
        let function = self.function;
        for decorator in &function.decorators {
            self.decorator(out, decorator)?;
        }
        if function.r#async {
            out.push_str("async ");
        }
        write!(out, "fn {}(", function.qualname)?;
        let mut separator = "";
        if let Some(receiver) = &function.receiver {
            write!(out, "this:{receiver}")?;
            separator = ", ";
        }
        for (index, param) in function.params.iter().enumerate() {
            write!(out, "{separator}{}${index}:{}", if param.variadic { "*" } else { "" }, param.name)?;
            if let Some(ty) = &param.ty {
                write!(out, ": {ty}")?;
            }
            if param.default_null {
                out.push_str(" = null");
            } else if let Some(default) = &param.default {
                // The default belongs to the defining function.
                write!(out, " = outer {default}")?;
            }
            separator = ", ";
        }
        out.push(')');
        if let Some(ret) = &function.ret {
            write!(out, " -> {ret}")?;
        }
        let kind = match function.kind {
            FnKind::Module => "module",
            FnKind::Plain => "plain",
            FnKind::Method => "method",
            FnKind::Constructor => "constructor",
            FnKind::Accessor => "accessor",
            FnKind::Closure => "closure",
            FnKind::Chain => "chain",
            FnKind::Task => "task",
        };
        write!(out, "   [{kind}")?;
        match function.binding {
            Binding::None | Binding::Instance => {}
            Binding::Class => out.push_str(", bound to the class"),
        }
        if function.generator {
            out.push_str(", generator");
        }
        for (index, name) in function.captures.iter().enumerate() {
            write!(out, "{} ^{index}:{name}", if index == 0 { ", captures" } else { "" })?;
        }
        out.push_str("]\n");
        for (index, local) in function.locals.iter().enumerate() {
            if let Some(ty) = &local.ty {
                let name = local.name.as_ref().map(|name| format!(":{name}")).unwrap_or_default();
                writeln!(out, "  local %{index}{name}: {ty}")?;
            }
        }
        Ok(())
    }

    fn decorator(&self, out: &mut String, decorator: &Decorator) -> fmt::Result {
        if decorator.path.is_empty() {
            writeln!(out, "@({})", decorator.place)
        } else {
            writeln!(out, "@{}", Join(&decorator.path, "."))
        }
    }

    fn ir(&self, out: &mut String) -> fmt::Result {
        self.signature(out)?;
        for (index, block) in self.function.blocks.iter().enumerate() {
            self.head(out, index, block, true)?;
            for instr in &block.instrs {
                out.push_str("    ");
                self.op(out, &instr.op)?;
                if instr.origin == Origin::Synth {
                    out.push_str("   ; synth");
                }
                out.push('\n');
            }
            out.push_str("    ");
            self.term(out, &block.term)?;
            out.push('\n');
        }
        Ok(())
    }

    /// `  b3: loop, cleanup, pending 1, unwind b5`
    fn head(&self, out: &mut String, index: usize, block: &Block, with_unwind: bool) -> fmt::Result {
        write!(out, "  b{index}:")?;
        let mut separator = " ";
        let mut note = |out: &mut String, text: fmt::Arguments<'_>| {
            let done = write!(out, "{separator}{text}");
            separator = ", ";
            done
        };
        match block.kind {
            BlockKind::Plain => {}
            BlockKind::Cleanup => note(out, format_args!("cleanup"))?,
            BlockKind::Dispatch { rethrow: true } => note(out, format_args!("dispatch"))?,
            BlockKind::Dispatch { rethrow: false } => note(out, format_args!("dispatch of everything"))?,
        }
        if block.loop_header {
            note(out, format_args!("loop"))?;
        }
        if block.script {
            note(out, format_args!("script"))?;
        }
        if block.pending > 0 {
            note(out, format_args!("pending {}", block.pending))?;
        }
        if let Some(unwind) = block.unwind.filter(|_| with_unwind) {
            note(out, format_args!("unwind b{}", unwind.0))?;
        }
        out.push('\n');
        Ok(())
    }

    fn cfg(&self, out: &mut String) -> fmt::Result {
        writeln!(out, "fn {}", self.function.qualname)?;
        for (index, block) in self.function.blocks.iter().enumerate() {
            self.head(out, index, block, false)?;
            let is_back = |to: BlockId| {
                let target = &self.function.blocks[to.index()];
                target.loop_header && target.loop_depth <= block.loop_depth && to.index() <= index
            };
            let back = |to: BlockId| if is_back(to) { ", back" } else { "" };
            let next = |to: BlockId| if is_back(to) { "back" } else { "next" };
            match &block.term {
                Term::Goto(to) => writeln!(out, "    {} b{}", next(*to), to.0)?,
                Term::Branch { yes, no, .. } => {
                    writeln!(out, "    true{} b{}", back(*yes), yes.0)?;
                    writeln!(out, "    false{} b{}", back(*no), no.0)?;
                }
                Term::Switch(targets) => {
                    for to in targets {
                        writeln!(out, "    {} b{}", next(*to), to.0)?;
                    }
                }
                Term::Jump { .. } | Term::Return { .. } | Term::Raise { .. } | Term::EndCleanup { .. } | Term::Halt => {
                    out.push_str("    ");
                    self.term(out, &block.term)?;
                    out.push('\n');
                }
            }
            if let Some(unwind) = block.unwind {
                writeln!(out, "    unwind b{}", unwind.0)?;
            }
        }
        Ok(())
    }

    fn place<'p>(&self, place: &'p Place) -> NamedPlace<'_, 'p> {
        NamedPlace { function: self.function, place }
    }

    fn op(&self, out: &mut String, op: &Op) -> fmt::Result {
        match op {
            Op::Copy { dst, src, moved } => {
                let moved = if *moved { "move " } else { "" };
                write!(out, "{} <- {moved}{}", self.place(dst), self.place(src))
            }
            Op::Const { dst, value } => {
                write!(out, "{} = ", self.place(dst))?;
                self.constant(out, value)
            }
            Op::Build { dst, parts, of } => {
                write!(out, "{} = build", self.place(dst))?;
                for (proj, place) in parts {
                    write!(out, " {proj}={}", self.place(place))?;
                }
                for place in of {
                    write!(out, " of {}", self.place(place))?;
                }
                Ok(())
            }
            Op::Call { dst, callee, args, new } => {
                write!(out, "{} = {} ", self.place(dst), if *new { "new" } else { "call" })?;
                match callee {
                    Callee::Method { recv, name, optional } => {
                        write!(out, "{}{}.{name}", self.place(recv), if *optional { "?" } else { "" })?;
                    }
                    Callee::Super { name } => write!(out, "super.{name}")?,
                    Callee::Value(place) => write!(out, "{}", self.place(place))?,
                }
                out.push('(');
                for (index, arg) in args.iter().enumerate() {
                    if index > 0 {
                        out.push_str(", ");
                    }
                    if let Some(name) = &arg.name {
                        write!(out, "{name}=")?;
                    }
                    if arg.spread {
                        out.push('*');
                    }
                    match &arg.literal {
                        Some(literal) => self.constant(out, literal)?,
                        None => write!(out, "{}", self.place(&arg.place))?,
                    }
                }
                out.push(')');
                Ok(())
            }
            Op::Await { dst, src } => write!(out, "{} = await {}", self.place(dst), self.place(src)),
            Op::Yield { dst, src, delegate } => {
                write!(out, "{} = yield{}", self.place(dst), if *delegate { " from" } else { "" })?;
                src.iter().try_for_each(|src| write!(out, " {}", self.place(src)))
            }
            Op::Closure { dst, func, captures } => {
                let name = self.module.functions.get(func.index()).map_or("?", |function| function.qualname.as_str());
                write!(out, "{} = closure #{} {name}", self.place(dst), func.0)?;
                for (index, (place, hold)) in captures.iter().enumerate() {
                    let hold = match hold {
                        super::Hold::ByRef => "",
                        super::Hold::ByMove => "move ",
                        super::Hold::Weak => "weak ",
                    };
                    write!(out, " ^{index}={hold}{}", self.place(place))?;
                }
                Ok(())
            }
            Op::Enter { dst, manager, r#async } => {
                write!(out, "{} = {}enter {}", self.place(dst), asyncness(*r#async), self.place(manager))
            }
            Op::Exit { manager, r#async } => write!(out, "{}exit {}", asyncness(*r#async), self.place(manager)),
            Op::Drop { place, maybe_moved } => {
                write!(out, "drop {}{}", self.place(place), if *maybe_moved { " unless moved" } else { "" })
            }
            Op::Catch { dst, types } => {
                write!(out, "{} = catch", self.place(dst))?;
                if types.is_empty() { Ok(()) } else { write!(out, " {}", Join(types, ", ")) }
            }
            Op::Escape { place, why } => {
                let why = match why {
                    Why::ElemOfUnknown => "into something unknown",
                    Why::Reflection => "under a computed name",
                    Why::UnmodelledSyntax => "into unmodelled syntax",
                };
                write!(out, "escape {} {why}", self.place(place))
            }
            Op::Unknown { kind, reads, writes } => {
                write!(out, "unknown {kind}")?;
                for (word, places) in [(" reads", reads), (" writes", writes)] {
                    for (index, place) in places.iter().enumerate() {
                        write!(out, "{} {}", if index == 0 { word } else { "," }, self.place(place))?;
                    }
                }
                Ok(())
            }
        }
    }

    fn constant(&self, out: &mut String, value: &Const) -> fmt::Result {
        match value {
            Const::Null => write!(out, "null"),
            Const::Undefined => write!(out, "undefined"),
            Const::Bool(value) => write!(out, "{value}"),
            Const::Num(value) => write!(out, "{value}"),
            Const::Str(value) => write!(out, "{value:?}"),
            Const::Symbol(path) => write!(out, "symbol {path}"),
            Const::Class(id) => {
                let name = self.module.classes.get(id.index()).map_or("?", |class| class.qualname.as_str());
                write!(out, "class {name}")
            }
        }
    }

    fn term(&self, out: &mut String, term: &Term) -> fmt::Result {
        match term {
            Term::Goto(to) => write!(out, "goto b{}", to.0),
            Term::Branch { place, test, yes, no } => {
                let place = self.place(place);
                match test {
                    Test::Null => write!(out, "if {place} is null")?,
                    Test::Truthy => write!(out, "if {place}")?,
                    Test::Eq(value) => {
                        write!(out, "if {place} == ")?;
                        self.constant(out, value)?;
                    }
                    Test::InstanceOf(types) => write!(out, "if {place} is a {}", Join(types, " | "))?,
                    Test::Opaque => write!(out, "if ? of {place}")?,
                }
                write!(out, " goto b{} else b{}", yes.0, no.0)
            }
            Term::Switch(targets) => {
                out.push_str("switch");
                targets.iter().try_for_each(|to| write!(out, " b{}", to.0))
            }
            Term::Return { err } => write!(out, "return{}", if *err { " err" } else { "" }),
            Term::Raise { bare } => write!(out, "{}", if *bare { "reraise" } else { "raise" }),
            Term::Jump { cleanups, then } => {
                out.push_str("jump through");
                for cleanup in cleanups {
                    write!(out, " b{}", cleanup.0)?;
                }
                match then {
                    After::Block(to) => write!(out, " to b{}", to.0),
                    After::Return { err } => write!(out, " to return{}", if *err { " err" } else { "" }),
                }
            }
            Term::EndCleanup { after: None } => write!(out, "end cleanup"),
            Term::EndCleanup { after: Some(to) } => write!(out, "end cleanup, if swallowed b{}", to.0),
            Term::Halt => write!(out, "halt"),
        }
    }
}

fn asyncness(r#async: bool) -> &'static str {
    if r#async { "async " } else { "" }
}

/// A place with the names of locals, parameters, receiver and captures.
struct NamedPlace<'a, 'p> {
    function: &'a Function,
    place: &'p Place,
}

impl fmt::Display for NamedPlace<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let NamedPlace { function, place } = self;
        let name: Option<&Name> = match place.root {
            Root::Local(id) => function.locals.get(id.0 as usize).and_then(|local| local.name.as_ref()),
            Root::Param(index) => function.params.get(index as usize).map(|param| &param.name),
            Root::Capture(index) => function.captures.get(index as usize),
            Root::This | Root::Global(_) | Root::Result => None,
        };
        match name {
            None => write!(f, "{place}"),
            Some(name) => {
                write!(f, "{}:{name}", Place::root(place.root))?;
                place.proj.iter().try_for_each(|proj| write!(f, "{proj}"))?;
                if place.cut { write!(f, "..") } else { Ok(()) }
            }
        }
    }
}

/// Writes a list with a separator.
struct Join<'a, T>(&'a [T], &'static str);

impl<T: fmt::Display> fmt::Display for Join<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, item) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_str(self.1)?;
            }
            write!(f, "{item}")?;
        }
        Ok(())
    }
}

/// `Optional[redis.Redis]` is `redis.Redis?`, other members of a union follow after `|`.
impl fmt::Display for TypeRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", Join(&self.path, "."))?;
        if !self.args.is_empty() {
            write!(f, "[{}]", Join(&self.args, ", "))?;
        }
        if self.optional {
            f.write_str("?")?;
        }
        self.alternatives.iter().try_for_each(|other| write!(f, " | {other}"))
    }
}
