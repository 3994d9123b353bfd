//! What may be searched: parameters, their domains, and one choice of values.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::Error;

/// A value of a searched parameter.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum ParamValue {
    /// A switch.
    Flag(bool),
    /// A whole number.
    Int(i64),
    /// A number.
    Float(f64),
    /// A word.
    Text(String),
}

impl std::fmt::Display for ParamValue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Flag(value) => write!(f, "{value}"),
            Self::Int(value) => write!(f, "{value}"),
            Self::Float(value) => write!(f, "{value}"),
            Self::Text(value) => f.write_str(value),
        }
    }
}

/// One value per searched parameter, by name.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Assignment(pub BTreeMap<String, ParamValue>);

impl Assignment {
    /// A parameter's value as a number.
    ///
    /// # Errors
    /// [`Error::Tuning`] when there is no such parameter or it is not a number.
    pub fn number(&self, name: &str) -> Result<f64, Error> {
        match self.0.get(name) {
            Some(ParamValue::Float(value)) => Ok(*value),
            Some(ParamValue::Int(value)) => Ok(*value as f64),
            other => Err(Error::Tuning {
                fault: format!("parameter '{name}' is {other:?}; expected a number"),
            }),
        }
    }

    /// `defaults` with these values in the fields of the same names.
    ///
    /// # Errors
    /// [`Error::Tuning`] when `T` has no such field or it takes another type.
    pub fn apply_to<T: Serialize + DeserializeOwned>(&self, defaults: &T) -> Result<T, Error> {
        let fault = |fault: serde_json::Error| Error::Tuning {
            fault: format!("values {self} don't fit the parameters: {fault}"),
        };
        let mut fields = serde_json::to_value(defaults).map_err(fault)?;
        for (name, value) in &self.0 {
            let value = serde_json::to_value(value).map_err(fault)?;
            let field = fields
                .get_mut(name)
                .ok_or_else(|| unknown_parameter(name))?;
            *field = value;
        }
        serde_json::from_value(fields).map_err(fault)
    }
}

impl std::fmt::Display for Assignment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (place, (name, value)) in self.0.iter().enumerate() {
            let comma = if place == 0 { "" } else { ", " };
            write!(f, "{comma}{name}={value}")?;
        }
        Ok(())
    }
}

/// On which scale a number is searched.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scale {
    /// Equal differences count the same.
    #[default]
    Linear,
    /// Equal ratios count the same; needs positive bounds.
    Log,
}

/// The values a parameter may take.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind", deny_unknown_fields)]
pub enum Domain {
    /// Any number in `low..=high`.
    Float {
        /// Lowest value.
        low: f64,
        /// Highest value, above `low`.
        high: f64,
        /// Linear unless said otherwise.
        #[serde(default)]
        scale: Scale,
    },
    /// `low`, `low + step`, ... up to `high`.
    Grid {
        /// Lowest value.
        low: f64,
        /// Highest value, above `low`.
        high: f64,
        /// Distance of neighbours, above 0.
        step: f64,
    },
    /// `low`, `low + step`, ... up to `high`, whole numbers.
    Int {
        /// Lowest value.
        low: i64,
        /// Highest value, above `low`.
        high: i64,
        /// Distance of neighbours, at least 1.
        #[serde(default = "one")]
        step: i64,
    },
    /// One of these, without an order.
    Choice {
        /// At least two, all different.
        values: Vec<ParamValue>,
    },
}

fn one() -> i64 {
    1
}

impl Domain {
    /// Any number in `low..=high`.
    #[must_use]
    pub fn float(low: f64, high: f64) -> Self {
        let scale = Scale::Linear;
        Self::Float { low, high, scale }
    }

    /// Any number in `low..=high`, by ratio.
    #[must_use]
    pub fn log_float(low: f64, high: f64) -> Self {
        let scale = Scale::Log;
        Self::Float { low, high, scale }
    }

    /// Every whole number in `low..=high`.
    #[must_use]
    pub fn int(low: i64, high: i64) -> Self {
        Self::Int { low, high, step: 1 }
    }

    fn fault(&self) -> Option<&'static str> {
        match self {
            Self::Float { low, high, scale } => match (low < high, scale) {
                _ if !low.is_finite() || !high.is_finite() => Some("finite bounds"),
                (false, _) => Some("'low' below 'high'"),
                (true, Scale::Log) if *low <= 0.0 => Some("positive bounds on the log scale"),
                _ => None,
            },
            Self::Grid { low, high, step } => {
                let sound = low.is_finite() && high.is_finite() && *step > 0.0;
                (!sound || high - low < *step).then_some("'low' + 'step' at most 'high'")
            }
            Self::Int { low, high, step } => (*step < 1 || high.saturating_sub(*low) < *step)
                .then_some("'low' + 'step' at most 'high', 'step' at least 1"),
            Self::Choice { values } => {
                let repeated = (1..values.len()).any(|i| values[..i].contains(&values[i]));
                (values.len() < 2 || repeated).then_some("at least two different values")
            }
        }
    }

    /// The domain on the real line, as the estimator sees it.
    pub(super) fn axis(&self) -> Axis {
        match self {
            Self::Float {
                low,
                high,
                scale: Scale::Linear,
            } => Axis::Line {
                low: *low,
                high: *high,
            },
            Self::Float {
                low,
                high,
                scale: Scale::Log,
            } => Axis::Line {
                low: low.ln(),
                high: high.ln(),
            },
            Self::Grid { low, high, step } => Axis::Cells {
                n_cells: ((high - low) / step + 1e-9).floor() as usize + 1,
            },
            Self::Int { low, high, step } => Axis::Cells {
                n_cells: ((high - low) / step) as usize + 1,
            },
            Self::Choice { values } => Axis::Choice {
                n_values: values.len(),
            },
        }
    }

    /// The value at a place of [`Domain::axis`].
    pub(super) fn value_at(&self, place: f64) -> ParamValue {
        match self {
            Self::Float { low, high, scale } => {
                let value = match scale {
                    Scale::Linear => place,
                    Scale::Log => place.exp(),
                };
                ParamValue::Float(value.clamp(*low, *high))
            }
            Self::Grid { low, step, .. } => ParamValue::Float(low + step * place.round()),
            Self::Int { low, step, .. } => ParamValue::Int(low + step * place.round() as i64),
            Self::Choice { values } => values[(place as usize).min(values.len() - 1)].clone(),
        }
    }

    /// The place of a value, when it lies in the domain (up to rounding, for numbers).
    pub(super) fn place_of(&self, value: &ParamValue) -> Option<f64> {
        let number = match value {
            ParamValue::Float(value) => Some(*value),
            ParamValue::Int(value) => Some(*value as f64),
            _ => None,
        };
        match self {
            Self::Float { low, high, scale } => {
                let number = number.filter(|number| (*low..=*high).contains(number))?;
                Some(match scale {
                    Scale::Linear => number,
                    Scale::Log => number.ln(),
                })
            }
            Self::Grid { low, high, step } => number
                .filter(|number| (*low..=*high).contains(number))
                .map(|number| ((number - low) / step).round()),
            Self::Int { low, high, step } => match value {
                ParamValue::Int(value) if (low..=high).contains(&value) => {
                    Some(((value - low) / step) as f64)
                }
                _ => None,
            },
            Self::Choice { values } => {
                let place = values.iter().position(|choice| choice == value)?;
                Some(place as f64)
            }
        }
    }
}

/// A domain as the estimator sees it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Axis {
    /// A stretch of the real line.
    Line { low: f64, high: f64 },
    /// Places 0, 1, ... in order.
    Cells { n_cells: usize },
    /// Places 0, 1, ... without an order.
    Choice { n_values: usize },
}

/// Searched parameters by name, each with its domain.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(
    try_from = "BTreeMap<String, Domain>",
    into = "BTreeMap<String, Domain>"
)]
pub struct SearchSpace {
    domains: BTreeMap<String, Domain>,
}

impl SearchSpace {
    /// A space over the given parameters.
    ///
    /// # Errors
    /// [`Error::Tuning`] for an empty space and the first unsound domain.
    pub fn new(domains: impl IntoIterator<Item = (String, Domain)>) -> Result<Self, Error> {
        let domains: BTreeMap<String, Domain> = domains.into_iter().collect();
        if domains.is_empty() {
            return Err(Error::Tuning {
                fault: "the search space is empty; name at least one parameter".to_owned(),
            });
        }
        for (name, domain) in &domains {
            if let Some(expected) = domain.fault() {
                return Err(Error::Tuning {
                    fault: format!(
                        "search space, parameter '{name}': {domain:?}; expected {expected}"
                    ),
                });
            }
        }
        Ok(Self { domains })
    }

    /// For [`crate::LogisticParams`].
    #[must_use]
    pub fn logistic() -> Self {
        Self::of([
            ("c", Domain::log_float(1e-3, 1e2)),
            ("l1_ratio", Domain::float(0.0, 1.0)),
        ])
    }

    /// For [`crate::XgboostParams`]; the number of rounds is left to early stopping.
    #[must_use]
    pub fn xgboost() -> Self {
        Self::of([
            ("learning_rate", Domain::log_float(0.01, 0.2)),
            ("max_depth", Domain::int(2, 6)),
            ("min_child_weight", Domain::log_float(1.0, 20.0)),
            ("subsample", Domain::float(0.5, 1.0)),
            ("colsample_bytree", Domain::float(0.3, 1.0)),
            ("reg_lambda", Domain::log_float(0.1, 30.0)),
            ("gamma", Domain::float(0.0, 3.0)),
        ])
    }

    /// For a random forest; the number of trees is no matter of tuning (more is never worse).
    #[must_use]
    pub fn forest() -> Self {
        Self::of([
            ("max_depth", Domain::int(4, 16)),
            ("min_samples_leaf", Domain::int(1, 30)),
            ("max_features", Domain::float(0.08, 0.6)),
        ])
    }

    /// For CatBoost; the number of rounds is left to early stopping.
    #[must_use]
    pub fn catboost() -> Self {
        Self::of([
            ("learning_rate", Domain::log_float(0.02, 0.2)),
            ("depth", Domain::int(2, 6)),
            ("l2_leaf_reg", Domain::log_float(1.0, 30.0)),
            ("random_strength", Domain::log_float(0.1, 5.0)),
        ])
    }

    /// Parameters and domains, in the order of names.
    pub fn domains(&self) -> impl Iterator<Item = (&str, &Domain)> {
        self.domains
            .iter()
            .map(|(name, domain)| (name.as_str(), domain))
    }

    /// Those values of `params` (a trainer's parameters) that this space searches: what to hand
    /// to [`crate::tune::Study::start_with`] so that the defaults are tried first.
    ///
    /// # Errors
    /// [`Error::Tuning`] when a searched parameter is missing or outside its domain.
    pub fn pick_from<T: Serialize>(&self, params: &T) -> Result<Assignment, Error> {
        let fault = |fault: serde_json::Error| Error::Tuning {
            fault: fault.to_string(),
        };
        let fields = serde_json::to_value(params).map_err(fault)?;
        let mut picked = BTreeMap::new();
        for (name, domain) in &self.domains {
            let field = fields.get(name).ok_or_else(|| unknown_parameter(name))?;
            let mut value: ParamValue = serde_json::from_value(field.clone()).map_err(fault)?;
            if let (Domain::Float { .. } | Domain::Grid { .. }, ParamValue::Int(whole)) =
                (domain, &value)
            {
                value = ParamValue::Float(*whole as f64);
            }
            picked.insert(name.clone(), value);
        }
        let picked = Assignment(picked);
        self.places_of(&picked)?;
        Ok(picked)
    }

    pub(super) fn axes(&self) -> Vec<Axis> {
        self.domains.values().map(Domain::axis).collect()
    }

    pub(super) fn assignment_at(&self, places: &[f64]) -> Assignment {
        let values = self.domains.iter().zip(places);
        Assignment(
            values
                .map(|((name, domain), &place)| (name.clone(), domain.value_at(place)))
                .collect(),
        )
    }

    pub(super) fn places_of(&self, assignment: &Assignment) -> Result<Vec<f64>, Error> {
        if let Some(name) = assignment
            .0
            .keys()
            .find(|name| !self.domains.contains_key(*name))
        {
            return Err(unknown_parameter(name));
        }
        let place = |(name, domain): (&String, &Domain)| {
            let value = assignment.0.get(name);
            value
                .and_then(|value| domain.place_of(value))
                .ok_or_else(|| Error::Tuning {
                    fault: format!(
                        "parameter '{name}' is {value:?}, outside its domain {domain:?}"
                    ),
                })
        };
        self.domains.iter().map(place).collect()
    }

    fn of<const N: usize>(domains: [(&str, Domain); N]) -> Self {
        let domains = domains
            .into_iter()
            .map(|(name, domain)| (name.to_owned(), domain));
        Self {
            domains: domains.collect(),
        }
    }
}

fn unknown_parameter(name: &str) -> Error {
    Error::Tuning {
        fault: format!("there is no parameter '{name}' to search; check the spelling"),
    }
}

impl TryFrom<BTreeMap<String, Domain>> for SearchSpace {
    type Error = Error;

    fn try_from(domains: BTreeMap<String, Domain>) -> Result<Self, Error> {
        Self::new(domains)
    }
}

impl From<SearchSpace> for BTreeMap<String, Domain> {
    fn from(space: SearchSpace) -> Self {
        space.domains
    }
}
