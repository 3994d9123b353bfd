//! The playbook in `config/` fits the specification in `data/`.

use churn_retention::{Customer, Playbook, Value};
use churn_schema::DatasetSpec;

fn load() -> Playbook {
    let spec =
        DatasetSpec::from_yaml(include_str!("../../../../data/telco.yaml"), "telco.yaml").unwrap();
    Playbook::from_yaml(
        include_str!("../../../../config/playbook.yaml"),
        "playbook.yaml",
        &spec,
    )
    .unwrap()
}

const RISKY: [(&str, Value<'_>); 8] = [
    ("tenure", Value::Number(3.0)),
    ("MonthlyCharges", Value::Number(85.7)),
    ("Contract", Value::Text("Month-to-month")),
    ("TechSupport", Value::Text("No")),
    ("OnlineSecurity", Value::Text("No")),
    ("OnlineBackup", Value::Text("No")),
    ("InternetService", Value::Text("Fiber optic")),
    ("PaymentMethod", Value::Text("Electronic check")),
];

fn first_offer(reasons: &[&str]) -> String {
    let customer = Customer {
        values: &RISKY,
        probability: 0.8,
        monthly_revenue: Some(85.7),
        reasons,
    };
    load().recommend(&customer)[0].offer_id.clone()
}

#[test]
fn different_drivers_bring_different_offers() {
    let by_contract = first_offer(&["Contract"]);
    let by_support = first_offer(&["TechSupport"]);
    let by_payment = first_offer(&["PaymentMethod"]);
    assert_eq!(by_support, "tech-support-trial");
    assert_eq!(by_payment, "automatic-payment-credit");
    assert_eq!(by_contract, "annual-discount");
}

#[test]
fn a_content_customer_is_left_alone() {
    let customer = Customer {
        values: &RISKY,
        probability: 0.04,
        monthly_revenue: Some(20.0),
        reasons: &[],
    };
    assert_eq!(load().recommend(&customer), []);
}

#[test]
fn every_assumption_can_be_shown() {
    let playbook = load();
    let assumptions = playbook.assumptions();
    assert!(!assumptions.is_generic);
    assert!(assumptions.value.margin_and_horizon.is_some());
    assert_eq!(assumptions.offers.len(), 7);
    assert!(
        assumptions
            .offers
            .iter()
            .all(|offer| offer.save_rate.source.starts_with("assumption"))
    );
}
