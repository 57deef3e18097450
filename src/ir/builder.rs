//! Building functions block by block: what every front end shares about loops, cleanups and exception dispatch.
//!
//! A front end opens regions ([`Builder::enter_cleanup_scope`] and friends) while it walks the tree; the builder computes `unwind`,
//! `pending`, `loop_depth` and the cleanups of every jump from the stack of open regions.
