//! Sentences for the values of columns that answer a question with yes or no.

use super::names;
use crate::spec::{ColumnKind, ColumnSpec, Role};

/// Gives a yes-or-no column sentences a reader would say: `no tech support` instead of
/// `tech support is No`.
pub(super) fn add_sentences(column: &mut ColumnSpec) {
    let is_spoken_of = column.kind == ColumnKind::Category && column.has_role(Role::Feature);
    if !is_spoken_of || column.open {
        return;
    }
    let words = names::words(&column.name);
    let label = words.join(" ");
    let (verb, rest) = match words.split_first() {
        Some((verb, rest)) if !rest.is_empty() => (verb.as_str(), rest.join(" ")),
        _ => ("", String::new()),
    };
    let is_question = |level: &String| answer(level).is_some();
    if column
        .levels
        .iter()
        .filter(|level| is_question(level))
        .count()
        != 2
    {
        return;
    }
    for level in &column.levels {
        let sentence = match (answer(level), verb) {
            (Some(true), "is" | "has" | "can" | "does") => label.clone(),
            (Some(false), "is" | "can" | "does") => format!("{verb} not {rest}"),
            (Some(false), "has") => format!("has no {rest}"),
            (Some(yes), _) if is_flag(level) => {
                format!("{label}: {}", if yes { "yes" } else { "no" })
            }
            (Some(true), _) => format!("has {label}"),
            (Some(false), _) => format!("no {label}"),
            // Another level beside the two says itself what it means.
            (None, _) => lower_first(level),
        };
        column.say.insert(level.clone(), sentence);
    }
}

/// What a level answers, if it is an answer.
fn answer(level: &str) -> Option<bool> {
    match level.to_ascii_lowercase().as_str() {
        "yes" | "y" | "true" | "1" => Some(true),
        "no" | "n" | "false" | "0" => Some(false),
        _ => None,
    }
}

fn is_flag(level: &str) -> bool {
    matches!(level, "0" | "1")
}

/// With a small first letter, unless the second is a capital too, as in `DSL`.
pub(super) fn lower_first(text: &str) -> String {
    let mut letters = text.chars();
    match (letters.next(), letters.clone().next()) {
        (Some(first), second) if !second.is_some_and(char::is_uppercase) => {
            first.to_lowercase().chain(letters).collect()
        }
        _ => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(name: &str, levels: &[&str], expected: &[(&str, &str)]) {
        let mut column = ColumnSpec::new(name, ColumnKind::Category);
        column.levels = levels.iter().map(|&level| level.to_owned()).collect();
        add_sentences(&mut column);
        let said = column.say.iter().map(|(a, b)| (a.as_str(), b.as_str()));
        assert_eq!(said.collect::<Vec<_>>(), expected, "{name}");
    }

    #[test]
    fn yes_and_no_become_sentences() {
        check(
            "TechSupport",
            &["No", "Yes", "No internet service"],
            &[
                ("No", "no tech support"),
                ("No internet service", "no internet service"),
                ("Yes", "has tech support"),
            ],
        );
        check(
            "IsActiveMember",
            &["0", "1"],
            &[("0", "is not active member"), ("1", "is active member")],
        );
        check(
            "HasCrCard",
            &["0", "1"],
            &[("0", "has no cr card"), ("1", "has cr card")],
        );
        check("vip", &["0", "1"], &[("0", "vip: no"), ("1", "vip: yes")]);
        check("Contract", &["Month-to-month", "One year"], &[]);
        check("InternetService", &["DSL", "Fiber optic", "No"], &[]);
    }

    #[test]
    fn a_word_in_capitals_stays() {
        assert_eq!(lower_first("No phone service"), "no phone service");
        assert_eq!(lower_first("DSL"), "DSL");
        assert_eq!(lower_first(""), "");
    }
}
