//! The battery for each trainer of the zoo: a new one adds a function and a line.

use churn_xgboost::Library;
use churn_zoo::{BootstrapType, CatboostParams, ForestParams, LogisticParams, XgboostParams};

use crate::battery::{Subject, Weights};

fn logistic() -> Option<Subject> {
    Some(Subject {
        trainer: Box::new(LogisticParams::default().check().unwrap()),
        takes_missing: false,
        weights: Weights::Repeats(1e-9),
        column_order_tolerance: 1e-9,
    })
}

fn elastic_net() -> Option<Subject> {
    let params = LogisticParams {
        l1_ratio: 0.5,
        ..LogisticParams::default()
    };
    Some(Subject {
        trainer: Box::new(params.check().unwrap()),
        takes_missing: false,
        weights: Weights::Repeats(1e-8),
        column_order_tolerance: 1e-8,
    })
}

fn forest() -> Option<Subject> {
    let params = ForestParams {
        n_estimators: 60,
        min_samples_leaf: 10,
        ..ForestParams::default()
    };
    Some(Subject {
        trainer: Box::new(params.check().unwrap()),
        takes_missing: true,
        weights: Weights::Ratios,
        column_order_tolerance: 1e-12,
    })
}

/// Absent where the native library is; `testkit` says so.
fn xgboost() -> Option<Subject> {
    let library = Library::open(&churn_testkit::xgboost_library()?).unwrap();
    // Rows and columns drawn at random would follow their order.
    let params = XgboostParams {
        subsample: 1.0,
        colsample_bytree: 1.0,
        learning_rate: 0.2,
        ..XgboostParams::default()
    };
    Some(Subject {
        trainer: Box::new(params.check(library).unwrap()),
        takes_missing: true,
        // Bin borders are quantiles of weighted rows and of rows, sketched apart.
        weights: Weights::Repeats(0.05),
        column_order_tolerance: 1e-4,
    })
}

fn catboost() -> Option<Subject> {
    // Rows weighted at random and noise on scores would follow their order.
    let params = CatboostParams {
        bootstrap_type: BootstrapType::No,
        random_strength: 0.0,
        iterations: 100,
        learning_rate: Some(0.1),
        ..CatboostParams::recipe()
    };
    Some(Subject {
        trainer: Box::new(params.check().unwrap()),
        takes_missing: true,
        // Borders are learned from rows whatever they weigh, and the penalty is per mean weight.
        weights: Weights::Ratios,
        column_order_tolerance: 1e-9,
    })
}

macro_rules! battery {
    ($subject:ident: $($check:ident)*) => {
        mod $subject {
            $(#[test]
            fn $check() {
                if let Some(subject) = super::$subject() {
                    subject.$check();
                }
            })*
        }
    };
    ($($subject:ident)*) => {
        $(battery! { $subject:
            same_seed_same_bytes_at_any_number_of_threads
            learns_and_gives_probabilities
            one_class_and_no_rows_are_refused
            numbers_that_are_not_finite_are_refused_and_missing_ones_as_promised
            columns_may_change_places
            a_stored_model_predicts_the_same_bits
            a_row_is_predicted_alike_wherever_it_stands
            weights_mean_what_they_say
            constant_columns_and_a_single_column_are_fine
        })*
    };
}

battery! { logistic elastic_net forest xgboost catboost }
