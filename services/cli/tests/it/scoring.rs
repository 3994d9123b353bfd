//! What must not change a score: other columns, their order, the form of the file, the threads.

use std::fs;
use std::path::Path;

use crate::customers::Customers;
use crate::shell::{Base, N_GOOD, run};

/// The scored bytes of `text` as CSV.
fn scored(folder: &Path, text: &str, options: &str) -> Vec<u8> {
    fs::write(folder.join("in.csv"), text).unwrap();
    let args = format!("score in.csv -o out.csv --reasons 3 --offers {options}");
    let ran = run(folder, &args.split_whitespace().collect::<Vec<_>>(), b"");
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    fs::read(folder.join("out.csv")).unwrap()
}

#[test]
fn form_and_threads_change_no_score() {
    let base = Base::new();
    let folder = base.folder();
    let good = base.good();
    let expected = scored(folder.path(), &good, "");
    assert_eq!(
        String::from_utf8_lossy(&expected).lines().count(),
        N_GOOD + 1
    );
    let spoilt = |spoil: &dyn Fn(&mut Customers)| {
        let mut customers = Customers::new(&good);
        spoil(&mut customers);
        customers.text()
    };
    let reversed = spoilt(&|t| {
        t.header.reverse();
        t.rows.iter_mut().for_each(|row| row.reverse());
    });
    let cases = [
        ("columns in another order", reversed, ""),
        (
            "a further column",
            spoilt(&|t| t.add_column("score", "9")),
            "",
        ),
        ("no target", spoilt(&|t| t.remove_column("Churn")), ""),
        ("other outcomes", spoilt(&|t| t.set_all("Churn", "Yes")), ""),
        (
            "nonsense for outcomes",
            spoilt(&|t| t.set_all("Churn", "?")),
            "",
        ),
        ("CRLF", spoilt(&|t| t.line_end = "\r\n"), ""),
        ("one thread", good.clone(), "--threads 1"),
        ("two threads", good.clone(), "--threads 2"),
    ];
    for (what, text, options) in cases {
        assert!(
            scored(folder.path(), &text, options) == expected,
            "{what} changed the scores"
        );
    }
}

#[test]
fn a_formula_as_key_reaches_no_spreadsheet() {
    let base = Base::new();
    let folder = base.folder();
    let mut customers = Customers::new(&base.good());
    customers.set(1, "customerID", "\"=cmd|'/C calc'!A0\"");
    customers.set(2, "customerID", "@SUM(A1)");
    customers.set(3, "customerID", "-12.5");
    let text = String::from_utf8(scored(folder.path(), &customers.text(), "")).unwrap();
    let keys: Vec<&str> = text
        .lines()
        .skip(1)
        .take(3)
        .map(|line| line.split(',').next().unwrap())
        .collect();
    assert_eq!(keys, ["'=cmd|'/C calc'!A0", "'@SUM(A1)", "-12.5"]);
}

#[test]
fn a_quarantine_of_an_earlier_run_does_not_stay() {
    let base = Base::new();
    let folder = base.folder();
    let rejected = folder.path().join("out.csv.rejected.csv");
    scored(folder.path(), &format!("{}cut,row\n", base.good()), "");
    assert!(rejected.exists());
    scored(folder.path(), &base.good(), "");
    assert!(!rejected.exists(), "it speaks of rows of another file");
}

#[test]
fn seed_and_data_give_the_bundle_at_any_thread_count() {
    let base = Base::new();
    let bundle = |threads: &str| {
        let folder = base.folder();
        fs::remove_dir_all(folder.path().join("home")).unwrap();
        let args = format!(
            "train good.csv --spec spec.yaml --algorithms logistic --selection easy.yaml --json --threads {threads}"
        );
        let ran = run(folder.path(), &args.split(' ').collect::<Vec<_>>(), b"");
        assert_eq!(ran.code, Some(0), "{}", ran.stderr);
        let listed = run(folder.path(), &["models", "list", "--json"], b"").json();
        listed["models"][0]["bundle_sha256"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    let first = bundle("1");
    assert_eq!(first.len(), 64);
    assert_eq!(bundle("1"), first, "twice with one thread");
    assert_eq!(bundle("2"), first, "with two threads");
}
