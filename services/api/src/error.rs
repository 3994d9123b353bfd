//! What a client is told when something is wrong: one shape, a closed list of codes.

use actix_web::http::{StatusCode, header};
use actix_web::{HttpResponse, ResponseError};
use apistos::paths::{MediaType, Response};
use apistos::reference_or::ReferenceOr;
use apistos::{ApiComponent, ApiErrorComponent};
use churn_engine::Error as EngineError;
use churn_registry::Error as RegistryError;
use churn_schema::Fault;
use schemars::JsonSchema;
use serde::Serialize;
use std::collections::BTreeMap;
use std::path::Path;

use crate::request;

macro_rules! codes {
    ($($(#[doc = $doc:literal])+ $name:ident = $text:literal, $status:ident;)+) => {
        /// Every code an answer can carry. Names are stable and never reused.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Code {
            $($(#[doc = $doc])+ $name,)+
        }

        impl Code {
            /// Every code there is.
            pub const ALL: &'static [Self] = &[$(Self::$name),+];

            /// The word in the answer.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text),+ }
            }

            /// The status it comes with.
            #[must_use]
            pub fn status(self) -> StatusCode {
                match self { $(Self::$name => StatusCode::$status),+ }
            }

            /// What it means, for the documentation.
            #[must_use]
            pub fn meaning(self) -> &'static str {
                match self { $(Self::$name => concat!($($doc),+)),+ }
            }
        }
    };
}

codes! {
    /// The body is not what the route expects: no JSON, another shape, cut short.
    BadBody = "bad_body", BAD_REQUEST;
    /// A value in the address or the query is not what the route expects.
    BadParameter = "bad_parameter", BAD_REQUEST;
    /// Nobody has signed in, or what was shown is not valid (any more).
    Unauthenticated = "unauthenticated", UNAUTHORIZED;
    /// Signed in, but the role or the scopes do not reach this far.
    Forbidden = "forbidden", FORBIDDEN;
    /// The page's token against forged requests is missing or wrong.
    BadCsrfToken = "bad_csrf_token", FORBIDDEN;
    /// The password was given by somebody else and has to be changed first.
    PasswordChangeRequired = "password_change_required", FORBIDDEN;
    /// There is no such route.
    NoSuchRoute = "no_such_route", NOT_FOUND;
    /// There is no such thing: model, customer, job, user.
    NotFound = "not_found", NOT_FOUND;
    /// The route exists, but not for this method.
    MethodNotAllowed = "method_not_allowed", METHOD_NOT_ALLOWED;
    /// None of the forms in `Accept` can be given.
    NotAcceptable = "not_acceptable", NOT_ACCEPTABLE;
    /// The rest of the request did not arrive in time.
    RequestTimeout = "request_timeout", REQUEST_TIMEOUT;
    /// What was asked for contradicts what there is.
    Conflict = "conflict", CONFLICT;
    /// The model failed its check and does not take over; the old one goes on.
    ModelUnfit = "model_unfit", CONFLICT;
    /// The body or the file is larger than allowed, also after unpacking.
    TooLarge = "too_large", PAYLOAD_TOO_LARGE;
    /// The form of the body is not one the route reads.
    UnsupportedMediaType = "unsupported_media_type", UNSUPPORTED_MEDIA_TYPE;
    /// The values of the customer or the file were refused; `details` names each.
    DataRefused = "data_refused", UNPROCESSABLE_ENTITY;
    /// This client has asked too much; come back after `Retry-After`.
    RateLimited = "rate_limited", TOO_MANY_REQUESTS;
    /// A fault of the program; the request id finds it in the logs.
    Internal = "internal", INTERNAL_SERVER_ERROR;
    /// As much work as is allowed waits already; come back after `Retry-After`.
    Overloaded = "overloaded", SERVICE_UNAVAILABLE;
    /// There is no model to answer with.
    NoModel = "no_model", SERVICE_UNAVAILABLE;
    /// The database or the object store does not answer.
    StoreUnavailable = "store_unavailable", SERVICE_UNAVAILABLE;
    /// The answer took longer than allowed.
    Timeout = "timeout", GATEWAY_TIMEOUT;
}

/// An answer that is no success.
#[derive(Debug, Clone)]
pub struct ApiError {
    code: Code,
    message: String,
    hint: String,
    details: Vec<Detail>,
    retry_after_seconds: Option<u64>,
}

/// One thing wrong with the values sent.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Detail {
    /// Kind of fault, as in `out_of_range`.
    pub code: String,
    /// The field.
    pub field: Option<String>,
    /// Row of the file, counted from 1 without the header.
    pub row: Option<u64>,
    /// What was expected.
    pub expected: String,
    /// How to put it right.
    pub fix: String,
}

impl Detail {
    /// A fault of the data as clients see it. The value itself stays out: it may be personal, and
    /// the client has it.
    pub(crate) fn new(fault: &Fault) -> Self {
        Self {
            code: fault.code.to_string(),
            field: fault.column.clone(),
            row: fault.row,
            expected: fault.expected.clone(),
            fix: fault.fix.clone(),
        }
    }
}

/// The body of every answer that is no success.
#[derive(Debug, Serialize, JsonSchema, ApiComponent)]
pub struct ErrorBody {
    /// What kind of fault it is, from a closed list.
    pub code: String,
    /// What is wrong, in a sentence.
    pub message: String,
    /// What to do about it.
    pub hint: String,
    /// Names this request in the logs.
    pub request_id: String,
    /// Everything that is wrong with the values sent.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub details: Vec<Detail>,
}

impl ApiError {
    /// An answer with a sentence and a way out.
    pub(crate) fn new(code: Code, message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            hint: hint.into(),
            details: Vec::new(),
            retry_after_seconds: None,
        }
    }

    /// With the time to wait.
    pub(crate) fn retry_after(mut self, seconds: u64) -> Self {
        self.retry_after_seconds = Some(seconds);
        self
    }

    /// Without the place of an uploaded file, which is no business of the client.
    pub(crate) fn about_upload(mut self, path: &Path) -> Self {
        let place = path.display().to_string();
        self.message = self.message.replace(&place, "the file");
        self
    }

    /// Values that were refused.
    pub(crate) fn refused(faults: &[Fault]) -> Self {
        let details: Vec<Detail> = faults.iter().map(Detail::new).collect();
        let fields: Vec<&str> = details
            .iter()
            .filter_map(|it| it.field.as_deref())
            .collect();
        let message = if fields.is_empty() {
            "the values were refused".to_owned()
        } else {
            format!("the values were refused: {}", fields.join(", "))
        };
        Self {
            details,
            ..Self::new(
                Code::DataRefused,
                message,
                "put right what `details` names and send it again",
            )
        }
    }

    /// The code.
    #[must_use]
    pub fn code(&self) -> Code {
        self.code
    }

    /// A fault of the program: logged here in full, told in general.
    pub(crate) fn internal(fault: &dyn std::fmt::Display) -> Self {
        tracing::error!(error = %fault, "a request failed by a fault of the program");
        Self::new(
            Code::Internal,
            "the request failed by a fault of the program",
            "quote the request id to whoever runs the service",
        )
    }

    fn store(fault: &churn_store::Error) -> Self {
        tracing::error!(error = %fault, "the store does not answer");
        Self::new(
            Code::StoreUnavailable,
            "the database or the object store does not answer",
            "try again in a moment; /api/v1/health says which one it is",
        )
        .retry_after(5)
    }
}

impl std::fmt::Display for ApiError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}; {}", self.code.as_str(), self.message, self.hint)
    }
}

impl std::error::Error for ApiError {}

impl ResponseError for ApiError {
    fn status_code(&self) -> StatusCode {
        self.code.status()
    }

    fn error_response(&self) -> HttpResponse {
        let mut response = HttpResponse::build(self.code.status());
        if let Some(seconds) = self.retry_after_seconds {
            response.insert_header((header::RETRY_AFTER, seconds));
        }
        if self.code == Code::Unauthenticated {
            response.insert_header((header::WWW_AUTHENTICATE, "Bearer"));
        }
        response.json(ErrorBody {
            code: self.code.as_str().to_owned(),
            message: self.message.clone(),
            hint: self.hint.clone(),
            request_id: request::current_id(),
            details: self.details.clone(),
        })
    }
}

impl From<EngineError> for ApiError {
    fn from(fault: EngineError) -> Self {
        let told = fault.to_string();
        match fault {
            EngineError::CustomerRefused { faults } => Self::refused(&faults),
            EngineError::Busy { name } => Self::new(
                Code::Overloaded,
                format!("the service is busy: the pool '{name}' is full"),
                "come back after the time in Retry-After",
            )
            .retry_after(1),
            EngineError::TooManyRows { most } => Self::new(
                Code::TooLarge,
                format!("the file has more than {most} rows"),
                "split the file; the limit is server.max_rows",
            ),
            EngineError::Unfit { .. } => Self::new(
                Code::ModelUnfit,
                fault.to_string(),
                "the model that answered before goes on; verify the bundle",
            ),
            EngineError::WrongCredentials => Self::new(
                Code::Unauthenticated,
                told,
                "try again; after some attempts the account waits",
            ),
            EngineError::ProofRefused { .. } | EngineError::TokenReused => {
                Self::new(Code::Unauthenticated, told, "sign in at /api/v1/auth/login")
            }
            EngineError::LoginThrottled { retry_after_s } => Self::new(
                Code::RateLimited,
                told,
                "come back after the time in Retry-After",
            )
            .retry_after(retry_after_s),
            EngineError::PasswordMustChange { .. } => Self::new(
                Code::PasswordChangeRequired,
                told,
                "POST /api/v1/auth/password with the old and a new one",
            ),
            EngineError::Forbidden { .. } => {
                Self::new(Code::Forbidden, told, "ask an administrator for more")
            }
            EngineError::BadUserName { .. }
            | EngineError::WeakPassword { .. }
            | EngineError::UnknownScope { .. }
            | EngineError::BadKeyLabel { .. } => {
                Self::new(Code::BadBody, told, "put the value right and send it again")
            }
            EngineError::UnknownUser { .. } | EngineError::UnknownKey { .. } => {
                Self::new(Code::NotFound, told, "the lists show what there is")
            }
            EngineError::UserExists { .. } | EngineError::LastAdmin { .. } => {
                Self::new(Code::Conflict, told, "see the list of users")
            }
            EngineError::UnknownJob { .. } => {
                Self::new(Code::NotFound, told, "GET /api/v1/jobs lists what there is")
            }
            EngineError::NotRetryable { .. } => Self::new(
                Code::Conflict,
                told,
                "see how far it is with GET /api/v1/jobs/{id}",
            ),
            EngineError::BadJob { .. } => Self::new(
                Code::BadBody,
                told,
                "put the values right and send it again",
            ),
            EngineError::UnknownDataFile { .. } => Self::new(
                Code::NotFound,
                told,
                "names are relative to the folder of the setting jobs.data_folder; nothing outside is reached",
            ),
            EngineError::Registry(fault) => fault.into(),
            EngineError::Store(fault) => Self::store(&fault),
            EngineError::Data(fault) if fault.is_data_refused() => Self::new(
                Code::DataRefused,
                fault.to_string(),
                "put the file right and send it again",
            ),
            other => Self::internal(&other),
        }
    }
}

impl From<RegistryError> for ApiError {
    fn from(fault: RegistryError) -> Self {
        let told = fault.to_string();
        match fault {
            RegistryError::Store(
                fault @ (churn_store::Error::Missing { .. } | churn_store::Error::Corrupt { .. }),
            ) => Self::new(
                Code::ModelUnfit,
                fault.to_string(),
                "the model that answered before goes on; restore the bundle from a backup",
            ),
            RegistryError::Store(fault) => Self::store(&fault),
            RegistryError::NoModels { .. } | RegistryError::UnknownReference { .. } => Self::new(
                Code::NotFound,
                told,
                "GET /api/v1/models lists what there is",
            ),
            RegistryError::UnknownRun { .. } => {
                Self::new(Code::NotFound, told, "GET /api/v1/runs lists what there is")
            }
            RegistryError::BadAlias { .. } => {
                Self::new(Code::BadParameter, told, "choose another name")
            }
            RegistryError::NothingToRollBack { .. } => {
                Self::new(Code::Conflict, told, "activate a version instead")
            }
            RegistryError::Unverified { .. }
            | RegistryError::Bundle { .. }
            | RegistryError::UnknownFormat { .. }
            | RegistryError::Inconsistent { .. } => Self::new(
                Code::ModelUnfit,
                told,
                "the model that answered before goes on",
            ),
            other => Self::internal(&other),
        }
    }
}

impl ApiErrorComponent for ApiError {
    fn schemas_by_status_code() -> BTreeMap<String, (String, ReferenceOr<apistos::Schema>)> {
        // Any status can be a fault, and only numbers are listed: see `Allowed::child_schemas`.
        BTreeMap::new()
    }

    fn error_responses() -> Vec<(String, Response)> {
        let content = MediaType {
            schema: Some(ReferenceOr::Reference {
                _ref: "#/components/schemas/ErrorBody".to_owned(),
            }),
            ..Default::default()
        };
        let response = Response {
            description: "What is wrong, and what to do about it.".to_owned(),
            content: BTreeMap::from([("application/json".to_owned(), content)]),
            ..Default::default()
        };
        vec![("default".to_owned(), response)]
    }
}
