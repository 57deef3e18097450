//! Annotations to [`TypeRef`]: what the source writes, with the language's own wrappers (`Optional`, `Annotated`, ...) taken off.

use crate::ir::{Name, TypeRef};
use crate::lang::nesting;
use ruff_python_ast::{Expr, Operator};

/// Longer string annotations are prose, not types.
const MAX_STRING: usize = 1000;

/// Strings inside strings inside strings are not types either.
const MAX_STRING_LEVELS: u32 = 3;

/// The type that an annotation writes; `None` when it is no type expression.
pub(super) fn type_ref(expr: &Expr) -> Option<TypeRef> {
    let mut union = Union::default();
    union.add(expr, 0);
    union.finish()
}

/// `a.b.c` as its parts.
pub(super) fn path(expr: &Expr) -> Option<Vec<Name>> {
    let mut parts = Vec::new();
    let mut at = expr;
    loop {
        match at {
            Expr::Attribute(attribute) => {
                parts.push(Name::new(attribute.attr.as_str()));
                at = &attribute.value;
            }
            Expr::Name(name) => {
                parts.push(Name::new(name.id.as_str()));
                parts.reverse();
                return Some(parts);
            }
            _ => return None,
        }
    }
}

/// `a.b.c` as one name.
pub(super) fn dotted(expr: &Expr) -> Option<Name> {
    match expr {
        Expr::Name(name) => Some(Name::new(name.id.as_str())),
        _ => path(expr).map(|parts| Name::dotted(&parts)),
    }
}

/// The type and the calls of `Annotated[T, f(), ...]`.
pub(super) fn annotated(expr: &Expr) -> Option<(&Expr, impl Iterator<Item = &Expr>)> {
    let Expr::Subscript(subscript) = expr else { return None };
    let Expr::Tuple(tuple) = &*subscript.slice else { return None };
    let (first, rest) = tuple.elts.split_first()?;
    let is_it = path(&subscript.value)?.last()? == "Annotated";
    is_it.then(|| (first, rest.iter().filter(|expr| expr.is_call_expr())))
}

/// What the annotation is wrapped in.
enum Wrapper {
    Optional,
    Union,
    /// The type is the first argument.
    First,
    /// The arguments are values.
    Literal,
    None,
}

fn wrapper(path: &[Name]) -> Wrapper {
    match path.last().map(Name::as_str) {
        Some("Optional") => Wrapper::Optional,
        Some("Union") => Wrapper::Union,
        Some("Annotated" | "Final" | "ClassVar" | "Required" | "NotRequired" | "ReadOnly") => Wrapper::First,
        Some("Literal") => Wrapper::Literal,
        _ => Wrapper::None,
    }
}

#[derive(Default)]
struct Union {
    members: Vec<TypeRef>,
    null: bool,
}

impl Union {
    fn finish(self) -> Option<TypeRef> {
        let mut members = self.members.into_iter();
        let Some(mut first) = members.next() else {
            return self.null.then(|| TypeRef { path: vec![Name::new("None")], optional: true, ..TypeRef::default() });
        };
        first.optional = self.null;
        first.alternatives = members.collect();
        Some(first)
    }

    fn add(&mut self, expr: &Expr, level: u32) {
        match expr {
            Expr::NoneLiteral(_) => self.null = true,
            Expr::BinOp(binary) if binary.op == Operator::BitOr => {
                // The left spine of a long union, without recursion.
                let mut members = vec![&*binary.right];
                let mut left = &*binary.left;
                while let Expr::BinOp(inner) = left
                    && inner.op == Operator::BitOr
                {
                    members.push(&inner.right);
                    left = &inner.left;
                }
                self.add(left, level);
                members.into_iter().rev().for_each(|member| self.add(member, level));
            }
            Expr::Subscript(subscript) => {
                let Some(path) = path(&subscript.value) else { return };
                let args = match &*subscript.slice {
                    Expr::Tuple(tuple) => tuple.elts.as_slice(),
                    single => std::slice::from_ref(single),
                };
                match wrapper(&path) {
                    Wrapper::Optional => {
                        self.null = true;
                        args.iter().for_each(|arg| self.add(arg, level));
                    }
                    Wrapper::Union => args.iter().for_each(|arg| self.add(arg, level)),
                    Wrapper::First => args.iter().take(1).for_each(|arg| self.add(arg, level)),
                    Wrapper::Literal => self.members.push(TypeRef { path, ..TypeRef::default() }),
                    Wrapper::None => {
                        let args = args.iter().filter_map(|arg| argument(arg, level)).collect();
                        self.members.push(TypeRef { path, args, ..TypeRef::default() });
                    }
                }
            }
            Expr::StringLiteral(string) => {
                let text = string.value.to_str().trim();
                if level >= MAX_STRING_LEVELS || text.len() > MAX_STRING || nesting::check(text).is_err() {
                    return;
                }
                if let Ok(parsed) = ruff_python_parser::parse_expression(text) {
                    self.add(parsed.expr(), level + 1);
                }
            }
            Expr::Starred(starred) => self.add(&starred.value, level),
            other => {
                if let Some(path) = path(other) {
                    self.members.push(TypeRef { path, ..TypeRef::default() });
                }
            }
        }
    }
}

/// A type argument; the parameter list of a callable type is a nameless type with arguments.
fn argument(expr: &Expr, level: u32) -> Option<TypeRef> {
    if let Expr::List(list) = expr {
        let args = list.elts.iter().filter_map(|arg| argument(arg, level)).collect();
        return Some(TypeRef { args, ..TypeRef::default() });
    }
    let mut union = Union::default();
    union.add(expr, level);
    union.finish()
}
