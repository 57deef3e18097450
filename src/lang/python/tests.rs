//! One idiom per test, read as printed IR.

use crate::ir::{Detail, FileId, print_module, verify_module};

fn ir(text: &str) -> String {
    let lowered = super::lower(FileId(0), text).unwrap();
    verify_module(&lowered.module).unwrap();
    print_module(&lowered.module, Detail::Ir)
}

#[test]
fn straight_line() {
    assert_eq!(
        ir("import redis\ndef f(url):\n    c = redis.Redis(url)\n    return c.get(1)\n"),
        "\
fn <module>()   [module]
  b0:
    @redis = symbol redis
    @f = closure #1 f
    return

fn f($0:url)   [plain]
  b0:
    %1 = call @redis.Redis($0:url)
    %0:c <- move %1
    %3 = call %0:c.get(1)
    result <- move %3
    return
"
    );
}
