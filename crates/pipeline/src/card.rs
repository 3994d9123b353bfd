//! What every candidate's model card says.

use std::collections::BTreeMap;

use churn_registry::{Card, CardFigures, TrainedOn};
use churn_zoo::Algorithm;

/// Facts common to the candidates of a run. No clock, no run id: the same data, settings and
/// seed must give the same bundle.
pub(crate) struct CardFacts<'a> {
    pub(crate) seed: u64,
    pub(crate) dataset: &'a str,
    pub(crate) data_sha256: &'a str,
    pub(crate) n_rows: u64,
    pub(crate) base_rate: f64,
    pub(crate) protected: Vec<String>,
}

impl CardFacts<'_> {
    /// The card of a candidate, without metrics and decision.
    pub(crate) fn card(
        &self,
        algorithm: Algorithm,
        parameters: serde_json::Value,
        n_rounds: Option<usize>,
    ) -> Card {
        let mut parameters: BTreeMap<String, serde_json::Value> = match parameters {
            serde_json::Value::Object(map) => map.into_iter().collect(),
            _ => BTreeMap::new(),
        };
        if let Some(n_rounds) = n_rounds {
            parameters.insert("rounds_kept".to_owned(), n_rounds.into());
        }
        Card {
            algorithm: algorithm.name().to_owned(),
            parameters,
            seed: self.seed,
            trained_on: TrainedOn {
                dataset: self.dataset.to_owned(),
                sha256: self.data_sha256.to_owned(),
                n_rows: self.n_rows,
                base_rate: self.base_rate,
            },
            cv_metrics: BTreeMap::new(),
            test_metrics: BTreeMap::new(),
            decision: String::new(),
            intended_use: intended_use(self.dataset),
            limits: limits(&self.protected),
            figures: CardFigures::default(),
            imported: None,
        }
    }
}

/// What no model of ours must be used for; `protected` are the protected features it uses.
pub(crate) fn limits(protected: &[String]) -> Vec<String> {
    let mut limits = vec![
            "Contributions say what the model reacts to, not what causes leaving; the effect of an offer must be measured with a control group.".to_owned(),
            "Figures hold for customers drawn as the training rows were; another market, price list or season needs new data.".to_owned(),
            "Not for decisions with legal effect on a person.".to_owned(),
        ];
    if !protected.is_empty() {
        limits.push(format!(
                "Uses the protected attributes {}; they are never shown as reasons, and their effect must be watched.",
                protected.join(", ")
            ));
    }
    limits
}

/// What a model of customers like those of `dataset` is for.
pub(crate) fn intended_use(dataset: &str) -> String {
    format!(
        "Ranking customers like those of '{dataset}' by their risk of leaving, to choose whom to contact and with what offer."
    )
}
