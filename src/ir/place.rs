//! Places: the names that a value can be reached by.

use super::Name;
use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::ops::Deref;

/// Index into [`super::Function::locals`].
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct LocalId(pub u32);

/// Where a place starts.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
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
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
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
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct Place {
    pub root: Root,
    pub proj: Projs,
    pub cut: bool,
}

/// The projections of a place, a slice in a copyable box.
#[derive(Clone, Copy)]
pub struct Projs {
    items: [Proj; Place::MAX_PROJ],
    len: u8,
}

impl Projs {
    pub fn new() -> Self {
        Projs { items: [Proj::Elem; Place::MAX_PROJ], len: 0 }
    }

    pub fn as_slice(&self) -> &[Proj] {
        self
    }

    /// Adds a step. There must be room for it.
    pub fn push(&mut self, proj: Proj) {
        self.items[self.len as usize] = proj;
        self.len += 1;
    }

    pub fn pop(&mut self) -> Option<Proj> {
        let last = self.last().copied()?;
        self.len -= 1;
        Some(last)
    }

    /// Keeps the first `len` steps.
    pub fn truncate(&mut self, len: usize) {
        self.len = self.len.min(len as u8);
    }
}

impl Default for Projs {
    fn default() -> Self {
        Projs::new()
    }
}

impl Deref for Projs {
    type Target = [Proj];

    fn deref(&self) -> &[Proj] {
        &self.items[..self.len as usize]
    }
}

impl<'a> IntoIterator for &'a Projs {
    type Item = &'a Proj;
    type IntoIter = std::slice::Iter<'a, Proj>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl PartialEq for Projs {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl Eq for Projs {}

impl PartialOrd for Projs {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Projs {
    fn cmp(&self, other: &Self) -> Ordering {
        (**self).cmp(&**other)
    }
}

impl Hash for Projs {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (**self).hash(state);
    }
}

impl fmt::Debug for Projs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, f)
    }
}

impl Place {
    pub const MAX_PROJ: usize = 2;

    pub fn root(root: Root) -> Self {
        Place { root, proj: Projs::new(), cut: false }
    }

    pub fn local(id: LocalId) -> Self {
        Place::root(Root::Local(id))
    }

    pub fn global(name: impl Into<Name>) -> Self {
        Place::root(Root::Global(name.into()))
    }

    /// This place, one step further.
    pub fn project(&self, proj: Proj) -> Self {
        let mut place = *self;
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
        let mut out = *to;
        out.cut |= self.cut;
        for proj in &self.proj[from.proj.len()..] {
            out = out.project(*proj);
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
