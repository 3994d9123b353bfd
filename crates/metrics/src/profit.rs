//! What contacting everyone above a threshold would have earned.
//!
//! A contacted row costs `costs[i]` whether or not it would have left; of the contacted rows
//! that would have left, the share `save_rate` is kept and each is worth `values[i]`. All
//! money is in one unit, the caller's.

use serde::{Deserialize, Serialize};

use crate::error::{Error, check_finite, check_length, check_probabilities, check_unit};
use crate::ranked::ascending_order;

/// The outcome of contacting every row at or above a threshold.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ProfitPoint {
    /// Contact at or above this probability; `None` means contact nobody.
    pub threshold: Option<f64>,
    /// Rows contacted.
    pub n_contacted: usize,
    /// Positives among them.
    pub n_positive: usize,
    /// Value kept: `save_rate` times the values of the positives contacted.
    pub saved: f64,
    /// Cost of all contacts.
    pub spent: f64,
    /// `saved - spent`.
    pub profit: f64,
}

/// A profit curve for drawing, with what it takes for granted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProfitCurve {
    /// Cost of contacting one customer, in major units of money.
    pub contact_cost: f64,
    /// Share of contacted leavers who stay because of it, 0..=1.
    pub save_rate: f64,
    /// Rows behind it.
    pub n_rows: usize,
    /// From contacting nobody to contacting everybody.
    pub points: Vec<ProfitPoint>,
}

/// Profit at every distinct probability, from contacting nobody to contacting everybody.
///
/// `values` and `costs` hold one amount per row, finite and not negative; `save_rate` is the
/// share of contacted leavers that stay, 0..=1. The figures are those of the observed labels.
///
/// # Errors
/// Empty input, unequal lengths, probabilities or save rate outside 0..=1, amounts that are
/// negative or not finite. A single class is fine.
pub fn profit_curve(
    labels: &[bool],
    probabilities: &[f64],
    values: &[f64],
    costs: &[f64],
    save_rate: f64,
) -> Result<Vec<ProfitPoint>, Error> {
    check_probabilities(labels, probabilities)?;
    check_amounts("values", values, labels.len())?;
    check_amounts("costs", costs, labels.len())?;
    check_unit("save_rate", save_rate)?;
    let mut here = ProfitPoint {
        threshold: None,
        n_contacted: 0,
        n_positive: 0,
        saved: 0.0,
        spent: 0.0,
        profit: 0.0,
    };
    let mut curve = vec![here];
    let order = ascending_order(probabilities);
    for (rank, &row) in order.iter().rev().enumerate() {
        here.threshold = Some(probabilities[row]);
        here.n_contacted += 1;
        here.spent += costs[row];
        if labels[row] {
            here.n_positive += 1;
            here.saved += save_rate * values[row];
        }
        let next = order
            .len()
            .checked_sub(rank + 2)
            .map(|position| probabilities[order[position]]);
        if next.is_none_or(|next| next < probabilities[row]) {
            here.profit = here.saved - here.spent;
            curve.push(here);
        }
    }
    Ok(curve)
}

/// At most `n_points` points of a curve from [`profit_curve`], for drawing: the first, the last,
/// the most profitable (first of equals), and others at even steps of rows contacted.
#[must_use]
pub fn thin_curve(curve: &[ProfitPoint], n_points: usize) -> Vec<ProfitPoint> {
    let Some(last) = curve.last().filter(|_| curve.len() > n_points) else {
        return curve.to_vec();
    };
    let mut best = 0;
    for (place, point) in curve.iter().enumerate() {
        if point.profit > curve[best].profit {
            best = place;
        }
    }
    let n_steps = n_points.saturating_sub(2).max(1);
    let mut kept: Vec<usize> = (0..=n_steps)
        .map(|step| {
            let wanted = step * last.n_contacted / n_steps;
            let place = curve.partition_point(|point| point.n_contacted < wanted);
            place.min(curve.len() - 1)
        })
        .chain([best])
        .collect();
    kept.sort_unstable();
    kept.dedup();
    kept.into_iter().map(|place| curve[place]).collect()
}

/// The most profitable point of [`profit_curve`]; the fewest contacts on a tie.
///
/// Contacting nobody (profit 0) is a point of the curve, so the profit is never negative.
/// Choose it on other rows than the ones the profit is reported on.
///
/// # Errors
/// As [`profit_curve`].
pub fn best_profit_threshold(
    labels: &[bool],
    probabilities: &[f64],
    values: &[f64],
    costs: &[f64],
    save_rate: f64,
) -> Result<ProfitPoint, Error> {
    let curve = profit_curve(labels, probabilities, values, costs, save_rate)?;
    let mut best = curve[0];
    for point in curve {
        if point.profit > best.profit {
            best = point;
        }
    }
    Ok(best)
}

fn check_amounts(input: &'static str, amounts: &[f64], n_rows: usize) -> Result<(), Error> {
    check_length(input, amounts.len(), n_rows)?;
    check_finite(input, amounts)?;
    match amounts.iter().position(|&amount| amount < 0.0) {
        Some(row) => Err(Error::ValueOutOfRange {
            input,
            row,
            value: amounts[row],
            expected: "an amount of 0 or more",
        }),
        None => Ok(()),
    }
}
