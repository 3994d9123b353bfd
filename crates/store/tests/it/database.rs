//! Opening, migrating, transactions, and what is said when that fails.

use churn_store::tables::aliases;
use churn_store::{Backend, Database, Error};
use churn_testkit::TestDatabase;
use diesel::connection::{Connection as _, SimpleConnection};

fn run_sql(url: &str, sql: &str) {
    if let Some(path) = url.strip_prefix("sqlite:") {
        diesel::SqliteConnection::establish(path)
            .unwrap()
            .batch_execute(sql)
            .unwrap();
    } else {
        diesel::PgConnection::establish(url)
            .unwrap()
            .batch_execute(sql)
            .unwrap();
    }
}

#[test]
fn migrations_run_once_on_an_empty_and_not_again_on_a_seeded_database() {
    for test in TestDatabase::each() {
        let first = Database::open(test.url(), 2).unwrap();
        assert!(!first.migrated().applied.is_empty(), "{}", first.place());
        run_sql(
            test.url(),
            "INSERT INTO audit (id, at, who, action, subject) \
             VALUES ('1', '2026-01-31 08:15:00.250000', 'me', 'test', 'it')",
        );
        let second = Database::open(test.url(), 2).unwrap();
        assert!(second.migrated().applied.is_empty());
        assert_eq!(second.migrated().current, first.migrated().current);
        let entries = second
            .read(|c| churn_store::tables::audit::list_newest(c, 10))
            .unwrap();
        assert_eq!(entries.len(), 1);
        assert_eq!(entries[0].at.to_string(), "2026-01-31T08:15:00.250000Z");
    }
}

#[test]
fn processes_that_open_a_new_database_at_once_all_succeed() {
    for test in TestDatabase::each() {
        std::thread::scope(|scope| {
            let openers: Vec<_> = (0..6)
                .map(|_| scope.spawn(|| Database::open(test.url(), 1)))
                .collect();
            let applied = openers
                .into_iter()
                .map(|opener| opener.join().unwrap().unwrap().migrated().applied.len())
                .filter(|n_applied| *n_applied > 0)
                .count();
            assert_eq!(applied, 1, "exactly one of them migrates");
        });
    }
}

#[test]
fn a_database_of_a_newer_program_is_refused_by_name() {
    for test in TestDatabase::each() {
        drop(Database::open(test.url(), 1).unwrap());
        run_sql(
            test.url(),
            "INSERT INTO __diesel_schema_migrations (version) VALUES ('29990101000000')",
        );
        let fault = Database::open(test.url(), 1).unwrap_err();
        assert!(matches!(fault, Error::SchemaNewer { .. }), "{fault}");
        let text = fault.to_string();
        assert!(
            text.contains("29990101000000") && text.contains("newer program"),
            "{text}"
        );
    }
}

#[test]
fn a_failed_transaction_leaves_nothing_and_its_fault_is_the_callers() {
    #[derive(Debug)]
    enum Mine {
        Refused,
        Store(Error),
    }
    impl From<Error> for Mine {
        fn from(fault: Error) -> Self {
            Self::Store(fault)
        }
    }
    for test in TestDatabase::each() {
        let database = Database::open(test.url(), 1).unwrap();
        let now = churn_store::Timestamp::new("2026-01-31T00:00:00Z".parse().unwrap());
        let entry = churn_store::tables::audit::AuditEntry {
            id: "1".to_owned(),
            at: now,
            who: "me".to_owned(),
            action: "test".to_owned(),
            subject: "it".to_owned(),
            before: None,
            after: None,
        };
        let answer: Result<(), Mine> = database.transaction(|c| {
            churn_store::tables::audit::insert(c, &entry)?;
            Err(Mine::Refused)
        });
        match answer {
            Err(Mine::Refused) => {}
            Err(Mine::Store(fault)) => panic!("the caller's own fault was replaced by {fault}"),
            Ok(()) => panic!("the caller refused"),
        }
        let kept = database
            .read(|c| churn_store::tables::audit::list_newest(c, 10))
            .unwrap();
        assert_eq!(kept, []);
        // The single connection of the pool is usable again, also after a panic inside.
        let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            let _: Result<(), Error> = database.transaction(|c| {
                churn_store::tables::audit::insert(c, &entry)?;
                panic!("on purpose")
            });
        }));
        assert!(panicked.is_err());
        let kept = database
            .read(|c| churn_store::tables::audit::list_newest(c, 10))
            .unwrap();
        assert_eq!(kept, []);
        let unknown: Result<(), Error> =
            database.transaction(|c| aliases::set(c, "champion", "v9.9.9", now));
        assert!(unknown.unwrap_err().to_string().contains("making an alias"));
    }
}

#[test]
fn backends_are_told_apart() {
    let test = TestDatabase::sqlite();
    assert_eq!(
        Database::open(test.url(), 1).unwrap().backend(),
        Backend::Sqlite
    );
    if let Some(test) = TestDatabase::postgres() {
        assert_eq!(
            Database::open(test.url(), 1).unwrap().backend(),
            Backend::Postgres
        );
    }
}

#[track_caller]
fn check_refused(url: &str, expected: &[&str]) {
    let text = Database::open(url, 1).unwrap_err().to_string();
    for part in expected {
        assert!(text.contains(part), "expected {part:?} in: {text}");
    }
}

#[test]
fn places_that_cannot_be_opened_are_named_with_the_cure() {
    let folder = tempfile::tempdir().unwrap();
    let text_file = folder.path().join("notes.txt");
    std::fs::write(&text_file, "these are only notes\n".repeat(100)).unwrap();
    let shown = text_file.display().to_string();
    check_refused(&shown, &[&shown, "not a SQLite database", "--home"]);
    check_refused(&text_file.join("churn.db").display().to_string(), &[&shown]);
    check_refused(
        &folder.path().display().to_string(),
        &["cannot open database", "--home"],
    );
    check_refused(
        "mysql://me:s3cret@host/db",
        &["mysql://me:***@host/db", "postgres://"],
    );
    check_refused(
        "postgres://nobody:s3cret@127.0.0.1:1/none",
        &[
            "postgres://nobody:***@127.0.0.1:1/none",
            "CHURN_DATABASE_URL",
        ],
    );
}

#[cfg(unix)]
#[test]
fn a_read_only_home_is_named_with_the_cure() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path().join("home");
    std::fs::create_dir(&home).unwrap();
    std::fs::set_permissions(&home, std::fs::Permissions::from_mode(0o555)).unwrap();
    let path = home.join("deep/churn.db").display().to_string();
    let answer = Database::open(&path, 1);
    // Permissions do not bind a superuser: then the folder is made and all is well.
    let superuser = home.join("deep").is_dir();
    match answer {
        Ok(_) => assert!(superuser),
        Err(fault) => {
            assert!(!superuser);
            assert!(matches!(fault, Error::ReadOnly { .. }), "{fault}");
            check_refused(
                &home.join("churn.db").display().to_string(),
                &["home", "writ"],
            );
        }
    }
}
