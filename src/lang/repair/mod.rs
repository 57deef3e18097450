//! Makes broken files parsable.
