//! What column names give away.

/// The words of a name, in lower case: `AgeHH1` is `age`, `hh1`; `is_churn` is `is`, `churn`.
pub(super) fn words(name: &str) -> Vec<String> {
    let letters: Vec<char> = name.chars().collect();
    let mut words = vec![String::new()];
    for (idx, letter) in letters.iter().enumerate() {
        if !letter.is_alphanumeric() {
            words.push(String::new());
            continue;
        }
        let before = idx.checked_sub(1).map(|at| letters[at]);
        let after = letters.get(idx + 1);
        let starts_word = letter.is_uppercase()
            && before.is_some_and(|b| {
                b.is_lowercase() || (b.is_uppercase() && after.is_some_and(|a| a.is_lowercase()))
            });
        if starts_word {
            words.push(String::new());
        }
        if let Some(word) = words.last_mut() {
            word.extend(letter.to_lowercase());
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

/// Letters and digits only, in lower case.
pub(super) fn squeezed(name: &str) -> String {
    words(name).concat()
}

/// A label for sentences: `MonthlyCharges` is "monthly charges".
pub(super) fn label(name: &str) -> Option<String> {
    let label = words(name).join(" ");
    (!label.is_empty()).then_some(label)
}

/// Whether the name is that of an identifier.
pub(super) fn is_id(name: &str) -> bool {
    let squeezed = squeezed(name);
    words(name)
        .iter()
        .any(|word| matches!(word.as_str(), "id" | "uuid" | "guid" | "key" | "ids"))
        || squeezed.ends_with("id")
        || [
            "msisdn",
            "customernumber",
            "accountnumber",
            "phonenumber",
            "email",
        ]
        .iter()
        .any(|known| squeezed.contains(known))
}

/// How strongly the name says "who left": 0 for not at all.
pub(super) fn target_strength(name: &str) -> u32 {
    const KNOWN: [&str; 20] = [
        "churn",
        "churned",
        "ischurn",
        "churnlabel",
        "churnflag",
        "churnvalue",
        "exited",
        "left",
        "attrition",
        "attritionflag",
        "cancelled",
        "canceled",
        "iscancelled",
        "departed",
        "closed",
        "leave",
        "target",
        "label",
        "outcome",
        "y",
    ];
    let squeezed = squeezed(name);
    if let Some(rank) = KNOWN.iter().position(|known| *known == squeezed) {
        return 100 - u32::try_from(rank).unwrap_or(0);
    }
    let hints = ["churn", "attrit", "cancel", "exited", "departed", "target"];
    if hints.iter().any(|hint| squeezed.contains(hint)) {
        50
    } else {
        0
    }
}

/// Whether the level says "left".
pub(super) fn is_positive(level: &str) -> bool {
    const KNOWN: [&str; 20] = [
        "yes",
        "y",
        "1",
        "1.0",
        "true",
        "t",
        "left",
        "exited",
        "churn",
        "churned",
        "cancelled",
        "canceled",
        "closed",
        "attrited",
        "attritedcustomer",
        "departed",
        "gone",
        "inactive",
        "leave",
        "lost",
    ];
    let plain: String = level
        .chars()
        .filter(|c| !c.is_whitespace())
        .flat_map(char::to_lowercase)
        .collect();
    KNOWN.contains(&plain.as_str())
}

/// Whether groups by this column should be compared for fairness.
pub(super) fn is_protected(name: &str) -> bool {
    const WORDS: [&str; 13] = [
        "gender",
        "sex",
        "age",
        "senior",
        "race",
        "ethnicity",
        "ethnic",
        "religion",
        "marital",
        "nationality",
        "disability",
        "disabled",
        "birth",
    ];
    words(name)
        .iter()
        .any(|word| WORDS.contains(&word.as_str()))
}

/// How strongly the name says "monthly revenue": 0 for not at all.
pub(super) fn revenue_strength(name: &str) -> usize {
    const KNOWN: [&str; 9] = [
        "mrr",
        "monthlycharges",
        "monthlyrevenue",
        "monthlycharge",
        "monthlyfee",
        "arpu",
        "subscriptionfee",
        "avgmonthlyrevenue",
        "revenue",
    ];
    let squeezed = squeezed(name);
    KNOWN
        .iter()
        .position(|known| *known == squeezed)
        .map_or(0, |rank| KNOWN.len() - rank)
}

/// Whether the column may have been filled because the customer was leaving.
pub(super) fn knows_the_future(name: &str) -> bool {
    const WORDS: [&str; 11] = [
        "retention",
        "churn",
        "churned",
        "cancel",
        "cancelled",
        "cancellation",
        "exit",
        "winback",
        "termination",
        "attrition",
        "leaving",
    ];
    words(name)
        .iter()
        .any(|word| WORDS.contains(&word.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_follow_case_and_separators() {
        assert_eq!(words("AgeHH1"), ["age", "hh1"]);
        assert_eq!(words("customerID"), ["customer", "id"]);
        assert_eq!(words("is_churn-flag"), ["is", "churn", "flag"]);
        assert_eq!(label("MonthlyCharges").as_deref(), Some("monthly charges"));
    }

    #[test]
    fn usage_is_no_age_and_paid_is_no_identifier_by_word() {
        assert!(is_protected("AgeHH1") && is_protected("SeniorCitizen"));
        assert!(!is_protected("UsageMinutes") && !is_protected("average_bill"));
        assert!(is_id("CustomerId") && is_id("customer_id") && !is_id("tenure"));
        assert!(target_strength("Churn") > target_strength("target"));
        assert_eq!(target_strength("tenure"), 0);
    }
}
