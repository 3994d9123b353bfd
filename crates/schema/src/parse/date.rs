//! Dates and times in the ISO forms, as microseconds since 1970 in UTC.

use chrono::{DateTime, NaiveDate, NaiveDateTime};

/// Microseconds since 1970-01-01 UTC, or `None` if `text` is not a date.
///
/// Reads `2024-05-31`, `20240531`, and either with a time after `T` or a blank, seconds and
/// fractions optional, `Z` or an offset optional (none means UTC).
pub(crate) fn parse_date(text: &[u8]) -> Option<i64> {
    let text = std::str::from_utf8(text).ok()?;
    if text.len() == 8 && text.bytes().all(|b| b.is_ascii_digit()) {
        return micros(
            NaiveDate::parse_from_str(text, "%Y%m%d")
                .ok()?
                .and_hms_opt(0, 0, 0)?,
        );
    }
    // Four digits of the year first; chrono itself would also take 5-1-2.
    let (year, rest) = text.split_at_checked(4)?;
    if !year.bytes().all(|b| b.is_ascii_digit()) || !rest.starts_with('-') {
        return None;
    }
    if text.len() <= 10 {
        let date = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?;
        return micros(date.and_hms_opt(0, 0, 0)?);
    }
    if let Ok(time) = DateTime::parse_from_rfc3339(text) {
        return Some(time.timestamp_micros());
    }
    let text = text.strip_suffix('Z').unwrap_or(text);
    let formats = [
        "%Y-%m-%dT%H:%M:%S%.f",
        "%Y-%m-%d %H:%M:%S%.f",
        "%Y-%m-%dT%H:%M",
        "%Y-%m-%d %H:%M",
    ];
    formats
        .iter()
        .find_map(|format| NaiveDateTime::parse_from_str(text, format).ok())
        .and_then(micros)
}

fn micros(time: NaiveDateTime) -> Option<i64> {
    Some(time.and_utc().timestamp_micros())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Option<i64>) {
        assert_eq!(parse_date(text.as_bytes()), expected, "{text}");
    }

    #[test]
    fn reads_iso_forms_and_nothing_else() {
        check("1970-01-02", Some(86_400_000_000));
        check("19700102", Some(86_400_000_000));
        check("1970-01-01T00:00:01Z", Some(1_000_000));
        check("1970-01-01 00:00:01.5", Some(1_500_000));
        check("1970-01-01T01:00:00+01:00", Some(0));
        check("1970-01-01 00:01", Some(60_000_000));
        check("31.12.1999", None);
        check("12/31/1999", None);
        check("1999-02-30", None);
        check("1999", None);
        check("", None);
    }
}
