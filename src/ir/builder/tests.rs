//! Regions, and graphs that are broken on purpose.

use super::*;
use crate::ir::{Binding, Const, Detail, FnKind, Function, Module, print_function, verify};

fn span() -> Span {
    Span::new(FileId(0), 0, 0)
}

fn mark(builder: &mut Builder, name: &'static str) {
    let value = Const::Bool(true);
    builder.emit(Op::Const { dst: Place::global(name), value }, span(), Origin::Same);
}

fn function(builder: Builder) -> Function {
    let (blocks, locals) = builder.finish(span());
    let name = Name::new("f");
    Function {
        name,
        qualname: name,
        kind: FnKind::Plain,
        binding: Binding::None,
        class: None,
        parent: None,
        r#async: false,
        generator: false,
        private: false,
        params: Vec::new(),
        receiver: None,
        ret: None,
        captures: Vec::new(),
        decorators: Vec::new(),
        directives: Vec::new(),
        locals,
        blocks,
        span: span(),
        name_span: span(),
    }
}

#[track_caller]
fn check(builder: Builder, expected: &str) {
    let function = function(builder);
    verify(&function).unwrap();
    let module = Module {
        file: FileId(0),
        functions: Vec::new(),
        classes: Vec::new(),
        has_script_region: false,
        exports: Vec::new(),
        stars: Vec::new(),
        instances: Vec::new(),
    };
    let printed = print_function(&module, &function, Detail::Ir);
    assert!(printed.trim() == expected.trim(), "got:\n{printed}");
}

#[test]
fn labelled_continue_runs_the_cleanups_between() {
    let mut b = Builder::new(FileId(0));
    let exit = b.block();
    b.enter_loop(exit, Some(Name::new("outer")));
    let after = b.block();
    b.enter_cleanup_scope();
    let inner_exit = b.block();
    b.enter_loop(inner_exit, None);
    mark(&mut b, "body");
    assert!(b.continue_loop(Some("outer"), span()));
    b.leave_loop(span());
    b.start(inner_exit);
    b.begin_cleanup(after, span());
    mark(&mut b, "cleanup");
    b.end_cleanup(None, span());
    b.start(after);
    b.leave_loop(span());
    b.start(exit);
    check(
        b,
        "\
fn f()   [plain]
  b0:
    goto b1
  b1: loop
    goto b2
  b2: loop, unwind b3
    @body = true
    jump through b3 to b1
  b3: cleanup, pending 1
    @cleanup = true
    end cleanup
",
    );
}

#[test]
fn jumps_without_a_loop_are_refused() {
    let mut b = Builder::new(FileId(0));
    assert!(!b.break_loop(None, span()));
    let exit = b.block();
    b.enter_loop(exit, None);
    assert!(!b.continue_loop(Some("other"), span()));
    assert!(b.break_loop(None, span()));
    b.leave_loop(span());
    b.start(exit);
    check(b, "fn f()   [plain]\n  b0:\n    goto b1\n  b1: loop\n    goto b2\n  b2:\n    return\n");
}

#[test]
fn a_break_leaves_a_switch_and_a_continue_does_not() {
    let mut b = Builder::new(FileId(0));
    let exit = b.block();
    b.enter_loop(exit, None);
    let update = b.block();
    b.continue_at(update);
    let after = b.block();
    b.enter_exit(after, Leave::Break);
    let (again, out) = (b.block(), b.block());
    b.branch(Place::global("x"), Test::Truthy, again, out, span());
    b.start(again);
    assert!(b.continue_loop(None, span()));
    b.start(out);
    assert!(b.break_loop(None, span()));
    b.leave_exit(span());
    b.start(after);
    mark(&mut b, "after");
    b.start(update);
    mark(&mut b, "update");
    b.leave_loop(span());
    b.start(exit);
    check(
        b,
        "\
fn f()   [plain]
  b0:
    goto b1
  b1: loop
    if @x goto b3 else b2
  b2:
    @after = true
    goto b3
  b3:
    @update = true
    goto b1
",
    );
}

#[test]
fn regions_are_left_through_the_cleanups_between() {
    let mut b = Builder::new(FileId(0));
    let outer = b.block();
    b.enter_exit(outer, Leave::Label(Name::new("block")));
    let inner = b.block();
    let token = b.enter_exit(inner, Leave::Token);
    let after = b.block();
    b.enter_cleanup_scope();
    let (one, two) = (b.block(), b.block());
    b.branch(Place::global("x"), Test::Truthy, one, two, span());
    b.start(one);
    assert!(!b.break_loop(None, span()));
    assert!(b.break_loop(Some("block"), span()));
    b.start(two);
    b.leave_exit_early(token, span());
    b.begin_cleanup(after, span());
    b.end_cleanup(None, span());
    b.start(after);
    b.leave_exit(span());
    b.start(inner);
    mark(&mut b, "inner");
    b.leave_exit(span());
    b.start(outer);
    check(
        b,
        "\
fn f()   [plain]
  b0:
    goto b1
  b1: unwind b4
    if @x goto b2 else b3
  b2: unwind b4
    jump through b4 to b6
  b3: unwind b4
    jump through b4 to b5
  b4: cleanup, pending 1
    end cleanup
  b5:
    @inner = true
    goto b6
  b6:
    return
",
    );
}

#[test]
fn a_loop_that_does_nothing_stays() {
    let mut b = Builder::new(FileId(0));
    let exit = b.block();
    b.enter_loop(exit, None);
    b.leave_loop(span());
    b.start(exit);
    mark(&mut b, "never");
    check(b, "fn f()   [plain]\n  b0:\n    goto b1\n  b1: loop\n    goto b1\n");
}

#[test]
fn script_regions_are_not_merged_with_their_neighbours() {
    let mut b = Builder::new(FileId(0));
    mark(&mut b, "before");
    assert!(!b.set_script(true));
    let script = b.block();
    b.start(script);
    mark(&mut b, "script");
    assert!(b.set_script(false));
    let after = b.block();
    b.start(after);
    mark(&mut b, "after");
    check(
        b,
        "\
fn f()   [plain]
  b0:
    @before = true
    goto b1
  b1: script
    @script = true
    goto b2
  b2:
    @after = true
    return
",
    );
}

#[test]
fn broken_graphs_are_found_out() {
    let good = || {
        let mut b = Builder::new(FileId(0));
        let after = b.block();
        b.enter_cleanup_scope();
        mark(&mut b, "body");
        b.begin_cleanup(after, span());
        mark(&mut b, "cleanup");
        b.end_cleanup(None, span());
        b.start(after);
        b.enter_dispatch_scope();
        mark(&mut b, "tried");
        let dispatch = b.leave_dispatch_scope();
        b.ret(false, span());
        let handlers = b.begin_handlers(dispatch, 1, true, span());
        b.start(handlers[0]);
        let dst = b.temp();
        b.emit(Op::Catch { dst, types: Vec::new() }, span(), Origin::Same);
        b.ret(false, span());
        b.end_handlers();
        function(b)
    };
    let fault = |change: &dyn Fn(&mut Function)| {
        let mut function = good();
        change(&mut function);
        verify(&function).unwrap_err()
    };
    let find = |function: &Function, kind: fn(BlockKind) -> bool| {
        function.blocks.iter().position(|block| kind(block.kind)).unwrap()
    };
    let cleanup = |function: &Function| find(function, |kind| kind == BlockKind::Cleanup);
    let dispatch = |function: &Function| find(function, |kind| matches!(kind, BlockKind::Dispatch { .. }));
    verify(&good()).unwrap();
    assert!(fault(&|f| f.blocks[0].term = Term::Goto(BlockId(99))).contains("no block 99"));
    assert!(fault(&|f| f.blocks.clear()).contains("no blocks"));
    assert!(fault(&|f| f.locals.clear()).contains("%0 does not exist"));
    assert!(fault(&|f| f.blocks[0].pending = 1).contains("entry"));
    assert!(
        fault(&|f| {
            let at = cleanup(f);
            f.blocks[at].pending = 0
        })
        .contains("completion")
    );
    assert!(
        fault(&|f| {
            let at = cleanup(f);
            f.blocks[at].kind = BlockKind::Plain
        })
        .contains("plain")
    );
    assert!(fault(&|f| f.blocks[0].term = Term::Goto(BlockId(cleanup(f) as u32))).contains("normal edge"));
    assert!(fault(&|f| f.blocks[0].term = Term::EndCleanup { after: None }).contains("nothing pending"));
    assert!(
        fault(&|f| {
            let Term::Switch(handlers) = f.blocks[dispatch(f)].term.clone() else { return };
            f.blocks[handlers[0].index()].instrs.clear();
        })
        .contains("catch")
    );
    assert!(
        fault(&|f| {
            let at = dispatch(f);
            f.blocks[at].term = Term::Halt
        })
        .contains("does not switch")
    );
}
