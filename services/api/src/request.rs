//! What happens around every request: id, span, log line, metrics, time limit, safe headers.

use std::future::{Ready, ready};
use std::rc::Rc;
use std::time::{Duration, Instant};

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{Service, ServiceRequest, ServiceResponse, Transform, forward_ready};
use actix_web::error::InternalError;
use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use actix_web::http::{Method, StatusCode, Uri};
use actix_web::{HttpResponse, ResponseError, web};
use futures_util::future::LocalBoxFuture;
use tracing::Instrument;

use crate::error::{ApiError, Code};
use crate::headers;
use crate::state::AppState;

/// The header that carries the request id, both ways.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Longest request id that is taken over from a client.
const MAX_ID_BYTES: usize = 128;

tokio::task_local! {
    static CURRENT_ID: String;
}

/// The id of the request this runs for; empty outside of one.
pub(crate) fn current_id() -> String {
    CURRENT_ID.try_with(Clone::clone).unwrap_or_default()
}

/// Wraps every route.
pub(crate) struct Around {
    state: web::Data<AppState>,
}

impl Around {
    pub(crate) fn new(state: web::Data<AppState>) -> Self {
        Self { state }
    }
}

impl<S, B> Transform<S, ServiceRequest> for Around
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = actix_web::Error> + 'static,
    B: MessageBody + 'static,
{
    type Response = ServiceResponse<BoxBody>;
    type Error = actix_web::Error;
    type Transform = AroundService<S>;
    type InitError = ();
    type Future = Ready<Result<Self::Transform, ()>>;

    fn new_transform(&self, service: S) -> Self::Future {
        ready(Ok(AroundService {
            service: Rc::new(service),
            state: self.state.clone(),
        }))
    }
}

/// [`Around`] in front of a service.
pub(crate) struct AroundService<S> {
    service: Rc<S>,
    state: web::Data<AppState>,
}

impl<S, B> Service<ServiceRequest> for AroundService<S>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = actix_web::Error> + 'static,
    B: MessageBody + 'static,
{
    type Response = ServiceResponse<BoxBody>;
    type Error = actix_web::Error;
    type Future = LocalBoxFuture<'static, Result<Self::Response, Self::Error>>;

    forward_ready!(service);

    fn call(&self, request: ServiceRequest) -> Self::Future {
        let id = request_id(request.headers());
        let route = request.match_pattern();
        let route = route.unwrap_or_else(|| "unmatched".to_owned());
        let method = request.method().clone();
        let span = tracing::info_span!(
            target: "churn::http",
            "request",
            request.id = %id,
            http.method = %method,
            http.route = %route,
            user.name = tracing::field::Empty,
        );
        let state = self.state.clone();
        let service = Rc::clone(&self.service);
        let scope_id = id.clone();
        let origin = headers::allowed_origin(&request, &state.settings.server.cors_origins);
        let work = async move {
            let start = Instant::now();
            state.metrics.in_flight.inc();
            let answer = answer(&state, service, request).await;
            state.metrics.in_flight.dec();
            let took = start.elapsed();
            let around = |status, headers: &mut HeaderMap| {
                finish(&state, status, headers, &id, &method, &route, took);
                if let Some(origin) = origin {
                    headers::let_read(headers, origin);
                }
            };
            let mut response = match answer {
                Ok(response) => response,
                Err(mut refusal) => {
                    around(refusal.status(), refusal.headers_mut());
                    // The request is spent, so there is nothing to put the answer beside.
                    return Err(InternalError::from_response("refused", refusal).into());
                }
            };
            around(response.status(), response.headers_mut());
            Ok(response)
        };
        Box::pin(CURRENT_ID.scope(scope_id, work.instrument(span)))
    }
}

/// The service's answer, or ours where it has none; always in our shape.
///
/// The request is handed on whole: the router may not find a second owner of it.
async fn answer<S, B>(
    state: &AppState,
    service: Rc<S>,
    request: ServiceRequest,
) -> Result<ServiceResponse<BoxBody>, HttpResponse>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = actix_web::Error>,
    B: MessageBody + 'static,
{
    if let Err(fault) = state.clients.admit(&request, state.clock.now()).await {
        state.metrics.rate_limited.inc();
        return Err(fault.error_response());
    }
    if let Some(answer) = headers::preflight(&request) {
        return Err(answer);
    }
    if has_nul(request.uri()) {
        return Err(nul_byte().error_response());
    }
    let limit = Duration::from_secs(state.settings.server.request_seconds);
    let answered = if crate::routes::is_streamed(request.path()) {
        // An upload has its own limits: on its size, and on every wait for the next part.
        service.call(request).await
    } else {
        match tokio::time::timeout(limit, service.call(request)).await {
            Ok(answered) => answered,
            Err(_) => return Err(took_too_long(limit).error_response()),
        }
    };
    match answered {
        Ok(response) => Ok(in_our_shape(response.map_into_boxed_body())),
        Err(fault) => Err(HttpResponse::from_error(fault)),
    }
}

/// Whether the address holds a NUL, which no name has and Postgres refuses to compare.
fn has_nul(uri: &Uri) -> bool {
    let parts = [Some(uri.path()), uri.query()];
    parts.into_iter().flatten().any(|part| part.contains("%00"))
}

fn nul_byte() -> ApiError {
    ApiError::new(
        Code::BadParameter,
        "the address holds a NUL byte",
        "leave %00 out",
    )
}

fn took_too_long(limit: Duration) -> ApiError {
    ApiError::new(
        Code::Timeout,
        format!("the answer took longer than {} seconds", limit.as_secs()),
        "send the request faster or ask for less; the limit is server.request_seconds",
    )
}

/// Answers that the framework makes on its own have no body of ours: give them one.
fn in_our_shape(response: ServiceResponse<BoxBody>) -> ServiceResponse<BoxBody> {
    let status = response.status();
    let is_json = response
        .headers()
        .get(header::CONTENT_TYPE)
        .is_some_and(|kind| kind.as_bytes().starts_with(b"application/json"));
    if is_json || !(status.is_client_error() || status.is_server_error()) {
        return response;
    }
    let fault = match status {
        StatusCode::NOT_FOUND => ApiError::new(
            Code::NoSuchRoute,
            "there is no such route",
            "/docs lists the routes",
        ),
        StatusCode::METHOD_NOT_ALLOWED => ApiError::new(
            Code::MethodNotAllowed,
            "the route does not take this method",
            "the header Allow, and /docs, say which it takes",
        ),
        StatusCode::PAYLOAD_TOO_LARGE => ApiError::new(
            Code::TooLarge,
            "the body is larger than allowed",
            "send less at once",
        ),
        StatusCode::REQUEST_TIMEOUT => ApiError::new(
            Code::RequestTimeout,
            "the rest of the request did not arrive in time",
            "send it faster",
        ),
        status if status.is_client_error() => ApiError::new(
            Code::BadBody,
            "the request can't be read",
            "/docs says what the route expects",
        ),
        _ => ApiError::internal(&status),
    };
    let allow = response.headers().get(header::ALLOW).cloned();
    let mut answer = fault.error_response();
    if let Some(allow) = allow {
        answer.headers_mut().insert(header::ALLOW, allow);
    }
    let (request, _) = response.into_parts();
    ServiceResponse::new(request, answer)
}

fn finish(
    state: &AppState,
    status: StatusCode,
    answer_headers: &mut HeaderMap,
    id: &str,
    method: &Method,
    route: &str,
    took: Duration,
) {
    let metrics = &state.metrics;
    metrics
        .requests
        .with_label_values(&[method_label(method), route, status.as_str()])
        .inc();
    metrics
        .latency
        .with_label_values(&[route])
        .observe(took.as_secs_f64());
    let took_ms = took.as_secs_f64() * 1000.0;
    tracing::info!(target: "churn::http", { http.status = status.as_u16(), took_ms }, "answered");
    if let Ok(id) = HeaderValue::from_str(id) {
        answer_headers.insert(REQUEST_ID, id);
    }
    headers::make_safe(answer_headers);
}

/// A closed set, so that clients can't grow our metrics.
fn method_label(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        _ => "OTHER",
    }
}

/// The client's id when it is a plain word, else a new one.
fn request_id(headers: &HeaderMap) -> String {
    let is_plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
    let given = headers
        .get(REQUEST_ID)
        .and_then(|value| value.to_str().ok());
    match given {
        Some(id) if (1..=MAX_ID_BYTES).contains(&id.len()) && id.bytes().all(is_plain) => {
            id.to_owned()
        }
        _ => churn_store::new_id(),
    }
}
