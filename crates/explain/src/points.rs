//! From contributions to probability points.

/// Below this distance between margin and base, the slope at the base is used.
const TINY: f64 = 1e-9;
/// Half the step of that slope.
const STEP: f64 = 1e-4;

/// Contributions of one row, on the model's scale, as probability points: above 0 raises the risk, and
/// with `base` and `margin` of the row they sum to `calibrate(margin) − calibrate(base)`, the
/// distance between this customer's probability and the base probability.
///
/// Calibrated probabilities are not additive, so the distance is shared out in proportion to
/// the contributions: `points = contribution × (p − p0) / (margin − base)`. `calibrate` must be
/// non-decreasing, so each value keeps the sign and the rank of its contribution. When margin
/// and base all but meet, the ratio is the slope of `calibrate` there.
///
/// Where contributions nearly cancel on a steep step of the calibration, that would give single
/// values of more than the whole range of a probability. Such a row is walked instead from the base
/// to the margin, the strongest contribution first: each gets the change of probability on its part
/// of the way, which sums to the same distance, keeps the sign and stays within 1.
#[must_use]
pub fn probability_points(
    contributions: &[f64],
    base: f64,
    margin: f64,
    calibrate: impl Fn(f64) -> f64,
) -> Vec<f64> {
    let distance = margin - base;
    let per_unit = if distance.abs() > TINY {
        (calibrate(margin) - calibrate(base)) / distance
    } else {
        (calibrate(base + STEP) - calibrate(base - STEP)) / (2.0 * STEP)
    };
    let points: Vec<f64> = contributions
        .iter()
        .map(|contribution| contribution * per_unit)
        .collect();
    if points.iter().all(|point| point.abs() <= 1.0) {
        points
    } else {
        walk(contributions, base, margin, calibrate)
    }
}

/// The change of probability that each contribution makes on the way from the base to the margin,
/// the strongest first and of equal ones the first.
fn walk(contributions: &[f64], base: f64, margin: f64, calibrate: impl Fn(f64) -> f64) -> Vec<f64> {
    let mut order: Vec<usize> = (0..contributions.len()).collect();
    order.sort_by(|&a, &b| contributions[b].abs().total_cmp(&contributions[a].abs()));
    let mut points = vec![0.0; contributions.len()];
    let (mut place, mut before) = (base, calibrate(base));
    let last = order.len().saturating_sub(1);
    for (step, group) in order.into_iter().enumerate() {
        place += contributions[group];
        // The way ends at the margin itself, not a rounding beside it, which a step could part.
        let after = calibrate(if step == last { margin } else { place });
        points[group] = after - before;
        before = after;
    }
    points
}

#[cfg(test)]
mod tests {
    use super::probability_points;

    fn sigmoid(margin: f64) -> f64 {
        1.0 / (1.0 + (-margin).exp())
    }

    #[test]
    fn points_sum_to_the_distance_and_keep_signs() {
        let contributions = [1.5, -0.5, 0.25, 0.0];
        let (base, margin) = (-1.0, 0.25);
        let points = probability_points(&contributions, base, margin, sigmoid);
        let distance = sigmoid(margin) - sigmoid(base);
        assert!((points.iter().sum::<f64>() - distance).abs() < 1e-12);
        for (contribution, point) in contributions.iter().zip(&points) {
            assert!(contribution * point >= 0.0 && point.abs() <= contribution.abs());
        }
    }

    #[test]
    fn contributions_that_cancel_use_the_slope() {
        let points = probability_points(&[2.0, -2.0], 0.0, 0.0, sigmoid);
        assert!(
            (points[0] - 0.5).abs() < 1e-6,
            "slope of the sigmoid at 0 is 1/4"
        );
        assert!((points[0] + points[1]).abs() < 1e-15);
    }

    #[test]
    fn a_steep_step_does_not_blow_single_values_up() {
        let step = |margin: f64| if margin < 0.05 { 0.1 } else { 0.9 };
        let contributions = [5.0, -4.9, 0.0];
        let points = probability_points(&contributions, 0.0, 0.1, step);
        assert!(
            (points.iter().sum::<f64>() - 0.8).abs() < 1e-12,
            "{points:?}"
        );
        for (contribution, point) in contributions.iter().zip(&points) {
            assert!(
                contribution * point >= 0.0 && point.abs() <= 1.0,
                "{points:?}"
            );
        }
    }

    #[test]
    fn a_flat_calibration_gives_no_points() {
        let points = probability_points(&[2.0, 1.0], 0.0, 3.0, |_| 0.3);
        assert!(points.iter().all(|point| point.abs() < 1e-15));
    }
}
