//! # unbounded-stream
//!
//! ## What it does
//!
//! Reports a stream that goes on for ever: a generator that a framework sends to a client, or a handler that writes to a response by itself,
//! whose loop has no end of its own, where the framework does not end it either when the client is gone - or ends it only when something
//! cannot be sent, while the loop has rounds that send nothing or holds a database connection for as long as the page is open.
//!
//! What happens when a client is gone differs between frameworks, and for some of them between generators and asynchronous generators. The
//! catalogue has what was measured.
//!
//! ## Why it matters in production
//!
//! Every page that is open, every tab that was closed and every reconnect of a browser has a loop of its own. Loops of clients that are gone
//! keep a worker or a thread, go on asking the database or Redis, and hold what they have opened. It looks like slow growth at a constant
//! number of users, and ends in "too many clients" or in a server without free workers.
//!
//! ## Bad
//!
//! ```typescript
//! // bad
//! import express from "express";
//! import { setTimeout as sleep } from "node:timers/promises";
//!
//! const app = express();
//!
//! app.get("/progress", async (req, res) => {
//!   res.set("Content-Type", "text/event-stream");
//!   while (!res.writableEnded) { //~ unbounded-stream
//!     res.write(`data: ${Date.now()}\n\n`);
//!     await sleep(2000);
//!   }
//! });
//! ```
//!
//! ```python
//! # bad
//! import time
//!
//! from flask import Flask, Response
//!
//! app = Flask(__name__)
//!
//!
//! @app.get("/progress")
//! def progress():
//!     def events():
//!         last = None
//!         while True:
//!             state = read_state()  #~ unbounded-stream
//!             if state != last:
//!                 yield f"data: {state}\n\n"
//!                 last = state
//!             time.sleep(1)
//!
//!     return Response(events(), mimetype="text/event-stream")
//!
//!
//! def read_state():
//!     with open("/tmp/state") as file:
//!         return file.read()
//! ```
//!
//! ## Good
//!
//! ```typescript
//! // good
//! import express from "express";
//! import { setTimeout as sleep } from "node:timers/promises";
//!
//! const app = express();
//!
//! app.get("/progress", async (req, res) => {
//!   res.set("Content-Type", "text/event-stream");
//!   while (!res.destroyed) {
//!     res.write(`data: ${Date.now()}\n\n`);
//!     await sleep(2000);
//!   }
//! });
//! ```
//!
//! ```python
//! # good
//! import time
//!
//! from flask import Flask, Response
//!
//! app = Flask(__name__)
//!
//!
//! @app.get("/progress")
//! def progress():
//!     def events():
//!         deadline = time.monotonic() + 3600
//!         last = None
//!         while time.monotonic() < deadline:
//!             state = read_state()
//!             yield ": still here\n\n" if state == last else f"data: {state}\n\n"
//!             last = state
//!             time.sleep(1)
//!
//!     return Response(events(), mimetype="text/event-stream")
//!
//!
//! def read_state():
//!     with open("/tmp/state") as file:
//!         return file.read()
//! ```
//!
//! ## What counts as a bound
//!
//! * Any way out of the loop that is no error: a deadline, a terminal state, a last element, a test whether the client is there
//!   (`await request.is_disconnected()`, `res.destroyed`, `stream.aborted`, `subscriber.closed`, a flag that a `close` event sets).
//! * What the framework was measured to do with this kind of generator when the client is gone: it is cancelled, or the next write fails and
//!   each round writes something.
//! * `writableEnded` is none: it stays false when the client goes.
//!
//! ## Known limits
//!
//! * A stream over something that never ends (`for message in pubsub.listen()`) is `stream-without-disconnect-cleanup` where the framework does
//!   not end its wait; which things never end is in the catalogue.
//! * A client that is gone without closing its connection - a laptop lid, a lost network - is noticed by no loop: send a heartbeat and set a
//!   limit.
//!
//! ## Fix safety
//!
//! A limit on the time ends streams of clients that are still there: they must connect again, which `EventSource` does by itself.

use super::{Draft, Rule};
use crate::catalog::schema::Fate;
use crate::finding::{Confidence, Persona, Step, StepRole};
use crate::ir::{FuncId, Span};
use crate::summary::Summaries;
use crate::summary::stream::{Endless, Stream, Why};

pub const RULE: Rule = Rule {
    id: "unbounded-stream",
    summary: "A stream goes on for ever when its client is gone, or has no end of its own while it holds a connection",
    source: include_str!("unbounded_stream.rs"),
};

/// `uses`: where the stream uses the connection of its request, if it does.
pub fn detect(summaries: &Summaries<'_>, stream: &Stream, endless: &Endless, uses: Option<Span>) -> Option<Draft> {
    let function = summaries.resolved.program.func(stream.server);
    let name = name(summaries, stream.server);
    let mut related = Vec::new();
    let mut confidence = Confidence::High;
    let message = match &endless.why {
        Some(Why::NotTold) => format!("this loop of {name} never ends: nothing tells it that the client is gone"),
        Some(Why::Blind(place)) => {
            let place = function.place_name(place).unwrap_or_default();
            format!("this loop of {name} never ends when the client goes: `{place}` stays as it is")
        }
        Some(Why::SilentRound(sends)) => {
            confidence = Confidence::Medium;
            let text = "only here can it come out that the client is gone, and a round can pass without".to_owned();
            related.push(Step { span: *sends, role: StepRole::Evidence, text });
            format!("this loop of {name} goes on after its client is gone, for as long as there is nothing to send")
        }
        Some(Why::Swallowed(at)) => {
            let text = "what would end it is caught here, and the loop goes on".to_owned();
            related.push(Step { span: *at, role: StepRole::Evidence, text });
            format!("this loop of {name} never ends: it catches what would end it when the client is gone")
        }
        Some(Why::Waits(_)) => return None,
        None => {
            let uses = uses.filter(|_| stream.fate == Fate::AtWrite && stream.keeps_ambient)?;
            let text =
                "the connection of the request is used here, and stays open for as long as the stream".to_owned();
            related.push(Step { span: uses, role: StepRole::Evidence, text });
            format!(
                "{name} streams for as long as its client stays, with the database connection of its request open all the time"
            )
        }
    };
    let mut witness = start(summaries, stream);
    witness.push(Step {
        span: endless.at,
        role: StepRole::Exit,
        text: "no way out of this loop but an error".to_owned(),
    });
    let notes = vec![
        fate_note(stream),
        "Each open page, each closed tab and each reconnect of a browser has a loop of its own.".to_owned(),
    ];
    let help = match (&endless.why, function.generator) {
        (Some(Why::Blind(_) | Why::NotTold), false) if !stream.advice.is_empty() => stream.advice.as_str(),
        (Some(Why::Swallowed(_)), _) => "let the error end the loop: catch only what it can go on from",
        (Some(Why::SilentRound(_)), _) => {
            "send a heartbeat in rounds that have nothing else to send, and set a limit to the time of a stream"
        }
        (None, _) => {
            "set a limit to the time of a stream, send heartbeats, and close the connection of the request in each round before waiting"
        }
        _ => "set a limit to the time of a stream, and end it when the client is gone",
    };
    Some(Draft {
        rule: RULE.id,
        at: endless.at,
        message,
        label: "loops for ever".to_owned(),
        witness,
        related,
        notes,
        help: help.to_owned(),
        confidence,
        persona: Persona::Regular,
        error_path: false,
        severity: None,
    })
}

/// A function sends something and asks, at `again`, to be called again.
pub fn detect_again(summaries: &Summaries<'_>, stream: &Stream, again: Span) -> Draft {
    let mut witness = start(summaries, stream);
    witness.push(Step { span: again, role: StepRole::Exit, text: "no way through it without this call".to_owned() });
    let help = match stream.advice.as_str() {
        "" => "ask in each round whether the client is there, and set a limit to the time of a stream",
        advice => advice,
    };
    Draft {
        rule: RULE.id,
        at: again,
        message: format!(
            "{} has itself called again for ever: nothing tells it that the client is gone",
            name(summaries, stream.server)
        ),
        label: "called again and again".to_owned(),
        witness,
        related: Vec::new(),
        notes: vec![
            fate_note(stream),
            "Each open page, each closed tab and each reconnect of a browser has a timer of its own.".to_owned(),
        ],
        help: help.to_owned(),
        confidence: Confidence::High,
        persona: Persona::Regular,
        error_path: false,
        severity: None,
    }
}

/// "`events`", "the handler". A function without a name goes by that of the function around it.
pub(super) fn name(summaries: &Summaries<'_>, func: FuncId) -> String {
    let program = summaries.resolved.program;
    let mut around = Some(func).filter(|func| !program.is_top(*func));
    while let Some(func) = around {
        let function = program.func(func);
        if !function.name.starts_with('<') {
            return format!("`{}`", function.name);
        }
        around = function.parent.filter(|parent| !program.is_top(*parent));
    }
    "the handler".to_owned()
}

/// Where the stream is given to its framework.
pub(super) fn start(summaries: &Summaries<'_>, stream: &Stream) -> Vec<Step> {
    let program = summaries.resolved.program;
    let response = stream.response.map(|at| Step {
        span: program.op(at).span,
        role: StepRole::Acquire,
        text: format!("`{}` sends what {} yields", sender(stream), name(summaries, stream.server)),
    });
    let server = || Step {
        span: program.func(stream.server).name_span,
        role: StepRole::Acquire,
        text: "this function serves a client".to_owned(),
    };
    vec![response.unwrap_or_else(server)]
}

/// A method by its own name: the type has none that people know.
fn sender(stream: &Stream) -> &str {
    stream.sender.as_str().rsplit('#').next().unwrap_or_default()
}

/// What happens when the client is gone.
pub(super) fn fate_note(stream: &Stream) -> String {
    let sender = sender(stream);
    let generator = stream.response.is_some();
    match (stream.fate, generator) {
        (Fate::Cancelled, _) => format!("`{sender}` cancels it when the client is gone."),
        (Fate::AtWrite, true) => {
            format!(
                "`{sender}` closes the generator when something it yields cannot be sent, and does not notice before."
            )
        }
        (Fate::AtWrite, false) => format!("`{sender}` raises when the client is gone; nothing else ends the handler."),
        (Fate::Suspended, _) => {
            format!(
                "`{sender}` leaves such a generator where it is when the client is gone: its `finally` runs when the garbage collector happens to find it, not before."
            )
        }
        (Fate::Ignored, true) => format!("`{sender}` lets it run on when the client is gone."),
        (Fate::Ignored, false) => format!("`{sender}` does nothing when the client is gone, and does not raise."),
    }
}
