//! # persistent-connections-under-async
//!
//! ## What it does
//!
//! Reports settings that keep the connections of Django for the next request - `CONN_MAX_AGE` other than 0 in `DATABASES`, `conn_max_age` of
//! `dj_database_url` - in a project that an asynchronous server or one with greenlets runs.
//!
//! ## Why it matters in production
//!
//! Django keeps a connection for a thread, and uses it again when the same thread serves another request. With gevent each request has a
//! greenlet of its own, with ASGI the threads change: what is kept is not found again, and each request opens one more. Measured with
//! PostgreSQL, 120 requests, 40 at a time, `CONN_MAX_AGE=600`: 119 connections stayed open with two gevent workers and 103 with uvicorn, against 2
//! with two sync workers. The server's limit is 100.
//!
//! ## Bad
//!
//! ```python
//! # bad
//! ASGI_APPLICATION = "shop.asgi.application"
//!
//! DATABASES = {
//!     "default": {
//!         "ENGINE": "django.db.backends.postgresql",
//!         "NAME": "shop",
//!         "CONN_MAX_AGE": 600,  #~ persistent-connections-under-async
//!     }
//! }
//! ```
//!
//! ## Good
//!
//! ```python
//! # good
//! ASGI_APPLICATION = "shop.asgi.application"
//!
//! DATABASES = {
//!     "default": {
//!         "ENGINE": "django.db.backends.postgresql",
//!         "NAME": "shop",
//!         "CONN_MAX_AGE": 0,
//!         "OPTIONS": {"pool": True},
//!     }
//! }
//! ```
//!
//! ## What counts as a sign of such a server
//!
//! * `ASGI_APPLICATION`, `daphne` in `INSTALLED_APPS`, a `ProtocolTypeRouter` of Channels.
//! * `worker_class` of a `gunicorn.conf.py`: gevent, eventlet, uvicorn's worker.
//! * `monkey.patch_all()` in the file that a server begins with.
//! * The command of a server in a file beside the code or above it: gunicorn with `-k gevent`, `eventlet` or uvicorn's worker, uvicorn, daphne,
//!   hypercorn or granian in a Procfile, a Dockerfile, a compose file, a systemd unit, a supervisor or Kubernetes configuration, a script. The
//!   finding names file and line.
//! * A bare `asgi.py` is none: `startproject` writes one. Sync workers and gthread keep their threads, and find the connections again.
//!
//! ## Known limits
//!
//! * A value that only the environment sets is not known; of one with a default the default counts, which the finding says.
//! * Settings and evidence belong together by the directories that they are in.
//!
//! ## Fix safety
//!
//! Without persistent connections each request opens one, which costs some milliseconds: a pool in the process (`OPTIONS["pool"]`, psycopg 3) or
//! PgBouncer saves them without piling up.

use super::{Draft, Rule};
use crate::catalog::schema::ServerKind;
use crate::finding::{Confidence, Persona, Severity, Step, StepRole};
use crate::summary::settings::{Age, Evidence, Setting};

pub const RULE: Rule = Rule {
    id: "persistent-connections-under-async",
    summary: "Connections are kept for the next request, which an asynchronous or green server never gives them to",
    source: include_str!("persistent_connections_under_async.rs"),
};

/// The setting, whatever server there is.
pub fn detect(setting: &Setting<'_>) -> Draft {
    let key = &setting.key;
    let kept = match setting.age {
        Age::Forever => "for ever".to_owned(),
        Age::Seconds(seconds) if seconds < 0.0 => "without a limit".to_owned(),
        Age::Seconds(1.0) => "for a second".to_owned(),
        Age::Seconds(seconds) => format!("for {seconds} seconds"),
    };
    let mut notes = Vec::new();
    if let Some(asked) = setting.asked {
        notes.push(format!("That is the default; `{asked}` may say otherwise."));
    }
    let confidence = if setting.sometimes { Confidence::Low } else { Confidence::Medium };
    Draft {
        rule: RULE.id,
        at: setting.at,
        message: format!("`{key}` keeps the database connection of each request {kept}"),
        label: "kept for the next request".to_owned(),
        witness: vec![Step { span: setting.at, role: StepRole::Acquire, text: format!("kept {kept} because of this") }],
        related: Vec::new(),
        notes,
        help: setting.facts.advice.clone(),
        confidence,
        persona: if setting.development { Persona::Pedantic } else { Persona::Regular },
        error_path: false,
        severity: Some(Severity::Error),
    }
}

/// What the evidence adds: the end of the message, a note, and the step that shows it.
pub fn because(evidence: &Evidence) -> (String, String, Option<Step>) {
    let (message, why) = match evidence.kind {
        ServerKind::Greenlets => (
            "which the next one, on another greenlet, does not find",
            "Each request runs on a greenlet of its own, and a connection is kept for one: each request leaves one more open.",
        ),
        ServerKind::Async | ServerKind::Threads => (
            "which the next one, under an asynchronous server, does not find",
            "An asynchronous server runs each request on another thread, and a connection is kept for one: they pile up until the database has too many clients.",
        ),
    };
    let place = match evidence.line {
        Some(line) => format!("{}:{line}", evidence.path),
        None => evidence.path.clone(),
    };
    let note = format!("{why} Evidence: {} ({place}).", evidence.says);
    let step = evidence.span.map(|span| Step { span, role: StepRole::Evidence, text: evidence.says.clone() });
    (message.to_owned(), note, step)
}
