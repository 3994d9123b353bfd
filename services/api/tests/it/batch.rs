//! Files: every form in, every form out, bad rows beside good ones.

use churn_schema::{ReadOptions, read_all};
use parquet::arrow::ArrowWriter;
use serde_json::{Value, json};

use crate::app::{App, customer};
use crate::client::Answer;
use crate::model::{customers, spec, spoiled};
use crate::people::{production_on, token, with_token};
use crate::stores::Stores;

fn send(app: &App, kind: &str, accept: &str, body: impl Into<Vec<u8>>) -> Answer {
    app.ask("POST", "/api/v1/batch_predict")
        .header("accept", accept)
        .body(kind, body)
        .send()
}

#[test]
fn a_csv_is_answered_as_json_with_errors_beside_the_predictions() {
    let app = App::start();
    let body = send(&app, "text/csv", "application/json", spoiled(3000)).is_ok();
    let predictions = body["predictions"].as_array().unwrap();
    assert_eq!(
        (predictions.len(), &body["n_rows"], &body["n_refused"]),
        (2999, &json!(3000), &json!(1))
    );
    let errors = body["errors"].as_array().unwrap();
    assert_eq!(
        (errors.len(), &errors[0]["row"]),
        (1, &json!(1500)),
        "{errors:?}"
    );
    assert_eq!(errors[0]["errors"][0]["code"], "wrong_field_count");
    let rows: Vec<u64> = predictions
        .iter()
        .map(|it| it["row"].as_u64().unwrap())
        .collect();
    assert!(rows.is_sorted() && !rows.contains(&1500));
    let first = &predictions[0];
    assert!(
        first["top_risk_factors"]
            .as_array()
            .is_some_and(|it| !it.is_empty()),
        "{first}"
    );
    assert_eq!(body["model_version"], "v1.0.0");
}

#[test]
fn a_csv_is_answered_as_csv_or_lines_in_order() {
    let app = App::start();
    let csv = send(&app, "text/csv", "text/csv", spoiled(3000)).text();
    let lines: Vec<&str> = csv.lines().collect();
    assert_eq!(lines.len(), 3001);
    assert!(
        lines[0].starts_with("row,customer_id,churn_probability,risk_level,reason_1"),
        "{}",
        lines[0]
    );
    assert!(
        lines[1500].starts_with("1500,,,") && lines[1500].contains("wrong_field_count"),
        "{}",
        lines[1500]
    );
    let n_columns = lines[0].split(',').count();
    assert_eq!(
        lines[1500].split(",").take(n_columns - 1).count(),
        n_columns - 1
    );
    let answer = send(&app, "text/csv", "application/x-ndjson", spoiled(3000)).text();
    let rows: Vec<Value> = answer
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(rows.len(), 3000);
    assert!(
        rows.iter()
            .zip(1_u64..)
            .all(|(row, number)| row["row"] == number)
    );
    assert_eq!(rows[1499]["errors"][0]["code"], "wrong_field_count");
}

#[test]
fn a_form_lines_and_a_gzip_give_what_the_csv_gives() {
    let app = App::start();
    let csv = customers(50);
    let probabilities = |answer: Answer| -> Vec<Value> {
        let body = answer.is_ok();
        let predictions = body["predictions"].as_array().unwrap().clone();
        predictions
            .into_iter()
            .map(|it| it["churn_probability"].clone())
            .collect()
    };
    let expected = probabilities(send(&app, "text/csv", "*/*", csv.clone()));
    assert_eq!(expected.len(), 50);
    let form = format!(
        "--xyz\r\ncontent-disposition: form-data; name=\"note\"\r\n\r\nhello\r\n--xyz\r\ncontent-disposition: form-data; name=\"file\"; filename=\"../../etc/cron.d/x.csv\"\r\ncontent-type: text/csv\r\n\r\n{csv}\r\n--xyz--\r\n"
    );
    assert_eq!(
        probabilities(send(&app, "multipart/form-data; boundary=xyz", "*/*", form)),
        expected
    );
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    std::io::Write::write_all(&mut packed, csv.as_bytes()).unwrap();
    assert_eq!(
        probabilities(send(
            &app,
            "application/gzip",
            "*/*",
            packed.finish().unwrap()
        )),
        expected
    );
    let mut lines = csv.lines();
    let header: Vec<&str> = lines.next().unwrap().split(',').collect();
    let objects: Vec<String> = lines
        .map(|line| {
            let fields = line.split(',').map(Value::from);
            let object: serde_json::Map<String, Value> = header
                .iter()
                .map(|name| (*name).to_owned())
                .zip(fields)
                .collect();
            Value::from(object).to_string()
        })
        .collect();
    assert_eq!(
        probabilities(send(
            &app,
            "application/x-ndjson",
            "*/*",
            objects.join("\n")
        )),
        expected
    );
    // The file goes when the service lets go of the answer, which may be after its last byte.
    let left = || {
        std::fs::read_dir(app.home().join("uploads"))
            .unwrap()
            .count()
    };
    let patience = std::time::Instant::now() + std::time::Duration::from_secs(10);
    while left() > 0 && std::time::Instant::now() < patience {
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    assert_eq!(left(), 0, "nothing is left behind");
}

/// The same customers as Parquet.
fn packed_in_columns(csv: &str) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("customers.csv");
    std::fs::write(&path, csv).unwrap();
    let table = read_all(&path, &spec(), &ReadOptions::score()).unwrap().0;
    let mut bytes = Vec::new();
    let schema = table.batch().schema();
    let mut writer = ArrowWriter::try_new(&mut bytes, schema, None).unwrap();
    writer.write(table.batch()).unwrap();
    writer.close().unwrap();
    bytes
}

#[test]
fn a_parquet_file_gives_what_the_csv_gives_as_answer_and_as_job() {
    let app = production_on(Stores::small(), |_| {});
    let anna = token(&app, "anna");
    let csv = customers(50);
    let kind = "application/vnd.apache.parquet";
    let send = |path: &str, kind: &str, body: Vec<u8>| {
        with_token(&app, "POST", path, &anna)
            .body(kind, body)
            .send()
    };
    let path = "/api/v1/batch_predict";
    let from_csv = send(path, "text/csv", csv.clone().into_bytes()).is_ok();
    let from_parquet = send(path, kind, packed_in_columns(&csv)).is_ok();
    assert_eq!(from_csv["n_rows"], 50);
    let probabilities = |body: &Value| -> Vec<Value> {
        let predictions = body["predictions"].as_array().unwrap().iter();
        predictions
            .map(|it| it["churn_probability"].clone())
            .collect()
    };
    assert_eq!(probabilities(&from_csv), probabilities(&from_parquet));
    let asked = send(
        "/api/v1/batch_predict?as_job=true",
        kind,
        packed_in_columns(&csv),
    );
    let place = asked.header("location").unwrap();
    app.work();
    let file = with_token(&app, "GET", &format!("{place}/result"), &anna).send();
    assert_eq!(file.text().lines().count(), 51);
}

#[test]
fn lines_that_are_no_objects_are_refused_one_by_one() {
    let app = App::start();
    let lines = format!("{}\nnot json\n\n[1]\n{}\n", customer(), customer());
    let body = send(&app, "application/x-ndjson", "*/*", lines).is_ok();
    let rows = |list: &str| -> Vec<u64> {
        body[list]
            .as_array()
            .unwrap()
            .iter()
            .map(|it| it["row"].as_u64().unwrap())
            .collect()
    };
    assert_eq!(
        (rows("predictions"), rows("errors")),
        (vec![1, 4], vec![2, 3]),
        "{body}"
    );
}

#[test]
fn a_file_that_can_not_be_used_is_refused_as_a_whole() {
    let app = App::start();
    let body = send(&app, "text/csv", "*/*", "a,b\n1,2\n").is_fault(422, "data_refused");
    assert!(
        body["message"].as_str().unwrap().contains("tenure"),
        "{body}"
    );
    send(&app, "text/csv", "*/*", "").is_fault(422, "data_refused");
    send(&app, "image/png", "*/*", "x").is_fault(415, "unsupported_media_type");
    send(&app, "text/csv", "image/png", "x").is_fault(406, "not_acceptable");
    send(
        &app,
        "multipart/form-data; boundary=xyz",
        "*/*",
        "--xyz--\r\n",
    )
    .is_fault(400, "bad_body");
}

#[test]
fn cells_that_spreadsheets_would_run_are_made_harmless() {
    let app = App::start();
    let mut evil = customer();
    evil["customerID"] = json!("=cmd|' /C calc'!A0");
    let csv = send(&app, "application/x-ndjson", "text/csv", evil.to_string()).text();
    assert!(csv.lines().nth(1).unwrap().starts_with("1,'=cmd|"), "{csv}");
}
