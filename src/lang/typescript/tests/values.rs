//! Expressions, assignments, patterns.

use super::{check, check_function, check_function_in};
use crate::source::Language;

#[test]
fn optional_chains() {
    check_function(
        "f",
        r"
function f(a) {
  const x = a?.b.c(1);
  a?.close();
  a.b?.[0]?.(x);
  if (a?.ready) g();
  if (a?.b == null) h();
  return a?.b;
}
"
        .trim_start(),
        r"
fn f($0:a)   [plain]
  b0:
    if $0:a is null goto b2 else b1
  b1:
    %3 = call $0:a.b.c(1)
    %1 <- move %3
    goto b3
  b2:
    %1 = undefined
    goto b3
  b3:
    %0:x <- move %1
    if $0:a is null goto b5 else b4
  b4:
    %4 = call $0:a?.close()
    goto b5
  b5:
    if $0:a.b is null goto b8 else b6
  b6:
    if $0:a.b[0] is null goto b8 else b7
  b7:
    %5 = call $0:a.b[0](%0:x)
    goto b8
  b8:
    if $0:a is null goto b11 else b9
  b9:
    if $0:a.ready goto b10 else b11
  b10:
    %6 = call @g()
    goto b11
  b11:
    if $0:a is null goto b13 else b12
  b12:
    if $0:a.b is null goto b13 else b14
  b13:
    %7 = call @h()
    goto b14
  b14:
    if $0:a is null goto b16 else b15
  b15:
    %8 <- $0:a.b
    goto b17
  b16:
    %8 = undefined
    goto b17
  b17:
    result <- move %8
    return
",
    );
}

#[test]
fn awaiting_an_optional_chain() {
    check_function(
        "f",
        r"
async function f(a) { await a?.quit(); return await a.b(); }
"
        .trim_start(),
        r"
async fn f($0:a)   [plain]
  b0:
    if $0:a is null goto b2 else b1
  b1:
    %1 = call $0:a?.quit()
    %2 = await %1
    %0 <- move %2
    goto b3
  b2:
    %0 = undefined
    goto b3
  b3:
    %3 = call $0:a.b()
    %4 = await %3
    result <- move %4
    return
",
    );
}

#[test]
fn logical_values() {
    check_function(
        "f",
        r"
function f(a, b) {
  const x = a || make();
  const y = a ?? make();
  const z = a && a.b;
  const w = a == null || b;
  a && a.close();
  return b ? x : b.c ? y : null;
}
"
        .trim_start(),
        r"
fn f($0:a, $1:b)   [plain]
  b0:
    if $0:a goto b1 else b2
  b1:
    %4 <- $0:a
    goto b3
  b2:
    %5 = call @make()
    %4 <- move %5
    goto b3
  b3:
    %0:x <- move %4
    if $0:a is null goto b5 else b4
  b4:
    %6 <- $0:a
    goto b6
  b5:
    %7 = call @make()
    %6 <- move %7
    goto b6
  b6:
    %1:y <- move %6
    if $0:a goto b8 else b7
  b7:
    %8 <- $0:a
    goto b9
  b8:
    %8 <- $0:a.b
    goto b9
  b9:
    %2:z <- move %8
    if $0:a is null goto b10 else b11
  b10:
    %9 = true
    goto b12
  b11:
    %9 <- $1:b
    goto b12
  b12:
    %3:w <- move %9
    if $0:a goto b13 else b14
  b13:
    %10 = call $0:a.close()
    goto b14
  b14:
    if $1:b goto b15 else b16
  b15:
    %11 <- %0:x
    goto b19
  b16:
    if $1:b.c goto b17 else b18
  b17:
    %11 <- %1:y
    goto b19
  b18:
    %11 = null
    goto b19
  b19:
    result <- move %11
    return
",
    );
}

#[test]
fn logical_assignments() {
    check_function(
        "f",
        r"
function f(a, o) { a ??= make(); o.x ||= make(); a &&= null; a += 1; a++; }
"
        .trim_start(),
        r"
fn f($0:a, $1:o)   [plain]
  b0:
    if $0:a is null goto b1 else b2
  b1:
    %0 = call @make()
    $0:a <- move %0
    goto b2
  b2:
    if $1:o.x goto b4 else b3
  b3:
    %1 = call @make()
    $1:o.x <- move %1
    goto b4
  b4:
    if $0:a goto b5 else b6
  b5:
    $0:a = null
    goto b6
  b6:
    $0:a = build
    $0:a = build
    return
",
    );
}

#[test]
fn literals() {
    check_function(
        "f",
        r#"
function f() {
  g(null, undefined, true, 1, -2, "s", `t`, `u${1}`, void 0, /x/, 10n);
  let a = undefined;
  return `x${a.b()}y`;
}
"#
        .trim_start(),
        r#"
fn f()   [plain]
  b0:
    %8 = build
    %10 = build
    %11 = build
    %12 = call @g(null, undefined, true, 1, -2, "s", "t", %8, undefined, %10, %11)
    %0:a = undefined
    %13 = call %0:a.b()
    %14 = build of %13
    result <- move %14
    return
"#,
    );
}

#[test]
fn displays() {
    check_function(
        "f",
        r#"
function f(a, b, k) {
  const x = [a, ...b, a];
  return { a, b: x, "c-d": 1, [k]: a, ["e"]: b, ...b, m() { return a; }, get g() { return b; }, h: () => a };
}
"#
        .trim_start(),
        r"
fn f($0:a, $1:b, $2:k)   [plain]
  b0:
    %1 = build [0]=$0:a [*]=$1:b[*] [*]=$0:a
    %0:x <- move %1
    %2 = 1
    %3 = closure #2 f.m ^0=$0:a
    %4 = closure #3 f.<function> ^0=$1:b
    %5 = closure #4 f.h ^0=$0:a
    %6 = build .a=$0:a .b=%0:x .c-d=%2 [*]=$0:a .e=$1:b [*]=$1:b .m=%3 [*]=%4 .h=%5
    result <- move %6
    return
",
    );
}

#[test]
fn arguments_of_calls() {
    check_function(
        "f",
        r#"
function f(a, xs) {
  new Client({ host: "h", port: 1, a, nested: { b: 1 }, ...xs, on() {} }, ...xs);
  new a.Pool;
  a["get"](1);
  a[xs](2);
  (a.b)(3);
  (0, a.b)(4);
  a.b.c.d(5);
}
"#
        .trim_start(),
        r#"
fn f($0:a, $1:xs)   [plain]
  b0:
    %0 = "h"
    %1 = 1
    %2 = 1
    %3 = build .b=%2
    %4 = closure #2 f.on
    %5 = build .host=%0 .port=%1 .a=$0:a .nested=%3 [*]=$1:xs .on=%4
    %6 = new @Client(%5, *$1:xs)
    %7 = new $0:a.Pool()
    %9 = call $0:a.get(1)
    %11 = call $0:a[*](2)
    %13 = call $0:a.b(3)
    %15 = call $0:a.b(4)
    %17 = call $0:a.b.c.d(5)
    return
"#,
    );
}

#[test]
fn assignments() {
    check_function(
        "f",
        r#"
function f(a, b) {
  let x, y;
  x = y = a;
  a.b = b.c;
  a.b.c.d = b;
  g().x = b;
  a[b] = x;
  a["k"] = null;
  delete a.b;
  return (x = b), x;
}
"#
        .trim_start(),
        r"
fn f($0:a, $1:b)   [plain]
  b0:
    %1:y <- $0:a
    %0:x <- %1:y
    $0:a.b <- $1:b.c
    %2 <- $0:a.b.c   ; synth
    escape $1:b into something unknown
    %2.d <- $1:b
    %3 = call @g()
    escape $1:b into something unknown
    %3.x <- $1:b
    $0:a[*] <- %0:x
    $0:a.k = null
    drop $0:a.b
    %0:x <- $1:b
    result <- %0:x
    return
",
    );
}

#[test]
fn destructuring() {
    check_function(
        "f",
        r#"
function f(p) {
  const { a, b: { c }, d = 1, "e-f": e, ...rest } = p;
  const [g, , h = p, ...i] = a;
  let j, k;
  [j, k] = [k, j];
  ({ a: j, k, l: p.m = 3 } = k);
}
"#
        .trim_start(),
        r"
fn f($0:p)   [plain]
  b0:
    %0:a <- $0:p.a
    %1:c <- $0:p.b.c
    %2:d <- $0:p.d
    if %2:d is null goto b1 else b2
  b1:
    %2:d = 1
    goto b2
  b2:
    %3:e <- $0:p.e-f
    %10 = build [*]=$0:p[*]
    %4:rest <- move %10
    %5:g <- %0:a[0]
    %6:h <- %0:a[2]
    if %6:h is null goto b3 else b4
  b3:
    %6:h <- $0:p
    goto b4
  b4:
    %11 = build [*]=%0:a[*]
    %7:i <- move %11
    %12 = build [0]=%9:k [1]=%8:j
    %8:j <- %12[0]
    %9:k <- %12[1]
    %13 <- %9:k   ; synth
    %8:j <- %13.a
    %9:k <- %13.k
    %14 <- %13.l
    if %14 is null goto b5 else b6
  b5:
    %14 = 3
    goto b6
  b6:
    $0:p.m <- move %14
    return
",
    );
}

#[test]
fn type_assertions() {
    check_function_in(
        Language::TypeScript,
        "f",
        r"
function f(a) {
  const x = a as Redis;
  const y = <const>a;
  (a as any).close();
  (a as Pool).end();
  a!.b!.c();
  return a satisfies Foo;
}
"
        .trim_start(),
        r"
fn f($0:a)   [plain]
  local %2: Redis
  local %4: Pool
  b0:
    %2 <- $0:a
    %0:x <- move %2
    %1:y <- $0:a
    %3 = call $0:a.close()
    %4 <- $0:a
    %5 = call %4.end()
    %6 = call $0:a.b.c()
    result <- $0:a
    return
",
    );
}

#[test]
fn tagged_templates() {
    check_function(
        "f",
        r#"
function f(sql, id) { return sql`select ${id} from ${sql.table("x")}`; }
"#
        .trim_start(),
        r#"
fn f($0:sql, $1:id)   [plain]
  b0:
    %1 = call $0:sql.table("x")
    %2 = call $0:sql($1:id, %1)
    result <- move %2
    return
"#,
    );
}

#[test]
fn jsx() {
    check_function(
        "f",
        r#"
function f(a, Box) {
  return <Box title="t" on={() => a} flag {...a}><b>text{a.x}</b><Ctx.Provider value={a} /><>{a}</></Box>;
}
"#
        .trim_start(),
        r#"
fn f($0:a, $1:Box)   [plain]
  b0:
    %1 = closure #2 f.<arrow> ^0=$0:a
    %3 = call @b($0:a.x)
    %4 = call @Ctx.Provider(value=$0:a)
    %5 = build [*]=$0:a
    %6 = call $1:Box(title="t", on=%1, flag=true, *$0:a, %3, %4, %5)
    result <- move %6
    return
"#,
    );
}

#[test]
fn generators() {
    check_function(
        "f",
        r"
async function* f(a) { const x = yield a; yield* a.b(); yield; }
"
        .trim_start(),
        r"
async fn f($0:a)   [plain, generator]
  b0:
    %1 = yield $0:a
    %0:x <- move %1
    %2 = call $0:a.b()
    %3 = yield from %2
    %4 = yield
    return
",
    );
}

#[test]
fn arguments_of_a_function() {
    check(
        r"
function f(a, b) { return g(arguments, () => arguments); }
"
        .trim_start(),
        r"
fn <module>()   [module]
  b0:
    @f = closure #1 f
    return

fn f($0:a, $1:b)   [plain]
  b0:
    %0 = build [0]=$0:a [1]=$1:b
    %1 = closure #2 f.<arrow>
    %2 = call @g(%0, %1)
    result <- move %2
    return

fn f.<arrow>()   [closure]
  b0:
    %0 = build
    result <- move %0
    return
",
    );
}

#[test]
fn casts_do_not_hide_what_is_called() {
    check_function_in(
        Language::TypeScript,
        "f",
        r"
function f(a) { (a.b as any)(1); (a as B).c(2); (a.d)!(3); new (a.E as any)(4); }
"
        .trim_start(),
        r"
fn f($0:a)   [plain]
  local %2: B
  b0:
    %1 = call $0:a.b(1)
    %2 <- $0:a
    %4 = call %2.c(2)
    %6 = call $0:a.d(3)
    %8 = new $0:a.E(4)
    return
",
    );
}
