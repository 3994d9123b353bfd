//! A study: what was proposed, what came of it, what comes next.

use std::collections::BTreeMap;

use rand::SeedableRng;
use rand_chacha::ChaCha12Rng;
use serde::{Deserialize, Serialize};

use super::{
    Assignment, Pruner, SearchSpace, TrialRecord, Verdict,
    propose::{Known, propose, startup_places},
};
use crate::{Error, seed::derive_seed};

/// Parameters of a study as given; [`StudyParams::check`] makes them usable.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct StudyParams {
    /// Seed of all draws. Default 0.
    pub seed: u64,
    /// Trials drawn from a Latin hypercube before the estimator takes over, at least 1.
    /// Default 10.
    pub n_startup: usize,
    /// Trials proposed at once, at least 1; they can run beside each other. Part of what makes a
    /// result, so never derive it from the number of threads. Default 4.
    pub batch_size: usize,
    /// When to give up on a trial. Default the median rule.
    pub pruner: Pruner,
}

impl Default for StudyParams {
    fn default() -> Self {
        Self {
            seed: 0,
            n_startup: 10,
            batch_size: 4,
            pruner: Pruner::default(),
        }
    }
}

impl StudyParams {
    /// Checks ranges for trials of `n_folds` folds.
    ///
    /// # Errors
    /// [`Error::Tuning`] for the first parameter out of range.
    pub fn check(self, n_folds: usize) -> Result<ValidStudyParams, Error> {
        let given = [
            ("n_startup", self.n_startup),
            ("batch_size", self.batch_size),
            ("number of folds", n_folds),
        ];
        if let Some((name, _)) = given.iter().find(|(_, value)| *value == 0) {
            return Err(Error::Tuning {
                fault: format!("'{name}' is 0; expected at least 1"),
            });
        }
        self.pruner.check()?;
        Ok(ValidStudyParams {
            params: self,
            n_folds,
        })
    }
}

/// Checked parameters of a study.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ValidStudyParams {
    params: StudyParams,
    n_folds: usize,
}

/// A proposal.
#[derive(Debug, Clone, PartialEq)]
pub struct Trial {
    /// Number in the study, from 0.
    pub number: usize,
    /// What to try.
    pub params: Assignment,
}

/// A search for the parameters of least mean loss over the folds.
///
/// All it decides depends on the space, the parameters and the records of completed batches.
#[derive(Debug, Clone)]
pub struct Study {
    space: SearchSpace,
    params: StudyParams,
    n_folds: usize,
    first: Vec<Proposal>,
    proposed: Vec<Proposal>,
    finished: BTreeMap<usize, TrialRecord>,
}

/// Values and where they lie. Both are kept: a value taken to the log scale and back is not
/// always the same to the last bit.
#[derive(Debug, Clone)]
struct Proposal {
    params: Assignment,
    places: Vec<f64>,
}

impl Study {
    /// A study without trials.
    #[must_use]
    pub fn new(space: SearchSpace, params: ValidStudyParams) -> Self {
        Self {
            space,
            params: params.params,
            n_folds: params.n_folds,
            first: Vec::new(),
            proposed: Vec::new(),
            finished: BTreeMap::new(),
        }
    }

    /// Tries these before any drawn ones, e.g. the defaults: the result can't be worse then.
    /// Call it before [`Study::resume`] and before the first batch.
    ///
    /// # Errors
    /// [`Error::Tuning`] when a value is outside its domain.
    pub fn start_with(mut self, first: &[Assignment]) -> Result<Self, Error> {
        let proposal = |params: &Assignment| {
            let places = self.space.places_of(params)?;
            let params = params.clone();
            Ok(Proposal { params, places })
        };
        self.first = first.iter().map(proposal).collect::<Result<_, Error>>()?;
        Ok(self)
    }

    /// Takes up where stored records end, in any order. Proposals are made anew and compared, so
    /// records of another study are refused.
    ///
    /// # Errors
    /// [`Error::Tuning`] when the records are not of this space, seed and batch size, or one is
    /// missing from a batch that later ones built on.
    pub fn resume(mut self, mut records: Vec<TrialRecord>) -> Result<Self, Error> {
        records.sort_by_key(|record| record.number);
        for record in records {
            while record.number >= self.proposed.len() {
                if self.next_open().is_some() {
                    return Err(Error::Tuning {
                        fault: format!(
                            "stored trial {} builds on trial {}, which is missing; drop the stored trials of this study",
                            record.number,
                            self.next_open().unwrap_or_default()
                        ),
                    });
                }
                self.propose_batch();
            }
            self.finish(record)?;
        }
        Ok(self)
    }

    /// Trials to run now: what is open of the last batch, or else a new batch. Never empty.
    pub fn next_batch(&mut self) -> Vec<Trial> {
        if self.next_open().is_none() {
            self.propose_batch();
        }
        let open = (0..self.proposed.len()).filter(|number| !self.finished.contains_key(number));
        open.map(|number| Trial {
            number,
            params: self.proposed[number].params.clone(),
        })
        .collect()
    }

    /// Whether a trial is worth another fold, given its losses so far in fold order.
    #[must_use]
    pub fn report(&self, number: usize, fold_losses: &[f64]) -> Verdict {
        let history = self
            .finished
            .range(..self.batch_start(number))
            .map(|(_, record)| record);
        self.params
            .pruner
            .judge(number, fold_losses, self.n_folds, history, self.params.seed)
    }

    /// Takes the result of a proposed trial.
    ///
    /// # Errors
    /// [`Error::Tuning`] for a trial that was not proposed with these values, or twice.
    pub fn finish(&mut self, record: TrialRecord) -> Result<(), Error> {
        let number = record.number;
        let proposed = self.proposed.get(number).map(|proposal| &proposal.params);
        if proposed != Some(&record.params) {
            let proposed = proposed.map_or("nothing".to_owned(), Assignment::to_string);
            return Err(Error::Tuning {
                fault: format!(
                    "trial {number} has {}, but this study proposed {proposed}; space, seed, batch size or data differ: drop the stored trials",
                    record.params
                ),
            });
        }
        if self.finished.contains_key(&number) {
            return Err(Error::Tuning {
                fault: format!("trial {number} is recorded twice"),
            });
        }
        self.finished.insert(number, record);
        Ok(())
    }

    /// Folds a trial runs.
    #[must_use]
    pub fn n_folds(&self) -> usize {
        self.n_folds
    }

    /// Finished trials, in order of their numbers.
    pub fn records(&self) -> impl Iterator<Item = &TrialRecord> {
        self.finished.values()
    }

    /// The complete trial of least loss, and that loss; of equals, the first.
    #[must_use]
    pub fn best(&self) -> Option<(&TrialRecord, f64)> {
        let complete = self
            .records()
            .filter_map(|record| Some((record, record.loss()?)));
        complete.min_by(|a, b| a.1.total_cmp(&b.1))
    }

    fn batch_start(&self, number: usize) -> usize {
        number - number % self.params.batch_size
    }

    /// The first proposed trial without a result.
    fn next_open(&self) -> Option<usize> {
        (0..self.proposed.len()).find(|number| !self.finished.contains_key(number))
    }

    fn propose_batch(&mut self) {
        for _ in 0..self.params.batch_size {
            let proposal = match self.first.get(self.proposed.len()) {
                Some(first) => first.clone(),
                None => {
                    let places = self.places_of_next();
                    let params = self.space.assignment_at(&places);
                    Proposal { params, places }
                }
            };
            self.proposed.push(proposal);
        }
    }

    fn places_of_next(&self) -> Vec<f64> {
        let number = self.proposed.len();
        let axes = self.space.axes();
        let StudyParams {
            seed, n_startup, ..
        } = self.params;
        if number < n_startup {
            return startup_places(&axes, number, n_startup, seed);
        }
        let start = self.batch_start(number);
        let known: Vec<Known<'_>> = self
            .finished
            .range(..start)
            .map(|(&number, record)| Known {
                record,
                places: &self.proposed[number].places,
            })
            .collect();
        let running: Vec<&[f64]> = self.proposed[start..]
            .iter()
            .map(|proposal| proposal.places.as_slice())
            .collect();
        let stream = derive_seed(seed, "tuning proposal", number as u64);
        propose(
            &axes,
            &known,
            &running,
            &mut ChaCha12Rng::seed_from_u64(stream),
        )
    }
}
