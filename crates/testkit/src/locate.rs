//! Where the real data and libxgboost lie, and what happens when they do not.

use std::path::{Path, PathBuf};

/// The folder of the public data sets: `CHURN_DATA_DIR`, default `../shared/data` beside the
/// workspace. `None`, with one line on stderr, when it is absent.
///
/// # Panics
/// When it is absent and the variable `CI` is `true`: leaving a test out is a failure there.
#[must_use]
pub fn data_dir() -> Option<PathBuf> {
    let folder = std::env::var_os("CHURN_DATA_DIR").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data"),
        PathBuf::from,
    );
    present(folder, "the public data", "CHURN_DATA_DIR")
}

/// The shared library of XGBoost: `CHURN_XGBOOST_LIBRARY`, default the unpacked wheel under
/// `~/.cache/churn/xgboost-3.4.1`. `None`, with one line on stderr, when it is absent.
///
/// # Panics
/// When it is absent and the variable `CI` is `true`: leaving a test out is a failure there.
#[must_use]
pub fn xgboost_library() -> Option<PathBuf> {
    let file = std::env::var_os("CHURN_XGBOOST_LIBRARY").map_or_else(
        || {
            let home = std::env::home_dir().unwrap_or_default();
            home.join(".cache/churn/xgboost-3.4.1/xgboost/lib/libxgboost.so")
        },
        PathBuf::from,
    );
    present(file, "libxgboost", "CHURN_XGBOOST_LIBRARY")
}

fn present(path: PathBuf, what: &str, variable: &str) -> Option<PathBuf> {
    if path.exists() {
        return Some(path);
    }
    left_out(&format!(
        "{what} is not at {}: set {variable}",
        path.display()
    ));
    None
}

/// Says in one line that something was not tested, and why.
///
/// # Panics
/// When the variable `CI` is `true`.
#[expect(
    clippy::panic,
    clippy::print_stderr,
    reason = "a test helper: it speaks to the tester"
)]
pub(crate) fn left_out(why: &str) {
    if std::env::var("CI").is_ok_and(|value| value == "true") {
        panic!("{why}");
    }
    eprintln!("left out: {why}");
}
