//! Everything that can be wrong with a model that is read or a row that is scored.

/// A fault in a model or in what it was given.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The bytes are not well-formed in the format they claim to be.
    #[error("cannot read the {format} model at byte {offset}: expected {expected}")]
    Syntax {
        /// `UBJSON`, `JSON` or `LightGBM`.
        format: &'static str,
        /// Where reading stopped.
        offset: usize,
        /// What should stand there.
        expected: &'static str,
    },
    /// The text is no JSON, or not that of the model it should be.
    #[error("cannot read the {format} model at line {line}, column {column}: {fault}")]
    Json {
        /// Whose model it should be.
        format: &'static str,
        /// Counted from 1.
        line: usize,
        /// Counted from 1.
        column: usize,
        /// What was expected there.
        fault: String,
    },
    /// A field of the model is absent or of another kind.
    #[error("the model's field {field} is missing or is not {expected}")]
    Field {
        /// The path of the field.
        field: String,
        /// What should stand there.
        expected: &'static str,
    },
    /// The model is of a kind that is not served.
    #[error("the model's {what} is {found:?}: expected {expected}")]
    Unsupported {
        /// What is not supported: objective, booster, ...
        what: &'static str,
        /// The value found.
        found: String,
        /// The values that are supported.
        expected: &'static str,
    },
    /// A file in a format that is not read.
    #[error("the file is {found}: {fix}")]
    Format {
        /// What it looks like.
        found: &'static str,
        /// How to save the model so that it can be read.
        fix: &'static str,
    },
    /// A tree does not hold together.
    #[error("tree {tree}, node {node}: {fault}")]
    Tree {
        /// Tree, counted from 0.
        tree: usize,
        /// Node within the tree, counted from 0.
        node: usize,
        /// What is wrong.
        fault: &'static str,
    },
    /// The parts of a model do not fit each other.
    #[error("{part} of the model is unsound: {fault}")]
    Unsound {
        /// The part at fault.
        part: &'static str,
        /// What is wrong.
        fault: &'static str,
    },
    /// Rows and results of a prediction do not fit the model.
    #[error("{what} holds {found} values, expected {expected}")]
    Shape {
        /// The argument at fault.
        what: &'static str,
        /// The length that was expected.
        expected: usize,
        /// The length that was found.
        found: usize,
    },
}
