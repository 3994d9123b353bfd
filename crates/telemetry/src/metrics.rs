//! Every metric there is, with its unit and labels.

use prometheus::{
    Encoder, GaugeVec, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge,
    IntGaugeVec, Opts, Registry, TextEncoder,
};

use crate::error::Error;

/// Bounds of the latency histogram, seconds: fine where single customers lie, coarse for files.
const LATENCY_BOUNDS: [f64; 14] = [
    0.0005, 0.001, 0.002, 0.003, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 30.0,
];

/// The metrics of one service. Cloning shares them.
#[derive(Debug, Clone)]
pub struct Metrics {
    registry: Registry,
    /// Requests answered. Labels: `method`, `route` (the pattern, never the path), `status`.
    pub requests: IntCounterVec,
    /// Time from the head of a request to the start of its answer, seconds. Label: `route`.
    pub latency: HistogramVec,
    /// Requests under way.
    pub in_flight: IntGauge,
    /// Customers scored. Labels: `model` (version), `risk`, `source` (`api`, `batch`, ...).
    pub predictions: IntCounterVec,
    /// Rows of files and customers that were refused. Label: `source`.
    pub refused: IntCounterVec,
    /// Unknown categories, unusual numbers and unknown fields seen. Label: `code`.
    pub anomalies: IntCounterVec,
    /// Work admitted to a pool now. Label: `pool`.
    pub pool_in_use: IntGaugeVec,
    /// Requests turned away because a pool was full. Label: `pool`.
    pub pool_full: IntCounterVec,
    /// The model that answers: 1 for its version. Label: `model`.
    pub model_info: IntGaugeVec,
    /// Models that did not take over because a check failed.
    pub model_failures: IntCounter,
    /// Predictions that wait to be stored.
    pub log_pending: IntGauge,
    /// Predictions stored.
    pub log_stored: IntGauge,
    /// Predictions that were not given because too many wait to be stored.
    pub log_refused: IntGauge,
    /// Times the database did not take a batch of predictions.
    pub log_faults: IntGauge,
    /// Sign-ins. Label: `outcome`.
    pub logins: IntCounterVec,
    /// Requests refused because one client asked too much.
    pub rate_limited: IntCounter,
    /// Jobs in the database. Labels: `kind`, `status` (`queued` is the depth of the queue).
    pub jobs: IntGaugeVec,
    /// How long the newest job that succeeded ran, seconds. Label: `kind`.
    pub job_seconds: GaugeVec,
    /// Look-ups in the cache. Label: `outcome` (`hit`, `miss`).
    pub cache_lookups: IntGaugeVec,
    /// Calls Redis did not answer.
    pub cache_faults: IntGauge,
}

impl Metrics {
    /// All metrics at zero, in a registry of their own.
    ///
    /// # Errors
    /// [`Error::Metrics`] only on a fault of this crate: a name declared twice.
    pub fn new() -> Result<Self, Error> {
        let registry = Registry::new();
        let counters = |name: &str, help: &str, labels: &[&str]| -> Result<_, Error> {
            let metric = IntCounterVec::new(Opts::new(name, help), labels)?;
            registry.register(Box::new(metric.clone()))?;
            Ok(metric)
        };
        let counter = |name: &str, help: &str| -> Result<_, Error> {
            let metric = IntCounter::new(name, help)?;
            registry.register(Box::new(metric.clone()))?;
            Ok(metric)
        };
        let gauges = |name: &str, help: &str, labels: &[&str]| -> Result<_, Error> {
            let metric = IntGaugeVec::new(Opts::new(name, help), labels)?;
            registry.register(Box::new(metric.clone()))?;
            Ok(metric)
        };
        let gauge = |name: &str, help: &str| -> Result<_, Error> {
            let metric = IntGauge::new(name, help)?;
            registry.register(Box::new(metric.clone()))?;
            Ok(metric)
        };
        let latency = HistogramOpts::new(
            "churn_http_request_seconds",
            "Time from the head of a request to the start of its answer",
        );
        let latency = HistogramVec::new(latency.buckets(LATENCY_BOUNDS.to_vec()), &["route"])?;
        registry.register(Box::new(latency.clone()))?;
        let job_seconds = Opts::new(
            "churn_job_last_seconds",
            "How long the newest job that succeeded ran",
        );
        let job_seconds = GaugeVec::new(job_seconds, &["kind"])?;
        registry.register(Box::new(job_seconds.clone()))?;
        Ok(Self {
            requests: counters(
                "churn_http_requests_total",
                "Requests answered",
                &["method", "route", "status"],
            )?,
            latency,
            in_flight: gauge("churn_http_requests_in_flight", "Requests under way")?,
            predictions: counters(
                "churn_predictions_total",
                "Customers scored",
                &["model", "risk", "source"],
            )?,
            refused: counters(
                "churn_rows_refused_total",
                "Rows and customers refused",
                &["source"],
            )?,
            anomalies: counters(
                "churn_anomalies_total",
                "Unusual values in customers that were scored",
                &["code"],
            )?,
            pool_in_use: gauges(
                "churn_pool_in_use",
                "Work admitted to a pool of threads",
                &["pool"],
            )?,
            pool_full: counters(
                "churn_pool_full_total",
                "Requests turned away because a pool was full",
                &["pool"],
            )?,
            model_info: gauges("churn_model_info", "The model that answers", &["model"])?,
            model_failures: counter(
                "churn_model_failures_total",
                "Models that did not take over because a check failed",
            )?,
            log_pending: gauge(
                "churn_prediction_log_pending",
                "Predictions that wait to be stored",
            )?,
            log_stored: gauge("churn_prediction_log_stored", "Predictions stored")?,
            log_refused: gauge(
                "churn_prediction_log_refused",
                "Predictions not given because too many wait to be stored",
            )?,
            log_faults: gauge(
                "churn_prediction_log_faults",
                "Times the database did not take a batch of predictions",
            )?,
            logins: counters("churn_logins_total", "Sign-ins", &["outcome"])?,
            rate_limited: counter(
                "churn_rate_limited_total",
                "Requests refused because one client asked too much",
            )?,
            jobs: gauges("churn_jobs", "Jobs in the database", &["kind", "status"])?,
            job_seconds,
            cache_lookups: gauges("churn_cache_lookups", "Look-ups in the cache", &["outcome"])?,
            cache_faults: gauge("churn_cache_faults", "Calls Redis did not answer")?,
            registry,
        })
    }

    /// The registry, for metrics of one service alone.
    #[must_use]
    pub fn registry(&self) -> &Registry {
        &self.registry
    }

    /// All metrics in the text form of Prometheus, version 0.0.4.
    ///
    /// # Errors
    /// [`Error::Metrics`] when a metric can't be written.
    pub fn render(&self) -> Result<String, Error> {
        let mut out = Vec::new();
        TextEncoder::new().encode(&self.registry.gather(), &mut out)?;
        Ok(String::from_utf8_lossy(&out).into_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_metric_is_declared_once_and_rendered() {
        let metrics = Metrics::new().unwrap();
        metrics
            .requests
            .with_label_values(&["GET", "/healthz", "200"])
            .inc();
        metrics
            .latency
            .with_label_values(&["/healthz"])
            .observe(0.0007);
        let text = metrics.render().unwrap();
        for line in [
            "churn_http_requests_total{method=\"GET\",route=\"/healthz\",status=\"200\"} 1",
            "churn_http_request_seconds_bucket{route=\"/healthz\",le=\"0.001\"} 1",
            "churn_prediction_log_refused 0",
        ] {
            assert!(text.contains(line), "{line} in {text}");
        }
    }
}
