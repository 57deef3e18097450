//! What a program says about the server that runs it, and about how long a framework keeps connections there.

use super::Summaries;
use crate::catalog::schema::{ServerFacts, ServerKind, SettingFacts};
use crate::ir::{Arg, BlockId, Const, FuncId, Function, Instr, Name, Op, OpRef, Place, Proj, Root, Span};
use crate::resolve::{Target, Ty};

/// Assignments and calls followed from a setting to its value.
const MAX_DEPTH: u32 = 8;

/// Alternatives for one value.
const MAX_VALUES: usize = 8;

/// A setting that keeps connections.
pub struct Setting<'a> {
    /// The top level of the module with it.
    pub func: FuncId,
    pub at: Span,
    pub key: Name,
    pub facts: &'a SettingFacts,
    pub age: Age,
    /// The name under which the environment may set it otherwise.
    pub asked: Option<Name>,
    /// In some cases it keeps none.
    pub sometimes: bool,
    /// The file is for development.
    pub development: bool,
}

/// How long connections are kept.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Age {
    Forever,
    Seconds(f64),
}

/// Something that says which kind of server runs a program.
#[derive(Clone, PartialEq, Debug)]
pub struct Evidence {
    pub kind: ServerKind,
    /// A clause for people.
    pub says: String,
    /// The file, as shown to the user, and the line, from 1.
    pub path: String,
    pub line: Option<u32>,
    /// Where in the program, when it is code.
    pub span: Option<Span>,
    /// It says something about the project that the file lies in, not only about the program that it is a part of.
    pub project: bool,
}

/// What a place may hold.
#[derive(Clone, Copy, PartialEq, Debug)]
enum Known {
    Null,
    Number(f64),
    Other,
}

/// The settings of the program that keep connections. `path`: of the file with a top level.
pub fn settings<'a>(summaries: &'a Summaries<'_>, path: &dyn Fn(FuncId) -> Name) -> Vec<Setting<'a>> {
    let facts = &summaries.resolved.catalog.settings;
    let program = summaries.resolved.program;
    let mut out = Vec::new();
    if facts.is_empty() {
        return out;
    }
    for func in program.modules.iter().map(|part| part.top) {
        for facts in facts {
            let development = facts.development.iter().any(|name| is_called(&path(func), name));
            let module = Module { summaries, func, facts, development };
            out.extend(module.settings());
        }
    }
    out
}

struct Module<'s, 'a> {
    summaries: &'s Summaries<'a>,
    func: FuncId,
    facts: &'s SettingFacts,
    development: bool,
}

impl<'s> Module<'s, '_> {
    fn function(&self) -> &Function {
        self.summaries.resolved.program.func(self.func)
    }

    fn settings(&self) -> Vec<Setting<'s>> {
        let mut out: Vec<Setting<'s>> = Vec::new();
        let is_key = |name: &Name| self.facts.keys.contains(name);
        // What a later assignment switches off, and where that is.
        let mut off: Vec<(Place, u32)> = Vec::new();
        let mut places: Vec<Option<Place>> = Vec::new();
        for (at, instr) in ops(self.function(), self.func) {
            let mut found: Vec<(Name, Span, Vec<Known>, Option<Name>)> = Vec::new();
            let mut asked = None;
            match &instr.op {
                Op::Build { parts, .. } => {
                    if parts
                        .iter()
                        .any(|(proj, _)| matches!(proj, Proj::Field(name) if self.facts.pooled_by.contains(name)))
                    {
                        return Vec::new();
                    }
                    for (proj, place) in parts {
                        let Proj::Field(key) = proj else { continue };
                        let beside = || parts.iter().any(|(_, other)| other != place && self.is_excluded(other));
                        if is_key(key) && !beside() {
                            let values = self.values(place, at, &mut asked, MAX_DEPTH);
                            found.push((*key, self.written(place).unwrap_or(instr.span), values, asked));
                        }
                    }
                }
                Op::Call { args, .. } => {
                    let excludes = |arg: &Arg| match &arg.literal {
                        Some(Const::Str(text)) => self.is_exclusion(text),
                        _ => self.is_excluded(&arg.place),
                    };
                    for arg in args.iter().filter(|_| !args.iter().any(excludes)) {
                        let Some(key) = arg.name.filter(is_key) else { continue };
                        let values = self.argument(arg, at, &mut asked, MAX_DEPTH);
                        found.push((key, instr.span, values, asked));
                    }
                }
                op => {
                    if let Some([.., Proj::Field(key)]) = op.dst().map(|dst| dst.proj.as_slice())
                        && op.dst().is_some_and(|dst| matches!(dst.root, Root::Global(_)))
                        && is_key(key)
                    {
                        let values = match op {
                            Op::Copy { src, .. } => self.values(src, at, &mut asked, MAX_DEPTH),
                            Op::Const { value, .. } => vec![known(value)],
                            _ => Vec::new(),
                        };
                        found.push((*key, instr.span, values, asked));
                    }
                }
            }
            for (key, span, values, asked) in found {
                let ages = values.iter().filter_map(|value| match value {
                    Known::Null => Some(Age::Forever),
                    Known::Number(seconds) if *seconds != 0.0 => Some(Age::Seconds(*seconds)),
                    _ => None,
                });
                let longest = ages.max_by(|a, b| a.seconds().total_cmp(&b.seconds()));
                // What is set later, whatever happens, is what holds.
                let plain = self.function().block(at.block).unwind.is_none() && self.is_always_run(at.block);
                let Some(age) = longest else {
                    let none = !values.is_empty() && values.iter().all(|value| *value == Known::Number(0.0));
                    off.extend(instr.op.dst().filter(|dst| none && plain && !dst.is_root()).map(|dst| (*dst, span.lo)));
                    continue;
                };
                let sometimes = values.contains(&Known::Number(0.0));
                let (facts, func, development) = (self.facts, self.func, self.development);
                places
                    .push(instr.op.dst().filter(|dst| matches!(dst.root, Root::Global(_)) && !dst.is_root()).copied());
                out.push(Setting { func, at: span, key, facts, age, asked, sometimes, development });
            }
        }
        let holds = |(setting, place): &(Setting<'s>, Option<Place>)| {
            !off.iter().any(|(dst, at)| *at > setting.at.lo && place.is_none_or(|place| place == *dst))
        };
        out.into_iter().zip(places).filter(holds).map(|(setting, _)| setting).collect()
    }

    /// No condition leads to the block.
    fn is_always_run(&self, block: BlockId) -> bool {
        let function = self.function();
        let branches = function.blocks.iter().filter(|block| matches!(block.term, crate::ir::Term::Branch { .. }));
        let mut targets = Vec::new();
        branches.for_each(|block| block.for_each_successor(&mut |next| targets.push(next)));
        block == BlockId::ENTRY || !targets.contains(&block)
    }

    /// The text of the place says that no server is connected to.
    fn is_excluded(&self, place: &Place) -> bool {
        let text = ops(self.function(), self.func).find_map(|(_, instr)| match &instr.op {
            Op::Const { dst, value: Const::Str(text) } if dst == place => Some(*text),
            _ => None,
        });
        text.is_some_and(|text| self.is_exclusion(&text))
    }

    fn is_exclusion(&self, text: &str) -> bool {
        self.facts.not_beside.iter().any(|part| text.contains(part.as_str()))
    }

    /// Where the value of a temporary is written.
    fn written(&self, place: &Place) -> Option<Span> {
        if !matches!(place.root, Root::Local(_)) {
            return None;
        }
        ops(self.function(), self.func).find_map(|(_, instr)| (instr.op.dst() == Some(place)).then_some(instr.span))
    }

    /// All that the place may hold at `at`; empty when that is not known.
    fn values(&self, place: &Place, at: OpRef, asked: &mut Option<Name>, depth: u32) -> Vec<Known> {
        let Some(depth) = depth.checked_sub(1) else { return Vec::new() };
        let mut out: Vec<Known> = Vec::new();
        let position = |at: OpRef| (at.block, at.op);
        for (here, instr) in ops(self.function(), self.func) {
            if instr.op.dst() != Some(place) || position(here) >= position(at) {
                continue;
            }
            let values = match &instr.op {
                Op::Const { value: Const::Symbol(_), .. } => return Vec::new(),
                Op::Const { value, .. } => vec![known(value)],
                Op::Copy { src, .. } => self.values(src, here, asked, depth),
                Op::Call { args, .. } => self.called(here, args, asked, depth),
                _ => return Vec::new(),
            };
            if values.is_empty() || out.len() > MAX_VALUES {
                return Vec::new();
            }
            out.extend(values);
        }
        out
    }

    fn argument(&self, arg: &Arg, at: OpRef, asked: &mut Option<Name>, depth: u32) -> Vec<Known> {
        match &arg.literal {
            Some(literal) => vec![known(literal)],
            None => self.values(&arg.place, at, asked, depth),
        }
    }

    /// A number made of its argument, or something that is asked for by name, with a default.
    fn called(&self, at: OpRef, args: &[Arg], asked: &mut Option<Name>, depth: u32) -> Vec<Known> {
        let targets = self.summaries.resolved.call(at).map(|info| info.targets.as_slice()).unwrap_or_default();
        let converts = |path: &Name| ["builtins.int", "builtins.float"].contains(&path.as_str());
        let converts = targets.iter().any(|target| match target {
            Target::Catalog { facts } => converts(&facts.path),
            Target::External(path) => converts(path),
            _ => false,
        });
        let [first, ..] = args else { return Vec::new() };
        if converts && args.len() == 1 {
            return self.argument(first, at, asked, depth);
        }
        let Some(Const::Str(name)) = &first.literal else { return Vec::new() };
        let named = args.iter().find(|arg| arg.name.as_ref().is_some_and(|name| name == "default"));
        let Some(default) = named.or_else(|| args.get(1).filter(|arg| arg.name.is_none())) else { return Vec::new() };
        *asked = Some(*name);
        self.argument(default, at, asked, depth)
    }
}

impl Age {
    fn seconds(self) -> f64 {
        match self {
            Age::Forever => f64::INFINITY,
            Age::Seconds(seconds) => seconds,
        }
    }
}

fn known(value: &Const) -> Known {
    match value {
        Const::Null => Known::Null,
        Const::Num(value) => Known::Number(*value),
        Const::Str(text) => text.as_str().trim().parse().map_or(Known::Other, Known::Number),
        Const::Bool(false) => Known::Number(0.0),
        _ => Known::Other,
    }
}

/// What the program says about its server. `path`: of the file with a top level, as shown to the user.
pub fn servers(summaries: &Summaries<'_>, path: &dyn Fn(FuncId) -> Name) -> Vec<Evidence> {
    let resolved = summaries.resolved;
    let facts = &resolved.catalog.servers;
    let mut out = Vec::new();
    if facts.is_empty() {
        return out;
    }
    for top in resolved.program.modules.iter().map(|part| part.top) {
        let file = path(top);
        let facts: Vec<&ServerFacts> = facts
            .iter()
            .filter(|facts| facts.files.is_empty() || facts.files.iter().any(|name| is_called(&file, name)))
            .collect();
        let function = resolved.program.func(top);
        for (at, instr) in ops(function, top) {
            let says = |facts: &&&ServerFacts| match &instr.op {
                Op::Call { args, .. } => {
                    let called = resolved.call(at).is_some_and(|info| {
                        info.targets.iter().any(|target| match target {
                            Target::Catalog { facts: known } => facts.calls.contains(&known.path),
                            Target::External(path) => facts.calls.contains(path),
                            _ => false,
                        })
                    });
                    let has = |key: &Name| args.iter().any(|arg| has_key(function, top, &arg.place, key));
                    called
                        && (facts.with_key.is_empty() || has(&facts.with_key))
                        && (facts.without_key.is_empty() || !has(&facts.without_key))
                }
                op => op.dst().is_some_and(|dst| {
                    dst.is_root()
                        && matches!(&dst.root, Root::Global(name) if *name == facts.variable)
                        && is_one_of(summaries, function, top, op, &facts.values)
                }),
            };
            if let Some(facts) = facts.iter().find(says) {
                let (says, path, span) = (facts.says.clone(), file.to_string(), Some(instr.span));
                let project = !facts.files.is_empty();
                out.push(Evidence { kind: facts.kind, says, path, line: None, span, project });
            }
        }
    }
    out
}

/// The place holds a record with the key.
fn has_key(function: &Function, func: FuncId, place: &Place, key: &Name) -> bool {
    ops(function, func).any(|(_, instr)| match &instr.op {
        Op::Build { dst, parts, .. } if dst == place => {
            parts.iter().any(|(proj, _)| matches!(proj, Proj::Field(name) if name == key))
        }
        _ => false,
    })
}

/// The assigned value, or an element of it, is one of the texts.
fn is_one_of(summaries: &Summaries<'_>, function: &Function, func: FuncId, op: &Op, values: &[Name]) -> bool {
    if values.is_empty() {
        return true;
    }
    let is = |text: &str| {
        let last = text.rsplit(['.', ':']).next().unwrap_or(text);
        values.iter().any(|value| value == text || value == last)
    };
    let defined = |place: &Place| {
        let place = *place;
        ops(function, func).filter(move |(_, instr)| instr.op.dst() == Some(&place)).map(|(_, instr)| &instr.op)
    };
    let text = |op: &Op| matches!(op, Op::Const { value: Const::Str(text), .. } if is(text));
    match op {
        Op::Copy { src, .. } => {
            let class = summaries.resolved.type_of(func, src);
            class.iter().any(|ty| matches!(ty, Ty::Path(path) if is(path)))
                || defined(src).any(|op| match op {
                    Op::Build { parts, .. } => parts.iter().any(|(_, part)| defined(part).any(text)),
                    // What is asked for by name, with a default.
                    Op::Call { args, .. } => {
                        args.iter().skip(1).any(|arg| matches!(&arg.literal, Some(Const::Str(text)) if is(text)))
                    }
                    op => text(op),
                })
        }
        Op::Build { parts, .. } => parts.iter().any(|(_, part)| {
            let whole = Place::root(part.root);
            let elements = |op: &Op| match op {
                Op::Build { parts, .. } => parts.iter().any(|(_, part)| defined(part).any(text)),
                _ => false,
            };
            defined(part).any(text) || (matches!(whole.root, Root::Local(_)) && defined(&whole).any(elements))
        }),
        op => text(op),
    }
}

/// The file has the name, which may begin or end with `*`.
fn is_called(path: &str, name: &str) -> bool {
    let file = path.rsplit('/').next().unwrap_or(path);
    let stem = file.rsplit_once('.').map_or(file, |(stem, _)| stem);
    let folders = path.rsplit('/').skip(1).take(1);
    let is = |stem: &str| match (name.strip_suffix('*'), name.strip_prefix('*')) {
        (Some(prefix), _) => stem.starts_with(prefix),
        (_, Some(suffix)) => stem.ends_with(suffix),
        _ => stem == name,
    };
    // `settings/base.py`
    is(stem) || folders.into_iter().any(|folder| folder == name)
}

fn ops(function: &Function, func: FuncId) -> impl Iterator<Item = (OpRef, &Instr)> {
    function.blocks.iter().enumerate().flat_map(move |(b, block)| {
        let at = move |i| OpRef { func, block: BlockId(b as u32), op: i as u32 };
        block.instrs.iter().enumerate().map(move |(i, instr)| (at(i), instr))
    })
}
