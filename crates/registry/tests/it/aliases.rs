//! Activating, rolling back, and refusing to serve what is not whole.

use churn_registry::{CHAMPION, Error};

use crate::sample::{NEW, Recipe, damage, local, recipe};

#[test]
fn rolling_back_twice_goes_back_twice() {
    let (_home, registry) = local();
    for slope in [0.5, 0.6, 0.7] {
        registry
            .register(&Recipe { slope, ..recipe() }.model(), &NEW)
            .unwrap();
    }
    let champion = || registry.resolve(CHAMPION).unwrap().version.to_string();
    let nothing = registry.rollback("me", "no reason").unwrap_err();
    assert!(
        matches!(nothing, Error::NothingToRollBack { now: None, .. }),
        "{nothing}"
    );

    let moved = registry.activate("v1.0.0", "ann", "first").unwrap();
    assert_eq!(
        (moved.from, moved.to.version.to_string()),
        (None, "v1.0.0".to_owned())
    );
    registry.activate("v1.0.1", "bob", "better").unwrap();
    registry.activate("latest", "cyd", "newest").unwrap();
    assert_eq!(champion(), "v1.0.2");
    let unchanged = registry.activate("v1.0.2", "cyd", "again").unwrap();
    assert_eq!(unchanged.from.as_deref(), Some("v1.0.2"));

    let moved = registry.rollback("dan", "worse").unwrap();
    assert_eq!(moved.from.as_deref(), Some("v1.0.2"));
    assert_eq!(champion(), "v1.0.1");
    registry.rollback("dan", "still worse").unwrap();
    assert_eq!(champion(), "v1.0.0");
    assert!(matches!(
        registry.rollback("dan", "more"),
        Err(Error::NothingToRollBack { .. })
    ));
    registry.activate("v1.0.2", "eve", "mended").unwrap();
    registry.rollback("eve", "not mended").unwrap();
    assert_eq!(champion(), "v1.0.0");

    let history = registry.history(CHAMPION).unwrap();
    let told: Vec<String> = history
        .iter()
        .map(|m| {
            let from = m.from_version.as_deref().unwrap_or("nothing");
            let (position, action) = (m.position, m.action.as_str());
            format!(
                "{position} {action} {from} -> {} by {}: {}",
                m.to_version, m.who, m.why
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            "1 activate nothing -> v1.0.0 by ann: first",
            "2 activate v1.0.0 -> v1.0.1 by bob: better",
            "3 activate v1.0.1 -> v1.0.2 by cyd: newest",
            "4 rollback v1.0.2 -> v1.0.1 by dan: worse",
            "5 rollback v1.0.1 -> v1.0.0 by dan: still worse",
            "6 activate v1.0.0 -> v1.0.2 by eve: mended",
            "7 rollback v1.0.2 -> v1.0.0 by eve: not mended",
        ]
    );
    let audit = registry.audit_trail(100).unwrap();
    let count = |action: &str| audit.iter().filter(|entry| entry.action == action).count();
    assert_eq!(
        (
            count("models.register"),
            count("models.activate"),
            count("models.rollback")
        ),
        (3, 4, 3)
    );
}

#[test]
fn aliases_are_independent_and_their_names_are_checked() {
    let (_home, registry) = local();
    for slope in [0.5, 0.6] {
        registry
            .register(&Recipe { slope, ..recipe() }.model(), &NEW)
            .unwrap();
    }
    registry.activate("v1.0.0", "me", "a").unwrap();
    registry
        .set_alias("challenger", "v1.0.1", "me", "b")
        .unwrap();
    assert_eq!(
        registry.resolve("challenger").unwrap().version.to_string(),
        "v1.0.1"
    );
    assert_eq!(
        registry.resolve("champion").unwrap().version.to_string(),
        "v1.0.0"
    );
    let names: Vec<String> = registry
        .aliases()
        .unwrap()
        .into_iter()
        .map(|a| a.name)
        .collect();
    assert_eq!(names, ["challenger", "champion"]);
    for bad in [
        "latest",
        "v1.0.0",
        "1.0.0",
        "",
        "Champion",
        "a b",
        "-x",
        &"x".repeat(65),
    ] {
        let fault = registry.set_alias(bad, "v1.0.0", "me", "c").unwrap_err();
        assert!(matches!(fault, Error::BadAlias { .. }), "{bad}: {fault}");
    }
}

#[test]
fn a_damaged_bundle_is_found_and_never_becomes_champion() {
    let (home, registry) = local();
    let first = registry.register(&recipe().model(), &NEW).unwrap();
    let second = registry
        .register(
            &Recipe {
                slope: 0.6,
                ..recipe()
            }
            .model(),
            &NEW,
        )
        .unwrap();
    assert_eq!(registry.verify(None).unwrap(), []);
    registry.activate("v1.0.0", "me", "a").unwrap();
    registry.activate("v1.0.1", "me", "b").unwrap();

    damage(home.path(), &first.bundle_sha256, b"not a model");
    let problems = registry.verify(None).unwrap();
    assert_eq!(problems.len(), 1);
    assert_eq!(problems[0].version, first.version);
    assert!(
        problems[0].what.contains(&first.bundle_sha256),
        "{}",
        problems[0].what
    );
    assert!(problems[0].what.contains("altered"), "{}", problems[0].what);
    assert_eq!(registry.verify(Some("v1.0.1")).unwrap(), []);
    for refused in [
        registry.activate("v1.0.0", "me", "c"),
        registry.rollback("me", "d"),
    ] {
        let fault = refused.unwrap_err();
        assert!(matches!(fault, Error::Unverified { .. }), "{fault}");
    }
    assert!(registry.load("v1.0.0").is_err());
    assert_eq!(registry.resolve(CHAMPION).unwrap(), second);

    registry.blobs().delete(&second.bundle_sha256).unwrap();
    let problems = registry.verify(None).unwrap();
    assert_eq!(problems.len(), 2);
    // Registering the same models again puts their bundles back.
    registry.register(&recipe().model(), &NEW).unwrap();
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
    assert_eq!(registry.verify(None).unwrap(), []);
}

#[test]
fn a_whole_bundle_of_another_model_under_the_wrong_name_is_found() {
    let (home, registry) = local();
    let first = registry.register(&recipe().model(), &NEW).unwrap();
    let other = churn_registry::write_bundle(
        &Recipe {
            slope: 0.6,
            ..recipe()
        }
        .model(),
    )
    .unwrap();
    damage(home.path(), &first.bundle_sha256, &other);
    assert_eq!(registry.verify(None).unwrap().len(), 1);
}

#[test]
fn an_alias_moves_only_from_what_was_looked_at() {
    let (_home, registry) = local();
    for slope in [0.5, 0.6, 0.7] {
        registry
            .register(&Recipe { slope, ..recipe() }.model(), &NEW)
            .unwrap();
    }
    let champion = || registry.resolve(CHAMPION).unwrap().version.to_string();
    registry
        .activate_if("v1.0.0", None, "ann", "first")
        .unwrap();
    // Two trainings both saw v1.0.0; the second must look again.
    registry
        .activate_if("v1.0.1", Some("v1.0.0"), "ann", "better")
        .unwrap();
    let fault = registry
        .activate_if("v1.0.2", Some("v1.0.0"), "bob", "better")
        .unwrap_err();
    assert!(matches!(fault, Error::Overtaken { .. }), "{fault}");
    let text = fault.to_string();
    assert!(
        text.contains("it named v1.0.0, now it names v1.0.1"),
        "{text}"
    );
    assert_eq!(champion(), "v1.0.1");
    assert!(
        registry
            .activate_if("v1.0.2", None, "bob", "first")
            .is_err()
    );
    registry
        .activate_if("v1.0.2", Some("v1.0.1"), "bob", "looked again")
        .unwrap();
    assert_eq!(champion(), "v1.0.2");
    assert_eq!(registry.history(CHAMPION).unwrap().len(), 3);
}

#[test]
fn of_many_who_saw_the_same_champion_one_moves_it() {
    let (_home, registry) = local();
    let versions: Vec<String> = (0..8)
        .map(|i| {
            let slope = 0.5 + 0.1 * f64::from(i);
            let model = Recipe { slope, ..recipe() }.model();
            registry.register(&model, &NEW).unwrap().version.to_string()
        })
        .collect();
    registry.activate(&versions[0], "me", "first").unwrap();
    let seen = Some(versions[0].as_str());
    let moved: Vec<bool> = std::thread::scope(|scope| {
        let threads: Vec<_> = versions[1..]
            .iter()
            .map(|version| {
                let registry = &registry;
                scope.spawn(move || registry.activate_if(version, seen, "me", "race").is_ok())
            })
            .collect();
        threads.into_iter().map(|one| one.join().unwrap()).collect()
    });
    assert_eq!(moved.iter().filter(|&&moved| moved).count(), 1, "{moved:?}");
    assert_eq!(registry.history(CHAMPION).unwrap().len(), 2);
}
