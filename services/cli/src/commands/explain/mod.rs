//! `churn explain`: one customer's score, the contributions of a whole file, or a whole base.

mod global;
mod one;
mod waterfall;

use std::{path::Path, process::ExitCode, time::Instant};

use churn_engine::{ExplainFileParams, Home, Scorer, ScorerParams, explain_file, load_playbook};
use churn_pipeline::Progress as _;

use super::{grouped, score::rejected_path};
use crate::{args::ExplainArgs, progress::Bars, ui::Ui};

pub(crate) fn run(home: &Home, args: &ExplainArgs, ui: &Ui) -> anyhow::Result<ExitCode> {
    let (version, model) = home.registry().load(&args.model)?;
    let playbook = load_playbook(args.playbook.as_deref(), home.path(), &model.spec)?;
    let params = ScorerParams {
        n_reasons: 1,
        playbook: Some(playbook),
        // Offers stand in the explanation of one customer only.
        with_offers: args.customer.is_some() || args.row.is_some(),
    };
    let mut scorer = Scorer::new(version.version.to_string(), model, params)?;
    if let Some(n_rows) = args.background {
        set_background(&mut scorer, args, usize::try_from(n_rows)?)?;
    }
    match (&args.data, &args.output) {
        (Some(data), Some(output)) => file(&scorer, data, output, ui),
        (Some(data), None) if args.global => global::run(&scorer, data, args, ui),
        _ => one::run(&scorer, args, ui),
    }
}

/// Customers of the file that is named, else those the model keeps, else those of the data.
fn set_background(scorer: &mut Scorer, args: &ExplainArgs, n_rows: usize) -> anyhow::Result<()> {
    if args.background_from.is_none() && scorer.use_kept_background(n_rows)? {
        return Ok(());
    }
    let Some(path) = args.background_from.as_ref().or(args.data.as_ref()) else {
        anyhow::bail!(
            "--background needs customers to explain against, and the model keeps none: give --background-from"
        );
    };
    Ok(scorer.set_background(path, n_rows)?)
}

/// The contributions of every row, into a file.
fn file(scorer: &Scorer, data: &Path, output: &Path, ui: &Ui) -> anyhow::Result<ExitCode> {
    let params = ExplainFileParams {
        input: data.to_owned(),
        output: output.to_owned(),
        rejected: rejected_path(output),
    };
    let bars = Bars::new(ui);
    let start = Instant::now();
    bars.begin("explaining", 0);
    let result = explain_file(scorer, &params, &mut |_rows| bars.advance());
    bars.end();
    let report = result?;
    let seconds = start.elapsed().as_secs_f64();
    if let Some(path) = &report.rejected {
        ui.warn(format!(
            "{} of {} rows were refused and not explained; they are in {} with the reasons",
            grouped(report.n_rejected),
            grouped(report.n_rows),
            path.display()
        ));
    }
    ui.note(format!(
        "explained {} customers in {seconds:.2} s ({} a second)",
        grouped(report.n_explained),
        grouped((report.n_explained as f64 / seconds.max(1e-9)) as u64)
    ));
    ui.say(format!(
        "{}: contributions of {} columns for {} customers by {}",
        report.output.display(),
        report.feature_names.len(),
        grouped(report.n_explained),
        report.model_version
    ));
    ui.emit(&report)?;
    if report.n_explained == 0 && report.n_rejected > 0 {
        ui.note("error: every row was refused, nothing was explained");
        return Ok(ExitCode::from(crate::exit::REFUSED));
    }
    Ok(ExitCode::SUCCESS)
}
