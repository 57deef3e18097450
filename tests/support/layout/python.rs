//! Rewrites of Python.

use super::{Rewrite, is_word, layouts, occurrences, renamed};

/// All rewrites of a program that keep its lines apart.
pub fn rewrites(text: &str) -> Vec<Rewrite> {
    let mut out = layouts(text, "# about the next line");
    for name in variables(text) {
        out.push(Rewrite::same_lines(&format!("rename `{name}`"), renamed(text, &name, &format!("renamed_{name}"))));
    }
    out
}

/// Variables that are safe to rename textually: assigned in a statement of their own, never an attribute, keyword, import or string.
fn variables(text: &str) -> Vec<String> {
    let mut names = Vec::new();
    for line in text.lines() {
        let Some((name, _)) = line.trim_start().split_once(" = ") else { continue };
        let indented = line.starts_with(' ');
        if indented && name.chars().all(is_word) && !names.iter().any(|n| n == name) && renamable(text, name) {
            names.push(name.to_owned());
        }
    }
    names
}

fn renamable(text: &str, name: &str) -> bool {
    occurrences(text, name).all(|at| {
        let (before, after) = (&text[..at], &text[at + name.len()..]);
        let line = before.rsplit('\n').next().unwrap_or("");
        let keyword = after.starts_with('=') && !after.starts_with("==");
        let quoted = line.matches('"').count() % 2 == 1 || line.matches('\'').count() % 2 == 1;
        let imported = line.contains("import ") || line.contains("from ");
        let declared = line.trim_start().starts_with("def ") || line.trim_start().starts_with("class ");
        !before.ends_with('.') && !keyword && !quoted && !imported && !declared && !line.contains("#")
    })
}

/// The program with every marked `[await ]name.method()` moved into a function of its own, or `None` when it has none.
pub fn release_in_helper(text: &str) -> Option<String> {
    let mut helpers = String::new();
    let mut body = String::new();
    for line in text.lines() {
        let moved = line.split_once("#~ release").and_then(|(code, _)| helper_call(code, helpers.lines().count()));
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
    let statement = code.trim();
    let indent = &code[..code.len() - code.trim_start().len()];
    let (wait, define, statement) = match statement.strip_prefix("await ") {
        Some(rest) => ("await ", "async def", rest),
        None => ("", "def", statement),
    };
    let (name, method) = statement.strip_suffix("()")?.split_once('.')?;
    if !name.chars().all(is_word) || !method.chars().all(is_word) {
        return None;
    }
    let helper = format!("\n\n{define} release_{number}(thing):\n    {wait}thing.{method}()\n");
    Some((format!("{indent}{wait}release_{number}({name})"), helper))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_variables_are_renamed() {
        let text = "def f(conn=None):\n    cur = conn.cursor()\n    db = connect(db=1)\n    x = \"cur\" + cur\n";
        assert_eq!(variables(text), ["x"]);
        assert_eq!(renamed("a = ab + a.b", "a", "c"), "c = ab + c.b");
    }

    #[test]
    fn releases_move_into_functions() {
        let text = "async def f(c):\n    await c.aclose()  #~ release\n";
        let moved = release_in_helper(text).unwrap();
        assert!(moved.contains("    await release_0(c)\n"));
        assert!(moved.ends_with("async def release_0(thing):\n    await thing.aclose()\n"));
        assert_eq!(release_in_helper("pass\n"), None);
    }
}
