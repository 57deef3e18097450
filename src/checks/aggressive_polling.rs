//! # aggressive-polling
//!
//! ## What it does
//!
//! Reports a repeating timer, or a loop that sleeps, which asks a store or a broker - a database, Redis, a queue - more
//! often than once a second. What counts is what one round sends at least, also through functions of the project, and
//! how long it pauses; the message has the arithmetic. `--max-polls-per-second` sets another limit.
//!
//! It is a **warning** when each client, each object or each call brings a loop of its own, and a **note** when there
//! is one for the process.
//!
//! ## Why it matters in production
//!
//! A stream that looks every 500 ms whether a job is done, with two commands each time, sends four commands a second for
//! each browser tab: with 100 tabs that is 1.4 million an hour, whether or not anything happens. Hosted Redis bills or
//! limits commands; a database spends its connections on questions that nobody needed. Tabs that are gone and loops
//! that nobody stops add to it.
//!
//! ## Bad
//!
//! ```python
//! # bad
//! import asyncio
//!
//! import redis.asyncio as redis
//! from fastapi import FastAPI
//! from fastapi.responses import StreamingResponse
//!
//! app = FastAPI()
//! client = redis.from_url("redis://localhost")
//!
//!
//! async def progress(job: str):
//!     while True:
//!         yield await client.get(f"job:{job}")
//!         await asyncio.sleep(0.25)  #~ aggressive-polling
//!
//!
//! @app.get("/progress/{job}")
//! async def stream(job: str):
//!     return StreamingResponse(progress(job))
//! ```
//!
//! ```typescript
//! // bad
//! import express from "express";
//! import Redis from "ioredis";
//!
//! const app = express();
//! const redis = new Redis();
//!
//! app.get("/progress/:job", (req, res) => {
//!   const timer = setInterval(async () => { //~ aggressive-polling
//!     res.write(`data: ${await redis.get(`job:${req.params.job}`)}\n\n`);
//!   }, 250);
//!   res.on("close", () => clearInterval(timer));
//! });
//! ```
//!
//! ## Good
//!
//! ```python
//! # good
//! import asyncio
//!
//! import redis.asyncio as redis
//!
//! client = redis.from_url("redis://localhost")
//!
//!
//! async def watch(job: str):
//!     while True:
//!         yield await client.get(f"job:{job}")
//!         await asyncio.sleep(2)
//! ```
//!
//! ```typescript
//! // good
//! import express from "express";
//! import Redis from "ioredis";
//!
//! const app = express();
//! const redis = new Redis();
//!
//! app.get("/progress/:job", (req, res) => {
//!   const timer = setInterval(async () => {
//!     res.write(`data: ${await redis.get(`job:${req.params.job}`)}\n\n`);
//!   }, 2000);
//!   res.on("close", () => clearInterval(timer));
//! });
//! ```
//!
//! ## What counts as a calm round
//!
//! * Rounds that wait at the server until there is something to answer: `BLPOP`, `XREAD` with `block`, `poll(timeout)`.
//! * Pauses that are computed, grow from round to round, or come from a setting: nobody knows how long they are.
//! * Loops over a range or a list, and loops that only wait for something to happen: they end soon.
//! * Files, browsers, sockets to one peer and databases on the same machine.
//! * Tests and examples.
//!
//! ## Known limits
//!
//! * What a round sends through callbacks, pipelines and functions deeper than three calls is not counted.
//! * The time that the commands take is not added to the pause.
//!
//! ## Fix safety
//!
//! A longer pause shows news later. Two seconds are enough for most progress bars; where they are not, let the writer
//! publish (`PUBLISH`, `LISTEN`/`NOTIFY`, events of the queue) instead of asking, or poll once for all clients.

use super::{Draft, Rule, Spoken};
use crate::catalog::schema::Role;
use crate::finding::{Confidence, Persona, Severity, Step, StepRole};
use crate::ir::loops::Way;
use crate::ir::{BlockId, Callee, FuncId, Name, Op, Place, Root, Span, Term};
use crate::summary::polling::{Pace, Polling, Round};
use crate::summary::starts::{Often, Starts};

pub const RULE: Rule = Rule {
    id: "aggressive-polling",
    summary: "A loop or timer asks a store more often than once a second",
    source: include_str!("aggressive_polling.rs"),
};

const CLIENTS: f64 = 100.0;
const HOUR: f64 = 3600.0;

/// The loops and timers of a function that ask more than `limit` times a second.
pub fn detect(polling: &Polling<'_, '_>, starts: &Starts<'_, '_>, func: FuncId, limit: f64) -> Vec<Spoken> {
    let program = polling.summaries.resolved.program;
    let mut out = Vec::new();
    for round in polling.rounds(func) {
        let (Some(pace), Some(patience)) = (&round.pace, patience(polling, &round)) else { continue };
        let Some(at) = pace.sleep.filter(|_| is_too_often(pace, pace.seconds, limit)) else { continue };
        let mut often = starts.often(func);
        if is_stream(polling, func) && often == Often::Call {
            often = Often::Request;
        }
        let mut spoken = speak(polling, func, at, pace, pace.seconds, often, "this loop");
        spoken.draft.persona = spoken.draft.persona.max(patience);
        out.push(spoken);
    }
    for ticks in polling.ticks(func) {
        let pace = polling.pace(ticks.callback);
        if !is_too_often(&pace, ticks.seconds, limit) {
            continue;
        }
        let what = if ticks.itself { "this function calls itself again and" } else { "this timer" };
        let at = program.op(ticks.at).span;
        out.push(speak(polling, func, at, &pace, ticks.seconds, starts.often(func), what));
    }
    out
}

fn is_too_often(pace: &Pace, seconds: f64, limit: f64) -> bool {
    pace.commands > 0 && !pace.unsteady && seconds > 0.0 && 1.0 / seconds > limit
}

/// Who wants to hear of the loop: one that only waits for something ends soon.
fn patience(polling: &Polling<'_, '_>, round: &Round) -> Option<Persona> {
    let streams = is_stream(polling, round.func);
    let outs = round.looped.ways_out.iter().filter(|out| !out.on_error);
    let mut persona = Persona::Regular;
    for out in outs {
        match out.way {
            Way::Exhausted => return None,
            _ if streams => {}
            Way::Test(place) if is_flag(polling, round, &place) => {}
            Way::Test(_) => return None,
            Way::Left if asked_before(polling, round, out.at).is_some_and(|place| is_flag(polling, round, &place)) => {}
            Way::Left | Way::Raised => persona = Persona::Pedantic,
        }
    }
    Some(persona)
}

/// What a branch of the loop asks about, on one side of which the loop is left there.
fn asked_before(polling: &Polling<'_, '_>, round: &Round, at: Span) -> Option<Place> {
    let function = polling.summaries.resolved.program.func(round.func);
    let leaves = |block: &BlockId| function.block(*block).term_span == at;
    round.looped.blocks.iter().find_map(|block| match &function.block(*block).term {
        Term::Branch { place, yes, no, .. } if leaves(yes) || leaves(no) => Some(*place),
        _ => None,
    })
}

/// A generator that gives what somebody reads one by one; not one that is half of a context manager.
fn is_stream(polling: &Polling<'_, '_>, func: FuncId) -> bool {
    let resolved = polling.summaries.resolved;
    let roles = resolved.decorator_roles(func);
    resolved.program.func(func).generator
        && !roles.iter().any(|role| matches!(role, Role::ContextManager | Role::Fixture))
        && !polling.summaries.regions.driven.contains_key(&func)
}

/// Something that others set: a field, a variable of the module, what an object says when it is asked.
fn is_flag(polling: &Polling<'_, '_>, round: &Round, place: &Place) -> bool {
    let shared = |place: &Place| matches!(place.root, Root::This | Root::Global(_) | Root::Capture(_));
    if shared(place) || (!place.is_root() && matches!(place.root, Root::Param(_))) {
        return true;
    }
    let function = polling.summaries.resolved.program.func(round.func);
    let mut instrs = function.blocks.iter().flat_map(|block| &block.instrs);
    if instrs.any(
        |instr| matches!(&instr.op, Op::Closure { captures, .. } if captures.iter().any(|(held, _)| held == place)),
    ) {
        return true;
    }
    let blocks = round.looped.blocks.iter().map(|block| function.block(*block));
    blocks.flat_map(|block| &block.instrs).any(|instr| match &instr.op {
        Op::Call { dst, callee: Callee::Method { recv, .. }, .. } => {
            dst == place && (shared(recv) || matches!(recv.root, Root::Param(_))) && !is_command(round, instr.span)
        }
        _ => false,
    })
}

fn is_command(round: &Round, at: Span) -> bool {
    let commands = round.pace.iter().filter_map(|pace| pace.command.as_ref());
    commands.chain(round.used.as_ref()).any(|used| used.at == at)
}

fn speak(
    polling: &Polling<'_, '_>,
    func: FuncId,
    at: Span,
    pace: &Pace,
    seconds: f64,
    often: Often,
    what: &str,
) -> Spoken {
    let program = polling.summaries.resolved.program;
    let (noun, symbol) = match &pace.command {
        Some(used) => (used.noun.clone(), used.symbol),
        None => (String::from("store"), Name::new("store")),
    };
    let commands = match pace.commands {
        1 => "1 command".to_owned(),
        n => format!("{n} commands"),
    };
    let rate = f64::from(pace.commands) / seconds;
    let every = period(seconds);
    let each = match often {
        Often::Once => "for the process".to_owned(),
        Often::Request => "for each client".to_owned(),
        Often::Instance(class) => format!("for each object of `{}`", program.class(class).name),
        Often::Call => format!("for each call of {}", program.described(func)),
    };
    let rate_text = number(rate);
    let message = format!("{what} polls the {noun} every {every}: {rate_text} commands a second {each}")
        .replace(": 1 commands a second", ": 1 command a second");
    let mut notes = vec![match often {
        Often::Once => format!(
            "{commands} per tick x {} ticks a second are {rate_text} commands a second, {} an hour for each process, \
             whether or not anything has happened.",
            number(1.0 / seconds),
            grouped(rate * HOUR)
        ),
        _ => format!(
            "{commands} per tick x {} ticks a second are {rate_text} commands a second {each}: {} an hour for {CLIENTS} \
             of them, whether or not anything has happened.",
            number(1.0 / seconds),
            grouped(rate * HOUR * CLIENTS)
        ),
    }];
    if often == Often::Request {
        notes.push("Reconnects and clients that are gone unnoticed multiply it.".to_owned());
    }
    let mut witness = Vec::new();
    let sent = pace.command.as_ref().map(|used| used.at).unwrap_or(at);
    witness.push(Step {
        span: sent,
        role: StepRole::Acquire,
        text: format!("{commands} for the {noun} in each round"),
    });
    witness.push(Step { span: at, role: StepRole::Evidence, text: format!("again after {every}") });
    let process = often == Often::Once;
    let draft = Draft {
        rule: RULE.id,
        at,
        message,
        label: format!("{commands} every {every}"),
        witness,
        related: Vec::new(),
        notes,
        help: "poll every two seconds or more, wait at the server (a blocking read, `LISTEN`, a subscription), or let the writer \
               publish what is new"
            .to_owned(),
        confidence: Confidence::High,
        persona: Persona::Regular,
        error_path: false,
        severity: Some(if process { Severity::Note } else { Severity::Warning }),
    };
    Spoken { draft, func, subject: noun, symbol, often }
}

fn period(seconds: f64) -> String {
    if seconds >= 1.0 { format!("{} s", number(seconds)) } else { format!("{} ms", number(seconds * 1000.0)) }
}

/// With at most two decimals.
fn number(value: f64) -> String {
    let text = format!("{value:.2}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// `1,440,000`.
fn grouped(value: f64) -> String {
    let digits = format!("{value:.0}");
    let mut out = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i) % 3 == 0 {
            out.push(',');
        }
        out.push(digit);
    }
    out
}
