//! Rewrites of TypeScript and JavaScript.

use super::{Rewrite, is_word, layouts, occurrences, renamed};
use unclosed::source::Language;

/// All rewrites of a program that keep its lines apart.
pub fn rewrites(text: &str, _language: Language) -> Vec<Rewrite> {
    let mut out = layouts(text, "// about the next line");
    for name in variables(text) {
        out.push(Rewrite::same_lines(&format!("rename `{name}`"), renamed(text, &name, &format!("renamed_{name}"))));
    }
    out
}

/// Rewrites that put code elsewhere.
pub fn moves(text: &str, language: Language, imported: bool) -> Vec<Rewrite> {
    let mut out = Vec::new();
    let mut push = |name: &str, moved: Option<String>| {
        out.extend(moved.map(|text| Rewrite::same_lines(name, text)));
    };
    if is_whole_script(language) {
        push("acquisition in a factory", acquisition_in_factory(text));
    }
    push("arrow functions", arrow_functions(text));
    if !imported {
        push("async functions", async_functions(text));
    }
    out
}

/// Whether a function may be added at the end of the file.
fn is_whole_script(language: Language) -> bool {
    !matches!(language, Language::Vue | Language::Svelte)
}

/// The name that a line declares, and where it stands in the line.
fn declared(line: &str) -> Option<(&str, &str)> {
    let code = line.trim_start();
    let rest = ["const ", "let ", "var "].iter().find_map(|word| code.strip_prefix(word))?;
    let (name, value) = rest.split_once(" = ")?;
    (!name.is_empty() && name.chars().all(is_word)).then_some((name, value))
}

/// Variables that are safe to rename textually: declared in a statement of their own inside a function, and never a property, a
/// shorthand, a method, a parameter with a type or a part of a string.
fn variables(text: &str) -> Vec<String> {
    let mut names = Vec::new();
    for line in text.lines() {
        let Some((name, _)) = declared(line) else { continue };
        if line.starts_with(' ') && !names.iter().any(|n| n == name) && renamable(text, name) {
            names.push(name.to_owned());
        }
    }
    names
}

fn renamable(text: &str, name: &str) -> bool {
    occurrences(text, name).all(|at| {
        let (before, after) = (&text[..at], &text[at + name.len()..]);
        let line = before.rsplit('\n').next().unwrap_or("");
        let quoted = ['"', '\'', '`'].iter().any(|quote| line.matches(*quote).count() % 2 == 1);
        let shorthand = before.trim_end().ends_with(['{', ',', '('])
            && after.trim_start().starts_with(['}', ','])
            && (before.trim_end().ends_with('{') || after.trim_start().starts_with('}') || !before.ends_with('('));
        let told =
            ["import ", "//", "* "].iter().any(|word| line.trim_start().starts_with(word)) || line.contains("//");
        let typed = after.starts_with(':') || after.starts_with("?:");
        let method = line.trim().is_empty() && after.starts_with('(');
        !method && !before.ends_with('.') && !quoted && !shorthand && !told && !typed
    })
}

/// `const c = await connect("x");` calls a new function that does this and no more. Only where nothing else needs to be handed over.
fn acquisition_in_factory(text: &str) -> Option<String> {
    let mut body = String::new();
    let mut factories = String::new();
    for line in text.lines() {
        let moved = declared(line).filter(|_| line.starts_with(' ')).and_then(|(name, value)| {
            let (value, rest) = value.split_once(");")?;
            let (wait, made) = value.strip_prefix("await ").map_or(("", value), |made| ("await ", made));
            let (callee, arguments) = made.strip_prefix("new ").unwrap_or(made).split_once('(')?;
            let callee = callee.split('.').next()?;
            let imported = text.lines().any(|l| is_import(l) && occurrences(l, callee).next().is_some());
            Some((name, wait, made, arguments, rest)).filter(|_| imported && is_literal(arguments))
        });
        match moved {
            Some((name, wait, made, _, rest)) => {
                let number = factories.lines().count();
                let asynchronous = if wait.is_empty() { "" } else { "async " };
                let head = &line[..line.find(" = ")? - name.len()];
                body.push_str(&format!("{head}{name} = {wait}make{number}();{rest}"));
                factories
                    .push_str(&format!("\n{asynchronous}function make{number}() {{\n  return {wait}{made});\n}}\n"));
            }
            None => body.push_str(line),
        }
        body.push('\n');
    }
    (!factories.is_empty()).then(|| format!("{body}{factories}"))
}

fn is_import(line: &str) -> bool {
    line.starts_with("import ") || line.contains(" = require(")
}

fn is_literal(arguments: &str) -> bool {
    let quoted = |quote| arguments.len() > 1 && arguments.starts_with(quote) && arguments.ends_with(quote);
    arguments.is_empty() || ((quoted('"') || quoted('\'')) && !arguments.contains("${"))
}

/// `function f(a) {` of the top level becomes `const f = (a) => {`. A default export and what uses its own `this` stay.
fn arrow_functions(text: &str) -> Option<String> {
    if text.contains("this") || text.contains("arguments") || text.contains(".prototype") {
        return None;
    }
    let mut changed = false;
    let lines = text.lines().map(|line| {
        let (export, rest) = line.strip_prefix("export ").map_or(("", line), |rest| ("export ", rest));
        let (asynchronous, rest) = rest.strip_prefix("async ").map_or(("", rest), |rest| ("async ", rest));
        let parts = rest.strip_prefix("function ").and_then(|rest| rest.split_once('('));
        match parts {
            Some((name, rest)) if name.chars().all(is_word) && rest.ends_with(" {") && rest.contains(')') => {
                changed = true;
                format!("{export}const {name} = {asynchronous}({} => {{\n", rest.strip_suffix(" {").unwrap_or(rest))
            }
            _ => format!("{line}\n"),
        }
    });
    let moved: String = lines.collect();
    changed.then_some(moved)
}

/// Exported functions that nothing in the file calls become asynchronous. Components and hooks may not.
fn async_functions(text: &str) -> Option<String> {
    let mut changed = false;
    let lines = text.lines().map(|line| {
        let name = line.strip_prefix("export function ").and_then(|rest| rest.split_once('(')).map(|(name, _)| name);
        match name {
            Some(name)
                if name.starts_with(|c: char| c.is_lowercase())
                    && !name.starts_with("use")
                    && name.chars().all(is_word)
                    && occurrences(text, name).count() == 1
                    && !line.contains("): ") =>
            {
                changed = true;
                format!("{}\n", line.replacen("export function", "export async function", 1))
            }
            _ => format!("{line}\n"),
        }
    });
    let moved: String = lines.collect();
    changed.then_some(moved)
}

/// The program with every marked `[await ]name.method(...);` or `clearInterval(name);` moved into a function of its own.
pub fn release_in_helper(text: &str, language: Language) -> Option<String> {
    if !is_whole_script(language) {
        return None;
    }
    let mut helpers = String::new();
    let mut body = String::new();
    for line in text.lines() {
        let moved = line.split_once("//~ release").and_then(|(code, _)| helper_call(code, helpers.lines().count()));
        match moved {
            Some((call, helper)) => {
                body.push_str(&call);
                helpers.push_str(&helper);
            }
            None => body.push_str(line),
        }
        body.push('\n');
    }
    (!helpers.is_empty()).then(|| format!("{body}{helpers}"))
}

fn helper_call(code: &str, number: usize) -> Option<(String, String)> {
    let statement = code.trim().strip_suffix(");")?;
    let indent = &code[..code.len() - code.trim_start().len()];
    let (wait, asynchronous, statement) = match statement.strip_prefix("await ") {
        Some(rest) => ("await ", "async ", rest),
        None => ("", "", statement),
    };
    let (name, done) = match statement.strip_prefix("clearInterval(") {
        Some(name) => (name, "clearInterval(thing)".to_owned()),
        None => {
            let (receiver, call) = statement.split_once('.')?;
            let (method, arguments) = call.split_once('(')?;
            if !method.chars().all(is_word) || !arguments.is_empty() {
                return None;
            }
            (receiver, format!("thing.{method}()"))
        }
    };
    if name.is_empty() || name == "this" || !name.chars().all(is_word) {
        return None;
    }
    let helper = format!("\n{asynchronous}function release{number}(thing) {{\n  {wait}{done};\n}}\n");
    Some((format!("{indent}{wait}release{number}({name});"), helper))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_variables_are_renamed() {
        let text = "function f() {\n  const db = open();\n  const x = \"db\" + x;\n  const rows = load(a, rows);\n  return { db };\n}\n";
        assert_eq!(variables(text), ["x", "rows"]);
        assert_eq!(renamed("$a = a + a.b", "a", "c"), "$a = c + c.b");
    }

    #[test]
    fn releases_move_into_functions() {
        let text = "async function f(c) {\n  await c.quit(); //~ release\n}\n";
        let moved = release_in_helper(text, Language::TypeScript).unwrap();
        assert!(moved.contains("  await release0(c);\n"), "{moved}");
        assert!(moved.ends_with("async function release0(thing) {\n  await thing.quit();\n}\n"), "{moved}");
        let text = "const f = (t) => {\n  clearInterval(t); //~ release\n};\n";
        let moved = release_in_helper(text, Language::TypeScript).unwrap();
        assert!(moved.ends_with("function release0(thing) {\n  clearInterval(thing);\n}\n"), "{moved}");
        assert_eq!(release_in_helper("pass();\n", Language::TypeScript), None);
        assert_eq!(release_in_helper(text, Language::Vue), None);
    }

    #[test]
    fn acquisitions_move_into_functions() {
        let text = "import { connect } from \"m\";\nasync function f() {\n  const c = await connect(\"x\"); // it\n}\n";
        let moved = acquisition_in_factory(text).unwrap();
        assert!(moved.contains("  const c = await make0(); // it\n"), "{moved}");
        assert!(moved.ends_with("async function make0() {\n  return await connect(\"x\");\n}\n"), "{moved}");
        assert_eq!(acquisition_in_factory(&text.replace("\"x\"", "x")), None);
    }

    #[test]
    fn functions_change_their_form() {
        let text = "export async function f(a: { b: string }) {\n  return a;\n}\n";
        let arrow = arrow_functions(text).unwrap();
        assert_eq!(arrow, "export const f = async (a: { b: string }) => {\n  return a;\n}\n");
        assert_eq!(async_functions("export function f() {\n}\n").unwrap(), "export async function f() {\n}\n");
        assert_eq!(async_functions("export function Page() {\n}\n"), None);
    }
}
