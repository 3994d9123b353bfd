//! Dataset specification, typed tables, parsing and validation.
//!
//! A [`DatasetSpec`] says what the columns of a table are; [`open_table`] reads a CSV (plain or
//! gzip) or Parquet file by it as a stream of [`Chunk`]s; [`Chunk::parse`] makes a typed [`Table`]
//! of the good rows and puts the bad ones, each with all its [`Fault`]s, beside it. No bad row
//! sinks a file and none disappears. [`read_all`] does all of it for training and adds a
//! [`Validation`]; [`infer()`] writes a first specification for a file nobody has described.
//!
//! The main type is [`Table`].
//!
//! ```
//! use std::collections::BTreeMap;
//! use std::sync::Arc;
//!
//! use churn_schema::{DatasetSpec, Table};
//!
//! let yaml = r#"
//! format: 1
//! name: small
//! columns:
//!   - {name: id, kind: text, roles: [key]}
//!   - {name: contract, kind: category, levels: [Monthly, Yearly]}
//!   - {name: tenure, kind: integer, unit: months, min: 0}
//! "#;
//! let spec = Arc::new(DatasetSpec::from_yaml(yaml, "small.yaml")?);
//! let good = BTreeMap::from([
//!     ("id".to_owned(), "a-1".into()),
//!     ("contract".to_owned(), "Yearly".into()),
//!     ("tenure".to_owned(), 7.into()),
//! ]);
//! let mut bad = good.clone();
//! bad.insert("tenure".to_owned(), "7,5".into());
//!
//! let parsed = Table::from_rows(&spec, &[good, bad]);
//! assert_eq!(parsed.table.n_rows(), 1);
//! assert_eq!(parsed.table.value_text("tenure", 0).as_deref(), Some("7"));
//! assert!(parsed.rejected[0].faults[0].to_string().contains("column tenure"));
//! # Ok::<(), churn_schema::Error>(())
//! ```
//!
//! What it deliberately does not do: fill in missing values, encode or scale (that is
//! `churn-features`), decide whether data is good enough (that is for the caller of
//! [`Validation::is_acceptable`]), follow nested data, repair rows, start threads.
//!
//! It is the bottom layer (L0): it knows no other crate of the workspace.
#![expect(
    clippy::cast_possible_truncation,
    reason = "casts are of rounded or bounded numbers, each stated where it happens"
)]

mod error;
mod fault;
mod infer;
mod parse;
mod read;
mod spec;
mod table;
mod units;
mod validate;

pub use error::Error;
pub use fault::{Fault, FaultCode, Severity};
pub use infer::{InferOptions, Inferred, infer};
pub use parse::JsonRows;
pub use read::{
    Chunk, ParsedChunk, Purpose, ReadOptions, RejectedRow, TableReader, open_table, read_all,
};
pub use spec::{
    Actionable, CheckSeverity, CheckSpec, ColumnKind, ColumnSpec, Condition, Consequence,
    ConstantValue, CsvDialect, DatasetSpec, DerivedSpec, Encoding, MissingStrategy, Role,
    SPEC_FORMAT, SameSpec, SpecFault, ValueSpec, Wording,
};
pub use table::{CategoryView, Cells, Table, write_number};
pub use units::{Currency, Margin, Money, Probability};
pub use validate::{
    CheckReport, Duplicates, FaultCount, Graded, LevelCount, MAX_LISTED_FAULTS, MissingReport,
    OutlierReport, Validation, Validator, broken_checks, row_groups,
};
