//! Expressions and assignments.

use super::{check, check_function};

#[test]
fn call_forms() {
    check_function(
        "f",
        r#"
def f(a, *args, **kw):
    a.b.c.d(1, None, True, "s", -2, x=a, *args, **kw)
    a()()
    (lambda: a)()
"#
        .trim_start(),
        r#"
fn f($0:a, *$1:args, *$2:kw)   [plain]
  b0:
    %5 = call $0:a.b.c.d(1, null, true, "s", -2, x=$0:a, *$1:args, *$2:kw)
    %6 = call $0:a()
    %7 = call %6()
    %8 = closure #2 f.<lambda> ^0=$0:a
    %9 = call %8()
    return
"#,
    );
}

#[test]
fn super_calls() {
    check_function(
        "C.m",
        r"
class C(B):
    def m(self):
        super().m()
        super(C, self).close()
        return super().attr
"
        .trim_start(),
        r"
fn C.m(this:self)   [method]
  b0:
    %0 = call super.m()
    %1 = call super.close()
    %2 = call @super()
    result <- %2.attr
    return
",
    );
}

#[test]
fn long_chains_go_through_temporaries() {
    check_function(
        "f",
        r#"
def f(a):
    a.b.c.d = a.e[0]["k"].g[1:2]
"#
        .trim_start(),
        r#"
fn f($0:a)   [plain]
  b0:
    %0 <- $0:a.e[0]   ; synth
    %1 <- %0.k.g   ; synth
    %2 <- $0:a.b.c   ; synth
    escape %1[*] into something unknown
    %2.d <- %1[*]
    return
"#,
    );
}

#[test]
fn assignments() {
    check_function(
        "f",
        r#"
def f(p):
    a = p
    b = c = p.open()
    p.x = p["k"] = None
    p[i()] = a
    g().y = a
"#
        .trim_start(),
        r#"
fn f($0:p)   [plain]
  b0:
    %0:a <- $0:p
    %3 = call $0:p.open()
    %1:b <- %3
    %2:c <- move %3
    %4 = null
    $0:p.x <- %4
    $0:p.k <- move %4
    %5 = call @i()
    $0:p[*] <- %0:a
    %6 = call @g()
    escape %0:a into something unknown
    %6.y <- %0:a
    return
"#,
    );
}

#[test]
fn unpacking() {
    check_function(
        "f",
        r"
def f(p):
    a, b = b, a
    (c, [d, *e]) = p
    x, y = open1(), 2
    *z, w = p.get()
"
        .trim_start(),
        r"
fn f($0:p)   [plain]
  b0:
    %9 <- %1:b
    %10 <- %0:a
    %0:a <- move %9
    %1:b <- move %10
    %2:c <- $0:p[0]
    %3:d <- $0:p[1][0]
    %4:e <- $0:p[1][*]
    %11 = call @open1()
    %12 = 2
    %5:x <- move %11
    %6:y <- move %12
    %13 = call $0:p.get()
    %7:z <- %13[*]
    %8:w <- %13[*]
    return
",
    );
}

#[test]
fn augmented_assignment() {
    check_function(
        "f",
        r"
def f(xs, y):
    n = 0
    n += 1
    xs += [y]
    xs.total -= y()
"
        .trim_start(),
        r"
fn f($0:xs, $1:y)   [plain]
  b0:
    %0:n = 0
    %0:n = build
    %1 = build [0]=$1:y
    $0:xs = build [*]=$0:xs[*] [*]=%1[*]
    %2 = call $1:y()
    $0:xs.total = build
    return
",
    );
}

#[test]
fn walrus() {
    check_function(
        "f",
        r"
def f(p):
    while (chunk := p.read()) is not None:
        use(chunk)
    return (n := 3)
"
        .trim_start(),
        r"
fn f($0:p)   [plain]
  b0:
    goto b1
  b1: loop
    %2 = call $0:p.read()
    %0:chunk <- move %2
    if %0:chunk is null goto b3 else b2
  b2:
    %3 = call @use(%0:chunk)
    goto b1
  b3:
    %4 = 3
    %1:n <- move %4
    result <- %1:n
    return
",
    );
}

#[test]
fn boolean_values() {
    check_function(
        "f",
        r"
def f(a):
    b = a or connect()
    c = a and a.x
    a is not None and a.close()
    return a if a else b
"
        .trim_start(),
        r"
fn f($0:a)   [plain]
  b0:
    if $0:a goto b1 else b2
  b1:
    %2 <- $0:a
    goto b3
  b2:
    %3 = call @connect()
    %2 <- move %3
    goto b3
  b3:
    %0:b <- move %2
    if $0:a goto b5 else b4
  b4:
    %4 <- $0:a
    goto b6
  b5:
    %4 <- $0:a.x
    goto b6
  b6:
    %1:c <- move %4
    if $0:a is null goto b7 else b8
  b7:
    %5 = false
    goto b9
  b8:
    %6 = call $0:a.close()
    %5 <- move %6
    goto b9
  b9:
    if $0:a goto b10 else b11
  b10:
    %7 <- $0:a
    goto b12
  b11:
    %7 <- %0:b
    goto b12
  b12:
    result <- move %7
    return
",
    );
}

#[test]
fn flags() {
    check_function(
        "f",
        r"
def f(a, b=None):
    own = b is None
    neg = not a
    both = a is None and b == 3
    return a is None
"
        .trim_start(),
        r"
fn f($0:a, $1:b = null)   [plain]
  b0:
    if $1:b is null goto b1 else b2
  b1:
    %0:own = true
    goto b3
  b2:
    %0:own = false
    goto b3
  b3:
    if $0:a goto b5 else b4
  b4:
    %1:neg = true
    goto b6
  b5:
    %1:neg = false
    goto b6
  b6:
    if $0:a is null goto b7 else b9
  b7:
    if $1:b == 3 goto b8 else b9
  b8:
    %2:both = true
    goto b10
  b9:
    %2:both = false
    goto b10
  b10:
    %3 = build
    result <- move %3
    return
",
    );
}

#[test]
fn displays() {
    check_function(
        "f",
        r#"
def f(a, b):
    l = [a, *b, a]
    t = (a, 1)
    s = {a}
    d = {"k": a, b: 2, **b, 0: a}
    j = [a] + b
"#
        .trim_start(),
        r#"
fn f($0:a, $1:b)   [plain]
  b0:
    %5 = build [0]=$0:a [*]=$1:b[*] [*]=$0:a
    %0:l <- move %5
    %6 = 1
    %7 = build [0]=$0:a [1]=%6
    %1:t <- move %7
    %8 = build [*]=$0:a
    %2:s <- move %8
    %9 = 2
    %10 = build .k=$0:a [*]=%9 [*]=$1:b[*] [*]=$0:a
    %3:d <- move %10
    %11 = build [0]=$0:a
    %12 = build [*]=%11[*] [*]=$1:b[*]
    %4:j <- move %12
    return
"#,
    );
}

#[test]
fn many_elements_are_some_element() {
    check_function(
        "f",
        r"
def f(a):
    return [a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a]
"
        .trim_start(),
        r"
fn f($0:a)   [plain]
  b0:
    %0 = build [0]=$0:a [1]=$0:a [2]=$0:a [3]=$0:a [4]=$0:a [5]=$0:a [6]=$0:a [7]=$0:a [8]=$0:a [9]=$0:a [10]=$0:a [11]=$0:a [12]=$0:a [13]=$0:a [14]=$0:a [15]=$0:a [*]=$0:a
    result <- move %0
    return
",
    );
}

#[test]
fn comprehensions() {
    check_function(
        "f",
        r"
def f(xs):
    a = [x.y for x in xs if x for z in x]
    x = {k(): v for k, v in xs}
"
        .trim_start(),
        r"
fn f($0:xs)   [plain]
  b0:
    %2 = build
    goto b1
  b1: loop
    %4 = call $0:xs.__next__()   ; synth
    switch b2 b5
  b2:
    %3:x <- $0:xs[*]
    if %3:x goto b3 else b1
  b3: loop
    %6 = call %3:x.__next__()   ; synth
    switch b4 b1
  b4:
    %5:z <- %3:x[*]
    %2[*] <- %3:x.y
    goto b3
  b5:
    %0:a <- move %2
    %7 = build
    goto b6
  b6: loop
    %10 = call $0:xs.__next__()   ; synth
    switch b7 b8
  b7:
    %8:k <- $0:xs[*][0]
    %9:v <- $0:xs[*][1]
    %11 = call %8:k()
    %7[*] <- %9:v
    goto b6
  b8:
    %1:x <- move %7
    return
",
    );
}

#[test]
fn async_comprehension_and_generator() {
    check_function(
        "f",
        r"
async def f(xs):
    await gather(*(x.close() for x in xs))
    return [await y async for y in xs]
"
        .trim_start(),
        r"
async fn f($0:xs)   [plain]
  b0:
    %0 = build
    goto b1
  b1: loop
    %2 = call $0:xs.__next__()   ; synth
    switch b2 b3
  b2:
    %1:x <- $0:xs[*]
    %3 = call %1:x.close()
    %0[*] <- move %3
    goto b1
  b3:
    %4 = call @gather(*%0)
    %5 = await %4
    %6 = build
    goto b4
  b4: loop
    %8 = call $0:xs.__anext__()   ; synth
    %9 = await %8   ; synth
    switch b5 b6
  b5:
    %7:y <- $0:xs[*]
    %10 = await %7:y
    %6[*] <- move %10
    goto b4
  b6:
    result <- move %6
    return
",
    );
}

#[test]
fn comprehension_variables_do_not_leak() {
    check(
        r"
x = 1
y = [x for x in x]
z = x
"
        .trim_start(),
        r"
fn <module>()   [module]
  b0:
    @x = 1
    %0 = build
    goto b1
  b1: loop
    %2 = call @x.__next__()   ; synth
    switch b2 b3
  b2:
    %1:x <- @x[*]
    %0[*] <- %1:x
    goto b1
  b3:
    @y <- move %0
    @z <- @x
    return
",
    );
}

#[test]
fn plain_values() {
    check_function(
        "f",
        r#"
def f(a, b):
    a + b * c()
    -a
    a < b() < 3
    f"{a.x():{b}}" "text"
    b"x"
    ...
"#
        .trim_start(),
        r#"
fn f($0:a, $1:b)   [plain]
  b0:
    %0 = call @c()
    %1 = build of $1:b of %0
    %2 = build of $0:a of %1
    %3 = build
    %4 = call $1:b()
    %5 = build
    %6 = call $0:a.x()
    %7 = build of %6
    return
"#,
    );
}

#[test]
fn yields() {
    check_function(
        "f",
        r"
def f(a):
    x = yield a
    yield
    yield from a.b
"
        .trim_start(),
        r"
fn f($0:a)   [plain, generator]
  b0:
    %1 = yield $0:a
    %0:x <- move %1
    %2 = yield
    %3 = yield from $0:a.b
    return
",
    );
}

#[test]
fn await_is_apart() {
    check_function(
        "f",
        r"
async def f(c):
    t = c.close()
    await t
    return await c.get()
"
        .trim_start(),
        r"
async fn f($0:c)   [plain]
  b0:
    %1 = call $0:c.close()
    %0:t <- move %1
    %2 = await %0:t
    %3 = call $0:c.get()
    %4 = await %3
    result <- move %4
    return
",
    );
}

#[test]
fn del_drops() {
    check_function(
        "f",
        r#"
def f(a):
    b = a
    del b, a.x, a["k"]
"#
        .trim_start(),
        r#"
fn f($0:a)   [plain]
  b0:
    %0:b <- $0:a
    drop %0:b
    drop $0:a.x
    drop $0:a.k
    return
"#,
    );
}

#[test]
fn template_keeps_values() {
    check_function(
        "f",
        r#"
def f(a):
    return t"{a}"
"#
        .trim_start(),
        r#"
fn f($0:a)   [plain]
  b0:
    %0 = build [*]=$0:a
    result <- move %0
    return
"#,
    );
}
