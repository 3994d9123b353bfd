//! `churn score`: score a file of customers.

use std::{path::PathBuf, process::ExitCode, time::Instant};

use churn_engine::{
    Home, ScoreFileParams, ScoreReport, Scorer, ScorerParams, load_playbook, score_file,
};
use churn_pipeline::Progress;

use super::grouped;
use crate::{args::ScoreArgs, progress::Bars, ui::Ui};

pub(crate) fn run(home: &Home, args: &ScoreArgs, ui: &Ui) -> anyhow::Result<ExitCode> {
    let (version, model) = home.registry().load(&args.model)?;
    let playbook = load_playbook(args.playbook.as_deref(), home.path(), &model.spec)?;
    if playbook.is_generic() && args.offers {
        ui.warn(format!(
            "no playbook for dataset '{}': offers come from the generic one, whose costs and save rates are assumptions; give --playbook or write {}",
            model.spec.name,
            home.path().join("playbook.yaml").display()
        ));
    }
    if args.intervals && model.intervals.is_none() {
        ui.warn(format!(
            "{} stores no intervals, probability_low and probability_high stay empty; train again to have them",
            version.version
        ));
    }
    let params = ScorerParams {
        n_reasons: usize::from(args.reasons),
        playbook: Some(playbook),
        with_offers: args.offers,
    };
    let scorer = Scorer::new(version.version.to_string(), model, params)?;
    let params = ScoreFileParams {
        input: args.input.clone(),
        output: args.output.clone(),
        rejected: args
            .quarantine
            .clone()
            .unwrap_or_else(|| rejected_path(&args.output)),
        with_intervals: args.intervals,
        n_top: 0,
        max_rejected_share: args.max_rejected,
    };
    let report = score_with_bar(&scorer, &params, ui)?;
    finish(&report, ui)
}

/// Where refused rows go unless told otherwise: beside the output.
pub(crate) fn rejected_path(output: &std::path::Path) -> PathBuf {
    let mut name = output.as_os_str().to_owned();
    name.push(".rejected.csv");
    PathBuf::from(name)
}

/// Scores with a counter on the screen.
pub(crate) fn score_with_bar(
    scorer: &Scorer,
    params: &ScoreFileParams,
    ui: &Ui,
) -> anyhow::Result<ScoreReport> {
    let bars = Bars::new(ui);
    let start = Instant::now();
    bars.begin("scoring", 0);
    let result = score_file(scorer, params, &mut |_rows| bars.advance());
    bars.end();
    let report = result?;
    let seconds = start.elapsed().as_secs_f64();
    ui.note(format!(
        "scored {} customers in {seconds:.2} s ({} a second)",
        grouped(report.n_scored),
        grouped((report.n_scored as f64 / seconds.max(1e-9)) as u64)
    ));
    Ok(report)
}

fn finish(report: &ScoreReport, ui: &Ui) -> anyhow::Result<ExitCode> {
    warn_faults(report, ui);
    ui.say(summary(report));
    ui.emit(report)?;
    if report.n_rows == 0 {
        ui.warn(format!(
            "the input has no data rows: {} holds a header only",
            report.output.display()
        ));
    }
    if report.n_scored == 0 && report.n_rejected > 0 {
        ui.note("error: every row was refused, nothing was scored");
        return Ok(ExitCode::from(crate::exit::REFUSED));
    }
    Ok(ExitCode::SUCCESS)
}

/// Says what was refused or odd, one line per kind.
pub(crate) fn warn_faults(report: &ScoreReport, ui: &Ui) {
    for (count, example) in report.faults.values().zip(&report.examples) {
        ui.warn(match count {
            1 => example.clone(),
            n => format!("{example} (and {} more like it)", grouped(n - 1)),
        });
    }
    if let Some(path) = &report.rejected {
        ui.warn(format!(
            "{} of {} rows were refused and not scored; they are in {} with the reasons",
            grouped(report.n_rejected),
            grouped(report.n_rows),
            path.display()
        ));
    }
    if report.playbook_faults > 0 {
        ui.warn(format!(
            "{} playbook rules could not be worked out for a customer; those offers were left out",
            grouped(report.playbook_faults)
        ));
    }
}

/// The report for people.
pub(crate) fn summary(report: &ScoreReport) -> String {
    let levels: Vec<String> = ["HIGH", "MEDIUM", "LOW"]
        .iter()
        .map(|level| {
            format!(
                "{level} {}",
                grouped(report.by_risk.get(*level).copied().unwrap_or(0))
            )
        })
        .collect();
    let mut lines = vec![
        format!(
            "{}: {} customers scored by {}, {} of them expected to leave",
            report.output.display(),
            grouped(report.n_scored),
            report.model_version,
            grouped(report.expected_leavers.round() as u64)
        ),
        format!("risk: {}", levels.join(", ")),
    ];
    if !report.by_offer.is_empty() {
        let offers: Vec<String> = report
            .by_offer
            .iter()
            .map(|(offer, count)| format!("{offer}: {}", grouped(*count)))
            .collect();
        lines.push(format!("best offers: {}", offers.join("; ")));
    }
    if let Some(saving) = &report.saving {
        lines.push(format!("expected saving: {}", saving.statement));
    }
    if let Some(efficiency) = &report.efficiency {
        lines.push(format!("waste avoided: {}", efficiency.statement));
    }
    lines.join("\n")
}
