//! One idiom per test, read as printed IR. Every function that any test lowers is verified.

use crate::ir::{Detail, FileId, print_function, print_module, verify_module};
use crate::lang::Lowered;
use crate::source::Language;

fn lower(text: &str) -> Lowered {
    let lowered = super::lower(Language::Tsx, FileId(0), text).unwrap();
    verify_module(&lowered.module).unwrap();
    lowered
}
#[test]
fn scratch() {
    let text = std::fs::read_to_string("/tmp/scratch.ts").unwrap();
    let lowered = lower(&text);
    println!("{}", print_module(&lowered.module, Detail::Ir));
    let _ = print_function;
}
