//! Which number comes next, and how versions are found.

use churn_registry::{Error, Registry};

use crate::sample::{NEW, Recipe, SPEC, local, recipe};

#[track_caller]
fn check_next(registry: &Registry, recipe: &Recipe, expected: &str) {
    let version = registry.register(&recipe.model(), &NEW).unwrap();
    assert_eq!(version.version.to_string(), expected);
    assert_eq!(registry.resolve("latest").unwrap(), version);
}

#[test]
fn numbers_say_what_changed() {
    let (_home, registry) = local();
    let first = recipe();
    check_next(&registry, &first, "v1.0.0");
    check_next(&registry, &first, "v1.0.0");
    let newer_data = Recipe {
        slope: 0.6,
        ..first.clone()
    };
    check_next(&registry, &newer_data, "v1.0.1");
    let stronger = Recipe {
        strength: 2.0,
        ..newer_data
    };
    check_next(&registry, &stronger, "v1.1.0");
    let other_learner = Recipe {
        algorithm: "xgboost".to_owned(),
        ..stronger
    };
    check_next(&registry, &other_learner, "v1.2.0");
    let other_levels = Recipe {
        spec: SPEC.replace("[basic, pro]", "[basic, pro, max]"),
        ..other_learner
    };
    check_next(&registry, &other_levels, "v2.0.0");
    // Words alone change no meaning of the data.
    let other_words = Recipe {
        spec: other_levels
            .spec
            .replace("name: plan,", "name: plan, label: tariff,"),
        ..other_levels
    };
    check_next(
        &registry,
        &Recipe {
            slope: 0.7,
            ..other_words
        },
        "v2.0.1",
    );
    let numbers: Vec<String> = registry
        .list()
        .unwrap()
        .iter()
        .map(|v| v.version.to_string())
        .collect();
    assert_eq!(
        numbers,
        ["v2.0.1", "v2.0.0", "v1.2.0", "v1.1.0", "v1.0.1", "v1.0.0"]
    );
}

#[test]
fn the_same_bundle_is_the_same_version_even_when_it_is_no_longer_the_latest() {
    let (_home, registry) = local();
    let first = registry.register(&recipe().model(), &NEW).unwrap();
    registry
        .register(
            &Recipe {
                slope: 0.6,
                ..recipe()
            }
            .model(),
            &NEW,
        )
        .unwrap();
    assert_eq!(registry.register(&recipe().model(), &NEW).unwrap(), first);
    assert_eq!(registry.list().unwrap().len(), 2);
}

#[test]
fn references() {
    let (_home, registry) = local();
    let fault = registry.resolve("latest").unwrap_err();
    assert!(matches!(fault, Error::NoModels { .. }) && fault.to_string().contains("churn train"));

    let version = registry.register(&recipe().model(), &NEW).unwrap();
    registry.activate("latest", "me", "first").unwrap();
    for reference in ["latest", "champion", "v1.0.0", "1.0.0", " champion "] {
        assert_eq!(registry.resolve(reference).unwrap(), version, "{reference}");
        let (found, model) = registry.load(reference).unwrap();
        assert_eq!((found, model), (version.clone(), recipe().model()));
    }
    let text = registry.resolve("champoin").unwrap_err().to_string();
    for part in [
        "\"champoin\"",
        "did you mean \"champion\"?",
        "latest, champion, v1.0.0",
    ] {
        assert!(text.contains(part), "{part:?} in {text}");
    }
    let text = registry.resolve("v9.9.9").unwrap_err().to_string();
    assert!(
        text.contains("there are latest, champion, v1.0.0"),
        "{text}"
    );
    assert!(registry.resolve("").is_err());
}

#[test]
fn a_version_keeps_its_facts() {
    let (_home, registry) = local();
    let model = recipe().model();
    let version = registry.register(&model, &NEW).unwrap();
    assert_eq!(version.algorithm, "logistic_regression");
    assert_eq!(version.plan_fingerprint, model.plan.fingerprint());
    assert_eq!(version.spec_fingerprint, model.spec.fingerprint());
    assert_eq!(version.parameters["strength"], 1.0);
    assert_eq!(version.metrics["cv"]["roc_auc"]["high"], 0.86);
    assert_eq!(
        version.created_at.to_string(),
        "2026-01-31T08:15:00.000000Z"
    );
    let bundle = churn_registry::write_bundle(&model).unwrap();
    assert_eq!(version.size_bytes, bundle.len() as u64);
    assert_eq!(version.bundle_sha256, churn_store::sha256_hex(&bundle));
}
