//! What offers change: read, checked against the specification, and told for whom they are.

use churn_retention::{Change, ChangeTo, Playbook};
use churn_schema::{Actionable, DatasetSpec};

use crate::telco::{customer, spec};

fn actionable() -> DatasetSpec {
    let mut spec = spec();
    for column in &mut spec.columns {
        column.actionable = match column.name.as_str() {
            "Contract" => Actionable::To(vec!["One year".to_owned()]),
            "MonthlyCharges" => Actionable::Any(true),
            _ => Actionable::default(),
        };
    }
    spec
}

fn offer(id: &str, rules: &str) -> String {
    format!(
        "  - id: {id}\n    title: Call\n    kind: call\n    cost: {{fixed: 900}}\n    \
         save_rate: {{value: 0.2, source: assumption}}\n    {rules}\n"
    )
}

#[test]
fn changes_are_read_and_asked_for_whether_they_pay_or_not() {
    let text = format!(
        "offers:\n{}{}{}",
        offer(
            "a",
            "eligible: 'true'\n    changes: {Contract: [One year], MonthlyCharges: -10%}"
        ),
        offer(
            "b",
            "eligible: tenure > 12\n    changes: {MonthlyCharges: 50}"
        ),
        offer("c", "eligible: 'true'"),
    )
    .replace("'true'", "true == true");
    let playbook = Playbook::from_yaml(&text, "playbook.yaml", &actionable()).unwrap();
    let customer = customer();
    assert!(
        playbook.recommend(&customer).is_empty(),
        "none is worth 900"
    );
    let found = playbook.adviser().eligible_changes(&customer);
    let ids: Vec<&str> = found.iter().map(|offer| offer.id.as_str()).collect();
    assert_eq!(ids, ["a"], "b is not for them, c changes nothing");
    let change = |column: &str, to| Change {
        column: column.to_owned(),
        to: vec![to],
    };
    let expected = [
        change("Contract", ChangeTo::Level("One year".to_owned())),
        change("MonthlyCharges", ChangeTo::Percent(-10.0)),
    ];
    assert_eq!(found[0].changes, expected);
    assert_eq!(expected[1].to[0].number(70.35), Some(63.32));
}

#[test]
fn changes_that_are_not_ours_to_make_are_refused() {
    #[track_caller]
    fn check(changes: &str, expected: &str) {
        let text = format!(
            "offers:\n{}",
            offer(
                "a",
                &format!("eligible: tenure > 1\n    changes: {changes}")
            )
        );
        let fault = Playbook::from_yaml(&text, "p.yaml", &actionable()).unwrap_err();
        assert_eq!(
            fault.to_string(),
            format!("p.yaml:8: offers[0].changes{expected}")
        );
    }
    check(
        "[Contract]",
        ": expected columns and the values the offer brings, such as Contract: [One year]; found a list",
    );
    check(
        "{Contrat: One year}",
        ".Contrat: there is no column \"Contrat\"; did you mean \"Contract\"?",
    );
    check(
        "{TechSupport: \"Yes\"}",
        ".TechSupport: the specification does not say that TechSupport is ours to change; give the column `actionable`",
    );
    check(
        "{Contract: Two year}",
        ".Contract: the specification does not say that we can bring Contract to \"Two year\"; add it to `actionable`",
    );
    check(
        "{Contract: Three year}",
        ".Contract: \"Three year\" is no level of Contract; levels are Month-to-month, One year, Two year",
    );
    check(
        "{Contract: []}",
        ".Contract: expected one value or more, found an empty list",
    );
    check(
        "{MonthlyCharges: cheap}",
        ".MonthlyCharges: expected a number or a change such as -15%; found \"cheap\"",
    );
}
