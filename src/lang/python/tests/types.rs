//! Annotations.

use super::check;

#[test]
fn annotations() {
    check(
        r#"
def f(a: Optional[redis.Redis], b: "list[Pool]", c: Annotated[Conn, Depends(get)], d: A | None | B,
      e: Union[None, X, Y], g: Callable[[A], B], h: Literal["x"], i: Awaitable["Conn"], j: None, k: 3) -> "A | None":
    x: Final[Pool] = a
    y: ClassVar["Conn"]
    z: "not a type (" = b
"#
        .trim_start(),
        r#"
fn <module>()   [module]
  b0:
    %0 = call @Depends(@get)
    @f = closure #1 f
    return

fn f($0:a: redis.Redis?, $1:b: list[Pool], $2:c: Conn = outer %0, $3:d: A? | B, $4:e: X? | Y, $5:g: Callable[[A], B], $6:h: Literal, $7:i: Awaitable[Conn], $8:j: None?, $9:k) -> A?   [plain]
  local %0:x: Pool
  local %1:y: Conn
  b0:
    %0:x <- $0:a
    %2:z <- $1:b
    return
"#,
    );
}
