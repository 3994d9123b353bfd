//! What the sum of a model means.

use serde::{Deserialize, Serialize};

/// Least distance of a share from 0 and 1 before its log-odds are taken: no number of trees
/// that all agree makes a customer certain.
const LEAST_SHARE: f64 = 1e-6;

/// The scale a model's margin is on.
///
/// Boosted trees and linear models add up log-odds. A random forest adds up shares: its
/// margin is the mean share of leavers in the leaves a row reaches, which no sum of log-odds
/// equals. The margin stays on the model's own scale, so that SHAP values are exact there;
/// calibrators always take log-odds, which [`Self::log_odds`] gives.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Output {
    /// The margin is log-odds already.
    #[default]
    LogOdds,
    /// The margin is a share, 0..=1.
    Share,
}

impl Output {
    /// The log-odds of a margin on this scale. Shares are first kept within
    /// 0.000001..=0.999999; NaN stays NaN. Never falls when the margin rises.
    #[must_use]
    pub fn log_odds(self, margin: f64) -> f64 {
        match self {
            Self::LogOdds => margin,
            Self::Share => {
                let share = margin.clamp(LEAST_SHARE, 1.0 - LEAST_SHARE);
                (share / (1.0 - share)).ln()
            }
        }
    }

    /// Whether the margin is log-odds already: what a file need not say.
    pub(crate) fn is_log_odds(&self) -> bool {
        *self == Self::LogOdds
    }
}

#[cfg(test)]
mod tests {
    use super::Output;
    use crate::Calibrator;

    #[test]
    fn the_own_probability_of_a_share_is_the_share() {
        for share in [1e-6, 0.01, 0.265, 0.5, 0.9, 1.0 - 1e-6] {
            let probability = Calibrator::Identity.apply(Output::Share.log_odds(share));
            assert!((probability - share).abs() < 1e-12, "{share}");
        }
    }

    #[test]
    fn certain_shares_stay_finite_and_log_odds_stay_as_they_are() {
        for share in [-1e-9, 0.0, 1.0, 1.0 + 1e-9] {
            assert!(Output::Share.log_odds(share).is_finite(), "{share}");
        }
        assert!(Output::Share.log_odds(f64::NAN).is_nan());
        assert!((Output::LogOdds.log_odds(-40.0) + 40.0).abs() < 1e-15);
    }
}
