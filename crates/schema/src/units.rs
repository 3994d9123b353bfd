//! Units that must not be mixed: probabilities, log-odds and money.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::Error;

/// A probability, 0 to 1 inclusive, after calibration unless said otherwise.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(try_from = "f64", into = "f64")]
pub struct Probability(f64);

impl Probability {
    /// Checks and wraps a number.
    ///
    /// # Errors
    /// [`Error::InvalidProbability`] if `value` is below 0, above 1 or not a number.
    pub fn new(value: f64) -> Result<Self, Error> {
        if (0.0..=1.0).contains(&value) {
            Ok(Self(value))
        } else {
            Err(Error::InvalidProbability { value })
        }
    }

    /// The number, 0 to 1.
    #[must_use]
    pub fn value(self) -> f64 {
        self.0
    }
}

impl TryFrom<f64> for Probability {
    type Error = Error;
    fn try_from(value: f64) -> Result<Self, Error> {
        Self::new(value)
    }
}

impl From<Probability> for f64 {
    fn from(probability: Probability) -> Self {
        probability.0
    }
}

/// Raw model output in log-odds: any finite number. Contributions sum to it.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(try_from = "f64", into = "f64")]
pub struct Margin(f64);

impl Margin {
    /// Checks and wraps a number.
    ///
    /// # Errors
    /// [`Error::InvalidMargin`] if `value` is infinite or not a number.
    pub fn new(value: f64) -> Result<Self, Error> {
        if value.is_finite() {
            Ok(Self(value))
        } else {
            Err(Error::InvalidMargin { value })
        }
    }

    /// The log-odds.
    #[must_use]
    pub fn value(self) -> f64 {
        self.0
    }

    /// The uncalibrated probability `1 / (1 + exp(-margin))`.
    #[must_use]
    pub fn logistic(self) -> Probability {
        // Both branches keep the exponent negative, so nothing overflows.
        let p = if self.0 >= 0.0 {
            1.0 / (1.0 + (-self.0).exp())
        } else {
            let e = self.0.exp();
            e / (1.0 + e)
        };
        Probability(p)
    }
}

impl TryFrom<f64> for Margin {
    type Error = Error;
    fn try_from(value: f64) -> Result<Self, Error> {
        Self::new(value)
    }
}

impl From<Margin> for f64 {
    fn from(margin: Margin) -> Self {
        margin.0
    }
}

/// A currency by its three capital letters (ISO 4217), as in `USD`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Currency([u8; 3]);

impl Currency {
    /// United States dollar.
    pub const USD: Self = Self(*b"USD");
    /// No currency is stated (ISO 4217 `XXX`): amounts are shown as bare numbers.
    pub const NONE: Self = Self(*b"XXX");

    /// The three letters.
    #[must_use]
    pub fn code(&self) -> &str {
        // The constructor admits ASCII letters only.
        std::str::from_utf8(&self.0).unwrap_or("???")
    }

    /// Digits after the decimal point in everyday use: 2, except 0 (as JPY) or 3 (as KWD).
    #[must_use]
    pub fn minor_digits(&self) -> u32 {
        match &self.0 {
            b"BIF" | b"CLP" | b"DJF" | b"GNF" | b"ISK" | b"JPY" | b"KMF" | b"KRW" | b"PYG"
            | b"RWF" | b"UGX" | b"VND" | b"VUV" | b"XAF" | b"XOF" | b"XPF" => 0,
            b"BHD" | b"IQD" | b"JOD" | b"KWD" | b"LYD" | b"OMR" | b"TND" => 3,
            _ => 2,
        }
    }
}

impl FromStr for Currency {
    type Err = Error;
    fn from_str(code: &str) -> Result<Self, Error> {
        match <[u8; 3]>::try_from(code.as_bytes()) {
            Ok(letters) if letters.iter().all(u8::is_ascii_uppercase) => Ok(Self(letters)),
            _ => Err(Error::InvalidCurrency {
                code: code.to_owned(),
            }),
        }
    }
}

impl TryFrom<String> for Currency {
    type Error = Error;
    fn try_from(code: String) -> Result<Self, Error> {
        code.parse()
    }
}

impl From<Currency> for String {
    fn from(currency: Currency) -> Self {
        currency.code().to_owned()
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// An amount of money in whole minor units (cents) of one currency. May be negative.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Money {
    /// Amount in minor units, for example cents.
    pub minor_units: i64,
    /// The currency of the amount.
    pub currency: Currency,
}

impl Money {
    /// The amount nearest to `amount` major units (dollars); halves go away from zero.
    ///
    /// # Errors
    /// [`Error::InvalidMoney`] if `amount` is not finite or beyond 9e16 minor units.
    pub fn from_major(amount: f64, currency: Currency) -> Result<Self, Error> {
        let minor = (amount * scale(currency)).round();
        if minor.is_finite() && minor.abs() <= 9e16 {
            Ok(Self {
                minor_units: minor as i64,
                currency,
            })
        } else {
            Err(Error::InvalidMoney { amount })
        }
    }

    /// The amount in major units (dollars).
    #[must_use]
    pub fn to_major(&self) -> f64 {
        self.minor_units as f64 / scale(self.currency)
    }
}

impl fmt::Display for Money {
    /// As in `123.45 USD`; without a currency `123.45`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = self.currency.minor_digits();
        let factor = 10_u64.pow(digits);
        let sign = if self.minor_units < 0 { "-" } else { "" };
        let magnitude = self.minor_units.unsigned_abs();
        if digits == 0 {
            write!(f, "{sign}{magnitude}")?;
        } else {
            let (major, minor) = (magnitude / factor, magnitude % factor);
            let width = digits as usize;
            write!(f, "{sign}{major}.{minor:0width$}")?;
        }
        if self.currency == Currency::NONE {
            Ok(())
        } else {
            write!(f, " {}", self.currency)
        }
    }
}

fn scale(currency: Currency) -> f64 {
    f64::from(10_u32.pow(currency.minor_digits()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn money_rounds_to_cents_and_prints_both_signs() {
        let money = Money::from_major(123.455, Currency::USD).unwrap();
        assert_eq!(money.to_string(), "123.46 USD");
        let debt = Money {
            minor_units: -5,
            currency: Currency::USD,
        };
        assert_eq!(debt.to_string(), "-0.05 USD");
        let yen = Money::from_major(120.0, "JPY".parse().unwrap()).unwrap();
        assert_eq!(yen.to_string(), "120 JPY");
        assert!(Money::from_major(f64::NAN, Currency::USD).is_err());
    }

    #[test]
    fn out_of_range_units_are_refused_also_by_serde() {
        assert!(Probability::new(1.0 + 1e-12).is_err());
        assert!(Probability::new(f64::NAN).is_err());
        assert!(Margin::new(f64::INFINITY).is_err());
        assert!(serde_json::from_str::<Probability>("1.5").is_err());
        assert!(serde_json::from_str::<Currency>("\"usd\"").is_err());
    }

    #[test]
    fn logistic_is_symmetric_and_never_overflows() {
        for x in [0.0, 0.3, 5.0, 40.0, 800.0] {
            let up = Margin::new(x).unwrap().logistic().value();
            let down = Margin::new(-x).unwrap().logistic().value();
            assert!((up + down - 1.0).abs() < 1e-15, "{x}");
        }
    }
}
