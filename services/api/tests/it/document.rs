//! The document of the API, its page, and the list of codes.

use churn_api::Code;

use crate::app::App;

#[test]
fn the_document_is_the_one_that_is_checked_in() {
    let app = App::start();
    let document = app.get("/openapi.json").is_ok();
    let text = serde_json::to_string_pretty(&document).unwrap();
    insta::assert_snapshot!("openapi", text);
}

#[test]
fn the_document_refers_to_nothing_it_lacks() {
    let app = App::start();
    let document = app.get("/openapi.json").is_ok();
    let text = document.to_string();
    for part in text.split("\"$ref\":\"#").skip(1) {
        let pointer = part.split('"').next().unwrap();
        assert!(document.pointer(pointer).is_some(), "{pointer}");
    }
}

#[test]
fn the_page_and_all_it_needs_come_from_us() {
    let app = App::start();
    let page = app.get("/docs/").text();
    assert!(page.contains("swagger-ui"), "{page}");
    assert!(
        !page.contains("https://") && !page.contains("http://"),
        "{page}"
    );
    for file in [
        "swagger-ui.css",
        "swagger-ui-bundle.js",
        "swagger-initializer.js",
    ] {
        assert_eq!(app.get(&format!("/docs/{file}")).status, 200, "{file}");
    }
    assert_eq!(app.get("/docs").header("location"), Some("/docs/"));
    let hidden = App::with(&[], |settings| settings.server.docs = false);
    hidden.get("/docs/").is_fault(404, "no_such_route");
}

#[test]
fn every_code_is_documented() {
    let page = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/api.md");
    let page = std::fs::read_to_string(page).unwrap();
    for code in Code::ALL {
        let line = format!(
            "| `{}` | {} | {} |",
            code.as_str(),
            code.status().as_u16(),
            code.meaning().trim()
        );
        assert!(page.contains(&line), "docs/api.md lacks the line\n{line}");
    }
}
