//! Many writers at once: threads of one process, and two processes.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use churn_registry::{CHAMPION, Registry, RegistryParams};
use churn_store::{BlobParams, SystemClock};
use churn_testkit::TestDatabase;

use crate::sample::{NEW, Recipe, recipe};

const URL: &str = "CHURN_TEST_CHILD_URL";
const FOLDER: &str = "CHURN_TEST_CHILD_FOLDER";
const OFFSET: &str = "CHURN_TEST_CHILD_OFFSET";
const N_MODELS: u32 = 8;

fn open(url: &str, folder: &Path) -> Registry {
    let params = RegistryParams {
        database_url: url.to_owned(),
        database_pool: 4,
        blobs: BlobParams::Folder(folder.to_owned()),
    };
    Registry::open(&params, Arc::new(SystemClock)).unwrap()
}

/// Registers and activates [`N_MODELS`] models that differ from those of another `offset`.
fn write_models(registry: &Registry, offset: u32) {
    for i in 0..N_MODELS {
        let slope = 0.001 * f64::from(offset + i);
        let version = registry
            .register(&Recipe { slope, ..recipe() }.model(), &NEW)
            .unwrap();
        registry
            .activate(&version.version.to_string(), "me", "newer")
            .unwrap();
    }
}

/// After `n_writers`: no number is lost or given twice, and the moves form one chain.
fn check_whole(registry: &Registry, n_writers: u32) {
    let versions = registry.list().unwrap();
    let numbers: BTreeSet<u32> = versions.iter().map(|v| v.version.patch).collect();
    assert_eq!(numbers, (0..n_writers * N_MODELS).collect());
    let history = registry.history(CHAMPION).unwrap();
    assert_eq!(history.len(), versions.len());
    for (earlier, later) in history.iter().zip(&history[1..]) {
        assert_eq!(later.position, earlier.position + 1);
        assert_eq!(
            later.from_version.as_deref(),
            Some(earlier.to_version.as_str())
        );
    }
    let last = &history[history.len() - 1].to_version;
    assert_eq!(
        &registry.resolve(CHAMPION).unwrap().version.to_string(),
        last
    );
    assert_eq!(registry.verify(None).unwrap(), []);
}

#[test]
fn threads() {
    for test in TestDatabase::each() {
        let folder = tempfile::tempdir().unwrap();
        let registry = open(test.url(), folder.path());
        std::thread::scope(|scope| {
            for offset in [100, 200, 300, 400] {
                let registry = &registry;
                scope.spawn(move || write_models(registry, offset));
            }
        });
        check_whole(&registry, 4);
    }
}

#[test]
fn the_same_model_from_many_threads_is_one_version() {
    for test in TestDatabase::each() {
        let folder = tempfile::tempdir().unwrap();
        let registry = open(test.url(), folder.path());
        let model = recipe().model();
        std::thread::scope(|scope| {
            for _ in 0..6 {
                scope.spawn(|| {
                    let version = registry.register(&model, &NEW).unwrap();
                    assert_eq!(version.version.to_string(), "v1.0.0");
                });
            }
        });
        assert_eq!(registry.list().unwrap().len(), 1);
    }
}

/// Run by the test below in processes of their own; run alone, it checks one writer.
#[test]
fn writer() {
    let variable = |name: &str| std::env::var(name).ok();
    match (variable(URL), variable(FOLDER), variable(OFFSET)) {
        (Some(url), Some(folder), Some(offset)) => {
            write_models(&open(&url, Path::new(&folder)), offset.parse().unwrap());
        }
        _ => {
            let (test, folder) = (TestDatabase::sqlite(), tempfile::tempdir().unwrap());
            let registry = open(test.url(), folder.path());
            write_models(&registry, 100);
            check_whole(&registry, 1);
        }
    }
}

#[test]
fn two_processes() {
    for test in TestDatabase::each() {
        let folder = tempfile::tempdir().unwrap();
        // Neither process finds a database: they make it, and the registry in it, together.
        let children: Vec<_> = ["100", "200"]
            .into_iter()
            .map(|offset| {
                Command::new(std::env::current_exe().unwrap())
                    .args(["concurrent::writer", "--exact"])
                    .env(URL, test.url())
                    .env(FOLDER, folder.path())
                    .env(OFFSET, offset)
                    .spawn()
                    .unwrap()
            })
            .collect();
        for mut child in children {
            assert!(child.wait().unwrap().success());
        }
        check_whole(&open(test.url(), folder.path()), 2);
    }
}
