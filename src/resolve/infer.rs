//! Types of places, flow-insensitively: a place has every type that any assignment gives it.

use super::{Resolved, Ty, TySet, add, extend};
use crate::catalog::schema::Role;
use crate::catalog::{SymbolFacts, TypeId};
use crate::ir::{Callee, ClassId, Const, FuncId, Function, Name, Op, Place, Proj, Root};
use rustc_hash::FxHashMap;

/// Rounds over the functions that are due. Each propagates through one more assignment against source order or import against the order of
/// modules; real code needs two or three, and a cap keeps the work linear.
const ROUNDS: usize = 6;

impl Resolved<'_> {
    pub(super) fn infer(&mut self) {
        let program = self.program;
        for id in program.func_ids() {
            for instr in program.func(id).blocks.iter().flat_map(|block| &block.instrs) {
                match &instr.op {
                    Op::Closure { func, captures, .. } => {
                        self.captures.insert(*func, captures.iter().map(|(place, _)| *place).collect());
                    }
                    Op::Unknown { writes, .. } => {
                        for place in writes {
                            self.note_global(id, place);
                        }
                    }
                    _ => {}
                }
                if let Some(dst) = instr.op.dst() {
                    self.note_global(id, dst);
                }
            }
        }
        self.bind_names();
        // What annotations and base classes mean needs the names of modules only; everything else needs them.
        for part in &program.modules {
            self.infer_function(part.top, program.func(part.top));
        }
        self.find_properties();
        self.link_classes();
        self.declare();
        self.due.everyone();
        for round in 0..ROUNDS {
            for id in program.func_ids() {
                if self.due.take(id) {
                    self.infer_function(id, program.func(id));
                }
            }
            if round == 0 && self.relink() {
                self.due.everyone();
            }
            if !self.due.next_round() {
                break;
            }
        }
    }

    /// Looks at hierarchy and properties once more; returns whether more is known of them now.
    fn relink(&mut self) -> bool {
        let (bases, open, properties) =
            (std::mem::take(&mut self.bases), self.open_classes.len(), self.properties.len());
        self.find_properties();
        self.link_classes();
        self.declare();
        bases != self.bases || open != self.open_classes.len() || properties != self.properties.len()
    }

    /// The function gives more than was known: so does what stands for a call of it.
    fn gives_more(&mut self, func: FuncId) {
        let function = self.program.func(func);
        if self.is_property(func) {
            self.due.name(function.name);
        }
        if self.language().enter_methods.contains(&function.name) {
            self.due.scopes();
        }
    }

    /// What the names of modules stand for, before anything else is known: hierarchies and calls across files need it from the start,
    /// whatever the order in which files import each other.
    fn bind_names(&mut self) {
        let program = self.program;
        for own in [true, false, false, false] {
            let mut changed = false;
            for part in &program.modules {
                for instr in program.func(part.top).blocks.iter().flat_map(|block| &block.instrs) {
                    let (dst, types) = match &instr.op {
                        Op::Const { dst, value: Const::Class(class) } if own => {
                            (dst, TySet::from_iter([Ty::Class(*class)]))
                        }
                        Op::Closure { dst, func, .. } if own => (dst, TySet::from_iter([Ty::Func(*func)])),
                        Op::Const { dst, value: Const::Symbol(path) } if !own => {
                            (dst, self.symbol_type(part.top, path))
                        }
                        _ => continue,
                    };
                    // A path may still be found to lead into the program.
                    let known = !types.iter().any(|ty| matches!(ty, Ty::Path(_)));
                    if known && matches!(dst.root, Root::Global(_)) && dst.proj.len() <= 1 {
                        changed |= self.env[part.top.index()].learn(dst, &types);
                    }
                }
            }
            if !changed && !own {
                break;
            }
        }
    }

    /// A store into a part of something global gives the name no new meaning.
    fn note_global(&mut self, func: FuncId, place: &Place) {
        if let (Root::Global(name), true) = (&place.root, place.is_root()) {
            let module = self.program.module_of(func);
            self.bound_globals[module.index()].insert(*name);
        }
    }

    /// Written annotations: of parameters, results, locals and fields.
    fn declare(&mut self) {
        let program = self.program;
        for id in program.func_ids() {
            let function = program.func(id);
            for (param, ty) in self.given_by_decorators(id) {
                if function.params.get(usize::from(param)).is_some_and(|param| param.ty.is_none()) {
                    self.learn(id, &Place::root(Root::Param(u16::from(param))), &TySet::from_iter([Ty::Inst(ty)]));
                }
            }
            for (i, param) in function.params.iter().enumerate() {
                if let Some(ty) = &param.ty {
                    self.declare_place(id, Place::root(Root::Param(i as u16)), ty);
                }
            }
            for (i, local) in function.locals.iter().enumerate() {
                if let Some(ty) = &local.ty {
                    self.declare_place(id, Place::local(crate::ir::LocalId(i as u32)), ty);
                }
            }
            if let Some(ty) = &function.ret
                && !function.generator
            {
                self.declare_place(id, Place::root(Root::Result), ty);
            }
        }
        for (index, class) in program.classes.iter().enumerate() {
            let top = program.top_of_class(crate::ir::ClassId(index as u32));
            for field in &class.fields {
                let mut types = TySet::new();
                if let Some(ty) = &field.ty {
                    self.annotation(top, ty, &mut types);
                }
                self.learn_field(crate::ir::ClassId(index as u32), &field.name, &types);
            }
        }
    }

    fn declare_place(&mut self, func: FuncId, place: Place, ty: &crate::ir::TypeRef) {
        if !ty.fields.is_empty() {
            for (name, ty) in ty.fields.iter().filter(|_| place.proj.len() < Place::MAX_PROJ) {
                self.declare_place(func, place.field(*name), ty);
            }
            return;
        }
        let mut types = TySet::new();
        self.annotation(func, ty, &mut types);
        if types.is_empty() {
            // A container of one level: what its elements are.
            for arg in &ty.args {
                self.annotation(func, arg, &mut types);
            }
            return self.learn(func, &place.project(Proj::Elem), &types);
        }
        self.learn(func, &place, &types);
    }

    fn infer_function(&mut self, id: FuncId, function: &Function) {
        let mut literals: FxHashMap<&Place, &[(Proj, Place)]> = FxHashMap::default();
        for instr in function.blocks.iter().flat_map(|block| &block.instrs) {
            match &instr.op {
                Op::Copy { dst, src, .. } => {
                    let types = self.type_of(id, src);
                    self.learn(id, dst, &types);
                    for (proj, part) in literals.get(src).copied().unwrap_or_default() {
                        let types = self.type_of(id, part);
                        self.learn(id, &dst.project(*proj), &types);
                    }
                    // What is known of the parts of a tuple or container moves with it.
                    let env = &self.env[id.index()];
                    if env.has_parts() && src.is_root() && matches!(src.root, Root::Local(_)) {
                        let mut parts: Vec<(Place, TySet)> = Vec::new();
                        for proj in [Proj::Elem, Proj::Index(0), Proj::Index(1), Proj::Index(2)] {
                            if let Some(types) = env.get(&src.project(proj)) {
                                parts.push((dst.project(proj), types.clone()));
                            }
                        }
                        for (place, types) in parts {
                            self.learn(id, &place, &types);
                        }
                    }
                }
                Op::Await { dst, src } => {
                    let types = self.type_of(id, src);
                    self.learn(id, dst, &types);
                }
                Op::Const { dst, value } => {
                    let types = match value {
                        Const::Symbol(path) => self.symbol_type(id, path),
                        Const::Class(class) => TySet::from_iter([Ty::Class(*class)]),
                        _ => continue,
                    };
                    self.learn(id, dst, &types);
                }
                Op::Build { dst, parts, .. } => {
                    literals.insert(dst, parts);
                    for (proj, part) in parts {
                        let types = self.type_of(id, part);
                        self.learn(id, &dst.project(*proj), &types);
                    }
                }
                Op::Closure { dst, func, .. } => {
                    let types = if self.is_property(*func) {
                        self.result_type(*func)
                    } else {
                        TySet::from_iter([Ty::Func(*func)])
                    };
                    self.learn(id, dst, &types);
                }
                Op::Call { dst, callee, args, .. } => {
                    let info = self.resolve_call(id, callee);
                    info.functions().for_each(|func| self.due.call(id, func));
                    let mut types = self.call_result(id, &info, args);
                    if let Callee::Method { recv, name, .. } = callee
                        && self.language().binders.contains(name)
                        && recv.is_root()
                        && matches!(recv.root, Root::Local(_) | Root::Capture(_))
                    {
                        // A closure of this function or of one around it; a method that is bound for others is left to them.
                        let bound = self.type_of(id, recv);
                        bound.iter().filter(|ty| matches!(ty, Ty::Func(_))).for_each(|ty| {
                            add(&mut types, ty.clone());
                        });
                    }
                    self.learn(id, dst, &types);
                    self.learn_arguments(id, &info, args);
                    self.learn_callbacks(id, &info, callee, args);
                    self.learn_elements(id, &info, args, dst);
                }
                Op::Enter { dst, manager, .. } => {
                    let mut types = TySet::new();
                    for ty in self.type_of(id, manager) {
                        match ty {
                            Ty::Object(class) => {
                                let names = &self.language().enter_methods;
                                let enter = names.iter().find_map(|name| self.find_method(class, name));
                                match enter {
                                    Some(enter) => extend(&mut types, &self.result_type(enter)),
                                    None => add(&mut types, Ty::Object(class)),
                                };
                            }
                            other => {
                                add(&mut types, other);
                            }
                        }
                    }
                    self.learn(id, dst, &types);
                }
                Op::Yield { src: Some(src), .. } => {
                    let types = self.type_of(id, src);
                    if extend(&mut self.yields[id.index()], &types) {
                        self.due.result(id);
                        self.gives_more(id);
                    }
                }
                _ => {}
            }
        }
    }

    /// Adds `types` to what `place` may hold.
    fn learn(&mut self, func: FuncId, place: &Place, types: &TySet) {
        if types.is_empty() || place.cut {
            return;
        }
        if let [Proj::Field(name)] = place.proj.as_slice() {
            // A store into an object is a store into the field of its class.
            for owner in self.root_type(func, &place.root) {
                if let Ty::Object(class) | Ty::Class(class) = owner {
                    self.learn_field(class, name, types);
                }
            }
        }
        match &place.root {
            Root::This => {}
            Root::Capture(i) => {
                let parent = self.program.func(func).parent;
                if let (Some(parent), Some(outer)) = (parent, self.captured_place(func, *i).cloned()) {
                    let outer = place.rebase(&Place::root(place.root), &outer);
                    if let Some(outer) = outer {
                        self.learn(parent, &outer, types);
                    }
                }
            }
            root => {
                let home = self.home(func, root);
                if self.env[home.index()].learn(place, types) {
                    self.due.learnt(home, place);
                    if *root == Root::Result {
                        self.gives_more(home);
                    }
                }
            }
        }
    }

    fn learn_field(&mut self, class: ClassId, name: &Name, types: &TySet) {
        if extend(self.fields.entry((class, *name)).or_default(), types) {
            self.due.name(*name);
        }
    }

    /// What agreeing call sites say about parameters without annotation.
    fn learn_arguments(&mut self, caller: FuncId, info: &super::CallInfo<'_>, args: &[crate::ir::Arg]) {
        let program = self.program;
        for callee in info.functions() {
            let function = program.func(callee);
            for (i, arg) in args.iter().enumerate() {
                let Some(param) = function.param_for(i, arg) else { continue };
                if function.params[param].ty.is_some() || function.params[param].variadic {
                    continue;
                }
                if self.language().injected.contains(&function.params[param].name) {
                    self.given_params.insert((callee, param as u16));
                }
                let types = self.type_of(caller, &arg.place);
                self.learn(callee, &Place::root(Root::Param(param as u16)), &types);
            }
        }
    }

    /// What functions given as arguments are called with.
    fn learn_callbacks(
        &mut self,
        caller: FuncId,
        info: &super::CallInfo<'_>,
        callee: &crate::ir::Callee,
        args: &[crate::ir::Arg],
    ) {
        let mut given: Vec<(Place, u8, TySet)> = Vec::new();
        if let crate::ir::Callee::Method { recv, name, .. } = callee
            && self.language().container_visits.contains(name)
            && let Some(visitor) = args.first()
        {
            given.push((visitor.place, 0, self.type_of(caller, &recv.project(Proj::Elem))));
        }
        for target in &info.targets {
            let super::Target::Catalog { facts } = target else { continue };
            for (position, types) in &facts.given {
                let meant = args.iter().enumerate().filter(|(i, _)| position.is_none_or(|p| usize::from(p) == *i));
                // Handlers may stand in the fields of an object.
                for arg in meant.flat_map(|(_, arg)| std::iter::once(arg).chain(&arg.fields)) {
                    let typed =
                        types.iter().enumerate().filter_map(|(param, ty)| Some((u8::try_from(param).ok()?, (*ty)?)));
                    given.extend(typed.map(|(param, ty)| (arg.place, param, TySet::from_iter([Ty::Inst(ty)]))));
                }
            }
            for fact in self.acquires(caller, facts) {
                if let (Some(callback), Some(last)) = (fact.callback, args.last()) {
                    given.push((last.place, callback.param, TySet::from_iter([Ty::Inst(fact.resource)])));
                }
            }
        }
        for (place, param, types) in given {
            for ty in self.type_of(caller, &place) {
                if let Ty::Func(func) = ty {
                    self.learn(func, &Place::root(Root::Param(u16::from(param))), &types);
                }
            }
        }
    }

    /// Results whose elements are those of an argument.
    fn learn_elements(&mut self, caller: FuncId, info: &super::CallInfo<'_>, args: &[crate::ir::Arg], dst: &Place) {
        for target in &info.targets {
            let super::Target::Catalog { facts } = target else { continue };
            for symbol in facts.roles.iter().filter(|symbol| symbol.role == Role::Elements) {
                for (_, arg) in symbol_args(symbol, args) {
                    for proj in [Proj::Elem, Proj::Index(0), Proj::Index(1), Proj::Index(2)] {
                        let types = self.type_of(caller, &arg.place.project(proj));
                        self.learn(caller, &dst.project(proj), &types);
                    }
                }
            }
        }
    }

    /// What a call of a catalogued callable gives: what it acquires, where it returns that.
    fn made(&self, func: FuncId, facts: &SymbolFacts, args: &[crate::ir::Arg]) -> Option<TypeId> {
        let acquired = self.acquisition(func, facts, args).filter(|fact| fact.callback.is_none());
        let only = |symbol: &crate::catalog::schema::Symbol| {
            symbol.role != Role::MakesOnly || self.holds(func, args, &symbol.conditions)
        };
        let made = || self.makes(func, facts).filter(|_| facts.roles.iter().all(only));
        acquired.map(|fact| fact.resource).or_else(made)
    }

    fn call_result(&self, func: FuncId, info: &super::CallInfo<'_>, args: &[crate::ir::Arg]) -> TySet {
        let mut out = TySet::new();
        for target in &info.targets {
            match target {
                super::Target::Catalog { facts, .. } => {
                    if let Some(id) = self.made(func, facts, args) {
                        add(&mut out, Ty::Inst(id));
                    }
                    for symbol in &facts.roles {
                        if matches!(symbol.role, Role::Transparent | Role::Wraps | Role::Drives | Role::Schedules) {
                            for (_, arg) in symbol_args(symbol, args) {
                                extend(&mut out, &self.type_of(func, &arg.place));
                            }
                        }
                    }
                }
                super::Target::ResourceMethod { ty, name } => {
                    let fluent = self.catalog.resource(*ty).is_some_and(|r| self.is_fluent(r, name));
                    if fluent || self.language().enter_methods.contains(name) {
                        add(&mut out, Ty::Inst(*ty));
                    }
                }
                super::Target::Project(function) => {
                    extend(&mut out, &self.result_type(*function));
                }
                super::Target::Construct(class) => {
                    add(&mut out, Ty::Object(*class));
                }
                super::Target::External(_) => {}
            }
        }
        out
    }
}

/// The arguments that a catalogue symbol speaks of.
pub fn symbol_args<'s>(
    symbol: &'s crate::catalog::schema::Symbol,
    args: &'s [crate::ir::Arg],
) -> impl Iterator<Item = (usize, &'s crate::ir::Arg)> {
    args.iter().enumerate().filter(move |(i, arg)| match (&arg.name, symbol.arg) {
        (Some(name), _) => symbol.keyword.as_ref().map_or(symbol.arg.is_none(), |keyword| keyword == name),
        (None, Some(position)) => *i == position as usize || (arg.spread && *i <= position as usize),
        (None, None) => symbol.keyword.is_none(),
    })
}
