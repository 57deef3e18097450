//! Found files to texts.

use super::discover::Found;
use super::{Language, Problem, ProblemKind, SourceFile, decode, reason};
use crate::ir::FileId;
use rayon::prelude::*;
use std::io::{self, Read};
use std::sync::Arc;

/// Larger files are generated data; they are skipped.
pub const MAX_BYTES: u64 = 20 << 20;

/// The texts, with ids 0, 1, 2 ... in the order of the files, and what could not be read.
#[derive(Clone, Default, Debug)]
pub struct Loaded {
    pub files: Vec<SourceFile>,
    pub problems: Vec<Problem>,
    /// How many files were read but not wanted, and their size in bytes.
    pub unwanted: (usize, u64),
}

/// Reads and decodes `found` on the current rayon pool, and keeps the texts for which `wanted` holds. The result does not depend on the
/// number of threads.
pub fn load(found: &[Found], wanted: &(dyn Fn(Language, &str) -> bool + Sync)) -> Loaded {
    let read = |file: &Found| {
        let (text, problem) = read(file);
        let text: Option<Result<Arc<str>, u64>> =
            text.map(|text| if wanted(file.language, &text) { Ok(text.into()) } else { Err(text.len() as u64) });
        (text, problem)
    };
    let read: Vec<_> = found.par_iter().map(read).collect();
    let mut loaded = Loaded::default();
    for (file, (text, problem)) in found.iter().zip(read) {
        loaded.problems.extend(problem);
        if let Some(Err(bytes)) = text {
            loaded.unwanted.0 += 1;
            loaded.unwanted.1 += bytes;
        }
        if let Some(Ok(text)) = text {
            let id = FileId(loaded.files.len() as u32);
            loaded.files.push(SourceFile { id, path: file.path.clone(), language: file.language, text });
        }
    }
    loaded
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
