//! `POST /api/v1/batch_predict`: a file of customers in, scores out, both streamed.
//!
//! The upload goes to a file first: Parquet is read from its end, and a client that is still
//! sending does not read. From there rows are scored in parallel and written to the client in
//! order, as fast as it reads; memory depends on neither size.

mod encode;
mod upload;

use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

use actix_web::web::{Bytes, Data, Payload, Query};
use actix_web::{HttpRequest, HttpResponse, http::header};
use apistos::ApiComponent;
use apistos::api_operation;
use apistos::paths::{MediaType, RequestBody, Response, Responses};
use apistos::reference_or::ReferenceOr;
use churn_engine::{BatchParams, Outcome, Permit, Served, score_batch};
use churn_store::tables::predictions::Prediction as LogEntry;
use futures_util::StreamExt;
use std::collections::BTreeMap;
use tokio::sync::mpsc;

use self::encode::{Form, Writer};
use super::predict::PredictQuery;
use crate::error::{ApiError, Code};
use crate::extract::{Allowed, Score};
use crate::state::AppState;

/// Rows a thread takes at once: small enough for even progress, large enough to be cheap.
const CHUNK_ROWS: usize = 1024;

/// Parts of the answer that may wait for the client to read.
const PARTS_AHEAD: usize = 4;

/// How often, and after what pauses, an answer is tried to be kept: half a minute.
const KEEP_ATTEMPTS: u32 = 1500;
const KEEP_PAUSE: Duration = Duration::from_millis(20);

/// What goes from the threads that score to the client.
type Part = Result<Bytes, ApiError>;

/// The file of a batch request, in any of the forms that are read.
pub(crate) struct BatchFile(Payload);

impl actix_web::FromRequest for BatchFile {
    type Error = actix_web::Error;
    type Future = std::future::Ready<Result<Self, actix_web::Error>>;

    fn from_request(request: &HttpRequest, payload: &mut actix_web::dev::Payload) -> Self::Future {
        std::future::ready(
            Payload::from_request(request, payload)
                .into_inner()
                .map(Self),
        )
    }
}

/// Scores, in the form that was asked for.
pub(crate) struct BatchAnswer(HttpResponse);

impl actix_web::Responder for BatchAnswer {
    type Body = actix_web::body::BoxBody;

    fn respond_to(self, _: &HttpRequest) -> HttpResponse {
        self.0
    }
}

/// Score a file of customers
///
/// The body is CSV (plain or gzip), NDJSON or Parquet, raw or as a file of a multipart form. The
/// answer is JSON (`{"predictions": [...], "errors": [...]}`), CSV or NDJSON by `Accept`. Rows
/// that can't be scored are answered with their faults and never stop the rest.
#[api_operation(tag = "scoring", operation_id = "batch_predict")]
pub(crate) async fn batch_predict(
    may: Allowed<Score>,
    state: Data<AppState>,
    request: HttpRequest,
    query: Query<PredictQuery>,
    file: BatchFile,
) -> Result<BatchAnswer, ApiError> {
    let form = Form::wanted(&request)?;
    let served = state.served()?;
    let permit = state.admit_batch()?;
    let upload = upload::receive(&state, &request, file.0).await?;
    let params = BatchParams {
        input: upload.path().to_owned(),
        kind: upload.kind(),
        explain: query.explain(),
        max_rows: state.settings.server.max_rows,
        chunk_rows: CHUNK_ROWS,
    };
    let (sender, mut parts) = mpsc::channel::<Part>(PARTS_AHEAD);
    let job = Job {
        state: state.clone(),
        served,
        params,
        form,
        sender,
        asked_by: may.name().map(str::to_owned),
        _permit: permit,
    };
    // A thread of its own: it waits for the client to read, which a thread of the pool must not.
    let thread = std::thread::Builder::new().name("batch-file".to_owned());
    let span = tracing::Span::current();
    let started = thread.spawn(move || {
        let _entered = span.enter();
        job.run();
        // The file goes when everything was read.
        drop(upload);
    });
    started.map_err(|fault| ApiError::internal(&fault))?;
    // Until the first part is there the answer can still be a fault.
    let first = match parts.recv().await {
        Some(part) => part?,
        None => return Err(ApiError::internal(&"scoring a file broke off")),
    };
    let rest = futures_util::stream::unfold(parts, |mut parts| async move {
        Some((parts.recv().await?, parts))
    });
    let first = futures_util::stream::once(async { Ok(first) });
    let mut answer = HttpResponse::Ok();
    answer.insert_header((header::CONTENT_TYPE, form.content_type()));
    if form == Form::Csv {
        let name = "attachment; filename=\"scored.csv\"";
        answer.insert_header((header::CONTENT_DISPOSITION, name));
    }
    Ok(BatchAnswer(answer.streaming(first.chain(rest))))
}

/// A file being scored on the threads for files.
struct Job {
    state: Data<AppState>,
    served: Arc<Served>,
    params: BatchParams,
    form: Form,
    sender: mpsc::Sender<Part>,
    /// Who asked; none where anybody may.
    asked_by: Option<String>,
    /// Held until everything is scored.
    _permit: Permit,
}

impl Job {
    /// What is kept of the rows that were scored.
    fn entries(&self, outcomes: &[Outcome]) -> Vec<LogEntry> {
        if !self.state.keeps_log() {
            return Vec::new();
        }
        let (now, asked_by) = (self.state.clock.now(), self.asked_by.as_deref());
        let scored = outcomes.iter().filter_map(|outcome| match outcome {
            Outcome::Scored(done) => Some(done),
            Outcome::Refused(_) => None,
        });
        scored
            .map(|done| done.log_entry(&self.served, "batch", asked_by, now))
            .collect()
    }

    /// Keeps an answer; waits while too many wait to be stored, for a file has time.
    fn keep(&self, entry: &LogEntry) -> Result<(), ApiError> {
        let mut n_left = KEEP_ATTEMPTS;
        loop {
            match self.state.keep(entry.clone()) {
                Err(_) if n_left > 0 && !self.sender.is_closed() => {
                    n_left -= 1;
                    std::thread::sleep(KEEP_PAUSE);
                }
                kept => return kept,
            }
        }
    }

    fn run(self) {
        let now = self.state.clock.now().to_string();
        let n_reasons = self.served.scorer().n_reasons();
        let writer = Writer::new(self.form, &self.served, n_reasons, now);
        let mut joined = writer.begin();
        let send = |bytes: Vec<u8>| match self.sender.blocking_send(Ok(bytes.into())) {
            Ok(()) => ControlFlow::Continue(()),
            // The client has gone: nobody reads what would come.
            Err(_) => ControlFlow::Break(()),
        };
        let scored = score_batch(
            &self.state.batch,
            &self.served,
            &self.params,
            |outcomes| {
                self.state.note_outcomes("batch", &self.served, &outcomes);
                (self.entries(&outcomes), writer.encode(outcomes))
            },
            |(entries, part)| {
                let kept = entries.into_iter().try_for_each(|entry| self.keep(&entry));
                let joined = joined
                    .join(part)
                    .map_err(|fault| ApiError::internal(&fault));
                match kept.and(joined) {
                    Ok(bytes) => send(bytes),
                    Err(fault) => {
                        // The client sees that the answer is cut short.
                        let _ = self.sender.blocking_send(Err(fault));
                        ControlFlow::Break(())
                    }
                }
            },
        );
        let end = scored.map_err(ApiError::from).and_then(|summary| {
            joined
                .end(&summary)
                .map_err(|fault| ApiError::internal(&fault))
        });
        match end {
            Ok(parts) => {
                for part in parts {
                    if part.map_or(ControlFlow::Break(()), send).is_break() {
                        return;
                    }
                }
            }
            Err(fault) => {
                tracing::warn!(target: "churn::batch", error = %fault, "scoring a file broke off");
                // Before the first part this is the answer, later it cuts the answer short.
                let _ = self.sender.blocking_send(Err(fault));
            }
        }
    }
}

impl ApiComponent for BatchFile {
    fn child_schemas() -> Vec<(String, ReferenceOr<apistos::Schema>)> {
        Vec::new()
    }

    fn schema() -> Option<(String, ReferenceOr<apistos::Schema>)> {
        None
    }

    fn request_body() -> Option<RequestBody> {
        let kinds = [
            "text/csv",
            "application/gzip",
            "application/x-ndjson",
            "application/vnd.apache.parquet",
            "multipart/form-data",
        ];
        let content = kinds.map(|kind| (kind.to_owned(), MediaType::default()));
        Some(RequestBody {
            description: Some("The file of customers.".to_owned()),
            content: content.into(),
            required: Some(true),
            ..Default::default()
        })
    }
}

impl ApiComponent for BatchAnswer {
    fn child_schemas() -> Vec<(String, ReferenceOr<apistos::Schema>)> {
        Vec::new()
    }

    fn schema() -> Option<(String, ReferenceOr<apistos::Schema>)> {
        None
    }

    fn responses(_: Option<String>) -> Option<Responses> {
        let content = Form::ALL.map(|form| (form.content_type().to_owned(), MediaType::default()));
        let response = Response {
            description: "The scores, in order of the file.".to_owned(),
            content: BTreeMap::from(content),
            ..Default::default()
        };
        Some(Responses {
            responses: BTreeMap::from([("200".to_owned(), ReferenceOr::Object(response))]),
            ..Default::default()
        })
    }
}

/// A form nobody asked for.
fn not_acceptable(wanted: &str) -> ApiError {
    ApiError::new(
        Code::NotAcceptable,
        format!("the answer can't be given as {wanted:?}"),
        "Accept application/json, text/csv or application/x-ndjson",
    )
}
