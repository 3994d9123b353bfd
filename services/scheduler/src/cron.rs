//! Cron expressions: five fields, in UTC.

use chrono::{DateTime, Datelike, DurationRound, TimeDelta, Timelike, Utc};

/// When something is due: minute, hour, day of the month, month, day of the week.
///
/// Each field is `*` or a list of numbers and ranges, with `/n` for every n-th: `*/15 8-18 * * 1-5`
/// is every quarter of an hour on working days. Days of the week count from Sunday = 0; 7 is Sunday
/// too. As with every cron, when both kinds of day are restricted either is enough. Times are UTC,
/// so that none is skipped or met twice when the clocks change.
///
/// Written here because all that is needed is whether a minute matches: sixty lines instead of a
/// library with ten others behind it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cron {
    /// One bit per number, by field.
    bits: [u64; 5],
    /// Whether the two kinds of day are restricted.
    restricted: [bool; 2],
}

const FIELDS: [(&str, u32, u32); 5] = [
    ("minute", 0, 59),
    ("hour", 0, 23),
    ("day of the month", 1, 31),
    ("month", 1, 12),
    ("day of the week", 0, 7),
];

impl Cron {
    /// Reads an expression.
    ///
    /// # Errors
    /// The fault in words.
    pub fn parse(text: &str) -> Result<Self, String> {
        let words: Vec<&str> = text.split_whitespace().collect();
        let Ok(words) = <[&str; 5]>::try_from(words) else {
            return Err(format!(
                "expected five fields (minute, hour, day, month, weekday), found {text:?}"
            ));
        };
        let mut bits = [0; 5];
        for ((word, field), bits) in words.iter().zip(FIELDS).zip(&mut bits) {
            *bits = parse_field(word, field)?;
        }
        if bits[4] & (1 << 7) != 0 {
            bits[4] |= 1;
        }
        Ok(Self {
            bits,
            restricted: [!words[2].starts_with('*'), !words[4].starts_with('*')],
        })
    }

    /// Whether it is due in the minute of `time`.
    #[must_use]
    pub fn matches(&self, time: DateTime<Utc>) -> bool {
        let has = |field: usize, number: u32| self.bits[field] & (1 << number) != 0;
        let day = has(2, time.day());
        let weekday = has(4, time.weekday().num_days_from_sunday());
        let right_day = match self.restricted {
            [true, true] => day || weekday,
            _ => day && weekday,
        };
        has(0, time.minute()) && has(1, time.hour()) && has(3, time.month()) && right_day
    }

    /// The last minute at or before `now`, and no more than `within` ago, in which it is due.
    #[must_use]
    pub fn last_due(&self, now: DateTime<Utc>, within: TimeDelta) -> Option<DateTime<Utc>> {
        let mut minute = now.duration_trunc(TimeDelta::minutes(1)).ok()?;
        while now - minute <= within {
            if self.matches(minute) {
                return Some(minute);
            }
            minute -= TimeDelta::minutes(1);
        }
        None
    }
}

fn parse_field(word: &str, (name, lowest, highest): (&str, u32, u32)) -> Result<u64, String> {
    let wrong = |part: &str| {
        format!(
            "{name}: expected numbers from {lowest} to {highest}, ranges, '*' or '/n', found {part:?}"
        )
    };
    let mut bits = 0;
    for part in word.split(',') {
        let number = |text: &str| {
            text.parse::<u32>()
                .ok()
                .filter(|n| (lowest..=highest).contains(n))
                .ok_or_else(|| wrong(part))
        };
        let (range, step) = match part.split_once('/') {
            Some((range, step)) => (range, step.parse().map_err(|_| wrong(part))?),
            None => (part, 1),
        };
        let (from, to) = match range.split_once('-') {
            _ if range == "*" => (lowest, highest),
            Some((from, to)) => (number(from)?, number(to)?),
            // `5/15` is every fifteenth from 5 on.
            None if step > 1 => (number(range)?, highest),
            None => (number(range)?, number(range)?),
        };
        if step == 0 || from > to {
            return Err(wrong(part));
        }
        for n in (from..=to).step_by(step) {
            bits |= 1 << n;
        }
    }
    Ok(bits)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn time(text: &str) -> DateTime<Utc> {
        format!("{text}Z").parse().unwrap()
    }

    #[track_caller]
    fn check(expression: &str, at: &str, expected: bool) {
        let cron = Cron::parse(expression).unwrap();
        assert_eq!(cron.matches(time(at)), expected, "{expression} at {at}");
    }

    #[test]
    fn minutes_match_as_crontab_5_says() {
        // 2026-01-31 is a Saturday.
        check("* * * * *", "2026-01-31T08:15:59", true);
        check("15 8 * * *", "2026-01-31T08:15:00", true);
        check("15 8 * * *", "2026-01-31T08:16:00", false);
        check("*/15 8-18 * * 1-5", "2026-01-30T18:45:00", true);
        check("*/15 8-18 * * 1-5", "2026-01-31T18:45:00", false);
        check("5/20 * * * *", "2026-01-31T08:45:00", true);
        check("5/20 * * * *", "2026-01-31T08:40:00", false);
        check("0 0 1,31 1 *", "2026-01-31T00:00:00", true);
        check("0 0 * 2 *", "2026-01-31T00:00:00", false);
        check("0 0 * * 7", "2026-02-01T00:00:00", true);
        check("0 0 * * 0", "2026-02-01T00:00:00", true);
        check("0 0 13 * 6", "2026-01-31T00:00:00", true);
        check("0 0 13 * 6", "2026-01-13T00:00:00", true);
        check("0 0 13 * 6", "2026-01-14T00:00:00", false);
    }

    #[test]
    fn the_last_due_minute_is_found_within_bounds() {
        let cron = Cron::parse("30 2 * * *").unwrap();
        let hour = TimeDelta::hours(1);
        let due = |now: &str| cron.last_due(time(now), hour);
        assert_eq!(due("2026-01-31T02:29:59"), None);
        let expected = Some(time("2026-01-31T02:30:00"));
        assert_eq!(due("2026-01-31T02:30:00"), expected);
        assert_eq!(due("2026-01-31T03:29:59"), expected);
        assert_eq!(due("2026-01-31T03:31:00"), None);
    }

    #[test]
    fn what_is_no_expression_is_refused_with_the_field() {
        for (text, part) in [
            ("* * * *", "five fields"),
            ("60 * * * *", "minute"),
            ("* 1-x * * *", "hour"),
            ("* * 0 * *", "day of the month"),
            ("* * * 5-3 *", "month"),
            ("* * * * */0", "day of the week"),
            ("@daily", "five fields"),
        ] {
            let fault = Cron::parse(text).unwrap_err();
            assert!(fault.contains(part), "{text}: {fault}");
        }
    }
}
