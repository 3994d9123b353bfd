//! Accounts, logins, sessions, tokens and keys, on both databases, by a clock that is moved.

use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use churn_engine::Error;
use churn_engine::users::{HashCost, NewKey, NewUser, Role, Scope, UserParams, Users};
use churn_store::tables::audit;
use churn_store::{Database, ManualClock, Timestamp};
use churn_testkit::TestDatabase;

const GOOD: &str = "four random words here";
const HOUR: Duration = Duration::from_secs(3600);

struct World {
    users: Users,
    clock: Arc<ManualClock>,
    database: Database,
}

impl World {
    fn later(&self, seconds: i64) {
        self.clock.advance(TimeDelta::seconds(seconds));
    }

    fn add(&self, name: &str, role: Role) -> String {
        let new = NewUser {
            name,
            role,
            password: Some(GOOD),
        };
        self.users.add(&new, "test").unwrap().0.id
    }

    /// What was done by whom to what, the first at the front.
    fn trail(&self) -> Vec<String> {
        let entries = self.database.read(|c| audit::list_newest(c, 99)).unwrap();
        let mut lines: Vec<String> = entries
            .iter()
            .map(|e| format!("{} {} {}", e.who, e.action, e.subject))
            .collect();
        lines.reverse();
        lines
    }
}

fn each(check: impl Fn(&World)) {
    for test in TestDatabase::each() {
        let database = Database::open(test.url(), 4).unwrap();
        let clock = Arc::new(ManualClock::new("2026-01-31T08:00:00Z".parse().unwrap()));
        let params = UserParams {
            // Cheap: what is tested is not how long a hash takes.
            hash_cost: HashCost {
                memory_kib: 8,
                passes: 1,
            },
            ..UserParams::default()
        };
        let users = Users::new(database.clone(), clock.clone(), params);
        check(&World {
            users,
            clock,
            database,
        });
    }
}

#[test]
fn the_first_start_makes_an_administrator_who_must_change_the_password() {
    each(|world| {
        let users = &world.users;
        let first = users.ensure_first_admin().unwrap().unwrap();
        assert!(users.ensure_first_admin().unwrap().is_none(), "once");
        let identity = users.login(&first.name, &first.password, "here").unwrap();
        assert_eq!(identity.role, Role::Admin);
        let refused = identity.require(Scope::Read).unwrap_err();
        assert!(
            matches!(refused, Error::PasswordMustChange { .. }),
            "{refused}"
        );
        let same = users.change_password(&first.name, &first.password, &first.password, "here");
        assert!(matches!(same, Err(Error::WeakPassword { .. })));
        users
            .change_password(&first.name, &first.password, GOOD, "here")
            .unwrap();
        let identity = users.login(&first.name, GOOD, "here").unwrap();
        identity.require(Scope::Users).unwrap();
        let old = users.login(&first.name, &first.password, "here");
        assert!(matches!(old, Err(Error::WrongCredentials)));
        let trail = world.trail();
        assert_eq!(
            trail,
            ["first start users.add admin", "admin users.password admin"]
        );
    });
}

#[test]
fn accounts_are_made_changed_and_shut_with_an_audit_entry_each() {
    each(|world| {
        let users = &world.users;
        world.add("Ada", Role::Admin);
        world.add("bob@example.org", Role::Viewer);
        let taken = users.add(
            &NewUser {
                name: "ADA",
                role: Role::Viewer,
                password: Some(GOOD),
            },
            "test",
        );
        assert!(matches!(taken, Err(Error::UserExists { .. })));
        for bad in [
            "",
            "-x",
            "a b",
            "ä",
            &"a".repeat(65),
            "x'; DROP TABLE users; --",
        ] {
            let new = NewUser {
                name: bad,
                role: Role::Viewer,
                password: None,
            };
            let fault = users.add(&new, "test").unwrap_err();
            assert!(
                matches!(fault, Error::BadUserName { .. }),
                "{bad:?}: {fault}"
            );
        }
        users
            .set_role("bob@example.org", Role::Analyst, "ada")
            .unwrap();
        let last = users.set_disabled("ada", true, "ada");
        assert!(matches!(last, Err(Error::LastAdmin { .. })));
        let last = users.set_role("ada", Role::Viewer, "ada");
        assert!(matches!(last, Err(Error::LastAdmin { .. })));
        let shut = users.set_disabled("bob@example.org", true, "ada").unwrap();
        assert!(shut.disabled_at.is_some());
        let refused = users.login("bob@example.org", GOOD, "here");
        assert!(matches!(refused, Err(Error::WrongCredentials)));
        users.set_disabled("bob@example.org", false, "ada").unwrap();
        users.login("bob@example.org", GOOD, "here").unwrap();
        let made_up = users
            .reset_password("bob@example.org", None, false, "ada")
            .unwrap();
        let identity = users.login("bob@example.org", &made_up.unwrap(), "here");
        assert!(identity.unwrap().must_change_password);
        let unknown = users.show("eve").unwrap_err();
        assert!(unknown.to_string().contains("churn user list"), "{unknown}");
        let names: Vec<String> = users.list().unwrap().into_iter().map(|u| u.name).collect();
        assert_eq!(names, ["ada", "bob@example.org"]);
        let expected = [
            "test users.add ada",
            "test users.add bob@example.org",
            "ada users.role bob@example.org",
            "ada users.disable bob@example.org",
            "ada users.disable bob@example.org",
            "ada users.password bob@example.org",
        ];
        assert_eq!(world.trail(), expected);
    });
}

#[test]
fn guessing_is_slowed_down_by_name_and_by_address() {
    each(|world| {
        let users = &world.users;
        world.add("ada", Role::Viewer);
        let guess = |name: &str, client: &str| users.login(name, "wrong", client).unwrap_err();
        for _ in 0..6 {
            assert!(matches!(guess("ada", "evil"), Error::WrongCredentials));
        }
        // The name waits, wherever the attempt comes from, and even for the right password.
        let waits = users.login("ada", GOOD, "elsewhere").unwrap_err();
        let Error::LoginThrottled { retry_after_s } = waits else {
            panic!("{waits}");
        };
        assert_eq!(retry_after_s, 1);
        world.later(1);
        users.login("ada", GOOD, "elsewhere").unwrap();
        assert!(
            matches!(guess("ada", "evil"), Error::WrongCredentials),
            "counted anew"
        );

        // The address waits, whatever name it tries; names that do not exist count too.
        for i in 0..14 {
            let fault = guess(&format!("nobody{i}"), "evil");
            assert!(matches!(fault, Error::WrongCredentials), "{i}: {fault}");
        }
        let waits = guess("another", "evil");
        assert!(
            matches!(waits, Error::LoginThrottled { retry_after_s: 1 }),
            "{waits}"
        );
        users.login("ada", GOOD, "elsewhere").unwrap();

        // One right password does not wipe out an address's guesses.
        world.later(1);
        users.login("ada", GOOD, "evil").unwrap();
        assert!(matches!(guess("x", "evil"), Error::WrongCredentials));
        assert!(matches!(guess("x", "evil"), Error::LoginThrottled { .. }));
        world.later(3601);
        for _ in 0..5 {
            let fault = guess("ada", "evil");
            assert!(
                matches!(fault, Error::WrongCredentials),
                "forgotten: {fault}"
            );
        }
    });
}

#[test]
fn guesses_at_the_same_moment_are_all_counted() {
    each(|world| {
        world.add("ada", Role::Viewer);
        let n_looked_at = std::thread::scope(|scope| {
            let guesses: Vec<_> = (0..12)
                .map(|i| {
                    let client = format!("client {i}");
                    scope.spawn(move || world.users.login("ada", "wrong", &client))
                })
                .collect();
            guesses
                .into_iter()
                .map(|guess| guess.join().unwrap())
                .filter(|answer| matches!(answer, Err(Error::WrongCredentials)))
                .count()
        });
        assert_eq!(n_looked_at, 6, "five are free, the sixth begins the wait");
    });
}

#[test]
fn of_two_administrators_who_shut_each_other_out_one_stays() {
    each(|world| {
        world.add("ada", Role::Admin);
        world.add("bob", Role::Admin);
        let users = &world.users;
        std::thread::scope(|scope| {
            scope.spawn(|| users.set_disabled("ada", true, "bob").is_ok());
            scope.spawn(|| users.set_role("bob", Role::Viewer, "ada").is_ok());
        });
        let is_admin = |name: &str| {
            let user = users.show(name).unwrap();
            user.role == "admin" && user.disabled_at.is_none()
        };
        assert!(is_admin("ada") != is_admin("bob"));
    });
}

#[test]
fn sessions_end_idle_or_in_any_case_or_with_their_account() {
    each(|world| {
        let users = &world.users;
        let id = world.add("ada", Role::Viewer);
        let ended = |token: &str| matches!(users.session(token), Err(Error::ProofRefused { .. }));
        let hours = |n: i64| world.later(n * 3600);
        let new = users.start_session(&id).unwrap();
        let live = users.session(&new.token).unwrap();
        assert_eq!(
            (live.identity.name.as_str(), live.csrf_token),
            ("ada", new.csrf_token)
        );
        for _ in 0..20 {
            hours(7);
            users.session(&new.token).unwrap();
        }
        hours(8);
        assert!(ended(&new.token), "idle for eight hours");
        let new = users.start_session(&id).unwrap();
        for _ in 0..23 {
            hours(7);
            users.session(&new.token).unwrap();
        }
        hours(7);
        assert!(ended(&new.token), "seven days in any case");
        assert!(ended("made up") && ended(""));
        let new = users.start_session(&id).unwrap();
        assert!(users.end_session(&new.token).unwrap());
        assert!(!users.end_session(&new.token).unwrap());
        assert!(ended(&new.token));
        let new = users.start_session(&id).unwrap();
        users
            .change_password("ada", GOOD, "four other words now", "here")
            .unwrap();
        assert!(ended(&new.token), "a new password ends sessions");
        users.identity(&id).unwrap();
        world.add("root", Role::Admin);
        users.set_disabled("ada", true, "root").unwrap();
        assert!(matches!(
            users.identity(&id),
            Err(Error::ProofRefused { .. })
        ));
    });
}

#[test]
fn a_refresh_token_used_twice_ends_its_whole_family() {
    each(|world| {
        let users = &world.users;
        let id = world.add("ada", Role::Analyst);
        let first = users.issue_refresh_token(&id).unwrap();
        let other_login = users.issue_refresh_token(&id).unwrap();
        let (identity, second) = users.exchange_refresh_token(&first.token).unwrap();
        assert_eq!(identity.role, Role::Analyst);
        let (_, third) = users.exchange_refresh_token(&second.token).unwrap();
        let stolen = users.exchange_refresh_token(&first.token);
        assert!(matches!(stolen, Err(Error::TokenReused)));
        let newest = users.exchange_refresh_token(&third.token);
        assert!(
            matches!(newest, Err(Error::ProofRefused { .. })),
            "the family has ended"
        );
        assert_eq!(world.trail().last().unwrap(), "ada auth.token_reused ada");
        let (_, next) = users.exchange_refresh_token(&other_login.token).unwrap();
        users.end_refresh_token(&next.token).unwrap();
        let refused = |token: &str| {
            let answer = users.exchange_refresh_token(token);
            matches!(answer, Err(Error::ProofRefused { .. }))
        };
        assert!(refused(&next.token), "logged out");
        assert!(refused("made up"));
        let old = users.issue_refresh_token(&id).unwrap();
        world.later(14 * 24 * 3600);
        assert!(refused(&old.token), "it ended");
    });
}

#[test]
fn of_uses_at_the_same_moment_one_wins() {
    each(|world| {
        let id = world.add("ada", Role::Viewer);
        let token = world.users.issue_refresh_token(&id).unwrap().token;
        let n_won = std::thread::scope(|scope| {
            let uses: Vec<_> = (0..4)
                .map(|_| scope.spawn(|| world.users.exchange_refresh_token(&token).is_ok()))
                .collect();
            uses.into_iter()
                .filter_map(|one| one.join().ok())
                .filter(|won| *won)
                .count()
        });
        assert_eq!(n_won, 1);
    });
}

#[test]
fn a_key_does_what_it_was_made_for_as_far_as_its_owner_may() {
    each(|world| {
        let users = &world.users;
        world.add("root", Role::Admin);
        world.add("ada", Role::Analyst);
        let new = |scopes: &[Scope], expires_at| NewKey {
            user: "ada",
            label: "nightly scoring",
            scopes: scopes.iter().copied().collect(),
            expires_at,
        };
        let too_much = users.add_key(&new(&[Scope::Score, Scope::Users], None), "root");
        assert!(matches!(
            too_much,
            Err(Error::Forbidden { scope: "users", .. })
        ));
        let nothing = users.add_key(&new(&[], None), "root");
        assert!(matches!(nothing, Err(Error::BadKeyLabel { .. })));
        let (view, key) = users.add_key(&new(&[Scope::Score], None), "root").unwrap();
        assert!(key.starts_with(&view.hint) && key.len() > view.hint.len() + 40);
        let identity = users.key(&key).unwrap();
        identity.require(Scope::Score).unwrap();
        let refused = identity.require(Scope::Read).unwrap_err();
        assert!(
            matches!(refused, Error::Forbidden { scope: "read", .. }),
            "{refused}"
        );

        users.set_role("ada", Role::Viewer, "root").unwrap();
        assert!(
            users.key(&key).unwrap().require(Scope::Score).is_err(),
            "a lower role"
        );
        users.set_disabled("ada", true, "root").unwrap();
        let ended = |key: &str| matches!(users.key(key), Err(Error::ProofRefused { .. }));
        assert!(ended(&key), "a shut account");
        users.set_disabled("ada", false, "root").unwrap();
        assert!(!ended(&key));
        assert!(users.revoke_key(&view.id, "root").unwrap());
        assert!(!users.revoke_key(&view.id, "root").unwrap(), "once");
        assert!(ended(&key) && ended("churn_made_up"));
        let unknown = users.revoke_key("none", "root");
        assert!(matches!(unknown, Err(Error::UnknownKey { .. })));

        let hour = Timestamp::new("2026-01-31T09:00:00Z".parse().unwrap());
        let (_, short) = users
            .add_key(&new(&[Scope::Read], Some(hour)), "root")
            .unwrap();
        assert!(!ended(&short));
        world.later(i64::try_from(HOUR.as_secs()).unwrap());
        assert!(ended(&short), "it ended");
        assert_eq!(users.list_keys(Some("ada")).unwrap().len(), 2);
        assert_eq!(users.list_keys(Some("root")).unwrap(), []);
    });
}

/// Nothing that opens a door lies in the database or in the audit trail.
#[test]
fn no_secret_is_stored() {
    let test = TestDatabase::sqlite();
    let path = test.url().strip_prefix("sqlite:").unwrap().to_owned();
    let clock = Arc::new(ManualClock::new("2026-01-31T08:00:00Z".parse().unwrap()));
    let database = Database::open(test.url(), 1).unwrap();
    let users = Users::new(database, clock, UserParams::default());
    let new = NewUser {
        name: "ada",
        role: Role::Admin,
        password: Some(GOOD),
    };
    let id = users.add(&new, "test").unwrap().0.id;
    let session = users.start_session(&id).unwrap();
    let refresh = users.issue_refresh_token(&id).unwrap();
    let key = NewKey {
        user: "ada",
        label: "k",
        scopes: [Scope::Read].into(),
        expires_at: None,
    };
    let (_, key) = users.add_key(&key, "test").unwrap();
    drop(users);
    let mut stored = std::fs::read(&path).unwrap();
    stored.extend(std::fs::read(format!("{path}-wal")).unwrap_or_default());
    let holds = |text: &str| {
        stored
            .windows(text.len())
            .any(|part| part == text.as_bytes())
    };
    assert!(
        holds("$argon2id$v=19$m=19456,t=2,p=1$"),
        "the file was read"
    );
    for secret in [GOOD, &session.token, &refresh.token, &key] {
        assert!(!holds(secret));
    }
}
