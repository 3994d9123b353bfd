//! Jobs as they are answered.

use std::collections::BTreeMap;

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse};
use apistos::ApiComponent;
use apistos::paths::{MediaType, Response, Responses};
use apistos::reference_or::ReferenceOr;
use churn_engine::jobs::{Enqueued, JobView, LogView};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

/// A job.
#[derive(Debug, Serialize, JsonSchema, ApiComponent)]
pub(crate) struct JobBody {
    /// Its id.
    id: String,
    /// `score_file`, `train_model` or `housekeep`.
    kind: String,
    /// `queued`, `running`, `succeeded`, `failed` or `cancelled`.
    status: &'static str,
    /// Whether it runs and was asked to end.
    is_ending: bool,
    /// Who asked for it.
    enqueued_by: String,
    /// When, ISO 8601 in UTC.
    enqueued_at: String,
    /// When it was first begun.
    started_at: Option<String>,
    /// When it reached its end.
    finished_at: Option<String>,
    /// How often it was begun.
    attempt: i32,
    /// How often it is begun at most.
    max_attempts: i32,
    /// How far it is.
    progress: ProgressBody,
    /// What went wrong last.
    error: Option<String>,
    /// What came of it.
    result: Option<Value>,
    /// Where its files are.
    links: LinksBody,
    /// What it said, in order; null in lists.
    log: Option<Vec<LogBody>>,
}

/// How far a job is.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct ProgressBody {
    /// What is being done.
    step: String,
    /// Parts, or rows, that are done.
    n_done: i64,
    /// All of them; null when that is not known.
    n_parts: Option<i64>,
}

/// Addresses on this service.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct LinksBody {
    /// The job.
    #[serde(rename = "self")]
    own: String,
    /// The file it made.
    result: Option<String>,
    /// Rows that were refused, with their reasons.
    rejected: Option<String>,
}

/// A line of a job's log.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct LogBody {
    /// When.
    at: String,
    /// In which attempt, from 1.
    attempt: i32,
    /// What.
    line: String,
}

/// Fields of a result that name files; they are answered as links.
pub(super) const OUTPUT_BLOB: &str = "output_blob";
pub(super) const REJECTED_BLOB: &str = "rejected_blob";

impl JobBody {
    pub(crate) fn new(job: JobView, log: Option<Vec<LogView>>) -> Self {
        let own = format!("/api/v1/jobs/{}", job.id);
        let mut result = job.result;
        let mut take = |field: &str, link: &str| {
            let fields = result.as_mut()?.as_object_mut()?;
            let blob = fields.remove(field)?;
            blob.is_string().then(|| format!("{own}/{link}"))
        };
        let links = LinksBody {
            result: take(OUTPUT_BLOB, "result"),
            rejected: take(REJECTED_BLOB, "rejected"),
            own,
        };
        Self {
            id: job.id,
            kind: job.kind,
            status: job.status,
            is_ending: job.is_ending,
            enqueued_by: job.enqueued_by,
            enqueued_at: job.enqueued_at.to_string(),
            started_at: job.started_at.map(|at| at.to_string()),
            finished_at: job.finished_at.map(|at| at.to_string()),
            attempt: job.attempt,
            max_attempts: job.max_attempts,
            progress: ProgressBody {
                step: job.step,
                n_done: job.n_done,
                n_parts: Some(job.n_parts).filter(|n| *n > 0),
            },
            error: job.error,
            result,
            links,
            log: log.map(|lines| lines.into_iter().map(LogBody::from).collect()),
        }
    }
}

impl From<LogView> for LogBody {
    fn from(line: LogView) -> Self {
        Self {
            at: line.at.to_string(),
            attempt: line.attempt,
            line: line.line,
        }
    }
}

/// A job that was asked for.
#[derive(Debug, Serialize, JsonSchema, ApiComponent)]
pub(crate) struct AskedBody {
    /// The job.
    job: JobBody,
    /// Whether it was made now; false when the same was asked for before and is not done yet.
    is_new: bool,
}

/// The answer to who asks for a job: 202, with its address.
pub(crate) struct Asked(HttpResponse);

impl Asked {
    pub(crate) fn new(asked: Enqueued) -> Self {
        let job = JobBody::new(asked.job, None);
        let mut answer = HttpResponse::Accepted();
        answer.insert_header((header::LOCATION, job.links.own.as_str()));
        Self(answer.json(AskedBody {
            job,
            is_new: asked.is_new,
        }))
    }

    pub(crate) fn into_inner(self) -> HttpResponse {
        self.0
    }

    /// How the document describes it.
    pub(crate) fn described() -> (String, ReferenceOr<Response>) {
        let content = MediaType {
            schema: Some(ReferenceOr::Reference {
                _ref: "#/components/schemas/AskedBody".to_owned(),
            }),
            ..Default::default()
        };
        let response = Response {
            description: "It became a job; `Location` is its address.".to_owned(),
            content: BTreeMap::from([("application/json".to_owned(), content)]),
            ..Default::default()
        };
        ("202".to_owned(), ReferenceOr::Object(response))
    }

    pub(crate) fn schemas() -> Vec<(String, ReferenceOr<apistos::Schema>)> {
        let mut schemas = AskedBody::child_schemas();
        schemas.extend(AskedBody::schema());
        schemas
    }
}

impl actix_web::Responder for Asked {
    type Body = actix_web::body::BoxBody;

    fn respond_to(self, _: &HttpRequest) -> HttpResponse {
        self.0
    }
}

impl ApiComponent for Asked {
    fn child_schemas() -> Vec<(String, ReferenceOr<apistos::Schema>)> {
        Self::schemas()
    }

    fn schema() -> Option<(String, ReferenceOr<apistos::Schema>)> {
        None
    }

    fn responses(_: Option<String>) -> Option<Responses> {
        Some(Responses {
            responses: BTreeMap::from([Self::described()]),
            ..Default::default()
        })
    }
}
