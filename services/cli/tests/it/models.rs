//! References that name nothing, bundles that are not whole, names that try to leave the home.

use std::fs;
use std::path::{Path, PathBuf};

use crate::case::{Case, Given, Leaves, check_all};

const SCORE: &str = "score good.csv -o out.csv";

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

/// The one bundle in the home.
fn bundle(folder: &Path) -> PathBuf {
    let only = |folder: PathBuf| {
        let mut entries = fs::read_dir(folder).unwrap();
        entries.next().unwrap().unwrap().path()
    };
    only(only(folder.join("home/objects")))
}

const fn altered() -> Given {
    Given::Folder(|folder| {
        let path = bundle(folder);
        let mut bytes = fs::read(&path).unwrap();
        bytes[200] ^= 1;
        fs::write(path, bytes).unwrap();
    })
}

const fn cut_short() -> Given {
    Given::Folder(|folder| {
        let path = bundle(folder);
        let bytes = fs::read(&path).unwrap();
        fs::write(path, &bytes[..bytes.len() / 2]).unwrap();
    })
}

const fn gone() -> Given {
    Given::Folder(|folder| fs::remove_file(bundle(folder)).unwrap())
}

pub(crate) fn cases() -> Vec<Case> {
    let mut cases = references();
    cases.extend(bundles());
    cases.extend(imports());
    cases
}

fn references() -> Vec<Case> {
    const ELSEWHERE: &[&str] = &["there is no model \"../../etc/passwd\"", "champion, v1.0.0"];
    vec![
        failed(
            "an alias with a typo",
            nothing(),
            "score good.csv -o out.csv --model chmpion",
            &[
                "there is no model \"chmpion\"",
                "did you mean \"champion\"?",
                "there are",
            ],
        ),
        failed(
            "an unknown version",
            nothing(),
            "models show v9.9.9",
            &["there is no model \"v9.9.9\"", "v1.0.0"],
        ),
        failed(
            "a path for a model",
            nothing(),
            "models activate ../../etc/passwd",
            ELSEWHERE,
        ),
        failed(
            "a path for a model",
            nothing(),
            "models export ../../etc/passwd -o x",
            ELSEWHERE,
        ),
        failed(
            "a path for a model",
            nothing(),
            "score good.csv -o out.csv --model ../../etc/passwd",
            ELSEWHERE,
        ),
        failed(
            "nothing to roll back to",
            nothing(),
            "models rollback",
            &["cannot be rolled back", "v1.0.0"],
        ),
        Case {
            code: 3,
            ..failed(
                "an unknown customer",
                nothing(),
                "explain --customer nobody --data good.csv",
                &["customer 'nobody' is not in good.csv"],
            )
        },
    ]
}

fn bundles() -> Vec<Case> {
    const ALTERED: &[&str] = &["is altered or truncated", "restore it from a backup"];
    const VERSION: &[&str] = &[
        "v1.0.0",
        "is altered or truncated",
        "restore it from a backup",
    ];
    vec![
        failed("a bundle is altered", altered(), SCORE, ALTERED),
        failed("a bundle is altered", altered(), "models verify", VERSION),
        failed(
            "a bundle is altered",
            altered(),
            "models activate v1.0.0",
            VERSION,
        ),
        failed("a bundle is cut short", cut_short(), SCORE, ALTERED),
        failed(
            "a bundle is cut short",
            cut_short(),
            "models verify",
            VERSION,
        ),
        failed(
            "a bundle is gone",
            gone(),
            SCORE,
            &["is not in home/objects", "restore it"],
        ),
        failed(
            "a bundle is gone",
            gone(),
            "models verify",
            &["v1.0.0", "restore it"],
        ),
        failed(
            "a bundle is gone",
            gone(),
            "models show champion",
            &["is not in home/objects", "restore it"],
        ),
    ]
}

fn imports() -> Vec<Case> {
    vec![
        failed(
            "no bundle at all",
            nothing(),
            "models import good.csv",
            &[
                "good.csv is not imported",
                "no model file this program knows",
                "expected a bundle of this program, XGBoost",
            ],
        ),
        failed(
            "no such bundle",
            nothing(),
            "models import absent.zip",
            &["can't read absent.zip", "check the path"],
        ),
        failed(
            "a bundle cut short",
            Given::Folder(|folder| {
                let bytes = fs::read(folder.join("model.zip")).unwrap();
                fs::write(folder.join("cut.zip"), &bytes[..bytes.len() - 100]).unwrap();
            }),
            "models import cut.zip",
            &["cut.zip is not imported", "truncated"],
        ),
    ]
}

#[test]
fn hostile_models() {
    check_all(&cases());
}
