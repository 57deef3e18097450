//! Types of places, flow-insensitively: a place has every type that any assignment gives it.

use super::{Resolved, Ty, TySet, add, extend};
use crate::catalog::schema::Role;
use crate::catalog::{SymbolFacts, TypeId};
use crate::ir::{Const, FuncId, Function, Op, Place, Proj, Root};

/// Rounds over the file. Each propagates through one more assignment against source order; real code needs two or three, and a cap keeps
/// the work linear.
const ROUNDS: usize = 4;

impl Resolved<'_> {
    pub(super) fn infer(&mut self) {
        let module = self.module;
        for function in &module.functions {
            for instr in function.blocks.iter().flat_map(|block| &block.instrs) {
                match &instr.op {
                    Op::Closure { func, captures, .. } => {
                        self.captures.insert(*func, captures.iter().map(|(place, _)| place.clone()).collect());
                    }
                    Op::Unknown { writes, .. } => {
                        for place in writes {
                            self.note_global(place);
                        }
                    }
                    _ => {}
                }
                if let Some(dst) = instr.op.dst() {
                    self.note_global(dst);
                }
            }
        }
        for round in 0..ROUNDS {
            let mut changed = false;
            for id in module.func_ids() {
                changed |= self.infer_function(id, module.func(id));
            }
            if round == 0 {
                self.find_properties();
                self.link_classes();
                changed |= self.declare();
            }
            if !changed {
                break;
            }
        }
    }

    /// A store into a part of something global gives the name no new meaning.
    fn note_global(&mut self, place: &Place) {
        if let (Root::Global(name), true) = (&place.root, place.is_root()) {
            self.bound_globals.insert(name.clone());
        }
    }

    /// Written annotations: of parameters, results, locals and fields.
    fn declare(&mut self) -> bool {
        let module = self.module;
        let mut changed = false;
        for id in module.func_ids() {
            let function = module.func(id);
            for (i, param) in function.params.iter().enumerate() {
                if let Some(ty) = &param.ty {
                    changed |= self.declare_place(id, Place::root(Root::Param(i as u16)), ty);
                }
            }
            for (i, local) in function.locals.iter().enumerate() {
                if let Some(ty) = &local.ty {
                    changed |= self.declare_place(id, Place::local(crate::ir::LocalId(i as u32)), ty);
                }
            }
            if let Some(ty) = &function.ret
                && !function.generator
            {
                changed |= self.declare_place(id, Place::root(Root::Result), ty);
            }
        }
        for (index, class) in module.classes.iter().enumerate() {
            for field in &class.fields {
                let mut types = TySet::new();
                if let Some(ty) = &field.ty {
                    self.annotation(ty, &mut types);
                }
                let known = self.fields.entry((crate::ir::ClassId(index as u32), field.name.clone())).or_default();
                changed |= extend(known, &types);
            }
        }
        changed
    }

    fn declare_place(&mut self, func: FuncId, place: Place, ty: &crate::ir::TypeRef) -> bool {
        if !ty.fields.is_empty() {
            let mut changed = false;
            for (name, ty) in ty.fields.iter().filter(|_| place.proj.len() < Place::MAX_PROJ) {
                changed |= self.declare_place(func, place.field(name.clone()), ty);
            }
            return changed;
        }
        let mut types = TySet::new();
        self.annotation(ty, &mut types);
        if types.is_empty() {
            // A container of one level: what its elements are.
            for arg in &ty.args {
                self.annotation(arg, &mut types);
            }
            return !types.is_empty() && self.learn(func, &place.project(Proj::Elem), &types);
        }
        self.learn(func, &place, &types)
    }

    fn infer_function(&mut self, id: FuncId, function: &Function) -> bool {
        let mut changed = false;
        for instr in function.blocks.iter().flat_map(|block| &block.instrs) {
            match &instr.op {
                Op::Copy { dst, src, .. } => {
                    let types = self.type_of(id, src);
                    changed |= self.learn(id, dst, &types);
                    // What is known of the parts of a tuple or container moves with it.
                    if src.is_root() && matches!(src.root, Root::Local(_)) {
                        let env = &self.env[id.index()];
                        let mut parts: Vec<(Place, TySet)> = Vec::new();
                        for proj in [Proj::Elem, Proj::Index(0), Proj::Index(1), Proj::Index(2)] {
                            if let Some(types) = env.get(&src.project(proj.clone())) {
                                parts.push((dst.project(proj), types.clone()));
                            }
                        }
                        for (place, types) in parts {
                            changed |= self.learn(id, &place, &types);
                        }
                    }
                }
                Op::Await { dst, src } => {
                    let types = self.type_of(id, src);
                    changed |= self.learn(id, dst, &types);
                }
                Op::Const { dst, value } => {
                    let ty = match value {
                        Const::Symbol(path) => Ty::Path(self.symbol_path(path)),
                        Const::Class(class) => Ty::Class(*class),
                        _ => continue,
                    };
                    changed |= self.learn(id, dst, &TySet::from_iter([ty]));
                }
                Op::Build { dst, parts } => {
                    for (proj, part) in parts {
                        let types = self.type_of(id, part);
                        changed |= self.learn(id, &dst.project(proj.clone()), &types);
                    }
                }
                Op::Closure { dst, func, .. } => {
                    let types = if self.is_property(*func) {
                        self.result_type(*func)
                    } else {
                        TySet::from_iter([Ty::Func(*func)])
                    };
                    changed |= self.learn(id, dst, &types);
                }
                Op::Call { dst, callee, args, .. } => {
                    let info = self.resolve_call(id, callee);
                    let types = self.call_result(id, &info, args);
                    changed |= self.learn(id, dst, &types);
                    changed |= self.learn_arguments(id, &info, args);
                    changed |= self.learn_callbacks(id, &info, callee, args);
                    changed |= self.learn_elements(id, &info, args, dst);
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
                    changed |= self.learn(id, dst, &types);
                }
                Op::Yield { src: Some(src), .. } => {
                    let types = self.type_of(id, src);
                    changed |= extend(&mut self.yields[id.index()], &types);
                }
                _ => {}
            }
        }
        changed
    }

    /// Adds `types` to what `place` may hold.
    fn learn(&mut self, func: FuncId, place: &Place, types: &TySet) -> bool {
        if types.is_empty() || place.cut {
            return false;
        }
        let mut changed = false;
        if let [Proj::Field(name)] = place.proj.as_slice() {
            // A store into an object is a store into the field of its class.
            for owner in self.root_type(func, &place.root) {
                if let Ty::Object(class) | Ty::Class(class) = owner {
                    changed |= extend(self.fields.entry((class, name.clone())).or_default(), types);
                }
            }
        }
        match &place.root {
            Root::This => {}
            Root::Capture(i) => {
                let parent = self.module.func(func).parent;
                if let (Some(parent), Some(outer)) = (parent, self.captured_place(func, *i).cloned()) {
                    let outer = place.rebase(&Place::root(place.root.clone()), &outer);
                    if let Some(outer) = outer {
                        changed |= self.learn(parent, &outer, types);
                    }
                }
            }
            root => {
                let home = self.home(func, root);
                changed |= extend(self.env[home.index()].entry(place.clone()).or_default(), types);
            }
        }
        changed
    }

    /// What agreeing call sites say about parameters without annotation.
    fn learn_arguments(&mut self, caller: FuncId, info: &super::CallInfo<'_>, args: &[crate::ir::Arg]) -> bool {
        let module = self.module;
        let mut changed = false;
        for callee in info.functions() {
            let function = module.func(callee);
            for (i, arg) in args.iter().enumerate() {
                let Some(param) = function.param_for(i, arg) else { continue };
                if function.params[param].ty.is_some() || function.params[param].variadic {
                    continue;
                }
                let types = self.type_of(caller, &arg.place);
                changed |= self.learn(callee, &Place::root(Root::Param(param as u16)), &types);
            }
        }
        changed
    }

    /// What functions given as arguments are called with.
    fn learn_callbacks(
        &mut self,
        caller: FuncId,
        info: &super::CallInfo<'_>,
        callee: &crate::ir::Callee,
        args: &[crate::ir::Arg],
    ) -> bool {
        let mut given: Vec<(Place, u8, TySet)> = Vec::new();
        if let crate::ir::Callee::Method { recv, name, .. } = callee
            && self.language().container_visits.contains(name)
            && let Some(visitor) = args.first()
        {
            given.push((visitor.place.clone(), 0, self.type_of(caller, &recv.project(Proj::Elem))));
        }
        for target in &info.targets {
            let super::Target::Catalog { facts } = target else { continue };
            for fact in self.acquires(facts) {
                if let (Some(callback), Some(last)) = (fact.callback, args.last()) {
                    given.push((last.place.clone(), callback.param, TySet::from_iter([Ty::Inst(fact.resource)])));
                }
            }
        }
        let mut changed = false;
        for (place, param, types) in given {
            for ty in self.type_of(caller, &place) {
                if let Ty::Func(func) = ty {
                    changed |= self.learn(func, &Place::root(Root::Param(u16::from(param))), &types);
                }
            }
        }
        changed
    }

    /// Results whose elements are those of an argument.
    fn learn_elements(
        &mut self,
        caller: FuncId,
        info: &super::CallInfo<'_>,
        args: &[crate::ir::Arg],
        dst: &Place,
    ) -> bool {
        let mut changed = false;
        for target in &info.targets {
            let super::Target::Catalog { facts } = target else { continue };
            for symbol in facts.roles.iter().filter(|symbol| symbol.role == Role::Elements) {
                for (_, arg) in symbol_args(symbol, args) {
                    for proj in [Proj::Elem, Proj::Index(0), Proj::Index(1), Proj::Index(2)] {
                        let types = self.type_of(caller, &arg.place.project(proj.clone()));
                        changed |= self.learn(caller, &dst.project(proj), &types);
                    }
                }
            }
        }
        changed
    }

    /// What a call of a catalogued callable gives: what it acquires, where it returns that.
    fn made(&self, func: FuncId, facts: &SymbolFacts, args: &[crate::ir::Arg]) -> Option<TypeId> {
        let acquired = self.acquisition(func, facts, args).filter(|fact| fact.callback.is_none());
        acquired.map(|fact| fact.resource).or_else(|| self.makes(facts))
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
