//! The class hierarchy of a program.

use super::{Resolved, Ty};
use crate::catalog::schema::Role;
use crate::catalog::{EntryId, SymbolFacts, TypeId};
use crate::ir::{Arg, Callee, ClassId, FnKind, FuncId, Name, Op, Root, Span};
use smallvec::SmallVec;

/// Overrides considered for a virtual call, and classes for an ancestry.
const MAX_CLASSES: usize = 8;

/// Groups of commands in each other.
const MAX_GROUPS: usize = 4;

impl Resolved<'_> {
    /// Finds the bases of each class; needs the types of globals.
    pub(super) fn link_classes(&mut self) {
        let count = self.program.classes.len();
        self.bases = vec![SmallVec::new(); count];
        self.subclasses = vec![Vec::new(); count];
        self.open_classes.clear();
        for (index, class) in self.program.classes.iter().enumerate() {
            let id = ClassId(index as u32);
            let top = self.program.top_of_class(id);
            for base in &class.bases {
                let mut found = false;
                for ty in self.named(top, &base.path) {
                    match ty {
                        Ty::Class(other) if other != id => {
                            self.bases[index].push(other);
                            self.subclasses[other.index()].push(id);
                            found = true;
                        }
                        // A builtin or catalogued base holds nothing of the subclass. What has no name that one could write is none.
                        Ty::Path(path) => {
                            let name = path.strip_prefix("builtins.");
                            found |= name.is_some_and(|name| !name.contains(['.', '<']));
                        }
                        _ => {}
                    }
                }
                found |= self.base_type(top, base).is_some() || self.is_inert_base(top, base);
                if !found {
                    self.open_classes.insert(id);
                }
            }
        }
    }

    fn base_type(&self, here: FuncId, base: &crate::ir::TypeRef) -> Option<TypeId> {
        let mut types = super::TySet::new();
        self.annotation(here, base, &mut types);
        types.iter().find_map(|ty| if let Ty::Inst(id) = ty { Some(*id) } else { None })
    }

    /// Bases that the catalogue marks as carrying no behaviour (`abc.ABC`, `typing.Protocol`).
    fn is_inert_base(&self, here: FuncId, base: &crate::ir::TypeRef) -> bool {
        if base.path.is_empty() {
            return true;
        }
        self.named(here, &base.path).iter().any(|ty| {
            let Ty::Path(path) = ty else { return false };
            self.catalog.function(path).is_some_and(|facts| facts.roles.iter().any(|role| role.role == Role::Neutral))
        })
    }

    /// The class and its ancestors in the program, nearest first.
    pub fn ancestry(&self, class: ClassId) -> SmallVec<[ClassId; 4]> {
        let mut out: SmallVec<[ClassId; 4]> = SmallVec::new();
        out.push(class);
        let mut next = 0;
        while next < out.len() && out.len() < MAX_CLASSES {
            if let Some(bases) = self.bases.get(out[next].index()) {
                for base in bases {
                    if !out.contains(base) {
                        out.push(*base);
                    }
                }
            }
            next += 1;
        }
        out
    }

    /// Classes of the program that extend the class, itself or through others; some of them when there are very many.
    pub fn descendants(&self, class: ClassId) -> SmallVec<[ClassId; 4]> {
        let mut out: SmallVec<[ClassId; 4]> = SmallVec::new();
        let mut pending: Vec<ClassId> = vec![class];
        while let Some(next) = pending.pop().filter(|_| out.len() < MAX_CLASSES) {
            for sub in self.subclasses.get(next.index()).into_iter().flatten() {
                if !out.contains(sub) {
                    out.push(*sub);
                    pending.push(*sub);
                }
            }
        }
        out
    }

    /// True when an ancestor is not in the program, so that "no method does it" proves little.
    pub fn is_open(&self, class: ClassId) -> bool {
        self.ancestry(class).iter().any(|class| self.open_classes.contains(class))
    }

    /// The catalogued types that the class or an ancestor extends.
    pub fn catalogued_bases(&self, class: ClassId) -> Vec<TypeId> {
        let classes = self.ancestry(class);
        let bases = classes.iter().flat_map(|class| {
            let top = self.program.top_of_class(*class);
            self.program.class(*class).bases.iter().map(move |base| (top, base))
        });
        bases.filter_map(|(top, base)| self.base_type(top, base)).collect()
    }

    /// The canonical paths of the base classes of the class and its ancestors that are not in the program.
    fn base_paths(&self, class: ClassId) -> impl Iterator<Item = Name> + '_ {
        let bases = self.ancestry(class).into_iter().flat_map(|class| {
            let top = self.program.top_of_class(class);
            self.program.class(class).bases.iter().map(move |base| (top, base))
        });
        bases.flat_map(|(top, base)| self.named(top, &base.path)).filter_map(|ty| match ty {
            Ty::Path(path) => Some(path),
            _ => None,
        })
    }

    /// What the catalogue says about making the nearest base of the class that it knows.
    pub fn base_facts(&self, class: ClassId) -> Option<&SymbolFacts> {
        self.base_paths(class).find_map(|path| self.catalog.function(&path))
    }

    /// What the constructor of the class gives to that of its base, and in which function; `None` when it has none of its own, or
    /// calls that in another way.
    pub fn super_arguments(&self, class: ClassId) -> Option<(FuncId, &[Arg])> {
        let (_, constructor) =
            self.methods(class).into_iter().find(|(_, func)| self.program.func(*func).kind == FnKind::Constructor)?;
        let instrs = self.program.func(constructor).blocks.iter().flat_map(|block| &block.instrs);
        let mut given = instrs.filter_map(|instr| match &instr.op {
            Op::Call { callee: Callee::Super { .. }, args, .. } => Some(args.as_slice()),
            _ => None,
        });
        Some((constructor, given.next_back()?))
    }

    /// What the catalogue says about a function of a base class that is called through the class: `Client.from_url(url)`.
    pub(super) fn base_function(&self, class: ClassId, name: &Name) -> Option<Name> {
        let mut members = self.base_paths(class).map(|path| self.member_path(&path, name));
        members.find(|path| self.catalog.function(path).is_some())
    }

    pub fn find_method(&self, class: ClassId, name: &str) -> Option<FuncId> {
        self.ancestry(class).iter().find_map(|class| self.own_method(*class, name))
    }

    fn own_method(&self, class: ClassId, name: &str) -> Option<FuncId> {
        self.program.class(class).methods.iter().rev().find(|(method, _)| method == name).map(|(_, func)| *func)
    }

    /// The method found on a base of `class`, as `super()` does.
    pub(super) fn find_super_method(&self, class: ClassId, name: &str) -> Option<FuncId> {
        self.ancestry(class).iter().skip(1).find_map(|class| self.own_method(*class, name))
    }

    /// The method and its overrides in subclasses of the program.
    pub(super) fn virtual_methods(&self, class: ClassId, name: &str) -> SmallVec<[FuncId; 2]> {
        let mut out: SmallVec<[FuncId; 2]> = self.find_method(class, name).into_iter().collect();
        let mut pending: Vec<ClassId> = self.subclasses.get(class.index()).cloned().unwrap_or_default();
        let mut seen = 0;
        while let Some(sub) = pending.pop() {
            seen += 1;
            if seen > MAX_CLASSES || out.len() >= MAX_CLASSES {
                break;
            }
            out.extend(self.own_method(sub, name).filter(|method| !out.contains(method)));
            pending.extend(&self.subclasses[sub.index()]);
        }
        out
    }

    /// All methods that instances of `class` have in the program, nearest definition only.
    pub fn methods(&self, class: ClassId) -> Vec<(crate::ir::Name, FuncId)> {
        let mut out: Vec<(crate::ir::Name, FuncId)> = Vec::new();
        for class in self.ancestry(class) {
            for (name, func) in self.program.class(class).methods.iter().rev() {
                if !out.iter().any(|(known, _)| known == name) {
                    out.push((*name, *func));
                }
            }
        }
        out
    }

    /// The roles of the decorators of `func`, and of whatever else drives it.
    pub fn decorator_roles(&self, func: FuncId) -> SmallVec<[Role; 2]> {
        let function = self.program.func(func);
        let home = function.parent.unwrap_or(func);
        let mut out = SmallVec::new();
        for decorator in &function.decorators {
            for facts in self.decorator_facts(home, decorator) {
                out.extend(facts.roles.iter().map(|symbol| symbol.role));
            }
        }
        out.extend(self.driven.get(&func).copied());
        out
    }

    /// The function is a command of a program: its decorator says so, or is a method of a function whose decorator does (`@cli.command()`).
    pub fn is_program_entry(&self, func: FuncId) -> bool {
        self.is_entry_within(func, MAX_GROUPS)
    }

    fn is_entry_within(&self, func: FuncId, groups: usize) -> bool {
        let function = self.program.func(func);
        if self.decorator_roles(func).contains(&Role::ProgramEntry) {
            return true;
        }
        if let Some(class) = function.class {
            let bases = self.catalogued_bases(class);
            return bases.iter().any(|base| self.catalog.ty(*base).entries.contains(&function.name));
        }
        self.program.func(func).decorators.iter().any(|decorator| {
            let [group, _] = decorator.path.as_slice() else { return false };
            self.root_type(func, &Root::Global(*group))
                .iter()
                .any(|ty| matches!(ty, Ty::Func(group) if groups > 0 && self.is_entry_within(*group, groups - 1)))
        })
    }

    /// True when a decorator is neither catalogued nor part of the program, or is known to register the function: it may be called at any time.
    pub fn has_unknown_decorator(&self, func: FuncId) -> bool {
        let function = self.program.func(func);
        let home = function.parent.unwrap_or(func);
        function.decorators.iter().any(|decorator| {
            let facts = self.decorator_facts(home, decorator);
            facts.is_empty() || facts.iter().any(|facts| facts.has_role(Role::Invokes))
        })
    }

    /// The ways in which the function is entered, by what its decorators say, and where these are.
    pub fn entered_by_decorators(&self, func: FuncId) -> Vec<(EntryId, Span)> {
        let function = self.program.func(func);
        let home = function.parent.unwrap_or(func);
        let entered = |decorator: &crate::ir::Decorator| {
            let facts = self.decorator_facts(home, decorator);
            let ids: Vec<EntryId> = facts.iter().flat_map(|facts| &facts.enters).copied().collect();
            let span = decorator.span;
            ids.into_iter().map(move |id| (id, span))
        };
        function.decorators.iter().flat_map(entered).collect()
    }

    /// The ways in which methods of the class are entered, by what it extends.
    pub fn entered_by_bases(&self, class: ClassId) -> Vec<EntryId> {
        self.base_paths(class).flat_map(|path| self.catalog.entered_bases(&path)).copied().collect()
    }

    /// What the function is called with, by what its decorators say: (position of the parameter, type).
    pub(super) fn given_by_decorators(&self, func: FuncId) -> Vec<(u8, TypeId)> {
        let function = self.program.func(func);
        let home = function.parent.unwrap_or(func);
        let facts = function.decorators.iter().flat_map(|decorator| self.decorator_facts(home, decorator));
        let given = facts.flat_map(|facts| facts.given.iter().flat_map(|(_, given)| (0..).zip(given)));
        given.filter_map(|(position, ty)| Some((position, (*ty)?))).collect()
    }

    pub fn has_unknown_class_decorator(&self, class: ClassId) -> bool {
        let decorators = &self.program.class(class).decorators;
        decorators.iter().any(|decorator| self.decorator_facts(self.program.top_of_class(class), decorator).is_empty())
    }

    /// A container makes the objects of the class, one for the process: its decorator says so.
    pub fn is_managed(&self, class: ClassId) -> bool {
        let top = self.program.top_of_class(class);
        let mut decorators = self.program.class(class).decorators.iter();
        decorators
            .any(|decorator| self.decorator_facts(top, decorator).iter().any(|facts| facts.has_role(Role::Managed)))
    }

    /// The methods that are called when an object of the class is done: its decorators say so.
    pub fn ends_by_decorator(&self, class: ClassId) -> Vec<Name> {
        let top = self.program.top_of_class(class);
        let facts =
            self.program.class(class).decorators.iter().flat_map(|decorator| self.decorator_facts(top, decorator));
        facts
            .flat_map(|facts| &facts.roles)
            .filter(|symbol| symbol.role == Role::Neutral)
            .filter_map(|symbol| symbol.calls)
            .collect()
    }

    fn decorator_facts(
        &self,
        home: FuncId,
        decorator: &crate::ir::Decorator,
    ) -> SmallVec<[&crate::catalog::SymbolFacts; 1]> {
        let mut out = SmallVec::new();
        for ty in self.type_of(home, &decorator.place) {
            if let Ty::Path(path) = &ty {
                out.extend(self.catalog.function(path));
            }
        }
        if out.is_empty()
            && let Some((first, rest)) = decorator.path.split_first()
        {
            // `@cache(maxsize=1)`: the decorator is what the callee makes; its name says which.
            for ty in self.root_type(home, &Root::Global(*first)) {
                match ty {
                    Ty::Path(path) => {
                        let full = self.path_of(path, rest);
                        out.extend(self.catalog.function(&full));
                    }
                    Ty::Inst(id) => {
                        if let [method] = rest {
                            out.extend(self.catalog.method(id, method));
                        }
                    }
                    _ => {}
                }
            }
        }
        out
    }

    /// The function hands its receiver to something else, or to a closure: the object may live on without whoever made it.
    pub fn gives_itself_away(&self, func: FuncId) -> bool {
        let this = crate::ir::Place::root(Root::This);
        self.program.func(func).blocks.iter().flat_map(|block| &block.instrs).any(|instr| match &instr.op {
            Op::Call { args, .. } => args.iter().any(|arg| arg.place == this),
            Op::Copy { src, .. } => *src == this,
            Op::Build { parts, .. } => parts.iter().any(|(_, part)| *part == this),
            Op::Closure { captures, .. } => captures.iter().any(|(place, _)| *place == this),
            Op::Unknown { reads, .. } => reads.contains(&this),
            _ => false,
        })
    }

    /// Finds the methods that are read as attributes. Needs the types of decorators, which must not in turn need this: a decorator
    /// reached through a property is looked up with the properties found so far.
    pub(super) fn find_properties(&mut self) {
        let program = self.program;
        let found: Vec<FuncId> = program
            .func_ids()
            .filter(|func| !program.func(*func).decorators.is_empty() && !self.properties.contains(func))
            .filter(|func| self.decorator_roles(*func).contains(&Role::Property))
            .collect();
        self.properties.extend(found);
        let getter = |func: &FuncId| {
            let function = program.func(*func);
            function.kind == crate::ir::FnKind::Accessor && function.params.is_empty()
        };
        self.properties.extend(program.func_ids().filter(getter));
    }

    pub(super) fn find_accessors(&mut self) {
        let mut properties: Vec<FuncId> = self.properties.iter().copied().collect();
        properties.sort();
        for func in properties {
            if let Some(class) = self.program.func(func).class {
                self.accessors.entry(class).or_default().push(func);
            }
        }
    }

    /// The methods of the class and its ancestors that are read as attributes.
    pub fn accessors(&self, class: ClassId) -> impl Iterator<Item = FuncId> + '_ {
        self.ancestry(class).into_iter().filter_map(|class| self.accessors.get(&class)).flatten().copied()
    }

    pub(super) fn is_property(&self, func: FuncId) -> bool {
        self.properties.contains(&func)
    }
}
