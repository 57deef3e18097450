//! Scopes, imports, functions, classes.

use super::{check, check_function};

#[test]
fn imports() {
    check(
        r"
import a.b, c
import d.e as f
from g.h import i, j as k
from . import l
from .m import n
from .. import o
from ..p.q import r
from s import *
def f():
    import t.u
    from v import w
    return t, w
"
        .trim_start(),
        r"
fn <module>()   [module]
  b0:
    @a = symbol a
    @c = symbol c
    @f = symbol d.e
    @i = symbol g.h.i
    @k = symbol g.h.j
    @l = symbol .l
    @n = symbol .m.n
    @o = symbol ..o
    @r = symbol ..p.q.r
    @f = closure #1 f
    return

fn f()   [plain]
  b0:
    %0:t = symbol t
    %1:w = symbol v.w
    %2 = build [0]=%0:t [1]=%1:w
    result <- move %2
    return
",
    );
}

#[test]
fn parameters_and_defaults() {
    check(
        r"
def f(a, /, b=None, *args, c=make(), d=3, **kw):
    return a, b, args, c, d, kw
"
        .trim_start(),
        r"
fn <module>()   [module]
  b0:
    %0 = call @make()
    @f = closure #1 f
    return

fn f($0:a, $1:b = null, *$2:args, $3:c = outer %0, $4:d, *$5:kw)   [plain]
  b0:
    %0 = build [0]=$0:a [1]=$1:b [2]=$2:args [3]=$3:c [4]=$4:d [5]=$5:kw
    result <- move %0
    return
",
    );
}

#[test]
fn methods_and_receivers() {
    check(
        r"
class C:
    def m(self, a): return self.x
    @classmethod
    def c(cls, a): return cls(a)
    @staticmethod
    def s(a): return a
    def __new__(cls): return cls
    @property
    def p(this): return this
    @p.setter
    def p(this, v): this.v = v
    def __init__(self): pass
    def none(): pass
"
        .trim_start(),
        r"
class C
  method m = #1 C.m
  method c = #2 C.c
  method s = #3 C.s
  method __new__ = #4 C.__new__
  method p = #5 C.p
  method p = #6 C.p
  method __init__ = #7 C.__init__
  method none = #8 C.none

fn <module>()   [module]
  b0:
    @C = class C
    @C.m = closure #1 C.m
    @C.c = closure #2 C.c
    @C.s = closure #3 C.s
    @C.__new__ = closure #4 C.__new__
    @C.p = closure #5 C.p
    @C.p = closure #6 C.p
    @C.__init__ = closure #7 C.__init__
    @C.none = closure #8 C.none
    return

fn C.m(this:self, $0:a)   [method]
  b0:
    result <- this.x
    return

@classmethod
fn C.c(this:cls, $0:a)   [method, bound to the class]
  b0:
    %0 = call this($0:a)
    result <- move %0
    return

@staticmethod
fn C.s($0:a)   [method]
  b0:
    result <- $0:a
    return

fn C.__new__(this:cls)   [method, bound to the class]
  b0:
    result <- this
    return

@property
fn C.p(this:this)   [accessor]
  b0:
    result <- this
    return

@p.setter
fn C.p(this:this, $0:v)   [accessor]
  b0:
    this.v <- $0:v
    return

fn C.__init__(this:self)   [constructor]
  b0:
    return

fn C.none()   [method]
  b0:
    return
",
    );
}

#[test]
fn captures_through_two_levels() {
    check(
        r"
def outer(a):
    b = a
    def middle():
        def inner():
            nonlocal b
            b = a
            return unknown
        return inner
    return middle
"
        .trim_start(),
        r"
fn <module>()   [module]
  b0:
    @outer = closure #1 outer
    return

fn outer($0:a)   [plain]
  b0:
    %0:b <- $0:a
    %1:middle = closure #2 outer.middle ^0=$0:a ^1=%0:b
    result <- %1:middle
    return

fn outer.middle()   [closure, captures ^0:a ^1:b]
  b0:
    %0:inner = closure #3 outer.middle.inner ^0=^0:a ^1=^1:b
    result <- %0:inner
    return

fn outer.middle.inner()   [closure, captures ^0:a ^1:b]
  b0:
    ^1:b <- ^0:a
    result <- @unknown
    return
",
    );
}

#[test]
fn self_is_captured() {
    check(
        r"
class C:
    def m(self):
        return lambda: self.close()
"
        .trim_start(),
        r"
class C
  method m = #1 C.m

fn <module>()   [module]
  b0:
    @C = class C
    @C.m = closure #1 C.m
    return

fn C.m(this:self)   [method]
  b0:
    %0 = closure #2 C.m.<lambda> ^0=this
    result <- move %0
    return

fn C.m.<lambda>()   [closure, captures ^0:self]
  b0:
    %0 = call ^0:self.close()
    result <- move %0
    return
",
    );
}

#[test]
fn global_is_honoured() {
    check(
        r"
pool = None
def f():
    global pool
    pool = make()
    def g():
        return pool
"
        .trim_start(),
        r"
fn <module>()   [module]
  b0:
    @pool = null
    @f = closure #1 f
    return

fn f()   [plain]
  b0:
    %1 = call @make()
    @pool <- move %1
    %0:g = closure #2 f.g
    return

fn f.g()   [closure]
  b0:
    result <- @pool
    return
",
    );
}

#[test]
fn class_scope_is_not_captured() {
    check(
        r"
class C:
    x = 1
    y = x
    def m(self):
        return x
"
        .trim_start(),
        r"
class C
  method m = #1 C.m

fn <module>()   [module]
  b0:
    @C = class C
    @C.x = 1
    @C.y <- @C.x
    @C.m = closure #1 C.m
    return

fn C.m(this:self)   [method]
  b0:
    result <- @x
    return
",
    );
}

#[test]
fn class_bodies() {
    check(
        r#"
@deco
class A(B, c.D[int], make(), metaclass=M):
    """doc"""
    field: "Pool | None"
    pool = connect()
    def m(self):
        self.late: int = 3
    class Inner:
        deep = 1
        class Deeper:
            deepest = connect()
"#
        .trim_start(),
        r#"
class A(B, c.D[int], make()) @deco
  field field: Pool?
  field late: int
  method m = #1 A.m
class A.Inner
class A.Inner.Deeper

fn <module>()   [module]
  b0:
    %0 = call @make()
    @A = class A
    %1 = call @connect()
    @A.pool <- move %1
    @A.m = closure #1 A.m
    @A.Inner = class A.Inner
    @A.Inner.deep = 1
    @A.Inner.Deeper = class A.Inner.Deeper
    %2 <- @A.Inner.Deeper   ; synth
    %3 = call @connect()
    %2.deepest <- move %3
    return

fn A.m(this:self)   [method]
  b0:
    this.late = 3
    return
"#,
    );
}

#[test]
fn decorators() {
    check_function(
        "f",
        r"
@plain
@a.b(arg)
@x[0]
def f():
    pass
"
        .trim_start(),
        r"
@plain
@a.b
@(@x[0])
fn f()   [plain]
  b0:
    return
",
    );
}

#[test]
fn lambda_defaults() {
    check_function(
        "f",
        r"
def f(xs):
    return [lambda y=x: y for x in xs]
"
        .trim_start(),
        r"
fn f($0:xs)   [plain]
  b0:
    %0 = build
    goto b1
  b1: loop
    %2 = call $0:xs.__next__()   ; synth
    switch b2 b3
  b2:
    %1:x <- $0:xs[*]
    %3 = closure #2 f.<lambda>
    %0[*] <- move %3
    goto b1
  b3:
    result <- move %0
    return
",
    );
}

#[test]
fn class_in_function_captures() {
    check(
        r"
def f(conn):
    class C:
        def close(self):
            conn.close()
    return C
"
        .trim_start(),
        r"
class f.C
  method close = #2 f.C.close

fn <module>()   [module]
  b0:
    @f = closure #1 f
    return

fn f($0:conn)   [plain]
  b0:
    %0:C = class f.C
    %0:C.close = closure #2 f.C.close ^0=$0:conn
    result <- %0:C
    return

fn f.C.close(this:self)   [method, captures ^0:conn]
  b0:
    %0 = call ^0:conn.close()
    return
",
    );
}
