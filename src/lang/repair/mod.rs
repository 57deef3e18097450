//! Makes broken files parsable.

mod lines;
pub mod python;
mod strings;
pub mod typescript;
