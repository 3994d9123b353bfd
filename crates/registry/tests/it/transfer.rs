//! Export from one registry, import into another.

use churn_registry::Error;

use crate::sample::{NEW, Recipe, local, recipe};

#[test]
fn a_bundle_travels_unchanged() {
    let (home, here) = local();
    let (_other_home, there) = local();
    let model = recipe().model();
    let version = here.register(&model, &NEW).unwrap();
    let path = home.path().join("model.zip");
    std::fs::write(&path, "an older export").unwrap();
    here.export("latest", &path).unwrap();
    let left: Vec<_> = std::fs::read_dir(home.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.starts_with("model.zip"))
        .collect();
    assert_eq!(left, ["model.zip"], "no temporary file is left");

    there
        .register(
            &Recipe {
                strength: 9.0,
                ..recipe()
            }
            .model(),
            &NEW,
        )
        .unwrap();
    let imported = there.import(&path, "me").unwrap();
    assert_eq!(imported.bundle_sha256, version.bundle_sha256);
    assert_eq!(
        (imported.version.to_string(), imported.run_id),
        ("v1.1.0".to_owned(), None)
    );
    assert_eq!(there.load("v1.1.0").unwrap().1, model);
    assert_eq!(there.import(&path, "me").unwrap().version, imported.version);
    assert_eq!(there.show("v1.1.0").unwrap().dataset, None);
    assert_eq!(there.audit_trail(1).unwrap()[0].action, "models.import");
}

#[test]
fn what_cannot_be_imported_or_exported_is_named() {
    let (home, registry) = local();
    registry.register(&recipe().model(), &NEW).unwrap();
    let path = home.path().join("missing.zip");
    let text = registry.import(&path, "me").unwrap_err().to_string();
    assert!(
        text.contains("can't read") && text.contains("missing.zip"),
        "{text}"
    );
    std::fs::write(&path, "customer,left\n").unwrap();
    let fault = registry.import(&path, "me").unwrap_err();
    assert!(
        matches!(&fault, Error::Import { fault, .. } if matches!(**fault, Error::Bundle { .. })),
        "{fault}"
    );
    let nowhere = home.path().join("no/such/folder/model.zip");
    let text = registry.export("latest", &nowhere).unwrap_err().to_string();
    assert!(
        text.contains("can't write") && text.contains("model.zip"),
        "{text}"
    );
    assert_eq!(registry.list().unwrap().len(), 1);
}
