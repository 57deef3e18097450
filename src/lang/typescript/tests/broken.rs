//! What does not parse.

use super::check;

#[test]
fn what_is_missing_is_unknown() {
    check(
        r"
function f(a, b) {
  a.one();
  const c = = b.two(;
  return a;
}
function g() { return 1; }
"
        .trim_start(),
        r"
fn <module>()   [module]
  b0:
    @f = closure #1 f
    @g = closure #2 g
    return

fn f($0:a, $1:b)   [plain]
  b0:
    %1 = call $0:a.one()
    %0:c <- $1:b.two
    unknown syntax reads $1:b, %0:c
    unknown syntax reads $1:b, %0:c
    result <- $0:a
    return

fn g()   [plain]
  b0:
    result = 1
    return
",
    );
}

#[test]
fn each_function_has_what_is_missing_in_it() {
    check(
        r"
let x = = 1;
g();
function f(a) {
  a.b(;
  return a;
}
"
        .trim_start(),
        r"
fn <module>()   [module]
  b0:
    @f = closure #1 f
    @x = 1
    unknown syntax
    %0 = call @g()
    return

fn f($0:a)   [plain]
  b0:
    unknown syntax reads $0:a
    result <- $0:a
    return
",
    );
}
