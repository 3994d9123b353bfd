//! Every figure reported about one model on one set of labelled rows.

use serde::{Deserialize, Serialize};

use crate::calibration::ece_of;
use crate::error::{Error, check_finite, check_probabilities};
use crate::probability::{row_brier, row_log_loss};
use crate::ranked::{Ranked, totals};
use crate::ranking::{auc_of, average_precision_of, ks_of};
use crate::threshold::{Confusion, best_f1_of, precision_at_recall_of, recall_at_precision_of};
use crate::topk::top;

/// Equal-mass bins of [`MetricSet::ece`].
pub const CALIBRATION_BINS: usize = 15;

macro_rules! metric_set {
    ($($(#[doc = $doc:literal])+ $name:ident,)+) => {
        /// All reported figures; `T` is a number, an [`Interval`](crate::Interval), a column.
        #[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
        pub struct MetricSet<T> {
            $($(#[doc = $doc])+ pub $name: T,)+
        }

        impl<T> MetricSet<T> {
            /// Names of the figures, in the order of the fields.
            pub const NAMES: &'static [&'static str] = &[$(stringify!($name)),+];

            /// Builds a set by asking for each figure by name.
            pub fn from_fn(mut value_of: impl FnMut(&'static str) -> T) -> Self {
                Self { $($name: value_of(stringify!($name)),)+ }
            }

            /// The figure with this name, if there is one.
            pub fn get(&self, name: &str) -> Option<&T> {
                match name {
                    $(stringify!($name) => Some(&self.$name),)+
                    _ => None,
                }
            }

            /// The same set with every figure mapped.
            pub fn map<U>(self, mut map: impl FnMut(T) -> U) -> MetricSet<U> {
                MetricSet { $($name: map(self.$name),)+ }
            }

            /// Two sets combined figure by figure.
            pub fn zip<U>(self, other: MetricSet<U>) -> MetricSet<(T, U)> {
                MetricSet { $($name: (self.$name, other.$name),)+ }
            }

            /// Names with their figures, in the order of the fields.
            pub fn iter(&self) -> impl Iterator<Item = (&'static str, &T)> {
                [$((stringify!($name), &self.$name)),+].into_iter()
            }
        }
    };
}

metric_set! {
    /// Area under the ROC curve, 0..=1.
    roc_auc,
    /// Average precision, 0..=1.
    pr_auc,
    /// Log loss in nats, 0 is perfect.
    log_loss,
    /// Brier score, 0..=1, 0 is perfect.
    brier,
    /// Expected calibration error over [`CALIBRATION_BINS`] equal-mass bins, 0 is perfect.
    ece,
    /// Share of right decisions at the threshold.
    accuracy,
    /// Precision at the threshold.
    precision,
    /// Recall at the threshold.
    recall,
    /// F1 at the threshold.
    f1,
    /// Matthews correlation at the threshold, -1..=1.
    matthews,
    /// Largest F1 over all thresholds of these very rows: an upper bound, not an estimate.
    best_f1,
    /// Kolmogorov-Smirnov distance, 0..=1.
    ks,
    /// Lift among the top 10 % of rows.
    lift_at_10,
    /// Lift among the top 20 % of rows.
    lift_at_20,
    /// Precision among the top 10 % of rows.
    precision_at_10,
    /// Precision among the top 20 % of rows.
    precision_at_20,
    /// Share of leavers among the top 10 % of rows.
    capture_at_10,
    /// Share of leavers among the top 20 % of rows.
    capture_at_20,
    /// Largest precision at a recall of at least 75 %.
    precision_at_recall_75,
    /// Largest recall at a precision of at least 75 %.
    recall_at_precision_75,
    /// Mean predicted probability.
    mean_probability,
    /// Share of rows that were positive.
    base_rate,
}

impl<T> MetricSet<T> {
    /// Names of the figures, in the order of the fields; same as [`MetricSet::NAMES`].
    #[must_use]
    pub fn names() -> &'static [&'static str] {
        Self::NAMES
    }
}

impl MetricSet<f64> {
    /// All figures of `probabilities` (0..=1) against `labels`, decisions at `threshold`.
    ///
    /// # Errors
    /// Empty input, unequal lengths, probabilities outside 0..=1, a single class, a threshold
    /// that is not finite.
    pub fn compute(labels: &[bool], probabilities: &[f64], threshold: f64) -> Result<Self, Error> {
        let prepared = Prepared::new(labels, probabilities, threshold)?;
        Ok(prepared.compute(&vec![1; labels.len()]))
    }
}

/// Sorted rows with their losses, ready for any number of resamples.
pub(crate) struct Prepared {
    pub(crate) ranked: Ranked,
    log_losses: Vec<f64>,
    briers: Vec<f64>,
    threshold: f64,
}

impl Prepared {
    pub(crate) fn new(
        labels: &[bool],
        probabilities: &[f64],
        threshold: f64,
    ) -> Result<Self, Error> {
        check_probabilities(labels, probabilities)?;
        check_finite("threshold", &[threshold])?;
        let ranked = Ranked::new(labels, "probabilities", probabilities)?;
        let losses = |loss: fn(bool, f64) -> f64| {
            ranked
                .labels
                .iter()
                .zip(&ranked.scores)
                .map(|(&label, &p)| loss(label, p))
                .collect()
        };
        Ok(Self {
            log_losses: losses(row_log_loss),
            briers: losses(row_brier),
            ranked,
            threshold,
        })
    }

    /// All figures of the resample with `counts[i]` copies of sorted row `i`.
    pub(crate) fn compute(&self, counts: &[u32]) -> MetricSet<f64> {
        let groups = self.ranked.counted_groups_down(counts);
        let (n_positive, n_negative) = totals(&groups);
        let n_rows = n_positive + n_negative;
        let mean = |values: &[f64]| {
            let sum: f64 = values
                .iter()
                .zip(counts)
                .map(|(v, &c)| v * f64::from(c))
                .sum();
            sum / n_rows
        };
        let confusion = Confusion::of(&groups, self.threshold);
        let (top_10, top_20) = (top(&groups, 0.1), top(&groups, 0.2));
        MetricSet {
            roc_auc: auc_of(&groups),
            pr_auc: average_precision_of(&groups),
            log_loss: mean(&self.log_losses),
            brier: mean(&self.briers),
            ece: ece_of(&self.ranked, counts, CALIBRATION_BINS),
            accuracy: confusion.accuracy(),
            precision: confusion.precision(),
            recall: confusion.recall(),
            f1: confusion.f1(),
            matthews: confusion.matthews(),
            best_f1: best_f1_of(&groups).f1,
            ks: ks_of(&groups),
            lift_at_10: top_10.lift,
            lift_at_20: top_20.lift,
            precision_at_10: top_10.precision,
            precision_at_20: top_20.precision,
            capture_at_10: top_10.capture,
            capture_at_20: top_20.capture,
            precision_at_recall_75: precision_at_recall_of(&groups, 0.75),
            recall_at_precision_75: recall_at_precision_of(&groups, 0.75),
            mean_probability: mean(&self.ranked.scores),
            base_rate: n_positive / n_rows,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_of_sorted_rows_equal_copied_rows() {
        // Ties across classes, a row left out, a tied group left out, copies across bin edges.
        let labels: Vec<bool> = (0..40).map(|row| row % 3 == 0 || row == 38).collect();
        let p: Vec<f64> = (0..40u32)
            .map(|row| f64::from(row * 17 % 40 / 3) / 14.0)
            .collect();
        let prepared = Prepared::new(&labels, &p, 0.4).unwrap();
        let counts: Vec<u32> = (0..40u32)
            .map(|row| if row < 5 { 0 } else { row * 7 % 5 })
            .collect();
        let mut copied_labels = Vec::new();
        let mut copied_p = Vec::new();
        for (position, &count) in counts.iter().enumerate() {
            for _ in 0..count {
                copied_labels.push(prepared.ranked.labels[position]);
                copied_p.push(prepared.ranked.scores[position]);
            }
        }
        let copied = MetricSet::compute(&copied_labels, &copied_p, 0.4).unwrap();
        for (name, figure) in prepared.compute(&counts).iter() {
            let expected = *copied.get(name).unwrap();
            assert!(
                (figure - expected).abs() < 1e-12,
                "{name}: {figure} instead of {expected}"
            );
        }
    }
}
