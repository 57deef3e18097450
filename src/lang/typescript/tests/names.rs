//! Scopes, captures, `this`.

use super::{check, check_in};
use crate::source::Language;

#[test]
fn block_scopes_shadow() {
    check(
        r"
const a = 1;
{ const a = 2; f(a); }
f(a);
function g(a) { { let a = 3; f(a); } f(a); }
"
        .trim_start(),
        r"
fn <module>()   [module]
  b0:
    @g = closure #1 g
    @a = 1
    %0:a = 2
    %1 = call @f(%0:a)
    %2 = call @f(@a)
    return

fn g($0:a)   [plain]
  b0:
    %0:a = 3
    %1 = call @f(%0:a)
    %2 = call @f($0:a)
    return
",
    );
}

#[test]
fn var_is_hoisted_out_of_blocks() {
    check(
        r"
if (x) { var a = 1; let b = 2; }
f(a, b);
function g() { for (var i = 0; ; ) { var c = 1; break; } return [i, c]; }
"
        .trim_start(),
        r"
fn <module>()   [module]
  b0:
    @g = closure #1 g
    if @x goto b1 else b2
  b1:
    @a = 1
    %0:b = 2
    goto b2
  b2:
    %1 = call @f(@a, @b)
    return

fn g()   [plain]
  b0:
    %0:i = 0
    goto b1
  b1: loop
    %1:c = 1
    goto b2
  b2:
    %2 = build [0]=%0:i [1]=%1:c
    result <- move %2
    return
",
    );
}

#[test]
fn functions_are_hoisted() {
    check_in(
        Language::TypeScript,
        r"
f();
function f() { return g(); function g() { return f; } }
{ h(); function h() {} }
"
        .trim_start(),
        r"
fn <module>()   [module]
  b0:
    @f = closure #1 f
    %0 = call @f()
    %1:h = closure #3 h
    %2 = call %1:h()
    return

fn f()   [plain]
  b0:
    %0:g = closure #2 f.g
    %1 = call %0:g()
    result <- move %1
    return

fn f.g()   [closure]
  b0:
    result <- @f
    return

fn h()   [plain]
  b0:
    return
",
    );
}

#[test]
fn captures_go_through_functions_between() {
    check(
        r"
function f(a) { let b = 1; return () => function g() { return [a, b, f, () => b]; }; }
"
        .trim_start(),
        r"
fn <module>()   [module]
  b0:
    @f = closure #1 f
    return

fn f($0:a)   [plain]
  b0:
    %0:b = 1
    %1 = closure #2 f.<arrow> ^0=$0:a ^1=%0:b
    result <- move %1
    return

fn f.<arrow>()   [closure, captures ^0:a ^1:b]
  b0:
    %0 = closure #3 f.<arrow>.g ^0=^0:a ^1=^1:b
    result <- move %0
    return

fn f.<arrow>.g()   [closure, captures ^0:a ^1:b]
  b0:
    %0 = closure #4 f.<arrow>.g.<arrow> ^0=^1:b
    %1 = build [0]=^0:a [1]=^1:b [2]=@f [3]=%0
    result <- move %1
    return

fn f.<arrow>.g.<arrow>()   [closure, captures ^0:b]
  b0:
    result <- ^0:b
    return
",
    );
}

#[test]
fn a_shadowed_global_is_none() {
    check(
        r"
setInterval(x);
function f(setInterval) { setInterval(x); }
"
        .trim_start(),
        r"
fn <module>()   [module]
  b0:
    @f = closure #1 f
    %0 = call @setInterval(@x)
    return

fn f($0:setInterval)   [plain]
  b0:
    %0 = call $0:setInterval(@x)
    return
",
    );
}

#[test]
fn the_name_of_a_function_expression() {
    check(
        r"
const a = function b() { return b; };
const c = class D { m() { return D; } };
"
        .trim_start(),
        r"
class D
  method m = #2 D.m

fn <module>()   [module]
  b0:
    %0 = closure #1 b ^0=%0
    @a <- move %0
    %1 = class D
    %1.m = closure #2 D.m ^0=%1
    @c <- move %1
    return

fn b()   [plain, captures ^0:b]
  b0:
    result <- ^0:b
    return

fn D.m(this:this)   [method, captures ^0:D]
  b0:
    result <- ^0:D
    return
",
    );
}

#[test]
fn this() {
    check(
        r"
class A {
  m() { const self = this; return [() => this, function () { return this; }, { n() { return this; } }]; }
  static s() { return this; }
  static f = this;
  static { this.g = () => this; }
}
function f() { return this; }
const g = () => this;
"
        .trim_start(),
        r"
class A
  method m = #2 A.m
  method s = #6 A.s

fn <module>()   [module]
  b0:
    @f = closure #1 f
    @A = class A
    @A.m = closure #2 A.m
    @A.s = closure #6 A.s
    @A.f <- @A
    %0 = closure #7 A.g
    @A.g <- move %0
    %2 = closure #8 g ^0=%1
    @g <- move %2
    return

fn f()   [plain]
  b0:
    result <- move %0
    return

fn A.m(this:this)   [method]
  b0:
    %1 = closure #3 A.m.<arrow> ^0=this
    %2 = closure #4 A.m.<function>
    %3 = closure #5 A.m.n
    %4 = build .n=%3
    %5 = build [0]=%1 [1]=%2 [2]=%4
    result <- move %5
    return

fn A.m.<arrow>()   [closure, captures ^0:this]
  b0:
    result <- ^0:this
    return

fn A.m.<function>()   [closure]
  b0:
    result <- move %0
    return

fn A.m.n()   [closure]
  b0:
    result <- move %0
    return

fn A.s(this:this)   [method, bound to the class]
  b0:
    result <- this
    return

fn A.g()   [plain]
  b0:
    result <- @A
    return

fn g()   [plain, captures ^0:this]
  b0:
    result <- ^0:this
    return
",
    );
}

#[test]
fn catch_variables_are_local() {
    check(
        r"
const e = 1;
try { f(); } catch (e) { g(e); }
h(e);
"
        .trim_start(),
        r"
fn <module>()   [module]
  b0:
    @e = 1
    goto b1
  b1: unwind b2
    %0 = call @f()
    goto b4
  b2: dispatch of everything, pending 1
    switch b3
  b3: pending 1
    %1:e = catch
    %2 = call @g(%1:e)
    goto b4
  b4:
    %3 = call @h(@e)
    return
",
    );
}

#[test]
fn parameters_and_their_defaults() {
    check(
        r"
function f(a, b = a, { c, d: [e] = [] } = {}, g = null, ...[h]) { return c; }
"
        .trim_start(),
        r"
fn <module>()   [module]
  b0:
    @f = closure #1 f
    return

fn f($0:a, $1:b, $2:{}, $3:g = null, *$4:[])   [plain]
  b0:
    if $1:b is null goto b1 else b2
  b1:
    $1:b <- $0:a
    goto b2
  b2:
    if $2:{} is null goto b3 else b4
  b3:
    %3 = build
    $2:{} <- move %3
    goto b4
  b4:
    %0:c <- $2:{}.c
    %4 <- $2:{}.d
    if %4 is null goto b5 else b6
  b5:
    %5 = build
    %4 <- move %5
    goto b6
  b6:
    %1:e <- %4[0]
    %2:h <- $4:[][0]
    result <- %0:c
    return
",
    );
}

#[test]
fn loop_variables_are_locals() {
    check(
        r"
for (const x of xs) f(() => x);
for (let i = 0; i < 1; i++) { }
"
        .trim_start(),
        r"
fn <module>()   [module]
  b0:
    goto b1
  b1: loop
    %1 = call @xs.next()   ; synth
    switch b2 b3
  b2:
    %0:x <- @xs[*]
    %2 = closure #1 <arrow> ^0=%0:x
    %3 = call @f(%2)
    goto b1
  b3:
    %4:i = 0
    goto b4
  b4: loop
    if ? of %4:i goto b5 else b6
  b5:
    %4:i = build
    goto b4
  b6:
    return

fn <arrow>()   [closure, captures ^0:x]
  b0:
    result <- ^0:x
    return
",
    );
}

#[test]
fn switch_scope() {
    check(
        r"
const a = 0;
switch (k) { case 1: let a = 1; f(a); }
f(a);
"
        .trim_start(),
        r"
fn <module>()   [module]
  b0:
    @a = 0
    if @k == 1 goto b1 else b2
  b1:
    %0:a = 1
    %1 = call @f(%0:a)
    goto b2
  b2:
    %2 = call @f(@a)
    return
",
    );
}
