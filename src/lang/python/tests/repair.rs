//! Files that do not parse: what is kept, and what is said.

use super::{compare, lower};
use crate::ir::{Detail, print_module};

/// The IR followed by the problems, each with the text it points at.
#[track_caller]
fn check(text: &str, expected: &str) {
    let lowered = lower(text);
    let mut out = print_module(&lowered.module, Detail::Ir);
    for problem in &lowered.problems {
        let at = &text[problem.span.lo as usize..problem.span.hi as usize];
        out.push_str(&format!("problem: {} at {at:?}\n", problem.message));
    }
    compare(&out, expected);
}

#[test]
fn python_2() {
    check(
        r#"
def f(c):
    print "x", c.name
    print >>log, "y"
    try:
        c.get()
    except IOError, e:
        c.close()
    if a <> b:
        x = `c`
    exec "code" in ns
    os.chmod(p, 0777)
    y = ur"abc" + 10L
    raise E, "msg"
"#
        .trim_start(),
        r#"
fn <module>()   [module]
  b0:
    @f = closure #1 f
    return

fn f($0:c)   [plain]
  b0:
    unknown syntax reads %1:x, $0:c
    %3 = "x"
    %4 = build [0]=%3 [1]=$0:c.name
    %5 = build of @print of @log
    %6 = "y"
    %7 = build [0]=%5 [1]=%6
    goto b1
  b1: unwind b2
    %8 = call $0:c.get()
    goto b4
  b2: dispatch, pending 1
    switch b3
  b3: pending 1
    %0:e = catch IOError
    %9 = call $0:c.close()
    goto b4
  b4:
    %10 = build
    if ? of @a goto b5 else b6
  b5:
    unknown syntax
    %11 = build
    %1:x <- move %11
    unknown syntax reads %1:x, $0:c
    goto b6
  b6:
    unknown syntax
    %12 = build
    unknown syntax
    %13 = call @os.chmod(@p)
    unknown syntax reads %2:y
    %2:y <- @ur
    %14 = build
    unknown syntax
    %15 = "msg"
    %16 = build [0]=@E [1]=%15
    raise
problem: Simple statements must be separated by newlines or semicolons at "\"x\""
problem: Expected an expression at ">"
problem: Got unexpected token ` at "`"
problem: Simple statements must be separated by newlines or semicolons at "\"code\""
problem: Invalid decimal integer literal at "0777"
problem: Simple statements must be separated by newlines or semicolons at "\"abc\""
problem: Unparenthesized tuple expression cannot be used here at "E, \"msg\""
"#,
    );
}

#[test]
fn python_2_tuple_parameters() {
    check(
        r#"
def f((a, b), c):
    c.close()
def g():
    pass
"#
        .trim_start(),
        r#"
fn <module>()   [module]
  b0:
    @f = closure #1 f
    @g = closure #2 g
    return

fn f()   [plain]
  b0:
    unknown syntax
    %0 = call @c.close()
    return

fn g()   [plain]
  b0:
    return
problem: Expected `)`, found `(` at "def f((a, b), c):"
"#,
    );
}

#[test]
fn half_typed_call_does_not_swallow_what_follows() {
    check(
        r#"
def f():
    conn = connect(
    conn.get()
    conn.close()
"#
        .trim_start(),
        r#"
fn <module>()   [module]
  b0:
    @f = closure #1 f
    return

fn f()   [plain]
  b0:
    unknown syntax reads %0:conn
    %0:conn <- %0:conn
    %1 = call %0:conn.get()
    %2 = call %0:conn.close()
    return
problem: Expected `,`, found name at "conn = connect("
"#,
    );
}

#[test]
fn half_typed_attribute() {
    check(
        r#"
def f(conn):
    x = conn.
    conn.close()
"#
        .trim_start(),
        r#"
fn <module>()   [module]
  b0:
    @f = closure #1 f
    return

fn f($0:conn)   [plain]
  b0:
    unknown syntax reads %0:x, $0:conn
    %0:x <- $0:conn
    %1 = call $0:conn.close()
    return
problem: Expected an identifier at "\n"
"#,
    );
}

#[test]
fn half_typed_headers() {
    check(
        r#"
def f(conn):
    if conn
        conn.close()
    for
    return conn
"#
        .trim_start(),
        r#"
fn <module>()   [module]
  b0:
    @f = closure #1 f
    return

fn f($0:conn)   [plain]
  b0:
    if $0:conn goto b1 else b2
  b1:
    unknown syntax reads $0:conn
    %0 = call $0:conn.close()
    goto b2
  b2:
    %1 = build
    goto b3
  b3: loop
    %2 = call %1.__next__()   ; synth
    switch b3 b4
  b4:
    unknown syntax reads $0:conn
    unknown syntax reads $0:conn
    result <- $0:conn
    return
problem: Expected `:`, found newline at "\n"
problem: Expected an expression at "\n"
problem: Expected an indented block after `for` statement at "return"
"#,
    );
}

#[test]
fn open_string_does_not_swallow_the_file() {
    check(
        r#"
def f():
    """Doc.
    x()
def g():
    y()
"#
        .trim_start(),
        r#"
fn <module>()   [module]
  b0:
    @f = closure #1 f
    @g = closure #2 g
    return

fn f()   [plain]
  b0:
    unknown syntax
    %0 = call @x()
    return

fn g()   [plain]
  b0:
    %0 = call @y()
    return
problem: missing closing quote in string literal at "\"\"\"Doc."
"#,
    );
}

#[test]
fn missing_quotes_do_not_turn_the_file_inside_out() {
    check(
        r#"
def f():
    """Does this
    x()
def g():
    """Does that."""
    y()
def h():
    """Does more."""
    z()
"#
        .trim_start(),
        r#"
fn <module>()   [module]
  b0:
    @f = closure #1 f
    @g = closure #2 g
    @h = closure #3 h
    return

fn f()   [plain]
  b0:
    unknown syntax
    %0 = call @x()
    return

fn g()   [plain]
  b0:
    %0 = call @y()
    return

fn h()   [plain]
  b0:
    %0 = call @z()
    return
problem: Simple statements must be separated by newlines or semicolons at "\"\"\"Does this"
"#,
    );
}

#[test]
fn open_bracket_at_the_end_of_a_class() {
    check(
        r#"
class A:
    def m(self):
        self.x = [1, 2
    def n(self):
        self.x.close()
"#
        .trim_start(),
        r#"
class A
  method m = #1 A.m
  method n = #2 A.n

fn <module>()   [module]
  b0:
    @A = class A
    @A.m = closure #1 A.m
    @A.n = closure #2 A.n
    return

fn A.m(this:self)   [method]
  b0:
    unknown syntax reads this
    %0 = 1
    %1 = 2
    %2 = build [0]=%0 [1]=%1
    this.x <- move %2
    return

fn A.n(this:self)   [method]
  b0:
    %0 = call this.x.close()
    return
problem: Expected `]`, found newline at "\n"
"#,
    );
}

#[test]
fn merge_conflict() {
    check(
        r#"
def f():
    x = connect()
<<<<<<< HEAD
    x.get(1)
||||||| base
    x.get(0)
=======
    x.get(2)
>>>>>>> other
    x.close()
"#
        .trim_start(),
        r#"
fn <module>()   [module]
  b0:
    @f = closure #1 f
    return

fn f()   [plain]
  b0:
    %1 = call @connect()
    %0:x <- move %1
    unknown syntax
    %3 = call %0:x.get(1)
    %4 = call %0:x.close()
    return
problem: Merge conflict, of which only the first side is analysed at "<<<<<<< HEAD"
"#,
    );
}

#[test]
fn wrong_indentation_stays_in_the_function() {
    check(
        r#"
def f():
    a()
      b()
    c()
"#
        .trim_start(),
        r#"
fn <module>()   [module]
  b0:
    @f = closure #1 f
    return

fn f()   [plain]
  b0:
    %0 = call @a()
    unknown syntax
    %1 = call @b()
    %2 = call @c()
    return
problem: Unexpected indentation at "      "
"#,
    );
}

#[test]
fn text_in_column_0() {
    check(
        r#"
def f():
    a()
oops what is this
    b()
"#
        .trim_start(),
        r#"
fn <module>()   [module]
  b0:
    @f = closure #1 f
    return

fn f()   [plain]
  b0:
    %0 = call @a()
    unknown syntax
    %1 = call @b()
    return
problem: Simple statements must be separated by newlines or semicolons at "oops what is this"
"#,
    );
}

#[test]
fn files_that_parse_have_no_problems() {
    assert!(lower("def f():\n    return 1\n").problems.is_empty());
}
