//! Several modules as one space of ids.

use super::{
    BlockId, Class, ClassId, Const, Export, FileId, FnKind, FuncId, Function, Instr, Module, Name, Op, OpRef, Span,
};

#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct ModuleId(pub u32);

impl ModuleId {
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// What remains of a [`Module`] beside its functions and classes.
#[derive(Clone, PartialEq, Debug)]
pub struct Part {
    pub file: FileId,
    /// The function of its top level.
    pub top: FuncId,
    pub has_script_region: bool,
    pub exports: Vec<Export>,
    pub stars: Vec<Name>,
    /// See [`Module::instances`].
    pub instances: Vec<Span>,
}

/// The modules that are analysed together. A global name ([`super::Root::Global`]) means what it means in the module of the function that
/// uses it; ids of functions and classes are unique over all modules.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Program {
    pub functions: Vec<Function>,
    pub classes: Vec<Class>,
    pub modules: Vec<Part>,
    /// The module of each function and of each class.
    function_homes: Vec<ModuleId>,
    class_homes: Vec<ModuleId>,
}

impl Program {
    /// Modules in the given order; ids of functions and classes follow it.
    pub fn link(modules: Vec<Module>) -> Program {
        let mut program = Program::default();
        for mut module in modules {
            let functions = program.functions.len() as u32;
            let classes = program.classes.len() as u32;
            if functions + classes > 0 {
                module.functions.iter_mut().for_each(|function| move_function(function, functions, classes));
                let methods = module.classes.iter_mut().flat_map(|class| &mut class.methods);
                methods.for_each(|(_, method)| method.0 += functions);
            }
            let id = ModuleId(program.modules.len() as u32);
            program.modules.push(Part {
                file: module.file,
                top: FuncId(functions),
                has_script_region: module.has_script_region,
                exports: module.exports,
                stars: module.stars,
                instances: module.instances,
            });
            program.functions.append(&mut module.functions);
            program.classes.append(&mut module.classes);
            program.function_homes.resize(program.functions.len(), id);
            program.class_homes.resize(program.classes.len(), id);
        }
        program
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

    pub fn module_ids(&self) -> impl Iterator<Item = ModuleId> + use<> {
        (0..self.modules.len() as u32).map(ModuleId)
    }

    /// The functions of one module, its top level first.
    pub fn functions_of(&self, id: ModuleId) -> impl Iterator<Item = FuncId> + use<> {
        let start = self.part(id).top.0;
        let end = self.modules.get(id.index() + 1).map_or(self.functions.len() as u32, |next| next.top.0);
        (start..end).map(FuncId)
    }

    /// The ops of the function, block by block.
    pub fn ops(&self, func: FuncId) -> impl Iterator<Item = (OpRef, &Instr)> {
        self.func(func).blocks.iter().enumerate().flat_map(move |(b, block)| {
            let at = move |i| OpRef { func, block: BlockId(b as u32), op: i };
            (0..).zip(&block.instrs).map(move |(i, instr)| (at(i), instr))
        })
    }

    pub fn op(&self, at: OpRef) -> &Instr {
        &self.func(at.func).blocks[at.block.index()].instrs[at.op as usize]
    }

    pub fn part(&self, id: ModuleId) -> &Part {
        &self.modules[id.index()]
    }

    pub fn module_of(&self, func: FuncId) -> ModuleId {
        self.function_homes[func.index()]
    }

    pub fn module_of_class(&self, class: ClassId) -> ModuleId {
        self.class_homes[class.index()]
    }

    /// The top level of the file that the function is in.
    pub fn top_of(&self, func: FuncId) -> FuncId {
        self.part(self.module_of(func)).top
    }

    /// The top level of the file that the class is in.
    pub fn top_of_class(&self, class: ClassId) -> FuncId {
        self.part(self.module_of_class(class)).top
    }

    /// The function, for people: "`load`", "the constructor of `Cache`", "a function of `load`", "this function".
    pub fn described(&self, func: FuncId) -> String {
        let function = self.func(func);
        let named = |name: &str| !name.starts_with('<') && name != "exports";
        if self.is_top(func) {
            return "the module".to_owned();
        }
        if let (FnKind::Constructor, Some(class)) = (function.kind, function.class) {
            return format!("the constructor of `{}`", self.class(class).name);
        }
        if named(function.name.as_str()) {
            return format!("`{}`", function.name);
        }
        let mut around = function.parent.filter(|parent| !self.is_top(*parent));
        while let Some(func) = around {
            let function = self.func(func);
            if function.kind == FnKind::Constructor || named(function.name.as_str()) {
                return format!("a function of {}", self.described(func).replace("the constructor of ", ""));
            }
            around = function.parent.filter(|parent| !self.is_top(*parent));
        }
        "this function".to_owned()
    }

    /// The code is at the top level of a file, and runs once for each object that is made of it.
    pub fn is_per_instance(&self, func: FuncId, at: Span) -> bool {
        self.is_top(func) && self.part(self.module_of(func)).instances.iter().any(|part| part.contains(at))
    }

    /// The function is the top level of its file.
    pub fn is_top(&self, func: FuncId) -> bool {
        self.top_of(func) == func
    }
}

fn move_function(function: &mut Function, functions: u32, classes: u32) {
    if let Some(class) = &mut function.class {
        class.0 += classes;
    }
    if let Some(parent) = &mut function.parent {
        parent.0 += functions;
    }
    for instr in function.blocks.iter_mut().flat_map(|block| &mut block.instrs) {
        match &mut instr.op {
            Op::Closure { func, .. } => func.0 += functions,
            Op::Const { value: Const::Class(class), .. } => class.0 += classes,
            _ => {}
        }
    }
}
