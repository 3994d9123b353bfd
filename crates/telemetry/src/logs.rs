//! Log lines: level, form, destination.

use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Layer, Registry};

use crate::error::Error;
use crate::traces;

/// How much is logged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Level {
    /// Only what failed.
    Error,
    /// And what is odd.
    Warn,
    /// And one line for every request.
    #[default]
    Info,
    /// And steps.
    Debug,
    /// Everything.
    Trace,
}

impl Level {
    fn filter(self) -> LevelFilter {
        match self {
            Self::Error => LevelFilter::ERROR,
            Self::Warn => LevelFilter::WARN,
            Self::Info => LevelFilter::INFO,
            Self::Debug => LevelFilter::DEBUG,
            Self::Trace => LevelFilter::TRACE,
        }
    }
}

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Format {
    /// One JSON object a line: time, level, target, fields of the event, fields of the request.
    #[default]
    Json,
    /// For people.
    Text,
}

/// What is logged and traced, and where to.
#[derive(Debug, Clone, Default)]
pub struct TelemetryParams {
    /// Name of the service in traces, as in `churn-api`.
    pub service: &'static str,
    /// Least level.
    pub level: Level,
    /// Form of log lines.
    pub format: Format,
    /// Where traces go by OTLP over HTTP; none = nowhere.
    pub otlp_endpoint: Option<String>,
}

/// Keeps traces flowing; dropping it sends what is left.
#[derive(Debug)]
#[must_use = "traces that are under way are lost when this is not kept"]
pub struct Telemetry {
    _traces: Option<traces::Sender>,
}

/// Sets up logs and traces for the whole process. Lines go to stderr.
///
/// # Errors
/// [`Error::Traces`] when the endpoint is no address, [`Error::AlreadyStarted`] the second time.
pub fn start(params: &TelemetryParams) -> Result<Telemetry, Error> {
    // Libraries speak of their own affairs only when something is wrong.
    let level = params.level.filter();
    let targets = Targets::new()
        .with_default(level.min(LevelFilter::WARN))
        .with_target("churn", level);
    let lines: Box<dyn Layer<Registry> + Send + Sync> = match params.format {
        Format::Json => tracing_subscriber::fmt::layer()
            .json()
            .flatten_event(true)
            .with_current_span(true)
            .with_span_list(false)
            .with_writer(std::io::stderr)
            .with_filter(targets)
            .boxed(),
        Format::Text => tracing_subscriber::fmt::layer()
            .with_ansi(false)
            .with_target(false)
            .with_writer(std::io::stderr)
            .with_filter(targets)
            .boxed(),
    };
    let sender = match &params.otlp_endpoint {
        Some(endpoint) => Some(traces::Sender::open(params.service, endpoint)?),
        None => None,
    };
    let spans = sender.as_ref().map(traces::Sender::layer);
    tracing_subscriber::registry()
        .with(lines)
        .with(spans)
        .try_init()
        .map_err(|_| Error::AlreadyStarted)?;
    Ok(Telemetry { _traces: sender })
}
