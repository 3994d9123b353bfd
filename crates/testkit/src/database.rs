//! A database of its own for every test, gone when the test ends.

use std::sync::atomic::{AtomicU32, Ordering};

use diesel::connection::{Connection, SimpleConnection};
use diesel::pg::PgConnection;

use crate::locate::left_out;

const DEFAULT_SERVER: &str = "postgres://postgres@127.0.0.1:5432/test";

/// An empty database. Dropping it removes it.
#[derive(Debug)]
pub struct TestDatabase {
    url: String,
    keeper: Keeper,
}

#[derive(Debug)]
enum Keeper {
    Folder(
        #[expect(dead_code, reason = "held so that the folder lives as long")] tempfile::TempDir,
    ),
    Server {
        admin_url: String,
        name: String,
    },
}

impl TestDatabase {
    /// A SQLite file that does not exist yet, in a folder of its own.
    ///
    /// # Panics
    /// When no temporary folder can be made.
    #[must_use]
    #[expect(clippy::expect_used, reason = "a test helper: a fault fails the test")]
    pub fn sqlite() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let url = format!("sqlite:{}", folder.path().join("churn.db").display());
        Self {
            url,
            keeper: Keeper::Folder(folder),
        }
    }

    /// A new database on the server at `CHURN_TEST_POSTGRES_URL`, default
    /// `postgres://postgres@127.0.0.1:5432/test`. `None`, with one line on stderr, when no
    /// server answers.
    ///
    /// # Panics
    /// When no server answers and the variable `CI` is `true`, or it refuses.
    #[must_use]
    #[expect(clippy::expect_used, reason = "a test helper: a fault fails the test")]
    pub fn postgres() -> Option<Self> {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let admin_url =
            std::env::var("CHURN_TEST_POSTGRES_URL").unwrap_or_else(|_| DEFAULT_SERVER.to_owned());
        let mut admin = match PgConnection::establish(&admin_url) {
            Ok(connection) => connection,
            Err(fault) => {
                left_out(&format!(
                    "no Postgres ({fault}): set CHURN_TEST_POSTGRES_URL"
                ));
                return None;
            }
        };
        let since_epoch = std::time::UNIX_EPOCH
            .elapsed()
            .unwrap_or_default()
            .as_nanos();
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("churn_test_{}_{number}_{since_epoch}", std::process::id());
        admin
            .batch_execute(&format!("CREATE DATABASE {name}"))
            .expect("a new database");
        let (server, _) = admin_url
            .rsplit_once('/')
            .expect("an address that ends in /database");
        let url = format!("{server}/{name}");
        Some(Self {
            url,
            keeper: Keeper::Server { admin_url, name },
        })
    }

    /// One of each kind that can be had here.
    #[must_use]
    pub fn each() -> Vec<Self> {
        std::iter::once(Self::sqlite())
            .chain(Self::postgres())
            .collect()
    }

    /// Its address, as `Database::open` takes it.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        if let Keeper::Server { admin_url, name } = &self.keeper
            && let Ok(mut admin) = PgConnection::establish(admin_url)
        {
            // A database left behind harms nobody; a panic in drop would hide the test's own.
            let _ = admin.batch_execute(&format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"));
        }
    }
}
