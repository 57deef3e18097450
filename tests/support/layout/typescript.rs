//! Rewrites of TypeScript and JavaScript.

use super::{Rewrite, is_word, layouts, occurrences, renamed};

/// All rewrites of a program that keep its lines apart.
pub fn rewrites(text: &str) -> Vec<Rewrite> {
    let mut out = layouts(text, "// about the next line");
    for name in variables(text) {
        out.push(Rewrite::same_lines(&format!("rename `{name}`"), renamed(text, &name, &format!("renamed_{name}"))));
    }
    out
}

/// Rewrites that put code elsewhere.
pub fn moves(text: &str, imported: bool) -> Vec<Rewrite> {
    let mut out = Vec::new();
    let mut push = |name: &str, moved: Option<String>| {
        out.extend(moved.map(|text| Rewrite::same_lines(name, text)));
    };
    push("arrow functions", arrow_functions(text));
    if !imported {
        push("async functions", async_functions(text));
    }
    out
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
    fn functions_change_their_form() {
        let text = "export async function f(a: { b: string }) {\n  return a;\n}\n";
        let arrow = arrow_functions(text).unwrap();
        assert_eq!(arrow, "export const f = async (a: { b: string }) => {\n  return a;\n}\n");
        assert_eq!(async_functions("export function f() {\n}\n").unwrap(), "export async function f() {\n}\n");
        assert_eq!(async_functions("export function Page() {\n}\n"), None);
    }
}
