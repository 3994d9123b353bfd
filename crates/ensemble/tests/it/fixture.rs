//! Models of other libraries and their own answers, as `testdata/make_fixtures.py` wrote them.

use std::path::PathBuf;

use churn_ensemble::{FeatureKind, Imported};

/// Rows in the codes a model expects, and what its library made of them.
pub(crate) struct Answers {
    /// Row-major, in the order of the model's features.
    pub(crate) values: Vec<f32>,
    pub(crate) margins: Vec<f64>,
    /// One per feature, and the base, for each row.
    pub(crate) shap: Vec<Vec<f64>>,
}

/// A file of `testdata`.
pub(crate) fn load(name: &str) -> Vec<u8> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../ensemble/testdata");
    std::fs::read(folder.join(name)).unwrap()
}

/// The rows of `NAME.csv`, texts turned into the codes of `imported`.
pub(crate) fn answers(name: &str, imported: &Imported) -> Answers {
    let text = String::from_utf8(load(&format!("{name}.csv"))).unwrap();
    let mut lines = text.lines().map(cells);
    let header = lines.next().unwrap();
    let n_features = imported.features.len();
    for (name, feature) in header.iter().zip(&imported.features) {
        assert_eq!(*name, feature.name);
    }
    assert_eq!(header[n_features], "margin");
    let mut answers = Answers {
        values: vec![],
        margins: vec![],
        shap: vec![],
    };
    for cells in lines {
        for (cell, feature) in cells.iter().zip(&imported.features) {
            answers.values.push(match &feature.kind {
                FeatureKind::Numeric if cell.is_empty() => f32::NAN,
                FeatureKind::Numeric => cell.parse().unwrap(),
                FeatureKind::Categorical { levels } => levels
                    .iter()
                    .position(|level| level == cell)
                    .map_or(f32::NAN, |code| code as f32),
            });
        }
        answers.margins.push(cells[n_features].parse().unwrap());
        let shap = cells[n_features + 1..]
            .iter()
            .map(|cell| cell.parse().unwrap());
        answers.shap.push(shap.collect());
    }
    answers
}

/// The cells of a line, quotes taken off.
fn cells(line: &str) -> Vec<String> {
    let (mut cells, mut quoted) = (vec![String::new()], false);
    for part in line.split_inclusive(['"', ',']) {
        let (body, end) = part.split_at(part.len() - 1);
        let cell = cells.last_mut().unwrap();
        match end {
            "\"" => {
                // A doubled quote stands for one: the second opens what the first closed.
                if body.is_empty() && !quoted && !cell.is_empty() {
                    cell.push('"');
                }
                cell.push_str(body);
                quoted = !quoted;
            }
            "," if !quoted => {
                cell.push_str(body);
                cells.push(String::new());
            }
            _ => cell.push_str(part),
        }
    }
    cells
}
