//! What lives as long as the process, and which of it is there twice: resources of one type for one server, made with the same arguments.

use super::{Case, Summaries};
use crate::catalog::schema::Role;
use crate::flow::{Owner, Start};
use crate::ir::{
    After, Arg, BlockId, Callee, ClassId, FnKind, FuncId, Function, ModuleId, Name, Op, OpRef, Place, Proj, Root, Span,
    Term,
};
use crate::resolve::{Target, Ty, Value, Values};
use rustc_hash::{FxHashMap, FxHashSet};
use std::collections::BTreeMap;
use std::rc::Rc;

/// Rounds in which what long-living objects keep becomes long-living.
const ROUNDS: usize = 4;

/// Places of one configuration that are compared with each other.
const MAX_SITES: usize = 40;

/// Blocks of a function whose branches are looked at.
const MAX_BLOCKS: usize = 200;

/// A resource that is made once and lives as long as the process.
pub struct Site {
    pub func: FuncId,
    /// Index into the cases of the function.
    pub case: usize,
    pub module: ModuleId,
    /// What keeps it: `client`, `Cookies.client`.
    pub holder: String,
    pub at: Span,
    /// Whose objects keep it.
    class: Option<ClassId>,
    block: BlockId,
}

/// Several resources in one process where one would do. By position; never fewer than two.
pub struct Group {
    pub sites: Vec<Site>,
    /// The module to import the one from that stays.
    pub home: ModuleId,
    /// What the arguments are that all of them are made with.
    pub same: Same,
}

/// What people call the arguments of a call. Never the arguments themselves: they may be a credential.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Same {
    Nothing,
    Literals,
    Settings(Vec<String>),
}

/// The resources among the cases for which `is_meant` holds that live as long as the process, in the order of the program.
pub fn lasting(
    summaries: &Summaries<'_>,
    cases: &[(FuncId, Rc<Vec<Case>>)],
    is_meant: &dyn Fn(&Case) -> bool,
) -> Vec<Site> {
    let all = cases.iter().flat_map(|(_, cases)| cases.iter().enumerate());
    let mut meant = all.filter(|(_, case)| is_meant(case)).peekable();
    if meant.peek().is_none() {
        return Vec::new();
    }
    let lasting = Lasting::new(summaries);
    meant.filter_map(|(index, case)| lasting.site(summaries, case, index)).collect()
}

type Key = (crate::catalog::TypeId, Vec<(Name, Value)>);

/// All groups, in the order of the paths and positions of their first sites. `counts` tells which modules belong to the application, and not
/// to its tests; `path` is where a module is.
pub fn duplicates(
    summaries: &Summaries<'_>,
    cases: &[(FuncId, Rc<Vec<Case>>)],
    counts: &dyn Fn(ModuleId) -> bool,
    path: &dyn Fn(ModuleId) -> Name,
) -> Vec<Group> {
    let place = |site: &Site| (path(site.module), site.at);
    let candidates: Vec<(FuncId, usize)> = cases
        .iter()
        .filter(|(func, _)| counts(summaries.resolved.program.module_of(*func)))
        .flat_map(|(func, cases)| (0..cases.len()).map(move |case| (*func, case)))
        .filter(|(func, case)| is_shareable(summaries, &cases[func.index()].1[*case]))
        .collect();
    // Nothing is there twice where there is one.
    if candidates.len() < 2 {
        return Vec::new();
    }
    let lasting = Lasting::new(summaries);
    let origins = origins(cases);
    let values = Values::new(summaries.resolved, summaries.regions);
    let mut known: BTreeMap<Key, Vec<Site>> = BTreeMap::new();
    for (func, index) in candidates {
        let case = &cases[func.index()].1[index];
        let Some((site, key)) = lasting.site(summaries, case, index).zip(key(summaries, &values, &origins, case))
        else {
            continue;
        };
        let sites = known.entry(key).or_default();
        if sites.len() < MAX_SITES && is_certain(summaries, &site) {
            sites.push(site);
        }
    }
    known.retain(|_, sites| sites.len() > 1);
    if known.is_empty() {
        return Vec::new();
    }
    let taken = Taken::new(summaries, &known);
    let readers = Readers::new(summaries);
    let mut out = Vec::new();
    for ((ty, arguments), mut sites) in known {
        if summaries.resolved.catalog.resource(ty).is_some_and(|resource| !resource.dedicated_by.is_empty()) {
            sites.retain(|site| !taken.is_taken(summaries, site));
        }
        sites.sort_by_key(&place);
        let mut distinct: Vec<Site> = Vec::new();
        for site in sites {
            if !distinct.iter().any(|other| is_the_same(other, &site) || excludes(summaries, other, &site)) {
                distinct.push(site);
            }
        }
        let sites = distinct;
        let same = same(&arguments);
        out.extend(in_one_process(summaries, &readers, sites, counts, path).into_iter().map(|(sites, home)| Group {
            sites,
            home,
            same: same.clone(),
        }));
    }
    out.sort_by_key(|group| group.sites.first().map(&place));
    out
}

/// The same variable filled again, as after a lost connection, is no second one. What one object has two of, it has on purpose.
fn is_the_same(a: &Site, b: &Site) -> bool {
    (a.module == b.module && a.holder == b.holder) || (a.class.is_some() && a.class == b.class)
}

/// It is made whenever its function runs to its end, or whenever its variable is empty then; not only under some other condition, as in
/// development only.
fn is_certain(summaries: &Summaries<'_>, site: &Site) -> bool {
    let function = summaries.resolved.program.func(site.func);
    if function.blocks.len() > MAX_BLOCKS {
        return false;
    }
    let own = site.holder.rsplit('.').next().unwrap_or_default();
    let is_own = |place: &Place| last_name(summaries, site.func, place).is_some_and(|name| name == own);
    let ends = |block: BlockId| {
        reachable(function, block).into_iter().any(|to| {
            matches!(function.block(to).term, Term::Return { .. } | Term::Jump { then: After::Return { .. }, .. })
        })
    };
    function.blocks.iter().all(|block| {
        let Term::Branch { place, yes, no, .. } = &block.term else { return true };
        let (by_yes, by_no) =
            (reachable(function, *yes).contains(&site.block), reachable(function, *no).contains(&site.block));
        by_yes == by_no || is_own(place) || !ends(if by_yes { *no } else { *yes })
    })
}

/// The blocks that may run after the block, and itself.
fn reachable(function: &Function, from: BlockId) -> FxHashSet<BlockId> {
    let mut seen = FxHashSet::from_iter([from]);
    let mut pending = vec![from];
    while let Some(next) = pending.pop() {
        function.block(next).for_each_successor(&mut |block| {
            if seen.insert(block) {
                pending.push(block);
            }
        });
    }
    seen
}

/// Only one of the two is ever made: they are in different branches of one function.
fn excludes(summaries: &Summaries<'_>, a: &Site, b: &Site) -> bool {
    let function = summaries.resolved.program.func(a.func);
    let leads = |from: BlockId, to: BlockId| reachable(function, from).contains(&to);
    a.func == b.func && !leads(a.block, b.block) && !leads(b.block, a.block)
}

/// Without those that are made where another one of the same function is not.
pub fn one_of_branches<'x>(summaries: &Summaries<'_>, sites: &'x [Site]) -> Vec<&'x Site> {
    let mut out: Vec<&Site> = Vec::new();
    for site in sites {
        // Conditions with many branches are rare, and so are more than some sites of one function.
        let same = out.iter().rev().take(MAX_SITES);
        let blocks = || summaries.resolved.program.func(site.func).blocks.len();
        if !same
            .into_iter()
            .any(|other| other.func == site.func && blocks() <= MAX_BLOCKS && excludes(summaries, other, site))
        {
            out.push(site);
        }
    }
    out
}

/// A type of which one serves a whole process, acquired as such.
fn is_shareable(summaries: &Summaries<'_>, case: &Case) -> bool {
    let resolved = summaries.resolved;
    let Some(resource) = case.token.kind.entry().and_then(|kind| resolved.catalog.resource(kind)) else { return false };
    let Start::Acquire { at, .. } = &case.token.start else { return false };
    let block = resolved.program.func(at.func).block(at.block);
    if !resource.shareable || block.loop_depth > 0 || block.script {
        return false;
    }
    // A copy that is made of another one is meant to be one of its own.
    let Op::Call { callee: Callee::Method { recv, .. }, .. } = &resolved.program.op(*at).op else { return true };
    !resolved.type_of(at.func, recv).iter().any(|ty| matches!(ty, Ty::Inst(_)))
}

/// The calls that acquire something themselves, by their places in the source.
fn origins(cases: &[(FuncId, Rc<Vec<Case>>)]) -> FxHashMap<Span, OpRef> {
    let direct = cases.iter().flat_map(|(_, cases)| cases.iter()).filter(|case| case.token.hops == 0);
    let calls = direct.filter_map(|case| match &case.token.start {
        Start::Acquire { at, .. } => Some((case.token.span, *at)),
        _ => None,
    });
    calls.collect()
}

/// The type and all arguments: of the call that really makes it, or else of the call of the function that does.
fn key(summaries: &Summaries<'_>, values: &Values<'_>, origins: &FxHashMap<Span, OpRef>, case: &Case) -> Option<Key> {
    let resolved = summaries.resolved;
    let ty = case.token.kind.entry()?;
    let Start::Acquire { at, .. } = &case.token.start else { return None };
    let arguments = |at: OpRef| {
        let Op::Call { args, .. } = &resolved.program.op(at).op else { return None };
        let made_over = |arg: &Arg| {
            let types = resolved.type_of(at.func, &arg.place);
            types.iter().any(|ty| matches!(ty, Ty::Inst(id) if resolved.catalog.resource(*id).is_some()))
        };
        let over = args.iter().any(|arg| made_over(arg) || arg.fields.iter().any(made_over));
        if over { None } else { values.arguments(at.func, args) }
    };
    if case.token.hops == 0 {
        return Some((ty, arguments(*at)?));
    }
    let origin = *origins.get(&case.token.because.first()?.span)?;
    if let Some(arguments) = arguments(origin) {
        return Some((ty, arguments));
    }
    let factory = resolved.call(*at)?.functions().next()?;
    let mut given = arguments(*at).filter(|given| !given.is_empty())?;
    given.push((Name::new("by"), Value::Code(factory)));
    Some((ty, given))
}

fn same(arguments: &[(Name, Value)]) -> Same {
    let mut names = Vec::new();
    arguments.iter().for_each(|(_, value)| settings(value, &mut names));
    names.dedup();
    match (arguments.is_empty(), names.is_empty()) {
        (true, _) => Same::Nothing,
        (false, true) => Same::Literals,
        (false, false) => Same::Settings(names),
    }
}

/// The names of settings that the value is made of.
fn settings(value: &Value, out: &mut Vec<String>) {
    match value {
        Value::Call(_, arguments) | Value::Record(arguments) => {
            arguments.iter().for_each(|(_, value)| settings(value, out))
        }
        Value::OneOf(values) => values.iter().for_each(|value| settings(value, out)),
        value => out.extend(value.name()),
    }
}

/// Parts of the sites that can be in one process: some module imports what has them. With each the module to keep.
fn in_one_process(
    summaries: &Summaries<'_>,
    readers: &Readers,
    mut sites: Vec<Site>,
    counts: &dyn Fn(ModuleId) -> bool,
    path: &dyn Fn(ModuleId) -> Name,
) -> Vec<(Vec<Site>, ModuleId)> {
    let resolved = summaries.resolved;
    let mut modules: Vec<ModuleId> = sites.iter().map(|site| site.module).collect();
    modules.sort();
    modules.dedup();
    let mut importers: FxHashMap<ModuleId, Vec<ModuleId>> = FxHashMap::default();
    for module in &modules {
        for importer in readers.of(*module).into_iter().filter(|importer| counts(*importer)) {
            importers.entry(importer).or_default().push(*module);
        }
    }
    let mut out = Vec::new();
    while sites.len() > 1 {
        let here = |loaded: &[ModuleId]| sites.iter().filter(|site| loaded.contains(&site.module)).count();
        let Some((_, loaded)) =
            importers.iter().max_by_key(|(importer, loaded)| (here(loaded), std::cmp::Reverse(path(**importer))))
        else {
            break;
        };
        if here(loaded) < 2 {
            break;
        }
        let (found, rest): (Vec<Site>, Vec<Site>) = sites.into_iter().partition(|site| loaded.contains(&site.module));
        sites = rest;
        let imported = |module: ModuleId| {
            found.iter().filter(|site| site.module != module && resolved.imports(site.module, module)).count()
        };
        let modules = found.iter().map(|site| site.module).enumerate();
        let home = modules.max_by_key(|(at, module)| (imported(*module), std::cmp::Reverse(*at)));
        let home = home.map(|(_, module)| module);
        out.extend(home.map(|home| (found, home)));
    }
    out
}

/// Per module those that import it.
struct Readers(Vec<Vec<ModuleId>>);

impl Readers {
    fn new(summaries: &Summaries<'_>) -> Readers {
        let mut readers = vec![Vec::new(); summaries.resolved.program.modules.len()];
        for (module, loaded) in (0..).map(ModuleId).zip(summaries.resolved.loads()) {
            for target in loaded {
                readers[target.index()].push(module);
            }
        }
        Readers(readers)
    }

    /// The module and all that import it, themselves or through others.
    fn of(&self, module: ModuleId) -> FxHashSet<ModuleId> {
        let mut seen = FxHashSet::from_iter([module]);
        let mut pending = vec![module];
        while let Some(next) = pending.pop() {
            pending.extend(self.0[next.index()].iter().copied().filter(|reader| seen.insert(*reader)));
        }
        seen
    }
}

/// Classes of which an object lives as long as the process.
struct Lasting {
    classes: FxHashSet<ClassId>,
}

impl Lasting {
    fn new(summaries: &Summaries<'_>) -> Lasting {
        let resolved = summaries.resolved;
        let mut made: Vec<(OpRef, ClassId)> = Vec::new();
        for func in resolved.program.func_ids() {
            each_op(summaries, func, |at, _| {
                let targets = resolved.call(at).into_iter().flat_map(|info| &info.targets);
                made.extend(targets.filter_map(|target| match target {
                    Target::Construct(class) => Some((at, *class)),
                    _ => None,
                }));
            });
        }
        let all = (0..resolved.program.classes.len() as u32).map(ClassId);
        let classes = all.filter(|class| resolved.keeps_its_object(*class) || resolved.is_managed(*class)).collect();
        let mut lasting = Lasting { classes };
        for _ in 0..ROUNDS {
            let more: Vec<ClassId> = made
                .iter()
                .filter(|(at, class)| !lasting.classes.contains(class) && lasting.keeps(summaries, *at))
                .map(|(_, class)| *class)
                .collect();
            if more.is_empty() {
                break;
            }
            lasting.classes.extend(more);
        }
        lasting
    }

    /// What the call makes lives as long as the process.
    fn keeps(&self, summaries: &Summaries<'_>, at: OpRef) -> bool {
        let resolved = summaries.resolved;
        let function = resolved.program.func(at.func);
        let block = function.block(at.block);
        // What a script makes ends with it, and so do its processes.
        if block.loop_depth > 0 || block.script {
            return false;
        }
        resolved.program.is_top(at.func)
            || resolved.goes_to_global(at)
            || resolved.decorator_roles(at.func).contains(&Role::Memoises)
            || (function.kind == FnKind::Constructor
                && function.class.is_some_and(|class| self.classes.contains(&class)))
    }

    /// Where the resource is kept, when that is for good.
    fn site(&self, summaries: &Summaries<'_>, case: &Case, index: usize) -> Option<Site> {
        let program = &summaries.resolved.program;
        let function = program.func(case.func);
        let outcome = &case.outcome;
        if outcome.handed.is_empty() || !outcome.deferred.is_empty() && !program.is_top(case.func) {
            return None;
        }
        let class = crate::summary::class::receiver_class(summaries.resolved, case.func);
        let mut holder = None;
        let mut holder_class = None;
        for handed in &outcome.handed {
            let in_container = handed.inside.as_ref().is_some_and(|inside| inside.proj.contains(&Proj::Elem));
            let kept = match &handed.owner {
                Owner::Process => Some(variable(summaries, case)?),
                Owner::Field(field) => {
                    let class = class.filter(|class| self.classes.contains(class))?;
                    holder_class = Some(class);
                    Some(format!("{}.{field}", program.class(class).name))
                }
                Owner::Caller(_) if summaries.resolved.decorator_roles(case.func).contains(&Role::Memoises) => {
                    Some(function.name.to_string())
                }
                // Given out again by what keeps it.
                Owner::Caller(_) => None,
                Owner::Other => return None,
            };
            if in_container {
                return None;
            }
            holder = holder.or(kept);
        }
        let (Start::Acquire { at, .. } | Start::Given { call: at, .. }) = &case.token.start else { return None };
        Some(Site {
            func: case.func,
            case: index,
            module: program.module_of(case.func),
            holder: holder?,
            at: case.token.span,
            class: holder_class,
            block: at.block,
        })
    }
}

/// The variable that is filled with what the case makes.
fn variable(summaries: &Summaries<'_>, case: &Case) -> Option<String> {
    let Start::Acquire { at, .. } = &case.token.start else { return None };
    let function = summaries.resolved.program.func(case.func);
    let made = *summaries.resolved.program.op(*at).op.dst()?;
    let mut held = vec![made];
    for instr in function.blocks.iter().flat_map(|block| &block.instrs) {
        let (Op::Copy { dst, src, .. } | Op::Await { dst, src }) = &instr.op else { continue };
        if !held.contains(src) {
            continue;
        }
        if matches!(dst.root, Root::Global(_) | Root::This) {
            // An element of a container that is filled under keys is one of many.
            return if dst.proj.contains(&Proj::Elem) { None } else { function.place_name(dst) };
        }
        held.push(*dst);
    }
    None
}

/// Variables and fields whose resource does something that leaves it for nothing else, and those that are given to others.
struct Taken {
    names: FxHashMap<Name, FxHashSet<ModuleId>>,
}

impl Taken {
    fn new(summaries: &Summaries<'_>, known: &BTreeMap<Key, Vec<Site>>) -> Taken {
        let catalog = summaries.resolved.catalog;
        let resources: Vec<_> = known.keys().filter_map(|(ty, _)| catalog.resource(*ty)).collect();
        let mut taken = Taken { names: FxHashMap::default() };
        for func in summaries.resolved.program.func_ids() {
            let module = summaries.resolved.program.module_of(func);
            let mut take = |place: &Place| {
                if let Some(name) = last_name(summaries, func, place) {
                    taken.names.entry(name).or_default().insert(module);
                }
            };
            each_op(summaries, func, |at, op| {
                let Op::Call { callee, args, .. } = op else { return };
                if let Callee::Method { recv, name, .. } = callee
                    && resources.iter().any(|resource| resource.dedicated_by.contains(name))
                {
                    take(recv);
                }
                let targets = summaries.resolved.call(at).map(|info| info.targets.as_slice()).unwrap_or_default();
                let own = targets.iter().any(|target| match target {
                    Target::Project(_) | Target::Construct(_) => true,
                    Target::External(path) => summaries.resolved.is_harmless(path),
                    _ => false,
                });
                if !own {
                    args.iter()
                        .flat_map(|arg| std::iter::once(arg).chain(&arg.fields))
                        .for_each(|arg| take(&arg.place));
                }
            });
        }
        taken
    }

    fn is_taken(&self, summaries: &Summaries<'_>, site: &Site) -> bool {
        let name = site.holder.rsplit('.').next().unwrap_or_default();
        let resolved = summaries.resolved;
        self.names.get(&Name::new(name)).is_some_and(|modules| {
            modules.iter().any(|module| *module == site.module || resolved.imports(*module, site.module))
        })
    }
}

/// What the place is called: its last part, or its variable.
fn last_name(summaries: &Summaries<'_>, func: FuncId, place: &Place) -> Option<Name> {
    let named = place.proj.iter().rev().find_map(|proj| match proj {
        Proj::Field(name) => Some(*name),
        _ => None,
    });
    named.or_else(|| summaries.resolved.program.func(func).place_name(place).map(Name::from))
}

fn each_op(summaries: &Summaries<'_>, func: FuncId, mut f: impl FnMut(OpRef, &Op)) {
    for (b, block) in summaries.resolved.program.func(func).blocks.iter().enumerate() {
        for (i, instr) in block.instrs.iter().enumerate() {
            f(OpRef { func, block: BlockId(b as u32), op: i as u32 }, &instr.op);
        }
    }
}

impl Site {
    /// The case that it is of.
    pub fn of<'c>(&self, cases: &'c [(FuncId, Rc<Vec<Case>>)]) -> Option<&'c Case> {
        cases.get(self.func.index())?.1.get(self.case)
    }
}
