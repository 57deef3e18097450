//! # connection-held-while-streaming
//!
//! ## What it does
//!
//! Reports a database connection, pool checkout, session or transaction that stays open while a response is being streamed: one that the
//! generator or handler opened before its loop, one that a dependency of the handler keeps until the response has ended, and the connection
//! that a framework keeps for a request.
//!
//! ## Why it matters in production
//!
//! A request that takes 20 ms needs its connection for 20 ms; a stream holds it for as long as the page is open. With a pool of 10, ten open
//! pages stop every other request of the process, although each stream cleans up perfectly; without a pool, each viewer is a connection of
//! the database server.
//!
//! ## Bad
//!
//! ```python
//! # bad
//! import time
//!
//! import psycopg2
//! from flask import Flask, Response
//!
//! app = Flask(__name__)
//!
//!
//! @app.get("/orders")
//! def orders():
//!     def events():
//!         conn = psycopg2.connect("dbname=shop")  #~ connection-held-while-streaming
//!         try:
//!             while True:
//!                 with conn.cursor() as cursor:
//!                     cursor.execute("SELECT count(*) FROM orders")
//!                     yield f"data: {cursor.fetchone()[0]}\n\n"
//!                 time.sleep(2)
//!         finally:
//!             conn.close()
//!
//!     return Response(events(), mimetype="text/event-stream")
//! ```
//!
//! ## Good
//!
//! ```python
//! # good
//! import time
//!
//! import psycopg2
//! from flask import Flask, Response
//!
//! app = Flask(__name__)
//!
//!
//! def count():
//!     conn = psycopg2.connect("dbname=shop")
//!     try:
//!         with conn.cursor() as cursor:
//!             cursor.execute("SELECT count(*) FROM orders")
//!             return cursor.fetchone()[0]
//!     finally:
//!         conn.close()
//!
//!
//! @app.get("/orders")
//! def orders():
//!     def events():
//!         while True:
//!             yield f"data: {count()}\n\n"
//!             time.sleep(2)
//!
//!     return Response(events(), mimetype="text/event-stream")
//! ```
//!
//! ## What counts as a release
//!
//! * Everything that releases it before the loop, or in each round of it.
//! * For the connection that a framework keeps for a request: closing it before the response is made, or in the stream.
//! * A dependency that ends with the handler: `scope="function"`, or a version of the framework that ends it before the stream begins.
//!
//! ## Known limits
//!
//! * What a stream reads row by row needs its connection: streams that end by themselves are reported only where they wait for another server
//!   while the connection of the request is open.
//! * Whether the view's own queries were answered from a cache is not known.
//!
//! ## Fix safety
//!
//! Opening a connection in each round costs a checkout, not a connection, when there is a pool. What was loaded must not be loaded lazily
//! after the connection was closed.

use super::unbounded_stream::{fate_note, name, start};
use super::{Draft, Rule, Subject};
use crate::finding::{Confidence, Persona, Step, StepRole};
use crate::ir::Span;
use crate::summary::Summaries;
use crate::summary::dependency::Kept;
use crate::summary::stream::{Endless, Stream};

pub const RULE: Rule = Rule {
    id: "connection-held-while-streaming",
    summary: "A database connection, checkout, session or transaction stays open for as long as a response is streamed",
    source: include_str!("connection_held_while_streaming.rs"),
};

const POOL_NOTE: &str = "A pool is empty when as many pages are open as it has connections; without one each page is a connection of the server.";

/// What a generator or handler opened before its loop.
pub fn detect(subject: &Subject<'_>, stream: &Stream, endless: &Endless) -> Draft {
    let summaries = subject.summaries;
    let mut draft = subject.bare_draft(RULE.id);
    draft.message =
        format!("{} is held for as long as {} streams", subject.described(), name(summaries, stream.server));
    draft.label = "opened here and kept while the stream runs".to_owned();
    let mut witness = start(summaries, stream);
    let text = format!("{} created here", subject.noun());
    witness.push(Step { span: subject.case.token.span, role: StepRole::Acquire, text });
    witness.push(Step {
        span: endless.at,
        role: StepRole::Exit,
        text: "kept through each round of this loop".to_owned(),
    });
    draft.witness = witness;
    draft.notes = vec![POOL_NOTE.to_owned()];
    draft.help = "take it for each query and give it back before the stream waits".to_owned();
    draft.persona = Persona::Regular;
    draft
}

/// What a dependency of the handler keeps until the response has been sent. `long`: what the stream waits for.
pub fn detect_kept(subject: &Subject<'_>, stream: &Stream, kept: &Kept, response: Span, long: (Span, &str)) -> Draft {
    let summaries = subject.summaries;
    let program = summaries.resolved.program;
    let dependency = program.func(kept.dependency);
    let mut draft = subject.bare_draft(RULE.id);
    draft.at = response;
    draft.message = format!(
        "the {} of the dependency `{}` is held for as long as {} streams",
        subject.noun(),
        dependency.name,
        name(summaries, stream.server)
    );
    draft.label = "the dependency ends when this has been sent".to_owned();
    let text = format!("{} created here, in the dependency `{}`", subject.noun(), dependency.name);
    let mut witness = vec![Step { span: subject.case.token.span, role: StepRole::Acquire, text }];
    witness.extend(start(summaries, stream));
    witness.push(Step { span: long.0, role: StepRole::Exit, text: long.1.to_owned() });
    draft.witness = witness;
    draft.notes = vec![format!(
        "What `{}` yields is closed when the response has been sent: after the stream, in the installed version of the framework or, where that is not known, in the newest.",
        dependency.name
    )];
    draft.help =
        "open it in the handler or in the stream, for each query, instead of taking it as a dependency".to_owned();
    if !kept.advice.is_empty() {
        draft.help.push_str("; or ");
        draft.help.push_str(&kept.advice);
    }
    draft.persona = Persona::Regular;
    draft
}

/// What a function opened before it started a timer that sends to a client. `started`: where it starts it.
pub fn detect_ticking(subject: &Subject<'_>, started: Span) -> Draft {
    let mut draft = subject.bare_draft(RULE.id);
    draft.message = format!("{} is held for as long as a timer streams", subject.described());
    draft.label = "opened here and kept until the client goes".to_owned();
    let step = |span, role, text: String| Step { span, role, text };
    draft.witness = vec![
        step(subject.case.token.span, StepRole::Acquire, format!("{} created here", subject.noun())),
        step(started, StepRole::Exit, "kept between the ticks of this timer, which uses it in each".to_owned()),
    ];
    draft.notes = vec![POOL_NOTE.to_owned()];
    draft.help = "take it in each tick and give it back at the end of the tick".to_owned();
    draft.persona = Persona::Regular;
    draft
}

/// The connection of the request that the framework keeps. `long`: what the stream waits for; `at`: what to point at.
pub fn detect_ambient(summaries: &Summaries<'_>, stream: &Stream, used: Span, at: Span, long: (Span, &str)) -> Draft {
    let mut witness = vec![Step {
        span: used,
        role: StepRole::Acquire,
        text: "the database connection of the request is used here, and stays open".to_owned(),
    }];
    witness.extend(start(summaries, stream));
    witness.push(Step { span: long.0, role: StepRole::Exit, text: long.1.to_owned() });
    Draft {
        rule: RULE.id,
        at,
        message: format!("the database connection of the request is held for as long as {} streams", name(summaries, stream.server)),
        label: "kept open until the stream has ended".to_owned(),
        witness,
        related: Vec::new(),
        notes: vec![
            format!("The framework closes it when `{}` has sent everything or the client is gone, not before.", stream.sender),
            fate_note(stream),
            "Each open page is one more connection of the database server, until it has too many clients.".to_owned(),
        ],
        help: "close the connection of the request before the stream starts, or in each round before it waits; the next query opens it again"
            .to_owned(),
        confidence: Confidence::Medium,
        persona: Persona::Regular,
        error_path: false,
        severity: None,
    }
}
