//! Dataset specification, typed tables, parsing and validation.
