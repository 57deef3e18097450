//! Mutants of TypeScript and JavaScript. A marked line is a whole statement, a `using` declaration, a property of an object literal, or a
//! link of a promise chain.

use super::Mutant;

const MARK: &str = "//~ release";

/// All mutants of a program.
pub fn mutants(text: &str) -> Vec<Mutant> {
    let lines: Vec<&str> = text.lines().collect();
    let mut out = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        let Some((code, _)) = line.split_once(MARK) else { continue };
        let mut push = |operator, edit: Option<Vec<String>>| {
            if let Some(lines) = edit {
                let text = lines.join("\n") + "\n";
                out.push(Mutant { operator, line: at + 1, text });
            }
        };
        let site = Site { lines: &lines, at, code: code.trim_end() };
        let code = site.code.trim_start();
        if code.starts_with("using ") || code.starts_with("await using ") {
            push("assign instead of using", site.without_scope());
        } else if code.starts_with('.') {
            let rest = if code.ends_with(';') { ";" } else { "" };
            push("delete", Some(site.with_lines(&[rest.to_owned()])));
            push("then instead of finally", site.other_link(".then("));
            push("catch instead of finally", site.other_link(".catch("));
        } else if code.ends_with(',') {
            push("delete", Some(site.with_lines(&[])));
        } else {
            push("delete", Some(site.with_lines(&[";".to_owned()])));
            if !code.contains("this.") && !code.contains("super.") {
                // A release runs without `await`; who calls the method may wait for something else.
                push("drop await", site.without_await());
            }
            if !site.in_closure() {
                // What a closure goes on using may be released by whoever holds the closure.
                push("call something else", site.other_call());
            }
            push("return before", site.in_function().then(|| site.preceded_by("return;")));
            push("throw before", Some(site.preceded_by("throw new Error(\"mutant\");")));
            push("move out of finally", site.out_of_finally());
        }
    }
    out
}

/// One marked line.
struct Site<'a> {
    lines: &'a [&'a str],
    at: usize,
    /// The line without its marker.
    code: &'a str,
}

fn width(line: &str) -> usize {
    line.len() - line.trim_start().len()
}

impl Site<'_> {
    fn indent(&self) -> &str {
        &self.code[..width(self.code)]
    }

    fn owned(&self) -> Vec<String> {
        self.lines.iter().map(|l| (*l).to_owned()).collect()
    }

    /// The program with the marked line exchanged for `new` lines, which are indented like it.
    fn with_lines(&self, new: &[String]) -> Vec<String> {
        let mut out = self.owned();
        out.splice(self.at..=self.at, new.iter().map(|l| format!("{}{l}", self.indent())));
        out
    }

    fn preceded_by(&self, statement: &str) -> Vec<String> {
        self.with_lines(&[statement.to_owned(), self.code.trim_start().to_owned()])
    }

    /// `using x = E` becomes `const x = E`.
    fn without_scope(&self) -> Option<Vec<String>> {
        let code = self.code.trim_start();
        let declared = code.strip_prefix("await ").unwrap_or(code).strip_prefix("using ")?;
        Some(self.with_lines(&[format!("const {declared}")]))
    }

    fn other_link(&self, link: &str) -> Option<Vec<String>> {
        let rest = self.code.trim_start().strip_prefix(".finally(")?;
        Some(self.with_lines(&[format!("{link}{rest}")]))
    }

    fn without_await(&self) -> Option<Vec<String>> {
        let statement = self.code.trim_start().strip_prefix("await ")?;
        Some(self.with_lines(&[statement.to_owned()]))
    }

    /// `x.close();` becomes a call of a method that no library has as a release.
    fn other_call(&self) -> Option<Vec<String>> {
        let statement = self.code.trim_start();
        let (head, _) = statement.strip_suffix(");")?.split_once('(')?;
        let (receiver, _) = head.rsplit_once('.')?;
        let simple = receiver.strip_prefix("await ").unwrap_or(receiver);
        let plain = simple.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '$' | '.' | '?' | '#'));
        plain.then(|| self.with_lines(&[format!("{receiver}.describeState();")]))
    }

    /// The lines that open the blocks around the marked one, innermost first.
    fn openings(&self) -> impl Iterator<Item = usize> + '_ {
        let mut inner = width(self.code);
        (0..self.at).rev().filter(move |at| {
            let line = self.lines[*at];
            let opens = width(line) < inner && !line.trim().is_empty();
            if opens {
                inner = width(line);
            }
            opens
        })
    }

    fn in_function(&self) -> bool {
        self.openings().any(|at| opens_function(self.lines[at]))
    }

    fn in_closure(&self) -> bool {
        self.openings().filter(|at| opens_function(self.lines[*at])).count() > 1
    }

    /// The `finally` around the release, which exceptions reach no more.
    fn out_of_finally(&self) -> Option<Vec<String>> {
        let own = |at: &usize| !opens_function(self.lines[*at]);
        let finally = self.openings().take_while(own).find(|at| self.lines[*at].trim() == "} finally {")?;
        let inner = width(self.lines[finally]);
        let tried =
            (0..finally).rev().find(|at| width(self.lines[*at]) == inner && self.lines[*at].trim() == "try {")?;
        let handled =
            (tried..finally).find(|at| width(self.lines[*at]) == inner && self.lines[*at].contains("} catch"));
        let leaves = |line: &&str| line.contains("return") || line.contains("throw ");
        let indent = &self.lines[finally][..inner];
        let mut new = vec![format!("{indent}}}"), format!("{indent}{{")];
        match handled {
            None => new[0].push_str(" catch (failure) { throw failure; }"),
            // What swallows every exception and goes on does the same.
            Some(_) if !self.lines[tried..finally].iter().any(leaves) => return None,
            Some(_) => {}
        }
        let mut out = self.owned();
        out.splice(finally..=finally, new);
        Some(out)
    }
}

fn opens_function(line: &str) -> bool {
    let line = line.trim();
    let control =
        ["if ", "for ", "while ", "switch ", "} else", "} catch", "} finally", "try ", "do ", "else ", "with "];
    let head = line.trim_start_matches("} ");
    line.ends_with('{')
        && !control.iter().any(|word| line.starts_with(word) || head.starts_with(word))
        && (line.contains("=> {") || line.contains("function") || line.contains(") {") || line.contains("): "))
}
