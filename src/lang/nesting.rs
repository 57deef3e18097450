//! Bounds nesting.
use super::LowerError;

pub fn check(_text: &str) -> Result<(), LowerError> {
    Ok(())
}
