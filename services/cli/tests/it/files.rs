//! Files that are not what they should be as a whole.

use std::fs;
use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;

use crate::case::{Case, Given, Leaves, check_all};

const VALIDATE: &str = "validate bad.csv --spec spec.yaml --quarantine quarantine.csv";
const TRAIN: &str = "train bad.csv --spec spec.yaml --algorithms logistic";
const SCORE: &str = "score bad.csv -o out.csv";

/// Refused as a whole: nothing is written.
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

/// Every row is scored.
const fn scored(name: &'static str, given: Given, says: &'static [&'static str]) -> Case {
    Case {
        name,
        given,
        run: SCORE,
        code: 0,
        says,
        leaves: Leaves::Scored(600, 0),
    }
}

fn gzip(text: &str) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(text.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

fn utf16(text: &str) -> Vec<u8> {
    let units = std::iter::once(0xFEFF).chain(text.encode_utf16());
    units.flat_map(u16::to_le_bytes).collect()
}

pub(crate) fn cases() -> Vec<Case> {
    let mut cases = empty();
    cases.extend(encoded());
    cases.extend(shaped());
    cases.extend(paths());
    cases
}

fn empty() -> Vec<Case> {
    const EMPTY: &[&str] = &[
        "bad.csv is empty",
        "a header line with column names is expected",
    ];
    const NO_ROWS: &[&str] = &["bad.csv", "nothing follows the header; add the rows"];
    let no_bytes = || Given::Bytes(|_| Vec::new());
    let header_only = || Given::Rows(|t| t.rows.clear());
    let mut cases = vec![
        refused("empty file", no_bytes(), "init bad.csv", EMPTY),
        refused("empty file", no_bytes(), VALIDATE, EMPTY),
        refused("empty file", no_bytes(), TRAIN, EMPTY),
        refused("empty file", no_bytes(), SCORE, EMPTY),
        refused("empty file", no_bytes(), "evaluate bad.csv", EMPTY),
        refused(
            "only blank lines",
            Given::Bytes(|_| b"\n\n  \n\r\n".to_vec()),
            VALIDATE,
            EMPTY,
        ),
        refused("header only", header_only(), "init bad.csv", NO_ROWS),
        refused(
            "header only",
            header_only(),
            VALIDATE,
            &["bad.csv has no data rows; add them"],
        ),
        refused("header only", header_only(), TRAIN, NO_ROWS),
    ];
    cases.push(Case {
        leaves: Leaves::Scored(0, 0),
        ..scored(
            "header only",
            header_only(),
            &["no data rows", "out.csv holds a header only"],
        )
    });
    cases
}

fn encoded() -> Vec<Case> {
    vec![
        scored(
            "byte order mark",
            Given::Bytes(|good| format!("\u{feff}{good}").into()),
            &[],
        ),
        scored("CRLF line ends", Given::Rows(|t| t.line_end = "\r\n"), &[]),
        scored("CR line ends", Given::Rows(|t| t.line_end = "\r"), &[]),
        scored("gzip without a telling name", Given::Bytes(gzip), &[]),
        refused(
            "UTF-16",
            Given::Bytes(utf16),
            SCORE,
            &["bad.csv is UTF-16", "save it as UTF-8", "iconv -f UTF-16"],
        ),
        Case {
            leaves: Leaves::Scored(599, 1),
            ..scored(
                "Latin-1 text in one row",
                Given::Bytes(|good| {
                    let mut lines = good.split_inclusive('\n');
                    let mut out = lines.next().unwrap().as_bytes().to_vec();
                    let row = lines.next().unwrap();
                    out.extend(row.replace("Bank", "B\u{e4}nk").chars().map(|c| c as u8));
                    lines.for_each(|line| out.extend(line.as_bytes()));
                    out
                }),
                &[
                    "row 1 (line 2)",
                    "bad_encoding",
                    "0xE4",
                    "set csv.encoding: windows-1252",
                ],
            )
        },
        Case {
            leaves: Leaves::Scored(599, 1),
            ..scored(
                "NUL byte",
                Given::Rows(|t| t.set(5, "gender", "Fem\0ale")),
                &["row 5 (line 6)", "nul_byte", "remove the byte"],
            )
        },
        refused(
            "not text at all",
            Given::Bytes(|_| (0..=255).cycle().take(9_000).collect()),
            VALIDATE,
            &[
                "bad.csv: the header line cannot be read",
                "does not look like text",
            ],
        ),
        refused(
            "a spreadsheet named .csv",
            Given::Bytes(|_| b"PK\x03\x04 and so on".to_vec()),
            "init bad.csv",
            &[
                "a zip archive or a spreadsheet",
                "export the table as CSV or Parquet",
            ],
        ),
        refused(
            "truncated gzip",
            Given::Bytes(|good| {
                let whole = gzip(good);
                whole[..whole.len() / 2].to_vec()
            }),
            SCORE,
            &[
                "bad.csv",
                "gzip data is truncated or damaged",
                "copy the file again",
            ],
        ),
    ]
}

fn shaped() -> Vec<Case> {
    vec![
        refused(
            "another delimiter",
            Given::Rows(|t| t.delimiter = ";"),
            VALIDATE,
            &[
                "bad.csv",
                "split at ','",
                "separated by ';'",
                "set csv.delimiter: ';'",
            ],
        ),
        Case {
            code: 0,
            leaves: Leaves::Any,
            ..refused(
                "another delimiter",
                Given::Rows(|t| t.delimiter = ";"),
                "init bad.csv",
                &["delimiter: \";\""],
            )
        },
        refused(
            "10,000 columns",
            Given::Rows(|t| {
                t.rows.truncate(5);
                let names = (0..9_979).map(|n| format!("x{n}"));
                t.header.extend(names);
                t.rows
                    .iter_mut()
                    .for_each(|row| row.resize(10_000, "1".to_owned()));
            }),
            VALIDATE,
            &[
                "bad.csv has 10000 columns",
                "at most 5000",
                "take out those that nobody needs",
            ],
        ),
        refused(
            "a column named twice",
            Given::Rows(|t| t.add_column("tenure", "1")),
            TRAIN,
            &[
                "bad.csv has more than one column named tenure",
                "rename or remove",
            ],
        ),
        scored(
            "a column without a name",
            Given::Rows(|t| t.add_column("", "1")),
            &["column number 22", "empty_column_name", "name it to use it"],
        ),
        scored(
            "a column the specification does not know",
            Given::Rows(|t| t.add_column("score", "1")),
            &["column score", "extra_column", "the column is not read"],
        ),
        refused(
            "a feature is missing",
            Given::Rows(|t| t.remove_column("tenure")),
            SCORE,
            &[
                "bad.csv lacks the columns tenure",
                "the file has customerID",
            ],
        ),
        refused(
            "a feature is written differently",
            Given::Rows(|t| t.rename("tenure", "Tenure")),
            SCORE,
            &[
                "lacks the columns tenure",
                "the file has \"Tenure\"",
                "rename it",
            ],
        ),
        refused(
            "no target at training",
            Given::Rows(|t| t.remove_column("Churn")),
            TRAIN,
            &["bad.csv lacks the columns Churn"],
        ),
        scored(
            "no target at scoring",
            Given::Rows(|t| t.remove_column("Churn")),
            &[],
        ),
    ]
}

fn paths() -> Vec<Case> {
    let failed = |name, given, run, says| Case {
        code: 1,
        ..refused(name, given, run, says)
    };
    let nothing = || Given::Folder(|_| {});
    const MISSING: &[&str] = &[
        "cannot read absent.csv",
        "No such file",
        "check that the file",
    ];
    vec![
        failed("no such file", nothing(), "init absent.csv", MISSING),
        failed(
            "no such file",
            nothing(),
            "validate absent.csv --spec spec.yaml",
            MISSING,
        ),
        failed(
            "no such file",
            nothing(),
            "train absent.csv --spec spec.yaml",
            MISSING,
        ),
        failed(
            "no such file",
            nothing(),
            "score absent.csv -o out.csv",
            MISSING,
        ),
        failed(
            "no such file",
            nothing(),
            "explain --customer A --data absent.csv",
            MISSING,
        ),
        failed(
            "a folder as input",
            nothing(),
            "score home -o out.csv",
            &["home is a directory; name one CSV or Parquet file"],
        ),
        failed(
            "a file that may not be read",
            Given::Bound(|folder| {
                let file = folder.join("bad.csv");
                fs::copy(folder.join("good.csv"), &file).unwrap();
                crate::shell::allow(&file, 0o000);
            }),
            "validate bad.csv --spec spec.yaml",
            &["cannot read bad.csv", "Permission denied", "may be read"],
        ),
    ]
}

#[test]
fn hostile_files() {
    check_all(&cases());
}
