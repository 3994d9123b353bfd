//! Sums over customers.

use serde::Serialize;

/// Standard normal quantile of a 95 % interval.
const Z: f64 = 1.959_963_984_540_054;

/// Sums over some customers.
#[derive(Debug, Clone, Default)]
pub(super) struct Tally {
    pub(super) n: u64,
    pub(super) n_high: u64,
    pub(super) probability: f64,
    squares: f64,
    /// Probability × value, major units.
    pub(super) value: f64,
}

impl Tally {
    pub(super) fn add(&mut self, probability: f64, value: f64, is_high: bool) {
        self.n += 1;
        self.n_high += u64::from(is_high);
        self.probability += probability;
        self.squares += probability * probability;
        self.value += probability * value;
    }

    pub(super) fn mean(&self) -> f64 {
        self.probability / self.n.max(1) as f64
    }

    /// Half the width of the 95 % interval of the mean over customers like these (normal
    /// approximation).
    fn margin(&self) -> f64 {
        let n = self.n as f64;
        if self.n < 2 {
            return 0.0;
        }
        let mean = self.mean();
        let variance = ((self.squares - n * mean * mean) / (n - 1.0)).max(0.0);
        Z * (variance / n).sqrt()
    }

    pub(super) fn level(&self, level: String) -> Level {
        let (mean, margin) = (self.mean(), self.margin());
        Level {
            level,
            n: self.n,
            mean_probability: mean,
            low: (mean - margin).max(0.0),
            high: (mean + margin).min(1.0),
            n_high: self.n_high,
            value_at_risk: self.value,
        }
    }
}

/// The customers of one level of a column.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Level {
    /// The level; `(missing)` for customers without a value.
    pub level: String,
    /// How many customers.
    pub n: u64,
    /// Mean calibrated probability of leaving, 0..=1.
    pub mean_probability: f64,
    /// Lower end of the mean's 95 % interval.
    pub low: f64,
    /// Upper end.
    pub high: f64,
    /// How many are at high risk.
    pub n_high: u64,
    /// Sum of probability × value of each, major units of the playbook's currency.
    pub value_at_risk: f64,
}

/// Customers whose probability lies in a range.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct HistogramBin {
    /// From here on.
    pub low: f64,
    /// Up to here, without it but for 1.
    pub high: f64,
    /// How many customers.
    pub n: u64,
}

/// Counts probabilities in twenty equal ranges.
#[derive(Debug, Clone)]
pub(super) struct Histogram([u64; Self::BINS]);

impl Histogram {
    const BINS: usize = 20;

    pub(super) fn new() -> Self {
        Self([0; Self::BINS])
    }

    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "0..=20"
    )]
    pub(super) fn add(&mut self, probability: f64) {
        let place = (probability.clamp(0.0, 1.0) * Self::BINS as f64) as usize;
        self.0[place.min(Self::BINS - 1)] += 1;
    }

    pub(super) fn bins(&self) -> Vec<HistogramBin> {
        let width = 1.0 / Self::BINS as f64;
        let bins = self.0.iter().enumerate();
        bins.map(|(place, &n)| HistogramBin {
            low: place as f64 * width,
            high: (place + 1) as f64 * width,
            n,
        })
        .collect()
    }
}
