//! What the parameters of a handler keep open: generators that a framework runs around it, up to their `yield` before and from there on after
//! the response.

use super::Summaries;
use crate::catalog::Resource;
use crate::catalog::schema::Role;
use crate::ir::{FuncId, Name, Op, Param};
use crate::resolve::{Target, Ty, symbol_args};
use rustc_hash::FxHashMap;

/// Dependencies of dependencies that are followed.
const MAX_DEPTH: u32 = 4;

/// Something that is open while a handler runs and until its response has been sent.
#[derive(Clone, Debug)]
pub struct Kept {
    /// The parameter of the handler through which it comes.
    pub param: Name,
    /// The generator that opens it, and which of its acquisitions it is.
    pub dependency: FuncId,
    pub case: usize,
    /// How to let it end before the stream begins, for people; may be empty.
    pub advice: Name,
}

/// The dependencies of a program.
pub struct Dependencies<'s, 'a> {
    summaries: &'s Summaries<'a>,
    /// Functions that a framework keeps running until the response has been sent, and how they could end before.
    kept: FxHashMap<FuncId, Name>,
}

impl<'s, 'a> Dependencies<'s, 'a> {
    pub fn new(summaries: &'s Summaries<'a>) -> Self {
        let resolved = summaries.resolved;
        let mut kept = FxHashMap::default();
        for (at, info) in resolved.calls().filter(|(_, info)| info.has_role(Role::LivesWithResponse)) {
            let Op::Call { args, .. } = &resolved.program.op(at).op else { continue };
            let known = resolved.versions_in(at.func);
            for target in &info.targets {
                let Target::Catalog { facts } = target else { continue };
                let roles = facts.roles.iter().filter(|symbol| symbol.role == Role::LivesWithResponse);
                for (symbol, range) in roles.zip(&facts.lives_with_response) {
                    let in_force = range.as_ref().is_none_or(|range| range.holds(&facts.path, known));
                    if !in_force || !resolved.holds(at.func, args, &symbol.conditions) {
                        continue;
                    }
                    for ty in symbol_args(symbol, args).flat_map(|(_, arg)| resolved.type_of(at.func, &arg.place)) {
                        if let Ty::Func(func) = ty {
                            kept.insert(func, symbol.advice);
                        }
                    }
                }
            }
        }
        Dependencies { summaries, kept }
    }

    /// What the handler's parameters keep open until the response has been sent, in the order of parameters.
    pub fn of(&self, handler: FuncId) -> Vec<Kept> {
        let mut out = Vec::new();
        // One function gives one value to all parameters of a request: that of the handler itself is named first.
        for depth in [1, MAX_DEPTH] {
            for param in &self.summaries.resolved.program.func(handler).params {
                for dependency in self.given(handler, param) {
                    self.collect(param.name, dependency, depth, &mut out);
                }
            }
        }
        out
    }

    fn collect(&self, param: Name, dependency: FuncId, depth: u32, out: &mut Vec<Kept>) {
        let Some(deeper) = depth.checked_sub(1) else { return };
        let known = out.iter().any(|known| known.dependency == dependency);
        let function = self.summaries.resolved.program.func(dependency);
        if function.generator && !known {
            for (i, case) in self.summaries.cases(dependency).iter().enumerate() {
                let slot = self.summaries.resource(case.token.kind).is_some_and(Resource::is_slot);
                if slot && !case.outcome.held.is_empty() {
                    let advice = self.kept.get(&dependency).copied().unwrap_or_default();
                    out.push(Kept { param, dependency, case: i, advice });
                }
            }
        }
        for inner in &function.params {
            for dependency in self.given(dependency, inner) {
                self.collect(param, dependency, deeper, out);
            }
        }
    }

    /// The functions that give the parameter its value: its default says so, or its type (`Annotated[Session, Depends(session)]`), also
    /// under a name of its own.
    fn given(&self, func: FuncId, param: &Param) -> Vec<FuncId> {
        let resolved = self.summaries.resolved;
        let parent = resolved.program.func(func).parent;
        let default = parent.zip(param.default).map(|(parent, place)| resolved.type_of(parent, &place));
        let declared = param.ty.as_ref().map(|ty| resolved.declared(func, ty));
        let types = default.into_iter().chain(declared).flatten();
        types
            .filter_map(|ty| if let Ty::Func(func) = ty { Some(func) } else { None })
            .filter(|func| self.kept.contains_key(func))
            .collect()
    }
}
