//! `churn explain`: one customer's score in full.

use std::{collections::BTreeMap, io::Read, path::Path, process::ExitCode};

use anyhow::Context;
use churn_engine::{ExplainedCustomer, Home, Scorer, ScorerParams, load_playbook};

use super::percent;
use crate::{args::ExplainArgs, table::TextTable, ui::Ui};

pub(crate) fn run(home: &Home, args: &ExplainArgs, ui: &Ui) -> anyhow::Result<ExitCode> {
    let (version, model) = home.registry().load(&args.model)?;
    let playbook = load_playbook(args.playbook.as_deref(), home.path(), &model.spec)?;
    let params = ScorerParams {
        n_reasons: 1,
        playbook: Some(playbook),
        with_offers: true,
    };
    let scorer = Scorer::new(version.version.to_string(), model, params)?;
    let explained = match (&args.customer, &args.data, &args.row) {
        (Some(key), Some(path), _) => scorer.explain_customer(path, key)?,
        (_, _, Some(path)) => scorer.explain_values(read_values(path)?)?,
        _ => anyhow::bail!("give --customer with --data, or --row"),
    };
    ui.say(waterfall(&explained));
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
    let of = |pick: &dyn Fn(&churn_engine::Contribution) -> serde_json::Value| {
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
    }
    object
}

/// Width of the bars.
const BAR: f64 = 24.0;

/// A waterfall that fits 80 columns: from the average customer to this one.
fn waterfall(explained: &ExplainedCustomer) -> String {
    let strongest = explained
        .contributions
        .iter()
        .map(|c| c.impact.abs())
        .fold(0.0_f64, f64::max)
        .max(1e-9);
    let mut table = TextTable::new(&[">points", "", "because"]);
    for contribution in &explained.contributions {
        let length = (contribution.impact.abs() / strongest * BAR).round() as usize;
        let mark = if contribution.impact >= 0.0 { "+" } else { "-" };
        let sentence = contribution
            .text
            .rsplit_once(": ")
            .map_or("", |(sentence, _)| sentence);
        table.row(vec![
            format!("{:+.1}", contribution.impact),
            mark.repeat(length),
            sentence.chars().take(42).collect(),
        ]);
    }
    let mut lines = vec![
        format!(
            "customer {}: {} {} ({})",
            explained.customer_id.as_deref().unwrap_or("(no key)"),
            explained.risk_level,
            percent(explained.churn_probability),
            explained.model_version
        ),
        format!("average customer: {}", percent(explained.base_probability)),
        String::new(),
        table.render(),
    ];
    if !explained.missing.is_empty() {
        lines.push(format!("\nno value for: {}", explained.missing.join(", ")));
    }
    lines.push(String::new());
    if explained.offers.is_empty() {
        lines.push("nothing pays: leave this customer alone".to_owned());
    }
    for offer in &explained.offers {
        lines.push(format!(
            "offer: {}\n       {}",
            offer.title, offer.arithmetic
        ));
    }
    lines.join("\n")
}
