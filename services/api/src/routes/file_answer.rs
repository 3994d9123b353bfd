//! A file as an answer, streamed.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;

use actix_web::body::SizedStream;
use actix_web::http::header;
use actix_web::web::Bytes;
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder};
use apistos::ApiComponent;
use apistos::paths::{MediaType, Response, Responses};
use apistos::reference_or::ReferenceOr;
use futures_util::Stream;

use super::block;
use crate::error::ApiError;

/// Bytes read at once.
const PART_BYTES: usize = 1 << 18;

/// A file as an answer.
pub(crate) struct FileAnswer(HttpResponse);

impl FileAnswer {
    /// A file that lies on disk.
    pub(crate) fn new(file: File, length: u64, name: &str) -> Self {
        let parts = futures_util::stream::unfold(Some(file), |file| async move {
            let file = file?;
            match block(move || read_part(file)).await {
                Ok((part, _)) if part.is_empty() => None,
                Ok((part, file)) => Some((Ok(part), Some(file))),
                // The client sees that the answer is cut short.
                Err(fault) => Some((Err(fault), None)),
            }
        });
        Self(head(name).body(SizedStream::new(length, Box::pin(parts))))
    }

    /// A file that is made while it is sent.
    pub(crate) fn stream(
        name: &str,
        parts: impl Stream<Item = Result<Bytes, ApiError>> + 'static,
    ) -> Self {
        Self(head(name).streaming(parts))
    }
}

/// What comes before the bytes of a file of this name.
fn head(name: &str) -> HttpResponseBuilder {
    let is_parquet = name.ends_with(".parquet");
    let kind = if is_parquet { PARQUET } else { CSV };
    let plain = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    let name: String = name.chars().filter(plain).collect();
    let mut answer = HttpResponse::Ok();
    answer
        .insert_header((header::CONTENT_TYPE, kind))
        .insert_header((
            header::CONTENT_DISPOSITION,
            format!("attachment; filename=\"{name}\""),
        ));
    answer
}

const CSV: &str = "text/csv; charset=utf-8";
const PARQUET: &str = "application/vnd.apache.parquet";

/// The next part of a file; empty at its end.
fn read_part(mut file: File) -> Result<(Bytes, File), ApiError> {
    let mut part = Vec::with_capacity(PART_BYTES);
    let read = file.by_ref().take(PART_BYTES as u64).read_to_end(&mut part);
    match read {
        Ok(_) => Ok((part.into(), file)),
        Err(fault) => Err(ApiError::internal(&fault)),
    }
}

impl actix_web::Responder for FileAnswer {
    type Body = actix_web::body::BoxBody;

    fn respond_to(self, _: &HttpRequest) -> HttpResponse {
        self.0
    }
}

impl ApiComponent for FileAnswer {
    fn child_schemas() -> Vec<(String, ReferenceOr<apistos::Schema>)> {
        Vec::new()
    }

    fn schema() -> Option<(String, ReferenceOr<apistos::Schema>)> {
        None
    }

    fn responses(_: Option<String>) -> Option<Responses> {
        let content = [CSV, PARQUET].map(|kind| (kind.to_owned(), MediaType::default()));
        let response = Response {
            description: "The file.".to_owned(),
            content: BTreeMap::from(content),
            ..Default::default()
        };
        Some(Responses {
            responses: BTreeMap::from([("200".to_owned(), ReferenceOr::Object(response))]),
            ..Default::default()
        })
    }
}
