//! What can be wrong with the numbers handed to this crate.

/// A fault in the inputs of a metric.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// There are no rows (or folds) to compute anything from.
    #[error("{input} is empty: expected at least one value")]
    Empty {
        /// Name of the input.
        input: &'static str,
    },
    /// Two inputs that describe the same rows differ in length.
    #[error("{input} has {found} values but there are {expected} labels: pass one value per row")]
    LengthMismatch {
        /// Name of the input.
        input: &'static str,
        /// Its length.
        found: usize,
        /// The number of labels (or of values of the first input).
        expected: usize,
    },
    /// All labels are the same, so ranking figures are undefined.
    #[error(
        "all {n_rows} labels are {label}: ranking metrics need both classes, use rows that hold both"
    )]
    SingleClass {
        /// The only label present.
        label: bool,
        /// Number of rows.
        n_rows: usize,
    },
    /// A value is NaN or infinite.
    #[error("{input}[{row}] is {value}: expected a finite number")]
    NotFinite {
        /// Name of the input.
        input: &'static str,
        /// Position of the value.
        row: usize,
        /// The value.
        value: f64,
    },
    /// A value of a row lies outside its range.
    #[error("{input}[{row}] is {value}: expected {expected}")]
    ValueOutOfRange {
        /// Name of the input.
        input: &'static str,
        /// Position of the value.
        row: usize,
        /// The value.
        value: f64,
        /// The accepted range in words.
        expected: &'static str,
    },
    /// A parameter lies outside its range.
    #[error("{parameter} is {value}: expected {expected}")]
    ParameterOutOfRange {
        /// Name of the parameter.
        parameter: &'static str,
        /// The value.
        value: f64,
        /// The accepted range in words.
        expected: &'static str,
    },
    /// Too few values for the spread to be estimated.
    #[error("{input} holds {found} values: expected at least {required}")]
    TooFew {
        /// Name of the input.
        input: &'static str,
        /// How many there are.
        found: usize,
        /// How many are needed.
        required: usize,
    },
}

/// Refuses inputs of different lengths.
pub(crate) fn check_length(
    input: &'static str,
    found: usize,
    expected: usize,
) -> Result<(), Error> {
    if found == expected {
        Ok(())
    } else {
        Err(Error::LengthMismatch {
            input,
            found,
            expected,
        })
    }
}

/// Refuses NaN and infinities.
pub(crate) fn check_finite(input: &'static str, values: &[f64]) -> Result<(), Error> {
    match values.iter().position(|value| !value.is_finite()) {
        Some(row) => Err(Error::NotFinite {
            input,
            row,
            value: values[row],
        }),
        None => Ok(()),
    }
}

/// Refuses an empty input, different lengths and non-finite scores.
pub(crate) fn check_scores(
    labels: &[bool],
    input: &'static str,
    scores: &[f64],
) -> Result<(), Error> {
    if labels.is_empty() {
        return Err(Error::Empty { input: "labels" });
    }
    check_length(input, scores.len(), labels.len())?;
    check_finite(input, scores)
}

/// Refuses what [`check_scores`] refuses and values outside 0..=1.
pub(crate) fn check_probabilities(labels: &[bool], probabilities: &[f64]) -> Result<(), Error> {
    check_scores(labels, "probabilities", probabilities)?;
    match probabilities.iter().position(|p| !(0.0..=1.0).contains(p)) {
        Some(row) => Err(Error::ValueOutOfRange {
            input: "probabilities",
            row,
            value: probabilities[row],
            expected: "a probability in 0..=1 (turn margins into probabilities first)",
        }),
        None => Ok(()),
    }
}

/// Refuses labels that are all alike; gives the number of `true` and of `false`.
pub(crate) fn check_classes(labels: &[bool]) -> Result<(usize, usize), Error> {
    let n_positive = labels.iter().filter(|&&label| label).count();
    if n_positive == 0 || n_positive == labels.len() {
        return Err(Error::SingleClass {
            label: n_positive > 0,
            n_rows: labels.len(),
        });
    }
    Ok((n_positive, labels.len() - n_positive))
}

/// Refuses a parameter outside 0..=1.
pub(crate) fn check_unit(parameter: &'static str, value: f64) -> Result<(), Error> {
    if (0.0..=1.0).contains(&value) {
        Ok(())
    } else {
        Err(Error::ParameterOutOfRange {
            parameter,
            value,
            expected: "a number in 0..=1",
        })
    }
}

/// Refuses a fraction outside (0, 1].
pub(crate) fn check_fraction(value: f64) -> Result<(), Error> {
    if value > 0.0 && value <= 1.0 {
        Ok(())
    } else {
        Err(Error::ParameterOutOfRange {
            parameter: "fraction",
            value,
            expected: "a share of the rows above 0 and at most 1",
        })
    }
}
