//! The bindings against the real library, on data small enough to read.

#![expect(clippy::unwrap_used, reason = "helpers of tests may panic as tests do")]

use std::path::Path;
use std::sync::Arc;

use churn_xgboost::{Booster, DMatrix, Error, FeatureType, Library, PredictKind};

fn library() -> Option<Arc<Library>> {
    churn_testkit::xgboost_library().map(|path| Library::open(&path).unwrap())
}

fn params(extra: &[(&str, &str)]) -> Vec<(String, String)> {
    [
        ("objective", "binary:logistic"),
        ("max_depth", "2"),
        ("seed", "7"),
    ]
    .iter()
    .chain(extra)
    .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
    .collect()
}

/// 200 rows of two columns, a number with gaps and a category; the label follows both.
fn sample(library: &Arc<Library>) -> DMatrix {
    let mut values = Vec::new();
    let mut labels = Vec::new();
    for row in 0..200_u16 {
        let number = f32::from(row * 37 % 101);
        let code = f32::from(row % 5);
        values.extend([if row % 11 == 0 { f32::NAN } else { number }, code]);
        labels.push(f32::from(u8::from(number > 40.0) ^ u8::from(row % 5 == 2)));
    }
    let kinds = [FeatureType::Numeric, FeatureType::Categorical];
    let matrix = DMatrix::from_dense(library, &values, 200, 2, &kinds).unwrap();
    matrix.with_labels(&labels).unwrap()
}

fn trained(library: &Arc<Library>, matrix: &DMatrix, extra: &[(&str, &str)]) -> Booster {
    let mut booster = Booster::new(library, &params(extra), &[matrix]).unwrap();
    for round in 0..10 {
        booster.update(round, matrix).unwrap();
    }
    booster
}

#[test]
fn training_lowers_the_loss_and_predictions_have_the_promised_shapes() {
    let Some(library) = library() else { return };
    assert_eq!(library.version().0, 3);
    let matrix = sample(&library);
    assert_eq!((matrix.n_rows(), matrix.n_columns()), (200, 2));
    let mut booster =
        Booster::new(&library, &params(&[("eval_metric", "logloss")]), &[&matrix]).unwrap();
    let mut losses = Vec::new();
    for round in 0..10 {
        booster.update(round, &matrix).unwrap();
        let line = booster
            .eval(round, &[("train", &matrix), ("again", &matrix)])
            .unwrap();
        assert_eq!(line[0].0, "train-logloss");
        assert_eq!(line[1].0, "again-logloss");
        losses.push(line[0].1);
    }
    assert!(
        losses.windows(2).all(|pair| pair[1] < pair[0]),
        "{losses:?}"
    );
    assert_eq!(booster.n_rounds().unwrap(), 10);

    let margins = booster
        .predict(&matrix, PredictKind::Margin, (0, 0))
        .unwrap();
    let probabilities = booster
        .predict(&matrix, PredictKind::Probability, (0, 0))
        .unwrap();
    let contributions = booster
        .predict(&matrix, PredictKind::Contributions, (0, 0))
        .unwrap();
    let interactions = booster
        .predict(&matrix, PredictKind::Interactions, (0, 0))
        .unwrap();
    assert_eq!((margins.len(), probabilities.len()), (200, 200));
    assert_eq!(
        (contributions.len(), interactions.len()),
        (200 * 3, 200 * 9)
    );
    for row in 0..200 {
        assert!((probabilities[row] - 1.0 / (1.0 + (-margins[row]).exp())).abs() < 1e-6);
        let sum: f32 = contributions[row * 3..(row + 1) * 3].iter().sum();
        assert!((sum - margins[row]).abs() < 1e-4);
    }
}

#[test]
fn saved_and_sliced_models_predict_the_same() {
    let Some(library) = library() else { return };
    let matrix = sample(&library);
    let booster = trained(&library, &matrix, &[]);
    let margins = booster
        .predict(&matrix, PredictKind::Margin, (0, 0))
        .unwrap();
    for bytes in [booster.save_ubj().unwrap(), booster.save_json().unwrap()] {
        let loaded = Booster::load(&library, &bytes).unwrap();
        assert_eq!(
            loaded
                .predict(&matrix, PredictKind::Margin, (0, 0))
                .unwrap(),
            margins
        );
    }
    let first = booster.slice(0, 4).unwrap();
    assert_eq!(first.n_rounds().unwrap(), 4);
    let sliced = first.predict(&matrix, PredictKind::Margin, (0, 0)).unwrap();
    assert_eq!(
        sliced,
        booster
            .predict(&matrix, PredictKind::Margin, (0, 4))
            .unwrap()
    );
    assert_ne!(sliced, margins);
}

#[test]
fn thread_count_changes_no_byte_and_weights_count() {
    let Some(library) = library() else { return };
    let matrix = sample(&library);
    let one = trained(&library, &matrix, &[("nthread", "1"), ("subsample", "0.8")]);
    let two = trained(&library, &matrix, &[("nthread", "2"), ("subsample", "0.8")]);
    assert_eq!(one.save_ubj().unwrap(), two.save_ubj().unwrap());
    let mut weighted = sample(&library);
    let weights: Vec<f32> = (0..200_u8).map(|row| f32::from(row % 3)).collect();
    weighted.set_weights(&weights).unwrap();
    let heavy = trained(
        &library,
        &weighted,
        &[("nthread", "1"), ("subsample", "0.8")],
    );
    assert_ne!(one.save_ubj().unwrap(), heavy.save_ubj().unwrap());
}

#[test]
fn handles_outlive_their_matrix_and_move_between_threads() {
    let Some(library) = library() else { return };
    let booster = trained(&library, &sample(&library), &[]);
    let margins = std::thread::spawn(move || {
        let matrix = sample(&library);
        booster
            .predict(&matrix, PredictKind::Margin, (0, 0))
            .unwrap()
    });
    assert_eq!(margins.join().unwrap().len(), 200);
}

#[test]
fn faults_are_errors_with_the_reason() {
    assert!(matches!(
        Library::open(Path::new("/nowhere.so")),
        Err(Error::Open { .. })
    ));
    let Some(library) = library() else { return };
    let short = DMatrix::from_dense(&library, &[1.0; 3], 2, 2, &[FeatureType::Numeric; 2]);
    assert!(matches!(
        short,
        Err(Error::Shape {
            expected: 4,
            found: 3,
            ..
        })
    ));
    let mut matrix = sample(&library);
    assert!(matches!(
        matrix.set_labels(&[1.0]),
        Err(Error::Shape { .. })
    ));
    let infinite = DMatrix::from_dense(&library, &[f32::INFINITY], 1, 1, &[FeatureType::Numeric]);
    assert!(matches!(infinite, Err(Error::Native { .. })));
    assert!(matches!(
        Booster::load(&library, b"no model"),
        Err(Error::Native { .. })
    ));
    let zero = [("seed".to_owned(), "1\0".to_owned())];
    assert!(matches!(
        Booster::new(&library, &zero, &[]),
        Err(Error::ZeroByte { .. })
    ));
    let mut bad = Booster::new(&library, &params(&[("max_depth", "-3")]), &[&matrix])
        .and_then(|mut booster| booster.update(0, &matrix).map(|()| booster));
    let fault = bad.as_mut().unwrap_err().to_string();
    assert!(
        fault.contains("max_depth") && !fault.contains("Stack trace"),
        "{fault}"
    );
}
