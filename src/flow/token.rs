//! Finding the acquisitions of a function.

use super::{Context, Kind, Start, Token};
use crate::catalog::schema::{AcquireOn, Role};
use crate::finding::Confidence;
use crate::ir::{Arg, BlockId, Callee, ClassId, FuncId, Op, OpRef, Place, Proj, Span};
use crate::resolve::{Target, Ty};

/// Acquisitions followed per function. Each costs a walk over the function: without a bound, generated code would take time quadratic in its
/// size.
const MAX_TOKENS: usize = 200;

/// Ops walked per function over all its acquisitions, about.
const MAX_WORK: usize = 4_000_000;

/// Every acquisition in the function, in source order; the first [`MAX_TOKENS`] of them, fewer in huge functions.
pub fn tokens(ctx: Context<'_>) -> Vec<Token> {
    let function = ctx.resolved.program.func(ctx.func);
    let eager = ctx.resolved.language().eager_await;
    let mut out: Vec<Token> = given(ctx);
    for (b, block) in function.blocks.iter().enumerate() {
        for (i, instr) in block.instrs.iter().enumerate() {
            let Op::Call { callee, args, .. } = &instr.op else { continue };
            let at = OpRef { func: ctx.func, block: BlockId(b as u32), op: i as u32 };
            let Some(info) = ctx.resolved.call(at) else { continue };
            out.extend(mapped(ctx, at, callee, args, instr.span));
            let several = info.targets.len() > 1;
            for target in &info.targets {
                match target {
                    Target::Catalog { facts } => {
                        let Some(fact) = ctx.resolved.acquisition(ctx.func, facts, args) else { continue };
                        // The callback gets it, or it waits for nothing but the end of the process.
                        if fact.callback.is_some() || args.iter().any(|arg| ctx.ends_process(&arg.place)) {
                            continue;
                        }
                        let parents = ctx.catalog_parents(fact.resource, callee, args);
                        out.push(Token {
                            kind: Kind::Entry(fact.resource),
                            start: Start::Acquire {
                                at,
                                proj: Vec::new(),
                                also: Vec::new(),
                                closers: Vec::new(),
                                pending: fact.on != AcquireOn::Call,
                                connected: false,
                                parents,
                            },
                            symbol: facts.path,
                            span: instr.span,
                            confidence: if several { Confidence::Medium } else { Confidence::High },
                            hops: 0,
                            because: Vec::new(),
                        });
                    }
                    Target::Project(func) => {
                        let callee = ctx.resolved.program.func(*func);
                        let roles = ctx.resolved.decorator_roles(*func);
                        let keeps = |role: &Role| {
                            matches!(role, Role::Memoises | Role::ContextManager | Role::Fixture | Role::Property)
                        };
                        if callee.generator || roles.iter().any(keeps) || ctx.resolved.is_memoised(*func) {
                            continue;
                        }
                        for fresh in ctx.callees.fresh(*func).iter() {
                            let doubt = several || (!callee.decorators.is_empty() && roles.is_empty());
                            let least = if doubt || fresh.hops > 0 { Confidence::Medium } else { Confidence::High };
                            out.push(Token {
                                kind: fresh.kind,
                                start: Start::Acquire {
                                    at,
                                    proj: fresh.proj.clone(),
                                    also: fresh.also.clone(),
                                    closers: fresh.closers.clone(),
                                    pending: (callee.r#async && !eager) || fresh.pending,
                                    connected: fresh.connected,
                                    parents: Vec::new(),
                                },
                                symbol: fresh.symbol,
                                span: instr.span,
                                confidence: fresh.confidence.min(least),
                                hops: fresh.hops + 1,
                                because: fresh.because.clone(),
                            });
                        }
                    }
                    Target::Construct(class) => {
                        let made = made(ctx, *class, at, args, instr.span, several);
                        out.extend(made.or_else(|| constructed(ctx, at, *class, args, instr.span, several)));
                    }
                    _ => {}
                }
                // One obligation per call and alternative is enough; the first alternative that acquires speaks.
                if out.last().is_some_and(|token| matches!(token.start, Start::Acquire { at: last, .. } if last == at))
                {
                    break;
                }
            }
        }
    }
    out.sort_by_key(|token| token.span);
    let ops: usize = function.blocks.iter().map(|block| block.instrs.len() + 1).sum();
    out.truncate((MAX_WORK / ops.max(1)).clamp(4, MAX_TOKENS));
    out
}

/// An object of a class that is a resource by extending one.
fn made(ctx: Context<'_>, class: ClassId, at: OpRef, args: &[Arg], span: Span, several: bool) -> Option<Token> {
    let facts = ctx.resolved.base_facts(class)?;
    // The base class gets what the constructor gives it; where that is whatever it gets itself, both count.
    let given = ctx.resolved.super_arguments(class);
    let passed_on = given.as_ref().is_none_or(|(_, given)| given.iter().any(|arg| arg.spread));
    let (func, own): (FuncId, Vec<Arg>) = match &given {
        Some((func, given)) => (*func, given.iter().filter(|arg| !arg.spread).cloned().collect()),
        None => (ctx.func, args.to_vec()),
    };
    let fact = ctx.resolved.acquisition(func, facts, &own).filter(|fact| fact.callback.is_none())?;
    if passed_on && ctx.resolved.acquisition(ctx.func, facts, args).is_none() {
        return None;
    }
    Some(Token {
        kind: Kind::Entry(fact.resource),
        start: Start::Acquire {
            at,
            proj: Vec::new(),
            also: Vec::new(),
            closers: Vec::new(),
            pending: fact.on != AcquireOn::Call,
            connected: false,
            parents: Vec::new(),
        },
        symbol: facts.path,
        span,
        confidence: if several || ctx.resolved.is_open(class) { Confidence::Medium } else { Confidence::High },
        hops: 0,
        because: Vec::new(),
    })
}

/// An object of a class that keeps something open.
fn constructed(ctx: Context<'_>, at: OpRef, class: ClassId, args: &[Arg], span: Span, several: bool) -> Option<Token> {
    if ctx.resolved.program.func(ctx.func).class == Some(class) {
        // A factory of the class itself: what its objects keep is not known before it is.
        return None;
    }
    let derived = ctx.callees.derived(class)?;
    if derived.optional && !args.is_empty() {
        return None;
    }
    Some(Token {
        kind: Kind::Derived(class),
        start: Start::Acquire {
            at,
            proj: Vec::new(),
            also: Vec::new(),
            closers: Vec::new(),
            pending: false,
            connected: false,
            parents: Vec::new(),
        },
        symbol: ctx.resolved.program.class(class).name,
        span,
        confidence: if several { Confidence::Low } else { derived.confidence },
        hops: derived.hops,
        because: derived.because.clone(),
    })
}

/// `urls.map((url) => connect(url))`: the elements of the result.
fn mapped(ctx: Context<'_>, at: OpRef, callee: &Callee, args: &[Arg], span: Span) -> Option<Token> {
    let Callee::Method { name, .. } = callee else { return None };
    if !ctx.resolved.language().container_maps.contains(name) {
        return None;
    }
    let types = ctx.resolved.type_of(ctx.func, &args.first()?.place);
    let fresh = types.iter().find_map(|ty| match ty {
        Ty::Func(func) if !ctx.resolved.program.func(*func).generator => ctx.callees.fresh(*func).first().cloned(),
        _ => None,
    })?;
    let element = |proj: &[Proj]| std::iter::once(Proj::Elem).chain(proj.iter().cloned()).collect::<Vec<_>>();
    Some(Token {
        kind: fresh.kind,
        start: Start::Acquire {
            at,
            proj: element(&fresh.proj),
            also: fresh.also.iter().map(|proj| element(proj)).collect(),
            closers: fresh.closers.iter().map(|proj| element(proj)).collect(),
            pending: fresh.pending,
            connected: fresh.connected,
            parents: Vec::new(),
        },
        symbol: fresh.symbol,
        span,
        confidence: fresh.confidence.min(Confidence::Medium),
        hops: fresh.hops + 1,
        because: fresh.because,
    })
}

/// What the function gets as a callback of a call that acquires.
fn given(ctx: Context<'_>) -> Vec<Token> {
    let params = &ctx.resolved.program.func(ctx.func).params;
    let Some((call, facts, fact)) = ctx.resolved.given(ctx.func) else { return Vec::new() };
    let Some(callback) = fact.callback else { return Vec::new() };
    let Some(param) = params.get(callback.param as usize) else { return Vec::new() };
    let known = |position: u8| u16::from(position);
    vec![Token {
        kind: Kind::Entry(fact.resource),
        start: Start::Given {
            call,
            param: known(callback.param),
            error: callback.error.map(known),
            release: callback.release.map(known).filter(|position| (*position as usize) < params.len()),
        },
        symbol: facts.path,
        span: param.span,
        confidence: Confidence::High,
        hops: 0,
        because: Vec::new(),
    }]
}

impl Context<'_> {
    /// The place holds a function of the program that ends the process.
    fn ends_process(&self, place: &Place) -> bool {
        self.resolved.type_of(self.func, place).iter().any(|ty| {
            let Ty::Func(func) = ty else { return false };
            let blocks = &self.resolved.program.func(*func).blocks;
            blocks.iter().enumerate().any(|(b, block)| {
                (0..block.instrs.len()).any(|i| {
                    let at = OpRef { func: *func, block: BlockId(b as u32), op: i as u32 };
                    self.halts(at)
                })
            })
        })
    }

    /// The op is a call that does not come back.
    pub(super) fn halts(&self, at: OpRef) -> bool {
        self.resolved.call(at).is_some_and(|info| {
            info.targets
                .iter()
                .any(|target| matches!(target, Target::Catalog { facts } if facts.has_role(Role::NeverReturns)))
        })
    }

    /// The places of the object that this resource is a child of, when releasing that object frees it: the one it is made
    /// from, and the manager of the scope that this name comes from.
    fn catalog_parents(&self, kind: crate::catalog::TypeId, callee: &Callee, args: &[crate::ir::Arg]) -> Vec<Place> {
        let parent = self.resolved.catalog.resource(kind).and_then(|resource| resource.parent);
        let Some(parent) = parent.filter(|parent| parent.frees) else { return Vec::new() };
        let is_parent =
            |place: &&Place| self.resolved.type_of(self.func, place).contains(&crate::resolve::Ty::Inst(parent.ty));
        let receiver = match callee {
            Callee::Method { recv, .. } => Some(recv),
            _ => None,
        };
        let made_from = receiver.into_iter().chain(args.iter().map(|arg| &arg.place)).find(is_parent);
        let Some(made_from) = made_from else { return Vec::new() };
        let blocks = &self.resolved.program.func(self.func).blocks;
        let managers = blocks.iter().flat_map(|block| &block.instrs).filter_map(|instr| match &instr.op {
            Op::Enter { dst, manager, .. } if dst == made_from => Some(manager),
            _ => None,
        });
        std::iter::once(made_from).chain(managers).cloned().collect()
    }
}
