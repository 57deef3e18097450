//! Annotations.

use super::check_function_in;
use crate::source::Language;

#[test]
fn annotations() {
    check_function_in(
        Language::TypeScript,
        "f",
        r#"
function f(a: Redis | null, b: Promise<Redis>, c: Redis[], d: typeof x.y, e: ns.A<B, string>, g?: readonly Pool[], h: (A | undefined) = undefined,
  i: ReturnType<typeof make>, j: A | B | null, k: "x" | 1, l: import("pg").Pool, m: { a: 1 }, n: A & B, o: Map<string, () => void>, ...p: Redis[]): Promise<void> {
  let x: Redis | undefined;
  const y: any = 1;
}
"#
        .trim_start(),
        r"
fn f($0:a: Redis?, $1:b: Promise[Redis], $2:c: Array[Redis], $3:d: x.y, $4:e: ns.A[B, string], $5:g: Array[Pool]? = null, $6:h: A? = null, $7:i: ReturnType[make], $8:j: A? | B, $9:k, $10:l: pg.Pool, $11:m, $12:n: A, $13:o: Map[string, ], *$14:p: Array[Redis]) -> Promise[]   [plain]
  local %0:x: Redis?
  b0:
    %1:y = 1
    return
",
    );
}
