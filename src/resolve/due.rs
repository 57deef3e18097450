//! Which functions inference has to look at (again): those that read what was learnt after they read it.

use crate::ir::{Callee, Const, FuncId, Function, LocalId, Name, Op, Place, Program, Proj, Root};
use rustc_hash::{FxHashMap, FxHashSet};

/// Who reads what, and who is due.
#[derive(Default)]
pub struct Due {
    due: Vec<bool>,
    /// When each function was looked at last, counted in functions.
    taken: Vec<u32>,
    now: u32,
    /// Names of which something was learnt in this round, and when for the last time.
    learnt: FxHashMap<Name, u32>,
    /// Functions that read something by the name: a global, a field, a method, what an import binds. A top level that reads its own
    /// global only after it assigned it is not among those.
    readers: FxHashMap<Name, Vec<FuncId>>,
    /// Functions with scopes: what they bind depends on what enter methods give.
    scopes: Vec<FuncId>,
    /// Locals that are read before they are assigned, in the order of ops.
    early: Vec<FxHashSet<LocalId>>,
    /// The closures that a function makes.
    closures: Vec<Vec<FuncId>>,
    callers: Vec<FxHashSet<FuncId>>,
}

impl Due {
    pub fn new(program: &Program) -> Self {
        let count = program.functions.len();
        let mut due = Due {
            due: vec![true; count],
            taken: vec![0; count],
            early: vec![FxHashSet::default(); count],
            closures: vec![Vec::new(); count],
            callers: vec![FxHashSet::default(); count],
            ..Due::default()
        };
        for id in program.func_ids() {
            due.note(program.is_top(id), id, program.func(id));
        }
        due
    }

    fn note(&mut self, is_top: bool, id: FuncId, function: &Function) {
        let mut names: FxHashSet<Name> = FxHashSet::default();
        let mut assigned: FxHashSet<Root> = FxHashSet::default();
        for instr in function.blocks.iter().flat_map(|block| &block.instrs) {
            let dst = instr.op.dst();
            let early = &mut self.early[id.index()];
            instr.op.for_each_place(&mut |place| {
                names.extend(place.proj.iter().filter_map(|proj| match proj {
                    Proj::Field(name) => Some(*name),
                    _ => None,
                }));
                if dst.is_some_and(|dst| std::ptr::eq(dst, place)) && place.is_root() {
                    return;
                }
                match place.root {
                    Root::Global(name) if !(is_top && assigned.contains(&place.root)) => {
                        names.insert(name);
                    }
                    Root::Local(local) if !assigned.contains(&place.root) => {
                        early.insert(local);
                    }
                    _ => {}
                }
            });
            match &instr.op {
                Op::Call { callee: Callee::Method { name, .. } | Callee::Super { name }, .. } => {
                    names.insert(*name);
                }
                Op::Const { value: Const::Symbol(path), .. } => {
                    names.extend(path.split(['.', '/']).filter_map(Name::known));
                }
                Op::Closure { func, .. } => self.closures[id.index()].push(*func),
                Op::Enter { .. } if self.scopes.last() != Some(&id) => self.scopes.push(id),
                _ => {}
            }
            if let Some(dst) = dst.filter(|dst| dst.is_root()) {
                assigned.insert(dst.root);
            }
        }
        for name in names {
            self.readers.entry(name).or_default().push(id);
        }
    }

    pub fn everyone(&mut self) {
        self.due.fill(true);
    }

    /// Ends a round. Returns whether anyone is due.
    pub fn next_round(&mut self) -> bool {
        for (name, at) in self.learnt.drain() {
            for reader in self.readers.get(&name).into_iter().flatten() {
                self.due[reader.index()] |= self.taken[reader.index()] <= at;
            }
        }
        self.due.iter().any(|due| *due)
    }

    /// The function is due no longer. Returns whether it was.
    pub fn take(&mut self, func: FuncId) -> bool {
        let due = std::mem::take(&mut self.due[func.index()]);
        if due {
            self.now += 1;
            self.taken[func.index()] = self.now;
        }
        due
    }

    /// `caller` may call `func`.
    pub fn call(&mut self, caller: FuncId, func: FuncId) {
        self.callers[func.index()].insert(caller);
    }

    /// Something is known of the place, which is one of `home`.
    pub fn learnt(&mut self, home: FuncId, place: &Place) {
        match place.root {
            Root::Global(name) => self.name(name),
            Root::Local(local) => {
                if !place.is_root() || self.early[home.index()].contains(&local) {
                    self.due[home.index()] = true;
                }
                self.closures_of(home);
            }
            Root::Param(_) => {
                self.due[home.index()] = true;
                self.closures_of(home);
            }
            Root::Result => self.result(home),
            Root::This | Root::Capture(_) => {}
        }
    }

    fn closures_of(&mut self, func: FuncId) {
        let mut pending = self.closures[func.index()].clone();
        while let Some(func) = pending.pop() {
            if !std::mem::replace(&mut self.due[func.index()], true) {
                pending.extend_from_slice(&self.closures[func.index()]);
            }
        }
    }

    /// Something is known of what has this name.
    pub fn name(&mut self, name: Name) {
        self.learnt.insert(name, self.now);
    }

    /// Something is known of what the function gives.
    pub fn result(&mut self, func: FuncId) {
        for caller in &self.callers[func.index()] {
            self.due[caller.index()] = true;
        }
    }

    /// Something is known of what an enter method gives.
    pub fn scopes(&mut self) {
        for func in &self.scopes {
            self.due[func.index()] = true;
        }
    }
}
