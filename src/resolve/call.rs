//! Call targets.

use super::{Resolved, Ty};
use crate::catalog::schema::{Role, Symbol};
use crate::catalog::{AcquireFact, SymbolFacts, TypeId};
use crate::ir::{Arg, BlockId, Callee, ClassId, FuncId, LocalId, Name, Op, OpRef, Place, Proj, Root};
use rustc_hash::FxHashMap;

/// What a call may reach.
#[derive(Clone, Debug)]
pub enum Target<'a> {
    /// A catalogued function, class or method.
    Catalog { facts: &'a SymbolFacts },
    /// A method of a catalogued thing that the catalogue says nothing more about.
    ResourceMethod { ty: TypeId, name: Name },
    /// A function of the program.
    Project(FuncId),
    /// A class of the program.
    Construct(ClassId),
    /// Something imported (or builtin) that nobody describes, by its path.
    External(Name),
}

/// The alternatives; empty when nothing is known.
#[derive(Clone, Debug, Default)]
pub struct CallInfo<'a> {
    pub targets: Vec<Target<'a>>,
    /// `This` of a project target is the receiver place of the call.
    pub receiver: Option<Place>,
}

fn swallows(target: &Target<'_>) -> bool {
    matches!(target, Target::Catalog { facts } if facts.roles.iter().any(|symbol| symbol.role == Role::Suppresses))
}

impl CallInfo<'_> {
    /// What the catalogue says of some target that has the role.
    pub fn roles(&self, role: Role) -> impl Iterator<Item = &Symbol> {
        let facts = self.targets.iter().filter_map(|target| match target {
            Target::Catalog { facts } => Some(facts),
            _ => None,
        });
        facts.flat_map(|facts| &facts.roles).filter(move |symbol| symbol.role == role)
    }

    pub fn has_role(&self, role: Role) -> bool {
        self.roles(role).next().is_some()
    }

    /// Functions of the program that may run, constructors not included.
    pub fn functions(&self) -> impl Iterator<Item = FuncId> + '_ {
        self.targets.iter().filter_map(|target| if let Target::Project(func) = target { Some(*func) } else { None })
    }
}

/// The argument is a local that only ever holds what the function makes.
fn made_here(own: &FxHashMap<LocalId, bool>, arg: &Arg) -> bool {
    match &arg.place.root {
        Root::Local(local) if arg.place.is_root() => own.get(local).copied().unwrap_or(false),
        _ => false,
    }
}

/// The value of `made`, or of a variable it is put in, is stored in a global or in the class itself.
fn goes_to_global(function: &crate::ir::Function, made: &Place) -> bool {
    let copies = || {
        function.blocks.iter().flat_map(|block| &block.instrs).filter_map(|instr| match &instr.op {
            Op::Copy { dst, src, .. } => Some((dst, src)),
            _ => None,
        })
    };
    let of_class = |root: &Root| *root == Root::This && function.binding == crate::ir::Binding::Class;
    let global = |root: &Root| matches!(root, Root::Global(_)) || of_class(root);
    let kept = |place: &Place| copies().any(|(dst, src)| src == place && global(&dst.root));
    let variable = |place: &Place| place.is_root() && matches!(place.root, Root::Local(_));
    kept(made) || copies().any(|(dst, src)| src == made && variable(dst) && kept(dst))
}

impl<'a> Resolved<'a> {
    pub(super) fn resolve_call(&self, func: FuncId, callee: &Callee) -> CallInfo<'a> {
        let mut info = CallInfo::default();
        match callee {
            Callee::Method { recv, name, .. } => {
                info.receiver = Some(*recv);
                for ty in self.type_of(func, recv) {
                    self.method_target(&ty, name, &mut info);
                }
                if info.targets.iter().all(|target| matches!(target, Target::External(_))) {
                    self.stored_target(func, recv, name, &mut info);
                }
            }
            Callee::Super { name } => {
                info.receiver = Some(Place::root(crate::ir::Root::This));
                if let Some(class) = self.program.func(func).class
                    && let Some(method) = self.find_super_method(class, name)
                {
                    info.targets.push(Target::Project(method));
                }
            }
            Callee::Value(place) => {
                if let Some((Proj::Field(_), _)) = place.proj.split_last().map(|(last, rest)| (*last, rest)) {
                    let mut owner = *place;
                    owner.proj.pop();
                    info.receiver = Some(owner);
                }
                for ty in self.type_of(func, place) {
                    self.value_target(&ty, &mut info);
                }
                if info.targets.is_empty() {
                    info.targets.extend(self.decorated_by(func, place).map(Target::Project));
                }
            }
        }
        info
    }

    /// What a decorator of the program, or the function it gives, calls: the functions that it decorates.
    pub fn decorated_by(&self, func: FuncId, place: &Place) -> impl Iterator<Item = FuncId> + '_ {
        let (mut func, mut place) = (func, Some(place));
        while let Some(Root::Capture(i)) = place.filter(|place| place.is_root()).map(|place| &place.root) {
            place = self.captured_place(func, *i);
            func = self.program.func(func).parent.unwrap_or(func);
        }
        let first = place.is_some_and(|place| *place == Place::root(Root::Param(0)));
        let all = self.decorated.get(&func).filter(|all| first && all.len() <= super::MAX_ALTERNATIVES);
        all.into_iter().flatten().copied()
    }

    pub(super) fn find_decorated(&mut self) {
        for id in self.program.func_ids() {
            let function = self.program.func(id);
            let Some(home) = function.parent else { continue };
            for decorator in &function.decorators {
                for ty in self.type_of(home, &decorator.place) {
                    if let Ty::Func(decorator) = ty {
                        self.decorated.entry(decorator).or_default().push(id);
                    }
                }
            }
        }
    }

    /// A decorator of the program keeps what the function gives, for whoever calls it next.
    pub fn is_memoised(&self, func: FuncId) -> bool {
        self.memoised.contains(&func)
    }

    pub(super) fn find_memoised(&mut self) {
        let keeping = self.program.func_ids().filter(|id| self.keeps_results(*id));
        let decorators = keeping.filter_map(|id| self.decorated.get(&self.program.func(id).parent?));
        self.memoised = decorators.flatten().copied().collect();
    }

    /// What the function gets by calling a variable of the function around it, it stores in a container that outlives the call.
    fn keeps_results(&self, func: FuncId) -> bool {
        if !self.program.func(func).parent.is_some_and(|parent| self.decorated.contains_key(&parent)) {
            return false;
        }
        let instrs = || self.program.func(func).blocks.iter().flat_map(|block| &block.instrs);
        let outlives = |place: &Place| !place.is_root() && matches!(place.root, Root::Global(_) | Root::Capture(_));
        let mut results: Vec<&Place> = Vec::new();
        for instr in instrs() {
            match &instr.op {
                Op::Call { callee: Callee::Value(place), dst, .. } if matches!(place.root, Root::Capture(_)) => {
                    results.push(dst);
                }
                Op::Await { dst, src } | Op::Copy { dst, src, .. } if results.contains(&src) => {
                    if outlives(dst) {
                        return true;
                    }
                    results.push(dst);
                }
                _ => {}
            }
        }
        false
    }

    /// A function that was put into an object under the name: `exports.connect = ...`, `const api = { connect() {} }`.
    fn stored_target(&self, func: FuncId, recv: &Place, name: &Name, info: &mut CallInfo<'a>) {
        let stored = self.type_of(func, &recv.field(*name));
        let mut functions = stored.iter().filter(|ty| matches!(ty, Ty::Func(_) | Ty::Class(_))).peekable();
        if functions.peek().is_some() {
            info.targets.clear();
            functions.for_each(|ty| self.value_target(ty, info));
        }
    }

    fn method_target(&self, ty: &Ty, name: &Name, info: &mut CallInfo<'a>) {
        match ty {
            Ty::Path(path) => self.path_target(self.member_path(path, name), info),
            Ty::Inst(id) => info.targets.push(match self.catalog.method(*id, name) {
                Some(facts) => Target::Catalog { facts },
                None => Target::ResourceMethod { ty: *id, name: *name },
            }),
            Ty::Object(class) => {
                info.targets.extend(self.virtual_methods(*class, name).into_iter().map(Target::Project));
                if info.targets.is_empty() {
                    let bases = self.catalogued_bases(*class);
                    for base in bases {
                        if let Some(facts) = self.catalog.method(base, name) {
                            info.targets.push(Target::Catalog { facts });
                        }
                    }
                }
            }
            Ty::Class(class) => match self.find_method(*class, name) {
                Some(method) => info.targets.push(Target::Project(method)),
                None => {
                    if let Some(path) = self.base_function(*class, name) {
                        self.path_target(path, info);
                    }
                }
            },
            Ty::Module(_) | Ty::Func(_) => {}
        }
        if info.targets.is_empty() {
            // A field that holds a function: `self.factory()`.
            let mut held = super::TySet::new();
            self.project(ty, &Proj::Field(*name), &mut held);
            for ty in held {
                self.value_target(&ty, info);
            }
        }
        if let (Ty::Object(class), true) = (ty, info.targets.is_empty()) {
            let bases = self.catalogued_bases(*class).into_iter().filter(|base| self.catalog.resource(*base).is_some());
            info.targets.extend(bases.map(|ty| Target::ResourceMethod { ty, name: *name }));
        }
    }

    fn value_target(&self, ty: &Ty, info: &mut CallInfo<'a>) {
        match ty {
            Ty::Path(path) => self.path_target(*path, info),
            Ty::Inst(id) => {
                if let Some(facts) = self.catalog.method(*id, "()") {
                    info.targets.push(Target::Catalog { facts });
                }
            }
            Ty::Class(class) => info.targets.push(Target::Construct(*class)),
            Ty::Func(func) => info.targets.push(Target::Project(*func)),
            Ty::Module(_) | Ty::Object(_) => {}
        }
    }

    fn path_target(&self, path: Name, info: &mut CallInfo<'a>) {
        info.targets.push(match self.catalog.function(&path) {
            Some(facts) => Target::Catalog { facts },
            None => Target::External(path),
        });
    }

    /// The way in which a call acquires in the version at hand, if it does. A function as the last argument chooses the entries with a
    /// callback.
    pub fn acquisition<'f>(&self, func: FuncId, facts: &'f SymbolFacts, args: &[Arg]) -> Option<&'f AcquireFact> {
        let by_callback = self.acquires(func, facts).any(|fact| fact.callback.is_some())
            && args.last().is_some_and(|last| self.is_function(func, &last.place));
        self.acquires(func, facts)
            .find(|fact| fact.callback.is_some() == by_callback && self.holds(func, args, &fact.when))
    }

    /// The call that gives the function, a callback, a resource it acquires; the first in the program.
    pub fn given(&self, func: FuncId) -> Option<(OpRef, &'a SymbolFacts, &'a AcquireFact)> {
        self.given.get(&func).copied()
    }

    fn note_given(&mut self, at: OpRef, info: &CallInfo<'a>, args: &[Arg]) {
        for target in &info.targets {
            let Target::Catalog { facts } = target else { continue };
            if !facts.acquires.iter().any(|fact| fact.callback.is_some()) {
                continue;
            }
            let Some(fact) = self.acquisition(at.func, facts, args).filter(|fact| fact.callback.is_some()) else {
                continue;
            };
            let callbacks = args.last().map(|last| self.type_of(at.func, &last.place)).unwrap_or_default();
            for ty in callbacks {
                if let Ty::Func(callback) = ty {
                    self.given.entry(callback).or_insert((at, facts, fact));
                }
            }
        }
    }

    /// Notes generators that a catalogued function gets in order to drive them.
    fn note_driven(&mut self, func: FuncId, info: &CallInfo<'a>, args: &[Arg]) {
        for target in &info.targets {
            let Target::Catalog { facts } = target else { continue };
            let drives = |role: Role| matches!(role, Role::ContextManager | Role::Fixture);
            for symbol in facts.roles.iter().filter(|symbol| drives(symbol.role) && symbol.arg.is_some()) {
                let given = super::symbol_args(symbol, args).flat_map(|(_, arg)| self.type_of(func, &arg.place));
                let generators = given.filter_map(|ty| match ty {
                    Ty::Func(func) if self.program.func(func).generator => Some((func, symbol.role)),
                    _ => None,
                });
                let generators: Vec<(FuncId, Role)> = generators.collect();
                self.driven.extend(generators);
            }
        }
    }

    pub(super) fn resolve_calls(&mut self) {
        let program = self.program;
        self.calls.reserve_exact(program.functions.len());
        for id in program.func_ids() {
            let mut calls = Vec::new();
            for (b, block) in program.func(id).blocks.iter().enumerate() {
                for (i, instr) in block.instrs.iter().enumerate() {
                    if let Op::Call { callee, args, .. } = &instr.op {
                        let at = OpRef { func: id, block: BlockId(b as u32), op: i as u32 };
                        let info = self.resolve_call(id, callee);
                        self.note_given(at, &info, args);
                        self.note_driven(id, &info, args);
                        calls.push(((at.block, at.op), info));
                    }
                }
            }
            self.calls.push(calls);
        }
    }

    /// The calls of the function, in the order of its ops.
    pub fn calls_of(&self, func: FuncId) -> impl Iterator<Item = (OpRef, &CallInfo<'a>)> {
        let calls = self.calls.get(func.index()).into_iter().flatten();
        calls.map(move |((block, op), info)| (OpRef { func, block: *block, op: *op }, info))
    }

    /// By function of the program, the calls that may reach it.
    pub fn callers(&self) -> FxHashMap<FuncId, Vec<OpRef>> {
        let mut callers: FxHashMap<FuncId, Vec<OpRef>> = FxHashMap::default();
        for (at, info) in self.calls() {
            info.functions().for_each(|called| callers.entry(called).or_default().push(at));
        }
        callers
    }

    /// All calls of the program.
    pub fn calls(&self) -> impl Iterator<Item = (OpRef, &CallInfo<'a>)> {
        self.program.func_ids().flat_map(|func| self.calls_of(func))
    }

    /// What the call gives is stored in a global or in a class.
    pub fn goes_to_global(&self, at: OpRef) -> bool {
        self.program.op(at).op.dst().is_some_and(|made| goes_to_global(self.program.func(at.func), made))
    }

    /// Finds the locals that hold only what the function itself makes, and the managers that swallow exceptions.
    pub(super) fn classify_locals(&mut self) {
        let program = self.program;
        let calls = std::mem::take(&mut self.calls);
        for (id, calls) in program.func_ids().zip(&calls) {
            let function = program.func(id);
            let mut own: FxHashMap<LocalId, bool> = FxHashMap::default();
            let mut calls = calls.iter().peekable();
            for (b, block) in function.blocks.iter().enumerate() {
                for (i, instr) in block.instrs.iter().enumerate() {
                    let info = calls.next_if(|(at, _)| *at == (BlockId(b as u32), i as u32)).map(|(_, info)| info);
                    let Some(dst) = instr.op.dst() else { continue };
                    if let (
                        [Proj::Field(name)],
                        Op::Build { .. } | Op::Copy { .. } | Op::Const { .. } | Op::Call { .. },
                    ) = (dst.proj.as_slice(), &instr.op)
                    {
                        self.note_field_store(id, &dst.root, name, &instr.op);
                    }
                    if info.is_some_and(|info| info.targets.iter().any(swallows)) {
                        self.swallowing[id.index()].insert(*dst);
                    }
                    for class in info.iter().flat_map(|info| &info.targets).filter_map(|target| match target {
                        Target::Construct(class) => Some(*class),
                        _ => None,
                    }) {
                        let kept = (program.is_top(id) && !block.script) || goes_to_global(function, dst);
                        self.made_in[class.index()].push(kept);
                    }
                    let (Root::Local(local), true) = (&dst.root, dst.is_root()) else { continue };
                    let made = match &instr.op {
                        Op::Build { .. } | Op::Const { .. } => true,
                        Op::Copy { src, .. } | Op::Await { src, .. } => match &src.root {
                            Root::Local(from) if src.is_root() => own.get(from).copied().unwrap_or(false),
                            _ => false,
                        },
                        Op::Call { callee: Callee::Method { name, .. }, .. }
                            if self.language().container_maps.contains(name) =>
                        {
                            true
                        }
                        Op::Call { args, .. } => info.is_some_and(|info| {
                            info.targets.iter().any(|target| match target {
                                Target::Construct(_) => true,
                                Target::Catalog { facts } => {
                                    !facts.makes.is_empty()
                                        || !facts.acquires.is_empty()
                                        || self.is_collection(&facts.path)
                                        || (facts.has_role(Role::Elements)
                                            && args.iter().all(|arg| made_here(&own, arg)))
                                }
                                Target::External(path) => self.is_collection(path),
                                _ => false,
                            })
                        }),
                        _ => false,
                    };
                    own.entry(*local).and_modify(|known| *known &= made).or_insert(made);
                }
            }
            self.own_containers[id.index()] =
                own.into_iter().filter(|(_, made)| *made).map(|(local, _)| local).collect();
        }
        self.calls = calls;
    }

    /// A builtin whose result holds its arguments, or what is put into it.
    fn is_collection(&self, path: &str) -> bool {
        let collections = &self.language().collections;
        path.strip_prefix("builtins.").is_some_and(|name| collections.iter().any(|known| known == name))
    }

    /// A store into a field, from the class body or through an object.
    fn note_field_store(&mut self, func: FuncId, root: &Root, name: &Name, op: &Op) {
        for ty in self.root_type(func, root) {
            match ty {
                Ty::Class(class)
                    if self.program.is_top(func) && matches!(op, Op::Build { .. } | Op::Copy { moved: true, .. }) =>
                {
                    self.shared_fields.insert((class, *name));
                }
                Ty::Object(class) => {
                    self.replaced_fields.insert((class, *name));
                }
                _ => {}
            }
        }
    }

    /// Calls whose target is wholly unknown, and all calls: the resolution ratchet.
    pub fn call_counts(&self) -> (usize, usize) {
        let calls = || self.calls.iter().flatten();
        (calls().filter(|(_, info)| info.targets.is_empty()).count(), calls().count())
    }
}
