//! One module per table: the row as read, the row to insert, and functions that take a
//! connection. Functions never open a transaction; their callers do.

pub mod alias_moves;
pub mod aliases;
pub mod audit;
pub mod datasets;
pub mod model_versions;
pub mod runs;
pub mod trials;
