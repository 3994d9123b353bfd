//! One column of a table, found once and read many times.

use std::fmt::Write as _;

use arrow_array::{Array, Float64Array, StringArray, TimestampMicrosecondArray};

use super::CategoryView;

/// The cells of a column, by how they are held.
#[derive(Debug, Clone, Copy)]
pub enum Cells<'a> {
    /// An integer or number column.
    Numbers(&'a Float64Array),
    /// A category column.
    Categories(CategoryView<'a>),
    /// A date column, in microseconds since 1970 UTC.
    Dates(&'a TimestampMicrosecondArray),
    /// A text column or the key.
    Text(&'a StringArray),
}

impl Cells<'_> {
    /// Whether the cell is missing; also true for rows that do not exist.
    #[must_use]
    pub fn is_missing(&self, row_idx: usize) -> bool {
        let array: &dyn Array = match self {
            Self::Numbers(numbers) => numbers,
            Self::Categories(view) => view.codes,
            Self::Dates(dates) => dates,
            Self::Text(text) => text,
        };
        row_idx >= array.len() || array.is_null(row_idx)
    }

    /// The number in the cell; `None` if it is missing or the column holds none.
    #[must_use]
    pub fn number(&self, row_idx: usize) -> Option<f64> {
        match self {
            Self::Numbers(numbers) if !self.is_missing(row_idx) => Some(numbers.value(row_idx)),
            _ => None,
        }
    }

    /// Appends the cell as a person would read it, as in `12`, `70.35`, `Month-to-month`,
    /// `2024-05-01`. Returns false, and appends nothing, if it is missing.
    pub fn write_text(&self, row_idx: usize, out: &mut String) -> bool {
        if self.is_missing(row_idx) {
            return false;
        }
        match self {
            Self::Numbers(numbers) => write_number(numbers.value(row_idx), out),
            Self::Categories(view) => match view.level(row_idx) {
                Some(level) => out.push_str(level),
                None => return false,
            },
            Self::Dates(dates) => write_date(dates.value(row_idx), out),
            Self::Text(text) => out.push_str(text.value(row_idx)),
        }
        true
    }
}

/// Appends the shortest decimal text that reads back to the number, of two equally near ones the
/// one with the even last digit; whole numbers have no point.
pub fn write_number(value: f64, out: &mut String) {
    // Adding zero turns -0 into 0.
    let value = value + 0.0;
    // Every whole number up to 2^53 is exact as an integer too.
    if value.trunc().total_cmp(&value).is_eq() && value.abs() <= 9_007_199_254_740_992.0 {
        out.push_str(itoa::Buffer::new().format(value as i64));
    } else if (1e-5..1e15).contains(&value.abs()) {
        // In this range the text has no exponent, as `Display` never has.
        out.push_str(ryu::Buffer::new().format_finite(value));
    } else {
        // Writing to memory has no failing case.
        let _ = write!(out, "{value}");
    }
}

fn write_date(micros: i64, out: &mut String) {
    // Writing to memory has no failing case.
    let _ = match chrono::DateTime::from_timestamp_micros(micros) {
        None => write!(out, "{micros} µs"),
        Some(time) if micros.rem_euclid(86_400_000_000) == 0 => {
            write!(out, "{}", time.format("%Y-%m-%d"))
        }
        Some(time) => write!(out, "{}", time.format("%Y-%m-%dT%H:%M:%S%.fZ")),
    };
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::write_number;

    #[track_caller]
    fn check(value: f64) {
        let mut text = String::new();
        write_number(value, &mut text);
        assert_eq!(text, format!("{}", value + 0.0));
    }

    #[test]
    fn numbers_at_the_edges_read_as_display_writes_them() {
        for value in [
            0.0,
            -0.0,
            1.0,
            -72.0,
            70.35,
            1e-5,
            9.999_999e-6,
            1e-300,
            999_999_999_999_999.9,
            1e15,
            1e16 + 2.0,
            9_007_199_254_740_993.0,
            1e22,
            1e300,
            -1e300,
            f64::MIN_POSITIVE,
            f64::INFINITY,
            f64::NAN,
        ] {
            check(value);
        }
    }

    #[test]
    fn of_two_equally_near_texts_the_even_one_is_written() {
        let mut text = String::new();
        let value: f64 = "-117981472380419.125".parse().unwrap();
        write_number(value, &mut text);
        assert_eq!(text, "-117981472380419.12");
    }

    proptest! {
        #[test]
        fn any_amount_reads_as_display_writes_it(cents in -1_000_000_000..1_000_000_000_i64) {
            check(cents as f64 / 100.0);
        }

        // `Display` rounds up where two shortest texts are equally near, hence no `check`.
        #[test]
        fn any_number_reads_back_from_a_text_no_longer_than_display_writes(bits: u64) {
            let value = f64::from_bits(bits);
            let mut text = String::new();
            write_number(value, &mut text);
            let back: f64 = text.parse().unwrap();
            let value = value + 0.0;
            prop_assert!(back.total_cmp(&value).is_eq() || (back.is_nan() && value.is_nan()), "{text}");
            prop_assert_eq!(text.len(), value.to_string().len());
        }
    }
}
