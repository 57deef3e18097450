//! # serverless-singleton
//!
//! ## What it does
//!
//! Reports clients and connection pools that a module keeps for as long as its process lives, where a serverless
//! platform starts the processes: as many as there are requests, suspended in between, thrown away without a
//! word. Each instance keeps its own connections, and nothing closes them while it sleeps.
//!
//! The message names what was taken as evidence: the configuration that shows the platform, and the entry that
//! imports the module. Where the platform or the library itself recommends such a client, it is a **note** for
//! the pedantic persona, with the arithmetic. What works in the background of a process that sleeps - workers,
//! subscriptions, intervals - and what an edge platform forbids is an **error**, the rest a **warning**.
//!
//! ## Why it matters in production
//!
//! The database counts what all instances keep. A pool of 10 in a module is 10 connections on a server, and
//! 1,000 when a burst of traffic has started 100 instances; they stay open until the platform reclaims the
//! instances, since the pool's idle timeout does not run while an instance is suspended. The next deployment
//! starts new ones beside them.
//!
//! ## Bad
//!
//! ```typescript
//! // bad
//! //! path: supabase/functions/visits/index.ts
//! import { Redis } from 'ioredis';
//!
//! const redis = new Redis(Deno.env.get('REDIS_URL')); //~ serverless-singleton
//!
//! Deno.serve(async () => new Response(String(await redis.incr('visits'))));
//! ```
//!
//! ## Good
//!
//! ```typescript
//! // good
//! //! path: supabase/functions/visits/index.ts
//! import { Redis } from 'ioredis';
//!
//! Deno.serve(async () => {
//!   const redis = new Redis(Deno.env.get('REDIS_URL'));
//!   try {
//!     return new Response(String(await redis.incr('visits')));
//!   } finally {
//!     await redis.quit();
//!   }
//! });
//! ```
//!
//! ## What counts as a client that is right
//!
//! * Clients that speak HTTP and keep no connection that a server counts.
//! * A pool with at most two connections, and an address, setting or option that shows a pooler in front of the server.
//! * A pool that is given to something which closes its idle connections before the platform suspends the
//!   instance, such as `attachDatabasePool`.
//! * A client that is made and closed in each call, with `try` and `finally`.
//! * Code of the same project that nothing serverless imports.
//!
//! ## Known limits
//!
//! * Where the platform is shown and a server as well (a `Dockerfile` beside `vercel.json`), nothing is said.
//! * Pools that several modules share, and limits of the platform on the number of instances, are not added up.
//! * A pool whose size is a setting may be small enough: it is reported, and its size called unknown.
//!
//! ## Fix safety
//!
//! Limiting the pool to one or two connections is safe where an instance serves one request at a time. Making a
//! client per call costs a handshake; closing a client of the module in a handler breaks the next call of the
//! same instance.

use super::{Draft, Rule, Subject};
use crate::catalog::schema::ResourceKind;
use crate::catalog::schema::entry::Runs;
use crate::finding::{Confidence, Persona, Severity};
use crate::summary::deployed::Reached;

pub const RULE: Rule = Rule {
    id: "serverless-singleton",
    summary: "A client of a module multiplies with the instances of a serverless platform",
    source: include_str!("serverless_singleton.rs"),
};

/// Instances in the arithmetic of messages.
const INSTANCES: u32 = 100;

/// Connections of one instance that are no reason to say anything.
const FEW: u32 = 2;

/// What the code says about one such client.
#[derive(Clone, Copy, Debug, Default)]
pub struct Bounds {
    /// Connections that its pool may open, as the code says.
    pub size: Option<u32>,
    /// It may say more than is known.
    pub unknown: bool,
    /// A pooler stands in front of the server.
    pub pooled: bool,
    /// Something closes its idle connections before the process is suspended.
    pub closes_idle: bool,
}

/// `holder` is the variable that keeps it.
pub fn detect(subject: &Subject<'_>, holder: &str, reached: &Reached, bounds: Bounds) -> Option<Draft> {
    let resource = subject.resource;
    let edge = reached.runs() == Runs::Edge;
    let background = resource.serverless.background
        || matches!(resource.kind, ResourceKind::Subscription | ResourceKind::Timer | ResourceKind::Server);
    let keeps = matches!(resource.kind, ResourceKind::Client | ResourceKind::Connection | ResourceKind::Pool);
    if !(keeps || background) {
        return None;
    }
    let few = bounds.size.is_some_and(|size| size <= FEW) || bounds.pooled || bounds.closes_idle;
    if few && !edge && !background {
        return None;
    }
    let one = connections(subject, bounds).is_some_and(|count| count <= FEW);
    let advised = Some(resource.serverless.advised.as_str()).filter(|url| !url.is_empty());
    let advised = advised.or(Some(reached.advised()).filter(|url| !url.is_empty()));
    // Whoever recommends it cannot mean fewer than that.
    if one && advised.is_some() && !edge && !background {
        return None;
    }
    let mut draft = subject.bare_draft(RULE.id);
    let noun = subject.noun();
    draft.label = "one for each instance of the platform".to_owned();
    draft.confidence = match &reached.shown {
        None => Confidence::High,
        Some(_) => Confidence::Medium,
    };
    let platform = reached.platform();
    if edge {
        draft.message =
            format!("the {noun} in `{holder}` outlives the request that opened it, which {platform} forbids");
        draft.severity = Some(Severity::Error);
    } else if background {
        draft.message =
            format!("the {noun} in `{holder}` is to work in the background of an instance that {platform} suspends");
        draft.severity = Some(Severity::Error);
    } else {
        draft.message = format!("each instance that {platform} starts keeps the {noun} in `{holder}` open");
        draft.severity = Some(if advised.is_some() { Severity::Note } else { Severity::Warning });
        draft.persona = if advised.is_some() { Persona::Pedantic } else { Persona::Regular };
        draft.notes.push(arithmetic(subject, bounds));
        draft.notes.push(
            "While an instance is suspended its timers do not run: no idle timeout closes anything, and when the instance is thrown away \
             nobody tells the server."
                .to_owned(),
        );
    }
    draft.notes.push(reached.evidence());
    if let Some(url) = advised.filter(|_| !edge && !background) {
        draft.notes.push(format!("One per instance is what {url} recommends: it is right as long as the sum fits."));
    }
    draft.help = match resource.serverless.advice.as_str() {
        _ if edge => "make it, use it and close it within one request, or use a client that speaks HTTP".to_owned(),
        _ if background => "run it in a process that stays: a worker, a container, a scheduled function".to_owned(),
        "" if one => "put a pooler in front of the server, use a client that speaks HTTP, or make and close one in each call with `try` \
                      and `finally`"
            .to_owned(),
        "" => "keep it to one or two connections, put a pooler in front of the server, use a client that speaks HTTP, or make and close one \
               in each call with `try` and `finally`"
            .to_owned(),
        advice => advice.to_owned(),
    };
    Some(draft)
}

/// Connections that one instance keeps, where that is no matter of what a pool allows.
fn connections(subject: &Subject<'_>, bounds: Bounds) -> Option<u32> {
    let resource = subject.resource;
    let pooled = resource.kind == ResourceKind::Pool || resource.pool.is_some();
    match resource.serverless.connections {
        Some(own) => Some(bounds.size.unwrap_or(own)),
        None => (!pooled).then_some(1),
    }
}

/// "Each instance may open up to 10 connections (`max`): 100 instances hold 1000."
fn arithmetic(subject: &Subject<'_>, bounds: Bounds) -> String {
    let resource = subject.resource;
    let own = resource.serverless.connections;
    let pool = resource.pool.as_ref().filter(|_| own.is_none());
    let default = || pool.filter(|_| !bounds.unknown).and_then(|pool| pool.size);
    let size = bounds.size.or(own).or_else(default);
    let one = match (resource.kind, size, pool) {
        (_, Some(size), Some(pool)) if !pool.option.is_empty() => {
            let default = if bounds.size.is_none() { ", the default" } else { "" };
            return format!(
                "Each instance may open up to {size} connections (`{}`{default}): {INSTANCES} instances hold up to {}.",
                pool.option,
                size.saturating_mul(INSTANCES)
            );
        }
        (_, Some(size), _) => size,
        (ResourceKind::Pool, None, _) | (_, None, Some(_)) => {
            return format!(
                "Each instance may open as many connections as its pool allows, {INSTANCES} instances {INSTANCES} times that."
            );
        }
        (_, None, _) => 1,
    };
    let connections = if one == 1 { "connection" } else { "connections" };
    format!("Each instance keeps {one} {connections}: {INSTANCES} instances hold {}.", one.saturating_mul(INSTANCES))
}
