//! `churn explain` in all its forms.

use std::fs;

use crate::shell::{Base, N_GOOD, Ran, run};

/// Runs with blanks between arguments; a `~` stands for a blank inside one.
fn churn(folder: &std::path::Path, line: &str) -> Ran {
    let args: Vec<String> = line.split(' ').map(|arg| arg.replace('~', " ")).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let ran = run(folder, &args, b"");
    assert_eq!(ran.code, Some(0), "churn {line}\n{}", ran.stderr);
    ran
}

fn first_key(text: &str) -> String {
    text.lines()
        .nth(1)
        .unwrap()
        .split(',')
        .next()
        .unwrap()
        .to_owned()
}

#[test]
fn what_is_printed_fits_eighty_columns() {
    let base = Base::new();
    let folder = base.folder();
    let key = first_key(&base.good());
    for line in [
        format!("explain --customer {key} --data good.csv --interactions"),
        "explain --global --data good.csv".to_owned(),
        "explain --global --data good.csv --column tenure".to_owned(),
        "explain --global --data good.csv --column Contract".to_owned(),
        "explain --global --data good.csv --segment Contract=Month-to-month --interactions"
            .to_owned(),
    ] {
        let ran = churn(folder.path(), &line);
        let longest = ran.stdout.lines().map(|line| line.chars().count()).max();
        assert!(longest <= Some(80), "churn {line}\n{}", ran.stdout);
    }
}

#[test]
fn a_waterfall_ends_where_the_customer_is() {
    let base = Base::new();
    let folder = base.folder();
    let key = first_key(&base.good());
    let line = format!("explain --customer {key} --data good.csv");
    let text = churn(folder.path(), &line).stdout;
    let object = churn(folder.path(), &format!("{line} --json")).json();
    let share = object["churn_probability"].as_f64().unwrap() * 100.0;
    assert!(
        text.contains(&format!("{share:.1} % likely to leave")),
        "{text}"
    );
    let steps: Vec<&str> = text
        .lines()
        .skip_while(|line| !line.contains("average customer"))
        .take_while(|line| !line.contains("this customer"))
        .collect();
    let figure = |line: &&str| -> f64 {
        let words = line.get(36..44).unwrap().trim().trim_end_matches(" %");
        words.parse().unwrap()
    };
    let sum: f64 = steps.iter().map(figure).sum();
    assert!(
        (sum - share).abs() < 0.05 * steps.len() as f64,
        "{sum} for {share}\n{text}"
    );
    let values = object["shap_values"].as_array().unwrap();
    let sum: f64 = values.iter().map(|value| value.as_f64().unwrap()).sum();
    let whole = object["margin"].as_f64().unwrap() - object["base_value"].as_f64().unwrap();
    assert!((sum - whole).abs() < 1e-6);
    assert_eq!(
        object["feature_names"].as_array().unwrap().len(),
        values.len()
    );
}

#[test]
fn whole_files_bases_and_segments_are_explained() {
    let base = Base::new();
    let folder = base.folder();
    churn(folder.path(), "explain --data good.csv -o why.csv");
    churn(
        folder.path(),
        "explain --data good.csv -o why.jsonl --background 20",
    );
    for (name, n_lines) in [("why.csv", N_GOOD + 1), ("why.jsonl", N_GOOD)] {
        let text = fs::read_to_string(folder.path().join(name)).unwrap();
        assert_eq!(text.lines().count(), n_lines, "{name}");
    }
    let global = |options: &str| {
        let line = format!("explain --global --data good.csv --json{options}");
        churn(folder.path(), &line).json()
    };
    let all = global("");
    assert_eq!(all["n_rows"].as_u64(), Some(N_GOOD as u64));
    let part = global(" --segment tenure~<~12~&&~probability~>~0.5 --column Contract");
    assert!(part["n_rows"].as_u64() < all["n_rows"].as_u64());
    assert_eq!(part["dependence"]["feature"].as_str(), Some("Contract"));
    let against = global(" --background 20");
    assert_ne!(against["base_value"], all["base_value"]);
}

#[test]
fn too_many_refused_rows_leave_no_scores() {
    let base = Base::new();
    let folder = base.folder();
    let text = format!("{}cut,row\n", base.good());
    fs::write(folder.path().join("bad.csv"), text).unwrap();
    let score = |limit: &str| {
        let line = format!("score bad.csv -o out.csv --max-rejected {limit}");
        run(folder.path(), &line.split(' ').collect::<Vec<_>>(), b"")
    };
    let ran = score("0.1%");
    assert_eq!(ran.code, Some(3), "{}", ran.stderr);
    assert!(
        ran.stderr
            .contains("1 of 601 rows of bad.csv were refused, more than 0.1 %"),
        "{}",
        ran.stderr
    );
    assert!(!folder.path().join("out.csv").exists());
    assert!(folder.path().join("out.csv.rejected.csv").exists());
    assert_eq!(score("0.01").code, Some(0));
    assert_eq!(score("5").code, Some(2), "500 % is no share");
}
