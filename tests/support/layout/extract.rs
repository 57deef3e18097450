//! Moves a release into a helper and an acquisition into a factory: to the end of the file, or into a new file beside it.

use super::{is_word, occurrences};
use unclosed::source::Language;

/// Where the new functions go.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum To {
    SameFile,
    /// A new file in the same directory, which the file imports.
    OtherFile {
        /// The file is a module of a package, so that Python finds its neighbours by a relative import only.
        in_package: bool,
    },
}

/// A file of which a part was moved away.
#[derive(PartialEq, Eq, Debug)]
pub struct Extraction {
    pub text: String,
    /// Name and text of the new file.
    pub module: Option<(String, String)>,
    /// The import stands before what was this line, counted from 1.
    inserted: Option<usize>,
    /// How many functions were made.
    pub functions: usize,
}

impl Extraction {
    /// Where a line of the original is now; both 1-based.
    pub fn line(&self, line: usize) -> usize {
        line + usize::from(self.inserted.is_some_and(|inserted| line >= inserted))
    }
}

/// A function that does what the line did, and the line that calls it.
struct Moved {
    line: String,
    name: String,
    function: String,
    /// The import that the function needs, if it leaves the file.
    import: Option<String>,
}

/// Methods that end something in the libraries that fixtures use.
const RELEASES: &[&str] =
    &["close", "aclose", "quit", "disconnect", "end", "release", "dispose", "destroy", "shutdown", "stop"];

/// `[await ]name.close()` and the like, and `clearInterval(name)`, become calls of functions that do this.
pub fn releases(text: &str, language: Language, to: To) -> Option<Extraction> {
    extract(text, language, to, "release_helpers", |line, number| {
        let syntax = Syntax::of(language);
        let mark = format!("{}~ release", syntax.comment);
        let code = line.split(mark.as_str()).next()?.trim_end();
        let statement = code.trim_start().strip_suffix(syntax.end)?;
        let (wait, statement) = awaited(statement);
        let (name, done) = match statement.strip_prefix("clearInterval(") {
            Some(name) => (name.strip_suffix(')')?, "clearInterval(thing)".to_owned()),
            None => {
                let (name, method) = statement.strip_suffix("()")?.split_once('.')?;
                let known = RELEASES.contains(&method) || line.contains(&mark);
                let plain = method.chars().all(is_word) && known;
                plain.then(|| (name, format!("thing.{method}()")))?
            }
        };
        if name.is_empty() || matches!(name, "this" | "self" | "cls" | "super") || !name.chars().all(is_word) {
            return None;
        }
        let function = syntax.name("release", number);
        Some(Moved {
            line: format!("{}{wait}{function}({name}){}", indent(line), syntax.end),
            function: syntax.function(wait, &function, "thing", &format!("{wait}{done}")),
            name: function,
            import: None,
        })
    })
}

/// `name = [await ]library.connect(...)` calls a new function that does this. Names are handed over, literals go along; an argument that is
/// neither stays where it is, and so does the whole line.
pub fn acquisitions(text: &str, language: Language, to: To) -> Option<Extraction> {
    let syntax = Syntax::of(language);
    extract(text, language, to, "client_factories", |line, number| {
        let (target, value) = line.split_once(" = ").filter(|_| line.starts_with(' '))?;
        let declared = ["const ", "let ", "var "].iter().find_map(|word| target.trim_start().strip_prefix(word));
        let name = declared.unwrap_or(target.trim_start());
        let field = ["self.", "this."].iter().find_map(|this| name.strip_prefix(this));
        if !field.unwrap_or(name).chars().all(|c| is_word(c) || c == '#') {
            return None;
        }
        let (value, rest) = call(value)?;
        let (wait, made) = awaited(value);
        let (callee, arguments) = made.split_once('(')?;
        let path = callee.strip_prefix("new ").unwrap_or(callee);
        let root = path.split('.').next()?;
        let plain = !root.is_empty() && path.chars().all(|c| is_word(c) || c == '.');
        let import = text.lines().find(|l| plain && is_import(l) && binds(l, root) && !is_shadowed(text, root))?;
        let (mut parameters, mut inner, mut outer) = (Vec::new(), Vec::new(), Vec::new());
        for argument in split(arguments.strip_suffix(')')?)? {
            let keyword = match argument.split_once('=') {
                Some((keyword, _)) if syntax.python && keyword.chars().all(is_word) => keyword.len() + 1,
                _ => 0,
            };
            let (keyword, value) = argument.split_at(keyword);
            if is_literal(value) {
                inner.push(argument.to_owned());
            } else if value.chars().all(|c| is_word(c) || c == '.') {
                let parameter = format!("given{}", parameters.len());
                inner.push(format!("{keyword}{parameter}"));
                parameters.push(parameter);
                outer.push(value.to_owned());
            } else {
                return None;
            }
        }
        let function = syntax.name("make", number);
        let made = format!("return {wait}{callee}({})", inner.join(", "));
        Some(Moved {
            line: format!("{target} = {wait}{function}({}){rest}", outer.join(", ")),
            function: syntax.function(wait, &function, &parameters.join(", "), &made),
            name: function,
            import: Some(import.to_owned()),
        })
    })
}

fn extract(
    text: &str,
    language: Language,
    to: To,
    module: &str,
    mut moved: impl FnMut(&str, usize) -> Option<Moved>,
) -> Option<Extraction> {
    if matches!(language, Language::Vue | Language::Svelte) {
        return None;
    }
    let syntax = Syntax::of(language);
    let (mut lines, mut all) = (Vec::new(), Vec::new());
    for line in text.lines() {
        match moved(line, all.len()) {
            Some(moved) => {
                lines.push(moved.line.clone());
                all.push(moved);
            }
            None => lines.push(line.to_owned()),
        }
    }
    let functions = all.len();
    if functions == 0 {
        return None;
    }
    let bodies: String = all.iter().map(|m| m.function.as_str()).collect();
    let names: Vec<&str> = all.iter().map(|m| m.name.as_str()).collect();
    let mut imports: Vec<&str> = all.iter().filter_map(|m| m.import.as_deref()).collect();
    imports.sort_unstable();
    imports.dedup();
    let To::OtherFile { in_package } = to else {
        let text = lines.join("\n") + "\n" + &bodies;
        return Some(Extraction { text, module: None, inserted: None, functions });
    };
    let at = lines.iter().position(|l| is_import(l) && !l.contains("__future__")).unwrap_or_else(|| {
        let comment = |l: &&String| l.starts_with(syntax.comment);
        lines.iter().take_while(comment).count()
    });
    let commonjs = !syntax.python && !lines.iter().any(|l| l.starts_with("import ") || l.starts_with("export "));
    let dot = if in_package { "." } else { "" };
    let listed = names.join(", ");
    let (import, exported) = match (syntax.python, commonjs) {
        (true, _) => (format!("from {dot}{module} import {listed}"), bodies),
        (false, true) => {
            let exports = format!("{bodies}\nmodule.exports = {{ {listed} }};\n");
            (format!("const {{ {listed} }} = require(\"./{module}\");"), exports)
        }
        (false, false) => {
            let exports = format!("{bodies}\nexport {{ {listed} }};\n");
            (format!("import {{ {listed} }} from \"./{module}.js\";"), exports)
        }
    };
    lines.insert(at, import);
    let extension = match language {
        Language::Python => "py",
        Language::JavaScript => "js",
        _ => "ts",
    };
    let head = imports.join("\n");
    Some(Extraction {
        text: lines.join("\n") + "\n",
        module: Some((format!("{module}.{extension}"), format!("{head}\n{exported}").trim_start().to_owned())),
        inserted: Some(at + 1),
        functions,
    })
}

/// How a language writes functions and statements.
struct Syntax {
    python: bool,
    comment: &'static str,
    /// What ends a statement.
    end: &'static str,
}

impl Syntax {
    fn of(language: Language) -> Syntax {
        match language {
            Language::Python => Syntax { python: true, comment: "#", end: "" },
            _ => Syntax { python: false, comment: "//", end: ";" },
        }
    }

    fn name(&self, what: &str, number: usize) -> String {
        if self.python { format!("{what}_{number}") } else { format!("{what}{number}") }
    }

    /// A function of one statement.
    fn function(&self, wait: &str, name: &str, parameters: &str, statement: &str) -> String {
        let asynchronous = if wait.is_empty() { "" } else { "async " };
        if self.python {
            format!("\n\n{asynchronous}def {name}({parameters}):\n    {statement}\n")
        } else {
            format!("\n{asynchronous}function {name}({parameters}) {{\n  {statement};\n}}\n")
        }
    }
}

fn indent(line: &str) -> &str {
    &line[..line.len() - line.trim_start().len()]
}

fn awaited(statement: &str) -> (&str, &str) {
    statement.strip_prefix("await ").map_or(("", statement), |rest| ("await ", rest))
}

fn is_import(line: &str) -> bool {
    line.starts_with("import ") || line.starts_with("from ") || line.contains(" = require(")
}

/// The import brings this name into the file as a value.
fn binds(import: &str, name: &str) -> bool {
    let types = import.starts_with("import type ") || import.contains(&format!("type {name}"));
    let renamed = import.contains(&format!("{name} as "));
    let dotted = |at: usize| import[..at].ends_with('.') || import[at..].starts_with(&format!("{name}."));
    let names = match import.split_once(" import ") {
        Some((from, _)) if import.starts_with("from ") => from.len(),
        _ => 0,
    };
    let ends = import.find(" from ").or_else(|| import.find("require(")).unwrap_or(import.len());
    let ends = if names > 0 { import.len() } else { ends };
    !types && !renamed && occurrences(import, name).any(|at| names <= at && at < ends && !dotted(at))
}

/// Something in the file has the name of what is imported.
fn is_shadowed(text: &str, name: &str) -> bool {
    let declares =
        |before: &str| ["const ", "let ", "var ", "def ", "function "].iter().any(|word| before.ends_with(word));
    let lines = text.lines().filter(|line| !is_import(line));
    let parameter = |before: &str, after: &str| {
        let opens = ["def ", "function ", "async "].iter().any(|word| before.contains(word)) && before.contains('(');
        opens && (after.starts_with([':', ',']) || after.starts_with(')'))
    };
    lines.into_iter().any(|line| {
        occurrences(line, name).any(|at| {
            let (before, after) = (&line[..at], &line[at + name.len()..]);
            declares(before) || parameter(before, after)
        })
    })
}

/// The call at the start of a text, which may be awaited, and what follows it in the line: a comment or nothing.
fn call(text: &str) -> Option<(&str, &str)> {
    let mut depth = 0usize;
    let mut quote = None;
    for (at, c) in text.char_indices() {
        match (quote, c) {
            (Some(open), c) if c == open => quote = None,
            (Some(_), _) => {}
            (None, '"' | '\'' | '`') => quote = Some(c),
            (None, '(' | '[' | '{') => depth += 1,
            (None, ')' | ']' | '}') => {
                depth = depth.checked_sub(1)?;
                if depth == 0 && c == ')' {
                    let (call, rest) = text.split_at(at + 1);
                    let after = rest.strip_prefix(';').unwrap_or(rest).trim_start();
                    let ends = after.is_empty() || after.starts_with('#') || after.starts_with("//");
                    return ends.then_some((call, rest));
                }
            }
            _ => {}
        }
    }
    None
}

/// The arguments between parentheses.
fn split(arguments: &str) -> Option<Vec<&str>> {
    let (mut out, mut start, mut depth, mut quote) = (Vec::new(), 0, 0usize, None);
    for (at, c) in arguments.char_indices() {
        match (quote, c) {
            (Some(open), c) if c == open => quote = None,
            (Some(_), _) => {}
            (None, '"' | '\'' | '`') => quote = Some(c),
            (None, '(' | '[' | '{') => depth += 1,
            (None, ')' | ']' | '}') => depth = depth.checked_sub(1)?,
            (None, ',') if depth == 0 => {
                out.push(arguments[start..at].trim());
                start = at + 1;
            }
            _ => {}
        }
    }
    out.push(arguments[start..].trim());
    out.retain(|argument| !argument.is_empty());
    Some(out)
}

/// Nothing in it comes from elsewhere.
fn is_literal(value: &str) -> bool {
    let mut bare = String::new();
    let mut quote = None;
    for c in value.chars() {
        match (quote, c) {
            (Some(open), c) if c == open => quote = None,
            (Some(_), '$' | '{') => bare.push('?'),
            (Some(_), _) => {}
            (None, '"' | '\'' | '`') => quote = Some(c),
            (None, c) => bare.push(c),
        }
    }
    bare.split(|c: char| !is_word(c)).filter(|word| !word.is_empty()).all(|word| {
        let number = word.starts_with(|c: char| c.is_ascii_digit());
        let constant = matches!(word, "true" | "false" | "null" | "undefined" | "True" | "False" | "None");
        number || constant || bare.contains(&format!("{word}:"))
    }) && !bare.contains(['?', '(', '=', '.'])
}

#[cfg(test)]
mod tests {
    use super::*;

    const AWAY: To = To::OtherFile { in_package: false };

    #[test]
    fn releases_move_into_functions() {
        let text = "import m\nasync def f(c):\n    await c.aclose()  #~ release\n    c.ping()\n";
        let moved = releases(text, Language::Python, To::SameFile).unwrap();
        assert!(moved.text.contains("    await release_0(c)\n    c.ping()\n"), "{moved:?}");
        assert!(moved.text.ends_with("async def release_0(thing):\n    await thing.aclose()\n"), "{moved:?}");
        assert_eq!(releases("pass\n", Language::Python, To::SameFile), None);
        let away = releases(text, Language::Python, AWAY).unwrap();
        assert!(away.text.starts_with("from release_helpers import release_0\nimport m\n"), "{away:?}");
        assert_eq!((away.line(1), away.line(3), away.functions), (2, 4, 1));
        let (name, text) = away.module.unwrap();
        assert_eq!(name, "release_helpers.py");
        assert_eq!(text, "async def release_0(thing):\n    await thing.aclose()\n");
    }

    #[test]
    fn releases_of_typescript_move_into_functions() {
        let text = "import m from \"m\";\nasync function f(c) {\n  await c.quit(); //~ release\n}\n";
        let moved = releases(text, Language::TypeScript, To::SameFile).unwrap();
        assert!(moved.text.contains("  await release0(c);\n"), "{moved:?}");
        assert!(moved.text.ends_with("async function release0(thing) {\n  await thing.quit();\n}\n"), "{moved:?}");
        let away = releases(text, Language::TypeScript, AWAY).unwrap();
        assert!(away.text.starts_with("import { release0 } from \"./release_helpers.js\";\n"), "{away:?}");
        assert!(away.module.unwrap().1.ends_with("export { release0 };\n"));
        let commonjs = "const m = require(\"m\");\nconst f = (t) => {\n  clearInterval(t);\n};\n";
        let away = releases(commonjs, Language::JavaScript, AWAY).unwrap();
        assert!(away.text.starts_with("const { release0 } = require(\"./release_helpers\");\n"), "{away:?}");
        assert!(away.module.unwrap().1.ends_with("  clearInterval(thing);\n}\n\nmodule.exports = { release0 };\n"));
        assert_eq!(releases(text, Language::Vue, AWAY), None);
    }

    #[test]
    fn acquisitions_move_into_functions() {
        let text =
            "import { connect } from \"m\";\nasync function f(u) {\n  const c = await connect(u.v, \"x\"); // it\n}\n";
        let moved = acquisitions(text, Language::TypeScript, To::SameFile).unwrap();
        assert!(moved.text.contains("  const c = await make0(u.v); // it\n"), "{moved:?}");
        let function = "async function make0(given0) {\n  return await connect(given0, \"x\");\n}\n";
        assert!(moved.text.ends_with(function), "{moved:?}");
        let away = acquisitions(text, Language::TypeScript, AWAY).unwrap();
        assert!(away.module.unwrap().1.starts_with("import { connect } from \"m\";\n\nasync function make0("));
        assert_eq!(acquisitions(&text.replace("u.v", "u()"), Language::TypeScript, AWAY), None);
        let shadowed = format!("{text}function g(connect: F) {{}}\n");
        assert_eq!(acquisitions(&shadowed, Language::TypeScript, AWAY), None);
        assert_eq!(acquisitions(&text.replace("{ connect }", "type { connect }"), Language::TypeScript, AWAY), None);
    }

    #[test]
    fn acquisitions_of_python_move_into_functions() {
        let text = "import redis.asyncio as redis\nclass A:\n    def f(self, u):\n        self.c = redis.from_url(u, db=1, pool=self.p)\n";
        let moved = acquisitions(text, Language::Python, To::OtherFile { in_package: true }).unwrap();
        assert!(moved.text.starts_with("from .client_factories import make_0\nimport redis.asyncio as redis\n"));
        assert!(moved.text.contains("        self.c = make_0(u, self.p)\n"), "{moved:?}");
        let function = "import redis.asyncio as redis\n\n\ndef make_0(given0, given1):\n    return redis.from_url(given0, db=1, pool=given1)\n";
        assert_eq!(moved.module.unwrap().1, function);
    }

    #[test]
    fn literals_are_told_from_names() {
        for literal in ["\"a.b(c)\"", "1_000", "{ host: \"h\", port: 1 }", "True", "['a', 'b']"] {
            assert!(is_literal(literal), "{literal}");
        }
        for other in ["name", "{ name }", "{ url: name }", "f()", "`${a}`", "f\"{a}\"", "a => b", "a.b"] {
            assert!(!is_literal(other), "{other}");
        }
        assert!(
            binds("from m import a, b", "b") && binds("import a.b as c", "c") && !binds("from m import a as b", "a")
        );
        assert!(!binds("import { a as b } from \"b\"", "a") && binds("const { a } = require(\"m\");", "a"));
    }
}
