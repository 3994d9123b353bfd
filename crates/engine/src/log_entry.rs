//! What is kept of an answer about a customer.

use churn_store::tables::predictions;
use churn_store::{Timestamp, new_id};
use serde_json::{Value, json};

use crate::predict::Prediction;
use crate::serving::Served;

impl Prediction {
    /// The row of the log: who asked what, and what was answered. `source` is `api`, `batch`,
    /// `v2`, `page`.
    #[must_use]
    pub fn log_entry(
        &self,
        served: &Served,
        source: &str,
        asked_by: Option<&str>,
        at: Timestamp,
    ) -> predictions::Prediction {
        let reasons = self.scored.reasons.iter();
        let reasons: Vec<Value> = reasons
            .map(|reason| json!({ "feature": reason.feature, "impact": reason.impact }))
            .collect();
        let offers = self.scored.offers.iter();
        let offers: Vec<&str> = offers.map(|offer| offer.offer_id.as_str()).collect();
        let warnings = self.warnings.iter();
        let warnings: Vec<Value> = warnings
            .map(|fault| json!({ "code": fault.code, "column": fault.column }))
            .collect();
        let answer = json!({
            "reasons": reasons,
            "offers": offers,
            "imputed": self.imputed,
            "warnings": warnings,
        });
        predictions::Prediction {
            id: new_id(),
            at,
            dataset: served.scorer().model().spec.name.clone(),
            customer_key: self.customer_id.clone(),
            model_version: served.scorer().version().to_owned(),
            probability: self.scored.churn_probability,
            risk_level: self.scored.risk_level.name().to_owned(),
            source: source.to_owned(),
            asked_by: asked_by.map(str::to_owned),
            record: self.record.clone(),
            answer: answer.to_string(),
        }
    }
}
