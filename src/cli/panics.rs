//! The panic firewall's outermost wall, and silence.
//!
//! A panic is always caught: per file in the analysis, where it becomes a diagnostic, and as a last resort here, around the whole
//! run. Either way the user gets one sentence, so the standard hook, which would print each panic a second time, is replaced by one
//! that prints nothing. With `RUST_BACKTRACE` set the standard hook stays, for whoever looks for the bug.

use std::any::Any;
use std::panic::{self, AssertUnwindSafe};
use std::sync::Mutex;

/// Where the last panic was, for the last resort; a payload does not say.
static LAST_PLACE: Mutex<Option<String>> = Mutex::new(None);

/// Makes panics print nothing.
pub(super) fn quiet() {
    if std::env::var_os("RUST_BACKTRACE").is_some_and(|value| value != "0") {
        return;
    }
    panic::set_hook(Box::new(|info| {
        if let (Ok(mut last), Some(place)) = (LAST_PLACE.lock(), info.location()) {
            *last = Some(format!("{}:{}", place.file(), place.line()));
        }
    }));
}

/// Runs `work`; a panic becomes its message and, if known, its place.
pub(super) fn caught<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    panic::catch_unwind(AssertUnwindSafe(work)).map_err(|payload| {
        let message = text(payload.as_ref());
        match LAST_PLACE.lock().ok().and_then(|mut last| last.take()) {
            Some(place) => format!("{message} ({place})"),
            None => message,
        }
    })
}

fn text(payload: &(dyn Any + Send)) -> String {
    let text = payload.downcast_ref::<&str>().map(|s| (*s).to_owned());
    text.or_else(|| payload.downcast_ref::<String>().cloned()).unwrap_or_else(|| "panic".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_becomes_its_message() {
        assert_eq!(caught(|| 1), Ok(1));
        assert!(caught(|| panic!("odd")).unwrap_err().starts_with("odd"));
        let n = 2;
        assert!(caught(|| panic!("odd {n}")).unwrap_err().starts_with("odd 2"));
    }
}
