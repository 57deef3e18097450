//! mask

pub fn mask(text: &str) -> String { text.to_owned() }
