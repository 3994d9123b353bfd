//! Everything wrong with a playbook is told at once, each with its line.

use churn_retention::{Error, Playbook};

use crate::telco::spec;

fn message(text: &str) -> String {
    Playbook::from_yaml(text, "playbook.yaml", &spec())
        .unwrap_err()
        .to_string()
}

/// The message for one offer whose `field` line is replaced.
#[track_caller]
fn check_rule(rule: &str, expected: &str) {
    let text = format!(
        "offers:\n  - id: call\n    title: Call\n    kind: call\n    cost: {{fixed: 15}}\n    \
         save_rate: {{value: 0.2, source: assumption}}\n    {rule}\n"
    );
    assert_eq!(
        message(&text),
        format!("playbook.yaml:7: offers[0].{expected}")
    );
}

#[test]
fn all_faults_come_together_in_the_order_of_the_file() {
    let text = "dataset: bank
currency: EUR
colour: blue
risk: {medium: 0.7, high: 0.6}
offers:
  - id: call
    title: Call
    kind: call
    cost: {fixed: -3, per_moth: 2}
    eligible: tenur < 12
    save_rate: {value: 1.5, source: ''}
  - id: mail
    title: Mail
    cost: {per_month: much, months: 2.5}
    eligible: tenure
    priority: Contract
    save_rate: {value: 0.1, source: assumption}
  - id: call
    title: Again
    kind: call
    cost: {per_month: 2}
    eligible: 'Contract == \"Month to month\" &&'
    save_rate: 0.1
";
    insta::assert_snapshot!(message(text), @r#"
    playbook.yaml:1: dataset: written for "bank" but the data set is "telco"; use a playbook of its own or the generic one
    playbook.yaml:2: currency: EUR but the data set counts in USD; convert the playbook's amounts
    playbook.yaml:3: unknown key "colour"; known keys are dataset, currency, defaults, risk, offers, description
    playbook.yaml:4: risk: medium (0.7) must not be above high (0.6)
    playbook.yaml:9: offers[0].cost: unknown key "per_moth"; did you mean "per_month"?
    playbook.yaml:9: offers[0].cost.fixed: expected a number of at least 0, found -3
    playbook.yaml:10: offers[0].eligible: unknown column "tenur"; did you mean "tenure"?
    playbook.yaml:11: offers[0].save_rate.source: expected words that say where the number comes from, as text; found ""
    playbook.yaml:11: offers[0].save_rate.value: expected a share from 0 to 1 (0.2 means 20 %), found 1.5
    playbook.yaml:12: offers[1].kind: missing; expected discount, email, upgrade, call or another sort of action
    playbook.yaml:14: offers[1].cost.months: expected a whole number of months from 1 to 1200, found 2.5
    playbook.yaml:14: offers[1].cost.per_month: expected an amount of at least 0, or a share of the monthly revenue such as 15%; found "much"
    playbook.yaml:15: offers[1].eligible: must give true or false, gives a number
    playbook.yaml:16: offers[1].priority: must give a number, gives text
    playbook.yaml:18: offers[2].id: "call" is the id of an earlier offer; ids must be unique
    playbook.yaml:21: offers[2].cost: per_month and months go together; give both or neither
    playbook.yaml:22: offers[2].eligible: not a CEL expression, at line 1, column 32 of "Contract == \"Month to month\" &&": Syntax error: mismatched input '<EOF>'
    playbook.yaml:23: offers[2].save_rate: expected a map with the keys value, source; found 0.1
    "#);
}

#[test]
fn duplicate_ids_are_told() {
    let offer = "
  - id: call
    title: Call
    kind: call
    cost: {fixed: 15}
    eligible: true
    save_rate: {value: 0.2, source: assumption}";
    assert_eq!(
        message(&format!("offers:{offer}{offer}\n")),
        "playbook.yaml:8: offers[1].id: \"call\" is the id of an earlier offer; ids must be unique"
    );
}

#[test]
fn unknown_columns_get_the_nearest_name() {
    check_rule(
        "eligible: tenur < 12",
        "eligible: unknown column \"tenur\"; did you mean \"tenure\"?",
    );
    check_rule(
        "eligible: 'row[\"sales agent\"] == \"x\"'",
        "eligible: unknown column \"sales agent\"; did you mean \"sales.agent\"?",
    );
    check_rule(
        "eligible: probabilty > 0.5",
        "eligible: unknown column \"probabilty\"; did you mean \"probability\"?",
    );
    check_rule(
        "eligible: '\"TechSuport\" in reasons'",
        "eligible: reasons hold column names: unknown column \"TechSuport\"; did you mean \"TechSupport\"?",
    );
}

#[test]
fn the_target_is_not_for_rules() {
    check_rule(
        "eligible: 'Churn == \"Yes\"'",
        "eligible: column \"Churn\" can't be used: it is the target, which nobody knows when offers are made",
    );
}

#[test]
fn wrong_types_are_told_before_any_customer_is_seen() {
    check_rule(
        "eligible: tenure + 1",
        "eligible: must give true or false, gives a number",
    );
    check_rule(
        "eligible: 'Contract < 3'",
        "eligible: compares text with a number; put quotes around text and none around numbers",
    );
    check_rule(
        "eligible: 'tenure == \"3\"'",
        "eligible: compares a number with text; put quotes around text and none around numbers",
    );
    check_rule(
        "eligible: 'tenure && true'",
        "eligible: both sides of &&, || and the operand of ! takes true or false, found a number",
    );
    check_rule(
        "eligible: 'startWith(Contract)'",
        "eligible: unknown function \"startWith\"; did you mean \"startsWith\"?",
    );
    check_rule(
        "eligible: 'row[Contract] == \"x\"'",
        "eligible: row takes a column name in quotes, as in row[\"column name\"]",
    );
}

#[test]
fn a_text_that_is_no_level_is_told() {
    check_rule(
        "eligible: 'Contract == \"Month to month\"'",
        "eligible: column \"Contract\" never is \"Month to month\"; did you mean \"Month-to-month\"?",
    );
    check_rule(
        "eligible: 'Contract in [\"One year\", \"Two yaer\"]'",
        "eligible: column \"Contract\" never is \"Two yaer\"; did you mean \"Two year\"?",
    );
}

#[test]
fn text_that_is_not_yaml_is_told_with_its_line() {
    let error = Playbook::from_yaml("offers:\n  - id: [\n", "playbook.yaml", &spec()).unwrap_err();
    assert!(matches!(error, Error::Syntax { .. }), "{error}");
    assert!(error.to_string().starts_with("playbook.yaml:"), "{error}");
}

#[test]
fn a_data_set_without_revenue_needs_a_stated_value() {
    let mut bare = churn_schema::DatasetSpec::new("telco");
    bare.columns = spec()
        .columns
        .into_iter()
        .filter(|column| column.name != "MonthlyCharges")
        .collect();
    let error = Playbook::from_yaml("offers: []\n", "playbook.yaml", &bare).unwrap_err();
    assert!(
        error
            .to_string()
            .contains("defaults.customer_value: missing"),
        "{error}"
    );
    Playbook::from_yaml(
        "defaults: {customer_value: 500}\noffers: []\n",
        "playbook.yaml",
        &bare,
    )
    .unwrap();
}
