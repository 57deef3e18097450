//! What a lowered function means by the documentation of the IR: a walk over all its states, one value per variable.

use super::{Believed, Ends};
use std::collections::HashSet;
use unclosed::flow::ExitKind;
use unclosed::ir::{After, Block, BlockId, BlockKind, Callee, Const, Function, Op, Place, Root, Term, Test, Tier};

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
enum Value {
    Unknown,
    Null,
    True,
    False,
    /// The resource that is followed.
    It,
    /// What is not null: another resource of which a test told so.
    Some,
    Suppressor,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug)]
enum Pending {
    Jump(Vec<BlockId>, After),
    Raise(Tier),
    Cancel,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug)]
struct State {
    values: Vec<Value>,
    pending: Vec<Pending>,
    open: bool,
    tier: Believed,
}

struct Walk<'a> {
    function: &'a Function,
    ends: Ends,
    seen: HashSet<(BlockId, State)>,
    todo: Vec<(BlockId, State)>,
}

/// All ends of all paths through `function`.
pub fn ends(function: &Function) -> Ends {
    let start =
        State { values: vec![Value::Unknown; function.locals.len()], pending: Vec::new(), open: false, tier: None };
    let mut walk = Walk { function, ends: Ends::default(), seen: HashSet::new(), todo: Vec::new() };
    walk.go(BlockId::ENTRY, start);
    while let Some((block, state)) = walk.todo.pop() {
        walk.block(function.block(block), state);
    }
    walk.ends
}

fn local(place: &Place) -> Option<usize> {
    match place.root {
        Root::Local(id) if place.is_root() => Some(id.0 as usize),
        _ => None,
    }
}

impl State {
    fn get(&self, place: &Place) -> Value {
        local(place).map_or(Value::Unknown, |i| self.values[i])
    }

    fn set(&mut self, place: &Place, value: Value) {
        if let Some(i) = local(place) {
            self.values[i] = value;
        }
    }

    fn doubt(&mut self, tier: Tier) {
        if self.open {
            self.tier = Ends::raised(self.tier, tier);
        }
    }
}

impl Walk<'_> {
    /// A normal edge: what is pending beyond the target's level is dropped.
    fn go(&mut self, to: BlockId, mut state: State) {
        state.pending.truncate(usize::from(self.function.block(to).pending));
        if self.seen.insert((to, state.clone())) {
            self.todo.push((to, state));
        }
    }

    /// An edge that pushes a completion on top of what the target's surroundings have.
    fn push(&mut self, to: BlockId, mut state: State, pending: Pending) {
        let level = usize::from(self.function.block(to).pending);
        assert!(level >= 1 && state.pending.len() >= level - 1, "block {} counts on more completions", to.0);
        state.pending.truncate(level - 1);
        state.pending.push(pending);
        self.go(to, state);
    }

    fn exit(&mut self, kind: ExitKind, state: &State) {
        if state.open {
            self.ends.open.insert((kind, state.tier));
        }
    }

    fn raise(&mut self, block: &Block, state: &State, tier: Tier) {
        let mut state = state.clone();
        state.doubt(tier);
        self.unwind(block, state, Pending::Raise(tier));
    }

    fn unwind(&mut self, block: &Block, state: State, pending: Pending) {
        match block.unwind {
            Some(to) => self.push(to, state, pending),
            None => self.exit(if pending == Pending::Cancel { ExitKind::Cancel } else { ExitKind::Raise }, &state),
        }
    }

    fn jump(&mut self, mut cleanups: Vec<BlockId>, then: After, state: State) {
        if cleanups.is_empty() {
            match then {
                After::Block(to) => self.go(to, state),
                After::Return { .. } => self.exit(ExitKind::Normal, &state),
            }
        } else {
            let first = cleanups.remove(0);
            self.push(first, state, Pending::Jump(cleanups, then));
        }
    }

    fn block(&mut self, block: &Block, mut state: State) {
        if let (BlockKind::Dispatch { .. }, Term::Switch(handlers)) = (block.kind, &block.term) {
            return self.dispatch(block, handlers, state);
        }
        let mut suppressed = false;
        for instr in &block.instrs {
            if let Op::Exit { manager, .. } = &instr.op {
                suppressed = state.get(manager) == Value::Suppressor;
            }
            let Some(next) = self.op(block, &instr.op, state) else { return };
            if next.open && !next.values.contains(&Value::It) {
                self.exit(ExitKind::Lost, &next);
                return;
            }
            state = next;
        }
        match &block.term {
            Term::Goto(to) => self.go(*to, state),
            Term::Branch { place, test, yes, no } => {
                let value = state.get(place);
                for (to, taken) in [(*yes, true), (*no, false)] {
                    let known = answer(test, value);
                    if known.is_none_or(|known| known == taken) {
                        let mut state = state.clone();
                        // Temporaries are tested once: what they held there only multiplies the states.
                        let named = local(place).is_some_and(|i| self.function.locals[i].name.is_some());
                        if known.is_none() && named {
                            state.set(place, learned(test, taken));
                        }
                        self.go(to, state);
                    }
                }
            }
            Term::Switch(all) => all.iter().for_each(|to| self.go(*to, state.clone())),
            Term::Return { .. } => self.exit(ExitKind::Normal, &state),
            Term::Raise { .. } => self.raise(block, &state, Tier::Explicit),
            Term::Jump { cleanups, then } => self.jump(cleanups.clone(), *then, state),
            Term::EndCleanup { after } => match (state.pending.pop(), after) {
                (None, _) => panic!("a cleanup ends with nothing pending"),
                (Some(Pending::Jump(cleanups, then)), _) => self.jump(cleanups, then, state),
                (Some(Pending::Raise(tier)), Some(after)) if suppressed => {
                    self.go(*after, state.clone());
                    state.doubt(Tier::Any);
                    self.unwind(block, state, Pending::Raise(tier));
                }
                (Some(other), _) => self.unwind(block, state, other),
            },
            Term::Halt => {}
        }
    }

    fn dispatch(&mut self, block: &Block, handlers: &[BlockId], mut state: State) {
        let pending = state.pending.last().cloned().expect("a dispatch is entered by an exception");
        for handler in handlers {
            let Op::Catch { types, .. } = &self.function.block(*handler).instrs[0].op else { panic!("no catch") };
            let all = types.is_empty() || types.iter().any(|ty| ty == "BaseException");
            let tier = match pending {
                _ if all => return self.go(*handler, state),
                Pending::Cancel => continue,
                Pending::Raise(_) if types.iter().any(|ty| ty == "Exception") => return self.go(*handler, state),
                Pending::Raise(tier) => tier,
                Pending::Jump(..) => panic!("a jump enters a dispatch"),
            };
            let io = matches!(tier, Tier::Await | Tier::Known);
            let mut caught = state.clone();
            if io {
                caught.doubt(Tier::Any);
            } else {
                state.doubt(Tier::Any);
            }
            self.go(*handler, caught);
        }
        state.pending.pop();
        self.unwind(block, state, pending);
    }

    /// The state after the op; `None` when the path is done with.
    fn op(&mut self, block: &Block, op: &Op, mut state: State) -> Option<State> {
        match op {
            Op::Copy { dst, src, moved } => {
                let value = state.get(src);
                if *moved {
                    state.set(src, Value::Unknown);
                }
                state.set(dst, value);
            }
            Op::Const { dst, value } => {
                let value = match value {
                    Const::Null => Value::Null,
                    Const::Bool(true) => Value::True,
                    Const::Bool(false) => Value::False,
                    _ => Value::Unknown,
                };
                state.set(dst, value);
            }
            Op::Call { dst, callee, .. } => {
                let mut result = Value::Unknown;
                match callee {
                    Callee::Method { recv, name, .. } => match (&recv.root, name.as_str()) {
                        (Root::Global(_), "open") => {
                            self.raise(block, &state, Tier::Known);
                            result = if state.open { Value::Unknown } else { Value::It };
                            state.open = true;
                        }
                        (Root::Global(_), "suppress") => result = Value::Suppressor,
                        (_, "close") if state.get(recv) == Value::It => {
                            self.ends.closed = true;
                            return None;
                        }
                        (_, "close") => {}
                        (_, "use") => self.raise(block, &state, Tier::Known),
                        _ => self.raise(block, &state, Tier::Any),
                    },
                    _ => self.raise(block, &state, Tier::Any),
                }
                state.set(dst, result);
            }
            Op::Await { dst, .. } => {
                self.raise(block, &state, Tier::Await);
                if state.open {
                    let mut cancelled = state.clone();
                    cancelled.doubt(Tier::Any);
                    self.unwind(block, cancelled, Pending::Cancel);
                }
                state.set(dst, Value::Unknown);
            }
            Op::Enter { dst, manager, .. } => {
                let value = state.get(manager);
                match value {
                    Value::It => {}
                    Value::Suppressor => self.raise(block, &state, Tier::Any),
                    _ => self.raise(block, &state, Tier::Known),
                }
                state.set(dst, value);
            }
            Op::Exit { manager, .. } => {
                if state.get(manager) == Value::It {
                    self.ends.closed = true;
                    return None;
                }
            }
            Op::Catch { dst, .. } => state.set(dst, Value::Unknown),
            other => panic!("the programs do not have {other:?}"),
        }
        Some(state)
    }
}

fn answer(test: &Test, value: Value) -> Option<bool> {
    match (test, value) {
        (_, Value::Unknown) | (Test::Opaque, _) => None,
        (Test::Null, value) => Some(value == Value::Null),
        (Test::Truthy, value) => Some(!matches!(value, Value::Null | Value::False)),
        (test, _) => panic!("the programs do not ask {test:?}"),
    }
}

/// What a test tells about an unknown value.
fn learned(test: &Test, taken: bool) -> Value {
    match (test, taken) {
        (Test::Null, true) => Value::Null,
        (Test::Null, false) | (Test::Truthy, true) => Value::Some,
        (Test::Truthy, false) => Value::False,
        _ => Value::Unknown,
    }
}
