//! Settings that are right or wrong depending on the server that runs the project: the two are often in files that know nothing of each
//! other.

use super::{Claim, FileScope, decide_claim};
use crate::catalog::schema::ServerKind;
use crate::checks::persistent_connections_under_async;
use crate::finding::{Finding, Growth, Persona, Severity};
use crate::ir::{FuncId, Name};
use crate::summary::Summaries;
use crate::summary::settings::{Evidence, servers, settings};
use std::sync::Arc;

/// Directories above the one with the project's packages in which its configuration may be.
const MAX_UP: usize = 2;

/// Directories below it in which something of it may be: a package, `deploy`.
const MAX_DOWN: usize = 1;

/// Names of directories with several settings files.
const SETTINGS: &[&str] = &["settings", "config", "conf"];

/// What a part of a project says about servers.
#[derive(Default)]
pub struct Hosting {
    open: Vec<Open>,
    /// What it says of the projects that files lie in.
    evidence: Vec<Evidence>,
}

/// A finding that holds if an asynchronous server runs what is in the file.
struct Open {
    path: Name,
    finding: Finding,
    /// What the program of the file says itself.
    own: Arc<[Evidence]>,
}

impl Hosting {
    /// What the modules of a program say.
    pub fn of(summaries: &Summaries<'_>, scopes: &[FileScope]) -> Hosting {
        let scope = |func: FuncId| &scopes[summaries.resolved.program.module_of(func).index()];
        let path = |func: FuncId| scope(func).path;
        let mut evidence = servers(summaries, &path);
        let in_test =
            |evidence: &Evidence| scopes.iter().any(|scope| scope.test && scope.path == evidence.path.as_str());
        evidence.retain(|evidence| !in_test(evidence));
        let (evidence, own): (Vec<_>, Vec<_>) = evidence.into_iter().partition(|evidence| evidence.project);
        let own: Arc<[Evidence]> = own.into();
        let mut open = Vec::new();
        for setting in settings(summaries, &path) {
            let draft = persistent_connections_under_async::detect(&setting);
            let subject = format!("`{}`", setting.key);
            let claim = Claim { draft, func: setting.func, subject, symbol: setting.key, growth: Growth::Request };
            let finding = decide_claim(summaries, claim, scope(setting.func));
            let path = path(setting.func);
            open.extend(finding.map(|finding| Open { path, finding, own: own.clone() }));
        }
        Hosting { open, evidence }
    }

    /// Adds what another part of the project says.
    pub fn add(&mut self, other: Hosting) {
        self.open.extend(other.open);
        self.evidence.extend(other.evidence);
    }

    /// The findings for which there is evidence. `deployed`: what other files say about the server that runs what is in a file, by its path.
    pub fn findings(self, deployed: &dyn Fn(&str) -> Vec<Evidence>) -> Vec<Finding> {
        let Hosting { open, mut evidence } = self;
        evidence.sort_by(|a, b| (&a.path, a.span, a.line).cmp(&(&b.path, b.span, b.line)));
        let mut out = Vec::new();
        for Open { path, mut finding, own } in open {
            let near = evidence.iter().filter(|known| nearness(&path, &known.path).is_some());
            let mut known: Vec<Evidence> = own.iter().chain(near).cloned().collect();
            known.extend(deployed(&path));
            // Greenlets leave the most, and are never there by accident.
            let worst = known.iter().filter(|known| known.kind != ServerKind::Threads).min_by_key(|known| {
                (known.kind != ServerKind::Greenlets, std::cmp::Reverse(nearness(&path, &known.path)))
            });
            let Some(evidence) = worst else { continue };
            let (message, note, step) = persistent_connections_under_async::because(evidence);
            finding.message = format!("{}, {message}", finding.message);
            finding.notes.insert(0, note);
            finding.witness.extend(step);
            // What names a server may say further on that it runs requests on greenlets.
            let other = |threads: &&Evidence| {
                let same_file = threads.line.is_some() && threads.path == evidence.path;
                let same = same_file && (threads.line == evidence.line || evidence.kind == ServerKind::Greenlets);
                threads.kind == ServerKind::Threads && !same
            };
            if let Some(threads) = known.iter().find(other) {
                finding.notes.push(format!("Not certain: {} ({}).", threads.says, threads.path));
                finding.persona = finding.persona.max(Persona::Pedantic);
                finding.severity = finding.severity.min(Severity::Warning);
            }
            out.push(finding);
        }
        out
    }
}

/// Directories that two lists have in common at their beginning.
fn common(a: &[&str], b: &[&str]) -> usize {
    a.iter().zip(b).take_while(|(a, b)| a == b).count()
}

fn directories(path: &str) -> Vec<&str> {
    let mut parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    parts.pop();
    parts
}

/// Directories that two files have in common, when they are of one project by where they are.
fn nearness(settings: &str, other: &str) -> Option<usize> {
    let own = directories(settings);
    let mut root = own.as_slice();
    // `root/shop/settings/production.py`
    if root.last().is_some_and(|last| SETTINGS.contains(last)) {
        root = root.split_last().map_or(root, |(_, rest)| rest);
    }
    root = root.split_last().map_or(root, |(_, rest)| rest);
    let other = directories(other);
    let same = common(root, &other);
    let above = same == other.len() && root.len() - same <= MAX_UP;
    let below = same == root.len() && other.len() - same <= MAX_DOWN;
    (below || above).then(|| common(&own, &other))
}

#[cfg(test)]
mod tests {
    use super::{Hosting, Open, nearness};
    use crate::catalog::schema::ServerKind;
    use crate::finding::{Confidence, Finding, Growth, Persona, Severity};
    use crate::ir::{FileId, Name, Span};
    use crate::summary::settings::Evidence;

    fn open() -> Hosting {
        let finding = Finding {
            rule: "persistent-connections-under-async",
            severity: Severity::Error,
            confidence: Confidence::Medium,
            persona: Persona::Regular,
            growth: Growth::Request,
            at: Span::new(FileId(0), 0, 1),
            subject: String::new(),
            message: "kept".to_owned(),
            label: String::new(),
            witness: Vec::new(),
            related: Vec::new(),
            notes: Vec::new(),
            help: String::new(),
            symbol: String::new(),
            function: String::new(),
            fingerprint: String::new(),
            held_back: None,
        };
        Hosting {
            open: vec![Open { path: Name::new("shop/settings.py"), finding, own: [].into() }],
            evidence: Vec::new(),
        }
    }

    fn says(kind: ServerKind) -> Evidence {
        Evidence {
            kind,
            says: "the server is started".to_owned(),
            path: "Procfile".to_owned(),
            line: Some(3),
            span: None,
            project: true,
        }
    }

    #[test]
    fn a_setting_is_wrong_under_the_server_that_other_files_name() {
        assert!(open().findings(&|_| Vec::new()).is_empty());
        assert!(open().findings(&|_| vec![says(ServerKind::Threads)]).is_empty());
        let found = open().findings(&|path| {
            assert_eq!(path, "shop/settings.py");
            vec![says(ServerKind::Greenlets)]
        });
        assert_eq!((found.len(), found[0].persona), (1, Persona::Regular));
        assert!(found[0].notes[0].ends_with("Evidence: the server is started (Procfile:3)."), "{:?}", found[0].notes);
        let one = open().findings(&|_| vec![says(ServerKind::Threads), says(ServerKind::Async)]);
        assert_eq!((one[0].persona, one[0].severity), (Persona::Regular, Severity::Error));
        let next = Evidence { line: Some(4), ..says(ServerKind::Threads) };
        let both = open().findings(&|_| vec![next.clone(), says(ServerKind::Async)]);
        assert_eq!((both[0].persona, both[0].severity), (Persona::Pedantic, Severity::Warning));
    }

    #[test]
    fn files_of_one_project_are_near() {
        let is_near = |settings, other| nearness(settings, other).is_some();
        assert!(is_near("settings.py", "gunicorn.conf.py"));
        assert!(is_near("shop/settings.py", "gunicorn.conf.py"));
        assert!(is_near("shop/settings.py", "deploy/gunicorn.conf.py"));
        assert!(is_near("shop/settings/production.py", "gunicorn.conf.py"));
        assert!(is_near("apps/api/shop/settings.py", "apps/api/shop/asgi.py"));
        assert!(is_near("apps/api/config/settings/base.py", "apps/api/config/asgi.py"));
        assert!(is_near("apps/api/shop/settings.py", "gunicorn.conf.py"));
        assert!(!is_near("apps/api/shop/settings/base.py", "apps/other/gunicorn.conf.py"));
        assert!(!is_near("api/shop/settings.py", "chat/gunicorn.conf.py"));
    }
}
