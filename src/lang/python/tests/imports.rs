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
