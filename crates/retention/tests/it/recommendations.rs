//! Who gets what.

use churn_retention::{Customer, FaultPart, FaultTally, Playbook, Value};

use crate::telco::{ROW, customer, customer_of, playbook_of_one, spec};

#[track_caller]
fn check_eligible(rule: &str, expected: bool) {
    let advice = playbook_of_one(&format!("eligible: '{rule}'")).advise(&customer());
    assert_eq!(advice.faults, [], "{rule}");
    assert_eq!(!advice.recommendations.is_empty(), expected, "{rule}");
}

#[test]
fn arithmetic_is_printed_and_right() {
    let playbook = playbook_of_one("eligible: true");
    let offers = playbook.recommend(&customer());
    assert_eq!(offers.len(), 1);
    assert_eq!(
        offers[0].arithmetic,
        "0.78 x 0.20 x 253.26 - 15.00 = 24.51 USD"
    );
    assert_eq!(offers[0].expected_value.minor_units, 2451);
    assert_eq!(
        playbook.value_inputs().words(Some(70.35)),
        "70.35 a month x margin 0.3 x 12 months = 253.26 USD"
    );
}

#[test]
fn rules_read_columns_levels_reasons_and_money() {
    for (rule, expected) in [
        ("tenure < 12", true),
        ("tenure * 2 + 1 >= 7", true),
        ("1 / 2 > 0.4", true),
        ("size(reasons) * 10.5 == 21.0", true),
        ("-tenure > -4", true),
        ("Contract == \"Month-to-month\"", true),
        ("Contract in [\"One year\", \"Two year\"]", false),
        ("\"tenure\" in reasons", true),
        ("\"TechSupport\" in reasons", false),
        ("reasons[0] == \"Contract\"", true),
        ("reasons.exists(name, name.startsWith(\"ten\"))", true),
        ("reasons.all(name, name == \"Contract\")", false),
        (
            "probability > 0.7 && monthly_revenue < 80.0 && value > 200",
            true,
        ),
        ("row[\"sales.agent\"] == null", true),
        ("row[\"tenure\"] == tenure && row.tenure == 3", true),
        ("tenure < 6 ? TechSupport == \"No\" : false", true),
        ("!(tenure > 6 || TechSupport == \"Yes\")", true),
        ("TechSupport.contains(\"o\")", true),
    ] {
        check_eligible(rule, expected);
    }
}

#[test]
fn an_offer_that_costs_more_than_it_brings_is_not_recommended() {
    let playbook = playbook_of_one("eligible: true");
    // 0.2962 x 0.2 x 253.26 is 15.003: one tenth of a cent more than it costs.
    let unlikely = Customer {
        probability: 0.2961,
        ..customer()
    };
    assert!(playbook.recommend(&unlikely).is_empty());
    let likely = Customer {
        probability: 0.2964,
        ..customer()
    };
    assert_eq!(playbook.recommend(&likely).len(), 1);
}

#[test]
fn a_rule_that_fails_on_a_row_leaves_the_offer_out_and_is_counted() {
    let playbook = playbook_of_one("eligible: 'tenure < 12'");
    let row = [("tenure", Value::Missing)];
    let advice = playbook.advise(&customer_of(&row));
    assert!(advice.recommendations.is_empty());
    assert_eq!(advice.faults[0].offer_id, "call");
    assert_eq!(advice.faults[0].part, FaultPart::Eligible);
    assert!(
        advice.faults[0].message.contains("missing"),
        "{}",
        advice.faults[0].message
    );

    let mut tally = FaultTally::default();
    tally.add(&advice.faults);
    let mut block = FaultTally::default();
    block.add(&advice.faults);
    tally.merge(&block);
    assert_eq!(tally.lines().len(), 1);
    assert_eq!(tally.lines()[0].n_customers, 2);

    let guarded = playbook_of_one("eligible: 'tenure == null || tenure < 12'");
    assert_eq!(guarded.advise(&customer_of(&row)).recommendations.len(), 1);
}

#[test]
fn a_number_that_is_nan_is_missing() {
    let playbook = playbook_of_one("eligible: 'tenure == null'");
    assert_eq!(
        playbook
            .recommend(&customer_of(&[("tenure", Value::Number(f64::NAN))]))
            .len(),
        1
    );
}

#[test]
fn bad_probabilities_and_unknown_values_are_faults_not_numbers() {
    let playbook = playbook_of_one("eligible: true");
    for probability in [f64::NAN, -0.1, 1.1] {
        let advice = playbook.advise(&Customer {
            probability,
            ..customer()
        });
        assert!(advice.recommendations.is_empty());
        assert_eq!(advice.faults[0].part, FaultPart::Probability);
    }
    let advice = playbook.advise(&Customer {
        monthly_revenue: None,
        ..customer()
    });
    assert!(advice.recommendations.is_empty());
    assert_eq!(advice.faults[0].part, FaultPart::Value);
}

const THREE_OFFERS: &str = "
defaults: {monthly_revenue: 50}
offers:
  - id: cheap
    title: E-mail
    kind: email
    cost: {fixed: 1}
    eligible: true
    save_rate: {value: 0.03, source: assumption}
  - id: discount
    title: Discount
    kind: discount
    cost: {fixed: 1, per_month: 15%, months: 3}
    eligible: true
    save_rate: {value: 0.3, source: assumption}
    exclusive_group: price
  - id: upgrade
    title: Upgrade
    kind: upgrade
    cost: {per_month: 2.5, months: 4}
    eligible: true
    priority: PRIORITY
    save_rate: {value: 0.2, source: assumption}
    exclusive_group: price
";

fn ids(priority: &str, customer: &Customer<'_>) -> Vec<String> {
    let text = THREE_OFFERS.replace("PRIORITY", priority);
    let playbook = Playbook::from_yaml(&text, "playbook.yaml", &spec()).unwrap();
    playbook
        .recommend(customer)
        .into_iter()
        .map(|offer| offer.offer_id)
        .collect()
}

#[test]
fn the_best_of_a_group_stays_and_priority_can_turn_the_order() {
    // discount: 0.78 x 0.3 x 253.26 - 32.66 = 26.60; upgrade: 0.78 x 0.2 x 253.26 - 10 = 29.51
    assert_eq!(ids("expected_value", &customer()), ["upgrade", "cheap"]);
    assert_eq!(
        ids("expected_value - cost", &customer()),
        ["discount", "cheap"]
    );
    assert_eq!(
        ids("'tenure < 6 ? 0.5 : 1000.0'", &customer()),
        ["discount", "cheap"]
    );
    let old = [("tenure", Value::Number(60.0))];
    assert_eq!(
        ids("'tenure < 6 ? 0.5 : 1000.0'", &customer_of(&old)),
        ["upgrade", "cheap"]
    );
}

#[test]
fn a_default_revenue_stands_in_for_a_missing_one() {
    let text = THREE_OFFERS.replace("PRIORITY", "expected_value");
    let playbook = Playbook::from_yaml(&text, "playbook.yaml", &spec()).unwrap();
    let offers = playbook.recommend(&Customer {
        monthly_revenue: None,
        ..customer()
    });
    assert_eq!(offers[0].value.to_string(), "180.00 USD");
    assert!(
        playbook
            .value_inputs()
            .words(None)
            .contains("the playbook's default")
    );
}

#[test]
fn columns_are_asked_for_only_when_a_rule_reads_them() {
    struct Counting(std::sync::Mutex<Vec<String>>);
    impl churn_retention::CustomerValues for Counting {
        fn value(&self, column: &str) -> Option<Value<'_>> {
            self.0.lock().unwrap().push(column.to_owned());
            ROW.iter()
                .find(|(name, _)| *name == column)
                .map(|(_, value)| *value)
        }
    }
    let playbook = playbook_of_one("eligible: 'tenure > 1 && tenure < 12'");
    let values = Counting(std::sync::Mutex::default());
    assert_eq!(playbook.recommend(&customer_of(&values)).len(), 1);
    assert_eq!(
        *values.0.lock().unwrap(),
        ["tenure"],
        "once, and nothing else"
    );
}

#[test]
fn the_generic_playbook_fits_a_data_set_without_money() {
    let mut bare = churn_schema::DatasetSpec::new("bank");
    bare.columns = spec().columns;
    let playbook = Playbook::generic(&bare).unwrap();
    assert!(playbook.is_generic());
    let offers = playbook.recommend(&Customer {
        monthly_revenue: None,
        ..customer()
    });
    assert!(
        offers
            .iter()
            .any(|offer| offer.offer_id == "retention-call")
    );
    assert_eq!(
        offers[0].value.to_string(),
        "500.00",
        "no currency is invented"
    );
    assert!(
        playbook
            .assumptions()
            .offers
            .iter()
            .all(|offer| offer.save_rate.source.contains("assumption"))
    );
    let quiet = Customer {
        probability: 0.05,
        ..customer()
    };
    assert!(playbook.recommend(&quiet).is_empty(), "do nothing");
}
