//! What bad clients send, and what they get.

use std::io::{Read, Write};
use std::net::TcpStream;

use serde_json::json;

use crate::app::{App, customer};
use crate::client::raw;
use crate::stores::Stores;

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    packed.write_all(bytes).unwrap();
    packed.finish().unwrap()
}

#[test]
fn bodies_that_are_no_good_json_are_refused() {
    let app = App::start();
    let send = |body: &[u8]| {
        app.ask("POST", "/api/v1/predict")
            .body("application/json", body)
            .send()
    };
    send(b"").is_fault(400, "bad_body");
    send(b"{").is_fault(400, "bad_body");
    send(b"[]").is_fault(400, "bad_body");
    let list = app.post("/api/v1/auth/login", &json!(["anna", "password"]));
    list.is_fault(400, "bad_body");
    send(b"{\"tenure\": \"\xff\xfe\"}").is_fault(400, "bad_body");
    let deep = "[".repeat(10_000) + &"]".repeat(10_000);
    send(format!("{{\"tenure\": {deep}}}").as_bytes()).is_fault(400, "bad_body");
    send(b"{\"tenure\": 1e999}").is_fault(400, "bad_body");
    let form = app
        .ask("POST", "/api/v1/predict")
        .body("application/x-www-form-urlencoded", "tenure=3")
        .send();
    form.is_fault(415, "unsupported_media_type");
}

#[test]
fn a_name_with_nul_harms_no_database() {
    for stores in Stores::each() {
        let app = App::on(stores, &[], |_| {});
        app.post("/api/v1/predict", &json!({"customer_id": "a\0b"}))
            .is_fault(400, "bad_body");
        app.post(
            "/api/v1/auth/login",
            &json!({"name": "a\0b", "password": "x"}),
        )
        .is_fault(400, "bad_body");
        app.get("/api/v1/explain?customer_id=a%00b")
            .is_fault(400, "bad_parameter");
        let mut named = customer();
        named["customerID"] = json!("a\0b");
        let lines = format!("{named}\n{}\n", customer());
        let body = app
            .ask("POST", "/api/v1/batch_predict")
            .body("application/x-ndjson", lines)
            .send()
            .is_ok();
        assert_eq!(
            (&body["n_rows"], &body["n_refused"]),
            (&json!(2), &json!(1))
        );
        // What is kept of the answers gets through.
        crate::service::wait_until("nothing waits to be written", || {
            let metrics = app.get("/metrics").text();
            metrics.contains("churn_prediction_log_pending 0")
        });
        app.post("/api/v1/predict", &customer()).is_ok();
    }
}

#[test]
fn bodies_that_are_too_large_are_refused_packed_or_not() {
    let app = App::with(&[], |settings| settings.server.max_body_kib = 16);
    let large = format!("{{\"tenure\": \"{}\"}}", "9".repeat(1 << 20));
    let plain = app
        .ask("POST", "/api/v1/predict")
        .body("application/json", large.clone())
        .send();
    plain.is_fault(413, "too_large");
    let chunked = format!(
        "POST /api/v1/predict HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\nconnection: close\r\n\r\n{:x}\r\n{}\r\n0\r\n\r\n",
        large.len(),
        large
    );
    raw(app.port, chunked.as_bytes()).is_fault(413, "too_large");
    // A kilobyte that unpacks to a megabyte.
    let bomb = gzip(large.as_bytes());
    assert!(bomb.len() < 16 << 10, "{}", bomb.len());
    let packed = app
        .ask("POST", "/api/v1/predict")
        .header("content-encoding", "gzip")
        .body("application/json", bomb);
    packed.send().is_fault(413, "too_large");
    let good = gzip(customer().to_string().as_bytes());
    let packed = app
        .ask("POST", "/api/v1/predict")
        .header("content-encoding", "gzip")
        .body("application/json", good);
    assert_eq!(packed.send().status, 200);
    let odd = app
        .ask("POST", "/api/v1/predict")
        .header("content-encoding", "br")
        .body("application/json", "x");
    odd.send().is_fault(415, "unsupported_media_type");
}

#[test]
fn files_that_are_too_large_or_have_too_many_rows_are_refused() {
    let app = App::with(&[], |settings| {
        settings.server.max_upload_mib = 1;
        settings.server.max_rows = 10_000;
    });
    let send = |kind: &str, body: Vec<u8>| {
        app.ask("POST", "/api/v1/batch_predict")
            .body(kind, body)
            .send()
    };
    send("text/csv", vec![b'x'; 3 << 20]).is_fault(413, "too_large");
    let refused = send("text/csv", b"a,b\n1,2\n".to_vec()).is_fault(422, "data_refused");
    let message = refused["message"].as_str().unwrap();
    assert!(message.starts_with("the file lacks"), "{message}");
    // A small file that unpacks to endless bytes without a line end.
    let bomb = gzip(&vec![b'0'; 64 << 20]);
    assert!(bomb.len() < 1 << 20);
    send("application/gzip", bomb).is_fault(422, "data_refused");
}

#[test]
fn values_that_would_hurt_others_are_values_here() {
    let app = App::start();
    let mut evil = customer();
    evil["customerID"] = json!("'; DROP TABLE models; --");
    evil["Contract"] = json!("<script>alert(1)</script>");
    let body = app.post("/api/v1/predict", &evil).is_ok();
    assert_eq!(body["customer_id"], "'; DROP TABLE models; --");
    for path in [
        "/docs/../../etc/passwd",
        "/docs/%2e%2e/%2e%2e/etc/passwd",
        "/docs/..%2f..%2fetc%2fpasswd",
    ] {
        app.get(path).is_fault(404, "no_such_route");
    }
}

#[test]
fn a_filter_is_a_value_and_no_part_of_a_question() {
    for stores in Stores::each() {
        let app = App::on(stores, &[], |_| {});
        app.post("/api/v1/predict", &customer()).is_ok();
        let key = crate::people::key(&app);
        let ask = |path: &str| app.ask("GET", path).header("x-api-key", &key).send();
        crate::service::wait_until("the answer is kept", || {
            let kept = ask("/api/v1/predictions?customer_id=C-1").is_ok();
            kept["items"]
                .as_array()
                .is_some_and(|items| items.len() == 1)
        });
        for evil in ["%27%20OR%20%271%27=%271", "%25", "C-1%27--", "%5C"] {
            for path in ["predictions?customer_id", "customers?search"] {
                let found = ask(&format!("/api/v1/{path}={evil}")).is_ok();
                assert_eq!(found["items"], json!([]), "{path}={evil}");
            }
        }
        ask("/api/v1/customers/%ff%fe").is_fault(404, "not_found");
        ask("/api/v1/predictions?customer_id=%ff%fe").is_ok();
    }
}

#[test]
fn a_row_that_is_no_text_is_refused_and_the_others_are_scored() {
    let app = App::start();
    let mut file = crate::model::customers(3).into_bytes();
    let place = file.windows(4).rposition(|part| part == b"SYN-").unwrap();
    file[place] = 0xff;
    let answer = app
        .ask("POST", "/api/v1/batch_predict")
        .body("text/csv", file)
        .send()
        .is_ok();
    assert_eq!(
        (&answer["n_rows"], &answer["n_refused"]),
        (&json!(3), &json!(1)),
        "{answer}"
    );
}

#[test]
fn more_work_than_allowed_is_turned_away_with_a_time_to_come_back() {
    let app = App::with(&[], |settings| settings.scoring.batches = 1);
    // An upload that never ends holds the only place.
    let hold = || {
        let mut slow = TcpStream::connect(("127.0.0.1", app.port)).unwrap();
        slow.write_all(b"POST /api/v1/batch_predict HTTP/1.1\r\nhost: x\r\ncontent-type: text/csv\r\ncontent-length: 1000\r\n\r\na").unwrap();
        slow
    };
    let mut holders = Vec::new();
    let start = std::time::Instant::now();
    loop {
        // One that came while a request below had the place was turned away itself.
        holders.push(hold());
        std::thread::sleep(std::time::Duration::from_millis(20));
        let answer = app
            .ask("POST", "/api/v1/batch_predict")
            .body("text/csv", "a")
            .send();
        if answer.status == 503 {
            answer.is_fault(503, "overloaded");
            assert_eq!(answer.header("retry-after"), Some("1"));
            break;
        }
        assert!(start.elapsed().as_secs() < 30, "{answer:?}");
    }
    // Single customers have threads of their own.
    app.post("/api/v1/predict", &customer()).is_ok();
}

#[test]
fn a_client_that_asks_too_much_is_told_when_to_come_back() {
    let app = App::with(&[], |settings| {
        settings.limits.requests_per_second = 1;
        settings.limits.burst = 5;
    });
    let answers: Vec<_> = (0..20).map(|_| app.get("/api/v1/metrics")).collect();
    let refused: Vec<_> = answers
        .iter()
        .filter(|answer| answer.status == 429)
        .collect();
    assert!(refused.len() >= 10, "{}", refused.len());
    refused[0].is_fault(429, "rate_limited");
    assert!(refused[0].header("retry-after").is_some());
    assert_eq!(app.get("/healthz").status, 200, "probes are never refused");
}

#[test]
fn a_head_that_never_ends_is_cut_off() {
    let app = App::with(&[], |settings| settings.server.header_seconds = 1);
    let mut slow = TcpStream::connect(("127.0.0.1", app.port)).unwrap();
    slow.write_all(b"GET /healthz HTTP/1.1\r\nhost: x\r\n")
        .unwrap();
    let mut answer = String::new();
    slow.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
}

#[test]
fn a_body_that_never_ends_is_cut_off() {
    let app = App::with(&[], |settings| settings.server.request_seconds = 1);
    let slow = |path: &str| {
        raw(
            app.port,
            format!("POST {path} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 9\r\nconnection: close\r\n\r\n{{").as_bytes(),
        )
    };
    slow("/api/v1/predict").is_fault(504, "timeout");
    let upload = raw(
        app.port,
        b"POST /api/v1/batch_predict HTTP/1.1\r\nhost: x\r\ncontent-type: text/csv\r\ncontent-length: 9\r\nconnection: close\r\n\r\na",
    );
    upload.is_fault(408, "request_timeout");
}
