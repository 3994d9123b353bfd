//! `churn serve`: everything the service consists of, in one process.

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use churn_engine::users::{UserParams, Users};
use churn_engine::{Home, Stop};
use churn_store::SystemClock;

use super::background::Background;
use crate::ui::Ui;

pub(crate) fn run(home: &Path, ui: &Ui) -> anyhow::Result<ExitCode> {
    let stop = Stop::default();
    stop.request_on_signals()?;
    let opened = Arc::new(Home::open(home)?);
    welcome(&opened, ui)?;
    let background = Background::start(opened)?;
    ui.note(format!("serving {}; stop with Ctrl-C", home.display()));
    while !stop.wait(Duration::from_secs(3600)) {}
    drop(background);
    Ok(ExitCode::SUCCESS)
}

/// Makes the first administrator of a new installation, and shows the password this once.
fn welcome(home: &Home, ui: &Ui) -> anyhow::Result<()> {
    let database = home.registry().database().clone();
    let users = Users::new(database, Arc::new(SystemClock), UserParams::default());
    if let Some(first) = users.ensure_first_admin()? {
        ui.note(format!(
            "first start: user '{}' with password {} was made; it must be changed at the first login",
            first.name, first.password
        ));
    }
    Ok(())
}
