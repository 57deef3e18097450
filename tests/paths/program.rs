//! Random small programs around one resource, and their text.

use std::fmt::Write as _;

/// `splitmix64`: the same numbers for the same seed, everywhere.
pub struct Random(pub u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    pub fn below(&mut self, n: usize) -> usize {
        (self.next() % n as u64) as usize
    }

    fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Test {
    Check,
    Flag,
    NotFlag,
    HasConn,
    NoConn,
    ConnTruthy,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Catches {
    ValueError,
    Exception,
    BaseException,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Stmt {
    /// `conn = lib.open()`: the one acquisition of the program.
    Open,
    Close,
    CloseOther,
    Use,
    Work,
    Await,
    Alias,
    Forget,
    SetFlag(bool),
    Return,
    Break,
    Continue,
    Raise,
    Reraise,
    If(Test, Vec<Stmt>, Vec<Stmt>),
    /// The body and the `else` of a loop over something opaque.
    For(Vec<Stmt>, Vec<Stmt>),
    While(Vec<Stmt>, Vec<Stmt>),
    Forever(Vec<Stmt>),
    Try(Try),
    Suppress(Vec<Stmt>),
    With(Vec<Stmt>),
}

#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Try {
    pub body: Vec<Stmt>,
    pub handlers: Vec<(Catches, Vec<Stmt>)>,
    pub otherwise: Vec<Stmt>,
    /// Empty: no `finally`.
    pub cleanup: Vec<Stmt>,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Program {
    pub is_async: bool,
    pub body: Vec<Stmt>,
}

#[derive(Clone, Copy)]
struct Around {
    depth: usize,
    in_loop: bool,
    in_handler: bool,
}

impl Program {
    pub fn random(random: &mut Random) -> Program {
        let is_async = random.chance(50);
        let around = Around { depth: 0, in_loop: false, in_handler: false };
        let mut body = block(random, around, is_async, 4);
        // Early ones leave more to happen.
        let places = count(&body);
        let at = if random.chance(60) { random.below(places.min(3)) } else { random.below(places) };
        open_at(&mut body, &mut { at });
        Program { is_async, body }
    }

    pub fn text(&self) -> String {
        let mut out = String::from("import contextlib\nimport lib\n\n\n");
        out.push_str(if self.is_async { "async def run():\n" } else { "def run():\n" });
        out.push_str("    conn: lib.Connection = None\n    other: lib.Connection = None\n    flag = False\n");
        print(&self.body, 1, &mut out);
        out
    }

    /// Programs with one statement or one level less, for minimising.
    pub fn smaller(&self) -> Vec<Program> {
        let kept = |body: &Vec<Stmt>| contains(body, &Stmt::Open) && well_formed(body, false, false);
        shrink(&self.body).into_iter().filter(kept).map(|body| Program { is_async: self.is_async, body }).collect()
    }
}

fn block(random: &mut Random, around: Around, is_async: bool, most: usize) -> Vec<Stmt> {
    let n = 1 + random.below(most);
    (0..n).map(|_| stmt(random, around, is_async)).collect()
}

fn maybe(random: &mut Random, percent: usize, around: Around, is_async: bool) -> Vec<Stmt> {
    if random.chance(percent) { block(random, around, is_async, 2) } else { Vec::new() }
}

fn stmt(random: &mut Random, around: Around, is_async: bool) -> Stmt {
    let deeper = Around { depth: around.depth + 1, ..around };
    let in_loop = Around { in_loop: true, ..deeper };
    let compound = if around.depth < 4 { 70 - 12 * around.depth } else { 0 };
    if random.chance(compound) {
        return match random.below(12) {
            0..=1 => {
                use Test::{Check, ConnTruthy, Flag, HasConn, NoConn, NotFlag};
                let tests = [Check, Check, Flag, NotFlag, HasConn, NoConn, ConnTruthy];
                let test = tests[random.below(tests.len())];
                Stmt::If(test, block(random, deeper, is_async, 2), maybe(random, 40, deeper, is_async))
            }
            2 => Stmt::If(Test::HasConn, vec![Stmt::Close], Vec::new()),
            3 => Stmt::For(block(random, in_loop, is_async, 3), maybe(random, 30, deeper, is_async)),
            4 => Stmt::While(block(random, in_loop, is_async, 3), maybe(random, 30, deeper, is_async)),
            5 if random.chance(40) => Stmt::Forever(block(random, in_loop, is_async, 3)),
            6 => Stmt::Suppress(block(random, deeper, is_async, 3)),
            7 => Stmt::With(block(random, deeper, is_async, 2)),
            _ => Stmt::Try(random_try(random, deeper, is_async)),
        };
    }
    match random.below(22) {
        0..=3 => Stmt::Close,
        4 => Stmt::CloseOther,
        5..=6 => Stmt::Use,
        7 => Stmt::Alias,
        8 => Stmt::Forget,
        9 => Stmt::SetFlag(true),
        10 => Stmt::SetFlag(false),
        11 => Stmt::Return,
        12..=13 if around.in_loop => Stmt::Break,
        14 if around.in_loop => Stmt::Continue,
        15 => Stmt::Raise,
        16..=17 if around.in_handler => Stmt::Reraise,
        18..=19 if is_async => Stmt::Await,
        _ => Stmt::Work,
    }
}

fn random_try(random: &mut Random, around: Around, is_async: bool) -> Try {
    let mut out = Try { body: block(random, around, is_async, 3), ..Try::default() };
    let in_handler = Around { in_handler: true, ..around };
    for catches in [Catches::ValueError, Catches::Exception, Catches::BaseException] {
        let percent = if catches == Catches::BaseException { 10 } else { 40 };
        if random.chance(percent) {
            out.handlers.push((catches, block(random, in_handler, is_async, 2)));
        }
    }
    if !out.handlers.is_empty() {
        out.otherwise = maybe(random, 25, around, is_async);
    }
    if out.handlers.is_empty() || random.chance(50) {
        // What a bare `raise` in a `finally` means depends on how it was entered: none there.
        out.cleanup = block(random, Around { in_handler: false, ..around }, is_async, 2);
    }
    out
}

fn blocks(stmt: &mut Stmt) -> Vec<&mut Vec<Stmt>> {
    match stmt {
        Stmt::If(_, a, b) | Stmt::For(a, b) | Stmt::While(a, b) => vec![a, b],
        Stmt::Forever(a) | Stmt::Suppress(a) | Stmt::With(a) => vec![a],
        Stmt::Try(parts) => {
            let mut all = vec![&mut parts.body];
            all.extend(parts.handlers.iter_mut().map(|(_, body)| body));
            all.push(&mut parts.otherwise);
            all.push(&mut parts.cleanup);
            all
        }
        _ => Vec::new(),
    }
}

/// Places where the acquisition can stand: before each statement.
fn count(body: &[Stmt]) -> usize {
    body.iter().map(|stmt| 1 + blocks(&mut stmt.clone()).iter().map(|inner| count(inner)).sum::<usize>()).sum()
}

fn open_at(body: &mut Vec<Stmt>, at: &mut usize) -> bool {
    for i in 0..body.len() {
        if *at == 0 {
            body.insert(i, Stmt::Open);
            return true;
        }
        *at -= 1;
        if blocks(&mut body[i]).into_iter().any(|inner| open_at(inner, at)) {
            return true;
        }
    }
    false
}

fn contains(body: &[Stmt], what: &Stmt) -> bool {
    body.iter().any(|stmt| stmt == what || blocks(&mut stmt.clone()).iter().any(|inner| contains(inner, what)))
}

/// Jumps stand in a loop, bare `raise` in a handler and not in its `finally`.
fn well_formed(body: &[Stmt], in_loop: bool, in_handler: bool) -> bool {
    body.iter().all(|stmt| match stmt {
        Stmt::Break | Stmt::Continue => in_loop,
        Stmt::Reraise => in_handler,
        Stmt::For(a, b) | Stmt::While(a, b) => well_formed(a, true, in_handler) && well_formed(b, in_loop, in_handler),
        Stmt::Forever(a) => well_formed(a, true, in_handler),
        Stmt::Try(parts) => {
            well_formed(&parts.body, in_loop, in_handler)
                && parts.handlers.iter().all(|(_, body)| well_formed(body, in_loop, true))
                && well_formed(&parts.otherwise, in_loop, in_handler)
                && well_formed(&parts.cleanup, in_loop, false)
        }
        other => blocks(&mut other.clone()).iter().all(|inner| well_formed(inner, in_loop, in_handler)),
    })
}

fn shrink(body: &[Stmt]) -> Vec<Vec<Stmt>> {
    let mut out = Vec::new();
    for i in 0..body.len() {
        let with = |new: Vec<Stmt>| {
            let mut copy = body.to_vec();
            copy.splice(i..=i, new);
            copy
        };
        if body.len() > 1 {
            out.push(with(Vec::new()));
        }
        let mut stmt = body[i].clone();
        let parts = blocks(&mut stmt).len();
        for part in 0..parts {
            let inner = blocks(&mut stmt)[part].clone();
            if inner.is_empty() {
                continue;
            }
            out.push(with(inner.clone()));
            for smaller in shrink(&inner) {
                let mut copy = stmt.clone();
                *blocks(&mut copy)[part] = smaller;
                out.push(with(vec![copy]));
            }
            let optional = match &stmt {
                Stmt::If(..) | Stmt::For(..) | Stmt::While(..) => part == 1,
                Stmt::Try(parts) if part == parts.handlers.len() + 1 => true,
                Stmt::Try(parts) => part == parts.handlers.len() + 2 && !parts.handlers.is_empty(),
                _ => false,
            };
            if optional {
                let mut copy = stmt.clone();
                blocks(&mut copy)[part].clear();
                out.push(with(vec![copy]));
            }
        }
        if let Stmt::Try(parts) = &stmt
            && (parts.handlers.len() > 1 || !parts.cleanup.is_empty())
        {
            for handler in 0..parts.handlers.len() {
                let mut copy = parts.clone();
                copy.handlers.remove(handler);
                if copy.handlers.is_empty() {
                    copy.otherwise.clear();
                }
                out.push(with(vec![Stmt::Try(copy)]));
            }
        }
    }
    out
}

fn print(body: &[Stmt], depth: usize, out: &mut String) {
    for stmt in body {
        let mut line = |depth: usize, text: &str| writeln!(out, "{}{text}", "    ".repeat(depth)).unwrap();
        match stmt {
            Stmt::Open => line(depth, "conn = lib.open()"),
            Stmt::Close => line(depth, "conn.close()"),
            Stmt::CloseOther => line(depth, "other.close()"),
            Stmt::Use => line(depth, "conn.use()"),
            Stmt::Work => line(depth, "work()"),
            Stmt::Await => line(depth, "await step()"),
            Stmt::Alias => line(depth, "other = conn"),
            Stmt::Forget => line(depth, "conn = None"),
            Stmt::SetFlag(true) => line(depth, "flag = True"),
            Stmt::SetFlag(false) => line(depth, "flag = False"),
            Stmt::Return => line(depth, "return"),
            Stmt::Break => line(depth, "break"),
            Stmt::Continue => line(depth, "continue"),
            Stmt::Raise => line(depth, "raise problem()"),
            Stmt::Reraise => line(depth, "raise"),
            Stmt::If(test, yes, no) => {
                let test = match test {
                    Test::Check => "check()",
                    Test::Flag => "flag",
                    Test::NotFlag => "not flag",
                    Test::HasConn => "conn is not None",
                    Test::NoConn => "conn is None",
                    Test::ConnTruthy => "conn",
                };
                line(depth, &format!("if {test}:"));
                print(yes, depth + 1, out);
                otherwise(no, "else", depth, out);
            }
            Stmt::For(body, no) => {
                line(depth, "for _ in items():");
                print(body, depth + 1, out);
                otherwise(no, "else", depth, out);
            }
            Stmt::While(body, no) => {
                line(depth, "while check():");
                print(body, depth + 1, out);
                otherwise(no, "else", depth, out);
            }
            Stmt::Forever(body) => {
                line(depth, "while True:");
                print(body, depth + 1, out);
            }
            Stmt::Suppress(body) => {
                line(depth, "with contextlib.suppress(Exception):");
                print(body, depth + 1, out);
            }
            Stmt::With(body) => {
                line(depth, "with conn:");
                print(body, depth + 1, out);
            }
            Stmt::Try(parts) => {
                line(depth, "try:");
                print(&parts.body, depth + 1, out);
                for (catches, body) in &parts.handlers {
                    otherwise(body, &format!("except {catches:?}"), depth, out);
                }
                otherwise(&parts.otherwise, "else", depth, out);
                otherwise(&parts.cleanup, "finally", depth, out);
            }
        }
    }
}

fn otherwise(body: &[Stmt], keyword: &str, depth: usize, out: &mut String) {
    if !body.is_empty() {
        writeln!(out, "{}{keyword}:", "    ".repeat(depth)).unwrap();
        print(body, depth + 1, out);
    }
}
