//! Levels of risk for people: low, medium, high.

use std::fmt;

use serde::Serialize;

/// How likely a customer is to leave, in three steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum RiskLevel {
    /// Below the medium cut-off.
    Low,
    /// From the medium cut-off up to the high one.
    Medium,
    /// At the high cut-off or above.
    High,
}

impl RiskLevel {
    /// `LOW`, `MEDIUM` or `HIGH`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            RiskLevel::Low => "LOW",
            RiskLevel::Medium => "MEDIUM",
            RiskLevel::High => "HIGH",
        }
    }
}

impl fmt::Display for RiskLevel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Where the levels begin, as probabilities with `0 <= medium <= high <= 1`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct RiskCutoffs {
    medium: f64,
    high: f64,
}

impl RiskCutoffs {
    /// Cut-offs, or `None` unless `0 <= medium <= high <= 1`.
    #[must_use]
    pub fn new(medium: f64, high: f64) -> Option<Self> {
        (0.0 <= medium && medium <= high && high <= 1.0).then_some(RiskCutoffs { medium, high })
    }

    /// Where `Medium` begins.
    #[must_use]
    pub fn medium(&self) -> f64 {
        self.medium
    }

    /// Where `High` begins.
    #[must_use]
    pub fn high(&self) -> f64 {
        self.high
    }

    /// The level of a probability; a cut-off itself belongs to the higher level.
    #[must_use]
    pub fn level(&self, probability: f64) -> RiskLevel {
        if probability >= self.high {
            RiskLevel::High
        } else if probability >= self.medium {
            RiskLevel::Medium
        } else {
            RiskLevel::Low
        }
    }
}

impl Default for RiskCutoffs {
    /// Medium from 0.3, high from 0.6.
    fn default() -> Self {
        RiskCutoffs {
            medium: 0.3,
            high: 0.6,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cutoff_belongs_to_the_higher_level() {
        let cutoffs = RiskCutoffs::default();
        for (probability, expected) in [
            (0.0, RiskLevel::Low),
            (0.2999, RiskLevel::Low),
            (0.3, RiskLevel::Medium),
            (0.5999, RiskLevel::Medium),
            (0.6, RiskLevel::High),
            (0.78, RiskLevel::High),
            (1.0, RiskLevel::High),
        ] {
            assert_eq!(cutoffs.level(probability), expected, "{probability}");
        }
    }

    #[test]
    fn cutoffs_out_of_order_or_range_are_refused() {
        assert!(RiskCutoffs::new(0.6, 0.3).is_none());
        assert!(RiskCutoffs::new(-0.1, 0.3).is_none());
        assert!(RiskCutoffs::new(0.3, 1.1).is_none());
        assert!(RiskCutoffs::new(f64::NAN, 0.5).is_none());
    }
}
