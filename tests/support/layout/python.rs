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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_variables_are_renamed() {
        let text = "def f(conn=None):\n    cur = conn.cursor()\n    db = connect(db=1)\n    x = \"cur\" + cur\n";
        assert_eq!(variables(text), ["x"]);
        assert_eq!(renamed("a = ab + a.b", "a", "c"), "c = ab + c.b");
    }
}
