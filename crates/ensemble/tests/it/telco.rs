//! The public Telco file as matrices, encoded by hand: no feature code is under test here.

use std::sync::Arc;

use churn_xgboost::{Booster, DMatrix, FeatureType, Library};

/// How text columns become numbers.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Encoding {
    /// A column of 0 and 1 per level.
    OneHot,
    /// One column of codes per text column, and the months of tenure once more as a category
    /// of 73 codes, so that there are sets of more than one word.
    Codes,
}

/// A matrix with labels; row-major, NaN = missing.
pub(crate) struct Telco {
    pub(crate) library: Arc<Library>,
    pub(crate) values: Vec<f32>,
    pub(crate) n_rows: usize,
    pub(crate) kinds: Vec<FeatureType>,
    /// The original column of each matrix column.
    pub(crate) groups: Vec<u32>,
    pub(crate) labels: Vec<f32>,
}

const NUMERIC: [&str; 4] = ["SeniorCitizen", "tenure", "MonthlyCharges", "TotalCharges"];

/// The whole file, or `None` when the data or libxgboost is absent.
pub(crate) fn load(encoding: Encoding) -> Option<Telco> {
    let library = churn_testkit::xgboost_library()?;
    let text = churn_testkit::data_dir()?.join("telco-customer-churn.csv");
    let text = std::fs::read_to_string(text).unwrap();
    let mut lines = text.lines();
    let names: Vec<&str> = lines.next().unwrap().split(',').collect();
    let cells: Vec<Vec<&str>> = lines.map(|line| line.split(',').collect()).collect();
    let n_rows = cells.len();
    assert_eq!(n_rows, 7043);
    let (mut columns, mut kinds, mut groups) = (Vec::new(), Vec::new(), Vec::new());
    for (group, place) in (1..names.len() - 1).enumerate() {
        let texts = || cells.iter().map(|row| row[place].trim());
        let group = u32::try_from(group).unwrap();
        if NUMERIC.contains(&names[place]) {
            let numbers: Vec<f32> = texts()
                .map(|text| text.parse().unwrap_or(f32::NAN))
                .collect();
            if encoding == Encoding::Codes && names[place] == "tenure" {
                columns.push(numbers.clone());
                kinds.push(FeatureType::Categorical);
                groups.push(group);
            }
            columns.push(numbers);
            kinds.push(FeatureType::Numeric);
            groups.push(group);
            continue;
        }
        let mut levels: Vec<&str> = texts().collect();
        levels.sort_unstable();
        levels.dedup();
        if encoding == Encoding::Codes {
            let code = |text| levels.binary_search(&text).unwrap() as f32;
            columns.push(texts().map(code).collect());
            kinds.push(FeatureType::Categorical);
            groups.push(group);
            continue;
        }
        for level in &levels {
            columns.push(
                texts()
                    .map(|text| f32::from(u8::from(text == *level)))
                    .collect(),
            );
            kinds.push(FeatureType::Numeric);
            groups.push(group);
        }
    }
    let values = (0..n_rows).flat_map(|row| columns.iter().map(move |column| column[row]));
    let labels = cells
        .iter()
        .map(|row| f32::from(u8::from(row[names.len() - 1] == "Yes")));
    Some(Telco {
        values: values.collect(),
        labels: labels.collect(),
        library: Library::open(&library).unwrap(),
        n_rows,
        kinds,
        groups,
    })
}

impl Telco {
    pub(crate) fn n_columns(&self) -> usize {
        self.groups.len()
    }

    /// The same rows with holes, unseen categories, negative and broken codes, far numbers.
    pub(crate) fn spoiled(&self) -> Vec<f32> {
        let strange = [
            f32::NAN,
            -1.0,
            -0.5,
            2.7,
            31.0,
            32.0,
            99.0,
            5000.0,
            2.0e7,
            -1.0e30,
        ];
        let mut state = 1_u32;
        let mut values = self.values.clone();
        for value in &mut values {
            // A plain linear congruential generator: the same spoil every time.
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            if state >> 30 == 0 {
                *value = strange[(state >> 16) as usize % strange.len()];
            }
        }
        values
    }

    pub(crate) fn matrix(&self, values: &[f32]) -> DMatrix {
        let (n_rows, n_columns) = (values.len() / self.n_columns(), self.n_columns());
        DMatrix::from_dense(&self.library, values, n_rows, n_columns, &self.kinds).unwrap()
    }

    pub(crate) fn train(&self, n_rounds: i32, params: &[(&str, &str)]) -> Booster {
        let matrix = self.matrix(&self.values).with_labels(&self.labels).unwrap();
        let params: Vec<(String, String)> = [("objective", "binary:logistic"), ("seed", "3")]
            .iter()
            .chain(params)
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        let mut booster = Booster::new(&self.library, &params, &[&matrix]).unwrap();
        for round in 0..n_rounds {
            booster.update(round, &matrix).unwrap();
        }
        booster
    }
}
