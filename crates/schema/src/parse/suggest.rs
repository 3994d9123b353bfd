//! The level somebody most likely meant.

/// The only level that equals `text` up to case and blanks, or else up to one edit.
pub(super) fn nearest_level<'a>(text: &str, levels: &'a [String]) -> Option<&'a str> {
    let plain = |text: &str| -> Vec<char> {
        text.chars()
            .filter(|c| c.is_alphanumeric())
            .flat_map(char::to_lowercase)
            .collect()
    };
    let wanted = plain(text);
    let same: Vec<&String> = levels
        .iter()
        .filter(|level| plain(level) == wanted)
        .collect();
    if let [only] = same[..] {
        return Some(only);
    }
    let near: Vec<&String> = levels
        .iter()
        .filter(|level| is_one_edit(&plain(level), &wanted))
        .collect();
    match near[..] {
        // One letter apart means nothing for texts of one or two letters.
        [only] if wanted.len() > 2 => Some(only),
        _ => None,
    }
}

/// Whether one insertion, deletion, substitution or swap of neighbours turns `a` into `b`.
fn is_one_edit(a: &[char], b: &[char]) -> bool {
    let (short, long) = if a.len() <= b.len() { (a, b) } else { (b, a) };
    let n_same = short.iter().zip(long).take_while(|(x, y)| x == y).count();
    let (short, long) = (&short[n_same..], &long[n_same..]);
    match long.len() - short.len() {
        0 if short.is_empty() => false,
        0 if short[1..] == long[1..] => true,
        0 => {
            short.len() > 1 && short[0] == long[1] && short[1] == long[0] && short[2..] == long[2..]
        }
        1 => *short == long[1..],
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Option<&str>) {
        let levels = ["Month-to-month", "One year", "Two year", "DSL"].map(str::to_owned);
        assert_eq!(nearest_level(text, &levels), expected, "{text}");
    }

    #[test]
    fn finds_what_differs_by_case_blank_or_one_edit() {
        check("month-to-month", Some("Month-to-month"));
        check("Month to month", Some("Month-to-month"));
        check("One yaer", Some("One year"));
        check("Two years", Some("Two year"));
        check("DSK", Some("DSL"));
        check("Three year", None);
        check("", None);
    }
}
