//! One idiom per test, read as printed IR. Every function that any test lowers is verified.

mod flow;
mod graph;
mod imports;
mod names;
mod repair;
mod robust;
mod types;
mod values;

use crate::ir::{Detail, FileId, print_function, print_module, verify_module};
use crate::lang::Lowered;

fn lower(text: &str) -> Lowered {
    let lowered = super::lower(FileId(0), text).unwrap();
    verify_module(&lowered.module).unwrap();
    for function in &lowered.module.functions {
        // Printing never fails, and the graph agrees with the IR on the number of blocks.
        assert_eq!(
            print_function(&lowered.module, function, Detail::Cfg).matches("\n  b").count(),
            function.blocks.len()
        );
    }
    lowered
}

/// Compares, and shows both as text when they differ.
#[track_caller]
fn compare(actual: &str, expected: &str) {
    assert!(actual.trim() == expected.trim(), "expected:\n{}\n\nbut got:\n{}\n", expected.trim(), actual.trim());
}

/// All functions and classes of a file.
#[track_caller]
fn check(text: &str, expected: &str) {
    compare(&print_module(&lower(text).module, Detail::Ir), expected);
}

/// The function with this qualified name.
#[track_caller]
fn check_function(name: &str, text: &str, expected: &str) {
    let module = lower(text).module;
    let function = module.functions.iter().find(|function| function.qualname == name).unwrap();
    compare(&print_function(&module, function, Detail::Ir), expected);
}
