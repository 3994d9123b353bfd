//! Numbers unlike those a model was trained on.

use churn_schema::{Fault, FaultCode, Severity, Table, write_number};

use crate::serving::Served;

impl Served {
    /// A warning for each number of a row that training has not seen, or only far out. The
    /// customer is scored nevertheless.
    pub(crate) fn unusual(&self, table: &Table, row_idx: usize) -> Vec<Fault> {
        let usual = &self.scorer().model().card.figures.usual;
        let odd = usual.iter().filter_map(|(column, range)| {
            let value = table.cells(column)?.number(row_idx)?;
            if (range.low..=range.high).contains(&value) {
                return None;
            }
            Some(Fault {
                severity: Severity::Warning,
                code: FaultCode::Outlier,
                file: "request".to_owned(),
                row: Some(table.row_number(row_idx)),
                line: None,
                column: Some(column.clone()),
                value: Some(text(value)),
                expected: format!(
                    "a number from {} to {}, as in training",
                    text(range.low),
                    text(range.high)
                ),
                fix: "check the number and its unit; if it is right, trust the score less"
                    .to_owned(),
            })
        });
        odd.collect()
    }
}

fn text(number: f64) -> String {
    let mut text = String::new();
    write_number(number, &mut text);
    text
}
