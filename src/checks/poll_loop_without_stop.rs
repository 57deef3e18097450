//! # poll-loop-without-stop
//!
//! ## What it does
//!
//! Reports a loop without end that is started in the background - a thread, a task, an async function that nobody waits
//! for, a function that has itself called again - for each object of a class or for each request, and that nobody can
//! stop: it asks no flag, and its handle is dropped. Only loops that use a connection count.
//!
//! Another form: a class with a `shutdown()` or `close()` that does nothing, while one of its methods loops for ever.
//!
//! It is an **error** when each request starts one more, a **warning** otherwise.
//!
//! ## Why it matters in production
//!
//! The loop outlives what it was started for. It holds the object, the object's client and the client's connection, and
//! goes on polling. After a hundred requests, reconnects or reloads a hundred loops ask the same questions; nothing but
//! a restart ends them, and a restart has to kill them.
//!
//! ## Bad
//!
//! ```python
//! # bad
//! import threading
//! import time
//!
//! import redis
//! from flask import Flask
//!
//! app = Flask(__name__)
//!
//!
//! class Heartbeat:
//!     def __init__(self, client: redis.Redis, name: str) -> None:
//!         self.client = client
//!         self.name = name
//!         threading.Thread(target=self.beat, daemon=True).start()  #~ poll-loop-without-stop
//!
//!     def beat(self) -> None:
//!         while True:
//!             self.client.set(f"alive:{self.name}", 1, ex=30)
//!             time.sleep(10)
//!
//!
//! client = redis.from_url("redis://localhost")
//!
//!
//! @app.post("/workers/<name>")
//! def register(name: str) -> str:
//!     Heartbeat(client, name)
//!     return "ok"
//! ```
//!
//! ```typescript
//! // bad
//! import express from "express";
//! import Redis from "ioredis";
//!
//! const app = express();
//! const redis = new Redis();
//! const states = new Map<string, string | null>();
//!
//! async function follow(job: string, seen: Map<string, string | null>) {
//!   while (true) {
//!     seen.set(job, await redis.get(job));
//!     await new Promise((resolve) => setTimeout(resolve, 2000));
//!   }
//! }
//!
//! app.get("/jobs/:job", (req, res) => {
//!   follow(req.params.job, states); //~ poll-loop-without-stop
//! });
//!
//! app.listen(3000);
//! ```
//!
//! ## Good
//!
//! ```python
//! # good
//! import threading
//!
//! import redis
//!
//!
//! class Heartbeat:
//!     def __init__(self, client: redis.Redis, name: str) -> None:
//!         self.client = client
//!         self.name = name
//!         self.stopped = threading.Event()
//!         threading.Thread(target=self.beat, daemon=True).start()
//!
//!     def beat(self) -> None:
//!         while not self.stopped.wait(10):
//!             self.client.set(f"alive:{self.name}", 1, ex=30)
//!
//!     def close(self) -> None:
//!         self.stopped.set()
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
//! async function follow(job: string, res: express.Response) {
//!   while (!res.destroyed) {
//!     res.write(`data: ${await redis.get(job)}\n\n`);
//!     await new Promise((resolve) => setTimeout(resolve, 2000));
//!   }
//! }
//!
//! app.get("/jobs/:job", (req, res) => {
//!   follow(req.params.job, res);
//! });
//!
//! app.listen(3000);
//! ```
//!
//! ## What counts as a stop
//!
//! * Any way out of the loop that is no error: a flag, an event, a sentinel, a `break`, a `return`.
//! * A handle that somebody keeps: a task in a list or in a field that is read anywhere, one that is returned, given away,
//!   awaited or gathered, one that belongs to a task group or to an executor in a `with` block.
//! * A loop for the whole process: started at the top of a module, by a script, by an object that there is one of.
//!
//! ## Known limits
//!
//! * Whether somebody sets the flag, or cancels the task that is kept, is not asked.
//! * Loops that use no connection are not meant, though they hold what they capture as well.
//! * Functions that nobody in the program calls may be called once: such findings have low confidence.
//!
//! ## Fix safety
//!
//! Let the loop ask an event that the owner's `close()` sets, or keep the task and cancel it there; then somebody has to
//! call `close()`.

use super::{Draft, Rule, Spoken};
use crate::finding::{Confidence, Persona, Severity, Step, StepRole};
use crate::ir::{ClassId, FuncId};
use crate::summary::polling::Polling;
use crate::summary::starts::{Often, Starts};

pub const RULE: Rule = Rule {
    id: "poll-loop-without-stop",
    summary: "A loop without end is started again and again, and nothing can stop it",
    source: include_str!("poll_loop_without_stop.rs"),
};

/// What the function starts.
pub fn detect(polling: &Polling<'_, '_>, starts: &Starts<'_, '_>, func: FuncId) -> Vec<Spoken> {
    let resolved = polling.summaries.resolved;
    let program = resolved.program;
    let mut out = Vec::new();
    for found in starts.background(polling, func) {
        let often = starts.often(func);
        if often == Often::Once {
            continue;
        }
        let (confidence, persona) = match often {
            Often::Request => (Confidence::High, Persona::Regular),
            Often::Instance(class) if starts.is_made(class) => (Confidence::High, Persona::Regular),
            // It is made to come to an end, and leaves the loop behind.
            Often::Instance(class) if ends(polling, class) => (Confidence::Medium, Persona::Regular),
            Often::Instance(_) => (Confidence::Medium, Persona::Pedantic),
            _ => (Confidence::Low, Persona::Auditor),
        };
        let at = program.op(found.at).span;
        let name = program.described(found.looping);
        let each = match often {
            Often::Request if starts.is_connection(func) => "each connection".to_owned(),
            Often::Request => "each request".to_owned(),
            Often::Instance(class) => format!("each object of `{}`", program.class(class).name),
            _ => format!("each call of {}", program.described(func)),
        };
        let (does, stop) = match found.again {
            Some(_) => ("has itself called again for ever", "keep the handle of the timeout and clear it"),
            None => (
                "loops for ever",
                "let the loop ask a flag or event that a `close()` sets, or keep the task and cancel it",
            ),
        };
        let mut witness = vec![Step { span: at, role: StepRole::Acquire, text: "started here".to_owned() }];
        witness.push(Step {
            span: found.used.at,
            role: StepRole::Evidence,
            text: format!("{name} uses the {} in each round", found.used.noun),
        });
        witness.extend(found.again.map(|again| Step {
            span: again,
            role: StepRole::Evidence,
            text: "and asks to be called again".to_owned(),
        }));
        let mut notes = vec![
            format!("One more goes on for {each}: it keeps the {} and what it captures.", found.used.noun),
            "Nothing but the end of the process ends it.".to_owned(),
        ];
        if confidence == Confidence::Low {
            notes.push("Not certain: nothing shows how often it is started.".to_owned());
        }
        let draft = Draft {
            rule: RULE.id,
            at,
            message: format!("{each} starts {name}, which {does}, and nothing can stop it"),
            label: "started here and never stopped".to_owned(),
            witness,
            related: Vec::new(),
            notes,
            help: format!("{stop} when its owner ends; or start one for the process"),
            confidence,
            persona,
            error_path: false,
            severity: Some(if often == Often::Request { Severity::Error } else { Severity::Warning }),
        };
        out.push(Spoken { draft, func, subject: format!("loop in {name}"), symbol: found.used.symbol, often });
    }
    out
}

/// The class has a method that is there to end its objects.
fn ends(polling: &Polling<'_, '_>, class: ClassId) -> bool {
    let resolved = polling.summaries.resolved;
    let language = resolved.language();
    resolved
        .methods(class)
        .iter()
        .any(|(name, _)| language.closers.contains(name) || language.implicit_closers.contains(name))
}

/// The class says that it can be ended, and cannot.
pub fn detect_deaf(polling: &Polling<'_, '_>, starts: &Starts<'_, '_>, class: ClassId) -> Option<Spoken> {
    let found = starts.deaf(polling, class)?;
    let program = polling.summaries.resolved.program;
    let (closer, looping) = (program.func(found.closer), program.func(found.looping));
    let noun = &found.used.noun;
    let text = format!("`{}` uses the {noun} in each round", looping.name);
    let witness = vec![
        Step { span: found.used.at, role: StepRole::Acquire, text },
        Step { span: closer.name_span, role: StepRole::Evidence, text: "does nothing".to_owned() },
    ];
    let draft = Draft {
        rule: RULE.id,
        at: closer.name_span,
        message: format!("`{}()` does nothing, so `{}()` never ends", closer.name, looping.name),
        label: "does not stop the loop".to_owned(),
        witness,
        related: Vec::new(),
        notes: vec![format!("Whoever calls it believes that the loop is over; it goes on and keeps the {noun}.")],
        help: format!(
            "let `{}()` set a flag or event that the loop in `{}()` asks in each round",
            closer.name, looping.name
        ),
        confidence: Confidence::Medium,
        persona: Persona::Regular,
        error_path: false,
        severity: Some(Severity::Warning),
    };
    let subject = format!("loop in `{}`", looping.name);
    let often = Often::Instance(class);
    Some(Spoken { draft, func: found.closer, subject, symbol: found.used.symbol, often })
}
