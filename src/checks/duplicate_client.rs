//! # duplicate-client
//!
//! ## What it does
//!
//! Reports clients, connection pools and engines that one process makes several of for the same server: from the
//! same URL, the same setting, the same environment variable, the same configuration object, or all without
//! arguments. Only those count that live as long as the process does: in variables of modules, in singletons, in
//! objects that such things keep, in objects that a container of dependencies makes.
//!
//! The finding is at the first of them, and lists all. It is a **note**.
//!
//! ## Why it matters in production
//!
//! A server has a limit on connections, a hosted Redis often 30. Each client brings a connection, each pool as many
//! as its size, and every process of every instance brings them again: five services with a client each, in four
//! workers on three machines, are 60 connections where 12 would do. Nothing leaks, and yet a deployment that
//! doubles the instances ends in `max number of clients reached`.
//!
//! ## Bad
//!
//! ```python
//! # bad
//! import os
//!
//! import redis.asyncio as redis
//!
//!
//! class Sessions:
//!     def __init__(self) -> None:
//!         self.client = redis.from_url(os.environ["REDIS_URL"])  #~ duplicate-client
//!
//!     async def close(self) -> None:
//!         await self.client.aclose()
//!
//!
//! class Limiter:
//!     def __init__(self) -> None:
//!         self.client = redis.from_url(os.environ["REDIS_URL"])
//!
//!     async def close(self) -> None:
//!         await self.client.aclose()
//!
//!
//! sessions = Sessions()
//! limiter = Limiter()
//!
//!
//! async def shutdown() -> None:
//!     await sessions.close()
//!     await limiter.close()
//! ```
//!
//! ## Good
//!
//! ```python
//! # good
//! import os
//!
//! import redis.asyncio as redis
//!
//! client = redis.from_url(os.environ["REDIS_URL"])
//!
//!
//! class Sessions:
//!     def __init__(self, client: redis.Redis) -> None:
//!         self.client = client
//!
//!
//! class Limiter:
//!     def __init__(self, client: redis.Redis) -> None:
//!         self.client = client
//!
//!
//! sessions = Sessions(client)
//! limiter = Limiter(client)
//!
//!
//! async def shutdown() -> None:
//!     await client.aclose()
//! ```
//!
//! ## What counts as a different one
//!
//! * Any other argument: another database, another address, another option.
//! * A client that does something which leaves it for nothing else - a subscription, a command that blocks, a
//!   transaction over several commands - and one of that sort which is given to a library.
//! * A copy that is asked for: `duplicate()`.
//! * What another program makes: nothing imports both places, or one is a test, an example or a migration.
//! * A variable that is filled again when the connection was lost, and a second one in the same object: that is on
//!   purpose.
//!
//! ## Known limits
//!
//! * Clients that are made per call and closed again are not meant here, and neither are several objects of one
//!   class: that is one place in the source.
//! * A URL that is put together from parts is not compared.
//! * Objects that nothing in the program makes, or that a function makes which is called nobody knows how often,
//!   are not taken to live as long as the process.
//! * Whether a setting changes while the process runs is not asked.
//!
//! ## Fix safety
//!
//! One client serves concurrent users if its type is made for that, and those that are reported are. It is closed
//! once, at the shutdown of the application, and no longer by each of its users.

use super::{Draft, Rule, Subject};
use crate::finding::{Confidence, Persona, Severity, Step, StepRole};
use crate::summary::Case;
use crate::summary::shared::{Group, Same};
use std::rc::Rc;

pub const RULE: Rule = Rule {
    id: "duplicate-client",
    summary: "One process makes several clients for the same server",
    source: include_str!("duplicate_client.rs"),
};

/// Settings named in a message.
const MAX_SETTINGS: usize = 2;

/// `subject` is the first of the group; `home` is what people call the module that the one is to be imported from.
pub fn detect(
    subject: &Subject<'_>,
    group: &Group,
    cases: &[(crate::ir::FuncId, Rc<Vec<Case>>)],
    home: &str,
) -> Option<Draft> {
    let noun = subject.noun();
    let count = group.sites.len();
    let same = match &group.same {
        Same::Nothing => "all are made without arguments".to_owned(),
        Same::Literals => "all are made with the same arguments".to_owned(),
        Same::Settings(names) => {
            let shown: Vec<String> = names.iter().take(MAX_SETTINGS).map(|name| format!("`{name}`")).collect();
            format!("all are made from {}", shown.join(" and "))
        }
    };
    let first = group.sites.first()?;
    let mut draft = subject.bare_draft(RULE.id);
    draft.message = format!("{count} {noun}s for one server in the same process: {same}");
    draft.label = format!("kept in `{}` for the life of the process", first.holder);
    draft.confidence = Confidence::Medium;
    for site in group.sites.iter().skip(1) {
        let case = site.of(cases)?;
        draft.confidence = draft.confidence.min(case.token.confidence);
        draft.related.push(Step {
            span: site.at,
            role: StepRole::Evidence,
            text: format!("another {noun} for the same server, kept in `{}`", site.holder),
        });
    }
    draft.notes = vec![format!(
        "Each process holds {count} {noun}s where one would do, and each instance of it holds them again."
    )];
    let keep = group.sites.iter().find(|site| site.module == group.home).unwrap_or(first);
    draft.help = match group.sites.iter().all(|site| site.module == group.home) {
        true => format!("make one, as in `{}`, and give it to the others", keep.holder),
        false => format!("make one in `{home}`, as `{}` does, and import it in the other modules", keep.holder),
    };
    draft.persona = Persona::Regular;
    draft.severity = Some(Severity::Note);
    Some(draft)
}
