//! What names mean that come from other files of the program.

use super::{Resolved, Ty, TySet, add, extend};
use crate::ir::{Export, FileId, FuncId, ModuleId, Name, Proj, Root};
use rustc_hash::{FxHashMap, FxHashSet};

/// Re-exports followed from one name to the next.
const MAX_REEXPORTS: usize = 8;

/// Which modules of a program the specifiers that its modules write lead to. What is not in here is a package, or not part of the program.
#[derive(Default)]
pub struct Links {
    /// By module and specifier as written, without a member behind it.
    targets: Vec<FxHashMap<Name, ModuleId>>,
    /// Specifiers that mean the same module wherever they are written; `None`: they do not.
    absolute: FxHashMap<Name, Option<ModuleId>>,
    /// Modules that are members of others by their place in the tree (`package/module.py`).
    submodules: FxHashMap<(ModuleId, Name), ModuleId>,
    /// Modules that some module of the program imports, and those that files outside of the program may import.
    imported: FxHashSet<ModuleId>,
    open: FxHashSet<ModuleId>,
    /// Like `targets`, for files of the project that are not part of the program.
    outside: Vec<FxHashMap<Name, FileId>>,
}

/// Where a specifier leads.
pub(super) enum Lead {
    Module(ModuleId),
    /// A file of the project that is not part of the program.
    File(FileId),
}

impl Links {
    /// Says that `specifier`, written in module `from`, leads to `to`.
    pub fn add(&mut self, from: ModuleId, specifier: Name, to: ModuleId) {
        if self.targets.len() <= from.index() {
            self.targets.resize_with(from.index() + 1, FxHashMap::default);
        }
        if !specifier.starts_with('.') {
            let known = self.absolute.entry(specifier).or_insert(Some(to));
            *known = known.filter(|known| *known == to);
        }
        self.imported.insert(to);
        self.targets[from.index()].insert(specifier, to);
    }

    /// Says that `specifier`, written in module `from`, leads to a file that is not part of the program.
    pub fn add_outside(&mut self, from: ModuleId, specifier: Name, to: FileId) {
        if self.outside.len() <= from.index() {
            self.outside.resize_with(from.index() + 1, FxHashMap::default);
        }
        self.outside[from.index()].insert(specifier, to);
    }

    pub fn add_submodule(&mut self, package: ModuleId, name: Name, to: ModuleId) {
        self.submodules.insert((package, name), to);
    }

    /// Says that files outside of the program may import the module.
    pub fn open(&mut self, module: ModuleId) {
        self.open.insert(module);
    }

    /// Who uses what the module exports is not known: it is there for others, or nobody in the program imports it.
    fn is_public(&self, module: ModuleId) -> bool {
        self.open.contains(&module) || !self.imported.contains(&module)
    }

    /// Modules that `from` names.
    pub fn of(&self, from: ModuleId) -> impl Iterator<Item = ModuleId> + '_ {
        self.targets.get(from.index()).into_iter().flat_map(|targets| targets.values().copied())
    }

    pub(super) fn target(&self, from: ModuleId, specifier: &str) -> Option<ModuleId> {
        self.targets.get(from.index())?.get(&Name::new(specifier)).copied()
    }

    fn is_empty(&self) -> bool {
        self.targets.is_empty()
    }
}

/// The ways to read `specifier.member.member`, the longest specifier first: specifiers may have dots themselves, and begin with some.
pub fn readings(path: &str) -> impl Iterator<Item = (&str, &str)> {
    let dots = path.len() - path.trim_start_matches('.').len();
    let whole = std::iter::once((path, ""));
    let inner = path.rmatch_indices('.').map(|(at, _)| at).take_while(move |at| *at > dots);
    let split = inner.map(|at| (&path[..at], &path[at + 1..]));
    let relative = (dots > 0 && dots < path.len()).then(|| (&path[..dots], &path[dots..]));
    // `x` of the directory `.`, where specifiers are paths.
    let here = (dots > 1 && dots < path.len()).then(|| (&path[..dots - 1], &path[dots..]));
    whole.chain(split).chain(relative).chain(here)
}

impl Resolved<'_> {
    /// What an import of `path` in the module of `func` binds.
    pub(super) fn symbol_type(&self, func: FuncId, path: &Name) -> TySet {
        let from = self.program.module_of(func);
        if !self.links.is_empty() {
            for (specifier, members) in readings(path) {
                let Some(module) = self.links.target(from, specifier) else { continue };
                let mut types = self.module_type(module);
                for member in members.split('.').filter(|member| !member.is_empty()) {
                    types = self.project_all(&types, &Proj::Field(Name::new(member)));
                }
                return types;
            }
        }
        TySet::from_iter([Ty::Path(self.symbol_path(path))])
    }

    /// What the specifier leads to that is written in the module of `func`, when it is part of the project.
    pub(super) fn leads_to(&self, func: FuncId, specifier: &str) -> Option<Lead> {
        let from = self.program.module_of(func);
        let module = self.links.target(from, specifier).map(Lead::Module);
        module.or_else(|| self.links.outside.get(from.index())?.get(&Name::new(specifier)).copied().map(Lead::File))
    }

    /// The modules whose names are all names of this one, too.
    pub(super) fn passed_on(&self, module: ModuleId) -> Vec<ModuleId> {
        let part = self.program.part(module);
        let exports = part.exports.iter().filter(|export| export.name == "*").filter_map(|export| export.from.as_ref());
        exports.chain(&part.stars).filter_map(|specifier| self.links.target(module, specifier)).collect()
    }

    /// The module names the other one in an import.
    pub fn imports(&self, module: ModuleId, other: ModuleId) -> bool {
        self.links.of(module).any(|target| target == other)
    }

    /// What the module itself is: its names, and what it says it is as a whole.
    fn module_type(&self, module: ModuleId) -> TySet {
        let mut types = TySet::from_iter([Ty::Module(module)]);
        let top = self.program.part(module).top;
        let everything = self.catalog.language().exports_everything;
        if let Some(whole) = self.env[top.index()].get(&Export::whole()).filter(|_| !everything) {
            whole.iter().filter(|ty| !matches!(ty, Ty::Path(_))).for_each(|ty| {
                add(&mut types, ty.clone());
            });
        }
        types
    }

    fn project_all(&self, types: &TySet, proj: &Proj) -> TySet {
        let mut next = TySet::new();
        for ty in types {
            self.project(ty, proj, &mut next);
        }
        next
    }

    /// What `name` of the module is for those who import it.
    pub(super) fn member_type(&self, module: ModuleId, name: &Name, out: &mut TySet) {
        self.member_through(module, name, out, &mut Vec::new());
    }

    fn member_through(&self, module: ModuleId, name: &Name, out: &mut TySet, passed: &mut Vec<ModuleId>) {
        if passed.len() >= MAX_REEXPORTS || passed.contains(&module) {
            return;
        }
        passed.push(module);
        let part = self.program.part(module);
        let env = &self.env[part.top.index()];
        let before = out.len();
        let everything = self.catalog.language().exports_everything;
        if !everything {
            for place in [Export::place(name), Export::whole().field(*name)] {
                if let Some(known) = env.get(&place) {
                    extend(out, known);
                }
            }
        }
        let exported = everything || self.exported[module.index()].contains(name);
        if exported && out.len() == before && self.bound_globals[module.index()].contains(name) {
            extend(out, &self.root_type(part.top, &Root::Global(*name)));
        }
        if out.len() > before {
            return;
        }
        if let Some(submodule) = self.links.submodules.get(&(module, *name)) {
            extend(out, &self.module_type(*submodule));
            return;
        }
        let passed_on =
            part.exports.iter().filter(|export| export.name == "*").filter_map(|export| export.from.as_ref());
        for specifier in passed_on.chain(&part.stars) {
            if let Some(target) = self.links.target(module, specifier) {
                self.member_through(target, name, out, passed);
            } else if !specifier.starts_with('.') && part.stars.contains(specifier) {
                self.library_member(specifier, name, out);
            }
        }
        passed.pop();
    }

    /// A name that no statement of the module binds, and that a module may give which it imports as a whole.
    pub(super) fn star_member(&self, module: ModuleId, name: &Name, out: &mut TySet) {
        for specifier in &self.program.part(module).stars {
            match self.links.target(module, specifier) {
                Some(target) => self.member_type(target, name, out),
                None => self.library_member(specifier, name, out),
            }
        }
    }

    /// A name that a library gives to those who import it as a whole: only what the catalogue knows counts.
    fn library_member(&self, library: &Name, name: &Name, out: &mut TySet) {
        let path = self.member_path(library, name);
        if self.catalog.function(&path).is_some() || self.catalog.class(&path, None).is_some() {
            add(out, Ty::Path(path));
        }
    }

    /// Who uses what the module exports is not known.
    pub fn is_public(&self, module: ModuleId) -> bool {
        self.links.is_public(module)
    }

    /// Functions that others than the program may call, since modules say that they export them.
    pub(super) fn exported_functions(&self) -> Vec<FuncId> {
        let mut out = Vec::new();
        let mut pending: Vec<ModuleId> = self.program.module_ids().filter(|id| self.links.is_public(*id)).collect();
        let mut seen: FxHashSet<ModuleId> = pending.iter().copied().collect();
        while let Some(module) = pending.pop() {
            for export in &self.program.part(module).exports {
                if export.name == "*" {
                    let target = export.from.as_ref().and_then(|from| self.links.target(module, from));
                    pending.extend(target.filter(|target| seen.insert(*target)));
                    continue;
                }
                let mut types = TySet::new();
                self.member_type(module, &export.name, &mut types);
                out.extend(types.iter().filter_map(|ty| if let Ty::Func(func) = ty { Some(*func) } else { None }));
            }
        }
        out
    }

    /// The module is one of `some`, or imports one, however far away.
    pub(super) fn reaches_any(&self, module: ModuleId, some: &FxHashSet<ModuleId>) -> bool {
        let mut seen = FxHashSet::from_iter([module]);
        let mut pending = vec![module];
        while let Some(next) = pending.pop() {
            if some.contains(&next) {
                return true;
            }
            pending.extend(self.links.of(next).filter(|target| seen.insert(*target)));
        }
        false
    }

    /// `from` imports the module, itself or through one other.
    pub(super) fn is_near(&self, from: ModuleId, to: ModuleId) -> bool {
        self.links.of(from).any(|near| near == to || self.links.of(near).any(|next| next == to))
    }

    /// A path that leads into the program after all: `package.module`, of a package that is no file itself.
    pub(super) fn absolute_type(&self, path: &Name) -> Option<Ty> {
        self.links.absolute.get(path).copied().flatten().map(Ty::Module)
    }

    /// What a dotted name stands for that is written in the module of `func`.
    pub(super) fn named(&self, func: FuncId, path: &[Name]) -> TySet {
        let Some((first, rest)) = path.split_first() else { return TySet::new() };
        let mut types = self.root_type(self.program.top_of(func), &Root::Global(*first));
        for part in rest {
            types = self.project_all(&types, &Proj::Field(*part));
        }
        types
    }
}

#[cfg(test)]
mod tests {
    use super::readings;

    #[test]
    fn a_specifier_may_have_dots() {
        let all = |path| readings(path).map(|(a, b)| format!("{a}|{b}")).collect::<Vec<_>>().join(" ");
        assert_eq!(all("./db.service.x"), "./db.service.x| ./db.service|x ./db|service.x .|/db.service.x");
        assert_eq!(all(".models.User"), ".models.User| .models|User .|models.User");
        assert_eq!(all("..m"), "..m| ..|m .|m");
        assert_eq!(all("a.b.c"), "a.b.c| a.b|c a|b.c");
        assert_eq!(all("."), ".|");
        assert_eq!(all(".."), "..|");
    }
}
