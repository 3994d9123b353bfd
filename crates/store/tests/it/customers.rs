//! Customers and the log of predictions, on both databases.

use churn_store::tables::audit::{self, AuditEntry, AuditFilter};
use churn_store::tables::customers::{self, Customer, CustomerFilter, CustomerOrder};
use churn_store::tables::predictions::{self, Prediction, PredictionFilter};
use churn_store::{Database, Timestamp};
use churn_testkit::TestDatabase;

fn at(second: u32) -> Timestamp {
    Timestamp::new(
        format!("2026-01-31T08:15:{second:02}.123456789Z")
            .parse()
            .unwrap(),
    )
}

fn each(check: impl Fn(&Database)) {
    for test in TestDatabase::each() {
        check(&Database::open(test.url(), 2).unwrap());
    }
}

fn customer(key: &str, probability: f64) -> Customer {
    Customer {
        dataset: "telco".to_owned(),
        key: key.to_owned(),
        record: r#"{"tenure":3}"#.to_owned(),
        probability,
        risk_level: if probability > 0.5 { "HIGH" } else { "LOW" }.to_owned(),
        model_version: "v1.0.0".to_owned(),
        scored_at: at(1),
    }
}

#[test]
fn customers_are_replaced_and_paged_in_every_order() {
    each(|database| {
        // Upper before lower case before others: bytes decide, whatever the server's language.
        let rows = [
            customer("b-2", 0.9),
            customer("B-1", 0.9),
            customer("b-1", 0.1),
            customer("é", 0.5),
            customer("c%", 0.7),
        ];
        database
            .transaction(|c| customers::upsert(c, &rows))
            .unwrap();
        database
            .transaction(|c| customers::upsert(c, &[customer("b-1", 0.2)]))
            .unwrap();
        let found = database.read(|c| customers::find(c, "telco", "b-1"));
        assert_eq!(found.unwrap(), Some(customer("b-1", 0.2)));
        let found = database.read(|c| customers::find(c, "bank", "b-1"));
        assert_eq!(found.unwrap(), None);

        let page = |filter: &CustomerFilter<'_>, order, limit| -> Vec<String> {
            let rows = database.read(|c| customers::list(c, "telco", filter, order, limit));
            rows.unwrap().into_iter().map(|row| row.key).collect()
        };
        let all = CustomerFilter::default();
        for (order, expected) in [
            (CustomerOrder::MostLikely, ["B-1", "b-2", "c%", "é", "b-1"]),
            (CustomerOrder::LeastLikely, ["b-1", "é", "c%", "B-1", "b-2"]),
            (CustomerOrder::Key, ["B-1", "b-1", "b-2", "c%", "é"]),
        ] {
            assert_eq!(page(&all, order, 9), expected);
            let mut paged: Vec<String> = Vec::new();
            while paged.len() < expected.len() {
                let last = paged.last().cloned();
                let after = last.as_ref().map(|key| {
                    let row = database.read(|c| customers::find(c, "telco", key)).unwrap();
                    (row.unwrap().probability, key.as_str())
                });
                let next = page(&CustomerFilter { after, ..all }, order, 2);
                assert!(!next.is_empty() && next.len() <= 2);
                paged.extend(next);
            }
            assert_eq!(paged, expected, "no customer twice, none left out");
        }
        let prefix = |text| CustomerFilter {
            key_prefix: Some(text),
            ..all
        };
        assert_eq!(page(&prefix("b-"), CustomerOrder::Key, 9), ["b-1", "b-2"]);
        assert_eq!(page(&prefix("c%"), CustomerOrder::Key, 9), ["c%"]);
        assert_eq!(page(&prefix("%"), CustomerOrder::Key, 9), [""; 0]);
        let high = CustomerFilter {
            risk_level: Some("HIGH"),
            ..all
        };
        assert_eq!(
            database
                .read(|c| customers::count(c, "telco", &high))
                .unwrap(),
            3
        );
        assert_eq!(
            database
                .read(|c| customers::count(c, "telco", &all))
                .unwrap(),
            5
        );
        let wrong = database.transaction(|c| customers::upsert(c, &[customer("x", 1.5)]));
        assert!(wrong.unwrap_err().to_string().contains("writing customers"));
    });
}

fn prediction(id: &str, second: u32) -> Prediction {
    Prediction {
        id: id.to_owned(),
        at: at(second),
        dataset: "telco".to_owned(),
        customer_key: format!("customer {}", second % 2),
        model_version: "v1.0.0".to_owned(),
        probability: 0.25,
        risk_level: "LOW".to_owned(),
        source: "api".to_owned(),
        asked_by: None,
        record: "{}".to_owned(),
        answer: "{}".to_owned(),
    }
}

#[test]
fn predictions_written_twice_count_once_and_pages_do_not_overlap() {
    each(|database| {
        // More than one statement's worth.
        let many: Vec<Prediction> = (0..2500)
            .map(|i| prediction(&format!("job:{i:05}"), i / 100))
            .collect();
        for _ in 0..2 {
            database
                .transaction(|c| predictions::insert(c, &many))
                .unwrap();
        }
        let all = PredictionFilter::default();
        assert_eq!(
            database.read(|c| predictions::count(c, &all)).unwrap(),
            2500
        );
        let odd = PredictionFilter {
            dataset: Some("telco"),
            customer_key: Some("customer 1"),
            model_version: Some("v1.0.0"),
            since: Some(at(11)),
            ..all
        };
        assert_eq!(database.read(|c| predictions::count(c, &odd)).unwrap(), 700);

        let mut seen: Vec<Prediction> = Vec::new();
        loop {
            let last = seen.last().cloned();
            let before = last.as_ref().map(|row| (row.at, row.id.as_str()));
            let filter = PredictionFilter { before, ..all };
            let page = database
                .read(|c| predictions::list(c, &filter, 999))
                .unwrap();
            if page.is_empty() {
                break;
            }
            seen.extend(page);
        }
        seen.reverse();
        assert_eq!(seen, many);

        let bad = Prediction {
            probability: f64::NAN,
            ..prediction("new", 1)
        };
        let fault = database.transaction(|c| predictions::insert(c, &[bad]));
        assert!(fault.is_err(), "never dropped in silence");
    });
}

#[test]
fn the_audit_trail_is_filtered_and_paged() {
    each(|database| {
        for (id, second, who) in [("a", 1, "ada"), ("b", 2, "bob"), ("c", 2, "ada")] {
            let entry = AuditEntry {
                id: id.to_owned(),
                at: at(second),
                who: who.to_owned(),
                action: "users.add".to_owned(),
                subject: "eve".to_owned(),
                before: None,
                after: None,
            };
            database.transaction(|c| audit::insert(c, &entry)).unwrap();
        }
        let ids = |filter: &AuditFilter<'_>, limit| -> String {
            let rows = database.read(|c| audit::list(c, filter, limit)).unwrap();
            rows.into_iter().map(|row| row.id).collect()
        };
        let all = AuditFilter::default();
        assert_eq!(ids(&all, 2), "cb");
        let rest = AuditFilter {
            before: Some((at(2), "b")),
            ..all
        };
        assert_eq!(ids(&rest, 2), "a");
        let of_ada = AuditFilter {
            who: Some("ada"),
            action: Some("users.add"),
            subject: Some("eve"),
            ..all
        };
        assert_eq!(ids(&of_ada, 9), "ca");
    });
}
