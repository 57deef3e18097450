//! Places: the names that a value can be reached by.

use super::Name;
use smallvec::SmallVec;
use std::fmt;

/// Index into [`super::Function::locals`].
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct LocalId(pub u32);

/// Where a place starts.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum Root {
    /// A variable or temporary of this function.
    Local(LocalId),
    /// A parameter, by position in [`super::Function::params`]; the receiver is [`Root::This`], not a parameter.
    Param(u16),
    /// The receiver (`self`, `this`) or, in a class method, the class (`cls`).
    This,
    /// A variable of an enclosing function, by index into [`super::Function::captures`]; captured by reference.
    Capture(u16),
    /// A module-level name of this file, or a builtin when the module binds no such name.
    Global(Name),
    /// What the function returns or, for a generator, what it finally returns.
    Result,
}

/// One step from a value to a part of it.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum Proj {
    /// `.name`; also a constant string key (`d["name"]`), which behaves the same.
    Field(Name),
    /// The n-th element of a tuple or list literal.
    Index(u16),
    /// Some element: `d[k]`, `xs[i]`, the loop variable of `for x in xs`.
    Elem,
}

/// A root with at most [`Place::MAX_PROJ`] projections.
///
/// Invariant: when the source has more projections, `cut` is set and the place aliases nothing: it is not tracked.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct Place {
    pub root: Root,
    /// Few places have two: with room for one inline, places and ops are a quarter smaller.
    pub proj: SmallVec<[Proj; 1]>,
    pub cut: bool,
}

impl Place {
    pub const MAX_PROJ: usize = 2;

    pub fn root(root: Root) -> Self {
        Place { root, proj: SmallVec::new(), cut: false }
    }

    pub fn local(id: LocalId) -> Self {
        Place::root(Root::Local(id))
    }

    pub fn global(name: impl Into<Name>) -> Self {
        Place::root(Root::Global(name.into()))
    }

    /// This place, one step further.
    pub fn project(&self, proj: Proj) -> Self {
        let mut place = self.clone();
        if place.proj.len() == Self::MAX_PROJ {
            place.cut = true;
        } else {
            place.proj.push(proj);
        }
        place
    }

    pub fn field(&self, name: impl Into<Name>) -> Self {
        self.project(Proj::Field(name.into()))
    }

    pub fn is_root(&self) -> bool {
        self.proj.is_empty() && !self.cut
    }

    /// True when `self` is `other` or a part of it (`a.b` starts with `a`).
    pub fn starts_with(&self, other: &Place) -> bool {
        !other.cut && self.root == other.root && self.proj.starts_with(&other.proj)
    }

    /// `self` with the prefix `from` replaced by `to`; `None` when `self` does not start with `from`.
    pub fn rebase(&self, from: &Place, to: &Place) -> Option<Place> {
        if !self.starts_with(from) {
            return None;
        }
        let mut out = to.clone();
        out.cut |= self.cut;
        for proj in &self.proj[from.proj.len()..] {
            out = out.project(proj.clone());
        }
        Some(out)
    }
}

impl fmt::Display for Proj {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Proj::Field(name) => write!(f, ".{name}"),
            Proj::Index(i) => write!(f, "[{i}]"),
            Proj::Elem => write!(f, "[*]"),
        }
    }
}

/// `%3.conn`, `$0`, `this.pool`, `^1`, `@engine`, `result`: roots without names; the printer adds the names of locals.
impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.root {
            Root::Local(id) => write!(f, "%{}", id.0)?,
            Root::Param(i) => write!(f, "${i}")?,
            Root::This => write!(f, "this")?,
            Root::Capture(i) => write!(f, "^{i}")?,
            Root::Global(name) => write!(f, "@{name}")?,
            Root::Result => write!(f, "result")?,
        }
        for proj in &self.proj {
            write!(f, "{proj}")?;
        }
        if self.cut {
            write!(f, "..")?;
        }
        Ok(())
    }
}
