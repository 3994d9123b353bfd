//! Specifications, playbooks, policies and configurations with mistakes, and wrong usage.

use std::fs;
use std::path::Path;

use crate::case::{Case, Given, Leaves, check_all};

const VALIDATE: &str = "validate good.csv --spec bad.yaml";

const fn failed(
    name: &'static str,
    given: fn(&Path),
    run: &'static str,
    says: &'static [&'static str],
) -> Case {
    Case {
        name,
        given: Given::Folder(given),
        run,
        code: 1,
        says,
        leaves: Leaves::NoOutput,
    }
}

const fn misused(name: &'static str, run: &'static str, says: &'static [&'static str]) -> Case {
    Case {
        code: 2,
        ..failed(name, |_| {}, run, says)
    }
}

/// `bad.yaml`: the specification with `from` replaced.
fn spoil_spec(folder: &Path, from: &str, to: &str) {
    let spec = fs::read_to_string(folder.join("spec.yaml")).unwrap();
    assert!(spec.contains(from), "{from}");
    fs::write(folder.join("bad.yaml"), spec.replacen(from, to, 1)).unwrap();
}

/// `bad.yaml`: a shipped file of `config/` with `from` replaced.
fn spoil_shipped(folder: &Path, name: &str, from: &str, to: &str) {
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../config");
    let text = fs::read_to_string(shipped.join(name)).unwrap();
    assert!(text.contains(from), "{from}");
    fs::write(folder.join("bad.yaml"), text.replacen(from, to, 1)).unwrap();
}

fn write_bad(folder: &Path, text: &str) {
    fs::write(folder.join("bad.yaml"), text).unwrap();
}

pub(crate) fn cases() -> Vec<Case> {
    let mut cases = specifications();
    cases.extend(playbooks());
    cases.extend(policies());
    cases.extend(usage());
    cases
}

fn specifications() -> Vec<Case> {
    vec![
        failed(
            "a kind with a typo in the specification",
            |folder| spoil_spec(folder, "kind: integer\n    unit", "kind: integr\n    unit"),
            VALIDATE,
            &[
                "bad.yaml:50:11: unknown variant `integr`",
                "expected one of integer, number",
            ],
        ),
        failed(
            "an unknown key in the specification",
            |folder| spoil_spec(folder, "    unit: months", "    units: months"),
            VALIDATE,
            &["bad.yaml:51:5: unknown field `units`", "expected one of"],
        ),
        failed(
            "a role with a typo in the specification",
            |folder| spoil_spec(folder, "roles: [key]", "roles: [kee]"),
            "train good.csv --spec bad.yaml",
            &[
                "bad.yaml:24:13: unknown variant `kee`",
                "expected one of key, target",
            ],
        ),
        failed(
            "a specification with two keys",
            |folder| spoil_spec(folder, "roles: [feature, protected]", "roles: [key]"),
            VALIDATE,
            &["bad.yaml", "key"],
        ),
        failed(
            "an empty specification",
            |f| write_bad(f, ""),
            VALIDATE,
            &["bad.yaml:1:1: the file is empty"],
        ),
        failed(
            "data given as specification",
            |_| {},
            "validate good.csv --spec good.csv",
            &["the specification good.csv has a fault", "good.csv:1:1"],
        ),
        failed(
            "no such specification",
            |_| {},
            "validate good.csv --spec absent.yaml",
            &["can't read absent.yaml", "No such file", "check the path"],
        ),
        failed(
            "a folder as specification",
            |_| {},
            "validate good.csv --spec home",
            &["can't read home", "name a file, not a folder"],
        ),
    ]
}

fn playbooks() -> Vec<Case> {
    const SCORE: &str = "score good.csv -o out.csv --offers --playbook bad.yaml";
    vec![
        failed(
            "a playbook with a typo",
            |folder| spoil_shipped(folder, "playbook.yaml", "cost:", "cots:"),
            SCORE,
            &["bad.yaml:", "offers[0]: unknown key", "did you mean"],
        ),
        failed(
            "a playbook that is not YAML",
            |folder| write_bad(folder, "offers: ["),
            SCORE,
            &["bad.yaml:1: not valid YAML", "unclosed bracket"],
        ),
        failed(
            "an empty playbook",
            |f| write_bad(f, ""),
            SCORE,
            &["bad.yaml:1: expected a map"],
        ),
        failed(
            "a playbook with a typo",
            |folder| spoil_shipped(folder, "playbook.yaml", "cost:", "cots:"),
            "train good.csv --spec spec.yaml --algorithms logistic --playbook bad.yaml",
            &["bad.yaml:", "offers[0]"],
        ),
        failed(
            "no such playbook",
            |_| {},
            "score good.csv -o out.csv --offers --playbook absent.yaml",
            &["can't read absent.yaml", "check the path"],
        ),
    ]
}

fn policies() -> Vec<Case> {
    const SELECT: &str =
        "train good.csv --spec spec.yaml --algorithms logistic --selection bad.yaml";
    const CONFIG: &str = "train good.csv --spec spec.yaml --algorithms logistic --config bad.yaml";
    vec![
        failed(
            "a selection file with a typo",
            |folder| spoil_shipped(folder, "selection.yaml", "gates:", "gats:"),
            SELECT,
            &[
                "bad.yaml: line ",
                "unknown field `gats`",
                "expected one of threshold",
            ],
        ),
        failed(
            "an empty selection file",
            |f| write_bad(f, ""),
            SELECT,
            &["bad.yaml", "empty"],
        ),
        failed(
            "an unknown preset",
            |_| {},
            "train good.csv --spec spec.yaml --algorithms logistic --preset best",
            &["no selection preset 'best'", "known are", "honest"],
        ),
        failed(
            "a training configuration with a typo",
            |folder| write_bad(folder, "foldz: 3\n"),
            CONFIG,
            &[
                "bad.yaml: line 1, column 1: unknown field `foldz`",
                "expected one of algorithms",
            ],
        ),
        failed(
            "a training configuration out of range",
            |folder| write_bad(folder, "folds: 1\ntest_share: 2.0\n"),
            CONFIG,
            &[
                "bad.yaml",
                "'test_share' is 2",
                "'folds' is 1; expected at least 2",
            ],
        ),
        failed(
            "a word for a number in a training configuration",
            |folder| write_bad(folder, "folds: three\n"),
            CONFIG,
            &["bad.yaml: line 1, column 8", "expected a whole number"],
        ),
    ]
}

fn usage() -> Vec<Case> {
    vec![
        misused(
            "no such command",
            "scor good.csv",
            &["similar subcommand exists: 'score'"],
        ),
        misused(
            "an argument is missing",
            "train good.csv",
            &["--spec <FILE>", "Usage:"],
        ),
        misused(
            "no such algorithm",
            "train good.csv --spec spec.yaml --algorithms lgostic",
            &["no algorithm 'lgostic'", "known are logistic"],
        ),
        misused(
            "too many reasons",
            "score good.csv -o x.csv --reasons 99",
            &["0..=20"],
        ),
        misused("no threads", "--threads 0 models list", &["1..=1024"]),
        misused(
            "nobody to explain",
            "explain",
            &["--customer <ID>|--row <FILE>"],
        ),
        misused(
            "no synthetic rows",
            "synth snapshot --rows 0 -o x.csv",
            &["--rows <N>"],
        ),
    ]
}

#[test]
fn hostile_settings() {
    check_all(&cases());
}
