//! Makes broken files parsable.

pub mod python;
