//! What libraries do: schema, loader and symbol matcher for `rules/**/*.toml`.
//!
//! | module | holds |
//! |---|---|
//! | [`schema`] | the files as people write them |
//! | [`path`] | the grammar in which files name callables |
//! | [`facts`] | what the files say, checked, resolved and in one shape |
//! | [`load`] | files to facts, with errors that point into the file |
//! | [`leads`] | what paths alone say, before types are known |
//! | [`matcher`] | [`Catalog`]: facts by path, fast to ask |
//!
//! The build script compiles the built-in files with these same modules into one blob; [`Catalog::builtin`] decodes it.

mod builtin;
pub mod facts;
pub mod leads;
pub mod load;
pub mod matcher;
pub mod path;
pub mod schema;
#[cfg(test)]
mod tests;

pub use facts::{AcquireFact, EntryId, Parent, Release, Resource, SymbolFacts, TypeFacts, TypeId, VersionRange};
pub use leads::Leads;
pub use load::CatalogError;
pub use matcher::{Catalog, EcosystemFacts};
