//! Variables that outlive the function which fills them: who reads them again.

use super::{Case, Summaries};
use crate::catalog::schema::Role;
use crate::flow::{Callees, Rel};
use crate::ir::{Arg, BlockId, Callee, FuncId, LocalId, Op, OpRef, Place, Root, Term};
use crate::resolve::{Resolved, Target, Ty};
use rustc_hash::{FxHashMap, FxHashSet};

/// Functions through which something new may come.
const ROUNDS: usize = 3;

/// Functions of a module that are looked at for one variable of a component: more are no component.
const MAX_FUNCTIONS: usize = 400;

/// A variable: where it is defined, and what it is there. Globals are at the top level of their module.
type Variable = (FuncId, Root);

/// When what the variable of a component holds is released.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Demand {
    /// When a user does something.
    User,
    /// When the next one is made.
    Next,
}

/// The variables of a program that some code reads, and those that hold something nobody else has.
pub(super) struct Variables {
    /// By variable: the functions that do.
    read: FxHashMap<Variable, Vec<FuncId>>,
    /// Filled with nothing but a container or cell that was made for it.
    own: FxHashSet<Variable>,
}

impl Variables {
    pub(super) fn new(resolved: &Resolved<'_>) -> Self {
        let program = resolved.program;
        let mut read: FxHashMap<Variable, Vec<FuncId>> = FxHashMap::default();
        // What was made for it by the functions that a variable is filled from: nothing when it is made right there.
        let mut own: FxHashMap<Variable, Vec<FuncId>> = FxHashMap::default();
        let mut foreign: FxHashSet<Variable> = FxHashSet::default();
        for func in program.func_ids() {
            let function = program.func(func);
            // `None`: one branch fills it with something else.
            let mut made: FxHashMap<LocalId, Option<Vec<FuncId>>> = FxHashMap::default();
            for (b, block) in function.blocks.iter().enumerate() {
                // Asking whether there is one already makes it the only one of the process.
                if let Term::Branch { place: Place { root: Root::Global(name), .. }, .. } = &block.term
                    && program.part(program.module_of(func)).instances.is_empty()
                {
                    read.entry((program.top_of(func), Root::Global(*name))).or_default().push(func);
                }
                for (i, instr) in block.instrs.iter().enumerate() {
                    let at = OpRef { func, block: BlockId(b as u32), op: i as u32 };
                    let makers = match &instr.op {
                        Op::Build { .. } => Some(Vec::new()),
                        Op::Call { callee, .. } => makers(resolved, at, callee),
                        Op::Copy { src: Place { root: Root::Local(local), proj, .. }, .. } if proj.is_empty() => {
                            made.get(local).cloned().flatten()
                        }
                        _ => None,
                    };
                    match (instr.op.dst().filter(|dst| dst.is_root()), makers) {
                        (Some(Place { root: Root::Local(local), .. }), makers)
                            if is_temporary(resolved, func, *local) =>
                        {
                            let known = made.entry(*local).or_insert_with(|| makers.clone());
                            *known = known.take().filter(|_| makers.is_some());
                        }
                        (Some(dst), makers) => {
                            if let Some(variable) = variable(resolved, func, dst) {
                                match makers {
                                    Some(makers) => own.entry(variable).or_default().extend(makers),
                                    None => _ = foreign.insert(variable),
                                }
                            }
                        }
                        (None, _) => {}
                    }
                    if matches!(instr.op, Op::Closure { .. }) || only_shows(resolved, at, &instr.op) {
                        continue;
                    }
                    let kept = used_only(resolved, func, &instr.op);
                    instr.op.for_each_place(&mut |place| {
                        if kept == Some(place) || instr.op.dst() == Some(place) {
                            return;
                        }
                        if let Some(variable) = variable(resolved, func, place) {
                            let readers = read.entry(variable).or_default();
                            if readers.last() != Some(&func) {
                                readers.push(func);
                            }
                        }
                    });
                }
            }
        }
        own.retain(|variable, _| !foreign.contains(variable));
        Variables { read, own: proven(&own) }
    }

    /// No code reads the variable, so that what it holds is out of reach; a part of a variable counts where nobody else has the whole.
    pub(super) fn is_forgotten(&self, resolved: &Resolved<'_>, func: FuncId, place: &Place) -> bool {
        let Some(variable) = variable(resolved, func, place).filter(|_| !place.cut) else { return false };
        let (home, root) = &variable;
        let seen = match root {
            Root::Global(name) => resolved.may_be_read_elsewhere(resolved.program.module_of(*home), name),
            root => !matches!(root, Root::Local(_)),
        };
        !seen && !self.read.contains_key(&variable) && (place.is_root() || self.own.contains(&variable))
    }

    /// Functions release what the variable of a component holds, but only such as run when a user does something, or when the next one
    /// is made: nobody does when the component goes.
    pub(super) fn is_left_to_handlers(&self, summaries: &Summaries<'_>, case: &Case, place: &Place) -> Option<Demand> {
        let resolved = summaries.resolved;
        let program = resolved.program;
        let variable = variable(resolved, case.func, place).filter(|_| !place.cut)?;
        let (home, root) = &variable;
        let (owned, seen) = match root {
            Root::Local(_) => (self.own.contains(&variable), false),
            Root::Global(name) => {
                let module = program.module_of(*home);
                (!program.part(module).instances.is_empty(), resolved.may_be_read_elsewhere(module, name))
            }
            _ => return None,
        };
        if !owned || seen {
            return None;
        }
        let releases = |func: FuncId| {
            names_for(resolved, func, &variable).any(|root| {
                let inner = place.proj.iter().fold(Place::root(root), |place, proj| place.project(*proj));
                !inner.cut && summaries.effect(func, &inner, case.token.kind).release != Rel::Never
            })
        };
        let readers = self.read.get(&variable)?;
        if !readers.iter().all(|func| func != home && releases(*func)) {
            return None;
        }
        let functions = || program.functions_of(program.module_of(*home));
        if functions().count() > MAX_FUNCTIONS {
            return None;
        }
        let mut releasing: FxHashSet<FuncId> = functions().filter(|func| func != home && releases(*func)).collect();
        // What calls one that does, does it as well; but for what starts the next one, which ends the one before only.
        for _ in 0..ROUNDS {
            let stops = |callee: &FuncId| *callee != case.func && releasing.contains(callee);
            let through = |func: &FuncId| func != home && called(resolved, *func).iter().any(stops);
            let more: Vec<FuncId> = functions().filter(|func| !releasing.contains(func)).filter(through).collect();
            if more.is_empty() {
                break;
            }
            releasing.extend(more);
        }
        // What starts it and stops it again is no handler of a user's.
        let bounded = |func: FuncId| {
            let called = called(resolved, func);
            let stops = |func: &FuncId| *func != case.func && releasing.contains(func);
            called.contains(&case.func) && (stops(&func) || called.iter().any(stops))
        };
        let left = functions().all(|func| !bounded(func) && uses_as_handlers(resolved, func, &releasing));
        let next = releasing.iter().all(|func| *func == case.func);
        left.then_some(if next { Demand::Next } else { Demand::User })
    }
}

/// What the function knows the variable as.
fn names_for<'r>(resolved: &'r Resolved<'_>, func: FuncId, wanted: &'r Variable) -> impl Iterator<Item = Root> + 'r {
    let captures = (0..resolved.captured_places(func).len()).map(|i| Root::Capture(i as u16));
    let global = matches!(wanted.1, Root::Global(_)).then_some(wanted.1);
    captures.chain(global).filter(move |root| variable(resolved, func, &Place::root(*root)).as_ref() == Some(wanted))
}

/// The functions of the program that the function calls.
fn called(resolved: &Resolved<'_>, caller: FuncId) -> FxHashSet<FuncId> {
    resolved.calls_of(caller).flat_map(|(_, info)| info.functions()).collect()
}

/// The function does nothing with one of `closures` but call it, name it, and give it to a user's event or to what runs it and drops its
/// result.
fn uses_as_handlers(resolved: &Resolved<'_>, func: FuncId, closures: &FxHashSet<FuncId>) -> bool {
    let is_one = |place: &Place| {
        resolved.type_of(func, place).iter().any(|ty| matches!(ty, Ty::Func(func) if closures.contains(func)))
    };
    let handler = |arg: &Arg| arg.name.is_some_and(|name| resolved.language().handlers.contains(&name));
    resolved.program.ops(func).all(|(at, instr)| match &instr.op {
        Op::Call { args, .. } => {
            let drops =
                |target: &Target<'_>| matches!(target, Target::Catalog { facts } if facts.has_role(Role::DropsResult));
            let dropped = || resolved.call(at).is_some_and(|info| info.targets.iter().any(drops));
            args.iter().all(|arg| handler(arg) || !is_one(&arg.place) || dropped())
        }
        Op::Copy { dst, src, .. } => {
            let named = dst.is_root() && matches!(dst.root, Root::Local(_) | Root::Global(_));
            named || !is_one(src)
        }
        Op::Closure { .. } => true,
        op => !op.reads_any(is_one),
    })
}

fn is_temporary(resolved: &Resolved<'_>, func: FuncId, local: LocalId) -> bool {
    resolved.program.func(func).locals.get(local.0 as usize).is_none_or(|local| local.name.is_none())
}

/// Where the variable that the place starts with is defined. Temporaries are none.
fn variable(resolved: &Resolved<'_>, mut func: FuncId, place: &Place) -> Option<Variable> {
    let mut root = place.root;
    while let Root::Capture(i) = root {
        root = resolved.captured_place(func, i)?.root;
        func = resolved.program.func(func).parent?;
    }
    match root {
        Root::Global(_) => Some((resolved.program.top_of(func), root)),
        Root::Local(local) if is_temporary(resolved, func, local) => None,
        root => Some((func, root)),
    }
}

/// The variables of which every maker gives something new.
fn proven(own: &FxHashMap<Variable, Vec<FuncId>>) -> FxHashSet<Variable> {
    let mut proven: FxHashSet<Variable> = FxHashSet::default();
    for _ in 0..ROUNDS {
        let holds = |makers: &[FuncId]| makers.iter().all(|maker| proven.contains(&(*maker, Root::Result)));
        let more: Vec<Variable> =
            own.iter().filter(|(_, makers)| holds(makers)).map(|(variable, _)| *variable).collect();
        proven.extend(more);
    }
    proven
}

/// When the call makes something empty that only its caller has: the functions that must do so for that.
fn makers(resolved: &Resolved<'_>, at: OpRef, callee: &Callee) -> Option<Vec<FuncId>> {
    let collection = |ty: &Ty| match ty {
        Ty::Path(path) => path
            .strip_prefix("builtins.")
            .is_some_and(|name| resolved.language().collections.iter().any(|known| known == name)),
        _ => false,
    };
    if let Callee::Value(called) = callee {
        let types = resolved.type_of(at.func, called);
        if !types.is_empty() && types.iter().all(collection) {
            return Some(Vec::new());
        }
    }
    let mut makers = Vec::new();
    let targets = resolved.call(at).map(|info| info.targets.as_slice()).filter(|targets| !targets.is_empty())?;
    for target in targets {
        match target {
            Target::Catalog { facts } if facts.has_role(Role::Cell) => {}
            Target::Project(func) => makers.push(*func),
            _ => return None,
        }
    }
    Some(makers)
}

/// A call of something that neither keeps its arguments nor does anything with them (`console.log`).
fn only_shows(resolved: &Resolved<'_>, at: OpRef, op: &Op) -> bool {
    let shows = |target: &Target<'_>| matches!(target, Target::External(path) if resolved.is_harmless(path));
    matches!(op, Op::Call { .. })
        && resolved.call(at).is_some_and(|info| !info.targets.is_empty() && info.targets.iter().all(shows))
}

/// The receiver of a method that gives nothing out: one that adds to a container or empties it, or that only listens to a resource.
fn used_only<'o>(resolved: &Resolved<'_>, func: FuncId, op: &'o Op) -> Option<&'o Place> {
    let Op::Call { callee: Callee::Method { recv, name, .. }, .. } = op else { return None };
    let language = resolved.language();
    let listens = |ty: &Ty| match ty {
        Ty::Inst(id) => resolved.catalog.resource(*id).is_some_and(|resource| {
            resource.quiet.contains(name) || resolved.is_fluent(resource, name) && language.fluent.contains(name)
        }),
        _ => false,
    };
    let types = resolved.type_of(func, recv);
    let container = language.container_adds.contains(name) || language.container_drops.contains(name);
    (container || (!types.is_empty() && types.iter().all(listens))).then_some(recv)
}
