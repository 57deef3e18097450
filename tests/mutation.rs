//! Breaks every correct fixture in the ways people break programs; every mutant must be reported, by whatever rule.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout, reason = "test code")]

#[allow(dead_code, reason = "each test program uses a part of it")]
mod support;

use support::mutate::mutants;
use support::{Fixture, Kind, LANGUAGES, Problems, fixtures, folder};
use unclosed::finding::Persona;
use unclosed::source::Language;

/// Mutants that do not leak: (end of the path of the file, operator, why). An entry that is not needed any more fails the test.
const EXCEPTIONS: &[(&str, &str, &str)] = &[
    ("ok_closed_by_map.py", "drop await", "`gather` starts what it is given, awaited or not"),
    ("ok_closes_before_reconnect.py", "return before", "the second client is never made"),
    ("ok_closes_before_reconnect.py", "raise before", "the second client is never made"),
    ("ok_reconnect_in_handler.py", "return before", "the outer `finally` still closes"),
    ("ok_reconnect_in_handler.py", "raise before", "the outer `finally` still closes"),
    ("ok_exit_stack_callback.py", "raise before", "the client was not used: it holds no connection yet"),
    ("ok_exit_stack_callback.py", "return before", "the client was not used: it holds no connection yet"),
    ("ok_exit_stack_push_async.py", "raise before", "the client was not used: it holds no connection yet"),
    ("ok_nothing_raises_between.py", "raise before", "the client was not used: it holds no connection yet"),
    ("ok_handler_closes_session_of_sub_dependency.py", "return before", "nothing is streamed any more"),
    ("ok_handler_closes_session_of_sub_dependency.py", "raise before", "nothing is streamed any more"),
    ("ok_closed_in_two_steps.py", "delete", "the last step alone counts: a helper may do the first"),
    ("ok_closed_in_two_steps.py", "call something else", "the last step alone counts: a helper may do the first"),
    ("ok_closes_before_reconnect.ts", "return before", "the second client is never made"),
    ("ok_closes_before_reconnect.ts", "throw before", "the second client is never made"),
    ("ok_interval_cleared_before_restart.ts", "return before", "the second interval is never started"),
    ("ok_interval_cleared_before_restart.ts", "throw before", "the second interval is never started"),
    ("ok_every_branch_releases.ts", "throw before", "the handler releases"),
    ("ok_await_using_connection.ts", "assign instead of using", "closing the pool closes its connections"),
    ("ok_disposer_returned.ts", "return before", "a closure that still holds it keeps it"),
    ("ok_disposer_returned.ts", "throw before", "a closure that still holds it keeps it"),
    ("ok_transaction_settled.ts", "throw before", "the handler releases"),
    ("ok_async_iife_closes.js", "drop await", "it ends with the program"),
    ("ok_async_iife_closes.js", "move out of finally", "it ends with the program"),
    ("ok_chain_of_chains.js", "throw before", "the handler releases"),
    ("ok_callback_releases_on_every_path.js", "throw before", "known limit: exceptions of callbacks"),
    ("ok_settled_once_by_either_event.js", "delete", "nobody connects it, so from redis 4 on it holds nothing"),
    (
        "ok_helper_releases_when_it_fails.ts",
        "return before",
        "known limit: a helper that handles the exception and does not release",
    ),
    ("ok_object_of_clients_closed.ts", "drop await", "known limit: no note about releases in a list"),
    ("ok_clients_closed_together.ts", "drop await", "known limit: no note about releases in a list"),
    ("ok_awaited_together.ts", "drop await", "known limit: no note about releases in a list"),
    ("ok_closes_in_loop_of_fields.ts", "drop await", "known limit: no note about what fields hold"),
    ("ok_takes_it_out_and_closes.ts", "drop await", "known limit: no note about what fields hold"),
    ("ok_closed_by_function_declared_below.ts", "drop await", "known limit: no note about releases in closures"),
    ("ok_drizzle_over_pool.ts", "throw before", "known limit: queries that are built in several calls connect nothing"),
    ("ok_kysely_over_pool.ts", "throw before", "known limit: the same"),
    ("ok_exit_stack_push.py", "raise before", "the client was not used: it holds no connection yet"),
    ("ok_closed_by_named_function_in_map.ts", "drop await", "known limit: no note about releases in a list"),
    ("ok_closed_by_wait.py", "drop await", "the tasks run all the same"),
    ("ok_closed_by_wait.py", "move out of finally", "known limit: exceptions of what is awaited together"),
    ("ok_close_with_grace.ts", "drop await", "known limit: no note about releases in closures"),
    ("ok_closed_before_exit.ts", "drop await", "known limit: no note about releases in closures"),
    ("ok_fastify_on_close.ts", "drop await", "known limit: no note about releases in closures"),
    ("ok_on_test_finished.test.ts", "drop await", "known limit: no note about releases in closures"),
    ("ok_returned_as_pair.ts", "drop await", "known limit: no note about releases in closures"),
    ("ok_settled_together.ts", "drop await", "known limit: no note about releases in a list"),
    ("ok_disposable_stack.ts", "drop await", "known limit: no note about releases in closures"),
    ("ok_swapped_and_released.ts", "return before", "the outer `finally` still releases"),
    ("ok_swapped_and_released.ts", "throw before", "the outer `finally` still releases"),
    ("ok_shutdown_closes_it.py", "drop await", "known limit: no note about what a module's variables hold"),
    ("ok_shutdown_closes_it.ts", "drop await", "known limit: no note about what a module's variables hold"),
    ("ok_closes_old_one_afterwards.py", "raise before", "known limit: error paths of what fields held before"),
    ("ok_closed_through_own_method.py", "drop await", "known limit: a closer that does not await its own helper"),
    ("ok_closed_by_helper_elsewhere/src/cleanup.ts", "drop await", "known limit: no note about releases in helpers"),
    ("ok_closed_by_helper_elsewhere/src/status.ts", "drop await", "known limit: no note about releases in helpers"),
    ("ok_import_cycle/src/db.ts", "drop await", "known limit: no note about releases in helpers"),
    ("ok_import_cycle/src/audit.ts", "drop await", "known limit: no note about releases in helpers"),
    (
        "ok_helper_elsewhere_releases_in_finally/src/orders.ts",
        "move out of finally",
        "known limit: an asynchronous helper that releases at its end is taken to do so when it fails, too",
    ),
    (
        "ok_main_closes_its_services/backend/main.py",
        "drop await",
        "known limit: of objects of the process it is asked only whether anything calls a closer",
    ),
    (
        "ok_main_closes_its_services/backend/main.py",
        "move out of finally",
        "known limit: of objects of the process it is asked only whether anything calls a closer",
    ),
    (
        "ok_main_closes_its_services/src/main.ts",
        "drop await",
        "known limit: of objects of the process it is asked only whether anything calls a closer",
    ),
    (
        "ok_main_closes_its_services/src/main.ts",
        "move out of finally",
        "known limit: of objects of the process it is asked only whether anything calls a closer",
    ),
    (
        "owner-never-closed/ok_closed_through_with/app.py",
        "assign instead of with",
        "what it keeps goes with its last reference",
    ),
    (
        "ok_closed_through_using/src/measure.ts",
        "assign instead of using",
        "known limit: a class that keeps a timer is not asked",
    ),
    ("ok_commonjs_class/lib/app.js", "drop await", "known limit: no note about methods of the project that release"),
    ("ok_exit_calls_close.py", "call something else", "known limit: another closer still releases"),
    ("ok_exit_calls_close.py", "raise before", "known limit: another closer still releases"),
    (
        "ok_listener_taken_off.ts",
        "return before",
        "known limit: listeners that are taken off somewhere near are believed to be",
    ),
    ("ok_listener_taken_off.ts", "throw before", "known limit: the same"),
    ("ok_listener_on_shared_subscriber_taken_off.ts", "return before", "known limit: the same"),
    ("ok_listener_on_shared_subscriber_taken_off.ts", "throw before", "known limit: the same"),
    ("ok_nest_listener_taken_off_in_teardown.ts", "return before", "known limit: the same"),
    ("ok_nest_listener_taken_off_in_teardown.ts", "throw before", "known limit: the same"),
];

fn excepted(path: &str, operator: &str) -> bool {
    EXCEPTIONS.iter().any(|(file, what, _)| path.ends_with(file) && *what == operator)
}

/// What the widest persona is told when file `at` holds `text`, without places: mutation moves lines.
fn told(fixture: &Fixture, at: usize, text: &str) -> Vec<String> {
    let report = fixture.run_with(at, text, Persona::Auditor);
    report.findings.iter().map(|f| format!("{} {:?} {:?} {}", f.rule, f.severity, f.persona, f.message)).collect()
}

#[test]
fn every_mutant_of_a_correct_program_is_reported() {
    let mut problems = Problems::default();
    let (mut made, mut used) = (0, std::collections::BTreeSet::new());
    for fixture in fixtures().iter().filter(|f| f.kind == Kind::Ok) {
        for (at, file) in fixture.files.iter().enumerate() {
            let mutants = mutants(&file.text, file.language);
            if mutants.is_empty() {
                continue;
            }
            let before = told(fixture, at, &file.text);
            for mutant in mutants {
                made += 1;
                let reported = told(fixture, at, &mutant.text).iter().any(|f| !before.contains(f));
                let excepted = excepted(&file.path, mutant.operator);
                if excepted && !reported {
                    used.insert((file.path.clone(), mutant.operator));
                }
                if !reported && !excepted {
                    problems.add(format_args!("{}:{}: survives `{}`", file.path, mutant.line, mutant.operator));
                }
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

/// Rules about what goes on for too long, and about where and how often clients are made: correct programs of the former have an end or
/// take turns, those of the latter keep one client, and need release nothing.
const NO_RELEASE: [&str; 9] = [
    "aggressive-polling",
    "client-per-call",
    "client-per-reload",
    "connection-held-while-streaming",
    "job-retention",
    "persistent-connections-under-async",
    "poll-loop-without-stop",
    "serverless-singleton",
    "unbounded-stream",
];

/// Correct programs that nothing can break are no use here.
#[test]
fn most_correct_fixtures_mark_a_release() {
    let fixtures = fixtures();
    for language in LANGUAGES {
        let own = |f: &&Fixture| {
            f.kind == Kind::Ok && folder(f.language) == *language && !NO_RELEASE.contains(&f.rule.as_str())
        };
        let correct: Vec<_> = fixtures.iter().filter(own).collect();
        let breakable = |f: &&&Fixture| f.files.iter().any(|file| !mutants(&file.text, file.language).is_empty());
        let marked = correct.iter().filter(breakable).count();
        assert!(marked * 2 > correct.len(), "{language}: {marked} of {} correct fixtures have mutants", correct.len());
    }
}

/// The text of the mutant that `operator` makes.
fn mutant(text: &str, operator: &str) -> Option<String> {
    mutant_in(Language::Python, text, operator)
}

fn mutant_in(language: Language, text: &str, operator: &str) -> Option<String> {
    mutants(text, language).into_iter().find(|m| m.operator == operator).map(|m| m.text)
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

const TYPESCRIPT: &str = "async function f() {\n  const c = connect();\n  try {\n    await c.send();\n  } finally {\n    await c.quit(); //~ release\n  }\n}\n";

#[test]
fn statements_of_typescript_are_broken() {
    let text = |operator| mutant_in(Language::TypeScript, TYPESCRIPT, operator).unwrap();
    let tail = |operator| text(operator).split("finally {\n").nth(1).unwrap().to_owned();
    assert_eq!(tail("delete"), "    ;\n  }\n}\n");
    assert_eq!(tail("drop await"), "    c.quit();\n  }\n}\n");
    assert_eq!(tail("call something else"), "    await c.describeState();\n  }\n}\n");
    assert_eq!(tail("return before"), "    return;\n    await c.quit();\n  }\n}\n");
    assert_eq!(tail("throw before"), "    throw new Error(\"mutant\");\n    await c.quit();\n  }\n}\n");
    let moved = text("move out of finally");
    assert!(
        moved.contains("  } catch (failure) { throw failure; }\n  {\n    await c.quit(); //~ release\n  }\n}"),
        "{moved}"
    );
}

#[test]
fn finally_moves_only_where_that_matters() {
    let handled = TYPESCRIPT.replace("  } finally", "  } catch {\n    log();\n  } finally");
    assert_eq!(mutant_in(Language::TypeScript, &handled, "move out of finally"), None);
    let leaves = handled.replace("log()", "return");
    let moved = mutant_in(Language::TypeScript, &leaves, "move out of finally").unwrap();
    assert!(moved.contains("    return;\n  }\n  {\n    await c.quit();"), "{moved}");
    let event = "  } finally {\n    on(\"end\", () => {\n      c.quit(); //~ release\n    });\n  }\n";
    assert_eq!(mutant_in(Language::TypeScript, event, "move out of finally"), None);
    let top = "try {\n  f();\n} finally {\n  c.quit(); //~ release\n}\n";
    assert_eq!(mutant_in(Language::TypeScript, top, "return before"), None);
}

#[test]
fn chains_scopes_and_properties_of_typescript_are_broken() {
    let chain = "  return f()\n    .then(g)\n    .finally(() => c.quit()); //~ release\n";
    let head = "  return f()\n    .then(g)\n";
    let text = |operator| mutant_in(Language::TypeScript, chain, operator).unwrap();
    assert_eq!(text("delete"), format!("{head}    ;\n"));
    assert_eq!(text("then instead of finally"), format!("{head}    .then(() => c.quit());\n"));
    assert_eq!(text("catch instead of finally"), format!("{head}    .catch(() => c.quit());\n"));
    let scope = "  await using c = await connect(); //~ release\n";
    let without = mutant_in(Language::TypeScript, scope, "assign instead of using").unwrap();
    assert_eq!(without, "  const c = await connect();\n");
    let property = "  return {\n    client,\n    close: () => client.quit(), //~ release\n  };\n";
    assert_eq!(mutant_in(Language::TypeScript, property, "delete").unwrap(), "  return {\n    client,\n  };\n");
}
