//! Who calls the functions of a program from outside - for each request, job, invocation - and through which functions that goes.

use super::Summaries;
use super::calls::{Calls, ops};
use crate::catalog::EntryId;
use crate::catalog::schema::Role;
use crate::catalog::schema::entry::{EnteredBy, Entry, Runs};
use crate::ir::{
    Arg, Callee, ClassId, Const, Export, FnKind, FuncId, Function, ModuleId, Name, Op, OpRef, Place, Proj, Root, Span,
    Term,
};
use crate::resolve::{Target, Ty};
use rustc_hash::{FxHashMap, FxHashSet};
use std::cell::RefCell;
use std::collections::VecDeque;

/// Calls between what is entered and what is asked about.
const MAX_CALLS: usize = 5;

/// Callers of one function that are looked at.
const MAX_CALLERS: usize = 16;

/// Calls around an exported function: `export default withAuth(withDb(handler))`.
const MAX_WRAPPERS: u32 = 4;

/// Lists and objects within each other: `{ Query: { orders() {} } }`.
const MAX_NESTING: u32 = 2;

/// How a function is entered.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Way {
    /// One such call, for people, without article: `request to a FastAPI route`.
    pub noun: Name,
    pub by: EnteredBy,
    pub runs: Runs,
    /// Where it is recommended to make clients outside of the function; may be empty.
    pub advised: Name,
}

impl Way {
    pub fn of(entry: &Entry) -> Way {
        Way { noun: Name::new(&entry.noun), by: entry.by, runs: entry.runs, advised: entry.advised }
    }
}

/// What files of a module's name and place, or a configuration that names it, say is entered in it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FileEntry {
    pub way: Way,
    /// Exports that are entered; a dotted one is a member of an object. Empty: every one.
    pub exports: Vec<Name>,
    /// What the first parameters are called; empty: anything.
    pub params: Vec<Name>,
}

/// A function that is called from outside.
#[derive(Clone, Debug)]
pub struct Entered {
    pub way: Way,
    /// What says so: a decorator, a registration, or else the function's name.
    pub at: Span,
}

/// How something outside comes to call a function.
#[derive(Clone, Debug)]
pub struct Chain {
    pub entered: Entered,
    pub entry: FuncId,
    /// From the call in the entry to the one that reaches the function; empty when it is the entry.
    pub calls: Vec<OpRef>,
}

/// Answers about what is entered.
pub struct Entries<'s, 'a> {
    summaries: &'s Summaries<'a>,
    calls: Calls,
    entered: FxHashMap<FuncId, Entered>,
    tests: FxHashSet<ModuleId>,
    /// By function and place: what makes it.
    made: RefCell<FxHashMap<FuncId, FxHashMap<Place, Vec<OpRef>>>>,
}

impl<'s, 'a> Entries<'s, 'a> {
    /// Looks through the program once. `of_file`: what is known of each module from its name and place; `None`: what it calls does not count,
    /// since it is a test.
    pub fn new(summaries: &'s Summaries<'a>, of_file: &dyn Fn(ModuleId) -> Option<&'s [FileEntry]>) -> Self {
        let program = summaries.resolved.program;
        let mut entries = Entries {
            summaries,
            calls: Calls::new(summaries),
            entered: FxHashMap::default(),
            made: RefCell::default(),
            tests: program.module_ids().filter(|module| of_file(*module).is_none()).collect(),
        };
        for module in program.module_ids() {
            for entry in of_file(module).unwrap_or_default() {
                entries.note_file(module, entry);
            }
        }
        for class in (0..program.classes.len() as u32).map(ClassId) {
            entries.note_class(class);
        }
        for func in program.func_ids() {
            entries.note_decorators(func);
            entries.note_directives(func);
        }
        for (at, info) in summaries.resolved.calls() {
            for target in &info.targets {
                let Target::Catalog { facts } = target else { continue };
                facts.enters.iter().for_each(|id| entries.note_registered(at, *id));
                facts.marks.iter().for_each(|id| entries.note(at.func, *id, program.func(at.func).name_span));
            }
        }
        for func in program.func_ids() {
            entries.note_by_name(func);
        }
        entries
    }

    /// How the function is entered, when it is.
    pub fn of(&self, func: FuncId) -> Option<&Entered> {
        self.entered.get(&func)
    }

    /// All functions that are entered, in the order of the program.
    pub fn all(&self) -> impl Iterator<Item = (FuncId, &Entered)> {
        self.summaries.resolved.program.func_ids().filter_map(|func| Some((func, self.of(func)?)))
    }

    /// All calls of the program.
    pub fn calls(&self) -> &Calls {
        &self.calls
    }

    /// The shortest way from outside to the function. `None`: none is known, or not more often than once per process.
    pub fn chain(&self, func: FuncId) -> Option<Chain> {
        let mut seen = FxHashSet::from_iter([func]);
        let mut pending = VecDeque::from([(func, Vec::new())]);
        while let Some((func, calls)) = pending.pop_front() {
            if let Some(entered) = self.of(func).filter(|_| !self.memoised(func)) {
                return Some(Chain { entered: entered.clone(), entry: func, calls });
            }
            if calls.len() >= MAX_CALLS || self.runs_once(func) {
                continue;
            }
            for at in self.leading_to(func).into_iter().take(MAX_CALLERS) {
                if seen.insert(at.func) {
                    let calls = std::iter::once(at).chain(calls.iter().copied()).collect();
                    pending.push_back((at.func, calls));
                }
            }
            // A closure that somebody calls some time.
            let function = self.summaries.resolved.program.func(func);
            if let (FnKind::Closure | FnKind::Chain, Some(parent)) = (function.kind, function.parent)
                && self.calls.of(func).is_empty()
                // What a component gives away runs when something happens, or when it appears.
                && self.of(parent).is_none_or(|entered| entered.way.by != EnteredBy::Render)
                && seen.insert(parent)
            {
                pending.push_back((parent, calls));
            }
        }
        None
    }

    /// Calls that run the function: of itself, or for a constructor those that make an object.
    fn leading_to(&self, func: FuncId) -> Vec<OpRef> {
        let resolved = self.summaries.resolved;
        let function = resolved.program.func(func);
        let tests = |at: &OpRef| self.tests.contains(&resolved.program.module_of(at.func));
        let plain = |at: &OpRef| !resolved.program.func(at.func).block(at.block).script && !tests(at);
        let class = function.class.filter(|_| function.kind == FnKind::Constructor);
        let Some(class) = class else { return self.calls.of(func).iter().copied().filter(plain).collect() };
        if resolved.is_singleton(class) || resolved.is_managed(class) || resolved.keeps_its_object(class) {
            return Vec::new();
        }
        let family = std::iter::once(class).chain(resolved.descendants(class));
        let made = family.flat_map(|class| self.calls.making(class)).copied();
        made.filter(|at| plain(at) && !resolved.goes_to_global(*at)).collect()
    }

    /// What it does is done once per process, however often it is called.
    fn runs_once(&self, func: FuncId) -> bool {
        let resolved = self.summaries.resolved;
        resolved.program.is_top(func)
            || resolved.is_program_entry(func)
            || self.memoised(func)
            || asks_outside(resolved.program.func(func))
    }

    /// What it makes is made once, whoever calls it.
    fn memoised(&self, func: FuncId) -> bool {
        let resolved = self.summaries.resolved;
        resolved.is_memoised(func) || resolved.decorator_roles(func).contains(&Role::Memoises)
    }

    fn enter(&mut self, func: FuncId, way: Way, at: Span) {
        if !self.tests.contains(&self.summaries.resolved.program.module_of(func)) {
            self.entered.entry(func).or_insert(Entered { way, at });
        }
    }

    fn note(&mut self, func: FuncId, id: EntryId, at: Span) {
        let entry = self.summaries.resolved.catalog.entry(id);
        // What people enter goes on in closures; a script is none.
        if !self.summaries.resolved.program.is_top(func) {
            self.enter(func, Way::of(entry), at);
        }
    }

    fn note_decorators(&mut self, func: FuncId) {
        for (id, at) in self.summaries.resolved.entered_by_decorators(func) {
            self.note(func, id, at);
        }
    }

    fn note_directives(&mut self, func: FuncId) {
        let resolved = self.summaries.resolved;
        let program = resolved.program;
        let function = program.func(func);
        for directive in &function.directives {
            let Some(entry) = resolved.catalog.entries().iter().find(|entry| entry.directives.contains(directive))
            else {
                continue;
            };
            let way = Way::of(entry);
            match program.is_top(func) {
                true => {
                    let all = FileEntry { way, exports: Vec::new(), params: Vec::new() };
                    self.note_file(program.module_of(func), &all);
                }
                false => self.enter(func, way, function.name_span),
            }
        }
    }

    fn note_class(&mut self, class: ClassId) {
        let resolved = self.summaries.resolved;
        for id in resolved.entered_by_bases(class) {
            let entry = resolved.catalog.entry(id);
            for (name, func) in &resolved.program.class(class).methods {
                let function = resolved.program.func(*func);
                let meant = match entry.methods.is_empty() {
                    true => !function.private && function.kind == FnKind::Method,
                    false => entry.methods.contains(name),
                };
                if meant {
                    self.enter(*func, Way::of(entry), function.name_span);
                }
            }
        }
    }

    /// A call gets functions that are entered from then on.
    fn note_registered(&mut self, at: OpRef, id: EntryId) {
        let resolved = self.summaries.resolved;
        let entry = resolved.catalog.entry(id);
        let instr = resolved.program.op(at);
        let Op::Call { args, .. } = &instr.op else { return };
        let event = |arg: &Arg| matches!(&arg.literal, Some(Const::Str(text)) if entry.events.contains(text));
        if !entry.events.is_empty() && !args.iter().any(event) {
            return;
        }
        let mut given: Vec<FuncId> = Vec::new();
        for (position, arg) in args.iter().enumerate() {
            let named = |arg: &Arg| arg.name.as_ref().is_some_and(|name| entry.options.contains(name));
            let meant = match (&arg.name, entry.arg) {
                (Some(_), _) => named(arg) || (entry.options.is_empty() && entry.arg.is_none()),
                (None, Some(meant)) => position == usize::from(meant),
                (None, None) => true,
            };
            if !meant {
                continue;
            }
            if arg.name.is_some() || entry.options.is_empty() || entry.arg.is_some() {
                given.extend(self.functions(at.func, &arg.place, MAX_WRAPPERS));
                given.extend(self.methods(at.func, &arg.place, &entry.methods));
            }
            // One of several in a list, or in an object by its name.
            given.extend(self.members(at.func, &arg.place, &entry.options, MAX_NESTING));
            for field in arg.fields.iter().filter(|field| entry.options.is_empty() || named(field)) {
                given.extend(self.functions(at.func, &field.place, MAX_WRAPPERS));
                given.extend(self.members(at.func, &field.place, &[], MAX_NESTING));
            }
        }
        let span = instr.span;
        given.into_iter().for_each(|func| self.enter(func, Way::of(entry), span));
    }

    /// The functions that a place holds, or that are given to what makes it: `withAuth(handler)`.
    fn functions(&self, func: FuncId, place: &Place, wrappers: u32) -> Vec<FuncId> {
        let resolved = self.summaries.resolved;
        let own = resolved.type_of(func, place).into_iter().filter_map(|ty| match ty {
            Ty::Func(func) => Some(func),
            _ => None,
        });
        let mut out: Vec<FuncId> = own.collect();
        if let (true, Some(wrappers)) = (out.is_empty(), wrappers.checked_sub(1)) {
            for at in self.making(func, place) {
                match &resolved.program.op(at).op {
                    Op::Call { args, .. } => {
                        let args = args.iter().flat_map(|arg| std::iter::once(arg).chain(&arg.fields));
                        args.for_each(|arg| out.extend(self.functions(func, &arg.place, wrappers)));
                    }
                    Op::Copy { src, .. } => out.extend(self.functions(func, src, wrappers)),
                    _ => {}
                }
            }
        }
        out
    }

    /// The ops whose result is in the place.
    fn making(&self, func: FuncId, place: &Place) -> Vec<OpRef> {
        let mut made = self.made.borrow_mut();
        let of_func = made.entry(func).or_insert_with(|| {
            let mut made: FxHashMap<Place, Vec<OpRef>> = FxHashMap::default();
            for (at, op) in ops(self.summaries.resolved.program, func) {
                if let Some(dst) = op.dst() {
                    made.entry(*dst).or_default().push(at);
                }
            }
            made
        });
        of_func.get(place).cloned().unwrap_or_default()
    }

    /// Those of these names of an object or a class of the program.
    fn methods(&self, func: FuncId, place: &Place, names: &[Name]) -> Vec<FuncId> {
        let resolved = self.summaries.resolved;
        let classes = resolved.type_of(func, place).into_iter().filter_map(|ty| match ty {
            Ty::Object(class) | Ty::Class(class) => Some(class),
            _ => None,
        });
        let methods = |class| names.iter().filter_map(move |name| resolved.find_method(class, name));
        classes.flat_map(methods).collect()
    }

    /// The functions in a list or an object literal, and in those in it; in objects only those of these names, when there are some.
    fn members(&self, func: FuncId, place: &Place, names: &[Name], nesting: u32) -> Vec<FuncId> {
        let Some(nesting) = nesting.checked_sub(1) else { return Vec::new() };
        let program = self.summaries.resolved.program;
        let making = self.making(func, place);
        let copied = making.iter().filter_map(|at| match &program.op(*at).op {
            Op::Copy { src, .. } => Some(src),
            _ => None,
        });
        let copied: Vec<FuncId> = copied.flat_map(|src| self.members(func, src, names, nesting)).collect();
        let built = making.iter().filter_map(|at| match &program.op(*at).op {
            Op::Build { parts, .. } => Some(parts),
            _ => None,
        });
        let meant = |proj: &Proj| match proj {
            Proj::Field(name) => names.is_empty() || names.contains(name),
            _ => true,
        };
        let parts: Vec<Place> = built.flatten().filter(|(proj, _)| meant(proj)).map(|(_, part)| *part).collect();
        let within = |part: &Place| {
            let mut found = self.functions(func, part, MAX_WRAPPERS);
            found.extend(self.members(func, part, names, nesting));
            found
        };
        copied.into_iter().chain(parts.iter().flat_map(within)).collect()
    }

    /// What the module exports under names that are entered.
    fn note_file(&mut self, module: ModuleId, entry: &FileEntry) {
        let resolved = self.summaries.resolved;
        let part = resolved.program.part(module);
        let language = resolved.language();
        let exported = || part.exports.iter().filter(|export| export.from.is_none()).map(|export| export.name);
        let defined = || {
            let own = resolved.program.functions_of(module).map(|func| resolved.program.func(func));
            let public = |function: &&Function| function.parent == Some(part.top) && !function.private;
            own.filter(public).filter(|function| function.class.is_none()).map(|function| function.name).collect()
        };
        let names: Vec<Name> = match (entry.exports.is_empty(), language.exports_everything) {
            (true, true) => defined(),
            (true, false) => exported().collect(),
            (false, _) => entry.exports.clone(),
        };
        for name in names {
            let mut members = name.split('.');
            let first = members.next().unwrap_or_default();
            let exported =
                [Export::place(first), Export::whole().field(Name::new(first)), Place::global(Name::new(first))];
            let places = exported.into_iter().enumerate().filter(|(i, _)| {
                *i < 2 || language.exports_everything || part.exports.iter().any(|export| export.name == first)
            });
            let mut found: Vec<FuncId> = Vec::new();
            let members: Vec<Name> = members.map(Name::new).collect();
            for (_, place) in places {
                let (all, members) = match members.split_last() {
                    Some((last, members)) if last == "*" => (true, members),
                    _ => (false, members.as_slice()),
                };
                let place = members.iter().fold(place, |place, member| place.field(*member));
                match all {
                    true => found.extend(self.members(part.top, &place, &[], MAX_NESTING)),
                    false => found.extend(self.functions(part.top, &place, MAX_WRAPPERS)),
                }
            }
            if found.is_empty() && first == language.package_member {
                let place = members.iter().fold(Export::whole(), |place, member| place.field(*member));
                found.extend(self.functions(part.top, &place, MAX_WRAPPERS));
            }
            for func in found {
                let function = resolved.program.func(func);
                let params = function.params.iter().map(|param| param.name);
                let as_said = entry.params.is_empty()
                    || (entry.params.len() <= function.params.len()
                        && params.zip(&entry.params).all(|(have, said)| have.trim_start_matches('_') == said.as_str()));
                if as_said {
                    self.enter(func, entry.way.clone(), function.name_span);
                }
            }
        }
    }

    /// By what applications call the methods that register handlers, where nothing more is known.
    fn note_by_name(&mut self, func: FuncId) {
        let resolved = self.summaries.resolved;
        let (function, language) = (resolved.program.func(func), resolved.language());
        let is = |name: &Name| language.request_handlers.contains(name);
        let request = || Way {
            noun: Name::new("request"),
            by: EnteredBy::Request,
            runs: Runs::Anywhere,
            advised: Name::default(),
        };
        // An application, or whatever the method belongs to, is a variable: what an import names is known, or is something else.
        let home = function.parent.unwrap_or(func);
        let imported = |name: &Name| {
            resolved.type_of(home, &Place::global(*name)).iter().any(|ty| matches!(ty, Ty::Path(_) | Ty::Module(_)))
        };
        let registers = |path: &[Name]| matches!(path, [app, .., name] if is(name) && !imported(app));
        let decorated = function.decorators.iter().find(|decorator| registers(&decorator.path));
        if let Some(decorator) = decorated {
            return self.enter(func, request(), decorator.span);
        }
        if function.class.is_none() && is(&function.name) && function.name.chars().all(|c| c.is_ascii_uppercase()) {
            return self.enter(func, request(), function.name_span);
        }
        let registered = self.calls.handing(func).iter().find(|at| {
            let Op::Call { callee: Callee::Method { name, .. }, args, .. } = &resolved.program.op(**at).op else {
                return false;
            };
            let event =
                |arg: &Arg| matches!(&arg.literal, Some(Const::Str(text)) if language.request_events.contains(text));
            let path =
                args.first().is_some_and(|arg| matches!(&arg.literal, Some(Const::Str(text)) if text.starts_with('/')));
            (is(name) && path) || args.iter().any(event)
        });
        if let Some(at) = registered.copied() {
            self.enter(func, request(), resolved.program.op(at).span);
        }
    }
}

/// It looks at a variable outside of it, which it fills, before it goes on: what it starts, it may start once.
pub fn asks_outside(function: &Function) -> bool {
    let fills = |asked: &Place| {
        let mut ops = function.blocks.iter().flat_map(|block| &block.instrs).map(|instr| &instr.op);
        ops.any(|op| op.dst().is_some_and(|dst| dst == asked || dst.is_root() && dst.root == asked.root))
    };
    function.blocks.iter().any(|block| match &block.term {
        Term::Branch { place, .. } => {
            matches!(place.root, Root::Global(_) | Root::Capture(_) | Root::This) && fills(place)
        }
        _ => false,
    })
}
