//! One idiom per test, read as printed IR. Every function that any test lowers is verified.

mod broken;
mod classes;
mod flow;
mod modules;
mod names;
mod promises;
mod robust;
mod types;
mod values;

use crate::ir::{Detail, FileId, print_function, print_module, verify_module};
use crate::lang::Lowered;
use crate::source::Language;

fn lower(language: Language, text: &str) -> Lowered {
    let lowered = super::lower(language, FileId(0), text).unwrap();
    verify_module(&lowered.module).unwrap();
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
    check_in(Language::Tsx, text, expected);
}

#[track_caller]
fn check_in(language: Language, text: &str, expected: &str) {
    compare(&print_module(&lower(language, text).module, Detail::Ir), expected);
}

/// The function with this qualified name.
#[track_caller]
fn check_function(name: &str, text: &str, expected: &str) {
    check_function_in(Language::Tsx, name, text, expected);
}

#[track_caller]
fn check_function_in(language: Language, name: &str, text: &str, expected: &str) {
    let module = lower(language, text).module;
    let function = module.functions.iter().find(|function| function.qualname == name).unwrap();
    compare(&print_function(&module, function, Detail::Ir), expected);
}

/// All functions and classes of a file, and the names that it exports.
#[track_caller]
fn check_exports(text: &str, expected: &str, exports: &str) {
    check_exports_in(Language::Tsx, text, expected, exports);
}

#[track_caller]
fn check_exports_in(language: Language, text: &str, expected: &str, exports: &str) {
    let module = lower(language, text).module;
    let actual: Vec<String> = module
        .exports
        .iter()
        .map(|export| match &export.from {
            Some(from) => format!("{} from {from}", export.name),
            None => export.name.to_string(),
        })
        .collect();
    assert_eq!(actual.join(", "), exports);
    compare(&print_module(&module, Detail::Ir), expected);
}
