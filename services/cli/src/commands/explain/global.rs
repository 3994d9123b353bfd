//! What moves the predictions of a whole base or of a segment.

use std::{path::Path, process::ExitCode};

use churn_engine::{
    Dependence, Effect, GlobalFeature, GlobalParams, GlobalReport, Scorer, explain_globally,
};
use churn_pipeline::Progress as _;
use churn_retention::Segment;

use crate::{
    args::ExplainArgs,
    commands::{grouped, percent},
    progress::Bars,
    table::TextTable,
    ui::Ui,
};

/// Customers whose interactions are worked out.
const INTERACTION_ROWS: usize = 500;
/// Columns that have a line.
const MAX_LINES: usize = 15;
/// Width of the bars.
const BAR: f64 = 6.0;
/// Pairs of columns that are told.
const MAX_PAIRS: usize = 8;

pub(super) fn run(
    scorer: &Scorer,
    data: &Path,
    args: &ExplainArgs,
    ui: &Ui,
) -> anyhow::Result<ExitCode> {
    let segment = args.segment.as_deref();
    let params = GlobalParams {
        segment: segment
            .map(|text| Segment::parse(text, &scorer.model().spec))
            .transpose()?,
        n_interactions: if args.interactions {
            INTERACTION_ROWS
        } else {
            0
        },
        ..GlobalParams::default()
    };
    let bars = Bars::new(ui);
    bars.begin("explaining", 0);
    let view = explain_globally(scorer, data, &params, &mut |_rows| bars.advance());
    bars.end();
    let view = view?;
    let report = view.report();
    if report.n_rejected > 0 {
        ui.warn(format!(
            "{} rows were refused and are in no figure; see churn validate --for score",
            grouped(report.n_rejected)
        ));
    }
    if report.n_undecided > 0 {
        ui.warn(format!(
            "the segment's rule could not be worked out for {} customers, mostly for a missing value; they are left out",
            grouped(report.n_undecided)
        ));
    }
    let dependence = args.column.as_deref().map(|column| view.dependence(column));
    let dependence = dependence.transpose()?;
    ui.say(head(&report, data));
    match &dependence {
        None => ui.say(table(&report)),
        Some(dependence) => ui.say(of_column(dependence, report.n_rows)),
    }
    if report.interactions.is_some() {
        ui.say(pairs(&report));
    }
    let mut object = serde_json::json!(report);
    if let (Some(map), Some(dependence)) = (object.as_object_mut(), &dependence) {
        map.insert("dependence".to_owned(), serde_json::json!(dependence));
    }
    ui.emit(&object)?;
    Ok(ExitCode::SUCCESS)
}

fn head(report: &GlobalReport, data: &Path) -> String {
    let segment = match &report.segment {
        Some(segment) => format!(
            "\nsegment {segment}: {} of {}",
            grouped(report.n_rows),
            grouped(report.n_rows + report.n_outside + report.n_undecided)
        ),
        None => String::new(),
    };
    format!(
        "{}: {} customers explained by {}; mean probability {}{segment}\n",
        data.display(),
        grouped(report.n_rows),
        report.model_version,
        percent(report.mean_probability)
    )
}

/// One line per column, strongest first.
fn table(report: &GlobalReport) -> String {
    let most = report.features.first().map_or(0.0, |first| first.share);
    let mut table = TextTable::new(&["column", ">share", "", "lowers most", "raises most"]);
    for feature in report.features.iter().take(MAX_LINES) {
        let length = (feature.share / most.max(1e-9) * BAR).round() as usize;
        let mark = if feature.protected { " *" } else { "" };
        table.row(vec![
            cut(&format!("{}{mark}", feature.label), 17),
            percent(feature.share),
            "#".repeat(length),
            extreme(feature, f64::lt),
            extreme(feature, f64::gt),
        ]);
    }
    let mut text = table.render();
    if let Some(rest) = report
        .features
        .get(MAX_LINES..)
        .filter(|rest| !rest.is_empty())
    {
        let share: f64 = rest.iter().map(|feature| feature.share).sum();
        text.push_str(&format!("\n  and {} more: {}", rest.len(), percent(share)));
    }
    text.push_str(
        "\n\nshare: of the mean absolute SHAP values\nbeside a value: the points it adds on average",
    );
    let is_marked = |feature: &GlobalFeature| feature.protected;
    if report.features.iter().take(MAX_LINES).any(is_marked) {
        text.push_str("\n* a protected attribute: part of the sum, no reason for an offer");
    }
    text
}

/// The value with the lowest or highest mean effect, when it is below or above 0.
fn extreme(feature: &GlobalFeature, is_beyond: fn(&f64, &f64) -> bool) -> String {
    let mut effects = feature.effects.iter();
    let Some(mut best) = effects.next() else {
        return String::new();
    };
    for effect in effects {
        if is_beyond(&effect.mean_points, &best.mean_points) {
            best = effect;
        }
    }
    if !is_beyond(&best.mean_points, &0.0) {
        return String::new();
    }
    format!("{} {:+.1}", cut(&short(value(best)), 14), best.mean_points)
}

/// A range in few letters: `3795.45 to 8684.8` is `3795..8685`.
fn short(value: &str) -> String {
    let number = |text: &str| -> Option<String> {
        let number: f64 = text.parse().ok()?;
        let decimals = if number.abs() < 100.0 { 10.0 } else { 1.0 };
        Some(((number * decimals).round() / decimals).to_string())
    };
    let range = value.split_once(" to ");
    let range = range.and_then(|(low, high)| Some((number(low)?, number(high)?)));
    range.map_or_else(|| value.to_owned(), |(low, high)| format!("{low}..{high}"))
}

fn value(effect: &Effect) -> &str {
    effect.value.as_deref().unwrap_or("no value")
}

fn cut(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let kept: String = text.chars().take(most.saturating_sub(2)).collect();
    format!("{}..", kept.trim_end())
}

/// One column value by value.
fn of_column(dependence: &Dependence, n_rows: u64) -> String {
    let n_told: u64 = dependence.effects.iter().map(|effect| effect.n_rows).sum();
    let rows = if n_told == n_rows {
        ">customers"
    } else {
        ">in sample"
    };
    let most = dependence
        .effects
        .iter()
        .map(|effect| effect.mean_points.abs())
        .fold(1e-9, f64::max);
    let mut table = TextTable::new(&[dependence.label.as_str(), rows, ">points", ""]);
    for effect in &dependence.effects {
        let length = (effect.mean_points.abs() / most * 24.0).round() as usize;
        let mark = if effect.mean_points >= 0.0 { "+" } else { "-" };
        table.row(vec![
            cut(value(effect), 28),
            grouped(effect.n_rows),
            format!("{:+.1}", effect.mean_points),
            mark.repeat(length),
        ]);
    }
    let partner = match &dependence.partner {
        Some(partner) => format!(
            "its effect depends most on {}\n(mean absolute interaction {:.4} over {} customers)",
            partner.label,
            partner.strength,
            grouped(partner.n_rows as u64)
        ),
        None => "its effect depends on no other column".to_owned(),
    };
    format!("{}\n\n{partner}", table.render())
}

/// The pairs that do most together.
fn pairs(report: &GlobalReport) -> String {
    let Some(matrix) = &report.interactions else {
        return String::new();
    };
    let names = &matrix.feature_names;
    let mut found = Vec::new();
    for (one, row) in matrix.mean_abs.iter().enumerate() {
        let others = row.iter().enumerate().skip(one + 1);
        found.extend(others.map(|(other, strength)| (2.0 * strength, one, other)));
    }
    found.sort_by(|a, b| b.0.total_cmp(&a.0));
    let mut table = TextTable::new(&[">interaction", "columns"]);
    for (strength, one, other) in found.into_iter().take(MAX_PAIRS) {
        table.row(vec![
            format!("{strength:.4}"),
            format!("{} x {}", names[one], names[other]),
        ]);
    }
    format!(
        "\n{}\n\ninteraction: mean absolute value over {} customers, on the model's scale",
        table.render(),
        grouped(matrix.n_rows as u64)
    )
}

#[cfg(test)]
mod tests {
    use super::{cut, short};

    #[test]
    fn ranges_are_short_and_levels_stay() {
        assert_eq!(short("3795.45 to 8684.8"), "3795..8685");
        assert_eq!(short("18.25 to 20.4"), "18.3..20.4");
        assert_eq!(short("back to school"), "back to school");
        assert_eq!(cut("Electronic check", 14), "Electronic c..");
    }
}
