//! Dataset specification, typed tables, parsing and validation.

mod error;
mod fault;
mod spec;
mod units;

pub use error::Error;
pub use fault::{Fault, FaultCode, Severity};
pub use spec::{
    CheckSeverity, CheckSpec, ColumnKind, ColumnSpec, Condition, Consequence, ConstantValue,
    CsvDialect, DatasetSpec, DerivedSpec, Encoding, MissingStrategy, Role, SPEC_FORMAT, SpecFault,
    ValueSpec,
};
pub use units::{Currency, Margin, Money, Probability};
