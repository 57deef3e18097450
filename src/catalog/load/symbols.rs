//! What files say about functions, and about ways in which these are entered.

use super::super::facts::{TypeId, VersionRange};
use super::super::schema::entry::Entry;
use super::super::schema::{Role, Symbol};
use super::Loader;
use crate::ir::Name;
use semver::VersionReq;

impl Loader<'_> {
    /// `packages`: those that the library comes in.
    pub(super) fn define_symbol(&mut self, symbol: Symbol, packages: &[Name], trail: &str) {
        if symbol.paths.is_empty() {
            self.mistake(&format!("{trail}.paths"), "a symbol needs at least one path");
        }
        match (symbol.role, symbol.when) {
            (Role::Schedules, None) => self.mistake(trail, "role `schedules` needs `when`"),
            (role, Some(_)) if role != Role::Schedules => {
                self.mistake(&format!("{trail}.when"), "`when` belongs to role `schedules`");
            }
            _ => {}
        }
        match (symbol.role, symbol.unit) {
            (Role::Sleeps | Role::Repeats, None) => self.mistake(trail, "the role needs `unit`"),
            (Role::Sleeps | Role::Repeats, Some(_)) | (_, None) => {}
            (_, Some(_)) => self.mistake(&format!("{trail}.unit"), "`unit` belongs to roles `sleeps` and `repeats`"),
        }
        match (symbol.role, symbol.disconnect) {
            (Role::Streams | Role::Sends, None) => self.mistake(trail, "the role needs `disconnect`"),
            (Role::Streams | Role::Sends, Some(_)) | (_, None) => {}
            (_, Some(_)) => {
                self.mistake(&format!("{trail}.disconnect"), "`disconnect` belongs to roles `streams` and `sends`");
            }
        }
        match (symbol.role, symbol.how) {
            (Role::Invokes, None) => self.mistake(trail, "role `invokes` needs `how`"),
            (role, Some(_)) if !matches!(role, Role::Invokes | Role::OnThread) => {
                self.mistake(&format!("{trail}.how"), "`how` belongs to roles `invokes` and `on-thread`");
            }
            _ => {}
        }
        let may_wait =
            matches!(symbol.role, Role::Releases | Role::Wraps | Role::Schedules | Role::Sleeps | Role::DropsResult);
        if symbol.awaited && !may_wait {
            let roles = "`awaited` belongs to roles `releases`, `schedules`, `sleeps`, `wraps` and `drops-result`";
            self.mistake(&format!("{trail}.awaited"), roles);
        }
        match (symbol.role, symbol.thread) {
            (Role::OnThread, None) => self.mistake(trail, "role `on-thread` needs `thread`"),
            (Role::OnThread, Some(_)) | (_, None) => {}
            (_, Some(_)) => self.mistake(&format!("{trail}.thread"), "`thread` belongs to role `on-thread`"),
        }
        let advising = [Role::Streams, Role::Sends, Role::Retains, Role::LivesWithResponse, Role::AmbientRelease];
        if !advising.contains(&symbol.role) && !symbol.advice.is_empty() {
            let roles =
                "`advice` belongs to roles `streams`, `sends`, `retains`, `lives-with-response` and `ambient-release`";
            self.mistake(&format!("{trail}.advice"), roles);
        }
        if matches!(symbol.role, Role::Retains | Role::AddsJob | Role::BoundsRetention) == symbol.options.is_empty() {
            let roles = "`options` belongs to roles `retains`, `adds-job` and `bounds-retention`, which need it";
            self.mistake(&format!("{trail}.options"), roles);
        }
        if symbol.role != Role::Streams && !symbol.to.is_empty() {
            self.mistake(&format!("{trail}.to"), "`to` belongs to role `streams`");
        }
        if let Some(id) = symbol.to.iter().find(|id| !self.ids.contains_key(*id)) {
            self.mistake(&format!("{trail}.to"), format!("no resource or type has the id `{id}`"));
        }
        if symbol.enters && symbol.role != Role::Schedules {
            self.mistake(&format!("{trail}.enters"), "`enters` belongs to role `schedules`");
        }
        if symbol.calls.is_some() && !matches!(symbol.role, Role::Wraps | Role::Neutral | Role::OnThread) {
            self.mistake(&format!("{trail}.calls"), "`calls` belongs to roles `wraps`, `neutral` and `on-thread`");
        }
        let range = symbol.versions.as_ref().and_then(|text| {
            if symbol.role != Role::LivesWithResponse {
                self.mistake(&format!("{trail}.versions"), "`versions` belongs to role `lives-with-response`");
            }
            let wrong = |error| self.mistake(&format!("{trail}.versions"), format!("`{text}`: {error}"));
            let range = text.parse::<VersionReq>().map_err(wrong).ok()?;
            Some(VersionRange { range, packages: packages.to_vec() })
        });
        if range.is_some() {
            packages.iter().for_each(|package| self.catalog.add_versioned(package));
        }
        if !symbol.given.is_empty() && symbol.role != Role::Invokes {
            self.mistake(&format!("{trail}.given"), "`given` belongs to role `invokes`");
        }
        match (symbol.role, symbol.conditions.is_empty()) {
            (Role::MakesOnly, true) => self.mistake(trail, "role `makes-only` needs `conditions`"),
            (Role::MakesOnly | Role::LivesWithResponse | Role::OnThread, _) | (_, true) => {}
            _ => {
                let roles = "`conditions` belongs to roles `makes-only`, `lives-with-response` and `on-thread`";
                self.mistake(&format!("{trail}.conditions"), roles);
            }
        }
        if symbol.events.is_empty() == (symbol.role == Role::Unsure) {
            self.mistake(&format!("{trail}.events"), "`events` belongs to role `unsure`, which needs it");
        }
        let given: Vec<Option<TypeId>> = symbol
            .given
            .iter()
            .enumerate()
            .map(|(i, id)| if id.is_empty() { None } else { self.resolve(id, &format!("{trail}.given.{i}")) })
            .collect();
        let (paths, role) = (symbol.paths.clone(), Symbol { paths: Vec::new(), ..symbol });
        for (i, path) in paths.iter().enumerate() {
            if let Some(facts) = self.facts(path, &format!("{trail}.paths.{i}")) {
                if !given.is_empty() {
                    facts.given.push((role.arg, given.clone()));
                }
                facts.roles.push(role.clone());
                if role.role == Role::LivesWithResponse {
                    facts.lives_with_response.push(range.clone());
                }
            }
        }
    }

    pub(super) fn define_entry(&mut self, entry: Entry, trail: &str) {
        for (i, id) in entry.needs.iter().enumerate() {
            if !self.deployments.contains(id) {
                self.mistake(&format!("{trail}.needs.{i}"), format!("no deployment has the id `{id}`"));
            }
        }
        let named = [&entry.paths, &entry.bases, &entry.marks, &entry.files, &entry.exports, &entry.directives];
        if named.iter().all(|names| names.is_empty()) {
            self.mistake(
                trail,
                "nothing is entered: it has none of `paths`, `bases`, `marks`, `files`, `exports` and `directives`",
            );
        }
        let (paths, marks) = (entry.paths.clone(), entry.marks.clone());
        let id = self.catalog.add_entry(Entry { paths: Vec::new(), marks: Vec::new(), ..entry });
        for (i, path) in paths.iter().enumerate() {
            if let Some(facts) = self.facts(path, &format!("{trail}.paths.{i}")) {
                facts.enters.push(id);
            }
        }
        for (i, path) in marks.iter().enumerate() {
            if let Some(facts) = self.facts(path, &format!("{trail}.marks.{i}")) {
                facts.marks.push(id);
            }
        }
    }
}
