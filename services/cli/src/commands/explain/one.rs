//! One customer's score in full.

use std::{collections::BTreeMap, io::Read, path::Path, process::ExitCode};

use anyhow::Context;
use churn_engine::{CAUTION, Contribution, Depth, ExplainedCustomer, Scorer};
use churn_registry::{IntervalCovers, IntervalTable};

use super::waterfall::waterfall;
use crate::{args::ExplainArgs, commands::percent, ui::Ui};

/// Most pairs of columns that are told.
const MAX_PAIRS: usize = 5;

pub(super) fn run(scorer: &Scorer, args: &ExplainArgs, ui: &Ui) -> anyhow::Result<ExitCode> {
    let depth = if args.interactions {
        Depth::Interactions
    } else {
        Depth::Contributions
    };
    let explained = match (&args.customer, &args.data, &args.row) {
        (Some(key), Some(path), _) => scorer.explain_customer(path, key, depth)?,
        (_, _, Some(path)) => {
            let mut values = read_values(path)?;
            // A customer made up to look at needs no name.
            if let Some(key) = scorer.model().spec.key() {
                values
                    .entry(key.name.clone())
                    .or_insert_with(|| "unnamed".into());
            }
            scorer.explain_values(values, depth)?
        }
        _ => anyhow::bail!(
            "say what to explain: --customer with --data, --row, --data with -o, or --global with --data"
        ),
    };
    let interval = interval_words(&explained, scorer.model().intervals.as_ref());
    ui.say(sheet(&explained, &interval));
    ui.emit(&as_api(&explained))?;
    Ok(ExitCode::SUCCESS)
}

/// Longest accepted `--row` file, in bytes.
const MAX_ROW_BYTES: u64 = 1 << 20;

fn read_values(path: &Path) -> anyhow::Result<BTreeMap<String, serde_json::Value>> {
    let context = || format!("can't read {}", path.display());
    let mut text = String::new();
    if path == Path::new("-") {
        std::io::stdin()
            .take(MAX_ROW_BYTES)
            .read_to_string(&mut text)
            .with_context(context)?;
    } else {
        let file = std::fs::File::open(path).with_context(context)?;
        file.take(MAX_ROW_BYTES)
            .read_to_string(&mut text)
            .with_context(context)?;
    }
    serde_json::from_str(&text).with_context(|| {
        format!(
            "{} must hold one JSON object {{\"column\": value, ...}}",
            path.display()
        )
    })
}

/// The explanation with the names the HTTP interface uses.
fn as_api(explained: &ExplainedCustomer) -> serde_json::Value {
    let of = |pick: &dyn Fn(&Contribution) -> serde_json::Value| {
        explained.contributions.iter().map(pick).collect::<Vec<_>>()
    };
    let mut object = serde_json::json!(explained);
    if let Some(map) = object.as_object_mut() {
        map.insert(
            "feature_names".to_owned(),
            of(&|c| c.feature.clone().into()).into(),
        );
        map.insert(
            "shap_values".to_owned(),
            of(&|c| c.shap_value.into()).into(),
        );
        map.insert("caution".to_owned(), CAUTION.into());
    }
    object
}

/// How far the probability may be off, in one line.
fn interval_words(explained: &ExplainedCustomer, table: Option<&IntervalTable>) -> String {
    let (Some(low), Some(high), Some(table)) =
        (explained.probability_low, explained.probability_high, table)
    else {
        return "no interval: this model was stored without".to_owned();
    };
    let covers = match table.covers {
        IntervalCovers::Calibration => "calibration",
        IntervalCovers::CalibrationAndSample => "training and calibration",
    };
    format!(
        "between {} and {} ({:.0} %, for chance in {covers})",
        percent(low),
        percent(high),
        100.0 * table.level
    )
}

/// Everything about the customer, for a person.
fn sheet(explained: &ExplainedCustomer, interval: &str) -> String {
    let mut lines = vec![
        format!(
            "customer {}: {}, {} likely to leave ({})",
            explained.customer_id.as_deref().unwrap_or("(no key)"),
            explained.risk_level,
            percent(explained.churn_probability),
            explained.model_version
        ),
        interval.to_owned(),
        String::new(),
        waterfall(explained),
    ];
    if !explained.missing.is_empty() {
        lines.push(format!("\nno value for: {}", explained.missing.join(", ")));
    }
    if let Some(interactions) = &explained.interactions {
        lines.push("\nin pairs, beyond what each does on its own (points)".to_owned());
        let pairs = interactions.pairs.iter().take(MAX_PAIRS);
        lines.extend(pairs.map(|pair| {
            let [one, other] = &pair.features;
            format!("  {:+5.1}  {one} x {other}", pair.impact)
        }));
    }
    lines.extend(what_would_change_it(explained));
    lines.push("\nwhat to do".to_owned());
    if explained.offers.is_empty() {
        lines.push("  nothing pays: leave this customer alone".to_owned());
    }
    for offer in &explained.offers {
        lines.push(format!("  {}\n    {}", offer.title, offer.arithmetic));
    }
    lines.join("\n")
}

fn what_would_change_it(explained: &ExplainedCustomer) -> Vec<String> {
    if explained.counterfactuals.is_empty() {
        return Vec::new();
    }
    let mut lines = vec![format!(
        "\nwhat would change it (now {})",
        percent(explained.churn_probability)
    )];
    for found in &explained.counterfactuals {
        let sentences: Vec<&str> = found.changes.iter().map(|c| c.sentence.as_str()).collect();
        lines.push(format!(
            "  {:>6}  {}\n          by {}",
            percent(found.churn_probability),
            sentences.join(", "),
            found.offers.join(" and ")
        ));
    }
    let (first, rest) = CAUTION.split_once(": ").unwrap_or((CAUTION, ""));
    lines.push(format!("  ({first}:\n  {rest})"));
    lines
}
