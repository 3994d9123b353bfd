//! JSON bodies: limited, unpacked, parsed off the async threads when they are large.

use std::io::Read;

use actix_web::dev::Payload;
use actix_web::http::header;
use actix_web::web::{Bytes, BytesMut};
use actix_web::{FromRequest, HttpRequest, web};
use apistos::ApiComponent;
use apistos::reference_or::ReferenceOr;
use futures_util::StreamExt;
use futures_util::future::LocalBoxFuture;
use serde::de::DeserializeOwned;

use crate::error::{ApiError, Code};
use crate::state::AppState;

/// Bodies up to this size are parsed where they arrive: that takes well under half a millisecond.
const SMALL_BODY_BYTES: usize = 16 * 1024;

/// A JSON body, parsed into `T`.
#[derive(Debug)]
pub(crate) struct JsonBody<T>(pub(crate) T);

impl<T: DeserializeOwned + Send + 'static> FromRequest for JsonBody<T> {
    type Error = ApiError;
    type Future = LocalBoxFuture<'static, Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let request = request.clone();
        let payload = payload.take();
        Box::pin(async move {
            let state = state_of(&request)?;
            read_json(&state, &request, payload).await.map(Self)
        })
    }
}

/// Reads a JSON body into `T`.
pub(crate) async fn read_json<T: DeserializeOwned + Send + 'static>(
    state: &AppState,
    request: &HttpRequest,
    payload: Payload,
) -> Result<T, ApiError> {
    let limit = state.settings.server.max_body_kib * 1024;
    check_kind(request)?;
    let bytes = collect(request, payload, limit).await?;
    let is_packed = is_packed(request)?;
    if bytes.len() <= SMALL_BODY_BYTES && !is_packed {
        return parse(&bytes);
    }
    let work = move || {
        let bytes = if is_packed {
            unpack(&bytes, limit)?.into()
        } else {
            bytes
        };
        parse(&bytes)
    };
    state.online.run(work).await?
}

/// A JSON body that may be left out; one that is there must be good.
#[derive(Debug)]
pub(crate) struct OptionalJson<T>(pub(crate) Option<T>);

impl<T: DeserializeOwned + Send + 'static> FromRequest for OptionalJson<T> {
    type Error = ApiError;
    type Future = LocalBoxFuture<'static, Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let request = request.clone();
        let payload = payload.take();
        Box::pin(async move {
            let state = state_of(&request)?;
            let length = request.headers().get(header::CONTENT_LENGTH);
            let is_there = length.map_or_else(
                || request.headers().contains_key(header::TRANSFER_ENCODING),
                |length| length.as_bytes() != b"0",
            );
            if !is_there {
                return Ok(Self(None));
            }
            read_json(&state, &request, payload)
                .await
                .map(|body| Self(Some(body)))
        })
    }
}

impl<T: ApiComponent> ApiComponent for OptionalJson<T> {
    fn required() -> bool {
        false
    }

    fn child_schemas() -> Vec<(String, ReferenceOr<apistos::Schema>)> {
        T::child_schemas()
    }

    fn raw_schema() -> Option<ReferenceOr<apistos::Schema>> {
        T::raw_schema()
    }

    fn schema() -> Option<(String, ReferenceOr<apistos::Schema>)> {
        T::schema()
    }
}

/// The state, which every application has.
pub(crate) fn state_of(request: &HttpRequest) -> Result<web::Data<AppState>, ApiError> {
    let state = request.app_data::<web::Data<AppState>>();
    state
        .cloned()
        .ok_or_else(|| ApiError::internal(&"the application has no state"))
}

/// NUL as JSON writes it.
const ESCAPED_NUL: &[u8] = b"\\u0000";

fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, ApiError> {
    // No name and no text of ours holds one, and Postgres keeps none.
    if bytes
        .windows(ESCAPED_NUL.len())
        .any(|part| part == ESCAPED_NUL)
    {
        return Err(ApiError::new(
            Code::BadBody,
            "a text of the body holds NUL",
            "leave \\u0000 out",
        ));
    }
    // A list would pass too: its values by the order of our fields, which nobody can know.
    if bytes.trim_ascii_start().starts_with(b"[") {
        return Err(ApiError::new(
            Code::BadBody,
            "the body is a list, expected an object",
            "/docs shows the form of the body",
        ));
    }
    serde_json::from_slice(bytes).map_err(|fault| {
        ApiError::new(
            Code::BadBody,
            format!("the body is not the JSON that is expected: {fault}"),
            "/docs shows the form of the body",
        )
    })
}

fn check_kind(request: &HttpRequest) -> Result<(), ApiError> {
    let kind = request.headers().get(header::CONTENT_TYPE);
    let kind = kind.and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let essence = kind.split(';').next().unwrap_or_default().trim();
    if essence.eq_ignore_ascii_case("application/json") || essence.ends_with("+json") {
        return Ok(());
    }
    Err(ApiError::new(
        Code::UnsupportedMediaType,
        format!("the body is said to be {essence:?}, expected application/json"),
        "send the header Content-Type: application/json",
    ))
}

/// Whether the body is packed with gzip; anything else but plain is refused.
fn is_packed(request: &HttpRequest) -> Result<bool, ApiError> {
    let packing = request.headers().get(header::CONTENT_ENCODING);
    match packing.map(|packing| packing.as_bytes()) {
        None | Some(b"identity") => Ok(false),
        Some(b"gzip") => Ok(true),
        Some(_) => Err(ApiError::new(
            Code::UnsupportedMediaType,
            "the body is packed in a way that is not read",
            "send it plain or with Content-Encoding: gzip",
        )),
    }
}

/// The whole body, at most `limit` bytes.
pub(crate) async fn collect(
    request: &HttpRequest,
    mut payload: Payload,
    limit: usize,
) -> Result<Bytes, ApiError> {
    let length = request.headers().get(header::CONTENT_LENGTH);
    let length = length.and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    if length.is_some_and(|length| length > limit as u64) {
        return Err(too_large(limit));
    }
    let mut body = BytesMut::new();
    while let Some(part) = payload.next().await {
        let part = part.map_err(|fault| {
            ApiError::new(
                Code::BadBody,
                format!("the body broke off: {fault}"),
                "send it again",
            )
        })?;
        if body.len() + part.len() > limit {
            return Err(too_large(limit));
        }
        body.extend_from_slice(&part);
    }
    Ok(body.freeze())
}

/// Unpacks gzip, at most to `limit` bytes.
fn unpack(packed: &[u8], limit: usize) -> Result<Vec<u8>, ApiError> {
    let mut plain = Vec::new();
    let mut reader = flate2::read::MultiGzDecoder::new(packed).take(limit as u64 + 1);
    reader.read_to_end(&mut plain).map_err(|fault| {
        ApiError::new(
            Code::BadBody,
            format!("the body is not good gzip: {fault}"),
            "pack it again or send it plain",
        )
    })?;
    if plain.len() > limit {
        return Err(too_large(limit));
    }
    Ok(plain)
}

fn too_large(limit: usize) -> ApiError {
    ApiError::new(
        Code::TooLarge,
        format!("the body is larger than {} KiB", limit / 1024),
        "send less at once, or a file to /api/v1/batch_predict",
    )
}

impl<T: ApiComponent> ApiComponent for JsonBody<T> {
    fn child_schemas() -> Vec<(String, ReferenceOr<apistos::Schema>)> {
        T::child_schemas()
    }

    fn raw_schema() -> Option<ReferenceOr<apistos::Schema>> {
        T::raw_schema()
    }

    fn schema() -> Option<(String, ReferenceOr<apistos::Schema>)> {
        T::schema()
    }
}
