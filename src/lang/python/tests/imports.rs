use crate::lang::python::imports::may_import;

fn redis(text: &str) -> bool {
    may_import(text, |name| name == "redis")
}

#[test]
fn an_import_of_the_module_counts_however_it_is_written() {
    for text in [
        "import redis",
        "\u{feff}import redis\r\n",
        "import redis.asyncio as aio",
        "import os, sys as system ,\tredis",
        "import os, \\\n    redis",
        "import os, \\\r\n    redis",
        "import \\\n    redis",
        "try: import redis\nexcept ImportError: redis = None",
        "x = 1;import redis;y = 2",
        "from redis import Redis",
        "from redis.asyncio import (\n    Redis,\n)",
        "from\x0credis import Redis",
        "from \\\n  redis \\\n  import Redis",
        "from redis . asyncio import Redis",
        "from redis import*",
        "from os import path; import redis",
        "import os; from redis import Redis",
        "from a import b\nimport redis",
        "from redis_import import x\rfrom redis.from_url import import_x",
        "def f():\n\n    import redis\n",
        "import os redis",
        "import (os, redis)",
        "yield from a import redis",
    ] {
        assert!(redis(text), "{text:?}");
    }
}

#[test]
fn other_mentions_of_the_word_do_not_count() {
    for text in [
        "",
        "redis = None",
        "import aredis, redis_lock, predis.redis",
        "import rediß",
        "from django_redis import cache",
        "from shop import redis",
        "from shop import (\n    redis,\n)",
        "from .redis import client",
        "from . import redis",
        "import os\nredis.Redis()",
        "import os\n\nredis",
        "import os; redis = 1",
        "importlib.import_module('redis')",
        "reimport = redis",
        "use the redis from here",
    ] {
        assert!(!redis(text), "{text:?}");
    }
}

/// One pass, also over text in which every word could be a keyword.
#[test]
fn long_lines_are_read_once() {
    for word in ["import ", "from ", "from import ", "import\\\n", "from a import b, "] {
        assert!(!redis(&word.repeat(200_000)));
    }
}

fn imports(text: &str) -> String {
    let names = crate::lang::imports(crate::source::Language::Python, text);
    names.iter().map(|name| name.as_str()).collect::<Vec<_>>().join(" ")
}

#[test]
fn modules_of_imports() {
    for (text, expected) in [
        ("import a", "a"),
        ("import a.b.c as x, d", "a a.b a.b.c d"),
        ("import a . b\t.c", "a a.b a.b.c"),
        ("import a, \\\n  b.c as d, \\\r\n e", "a b b.c e"),
        ("try: import a\nexcept E: import b; import c", "a b c"),
        ("from a import b", "a a.b"),
        ("from a.b import c as d, e", "a a.b a.b.c a.b.e"),
        ("from a . b import c", "a a.b a.b.c"),
        ("from a import (b, c)", "a a.b a.c"),
        ("from a import (  # why\n    b as x,  # (c, d)\n\n    # e\n    c,\r\n)\nd", "a a.b a.c"),
        ("from a import b, \\\n    c as x, \\\r\n    d\ne", "a a.b a.c a.d"),
        ("from a import(b)", "a a.b"),
        ("from a import (  # lint: disable=unused-import\n    b,  # from c import d\n    e)", "a a.b a.e c c.d"),
        ("from a \\\n import \\\n b", "a a.b"),
        ("from a import *", "a"),
        ("from a import*", "a"),
        ("from . import m", ". .m"),
        ("from.import m", ". .m"),
        ("from .import m, n", ". .m .n"),
        ("from .. import m", ".. ..m"),
        ("from . . import m", ".. ..m"),
        ("from ... a import m", "...a ...a.m"),
        ("from ..a import b", "..a ..a.b"),
        ("from ..a.b import c", "..a ..a.b ..a.b.c"),
        ("from.a import b", ".a .a.b"),
        ("from .m import *", ".m"),
        ("\u{feff}from a import b\r\n", "a a.b"),
        ("\u{feff}import a", "a"),
        ("if x: from a import b;from c import d", "a a.b c c.d"),
        ("import naïve, \u{4e2d}\u{6587}", "naïve \u{4e2d}\u{6587}"),
        ("def f():\n    from a import b\n    return b", "a a.b"),
        ("", ""),
        ("importlib.import_module('a')", ""),
        ("from a import", "a"),
        ("from import b", ""),
    ] {
        assert_eq!(imports(text), expected, "{text:?}");
    }
}

/// What only looks like an import hides none that follows.
#[test]
fn imports_after_what_looks_like_one() {
    for text in ["# from a import (", "# import a, \\", "\"from a import (", "# from a import b, \\"] {
        let found = imports(&format!("{text}\nfrom b import c\nimport d\n"));
        let found: Vec<&str> = found.split(' ').collect();
        for name in ["b", "b.c", "d"] {
            assert!(found.contains(&name), "{text}: {found:?}");
        }
    }
}

/// The names of the imports that the IR holds are among those that are found without it.
#[test]
fn holds_what_the_ir_imports() {
    let text =
        "import a.b as ab\nimport c\nfrom d.e import f as g, h\nfrom . import i\nfrom ..j import (\n  k, # l\n)\n";
    let module = super::lower(text).module;
    let found = crate::lang::imports(crate::source::Language::Python, text);
    let instrs = module.functions.iter().flat_map(|function| &function.blocks).flat_map(|block| &block.instrs);
    let mut symbols = 0;
    for instr in instrs {
        if let crate::ir::Op::Const { value: crate::ir::Const::Symbol(symbol), .. } = &instr.op {
            assert!(found.contains(symbol), "{symbol}");
            symbols += 1;
        }
    }
    assert_eq!(symbols, 6);
}

#[test]
fn modules_take_linear_time() {
    let started = std::time::Instant::now();
    for piece in [
        "import ",
        "from ",
        "import\\\n",
        "from a import b, ",
        "from a import (",
        "from a import (b,\n",
        "from a import b,\\\n",
    ] {
        imports(&piece.repeat(200_000 / piece.len()));
    }
    let members = "b,\n".repeat(50_000);
    imports(&format!("{}\n{members}", "from a import (#".repeat(10_000)));
    imports(&format!("{}{members}", "from a import (#\n".repeat(10_000)));
    imports(&format!("import {}", "a.".repeat(100_000)));
    imports(&format!("from {} import {}", "a.".repeat(100_000), "b, ".repeat(100_000)));
    imports(&format!("{} import {}", "from a ".repeat(50_000), "b, ".repeat(100_000)));
    assert!(started.elapsed().as_secs() < 10, "{:?}", started.elapsed());
}
