//! Compiles `rules/**/*.toml` into the blob that `Catalog::builtin` decodes, with the modules that load a user's files.

use std::error::Error;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use walkdir::WalkDir;

#[path = "src/ir"]
mod ir {
    #[allow(dead_code, reason = "the build script needs its text only")]
    mod name;
    pub use name::Name;
}

#[path = "src/catalog"]
#[allow(dead_code, reason = "the build script uses the loader, not the queries")]
mod catalog {
    pub mod facts;
    pub mod load;
    pub mod matcher;
    pub mod path;
    pub mod schema;
}

fn main() -> ExitCode {
    match compile() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let mut stderr = std::io::stderr().lock();
            let _ = writeln!(stderr, "{error}");
            ExitCode::FAILURE
        }
    }
}

fn compile() -> Result<(), Box<dyn Error>> {
    let mut stdout = std::io::stdout().lock();
    for path in ["build.rs", "rules", "src/catalog"] {
        writeln!(stdout, "cargo::rerun-if-changed={path}")?;
    }
    let root = PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").ok_or("CARGO_MANIFEST_DIR is not set")?);
    let out = PathBuf::from(std::env::var_os("OUT_DIR").ok_or("OUT_DIR is not set")?);
    let catalog = catalog::matcher::Catalog::from_sources(&sources(&root)?)
        .map_err(|errors| errors.iter().map(|error| format!("{error}\n")).collect::<String>())?;
    std::fs::write(out.join("catalog.postcard"), postcard::to_allocvec(&catalog)?)?;
    Ok(())
}

/// All catalogue files with their names relative to `root`, sorted by name.
fn sources(root: &Path) -> Result<Vec<(String, String)>, Box<dyn Error>> {
    let mut sources = Vec::new();
    for entry in WalkDir::new(root.join("rules")).sort_by_file_name() {
        let entry = entry?;
        if entry.path().extension().is_some_and(|extension| extension == "toml") {
            let name = entry.path().strip_prefix(root)?.to_string_lossy().replace('\\', "/");
            sources.push((name, std::fs::read_to_string(entry.path())?));
        }
    }
    Ok(sources)
}
