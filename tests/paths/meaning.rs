//! What a program means by the rules of Python: sets of states go through each statement, and come out by kind of completion.

use super::program::{Catches, Program, Stmt, Test, Try};
use super::{Believed, Ends};
use std::collections::BTreeSet;
use unclosed::flow::ExitKind;
use unclosed::ir::Tier;

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Value {
    None,
    /// The resource that is followed.
    It,
    /// What a later round of the same loop opened: another one, about which no test has told anything yet.
    Another,
    /// A closed one, or another one that a test told to be there.
    Some,
}

#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
struct State {
    conn: Value,
    other: Value,
    /// Managers of the `with` blocks around.
    managers: Vec<Value>,
    flag: bool,
    open: bool,
    tier: Believed,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Exception {
    /// Of some class; the tier says where it came from.
    Error(Tier),
    Cancelled,
}

type States = BTreeSet<State>;

/// How a statement can complete.
#[derive(Clone, Default, PartialEq)]
struct Out {
    fall: States,
    breaks: States,
    continues: States,
    returns: States,
    raises: BTreeSet<(State, Exception)>,
}

impl Out {
    fn add(&mut self, more: Out) {
        let fallen = self.add_abrupt(more);
        self.fall.extend(fallen);
    }

    fn add_abrupt(&mut self, more: Out) -> States {
        self.breaks.extend(more.breaks);
        self.continues.extend(more.continues);
        self.returns.extend(more.returns);
        self.raises.extend(more.raises);
        more.fall
    }
}

/// All ends of all paths.
pub fn ends(program: &Program) -> Ends {
    let start =
        State { conn: Value::None, other: Value::None, managers: Vec::new(), flag: false, open: false, tier: None };
    let mut meaning = Meaning { ends: Ends::default() };
    let out = meaning.block(&program.body, States::from([start]), None);
    let mut ends = meaning.ends;
    let normal = out.fall.iter().chain(&out.returns).filter(|state| state.open);
    ends.open.extend(normal.map(|state| (ExitKind::Normal, state.tier)));
    for (state, exception) in out.raises.iter().filter(|(state, _)| state.open) {
        let kind = if *exception == Exception::Cancelled { ExitKind::Cancel } else { ExitKind::Raise };
        ends.open.insert((kind, state.tier));
    }
    ends
}

struct Meaning {
    ends: Ends,
}

fn raise(state: &State, tier: Tier, out: &mut Out) {
    let mut state = state.clone();
    doubt(&mut state, tier);
    out.raises.insert((state, Exception::Error(tier)));
}

fn doubt(state: &mut State, tier: Tier) {
    if state.open {
        state.tier = Ends::raised(state.tier, tier);
    }
}

impl Meaning {
    fn block(&mut self, body: &[Stmt], mut states: States, handled: Option<Exception>) -> Out {
        let mut out = Out::default();
        for stmt in body {
            let mut next = States::new();
            for state in states {
                let one = self.stmt(stmt, state, handled);
                next.extend(out.add_abrupt(one));
            }
            states = next;
        }
        out.fall = states;
        out
    }

    fn one(&mut self, body: &[Stmt], state: State, handled: Option<Exception>) -> Out {
        self.block(body, States::from([state]), handled)
    }

    /// The path goes on, unless nothing holds the open resource any more.
    fn keep(&mut self, state: State, out: &mut Out) {
        let held = state.conn == Value::It || state.other == Value::It || state.managers.contains(&Value::It);
        if state.open && !held {
            self.ends.open.insert((ExitKind::Lost, state.tier));
        } else {
            out.fall.insert(state);
        }
    }

    /// A path on which it is closed is done with.
    fn close(&mut self, value: Value, state: State, out: &mut Out) {
        if value == Value::It {
            self.ends.closed = true;
        } else {
            out.fall.insert(state);
        }
    }

    fn stmt(&mut self, stmt: &Stmt, mut state: State, handled: Option<Exception>) -> Out {
        let mut out = Out::default();
        match stmt {
            Stmt::Open => {
                raise(&state, Tier::Known, &mut out);
                state.conn = if state.open { Value::Another } else { Value::It };
                state.open = true;
                self.keep(state, &mut out);
            }
            Stmt::Close => self.close(state.conn, state, &mut out),
            Stmt::CloseOther => self.close(state.other, state, &mut out),
            Stmt::Use => {
                raise(&state, Tier::Known, &mut out);
                out.fall.insert(state);
            }
            Stmt::Work => {
                raise(&state, Tier::Any, &mut out);
                out.fall.insert(state);
            }
            Stmt::Await => {
                raise(&state, Tier::Any, &mut out);
                raise(&state, Tier::Await, &mut out);
                if state.open {
                    let mut cancelled = state.clone();
                    doubt(&mut cancelled, Tier::Any);
                    out.raises.insert((cancelled, Exception::Cancelled));
                }
                out.fall.insert(state);
            }
            Stmt::Alias => {
                state.other = state.conn;
                self.keep(state, &mut out);
            }
            Stmt::Forget => {
                state.conn = Value::None;
                self.keep(state, &mut out);
            }
            Stmt::SetFlag(flag) => {
                state.flag = *flag;
                out.fall.insert(state);
            }
            Stmt::Return => drop(out.returns.insert(state)),
            Stmt::Break => drop(out.breaks.insert(state)),
            Stmt::Continue => drop(out.continues.insert(state)),
            Stmt::Raise => {
                raise(&state, Tier::Any, &mut out);
                raise(&state, Tier::Explicit, &mut out);
            }
            Stmt::Reraise => {
                // Which exception it was is forgotten, not where it was first raised: the state keeps that.
                assert!(handled.is_some(), "a bare raise outside of a handler");
                raise(&state, Tier::Explicit, &mut out);
            }
            Stmt::If(test, yes, no) => {
                let (there, absent) = match state.conn {
                    Value::None => (false, true),
                    Value::Another => (true, true),
                    Value::It | Value::Some => (true, false),
                };
                let (yes_too, no_too) = match test {
                    Test::Check => {
                        raise(&state, Tier::Any, &mut out);
                        (true, true)
                    }
                    Test::Flag => (state.flag, !state.flag),
                    Test::NotFlag => (!state.flag, state.flag),
                    Test::HasConn | Test::ConnTruthy => (there, absent),
                    Test::NoConn => (absent, there),
                };
                let (mut yes_state, mut no_state) = (state.clone(), state.clone());
                if state.conn == Value::Another {
                    match test {
                        Test::HasConn | Test::ConnTruthy => {
                            (yes_state.conn, no_state.conn) = (Value::Some, Value::None)
                        }
                        Test::NoConn => (yes_state.conn, no_state.conn) = (Value::None, Value::Some),
                        _ => {}
                    }
                }
                if yes_too {
                    out.add(self.one(yes, yes_state, handled));
                }
                if no_too {
                    out.add(self.one(no, no_state, handled));
                }
            }
            Stmt::For(body, no) => {
                raise(&state, Tier::Any, &mut out);
                self.repeat(body, no, true, state, handled, &mut out);
            }
            Stmt::While(body, no) => self.repeat(body, no, true, state, handled, &mut out),
            Stmt::Forever(body) => self.repeat(body, &[], false, state, handled, &mut out),
            Stmt::Suppress(body) => {
                raise(&state, Tier::Any, &mut out);
                let inner = self.one(body, state, handled);
                let raises = inner.raises.clone();
                out.add(Out { raises: BTreeSet::new(), ..inner });
                for (mut state, exception) in raises {
                    if exception != Exception::Cancelled {
                        out.fall.insert(state.clone());
                        doubt(&mut state, Tier::Any);
                    }
                    out.raises.insert((state, exception));
                }
            }
            Stmt::With(body) => {
                if state.conn != Value::It {
                    raise(&state, Tier::Known, &mut out);
                }
                state.managers.push(state.conn);
                let inner = self.one(body, state, handled);
                let mut leave = |mut state: State| {
                    let manager = state.managers.pop();
                    self.ends.closed |= manager == Some(Value::It);
                    (manager != Some(Value::It)).then_some(state)
                };
                out.fall.extend(inner.fall.into_iter().filter_map(&mut leave));
                out.breaks.extend(inner.breaks.into_iter().filter_map(&mut leave));
                out.continues.extend(inner.continues.into_iter().filter_map(&mut leave));
                out.returns.extend(inner.returns.into_iter().filter_map(&mut leave));
                out.raises.extend(inner.raises.into_iter().filter_map(|(state, e)| Some((leave(state)?, e))));
            }
            Stmt::Try(parts) => out = self.protect(parts, state, handled),
        }
        out
    }

    /// Rounds until no new state begins one. `asks`: each round begins with something opaque that may end the loop or raise.
    fn repeat(
        &mut self,
        body: &[Stmt],
        no: &[Stmt],
        asks: bool,
        state: State,
        handled: Option<Exception>,
        out: &mut Out,
    ) {
        let mut seen = States::new();
        let mut todo = vec![state];
        while let Some(state) = todo.pop() {
            if !seen.insert(state.clone()) {
                continue;
            }
            if asks {
                raise(&state, Tier::Any, out);
                let ended = self.one(no, state.clone(), handled);
                out.add(ended);
            }
            let round = self.one(body, state, handled);
            todo.extend(round.fall.into_iter().chain(round.continues));
            out.fall.extend(round.breaks);
            out.returns.extend(round.returns);
            out.raises.extend(round.raises);
        }
    }

    fn protect(&mut self, parts: &Try, state: State, handled: Option<Exception>) -> Out {
        let body = self.one(&parts.body, state, handled);
        let mut out = Out::default();
        let raises = body.raises.clone();
        let fallen = out.add_abrupt(Out { raises: BTreeSet::new(), ..body });
        out.add(self.block(&parts.otherwise, fallen, handled));
        for (state, exception) in raises {
            self.dispatch(parts, state, exception, &mut out);
        }
        if parts.cleanup.is_empty() {
            return out;
        }
        let mut last = Out::default();
        for state in out.fall {
            last.add(self.one(&parts.cleanup, state, handled));
        }
        for state in out.breaks {
            let fallen = last.add_abrupt(self.one(&parts.cleanup, state, handled));
            last.breaks.extend(fallen);
        }
        for state in out.continues {
            let fallen = last.add_abrupt(self.one(&parts.cleanup, state, handled));
            last.continues.extend(fallen);
        }
        for state in out.returns {
            let fallen = last.add_abrupt(self.one(&parts.cleanup, state, handled));
            last.returns.extend(fallen);
        }
        for (state, exception) in out.raises {
            let fallen = last.add_abrupt(self.one(&parts.cleanup, state, handled));
            last.raises.extend(fallen.into_iter().map(|state| (state, exception)));
        }
        last
    }

    fn dispatch(&mut self, parts: &Try, mut state: State, exception: Exception, out: &mut Out) {
        for (catches, handler) in &parts.handlers {
            match (catches, exception) {
                (Catches::BaseException, _) | (Catches::Exception, Exception::Error(_)) => {
                    let caught = self.one(handler, state, Some(exception));
                    out.add(caught);
                    return;
                }
                (_, Exception::Cancelled) => {}
                (Catches::ValueError, Exception::Error(tier)) => {
                    // Failing I/O is no `ValueError`, of others nobody knows.
                    let io = matches!(tier, Tier::Await | Tier::Known);
                    let mut caught = state.clone();
                    // The unlikely path: that it is one, or that an error of unknown class is not.
                    doubt(if io { &mut caught } else { &mut state }, Tier::Any);
                    out.add(self.one(handler, caught, Some(exception)));
                }
            }
        }
        out.raises.insert((state, exception));
    }
}
