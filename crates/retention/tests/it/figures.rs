//! Sums over a list, beside their inputs.

use churn_retention::{
    Contacted, Customer, EfficiencyTally, Error, Recommendation, SavingTally, compute_efficiency,
    compute_rough_saving, compute_saving,
};
use churn_schema::{Currency, Money};

use crate::telco::{customer, playbook_of_one};

fn recommend(probability: f64) -> Recommendation {
    let playbook = playbook_of_one("eligible: true");
    playbook
        .recommend(&Customer {
            probability,
            ..customer()
        })
        .remove(0)
}

#[test]
fn a_list_saves_the_sum_of_its_expected_values() {
    let (strong, weak) = (recommend(0.78), recommend(0.5));
    let contacts = [strong.contact(0.78), weak.contact(0.5)];
    let saving = compute_saving(contacts, Currency::USD).unwrap();
    // (0.78 + 0.5) x 0.2 x 253.26 = 64.83, less 2 x 15
    assert_eq!(
        saving.statement,
        "2 contacts, 1.3 of them expected to leave, 0.3 of those kept at the stated save rates: \
         worth 64.83 USD, cost 30.00 USD, net 34.83 USD"
    );
    assert_eq!(saving.by_offer.len(), 1);
    assert_eq!(saving.by_offer[0].net, saving.net);
    assert!((saving.expected_leavers - 1.28).abs() < 1e-12);
    let parts = strong.expected_value.minor_units + weak.expected_value.minor_units;
    assert!((saving.net.minor_units - parts).abs() <= 1, "rounding only");
}

#[test]
fn an_empty_list_saves_nothing() {
    let saving = compute_saving([], Currency::USD).unwrap();
    assert_eq!((saving.n_contacts, saving.net.minor_units), (0, 0));
    assert!(saving.by_offer.is_empty());
}

#[test]
fn currencies_never_mix() {
    let offer = recommend(0.78);
    let contacts = [offer.contact(0.78)];
    let error = compute_saving(contacts, "EUR".parse().unwrap()).unwrap_err();
    assert!(matches!(error, Error::MixedCurrency { .. }), "{error}");
}

#[test]
fn the_brief_s_annual_saving_follows_from_its_inputs() {
    let value = Money::from_major(500.0, Currency::USD).unwrap();
    let telco = compute_rough_saving(1869, 0.1, value).unwrap();
    assert_eq!(
        telco.arithmetic,
        "1869 leavers x 0.1 x 500.00 USD = 93450.00 USD"
    );
    let brief = compute_rough_saving(24_000, 0.1, value).unwrap();
    assert_eq!(brief.saving.to_string(), "1200000.00 USD");
    assert!(compute_rough_saving(10, 1.5, value).is_err());
}

#[test]
fn tallies_of_parts_join_to_the_whole() {
    let offers: Vec<(f64, Recommendation)> = [0.9, 0.78, 0.5, 0.4]
        .into_iter()
        .map(|probability| (probability, recommend(probability)))
        .collect();
    let contacts = || {
        offers
            .iter()
            .map(|(probability, recommendation)| recommendation.contact(*probability))
    };
    let whole = compute_saving(contacts(), Currency::USD).unwrap();
    let (mut first, mut second) = (SavingTally::default(), SavingTally::default());
    for (contact_idx, contact) in contacts().enumerate() {
        let part = if contact_idx < 2 {
            &mut first
        } else {
            &mut second
        };
        part.add(&contact, Currency::USD).unwrap();
    }
    first.join(&second);
    let joined = first.finish(Currency::USD).unwrap();
    assert_eq!(
        (joined.n_contacts, joined.net),
        (whole.n_contacts, whole.net)
    );
    assert_eq!(joined.by_offer[0].gross, whole.by_offer[0].gross);
    assert!((joined.expected_saved - whole.expected_saved).abs() < 1e-12);

    let base = [
        (0.9, Contacted::Yes),
        (0.1, Contacted::No),
        (0.6, Contacted::Yes),
    ];
    let mut parts = EfficiencyTally::default();
    for (probability, contacted) in base {
        let mut part = EfficiencyTally::default();
        part.add(probability, contacted).unwrap();
        parts.join(&part);
    }
    let (joined, whole) = (parts.finish(), compute_efficiency(base).unwrap());
    assert_eq!((joined.n_contacts, joined.n_customers), (2, 3));
    assert_eq!(joined.statement, whole.statement);
}
