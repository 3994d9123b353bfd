//! Users, keys and jobs from the shell.

use std::path::Path;

use serde_json::{Value, json};

use crate::shell::{Ran, run};

const GOOD: &[u8] = b"four random words here\n";

fn churn(folder: &Path, args: &str, stdin: &[u8]) -> Ran {
    run(folder, &args.split_whitespace().collect::<Vec<_>>(), stdin)
}

#[track_caller]
fn done(folder: &Path, args: &str, stdin: &[u8]) -> Value {
    let ran = churn(folder, &format!("--json {args}"), stdin);
    assert_eq!(ran.code, Some(0), "churn {args}\n{}", ran.stderr);
    ran.json()
}

#[track_caller]
fn refused(folder: &Path, args: &str, stdin: &[u8], part: &str) {
    let ran = churn(folder, args, stdin);
    assert_ne!(ran.code, Some(0), "churn {args}\n{}", ran.stdout);
    assert!(ran.stderr.contains(part), "churn {args}\n{}", ran.stderr);
}

#[test]
fn users_are_added_listed_changed_and_shut() {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path();
    let made = done(folder, "user add Ada --role admin --password-stdin", GOOD);
    assert_eq!(
        (&made["user"]["name"], &made["password"]),
        (&json!("ada"), &Value::Null)
    );
    let made = done(folder, "user add bob --generate", b"");
    assert_eq!(made["password"].as_str().unwrap().len(), 23);
    assert_eq!(made["user"]["must_change_password"], true);
    refused(folder, "user add ada --password-stdin", GOOD, "already");
    refused(
        folder,
        "user add eve --password-stdin",
        b"short\n",
        "5 characters",
    );
    refused(folder, "user add eve", b"", "--password-stdin");
    refused(
        folder,
        "user add eve --role root",
        b"",
        "viewer, analyst, admin",
    );
    refused(folder, "user disable ada", b"", "last administrator");
    done(folder, "user role bob analyst", b"");
    done(folder, "user passwd bob --password-stdin", GOOD);
    let shut = done(folder, "user disable bob", b"");
    assert!(shut["user"]["disabled_at"].is_string());
    let listed = churn(folder, "user list", b"").stdout;
    assert!(
        listed.contains("analyst") && listed.contains("disabled"),
        "{listed}"
    );
    done(folder, "user enable bob", b"");
    refused(folder, "user passwd eve --generate", b"", "no user 'eve'");
}

#[test]
fn keys_are_shown_once_and_revoked() {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path();
    done(folder, "user add ada --role analyst --password-stdin", GOOD);
    let add = "user key add ada --label nightly --scopes read,score --days 9";
    let made = done(folder, add, b"");
    let secret = made["secret"].as_str().unwrap();
    assert!(secret.starts_with("churn_"));
    refused(
        folder,
        "user key add ada --label x --scopes users",
        b"",
        "'users'",
    );
    refused(
        folder,
        "user key add ada --label x --scopes fly",
        b"",
        "known are read",
    );
    let listed = churn(folder, "user key list", b"").stdout;
    assert!(
        listed.contains("nightly") && !listed.contains(secret),
        "{listed}"
    );
    let revoke = format!("user key revoke {}", made["key"]["id"].as_str().unwrap());
    assert_eq!(done(folder, &revoke, b"")["revoked_now"], true);
    assert_eq!(done(folder, &revoke, b"")["revoked_now"], false);
    refused(folder, "user key revoke none", b"", "churn user key list");
}

#[test]
fn jobs_are_asked_for_shown_cancelled_and_retried() {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path();
    let job = br#"{"keep_jobs_days": 9}"#;
    let first = done(folder, "jobs add housekeep - --key tidy", job);
    let again = done(folder, "jobs add housekeep - --key tidy", job);
    assert_eq!(
        (&first["is_new"], &again["is_new"]),
        (&json!(true), &json!(false))
    );
    assert_eq!(first["job"], again["job"]);
    let id = first["job"]["id"].as_str().unwrap();
    refused(folder, "jobs add fly -", job, "train_model");
    refused(folder, "jobs add housekeep -", b"{", "no JSON");
    refused(folder, "jobs add score_file -", job, "input");
    assert_eq!(
        done(folder, &format!("jobs cancel {id}"), b"")["status"],
        "cancelled"
    );
    refused(
        folder,
        &format!("jobs show {id} -o out.csv"),
        b"",
        "no file",
    );
    let listed = done(folder, "jobs list --status cancelled", b"");
    assert_eq!(listed["jobs"].as_array().unwrap().len(), 1);
    assert_eq!(
        done(folder, &format!("jobs retry {id}"), b"")["status"],
        "queued"
    );
    refused(folder, &format!("jobs retry {id}"), b"", "queued");
    refused(folder, "jobs show none", b"", "churn jobs list");
    refused(folder, "jobs list --status lost", b"", "succeeded");
}
