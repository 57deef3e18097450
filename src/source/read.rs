//! Found files to texts.

use super::discover::Found;
use super::{Language, Problem, ProblemKind, SourceFile, decode, reason};
use crate::ir::FileId;
use rayon::prelude::*;
use std::io::{self, Read};
use std::sync::Arc;

/// Larger files are generated data; they are skipped.
pub const MAX_BYTES: u64 = 20 << 20;

/// What a first look at the files gave.
#[derive(Debug)]
pub struct Scanned<T> {
    /// Per file what the look said; `None`: there is no text, and `problems` says why.
    pub looks: Vec<Option<T>>,
    /// The texts that are already known to be needed.
    kept: Vec<Option<Arc<str>>>,
    pub problems: Vec<Problem>,
    /// How many files have a text, and their size in bytes, decoded.
    pub size: (usize, u64),
}

/// Reads and decodes `found` on the current rayon pool and has a look at each text, which says whether to keep it in memory. The result does
/// not depend on the number of threads.
pub fn scan<T: Send>(found: &[Found], look: &(dyn Fn(Language, &str) -> (bool, T) + Sync)) -> Scanned<T> {
    let read = |file: &Found| {
        let (text, problem) = read(file);
        let looked = text.map(|text| {
            let (keep, look) = look(file.language, &text);
            (text.len() as u64, keep.then(|| Arc::<str>::from(text)), look)
        });
        (looked, problem)
    };
    let read: Vec<_> = found.par_iter().map(read).collect();
    let mut scanned = Scanned { looks: Vec::new(), kept: Vec::new(), problems: Vec::new(), size: (0, 0) };
    for (looked, problem) in read {
        scanned.problems.extend(problem);
        let (look, text) = match looked {
            Some((size, text, look)) => {
                scanned.size.0 += 1;
                scanned.size.1 += size;
                (Some(look), text)
            }
            None => (None, None),
        };
        scanned.looks.push(look);
        scanned.kept.push(text);
    }
    scanned
}

impl<T> Scanned<T> {
    /// The text of the file at this position of `found`. What was not kept is read again; `None` when it cannot be read (any more).
    pub fn text(&self, found: &[Found], at: usize) -> Option<Arc<str>> {
        self.looks.get(at)?.as_ref()?;
        self.kept[at].clone().or_else(|| read(found.get(at)?).0.map(Into::into))
    }
}

/// All texts, with the positions in `found` as ids, and what could not be read.
pub fn load(found: &[Found]) -> (Vec<SourceFile>, Vec<Problem>) {
    let scanned = scan(found, &|_, _| (true, ()));
    let file = |(at, file): (usize, &Found)| {
        let text = scanned.text(found, at)?;
        Some(SourceFile { id: FileId(at as u32), path: file.path.clone(), language: file.language, text })
    };
    (found.iter().enumerate().filter_map(file).collect(), scanned.problems)
}

fn read(file: &Found) -> (Option<String>, Option<Problem>) {
    let problem = |line, kind, message| Some(Problem { path: file.path.clone(), line, kind, message });
    let bytes = match read_bytes(file) {
        Ok(Some(bytes)) => bytes,
        Ok(None) => {
            let message = format!("is larger than {} MB", MAX_BYTES >> 20);
            return (None, problem(None, ProblemKind::Skipped, message));
        }
        Err(error) => return (None, problem(None, ProblemKind::Unreadable, reason(&error))),
    };
    match decode::decode(bytes) {
        Ok(decoded) => {
            let loss = decoded.loss.and_then(|loss| problem(Some(loss.line), ProblemKind::Undecodable, loss.message));
            (Some(decoded.text), loss)
        }
        Err(error) => (None, problem(None, ProblemKind::Skipped, error.to_string())),
    }
}

/// `None` when it is too large; it may grow while it is read.
fn read_bytes(file: &Found) -> io::Result<Option<Vec<u8>>> {
    let opened = std::fs::File::open(&file.disk)?;
    let size = opened.metadata()?.len();
    if size > MAX_BYTES {
        return Ok(None);
    }
    let mut bytes = Vec::with_capacity(size as usize + 1);
    opened.take(MAX_BYTES + 1).read_to_end(&mut bytes)?;
    Ok((bytes.len() as u64 <= MAX_BYTES).then_some(bytes))
}
