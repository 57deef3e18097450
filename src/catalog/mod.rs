//! What libraries do: schema, loader and symbol matcher for `rules/**/*.toml`.
pub mod schema;
