//! The rows of a run: test part, development part, folds.

use churn_schema::{Table, row_groups};
use churn_store::sha256_hex;
use churn_zoo::{Fold, derive_seed, stratified_folds, stratified_split};

use crate::{
    Error, TrainRequest,
    candidate::TestPart,
    folds_file::{read_folds, read_holdout},
};

/// The rows of a run, split.
pub(crate) struct Split {
    /// Everything except the test part.
    pub(crate) development: Table,
    /// Of the development rows; `true` = left.
    pub(crate) labels: Vec<bool>,
    /// Over the development rows.
    pub(crate) folds: Vec<Fold>,
    /// `None` when the user's folds cover every row.
    pub(crate) test: Option<TestPart>,
    /// Equal rows on both sides of a holdout the user brings, as numbers of data rows.
    pub(crate) holdout_repeats: Vec<(u64, u64)>,
}

/// Splits rows by the user's files, else by the settings and the seed.
pub(crate) fn split(request: &TrainRequest, table: &Table) -> Result<Split, Error> {
    let labels = table.labels().ok_or_else(|| Error::NoRows {
        path: request.data.clone(),
        detail: ": not every row has a target".to_owned(),
    })?;
    let held_out = match (&request.holdout, &request.folds) {
        (Some(path), _) => read_holdout(path, table)?,
        // Folds of the user's that come without a holdout cover every row.
        (None, Some(_)) => Vec::new(),
        (None, None) => {
            let seed = derive_seed(request.seed, "test part", 0);
            let drawn = stratified_split(&labels, request.config.test_share, seed)?;
            let whole = drawn.with_groups_whole(&repeats(table, 5));
            check_classes(&whole, &labels, "hold out a test part")?;
            whole.held_out
        }
    };
    let is_held_out: std::collections::BTreeSet<usize> = held_out.iter().copied().collect();
    let kept: Vec<usize> = (0..table.n_rows())
        .filter(|row| !is_held_out.contains(row))
        .collect();
    let pick = |rows: &[usize]| rows.iter().map(|&row| labels[row]).collect::<Vec<bool>>();
    let development = table.select(&kept);
    let holdout_repeats = if request.holdout.is_some() {
        let split = churn_zoo::Split {
            train: kept.clone(),
            held_out: held_out.clone(),
        };
        let numbered = |(a, b)| (table.row_number(a), table.row_number(b));
        split.straddling(&row_groups(table)).map(numbered).collect()
    } else {
        Vec::new()
    };
    let development_labels = pick(&kept);
    let folds = match &request.folds {
        Some(path) => read_folds(path, &development)?,
        None => whole_folds(
            &development,
            &development_labels,
            request.config.folds,
            request.config.repeats,
            derive_seed(request.seed, "cross-validation", 0),
        )?,
    };
    let test = (!held_out.is_empty()).then(|| TestPart {
        table: table.select(&held_out),
        labels: pick(&held_out),
    });
    Ok(Split {
        development,
        labels: development_labels,
        folds,
        test,
        holdout_repeats,
    })
}

/// Whether both sides of a split hold both classes: keeping equal rows together may have moved the
/// only leaver of a side.
fn check_classes(split: &churn_zoo::Split, labels: &[bool], purpose: &str) -> Result<(), Error> {
    for side in [&split.train, &split.held_out] {
        let left = side.iter().filter(|&&row| labels[row]).count();
        let found = left.min(side.len() - left);
        if found == 0 {
            let purpose = format!("{purpose} with equal rows on one side");
            return Err(churn_zoo::Error::TooFewRows {
                found,
                needed: 1,
                purpose,
            }
            .into());
        }
    }
    Ok(())
}

/// Largest share of the rows one side of a split would get that a group of equal rows may have. In
/// data of few columns a profile is shared by many customers; those are no repeats of each other.
const MAX_GROUP_SHARE: f64 = 0.05;

/// Groups of equal rows to be kept on one side of a split into `n_parts`; rows of groups too large
/// to be repeats stand alone.
fn repeats(table: &Table, n_parts: usize) -> Vec<usize> {
    let groups = row_groups(table);
    let mut sizes = vec![0_usize; groups.len()];
    for &first in &groups {
        sizes[first] += 1;
    }
    let limit = MAX_GROUP_SHARE * groups.len() as f64 / n_parts as f64;
    let alone = |first: usize| sizes[first] as f64 > limit.max(2.0);
    groups
        .iter()
        .enumerate()
        .map(|(row, &first)| if alone(first) { row } else { first })
        .collect()
}

/// Stratified folds in which equal rows stay together.
pub(crate) fn whole_folds(
    table: &Table,
    labels: &[bool],
    n_folds: usize,
    n_repeats: usize,
    seed: u64,
) -> Result<Vec<Fold>, Error> {
    let groups = repeats(table, n_folds);
    let mut folds = stratified_folds(labels, n_folds, n_repeats, seed)?;
    for fold in &mut folds {
        fold.split = fold.split.with_groups_whole(&groups);
        check_classes(&fold.split, labels, &format!("make {n_folds} folds"))?;
    }
    Ok(folds)
}

/// Which rows are developed on and how they are folded.
pub(crate) fn split_fingerprint(rows: &Split) -> String {
    let numbers: Vec<u64> = (0..rows.development.n_rows())
        .map(|row| rows.development.row_number(row))
        .collect();
    let folds: Vec<&[usize]> = rows
        .folds
        .iter()
        .map(|fold| fold.split.held_out.as_slice())
        .collect();
    sha256_hex(serde_json::json!([numbers, folds]).to_string().as_bytes())
}
