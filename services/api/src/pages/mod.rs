//! The dashboard: pages made here, filled by scripts from the public API alone.

mod assets;
mod frame;

use actix_web::web::{self, Data, ServiceConfig, get, resource};
use actix_web::{HttpRequest, HttpResponse, http::header};
use askama::Template;

use self::assets::Assets;
use self::frame::Frame;
use crate::error::ApiError;
use crate::extract::SESSION_COOKIE;
use crate::routes::block;
use crate::state::AppState;

/// What pages may load: nothing but ours, and no markup that runs or styles by itself.
const PAGE_POLICY: &str = "default-src 'self'; img-src 'self' data:; frame-ancestors 'none'; base-uri 'none'; form-action 'self'; object-src 'none'";

macro_rules! pages {
    ($($name:ident = $path:literal, $file:literal;)+) => {
        $(#[derive(Template)]
        #[template(path = $file)]
        struct $name {
            frame: Frame,
        })+

        /// Every page that asks for a sign-in.
        fn signed_in(config: &mut ServiceConfig) {
            $(config.service(resource($path).route(get().to(
                |state: Data<AppState>, request: HttpRequest| async move {
                    match visitor(&state, &request, $path).await? {
                        Some(frame) => html(&$name { frame }),
                        None => Ok(to_login(&request)),
                    }
                },
            )));)+
        }
    };
}

pages! {
    Dashboard = "/dashboard", "dashboard.html";
    Customers = "/customers", "customers.html";
    Predictions = "/predictions", "predictions.html";
    Explanations = "/explanations", "explanations.html";
    Models = "/models", "models.html";
    Monitoring = "/monitoring", "monitoring.html";
    Settings = "/settings", "settings.html";
}

#[derive(Template)]
#[template(path = "login.html")]
struct Login {
    frame: Frame,
}

pub(crate) fn routes(config: &mut ServiceConfig) {
    config
        .service(resource("/").route(get().to(|| async { to("/dashboard") })))
        .service(resource("/login").route(get().to(login)))
        .service(resource("/assets/{file:.*}").route(get().to(asset)))
        .configure(signed_in);
}

async fn login() -> Result<HttpResponse, ApiError> {
    html(&Login {
        frame: Frame::of_stranger(Assets::of("login")?),
    })
}

/// Who looks at a page; none has to sign in first, or to choose a password of their own.
async fn visitor(
    state: &Data<AppState>,
    request: &HttpRequest,
    path: &str,
) -> Result<Option<Frame>, ApiError> {
    let Some(cookie) = request.cookie(SESSION_COOKIE) else {
        return Ok(None);
    };
    let users = state.users.clone();
    let session = block(move || match users.session(cookie.value()) {
        Ok(session) => Ok(Some(session)),
        Err(churn_engine::Error::ProofRefused { .. }) => Ok(None),
        Err(fault) => Err(fault.into()),
    });
    let session = session.await?;
    let session = session.filter(|session| !session.identity.must_change_password);
    session
        .map(|session| Ok(Frame::new(path, &session, Assets::of(&path[1..])?)))
        .transpose()
}

/// To the sign-in, and back here afterwards.
fn to_login(request: &HttpRequest) -> HttpResponse {
    let here = request.uri().path_and_query().map_or("/", |it| it.as_str());
    let next: String = url::form_urlencoded::byte_serialize(here.as_bytes()).collect();
    to(&format!("/login?next={next}"))
}

fn to(place: &str) -> HttpResponse {
    HttpResponse::SeeOther()
        .insert_header((header::LOCATION, place))
        .finish()
}

fn html(page: &impl Template) -> Result<HttpResponse, ApiError> {
    let text = page.render().map_err(|fault| ApiError::internal(&fault))?;
    Ok(HttpResponse::Ok()
        .insert_header((header::CONTENT_TYPE, "text/html; charset=utf-8"))
        .insert_header((header::CONTENT_SECURITY_POLICY, PAGE_POLICY))
        .body(text))
}

async fn asset(request: HttpRequest, file: web::Path<String>) -> Result<HttpResponse, ApiError> {
    assets::serve(&request, &file)
}
