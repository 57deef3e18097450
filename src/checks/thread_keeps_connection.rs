//! # thread-keeps-connection
//!
//! ## What it does
//!
//! Reports functions that use the connection which a framework keeps for each thread, and that run on a thread which the framework does
//! not look after: a thread of their own, a pool, an executor, a scheduler, a task that outlives its request.
//!
//! ## Why it matters in production
//!
//! Django opens a connection for each thread at its first query and closes it when the request ends that the thread serves. A thread that
//! serves no request has nobody who does that: its connection stays open when its function has returned, and also, until the garbage
//! collector comes by, when the thread itself has ended. One thread for each request or message is one more connection each time; a pool
//! keeps as many as it has threads, idle, and hands the broken ones to the next job after the server was restarted.
//!
//! ## Bad
//!
//! ```python
//! # bad
//! import threading
//!
//! from django.http import JsonResponse
//!
//! from shop.models import Order
//!
//!
//! def recount(customer):
//!     total = Order.objects.filter(customer=customer).count()
//!     Order.objects.filter(customer=customer).update(total=total)
//!
//!
//! def order(request, customer):
//!     threading.Thread(target=recount, args=(customer,)).start()  #~ thread-keeps-connection
//!     return JsonResponse({"ok": True})
//! ```
//!
//! ## Good
//!
//! ```python
//! # good
//! import threading
//!
//! from django.db import connection
//! from django.http import JsonResponse
//!
//! from shop.models import Order
//!
//!
//! def recount(customer):
//!     try:
//!         total = Order.objects.filter(customer=customer).count()
//!         Order.objects.filter(customer=customer).update(total=total)
//!     finally:
//!         connection.close()
//!
//!
//! def order(request, customer):
//!     threading.Thread(target=recount, args=(customer,)).start()
//!     return JsonResponse({"ok": True})
//! ```
//!
//! ## What counts as a release
//!
//! * `connection.close()`, `connections.close_all()`, `close()` of the elements of `connections`, `close_old_connections()`: in the function,
//!   in what it calls, in its decorators and context managers, in a callback that it is given.
//! * One that is not in a `finally`, nor after a handler of every exception, does not run when something raises: the finding says so and is for
//!   the persona `pedantic`.
//! * `database_sync_to_async`, and `sync_to_async` without `thread_sensitive=False`: the framework looks after these threads.
//! * Celery tasks: its Django fixup closes the connections before and after each task, in the thread or greenlet that runs it. Threads that a task starts are not covered.
//! * Threads that are started once for a process, and those of programs that end. One that loops for ever keeps one connection: where nothing
//!   shows that many are started it is for the persona `pedantic`.
//!
//! ## Known limits
//!
//! * Queries are recognised by managers (`Order.objects`), cursors and a few functions of the framework, through a few calls; `order.save()` alone
//!   is not.
//! * `close_old_connections()` counts, although it closes only what is broken or older than `CONN_MAX_AGE`: with the default, 0, that is every
//!   connection.
//!
//! ## Fix safety
//!
//! The next query of the thread opens the connection again, so closing it costs one more handshake at most. Do not close it in the middle of a
//! transaction that a caller has opened.

use super::{Draft, Rule};
use crate::catalog::schema::{Role, ThreadKind};
use crate::finding::{Confidence, Growth, Persona, Severity, Step, StepRole};
use crate::ir::loops::{Loop, loops};
use crate::ir::{FnKind, FuncId, Function, Name, Span};
use crate::summary::Summaries;
use crate::summary::threads::{Kept, Started};

pub const RULE: Rule = Rule {
    id: "thread-keeps-connection",
    summary: "A function on a thread that no framework looks after leaves the database connection of the thread open",
    source: include_str!("thread_keeps_connection.rs"),
};

/// `growth`: of what starts it.
pub fn detect(summaries: &Summaries<'_>, started: &Started<'_>, kept: &Kept, growth: Growth) -> Draft {
    let program = summaries.resolved.program;
    let at = program.op(started.at).span;
    let target = program.func(started.target);
    let name = described(target);
    let (runs, each) = match started.thread {
        ThreadKind::Own => ("runs on a thread of its own", "each such thread leaves one open"),
        ThreadKind::Pool => ("runs on a pool of threads", "each thread of the pool keeps the one that it opens"),
        ThreadKind::Task => ("runs in a task of its own", "each task that outlives its request leaves one open"),
    };
    let how = if kept.closed.is_some() {
        "closes the database connection that it opens there only when nothing raises"
    } else {
        "does not close the database connection that it opens there"
    };
    let last = kept.calls.last().map_or(started.target, |(_, func)| *func);
    let user = described(program.func(last));
    let mut notes = vec![format!(
        "The framework closes the connection of a thread that serves a request, when the request ends; this serves none: {each}."
    )];
    notes.extend(bound(started));
    let exhaustion = &summaries.resolved.language().exhaustion;
    let endless = endless(target, exhaustion, kept).is_some();
    match started.thread {
        _ if endless => notes.push("It stays open for as long as the loop goes on, also while that waits.".to_owned()),
        ThreadKind::Own => {
            notes.push("It stays open until the garbage collector finds what is left of the thread.".to_owned());
        }
        ThreadKind::Pool if started.pool.per_call => {
            notes.push("They stay open until the garbage collector finds what is left of the threads.".to_owned());
        }
        ThreadKind::Pool => {
            notes.push("Idle ones stay until the pool ends, also after the server has closed its side.".to_owned());
        }
        ThreadKind::Task => {
            notes.push("Not certain: while the request lasts, the task shares its connection.".to_owned());
        }
    }
    notes.extend(match growth {
        Growth::Iteration => Some("One more is started in each round of the loop.".to_owned()),
        Growth::Request => Some("One more is started for each such call.".to_owned()),
        _ => None,
    });
    let persona =
        if kept.closed.is_some() || started.thread == ThreadKind::Task { Persona::Pedantic } else { Persona::Regular };
    let sized = started.thread == ThreadKind::Pool && started.pool.size.is_some() && !started.pool.per_call;
    Draft {
        rule: RULE.id,
        at,
        message: format!("{name} {runs} and {how}"),
        label: "started here".to_owned(),
        witness: witness(summaries, started, kept, &name, &user),
        related: Vec::new(),
        notes,
        help: match endless {
            true => format!("close it in each round, before {name} waits: {}", advice(summaries)),
            false => format!("close it in a `finally` of {name}: {}", advice(summaries)),
        },
        confidence: Confidence::Medium,
        persona,
        error_path: kept.closed.is_some(),
        severity: sized.then_some(Severity::Note),
    }
}

fn described(function: &Function) -> String {
    match function.kind {
        FnKind::Closure if function.name.contains('<') => "this function".to_owned(),
        FnKind::Method => format!("`{}`", function.qualname),
        _ => format!("`{}`", function.name),
    }
}

/// How the catalogue says that it is released.
fn advice(summaries: &Summaries<'_>) -> String {
    let catalog = summaries.resolved.catalog;
    let mut paths: Vec<_> = catalog.paths_with(Role::AmbientRelease).collect();
    paths.sort();
    let roles = paths.into_iter().filter_map(|path| catalog.function(path)).flat_map(|facts| &facts.roles);
    let mut advice = roles.map(|symbol| symbol.advice.to_string());
    advice.find(|advice| !advice.is_empty()).unwrap_or_default()
}

/// How many connections that can be.
fn bound(started: &Started<'_>) -> Option<String> {
    if started.thread != ThreadKind::Pool {
        return None;
    }
    Some(match started.pool.size {
        Some(1.0) if started.pool.per_call => "The pool is made anew each time, with one thread.".to_owned(),
        Some(1.0) => "The pool has one thread: that is one connection in each process.".to_owned(),
        Some(size) if started.pool.per_call => {
            format!("The pool is made anew each time, with {size} threads: that is up to {size} more connections.")
        }
        Some(size) => format!("The pool has {size} threads: that is up to {size} connections in each process."),
        None if started.pool.per_call => "The pool is made anew each time.".to_owned(),
        None => started.symbol.note.clone(),
    })
    .filter(|text| !text.is_empty())
}

/// From the start of the thread over the first use to the end of its function.
fn witness(summaries: &Summaries<'_>, started: &Started<'_>, kept: &Kept, name: &str, user: &str) -> Vec<Step> {
    let program = summaries.resolved.program;
    let step = |span, role, text: String| Step { span, role, text };
    let mut out =
        vec![step(program.op(started.at).span, StepRole::Acquire, format!("{name} is given to another thread here"))];
    for (span, called) in &kept.calls {
        out.push(step(*span, StepRole::Evidence, format!("which calls {}", described(program.func(*called)))));
    }
    out.push(step(
        kept.used,
        StepRole::Evidence,
        format!("{user} uses the connection of its thread, which is opened for it"),
    ));
    match kept.closed {
        Some(closed) => {
            out.push(step(closed, StepRole::Evidence, "closed here, unless something raises before".to_owned()));
        }
        None => match endless(program.func(started.target), &summaries.resolved.language().exhaustion, kept) {
            Some(at) => {
                out.push(step(at, StepRole::Exit, format!("{name} goes on for ever, and keeps it between two rounds")));
            }
            None => {
                let end = end(summaries, started.target);
                out.push(step(end, StepRole::Exit, format!("{name} ends and the connection stays open")));
            }
        },
    }
    out
}

/// Where the function uses the connection in each round of a loop without end.
fn endless(function: &Function, exhaustion: &[Name], kept: &Kept) -> Option<Span> {
    let first = kept.calls.first().map_or(kept.used, |(call, _)| *call);
    let uses = |found: &Loop| {
        let mut instrs = found.blocks.iter().flat_map(|block| &function.block(*block).instrs);
        instrs.any(|instr| instr.span == first)
    };
    loops(function, exhaustion).iter().any(|found| found.is_endless() && uses(found)).then_some(first)
}

/// The last thing that the function does.
fn end(summaries: &Summaries<'_>, func: FuncId) -> Span {
    let function = summaries.resolved.program.func(func);
    let instrs = function.blocks.iter().flat_map(|block| &block.instrs);
    let last = instrs.map(|instr| instr.span).filter(|span| function.span.contains(*span));
    last.max_by_key(|span| (span.hi, span.lo)).unwrap_or(function.name_span)
}
