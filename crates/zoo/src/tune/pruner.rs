//! Which trials to give up before all folds are run.

use serde::{Deserialize, Serialize};

use super::{Outcome, TrialRecord, record::mean};
use crate::{Error, seed::derive_seed};

/// Whether a trial is worth another fold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Go on.
    Keep,
    /// Give up.
    Prune,
}

/// A rule for giving up. It compares means over the same folds, so a hard fold harms nobody.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind", deny_unknown_fields)]
pub enum Pruner {
    /// Never.
    None,
    /// When worse than the median of complete trials at the same fold (Golovin et al. 2017).
    Median {
        /// Complete trials needed first. Default 8.
        n_startup: usize,
        /// Folds every trial may run. Default 1.
        n_warmup_folds: usize,
    },
    /// Hyperband (Li et al. 2018), as asynchronous successive halving in each bracket (Li et al.
    /// 2020): a trial belongs to a bracket, drawn by its number; at the bracket's rungs
    /// (`min_folds`, times `reduction`, ...) only the best of each `reduction` go on. Brackets
    /// differ in where the first rung lies and get shares of the trials so that each costs about
    /// the same.
    Hyperband {
        /// First rung of the hardest bracket, in folds. At least 1.
        min_folds: usize,
        /// Of how many trials at a rung one goes on. At least 2.
        reduction: usize,
    },
}

impl Default for Pruner {
    fn default() -> Self {
        Self::Median {
            n_startup: 8,
            n_warmup_folds: 1,
        }
    }
}

impl Pruner {
    pub(super) fn check(self) -> Result<(), Error> {
        match self {
            Self::Hyperband {
                min_folds,
                reduction,
            } if min_folds < 1 || reduction < 2 => Err(Error::Tuning {
                fault: format!(
                    "hyperband: 'min_folds' is {min_folds} and 'reduction' {reduction}; expected at least 1 and at least 2"
                ),
            }),
            _ => Ok(()),
        }
    }

    /// Judges trial `number` of a study of `n_folds` folds by its losses so far and the records
    /// of completed batches.
    pub(super) fn judge<'a>(
        self,
        number: usize,
        losses: &[f64],
        n_folds: usize,
        history: impl Iterator<Item = &'a TrialRecord>,
        seed: u64,
    ) -> Verdict {
        let (done, Some(own)) = (losses.len(), mean(losses)) else {
            return Verdict::Keep;
        };
        if done >= n_folds {
            return Verdict::Keep;
        }
        let hopeless = match self {
            Self::None => false,
            Self::Median {
                n_startup,
                n_warmup_folds,
            } => {
                let complete = history.filter(|record| record.loss().is_some());
                let others: Vec<f64> = complete
                    .filter_map(|record| record.mean_over(done))
                    .collect();
                done >= n_warmup_folds
                    && others.len() >= n_startup.max(1)
                    && median(others).is_some_and(|median| own > median)
            }
            Self::Hyperband {
                min_folds,
                reduction,
            } => {
                let brackets = Brackets {
                    min_folds,
                    reduction,
                    n_folds,
                    seed,
                };
                let bracket = brackets.of(number);
                let at_rung = |record: &&TrialRecord| {
                    !matches!(record.outcome, Outcome::Failed { .. })
                        && brackets.of(record.number) == bracket
                };
                let mut others: Vec<f64> = history
                    .filter(at_rung)
                    .filter_map(|record| record.mean_over(done))
                    .collect();
                others.push(own);
                others.sort_by(f64::total_cmp);
                let n_promoted = (others.len() / reduction).max(1);
                brackets.has_rung(bracket, done) && own > others[n_promoted - 1]
            }
        };
        if hopeless {
            Verdict::Prune
        } else {
            Verdict::Keep
        }
    }
}

/// Middle of the values, or mean of the two middle ones.
fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    let high = *values.get(values.len() / 2)?;
    let low = values[(values.len() - 1) / 2];
    Some(f64::midpoint(low, high))
}

struct Brackets {
    min_folds: usize,
    reduction: usize,
    n_folds: usize,
    seed: u64,
}

impl Brackets {
    /// How often the first rung can be multiplied within the folds.
    fn n_rungs(&self) -> usize {
        let mut rung = self.min_folds;
        let mut n_rungs = 0;
        while rung < self.n_folds {
            n_rungs += 1;
            rung = rung.saturating_mul(self.reduction);
        }
        n_rungs
    }

    /// The bracket of a trial: bracket `b` has its first rung at `min_folds × reduction^b`, and
    /// the last bracket has none. Drawn with weights `reduction^s / (s + 1)` for `s` rungs,
    /// Hyperband's number of starters per bracket.
    fn of(&self, number: usize) -> usize {
        let n_rungs = self.n_rungs();
        let weights: Vec<f64> = (0..=n_rungs)
            .map(|bracket| {
                let n_left = n_rungs - bracket;
                (self.reduction as f64).powi(n_left as i32) * (n_rungs + 1) as f64
                    / (n_left + 1) as f64
            })
            .collect();
        let draw = derive_seed(self.seed, "tuning bracket", number as u64) >> 11;
        let mut rest = draw as f64 / (1_u64 << 53) as f64 * weights.iter().sum::<f64>();
        for (bracket, weight) in weights.iter().enumerate() {
            rest -= weight;
            if rest < 0.0 {
                return bracket;
            }
        }
        n_rungs
    }

    fn has_rung(&self, bracket: usize, done: usize) -> bool {
        let mut rung = self
            .min_folds
            .saturating_mul(self.reduction.saturating_pow(bracket as u32));
        while rung < done {
            rung = rung.saturating_mul(self.reduction);
        }
        rung == done
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn complete(number: usize, fold_losses: &[f64]) -> TrialRecord {
        TrialRecord {
            number,
            params: Default::default(),
            fold_losses: fold_losses.to_vec(),
            outcome: Outcome::Complete {
                loss: mean(fold_losses).unwrap(),
            },
            seconds: 0.0,
        }
    }

    #[test]
    fn the_median_rule_compares_the_same_folds() {
        let rule = Pruner::Median {
            n_startup: 3,
            n_warmup_folds: 1,
        };
        // The second fold is hard for all.
        let history: Vec<_> = (0..3)
            .map(|n| complete(n, &[n as f64, 10.0, 1.0]))
            .collect();
        let judge = |losses: &[f64], n: usize| rule.judge(9, losses, 3, history[..n].iter(), 1);
        assert_eq!(
            judge(&[1.1], 3),
            Verdict::Prune,
            "median after one fold is 1"
        );
        assert_eq!(judge(&[1.0], 3), Verdict::Keep);
        assert_eq!(
            judge(&[0.9, 10.0], 3),
            Verdict::Keep,
            "the hard fold is no fault"
        );
        assert_eq!(judge(&[9.0], 2), Verdict::Keep, "too few complete trials");
        assert_eq!(
            judge(&[9.0, 9.0, 9.0], 3),
            Verdict::Keep,
            "nothing left to save"
        );
    }

    #[test]
    fn hyperband_spreads_trials_and_keeps_one_in_so_many() {
        let brackets = Brackets {
            min_folds: 1,
            reduction: 3,
            n_folds: 9,
            seed: 4,
        };
        let mut counts = [0; 3];
        (0..2000).for_each(|number| counts[brackets.of(number)] += 1);
        // Weights 9 * 3/3, 3 * 3/2, 1 * 3/1 of 16.5.
        for (count, share) in counts.iter().zip([9.0, 4.5, 3.0]) {
            let share = share / 16.5;
            assert!(
                (f64::from(*count) / 2000.0 - share).abs() < 0.04,
                "{counts:?}"
            );
        }
        assert!(brackets.has_rung(0, 1) && brackets.has_rung(0, 3) && !brackets.has_rung(0, 2));
        assert!(!brackets.has_rung(1, 1) && brackets.has_rung(1, 3) && !brackets.has_rung(2, 3));

        let rule = Pruner::Hyperband {
            min_folds: 1,
            reduction: 3,
        };
        let in_first: Vec<usize> = (0..2000)
            .filter(|&number| brackets.of(number) == 0)
            .take(6)
            .collect();
        let history: Vec<_> = in_first[..5]
            .iter()
            .map(|&n| complete(n, &[n as f64; 9]))
            .collect();
        let judge = |loss: f64| rule.judge(in_first[5], &[loss], 9, history.iter(), 4);
        assert_eq!(judge(in_first[1] as f64), Verdict::Keep, "second of six");
        assert_eq!(
            judge(in_first[2] as f64 - 0.5),
            Verdict::Prune,
            "third of six"
        );
    }
}
