//! What kind of file this is, and where its code runs.

use crate::catalog::schema::LanguageFacts;
use crate::ir::Name;
use crate::summary::deployed::{Reached, Shown};
use crate::summary::entries::FileEntry;

/// Facts about a whole file that change the verdict.
#[derive(Clone, Debug)]
pub struct FileScope {
    /// As shown to the user.
    pub path: Name,
    /// It is part of a test suite.
    pub test: bool,
    /// It runs once and its process ends: a database migration.
    pub one_off: bool,
    /// Nobody writes it here: it was built from other code, or copied.
    pub copied: bool,
    /// What its name and place, or a configuration, say is entered in it.
    pub entered: Vec<FileEntry>,
    /// What shows where its code runs, the nearest first.
    pub shown: Vec<Shown>,
    /// A platform that does not keep the process runs it.
    pub reached: Option<Reached>,
}

/// A line of more bytes than this was not written by hand.
const LONG_LINE: usize = 1000;

/// Code has a call in as many bytes at least; data has none.
const BYTES_PER_CALL: usize = 200;

/// Most of the text is in lines of code too long for people.
pub fn is_minified(text: &str) -> bool {
    let code = |line: &&str| line.bytes().filter(|byte| *byte == b'(').count() * BYTES_PER_CALL >= line.len();
    let long = text.lines().filter(|line| line.len() > LONG_LINE).filter(code);
    long.map(str::len).sum::<usize>() * 2 > text.len()
}

impl FileScope {
    /// By its name alone. `path` as shown to the user, with forward slashes.
    pub fn new(path: &str, language: &LanguageFacts) -> Self {
        let mut parts: Vec<&str> = path.split('/').collect();
        let file = parts.pop().unwrap_or_default();
        let stem = file.rsplit_once('.').map_or(file, |(stem, _)| stem);
        let is = |patterns: &[crate::ir::Name]| {
            patterns.iter().any(|pattern| match pattern.strip_suffix('/') {
                Some(directory) => parts.contains(&directory),
                None => match (pattern.strip_suffix('*'), pattern.strip_prefix('*')) {
                    (Some(prefix), _) => stem.starts_with(prefix),
                    (_, Some(suffix)) => stem.ends_with(suffix),
                    _ => stem == pattern,
                },
            })
        };
        FileScope {
            path: Name::new(path),
            test: is(&language.test_paths),
            one_off: is(&language.one_off_paths),
            copied: is(&language.copied_paths),
            entered: Vec::new(),
            shown: Vec::new(),
            reached: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::is_minified;

    #[test]
    fn minified_is_what_has_most_of_its_code_in_long_lines() {
        let call = "f(a,b);";
        assert!(is_minified(&call.repeat(200)));
        assert!(is_minified(&format!("/* licence */\n{}\n", call.repeat(200))));
        assert!(!is_minified(&format!("{call}\n").repeat(200)));
        assert!(!is_minified(&format!("const icon = \"{}\";\n{call}\n", "iVBORw0KGgo".repeat(200))));
        assert!(!is_minified(""));
    }
}
