//! Scripts, styles and drawings, built from `web/` and kept in the program.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse};
use rust_embed::Embed;
use serde::Deserialize;

use crate::error::{ApiError, Code};

/// What `cargo xtask web` built; empty when the program was built without.
#[derive(Embed)]
#[folder = "../../web/dist"]
#[allow_missing = true]
struct Built;

/// A line of the build's manifest.
#[derive(Deserialize)]
struct Entry {
    file: String,
    #[serde(default)]
    imports: Vec<String>,
}

static MANIFEST: LazyLock<BTreeMap<String, Entry>> = LazyLock::new(|| {
    let file = Built::get("manifest.json");
    file.and_then(|file| serde_json::from_slice(&file.data).ok())
        .unwrap_or_default()
});

/// Addresses of what a page loads.
pub(super) struct Assets {
    /// Sets the theme before anything is painted.
    pub(super) theme: String,
    pub(super) style: String,
    pub(super) script: String,
    /// What the script imports, so that it is fetched beside it.
    pub(super) preloads: Vec<String>,
}

impl Assets {
    /// Those of a page by its name.
    pub(super) fn of(page: &str) -> Result<Self, ApiError> {
        let entry = |source: &str| MANIFEST.get(source).ok_or_else(not_built);
        let script = entry(&format!("src/pages/{page}.ts"))?;
        let preloads = script.imports.iter().filter_map(|name| MANIFEST.get(name));
        Ok(Self {
            theme: address(entry("src/pages/theme.ts")?),
            style: address(entry("src/styles/app.css")?),
            script: address(script),
            preloads: preloads.map(address).collect(),
        })
    }
}

fn address(entry: &Entry) -> String {
    format!("/{}", entry.file)
}

fn not_built() -> ApiError {
    ApiError::new(
        Code::NoSuchRoute,
        "this program was built without the dashboard",
        "run 'cargo xtask web', which needs Node, and build again; the API works without: /docs/",
    )
}

/// A file under `/assets/`. Names hold a hash of the content, so browsers may keep them for good.
pub(super) fn serve(request: &HttpRequest, file: &str) -> Result<HttpResponse, ApiError> {
    let missing = || {
        ApiError::new(
            Code::NoSuchRoute,
            "there is no such file",
            "open /dashboard",
        )
    };
    let name = format!("assets/{file}");
    let takes_gzip = request
        .headers()
        .get_all(header::ACCEPT_ENCODING)
        .filter_map(|value| value.to_str().ok())
        .any(|value| value.contains("gzip"));
    let packed = takes_gzip
        .then(|| Built::get(&format!("{name}.gz")))
        .flatten();
    let is_packed = packed.is_some();
    let found = packed.or_else(|| Built::get(&name)).ok_or_else(missing)?;
    let mut answer = HttpResponse::Ok();
    answer
        .insert_header((header::CONTENT_TYPE, kind(file)))
        .insert_header((header::VARY, "accept-encoding"))
        .insert_header((header::CACHE_CONTROL, lifetime(file)));
    if is_packed {
        answer.insert_header((header::CONTENT_ENCODING, "gzip"));
    }
    Ok(answer.body(found.data.into_owned()))
}

/// Only names that change with the content are kept for good.
fn lifetime(file: &str) -> &'static str {
    if file == "icon.svg" {
        "public, max-age=86400"
    } else {
        "public, max-age=31536000, immutable"
    }
}

fn kind(file: &str) -> &'static str {
    match file.rsplit_once('.').map(|(_, ending)| ending) {
        Some("js") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("woff2") => "font/woff2",
        _ => "application/octet-stream",
    }
}
