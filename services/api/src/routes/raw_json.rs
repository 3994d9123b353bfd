//! JSON that was written before, perhaps by another process.

use std::marker::PhantomData;

use actix_web::http::header;
use actix_web::web::Json;
use actix_web::{HttpRequest, HttpResponse};
use apistos::ApiComponent;
use apistos::paths::Responses;
use apistos::reference_or::ReferenceOr;

/// A `T` as JSON.
pub(crate) struct RawJson<T> {
    bytes: Vec<u8>,
    /// `hit` when it comes from the cache.
    origin: &'static str,
    kind: PhantomData<T>,
}

impl<T> RawJson<T> {
    /// One that was made for this request.
    pub(crate) fn fresh(bytes: Vec<u8>) -> Self {
        Self {
            bytes,
            origin: "miss",
            kind: PhantomData,
        }
    }

    /// One from the cache.
    pub(crate) fn kept(bytes: Vec<u8>) -> Self {
        Self {
            origin: "hit",
            ..Self::fresh(bytes)
        }
    }
}

impl<T> actix_web::Responder for RawJson<T> {
    type Body = actix_web::body::BoxBody;

    fn respond_to(self, _: &HttpRequest) -> HttpResponse {
        HttpResponse::Ok()
            .insert_header((header::CONTENT_TYPE, "application/json"))
            .insert_header(("x-cache", self.origin))
            .body(self.bytes)
    }
}

impl<T: ApiComponent> ApiComponent for RawJson<T> {
    fn child_schemas() -> Vec<(String, ReferenceOr<apistos::Schema>)> {
        Json::<T>::child_schemas()
    }

    fn schema() -> Option<(String, ReferenceOr<apistos::Schema>)> {
        Json::<T>::schema()
    }

    fn responses(content_type: Option<String>) -> Option<Responses> {
        Json::<T>::responses(content_type)
    }
}
