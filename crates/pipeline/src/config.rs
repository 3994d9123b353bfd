//! How to train: one file, every value with a default.

use std::path::Path;

use churn_schema::DatasetSpec;
use churn_zoo::{
    Algorithm, CatboostParams, ForestParams, LogisticParams, XgboostParams,
    resample::ResampleParams,
};
use serde::{Deserialize, Deserializer, Serialize, de::Error as _};

use crate::{Error, LeakageConfig, TuningConfig, error::yaml_fault};

/// Settings of a training run (`--config train.yaml`).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TrainConfig {
    /// Candidates, each once: families to train, and `blend` and `stack` of those. Default all
    /// families and their blend.
    pub algorithms: Vec<Algorithm>,
    /// What `blend` and `stack` are made of.
    pub ensemble: EnsembleConfig,
    /// Share of rows kept for the one test at the end, in (0, 1). Default 0.2.
    pub test_share: f64,
    /// Folds of the cross-validation, at least 2. Default 5.
    pub folds: usize,
    /// Times the folds are drawn anew, at least 1. Default 2.
    pub repeats: usize,
    /// Bootstrap replicates behind the intervals on the test part, at least 100. Default 1000.
    pub bootstrap_replicates: usize,
    /// Development rows kept in the model, encoded and without their keys, for `churn explain
    /// --background`. Default 0: a model file holds no customers.
    pub background_rows: usize,
    /// What the run is meant to find out, for the record.
    pub hypothesis: Option<String>,
    /// Parameters per family.
    pub parameters: AlgorithmParams,
    /// Search for better ones.
    pub tuning: TuningConfig,
    /// Resampling of the training rows inside every fold (SMOTE, SMOTE-NC, ADASYN). Default none:
    /// it gains nothing on data of this kind and costs calibration.
    pub resampling: Option<ResampleParams>,
    /// What the leakage guard tolerates.
    pub leakage: LeakageConfig,
}

/// What `blend` and `stack` are made of.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct EnsembleConfig {
    /// At least two of the families under `algorithms`; empty means all of them. Default empty.
    pub members: Vec<Algorithm>,
}

/// Parameters per family.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AlgorithmParams {
    /// Logistic regression.
    pub logistic: LogisticParams,
    /// Random forest.
    pub forest: ForestParams,
    /// XGBoost.
    pub xgboost: XgboostParams,
    /// CatBoost. What is left out is as in [`CatboostParams::recipe`].
    #[serde(deserialize_with = "over_recipe")]
    pub catboost: CatboostParams,
}

impl Default for AlgorithmParams {
    fn default() -> Self {
        Self {
            logistic: LogisticParams::default(),
            forest: ForestParams::default(),
            xgboost: XgboostParams::default(),
            catboost: CatboostParams::recipe(),
        }
    }
}

/// The recipe with the values given.
fn over_recipe<'de, D: Deserializer<'de>>(deserializer: D) -> Result<CatboostParams, D::Error> {
    let given = serde_json::Map::deserialize(deserializer)?;
    let mut fields = serde_json::to_value(CatboostParams::recipe()).map_err(D::Error::custom)?;
    for (name, value) in given {
        fields[name] = value;
    }
    serde_json::from_value(fields).map_err(D::Error::custom)
}

impl Default for TrainConfig {
    fn default() -> Self {
        Self {
            algorithms: Algorithm::ALL
                .into_iter()
                .filter(|&algorithm| algorithm != Algorithm::Stack)
                .collect(),
            ensemble: EnsembleConfig::default(),
            test_share: 0.2,
            folds: 5,
            repeats: 2,
            bootstrap_replicates: 1000,
            background_rows: 0,
            hypothesis: None,
            parameters: AlgorithmParams::default(),
            tuning: TuningConfig::default(),
            resampling: None,
            leakage: LeakageConfig::default(),
        }
    }
}

/// Most folds, and most repeats: more would only exhaust the memory.
const MOST_FOLDS: usize = 1_000;
/// Most rows kept to explain against.
const MOST_BACKGROUND_ROWS: usize = 1_000_000;
/// Most bootstrap replicates.
const MOST_REPLICATES: usize = 1_000_000;

impl TrainConfig {
    /// Reads a file.
    ///
    /// # Errors
    /// [`Error::Read`] and [`Error::BadConfig`] with all faults.
    pub fn read(path: &Path) -> Result<Self, Error> {
        let text = std::fs::read_to_string(path).map_err(|source| Error::Read {
            path: path.to_owned(),
            source,
        })?;
        let bad = |fault: String| Error::BadConfig {
            path: path.to_owned(),
            fault,
        };
        let config: Self =
            serde_saphyr::from_str(&text).map_err(|fault| bad(yaml_fault(&fault)))?;
        let faults = config.faults();
        if faults.is_empty() {
            Ok(config)
        } else {
            Err(bad(faults.join("; ")))
        }
    }

    /// The families to train.
    pub(crate) fn families(&self) -> impl Iterator<Item = Algorithm> {
        let algorithms = self.algorithms.iter().copied();
        algorithms.filter(|algorithm| algorithm.combination().is_none())
    }

    /// The families that `blend` and `stack` are made of.
    pub(crate) fn members(&self) -> Vec<Algorithm> {
        if self.ensemble.members.is_empty() {
            self.families().collect()
        } else {
            self.ensemble.members.clone()
        }
    }

    /// Values out of range; empty when sound.
    #[must_use]
    pub fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        let mut check = |ok: bool, fault: String| {
            if !ok {
                faults.push(fault);
            }
        };
        check(
            !self.algorithms.is_empty(),
            "'algorithms' is empty; name at least one".to_owned(),
        );
        check(
            self.test_share > 0.0 && self.test_share < 1.0,
            format!(
                "'test_share' is {}; expected a number in (0, 1)",
                self.test_share
            ),
        );
        check(
            self.folds >= 2,
            format!("'folds' is {}; expected at least 2", self.folds),
        );
        check(
            self.repeats >= 1,
            format!("'repeats' is {}; expected at least 1", self.repeats),
        );
        check(
            self.bootstrap_replicates >= 100,
            format!(
                "'bootstrap_replicates' is {}; expected at least 100",
                self.bootstrap_replicates
            ),
        );
        check(
            self.tuning.folds >= 2,
            format!(
                "'tuning.folds' is {}; expected at least 2",
                self.tuning.folds
            ),
        );
        for (name, value, most) in [
            ("folds", self.folds, MOST_FOLDS),
            ("repeats", self.repeats, MOST_FOLDS),
            ("tuning.folds", self.tuning.folds, MOST_FOLDS),
            (
                "background_rows",
                self.background_rows,
                MOST_BACKGROUND_ROWS,
            ),
            (
                "bootstrap_replicates",
                self.bootstrap_replicates,
                MOST_REPLICATES,
            ),
        ] {
            check(
                value <= most,
                format!("'{name}' is {value}; expected at most {most}"),
            );
        }
        check(
            self.tuning
                .time_limit_s
                .is_none_or(|limit| limit > 0.0 && limit.is_finite()),
            "'tuning.time_limit_s' must be a number above 0".to_owned(),
        );
        for algorithm in Algorithm::ALL {
            let times = self
                .algorithms
                .iter()
                .filter(|&&other| other == algorithm)
                .count();
            check(
                times < 2,
                format!("'algorithms' names {algorithm} {times} times"),
            );
        }
        faults.extend(self.ensemble_faults());
        faults.extend(self.leakage.faults());
        faults
    }

    /// What the settings ask of columns that the specification does not have; empty when sound.
    #[must_use]
    pub fn faults_for(&self, spec: &DatasetSpec) -> Vec<String> {
        let unknown = self.leakage.allow.iter();
        let unknown = unknown.filter(|name| spec.column(name).is_none());
        unknown
            .map(|name| {
                format!(
                    "'leakage.allow' names column '{name}', which specification '{}' does not have",
                    spec.name
                )
            })
            .collect()
    }

    fn ensemble_faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        let members = self.members();
        for (place, member) in members.iter().enumerate() {
            if !self.families().any(|family| family == *member) {
                faults.push(format!(
                    "'ensemble.members' names {member}, which is no family under 'algorithms'"
                ));
            }
            if members[..place].contains(member) {
                faults.push(format!("'ensemble.members' names {member} twice"));
            }
        }
        let combined = self.algorithms.iter().find(|a| a.combination().is_some());
        if let Some(combined) = combined
            && members.len() < 2
        {
            faults.push(format!(
                "'{combined}' needs at least two families; name more under 'algorithms' and 'ensemble.members'"
            ));
        }
        faults
    }
}

#[cfg(test)]
mod tests {
    use churn_zoo::CatboostParams;

    use super::AlgorithmParams;

    #[test]
    fn catboost_values_left_out_are_those_of_the_recipe() {
        let read = |text: &str| serde_saphyr::from_str::<AlgorithmParams>(text);
        let params = read("catboost: {depth: 5, early_stopping_rounds: null}").unwrap();
        let expected = CatboostParams {
            depth: 5,
            early_stopping_rounds: None,
            ..CatboostParams::recipe()
        };
        assert_eq!(params.catboost, expected);
        assert_eq!(read("{}").unwrap().catboost, CatboostParams::recipe());
        let fault = read("catboost: {dept: 5}").unwrap_err().to_string();
        assert!(fault.contains("dept"), "{fault}");
    }
}
