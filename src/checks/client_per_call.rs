//! # client-per-call
//!
//! ## What it does
//!
//! Reports a client or connection pool that is made, used and dropped in one function which something outside
//! calls again and again - for each request, message, job, invocation, each time a component is drawn - or in
//! each round of a loop over something else, although it is the same client each time: its arguments are
//! settings and literals. Objects of a class of the project that keeps such a client count like the client.
//!
//! The message says whether each one **leaks** (nothing closes it: they add up until the server refuses) or
//! **churns** (it is closed again: each call pays for the connections). A leak is an error where nothing but the
//! end of the process frees it, and a warning where the garbage collector or a timeout does; a pool that is made
//! and closed per call is a warning, a client a note for the pedantic persona, and so is an HTTP client - also one
//! that nobody closes, where it goes with the last reference to it.
//!
//! ## Why it matters in production
//!
//! A pool per request is no pool: nothing is used a second time, and each of them may open as many connections
//! as its size says. Twenty requests that make an `asyncpg` pool each left 200 connections behind when this was
//! measured; PostgreSQL accepts 100. And where each one is closed in the end, every request pays for TCP, TLS
//! and the login, and under load the server sees as many logins as there are requests.
//!
//! ## Bad
//!
//! ```python
//! # bad
//! import asyncpg
//! from fastapi import FastAPI
//!
//! app = FastAPI()
//!
//!
//! @app.get("/orders/{order}")
//! async def order(order: int):
//!     pool = await asyncpg.create_pool("postgresql://localhost/shop")  #~ client-per-call
//!     return await pool.fetchrow("SELECT * FROM orders WHERE id = $1", order)
//! ```
//!
//! ```typescript
//! // bad
//! import express from 'express';
//! import { Pool } from 'pg';
//!
//! const app = express();
//!
//! app.get('/orders', async (_request, response) => {
//!   const pool = new Pool({ connectionString: process.env.DATABASE_URL }); //~ client-per-call
//!   try {
//!     response.json((await pool.query('SELECT * FROM orders')).rows);
//!   } finally {
//!     await pool.end();
//!   }
//! });
//! ```
//!
//! ## Good
//!
//! ```python
//! # good
//! from contextlib import asynccontextmanager
//!
//! import asyncpg
//! from fastapi import FastAPI
//!
//!
//! @asynccontextmanager
//! async def lifespan(app: FastAPI):
//!     async with asyncpg.create_pool("postgresql://localhost/shop") as pool:
//!         app.state.pool = pool
//!         yield
//!
//!
//! app = FastAPI(lifespan=lifespan)
//!
//!
//! @app.get("/orders/{order}")
//! async def order(order: int):
//!     return await app.state.pool.fetchrow("SELECT * FROM orders WHERE id = $1", order)
//! ```
//!
//! ```typescript
//! // good
//! import express from 'express';
//! import { Pool } from 'pg';
//!
//! const app = express();
//! const pool = new Pool({ connectionString: process.env.DATABASE_URL });
//!
//! app.get('/orders', async (_request, response) => {
//!   response.json((await pool.query('SELECT * FROM orders')).rows);
//! });
//!
//! process.on('SIGTERM', () => pool.end());
//! ```
//!
//! ## What counts as a client that is made once
//!
//! * What is kept: in a module, in a field, in a cache (`globalThis.client ??= ...`, `lru_cache`,
//!   `cached_property`), or given to somebody who may keep it.
//! * What depends on the call: a client for the tenant, the host or the user that the function was called with,
//!   or that the round of the loop is about.
//! * What runs once: start-up hooks, commands, scripts, tests, functions that look at a variable of the module
//!   first.
//! * Edge platforms, where connections must not outlive a request: one per request is right there, if it is
//!   closed.
//! * An asynchronous client in a function that an event loop is started for (`asyncio.run` in a task): it cannot
//!   be used from another loop, so that one per run is right, if it is closed.
//! * Loops that are left early or never end: they try again, or connect again.
//!
//! ## Known limits
//!
//! * Single connections are not meant: one per request that is closed again is slow and harmless. One that is
//!   not closed is `never-closed`.
//! * Handlers are known by the frameworks of the catalogue, and by the names of the methods that register them.
//!   Calls are followed through at most five functions.
//! * A container of dependencies may make objects of a class once or for each request; what is not said in the
//!   code is taken to be made once.
//!
//! ## Fix safety
//!
//! Make one when the process starts, and close it at shutdown. Check that the library allows the client to be
//! used by several threads or tasks at the same time - the ones reported here do - and that no call changes a
//! setting of it that the others would see.

use super::{Draft, Rule, Subject};
use crate::catalog::schema::entry::{EnteredBy, Runs};
use crate::catalog::schema::{OnDrop, ResourceKind};
use crate::finding::{Confidence, Persona, Severity, Step, StepRole};
use crate::ir::Program;
use crate::summary::again::{Again, Alike};

pub const RULE: Rule = Rule {
    id: "client-per-call",
    summary: "A client or pool is made for each request, job or round of a loop where one would do",
    source: include_str!("client_per_call.rs"),
};

/// Calls in the arithmetic of messages.
const CALLS: u32 = 50;

const CHURN: &str = "Nothing leaks, but no connection outlives its call: each call pays for TCP, TLS and the login, and under load the \
                     server sees as many clients as there are calls at the same time.";

/// It is one of many, and nothing but its place in the code is a reason for that.
fn multiplies(subject: &Subject<'_>, again: &Again, alike: Alike) -> bool {
    let resource = subject.resource;
    let meant = match resource.kind {
        ResourceKind::Client | ResourceKind::Pool => resource.shareable,
        ResourceKind::HttpClient => true,
        _ => false,
    };
    let edge = matches!(again, Again::Entered(chain) if chain.entered.way.runs == Runs::Edge);
    // In a loop nothing but the arguments says what the rounds are about.
    let enough = if matches!(again, Again::Round(_)) { alike == Alike::Same } else { alike != Alike::Different };
    meant && !edge && enough
}

/// `leak` is what a rule says about an acquisition that no path releases: it is one of many.
pub fn instead_of(leak: &Draft, subject: &Subject<'_>, again: &Again, alike: Alike) -> Option<Draft> {
    if leak.error_path || !multiplies(subject, again, alike) {
        return None;
    }
    let mut draft = leak.clone();
    draft.rule = RULE.id;
    draft.message = format!("{} is made {} and never {}", subject.described(), each(again), subject.released());
    draft.label = format!("one more {}", each(again));
    speak(&mut draft, subject, again, alike);
    if goes_with_its_call(subject) {
        draft.message = format!("{} is made {}", subject.described(), each(again));
        draft.severity = Some(Severity::Note);
        draft.persona = Persona::Pedantic;
        draft.notes.push(CHURN.to_owned());
        draft.notes.push(
            "Nobody closes it: it goes when the last reference does, usually at the end of each call.".to_owned(),
        );
    }
    Some(draft)
}

/// What nobody releases is gone at the end of the call all the same, and only costs time.
pub fn goes_with_its_call(subject: &Subject<'_>) -> bool {
    subject.resource.kind == ResourceKind::HttpClient && subject.resource.on_drop == OnDrop::Closes
}

/// It is made and released again.
pub fn detect(subject: &Subject<'_>, again: &Again, alike: Alike) -> Option<Draft> {
    let outcome = &subject.case.outcome;
    // What is only left to others to release may as well not be released at all.
    if !multiplies(subject, again, alike) || outcome.released.is_empty() || !outcome.handed.is_empty() || outcome.capped
    {
        return None;
    }
    // A loop of events of its own cannot use what belongs to another.
    if let Again::Entered(chain) = again
        && subject.resource.r#async
        && !subject.summaries.resolved.program.func(chain.entry).r#async
        && !subject.summaries.resolved.language().eager_await
    {
        return None;
    }
    let mut draft = subject.bare_draft(RULE.id);
    draft.message = format!("{} is made and {} again {}", subject.described(), subject.released(), each(again));
    draft.label = format!("one more {}", each(again));
    draft.witness.extend(outcome.released.first().map(|at| Step {
        span: *at,
        role: StepRole::Release,
        text: format!("{} here, at the end of each call", subject.released()),
    }));
    let pool = subject.resource.kind == ResourceKind::Pool;
    draft.severity = Some(if pool { Severity::Warning } else { Severity::Note });
    draft.persona = if pool { Persona::Regular } else { Persona::Pedantic };
    draft.notes.push(CHURN.to_owned());
    speak(&mut draft, subject, again, alike);
    Some(draft)
}

/// "for each request to a FastAPI route".
pub fn each(again: &Again) -> String {
    match again {
        Again::Entered(chain) if chain.entered.way.by == EnteredBy::Render => {
            format!("each time the {} is drawn", chain.entered.way.noun)
        }
        Again::Entered(chain) => format!("for each {}", chain.entered.way.noun),
        Again::Round(_) => "in each round of the loop".to_owned(),
    }
}

/// Where it comes from, and what it adds up to.
fn speak(draft: &mut Draft, subject: &Subject<'_>, again: &Again, alike: Alike) {
    let resource = subject.resource;
    draft.related.extend(path(subject.summaries.resolved.program, again));
    if let Some(size) = resource.pool.as_ref().and_then(|pool| pool.size)
        && resource.kind == ResourceKind::Pool
        && matches!(again, Again::Entered(_))
    {
        let all = size.saturating_mul(CALLS);
        draft.notes.push(format!(
            "Each may open up to {size} connections by default: {CALLS} calls at the same time may hold {all}."
        ));
    }
    if alike == Alike::Unknown {
        draft.confidence = draft.confidence.min(Confidence::Medium);
        draft.notes.push("That each is made with the same settings is likely and not certain.".to_owned());
    }
    draft.help = match again {
        Again::Entered(chain) if chain.entered.way.runs == Runs::Serverless => {
            "make it once outside of the handler, so that further invocations of the instance use it again"
        }
        Again::Entered(chain) if chain.entered.way.by == EnteredBy::Render => {
            "make it once outside of the component, or keep it with the component and close it when that goes"
        }
        Again::Entered(_) => "make one when the process starts, share it, and close it at shutdown",
        Again::Round(_) => "make one before the loop, use it in all rounds, and close it after the loop",
    }
    .to_owned();
}

/// How something outside comes to the function.
pub fn path(program: &Program, again: &Again) -> Vec<Step> {
    let evidence = |span, text| Step { span, role: StepRole::Evidence, text };
    match again {
        Again::Entered(chain) => {
            let name = &program.func(chain.entry).name;
            let mut out = vec![evidence(chain.entered.at, format!("`{name}` runs {}", each(again)))];
            out.extend(chain.calls.iter().map(|at| {
                let from = &program.func(at.func).name;
                evidence(program.op(*at).span, format!("`{from}` calls it here"))
            }));
            out
        }
        Again::Round(header) => vec![evidence(*header, "each round of this loop makes one".to_owned())],
    }
}
