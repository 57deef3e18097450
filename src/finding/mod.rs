//! What is reported: findings with their witness, diagnostics about files, and the report that renderers print.

pub mod fingerprint;

use crate::ir::Span;
use serde::Serialize;

/// How fast the leak grows.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Growth {
    /// Once per process.
    Once,
    /// Per run of a test.
    Test,
    /// Per object of a class.
    Instance,
    /// Per call of a function.
    Call,
    Request,
    /// Per job or message of a queue.
    Job,
    /// Per invocation of a function that a platform runs.
    Invocation,
    /// Each time a component is drawn.
    Render,
    /// Per round of a loop.
    Iteration,
    Tick,
    Subscriber,
    ServerlessInstance,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    Note,
    Warning,
    Error,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Confidence {
    Low,
    Medium,
    High,
}

/// Who wants to see a finding. Each sees what the ones before see.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Persona {
    Regular,
    /// Also paths that need an unlikely exception, and resources that the runtime closes by itself.
    Pedantic,
    /// Also low confidence.
    Auditor,
}

/// What a witness step shows.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum StepRole {
    Acquire,
    Alias,
    Branch,
    Raise,
    Enter,
    /// A release that does not count on this path.
    Release,
    Exit,
    HandOver,
    Owner,
    Evidence,
}

/// One step of a witness, in path order. `text` is one clause without a final stop.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize)]
pub struct Step {
    pub span: Span,
    pub role: StepRole,
    pub text: String,
}

/// Why a finding is not shown.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum HeldBack {
    /// Only a wider persona sees it.
    Persona,
}

/// One defect. Findings are sorted by file, position and rule.
#[derive(Clone, PartialEq, Debug)]
pub struct Finding {
    pub rule: &'static str,
    pub severity: Severity,
    pub confidence: Confidence,
    pub persona: Persona,
    pub growth: Growth,
    /// Primary location.
    pub at: Span,
    /// What leaks: `Redis client `r``.
    pub subject: String,
    /// One sentence without a final stop: what is wrong.
    pub message: String,
    /// Short label at the primary location.
    pub label: String,
    /// The path on which it leaks, in order; the acquisition first.
    pub witness: Vec<Step>,
    /// Further sites with the same cause.
    pub related: Vec<Step>,
    /// Why it matters and how it grows; each a full sentence.
    pub notes: Vec<String>,
    /// What to do, as one sentence.
    pub help: String,
    /// Canonical symbol of the acquisition: `redis.asyncio.from_url`.
    pub symbol: String,
    /// Qualified name of the enclosing function.
    pub function: String,
    /// Filled in by [`fingerprint::assign`]: 32 hex digits.
    pub fingerprint: String,
    pub held_back: Option<HeldBack>,
}

impl Finding {
    /// Every file it points into.
    pub fn files(&self) -> impl Iterator<Item = crate::ir::FileId> + '_ {
        let steps = self.witness.iter().chain(&self.related).map(|step| step.span.file);
        std::iter::once(self.at.file).chain(steps)
    }
}

/// Something to say about a file or the run that is no finding.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize)]
pub struct Diagnostic {
    /// Path as shown to the user.
    pub path: String,
    /// 1-based, when the problem has a place.
    pub line: Option<u32>,
    pub kind: DiagnosticKind,
    pub message: String,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum DiagnosticKind {
    /// The file could not be read or decoded; nothing of it was analysed.
    Unreadable,
    /// Parts of the file do not parse; the rest was analysed.
    Syntax,
    /// The file was skipped whole: too deeply nested, too large.
    Skipped,
    /// A bug of ours; the rest of the run is fine.
    Internal,
}

/// Counters for `--stats`.
#[derive(Clone, Default, PartialEq, Eq, Debug, Serialize)]
pub struct Stats {
    pub files: usize,
    pub bytes: u64,
    /// Files that could matter and were lowered.
    pub lowered_files: usize,
    pub functions: usize,
    pub ops: usize,
    pub calls: usize,
    /// Calls whose target is neither catalogued nor in the project nor imported from elsewhere.
    pub unresolved_calls: usize,
    pub acquisitions: usize,
    /// Explorations that hit the cap and were joined.
    pub capped: usize,
    /// Unknown ops by kind.
    pub unknown_ops: std::collections::BTreeMap<String, usize>,
}

impl Stats {
    /// Adds the counts of another part of the run.
    pub fn add(&mut self, other: Stats) {
        self.files += other.files;
        self.bytes += other.bytes;
        self.lowered_files += other.lowered_files;
        self.functions += other.functions;
        self.ops += other.ops;
        self.calls += other.calls;
        self.unresolved_calls += other.unresolved_calls;
        self.acquisitions += other.acquisitions;
        self.capped += other.capped;
        for (kind, count) in other.unknown_ops {
            *self.unknown_ops.entry(kind).or_default() += count;
        }
    }
}

/// One file as renderers need it: the text has credentials masked, at the same length.
#[derive(Clone, Debug)]
pub struct ReportFile {
    pub id: crate::ir::FileId,
    /// Relative to the working directory where possible, with forward slashes.
    pub path: String,
    pub text: std::sync::Arc<str>,
}

/// The outcome of a run.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// Shown findings, sorted.
    pub findings: Vec<Finding>,
    /// Findings that were held back, sorted; renderers count them.
    pub held_back: Vec<Finding>,
    pub diagnostics: Vec<Diagnostic>,
    /// The files that findings and diagnostics speak of, by ascending id.
    pub files: Vec<ReportFile>,
    pub stats: Stats,
}

impl Report {
    pub fn file(&self, id: crate::ir::FileId) -> Option<&ReportFile> {
        self.files.binary_search_by_key(&id, |f| f.id).ok().map(|i| &self.files[i])
    }
}
