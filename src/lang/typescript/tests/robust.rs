//! Whatever the input: no panic, no hang, and valid control flow.

use super::lower;
use crate::ir::{Detail, FileId, print_module, verify_module};
use crate::lang::{LowerError, STACK_BYTES};
use crate::source::Language;
use std::time::Instant;

/// Most of what the grammar has, to be cut up.
const SAMPLE: &str = r#"
import A, { b as c } from "m"; import * as d from 'node:e';
export default class X<T> extends B<T> implements I {
  #p = 1; static s = new Map(); private readonly q?: Redis;
  constructor(private r: R, { a, b = 2, ...rest }, ...xs) { super(r); label: for (;;) { break label; } }
  async *g() { yield* this.#p; for await (const x of y) { await x?.z?.(1) ?? w; } }
  get v() { return () => this; } static { this.t = 1; } close = async () => { await this.r.quit(); };
}
@deco() export abstract class Y { abstract m(): void; }
function f(a, b = a) { try { return a.b.c.d(`x${a}y`); } catch ({ m }) { throw m; } finally { arguments[0]; } }
F.prototype.m = function () { return new.target; };
switch (x) { case 1: case "a": let z = 1; default: z ||= 2; }
p.then(v => { if (v) return v; }, e => e).catch(log).finally(() => done());
new Promise((resolve, reject) => { q.on("x", () => resolve(1)); resolve(); });
const j = <Box a="1" {...b} c={d}><i>t{e}</i><></></Box>, k = { m() {}, get n() { return 1; }, [o]: 1, ...r };
do { [a, b] = [b, a]; ({ c: d.e, f = 1 } = g); } while (typeof a === "undefined" || !(b instanceof C) && c != null);
namespace N { export enum E { A, B = 1 } export const t = tag`x${1}`; }
{ await using u = v(), w = x; delete w.y; for (const k in o) continue; }
if (require.main === module) module.exports = { a, b };
"#;

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
        ["", "\n", " ", "\\", "\u{feff}", "\u{feff}x = 1\n", "#", "#!/x", "\0", "x", "'", "`", "`${", "/*", "</"]
    {
        for language in [Language::TypeScript, Language::Tsx, Language::JavaScript, Language::Vue, Language::Svelte] {
            lower(language, text);
        }
    }
}

#[test]
fn the_sample_is_understood() {
    assert_eq!(lower(Language::Tsx, SAMPLE).problems, []);
}

#[test]
fn every_prefix_of_a_program() {
    for end in (0..=SAMPLE.len()).step_by(7) {
        lower(Language::Tsx, &SAMPLE[..end]);
    }
}

#[test]
fn every_suffix_of_a_program() {
    for start in (0..SAMPLE.len()).step_by(7) {
        lower(Language::JavaScript, &SAMPLE[start..]);
    }
}

#[test]
fn programs_with_pieces_replaced() {
    let pieces = [
        "(",
        ")",
        "[",
        "{",
        "}",
        "'",
        "`",
        ":",
        "\n",
        ";",
        "=>",
        "function ",
        "\0",
        "\\",
        "é",
        ",",
        "=",
        "${",
        "@",
        ".",
        "?.",
        "</",
        "<",
        "await ",
        "class ",
        "/*",
        "//",
    ];
    let mut random = Random(1);
    for round in 0..300 {
        let mut text = String::from(SAMPLE);
        for _ in 0..=random.below(4) {
            let at = random.below(text.len());
            let end = (at + random.below(5)).min(text.len());
            if text.is_char_boundary(at) && text.is_char_boundary(end) {
                text.replace_range(at..end, pieces[random.below(pieces.len())]);
            }
        }
        lower([Language::Tsx, Language::TypeScript, Language::JavaScript][round % 3], &text);
    }
}

#[test]
fn garbage() {
    let mut random = Random(7);
    for alphabet in
        ["()[]{}:,\n ", "\0\u{1}\u{7f}é中\u{202e}", "function (x){\n\t '\"/`${}=>", "<<<<<<<=======>>>>>>>\n ab"]
    {
        let alphabet: Vec<char> = alphabet.chars().collect();
        for _ in 0..40 {
            let text: String = (0..400).map(|_| alphabet[random.below(alphabet.len())]).collect();
            lower(Language::Tsx, &text);
        }
    }
}

#[test]
fn line_ends_do_not_matter() {
    let unix = print_module(&lower(Language::Tsx, SAMPLE).module, Detail::Ir);
    assert_eq!(print_module(&lower(Language::Tsx, &SAMPLE.replace('\n', "\r\n")).module, Detail::Ir), unix);
    assert_eq!(print_module(&lower(Language::Tsx, &format!("\u{feff}{SAMPLE}")).module, Detail::Ir), unix);
}

#[test]
fn many_of_everything_in_linear_time() {
    let n = 3_000;
    let wide = [
        "x = f(a, b?.c);\n".repeat(n),
        format!("x = [{}];\n", "a, ".repeat(n * 4)),
        format!("f({});\n", "a, ".repeat(n * 4)),
        format!("x = {{{}}};\n", (0..n).map(|i| format!("a{i}: 1, ")).collect::<String>()),
        format!("function f({}) {{}}\n", (0..n).map(|i| format!("a{i} = 1, ")).collect::<String>()),
        format!("{{ {} }}\n", "using a = b();".repeat(250)),
        "if (a) b();\n".repeat(n),
        format!("if (a) b();\n{}", "else if (c) d();\n".repeat(n / 12)),
        "try { a(); } catch { b(); } finally { c(); }\n".repeat(n),
        format!("switch (x) {{ {} }}", "case 1: a(); break;\n".repeat(n)),
        "for (const a of b) c(a);\n".repeat(n),
        "function f() {}\n".repeat(n),
        "class A { m() {} x = 1; }\n".repeat(n),
        format!("class A {{ {} }}\n", "m() {} x = 1;\n".repeat(n)),
        format!("function f() {{ let x = 1;\n{} }}", "g(() => x);\n".repeat(n)),
        "a.then(b).catch(c);\n".repeat(n),
        format!("a{};\n", ".then(b)".repeat(200)),
        "<a><b c={d} /></a>;\n".repeat(n),
        "new Promise(r => { r(1); });\n".repeat(n),
    ];
    let run = move || {
        for text in wide {
            let start = Instant::now();
            let result = crate::lang::typescript::lower(Language::Tsx, FileId(0), &text);
            let lowered = result.unwrap_or_else(|error| panic!("{error}: {}", &text[..30]));
            verify_module(&lowered.module).unwrap();
            assert!(start.elapsed().as_secs() < 10, "{:?}: {}", start.elapsed(), &text[..30]);
        }
    };
    std::thread::Builder::new().stack_size(STACK_BYTES).spawn(run).unwrap().join().unwrap();
}

#[test]
fn too_deep_is_an_error() {
    for text in ["(".repeat(100_000), "{".repeat(100_000), "a.b".repeat(100_000), "() => ".repeat(100_000)] {
        let result = crate::lang::typescript::lower(Language::JavaScript, FileId(0), &text);
        assert!(matches!(result, Err(LowerError::TooDeep { .. })), "{}", &text[..10]);
    }
}

#[test]
fn as_deep_as_is_allowed() {
    let run = || {
        for (open, close, times) in [
            ("(", ")", 1_400),
            ("[", "]", 1_400),
            ("{a:", "}", 280),
            ("f(", ")", 700),
            ("() => ", "", 450),
            ("a?.(", ")", 450),
            ("!", "", 1_400),
            ("p.then(() => ", ")", 250),
            ("{ if (x) ", "}", 200),
            ("try {", "} finally {}", 250),
            ("class { m() { x = ", "}}", 100),
        ] {
            let text = format!("x = {}1{}", open.repeat(times), close.repeat(times));
            let text =
                if open.starts_with("{ ") || open.starts_with("try") { text.replacen("x = ", "", 1) } else { text };
            if let Ok(lowered) = crate::lang::typescript::lower(Language::JavaScript, FileId(0), &text) {
                verify_module(&lowered.module).unwrap();
            }
        }
    };
    // Half of what there will be.
    std::thread::Builder::new().stack_size(STACK_BYTES / 2).spawn(run).unwrap().join().unwrap();
}

#[test]
fn places_are_never_cut() {
    let lowered = lower(
        Language::JavaScript,
        "a.b.c.d.e = f[0][1][2].g(h.i.j.k.l[m.n.o.p]) + q.r.s.t; delete u.v.w.x; for (const y of z.a.b.c) {}\n\
         const { a: { b: { c: { d } } }, e: [[[g]]] } = h; class A { static x = class { static y = class { static z = 1; }; }; }",
    );
    for function in &lowered.module.functions {
        for block in &function.blocks {
            for instr in &block.instrs {
                instr.op.for_each_place(&mut |place| assert!(!place.cut, "{place}"));
            }
        }
    }
}
