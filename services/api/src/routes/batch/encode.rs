//! Scores of a file as JSON, CSV or NDJSON.

use std::io::{Read, Seek, Write};

use actix_web::HttpRequest;
use actix_web::http::header;
use churn_engine::{BatchSummary, Outcome, Served, quote_csv};
use churn_schema::{Fault, RejectedRow};
use serde::Serialize;
use tempfile::SpooledTempFile;

use super::not_acceptable;
use crate::error::{ApiError, Detail};
use crate::routes::predict::PredictionBody;

/// Faults of refused rows are kept in memory up to this size, then in a file.
const FAULTS_IN_MEMORY: usize = 1 << 20;

/// Bytes of faults that are sent at once.
const FAULTS_AT_ONCE: usize = 1 << 16;

/// The form of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// One object: predictions, then errors.
    Json,
    /// A table; the last column holds the fault of a refused row.
    Csv,
    /// One object a line, scored and refused rows in order of the file.
    JsonLines,
}

impl Form {
    pub(super) const ALL: [Self; 3] = [Self::Json, Self::Csv, Self::JsonLines];

    /// What `Accept` asks for; JSON when it does not care.
    pub(super) fn wanted(request: &HttpRequest) -> Result<Self, ApiError> {
        let wanted = request.headers().get(header::ACCEPT);
        let wanted = wanted
            .and_then(|wanted| wanted.to_str().ok())
            .unwrap_or("*/*");
        let forms = wanted.split(',').filter_map(|range| {
            match range.split(';').next().unwrap_or_default().trim() {
                "" | "*/*" | "application/*" | "application/json" => Some(Self::Json),
                "text/csv" | "text/*" => Some(Self::Csv),
                "application/x-ndjson" | "application/ndjson" | "application/jsonl" => {
                    Some(Self::JsonLines)
                }
                _ => None,
            }
        });
        forms
            .into_iter()
            .next()
            .ok_or_else(|| not_acceptable(wanted))
    }

    pub(super) fn content_type(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::Csv => "text/csv; charset=utf-8",
            Self::JsonLines => "application/x-ndjson",
        }
    }
}

/// Shapes the outcomes of chunks, on many threads at once.
pub(super) struct Writer<'a> {
    form: Form,
    served: &'a Served,
    n_reasons: usize,
    now: String,
}

/// A chunk in the form of the answer.
pub(super) struct Shaped {
    rows: Vec<u8>,
    /// Refused rows, for the end of a JSON answer.
    faults: Vec<u8>,
}

/// A row that was refused.
#[derive(Serialize)]
struct RefusedBody {
    row: u64,
    line: Option<u64>,
    errors: Vec<Detail>,
}

impl RefusedBody {
    fn new(refused: &RejectedRow) -> Self {
        Self {
            row: refused.row,
            line: refused.line,
            errors: refused.faults.iter().map(Detail::new).collect(),
        }
    }
}

/// A row that was scored, with its place in the file.
#[derive(Serialize)]
struct RowBody {
    row: u64,
    #[serde(flatten)]
    prediction: PredictionBody,
}

impl<'a> Writer<'a> {
    pub(super) fn new(form: Form, served: &'a Served, n_reasons: usize, now: String) -> Self {
        Self {
            form,
            served,
            n_reasons,
            now,
        }
    }

    /// What joins shaped chunks.
    pub(super) fn begin(&self) -> Joiner {
        let head = match self.form {
            Form::Json => {
                let version = serde_json::Value::from(self.served.scorer().version());
                format!("{{\"model_version\":{version},\"predictions\":[").into_bytes()
            }
            Form::Csv => self.csv_header(),
            Form::JsonLines => Vec::new(),
        };
        Joiner {
            form: self.form,
            head,
            is_first: true,
            faults: SpooledTempFile::new(FAULTS_IN_MEMORY),
            has_faults: false,
        }
    }

    pub(super) fn encode(&self, outcomes: Vec<Outcome>) -> Shaped {
        let mut shaped = Shaped {
            rows: Vec::with_capacity(outcomes.len() * 512),
            faults: Vec::new(),
        };
        for outcome in outcomes {
            match (self.form, outcome) {
                (Form::Csv, outcome) => self.csv_line(&mut shaped.rows, outcome),
                (form, Outcome::Scored(prediction)) => {
                    let row = prediction.scored.row;
                    let prediction = PredictionBody::new(prediction, self.served, self.now.clone());
                    put(&mut shaped.rows, form, &RowBody { row, prediction });
                }
                (Form::Json, Outcome::Refused(refused)) => {
                    put(&mut shaped.faults, Form::Json, &RefusedBody::new(&refused));
                }
                (form, Outcome::Refused(refused)) => {
                    put(&mut shaped.rows, form, &RefusedBody::new(&refused));
                }
            }
        }
        shaped
    }

    fn csv_header(&self) -> Vec<u8> {
        let mut names = vec!["row", "customer_id", "churn_probability", "risk_level"]
            .into_iter()
            .map(str::to_owned)
            .collect::<Vec<_>>();
        names.extend((1..=self.n_reasons).map(|rank| format!("reason_{rank}")));
        names.extend((1..=self.n_reasons).map(|rank| format!("impact_{rank}")));
        names.extend(["offer_1", "expected_value_1", "model_version", "error"].map(str::to_owned));
        (names.join(",") + "\n").into_bytes()
    }

    fn csv_line(&self, out: &mut Vec<u8>, outcome: Outcome) {
        let n_between = 2 * self.n_reasons + 5;
        match outcome {
            Outcome::Scored(prediction) => {
                let scored = prediction.scored;
                text(out, &scored.row.to_string());
                field(out, &prediction.customer_id);
                out.extend_from_slice(format!(",{:.6}", scored.churn_probability).as_bytes());
                field(out, scored.risk_level.name());
                for rank in 0..self.n_reasons {
                    let reason = scored.reasons.get(rank);
                    field(out, reason.map_or("", |reason| reason.text.as_str()));
                }
                for rank in 0..self.n_reasons {
                    let reason = scored.reasons.get(rank);
                    let impact = reason.map(|reason| format!("{:.2}", reason.impact));
                    field(out, &impact.unwrap_or_default());
                }
                let best = scored.offers.first();
                field(out, best.map_or("", |offer| offer.title.as_str()));
                let value = best.map(|offer| offer.expected_value.to_major().to_string());
                field(out, &value.unwrap_or_default());
                field(out, self.served.scorer().version());
                field(out, "");
            }
            Outcome::Refused(refused) => {
                text(out, &refused.row.to_string());
                out.extend(std::iter::repeat_n(b',', n_between + 1));
                let faults: Vec<String> = refused.faults.iter().map(sentence).collect();
                field(out, &faults.join("; "));
            }
        }
        out.push(b'\n');
    }
}

/// A fault without the value, which may be personal.
fn sentence(fault: &Fault) -> String {
    let column = fault.column.as_deref().unwrap_or("row");
    format!(
        "{column}: {}, expected {}; {}",
        fault.code, fault.expected, fault.fix
    )
}

fn text(out: &mut Vec<u8>, text: &str) {
    out.extend_from_slice(text.as_bytes());
}

/// A field after a comma; quoted and made harmless for spreadsheets where it needs that.
fn field(out: &mut Vec<u8>, text: &str) {
    out.push(b',');
    quote_csv(out, text);
}

/// Appends an object: after a comma for JSON, before a line end for NDJSON.
fn put(out: &mut Vec<u8>, form: Form, body: &impl Serialize) {
    if form == Form::Json {
        out.extend_from_slice(b",\n");
    }
    // Writing plain data to memory has no failing case.
    let _ = serde_json::to_writer(&mut *out, body);
    if form == Form::JsonLines {
        out.push(b'\n');
    }
}

/// Puts shaped chunks together, in order.
pub(super) struct Joiner {
    form: Form,
    head: Vec<u8>,
    is_first: bool,
    faults: SpooledTempFile,
    has_faults: bool,
}

impl Joiner {
    /// The bytes to send for a chunk.
    pub(super) fn join(&mut self, shaped: Shaped) -> std::io::Result<Vec<u8>> {
        if !shaped.faults.is_empty() {
            // The first comma has nothing before it.
            let skipped = usize::from(!self.has_faults);
            self.faults.write_all(&shaped.faults[skipped..])?;
            self.has_faults = true;
        }
        let mut bytes = std::mem::take(&mut self.head);
        let mut rows = shaped.rows.as_slice();
        if self.form == Form::Json && self.is_first && !rows.is_empty() {
            rows = &rows[1..];
            self.is_first = false;
        }
        bytes.extend_from_slice(rows);
        Ok(bytes)
    }

    /// The bytes after the last chunk, in parts.
    pub(super) fn end(
        mut self,
        summary: &BatchSummary,
    ) -> std::io::Result<impl Iterator<Item = std::io::Result<Vec<u8>>> + use<>> {
        let mut before = std::mem::take(&mut self.head);
        let mut after = Vec::new();
        if self.form == Form::Json {
            before.extend_from_slice(b"],\n\"errors\":[");
            let notes: Vec<Detail> = summary.notes.iter().map(Detail::new).collect();
            let notes = serde_json::json!(notes);
            let (rows, scored, refused) = (summary.n_rows, summary.n_scored, summary.n_refused);
            after = format!(
                "],\n\"notes\":{notes},\"n_rows\":{rows},\"n_scored\":{scored},\"n_refused\":{refused}}}\n"
            )
            .into_bytes();
            self.faults.rewind()?;
        }
        let mut faults = self.faults;
        let is_json = self.form == Form::Json;
        let middle = std::iter::from_fn(move || {
            let mut part = vec![0; if is_json { FAULTS_AT_ONCE } else { 0 }];
            match faults.read(&mut part) {
                Ok(0) => None,
                Ok(n_read) => {
                    part.truncate(n_read);
                    Some(Ok(part))
                }
                Err(fault) => Some(Err(fault)),
            }
        });
        let once = |part: Vec<u8>| (!part.is_empty()).then_some(Ok(part)).into_iter();
        Ok(once(before).chain(middle).chain(once(after)))
    }
}
