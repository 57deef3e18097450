use super::*;
use crate::lang::STACK_BYTES;
use crate::lang::repair::typescript as repair;
use crate::source::Language;
use oxc_allocator::Allocator;
use oxc_semantic::SemanticBuilder;

/// Programs that nest `n` deep, each in its own way.
fn deep(n: usize) -> Vec<(&'static str, String)> {
    let blocks = n.min(MAX_BLOCKS - 1);
    let around =
        |open: &str, middle: &str, close: &str, n: usize| format!("{}{middle}{}", open.repeat(n), close.repeat(n));
    vec![
        ("parentheses", format!("x = {}", around("(", "1", ")", n))),
        ("arrays", format!("x = {}", around("[", "1", "]", n))),
        ("objects", format!("x = {}", around("{a:", "1", "}", n / 2))),
        ("calls in calls", format!("x = {}", around("f(", "1", ")", n))),
        ("calls on lines", format!("x = {}", around("f(\n", "1", "\n)", n))),
        ("members", format!("x = a{}", ".b".repeat(n))),
        ("optional members", format!("x = a{}", "?.b".repeat(n))),
        ("methods", format!("x = a{}", ".b()".repeat(n / 2))),
        ("methods on lines", format!("x = a{}", "\n.b()".repeat(n / 2))),
        ("subscripts", format!("x = a{}", "[0]".repeat(n))),
        ("not", format!("x = {}y", "!".repeat(n))),
        ("minus", format!("x = {}y", "- ".repeat(n))),
        ("typeof", format!("x = {}y", "typeof ".repeat(n))),
        ("await", format!("async function f() {{ {}y }}", "await ".repeat(n))),
        ("new", format!("x = {}y", "new ".repeat(n))),
        ("plus", format!("x = a{}", " + b".repeat(n))),
        ("plus on lines", format!("x = a{}", " +\nb".repeat(n))),
        ("power", format!("x = a{}", " ** b".repeat(n))),
        ("and", format!("x = a{}", " && b".repeat(n))),
        ("conditional", format!("x = {}c", "a ? b : ".repeat(n / 2))),
        ("conditional test", format!("x = a{}", " ? a".repeat(n / 2) + &" : b".repeat(n / 2))),
        ("assignment", format!("{}c", "a = ".repeat(n))),
        ("arrows", format!("x = {}y", "a => ".repeat(n))),
        ("arrows with parameters", format!("x = {}y", "(a, b) => ".repeat(n / 3))),
        ("arrow blocks", format!("x = {}", around("() => { return ", "y", " }", blocks))),
        ("templates", format!("x = {}", around("`${", "y", "}`", n / 3))),
        ("tags", format!("x = a{}", "``".repeat(n / 2))),
        ("else if", format!("if (a) {{}}{}", " else if (b) {}".repeat(n / 5))),
        ("else if on lines", format!("if (a) {{}}{}", "\nelse if (b)\n{}".repeat(n / 5))),
        ("if", format!("{};", "if (a) ".repeat(n / 2))),
        ("if on lines", format!("{};", "if (a)\n".repeat(n / 2))),
        ("for on lines", format!("{};", "for (;;)\n".repeat(n / 2))),
        ("labels", format!("{};", "a:\n".repeat(n))),
        ("blocks", around("{", "", "}", blocks)),
        ("blocks on lines", around("if (a) {\n", "", "}\n", blocks)),
        ("functions", around("function f() {\n", "", "}\n", blocks)),
        ("classes", around("class A { a() {\n", "", "} }\n", blocks / 2)),
        ("elements", format!("x = {}", around("<ab>", "", "</ab>", n))),
        ("elements on lines", format!("x = {}", around("<ab>\nx\ny\n", "", "</ab>\n", n))),
        ("attributes", format!("x = {}", around("<a b={", "1", "}/>", n / 3))),
        ("children", format!("x = {}", around("<ab>{", "1", "}</ab>", n / 3))),
        ("type arguments", format!("let x: {}", around("A<", "B", ">", n / 2))),
        ("type arrays", format!("let x: A{}", "[]".repeat(n))),
        ("type unions", format!("let x: A{}", " | B".repeat(n))),
        ("function types", format!("let x: {}A", "() => ".repeat(n / 2))),
        ("conditional types", format!("type X = {}A", "B extends C ? D : ".repeat(n / 5))),
        ("object types", format!("let x: {}", around("{a:", "A", "}", n / 2))),
        ("patterns", format!("const {} = b", around("[", "a", "]", n))),
        ("object patterns", format!("const {} = b", around("{a:", "a", "}", n / 2))),
        ("decorators", format!("{}class A {{}}", "@a\n".repeat(n / 2))),
        ("comma", format!("x = (a{})", ", b".repeat(n))),
        ("open brackets", "(".repeat(n)),
        ("open braces", "{".repeat(blocks)),
        ("open calls on lines", "f(\n".repeat(n / 2)),
        ("open templates", "`${".repeat(n / 3)),
        ("open elements", format!("x = {}", "<a>\n".repeat(n / 2))),
    ]
}

fn on_stack(bytes: usize, run: impl FnOnce() + Send) {
    std::thread::scope(|scope| {
        std::thread::Builder::new().stack_size(bytes).spawn_scoped(scope, run).unwrap().join().unwrap();
    });
}

#[test]
fn what_is_accepted_needs_half_of_the_stack() {
    for (shape, text) in deep(MAX_DEPTH - 50) {
        assert_eq!(check(&text, true), Ok(()), "{shape}");
        on_stack(STACK_BYTES / 2, || {
            let allocator = Allocator::default();
            let parsed = repair::parse(&allocator, &text, Language::Tsx);
            assert!(shape.starts_with("open") || parsed.problems.is_empty(), "{shape}: {:?}", parsed.problems);
            let semantic = SemanticBuilder::new().build(&parsed.program);
            assert!(semantic.semantic.scoping().scopes_len() > 0);
        });
    }
}

#[test]
fn deeper_is_rejected_without_recursion() {
    for (shape, text) in deep(100_000) {
        let bounded =
            ["arrow blocks", "blocks", "blocks on lines", "functions", "classes", "open braces", "comma", "decorators"];
        assert_eq!(check(&text, true).is_ok(), bounded.contains(&shape), "{shape}");
    }
    let blocks = "{".repeat(MAX_BLOCKS + 2);
    assert_eq!(check(&blocks, false), Err(LowerError::TooDeep { depth: MAX_BLOCKS + 2, max: MAX_BLOCKS }));
}

#[test]
fn what_is_long_is_not_deep() {
    let texts = [
        "x = '(((((((('\n",
        "// ((((((((\n",
        "/* (((((((( */\n",
        "x = `((((((((${y}`\n",
        "x = /[/(](((((((/g.test('(')\n",
        "a()\nb()\nc.d().e()\n",
        "a(); b(); c.d()\n",
        "function a() { return 1 }\n",
        "class A { b = 1\n c() {}\n d = () => { e() }\n }\n",
        "if (a) { b() }\nelse { c() }\n",
        "if (a)\n  b()\n",
        "for (const a of b)\n  c(a)\n",
        "export const a = <p>don't {b} won't</p>\n",
        "x.push(<p>don't</p>, <A b='it\n' c={d}/>)\n",
        "case_(1); x = { a: 1, b: [2], ...c }\n",
        "let a: Map<string, Array<number>> = b\n",
        "x = a < b && c > d\n",
        "const f = <T,>(a: T): T => a\n",
        "@a() @b class A {}\n",
        "import { a } from 'a'\n",
        "type A = { a: string; b?: number }\n",
        "x = a / b / c; y = (a) / b; z = d[0] / 2\n",
        "type A = <T>(a: T) => void\n",
        "let x = a!\nlet y = b!.c / 2\n",
        "i++\nj--\n",
        "try { a() } catch { b() } finally { c() }\n",
        "while (a) b()\n",
        "if (a) /x(/.test(b)\n",
    ];
    for text in texts {
        let long = text.repeat(3_000);
        assert_eq!(check(&long, true), Ok(()), "{text}");
        let flat = format!("x = [\n{}]", "<li>don't</li>,\n".repeat(2_000));
        assert_eq!(check(&flat, true), Ok(()));
    }
    let items = format!("x = <ul>\n{}</ul>\n", "<li a=\"b\">don't {c('d')} &nbsp;</li>\n".repeat(3_000));
    assert_eq!(check(&items, true), Ok(()));
    let cases = format!("switch (a) {{\n{}}}\n", "case 1:\n b()\n break\n".repeat(3_000));
    assert_eq!(check(&cases, true), Ok(()));
}

#[test]
fn any_bytes() {
    let pieces = [
        "<", ">", "/", "a", "{", "}", "`", "${", "'", "\\", "\n", "(", ")", "/*", "é", "</", "=", "<a b", "if", "=>",
        "[", "]",
    ];
    let mut seed = 7u64;
    for _ in 0..20_000 {
        let mut text = String::new();
        for _ in 0..(seed % 23) + 1 {
            seed = seed.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            text.push_str(pieces[(seed >> 33) as usize % pieces.len()]);
        }
        assert_eq!(check(&text, true), Ok(()));
    }
}

#[test]
fn takes_linear_time() {
    for piece in ["<", "<a ", "<a<", "`", "'", "/", "${", "x = <a>(", "<A>(", "/*", "a(", "\\", "(]", "</a"] {
        let started = std::time::Instant::now();
        let _ = check(&piece.repeat(300_000 / piece.len()), true);
        assert!(started.elapsed().as_secs() < 5, "{piece}: {:?}", started.elapsed());
    }
}
