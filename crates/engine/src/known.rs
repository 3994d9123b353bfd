//! Customers the store knows: their values as a file or a request gave them last.

use std::collections::BTreeMap;

use churn_store::Database;
use churn_store::tables::customers;
use churn_store::tables::predictions::{self, PredictionFilter};
use serde_json::Value;

use crate::Error;
use crate::predict::CUSTOMER_ID;
use crate::serving::Served;

/// The values of a customer: of the last scored file they were in, else of the last request that
/// named them. Blocks.
///
/// # Errors
/// The database does not answer.
pub fn find_known(
    database: &Database,
    dataset: &str,
    key: &str,
) -> Result<Option<BTreeMap<String, Value>>, Error> {
    let record = database.read(|connection| {
        if let Some(customer) = customers::find(connection, dataset, key)? {
            return Ok(Some(customer.record));
        }
        let filter = PredictionFilter {
            dataset: Some(dataset),
            customer_key: Some(key),
            ..PredictionFilter::default()
        };
        let mut newest = predictions::list(connection, &filter, 1)?;
        Ok::<_, churn_store::Error>(newest.pop().map(|prediction| prediction.record))
    })?;
    // What we wrote is an object; anything else is as good as nothing.
    Ok(record.and_then(|record| serde_json::from_str(&record).ok()))
}

impl Served {
    /// Name of the data set whose customers it scores.
    #[must_use]
    pub fn dataset(&self) -> &str {
        &self.scorer().model().spec.name
    }

    /// The customer's key, when nothing but the key was given.
    #[must_use]
    pub fn only_key(&self, values: &BTreeMap<String, Value>) -> Option<String> {
        let (name, value) = values.first_key_value().filter(|_| values.len() == 1)?;
        let spec = &self.scorer().model().spec;
        let is_key = spec.key().is_some_and(|column| column.name == *name);
        let is_alias = name == CUSTOMER_ID && spec.column(CUSTOMER_ID).is_none();
        if !is_key && !is_alias {
            return None;
        }
        match value {
            Value::String(text) if !text.trim().is_empty() => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        }
    }
}
