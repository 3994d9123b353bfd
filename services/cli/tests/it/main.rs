//! Everything that can be wrong with what `churn` is given, against the real program.
//!
//! The table of cases is in the modules `files`, `values`, `settings`, `outputs`, `models` and `foreign`; what
//! needs more than one process is in `races`. `docs/hostile-inputs.md` is made of the same table.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "test helpers stop at the first thing that is not as it must be"
)]

mod case;
mod catalogue;
mod customers;
mod explaining;
mod files;
mod foreign;
mod help;
mod imports;
mod models;
mod outputs;
mod parquet;
mod races;
mod scoring;
mod service;
mod settings;
mod shell;
mod values;
