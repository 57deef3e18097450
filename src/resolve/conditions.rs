//! Conditions of the catalogue on the arguments of a call.

use super::{Resolved, Ty};
use crate::catalog::schema::{ArgCondition, ArgIs};
use crate::ir::{Arg, Const, FuncId, Place};

impl Resolved<'_> {
    /// Whether all conditions hold for a call in `func`. A spread argument may hold anything: it satisfies no `absent`
    /// and no `present`.
    pub fn holds(&self, func: FuncId, args: &[Arg], conditions: &[ArgCondition]) -> bool {
        conditions.iter().all(|condition| self.holds_one(func, args, condition))
    }

    fn holds_one(&self, func: FuncId, args: &[Arg], condition: &ArgCondition) -> bool {
        if condition.arg == "*" {
            let each = |arg: &Arg| match &condition.is {
                ArgIs::Absent => false,
                ArgIs::Present => true,
                ArgIs::Value(value) => self.is_value(func, arg, value),
                ArgIs::Not(value) => !self.is_value(func, arg, value),
            };
            return args.iter().all(|arg| !arg.spread && each(arg));
        }
        let position: Option<usize> = condition.arg.parse().ok();
        let arg = match position {
            Some(position) => args.iter().filter(|arg| arg.name.is_none() && !arg.spread).nth(position),
            None => {
                let named = |args: &'_ [Arg]| args.iter().position(|arg| arg.name.as_ref() == Some(&condition.arg));
                named(args)
                    .map(|i| &args[i])
                    .or_else(|| args.iter().find_map(|arg| named(&arg.fields).map(|i| &arg.fields[i])))
            }
        };
        let spread = args.iter().any(|arg| arg.spread);
        let null = arg.is_some_and(|arg| matches!(arg.literal, Some(Const::Null | Const::Undefined)));
        match &condition.is {
            ArgIs::Absent => (arg.is_none() && !spread) || null,
            ArgIs::Present => arg.is_some() && !null,
            ArgIs::Value(value) => arg.is_some_and(|arg| self.is_value(func, arg, value)),
            ArgIs::Not(value) => !arg.is_some_and(|arg| self.is_value(func, arg, value)),
        }
    }

    /// A function of the program is given.
    pub fn is_function(&self, func: FuncId, place: &Place) -> bool {
        self.type_of(func, place).iter().any(|ty| matches!(ty, Ty::Func(_)))
    }

    fn is_value(&self, func: FuncId, arg: &Arg, value: &str) -> bool {
        match &arg.literal {
            None if value == "function" => self.is_function(func, &arg.place),
            Some(Const::Bool(b)) => value.eq_ignore_ascii_case(if *b { "true" } else { "false" }),
            Some(Const::Str(text)) => text == value,
            Some(Const::Num(n)) => value.parse() == Ok(*n),
            Some(_) => false,
            None => self.type_of(func, &arg.place).iter().any(|ty| {
                matches!(ty, Ty::Path(path) if path.rsplit('.').next() == Some(value))
                    || matches!(ty, Ty::Inst(id) if self.catalog.ty(*id).id.rsplit('.').next() == Some(value))
            }),
        }
    }
}
