//! Control flow: branches, loops, `switch`, `try`, `using`.

use super::{check, check_function};

#[test]
fn if_else_and_tests() {
    check_function(
        "f",
        r#"
function f(a, b) {
  if (a == null) x();
  else if (b === "on" || !b) y();
  else z();
  return 1;
}
"#
        .trim_start(),
        r#"
fn f($0:a, $1:b)   [plain]
  b0:
    if $0:a is null goto b1 else b2
  b1:
    %0 = call @x()
    goto b6
  b2:
    if $1:b == "on" goto b4 else b3
  b3:
    if $1:b goto b5 else b4
  b4:
    %1 = call @y()
    goto b6
  b5:
    %2 = call @z()
    goto b6
  b6:
    result = 1
    return
"#,
    );
}

#[test]
fn conditions_make_tests() {
    check_function(
        "f",
        r#"
function f(a, b) {
  if (a !== undefined && typeof b !== "undefined" && a instanceof db.Pool && a.size > 3) go();
}
"#
        .trim_start(),
        r"
fn f($0:a, $1:b)   [plain]
  b0:
    if $0:a is null goto b5 else b1
  b1:
    if $1:b is null goto b5 else b2
  b2:
    if $0:a is a db.Pool goto b3 else b5
  b3:
    if ? of $0:a.size goto b4 else b5
  b4:
    %0 = call @go()
    goto b5
  b5:
    return
",
    );
}

#[test]
fn a_test_that_is_kept_in_a_variable() {
    check_function(
        "f",
        r"
function f(c) {
  const mine = c === null;
  if (mine) go();
}
"
        .trim_start(),
        r"
fn f($0:c)   [plain]
  b0:
    if $0:c is null goto b1 else b2
  b1:
    %0:mine = true
    goto b3
  b2:
    %0:mine = false
    goto b3
  b3:
    if %0:mine goto b4 else b5
  b4:
    %1 = call @go()
    goto b5
  b5:
    return
",
    );
}

#[test]
fn while_break_continue() {
    check_function(
        "f",
        r"
function f(a) {
  while (a.more) { if (a.skip) continue; if (a.end) break; a.step(); }
}
"
        .trim_start(),
        r"
fn f($0:a)   [plain]
  b0:
    goto b1
  b1: loop
    if $0:a.more goto b2 else b5
  b2:
    if $0:a.skip goto b1 else b3
  b3:
    if $0:a.end goto b5 else b4
  b4:
    %0 = call $0:a.step()
    goto b1
  b5:
    return
",
    );
}

#[test]
fn continue_of_a_for_runs_the_update() {
    check_function(
        "f",
        r"
function f(xs) {
  for (let i = 0; i < xs.length; i++) { if (xs[i]) continue; g(i); }
}
"
        .trim_start(),
        r"
fn f($0:xs)   [plain]
  b0:
    %0:i = 0
    goto b1
  b1: loop
    if ? of %0:i goto b2 else b5
  b2:
    if $0:xs[*] goto b4 else b3
  b3:
    %1 = call @g(%0:i)
    goto b4
  b4:
    %0:i = build
    goto b1
  b5:
    return
",
    );
}

#[test]
fn continue_of_a_do_goes_to_the_test() {
    check_function(
        "f",
        r"
function f(a) {
  do { if (a.x) continue; g(); } while (a.y);
}
"
        .trim_start(),
        r"
fn f($0:a)   [plain]
  b0:
    goto b1
  b1: loop
    if $0:a.x goto b3 else b2
  b2:
    %0 = call @g()
    goto b3
  b3:
    if $0:a.y goto b1 else b4
  b4:
    return
",
    );
}

#[test]
fn for_of_and_for_await() {
    check_function(
        "f",
        r"
async function f(xs, ys) {
  for (const [a, b] of xs) g(a, b);
  for await (const y of ys.z.w) y.close();
}
"
        .trim_start(),
        r"
async fn f($0:xs, $1:ys)   [plain]
  b0:
    goto b1
  b1: loop
    %2 = call $0:xs.next()   ; synth
    switch b2 b3
  b2:
    %0:a <- $0:xs[*][0]
    %1:b <- $0:xs[*][1]
    %3 = call @g(%0:a, %1:b)
    goto b1
  b3:
    %5 <- $1:ys.z.w   ; synth
    goto b4
  b4: loop
    %6 = call %5.next()   ; synth
    %7 = await %6   ; synth
    switch b5 b6
  b5:
    %4:y <- %5[*]
    %8 = call %4:y.close()
    goto b4
  b6:
    return
",
    );
}

#[test]
fn for_in_binds_something_unknown() {
    check_function(
        "f",
        r"
function f(o) { for (const key in o) g(o[key]); }
"
        .trim_start(),
        r"
fn f($0:o)   [plain]
  b0:
    goto b1
  b1: loop
    switch b2 b3
  b2:
    %1 = build
    %0:key <- move %1
    %2 = call @g($0:o[*])
    goto b1
  b3:
    return
",
    );
}

#[test]
fn labels() {
    check_function(
        "f",
        r"
function f(xs) {
  outer: for (const x of xs) {
    for (;;) { if (x) continue outer; if (x.y) break outer; }
  }
  block: { if (xs) break block; g(); }
}
"
        .trim_start(),
        r"
fn f($0:xs)   [plain]
  b0:
    goto b1
  b1: loop
    %1 = call $0:xs.next()   ; synth
    switch b2 b5
  b2:
    %0:x <- $0:xs[*]
    goto b3
  b3: loop
    if %0:x goto b1 else b4
  b4:
    if %0:x.y goto b5 else b3
  b5:
    if $0:xs goto b7 else b6
  b6:
    %2 = call @g()
    goto b7
  b7:
    return
",
    );
}

#[test]
fn switch_falls_through() {
    check_function(
        "f",
        r#"
function f(k) {
  switch (k.kind) {
    case "a": one();
    case null: two(); break;
    default: other(); break;
    case g(): three(); return 3;
  }
  return 4;
}
"#
        .trim_start(),
        r#"
fn f($0:k)   [plain]
  b0:
    if $0:k.kind == "a" goto b3 else b1
  b1:
    if $0:k.kind is null goto b4 else b2
  b2:
    %0 = call @g()
    if ? of $0:k.kind goto b6 else b5
  b3:
    %1 = call @one()
    goto b4
  b4:
    %2 = call @two()
    goto b7
  b5:
    %3 = call @other()
    goto b7
  b6:
    %4 = call @three()
    result = 3
    return
  b7:
    result = 4
    return
"#,
    );
}

#[test]
fn continue_ignores_a_switch() {
    check_function(
        "f",
        r"
function f(xs) {
  for (const x of xs) { switch (x) { case 1: continue; default: break; } g(); }
}
"
        .trim_start(),
        r"
fn f($0:xs)   [plain]
  b0:
    goto b1
  b1: loop
    %1 = call $0:xs.next()   ; synth
    switch b2 b4
  b2:
    %0:x <- $0:xs[*]
    if %0:x == 1 goto b1 else b3
  b3:
    %2 = call @g()
    goto b1
  b4:
    return
",
    );
}

#[test]
fn switch_of_conditions() {
    check_function(
        "f",
        r"
function f(a) { switch (true) { case a == null: x(); break; case a.b: y(); } }
"
        .trim_start(),
        r"
fn f($0:a)   [plain]
  b0:
    if $0:a is null goto b2 else b1
  b1:
    if $0:a.b goto b3 else b4
  b2:
    %0 = call @x()
    goto b4
  b3:
    %1 = call @y()
    goto b4
  b4:
    return
",
    );
}

#[test]
fn try_catch_finally() {
    check_function(
        "f",
        r"
function f() {
  try { a(); } catch (e) { b(e); } finally { c(); }
  try { a(); } catch { return 1; }
  try { return a(); } finally { c(); }
}
"
        .trim_start(),
        r"
fn f()   [plain]
  b0:
    goto b1
  b1: unwind b2
    %0 = call @a()
    goto b4
  b2: dispatch of everything, pending 1, unwind b5
    switch b3
  b3: pending 1, unwind b5
    %1:e = catch
    %2 = call @b(%1:e)
    goto b4
  b4: unwind b5
    jump through b5 to b6
  b5: cleanup, pending 1
    %3 = call @c()
    end cleanup
  b6: unwind b7
    %4 = call @a()
    goto b9
  b7: dispatch of everything, pending 1
    switch b8
  b8: pending 1
    %5 = catch
    result = 1
    return
  b9: unwind b10
    %6 = call @a()
    result <- move %6
    jump through b10 to return
  b10: cleanup, pending 1
    %7 = call @c()
    end cleanup
",
    );
}

#[test]
fn a_caught_pattern() {
    check_function(
        "f",
        r"
function f() { try { a(); } catch ({ message }) { b(message); } }
"
        .trim_start(),
        r"
fn f()   [plain]
  b0:
    goto b1
  b1: unwind b2
    %0 = call @a()
    goto b4
  b2: dispatch of everything, pending 1
    switch b3
  b3: pending 1
    %2 = catch
    %1:message <- %2.message
    %3 = call @b(%1:message)
    goto b4
  b4:
    return
",
    );
}

#[test]
fn break_runs_finally() {
    check_function(
        "f",
        r"
function f(xs) { for (const x of xs) { try { if (x) break; } finally { c(); } } }
"
        .trim_start(),
        r"
fn f($0:xs)   [plain]
  b0:
    goto b1
  b1: loop
    %1 = call $0:xs.next()   ; synth
    switch b2 b7
  b2:
    %0:x <- $0:xs[*]
    goto b3
  b3: unwind b6
    if %0:x goto b4 else b5
  b4: unwind b6
    jump through b6 to b7
  b5: unwind b6
    jump through b6 to b1
  b6: cleanup, pending 1
    %2 = call @c()
    end cleanup
  b7:
    return
",
    );
}

#[test]
fn using() {
    check_function(
        "f",
        r"
async function f(pool) {
  using a = pool.one();
  await using b = await pool.two();
  if (a) return b.x;
  a.work();
}
"
        .trim_start(),
        r"
async fn f($0:pool)   [plain]
  b0:
    %2 = call $0:pool.one()
    %0:a <- move %2
    %3 = enter %0:a
    goto b1
  b1: unwind b7
    %4 = call $0:pool.two()
    %5 = await %4
    %1:b <- move %5
    %6 = async enter %1:b
    goto b2
  b2: unwind b5
    if %0:a goto b3 else b4
  b3: unwind b5
    result <- %1:b.x
    jump through b5 b7 to return
  b4: unwind b5
    %7 = call %0:a.work()
    jump through b5 to b6
  b5: cleanup, pending 1, unwind b7
    async exit %1:b
    end cleanup
  b6: unwind b7
    jump through b7 to b8
  b7: cleanup, pending 1
    exit %0:a
    end cleanup
  b8:
    return
",
    );
}

#[test]
fn throw_and_unreachable_code() {
    check_function(
        "f",
        r#"
function f() { throw new Error("x"); g(); }
"#
        .trim_start(),
        r#"
fn f()   [plain]
  b0:
    %1 = new @Error("x")
    raise
"#,
    );
}

#[test]
fn a_script_region() {
    check(
        r#"
import { start } from "./server";
if (require.main === module) start();
else other();
if (import.meta.main) start();
"#
        .trim_start(),
        r"
fn <module>()   [module]
  b0:
    @start = symbol ./server.start
    if ? of %0 goto b1 else b2
  b1: script
    %1 = call @start()
    goto b3
  b2:
    %2 = call @other()
    goto b3
  b3:
    if ? of %3 goto b4 else b5
  b4: script
    %4 = call @start()
    goto b5
  b5:
    return
",
    );
}

#[test]
fn other_script_regions() {
    check(
        r#"
if (!module.parent) start();
if (import.meta.url === pathToFileURL(process.argv[1]).href) start();
if (process.argv[2] === "x") other();
"#
        .trim_start(),
        r#"
fn <module>()   [module]
  b0:
    if ? of %0 goto b1 else b2
  b1: script
    %1 = call @start()
    goto b2
  b2:
    if ? of %2 goto b3 else b4
  b3: script
    %3 = call @start()
    goto b4
  b4:
    if @process.argv[2] == "x" goto b5 else b6
  b5:
    %4 = call @other()
    goto b6
  b6:
    return
"#,
    );
}
