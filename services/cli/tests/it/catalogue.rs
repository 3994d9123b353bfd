//! `docs/hostile-inputs.md`: the table of cases with what each prints.
//!
//! `CHURN_UPDATE_DOCS=1 cargo test -p churn-cli --test it catalogue` writes it anew.

use std::fs;
use std::path::{Path, PathBuf};

use crate::case::{Case, Given, carry_out, prepare};
use crate::shell::{Base, Ran};
use crate::{files, models, outputs, settings, values};

/// Lines shown of what a case prints.
const MAX_LINES: usize = 4;
/// Characters shown of a line.
const MAX_CHARS: usize = 420;

const FRONT: &str = "# Hostile inputs

What `churn` does with input that is wrong.
This page is made by running the program: every row is a test of `services/cli/tests/it/`, which also says what must be left afterwards.
Make it anew with `CHURN_UPDATE_DOCS=1 cargo test -p churn-cli --test it catalogue`.

Exit codes: 0 done, 1 failed, 2 wrong usage, 3 data refused.
A bad row never sinks a file: it is refused with row, line, column, what was expected and how to put it right, and the other rows go on.
A file that is refused as a whole leaves no output; an output that cannot be written whole does not appear and what was there stays.

`good.csv` holds 600 synthetic customers, `home/` a model trained on them; `bad.csv` and `bad.yaml` are those spoilt as the first column says.
";

const BACK: &str = "
## More than one process

These are tests as well (`races.rs`, `scoring.rs`, `parquet.rs`).

| what | what comes of it |
|---|---|
| two trainings on one home at once | both succeed, with versions of their own |
| `kill -9` while scoring | the output is as it was before; the next run is not hindered |
| `churn models list \\| head -1` | no fault: a reader that went away wants no more |
| `-o /dev/stdout`, `-o` to a link or a pipe | written to, never replaced |
| columns in another order, further columns, a target in the file | the same bytes as without |
| `--threads 1` and `--threads 2` | the same scored bytes and the same `bundle_sha256` |
| Parquet cut at any place, or with a column of bytes | refused, exit 3, the column named |
| `=cmd...` as a key | written as `'=cmd...`, so that a spreadsheet takes it for text |
| a quarantine file of an earlier run | removed when nothing was refused |
";

fn page() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/hostile-inputs.md")
}

/// What a case prints, as a table cell.
fn printed(ran: &Ran) -> String {
    let is_result = |line: &&str| {
        ["error:", "warning:", "FAIL"]
            .iter()
            .any(|start| line.starts_with(start))
            || line.starts_with("  ") && !line.trim().is_empty()
    };
    let mut lines: Vec<&str> = ran.stderr.lines().filter(is_result).collect();
    if lines.is_empty() {
        let of_stdout = ran.stdout.lines().filter(|line| !line.trim().is_empty());
        lines = of_stdout.collect();
        let faults: Vec<&str> = lines
            .iter()
            .copied()
            .filter(|l| l.contains("error: "))
            .collect();
        let warnings = lines.iter().copied().filter(|l| l.contains("no_values"));
        match (faults.is_empty(), warnings.collect::<Vec<_>>()) {
            (false, _) => lines = faults,
            (true, warnings) if !warnings.is_empty() => lines = warnings,
            _ => lines.truncate(1),
        }
    }
    let n_left = lines.len().saturating_sub(MAX_LINES);
    let mut cells: Vec<String> = lines.into_iter().take(MAX_LINES).map(cell).collect();
    if n_left > 0 {
        cells.push(format!("... {n_left} more lines"));
    }
    cells.join("<br>")
}

fn cell(line: &str) -> String {
    let line = line.trim().replace('|', "\\|").replace('`', "'");
    let mut shown: String = line.chars().take(MAX_CHARS).collect();
    if shown.len() < line.len() {
        shown.push_str("...");
    }
    format!("`{shown}`")
}

fn section(base: &Base, title: &str, cases: &[Case]) -> String {
    let mut out =
        format!("\n## {title}\n\n| what is wrong | command | exit | prints |\n|---|---|---|---|\n");
    for case in cases {
        let folder = base.folder();
        prepare(base, case, folder.path());
        let ran = carry_out(case, folder.path());
        let code = ran
            .code
            .map_or_else(|| "-".to_owned(), |code| code.to_string());
        let bound = match case.given {
            Given::Bound(_) => " (not as root)",
            _ => "",
        };
        out.push_str(&format!(
            "| {}{bound} | `churn {}` | {code} | {} |\n",
            case.name,
            case.run.replace('|', "\\|"),
            printed(&ran)
        ));
    }
    out
}

#[test]
fn the_page_says_what_is_printed() {
    let base = Base::new();
    let mut made = FRONT.to_owned();
    let sections = [
        ("Files as a whole", files::cases()),
        ("Rows and values", values::cases()),
        ("Settings and usage", settings::cases()),
        ("Outputs and homes", outputs::cases()),
        ("Models", models::cases()),
    ];
    for (title, cases) in sections {
        made.push_str(&section(&base, title, &cases));
    }
    made.push_str(BACK);
    if std::env::var_os("CHURN_UPDATE_DOCS").is_some() {
        fs::write(page(), &made).unwrap();
    }
    let stored = fs::read_to_string(page()).unwrap_or_default();
    let differing = made
        .lines()
        .zip(stored.lines())
        .find(|(now, then)| now != then);
    assert!(
        made == stored,
        "docs/hostile-inputs.md is not what the program prints; make it anew with CHURN_UPDATE_DOCS=1 cargo test -p churn-cli --test it catalogue\n{differing:?}"
    );
}
