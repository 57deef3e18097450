//! What definitions give to those who name them: found by how values move in them, without types.
//!
//! Values move against the arrows of a graph: a node for each variable of each function, an arrow from what receives to what it receives.
//! What the definition gives is what its results, its object and the objects that it is handed receive.

use crate::catalog::Leads;
use crate::ir::{Callee, Const, FuncId, Module, Name, Op, Place, Root};
use rustc_hash::{FxHashMap, FxHashSet};

/// What a value comes from.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Source {
    /// A name of the module's top level.
    Global(Name),
    /// What an import in a function binds.
    Symbol(Name),
}

/// What one definition gives.
#[derive(Default, Debug)]
pub(super) struct Given {
    /// Something of a library that can be a resource.
    pub direct: bool,
    /// It makes an object or function of its own, whose methods may have any name.
    pub made: bool,
    /// Sorted. `true`: only what one of its methods returns that is not known to give resources; such a method of a library gives none.
    pub sources: Vec<(Source, bool)>,
}

#[derive(Default)]
struct Node {
    /// What it receives; with `true` only through a method as in [`Given::sources`].
    receives: Vec<(usize, bool)>,
    sources: Vec<(Source, bool)>,
    direct: bool,
    made: bool,
}

/// The graph of one module.
pub(super) struct Moves<'a> {
    module: &'a Module,
    leads: &'a Leads<'a>,
    nodes: Vec<Node>,
    ids: FxHashMap<(FuncId, Root), usize>,
}

impl<'a> Moves<'a> {
    pub fn new(module: &'a Module, leads: &'a Leads<'a>) -> Self {
        Moves { module, leads, nodes: Vec::new(), ids: FxHashMap::default() }
    }

    fn node(&mut self, func: FuncId, root: &Root) -> usize {
        // The object is one for all functions that know it.
        let func = if *root == Root::This { self.object(func) } else { func };
        let next = self.nodes.len();
        let id = *self.ids.entry((func, root.clone())).or_insert(next);
        if id == next {
            self.nodes.push(Node::default());
        }
        id
    }

    /// The first method of the class stands for its object.
    fn object(&self, func: FuncId) -> FuncId {
        let class = self.module.func(func).class;
        class.and_then(|class| self.module.class(class).methods.first()).map_or(func, |(_, method)| *method)
    }

    fn receive(&mut self, node: usize, func: FuncId, from: &Place, weak: bool) {
        match &from.root {
            Root::Global(name) => self.nodes[node].sources.push((Source::Global(name.clone()), weak)),
            root => {
                let from = self.node(func, root);
                self.nodes[node].receives.push((from, weak));
            }
        }
    }

    /// The place receives what `from` holds. What is put into a parameter is given to the caller.
    fn flow(&mut self, func: FuncId, into: &Place, from: &Place, weak: bool) {
        let node = match &into.root {
            Root::Global(_) => return,
            Root::Param(_) if !into.is_root() => self.node(func, &Root::Result),
            root => self.node(func, root),
        };
        self.receive(node, func, from, weak);
    }

    /// What is given to a callable or to a method's object: it may keep it.
    fn hand(&mut self, func: FuncId, to: &Place, from: &Place) {
        match &to.root {
            Root::Global(_) => {}
            Root::Param(_) => {
                let node = self.node(func, &Root::Result);
                self.receive(node, func, from, false);
            }
            root => {
                let node = self.node(func, root);
                self.receive(node, func, from, false);
            }
        }
    }

    /// The variable holds something of a library.
    pub fn declare(&mut self, func: FuncId, root: &Root) {
        let node = self.node(func, root);
        self.nodes[node].direct = true;
    }

    /// `direct`: the op names something of a library that can be a resource.
    pub fn add(&mut self, func: FuncId, op: &Op, direct: bool) {
        match op {
            Op::Copy { dst, src, .. } | Op::Await { dst, src } | Op::Enter { dst, manager: src, .. } => {
                self.flow(func, dst, src, false);
            }
            Op::Const { dst, value: Const::Symbol(path) } if !matches!(dst.root, Root::Global(_)) => {
                let node = self.node(func, &dst.root);
                self.nodes[node].sources.push((Source::Symbol(path.clone()), false));
                self.nodes[node].direct |= self.leads.path(path).is_some();
            }
            Op::Build { dst, parts } => parts.iter().for_each(|(_, part)| self.flow(func, dst, part, false)),
            Op::Call { dst, callee, args, .. } => {
                match callee {
                    Callee::Method { recv, name, .. } => {
                        self.flow(func, dst, recv, !self.leads.carries(name));
                        args.iter().for_each(|arg| self.hand(func, recv, &arg.place));
                    }
                    Callee::Value(place) => {
                        self.flow(func, dst, place, false);
                        args.iter().for_each(|arg| self.hand(func, place, &arg.place));
                    }
                    Callee::Super { .. } => self.flow(func, dst, &Place::root(Root::This), false),
                }
                if !direct {
                    args.iter().for_each(|arg| self.flow(func, dst, &arg.place, false));
                }
            }
            Op::Yield { src: Some(src), .. } => self.flow(func, &Place::root(Root::Result), src, false),
            Op::Closure { dst, func: closure, captures } => {
                if !matches!(dst.root, Root::Global(_)) {
                    let (into, result) = (self.node(func, &dst.root), self.node(*closure, &Root::Result));
                    self.nodes[into].receives.push((result, false));
                }
                for (i, (captured, _)) in captures.iter().enumerate() {
                    let inside = Root::Capture(i as u16);
                    let node = self.node(*closure, &inside);
                    self.receive(node, func, captured, false);
                    self.flow(func, dst, captured, false);
                    if !matches!(captured.root, Root::Global(_)) {
                        let outside = self.node(func, &captured.root);
                        self.nodes[outside].receives.push((node, false));
                    }
                }
            }
            Op::Escape { place, .. } => self.flow(func, &Place::root(Root::Result), place, false),
            Op::Unknown { reads, writes, .. } => {
                for dst in writes {
                    reads.iter().for_each(|src| self.flow(func, dst, src, false));
                }
            }
            _ => {}
        }
        let made = matches!(op, Op::Build { .. } | Op::Closure { .. });
        if let (true, Some(dst)) = (direct || made, op.dst())
            && !matches!(dst.root, Root::Global(_))
        {
            let node = self.node(func, &dst.root);
            self.nodes[node].direct |= direct;
            self.nodes[node].made |= made;
        }
    }

    /// What is given by the functions of a definition: by the results of `outer` ones, those that others can call, and the object that
    /// they belong to.
    pub fn given(&self, outer: &[FuncId]) -> Given {
        let mut out = Given::default();
        let mut seen: FxHashSet<(usize, bool)> = FxHashSet::default();
        let roots = outer.iter().flat_map(|func| [(*func, Root::Result), (self.object(*func), Root::This)]);
        let mut pending: Vec<(usize, bool)> =
            roots.filter_map(|key| self.ids.get(&key)).map(|node| (*node, false)).collect();
        while let Some((at, weak)) = pending.pop() {
            if !seen.insert((at, weak)) || (weak && seen.contains(&(at, false))) {
                continue;
            }
            let node = &self.nodes[at];
            out.direct |= node.direct && !weak;
            out.made |= node.made;
            out.sources.extend(node.sources.iter().map(|(source, of)| (source.clone(), weak || *of)));
            pending.extend(node.receives.iter().map(|(from, of)| (*from, weak || *of)));
        }
        out.sources.sort();
        out.sources.dedup();
        out
    }
}
