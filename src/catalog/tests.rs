//! The built-in catalogue, the matcher's answers, and what a mistake in a file looks like.

use super::schema::{AcquireOn, ArgIs, CatalogFile, Ecosystem, Role, ScheduledFor, With};
use super::{Catalog, CatalogError, EcosystemFacts, load};
use crate::ir::Name;
use rustc_hash::FxHashMap;
use std::path::{Path, PathBuf};

const LIBRARY: &str = "[library]\nname = \"kv\"\necosystem = \"python\"\nimports = [\"kv\", \"kv_pool\"]\n";

/// A client with a child, a factory, and conditions, written in every shorthand the schema has.
const KV: &str = r#"
docs = "https://kv.example"
[[resource]]
id = "kv.client"
noun = "KV client"
kind = "client"
types = ["kv.Client", "kv.aio.Client"]
construct_when = [{ arg = "pool", is = "absent" }]
acquire = ["kv.connect", { path = "kv.open", on = "await", when = [{ arg = "0", is = "not:None" }] }, "kv.factory#()"]
release = ["close", { steps = ["shutdown", "wait"], awaited = false }]
not_release = [{ call = "flush", why = "sends what is buffered" }]
with = "releases"
async = true
on_drop = "leaks"
fluent = ["select"]
attributes = { pool = "kv.pool" }

[[resource]]
id = "kv.channel"
noun = "KV channel"
kind = "channel"
acquire = ["kv.client#channel"]
release = ["close"]
with = "nothing"
on_drop = "closes"
parent = { id = "kv.client", frees = true }

[[resource]]
id = "kv.pool"
noun = "KV pool"
kind = "pool"
types = ["kv.Pool"]
construct = false
with = "unsupported"
on_drop = "unknown"

[[type]]
id = "kv.factory"
types = ["kv.Factory"]
makers = ["kv.factory"]
teardown = ["tearDown"]

[[symbol]]
paths = ["kv.give_back", "kv.pool#put"]
role = "releases"
arg = 0
"#;

fn kv() -> EcosystemFacts {
    python(&format!("{LIBRARY}{KV}"))
}

fn python(text: &str) -> EcosystemFacts {
    let catalog = Catalog::from_sources(&[("kv.toml".to_owned(), text.to_owned())]).unwrap();
    catalog.of(Ecosystem::Python).clone()
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// The catalogue files of the source tree, as (path from the root, text).
fn files() -> Vec<(String, String)> {
    let walk = walkdir::WalkDir::new(root().join("rules")).sort_by_file_name().into_iter().map(Result::unwrap);
    walk.filter(|entry| entry.path().extension().is_some_and(|e| e == "toml"))
        .map(|entry| {
            let name = entry.path().strip_prefix(root()).unwrap().to_str().unwrap().to_owned();
            (name, std::fs::read_to_string(entry.path()).unwrap())
        })
        .collect()
}

fn errors(text: &str) -> Vec<String> {
    let sources = [("my.toml".to_owned(), text.to_owned())];
    Catalog::from_sources(&sources).unwrap_err().iter().map(CatalogError::to_string).collect()
}

#[test]
fn calling_a_class_acquires_under_the_conditions_of_the_resource() {
    let catalog = kv();
    let client = catalog.class("kv.Client", None).unwrap();
    assert_eq!(catalog.ty(client).id, "kv.client");
    assert_eq!(catalog.class("kv.aio.Client", None), Some(client));
    let facts = catalog.function("kv.aio.Client").unwrap();
    assert_eq!(facts.makes, [client]);
    assert_eq!(facts.acquires.len(), 1);
    assert_eq!(facts.acquires[0].resource, client);
    assert_eq!(facts.acquires[0].when[0].is, ArgIs::Absent);
}

#[test]
fn a_class_that_does_not_acquire_still_makes_its_type() {
    let catalog = kv();
    let facts = catalog.function("kv.Pool").unwrap();
    assert!(facts.acquires.is_empty());
    assert_eq!(facts.makes.first().copied(), catalog.class("kv.Pool", None));
}

#[test]
fn functions_methods_and_instances_acquire() {
    let catalog = kv();
    let client = catalog.class("kv.Client", None).unwrap();
    let open = &catalog.function("kv.open").unwrap().acquires[0];
    assert_eq!((open.on, &open.when[0].is), (AcquireOn::Await, &ArgIs::Not("None".into())));
    let channel = catalog.method(client, "channel").unwrap();
    assert_eq!(channel.path, "kv.client#channel");
    assert_eq!(catalog.ty(channel.acquires[0].resource).id, "kv.channel");
    let factory = catalog.function("kv.factory").unwrap().makes[0];
    assert_eq!(catalog.method(factory, "()").unwrap().makes, [client]);
    assert!(catalog.method(client, "close").is_none(), "releases are in the resource");
    assert!(catalog.method(client, "()").is_none());
    assert!(catalog.function("kv.nothing").is_none());
}

#[test]
fn the_resource_has_its_releases_in_one_shape() {
    let catalog = kv();
    let client = catalog.resource(catalog.class("kv.Client", None).unwrap()).unwrap();
    assert_eq!(
        (client.release[0].steps.len(), client.release[0].awaited),
        (1, true),
        "awaited as the resource is async"
    );
    assert_eq!((client.release[1].steps.len(), client.release[1].awaited), (2, false));
    assert_eq!((client.with, client.docs.as_str()), (With::Releases, "https://kv.example"));
    let channel =
        catalog.function("kv.connect").unwrap().makes.first().and_then(|ty| catalog.method(*ty, "channel")).unwrap();
    let parent = catalog.resource(channel.makes[0]).unwrap().parent.unwrap();
    assert_eq!((catalog.class("kv.Client", None), true), (Some(parent.ty), parent.frees));
    let factory = catalog.function("kv.factory").unwrap().makes[0];
    assert!(catalog.resource(factory).is_none());
    assert_eq!(catalog.ty(factory).teardown, ["tearDown"]);
    assert_eq!(catalog.ty(parent.ty).attributes[&Name::new("pool")], catalog.class("kv.Pool", None).unwrap());
}

#[test]
fn roles_are_found_under_each_of_their_paths() {
    let catalog = kv();
    let pool = catalog.class("kv.Pool", None).unwrap();
    for facts in [catalog.function("kv.give_back"), catalog.method(pool, "put")] {
        assert_eq!((facts.unwrap().roles[0].role, facts.unwrap().roles[0].arg), (Role::Releases, Some(0)));
    }
}

#[test]
fn import_words_and_conventions_are_kept_by_language() {
    let catalog = kv();
    assert_eq!(catalog.imports().collect::<Vec<_>>(), ["kv", "kv_pool"]);
    assert_eq!(catalog.globals().count(), 0);
    assert!(catalog.language().closers.is_empty());
}

#[test]
fn several_conditional_acquisitions_share_one_entry() {
    let more = "[[resource]]\nid = \"kv.slim\"\nnoun = \"slim client\"\nkind = \"client\"\nrelease = [\"close\"]\nwith = \"nothing\"\n\
                on_drop = \"closes\"\nacquire = [{ path = \"kv.Client\", when = [{ arg = \"pool\", is = \"present\" }] }]\n";
    let text = format!("{LIBRARY}{KV}\n{more}");
    let catalog = python(&text);
    let facts = catalog.function("kv.Client").unwrap();
    let ids: Vec<_> = facts.acquires.iter().map(|fact| catalog.ty(fact.resource).id.as_str()).collect();
    assert_eq!(ids, ["kv.client", "kv.slim"]);
    assert_eq!(facts.makes.first().copied(), catalog.class("kv.Client", None));
}

#[test]
fn a_users_file_builds_on_the_catalogue_it_extends() {
    let base = Catalog::from_sources(&[("kv.toml".to_owned(), format!("{LIBRARY}{KV}"))]).unwrap();
    let text = "[library]\nname = \"mine\"\necosystem = \"python\"\nimports = [\"mine\"]\n[[type]]\nid = \"mine.box\"\n\
                types = [\"mine.Box\"]\nattributes = { client = \"kv.client\" }\n[language]\nclosers = [\"bye\"]\n";
    let catalog = base.extended(&[("mine.toml".to_owned(), text.to_owned())]).unwrap();
    let (catalog, base_facts) = (catalog.of(Ecosystem::Python), base.of(Ecosystem::Python));
    let held = catalog.ty(catalog.class("mine.Box", None).unwrap()).attributes[&Name::new("client")];
    assert_eq!(Some(held), base_facts.class("kv.Client", None), "ids of the base stay valid");
    assert_eq!(catalog.language().closers, ["bye"]);
    assert_eq!(catalog.imports().collect::<Vec<_>>(), ["kv", "kv_pool", "mine"]);
    let again = base.extended(&[("kv.toml".to_owned(), format!("{LIBRARY}{KV}"))]).unwrap_err();
    assert_eq!(again[0].to_string(), "kv.toml:2:8: library `kv` is already defined");
}

#[test]
fn mistakes_of_reading_point_into_the_file() {
    let resource = "[[resource]]\nid = \"x.y\"\nnoun = \"y\"\nkind = \"client\"\non_drop = \"leaks\"\n";
    let file = |rest: &str| format!("[library]\nname = \"x\"\necosystem = \"python\"\n{resource}{rest}\n");
    let texts = [
        "[library]\nname = \"x\"\necosystem = \"python\"\ncolour = \"red\"\n".to_owned(),
        "[library]\nname = \"x\"\necosystem = \"cobol\"\n".to_owned(),
        "[library]\nname = \"x\n".to_owned(),
        String::new(),
        file("acquire = [\"x.y\"]\nrelease = [\"close\"]"),
        file("with = \"nothing\"\nacquire = [{ path = \"x.y\", wen = [] }]"),
        file("with = \"nothing\"\nrelease = [{ step = [\"close\"] }]"),
        file("with = \"nothing\"\nrelease = [3]"),
    ];
    let all: Vec<String> = texts.iter().flat_map(|text| errors(text)).collect();
    insta::assert_snapshot!(all.join("\n"), @r#"
    my.toml:4:1: unknown field `colour`, expected one of `name`, `ecosystem`, `packages`, `imports`, `globals`, `store`, `docs`, `evidence`
    my.toml:3:13: unknown variant `cobol`, expected one of `python`, `npm`, `cargo`
    my.toml:2:10: invalid basic string, expected `"`
    my.toml:1:1: missing field `library`
    my.toml:4:1: missing field `with`
    my.toml:10:28: unknown field `wen`, expected one of `path`, `when`, `on`, `callback`
    my.toml:10:14: unknown field `step`, expected one of `steps`, `awaited`, `when`
    my.toml:10:12: invalid type: integer `3`, expected a method name, or a table with `steps`
    "#);
}

#[test]
fn mistakes_of_meaning_point_into_the_file() {
    let text = r#"
[library]
name = ""
ecosystem = "python"
imports = ["a.b"]

[[resource]]
id = "x.client"
noun = " "
kind = "client"
types = ["x.Client", "x.client#m"]
acquire = ["x..connect", "x.clint#open", { path = "x.Client" }]
release = ["close", { steps = [] }]
not_release = [{ call = "close", why = "" }]
with = "nothing"
on_drop = "leaks"
parent = { id = "x.pool" }
attributes = { pool = "x.pool", "größe" = "client" }

[[resource]]
id = "x.client"
noun = "client"
kind = "client"
with = "nothing"
on_drop = "leaks"

[[resource]]
id = "x.orphan"
noun = "orphan"
kind = "client"
construct = false
construct_on = "await"
with = "nothing"
on_drop = "leaks"

[[type]]
id = "x.thing"
types = ["x.Client"]

[[symbol]]
paths = []
role = "schedules"

[[symbol]]
paths = ["x.f"]
role = "takes"
when = "scope-end"
how = "now-once"
awaited = true
enters = true
calls = "close"
"#;
    insta::assert_snapshot!(errors(text).join("\n"), @r#"
    my.toml:3:8: the library's name is empty
    my.toml:5:12: import word `a.b` has the character '.', which no name has
    my.toml:9:8: the noun is empty: it is what messages call the thing
    my.toml:11:22: `x.client#m` is a method; `types` names classes
    my.toml:12:12: path `x..connect` has an empty segment: a dot or `#` with nothing beside it
    my.toml:12:26: no resource or type has the id `x.clint`
    my.toml:12:51: `x.Client` already acquires `x.client` without conditions
    my.toml:13:31: a release needs at least one step
    my.toml:14:25: `close` is also listed under `release`
    my.toml:17:17: no resource or type has the id `x.pool`
    my.toml:18:23: no resource or type has the id `x.pool`
    my.toml:18:43: no resource or type has the id `client`
    my.toml:20:1: nothing makes it: it has neither `types` nor `acquire`
    my.toml:20:1: nothing releases it: no `release`, `with` does not release, and no symbol of the file has role `releases`
    my.toml:21:6: id `x.client` is already defined by library ``
    my.toml:27:1: `construct_when` and `construct_on` say nothing when `construct = false`
    my.toml:27:1: nothing makes it: it has neither `types` nor `acquire`
    my.toml:27:1: nothing releases it: no `release`, `with` does not release, and no symbol of the file has role `releases`
    my.toml:38:10: class `x.Client` already belongs to `x.client`
    my.toml:40:1: role `schedules` needs `when`
    my.toml:41:9: a symbol needs at least one path
    my.toml:47:8: `when` belongs to role `schedules`
    my.toml:48:7: `how` belongs to roles `invokes` and `on-thread`
    my.toml:49:11: `awaited` belongs to roles `releases`, `schedules`, `sleeps`, `wraps` and `drops-result`
    my.toml:50:10: `enters` belongs to role `schedules`
    my.toml:51:9: `calls` belongs to roles `wraps`, `neutral` and `on-thread`
    "#);
}

#[test]
fn half_a_file_is_refused_or_loaded_but_never_a_crash() {
    let text = format!("{LIBRARY}{KV}");
    for end in (0..text.len()).step_by(7) {
        let lines = u32::try_from(text[..end].lines().count().max(1)).unwrap() + 1;
        for error in Catalog::from_sources(&[("kv.toml".to_owned(), text[..end].to_owned())]).err().unwrap_or_default()
        {
            assert!(error.at.is_none_or(|(line, _)| line <= lines), "{error}");
        }
    }
}

#[test]
fn the_built_in_catalogue_is_that_of_the_files() {
    let loaded = Catalog::from_sources(&files()).unwrap_or_else(|errors| {
        panic!("{}", errors.iter().map(|error| format!("{error}\n")).collect::<String>());
    });
    for ecosystem in [Ecosystem::Python, Ecosystem::Npm] {
        let (loaded, builtin) = (loaded.of(ecosystem), Catalog::builtin().of(ecosystem));
        assert_eq!(format!("{:?}", loaded.types), format!("{:?}", builtin.types));
        assert_eq!(loaded.imports().collect::<Vec<_>>(), builtin.imports().collect::<Vec<_>>());
        assert_eq!(loaded.globals().collect::<Vec<_>>(), builtin.globals().collect::<Vec<_>>());
        assert!(!builtin.types.is_empty());
    }
}

#[test]
fn every_python_program_has_its_conventions_and_builtins() {
    let catalog = Catalog::builtin().of(Ecosystem::Python);
    let python = catalog.language();
    assert!(python.closers.iter().any(|name| name == "aclose"));
    assert!(python.implicit_closers.iter().any(|name| name == "__aexit__"));
    let role = |path: &str| catalog.function(path).unwrap_or_else(|| panic!("{path}")).roles[0].role;
    assert_eq!(role("contextlib.closing"), Role::Wraps);
    assert_eq!(role("contextlib.asynccontextmanager"), Role::ContextManager);
    assert_eq!(role("asyncio.wait_for"), Role::Transparent);
    assert_eq!(role("asyncio.run"), Role::Drives);
    assert_eq!(role("asyncio.create_task"), Role::Spawns);
    assert_eq!(role("builtins.setattr"), Role::SetsAttribute);
    assert_eq!(role("sys.exit"), Role::NeverReturns);
    assert_eq!(role("logging.info"), Role::NeverRaises);
    assert_eq!(role("functools.lru_cache"), Role::Memoises);
    assert_eq!(role("pytest.fixture"), Role::Fixture);
    let stack = catalog.class("contextlib.AsyncExitStack", None).unwrap();
    let enter = &catalog.method(stack, "enter_async_context").unwrap().roles[0];
    assert_eq!((enter.role, enter.when, enter.enters), (Role::Schedules, Some(ScheduledFor::ScopeEnd), true));
    let case = catalog.class("unittest.IsolatedAsyncioTestCase", None).unwrap();
    assert_eq!(catalog.method(case, "addAsyncCleanup").unwrap().roles[0].when, Some(ScheduledFor::TestEnd));
    assert!(catalog.ty(case).teardown.iter().any(|name| name == "asyncTearDown"));
    let logger = catalog.function("logging.getLogger").unwrap().makes[0];
    assert_eq!(catalog.method(logger, "exception").unwrap().roles[0].role, Role::NeverRaises);
}

#[test]
fn every_file_says_where_it_applies() {
    for (name, text) in files() {
        let file = load::parse(&name, &text).unwrap();
        let stem = Path::new(&name).file_stem().unwrap().to_str().unwrap();
        assert_eq!(file.library.name, stem, "{name}: the library is named like its file");
        let serves = file.symbols.iter().any(|symbol| matches!(symbol.role, Role::Streams | Role::Sends));
        let configures = !file.settings.is_empty() || !file.servers.is_empty();
        let acquires = !file.resources.is_empty() || serves || configures;
        let reached = !file.library.imports.is_empty() || !file.library.globals.is_empty();
        assert_eq!(
            acquires, reached,
            "{name}: `imports` and `globals` are for files that can acquire, serve or configure"
        );
    }
}

/// Set `UPDATE=1` to rewrite the file.
#[test]
fn the_json_schema_is_up_to_date_and_every_file_meets_it() {
    let schema = schemars::schema_for!(CatalogFile);
    let mut sorted = schema.clone().to_value();
    sorted.sort_all_objects();
    let sorted = schemars::Schema::try_from(sorted).unwrap();
    let text = serde_json::to_string_pretty(&sorted).unwrap() + "\n";
    let path = root().join("rules/schema.json");
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, &text).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(written == text, "rules/schema.json is out of date: run this test with UPDATE=1");
    let validator = jsonschema::validator_for(schema.as_value()).unwrap();
    for (name, text) in files() {
        let value: serde_json::Value = toml::from_str(&text).unwrap();
        let problems: Vec<_> = validator.iter_errors(&value).map(|e| format!("{} {e}", e.instance_path())).collect();
        assert!(problems.is_empty(), "{name}: {problems:#?}");
    }
}

const VERSIONS: &str = r#"
[library]
name = "kv"
ecosystem = "npm"
packages = ["kv", "@kv/client"]
imports = ["kv", "@kv/client"]

[[resource]]
id = "kv.client"
noun = "client"
kind = "client"
types = ["kv.Client", "@kv/client.Client"]
release = ["close"]
with = "nothing"
on_drop = "leaks"

[[resource]]
id = "kv.middle"
noun = "client"
kind = "client"
versions = ">=2, <4"
types = ["kv.Client"]
release = ["end"]
with = "nothing"
on_drop = "leaks"

[[resource]]
id = "kv.old"
noun = "client"
kind = "client"
versions = "<2"
types = ["kv.Client"]
acquire = ["kv.client#clone"]
release = ["quit"]
with = "nothing"
on_drop = "leaks"
"#;

#[test]
fn a_callable_is_what_the_version_at_hand_makes_of_it() {
    let catalog = Catalog::from_sources(&[("kv.toml".to_owned(), VERSIONS.to_owned())]).unwrap();
    let catalog = catalog.of(Ecosystem::Npm);
    assert_eq!(catalog.versioned_packages(), ["@kv/client", "kv"]);
    let facts = catalog.function("kv.Client").unwrap();
    let made = |package: &str, version: &str, path: &str| {
        let known = FxHashMap::from_iter([(Name::new(package), version.parse().unwrap())]);
        let ty = catalog.class(path, Some(&known)).unwrap();
        if path == "kv.Client" {
            assert_eq!(catalog.makes(facts, Some(&known)), Some(ty));
            let mut in_force = facts.acquires.iter().map(|fact| fact.resource);
            assert_eq!(in_force.find(|ty| catalog.is_in_force(path, *ty, Some(&known))), Some(ty));
        }
        catalog.ty(ty).id
    };
    assert_eq!(made("kv", "1.9.0", "kv.Client"), "kv.old");
    assert_eq!(made("kv", "3.0.0", "kv.Client"), "kv.middle");
    assert_eq!(made("kv", "4.0.0", "kv.Client"), "kv.client");
    assert_eq!(made("@kv/client", "1.0.0", "kv.Client"), "kv.client", "versions of another package");
    assert_eq!(made("@kv/client", "1.0.0", "@kv/client.Client"), "kv.client");
    let newest = catalog.class("kv.Client", None).unwrap();
    assert_eq!(catalog.ty(newest).id, "kv.client", "an unknown version is the newest");
    let range = |ty: &str| catalog.types.iter().find(|facts| facts.id == ty).unwrap().versions.clone().unwrap();
    let known = FxHashMap::from_iter([(Name::new("@kv/client"), semver::Version::new(1, 0, 0))]);
    assert!(range("kv.old").holds("kv.client#clone", Some(&known)), "a method is of any of the packages");
}

#[test]
fn entries_for_the_same_versions_exclude_each_other() {
    let text = VERSIONS.replace("\">=2, <4\"", "\"<2\"");
    insta::assert_snapshot!(errors(&text).join("\n"), @"
    my.toml:32:10: `kv.Client` already acquires `kv.middle` without conditions
    my.toml:32:10: class `kv.Client` already belongs to `kv.middle`
    ");
    let text = VERSIONS.replace("versions = \">=2, <4\"\n", "");
    insta::assert_snapshot!(errors(&text).join("\n"), @"
    my.toml:21:10: `kv.Client` already acquires `kv.client` without conditions
    my.toml:21:10: class `kv.Client` already belongs to `kv.client`
    ");
    let text = VERSIONS.replace("<4", "below four");
    insta::assert_snapshot!(errors(&text).join("\n"), @"
    my.toml:21:12: `>=2, below four`: unexpected character 'b' while parsing major version number
    my.toml:22:10: `kv.Client` already acquires `kv.client` without conditions
    my.toml:22:10: class `kv.Client` already belongs to `kv.client`
    ");
    let text = VERSIONS.replace("packages =", "globals = []\n# ");
    insta::assert_snapshot!(errors(&text).join("\n"), @"
    my.toml:22:12: `versions` are those of the library's `packages`, which it has none of
    my.toml:32:12: `versions` are those of the library's `packages`, which it has none of
    ");
}
