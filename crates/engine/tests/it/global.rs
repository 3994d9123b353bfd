//! Global views: exact over all rows, the same at any number of threads, no tail hidden.

use std::path::{Path, PathBuf};

use churn_engine::{GlobalParams, GlobalReport, Scorer, explain_globally};
use churn_retention::Segment;

use crate::model::{customers, scorer, spec, table_of};

const N_ROWS: u64 = 9000; // More than a chunk.

fn file(folder: &Path) -> PathBuf {
    let path = folder.join("customers.csv");
    std::fs::write(&path, customers(N_ROWS)).unwrap();
    path
}

fn report(scorer: &Scorer, path: &Path, params: &GlobalParams) -> GlobalReport {
    let view = explain_globally(scorer, path, params, &mut |_| {}).unwrap();
    view.report()
}

fn params(segment: Option<&str>) -> GlobalParams {
    GlobalParams {
        segment: segment.map(|text| Segment::parse(text, &spec()).unwrap()),
        n_sample: 400,
        ..GlobalParams::default()
    }
}

#[test]
fn means_are_those_of_all_rows_and_tails_are_there() {
    let (scorer, folder) = (scorer(1, false), tempfile::tempdir().unwrap());
    let report = report(&scorer, &file(folder.path()), &params(None));
    let table = table_of(&customers(N_ROWS));
    assert_eq!((report.n_rows, report.n_sample), (N_ROWS, 400));
    let explained: Vec<_> = (0..table.n_rows())
        .map(|row| scorer.explain(&table, row).unwrap())
        .collect();
    let share: f64 = report.features.iter().map(|feature| feature.share).sum();
    assert!((share - 1.0).abs() < 1e-12);
    for feature in &report.features {
        let of_row = |c: &churn_engine::ExplainedCustomer| {
            let mut found = c.contributions.iter();
            found
                .find(|c| c.feature == feature.feature)
                .unwrap()
                .shap_value
        };
        let values: Vec<f64> = explained.iter().map(of_row).collect();
        let mean = values.iter().map(|value| value.abs()).sum::<f64>() / N_ROWS as f64;
        assert!(
            (mean - feature.mean_abs_shap).abs() < 1e-9,
            "{}",
            feature.feature
        );
        let ends = |values: &mut dyn Iterator<Item = f64>| {
            values.fold((0.0_f64, 0.0_f64), |(low, high), v| {
                (low.min(v), high.max(v))
            })
        };
        let all = ends(&mut values.iter().copied());
        let shown = ends(&mut feature.dots.iter().map(|dot| dot.shap_value));
        assert_eq!(all, shown, "the ends of {} are hidden", feature.feature);
        assert!(feature.dots.len() <= 320, "{}", feature.dots.len());
        let n_rows: u64 = feature.effects.iter().map(|effect| effect.n_rows).sum();
        assert!(
            n_rows == N_ROWS || n_rows == 400,
            "{}: {n_rows}",
            feature.feature
        );
    }
    let strengths: Vec<f64> = report.features.iter().map(|f| f.mean_abs_shap).collect();
    assert!(strengths.is_sorted_by(|a, b| a >= b));
}

#[test]
fn threads_change_nothing() {
    let (scorer, folder) = (scorer(1, false), tempfile::tempdir().unwrap());
    let path = file(folder.path());
    let with = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
        let params = GlobalParams {
            n_interactions: 20,
            ..params(None)
        };
        pool.unwrap().install(|| report(&scorer, &path, &params))
    };
    let one = serde_json::to_string(&with(1)).unwrap();
    assert_eq!(serde_json::to_string(&with(3)).unwrap(), one);
}

#[test]
fn a_segment_is_explained_alone() {
    let (scorer, folder) = (scorer(1, false), tempfile::tempdir().unwrap());
    let path = file(folder.path());
    let by_value = report(&scorer, &path, &params(Some("Contract=Two year")));
    let by_rule = report(&scorer, &path, &params(Some("Contract == \"Two year\"")));
    assert_eq!(by_value.features, by_rule.features);
    assert_eq!(by_value.n_rows + by_value.n_outside, N_ROWS);
    let contract = by_value
        .features
        .iter()
        .find(|f| f.feature == "Contract")
        .unwrap();
    let levels: Vec<_> = contract
        .effects
        .iter()
        .map(|e| e.value.as_deref())
        .collect();
    assert_eq!(levels, [Some("Two year")]);
    let risky = report(&scorer, &path, &params(Some("probability > 0.5")));
    assert!(risky.mean_probability > 0.5);
    let nobody = explain_globally(&scorer, &path, &params(Some("tenure > 900")), &mut |_| {});
    let fault = nobody.map(|_| ()).unwrap_err().to_string();
    assert!(
        fault.contains("no customer to explain among 9000 rows"),
        "{fault}"
    );
}

#[test]
fn interactions_are_symmetric_and_give_each_column_its_partner() {
    let (scorer, folder) = (scorer(1, false), tempfile::tempdir().unwrap());
    let path = file(folder.path());
    let params = GlobalParams {
        n_interactions: 100,
        ..params(None)
    };
    let view = explain_globally(&scorer, &path, &params, &mut |_| {}).unwrap();
    let matrix = view.report().interactions.unwrap();
    let n_features = matrix.feature_names.len();
    assert_eq!((matrix.n_rows, matrix.mean_abs.len()), (100, n_features));
    for one in 0..n_features {
        for other in 0..n_features {
            let (a, b) = (matrix.mean_abs[one][other], matrix.mean_abs[other][one]);
            assert!((a - b).abs() < 1e-12);
        }
    }
    let dependence = view.dependence("tenure").unwrap();
    assert_eq!(dependence.points.len(), 400);
    let numbers: Vec<f64> = dependence
        .points
        .iter()
        .map(|p| p.number.unwrap())
        .collect();
    assert!(numbers.is_sorted());
    let partner = dependence.partner.unwrap();
    let place = |name: &str| matrix.feature_names.iter().position(|n| n == name).unwrap();
    let row = &matrix.mean_abs[place("tenure")];
    let strongest = (0..n_features).filter(|&other| other != place("tenure"));
    let strongest = strongest.map(|other| row[other]).fold(0.0, f64::max);
    assert!((row[place(&partner.feature)] - strongest).abs() < 1e-15);
    let fault = view
        .dependence("Tenure")
        .map(|_| ())
        .unwrap_err()
        .to_string();
    assert!(fault.contains("no feature 'Tenure'"), "{fault}");
}
