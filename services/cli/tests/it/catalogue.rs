//! `docs/hostile-inputs.md`: the table of cases with what each prints.
//!
//! `CHURN_UPDATE_DOCS=1 cargo test -p churn-cli --test it catalogue` writes it anew.

use std::fs;
use std::path::{Path, PathBuf};

use crate::case::{Case, Given, carry_out, prepare};
use crate::shell::{Base, Ran};
use crate::{files, foreign, models, outputs, settings, values};

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
| `kill -9` while scoring | the output is as it was before; the next run clears the part away and is not hindered |
| `kill -9` while training | the run is shown as interrupted; a search goes on where it stopped |
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

/// What a case prints, as a table cell: faults and warnings, else the first line of the result.
fn printed(ran: &Ran) -> String {
    let starts = ["error:", "warning:", "FAIL"];
    let is_fault = |line: &&str| starts.iter().any(|start| line.trim().starts_with(start));
    let is_chatter = |line: &&str| {
        let line = line.trim();
        line.is_empty()
            || ["scored ", "Usage:", "For more information"]
                .iter()
                .any(|start| line.starts_with(start))
    };
    // A fault may go on over several lines.
    let mut lines: Vec<&str> = ran
        .stderr
        .lines()
        .skip_while(|line| !is_fault(line))
        .filter(|line| !is_chatter(line))
        .collect();
    if lines.is_empty() {
        lines = ran.stdout.lines().filter(is_fault).collect();
    }
    if lines.is_empty() {
        lines = ran.stdout.lines().take(1).collect();
    }
    let n_left = lines.len().saturating_sub(MAX_LINES);
    let mut cells: Vec<String> = lines.into_iter().take(MAX_LINES).map(cell).collect();
    if n_left > 0 {
        cells.push(format!("... {n_left} more lines"));
    }
    cells.join("<br>")
}

/// Leaves out what changes with every change elsewhere: hashes, sizes, sums of scores, the ends of
/// long lists of known names.
fn steady(line: &str) -> String {
    let is_hash = |word: &str| word.len() == 64 && word.bytes().all(|b| b.is_ascii_hexdigit());
    let words: Vec<&str> = line
        .split(' ')
        .map(|word| if is_hash(word) { "SHA-256" } else { word })
        .collect();
    let line = words.join(" ");
    let line = match line.split_once(" and ") {
        Some((start, end)) if start.contains("its content has hash") => {
            match end.split_once(" bytes") {
                Some((_, end)) => format!("{start} and N bytes{end}"),
                None => line.clone(),
            }
        }
        _ => line.clone(),
    };
    let line = ["expected one of ", "known are "]
        .iter()
        .fold(line, |line, marker| shorten_list(&line, marker));
    match line.split_once(", ") {
        Some((start, end)) if end.ends_with("expected to leave") => start.to_owned(),
        _ => line,
    }
}

/// Keeps three names of a list that begins after `marker` and ends with the line or at `;`.
fn shorten_list(line: &str, marker: &str) -> String {
    let Some((start, rest)) = line.split_once(marker) else {
        return line.to_owned();
    };
    let (list, end) = rest.split_at(rest.find(';').unwrap_or(rest.len()));
    let names: Vec<&str> = list.split(", ").collect();
    if names.len() <= 3 {
        return line.to_owned();
    }
    format!("{start}{marker}{}, ...{end}", names[..3].join(", "))
}

fn cell(line: &str) -> String {
    let line = steady(line.trim()).replace('|', "\\|").replace('`', "'");
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
        ("Models of other libraries", foreign::cases()),
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
