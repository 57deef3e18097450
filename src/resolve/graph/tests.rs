//! Small projects: paths, what their files import, and where that leads.

use super::{Graph, Node};
use crate::ir::{FileId, Name};
use crate::source::Language;
use crate::source::manifest::Manifests;
use std::path::Path;

struct Project {
    paths: Vec<String>,
    graph: Graph,
}

impl Project {
    /// Files with their specifiers, divided by blanks, and manifests. Of libraries, only `redis` and `@x/redis` are known.
    fn new(files: &[(&str, &str)], manifests: &[(&str, &str)]) -> Self {
        let mut files = files.to_vec();
        files.sort_unstable();
        let imports: Vec<Vec<Name>> =
            files.iter().map(|(_, specifiers)| specifiers.split_whitespace().map(Name::from).collect()).collect();
        let nodes: Vec<Node<'_>> = (0..)
            .zip(&files)
            .zip(&imports)
            .map(|((id, (path, _)), imports)| Node {
                id: FileId(id * 2),
                path,
                language: Language::of_name(Path::new(path)).unwrap(),
                imports,
            })
            .collect();
        let mut texts = Manifests::default();
        manifests.iter().for_each(|(path, text)| texts.set(path, text));
        let graph = Graph::new(&nodes, &texts, &|_, name| matches!(name, "redis" | "@x/redis"));
        Project { paths: files.iter().map(|(path, _)| (*path).to_owned()).collect(), graph }
    }

    fn id(&self, path: &str) -> FileId {
        FileId(2 * self.paths.iter().position(|other| other == path).unwrap() as u32)
    }

    fn path(&self, file: Option<FileId>) -> &str {
        file.map_or("-", |file| self.paths[file.0 as usize / 2].as_str())
    }

    fn target(&self, file: &str, specifier: &str) -> &str {
        self.path(self.graph.target(self.id(file), specifier))
    }

    #[track_caller]
    fn check(&self, file: &str, expected: &[(&str, &str)]) {
        for (specifier, target) in expected {
            assert_eq!(self.target(file, specifier), *target, "{file}: {specifier}");
        }
    }

    fn paths(&self, files: &[FileId]) -> Vec<&str> {
        files.iter().map(|file| self.path(Some(*file))).collect()
    }
}

/// Files without imports.
fn python(paths: &str) -> Project {
    let files: Vec<(&str, &str)> = paths.split_whitespace().map(|path| (path, "")).collect();
    Project::new(&files, &[])
}

/// The last file imports what is looked up.
fn npm(paths: &str, manifests: &[(&str, &str)], file: &str, expected: &[(&str, &str)]) {
    let imports: Vec<&str> = expected.iter().map(|(specifier, _)| *specifier).collect();
    let imports = imports.join(" ");
    let files = paths.split_whitespace().map(|path| (path, if path == file { imports.as_str() } else { "" }));
    Project::new(&files.collect::<Vec<_>>(), manifests).check(file, expected);
}

// ---- Python

#[test]
fn relative_modules() {
    let project = python("a/__init__.py a/m.py a/b/__init__.py a/b/m.py a/b/n.py a/c/x.py top.py");
    project.check(
        "a/b/m.py",
        &[
            (".", "a/b/__init__.py"),
            (".n", "a/b/n.py"),
            (".missing", "-"),
            ("..", "a/__init__.py"),
            ("..m", "a/m.py"),
            ("..b", "a/b/__init__.py"),
            ("..b.n", "a/b/n.py"),
            ("..b.n.f", "-"),
            ("...top", "top.py"),
            (".......top", "-"),
        ],
    );
    project.check("a/b/__init__.py", &[(".", "a/b/__init__.py"), (".n", "a/b/n.py"), ("..m", "a/m.py")]);
    project.check("a/m.py", &[(".c", "-"), (".c.x", "a/c/x.py")]);
}

#[test]
fn absolute_modules() {
    let project = python(
        "app/__init__.py app/models.py app/api/__init__.py app/api/views.py manage.py tests/test_a.py tests/helpers.py \
         lib/names/deep/x.py",
    );
    for file in ["app/api/views.py", "manage.py", "tests/test_a.py"] {
        let expected = [
            ("app", "app/__init__.py"),
            ("app.models", "app/models.py"),
            ("app.models.User", "-"),
            ("app.api", "app/api/__init__.py"),
            ("app.api.views", "app/api/views.py"),
            ("app.other", "-"),
            ("models", "-"),
            ("os.path", "-"),
        ];
        project.check(file, &expected);
    }
    project.check("tests/test_a.py", &[("helpers", "tests/helpers.py"), ("tests.helpers", "tests/helpers.py")]);
    project.check("app/models.py", &[("lib", "-"), ("lib.names", "-"), ("lib.names.deep.x", "lib/names/deep/x.py")]);
}

#[test]
fn source_roots_elsewhere() {
    let project = python(
        "src/app/__init__.py src/app/m.py src/single.py tests/test_a.py utils/queue.py \
         services/a/lib/core/__init__.py services/a/lib/core/m.py services/a/tests/t.py \
         services/b/lib/core/__init__.py services/b/tests/t.py packages/p/src/google/cloud/p/__init__.py packages/p/tests/t.py",
    );
    project.check("tests/test_a.py", &[("app.m", "src/app/m.py"), ("single", "src/single.py"), ("queue", "-")]);
    project.check(
        "tests/test_a.py",
        &[
            ("core", "-"),
            ("core.m", "services/a/lib/core/m.py"),
            ("google.cloud.p", "packages/p/src/google/cloud/p/__init__.py"),
        ],
    );
    project.check("services/a/tests/t.py", &[("core.m", "services/a/lib/core/m.py"), ("app", "src/app/__init__.py")]);
    project.check("services/b/tests/t.py", &[("core", "services/b/lib/core/__init__.py"), ("core.m", "-")]);
    project.check(
        "packages/p/tests/t.py",
        &[("google", "-"), ("google.cloud.p", "packages/p/src/google/cloud/p/__init__.py")],
    );
    project.check("utils/queue.py", &[("queue", "-")]);
}

#[test]
fn packages_come_before_directories_of_their_name() {
    let project = python("app/__init__.py app/m.py tests/app/test_m.py tests/app/only.py both/__init__.py both.py");
    project.check(
        "tests/app/test_m.py",
        &[
            ("app", "app/__init__.py"),
            ("app.m", "app/m.py"),
            ("app.only", "tests/app/only.py"),
            ("both", "both/__init__.py"),
        ],
    );
}

#[test]
fn libraries_are_no_files_of_the_project() {
    let project = Project::new(
        &[
            ("redis/__init__.py", "redis.client"),
            ("redis/client.py", ""),
            ("redis/a.py", "redis . .client redis.client"),
        ],
        &[],
    );
    project.check("redis/a.py", &[("redis", "-"), ("redis.client", "-"), (".client", "redis/client.py")]);
}

#[test]
fn packages_have_modules_by_their_place() {
    let project = python("a/__init__.py a/m.py a/b/__init__.py a/n/x.py m.py");
    let package = |path| {
        let (package, name) = project.graph.package(project.id(path))?;
        Some(format!("{} {name}", project.path(Some(package))))
    };
    assert_eq!(package("a/m.py").as_deref(), Some("a/__init__.py m"));
    assert_eq!(package("a/b/__init__.py").as_deref(), Some("a/__init__.py b"));
    assert_eq!(package("a/n/x.py"), None);
    assert_eq!(package("m.py"), None);
    assert_eq!(package("a/__init__.py"), None);
}

#[test]
fn paths_above_the_working_directory() {
    let project = python("../lib/a.py ../../x/b.py here.py /srv/app/c.py /srv/app/d.py");
    project.check("here.py", &[("lib.a", "../lib/a.py"), ("x.b", "../../x/b.py")]);
    project.check("/srv/app/c.py", &[("d", "/srv/app/d.py"), ("srv.app.d", "/srv/app/d.py")]);
    project.check("../lib/a.py", &[("..x.b", "-"), ("...x.b", "../../x/b.py")]);
}

#[test]
fn roots_with_an_equal_claim() {
    let project = python(
        "libs/a/x/__init__.py libs/a/x/one.py libs/b/x/__init__.py libs/b/x/two.py libs/b/x/both.py libs/a/x/both.py cook/t.py",
    );
    project
        .check("cook/t.py", &[("x", "-"), ("x.one", "libs/a/x/one.py"), ("x.two", "libs/b/x/two.py"), ("x.both", "-")]);
    let many: String = (0..9).map(|n| format!("libs/{n}/x/__init__.py ")).collect();
    python(&format!("{many} libs/0/x/one.py cook/t.py")).check("cook/t.py", &[("x.one", "-")]);
}

// ---- edges

#[test]
fn edges_and_order() {
    let project = Project::new(
        &[("a.py", "b b.x a c"), ("b.py", "c"), ("c.py", "b missing"), ("d.py", ""), ("e.ts", "./a ./f"), ("f.ts", "")],
        &[],
    );
    let imports = |path| project.paths(project.graph.imports(project.id(path)));
    let importers = |path| project.paths(project.graph.importers(project.id(path)));
    assert_eq!(imports("a.py"), ["b.py", "c.py"]);
    assert_eq!(imports("d.py"), Vec::<&str>::new());
    assert_eq!(imports("e.ts"), ["f.ts"]);
    assert_eq!(importers("b.py"), ["a.py", "c.py"]);
    assert_eq!(importers("f.ts"), ["e.ts"]);
    assert_eq!(project.paths(&project.graph.order()), ["b.py", "c.py", "a.py", "d.py", "f.ts", "e.ts"]);
    assert_eq!(project.graph.components().len(), 5);
    assert_eq!(project.graph.target(FileId(1), "b"), None, "no such file");
    assert!(project.graph.imports(FileId(77)).is_empty());
}

// ---- TypeScript and JavaScript

#[test]
fn relative_specifiers() {
    npm(
        "src/a.ts src/b.tsx src/c.js src/d.vue src/e/index.ts src/f.ts src/f/index.ts src/g.mts src/h.cts src/i.server.ts \
         src/j.js src/j.ts src/k.svelte x.ts src/l.py index.js",
        &[],
        "src/a.ts",
        &[
            ("./b", "src/b.tsx"),
            ("./b.js", "src/b.tsx"),
            ("./b.jsx", "src/b.tsx"),
            ("./c", "src/c.js"),
            ("./c.js", "src/c.js"),
            ("./d.vue", "src/d.vue"),
            ("./d", "src/d.vue"),
            ("./e", "src/e/index.ts"),
            ("./e/", "src/e/index.ts"),
            ("./e/index.js", "src/e/index.ts"),
            ("./f", "src/f.ts"),
            ("./f/", "src/f/index.ts"),
            ("./g.mjs", "src/g.mts"),
            ("./h.cjs", "src/h.cts"),
            ("./i.server", "src/i.server.ts"),
            ("./j.js", "src/j.ts"),
            ("./k.svelte?raw", "src/k.svelte"),
            ("./l.py", "-"),
            ("./missing", "-"),
            ("../x", "x.ts"),
            ("..", "index.js"),
            ("../", "index.js"),
            ("../../../x", "-"),
            (".", "-"),
            ("x", "-"),
        ],
    );
}

#[test]
fn paths_of_configurations() {
    npm(
        "web/src/lib/a.ts web/src/index.ts web/src/x.ts web/test/t.ts shared/util.ts packages/ui/src/b.tsx",
        &[
            (
                "web/tsconfig.json",
                r#"{ // with comments
                    "extends": ["../tsconfig.base.json", "@installed/config/strict.json"],
                    "compilerOptions": { "baseUrl": "./src", "paths": { "@/*": ["./gone/*", "./*"], "ui": ["../../packages/ui/src/b"], }, },
                    "include": ["src"],
                }"#,
            ),
            ("tsconfig.base.json", r#"{ "compilerOptions": { "paths": { "shared/*": ["shared/*"] } } }"#),
        ],
        "web/test/t.ts",
        &[
            ("@/lib/a", "web/src/lib/a.ts"),
            ("@/lib/a.js", "web/src/lib/a.ts"),
            ("@/gone", "-"),
            ("lib/a", "web/src/lib/a.ts"),
            ("x", "web/src/x.ts"),
            ("ui", "packages/ui/src/b.tsx"),
            ("shared/util", "shared/util.ts"),
            ("react", "-"),
        ],
    );
}

#[test]
fn configurations_that_only_refer_to_others() {
    npm(
        "src/a.ts src/b.ts api/c.ts",
        &[
            (
                "tsconfig.json",
                r#"{ "files": [], "references": [{ "path": "./tsconfig.app.json" }, { "path": "./gone" }] }"#,
            ),
            (
                "tsconfig.app.json",
                r#"{ "compilerOptions": { "paths": { "~lib/*": ["./src/*"] } }, "include": ["src"] }"#,
            ),
        ],
        "api/c.ts",
        &[("~lib/b", "src/b.ts")],
    );
    npm(
        "src/a.js src/b.js",
        &[("jsconfig.json", r#"{ "compilerOptions": { "baseUrl": "src" } }"#)],
        "src/a.js",
        &[("b", "src/b.js")],
    );
}

#[test]
fn configurations_of_packages_of_the_project() {
    npm(
        "apps/web/src/a.ts apps/web/src/b.ts",
        &[
            ("packages/config/package.json", r#"{ "name": "@repo/config" }"#),
            (
                "packages/config/tsconfig.next.json",
                r#"{ "compilerOptions": { "paths": { "@app/*": ["${configDir}/src/*"] } } }"#,
            ),
            ("apps/web/tsconfig.json", r#"{ "extends": "@repo/config/tsconfig.next.json" }"#),
        ],
        "apps/web/src/a.ts",
        &[("@app/b", "apps/web/src/b.ts")],
    );
}

#[test]
fn packages_of_the_project() {
    let manifests = [
        ("package.json", r#"{ "name": "root", "workspaces": ["packages/*"] }"#),
        ("packages/main/package.json", r#"{ "name": "main", "main": "./lib/entry.js" }"#),
        (
            "packages/built/package.json",
            r#"{ "name": "@x/built", "main": "dist/index.js", "module": "dist/esm/index.mjs" }"#,
        ),
        (
            "packages/exported/package.json",
            r#"{ "name": "@x/exported", "exports": {
                ".": { "types": "./dist/index.d.ts", "import": "./dist/index.js" },
                "./client": "./dist/client/index.js",
                "./only-types": { "types": "./src/only.ts" },
                "./f/*": { "require": "./build/cjs/features/*.cjs" } } }"#,
        ),
        ("packages/plain/package.json", r#"{ "name": "plain", "main": "dist/bundle.min.js" }"#),
        ("packages/none/package.json", r#"{ "name": "none" }"#),
        ("packages/crypto/package.json", r#"{ "name": "crypto" }"#),
        ("packages/redis/package.json", r#"{ "name": "@x/redis" }"#),
        ("packages/broken/package.json", r#"{ "name": "broken", "#),
        ("app/package.json", r#"{ "dependencies": { "@x/built": "workspace:^", "plain": "catalog:" } }"#),
        ("twice/a/package.json", r#"{ "name": "twice" }"#),
        ("twice/b/package.json", r#"{ "name": "twice" }"#),
    ];
    npm(
        "packages/main/lib/entry.js packages/main/lib/util.ts packages/main/extra.ts packages/built/src/index.ts packages/built/src/sub/a.ts \
         packages/exported/src/index.ts packages/exported/src/client.ts packages/exported/src/only.ts \
         packages/exported/src/features/one.ts packages/plain/src/index.tsx packages/none/index.js packages/redis/index.ts packages/crypto/index.ts \
         packages/broken/index.ts twice/a/index.ts twice/b/index.ts app/a.ts",
        &manifests,
        "app/a.ts",
        &[
            ("main", "packages/main/lib/entry.js"),
            ("main/extra", "packages/main/extra.ts"),
            ("main/lib/util", "packages/main/lib/util.ts"),
            ("@x/built", "packages/built/src/index.ts"),
            ("@x/built/sub/a", "packages/built/src/sub/a.ts"),
            ("@x/built/dist/sub/a", "packages/built/src/sub/a.ts"),
            ("@x/exported", "packages/exported/src/index.ts"),
            ("@x/exported/client", "packages/exported/src/client.ts"),
            ("@x/exported/only-types", "packages/exported/src/only.ts"),
            ("@x/exported/f/one", "packages/exported/src/features/one.ts"),
            ("@x/exported/gone", "-"),
            ("plain", "packages/plain/src/index.tsx"),
            ("none", "packages/none/index.js"),
            ("@x/redis", "-"),
            ("crypto", "-"),
            ("broken", "-"),
            ("twice", "-"),
            ("../packages/none", "packages/none/index.js"),
            ("../packages/built", "packages/built/src/index.ts"),
            ("../packages/broken", "packages/broken/index.ts"),
            ("react/index.js", "-"),
        ],
    );
}

#[test]
fn installed_packages_of_the_same_name() {
    let fixture = ("fixtures/web/package.json", r#"{ "name": "web", "version": "0.1.0" }"#);
    let asked = |written: &str| format!(r#"{{ "dependencies": {{ "web": "{written}" }} }}"#);
    for (written, expected) in [
        ("^4.1.0", "-"),
        ("^0.1.0", "fixtures/web/index.js"),
        ("*", "fixtures/web/index.js"),
        ("file:../fixtures/web", "fixtures/web/index.js"),
    ] {
        let root = [("package.json", "{}"), ("app/package.json", &asked(written)), fixture];
        npm("fixtures/web/index.js app/a.ts", &root, "app/a.ts", &[("web", expected)]);
        let expected = if written.starts_with("file:") { expected } else { "-" };
        npm("fixtures/web/index.js app/a.ts", &root[1..], "app/a.ts", &[("web", expected)]);
    }
    npm("fixtures/web/index.js a.ts", &[("package.json", "{}"), fixture], "a.ts", &[("web", "fixtures/web/index.js")]);
}

#[test]
fn relative_paths_to_built_files() {
    npm(
        "p/src/index.ts p/src/sub/a.ts p/test/t.js p/src/gone.ts",
        &[("p/package.json", "{}")],
        "p/test/t.js",
        &[
            ("../dist/index.js", "p/src/index.ts"),
            ("../lib/sub/a", "p/src/sub/a.ts"),
            ("../dist/esm/sub/a.mjs", "p/src/sub/a.ts"),
            ("../other/sub/a", "-"),
            ("./gone", "-"),
            ("../dist/gone.css", "-"),
        ],
    );
}

#[test]
fn imports_of_a_package() {
    npm(
        "a/src/x.ts a/src/util/y.ts a/src/z.ts",
        &[(
            "a/package.json",
            r##"{ "imports": { "#util/*": "./src/util/*.js", "#z": "./dist/z.js", "#gone": "./gone.js" } }"##,
        )],
        "a/src/x.ts",
        &[("#util/y", "a/src/util/y.ts"), ("#z", "a/src/z.ts"), ("#gone", "-"), ("#other", "-")],
    );
}

#[test]
fn aliases_by_convention() {
    npm(
        "web/src/a.vue web/src/x/b.ts web/c.ts",
        &[("web/package.json", "{}")],
        "web/src/a.vue",
        &[("@/x/b", "web/src/x/b.ts"), ("~/c", "web/c.ts"), ("/src/x/b.ts", "web/src/x/b.ts"), ("@/gone", "-")],
    );
}

#[test]
fn manifests_that_make_no_sense() {
    let files = "a/b.ts a/c.ts";
    for text in [
        "",
        "{",
        "[]",
        "null",
        "3",
        "{\"extends\": \"./tsconfig.json\"}",
        "{\"extends\": 3}",
        "{\"compilerOptions\": []}",
        "{\"compilerOptions\": {\"paths\": 3, \"baseUrl\": {}}}",
        "{\"references\": [{\"path\": \".\"}], \"exports\": {\".\": 3, \"x\": [null]}, \"name\": [], \"main\": {}}",
        "{\"name\": \"x\", \"main\": \"../../../../..\", \"exports\": {\"./*\": \"./*\", \"./../*\": \"../*\"}}",
        "{\"compilerOptions\": {\"paths\": {\"**\": [\"\"], \"\": [\"*\"], \"*\": [\"*/*\", \"/\"]}}}",
        "\u{1f600}",
    ] {
        let manifests =
            [("a/package.json", text), ("a/tsconfig.json", text), ("tsconfig.json", text), ("jsconfig.json", text)];
        let odd = [
            ("./c", "a/c.ts"),
            ("", "-"),
            ("#", "-"),
            ("@", "-"),
            ("@/", "-"),
            ("@x", "-"),
            ("@x/", "-"),
            ("x/../..", "-"),
        ];
        npm(files, &manifests, "a/b.ts", &odd);
    }
}

#[test]
fn the_same_for_every_order_of_nodes_and_manifests() {
    let paths = ["a/index.ts", "b/index.ts", "c.ts"];
    let manifests =
        [("a/package.json", r#"{ "name": "p" }"#), ("b/package.json", r#"{ "name": "q" }"#), ("package.json", "{}")];
    let reversed: Vec<_> = manifests.iter().rev().copied().collect();
    for manifests in [&manifests[..], &reversed] {
        let files: Vec<(&str, &str)> = paths.iter().map(|path| (*path, "p q")).collect();
        let project = Project::new(&files, manifests);
        project.check("c.ts", &[("p", "a/index.ts"), ("q", "b/index.ts")]);
    }
}
