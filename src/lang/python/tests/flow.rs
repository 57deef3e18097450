//! Control flow: branches, loops, `with`, `try`, `match`.

use super::{check, check_function};

#[test]
fn if_elif_else() {
    check_function(
        "f",
        r#"
def f(a, b):
    if a is None:
        x()
    elif b == "on" or not b:
        y()
    else:
        z()
    return 1
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
        r"
def f(a):
    if a is not None and isinstance(a, (Pool, db.Conn)) and a.size > 3 and ready(a):
        go()
"
        .trim_start(),
        r"
fn f($0:a)   [plain]
  b0:
    if $0:a is null goto b5 else b1
  b1:
    if $0:a is a Pool | db.Conn goto b2 else b5
  b2:
    if ? of $0:a.size goto b3 else b5
  b3:
    %0 = call @ready($0:a)
    if %0 goto b4 else b5
  b4:
    %1 = call @go()
    goto b5
  b5:
    return
",
    );
}

#[test]
fn literal_conditions_are_decided() {
    check_function(
        "f",
        r"
def f():
    if 0:
        never()
    while 1:
        if step():
            break
    return 2
"
        .trim_start(),
        r"
fn f()   [plain]
  b0:
    goto b1
  b1: loop
    %1 = call @step()
    if %1 goto b2 else b1
  b2:
    result = 2
    return
",
    );
}

#[test]
fn for_with_else_break_continue() {
    check_function(
        "f",
        r"
def f(pool):
    for conn in pool.conns:
        if conn is None:
            continue
        if conn.bad:
            break
    else:
        none_bad()
    done()
"
        .trim_start(),
        r"
fn f($0:pool)   [plain]
  b0:
    goto b1
  b1: loop
    %1 = call $0:pool.conns.__next__()   ; synth
    switch b2 b4
  b2:
    %0:conn <- $0:pool.conns[*]
    if %0:conn is null goto b1 else b3
  b3:
    if %0:conn.bad goto b5 else b1
  b4:
    %2 = call @none_bad()
    goto b5
  b5:
    %3 = call @done()
    return
",
    );
}

#[test]
fn while_with_condition() {
    check_function(
        "f",
        r"
def f(q):
    while not q.empty() and q.open:
        q.get()
"
        .trim_start(),
        r"
fn f($0:q)   [plain]
  b0:
    goto b1
  b1: loop
    %0 = call $0:q.empty()
    if %0 goto b4 else b2
  b2:
    if $0:q.open goto b3 else b4
  b3:
    %1 = call $0:q.get()
    goto b1
  b4:
    return
",
    );
}

#[test]
fn async_for() {
    check_function(
        "f",
        r"
async def f(stream):
    async for item in stream:
        await use(item)
"
        .trim_start(),
        r"
async fn f($0:stream)   [plain]
  b0:
    goto b1
  b1: loop
    %1 = call $0:stream.__anext__()   ; synth
    %2 = await %1   ; synth
    switch b2 b3
  b2:
    %0:item <- $0:stream[*]
    %3 = call @use(%0:item)
    %4 = await %3
    goto b1
  b3:
    return
",
    );
}

#[test]
fn with_exits_on_every_way() {
    check_function(
        "f",
        r"
def f(path):
    with open(path) as fh:
        if fh.read():
            return fh
        fh.seek(0)
    done()
"
        .trim_start(),
        r"
fn f($0:path)   [plain]
  b0:
    %1 = call @open($0:path)
    %0:fh = enter %1
    goto b1
  b1: unwind b4
    %2 = call %0:fh.read()
    if %2 goto b2 else b3
  b2: unwind b4
    result <- %0:fh
    jump through b4 to return
  b3: unwind b4
    %4 = call %0:fh.seek(0)
    jump through b4 to b5
  b4: cleanup, pending 1
    exit %1
    end cleanup, if swallowed b5
  b5:
    %5 = call @done()
    return
",
    );
}

#[test]
fn with_several_items_nest() {
    check_function(
        "f",
        r"
def f():
    with lock, (a()) as x, b(x):
        work(x)
"
        .trim_start(),
        r"
fn f()   [plain]
  b0:
    %1 = enter @lock
    goto b1
  b1: unwind b8
    %2 = call @a()
    %0:x = enter %2
    goto b2
  b2: unwind b6
    %3 = call @b(%0:x)
    %4 = enter %3
    goto b3
  b3: unwind b4
    %5 = call @work(%0:x)
    jump through b4 to b5
  b4: cleanup, pending 1, unwind b6
    exit %3
    end cleanup, if swallowed b5
  b5: unwind b6
    jump through b6 to b7
  b6: cleanup, pending 1, unwind b8
    exit %2
    end cleanup, if swallowed b7
  b7: unwind b8
    jump through b8 to b9
  b8: cleanup, pending 1
    exit @lock
    end cleanup, if swallowed b9
  b9:
    return
",
    );
}

#[test]
fn async_with_into_attribute() {
    check_function(
        "f",
        r"
async def f(self):
    async with connect() as self.conn:
        await self.conn.get()
"
        .trim_start(),
        r"
async fn f($0:self)   [plain]
  b0:
    %0 = call @connect()
    %1 = async enter %0
    goto b1
  b1: unwind b2
    $0:self.conn <- move %1
    %2 = call $0:self.conn.get()
    %3 = await %2
    jump through b2 to b3
  b2: cleanup, pending 1
    async exit %0
    end cleanup, if swallowed b3
  b3:
    return
",
    );
}

#[test]
fn with_rebinding_its_own_manager() {
    check_function(
        "f",
        r"
def f(conn):
    with conn as conn:
        pass
"
        .trim_start(),
        r"
fn f($0:conn)   [plain]
  b0:
    %0 <- $0:conn   ; synth
    $0:conn = enter %0
    goto b1
  b1: unwind b2
    jump through b2 to b3
  b2: cleanup, pending 1
    exit %0
    end cleanup, if swallowed b3
  b3:
    return
",
    );
}

#[test]
fn with_ends_with_what_it_began_with() {
    check_function(
        "f",
        r"
def f(conn):
    with conn:
        conn = None
"
        .trim_start(),
        r"
fn f($0:conn)   [plain]
  b0:
    %1 <- $0:conn   ; synth
    %0 = enter %1
    goto b1
  b1: unwind b2
    $0:conn = null
    jump through b2 to b3
  b2: cleanup, pending 1
    exit %1
    end cleanup, if swallowed b3
  b3:
    return
",
    );
}

#[test]
fn break_and_continue_run_cleanups() {
    check_function(
        "f",
        r"
def f(xs):
    for x in xs:
        with x:
            if x.a:
                break
            try:
                if x.b:
                    continue
            finally:
                x.close()
"
        .trim_start(),
        r"
fn f($0:xs)   [plain]
  b0:
    goto b1
  b1: loop
    %1 = call $0:xs.__next__()   ; synth
    switch b2 b11
  b2:
    %0:x <- $0:xs[*]
    %2 = enter %0:x
    goto b3
  b3: unwind b10
    if %0:x.a goto b4 else b5
  b4: unwind b10
    jump through b10 to b11
  b5: unwind b8
    if %0:x.b goto b6 else b7
  b6: unwind b8
    jump through b8 b10 to b1
  b7: unwind b8
    jump through b8 to b9
  b8: cleanup, pending 1, unwind b10
    %3 = call %0:x.close()
    end cleanup
  b9: unwind b10
    jump through b10 to b1
  b10: cleanup, pending 1
    exit %0:x
    end cleanup, if swallowed b1
  b11:
    return
",
    );
}

#[test]
fn try_except_else_finally() {
    check_function(
        "f",
        r"
def f():
    try:
        body()
    except (ValueError, a.B) as e:
        handle(e)
    except KeyError:
        raise
    else:
        other()
    finally:
        last()
    after()
"
        .trim_start(),
        r"
fn f()   [plain]
  b0:
    goto b1
  b1: unwind b3
    %1 = call @body()
    goto b2
  b2: unwind b7
    %2 = call @other()
    goto b6
  b3: dispatch, pending 1, unwind b7
    switch b4 b5
  b4: pending 1, unwind b7
    %0:e = catch ValueError, a.B
    %3 = call @handle(%0:e)
    goto b6
  b5: pending 1, unwind b7
    %4 = catch KeyError
    reraise
  b6: unwind b7
    jump through b7 to b8
  b7: cleanup, pending 1
    %5 = call @last()
    end cleanup
  b8:
    %6 = call @after()
    return
",
    );
}

#[test]
fn bare_except_catches_everything() {
    check_function(
        "f",
        r"
def f():
    try:
        body()
    except:
        pass
"
        .trim_start(),
        r"
fn f()   [plain]
  b0:
    goto b1
  b1: unwind b2
    %0 = call @body()
    goto b4
  b2: dispatch of everything, pending 1
    switch b3
  b3: pending 1
    %1 = catch
    goto b4
  b4:
    return
",
    );
}

#[test]
fn base_exception_catches_everything() {
    check_function(
        "f",
        r"
def f():
    try:
        body()
    except BaseException:
        raise
"
        .trim_start(),
        r"
fn f()   [plain]
  b0:
    goto b1
  b1: unwind b2
    %0 = call @body()
    goto b4
  b2: dispatch of everything, pending 1
    switch b3
  b3: pending 1
    %1 = catch BaseException
    reraise
  b4:
    return
",
    );
}

#[test]
fn except_star() {
    check_function(
        "f",
        r"
def f():
    try:
        body()
    except* OSError as group:
        log(group)
"
        .trim_start(),
        r"
fn f()   [plain]
  b0:
    goto b1
  b1: unwind b2
    %1 = call @body()
    goto b4
  b2: dispatch, pending 1
    switch b3
  b3: pending 1
    %0:group = catch OSError
    %2 = call @log(%0:group)
    goto b4
  b4:
    return
",
    );
}

#[test]
fn return_in_finally_drops_what_is_pending() {
    check_function(
        "f",
        r"
def f():
    try:
        return body()
    finally:
        return 2
"
        .trim_start(),
        r"
fn f()   [plain]
  b0:
    goto b1
  b1: unwind b2
    %0 = call @body()
    result <- move %0
    jump through b2 to return
  b2: cleanup, pending 1
    result = 2
    return
",
    );
}

#[test]
fn break_in_finally() {
    check_function(
        "f",
        r"
def f(xs):
    for x in xs:
        try:
            x()
        finally:
            break
"
        .trim_start(),
        r"
fn f($0:xs)   [plain]
  b0:
    goto b1
  b1: loop
    %1 = call $0:xs.__next__()   ; synth
    switch b2 b5
  b2:
    %0:x <- $0:xs[*]
    goto b3
  b3: unwind b4
    %2 = call %0:x()
    jump through b4 to b1
  b4: cleanup, pending 1
    goto b5
  b5:
    return
",
    );
}

#[test]
fn nested_finally() {
    check_function(
        "f",
        r"
def f(a, b):
    try:
        try:
            return use(a, b)
        finally:
            a.close()
    finally:
        b.close()
"
        .trim_start(),
        r"
fn f($0:a, $1:b)   [plain]
  b0:
    goto b1
  b1: unwind b2
    %0 = call @use($0:a, $1:b)
    result <- move %0
    jump through b2 b3 to return
  b2: cleanup, pending 1, unwind b3
    %1 = call $0:a.close()
    end cleanup
  b3: cleanup, pending 1
    %2 = call $1:b.close()
    end cleanup
",
    );
}

#[test]
fn handler_with_cleanup_inside() {
    check_function(
        "f",
        r"
def f(c):
    try:
        c.get()
    except OSError:
        with c.lock:
            c.close()
        return None
"
        .trim_start(),
        r"
fn f($0:c)   [plain]
  b0:
    goto b1
  b1: unwind b2
    %0 = call $0:c.get()
    goto b7
  b2: dispatch, pending 1
    switch b3
  b3: pending 1
    %1 = catch OSError
    %2 = enter $0:c.lock
    goto b4
  b4: pending 1, unwind b5
    %3 = call $0:c.close()
    jump through b5 to b6
  b5: cleanup, pending 2
    exit $0:c.lock
    end cleanup, if swallowed b6
  b6: pending 1
    result = null
    return
  b7:
    return
",
    );
}

#[test]
fn raise_from() {
    check_function(
        "f",
        r#"
def f(e):
    raise Wrapped("x") from e
"#
        .trim_start(),
        r#"
fn f($0:e)   [plain]
  b0:
    %1 = call @Wrapped("x")
    raise
"#,
    );
}

#[test]
fn assert_halts() {
    check_function(
        "f",
        r"
def f(c):
    assert c is not None, message()
    return c
"
        .trim_start(),
        r"
fn f($0:c)   [plain]
  b0:
    if $0:c is null goto b1 else b2
  b1:
    %0 = call @message()
    halt
  b2:
    result <- $0:c
    return
",
    );
}

#[test]
fn dead_code_is_left_out_but_its_functions_exist() {
    check(
        r"
def f():
    return 1
    x()
    def g():
        y()
"
        .trim_start(),
        r"
fn <module>()   [module]
  b0:
    @f = closure #1 f
    return

fn f()   [plain]
  b0:
    result = 1
    return

fn f.g()   [closure]
  b0:
    %0 = call @y()
    return
",
    );
}

#[test]
fn match_patterns() {
    check_function(
        "f",
        r#"
def f(v):
    match v:
        case None:
            a()
        case "x" | 2:
            b()
        case [first, *rest]:
            c(first, rest)
        case {"k": k, **others}:
            d(k, others)
        case Point(x=0, y=yy):
            e(yy)
        case Color.RED:
            g()
        case str() as s if s:
            h(s)
        case _:
            i()
"#
        .trim_start(),
        r#"
fn f($0:v)   [plain]
  b0:
    if $0:v is null goto b1 else b2
  b1:
    %6 = call @a()
    goto b18
  b2:
    if $0:v == "x" goto b4 else b3
  b3:
    if $0:v == 2 goto b4 else b5
  b4:
    %7 = call @b()
    goto b18
  b5:
    if ? of $0:v goto b6 else b7
  b6:
    %0:first <- $0:v[0]
    %1:rest <- $0:v[*]
    %8 = call @c(%0:first, %1:rest)
    goto b18
  b7:
    if ? of $0:v goto b8 else b9
  b8:
    %2:k <- $0:v.k
    %3:others <- $0:v
    %9 = call @d(%2:k, %3:others)
    goto b18
  b9:
    if $0:v is a Point goto b10 else b12
  b10:
    if $0:v.x == 0 goto b11 else b12
  b11:
    %4:yy <- $0:v.y
    %10 = call @e(%4:yy)
    goto b18
  b12:
    if ? of $0:v goto b13 else b14
  b13:
    %11 = call @g()
    goto b18
  b14:
    if $0:v is a str goto b15 else b17
  b15:
    %5:s <- $0:v
    if %5:s goto b16 else b17
  b16:
    %12 = call @h(%5:s)
    goto b18
  b17:
    %13 = call @i()
    goto b18
  b18:
    return
"#,
    );
}

#[test]
fn main_region_is_a_script() {
    check(
        r#"
def main():
    pass
if __name__ == "__main__":
    main()
else:
    other()
"#
        .trim_start(),
        r#"
fn <module>()   [module]
  b0:
    @main = closure #1 main
    if ? of @__name__ goto b1 else b2
  b1: script
    %0 = call @main()
    goto b3
  b2:
    %1 = call @other()
    goto b3
  b3:
    return

fn main()   [plain]
  b0:
    return
"#,
    );
}
