//! What more than one process does to one home or one file, and processes that are killed.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::shell::{Base, CHURN, command, finish, run, tame};

#[test]
fn two_trainings_on_one_home_both_succeed() {
    let base = Base::new();
    let folder = base.folder();
    let train = |seed: &str| {
        let args = [
            "train",
            "good.csv",
            "--spec",
            "spec.yaml",
            "--algorithms",
            "logistic",
        ];
        let mut command = command(folder.path(), &args);
        command.args(["--selection", "easy.yaml"]);
        command
            .args(["--seed", seed, "--json"])
            .stdin(Stdio::null());
        command.spawn().unwrap()
    };
    let (one, two) = (train("1"), train("2"));
    for child in [one, two] {
        let output = child.wait_with_output().unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(0), "{stderr}");
    }
    let listed = run(folder.path(), &["models", "list", "--json"], b"").json();
    let mut versions: Vec<&str> = listed["models"]
        .as_array()
        .unwrap()
        .iter()
        .map(|model| model["version"].as_str().unwrap())
        .collect();
    versions.sort_unstable();
    assert_eq!(versions.len(), 3, "the base and one each: {versions:?}");
    versions.dedup();
    assert_eq!(versions.len(), 3, "{versions:?}");
    let verified = run(folder.path(), &["models", "verify"], b"");
    assert_eq!(verified.code, Some(0), "{}", verified.stderr);
}

/// Size of the part of a scored file, if it has begun.
fn part_bytes(folder: &Path) -> Option<u64> {
    fs::read_dir(folder)
        .unwrap()
        .filter_map(Result::ok)
        .find(|entry| entry.file_name().to_string_lossy().ends_with(".part"))
        .and_then(|entry| entry.metadata().ok())
        .map(|facts| facts.len())
}

#[test]
fn a_killed_scoring_leaves_what_was_there() {
    let base = Base::new();
    let folder = base.folder();
    fs::write(folder.path().join("out.csv"), "before").unwrap();
    let mut command = command(folder.path(), &["score", "/dev/stdin", "-o", "out.csv"]);
    let mut child = command.stderr(Stdio::null()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let good = base.good();
    let (header, rows) = good.split_once('\n').unwrap();
    writeln!(stdin, "{header}").unwrap();
    // Enough for several chunks; the end of the input never comes, so it can't finish.
    for _ in 0..200 {
        stdin.write_all(rows.as_bytes()).unwrap();
    }
    let deadline = Instant::now() + Duration::from_secs(30);
    while part_bytes(folder.path()).is_none_or(|bytes| bytes == 0) {
        assert!(Instant::now() < deadline, "no output was begun");
        std::thread::yield_now();
    }
    child.kill().unwrap();
    child.wait().unwrap();
    drop(stdin);
    let out = fs::read_to_string(folder.path().join("out.csv")).unwrap();
    assert_eq!(out, "before", "a half-written file was visible");

    let again = run(folder.path(), &["score", "good.csv", "-o", "out.csv"], b"");
    assert_eq!(again.code, Some(0), "{}", again.stderr);
    assert_eq!(
        part_bytes(folder.path()),
        None,
        "what was left is cleared away"
    );
    let out = fs::read_to_string(folder.path().join("out.csv")).unwrap();
    assert_eq!(out.lines().count(), 601);
}

#[test]
fn a_killed_training_is_shown_as_interrupted() {
    let base = Base::new();
    let folder = base.folder();
    let args = "train good.csv --spec spec.yaml --algorithms logistic --selection easy.yaml --trials 100000";
    let args: Vec<&str> = args.split(' ').collect();
    let mut command = command(folder.path(), &args);
    let mut child = command
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let newest = || {
        let listed = run(folder.path(), &["runs", "list", "--json"], b"").json();
        listed["runs"][0]["status"].as_str().unwrap().to_owned()
    };
    let deadline = Instant::now() + Duration::from_secs(60);
    while newest() != "running" {
        assert!(Instant::now() < deadline, "no training was begun");
        std::thread::yield_now();
    }
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(newest(), "interrupted");
}

/// Runs a shell line in `folder`; `$CHURN` is the program.
fn shell(folder: &Path, line: &str) -> crate::shell::Ran {
    let mut command = Command::new("sh");
    command.args(["-c", line]);
    tame(&mut command, folder);
    command.env("CHURN", CHURN);
    finish(command, b"")
}

#[test]
fn a_reader_that_goes_away_is_no_fault() {
    let base = Base::new();
    let folder = base.folder();
    for line in [
        r#"{ "$CHURN" --home home models list; echo "code $?" >&2; } | true"#,
        r#"{ "$CHURN" --home home models show champion; echo "code $?" >&2; } | head -1"#,
        r#"{ "$CHURN" --home home init good.csv; echo "code $?" >&2; } | head -1"#,
    ] {
        let ran = shell(folder.path(), line);
        assert!(ran.stderr.contains("code 0"), "{line}\n{}", ran.stderr);
        assert!(!ran.stderr.contains("panicked"), "{line}\n{}", ran.stderr);
    }
}

#[test]
fn a_pipe_is_written_to_and_not_replaced() {
    let base = Base::new();
    let folder = base.folder();
    let ran = shell(
        folder.path(),
        r#""$CHURN" --home home score /dev/stdin -o /dev/stdout < good.csv | grep -c ^SYN-"#,
    );
    assert_eq!(ran.stdout.trim(), "600", "{}", ran.stderr);
}
