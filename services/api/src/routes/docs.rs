//! `/docs`: the interactive page over the document, with assets of our own.

use std::sync::Arc;

use actix_web::web::{Data, Path};
use actix_web::{HttpResponse, http::header};
use utoipa_swagger_ui::Config;

use super::OPENAPI_PATH;
use crate::error::{ApiError, Code};
use crate::state::AppState;

pub(crate) fn routes(config: &mut actix_web::web::ServiceConfig) {
    use actix_web::web::{get, resource};
    config
        .service(resource("/docs").route(get().to(redirect)))
        .service(resource("/docs/{file:.*}").route(get().to(serve)));
}

/// Links inside the page are relative to its folder.
async fn redirect() -> HttpResponse {
    let to = (header::LOCATION, "/docs/");
    HttpResponse::PermanentRedirect().insert_header(to).finish()
}

async fn serve(state: Data<AppState>, file: Path<String>) -> Result<HttpResponse, ApiError> {
    let missing = || ApiError::new(Code::NoSuchRoute, "there is no such page", "open /docs/");
    if !state.settings.server.docs {
        return Err(missing());
    }
    let config = Arc::new(Config::from(OPENAPI_PATH));
    let found = utoipa_swagger_ui::serve(&file, config);
    let found = found
        .map_err(|fault| ApiError::internal(&fault))?
        .ok_or_else(missing)?;
    let kind = (header::CONTENT_TYPE, found.content_type);
    Ok(HttpResponse::Ok()
        .insert_header(kind)
        .body(found.bytes.into_owned()))
}
