//! `/api/v1/auth`: signing in and out.

use actix_web::cookie::{Cookie, SameSite, time};
use actix_web::web::{Data, Json};
use actix_web::{HttpRequest, HttpResponse};
use apistos::{ApiComponent, api_operation};
use churn_config::Profile;
use churn_engine::users::{Identity, NewRefreshToken};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::block;
use crate::error::ApiError;
use crate::extract::{Allowed, JsonBody, OptionalJson, Own, SESSION_COOKIE};
use crate::state::AppState;

/// Name and password.
#[derive(Deserialize, JsonSchema, ApiComponent)]
#[serde(deny_unknown_fields)]
pub(crate) struct Credentials {
    name: String,
    password: String,
}

/// Tokens of somebody who has signed in.
#[derive(Serialize, JsonSchema, ApiComponent)]
pub(crate) struct TokensBody {
    /// For `Authorization: Bearer`.
    access_token: String,
    /// Always `Bearer`.
    token_type: &'static str,
    /// Seconds the access token is good for.
    expires_in: i64,
    /// Exchanged once for the next pair at `/api/v1/auth/refresh`.
    refresh_token: String,
    /// When the refresh token ends.
    refresh_expires_at: String,
    /// Who has signed in.
    user: MeBody,
}

/// Who somebody is and what they may do.
#[derive(Serialize, JsonSchema, ApiComponent)]
pub(crate) struct MeBody {
    /// Name of the account.
    name: String,
    /// `viewer`, `analyst` or `admin`.
    role: &'static str,
    /// What may be done: `read`, `score`, `train`, `models`, `users`.
    scopes: Vec<&'static str>,
    /// Whether nothing is allowed before the password is changed.
    must_change_password: bool,
}

/// A session of a browser.
#[derive(Serialize, JsonSchema, ApiComponent)]
pub(crate) struct SessionBody {
    /// Sent back with every change, in the header `X-Csrf-Token`.
    csrf_token: String,
    /// When the session ends in any case.
    ends_at: String,
    /// Who has signed in.
    user: MeBody,
}

/// A refresh token.
#[derive(Deserialize, JsonSchema, ApiComponent)]
#[serde(deny_unknown_fields)]
pub(crate) struct RefreshBody {
    refresh_token: String,
}

/// What is to end; a session ends by its cookie.
#[derive(Default, Deserialize, JsonSchema, ApiComponent)]
#[serde(deny_unknown_fields)]
pub(crate) struct LogoutBody {
    /// The refresh token whose sign-in is to end.
    refresh_token: Option<String>,
}

/// The old password and the new one.
#[derive(Deserialize, JsonSchema, ApiComponent)]
#[serde(deny_unknown_fields)]
pub(crate) struct PasswordBody {
    old: String,
    new: String,
}

/// That something was done.
#[derive(Serialize, JsonSchema, ApiComponent)]
pub(crate) struct Done {
    /// Always true.
    done: bool,
}

impl Done {
    pub(crate) fn new() -> Json<Self> {
        Json(Self { done: true })
    }
}

impl From<&Identity> for MeBody {
    fn from(identity: &Identity) -> Self {
        Self {
            name: identity.name.clone(),
            role: identity.role.as_str(),
            scopes: identity.scopes.iter().map(|scope| scope.as_str()).collect(),
            must_change_password: identity.must_change_password,
        }
    }
}

/// The address failed sign-ins are counted by.
fn client(state: &AppState, request: &HttpRequest) -> String {
    state.clients.address(request).to_string()
}

async fn check(
    state: &Data<AppState>,
    request: &HttpRequest,
    given: Credentials,
) -> Result<Identity, ApiError> {
    let (users, client) = (state.users.clone(), client(state, request));
    let checked = block(move || Ok(users.login(&given.name, &given.password, &client)?)).await;
    let outcome = if checked.is_ok() {
        "accepted"
    } else {
        "refused"
    };
    state.metrics.logins.with_label_values(&[outcome]).inc();
    checked
}

fn tokens(
    state: &AppState,
    identity: &Identity,
    next: NewRefreshToken,
) -> Result<Json<TokensBody>, ApiError> {
    let token = state.tokens.issue(&identity.user_id, state.clock.now());
    Ok(Json(TokensBody {
        access_token: token.map_err(|fault| ApiError::internal(&fault))?,
        token_type: "Bearer",
        expires_in: state.tokens.lifetime_seconds(),
        refresh_token: next.token,
        refresh_expires_at: next.expires_at.to_string(),
        user: MeBody::from(identity),
    }))
}

/// Sign in with name and password and get tokens
#[api_operation(tag = "users", operation_id = "login", no_security = true)]
pub(crate) async fn login(
    state: Data<AppState>,
    request: HttpRequest,
    body: JsonBody<Credentials>,
) -> Result<Json<TokensBody>, ApiError> {
    let identity = check(&state, &request, body.0).await?;
    let (users, user_id) = (state.users.clone(), identity.user_id.clone());
    let next = block(move || Ok(users.issue_refresh_token(&user_id)?)).await?;
    tokens(&state, &identity, next)
}

/// Exchange a refresh token for the next pair of tokens
///
/// A refresh token is good once. One that is used twice is in two hands: its whole sign-in ends.
#[api_operation(tag = "users", operation_id = "refresh", no_security = true)]
pub(crate) async fn refresh(
    state: Data<AppState>,
    body: JsonBody<RefreshBody>,
) -> Result<Json<TokensBody>, ApiError> {
    let users = state.users.clone();
    let exchanged = block(move || Ok(users.exchange_refresh_token(&body.0.refresh_token)?));
    let (identity, next) = exchanged.await?;
    tokens(&state, &identity, next)
}

/// Sign in with name and password and get a session cookie, for pages
#[api_operation(tag = "users", operation_id = "start_session", no_security = true)]
pub(crate) async fn start_session(
    state: Data<AppState>,
    request: HttpRequest,
    body: JsonBody<Credentials>,
) -> Result<HttpResponse, ApiError> {
    let identity = check(&state, &request, body.0).await?;
    let (users, user_id) = (state.users.clone(), identity.user_id.clone());
    let session = block(move || Ok(users.start_session(&user_id)?)).await?;
    let cookie = cookie(&state, session.token).finish();
    Ok(HttpResponse::Ok().cookie(cookie).json(SessionBody {
        csrf_token: session.csrf_token,
        ends_at: session.ends_at.to_string(),
        user: MeBody::from(&identity),
    }))
}

/// The cookie of a session: scripts can't read it, other sites can't send it.
fn cookie(state: &AppState, token: String) -> actix_web::cookie::CookieBuilder<'static> {
    Cookie::build(SESSION_COOKIE, token)
        .path("/")
        .http_only(true)
        .same_site(SameSite::Strict)
        .secure(state.settings.profile != Profile::Development)
}

/// Sign out: the session of the cookie, and the sign-in of a refresh token
#[api_operation(tag = "users", operation_id = "logout")]
pub(crate) async fn logout(
    _may: Allowed<Own>,
    state: Data<AppState>,
    request: HttpRequest,
    body: OptionalJson<LogoutBody>,
) -> Result<HttpResponse, ApiError> {
    let (users, session) = (state.users.clone(), request.cookie(SESSION_COOKIE));
    block(move || {
        if let Some(session) = session {
            users.end_session(session.value())?;
        }
        if let Some(token) = body.0.and_then(|body| body.refresh_token) {
            users.end_refresh_token(&token)?;
        }
        Ok(())
    })
    .await?;
    let gone = cookie(&state, String::new())
        .max_age(time::Duration::ZERO)
        .finish();
    Ok(HttpResponse::Ok().cookie(gone).json(Done { done: true }))
}

/// Tell who is asking
#[api_operation(tag = "users", operation_id = "get_me")]
pub(crate) async fn get_me(may: Allowed<Own>) -> Result<Json<MeBody>, ApiError> {
    Ok(Json(MeBody::from(may.identity()?)))
}

/// Change one's own password; all sessions and tokens of the account end
#[api_operation(tag = "users", operation_id = "change_password")]
pub(crate) async fn change_password(
    may: Allowed<Own>,
    state: Data<AppState>,
    request: HttpRequest,
    body: JsonBody<PasswordBody>,
) -> Result<Json<Done>, ApiError> {
    let name = may.identity()?.name.clone();
    let (users, client) = (state.users.clone(), client(&state, &request));
    block(move || Ok(users.change_password(&name, &body.0.old, &body.0.new, &client)?)).await?;
    state.known.forget();
    Ok(Done::new())
}
