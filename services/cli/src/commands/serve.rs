//! `churn serve`: everything the service consists of, in one process.

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use churn_api::Application;
use churn_engine::Home;
use churn_engine::users::{UserParams, Users};
use churn_store::SystemClock;

use super::background::Background;
use crate::args::ServeArgs;
use crate::ui::Ui;

pub(crate) fn run(home: &Path, args: &ServeArgs, ui: &Ui) -> anyhow::Result<ExitCode> {
    let opened = Arc::new(Home::open(home)?);
    welcome(&opened, ui)?;
    let mut settings = opened.settings().clone();
    if let Some(port) = args.port {
        settings.server.port = port;
    }
    let _telemetry = churn_api::start_telemetry(&settings, "churn")?;
    let host = settings.server.host.clone();
    let application = Application::over(settings, opened.registry().clone())?;
    let background = Background::start(opened)?;
    ui.note(format!(
        "serving {} on http://{host}:{port}, dashboard at http://localhost:{port}/dashboard; stop with Ctrl-C",
        home.display(),
        port = application.port()
    ));
    // Requests under way are finished first, then jobs are given back.
    application.run_until_stopped()?;
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
