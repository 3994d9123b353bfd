//! The same life of a model on every pair of database and blob store.

use churn_registry::{Registry, RegistryParams};
use churn_store::{BlobParams, S3Params};
use churn_testkit::{S3Server, TestDatabase};

use crate::sample::{NEW, Recipe, clock, recipe};

/// Lives through it and writes down every answer.
fn life(registry: &Registry) -> Vec<String> {
    let mut told = Vec::new();
    for slope in [0.5, 0.6, 0.5] {
        let version = registry
            .register(&Recipe { slope, ..recipe() }.model(), &NEW)
            .unwrap();
        told.push(format!("{version:?}"));
    }
    for reference in ["v1.0.0", "latest"] {
        told.push(format!(
            "{:?}",
            registry.activate(reference, "me", "why").unwrap()
        ));
    }
    told.push(format!("{:?}", registry.rollback("me", "worse").unwrap()));
    told.push(format!("{:?}", registry.load("champion").unwrap()));
    told.push(format!("{:?}", registry.verify(None).unwrap()));
    told.push(format!("{}", registry.resolve("champio").unwrap_err()));
    told.push(format!("{:?}", registry.blobs().list().unwrap()));
    told
}

#[test]
fn every_pair_of_stores_answers_the_same() {
    let server = S3Server::start();
    let mut lives = Vec::new();
    for on_s3 in [false, true] {
        for (i, database) in TestDatabase::each().iter().enumerate() {
            let folder = tempfile::tempdir().unwrap();
            let blobs = match (&server, on_s3) {
                (_, false) => BlobParams::Folder(folder.path().to_owned()),
                (None, true) => continue,
                (Some(server), true) => BlobParams::S3(S3Params {
                    bucket: S3Server::BUCKET.to_owned(),
                    prefix: format!("life-{i}"),
                    endpoint: Some(server.endpoint()),
                    region: "us-east-1".to_owned(),
                    access_key: Some("test".to_owned()),
                    secret_key: Some("test".to_owned()),
                    allow_http: true,
                }),
            };
            let params = RegistryParams {
                database_url: database.url().to_owned(),
                database_pool: 2,
                blobs,
            };
            lives.push(life(&Registry::open(&params, clock()).unwrap()));
        }
    }
    assert!(
        lives[0][6].contains("logistic_regression"),
        "{:?}",
        lives[0]
    );
    for other in &lives[1..] {
        assert_eq!(&lives[0], other);
    }
}
