//! Functions, classes and modules: what a front end hands over for one file.

use super::{After, BlockId, Instr, Name, Op, Place, Span, Term};

#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct FuncId(pub u32);

#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct ClassId(pub u32);

impl FuncId {
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

impl ClassId {
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// One op of one function.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct OpRef {
    pub func: FuncId,
    pub block: BlockId,
    pub op: u32,
}

/// A type as written: `Optional[redis.Redis]` is `{path: redis.Redis, optional: true}`. Resolving it is `resolve`'s work.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct TypeRef {
    /// Dotted name as written. For a union, the first member that is no null type; see `alternatives`.
    pub path: Vec<Name>,
    pub args: Vec<TypeRef>,
    pub optional: bool,
    /// The other members of a union.
    pub alternatives: Vec<TypeRef>,
    /// The fields of an object type that is written out instead of named; `path` is empty then.
    pub fields: Vec<(Name, TypeRef)>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum FnKind {
    /// The top level of a file; `FuncId(0)` of its [`Module`].
    Module,
    Plain,
    Method,
    /// `__init__`, `constructor`.
    Constructor,
    /// Runs when an attribute is read or written.
    Accessor,
    Closure,
    /// A promise handler.
    Chain,
    Task,
}

/// How a method is bound.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Binding {
    /// Not a method, or a static one.
    None,
    /// `Root::This` is the object.
    Instance,
    /// `Root::This` is the class.
    Class,
}

#[derive(Clone, PartialEq, Debug)]
pub struct Param {
    pub name: Name,
    pub ty: Option<TypeRef>,
    /// The place in the *defining* function that holds the default, where the language evaluates it once there.
    pub default: Option<Place>,
    /// The default is the language's null.
    pub default_null: bool,
    /// Stored to the field of the same name by the language (TypeScript parameter properties).
    pub property: bool,
    /// `*args` / `**kwargs` / rest.
    pub variadic: bool,
    pub span: Span,
}

/// A variable. Temporaries have no name.
#[derive(Clone, PartialEq, Debug)]
pub struct Local {
    pub name: Option<Name>,
    /// Boxed: most locals are temporaries.
    pub ty: Option<Box<TypeRef>>,
}

/// A decorator: the place (in the defining function) of the decorator value and its dotted name as written, if it has one.
#[derive(Clone, PartialEq, Debug)]
pub struct Decorator {
    pub place: Place,
    pub path: Vec<Name>,
    pub span: Span,
}

/// Which part of a cleanup scheme a block is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum BlockKind {
    Plain,
    /// First block of a `finally` or `with` exit. Entered with a pending completion.
    Cleanup,
    /// Chooses among exception handlers. Entered with a pending exception, which `Catch` takes.
    /// Its `Switch` lists handler blocks in order; when `rethrow`, an unmatched exception goes on to `unwind`.
    Dispatch {
        rethrow: bool,
    },
}

/// A basic block.
///
/// `unwind` is where an exception raised by any op of the block goes: a cleanup or dispatch block, or out of the function when `None`.
/// Exceptional edges leave *before* the op's effect on its own result: a failed acquisition acquires nothing.
#[derive(Clone, PartialEq, Debug)]
pub struct Block {
    pub instrs: Vec<Instr>,
    pub term: Term,
    pub term_span: Span,
    pub unwind: Option<BlockId>,
    pub kind: BlockKind,
    pub loop_header: bool,
    /// How many loops enclose the block.
    pub loop_depth: u16,
    /// How many completions are pending while the block runs: one for each cleanup region and exception dispatch around it (for a
    /// `Cleanup` or `Dispatch` block, its own included). Whoever enters a block from a region with more of them drops the surplus.
    pub pending: u8,
    /// Inside `if __name__ == "__main__"`.
    pub script: bool,
}

#[derive(Clone, PartialEq, Debug)]
pub struct Function {
    pub name: Name,
    /// `Class.method`, `outer.inner`; `<module>` for the file. Unique names are not guaranteed (redefinitions).
    pub qualname: Name,
    pub kind: FnKind,
    pub binding: Binding,
    pub class: Option<ClassId>,
    /// The function whose body defines this one; `None` for the module.
    pub parent: Option<FuncId>,
    pub r#async: bool,
    pub generator: bool,
    /// By the language's rules or conventions only code of the same class or module calls it.
    pub private: bool,
    pub params: Vec<Param>,
    /// Name of the receiver as written (`self`), when bound.
    pub receiver: Option<Name>,
    pub ret: Option<TypeRef>,
    /// Names of the captured variables; see [`super::Op::Closure`].
    pub captures: Vec<Name>,
    pub decorators: Vec<Decorator>,
    /// Texts that the body begins with and that say how it runs: `use server`. Of the top level: how all that the file exports does.
    pub directives: Vec<Name>,
    pub locals: Vec<Local>,
    /// `blocks[0]` is the entry.
    pub blocks: Vec<Block>,
    pub span: Span,
    /// The function's name in the source, or its keyword for anonymous ones.
    pub name_span: Span,
}

#[derive(Clone, PartialEq, Debug)]
pub struct Field {
    pub name: Name,
    pub ty: Option<TypeRef>,
    pub span: Span,
}

#[derive(Clone, PartialEq, Debug)]
pub struct Class {
    pub name: Name,
    pub qualname: Name,
    pub bases: Vec<TypeRef>,
    /// Fields declared in the class body; those made by assignment to the receiver are found by `resolve`.
    pub fields: Vec<Field>,
    /// In source order; a later one of the same name wins.
    pub methods: Vec<(Name, FuncId)>,
    pub decorators: Vec<Decorator>,
    pub span: Span,
    pub name_span: Span,
}

/// A name under which other files can import something.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Export {
    /// `default`, a name, or `*` for everything of `from`.
    pub name: Name,
    /// The module that it comes from, when it is only passed on.
    pub from: Option<Name>,
    pub span: Span,
}

impl Export {
    /// Where a module keeps what it exports under a name that is none of its variables.
    pub fn place(name: &str) -> Place {
        Place::global(Name::new("exports")).field(Name::new(name))
    }

    /// Where a module keeps what it is as a whole (`module.exports = ...`).
    pub fn whole() -> Place {
        Place::global(Name::new("module")).field(Name::new("exports"))
    }
}

/// One file, lowered.
#[derive(Clone, PartialEq, Debug)]
pub struct Module {
    pub file: super::FileId,
    /// `functions[0]` is the top level.
    pub functions: Vec<Function>,
    pub classes: Vec<Class>,
    /// Has an `if __name__ == "__main__"` region.
    pub has_script_region: bool,
    /// What the file says it exports; empty in languages where everything can be imported.
    pub exports: Vec<Export>,
    /// Modules whose names are all names of this one, too (`from m import *`).
    pub stars: Vec<Name>,
    /// Parts of the top level that run once for each object that is made of the file (a component), not once per process.
    pub instances: Vec<Span>,
}

impl Module {
    /// Gives back memory that was reserved while the module was built: many modules wait for each other.
    pub fn shrink(&mut self) {
        self.functions.shrink_to_fit();
        for function in &mut self.functions {
            function.locals.shrink_to_fit();
            function.blocks.shrink_to_fit();
            function.blocks.iter_mut().for_each(|block| block.instrs.shrink_to_fit());
        }
    }

    pub fn func(&self, id: FuncId) -> &Function {
        &self.functions[id.index()]
    }

    pub fn class(&self, id: ClassId) -> &Class {
        &self.classes[id.index()]
    }

    pub fn func_ids(&self) -> impl Iterator<Item = FuncId> + use<> {
        (0..self.functions.len() as u32).map(FuncId)
    }

    pub fn op(&self, at: OpRef) -> &Instr {
        &self.func(at.func).blocks[at.block.index()].instrs[at.op as usize]
    }
}

impl Block {
    /// Calls `f` for every block that may run next, the exceptional one included. What follows a cleanup is told of the jump into it.
    pub fn for_each_successor(&self, f: &mut dyn FnMut(BlockId)) {
        self.unwind.iter().for_each(|block| f(*block));
        match &self.term {
            Term::Goto(block) => f(*block),
            Term::Branch { yes, no, .. } => {
                f(*yes);
                f(*no);
            }
            Term::Switch(blocks) => blocks.iter().for_each(|block| f(*block)),
            Term::Jump { cleanups, then } => {
                cleanups.iter().for_each(|block| f(*block));
                if let After::Block(block) = then {
                    f(*block);
                }
            }
            Term::EndCleanup { after } => after.iter().for_each(|block| f(*block)),
            Term::Return { .. } | Term::Raise { .. } | Term::Halt => {}
        }
    }
}

impl Function {
    /// Whether `name` is its name or qualified name.
    pub fn is_called(&self, name: &str) -> bool {
        self.name == name || self.qualname == name
    }

    /// The parameter that the argument at `position` of a call fills.
    pub fn param_for(&self, position: usize, arg: &super::Arg) -> Option<usize> {
        if arg.spread {
            return None;
        }
        match &arg.name {
            Some(name) => self.params.iter().position(|param| param.name == *name),
            None if position < self.params.len() => Some(position),
            None => self.params.iter().position(|param| param.variadic),
        }
    }

    /// It ends in something that does not parse: what follows may be missing, as while somebody is typing.
    pub fn is_cut(&self) -> bool {
        let instrs = self.blocks.iter().flat_map(|block| &block.instrs);
        let last = instrs.max_by_key(|instr| instr.span.lo);
        self.kind != FnKind::Module
            && last.is_some_and(|last| matches!(last.op, Op::Unknown { kind, .. } if kind == Op::SYNTAX))
    }

    pub fn block(&self, id: BlockId) -> &Block {
        &self.blocks[id.index()]
    }

    /// The user's name for a place (`conn`, `self.pool`), or `None` for a temporary.
    pub fn place_name(&self, place: &Place) -> Option<String> {
        use super::{Proj, Root};
        let mut out = match &place.root {
            Root::Local(id) => self.locals[id.0 as usize].name.as_ref()?.to_string(),
            Root::Param(i) => self.params.get(*i as usize)?.name.to_string(),
            Root::This => self.receiver.as_ref()?.to_string(),
            Root::Capture(i) => self.captures.get(*i as usize)?.to_string(),
            Root::Global(name) => name.to_string(),
            Root::Result => return None,
        };
        for proj in &place.proj {
            match proj {
                Proj::Field(name) => {
                    out.push('.');
                    out.push_str(name);
                }
                Proj::Index(i) => out.push_str(&format!("[{i}]")),
                Proj::Elem => out.push_str("[...]"),
            }
        }
        Some(out)
    }
}
