//! Places that cannot be written, and files that must not be overwritten.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use crate::case::{Case, Given, Leaves, check_all};
use crate::shell::allow;

const fn failed(
    name: &'static str,
    given: Given,
    run: &'static str,
    says: &'static [&'static str],
) -> Case {
    Case {
        name,
        given,
        run,
        code: 1,
        says,
        leaves: Leaves::NoOutput,
    }
}

const fn nothing() -> Given {
    Given::Folder(|_| {})
}

/// `full` is a link to the device on which no space is left.
const fn full() -> Given {
    Given::Folder(|folder| symlink("/dev/full", folder.join("full")).unwrap())
}

pub(crate) fn cases() -> Vec<Case> {
    let mut cases = overwriting();
    cases.extend(no_place());
    cases.extend(full_disk());
    cases.extend(homes());
    cases
}

fn overwriting() -> Vec<Case> {
    const GOOD: Leaves = Leaves::Untouched(&["good.csv"]);
    const OUTPUT: &[&str] = &["is the input file; give another path with -o"];
    let safe = |name, given, run, says| Case {
        leaves: GOOD,
        ..failed(name, given, run, says)
    };
    vec![
        safe(
            "output is the input",
            nothing(),
            "score good.csv -o good.csv",
            OUTPUT,
        ),
        safe(
            "output is the input",
            nothing(),
            "score good.csv -o home/../good.csv",
            OUTPUT,
        ),
        safe(
            "output is a link to the input",
            Given::Folder(|folder| symlink("good.csv", folder.join("link.csv")).unwrap()),
            "score good.csv -o link.csv",
            OUTPUT,
        ),
        safe(
            "output is the input",
            nothing(),
            "init good.csv -o good.csv --force",
            OUTPUT,
        ),
        safe(
            "the output exists",
            nothing(),
            "init good.csv -o good.csv",
            &["give another path with -o"],
        ),
        safe(
            "quarantine is the input",
            nothing(),
            "score good.csv -o out.csv --quarantine good.csv",
            &["quarantine good.csv is the input file; give another path with --quarantine"],
        ),
        safe(
            "quarantine is the input",
            nothing(),
            "validate good.csv --spec spec.yaml --quarantine good.csv",
            &["quarantine good.csv is the input file"],
        ),
        failed(
            "quarantine is the output",
            nothing(),
            "score good.csv -o out.csv --quarantine out.csv",
            &["quarantine out.csv is the output file"],
        ),
    ]
}

fn no_place() -> Vec<Case> {
    const NO_FOLDER: &[&str] = &[
        "can't write absent/x",
        "No such file",
        "create the folder first",
    ];
    const A_FOLDER: &[&str] = &["can't write home", "give a file name, not a folder"];
    const LOCKED: &[&str] = &["can't write locked/x", "choose a folder you may write to"];
    let locked = || {
        Given::Bound(|folder| {
            fs::create_dir(folder.join("locked")).unwrap();
            allow(&folder.join("locked"), 0o555);
            open_home(folder);
        })
    };
    vec![
        failed(
            "no such folder",
            nothing(),
            "score good.csv -o absent/x.csv",
            NO_FOLDER,
        ),
        failed(
            "no such folder",
            nothing(),
            "init good.csv -o absent/x.yaml",
            NO_FOLDER,
        ),
        failed(
            "no such folder",
            nothing(),
            "models export champion -o absent/x.zip",
            NO_FOLDER,
        ),
        failed(
            "no such folder",
            nothing(),
            "synth snapshot -o absent/x.csv",
            NO_FOLDER,
        ),
        failed(
            "output is a folder",
            nothing(),
            "score good.csv -o home",
            A_FOLDER,
        ),
        failed(
            "output is a folder",
            nothing(),
            "score good.csv -o home/",
            A_FOLDER,
        ),
        failed(
            "output is a folder",
            nothing(),
            "models export champion -o home",
            A_FOLDER,
        ),
        failed(
            "a folder that is read-only",
            locked(),
            "score good.csv -o locked/x.csv",
            LOCKED,
        ),
        failed(
            "a folder that is read-only",
            locked(),
            "models export champion -o locked/x.zip",
            LOCKED,
        ),
    ]
}

/// Lets everybody write to the home, so that only what the case is about is forbidden.
fn open_home(folder: &Path) {
    for entry in fs::read_dir(folder.join("home")).unwrap() {
        let path = entry.unwrap().path();
        allow(&path, if path.is_dir() { 0o777 } else { 0o666 });
    }
    allow(&folder.join("home"), 0o777);
}

fn full_disk() -> Vec<Case> {
    const FULL: &[&str] = &["can't write full", "No space left", "free some space"];
    let spoilt = "score bad.csv -o out.csv --quarantine full";
    vec![
        failed("disk full", full(), "score good.csv -o full", FULL),
        failed("disk full", full(), "init good.csv -o full --force", FULL),
        failed("disk full", full(), "models export champion -o full", FULL),
        failed(
            "disk full",
            full(),
            "synth snapshot -o full",
            &["can't write full", "No space"],
        ),
        failed(
            "disk full",
            Given::Folder(|folder| symlink("/dev/full", folder.join("full.parquet")).unwrap()),
            "score good.csv -o full.parquet",
            &["can't write full.parquet", "No space left"],
        ),
        Case {
            leaves: Leaves::Any,
            ..failed(
                "disk full for the quarantine",
                Given::Folder(|folder| {
                    symlink("/dev/full", folder.join("full")).unwrap();
                    let good = fs::read_to_string(folder.join("good.csv")).unwrap();
                    fs::write(folder.join("bad.csv"), format!("{good}cut,row\n")).unwrap();
                }),
                spoilt,
                FULL,
            )
        },
    ]
}

fn homes() -> Vec<Case> {
    const SCORE: &str = "score good.csv -o out.csv";
    let no_home = |folder: &Path| fs::remove_dir_all(folder.join("home")).unwrap();
    vec![
        failed(
            "home is a file",
            Given::Folder(|folder| {
                fs::remove_dir_all(folder.join("home")).unwrap();
                fs::write(folder.join("home"), "").unwrap();
            }),
            "models list",
            &[
                "can't open home home",
                "is not a folder",
                "name another folder with --home",
            ],
        ),
        failed(
            "an empty home",
            Given::Folder(no_home),
            SCORE,
            &["there is no model yet", "train one with `churn train`"],
        ),
        failed(
            "a home that is read-only",
            Given::Bound(|folder| {
                for entry in fs::read_dir(folder.join("home")).unwrap() {
                    let path = entry.unwrap().path();
                    allow(&path, if path.is_dir() { 0o555 } else { 0o444 });
                }
                allow(&folder.join("home"), 0o555);
            }),
            "train good.csv --spec spec.yaml --algorithms logistic",
            &[
                "can't open home home",
                "is read-only",
                "choose another with --home",
            ],
        ),
        failed(
            "a home that cannot be made",
            Given::Bound(no_home),
            "train good.csv --spec spec.yaml --algorithms logistic",
            &[
                "can't open home home",
                "is read-only",
                "choose another with --home",
            ],
        ),
        failed(
            "the database is another kind of file",
            Given::Folder(|folder| {
                fs::write(folder.join("home/churn.db"), "no database at all").unwrap();
            }),
            SCORE,
            &["home/churn.db is not a SQLite database", "move it away"],
        ),
        failed(
            "the database is another kind of file",
            Given::Folder(|folder| {
                fs::write(folder.join("home/churn.db"), "no database at all").unwrap();
            }),
            "health",
            &["FAIL home", "not a SQLite database"],
        ),
    ]
}

#[test]
fn hostile_outputs() {
    check_all(&cases());
}
