//! Breaks every correct fixture in the ways people break programs; every mutant must be reported, by whatever rule.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout, reason = "test code")]

#[allow(dead_code, reason = "each test program uses a part of it")]
mod support;

use support::mutate::mutants;
use support::{Fixture, Kind, Problems, fixtures};
use unclosed::finding::Persona;

/// Mutants that do not leak: (fixture file, operator, why). An entry that is not needed any more fails the test.
const EXCEPTIONS: &[(&str, &str, &str)] = &[
    ("ok_closes_before_reconnect.py", "return before", "the second client is never made"),
    ("ok_closes_before_reconnect.py", "raise before", "the second client is never made"),
    ("ok_reconnect_in_handler.py", "return before", "the outer `finally` still closes"),
    ("ok_reconnect_in_handler.py", "raise before", "the outer `finally` still closes"),
    ("ok_sync_close_of_async_client.py", "raise before", "the client was not used: it holds no connection yet"),
    ("ok_exit_stack_callback.py", "raise before", "the client was not used: it holds no connection yet"),
    ("ok_exit_stack_push_async.py", "raise before", "the client was not used: it holds no connection yet"),
    ("ok_nothing_raises_between.py", "raise before", "the client was not used: it holds no connection yet"),
    ("ok_closed_in_two_steps.py", "delete", "the last step alone counts: a helper may do the first"),
    ("ok_closed_in_two_steps.py", "call something else", "the last step alone counts: a helper may do the first"),
    ("ok_closes_old_one_afterwards.py", "raise before", "known limit: error paths of what fields held before"),
    ("ok_closed_through_own_method.py", "drop await", "known limit: a closer that does not await its own helper"),
    ("ok_exit_calls_close.py", "delete", "known limit: another closer still releases"),
    ("ok_exit_calls_close.py", "call something else", "known limit: another closer still releases"),
    ("ok_exit_calls_close.py", "return before", "known limit: another closer still releases"),
    ("ok_exit_calls_close.py", "raise before", "known limit: another closer still releases"),
];

fn excepted(path: &str, operator: &str) -> bool {
    EXCEPTIONS.iter().any(|(file, what, _)| path.ends_with(file) && *what == operator)
}

/// What the widest persona is told, without places: mutation moves lines.
fn told(fixture: &Fixture, text: &str) -> Vec<String> {
    let report = fixture.run(text, Persona::Auditor);
    report.findings.iter().map(|f| format!("{} {:?} {:?} {}", f.rule, f.severity, f.persona, f.message)).collect()
}

#[test]
fn every_mutant_of_a_correct_program_is_reported() {
    let mut problems = Problems::default();
    let (mut made, mut used) = (0, std::collections::BTreeSet::new());
    for fixture in fixtures().iter().filter(|f| f.kind == Kind::Ok) {
        let before = told(fixture, &fixture.text);
        for mutant in mutants(&fixture.text) {
            made += 1;
            let reported = told(fixture, &mutant.text).iter().any(|f| !before.contains(f));
            let excepted = excepted(&fixture.path, mutant.operator);
            if excepted && !reported {
                used.insert((fixture.path.clone(), mutant.operator));
            }
            if !reported && !excepted {
                problems.add(format_args!("{}:{}: survives `{}`", fixture.path, mutant.line, mutant.operator));
            }
        }
    }
    for (file, operator, why) in EXCEPTIONS {
        if !used.iter().any(|(path, what)| path.ends_with(file) && what == operator) {
            problems.add(format_args!("{file}: exception `{operator}` ({why}) is not needed"));
        }
    }
    println!("{made} mutants");
    problems.none_of(made);
}

/// Correct programs that nothing can break are no use here.
#[test]
fn most_correct_fixtures_mark_a_release() {
    let fixtures = fixtures();
    let correct: Vec<_> = fixtures.iter().filter(|f| f.kind == Kind::Ok).collect();
    let marked = correct.iter().filter(|f| !mutants(&f.text).is_empty()).count();
    assert!(marked * 2 > correct.len(), "{marked} of {} correct fixtures have mutants", correct.len());
}

/// The text of the mutant that `operator` makes.
fn mutant(text: &str, operator: &str) -> Option<String> {
    mutants(text).into_iter().find(|m| m.operator == operator).map(|m| m.text)
}

const PLAIN: &str =
    "def f():\n    c = connect()\n    try:\n        c.send()\n    finally:\n        c.close()  #~ release\n";

#[test]
fn releases_are_deleted_replaced_and_preceded() {
    let tail = |operator| mutant(PLAIN, operator).unwrap().split("finally:\n").nth(1).map(str::to_owned);
    assert_eq!(tail("delete").unwrap(), "        pass\n");
    assert_eq!(tail("call something else").unwrap(), "        c.describe_state()\n");
    assert_eq!(tail("return before").unwrap(), "        return\n        c.close()\n");
    assert_eq!(tail("raise before").unwrap(), "        raise RuntimeError(\"mutant\")\n        c.close()\n");
    assert_eq!(mutant(PLAIN, "drop await"), None);
}

#[test]
fn finally_becomes_else() {
    let moved = mutant(PLAIN, "move out of finally").unwrap();
    assert!(moved.contains("    except ZeroDivisionError:\n        raise\n    else:\n        c.close()"), "{moved}");
    let handled = PLAIN.replace("    finally:", "    except OSError:\n        pass\n    finally:");
    let moved = mutant(&handled, "move out of finally").unwrap();
    assert!(moved.contains("        pass\n    else:\n        c.close()"), "{moved}");
    let bare = "def f():\n    c.close()  #~ release\n";
    assert_eq!(mutant(bare, "move out of finally"), None);
}

#[test]
fn awaits_are_dropped_and_scopes_become_assignments() {
    let text = "async def f(c):\n    await c.aclose()  #~ release\n";
    assert_eq!(mutant(text, "drop await").unwrap(), "async def f(c):\n    c.aclose()\n");
    let scope = "async def f():\n    async with connect(1) as c:  #~ release await\n        pass\n";
    let expected = "async def f():\n    c = await connect(1)\n    if True:\n        pass\n";
    assert_eq!(mutant(scope, "assign instead of with").unwrap(), expected);
    let closing = "with closing(connect(1)) as c:  #~ release\n    pass\n";
    assert_eq!(mutant(closing, "assign instead of with").unwrap(), "c = connect(1)\nif True:\n    pass\n");
}
