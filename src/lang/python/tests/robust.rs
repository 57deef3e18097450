//! Whatever the input: no panic, no hang, and valid control flow.

use super::lower;
use crate::ir::{Detail, FileId, Op, Proj, print_module, verify_module};
use crate::lang::{LowerError, STACK_BYTES};
use std::time::Instant;

/// All statements that the grammar has, to be cut up.
const SAMPLE: &str = "\
import a.b as c
from . import d
@deco(x)
class A(B, metaclass=M):
    f: int = 3
    async def m(self, a, /, b=None, *c, d: 'X' = 1, **e) -> T:
        async with a as b, c: await b
        async for x in y:
            yield x
        else: pass
        return [i async for i in j if k]
def f(x):
    global g
    try:
        with open(x) as h: raise E from None
    except (A, B) as e: continue
    except* C: break
    else: assert x, 'y'
    finally: del h.i, j[0]
    while (n := x) and not y or z is None: n += 1; x[1:2] = lambda q=1: q
    match x:
        case [1, *r] | {'k': v, **w} if u: pass
        case P(a=1) as p: return f'{x!r:>{w}}' if y else t'{z}'
    a, (b, *c) = yield from g(*h, **k)
    nonlocal z
";

/// Small deterministic generator, so that a failure repeats.
struct Random(u64);

impl Random {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) as usize) % n
    }
}

#[test]
fn nothing_and_nearly_nothing() {
    for text in
        ["", "\n", " ", "\t\n\t", "\\", "\u{feff}", "\u{feff}x = 1\n", "#", "\0", "x", "'", "\"\"\"", "\x0c", "\r\r\n"]
    {
        lower(text);
    }
}

#[test]
fn every_prefix_of_a_program() {
    for end in (0..=SAMPLE.len()).step_by(3) {
        lower(&SAMPLE[..end]);
    }
}

#[test]
fn every_suffix_of_a_program() {
    for start in (0..SAMPLE.len()).step_by(3) {
        lower(&SAMPLE[start..]);
    }
}

#[test]
fn programs_with_pieces_replaced() {
    let pieces = [
        "(", ")", "[", "{", "}", "'", "\"\"\"", ":", "\n", "\n    ", "def ", "\0", "\\", "é", ",", "=", "f'{", "@",
        ".", "  ",
    ];
    let mut random = Random(1);
    for _ in 0..600 {
        let mut text = String::from(SAMPLE);
        for _ in 0..=random.below(4) {
            let at = random.below(text.len());
            let end = (at + random.below(5)).min(text.len());
            if text.is_char_boundary(at) && text.is_char_boundary(end) {
                text.replace_range(at..end, pieces[random.below(pieces.len())]);
            }
        }
        lower(&text);
    }
}

#[test]
fn garbage() {
    let mut random = Random(7);
    for alphabet in ["()[]{}:,\n ", "\0\u{1}\u{7f}é中\u{202e}", "def f(x):\n\t '\"#\\", "<<<<<<<=======>>>>>>>\n ab"]
    {
        let alphabet: Vec<char> = alphabet.chars().collect();
        for _ in 0..60 {
            let text: String = (0..400).map(|_| alphabet[random.below(alphabet.len())]).collect();
            lower(&text);
        }
    }
}

#[test]
fn line_ends_do_not_matter() {
    let unix = print_module(&lower(SAMPLE).module, Detail::Ir);
    assert_eq!(print_module(&lower(&SAMPLE.replace('\n', "\r\n")).module, Detail::Ir), unix);
    assert_eq!(print_module(&lower(&format!("\u{feff}{SAMPLE}")).module, Detail::Ir), unix);
}

#[test]
fn many_of_everything_in_linear_time() {
    let n = 4_000;
    let wide = [
        "x = f(a, b=1)\n".repeat(n),
        format!("x = [{}]\n", "a, ".repeat(n * 4)),
        format!("f({})\n", "a, ".repeat(n * 4)),
        format!("def f({}): pass\n", (0..n).map(|i| format!("a{i}, ")).collect::<String>()),
        format!("with {}: pass\n", vec!["a as b"; n].join(", ")),
        "if a: b\n".repeat(n),
        format!("if a: b\n{}", "elif c: d\n".repeat(n)),
        "try: a()\nexcept B: pass\nfinally: c()\n".repeat(n),
        format!("try: a()\n{}", "except B: c\n".repeat(n)),
        "for a in b: c(a)\n".repeat(n),
        "def f(): pass\n".repeat(n),
        "class A: pass\n".repeat(n),
        format!("match x:\n{}", "  case [1, a]: b(a)\n".repeat(n)),
        format!("x = {}1\n", "a = ".repeat(n / 4)),
        format!("def f():\n x = 1\n{}", " def g(): return x\n".repeat(n)),
        "'\n".repeat(n),
        "(\n".repeat(n / 4),
        "def (:\n  x\n".repeat(n),
        "  x\n y\n".repeat(n),
        "\"\"\"\n".repeat(n + 1),
    ];
    for text in wide {
        let start = Instant::now();
        let result = crate::lang::python::lower(FileId(0), &text);
        if let Ok(lowered) = &result {
            assert!(!lowered.module.functions.is_empty());
        }
        assert!(start.elapsed().as_secs() < 10, "{:?}: {}", start.elapsed(), &text[..20]);
    }
}

#[test]
fn straight_line_code_longer_than_a_block() {
    let run = || {
        let module = lower(&"f()\n".repeat(70_000)).module;
        assert!(module.functions[0].blocks.len() > 1);
        assert!(module.functions[0].blocks.iter().all(|block| block.instrs.len() <= usize::from(u16::MAX)));
    };
    std::thread::Builder::new().stack_size(STACK_BYTES).spawn(run).unwrap().join().unwrap();
}

#[test]
fn too_deep_is_an_error() {
    let text = "(".repeat(100_000);
    let result = crate::lang::python::lower(FileId(0), &text);
    assert!(matches!(result, Err(LowerError::TooDeep { depth: 100_001, .. })));
}

#[test]
fn places_are_never_cut() {
    let lowered =
        lower("a.b.c.d.e = f[0][1][2].g(h.i.j.k.l[m.n.o.p]) + q.r.s.t\ndel u.v.w.x\nfor y in z.a.b.c: pass\n");
    verify_module(&lowered.module).unwrap();
    for block in &lowered.module.functions[0].blocks {
        for instr in &block.instrs {
            instr.op.for_each_place(&mut |place| assert!(!place.cut, "{place}"));
            if let Op::Build { parts, .. } = &instr.op {
                assert!(parts.iter().all(|(proj, _)| *proj != Proj::Index(u16::MAX)));
            }
        }
    }
}
