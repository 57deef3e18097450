//! SARIF is a contract with code scanning services: validated against the official schema, and pinned.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // clippy takes helpers of tests for production code

mod report_samples;

use report_samples::*;
use serde_json::{Value, json};
use unclosed::finding::{DiagnosticKind, Report};
use unclosed::report::Format;

fn sarif(report: &Report) -> Value {
    serde_json::from_str(&rendered(Format::Sarif, report)).unwrap()
}

fn validate(log: &Value) {
    let schema: Value = serde_json::from_str(include_str!("data/sarif-schema-2.1.0.json")).unwrap();
    let validator = jsonschema::draft4::options().should_validate_formats(true).build(&schema).unwrap();
    let errors: Vec<_> = validator.iter_errors(log).map(|e| format!("{}: {e}", e.instance_path())).collect();
    assert!(errors.is_empty(), "{errors:#?}");
}

#[test]
fn logs_are_valid() {
    let mut odd = typical();
    odd.files[0].path = "/srv/a b/ü%.py".into();
    odd.findings[0].witness.clear();
    odd.findings[1].function.clear();
    odd.diagnostics[0].path.clear();
    odd.diagnostics[1].kind = DiagnosticKind::Internal;
    for report in [typical(), odd, Report::default()] {
        validate(&sarif(&report));
    }
}

/// The validator does see what is wrong.
#[test]
#[should_panic(expected = "level")]
fn the_schema_is_enforced() {
    let mut log = sarif(&typical());
    log["runs"][0]["results"][0]["level"] = json!("fatal");
    validate(&log);
}

#[test]
fn results_are_pinned() {
    let log = sarif(&typical());
    let run = &log["runs"][0];
    assert_eq!(run["results"].as_array().unwrap().len(), 2, "held-back findings are left out");
    let mut pinned = json!({
        "invocations": run["invocations"],
        "columnKind": run["columnKind"],
        "results": run["results"],
    });
    pinned.sort_all_objects();
    insta::assert_json_snapshot!(pinned);
}

#[test]
fn every_rule_is_described() {
    let log = sarif(&typical());
    let rules = log["runs"][0]["tool"]["driver"]["rules"].as_array().unwrap();
    assert_eq!(rules.len(), unclosed::checks::RULES.len());
    for result in log["runs"][0]["results"].as_array().unwrap() {
        assert_eq!(rules[result["ruleIndex"].as_u64().unwrap() as usize]["id"], result["ruleId"]);
    }
    for rule in rules {
        let text = |key: &str, form: &str| rule[key][form].as_str().unwrap_or_default().to_owned();
        assert!(!text("shortDescription", "text").is_empty(), "{rule}");
        assert!(text("fullDescription", "text").ends_with('.'), "{rule}");
        let help = text("help", "markdown");
        assert!(help.contains("```python") || help.contains("```typescript"), "{rule}");
    }
}

#[test]
fn columns_are_utf16() {
    let mut report = with_files(&[("a.py", "é = '😀'; c = connect()\n")]);
    report.findings = vec![finding("never-closed", find(&report, 0, "connect()", 0))];
    let region = &sarif(&report)["runs"][0]["results"][0]["locations"][0]["physicalLocation"]["region"];
    assert_eq!(*region, json!({ "startLine": 1, "startColumn": 15, "endLine": 1, "endColumn": 24 }));
}

#[test]
fn an_internal_error_is_no_success() {
    let mut report = typical();
    assert_eq!(sarif(&report)["runs"][0]["invocations"][0]["executionSuccessful"], json!(true));
    report.diagnostics[0].kind = DiagnosticKind::Internal;
    assert_eq!(sarif(&report)["runs"][0]["invocations"][0]["executionSuccessful"], json!(false));
}
