//! What holds for every customer.

use churn_retention::{Customer, Playbook, Value};
use proptest::prelude::*;

use crate::telco::spec;

const PLAYBOOK: &str = "
offers:
  - id: a
    title: A
    kind: call
    cost: {fixed: 4}
    eligible: tenure < 40
    save_rate: {value: 0.07, source: assumption}
  - id: b
    title: B
    kind: discount
    cost: {fixed: 1, per_month: 12.5%, months: 2}
    eligible: probability > 0.2
    save_rate: {value: 0.125, source: assumption}
    exclusive_group: price
  - id: c
    title: C
    kind: upgrade
    cost: {per_month: 3.33, months: 3}
    eligible: true
    save_rate: {value: 0.1, source: assumption}
    exclusive_group: price
";

/// Works the printed arithmetic out again, in whole minor units.
fn repeat_by_hand(arithmetic: &str) -> (f64, f64) {
    let (product, result) = arithmetic.split_once(" = ").unwrap();
    let (factors, cost) = product.rsplit_once(" - ").unwrap();
    let gain: f64 = factors
        .split(" x ")
        .map(|factor| factor.parse::<f64>().unwrap())
        .product();
    let stated: f64 = result.split_once(' ').unwrap().0.parse().unwrap();
    (gain - cost.parse::<f64>().unwrap(), stated)
}

proptest! {
    #[test]
    fn recommendations_pay_are_ordered_and_can_be_checked_by_hand(
        probability in 0.0_f64..=1.0, revenue in 0.0_f64..500.0, tenure in 0.0_f64..72.0,
    ) {
        let playbook = Playbook::from_yaml(PLAYBOOK, "playbook.yaml", &spec()).unwrap();
        let values = [("tenure", Value::Number(tenure))];
        let customer = Customer { values: &values, probability, monthly_revenue: Some(revenue), reasons: &[] };
        let advice = playbook.advise(&customer);
        prop_assert!(advice.faults.is_empty());
        let offers = &advice.recommendations;
        prop_assert!(offers.iter().filter(|offer| offer.offer_id != "a").count() <= 1, "one per group");
        prop_assert!(offers.windows(2).all(|pair| pair[0].expected_value.minor_units >= pair[1].expected_value.minor_units));
        for offer in offers {
            prop_assert!(offer.expected_value.minor_units > 0);
            let (by_hand, stated) = repeat_by_hand(&offer.arithmetic);
            prop_assert!((by_hand - stated).abs() <= 0.005 + 1e-9, "{}", offer.arithmetic);
            prop_assert!((probability - offer.arithmetic.split(' ').next().unwrap().parse::<f64>().unwrap()).abs() <= 5e-5 + 1e-12);
        }
        prop_assert_eq!(&playbook.advise(&customer), &advice, "same in, same out");
    }
}
