//! `POST /api/v1/batch_predict`: a file of customers in, scores out, both streamed.
//!
//! The upload goes to a file first: Parquet is read from its end, and a client that is still
//! sending does not read. From there rows are scored in parallel and written to the client in
//! order, as fast as it reads; memory depends on neither size. Large files become a job.

mod encode;

use std::cell::Cell;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use actix_web::dev::Payload;
use actix_web::web::{Bytes, Data, Query};
use actix_web::{HttpRequest, HttpResponse, http::header};
use apistos::ApiComponent;
use apistos::api_operation;
use apistos::paths::{MediaType, RequestBody, Response, Responses};
use apistos::reference_or::ReferenceOr;
use churn_engine::jobs::{FileFormat, RecordRows, ScoreFile};
use churn_engine::users::Identity;
use churn_engine::{BatchInput, BatchParams, Explain, Outcome, Permit, Served, score_batch};
use churn_store::tables::predictions::Prediction as LogEntry;
use futures_util::StreamExt;
use schemars::JsonSchema;
use serde::Deserialize;
use std::collections::BTreeMap;
use tokio::sync::mpsc::{self, error::TrySendError};

use self::encode::{Form, Writer};
use super::block;
use super::jobs::Asked;
use crate::error::{ApiError, Code};
use crate::extract::{Allowed, Score};
use crate::state::AppState;
use crate::upload::{self, Upload};

/// Rows a thread takes at once: small enough for even progress, large enough to be cheap.
const CHUNK_ROWS: usize = 1024;

/// Parts of the answer that may wait for the client to read.
const PARTS_AHEAD: usize = 4;

/// How often, and after what pauses, an answer is tried to be kept: half a minute.
const KEEP_ATTEMPTS: u32 = 1500;
const KEEP_PAUSE: Duration = Duration::from_millis(20);

/// How often it is looked whether the client has made room.
const SEND_PAUSE: Duration = Duration::from_millis(5);

/// What goes from the threads that score to the client.
type Part = Result<Bytes, ApiError>;

/// The file of a batch request, in any of the forms that are read.
pub(crate) struct BatchFile(Payload);

impl actix_web::FromRequest for BatchFile {
    type Error = actix_web::Error;
    type Future = std::future::Ready<Result<Self, actix_web::Error>>;

    fn from_request(_: &HttpRequest, payload: &mut Payload) -> Self::Future {
        std::future::ready(Ok(Self(payload.take())))
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

/// How a file's answer is wanted.
#[derive(Debug, Deserialize, JsonSchema, ApiComponent)]
pub(crate) struct BatchQuery {
    /// Whether reasons, and the offers that rest on them, are worked out; default true.
    explain: Option<bool>,
    /// Whether the file becomes a job; without it, when it is large and the caller has signed in.
    as_job: Option<bool>,
}

impl BatchQuery {
    fn explain(&self) -> Explain {
        if self.explain.unwrap_or(true) {
            Explain::Yes
        } else {
            Explain::No
        }
    }

    /// Whether a file becomes a job.
    fn is_job(&self, state: &AppState, upload: &Upload, is_signed_in: bool) -> bool {
        let scoring = &state.settings.scoring;
        // Jobs read no NDJSON, and nobody could ask for a job of nobody.
        let can_be = is_signed_in && upload.kind() == BatchInput::Table;
        let is_large = upload.n_bytes > scoring.job_mib << 20 || upload.n_lines > scoring.job_rows;
        self.as_job.unwrap_or(can_be && is_large)
    }
}

/// Score a file of customers
///
/// The body is CSV (plain or gzip), NDJSON or Parquet, raw or as a file of a multipart form. The
/// answer is JSON (`{"predictions": [...], "errors": [...]}`), CSV or NDJSON by `Accept`. Rows
/// that can't be scored are answered with their faults and never stop the rest. A large file of
/// somebody who has signed in becomes a job, which is answered with 202.
#[api_operation(tag = "scoring", operation_id = "batch_predict")]
pub(crate) async fn batch_predict(
    may: Allowed<Score>,
    state: Data<AppState>,
    request: HttpRequest,
    query: Query<BatchQuery>,
    file: BatchFile,
) -> Result<BatchAnswer, ApiError> {
    let form = Form::wanted(&request)?;
    let served = state.served()?;
    let permit = state.admit_batch()?;
    let upload = upload::receive(&state, &request, file.0).await?;
    if query.is_job(&state, &upload, may.name().is_some()) {
        let explain = query.explain();
        let key = idempotency_key(&request)?;
        return into_job(state, &served, upload, explain, may.identity()?, key).await;
    }
    let params = BatchParams {
        input: upload.path().to_owned(),
        kind: upload.kind(),
        explain: query.explain(),
        max_rows: state.settings.server.max_rows,
        chunk_rows: CHUNK_ROWS,
    };
    let (sender, mut parts) = mpsc::channel::<Part>(PARTS_AHEAD);
    let is_whole = Arc::new(AtomicBool::new(false));
    let job = Job {
        state: state.clone(),
        served,
        params,
        form,
        sender,
        is_whole: Arc::clone(&is_whole),
        asked_by: may.name().map(str::to_owned),
    };
    // A thread of its own: it waits for the client to read, which a thread of the pool must not.
    let thread = std::thread::Builder::new().name("batch-file".to_owned());
    let span = tracing::Span::current();
    let started = thread.spawn(move || {
        let _entered = span.enter();
        job.run(permit);
        // The file goes when everything was read.
        drop(upload);
    });
    started.map_err(|fault| ApiError::internal(&fault))?;
    // Until the first part is there the answer can still be a fault.
    let first = match parts.recv().await {
        Some(part) => part?,
        None => return Err(ApiError::internal(&"scoring a file broke off")),
    };
    let rest = futures_util::stream::unfold(Some(parts), move |parts| {
        let is_whole = Arc::clone(&is_whole);
        async move {
            let mut parts = parts?;
            match parts.recv().await {
                Some(part) => Some((part, Some(parts))),
                None if is_whole.load(Ordering::Acquire) => None,
                // Without the closing chunk no client takes a part for the whole.
                None => Some((Err(ApiError::internal(&"an answer is cut short")), None)),
            }
        }
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

/// The client's own name for what it asks, so that asking twice is asking once.
fn idempotency_key(request: &HttpRequest) -> Result<Option<String>, ApiError> {
    let Some(key) = request.headers().get("idempotency-key") else {
        return Ok(None);
    };
    let text = key
        .to_str()
        .ok()
        .filter(|key| (1..=200).contains(&key.len()));
    match text {
        Some(key) => Ok(Some(key.to_owned())),
        None => Err(ApiError::new(
            Code::BadParameter,
            "the header Idempotency-Key can't be used",
            "send 1 to 200 printable characters, or leave it out",
        )),
    }
}

/// Has a file scored by a job.
async fn into_job(
    state: Data<AppState>,
    served: &Served,
    upload: Upload,
    explain: Explain,
    identity: &Identity,
    key: Option<String>,
) -> Result<BatchAnswer, ApiError> {
    if upload.kind() == BatchInput::JsonLines {
        return Err(ApiError::new(
            Code::UnsupportedMediaType,
            "NDJSON is not scored by a job",
            "send CSV (plain or gzip) or Parquet, or leave out as_job",
        ));
    }
    let scorer = served.scorer();
    let is_explained = explain == Explain::Yes;
    let n_reasons = u8::try_from(scorer.n_reasons()).unwrap_or(u8::MAX);
    let (model, who) = (scorer.version().to_owned(), identity.name.clone());
    let key = key.map(|key| format!("batch:{who}:{key}"));
    let asked = block(move || {
        let job = ScoreFile {
            input: upload.keep(state.desk.registry().blobs())?,
            model,
            reasons: if is_explained { n_reasons } else { 0 },
            intervals: true,
            offers: is_explained,
            format: FileFormat::Csv,
            max_rejected: None,
            max_rows: Some(state.settings.server.max_rows),
            record: RecordRows(state.keeps_log()),
        };
        Ok(state.jobs.enqueue(&job, &who, key.as_deref())?)
    });
    Ok(BatchAnswer(Asked::new(asked.await?).into_inner()))
}

/// A file being scored on the threads for files.
struct Job {
    state: Data<AppState>,
    served: Arc<Served>,
    params: BatchParams,
    form: Form,
    sender: mpsc::Sender<Part>,
    /// Set when the last part was handed over.
    is_whole: Arc<AtomicBool>,
    /// Who asked; none where anybody may.
    asked_by: Option<String>,
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
            .map(|done| {
                let mut entry = done.log_entry(&self.served, "batch", asked_by, now);
                if !done.is_named {
                    // The number of the row is no key.
                    entry.customer_key.clear();
                }
                entry
            })
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

    /// Gives a part to the client, who must make room for it in time.
    fn send(&self, mut part: Part) -> ControlFlow<()> {
        let patience = Duration::from_secs(self.state.settings.server.request_seconds);
        let start = Instant::now();
        loop {
            part = match self.sender.try_send(part) {
                Ok(()) => return ControlFlow::Continue(()),
                // The client has gone: nobody reads what would come.
                Err(TrySendError::Closed(_)) => return ControlFlow::Break(()),
                Err(TrySendError::Full(part)) => part,
            };
            if start.elapsed() > patience {
                tracing::warn!(target: "churn::batch", "a client takes nothing of its answer, which is cut short");
                return ControlFlow::Break(());
            }
            std::thread::sleep(SEND_PAUSE);
        }
    }

    /// Scores and sends. The permit is held until everything is scored and let go before the end is
    /// sent: who sees the end of an answer finds the place free.
    fn run(self, permit: Permit) {
        let now = self.state.clock.now().to_string();
        let n_reasons = self.served.scorer().n_reasons();
        let writer = Writer::new(self.form, &self.served, n_reasons, now);
        let mut joined = writer.begin();
        // A part that was not taken is lost: nothing may follow it, and the answer is not whole.
        let is_cut = Cell::new(false);
        let send = |bytes: Vec<u8>| {
            let sent = self.send(Ok(bytes.into()));
            is_cut.set(is_cut.get() || sent.is_break());
            sent
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
                        is_cut.set(true);
                        let _ = self.send(Err(fault));
                        ControlFlow::Break(())
                    }
                }
            },
        );
        drop(permit);
        if is_cut.get() {
            return;
        }
        let scored = scored.map_err(|fault| ApiError::from(fault).about_upload(&self.params.input));
        let end = scored.and_then(|summary| {
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
                self.is_whole.store(true, Ordering::Release);
            }
            Err(fault) => {
                tracing::warn!(target: "churn::batch", error = %fault, "scoring a file broke off");
                // Before the first part this is the answer, later it cuts the answer short.
                let _ = self.send(Err(fault));
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
        Asked::schemas()
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
            responses: BTreeMap::from([
                ("200".to_owned(), ReferenceOr::Object(response)),
                Asked::described(),
            ]),
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
