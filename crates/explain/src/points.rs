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
    contributions
        .iter()
        .map(|contribution| contribution * per_unit)
        .collect()
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
    fn a_flat_calibration_gives_no_points() {
        let points = probability_points(&[2.0, 1.0], 0.0, 3.0, |_| 0.3);
        assert!(points.iter().all(|point| point.abs() < 1e-15));
    }
}
