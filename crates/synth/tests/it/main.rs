//! Integration tests: format, consistency, stability, likeness to the public file.

#![expect(
    clippy::unwrap_used,
    reason = "a failed unwrap in a helper is a failed test"
)]

mod format;
mod likeness;

use churn_synth::{COLUMNS, SnapshotParams, write_snapshot};

/// Rows of a snapshot by column position, and its text.
struct Snapshot {
    text: String,
    rows: Vec<Vec<String>>,
}

impl Snapshot {
    fn generate(rows: u64, seed: u64, noise: f64) -> Self {
        let mut bytes = Vec::new();
        write_snapshot(&SnapshotParams { rows, seed, noise }, &mut bytes).unwrap();
        Self::parse(String::from_utf8(bytes).unwrap())
    }

    /// No level of the Telco columns holds a comma or a quote.
    fn parse(text: String) -> Self {
        let mut lines = text.lines();
        assert_eq!(lines.next().unwrap(), COLUMNS.join(","));
        let rows: Vec<Vec<String>> = lines
            .map(|line| line.split(',').map(str::to_owned).collect())
            .collect();
        assert!(rows.iter().all(|row| row.len() == COLUMNS.len()));
        Self { text, rows }
    }

    fn column(&self, name: &str) -> impl Iterator<Item = &str> + Clone {
        let position = position(name);
        self.rows.iter().map(move |row| row[position].as_str())
    }

    fn numbers(&self, name: &str) -> Vec<Option<f64>> {
        self.column(name)
            .map(|cell| cell.trim().parse().ok())
            .collect()
    }
}

fn position(name: &str) -> usize {
    COLUMNS.iter().position(|column| *column == name).unwrap()
}
