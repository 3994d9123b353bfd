//! Dataset specification, typed tables, parsing and validation.
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
pub use read::{
    Chunk, ParsedChunk, Purpose, ReadOptions, RejectedRow, TableReader, open_table, read_all,
};
pub use spec::{
    CheckSeverity, CheckSpec, ColumnKind, ColumnSpec, Condition, Consequence, ConstantValue,
    CsvDialect, DatasetSpec, DerivedSpec, Encoding, MissingStrategy, Role, SPEC_FORMAT, SpecFault,
    ValueSpec,
};
pub use table::{CategoryView, Table};
pub use units::{Currency, Margin, Money, Probability};
pub use validate::{
    CheckReport, Duplicates, FaultCount, Graded, LevelCount, MAX_LISTED_FAULTS, MissingReport,
    OutlierReport, Validation, Validator,
};
