//! `churn validate`: all faults of a file in one pass.

use std::process::ExitCode;

use churn_pipeline::{read_spec, validate};
use churn_schema::{ReadOptions, Severity, Validation};

use super::{grouped, percent};
use crate::{
    args::{PurposeArg, ValidateArgs},
    exit::REFUSED,
    progress::Bars,
    table::TextTable,
    ui::Ui,
};

/// Faults of one kind in one column shown on the screen; JSON holds up to a thousand in all.
const SHOWN: usize = 3;

pub(crate) fn run(args: &ValidateArgs, ui: &Ui) -> anyhow::Result<ExitCode> {
    let spec = read_spec(&args.spec)?;
    let options = match args.purpose {
        PurposeArg::Train => ReadOptions::train(),
        PurposeArg::Score => ReadOptions::score(),
    };
    let bars = Bars::new(ui);
    let validation = validate(
        &args.file,
        &spec,
        &options,
        args.quarantine.as_deref(),
        &bars,
    )?;
    ui.say(report(&validation));
    if let Some(path) = args
        .quarantine
        .as_ref()
        .filter(|_| validation.n_rejected > 0)
    {
        ui.say(format!("\nrefused rows are in {}", path.display()));
    }
    ui.emit(&validation)?;
    if validation.is_acceptable() {
        return Ok(ExitCode::SUCCESS);
    }
    if validation.n_rows == 0 {
        ui.note(format!(
            "error: {} has no data rows; add them below the header",
            validation.file
        ));
        return Ok(ExitCode::from(REFUSED));
    }
    ui.note(format!(
        "error: {} of {} rows were refused, more than the {} that max_rejected_share allows",
        grouped(validation.n_rejected),
        grouped(validation.n_rows),
        percent(validation.max_rejected_share)
    ));
    Ok(ExitCode::from(REFUSED))
}

/// Warns of refused rows and of columns that say nothing: training goes on without them.
pub(crate) fn warn(validation: &Validation, ui: &Ui) {
    if validation.n_rejected > 0 {
        let first = validation
            .faults
            .iter()
            .find(|fault| fault.severity == Severity::Error)
            .map(|fault| format!("; first: {fault:#}"))
            .unwrap_or_default();
        ui.warn(format!(
            "{} of {} rows were refused and left out{first}",
            grouped(validation.n_rejected),
            grouped(validation.n_rows)
        ));
    }
    let of_columns = validation
        .faults
        .iter()
        .filter(|fault| fault.severity == Severity::Warning && fault.row.is_none());
    for fault in of_columns {
        ui.warn(format!("{fault:#}"));
    }
}

/// The validation for people.
pub(crate) fn report(validation: &Validation) -> String {
    let mut parts = vec![summary(validation)];
    parts.extend(faults(validation));
    let missing = missing(validation);
    if !missing.is_empty() {
        parts.push(missing);
    }
    parts.extend(repeats(validation));
    parts.extend(outliers(validation));
    parts.extend(checks(validation));
    parts.join("\n\n")
}

/// One line: rows, refused, target.
pub(crate) fn summary(validation: &Validation) -> String {
    let mut text = format!(
        "{}: {} rows, {} good, {} refused",
        validation.file,
        grouped(validation.n_rows),
        grouped(validation.n_good),
        grouped(validation.n_rejected)
    );
    let total: u64 = validation.target.iter().map(|level| level.count).sum();
    if total > 0 {
        let levels: Vec<String> = validation
            .target
            .iter()
            .map(|level| {
                let share = percent(level.count as f64 / total as f64);
                format!("{} {} ({share})", level.level, grouped(level.count))
            })
            .collect();
        text.push_str(&format!("; target: {}", levels.join(", ")));
    }
    text
}

/// Faults by kind and column, refusals first, a few of each.
fn faults(validation: &Validation) -> Option<String> {
    let mut lines = Vec::new();
    for severity in [Severity::Error, Severity::Warning] {
        for kind in validation
            .fault_counts
            .iter()
            .filter(|kind| kind.severity == severity)
        {
            let listed = validation.faults.iter().filter(|fault| {
                fault.code == kind.code && fault.severity == severity && fault.column == kind.column
            });
            let shown: Vec<String> = listed
                .take(SHOWN)
                .map(|fault| format!("  {fault}"))
                .collect();
            let n_more = kind.count - shown.len() as u64;
            lines.extend(shown);
            if n_more > 0 {
                lines.push(format!("  ... {} more like this", grouped(n_more)));
            }
        }
    }
    (!lines.is_empty()).then(|| format!("faults\n{}", lines.join("\n")))
}

fn missing(validation: &Validation) -> String {
    let mut table = TextTable::new(&[
        "missing values in",
        ">rows",
        ">share",
        "what the features do",
    ]);
    let with_gaps = validation.missing.iter().filter(|column| column.count > 0);
    let mut any = false;
    for column in with_gaps {
        any = true;
        table.row(vec![
            column.column.clone(),
            grouped(column.count),
            percent(column.share),
            column.strategy.clone(),
        ]);
    }
    if any { table.render() } else { String::new() }
}

fn repeats(validation: &Validation) -> Option<String> {
    let found = validation.duplicates;
    (found.key_rows + found.repeated_rows > 0).then(|| {
        format!(
            "repeats: {} rows with a key seen before (refused), {} rows repeat another in every column but key and target; {} groups of equal rows disagree on the target ({} rows)",
            grouped(found.key_rows),
            grouped(found.repeated_rows),
            grouped(found.conflicting_groups),
            grouped(found.conflicting_rows)
        )
    })
}

fn outliers(validation: &Validation) -> Option<String> {
    if validation.outliers.is_empty() {
        return None;
    }
    let mut table = TextTable::new(&["outliers (1.5 IQR) in", ">rows", ">below", ">above"]);
    for column in &validation.outliers {
        table.row(vec![
            column.column.clone(),
            grouped(column.count()),
            format!("{:.2}", column.lower),
            format!("{:.2}", column.upper),
        ]);
    }
    Some(table.render())
}

fn checks(validation: &Validation) -> Option<String> {
    if validation.checks.is_empty() {
        return None;
    }
    let lines: Vec<String> = validation
        .checks
        .iter()
        .map(|check| {
            let mut line = format!(
                "  {}: {} of {} rows fail ({})",
                check.name,
                grouped(check.n_failed),
                grouped(check.n_evaluated),
                check.expected
            );
            if let Some(graded) = &check.graded {
                line.push_str(&format!(
                    "; within 5 %: {}, 10 %: {}, 20 %: {}",
                    percent(graded.within_5_percent),
                    percent(graded.within_10_percent),
                    percent(graded.within_20_percent)
                ));
            }
            line
        })
        .collect();
    Some(format!("checks\n{}", lines.join("\n")))
}
