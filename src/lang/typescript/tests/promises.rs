//! Chains of promise handlers, and promises that are made.

use super::{check, check_function};

#[test]
fn a_chain_is_an_async_function() {
    check(
        r"
function f(p) { return p.go(1).then(x => x.y); }
"
        .trim_start(),
        r"
fn <module>()   [module]
  b0:
    @f = closure #1 f
    return

fn f($0:p)   [plain]
  b0:
    %0 = closure #2 f.<chain> ^0=$0:p   ; synth
    %1 = call %0()
    result <- move %1
    return

async fn f.<chain>()   [chain, captures ^0:p]
  b0:
    %1 = call ^0:p.go(1)
    %2 = await %1   ; synth
    %4:x <- move %2
    %3 <- %4:x.y
    %5 = await %3   ; synth
    result <- move %5
    return
",
    );
}

#[test]
fn then_with_two_handlers() {
    check_function(
        "f.<chain>",
        r"
function f(p) { return p.then(x => one(x), e => two(e)); }
"
        .trim_start(),
        r"
async fn f.<chain>()   [chain, captures ^0:p]
  b0:
    goto b1
  b1: unwind b3
    %1 = await ^0:p   ; synth
    goto b2
  b2:
    %3:x <- move %1
    %4 = call @one(%3:x)
    %2 <- move %4
    %5 = await %2   ; synth
    %0 <- move %5
    goto b5
  b3: dispatch of everything, pending 1
    switch b4
  b4: pending 1
    %6 = catch
    %8:e <- move %6
    %9 = call @two(%8:e)
    %7 <- move %9
    %10 = await %7   ; synth
    %0 <- move %10
    goto b5
  b5:
    result <- move %0
    return
",
    );
}

#[test]
fn catch_and_finally() {
    check(
        r"
async function f(p, c) { await p.then(x => { if (!x) return; x.go(); }).catch(log).finally(() => c.close()); }
"
        .trim_start(),
        r"
fn <module>()   [module]
  b0:
    @f = closure #1 f
    return

async fn f($0:p, $1:c)   [plain]
  b0:
    %0 = closure #2 f.<chain> ^0=$0:p ^1=$1:c   ; synth
    %1 = call %0()
    %2 = await %1
    return

async fn f.<chain>()   [chain, captures ^0:p ^1:c]
  b0:
    goto b1
  b1: unwind b5
    %2 = await ^0:p   ; synth
    %4:x <- move %2
    if %4:x goto b3 else b2
  b2: unwind b5
    %3 = undefined
    goto b4
  b3: unwind b5
    %5 = call %4:x.go()
    %3 = undefined   ; synth
    goto b4
  b4: unwind b8
    %1 <- move %3
    goto b7
  b5: dispatch of everything, pending 1, unwind b8
    switch b6
  b6: pending 1, unwind b8
    %6 = catch
    %7 = call @log(%6)
    %8 = await %7   ; synth
    %1 <- move %8
    goto b7
  b7: unwind b8
    %0 <- move %1
    jump through b8 to b9
  b8: cleanup, pending 1
    %10 = call ^1:c.close()
    %9 <- move %10
    %11 = await %9   ; synth
    end cleanup
  b9:
    result <- move %0
    return
",
    );
}

#[test]
fn handlers_that_are_no_functions_here() {
    check_function(
        "f.<chain>",
        r"
function f(p, c, g) { p.then(g, null).then(null, c.fail).finally(c.end); }
"
        .trim_start(),
        r"
async fn f.<chain>()   [chain, captures ^0:p ^1:g ^2:c]
  b0:
    goto b1
  b1: unwind b3
    %2 = await ^0:p   ; synth
    %3 = call ^1:g(%2)
    %4 = await %3   ; synth
    goto b2
  b2: unwind b6
    %1 <- move %4
    goto b5
  b3: dispatch of everything, pending 1, unwind b6
    switch b4
  b4: pending 1, unwind b6
    %5 = catch
    %6 = call ^2:c.fail(%5)
    %7 = await %6   ; synth
    %1 <- move %7
    goto b5
  b5: unwind b6
    %0 <- move %1
    jump through b6 to b7
  b6: cleanup, pending 1
    %8 = call ^2:c.end()
    %9 = await %8   ; synth
    end cleanup
  b7:
    result <- move %0
    return
",
    );
}

#[test]
fn calls_that_are_no_chains() {
    check_function(
        "f",
        r#"
function f(s) { s.catch("x"); s.then(); s.finally(g()); s.then(undefined); s.then(a, b, c); }
"#
        .trim_start(),
        r#"
fn f($0:s)   [plain]
  b0:
    %1 = call $0:s.catch("x")
    %2 = call $0:s.then()
    %3 = call @g()
    %4 = call $0:s.finally(%3)
    %6 = call $0:s.then(undefined)
    %7 = call $0:s.then(@a, @b, @c)
    return
"#,
    );
}

#[test]
fn async_handlers_and_patterns() {
    check_function(
        "f.<chain>",
        r"
function f(p) { p.then(async ({ a, b = 1 }) => { await a.x(); return b; }).then(function ([c]) { return this; }); }
"
        .trim_start(),
        r"
async fn f.<chain>()   [chain, captures ^0:p]
  b0:
    %0 = await ^0:p   ; synth
    %2:a <- %0.a
    %3:b <- %0.b
    if %3:b is null goto b1 else b2
  b1:
    %3:b = 1
    goto b2
  b2:
    %4 = call %2:a.x()
    %5 = await %4
    %1 <- %3:b
    %6 = await %1   ; synth
    %9:c <- %6[0]
    %7 <- move %8
    %10 = await %7   ; synth
    result <- move %10
    return
",
    );
}

#[test]
fn a_chain_behind_an_optional_chain() {
    check(
        r"
function f(a) { a?.b().catch(() => {}); }
"
        .trim_start(),
        r"
fn <module>()   [module]
  b0:
    @f = closure #1 f
    return

fn f($0:a)   [plain]
  b0:
    %0 = closure #2 f.<chain> ^0=$0:a   ; synth
    %1 = call %0()
    return

async fn f.<chain>()   [chain, captures ^0:a]
  b0:
    goto b1
  b1: unwind b4
    if ^0:a is null goto b7 else b2
  b2: unwind b4
    %1 = call ^0:a?.b()
    %2 = await %1   ; synth
    goto b3
  b3:
    %0 <- move %2
    goto b6
  b4: dispatch of everything, pending 1
    switch b5
  b5: pending 1
    %3 = catch
    %4 = undefined   ; synth
    %0 <- move %4
    goto b6
  b6:
    result <- move %0
    return
  b7:
    result = undefined   ; synth
    return
",
    );
}

#[test]
fn this_and_captures_in_handlers() {
    check(
        r"
class A { m(x) { return this.p.then(y => { this.z = y; return () => [x, y, this]; }); } }
"
        .trim_start(),
        r"
class A
  method m = #1 A.m

fn <module>()   [module]
  b0:
    @A = class A
    @A.m = closure #1 A.m
    return

fn A.m(this:this, $0:x)   [method]
  b0:
    %0 = closure #2 A.m.<chain> ^0=this ^1=$0:x   ; synth
    %1 = call %0()
    result <- move %1
    return

async fn A.m.<chain>()   [chain, captures ^0:this ^1:x]
  b0:
    %0 = await ^0:this.p   ; synth
    %2:y <- move %0
    ^0:this.z <- %2:y
    %3 = closure #3 A.m.<chain>.<arrow> ^0=^1:x ^1=%2:y ^2=^0:this
    %1 <- move %3
    %4 = await %1   ; synth
    result <- move %4
    return

fn A.m.<chain>.<arrow>()   [closure, captures ^0:x ^1:y ^2:this]
  b0:
    %0 = build [0]=^0:x [1]=^1:y [2]=^2:this
    result <- move %0
    return
",
    );
}

#[test]
fn chains_in_handlers() {
    check(
        r"
function f(p) { return p.then(a => a.x().then(b => b.y(a))); }
"
        .trim_start(),
        r"
fn <module>()   [module]
  b0:
    @f = closure #1 f
    return

fn f($0:p)   [plain]
  b0:
    %0 = closure #2 f.<chain> ^0=$0:p   ; synth
    %1 = call %0()
    result <- move %1
    return

async fn f.<chain>()   [chain, captures ^0:p]
  b0:
    %0 = await ^0:p   ; synth
    %2:a <- move %0
    %3 = closure #3 f.<chain>.<chain> ^0=%2:a   ; synth
    %4 = call %3()
    %1 <- move %4
    %5 = await %1   ; synth
    result <- move %5
    return

async fn f.<chain>.<chain>()   [chain, captures ^0:a]
  b0:
    %0 = call ^0:a.x()
    %1 = await %0   ; synth
    %3:b <- move %1
    %4 = call %3:b.y(^0:a)
    %2 <- move %4
    %5 = await %2   ; synth
    result <- move %5
    return
",
    );
}

#[test]
fn new_promise() {
    check(
        r#"
function f(x) {
  return new Promise((resolve, reject) => {
    x.on("end", () => resolve(x));
    x.on("error", reject);
    if (x.ready) return resolve(x);
    resolve();
  });
}
"#
        .trim_start(),
        r#"
fn <module>()   [module]
  b0:
    @f = closure #1 f
    return

fn f($0:x)   [plain]
  b0:
    %0 = closure #2 f.<executor> ^0=$0:x
    %1 = call %0()
    result <- move %1
    return

async fn f.<executor>($0:resolve, $1:reject)   [closure, captures ^0:x]
  b0:
    %1 = closure #3 f.<executor>.<arrow> ^0=$0:resolve ^1=^0:x
    %2 = call ^0:x.on("end", %1)
    %4 = call ^0:x.on("error", $1:reject)
    if ^0:x.ready goto b1 else b2
  b1:
    result <- ^0:x
    %5 = undefined
    return
  b2:
    result = undefined
    %6 = undefined
    return

fn f.<executor>.<arrow>()   [closure, captures ^0:resolve ^1:x]
  b0:
    escape ^1:x into something unknown
    %0 = call ^0:resolve(^1:x)
    result <- move %0
    return
"#,
    );
}

#[test]
fn a_promise_that_only_waits() {
    check(
        r"
const wait = ms => new Promise(r => setTimeout(r, ms));
"
        .trim_start(),
        r"
fn <module>()   [module]
  b0:
    %0 = closure #1 wait
    @wait <- move %0
    return

fn wait($0:ms)   [plain]
  b0:
    %0 = closure #2 wait.<executor> ^0=$0:ms
    %1 = call %0()
    result <- move %1
    return

async fn wait.<executor>($0:r)   [closure, captures ^0:ms]
  b0:
    %0 = call @setTimeout($0:r, ^0:ms)
    return
",
    );
}

#[test]
fn settling_from_a_chain() {
    check(
        r"
function f(p) { return new Promise(function (resolve, reject) { p.then(resolve, reject); }); }
"
        .trim_start(),
        r"
fn <module>()   [module]
  b0:
    @f = closure #1 f
    return

fn f($0:p)   [plain]
  b0:
    %0 = closure #2 f.<executor> ^0=$0:p
    %1 = call %0()
    result <- move %1
    return

async fn f.<executor>($0:resolve, $1:reject)   [closure, captures ^0:p]
  b0:
    %0 = closure #3 f.<executor>.<chain> ^0=^0:p ^1=$0:resolve ^2=$1:reject   ; synth
    %1 = call %0()
    return

async fn f.<executor>.<chain>()   [chain, captures ^0:p ^1:resolve ^2:reject]
  b0:
    goto b1
  b1: unwind b3
    %1 = await ^0:p   ; synth
    goto b2
  b2:
    escape %1 into something unknown
    %2 = call ^1:resolve(%1)
    %3 = await %2   ; synth
    %0 <- move %3
    goto b5
  b3: dispatch of everything, pending 1
    switch b4
  b4: pending 1
    %4 = catch
    %5 = call ^2:reject(%4)
    %6 = await %5   ; synth
    %0 <- move %6
    goto b5
  b5:
    result <- move %0
    return
",
    );
}

#[test]
fn a_finally_in_a_loop_with_return() {
    check(
        r"
async function f(xs) { for (const x of xs) { await x.go().then(v => { for (;;) { if (v) return 1; } }); } }
"
        .trim_start(),
        r"
fn <module>()   [module]
  b0:
    @f = closure #1 f
    return

async fn f($0:xs)   [plain]
  b0:
    goto b1
  b1: loop
    %1 = call $0:xs.next()   ; synth
    switch b2 b3
  b2:
    %0:x <- $0:xs[*]
    %2 = closure #2 f.<chain> ^0=%0:x   ; synth
    %3 = call %2()
    %4 = await %3
    goto b1
  b3:
    return

async fn f.<chain>()   [chain, captures ^0:x]
  b0:
    %0 = call ^0:x.go()
    %1 = await %0   ; synth
    %3:v <- move %1
    goto b1
  b1: loop
    if %3:v goto b2 else b1
  b2:
    %2 = 1
    goto b3
  b3:
    %4 = await %2   ; synth
    result <- move %4
    return
",
    );
}

#[test]
fn an_optional_chain_of_handlers() {
    check(
        r"
function f(p) { return p?.then(x => x.y); }
"
        .trim_start(),
        r"
fn <module>()   [module]
  b0:
    @f = closure #1 f
    return

fn f($0:p)   [plain]
  b0:
    %1 = closure #2 f.<chain> ^0=$0:p   ; synth
    %2 = call %1()
    %0 <- move %2
    result <- move %0
    return

async fn f.<chain>()   [chain, captures ^0:p]
  b0:
    if ^0:p is null goto b2 else b1
  b1:
    %0 = await ^0:p   ; synth
    %2:x <- move %0
    %1 <- %2:x.y
    %3 = await %1   ; synth
    result <- move %3
    return
  b2:
    result = undefined   ; synth
    return
",
    );
}

#[test]
fn an_executor_with_a_name() {
    check(
        r"
function f(x) { return new Promise(function retry(resolve) { x.go(retry); }); }
"
        .trim_start(),
        r"
fn <module>()   [module]
  b0:
    @f = closure #1 f
    return

fn f($0:x)   [plain]
  b0:
    %0 = closure #2 f.<executor> ^0=$0:x ^1=%0
    %1 = call %0()
    result <- move %1
    return

async fn f.<executor>($0:resolve)   [closure, captures ^0:x ^1:retry]
  b0:
    %0 = call ^0:x.go(^1:retry)
    return
",
    );
}

#[test]
fn settling_with_an_object_and_rejecting() {
    check(
        r#"
function f(x) { return new Promise((ok, fail) => { if (!x) return fail(new Error("x")); ok({ x, y: 1 }); }); }
"#
        .trim_start(),
        r#"
fn <module>()   [module]
  b0:
    @f = closure #1 f
    return

fn f($0:x)   [plain]
  b0:
    %0 = closure #2 f.<executor> ^0=$0:x
    %1 = call %0()
    result <- move %1
    return

async fn f.<executor>($0:ok, $1:fail)   [closure, captures ^0:x]
  b0:
    if ^0:x goto b2 else b1
  b1:
    %1 = new @Error("x")
    %2 = call $1:fail(%1)
    return
  b2:
    %3 = 1
    %4 = build .x=^0:x .y=%3
    result <- move %4
    %5 = undefined
    return
"#,
    );
}
