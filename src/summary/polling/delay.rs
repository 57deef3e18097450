//! How long what a round calls waits.

use super::{Polling, catalogued};
use crate::catalog::schema::{Role, Symbol, TimeUnit};
use crate::ir::{Arg, FuncId, Place, Root};
use crate::resolve::symbol_args;

/// How long a function does nothing but wait.
#[derive(Clone, Copy)]
pub(super) enum Delay {
    /// As long as an argument says, times this.
    Param(usize, f64),
    Known(f64),
    Unknown,
}

impl Polling<'_, '_> {
    /// The function does nothing but wait.
    pub(super) fn delay(&self, func: FuncId) -> Option<Delay> {
        let mut found = None;
        let mut others = self.function(func).blocks.iter().any(|block| block.loop_header);
        self.each_call(func, |at, args, info| {
            let slept = catalogued(info).and_then(|facts| {
                let symbol = facts.roles.iter().find(|symbol| symbol.role == Role::Sleeps)?;
                symbol_args(symbol, args).next().map(|(_, arg)| (arg, symbol))
            });
            let inner = info.functions().find(|inner| self.function(*inner).parent == Some(func));
            let delay = match (slept, inner) {
                (Some((arg, symbol)), _) => Some(self.told(at.func, arg, factor(symbol))),
                (None, Some(inner)) => self.delay_of_executor(inner),
                (None, None) => None,
            };
            match delay {
                Some(delay) if found.is_none() => found = Some(delay),
                _ => others = true,
            }
        });
        found.filter(|_| !others)
    }

    /// `new Promise((resolve) => setTimeout(resolve, ms))`, seen from the function around it.
    fn delay_of_executor(&self, executor: FuncId) -> Option<Delay> {
        match self.delay(executor)? {
            Delay::Known(seconds) => Some(Delay::Known(seconds)),
            Delay::Param(..) => Some(Delay::Unknown),
            Delay::Unknown => {
                let mut told = Delay::Unknown;
                self.each_call(executor, |_, args, info| {
                    let symbol = catalogued(info).and_then(|facts| facts.roles.iter().find(|s| s.role == Role::Sleeps));
                    let Some(symbol) = symbol else { return };
                    let Some((_, arg)) = symbol_args(symbol, args).next() else { return };
                    if let Root::Capture(i) = arg.place.root
                        && arg.place.is_root()
                        && let Some(Place { root: Root::Param(param), .. }) =
                            self.summaries.resolved.captured_place(executor, i).filter(|place| place.is_root())
                    {
                        told = Delay::Param(*param as usize, factor(symbol));
                    }
                });
                Some(told)
            }
        }
    }

    fn told(&self, func: FuncId, arg: &Arg, factor: f64) -> Delay {
        match (&arg.place.root, arg.literal.is_none() && arg.place.is_root()) {
            (Root::Param(param), true) => Delay::Param(*param as usize, factor),
            _ => self.values.number(func, arg).map_or(Delay::Unknown, |number| Delay::Known(number * factor)),
        }
    }

    /// The seconds that a call says, in the unit of the symbol.
    pub(super) fn length(&self, func: FuncId, symbol: &Symbol, args: &[Arg]) -> Option<f64> {
        let (_, arg) = symbol_args(symbol, args).next()?;
        self.values.number(func, arg).map(|number| number * factor(symbol))
    }
}

/// Seconds of what the argument counts.
fn factor(symbol: &Symbol) -> f64 {
    match symbol.unit {
        Some(TimeUnit::Milliseconds) => 0.001,
        _ => 1.0,
    }
}
