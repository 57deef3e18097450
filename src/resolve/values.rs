//! What a value is made of: literals, settings, the environment. Two places with the same [`Value`] hold the same thing in one process.

use super::links::{Lead, readings};
use super::{Regions, Resolved, Target, Ty};
use crate::ir::{
    Arg, BlockId, Callee, ClassId, Const, Export, FileId, FnKind, FuncId, ModuleId, Name, Op, OpRef, Place, Proj, Root,
    TypeRef,
};
use rustc_hash::FxHashMap;
use smallvec::SmallVec;
use std::cell::{Cell, OnceCell, RefCell};
use std::rc::Rc;

/// Assignments, calls and imports followed from one value to what it comes from.
const MAX_DEPTH: u32 = 12;

/// Questions asked to answer one.
const MAX_STEPS: u32 = 400;

/// Modules looked at for a name that one of them passes on.
const MAX_REEXPORTS: usize = 16;

/// Assignments to one place that are looked at, and calls of one function.
const MAX_SOURCES: usize = 4;

/// Where a value comes from. It may contain a credential: it is compared and never shown.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Value {
    Null,
    Literal(Name),
    /// A function, whatever it does.
    Function,
    /// Something of a library or of the language, by its path: `os.environ.REDIS_URL`.
    Path(Name),
    /// A variable of a module of the program.
    Variable(ModuleId, Name),
    Module(ModuleId),
    /// A file that is not part of the program, but of the project.
    File(FileId),
    /// The object of a library's class that somebody else makes.
    Service(Name),
    Code(FuncId),
    Class(ClassId),
    Member(Box<Value>, Name),
    Call(Box<Value>, Vec<(Name, Value)>),
    Record(Vec<(Name, Value)>),
    OneOf(Vec<Value>),
}

impl Value {
    /// What people call it, if it is a setting with a name: `settings.REDIS_URL`, `process.env.REDIS_URL`.
    pub fn name(&self) -> Option<String> {
        match self {
            Value::Path(path) => Some(path.trim_start_matches("builtins.").to_owned()),
            Value::Variable(_, name) => {
                // What an import binds has the path of the file before its name, where nobody knows the file.
                let name = name.rsplit(['.', '/', '@']).next().unwrap_or_default();
                (!name.is_empty() && name != "default").then(|| name.to_owned())
            }
            Value::Member(of, name) => match **of {
                Value::File(_) | Value::Module(_) => Some(name.to_string()),
                _ => Some(format!("{}.{name}", of.name()?)),
            },
            _ => None,
        }
    }

    pub fn is_literal(&self) -> bool {
        matches!(self, Value::Null | Value::Literal(_))
    }
}

type Sources = SmallVec<[OpRef; 1]>;
type Definitions = FxHashMap<Place, Sources>;

/// Answers questions about values of one program. What it answers with is only as good as the assumption that settings do not change
/// while the process runs.
pub struct Values<'a> {
    resolved: &'a Resolved<'a>,
    regions: &'a Regions,
    locals: RefCell<FxHashMap<FuncId, Rc<Definitions>>>,
    globals: RefCell<FxHashMap<ModuleId, Rc<Definitions>>>,
    fields: OnceCell<FxHashMap<(ClassId, Name), Sources>>,
    callers: OnceCell<FxHashMap<FuncId, Sources>>,
    /// Left for the current answer.
    steps: Cell<u32>,
}

impl<'a> Values<'a> {
    pub fn new(resolved: &'a Resolved<'a>, regions: &'a Regions) -> Self {
        Values {
            resolved,
            regions,
            locals: RefCell::default(),
            globals: RefCell::default(),
            fields: OnceCell::new(),
            callers: OnceCell::new(),
            steps: Cell::new(0),
        }
    }

    /// The arguments of a call in `func`, by position or name; `None` when one of them cannot be known. Functions among them do not
    /// count: they say what to do, not with what.
    pub fn arguments(&self, func: FuncId, args: &[Arg]) -> Option<Vec<(Name, Value)>> {
        self.steps.set(MAX_STEPS);
        self.given(func, args, MAX_DEPTH)
    }

    /// The number that an argument always is.
    pub fn number(&self, func: FuncId, arg: &Arg) -> Option<f64> {
        self.steps.set(MAX_STEPS);
        let value = match &arg.literal {
            Some(literal) => self.constant(func, literal, MAX_DEPTH),
            None => self.value(func, &arg.place, MAX_DEPTH).or_else(|| self.class_constant(func, &arg.place)),
        };
        match value? {
            Value::Literal(text) => text.parse().ok(),
            _ => None,
        }
    }

    /// What the body of a class gives a field that no method assigns.
    fn class_constant(&self, func: FuncId, place: &Place) -> Option<Value> {
        let [Proj::Field(name)] = place.proj.as_slice() else { return None };
        let class = self.resolved.receiver_class(func, &place.root)?;
        let home = self.resolved.program.class(class);
        let top = self.resolved.program.top_of_class(class);
        let fields = self.fields.get_or_init(|| self.field_stores());
        if fields.contains_key(&(class, *name)) {
            return None;
        }
        self.value(top, &Place::global(home.name).field(*name), MAX_DEPTH)
    }

    fn given(&self, func: FuncId, args: &[Arg], depth: u32) -> Option<Vec<(Name, Value)>> {
        let mut out = Vec::new();
        for (position, arg) in args.iter().enumerate() {
            let value = match &arg.literal {
                Some(literal) => self.constant(func, literal, depth)?,
                None => self.value(func, &arg.place, depth)?,
            };
            let name = match &arg.name {
                Some(name) => *name,
                None if arg.spread => Name::from(format!("*{position}")),
                None => Name::from(format!("{position}")),
            };
            out.push((name, value));
        }
        out.retain(|(_, value)| match value {
            Value::Function | Value::Code(_) => false,
            // A builtin itself (`cast=int`) is no setting; what is read from one (`process.env.URL`) is.
            Value::Path(path) => path.strip_prefix("builtins.").is_none_or(|name| name.contains('.')),
            _ => true,
        });
        out.sort();
        Some(out)
    }

    fn value(&self, func: FuncId, place: &Place, depth: u32) -> Option<Value> {
        let depth = depth.checked_sub(1)?;
        self.steps.set(self.steps.get().checked_sub(1)?);
        if place.cut {
            return None;
        }
        // What is assigned to the part itself, or else the part of what is assigned to the whole.
        for length in (0..=place.proj.len()).rev() {
            let mut whole = *place;
            whole.proj.truncate(length);
            let rest = &place.proj[length..];
            if length > 0 && self.sources(func, &whole).is_empty() {
                continue;
            }
            let value = self.whole(func, &whole, depth)?;
            return rest.iter().try_fold(value, |value, proj| match proj {
                Proj::Field(name) => Some(self.member(value, name, depth)),
                Proj::Index(_) | Proj::Elem => None,
            });
        }
        None
    }

    /// The value of a place by what is assigned to it.
    fn whole(&self, func: FuncId, place: &Place, depth: u32) -> Option<Value> {
        let sources = self.sources(func, place);
        match &place.root {
            Root::Capture(i) => {
                let parent = self.resolved.program.func(func).parent?;
                let outer = self.resolved.captured_place(func, *i)?;
                return self.value(parent, &place.rebase(&Place::root(place.root), outer)?, depth);
            }
            Root::Param(i) if sources.is_empty() && place.is_root() => return self.parameter(func, *i, depth),
            Root::Global(name) if place.is_root() => {
                if sources.is_empty() {
                    return self.unbound(func, name, depth);
                }
                let module = self.resolved.program.module_of(func);
                return self.joined(&sources, depth).or(Some(Value::Variable(module, *name)));
            }
            Root::This if place.is_root() => return None,
            _ => {}
        }
        self.joined(&sources, depth)
    }

    /// One value from all that may be assigned. A setting with a default is the setting: the default is for those who have none.
    fn joined(&self, sources: &[OpRef], depth: u32) -> Option<Value> {
        if sources.is_empty() || sources.len() > MAX_SOURCES {
            return None;
        }
        let mut values: Vec<Value> = sources.iter().map(|at| self.assigned(*at, depth)).collect::<Option<_>>()?;
        if values.iter().any(|value| !value.is_literal()) {
            values.retain(|value| !value.is_literal());
        }
        values.sort();
        values.dedup();
        if values.len() > 1 { Some(Value::OneOf(values)) } else { values.pop() }
    }

    fn assigned(&self, at: OpRef, depth: u32) -> Option<Value> {
        let func = at.func;
        match &self.resolved.program.op(at).op {
            Op::Const { value, .. } => self.constant(func, value, depth),
            Op::Copy { src, .. } | Op::Await { src, .. } => self.value(func, src, depth),
            Op::Closure { func, .. } => Some(Value::Code(*func)),
            Op::Build { parts, .. } => {
                let part = |(proj, place): &(Proj, Place)| {
                    let name = match proj {
                        Proj::Field(name) => *name,
                        Proj::Index(i) => Name::from(format!("{i}")),
                        Proj::Elem => Name::new("*"),
                    };
                    Some((name, self.value(func, place, depth)?))
                };
                let mut parts: Vec<(Name, Value)> = parts.iter().map(part).collect::<Option<_>>()?;
                parts.retain(|(_, value)| !matches!(value, Value::Function | Value::Code(_)));
                // A text put together from parts is empty here, too.
                (!parts.is_empty()).then_some(Value::Record(parts))
            }
            Op::Call { callee, args, .. } => self.called(at, callee, args, depth),
            _ => None,
        }
    }

    fn constant(&self, func: FuncId, value: &Const, depth: u32) -> Option<Value> {
        Some(match value {
            Const::Null | Const::Undefined => Value::Null,
            Const::Bool(value) => Value::Literal(Name::from(format!("{value}"))),
            Const::Num(value) => Value::Literal(Name::from(format!("{value}"))),
            Const::Str(text) => Value::Literal(Name::from(format!("{text:?}"))),
            Const::Class(class) => Value::Class(*class),
            Const::Symbol(path) => return self.imported(func, path, depth),
        })
    }

    /// What a call gives: the same for the same arguments, if anything is known of what it works on.
    fn called(&self, at: OpRef, callee: &Callee, args: &[Arg], depth: u32) -> Option<Value> {
        let info = self.resolved.call(at)?;
        let given = self.given(at.func, args, depth)?;
        if let [target] = info.targets.as_slice() {
            match target {
                Target::Construct(class) => return Some(Value::Call(Box::new(Value::Class(*class)), given)),
                Target::Project(func) if !matches!(callee, Callee::Method { .. }) || info.receiver.is_none() => {
                    return Some(Value::Call(Box::new(Value::Code(*func)), given));
                }
                _ => {}
            }
        }
        // What is asked for without a word about what may be another one each time.
        if given.is_empty() {
            return None;
        }
        let called = match callee {
            Callee::Method { recv, name, .. } => self.member(self.value(at.func, recv, depth)?, name, depth),
            Callee::Value(place) => self.value(at.func, place, depth)?,
            Callee::Super { .. } => return None,
        };
        Some(Value::Call(Box::new(called), given))
    }

    fn member(&self, value: Value, name: &Name, depth: u32) -> Value {
        match value {
            Value::Module(module) => {
                let value = self.exported_or_passed_on(module, name, depth);
                value.unwrap_or_else(|| Value::Member(Box::new(Value::Module(module)), *name))
            }
            Value::Path(path) => Value::Path(self.resolved.member_path(&path, name)),
            Value::Record(parts) => match parts.iter().find(|(part, _)| part == name) {
                Some((_, value)) => value.clone(),
                None => Value::Member(Box::new(Value::Record(parts)), *name),
            },
            value => Value::Member(Box::new(value), *name),
        }
    }

    /// What an import binds.
    fn imported(&self, func: FuncId, path: &Name, depth: u32) -> Option<Value> {
        let depth = depth.checked_sub(1)?;
        let Some((module, members)) = self.leads_to(func, path) else {
            let path = self.resolved.symbol_path(path);
            if path.starts_with('.') {
                // A file that nobody knows; from elsewhere it has another name.
                return Some(Value::Variable(self.resolved.program.module_of(func), path));
            }
            return Some(Value::Path(path));
        };
        Some(members.iter().fold(module, |value, name| self.member(value, name, depth)))
    }

    /// The module or file that an import of `path` leads to, and the names asked of it.
    fn leads_to(&self, func: FuncId, path: &Name) -> Option<(Value, Vec<Name>)> {
        readings(path).find_map(|(specifier, members)| {
            let value = match self.resolved.leads_to(func, specifier)? {
                Lead::Module(module) => Value::Module(module),
                Lead::File(file) => Value::File(file),
            };
            Some((value, members.split('.').filter(|member| !member.is_empty()).map(Name::new).collect()))
        })
    }

    /// What `name` is for those who import it from the module.
    fn exported(&self, module: ModuleId, name: &Name, depth: u32) -> Option<Value> {
        let top = self.resolved.program.part(module).top;
        for place in [Export::place(name), Export::whole().field(*name), Place::global(*name)] {
            if !self.sources(top, &place).is_empty() {
                return self
                    .value(top, &place, depth)
                    .or_else(|| Some(Value::Variable(module, Name::from(format!("{place}")))));
            }
        }
        if *name == self.resolved.language().package_member && !self.sources(top, &Export::whole()).is_empty() {
            return self.value(top, &Export::whole(), depth);
        }
        None
    }

    /// The same for what the module passes on from others, too.
    fn exported_or_passed_on(&self, module: ModuleId, name: &Name, depth: u32) -> Option<Value> {
        let mut seen = vec![module];
        let mut next = 0;
        while let Some(module) = seen.get(next).copied() {
            if let Some(value) = self.exported(module, name, depth) {
                return Some(value);
            }
            let more = self.resolved.passed_on(module);
            seen.extend(more.into_iter().filter(|module| !seen.contains(module)).collect::<Vec<_>>());
            seen.truncate(MAX_REEXPORTS);
            next += 1;
        }
        None
    }

    fn unbound(&self, func: FuncId, name: &Name, depth: u32) -> Option<Value> {
        let module = self.resolved.program.module_of(func);
        let passed = self.resolved.passed_on(module);
        if let Some(value) = passed.into_iter().find_map(|next| self.exported_or_passed_on(next, name, depth)) {
            return Some(value);
        }
        Some(Value::Path(self.resolved.member_path(&Name::new("builtins"), name)))
    }

    /// What all callers give.
    fn parameter(&self, func: FuncId, i: u16, depth: u32) -> Option<Value> {
        let function = self.resolved.program.func(func);
        let param = function.params.get(i as usize)?;
        if let Some(service) = self.service(func, param.ty.as_ref()) {
            return Some(service);
        }
        let callers = self.callers().get(&func)?;
        if param.variadic || callers.len() > MAX_SOURCES || self.regions.escaping.contains(&func) {
            return None;
        }
        let mut values = Vec::new();
        for at in callers {
            let Op::Call { args, .. } = &self.resolved.program.op(*at).op else { return None };
            let mut given = args.iter().enumerate();
            let arg = given.find(|(position, arg)| function.param_for(*position, arg) == Some(i as usize));
            values.push(match arg {
                Some((_, Arg { literal: Some(literal), .. })) => self.constant(at.func, literal, depth)?,
                Some((_, arg)) => self.value(at.func, &arg.place, depth)?,
                None if args.iter().any(|arg| arg.spread) => return None,
                None => match &param.default {
                    Some(default) => self.value(function.parent?, default, depth)?,
                    None => Value::Null,
                },
            });
        }
        values.sort();
        values.dedup();
        if values.len() == 1 { values.pop() } else { None }
    }

    /// The object of a library's class that is given to whoever declares that it wants one.
    fn service(&self, func: FuncId, ty: Option<&TypeRef>) -> Option<Value> {
        let ty = ty.filter(|ty| !ty.path.is_empty() && ty.alternatives.is_empty())?;
        let named = self.resolved.named(func, &ty.path);
        match named.as_slice() {
            [Ty::Path(path)] if !path.starts_with("builtins.") && !path.starts_with('.') => {
                self.resolved.catalog.class(path, None).is_none().then_some(Value::Service(*path))
            }
            _ => None,
        }
    }

    /// Ops that assign the place. What is stored in fields of the receiver is found in all functions of its class.
    fn sources(&self, func: FuncId, place: &Place) -> Sources {
        match (&place.root, place.proj.as_slice()) {
            (Root::Global(_), _) => {
                let module = self.resolved.program.module_of(func);
                let known = self.globals.borrow().get(&module).cloned();
                let found = known.unwrap_or_else(|| {
                    let found = Rc::new(self.definitions(self.resolved.program.functions_of(module), true));
                    self.globals.borrow_mut().insert(module, found.clone());
                    found
                });
                found.get(place).cloned().unwrap_or_default()
            }
            (Root::This, [Proj::Field(name)]) => {
                let Some(class) = self.resolved.receiver_class(func, &Root::This) else { return Sources::new() };
                let fields = self.fields.get_or_init(|| self.field_stores());
                let classes = self.resolved.ancestry(class);
                classes.iter().find_map(|class| fields.get(&(*class, *name)).cloned()).unwrap_or_default()
            }
            _ => {
                let known = self.locals.borrow().get(&func).cloned();
                let found = known.unwrap_or_else(|| {
                    let found = Rc::new(self.definitions(std::iter::once(func), false));
                    self.locals.borrow_mut().insert(func, found.clone());
                    found
                });
                found.get(place).cloned().unwrap_or_default()
            }
        }
    }

    fn definitions(&self, funcs: impl Iterator<Item = FuncId>, global: bool) -> Definitions {
        let mut out = Definitions::default();
        for func in funcs {
            self.each_op(func, |at, op| {
                let written = op.dst().filter(|dst| !dst.cut && matches!(dst.root, Root::Global(_)) == global);
                if let Some(dst) = written {
                    out.entry(*dst).or_default().push(at);
                }
            });
        }
        out
    }

    fn field_stores(&self) -> FxHashMap<(ClassId, Name), Sources> {
        let mut out: FxHashMap<(ClassId, Name), Sources> = FxHashMap::default();
        for func in self.resolved.program.func_ids() {
            let Some(class) = self.resolved.receiver_class(func, &Root::This) else { continue };
            self.each_op(func, |at, op| {
                let Some(dst) = op.dst().filter(|dst| dst.root == Root::This && !dst.cut) else { return };
                if let [Proj::Field(name)] = dst.proj.as_slice() {
                    out.entry((class, *name)).or_default().push(at);
                }
            });
        }
        out
    }

    /// Per function the calls of it, constructors included.
    fn callers(&self) -> &FxHashMap<FuncId, Sources> {
        self.callers.get_or_init(|| {
            let mut out: FxHashMap<FuncId, Sources> = FxHashMap::default();
            for func in self.resolved.program.func_ids() {
                self.each_op(func, |at, _| {
                    let Some(info) = self.resolved.call(at) else { return };
                    for target in &info.targets {
                        let callee = match target {
                            Target::Project(func) => Some(*func),
                            Target::Construct(class) => self.constructor(*class),
                            _ => None,
                        };
                        if let Some(callee) = callee {
                            out.entry(callee).or_default().push(at);
                        }
                    }
                });
            }
            out
        })
    }

    fn constructor(&self, class: ClassId) -> Option<FuncId> {
        let methods = self.resolved.methods(class);
        let is = |func: &FuncId| self.resolved.program.func(*func).kind == FnKind::Constructor;
        methods.into_iter().map(|(_, func)| func).find(is)
    }

    fn each_op(&self, func: FuncId, mut f: impl FnMut(OpRef, &Op)) {
        for (b, block) in self.resolved.program.func(func).blocks.iter().enumerate() {
            for (i, instr) in block.instrs.iter().enumerate() {
                f(OpRef { func, block: BlockId(b as u32), op: i as u32 }, &instr.op);
            }
        }
    }
}
