//! Model versions, aliases, lineage, runs.
