//! Rows and values that are not what they should be.

use crate::case::{Case, Given, Leaves, check_all};

const VALIDATE: &str = "validate bad.csv --spec spec.yaml --quarantine quarantine.csv";
const TRAIN: &str = "train bad.csv --spec spec.yaml --algorithms logistic";
const SCORE: &str = "score bad.csv -o out.csv";

/// Bad rows are refused with their place, the others are scored.
const fn scored(
    name: &'static str,
    given: Given,
    n_refused: usize,
    says: &'static [&'static str],
) -> Case {
    Case {
        name,
        given,
        run: SCORE,
        code: 0,
        says,
        leaves: Leaves::Scored(600 - n_refused, n_refused),
    }
}

/// Bad rows are told by `validate` and put into quarantine.
const fn quarantined(
    name: &'static str,
    given: Given,
    n_refused: usize,
    says: &'static [&'static str],
) -> Case {
    Case {
        name,
        given,
        run: VALIDATE,
        code: 0,
        says,
        leaves: Leaves::Quarantined(n_refused),
    }
}

const fn refused(
    name: &'static str,
    given: Given,
    run: &'static str,
    says: &'static [&'static str],
) -> Case {
    Case {
        name,
        given,
        run,
        code: 3,
        says,
        leaves: Leaves::NoOutput,
    }
}

pub(crate) fn cases() -> Vec<Case> {
    let mut cases = rows();
    cases.extend(numbers());
    cases.extend(keys());
    cases.extend(targets());
    cases.extend(whole_columns());
    cases
}

fn rows() -> Vec<Case> {
    vec![
        scored(
            "a quote that is never closed",
            Given::Rows(|t| t.set(11, "gender", "\"Female")),
            1,
            &[
                "bad.csv, row 11 (line 12)",
                "unclosed_quote",
                "only this line is left out",
            ],
        ),
        scored(
            "one field too many, one too few",
            Given::Rows(|t| {
                t.rows[10].push("x".to_owned());
                t.rows[11].pop();
            }),
            2,
            &[
                "row 11 (line 12)",
                "expected 21 fields, found 22",
                "and 1 more like it",
            ],
        ),
        scored(
            "a field of 2 MB",
            Given::Rows(|t| t.set(6, "gender", &"F".repeat(2_000_000))),
            1,
            &[
                "row 6 (line 7), column gender",
                "too_long",
                "at most 1048576 bytes",
            ],
        ),
        scored(
            "a quoted field of 2 MB",
            Given::Rows(|t| t.set(6, "gender", &format!("\"{}\"", "F".repeat(2_000_000)))),
            1,
            &["row 6 (line 7)", "unclosed_quote", "within 1048576 bytes"],
        ),
        Case {
            run: "train bad.csv --spec spec.yaml --algorithms logistic --selection easy.yaml",
            leaves: Leaves::Any,
            ..scored(
                "bad rows and an empty column at training",
                Given::Rows(|t| {
                    t.rows[10].push("x".to_owned());
                    t.set(12, "tenure", "soon");
                    t.set_all("MultipleLines", "");
                }),
                0,
                &[
                    "2 of 600 rows were refused and left out; first: bad.csv, row 11 (line 12)",
                    "column MultipleLines: no_values",
                ],
            )
        },
        Case {
            run: "init bad.csv -o new.yaml",
            leaves: Leaves::Any,
            ..scored(
                "rows that can't be read",
                Given::Rows(|t| {
                    t.rows[10].push("x".to_owned());
                    t.set(12, "gender", &"F".repeat(2_000_000));
                }),
                0,
                &[
                    "2 of the first 600 rows are not readable; see validate",
                    "wrote new.yaml",
                ],
            )
        },
    ]
}

fn numbers() -> Vec<Case> {
    vec![
        quarantined(
            "NaN, inf, 1e400, 1e39, 1,234.5 and 12abc for numbers",
            Given::Rows(|t| {
                let texts = [
                    "NaN",
                    "inf",
                    "1e400",
                    "\"1,234.5\"",
                    "12abc",
                    "-inf",
                    "1e39",
                ];
                for (index, text) in texts.iter().enumerate() {
                    t.set(index + 1, "MonthlyCharges", text);
                }
            }),
            7,
            &[
                "row 1 (line 2), column MonthlyCharges: not_finite \"NaN\"",
                "row 2 (line 3), column MonthlyCharges: not_finite \"inf\"",
                "row 3 (line 4), column MonthlyCharges: not_finite \"1e400\"",
                "\"1,234.5\", expected a number; write it without separators: 1234.5",
                "row 5 (line 6), column MonthlyCharges: not_a_number \"12abc\"",
                "593 good, 7 refused",
            ],
        ),
        scored(
            "a negative and a broken tenure",
            Given::Rows(|t| {
                t.set(4, "tenure", "-4");
                t.set(5, "tenure", "3.5");
            }),
            2,
            &[
                "row 4 (line 5), column tenure: out_of_range \"-4\", expected 0 to 72 months",
                "row 5 (line 6), column tenure: not_an_integer \"3.5\"",
                "2 of 600 rows were refused and not scored; they are in out.csv.rejected.csv",
            ],
        ),
        quarantined(
            "an unknown category at training",
            Given::Rows(|t| t.set(4, "Contract", "Three year")),
            1,
            &[
                "row 4 (line 5), column Contract: unknown_category \"Three year\"",
                "expected one of Month-to-month, One year, Two year",
                "correct the value, or add the level to the specification",
            ],
        ),
        scored(
            "an unknown category at scoring",
            Given::Rows(|t| t.set(4, "Contract", "Three year")),
            0,
            &[
                "warning",
                "row 4 (line 5), column Contract: unknown_category",
            ],
        ),
    ]
}

fn keys() -> Vec<Case> {
    vec![
        quarantined(
            "a key twice",
            Given::Rows(|t| t.set(2, "customerID", "SYN-7-0000000")),
            1,
            &[
                "row 2 (line 3), column customerID: duplicate_key \"SYN-7-0000000\"",
                "row 1 has it already",
                "remove the repeated row",
            ],
        ),
        scored(
            "an empty key",
            Given::Rows(|t| t.set(2, "customerID", "")),
            1,
            &[
                "row 2 (line 3), column customerID: missing_key",
                "fill in the key",
            ],
        ),
        scored(
            "a formula as key",
            Given::Rows(|t| t.set(1, "customerID", "\"=cmd|'/C calc'!A0\"")),
            0,
            &[],
        ),
    ]
}

fn targets() -> Vec<Case> {
    const ONE_CLASS: &[&str] = &["bad.csv", "customers who left and of customers who stayed"];
    let one_class = || Given::Rows(|t| t.set_all("Churn", "No"));
    vec![
        refused("nobody left", one_class(), TRAIN, ONE_CLASS),
        refused(
            "nobody left",
            one_class(),
            "evaluate bad.csv",
            &["bad.csv", "need both classes"],
        ),
        refused(
            "no outcome known",
            Given::Rows(|t| t.set_all("Churn", "")),
            TRAIN,
            &[
                "bad.csv has no usable data row, all 600 were refused; first: bad.csv, row 1",
                "column Churn: missing_target",
                "expected one of No, Yes",
            ],
        ),
        refused(
            "too few rows",
            Given::Rows(|t| t.rows.truncate(10)),
            TRAIN,
            &[
                "bad.csv",
                "the rarer class has",
                "give more rows or ask for fewer folds",
            ],
        ),
        refused(
            "a fifth of the rows refused",
            Given::Rows(|t| {
                for row in (1..=600).step_by(5) {
                    t.set(row, "tenure", "soon");
                }
            }),
            TRAIN,
            &[
                "120 of 600 rows of bad.csv were refused (20.0 %)",
                "more than the 5.0 %",
                "first: bad.csv, row 1 (line 2), column tenure",
                "run 'churn validate'",
            ],
        ),
    ]
}

fn whole_columns() -> Vec<Case> {
    const NO_VALUES: &[&str] = &["column MonthlyCharges: no_values", "fill the column"];
    let no_charges = || Given::Rows(|t| t.set_all("MonthlyCharges", ""));
    vec![
        quarantined("a column without any value", no_charges(), 0, NO_VALUES),
        scored("a column without any value", no_charges(), 0, NO_VALUES),
        Case {
            code: 3,
            leaves: Leaves::Scored(0, 600),
            ..scored(
                "every row refused",
                Given::Rows(|t| t.set_all("tenure", "soon")),
                0,
                &[
                    "row 1 (line 2), column tenure: not_a_number \"soon\"",
                    "and 599 more like it",
                    "every row was refused, nothing was scored",
                ],
            )
        },
    ]
}

#[test]
fn hostile_values() {
    check_all(&cases());
}
