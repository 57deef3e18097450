//! The shape of the versioned JSON.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // clippy takes helpers of tests for production code

mod report_samples;

use report_samples::*;
use serde_json::Value;
use unclosed::finding::Report;
use unclosed::report::Format;

/// A change here that removes or redefines a field needs a new `version`.
#[test]
fn the_shape_is_pinned() {
    insta::assert_snapshot!(rendered(Format::Json, &typical()));
}

#[test]
fn an_empty_report_has_every_field() {
    let value: Value = serde_json::from_str(&rendered(Format::Json, &Report::default())).unwrap();
    let keys: Vec<_> = value.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(value["version"], 1);
    assert_eq!(value["findings"], serde_json::json!([]));
    for key in ["version", "tool", "findings", "held_back", "diagnostics", "stats"] {
        assert!(keys.contains(&key), "{key}");
    }
}
