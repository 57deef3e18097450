//! Text form of the IR.
use super::{Function, Module};
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Detail {
    Ir,
    Cfg,
}
pub fn print_module(_m: &Module, _d: Detail) -> String {
    String::new()
}
pub fn print_function(_m: &Module, _f: &Function, _d: Detail) -> String {
    String::new()
}
