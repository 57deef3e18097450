//! The second form of print: blocks and edges only.

use super::{compare, lower};
use crate::ir::{Detail, print_function};

#[test]
fn edges_have_kinds() {
    let module = lower(
        "\
def f(xs):
    for x in xs:
        try:
            if x:
                continue
            x.get()
        except OSError:
            raise
        finally:
            x.close()
",
    )
    .module;
    compare(
        &print_function(&module, &module.functions[1], Detail::Cfg),
        "\
fn f
  b0:
    next b1
  b1: loop
    next b2
    next b10
  b2:
    next b3
  b3:
    true b4
    false b5
    unwind b6
  b4:
    jump through b9 to b1
    unwind b6
  b5:
    next b8
    unwind b6
  b6: dispatch, pending 1
    next b7
    unwind b9
  b7: pending 1
    reraise
    unwind b9
  b8:
    jump through b9 to b1
    unwind b9
  b9: cleanup, pending 1
    end cleanup
  b10:
    return
",
    );
}

#[test]
fn back_edges_are_named() {
    let module = lower("def f(a):\n    while a:\n        if a.b:\n            a.c()\n").module;
    compare(
        &print_function(&module, &module.functions[1], Detail::Cfg),
        "\
fn f
  b0:
    next b1
  b1: loop
    true b2
    false b4
  b2:
    true b3
    false, back b1
  b3:
    back b1
  b4:
    return
",
    );
}
