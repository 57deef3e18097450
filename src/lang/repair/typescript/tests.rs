use super::*;

/// The text that was parsed, one blank for any number, and the messages.
fn repaired(text: &str, language: Language) -> (String, Vec<Problem>) {
    let allocator = Allocator::default();
    let parsed = parse(&allocator, text, language);
    assert_eq!(parsed.text.len(), text.len(), "{text}");
    let ends = |text: &str| text.match_indices(['\n', '\r']).map(|(at, _)| at).collect::<Vec<_>>();
    assert_eq!(ends(parsed.text), ends(text), "{text}");
    for problem in &parsed.problems {
        assert!(problem.range.start <= problem.range.end && problem.range.end as usize <= text.len(), "{problem:?}");
        assert!(!problem.message.is_empty() && !problem.message.ends_with('.'), "{problem:?}");
    }
    assert!(parsed.problems.windows(2).all(|two| two[0].range.end <= two[1].range.start), "{:?}", parsed.problems);
    let tree_is_empty = parsed.program.body.is_empty() && parsed.program.directives.is_empty();
    assert_eq!(
        tree_is_empty,
        parsed.text.trim().is_empty() || parsed.text.trim() == ";",
        "{text}\n->\n{}",
        parsed.text
    );
    (parsed.text.split_whitespace().collect::<Vec<_>>().join(" "), parsed.problems)
}

/// What is kept of a broken text.
fn keeps(text: &str, kept: &str) {
    for language in [Language::TypeScript, Language::Tsx, Language::JavaScript] {
        let (found, problems) = repaired(text, language);
        assert_eq!(found, kept, "{language:?}: {text}");
        assert!(!problems.is_empty());
    }
}

/// What parses as it is.
fn parses(text: &str, language: Language) {
    let allocator = Allocator::default();
    let parsed = parse(&allocator, text, language);
    assert_eq!(parsed.text, text);
    assert_eq!(parsed.problems, []);
    assert!(!parsed.program.body.is_empty(), "{text}");
}

#[test]
fn whole_files_are_left_alone() {
    for text in [
        "#!/usr/bin/env node\nimport x from 'x'\nawait x()\n",
        "\u{feff}const x = require('x')\nreturn x\n",
        "const x = await import('x')\n",
        "export const a = <div>don't</div>\n",
        "with (a) b()\n",
        "let a = 010\n",
        "export { a, a }\n",
        "break\n",
    ] {
        parses(text, Language::JavaScript);
    }
    parses("const x = <T>y; using z = w();\n", Language::TypeScript);
    parses("const x = <T,>(y: T) => <b>{y}</b>\n", Language::Tsx);
    parses("// @flow\nimport type { A } from 'a'\nfunction f(a: A): void {}\n", Language::JavaScript);
    parses("@a @b() export default class { @c x = 1; constructor(@d y) {} }\n", Language::TypeScript);
    parses("const el = <p>text</p>\n", Language::TypeScript);
}

#[test]
fn half_typed_statements() {
    keeps("function a() {\n  f()\n  const x = ;\n  g()\n}\nb()\n", "function a() { f() const x ; g() } b()");
    keeps("function a() {\n  f()\n  g(1, [\n  h()\n}\nb()\n", "function a() { f() h() } b()");
    keeps("function a() {\n  f()\n  x.\n}\nb()\n", "function a() { f() } b()");
    keeps("class A {\n  a() {\n    f(`x ${\n  }\n  b() { g() }\n}\n", "class A { a() { } b() { g() } }");
    keeps("f()\nimport { a, b\nimport c from 'c'\n", "f() import c from 'c'");
    keeps("const a = {\n  b: f(\n  c: g(),\n}\nh()\n", "const a = { c: g(), } h()");
    keeps("f(`a\n  b\n\nexport function g() {\n  return `c`\n}\n", "export function g() { return `c` }");
    keeps("f('a\ng()\n", "g()");
}

#[test]
fn braces_that_are_missing() {
    keeps(
        "function a() {\n  if (x) {\n    f();\n}\nfunction b() {}\n",
        "function a() { if (x) { f()} } function b() {}",
    );
    keeps("function a() {\n  f();\n\nexport function b() {}\n", "function a() { f()} export function b() {}");
    keeps("class A {\n  a() {\n    f();\n  b() {\n    g();\n  }\n}\n", "class A { a() { f()} b() { g(); } }");
    keeps("x.on('y', () => {\n  f()\n    ;\n\nexport const b = 1\n", "x.on('y', () => { f() }) export const b = 1");
    keeps("function a() {\n  if (x) {\n    f()\n  }\n\nexport {}\n", "function a() { if (x) { f() }} export {}");
}

#[test]
fn braces_that_are_too_many() {
    keeps("function a() {\n  f()\n}\n}\nfunction b() {}\n", "function a() { f() } function b() {}");
    keeps("class A {\n  a() {\n  }\n  }\n  b() {}\n}\n", "class A { a() { } b() {} }");
}

#[test]
fn broken_headers() {
    keeps("export async function a(x, {\n  f()\n}\nb()\n", "async function a(){ f() } b()");
    keeps("class A extends {\n  a() {}\n}\n", "class A { a() {} }");
    keeps("class A {\n  async a(x {\n    f()\n  }\n  b() {}\n}\n", "class A { async a(){ f() } b() {} }");
}

#[test]
fn merge_conflicts() {
    let text = "f()\n<<<<<<< HEAD\na()\n||||||| base\nb()\n=======\nc()\n>>>>>>> x\ng()\n";
    keeps(text, "f() a() g()");
    let (_, problems) = repaired(text, Language::TypeScript);
    assert_eq!(problems.len(), 1);
    assert_eq!(problems[0].message, "Merge conflict, of which only the first side is analysed");
}

#[test]
fn tags_of_templates() {
    keeps("const a = <%= b %>;\n<% if (c) { %>\nf()\n<% } %>\n", "const a = ________; f()");
}

#[test]
fn elements() {
    let text = "function A() {\n  return (\n    <div>\n      <p>don't</p>\n      <b\n      <i>{x}</i>\n    </div>\n  )\n}\nf()\n";
    let (kept, _) = repaired(text, Language::Tsx);
    assert_eq!(kept, "function A() { return ( <div> <p>don't</p> <i>{x}</i> </div> ) } f()");
    let text = "function A() {\n  return (\n    <div>\n      {x.map(\n    </div>\n  )\n}\nf()\n";
    let (kept, _) = repaired(text, Language::Tsx);
    assert_eq!(kept, "function A() { return ( <div> </div> ) } f()");
}

#[test]
fn flow_types() {
    let text = "// @flow\ntype A = {| a: number |}\nfunction f(a: ?A): void { g() }\n";
    let (kept, _) = repaired(text, Language::JavaScript);
    assert!(kept.ends_with("function f(a: ?A): void { g() }"), "{kept}");
}

/// Small pieces at random: no panic, same shape.
#[test]
fn any_text() {
    let pieces = [
        "function a() {",
        "}",
        "\n",
        "\n  ",
        "\n    ",
        "(",
        ")",
        "`",
        "'",
        "${",
        "x = ",
        "<div>",
        "</div>",
        "é",
        ";",
        ",",
        "class A {",
        "if (x) {",
        "} else {",
        "=>",
        "/*",
        "*/",
        "//",
        "<<<<<<< a",
        "=======",
        "<%",
        "%>",
        "import ",
        "@",
        "\u{feff}",
        "\r\n",
        "return",
        "async ",
        "/",
        "[",
        "]",
    ];
    let mut seed = 7u64;
    for round in 0..1_500 {
        let mut text = String::new();
        for _ in 0..(seed % 29) + 1 {
            seed = seed.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            text.push_str(pieces[(seed >> 33) as usize % pieces.len()]);
        }
        let allocator = Allocator::default();
        let parsed = parse(&allocator, &text, [Language::TypeScript, Language::Tsx, Language::JavaScript][round % 3]);
        assert_eq!(parsed.text.len(), text.len());
    }
}

#[test]
fn takes_bounded_time() {
    for piece in [
        "{\n",
        "}\n",
        "f(\n",
        "`\n",
        "function a() {\n",
        "a b\n",
        "<div>\n",
        "  a b\n",
        " (\n  ",
        "/*\n",
        "if (a) {\n} else\n",
        "a b;",
    ] {
        let text = piece.repeat(20_000 / piece.len());
        let started = std::time::Instant::now();
        let allocator = Allocator::default();
        std::thread::scope(|scope| {
            let run = || drop(parse(&Allocator::default(), &text, Language::Tsx).problems);
            std::thread::Builder::new()
                .stack_size(crate::lang::STACK_BYTES * 4)
                .spawn_scoped(scope, run)
                .unwrap()
                .join()
                .unwrap();
        });
        drop(allocator);
        assert!(started.elapsed().as_secs() < 10, "{piece}: {:?}", started.elapsed());
    }
}
