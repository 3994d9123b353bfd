//! Everything that can go wrong between us and the C library.

use std::path::PathBuf;

/// A fault of the library, of its file, or of what was handed to it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The shared library could not be loaded.
    #[error(
        "cannot load libxgboost from {path}: {reason}; give the path of libxgboost.so 3.x inside its unpacked wheel"
    )]
    Open {
        /// The file that was tried.
        path: PathBuf,
        /// What the dynamic loader said.
        reason: String,
    },
    /// The shared library lacks a function of the C interface.
    #[error("{path} has no function {name}: expected libxgboost 3.x")]
    Symbol {
        /// The file that was loaded.
        path: PathBuf,
        /// The missing function.
        name: &'static str,
    },
    /// The shared library is of another major version.
    #[error("{path} is xgboost {major}.{minor}.{patch}: expected 3.x")]
    Version {
        /// The file that was loaded.
        path: PathBuf,
        /// Its major version.
        major: i32,
        /// Its minor version.
        minor: i32,
        /// Its patch version.
        patch: i32,
    },
    /// The C library reported a fault.
    #[error("{call} failed: {message}")]
    Native {
        /// The C function that failed.
        call: &'static str,
        /// The library's own last error, with its C++ stack trace cut off.
        message: String,
    },
    /// A slice has another length than the shape asks for.
    #[error("{what} holds {found} values, expected {expected}")]
    Shape {
        /// The argument at fault.
        what: &'static str,
        /// The length that was expected.
        expected: usize,
        /// The length that was found.
        found: usize,
    },
    /// A text argument holds a zero byte and cannot be handed to C.
    #[error("{what} {text:?} holds a zero byte: remove it")]
    ZeroByte {
        /// The argument at fault.
        what: &'static str,
        /// Its text.
        text: String,
    },
    /// An evaluation line of the library did not have the known form.
    #[error("cannot read the evaluation line {line:?}: expected name:value fields")]
    Evaluation {
        /// The line as the library wrote it.
        line: String,
    },
}
