//! The catalogue that is part of the program, compiled by the build script from `rules/**/*.toml`.

use super::Catalog;
use std::sync::LazyLock;

static BLOB: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/catalog.postcard"));

// The blob was written by the same code in the same build, so decoding cannot fail; a test holds it to that.
static BUILTIN: LazyLock<Catalog> = LazyLock::new(|| postcard::from_bytes(BLOB).unwrap_or_default());

impl Catalog {
    /// What the program knows without any file of the user. Decoded at the first call, in about a millisecond.
    pub fn builtin() -> &'static Catalog {
        &BUILTIN
    }
}
