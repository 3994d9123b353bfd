//! House rules on the text of files: first lines, length, unfinished thoughts, manifests.

/// Longest source file, in lines; beyond it a file holds two concepts.
const MAX_LINES: usize = 500;

/// Words of the sample data that no general crate may know.
const SAMPLE_COLUMNS: [&str; 8] = [
    "customerID",
    "MonthlyCharges",
    "TotalCharges",
    "SeniorCitizen",
    "InternetService",
    "PaymentMethod",
    "PaperlessBilling",
    "MultipleLines",
];

/// Faults of a Rust file, as (line, message).
pub(crate) fn check_rust(path: &str, text: &str) -> Vec<(usize, String)> {
    let mut faults = Vec::new();
    if !text.starts_with("//!") {
        faults.push((
            1,
            "expected a first line `//! ...` that says what the file is".to_owned(),
        ));
    }
    let n_lines = text.lines().count();
    if n_lines > MAX_LINES {
        faults.push((
            n_lines,
            format!("{n_lines} lines; at most {MAX_LINES}, so split it by concept"),
        ));
    }
    if is_general(path) {
        faults.extend(find_sample_columns(text));
    }
    faults
}

/// Unfinished thoughts in any text file; an issue is the place for them.
pub(crate) fn find_unfinished(text: &str) -> Vec<(usize, String)> {
    let words = [concat!("TO", "DO"), concat!("FIX", "ME")];
    let holds = |line: &str| {
        words.into_iter().find(|word| {
            line.split(|c: char| !c.is_alphanumeric())
                .any(|part| part == *word)
        })
    };
    text.lines()
        .enumerate()
        .filter_map(|(line_idx, line)| Some((line_idx + 1, holds(line)?)))
        .map(|(line, word)| (line, format!("{word}: finish it or open an issue")))
        .collect()
}

/// Dependencies of a manifest that don't come from the workspace's list.
pub(crate) fn check_manifest(text: &str) -> Vec<(usize, String)> {
    let mut faults = Vec::new();
    let mut is_list = false;
    for (line_idx, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.starts_with('[') {
            is_list = line.ends_with("dependencies]");
        } else if is_list
            && !line.is_empty()
            && !line.starts_with('#')
            && !line.contains("workspace = true")
        {
            faults.push((line_idx + 1, format!("expected `workspace = true`, found `{line}`; versions live in the root manifest")));
        }
    }
    faults
}

/// Library crates know a specification, never a data set; the generator imitates the sample by design.
fn is_general(path: &str) -> bool {
    path.starts_with("crates/") && path.contains("/src/") && !path.starts_with("crates/synth/")
}

/// Code above the unit tests that names a column of the sample data; comments may, as examples.
fn find_sample_columns(text: &str) -> Vec<(usize, String)> {
    text.lines()
        .enumerate()
        .take_while(|(_, line)| line.trim() != "#[cfg(test)]")
        .filter(|(_, line)| !line.trim_start().starts_with("//"))
        .filter_map(|(line_idx, line)| {
            let column = SAMPLE_COLUMNS
                .into_iter()
                .find(|column| line.contains(column))?;
            Some((
                line_idx + 1,
                format!(
                    "names {column:?}, a column of the sample data; take it from the specification"
                ),
            ))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(faults: &[(usize, String)]) -> Vec<usize> {
        faults.iter().map(|(line, _)| *line).collect()
    }

    #[test]
    fn rust_files_say_what_they_are_and_stay_short() {
        assert_eq!(
            lines(&check_rust("crates/zoo/src/a.rs", "//! Fine.\nfn a() {}\n")),
            [0; 0]
        );
        assert_eq!(
            lines(&check_rust("crates/zoo/src/a.rs", "fn a() {}\n")),
            [1]
        );
        let long = format!("//! Long.\n{}", "\n".repeat(500));
        assert_eq!(lines(&check_rust("crates/zoo/src/a.rs", &long)), [501]);
    }

    #[test]
    fn sample_columns_stay_out_of_general_code() {
        let text = "//! MonthlyCharges may stand in a comment.\nlet a = \"MonthlyCharges\";\n#[cfg(test)]\n\"TotalCharges\"\n";
        assert_eq!(lines(&check_rust("crates/zoo/src/a.rs", text)), [2]);
        assert_eq!(lines(&check_rust("crates/synth/src/a.rs", text)), [0; 0]);
        assert_eq!(lines(&check_rust("crates/zoo/tests/it/a.rs", text)), [0; 0]);
    }

    #[test]
    fn unfinished_thoughts_are_whole_words() {
        let text = concat!("// TO", "DO: later\n// TO", "DOS and fix", "me\n");
        assert_eq!(lines(&find_unfinished(text)), [1]);
    }

    #[test]
    fn versions_live_in_the_root_manifest() {
        let text = "[package]\nname = \"a\"\n[dependencies]\nb.workspace = true\nc = { workspace = true, optional = true }\nd = \"1\"\n";
        assert_eq!(lines(&check_manifest(text)), [6]);
    }
}
