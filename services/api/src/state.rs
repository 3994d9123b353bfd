//! Everything the handlers share, built once.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use churn_config::Settings;
use churn_engine::jobs::Jobs;
use churn_engine::users::{UserParams, Users};
use churn_engine::{
    ComputePool, DataFolder, Home, ModelDesk, Outcome, Permit, Prediction, PredictionLog,
    PredictionLogCounts, PredictionLogParams, Refreshed, Served, ServingParams,
};
use churn_registry::Registry;
use churn_store::tables::predictions::Prediction as LogEntry;
use churn_store::{Cache, Clock, SystemClock};
use churn_telemetry::Metrics;
use tokio::sync::Notify;

use crate::error::{ApiError, Code};
use crate::known::Known;
use crate::limits::ClientLimits;
use crate::tokens::Tokens;

/// What the handlers share.
pub(crate) struct AppState {
    /// The settings the service was started with.
    pub settings: Settings,
    /// The model that answers.
    pub desk: ModelDesk,
    /// Threads for single customers.
    pub online: ComputePool,
    /// Threads for files.
    pub batch: ComputePool,
    /// How much one client may ask.
    pub(crate) clients: ClientLimits,
    /// Who may use the service.
    pub(crate) users: Users,
    /// Work that takes longer than a request.
    pub(crate) jobs: Jobs,
    /// Files that requests may name.
    pub(crate) data_folder: DataFolder,
    /// What can be worked out again.
    pub(crate) cache: Cache,
    /// Told whenever a model takes over.
    pub(crate) exchanged: Notify,
    /// Access tokens.
    pub(crate) tokens: Tokens,
    /// Keys accepted a moment ago.
    pub(crate) known: Known,
    /// Where every answer is kept; none when the settings say so, and after the stop.
    log: RwLock<Option<PredictionLog>>,
    /// What is counted.
    pub metrics: Metrics,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
}

impl AppState {
    /// State over an opened registry. The model is looked for; none is no fault.
    pub(crate) fn new(settings: Settings, registry: Registry) -> anyhow::Result<Self> {
        let scoring = &settings.scoring;
        let n_cores = std::thread::available_parallelism().map_or(1, usize::from);
        let batch_threads = scoring
            .batch_threads
            .or(settings.threads)
            .unwrap_or(n_cores);
        let online = ComputePool::new("online", scoring.threads, scoring.queue)?;
        let batch = ComputePool::new("batch", batch_threads, scoring.batches)?;
        let params = ServingParams {
            reference: scoring.model.clone(),
            n_reasons: scoring.reasons,
            home: settings.home.clone(),
        };
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let cache = Home::open_cache(&settings)?;
        let users = Users::new(
            registry.database().clone(),
            Arc::clone(&clock),
            user_params(&settings),
        );
        let log = if scoring.log {
            let database = registry.database().clone();
            Some(PredictionLog::start(
                database,
                PredictionLogParams::default(),
            )?)
        } else {
            None
        };
        let state = Self {
            users,
            jobs: Jobs::new(registry.database().clone(), Arc::clone(&clock)),
            data_folder: DataFolder::new(&settings.data_folder()),
            tokens: Tokens::new(&settings.auth, &settings.home)?,
            known: Known::default(),
            log: RwLock::new(log),
            desk: ModelDesk::new(registry, params),
            online,
            batch,
            clients: ClientLimits::new(&settings, &cache),
            cache,
            exchanged: Notify::new(),
            metrics: Metrics::new()?,
            clock,
            settings,
        };
        state.look_for_model();
        Ok(state)
    }

    /// The model that answers.
    ///
    /// # Errors
    /// [`Code::NoModel`] when there is none.
    pub(crate) fn served(&self) -> Result<Arc<Served>, ApiError> {
        self.desk.current().ok_or_else(|| {
            ApiError::new(
                Code::NoModel,
                format!(
                    "there is no model '{}' to answer with",
                    self.desk.reference()
                ),
                "train one with `churn train`, or import and activate one",
            )
            .retry_after(30)
        })
    }

    /// Lets the model that is asked for now take over, if it is another. Blocks.
    pub(crate) fn look_for_model(&self) {
        match self.desk.refresh() {
            Ok(Refreshed::Exchanged { from, to }) => self.note_exchange(from.as_deref(), &to),
            Ok(_) => {}
            Err(churn_engine::Error::Registry(
                fault @ (churn_registry::Error::NoModels { .. }
                | churn_registry::Error::UnknownReference { .. }),
            )) => tracing::debug!(target: "churn::model", %fault, "there is no model yet"),
            Err(fault) => {
                self.metrics.model_failures.inc();
                tracing::error!(
                    target: "churn::model",
                    error = %fault,
                    "a model does not take over, the one before goes on"
                );
            }
        }
    }

    /// Lets a prepared model take over, if it is the one that is asked for.
    pub(crate) fn offer_model(&self, prepared: Served) -> Result<(), ApiError> {
        if let Refreshed::Exchanged { from, to } = self.desk.offer(prepared)? {
            self.note_exchange(from.as_deref(), &to);
        }
        Ok(())
    }

    fn note_exchange(&self, from: Option<&str>, to: &str) {
        self.exchanged.notify_one();
        self.metrics.model_info.reset();
        self.metrics.model_info.with_label_values(&[to]).set(1);
        tracing::info!(
            target: "churn::model",
            { model.version = to, model.before = from },
            "a model takes over"
        );
    }

    /// The right to have one customer scored.
    pub(crate) fn admit_online(&self) -> Result<Permit, ApiError> {
        self.admit("online", &self.online)
    }

    /// The right to have one file scored.
    pub(crate) fn admit_batch(&self) -> Result<Permit, ApiError> {
        self.admit("batch", &self.batch)
    }

    fn admit(&self, name: &str, pool: &ComputePool) -> Result<Permit, ApiError> {
        pool.admit().map_err(|fault| {
            self.metrics.pool_full.with_label_values(&[name]).inc();
            fault.into()
        })
    }

    /// Counts a customer that was scored.
    pub(crate) fn note_prediction(&self, source: &str, served: &Served, done: &Prediction) {
        let labels = [
            served.scorer().version(),
            done.scored.risk_level.name(),
            source,
        ];
        self.metrics.predictions.with_label_values(&labels).inc();
        for warning in &done.warnings {
            let code = self
                .metrics
                .anomalies
                .with_label_values(&[warning.code.as_str()]);
            code.inc();
        }
    }

    /// Whether answers are kept.
    pub(crate) fn keeps_log(&self) -> bool {
        self.settings.scoring.log
    }

    /// Keeps an answer; it must not be given when this fails.
    pub(crate) fn keep(&self, entry: LogEntry) -> Result<(), ApiError> {
        let log = self.log.read().unwrap_or_else(PoisonError::into_inner);
        match &*log {
            Some(log) if !log.accept(entry) => Err(ApiError::new(
                Code::StoreUnavailable,
                "predictions can't be stored now, so none is given",
                "try again in a moment; /api/v1/health says whether the database answers",
            )
            .retry_after(2)),
            _ => Ok(()),
        }
    }

    /// What the log has done so far; none when nothing is kept.
    pub(crate) fn log_counts(&self) -> Option<PredictionLogCounts> {
        let log = self.log.read().unwrap_or_else(PoisonError::into_inner);
        log.as_ref().map(PredictionLog::counts)
    }

    /// Stores what waits; nothing is kept after this. Blocks.
    pub(crate) fn close_log(&self) {
        let log = self
            .log
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(counts) = log.map(PredictionLog::close)
            && counts.n_waiting > 0
        {
            tracing::error!(target: "churn::log", lost = counts.n_waiting, "predictions are lost: the database does not take them");
        }
    }

    /// Counts the rows of a chunk.
    pub(crate) fn note_outcomes(&self, source: &str, served: &Served, outcomes: &[Outcome]) {
        for outcome in outcomes {
            match outcome {
                Outcome::Scored(done) => self.note_prediction(source, served, done),
                Outcome::Refused(_) => self.note_refused(source),
            }
        }
    }

    /// Counts a customer that was refused.
    pub(crate) fn note_refused(&self, source: &str) {
        self.metrics.refused.with_label_values(&[source]).inc();
    }
}

/// What the settings say about sign-ins.
fn user_params(settings: &Settings) -> UserParams {
    let (auth, limits) = (&settings.auth, &settings.limits);
    let mut params = UserParams {
        session_longest: Duration::from_secs(auth.session_hours.unsigned_abs() * 3600),
        refresh_lifetime: Duration::from_secs(auth.refresh_days.unsigned_abs() * 86_400),
        ..UserParams::default()
    };
    params.user_throttle.n_free = limits.login_attempts;
    params.user_throttle.longest = Duration::from_secs(limits.login_lock_seconds);
    params
}
