//! From settings to a running service.
#![expect(
    clippy::print_stderr,
    reason = "a service that can't start has nowhere else to say so"
)]

use std::path::Path;

use anyhow::Context;
use churn_config::{LogFormat, LogLevel, Settings};
use churn_engine::Home;
use churn_telemetry::{Format, Level, Telemetry, TelemetryParams};

use crate::Application;

/// Serves the home at `home` until told to stop. `port` beats the settings.
///
/// # Errors
/// Wrong settings, a store that can't be opened, an address that is taken.
pub fn run(home: &Path, port: Option<u16>) -> anyhow::Result<()> {
    let mut settings =
        Home::load_settings(home).with_context(|| format!("can't open home {}", home.display()))?;
    if let Some(port) = port {
        settings.server.port = port;
    }
    let _telemetry = start_telemetry(&settings, "churn-api")?;
    let host = settings.server.host.clone();
    let application = Application::build(settings)?;
    tracing::info!(
        target: "churn::service",
        { server.host = host, server.port = application.port() },
        "listening on http://{host}:{}",
        application.port()
    );
    application.run_until_stopped()?;
    tracing::info!(target: "churn::service", "stopped");
    Ok(())
}

/// Sets up logs and traces as the settings say.
///
/// # Errors
/// The endpoint of traces is no address, or logs are set up already.
pub fn start_telemetry(
    settings: &Settings,
    service: &'static str,
) -> Result<Telemetry, churn_telemetry::Error> {
    let telemetry = &settings.telemetry;
    churn_telemetry::start(&TelemetryParams {
        service,
        level: match telemetry.level {
            LogLevel::Error => Level::Error,
            LogLevel::Warn => Level::Warn,
            LogLevel::Info => Level::Info,
            LogLevel::Debug => Level::Debug,
            LogLevel::Trace => Level::Trace,
        },
        format: match telemetry.format {
            LogFormat::Json => Format::Json,
            LogFormat::Text => Format::Text,
        },
        otlp_endpoint: telemetry.otlp_endpoint.clone(),
    })
}

/// Says why the service could not start.
pub fn report(fault: &anyhow::Error) {
    eprintln!("error: {fault:#}");
}
