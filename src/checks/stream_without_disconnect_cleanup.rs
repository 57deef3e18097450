//! # stream-without-disconnect-cleanup
//!
//! ## What it does
//!
//! Reports a stream that does not come to its cleanup when the client is gone: a connection that a generator keeps across a `yield` and does
//! not release in a `finally`, or releases there although the framework never closes generators of this kind; a loop that waits, without
//! a limit, for something else than its client; and a listener that each client adds to an emitter of the whole process and that nothing takes
//! off.
//!
//! ## Why it matters in production
//!
//! Clients of streams do not say goodbye: a browser tab is closed, a network is gone. What the stream holds then is held until the process
//! ends, or until the garbage collector happens to run, one more for each client that was ever there.
//!
//! ## Bad
//!
//! ```python
//! # bad
//! import redis
//! from fastapi import FastAPI
//! from fastapi.responses import StreamingResponse
//!
//! app = FastAPI()
//!
//!
//! @app.get("/events")
//! def events():
//!     def stream():
//!         client = redis.Redis()  #~ stream-without-disconnect-cleanup
//!         try:
//!             while client.exists("running"):
//!                 yield client.get("progress")
//!         finally:
//!             client.close()
//!
//!     return StreamingResponse(stream())
//! ```
//!
//! ## Good
//!
//! ```python
//! # good
//! import redis.asyncio as redis
//! from fastapi import FastAPI
//! from fastapi.responses import StreamingResponse
//!
//! app = FastAPI()
//!
//!
//! @app.get("/events")
//! async def events():
//!     async def stream():
//!         async with redis.Redis() as client:
//!             while await client.exists("running"):
//!                 yield await client.get("progress")
//!
//!     return StreamingResponse(stream())
//! ```
//!
//! ## What counts as a cleanup
//!
//! * A `finally` or scope around the `yield`, in a generator that its framework cancels or closes when the client is gone.
//! * A release for an event that comes then: `close` of the response; `abort` of the request's signal and the stream's own end, both.
//!   `close` of the request is none where a body parser has read it: it comes at once, and who listens after an `await` is too late.
//! * A wait with a timeout.
//! * `off` or `removeListener` for what was added to an emitter of the process, also by a function that the handler calls.
//!
//! ## Known limits
//!
//! * That a connection is half-open - no packet tells that the peer is gone - is noticed by none of these: use heartbeats and timeouts.
//!
//! ## Fix safety
//!
//! Making a generator `async` moves it from a thread to the event loop: what blocks in it then blocks all requests.

use super::unbounded_stream::{fate_note, name, start};
use super::{Draft, Rule, Subject};
use crate::catalog::schema::{Fate, ResourceKind};
use crate::finding::{Confidence, Persona, Step, StepRole};
use crate::ir::Span;
use crate::summary::Summaries;
use crate::summary::departure::Unheard;
use crate::summary::listeners::Left;
use crate::summary::stream::{Endless, Stream};

pub const RULE: Rule = Rule {
    id: "stream-without-disconnect-cleanup",
    summary: "A stream does not release what it holds, or does not end, when its client is gone",
    source: include_str!("stream_without_disconnect_cleanup.rs"),
};

/// Something that a generator keeps across its yields and that is not released when the client is gone. `at_yield`: the first such yield.
pub fn detect(subject: &Subject<'_>, stream: &Stream, at_yield: Span) -> Draft {
    let summaries = subject.summaries;
    let mut draft = subject.bare_draft(RULE.id);
    let suspended = stream.fate == Fate::Suspended;
    draft.message = match suspended {
        true => format!(
            "{} stays open when the client goes: {} is left at its `yield`, and what comes after it does not run then",
            subject.described(),
            name(summaries, stream.server)
        ),
        false => format!(
            "{} stays open when the client goes in the middle of {}",
            subject.described(),
            name(summaries, stream.server)
        ),
    };
    draft.label = "open across a `yield`".to_owned();
    let mut witness = start(summaries, stream);
    let text = format!("{} created here", subject.noun());
    witness.push(Step { span: subject.case.token.span, role: StepRole::Acquire, text });
    let text = match suspended {
        true => "the client goes; the generator stays here until the garbage collector happens to find it",
        false => "the client goes; the generator is left here, without a release",
    };
    witness.push(Step { span: at_yield, role: StepRole::Exit, text: text.to_owned() });
    draft.witness = witness;
    draft.notes = vec![fate_note(stream)];
    if !suspended {
        let text = "No `finally` releases it then: it is open until the garbage collector comes by, one for each client that left.";
        draft.notes.push(text.to_owned());
    }
    if suspended {
        draft.help = match stream.advice.is_empty() {
            true => "make the generator `async`: then it is cancelled, and its `finally` runs".to_owned(),
            false => stream.advice.to_string(),
        };
    }
    draft.persona = Persona::Regular;
    draft
}

/// Something that a listener releases, for an event that does not come, or not always.
pub fn detect_unheard(subject: &Subject<'_>, unheard: &Unheard) -> Draft {
    let mut draft = subject.bare_draft(RULE.id);
    draft.persona = Persona::Regular;
    let described = subject.described();
    let stays = if subject.resource.kind == ResourceKind::Timer { "goes on" } else { "stays open" };
    let mut witness = vec![Step {
        span: subject.case.token.span,
        role: StepRole::Acquire,
        text: format!("{} created here", subject.noun()),
    }];
    let mut step = |span, role, text: &str| witness.push(Step { span, role, text: text.to_owned() });
    match unheard {
        Unheard::Event { name, at } => {
            draft.message = format!("{described} {stays} when the client goes: `{name}` does not come then");
            draft.label = format!("released only when `{name}` comes");
            step(*at, StepRole::Exit, "only this releases it, and the client's going does not get here");
            draft.help = "release it when the response is closed: its `close` event comes in both cases".to_owned();
        }
        Unheard::Read { name, at } => {
            draft.message = format!("{described} {stays} when the client goes: the request's `{name}` has come before");
            draft.label = format!("released only when the request's `{name}` comes");
            step(*at, StepRole::Exit, "the request was closed when its body had been read, before this listens");
            draft.help = "release it when the response is closed: listen for that of the response".to_owned();
            draft.confidence = draft.confidence.min(Confidence::Medium);
        }
        Unheard::End { aborted, ends } => {
            draft.message = format!(
                "{described} {stays} when the stream ends by itself: it is {} only when the client goes before",
                subject.released()
            );
            draft.label = "released only when the client goes".to_owned();
            step(*aborted, StepRole::Evidence, "released here, when the client goes before the end");
            step(*ends, StepRole::Exit, "the stream ends here by itself, and nothing releases it");
            draft.help = "do the same cleanup where the stream ends by itself".to_owned();
        }
    }
    draft.witness = witness;
    draft.notes = vec![format!("One more {stays} for each client that was ever there.")];
    draft
}

/// A listener that stays with something that outlives its client.
pub fn detect_listener(summaries: &Summaries<'_>, left: &Left) -> Draft {
    let at = summaries.resolved.program.op(left.at).span;
    let Left { emitter, sends, .. } = left;
    let event = left.event.map_or_else(|| "its events".to_owned(), |event| format!("`{event}`"));
    let step = |span, role, text: String| Step { span, role, text };
    Draft {
        rule: RULE.id,
        at,
        message: format!(
            "each client adds a listener for {event} to `{emitter}`, which outlives it, and nothing takes it off"
        ),
        label: "stays when the client goes".to_owned(),
        witness: vec![
            step(at, StepRole::Acquire, format!("`{emitter}` keeps the listener from here on")),
            step(*sends, StepRole::Exit, "it goes on writing here, to a client that is gone".to_owned()),
        ],
        related: Vec::new(),
        notes: vec![
            "One more listener for each client that was ever there, with its request and response: each event runs all of them."
                .to_owned(),
        ],
        help: format!(
            "keep the listener in a variable, and take it off `{emitter}` when the client is gone: when the response is closed, or in the \
             teardown of the stream"
        ),
        confidence: Confidence::High,
        persona: Persona::Regular,
        error_path: false,
        severity: None,
    }
}

/// A loop that waits for something else than its client.
pub fn detect_wait(summaries: &Summaries<'_>, stream: &Stream, endless: &Endless, wait: Span) -> Draft {
    let mut witness = start(summaries, stream);
    let text = "waits here for as long as nothing comes, and does not notice that the client is gone".to_owned();
    witness.push(Step { span: wait, role: StepRole::Exit, text });
    let mut notes = vec![
        fate_note(stream),
        "One more waits for each client that was there, with the task or thread and all that it holds.".to_owned(),
    ];
    if endless.ends {
        notes.push("The loop has an end of its own: when that always comes soon, nothing is lost.".to_owned());
    }
    Draft {
        rule: RULE.id,
        at: wait,
        message: format!("{} waits here without a limit, also when its client is gone", name(summaries, stream.server)),
        label: "nothing ends this wait when the client goes".to_owned(),
        witness,
        related: vec![Step { span: endless.at, role: StepRole::Evidence, text: "each round begins here".to_owned() }],
        notes,
        help: "wait with a timeout and send a heartbeat when it passes, or end the wait when the client disconnects"
            .to_owned(),
        confidence: if endless.ends { Confidence::Low } else { Confidence::Medium },
        persona: Persona::Regular,
        error_path: false,
        severity: None,
    }
}
