//! `churn reproduce`: train a version again.

use std::process::ExitCode;

use churn_engine::Home;
use churn_pipeline::reproduce;

use crate::{args::ReproduceArgs, progress::Bars, ui::Ui};

pub(crate) fn run(home: &Home, args: &ReproduceArgs, ui: &Ui) -> anyhow::Result<ExitCode> {
    let outcome = reproduce(home, &args.reference, args.data.as_deref(), &Bars::new(ui))?;
    if outcome.identical {
        ui.say(format!(
            "{} is identical: trained again on {}, the bundle has the same sha256 {}",
            outcome.model_version,
            outcome.data.display(),
            outcome.bundle_sha256
        ));
    } else {
        ui.say(format!(
            "{} is NOT identical\n  registered {}\n  made now   {}",
            outcome.model_version,
            outcome.bundle_sha256,
            outcome.reproduced_sha256.as_deref().unwrap_or("nothing")
        ));
        for difference in &outcome.differences {
            ui.say(format!("  - {difference}"));
        }
    }
    ui.emit(&outcome)?;
    Ok(if outcome.identical {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}
