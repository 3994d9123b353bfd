//! One plan for several readers: each finds its own matrix in the common one.

use churn_features::{CategoryEncoding, Encoding, Error, FittedPlan, PlanParams};

use crate::shop::{fitted, row, table};

fn native() -> PlanParams {
    PlanParams {
        categories: CategoryEncoding::Native,
        ..PlanParams::trees()
    }
}

#[test]
fn every_reader_finds_its_own_matrix() {
    let plans = [PlanParams::linear(), native(), PlanParams::trees()].map(fitted);
    let (union, places) = FittedPlan::union(&plans.each_ref()).unwrap();
    assert!(union.is_consistent());
    let customers = table(&[
        row(&[
            ("plan", "pro".into()),
            ("fee", 30.into()),
            ("paid", 90.into()),
        ]),
        row(&[("city", "Lima".into()), ("months", 4.into())]),
    ]);
    let common = union.transform(&customers).unwrap();
    for (plan, places) in plans.iter().zip(&places) {
        let own = plan.transform(&customers).unwrap();
        assert_eq!(places.len(), plan.n_columns());
        for number in 0..own.n_rows() {
            let found = places
                .iter()
                .map(|&place| common.row(number)[place as usize]);
            let found: Vec<u32> = found.map(f32::to_bits).collect();
            let expected: Vec<u32> = own.row(number).iter().map(|x| x.to_bits()).collect();
            assert_eq!(found, expected);
        }
        for (column, &place) in plan.columns.iter().zip(places) {
            assert_eq!(column.group, union.columns[place as usize].group);
        }
    }
    let names: std::collections::BTreeSet<&str> = union
        .columns
        .iter()
        .map(|column| column.name.as_str())
        .collect();
    assert_eq!(names.len(), union.n_columns(), "no name twice: {names:?}");
    let json = serde_json::to_string(&union).unwrap();
    assert_eq!(serde_json::from_str::<FittedPlan>(&json).unwrap(), union);
}

#[test]
fn what_readers_share_is_there_once() {
    let trees = fitted(PlanParams::trees());
    let (union, places) = FittedPlan::union(&[&trees, &trees]).unwrap();
    assert_eq!(union, trees);
    assert_eq!(places[0], places[1]);
    // Numbers are the same for both, categories are not.
    let native = fitted(native());
    let (union, _) = FittedPlan::union(&[&trees, &native]).unwrap();
    let n_levels = |plan: &FittedPlan| plan.columns.iter().filter(|c| c.categorical).count();
    assert_eq!(union.n_columns(), trees.n_columns() + n_levels(&native));
    assert_eq!(union.further_params, [native.params]);
}

#[test]
fn plans_of_other_features_and_unions_of_unions_are_refused() {
    let trees = fitted(PlanParams::trees());
    let mut other = trees.clone();
    other.spec_fingerprint.push('0');
    let (union, _) = FittedPlan::union(&[&trees, &fitted(native())]).unwrap();
    for plans in [vec![&trees, &other], vec![&trees, &union], vec![]] {
        let fault = FittedPlan::union(&plans).unwrap_err();
        assert!(matches!(fault, Error::Union { .. }), "{fault}");
    }
    let mut nested = union;
    let forms = vec![nested.features[0].encoding.clone(); 2];
    let width = nested.features[0].encoding.n_columns();
    nested.features[0].encoding = Encoding::Several { forms };
    let columns = nested.columns[..width].to_vec();
    nested.columns.splice(0..0, columns);
    assert!(!nested.is_consistent());
}
