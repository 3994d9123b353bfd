//! Where the data is, and small files for tests.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use churn_schema::{DatasetSpec, ParsedChunk, ReadOptions, open_table};
use tempfile::NamedTempFile;

/// A public data file; `None`, said aloud, where it is not there.
pub(crate) fn data_file(name: &str) -> Option<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let folder = std::env::var("CHURN_DATA_DIR").unwrap_or_else(|_| "../shared/data".to_owned());
    let path = root.join(folder).join(name);
    if path.exists() {
        return Some(path);
    }
    let message = format!(
        "left out: {} is not there, set CHURN_DATA_DIR\n",
        path.display()
    );
    std::io::stderr().write_all(message.as_bytes()).unwrap();
    assert!(std::env::var("CI").is_err(), "the data is needed in CI");
    None
}

pub(crate) fn telco_yaml() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../data/telco.yaml");
    std::fs::read_to_string(path).unwrap()
}

pub(crate) fn telco_spec() -> Arc<DatasetSpec> {
    Arc::new(DatasetSpec::from_yaml(&telco_yaml(), "data/telco.yaml").unwrap())
}

/// Four columns of every main kind: `id`, `plan` (A, B), `age` (0..=120), `left` (No, Yes).
pub(crate) fn small_spec() -> Arc<DatasetSpec> {
    let yaml = r#"
format: 1
name: small
missing_tokens: [NA]
columns:
  - {name: id, kind: text, roles: [key]}
  - {name: plan, kind: category, levels: [Basic, Premium]}
  - {name: age, kind: integer, min: 0, max: 120}
  - {name: left, kind: category, roles: [target], levels: ["No", "Yes"], positive: "Yes"}
"#;
    Arc::new(DatasetSpec::from_yaml(yaml, "small.yaml").unwrap())
}

pub(crate) fn file_of(bytes: &[u8]) -> NamedTempFile {
    let mut file = NamedTempFile::new().unwrap();
    file.write_all(bytes).unwrap();
    file.flush().unwrap();
    file
}

/// All chunks of a file, parsed; panics on an error of the whole file.
pub(crate) fn parse_all(
    bytes: &[u8],
    spec: &Arc<DatasetSpec>,
    options: &ReadOptions,
) -> Vec<ParsedChunk> {
    let file = file_of(bytes);
    let reader = open_table(file.path(), spec, options).unwrap();
    reader.map(|chunk| chunk.unwrap().parse()).collect()
}
