//! Mutants of Python.

use super::Mutant;

const MARK: &str = "#~ release";

/// All mutants of a program.
pub fn mutants(text: &str) -> Vec<Mutant> {
    let lines: Vec<&str> = text.lines().collect();
    let mut out = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        let Some((code, mark)) = line.split_once(MARK) else { continue };
        let mut push = |operator, edit: Option<Vec<String>>| {
            if let Some(lines) = edit {
                let text = lines.join("\n") + "\n";
                out.push(Mutant { operator, line: at + 1, text });
            }
        };
        let site = Site { lines: &lines, at, code: code.trim_end(), awaitable: mark.trim() == "await" };
        if site.is_scope() {
            push("assign instead of with", site.without_scope());
            continue;
        }
        push("delete", Some(site.replaced("pass")));
        push("drop await", site.without_await());
        push("call something else", site.other_call());
        push("return before", Some(site.preceded_by("return")));
        push("raise before", Some(site.preceded_by("raise RuntimeError(\"mutant\")")));
        push("move out of finally", site.out_of_finally());
    }
    out
}

/// One marked line.
struct Site<'a> {
    lines: &'a [&'a str],
    at: usize,
    /// The line without its marker.
    code: &'a str,
    /// The expression of an `async with` is awaited when it is assigned.
    awaitable: bool,
}

impl Site<'_> {
    fn indent(&self) -> &str {
        &self.code[..self.code.len() - self.code.trim_start().len()]
    }

    fn is_scope(&self) -> bool {
        let code = self.code.trim_start();
        code.starts_with("with ") || code.starts_with("async with ")
    }

    /// The program with the marked line exchanged for `new` lines, which are indented like it.
    fn with_lines(&self, new: &[String]) -> Vec<String> {
        let mut out: Vec<String> = self.lines.iter().map(|l| (*l).to_owned()).collect();
        out.splice(self.at..=self.at, new.iter().map(|l| format!("{}{l}", self.indent())));
        out
    }

    fn replaced(&self, statement: &str) -> Vec<String> {
        self.with_lines(&[statement.to_owned()])
    }

    fn preceded_by(&self, statement: &str) -> Vec<String> {
        self.with_lines(&[statement.to_owned(), self.code.trim_start().to_owned()])
    }

    /// `with E as name:` becomes `name = E` and a block that is always run.
    fn without_scope(&self) -> Option<Vec<String>> {
        let code = self.code.trim_start();
        let item = code.strip_prefix("async ").unwrap_or(code).strip_prefix("with ")?.strip_suffix(':')?;
        let (value, name) = item.rsplit_once(" as ")?;
        let value = value.strip_prefix("closing(").and_then(|v| v.strip_suffix(')')).unwrap_or(value);
        let wait = if self.awaitable { "await " } else { "" };
        Some(self.with_lines(&[format!("{name} = {wait}{value}"), "if True:".to_owned()]))
    }

    fn without_await(&self) -> Option<Vec<String>> {
        let statement = self.code.trim_start().strip_prefix("await ")?;
        Some(self.replaced(statement))
    }

    /// `x.close()` becomes a call of a method that no library has as a release.
    fn other_call(&self) -> Option<Vec<String>> {
        let statement = self.code.trim_start();
        let head = statement.strip_suffix(')')?;
        let (receiver, _) = head[..head.rfind('(')?].rsplit_once('.')?;
        let simple = receiver.strip_prefix("await ").unwrap_or(receiver);
        if !simple.chars().all(|c| c.is_alphanumeric() || c == '_' || c == '.') {
            return None;
        }
        Some(self.replaced(&format!("{receiver}.describe_state()")))
    }

    /// The `finally` around the release becomes an `else`.
    fn out_of_finally(&self) -> Option<Vec<String>> {
        let width = |l: &str| l.len() - l.trim_start().len();
        let own = width(self.code);
        let mut finally = None;
        let mut inner = own;
        for at in (0..self.at).rev() {
            let line = self.lines[at];
            if line.trim().is_empty() {
                continue;
            }
            if width(line) < inner {
                inner = width(line);
                if line.trim() == "finally:" {
                    finally = Some(at);
                    break;
                }
                if line.trim_start().starts_with("def ") || line.trim_start().starts_with("async def ") {
                    return None;
                }
            }
        }
        let finally = finally?;
        let indent = &self.lines[finally][..inner];
        let mut handled = false;
        for at in (0..finally).rev() {
            let line = self.lines[at];
            if width(line) == inner && !line.trim().is_empty() {
                match line.trim() {
                    "try:" => break,
                    "else:" => return None,
                    other => handled |= other.starts_with("except"),
                }
            }
        }
        let mut new = vec![format!("{indent}else:")];
        if !handled {
            new = vec![
                format!("{indent}except ZeroDivisionError:"),
                format!("{indent}    raise"),
                format!("{indent}else:"),
            ];
        }
        let mut out: Vec<String> = self.lines.iter().map(|l| (*l).to_owned()).collect();
        out.splice(finally..=finally, new);
        Some(out)
    }
}
