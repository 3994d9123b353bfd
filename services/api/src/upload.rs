//! From the network to a file, within limits.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

use actix_multipart::Multipart;
use actix_web::HttpRequest;
use actix_web::dev::Payload;
use actix_web::http::header;
use actix_web::web::{Bytes, Data};
use churn_engine::jobs::Source;
use churn_engine::{BatchInput, Error as EngineError};
use churn_store::Blobs;
use futures_util::{Stream, StreamExt};
use tempfile::NamedTempFile;

use crate::error::{ApiError, Code};
use crate::state::AppState;

/// Bytes gathered before they are written.
const WRITE_BYTES: usize = 1 << 18;

/// An uploaded file; it is removed when this goes.
pub(crate) struct Upload {
    file: NamedTempFile,
    kind: BatchInput,
    /// Length, bytes.
    pub(crate) n_bytes: u64,
    /// Line feeds in it: of a text file, its rows.
    pub(crate) n_lines: u64,
}

impl Upload {
    pub(crate) fn path(&self) -> &Path {
        self.file.path()
    }

    pub(crate) fn kind(&self) -> BatchInput {
        self.kind
    }

    /// Keeps the file for a job. Blocks.
    pub(crate) fn keep(&self, blobs: &Blobs) -> Result<Source, ApiError> {
        keep_file(self.path(), blobs)
    }
}

/// Keeps a file for a job. Blocks.
pub(crate) fn keep_file(path: &Path, blobs: &Blobs) -> Result<Source, ApiError> {
    let blob = blobs.put_file(path).map_err(EngineError::from)?;
    // What a file is, is read from its first bytes; so the same content is the same job.
    Ok(Source::Blob {
        blob,
        name: "upload".to_owned(),
    })
}

/// The folder of files under way, in or out.
pub(crate) fn spool_folder(state: &AppState) -> Result<PathBuf, ApiError> {
    let folder = state.settings.home.join("uploads");
    std::fs::create_dir_all(&folder).map_err(|fault| no_room(&fault))?;
    Ok(folder)
}

/// Takes the upload: the body itself, or the first file of a multipart form.
pub(crate) async fn receive(
    state: &Data<AppState>,
    request: &HttpRequest,
    payload: Payload,
) -> Result<Upload, ApiError> {
    let kind = content_type(request.headers());
    let limit = state.settings.server.max_upload_mib << 20;
    let length = request.headers().get(header::CONTENT_LENGTH);
    let length = length.and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    // A form is a little longer than the file in it.
    if length.is_some_and(|length| length > limit + (1 << 16)) {
        return Err(too_large(limit));
    }
    if request.headers().contains_key(header::CONTENT_ENCODING) {
        return Err(ApiError::new(
            Code::UnsupportedMediaType,
            "a file with a Content-Encoding is not read",
            "send a CSV packed with gzip as it is, as application/gzip",
        ));
    }
    let mut spool = Spool::new(state, limit)?;
    if kind != "multipart/form-data" {
        let kind = kind_of(&kind)?;
        spool.take(payload).await?;
        return spool.finish(kind).await;
    }
    let mut form = Multipart::new(request.headers(), payload);
    while let Some(part) = form.next().await {
        let part = part.map_err(|fault| bad_form(&fault))?;
        let disposition = part.content_disposition();
        let name = disposition
            .and_then(|it| it.get_filename())
            .map(str::to_owned);
        let Some(name) = name else { continue };
        let declared = part
            .content_type()
            .map(|kind| kind.essence_str().to_owned());
        // Only its ending is looked at: the name never becomes a path.
        let is_lines = [".ndjson", ".jsonl"].iter().any(|end| name.ends_with(end));
        let kind = match (is_lines, declared) {
            (true, _) => BatchInput::JsonLines,
            (false, Some(kind)) => kind_of(&kind)?,
            (false, None) => BatchInput::Table,
        };
        spool.take(part).await?;
        return spool.finish(kind).await;
    }
    Err(ApiError::new(
        Code::BadBody,
        "the form holds no file",
        "send the customers as a file: curl -F file=@customers.csv",
    ))
}

fn content_type(headers: &header::HeaderMap) -> String {
    let kind = headers.get(header::CONTENT_TYPE);
    let kind = kind.and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    kind.split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase()
}

fn kind_of(essence: &str) -> Result<BatchInput, ApiError> {
    match essence {
        "application/x-ndjson"
        | "application/ndjson"
        | "application/jsonl"
        | "application/jsonlines" => Ok(BatchInput::JsonLines),
        "text/csv"
        | "text/plain"
        | "application/csv"
        | "application/gzip"
        | "application/x-gzip"
        | "application/octet-stream"
        | "application/vnd.apache.parquet"
        | "application/vnd.ms-excel" => Ok(BatchInput::Table),
        other => Err(ApiError::new(
            Code::UnsupportedMediaType,
            format!("the file is said to be {other:?}"),
            "send text/csv, application/gzip, application/x-ndjson, application/vnd.apache.parquet, or a form with a file",
        )),
    }
}

fn bad_form(fault: &dyn std::fmt::Display) -> ApiError {
    ApiError::new(
        Code::BadBody,
        format!("the upload can't be read: {fault}"),
        "send it again",
    )
}

fn too_large(limit: u64) -> ApiError {
    ApiError::new(
        Code::TooLarge,
        format!("the file is larger than {} MiB", limit >> 20),
        "split it or pack it with gzip; the limit is server.max_upload_mib",
    )
}

/// A file being written.
struct Spool {
    file: NamedTempFile,
    buffer: Vec<u8>,
    n_left: u64,
    n_lines: u64,
    limit: u64,
    patience: Duration,
}

impl Spool {
    fn new(state: &AppState, limit: u64) -> Result<Self, ApiError> {
        let folder = spool_folder(state)?;
        Ok(Self {
            file: NamedTempFile::new_in(&folder).map_err(|fault| no_room(&fault))?,
            n_lines: 0,
            buffer: Vec::with_capacity(WRITE_BYTES),
            n_left: limit,
            limit,
            patience: Duration::from_secs(state.settings.server.request_seconds),
        })
    }

    /// Takes everything of a stream, as long as parts keep coming.
    async fn take<E: std::fmt::Display>(
        &mut self,
        parts: impl Stream<Item = Result<Bytes, E>>,
    ) -> Result<(), ApiError> {
        let mut parts = std::pin::pin!(parts);
        loop {
            let part = tokio::time::timeout(self.patience, parts.next()).await;
            let Ok(part) = part else {
                return Err(ApiError::new(
                    Code::RequestTimeout,
                    format!(
                        "no part of the file came for {} seconds",
                        self.patience.as_secs()
                    ),
                    "send it faster; the limit is server.request_seconds",
                ));
            };
            let Some(part) = part else { return Ok(()) };
            let part = part.map_err(|fault| bad_form(&fault))?;
            self.n_left = match self.n_left.checked_sub(part.len() as u64) {
                Some(left) => left,
                None => return Err(too_large(self.limit)),
            };
            let line_feeds = part.iter().filter(|byte| **byte == b'\n').count();
            self.n_lines += line_feeds as u64;
            self.buffer.extend_from_slice(&part);
            if self.buffer.len() >= WRITE_BYTES {
                self.write().await?;
            }
        }
    }

    async fn write(&mut self) -> Result<(), ApiError> {
        let mut file = self
            .file
            .as_file()
            .try_clone()
            .map_err(|fault| ApiError::internal(&fault))?;
        let buffer = std::mem::take(&mut self.buffer);
        let work = move || file.write_all(&buffer).map(|()| buffer);
        let written = actix_web::web::block(work).await;
        let written = written.map_err(|fault| ApiError::internal(&fault))?;
        self.buffer = written.map_err(|fault| no_room(&fault))?;
        self.buffer.clear();
        Ok(())
    }

    async fn finish(mut self, kind: BatchInput) -> Result<Upload, ApiError> {
        self.write().await?;
        Ok(Upload {
            file: self.file,
            kind,
            n_bytes: self.limit - self.n_left,
            n_lines: self.n_lines,
        })
    }
}

fn no_room(fault: &std::io::Error) -> ApiError {
    tracing::error!(target: "churn::batch", error = %fault, "an upload can't be kept");
    ApiError::new(
        Code::StoreUnavailable,
        "the upload can't be kept",
        "the disk of the service may be full; try again later",
    )
    .retry_after(60)
}
