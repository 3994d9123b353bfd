//! Who may call a handler, as part of its signature.

use std::collections::BTreeMap;
use std::marker::PhantomData;

use actix_web::dev::Payload;
use actix_web::http::Method;
use actix_web::http::header;
use actix_web::{FromRequest, HttpRequest, web};
use apistos::ApiComponent;
use apistos::reference_or::ReferenceOr;
use apistos::security::{ApiKey, ApiKeyIn, Http, SecurityScheme, SecurityType};
use churn_engine::users::{Identity, Scope};
use futures_util::future::LocalBoxFuture;

use super::body::state_of;
use crate::error::{ApiError, Code, ErrorBody};
use crate::state::AppState;

/// The cookie of a session.
pub(crate) const SESSION_COOKIE: &str = "churn_session";

/// The header in which a page sends its token against forged requests.
pub(crate) const CSRF_HEADER: &str = "x-csrf-token";

/// The header that carries the key of a program.
const KEY_HEADER: &str = "x-api-key";

/// What a handler lets its callers do.
pub(crate) trait Permission: 'static {
    /// What the caller's role, or key, must include one of; empty = signing in is enough.
    const SCOPES: &'static [Scope];
    /// Whether anybody may where scoring is open to all.
    const OPEN: bool = false;
    /// Whether it may be done before a password that was given is changed.
    const BEFORE_PASSWORD_CHANGE: bool = false;
}

macro_rules! permissions {
    ($($(#[doc = $doc:literal])+ $name:ident = $scopes:expr;)+) => {
        $($(#[doc = $doc])+ #[derive(Debug)] pub(crate) struct $name;
        impl Permission for $name {
            const SCOPES: &'static [Scope] = &$scopes;
        })+
    };
}

permissions! {
    /// Looking at models, figures, customers, predictions.
    Read = [Scope::Read];
    /// Starting training.
    Train = [Scope::Train];
    /// Looking at jobs; who may not read sees only their own.
    Follow = [Scope::Read, Scope::Score, Scope::Train];
    /// Ending and repeating jobs; which of them, the kind of the job decides.
    Steer = [Scope::Score, Scope::Train, Scope::Users];
    /// Putting models into and out of service.
    Models = [Scope::Models];
    /// Users, keys of others, the audit trail.
    Administer = [Scope::Users];
}

/// Seeing how good the model that answers is.
#[derive(Debug)]
pub(crate) struct Judge;

impl Permission for Judge {
    const SCOPES: &'static [Scope] = &[Scope::Read, Scope::Score];
    const OPEN: bool = true;
}

/// Scoring and explaining customers.
#[derive(Debug)]
pub(crate) struct Score;

impl Permission for Score {
    const SCOPES: &'static [Scope] = &[Scope::Score];
    const OPEN: bool = true;
}

/// One's own account.
#[derive(Debug)]
pub(crate) struct Own;

impl Permission for Own {
    const SCOPES: &'static [Scope] = &[];
    const BEFORE_PASSWORD_CHANGE: bool = true;
}

/// Proof that the caller may do what `P` stands for. A handler that takes one can't be reached
/// without.
#[derive(Debug)]
pub(crate) struct Allowed<P> {
    identity: Option<Identity>,
    permission: PhantomData<P>,
}

impl<P> Allowed<P> {
    /// Name of the caller, for the audit trail; none where anybody may ask.
    pub(crate) fn name(&self) -> Option<&str> {
        self.identity
            .as_ref()
            .map(|identity| identity.name.as_str())
    }

    /// Name of the caller of a route that asks for a sign-in.
    pub(crate) fn who(&self) -> String {
        self.name().unwrap_or("anybody").to_owned()
    }

    /// The caller of a route that asks for a sign-in.
    pub(crate) fn identity(&self) -> Result<&Identity, ApiError> {
        self.identity.as_ref().ok_or_else(sign_in)
    }
}

impl<P: Permission> FromRequest for Allowed<P> {
    type Error = ApiError;
    type Future = LocalBoxFuture<'static, Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move {
            let state = state_of(&request)?;
            let Some(proof) = Shown::find(&request) else {
                return if P::OPEN && state.settings.scoring.open {
                    Ok(Self::of(None))
                } else {
                    Err(sign_in())
                };
            };
            let identity = proof
                .identify(&state, request.method(), request.headers())
                .await?;
            tracing::Span::current().record("user.name", identity.name.as_str());
            if !P::BEFORE_PASSWORD_CHANGE {
                identity.require_any(P::SCOPES)?;
            }
            Ok(Self::of(Some(identity)))
        })
    }
}

impl<P> Allowed<P> {
    fn of(identity: Option<Identity>) -> Self {
        Self {
            identity,
            permission: PhantomData,
        }
    }
}

fn sign_in() -> ApiError {
    ApiError::new(
        Code::Unauthenticated,
        "this route asks for a sign-in",
        "send an access token (Authorization: Bearer ...) or an API key (X-Api-Key: ...); POST /api/v1/auth/login gives a token",
    )
}

/// What a caller shows to prove who it is.
enum Shown {
    Token(String),
    Key(String),
    Session(String),
}

impl Shown {
    /// The first proof there is: one that was put there on purpose before the cookie, which
    /// browsers send on their own.
    fn find(request: &HttpRequest) -> Option<Self> {
        let text = |name: &str| {
            request
                .headers()
                .get(name)?
                .to_str()
                .ok()
                .map(str::to_owned)
        };
        if let Some(key) = text(KEY_HEADER) {
            return Some(Self::Key(key));
        }
        if let Some(value) = text(header::AUTHORIZATION.as_str()) {
            let token = value.strip_prefix("Bearer ").unwrap_or_default();
            return Some(Self::Token(token.trim().to_owned()));
        }
        let cookie = request.cookie(SESSION_COOKIE)?;
        Some(Self::Session(cookie.value().to_owned()))
    }

    async fn identify(
        self,
        state: &web::Data<AppState>,
        method: &Method,
        headers: &header::HeaderMap,
    ) -> Result<Identity, ApiError> {
        let csrf = headers
            .get(CSRF_HEADER)
            .and_then(|value| value.to_str().ok());
        let csrf = csrf.map(str::to_owned);
        let changes = !matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS);
        let (proof, users) = (self, state.users.clone());
        let remembered = proof.remembered_as();
        if let Some(identity) = remembered
            .as_deref()
            .and_then(|name| state.known.find(name))
        {
            return Ok(identity);
        }
        let own = state.clone();
        let identity = crate::routes::block(move || match proof {
            Self::Key(key) => Ok(users.key(&key)?),
            Self::Token(token) => {
                let account = own.tokens.read(&token, own.clock.now());
                let account = account.ok_or(churn_engine::Error::ProofRefused {
                    what: "access token",
                })?;
                Ok(users.identity(&account)?)
            }
            Self::Session(token) => {
                let session = users.session(&token)?;
                if changes && csrf.as_deref() != Some(session.csrf_token.as_str()) {
                    return Err(ApiError::new(
                        Code::BadCsrfToken,
                        "a change asked for through a session needs the session's own token",
                        format!("send the token of the sign-in in the header {CSRF_HEADER}"),
                    ));
                }
                Ok(session.identity)
            }
        });
        let identity = identity.await?;
        if let Some(name) = remembered {
            state.known.remember(name, identity.clone());
        }
        Ok(identity)
    }

    /// Under what the answer is remembered for a moment. Sessions never are: their tokens against
    /// forged requests are looked at each time. Access tokens have an end of their own, so they
    /// are not either.
    fn remembered_as(&self) -> Option<String> {
        match self {
            Self::Key(key) => Some(churn_store::sha256_hex(key.as_bytes())),
            Self::Token(_) | Self::Session(_) => None,
        }
    }
}

impl<P: Permission> ApiComponent for Allowed<P> {
    /// Who asks may be refused: the document refers to the fault by its name.
    fn child_schemas() -> Vec<(String, ReferenceOr<apistos::Schema>)> {
        let fault = ErrorBody::schema().into_iter();
        fault.chain(ErrorBody::child_schemas()).collect()
    }

    fn schema() -> Option<(String, ReferenceOr<apistos::Schema>)> {
        None
    }
}

/// The proofs of the document: any one of them is enough, so they stand beside each other.
pub(crate) fn proofs() -> Vec<BTreeMap<String, SecurityScheme>> {
    let scheme = |name: &str, kind, description: &str| {
        let scheme = SecurityScheme {
            _type: kind,
            description: Some(description.to_owned()),
            extensions: Default::default(),
        };
        BTreeMap::from([(name.to_owned(), scheme)])
    };
    vec![
        scheme(
            "access_token",
            SecurityType::Http(Http {
                scheme: "bearer".to_owned(),
                bearer_format: Some("JWT".to_owned()),
            }),
            "From POST /api/v1/auth/login.",
        ),
        scheme(
            "api_key",
            SecurityType::ApiKey(ApiKey {
                name: KEY_HEADER.to_owned(),
                _in: ApiKeyIn::Header,
            }),
            "The key of a program, from POST /api/v1/keys.",
        ),
    ]
}
