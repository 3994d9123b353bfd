//! Traces by OTLP over HTTP.

use opentelemetry::trace::TracerProvider as _;
use opentelemetry_otlp::{SpanExporter, WithExportConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::SdkTracerProvider;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::{Layer, registry::LookupSpan};

use crate::error::Error;

/// Sends spans in batches from a thread of its own; a collector that is away loses spans, never
/// requests.
#[derive(Debug)]
pub(crate) struct Sender {
    provider: SdkTracerProvider,
}

impl Sender {
    /// A sender to the collector at `endpoint`, the address without `/v1/traces`.
    pub(crate) fn open(service: &'static str, endpoint: &str) -> Result<Self, Error> {
        let exporter = SpanExporter::builder()
            .with_http()
            .with_endpoint(format!("{}/v1/traces", endpoint.trim_end_matches('/')))
            .build()
            .map_err(|fault| Error::Traces {
                endpoint: endpoint.to_owned(),
                reason: fault.to_string(),
            })?;
        let resource = Resource::builder().with_service_name(service).build();
        let provider = SdkTracerProvider::builder()
            .with_batch_exporter(exporter)
            .with_resource(resource)
            .build();
        Ok(Self { provider })
    }

    /// The layer that hands our spans to the sender.
    pub(crate) fn layer<S>(&self) -> impl Layer<S> + use<S>
    where
        S: tracing::Subscriber + for<'span> LookupSpan<'span>,
    {
        let ours = Targets::new().with_target("churn", LevelFilter::DEBUG);
        tracing_opentelemetry::layer()
            .with_tracer(self.provider.tracer("churn"))
            .with_filter(ours)
    }
}

impl Drop for Sender {
    fn drop(&mut self) {
        // What could not be sent is lost with the process; there is nobody left to tell.
        let _ = self.provider.shutdown();
    }
}
