//! Users, keys, sessions, refresh tokens and failed logins, on both databases.

use churn_store::tables::api_keys::{self, ApiKey};
use churn_store::tables::login_failures::{self, LoginFailures};
use churn_store::tables::refresh_tokens::{self, RefreshToken};
use churn_store::tables::sessions::{self, Session};
use churn_store::tables::users::{self, Role, User};
use churn_store::{Database, Error, Timestamp};
use churn_testkit::TestDatabase;

fn at(second: u32) -> Timestamp {
    Timestamp::new(
        format!("2026-01-31T08:15:{second:02}.123456789Z")
            .parse()
            .unwrap(),
    )
}

fn user(name: &str) -> User {
    User {
        id: format!("id-{name}"),
        name: name.to_owned(),
        role: Role::Viewer,
        password_hash: "hash".to_owned(),
        must_change_password: true,
        password_changed_at: at(1),
        created_at: at(1),
        disabled_at: None,
    }
}

fn each(check: impl Fn(&Database)) {
    for test in TestDatabase::each() {
        let database = Database::open(test.url(), 2).unwrap();
        for name in ["ada", "bob"] {
            database
                .transaction(|c| users::insert(c, &user(name)))
                .unwrap();
        }
        check(&database);
    }
}

#[test]
fn users() {
    each(|database| {
        let fault = database
            .transaction(|c| users::insert(c, &user("ada")))
            .unwrap_err();
        assert!(matches!(fault, Error::AlreadyExists { .. }), "{fault}");
        database
            .transaction(|c| {
                assert!(users::set_password(c, "id-ada", "new", false, at(2))?);
                assert!(users::set_role(c, "id-ada", Role::Admin)?);
                assert!(users::set_disabled(c, "id-ada", Some(at(3)))?);
                assert!(!users::set_role(c, "id-eve", Role::Admin)?);
                Ok::<_, Error>(())
            })
            .unwrap();
        let expected = User {
            role: Role::Admin,
            password_hash: "new".to_owned(),
            must_change_password: false,
            password_changed_at: at(2),
            disabled_at: Some(at(3)),
            ..user("ada")
        };
        let found = database.read(|c| users::find_by_name(c, "ada")).unwrap();
        assert_eq!(found.as_ref(), Some(&expected));
        assert_eq!(database.read(|c| users::find(c, "id-ada")).unwrap(), found);
        assert_eq!(database.read(|c| users::find(c, "id-eve")).unwrap(), None);
        assert_eq!(database.read(users::list).unwrap(), [expected, user("bob")]);
    });
}

#[test]
fn keys_are_revoked_once_and_stay_listed() {
    each(|database| {
        let key = ApiKey {
            id: "key-1".to_owned(),
            user_id: "id-ada".to_owned(),
            label: "nightly".to_owned(),
            hint: "churn_ab".to_owned(),
            key_sha256: "hash".to_owned(),
            scopes: "read score".to_owned(),
            created_at: at(1),
            expires_at: Some(at(9)),
            revoked_at: None,
        };
        database.transaction(|c| api_keys::insert(c, &key)).unwrap();
        let found = database.read(|c| api_keys::find_by_hash(c, "hash"));
        assert_eq!(found.unwrap(), Some(key.clone()));
        let revoke = |second| database.transaction(|c| api_keys::revoke(c, "key-1", at(second)));
        assert!(revoke(5).unwrap());
        assert!(!revoke(6).unwrap());
        let revoked = ApiKey {
            revoked_at: Some(at(5)),
            ..key
        };
        let listed = database.read(api_keys::list).unwrap();
        assert_eq!(listed, std::slice::from_ref(&revoked));
        let found = database.read(|c| api_keys::find(c, "key-1")).unwrap();
        assert_eq!(found, Some(revoked.clone()));
        let homeless = ApiKey {
            id: "key-2".to_owned(),
            user_id: "nobody".to_owned(),
            key_sha256: "other".to_owned(),
            ..revoked
        };
        assert!(
            database
                .transaction(|c| api_keys::insert(c, &homeless))
                .is_err()
        );
    });
}

#[test]
fn sessions_end_idle_in_any_case_and_by_user() {
    each(|database| {
        let session = |token: &str, user: &str, idle, ends| Session {
            token_sha256: token.to_owned(),
            user_id: format!("id-{user}"),
            csrf_token: "csrf".to_owned(),
            created_at: at(0),
            idle_until: at(idle),
            ends_at: at(ends),
        };
        for new in [
            session("idle", "ada", 10, 50),
            session("old", "ada", 40, 20),
            session("live", "ada", 40, 50),
            session("other", "bob", 40, 50),
        ] {
            database.transaction(|c| sessions::insert(c, &new)).unwrap();
        }
        database
            .transaction(|c| sessions::extend(c, "live", at(45)))
            .unwrap();
        let live = database.read(|c| sessions::find(c, "live")).unwrap();
        assert_eq!(live, Some(session("live", "ada", 45, 50)));
        let ended = database.transaction(|c| sessions::delete_ended(c, at(20)));
        assert_eq!(ended.unwrap(), 2);
        let of_ada = database.transaction(|c| sessions::delete_of_user(c, "id-ada"));
        assert_eq!(of_ada.unwrap(), 1);
        assert!(
            database
                .transaction(|c| sessions::delete(c, "other"))
                .unwrap()
        );
        assert!(
            !database
                .transaction(|c| sessions::delete(c, "other"))
                .unwrap()
        );
    });
}

#[test]
fn a_refresh_token_is_used_once_and_dies_with_its_family() {
    each(|database| {
        let token = |token: &str, family: &str| RefreshToken {
            token_sha256: token.to_owned(),
            family: family.to_owned(),
            user_id: "id-ada".to_owned(),
            issued_at: at(0),
            expires_at: at(30),
            used_at: None,
            revoked_at: None,
        };
        for new in [token("a1", "a"), token("a2", "a"), token("b1", "b")] {
            database
                .transaction(|c| refresh_tokens::insert(c, &new))
                .unwrap();
        }
        let used = |name: &str| database.transaction(|c| refresh_tokens::mark_used(c, name, at(1)));
        assert!(used("a1").unwrap());
        assert!(!used("a1").unwrap(), "once");
        assert!(!used("unknown").unwrap());
        let ended = database.transaction(|c| refresh_tokens::revoke_family(c, "a", at(2)));
        assert_eq!(ended.unwrap(), 2);
        assert!(!used("a2").unwrap(), "revoked");
        let found = database.read(|c| refresh_tokens::find(c, "a1")).unwrap();
        let found = found.unwrap();
        assert_eq!(
            (found.used_at, found.revoked_at),
            (Some(at(1)), Some(at(2)))
        );
        let ended = database.transaction(|c| refresh_tokens::revoke_of_user(c, "id-ada", at(3)));
        assert_eq!(ended.unwrap(), 1);
        let gone = database.transaction(|c| refresh_tokens::delete_expired(c, at(30)));
        assert_eq!(gone.unwrap(), 3);
    });
}

#[test]
fn failed_logins_are_counted_and_forgotten() {
    each(|database| {
        let failures = |n_failures, second| LoginFailures {
            subject: "user:ada".to_owned(),
            n_failures,
            last_at: at(second),
            blocked_until: at(second + 1),
        };
        let insert = || database.transaction(|c| login_failures::insert(c, &failures(1, 1)));
        insert().unwrap();
        let twice = insert().unwrap_err();
        assert!(twice.is_retryable(), "{twice}");
        database
            .transaction(|c| login_failures::update(c, &failures(2, 5)))
            .unwrap();
        let find = || database.read(|c| login_failures::find(c, "user:ada"));
        assert_eq!(find().unwrap(), Some(failures(2, 5)));
        let before =
            |second| database.transaction(|c| login_failures::delete_before(c, at(second)));
        assert_eq!((before(5).unwrap(), before(6).unwrap()), (0, 1));
        database
            .transaction(|c| login_failures::delete(c, "user:ada"))
            .unwrap();
        assert_eq!(find().unwrap(), None);
    });
}
