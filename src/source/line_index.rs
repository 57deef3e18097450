//! line_index
