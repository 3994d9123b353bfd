//! One customer given as values by column: score, reasons, offers, and what was odd about it.

use std::collections::BTreeMap;

use churn_schema::{Fault, FaultCode, ParsedChunk, RejectedRow, Table};
use serde_json::Value;

use crate::serving::Served;
use crate::{Counterfactual, Error, ExplainedCustomer, ScoredRow};

/// The field that names a customer when the key column is called otherwise.
pub const CUSTOMER_ID: &str = "customer_id";

/// Whether reasons and offers are worked out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Explain {
    /// Reasons, and the offers that rest on them.
    Yes,
    /// Probability and risk level only, which is faster.
    No,
}

/// The key of a customer.
pub(crate) struct CustomerKey {
    pub(crate) id: String,
    /// Whether the caller gave it; else it was made.
    pub(crate) is_named: bool,
}

/// A score with everything the caller should know about it.
#[derive(Debug, Clone, PartialEq)]
pub struct Prediction {
    /// The key that was given, or the one that was made.
    pub customer_id: String,
    /// Score, reasons, offers.
    pub scored: ScoredRow,
    /// Features without a value; the model's own rule stood in for them.
    pub imputed: Vec<String>,
    /// Unknown categories, unusual numbers, fields nobody knows.
    pub warnings: Vec<Fault>,
    /// Whether the caller named the customer.
    pub is_named: bool,
    /// The values asked about, as a JSON object.
    pub record: String,
}

/// A score in full, and what would change it.
#[derive(Debug, Clone)]
pub struct FullExplanation {
    /// The key that was given, or the one that was made.
    pub customer_id: String,
    /// Every contribution.
    pub explained: ExplainedCustomer,
    /// What would lower the risk, best first; see [`CAUTION`](crate::CAUTION).
    pub counterfactuals: Vec<Counterfactual>,
}

impl Served {
    /// Scores one customer. `new_id` makes a key for a customer that brings none.
    ///
    /// # Errors
    /// [`Error::CustomerRefused`] with every fault of the values, and as [`Scorer::score`](crate::Scorer::score).
    pub fn predict(
        &self,
        mut values: BTreeMap<String, Value>,
        explain: Explain,
        new_id: impl FnOnce() -> String,
    ) -> Result<Prediction, Error> {
        let customer = self.take_key(&mut values, new_id)?;
        // Plain values have no failing case; an empty record would only be less to look back at.
        let record = serde_json::to_string(&values).unwrap_or_default();
        let mut parsed = self.rows().parse(&[(1, values)]);
        if let Some(rejected) = parsed.rejected.pop() {
            return Err(Error::CustomerRefused {
                faults: rejected.faults,
            });
        }
        let scored = self.score_rows(&parsed.table, explain)?.pop();
        let scored = scored.ok_or(Error::Unexplained)?;
        parsed.faults.extend(self.unusual(&parsed.table, 0));
        Ok(Prediction {
            customer_id: customer.id,
            is_named: customer.is_named,
            scored,
            imputed: self.imputed(&parsed.table, 0),
            warnings: parsed.faults,
            record,
        })
    }

    /// Explains one customer; gives the key as well, which is new when none was given.
    ///
    /// # Errors
    /// As [`Served::predict`].
    pub fn explain(
        &self,
        values: BTreeMap<String, Value>,
        new_id: impl FnOnce() -> String,
    ) -> Result<(String, ExplainedCustomer), Error> {
        let (customer_id, table) = self.read_one(values, new_id)?;
        Ok((customer_id, self.scorer().explain(&table, 0)?))
    }

    /// Explains one customer, and says what would change the score.
    ///
    /// # Errors
    /// As [`Served::predict`].
    pub fn explain_fully(
        &self,
        values: BTreeMap<String, Value>,
        new_id: impl FnOnce() -> String,
    ) -> Result<FullExplanation, Error> {
        let (customer_id, table) = self.read_one(values, new_id)?;
        Ok(FullExplanation {
            customer_id,
            explained: self.scorer().explain(&table, 0)?,
            counterfactuals: self.scorer().counterfactuals(&table, 0)?,
        })
    }

    /// The customer's key, and the values as a table of one row.
    fn read_one(
        &self,
        mut values: BTreeMap<String, Value>,
        new_id: impl FnOnce() -> String,
    ) -> Result<(String, Table), Error> {
        let customer = self.take_key(&mut values, new_id)?;
        let mut parsed = self.rows().parse(&[(1, values)]);
        match parsed.rejected.pop() {
            Some(rejected) => Err(Error::CustomerRefused {
                faults: rejected.faults,
            }),
            None => Ok((customer.id, parsed.table)),
        }
    }

    /// Scores the good rows of a chunk; the refused ones stand between them, in order of the file.
    ///
    /// # Errors
    /// As [`Scorer::score`](crate::Scorer::score).
    pub fn predict_chunk(
        &self,
        parsed: ParsedChunk,
        explain: Explain,
    ) -> Result<Vec<Outcome>, Error> {
        let ParsedChunk {
            table,
            rejected,
            faults,
            ..
        } = parsed;
        let mut warnings: BTreeMap<u64, Vec<Fault>> = BTreeMap::new();
        for fault in faults {
            if let Some(row) = fault.row {
                warnings.entry(row).or_default().push(fault);
            }
        }
        let scored = self.score_rows(&table, explain)?;
        let mut outcomes = Vec::with_capacity(scored.len() + rejected.len());
        let mut rejected = rejected.into_iter().peekable();
        for (row_idx, scored) in scored.into_iter().enumerate() {
            while let Some(refused) = rejected.next_if(|refused| refused.row < scored.row) {
                outcomes.push(Outcome::Refused(refused));
            }
            let key = scored.key.clone();
            let mut odd = warnings.remove(&scored.row).unwrap_or_default();
            odd.extend(self.unusual(&table, row_idx));
            outcomes.push(Outcome::Scored(Prediction {
                is_named: key.is_some(),
                customer_id: key.unwrap_or_else(|| scored.row.to_string()),
                imputed: self.imputed(&table, row_idx),
                warnings: odd,
                record: self.record(&table, row_idx),
                scored,
            }));
        }
        outcomes.extend(rejected.map(Outcome::Refused));
        Ok(outcomes)
    }

    /// The customer's key: that of the key column, or the field `customer_id`, or a new one. It
    /// ends up in the key column, where there is one.
    pub(crate) fn take_key(
        &self,
        values: &mut BTreeMap<String, Value>,
        new_id: impl FnOnce() -> String,
    ) -> Result<CustomerKey, Error> {
        let spec = &self.scorer().model().spec;
        let key = spec.key().map(|column| column.name.as_str());
        let is_alias = spec.column(CUSTOMER_ID).is_none();
        let alias = if is_alias {
            values.remove(CUSTOMER_ID)
        } else {
            None
        };
        let given = key
            .and_then(|key| values.remove(key))
            .filter(|id| !id.is_null());
        let made = || CustomerKey {
            id: new_id(),
            is_named: false,
        };
        let named = |id| CustomerKey { id, is_named: true };
        let customer = match given.or(alias).unwrap_or(Value::Null) {
            Value::Null => made(),
            Value::String(text) if text.trim().is_empty() => made(),
            // No file can hold one, and Postgres keeps none.
            Value::String(text) if text.contains('\0') => {
                let column = key.unwrap_or(CUSTOMER_ID);
                return Err(Error::CustomerRefused {
                    faults: vec![bad_key(column, &Value::String(text))],
                });
            }
            Value::String(text) => named(text),
            Value::Number(number) => named(number.to_string()),
            other => {
                return Err(Error::CustomerRefused {
                    faults: vec![bad_key(key.unwrap_or(CUSTOMER_ID), &other)],
                });
            }
        };
        if let Some(key) = key {
            values.insert(key.to_owned(), Value::from(customer.id.as_str()));
        }
        Ok(customer)
    }

    fn score_rows(&self, table: &Table, explain: Explain) -> Result<Vec<ScoredRow>, Error> {
        let scorer = self.scorer();
        if explain == Explain::Yes {
            return Ok(scorer.score(table)?.rows);
        }
        Ok(scorer.score_plain(table)?.rows)
    }

    /// Features of a row without a value.
    fn imputed(&self, table: &Table, row_idx: usize) -> Vec<String> {
        let features = self.scorer().model().spec.features();
        features
            .filter(|column| table.is_missing(&column.name, row_idx))
            .map(|column| column.name.clone())
            .collect()
    }

    /// The values of a row as a JSON object: numbers as numbers, all else as text.
    fn record(&self, table: &Table, row_idx: usize) -> String {
        let spec = &self.scorer().model().spec;
        let columns = spec.key().into_iter().chain(spec.features());
        let values = columns.filter_map(|column| {
            let text = table.value_text(&column.name, row_idx)?;
            // The text of a number is a JSON number; anything else stays text.
            let number = serde_json::from_str(&text)
                .ok()
                .filter(|_| column.is_numeric());
            Some((column.name.clone(), number.unwrap_or(Value::String(text))))
        });
        Value::Object(values.collect()).to_string()
    }
}

/// What came of one row of a file.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// It was scored.
    Scored(Prediction),
    /// It was refused, with its faults.
    Refused(RejectedRow),
}

fn bad_key(column: &str, value: &Value) -> Fault {
    Fault {
        severity: churn_schema::Severity::Error,
        code: FaultCode::BadField,
        file: "request".to_owned(),
        row: Some(1),
        line: None,
        column: Some(column.to_owned()),
        value: Some(value.to_string().chars().take(80).collect()),
        expected: "a text without NUL, or a number".to_owned(),
        fix: "send the customer's key, or leave it out to get one".to_owned(),
    }
}
