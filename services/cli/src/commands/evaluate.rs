//! `churn evaluate`: judge a model on labelled customers.

use std::process::ExitCode;

use churn_engine::Home;
use churn_pipeline::{Evaluation, evaluate};

use super::{about_file, figures, grouped, percent};
use crate::{args::EvaluateArgs, table::TextTable, ui::Ui};

/// Bootstrap replicates behind the intervals.
const REPLICATES: usize = 1000;

pub(crate) fn run(home: &Home, args: &EvaluateArgs, ui: &Ui) -> anyhow::Result<ExitCode> {
    let evaluation = evaluate(home, &args.model, &args.file, args.seed, REPLICATES)
        .map_err(about_file("evaluating on", &args.file))?;
    if let Some(caution) = &evaluation.caution {
        ui.warn(caution);
    }
    ui.say(report(&evaluation));
    ui.emit(&evaluation)?;
    Ok(ExitCode::SUCCESS)
}

fn report(evaluation: &Evaluation) -> String {
    let mut metrics = TextTable::new(&["metric", ">figure", ">low", ">high"]);
    for (name, interval) in &evaluation.metrics {
        let shown = [interval.mean, interval.low, interval.high].map(|x| format!("{x:.4}"));
        metrics.row(std::iter::once(name.clone()).chain(shown).collect());
    }
    format!(
        "{} on {} customers ({} refused), decision threshold {:.3}\n\n{}\n\ncalibration: {} left where {} were said to; error {}\n{}",
        evaluation.model_version,
        grouped(evaluation.n_rows),
        grouped(evaluation.n_rejected),
        evaluation.threshold,
        metrics.render(),
        percent(evaluation.calibration.observed_rate),
        percent(evaluation.calibration.mean_probability),
        figures::judged(&evaluation.calibration),
        figures::reliability(&evaluation.reliability)
    )
}
