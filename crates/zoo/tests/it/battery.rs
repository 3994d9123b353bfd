//! What every trainer must do (after scikit-learn's estimator checks).

use churn_ensemble::{Calibrator, Predictor};
use churn_metrics::roc_auc;
use churn_zoo::{Error, Rounds, Trainer};

use crate::sample::Sample;

/// A trainer and where families rightly differ.
pub(crate) struct Subject {
    pub(crate) trainer: Box<dyn Trainer>,
    /// Whether NaN is a value like others; else it is refused.
    pub(crate) takes_missing: bool,
    pub(crate) weights: Weights,
    /// How far probabilities may move when columns change places.
    pub(crate) column_order_tolerance: f64,
}

/// What weights mean to a family.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Weights {
    /// Weight 2 is the row twice, within this distance in probability.
    Repeats(f64),
    /// Only their ratios matter: rows are drawn evenly, so a row twice is not a weight of 2.
    Ratios,
}

impl Subject {
    fn fit(&self, sample: &Sample) -> Result<Predictor, Error> {
        let fitted = sample
            .with_samples(|samples| self.trainer.fit(samples, Rounds::Exactly(Some(40)), 7))?;
        Ok(fitted.predictor)
    }

    #[track_caller]
    fn fitted(&self, sample: &Sample) -> Predictor {
        self.fit(sample).unwrap()
    }

    pub(crate) fn same_seed_same_bytes_at_any_number_of_threads(&self) {
        let sample = Sample::plain(400, 1);
        let text = |n_threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new()
                .num_threads(n_threads)
                .build()
                .unwrap();
            serde_json::to_string(&pool.install(|| self.fitted(&sample))).unwrap()
        };
        let one = text(1);
        assert_eq!(one, text(1), "run again");
        assert_eq!(one, text(2), "on two threads");
    }

    pub(crate) fn learns_and_gives_probabilities(&self) {
        let predictor = self.fitted(&Sample::plain(2000, 2));
        let fresh = Sample::plain(1000, 3);
        let probabilities = probabilities(&predictor, &fresh);
        let auc = roc_auc(&fresh.labels, &probabilities).unwrap();
        // The true margins reach 0.91.
        assert!(auc > 0.86, "{auc}");
        let mean = probabilities.iter().sum::<f64>() / 1000.0;
        let rate = fresh.labels.iter().filter(|&&left| left).count() as f64 / 1000.0;
        assert!((mean - rate).abs() < 0.04, "mean {mean}, rate {rate}");
    }

    pub(crate) fn one_class_and_no_rows_are_refused(&self) {
        for label in [false, true] {
            let mut sample = Sample::plain(50, 4);
            sample.labels = vec![label; 50];
            let fault = self.fit(&sample).unwrap_err();
            assert!(matches!(fault, Error::OneClass { n_rows: 50 }), "{fault}");
        }
        let mut empty = Sample::plain(1, 4);
        empty.rows.clear();
        empty.labels.clear();
        assert!(matches!(
            self.fit(&empty).unwrap_err(),
            Error::OneClass { n_rows: 0 }
        ));
    }

    pub(crate) fn numbers_that_are_not_finite_are_refused_and_missing_ones_as_promised(&self) {
        let sample = Sample::plain(200, 5);
        for value in [f32::INFINITY, f32::NEG_INFINITY] {
            let sample = sample.clone().with_value(17, 1, value);
            assert!(self.fit(&sample).is_err(), "{value}");
        }
        let gap = sample.clone().with_value(17, 1, f32::NAN);
        if self.takes_missing {
            in_range(&self.fitted(&gap), &gap);
        } else {
            let fault = self.fit(&gap).unwrap_err();
            assert!(
                matches!(&fault, Error::NotFinite { row: 17, feature, .. } if feature == "c1"),
                "{fault}"
            );
        }
        // A customer may lack what no training row lacked.
        let predictor = self.fitted(&sample);
        let mut blank = sample.clone();
        blank.rows.iter_mut().for_each(|row| row.fill(f32::NAN));
        in_range(&predictor, &blank);
    }

    pub(crate) fn columns_may_change_places(&self) {
        let sample = Sample::plain(600, 6);
        let moved = sample.with_columns(&[2, 0, 3, 1]);
        let here = probabilities(&self.fitted(&sample), &sample);
        let there = probabilities(&self.fitted(&moved), &moved);
        near(&here, &there, self.column_order_tolerance);
    }

    pub(crate) fn a_stored_model_predicts_the_same_bits(&self) {
        let sample = Sample::plain(400, 8).with_value(0, 0, 0.0);
        let predictor = self.fitted(&sample);
        assert!(predictor.check().is_ok());
        let text = serde_json::to_string(&predictor).unwrap();
        let read: Predictor = serde_json::from_str(&text).unwrap();
        assert_eq!(read, predictor);
        assert_eq!(bits(&read, &sample), bits(&predictor, &sample));
    }

    pub(crate) fn a_row_is_predicted_alike_wherever_it_stands(&self) {
        let sample = Sample::plain(300, 9);
        let predictor = self.fitted(&sample);
        let together = bits(&predictor, &sample);
        let alone: Vec<u64> = sample
            .rows
            .iter()
            .map(|row| predictor.margin(row).to_bits())
            .collect();
        assert_eq!(together, alone);
        let mut turned = sample;
        turned.rows.reverse();
        let mut backwards = bits(&predictor, &turned);
        backwards.reverse();
        assert_eq!(together, backwards);
    }

    pub(crate) fn weights_mean_what_they_say(&self) {
        let sample = Sample::plain(300, 10);
        let mut weighted = sample.clone();
        let mut compared = sample.clone();
        let tolerance = match self.weights {
            Weights::Repeats(tolerance) => {
                let is_double = |row: &usize| row.is_multiple_of(3);
                weighted.weights = Some(
                    (0..300)
                        .map(|row| if is_double(&row) { 2.0 } else { 1.0 })
                        .collect(),
                );
                for row in (0..300).filter(is_double) {
                    compared.rows.push(sample.rows[row].clone());
                    compared.labels.push(sample.labels[row]);
                }
                tolerance
            }
            Weights::Ratios => {
                weighted.weights = Some(vec![2.0; 300]);
                1e-12
            }
        };
        let here = probabilities(&self.fitted(&weighted), &sample);
        near(
            &here,
            &probabilities(&self.fitted(&compared), &sample),
            tolerance,
        );
        // Weights are not just taken and dropped.
        let towards = |label: bool| if label { 5.0 } else { 1.0 };
        weighted.weights = Some(sample.labels.iter().map(|&left| towards(left)).collect());
        let raised = probabilities(&self.fitted(&weighted), &sample);
        let mean = |values: &[f64]| values.iter().sum::<f64>() / 300.0;
        assert!(mean(&raised) > mean(&here) + 0.1);
    }

    pub(crate) fn constant_columns_and_a_single_column_are_fine(&self) {
        let mut sample = Sample::plain(400, 11);
        sample.rows.iter_mut().for_each(|row| row[3] = 4.25);
        in_range(&self.fitted(&sample), &sample);
        let single = sample.with_columns(&[1]);
        let predictor = self.fitted(&single);
        in_range(&predictor, &single);
        assert!(roc_auc(&single.labels, &probabilities(&predictor, &single)).unwrap() > 0.6);
        let constant = sample.with_columns(&[3]);
        let flat = probabilities(&self.fitted(&constant), &constant);
        let rate = constant.labels.iter().filter(|&&left| left).count() as f64 / 400.0;
        near(&flat, &vec![rate; 400], 0.02);
    }
}

/// The predictor's own probabilities.
pub(crate) fn probabilities(predictor: &Predictor, sample: &Sample) -> Vec<f64> {
    let mut margins = vec![0.0; sample.rows.len()];
    predictor
        .margins_into(&sample.values(), &mut margins)
        .unwrap();
    margins
        .into_iter()
        .map(|margin| Calibrator::Identity.apply(predictor.log_odds(margin)))
        .collect()
}

fn bits(predictor: &Predictor, sample: &Sample) -> Vec<u64> {
    let mut margins = vec![0.0; sample.rows.len()];
    predictor
        .margins_into(&sample.values(), &mut margins)
        .unwrap();
    margins.into_iter().map(f64::to_bits).collect()
}

#[track_caller]
fn in_range(predictor: &Predictor, sample: &Sample) {
    for probability in probabilities(predictor, sample) {
        assert!((0.0..=1.0).contains(&probability), "{probability}");
    }
}

#[track_caller]
fn near(here: &[f64], there: &[f64], tolerance: f64) {
    assert_eq!(here.len(), there.len());
    let furthest = here
        .iter()
        .zip(there)
        .map(|(a, b)| (a - b).abs())
        .fold(0.0, f64::max);
    assert!(furthest <= tolerance, "{furthest:e}");
}
