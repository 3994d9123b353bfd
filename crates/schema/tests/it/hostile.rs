//! Files as they come: each fault has its message, and no good row is lost.

use std::io::Write;
use std::sync::Arc;

use churn_schema::{
    DatasetSpec, Error, Fault, FaultCode, ParsedChunk, ReadOptions, Severity, Table, open_table,
    read_all,
};

use crate::support::{file_of, parse_all, small_spec};

const HEADER: &str = "id,plan,age,left\n";

fn parsed(text: impl AsRef<[u8]>) -> ParsedChunk {
    parsed_with(text, &small_spec(), &ReadOptions::train())
}

fn parsed_with(text: impl AsRef<[u8]>, spec: &Arc<DatasetSpec>, o: &ReadOptions) -> ParsedChunk {
    let mut chunks = parse_all(text.as_ref(), spec, o);
    assert_eq!(chunks.len(), 1, "one chunk expected");
    chunks.remove(0)
}

fn keys(table: &Table) -> Vec<&str> {
    table.keys().unwrap().iter().flatten().collect()
}

fn refusal(bytes: &[u8], spec: &Arc<DatasetSpec>, options: &ReadOptions) -> Error {
    let file = file_of(bytes);
    open_table(file.path(), spec, options)
        .map(|_| ())
        .unwrap_err()
}

/// Puts one bad line between good ones; only it may be lost.
#[track_caller]
fn check_bad_line(line: &[u8], code: FaultCode, words: &str) {
    let mut text = HEADER.as_bytes().to_vec();
    text.extend_from_slice(b"a,Basic,30,No\n");
    text.extend_from_slice(line);
    text.extend_from_slice(b"\nb,Premium,41,Yes\nc,Basic,NA,No\n");
    let chunk = parsed(&text);
    assert_eq!(keys(&chunk.table), ["a", "b", "c"], "good rows of {line:?}");
    assert_eq!(chunk.rejected.len(), 1, "{:?}", chunk.rejected);
    let rejected = &chunk.rejected[0];
    assert_eq!((rejected.row, rejected.line), (2, Some(3)));
    assert_eq!(rejected.raw, String::from_utf8_lossy(line));
    let fault = &rejected.faults[0];
    assert_eq!(fault.code, code, "{fault}");
    assert!(
        fault.to_string().contains(words),
        "{fault} should say {words:?}"
    );
}

#[test]
fn a_bad_line_costs_itself_only() {
    check_bad_line(
        b"x,Basic,30",
        FaultCode::WrongFieldCount,
        "4 fields, found 3",
    );
    check_bad_line(
        b"x,Basic,30,No,1",
        FaultCode::WrongFieldCount,
        "into quotes",
    );
    check_bad_line(
        b"x,\"Basic,30,No",
        FaultCode::UnclosedQuote,
        "only this line",
    );
    check_bad_line(
        b"\"x,Basic,30,No",
        FaultCode::UnclosedQuote,
        "closing quote",
    );
    check_bad_line(b"x,\"Ba\"sic,30,No", FaultCode::BadQuoting, "double quotes");
    check_bad_line(b"x\0,Basic,30,No", FaultCode::NulByte, "byte 2 of the row");
    check_bad_line(
        b"M\xFCller,Basic,30,No",
        FaultCode::BadEncoding,
        "0xFC at byte 2",
    );
    check_bad_line(
        b"M\xFCller,Basic,30,No",
        FaultCode::BadEncoding,
        "csv.encoding: windows-1252",
    );
    check_bad_line(b",Basic,30,No", FaultCode::MissingKey, "fill in the key");
    check_bad_line(b"x,Basic,abc,No", FaultCode::NotANumber, "missing_tokens");
    check_bad_line(b"x,Basic,\"1,234.5\",No", FaultCode::NotANumber, "1234.5");
    check_bad_line(b"x,Basic,\"30,5\",No", FaultCode::NotANumber, "30.5");
    check_bad_line(b"x,Basic,1 000,No", FaultCode::NotANumber, "1000");
    check_bad_line(b"x,Basic,NaN,No", FaultCode::NotFinite, "missing_tokens");
    check_bad_line(b"x,Basic,-inf,No", FaultCode::NotFinite, "missing_tokens");
    check_bad_line(b"x,Basic,1e400,No", FaultCode::NotFinite, "too large");
    check_bad_line(b"x,Basic,30.5,No", FaultCode::NotAnInteger, "kind: number");
    check_bad_line(b"x,Basic,-1,No", FaultCode::OutOfRange, "0 to 120");
    check_bad_line(
        b"x,basic,30,No",
        FaultCode::UnknownCategory,
        "did you mean \"Basic\"",
    );
    check_bad_line(
        b"x,Premum,30,No",
        FaultCode::UnknownCategory,
        "did you mean \"Premium\"",
    );
    check_bad_line(
        b"x,Gold,30,No",
        FaultCode::UnknownCategory,
        "one of Basic, Premium",
    );
    check_bad_line(b"x,Basic,30,", FaultCode::MissingTarget, "outcome");
    check_bad_line(
        b"x,Basic,30,Maybe",
        FaultCode::UnknownCategory,
        "one of No, Yes",
    );
}

#[test]
fn all_faults_of_a_row_are_named_at_once() {
    let chunk = parsed(format!("{HEADER},Gold,abc,\n"));
    let codes: Vec<FaultCode> = chunk.rejected[0].faults.iter().map(|f| f.code).collect();
    assert_eq!(
        codes,
        [
            FaultCode::MissingKey,
            FaultCode::UnknownCategory,
            FaultCode::NotANumber,
            FaultCode::MissingTarget
        ]
    );
}

#[test]
fn a_stray_quote_that_meets_another_far_below_loses_two_lines_only() {
    let text = format!(
        "{HEADER}a,Basic,1,No\n\"b,Basic,2,No\nc,Basic,3,No\nd\",\"Basic,4,No\ne,Basic,5,No\n"
    );
    let chunk = parsed(text);
    assert_eq!(keys(&chunk.table), ["a", "c", "e"]);
    let rows: Vec<u64> = chunk.rejected.iter().map(|rejected| rejected.row).collect();
    assert_eq!(rows, [2, 4]);
}

#[test]
fn quoted_line_breaks_delimiters_and_quotes_are_text() {
    let text = "id,plan,age,left\r\n\"a\r\n1\",Basic,1,No\r\n\"b,\"\"2\"\"\",\"Premium\",2,Yes\r\nc,Basic,3,No";
    let chunk = parsed(text);
    assert_eq!(keys(&chunk.table), ["a\r\n1", "b,\"2\"", "c"]);
    let late = parsed(format!("{HEADER}\"a\n1\",Basic,1,No\nb,Gold,2,No\n"));
    assert_eq!((late.rejected[0].row, late.rejected[0].line), (2, Some(4)));
}

#[test]
fn line_ends_byte_order_marks_and_blank_lines_do_not_matter() {
    let rows = ["id,plan,age,left", "a,Basic,1,No", "", "b, Premium ,2,Yes"];
    for (name, text) in [
        ("LF", rows.join("\n")),
        ("CRLF", rows.join("\r\n") + "\r\n"),
        ("CR", rows.join("\r") + "\r"),
        ("byte order mark", format!("\u{feff}{}", rows.join("\n"))),
        ("leading blank lines", format!("\n\r\n{}", rows.join("\n"))),
    ] {
        let chunk = parsed(&text);
        assert_eq!(keys(&chunk.table), ["a", "b"], "{name}");
        assert!(chunk.faults.is_empty(), "{name}: {:?}", chunk.faults);
        assert_eq!(
            chunk.table.value_text("plan", 1).as_deref(),
            Some("Premium"),
            "{name}"
        );
    }
}

#[test]
fn windows_1252_is_read_when_stated() {
    let mut spec = (*small_spec()).clone();
    spec.csv.encoding = churn_schema::Encoding::Windows1252;
    let chunk = parsed_with(
        b"id,plan,age,left\nM\xFCller \x80,Basic,1,No\n",
        &Arc::new(spec),
        &ReadOptions::train(),
    );
    assert_eq!(keys(&chunk.table), ["Müller €"]);
}

#[test]
fn whole_files_are_refused_with_the_way_out() {
    let (spec, train) = (small_spec(), ReadOptions::train());
    let check = |bytes: &[u8], words: &str| {
        let message = refusal(bytes, &spec, &train).to_string();
        assert!(message.contains(words), "{message} should say {words:?}");
    };
    check(b"", "is empty");
    check(b"\n\n  \n", "is empty");
    check(b"\xFF\xFEi\0d\0", "iconv -f UTF-16");
    check(b"i\0d\0,\0p\0l\0a\0n\0\n\0", "iconv -f UTF-16");
    check(b"PK\x03\x04rest", "spreadsheet");
    check(b"id;plan;age;left\n1;2;3;4\n", "csv.delimiter: ';'");
    check(b"id\tplan\tage\tleft\n", "csv.delimiter: '\\t'");
    check(b"id,age,left\n", "lacks the columns plan");
    check(b"id,Plan,age,left\n", "\"Plan\" instead of \"plan\"");
    check(b"id,plan,age,age,left\n", "more than one column named age");
    check(b"\"id,plan,age,left\n", "quote in it is not closed");
    check(b"PAR1 but nothing more", "not a readable Parquet file");
    let wide: Vec<String> = (0..10_000).map(|idx| format!("c{idx}")).collect();
    check(wide.join(",").as_bytes(), "10000 columns, at most 5000");
}

#[test]
fn a_directory_and_a_missing_file_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let options = ReadOptions::score();
    let error = open_table(folder.path(), &small_spec(), &options)
        .map(|_| ())
        .unwrap_err();
    assert!(matches!(error, Error::IsDirectory { .. }), "{error}");
    let gone = folder.path().join("gone.csv");
    let error = open_table(&gone, &small_spec(), &options)
        .map(|_| ())
        .unwrap_err();
    assert!(error.to_string().contains("gone.csv"), "{error}");
}

#[test]
fn a_header_without_rows_opens_but_cannot_train() {
    let file = file_of(HEADER.as_bytes());
    let mut reader = open_table(file.path(), &small_spec(), &ReadOptions::score()).unwrap();
    assert!(reader.next().is_none());
    let error = read_all(file.path(), &small_spec(), &ReadOptions::train()).unwrap_err();
    assert!(
        matches!(error, Error::NoRows { n_rejected: 0, .. }),
        "{error}"
    );
}

#[test]
fn order_extra_and_unnamed_columns_do_not_matter() {
    let text = "left,note,age,,plan,id\nNo,hello,30,x,Basic,a\n";
    let file = file_of(text.as_bytes());
    let mut reader = open_table(file.path(), &small_spec(), &ReadOptions::train()).unwrap();
    let codes: Vec<FaultCode> = reader.notes().iter().map(|note| note.code).collect();
    assert_eq!(codes, [FaultCode::ExtraColumn, FaultCode::EmptyColumnName]);
    let chunk = reader.next().unwrap().unwrap().parse();
    assert_eq!(chunk.table.value_text("age", 0).as_deref(), Some("30"));
    assert_eq!(chunk.table.labels(), Some(vec![false]));
}

#[test]
fn scoring_keeps_rows_with_new_levels_and_needs_no_target() {
    let chunk = parsed_with(
        "id,plan,age\na,Gold,30\nb,Basic,31\n",
        &small_spec(),
        &ReadOptions::score(),
    );
    assert_eq!(keys(&chunk.table), ["a", "b"]);
    assert_eq!(chunk.table.value_text("plan", 0).as_deref(), Some("Gold"));
    assert_eq!(chunk.faults[0].severity, Severity::Warning);
    assert_eq!(chunk.table.labels(), None);
    let error = refusal(b"id,plan\na,Basic\n", &small_spec(), &ReadOptions::score());
    assert!(
        error.to_string().contains("lacks the columns age"),
        "{error}"
    );
}

#[test]
fn formulas_are_text_and_faults_show_eighty_characters() {
    let text = format!(
        "{HEADER}=cmd|'/c calc'!A1,Basic,1,No\nb,{},2,No\n",
        "x".repeat(5000)
    );
    let chunk = parsed(text);
    assert_eq!(keys(&chunk.table), ["=cmd|'/c calc'!A1"]);
    assert_eq!(chunk.faults[0].value.as_ref().unwrap().chars().count(), 80);
}

#[test]
fn huge_fields_and_endless_lines_are_refused_and_forgotten() {
    let options = ReadOptions {
        max_field_bytes: 1000,
        ..ReadOptions::train()
    };
    let text = format!(
        "{HEADER}a,{},1,No\nb,{},1,No\nc,Basic,1,No\n",
        "x".repeat(2000),
        "y".repeat(3_000_000)
    );
    let chunk = parsed_with(text, &small_spec(), &options);
    assert_eq!(keys(&chunk.table), ["c"]);
    assert!(
        chunk
            .faults
            .iter()
            .all(|fault| fault.code == FaultCode::TooLong),
        "{:?}",
        chunk.faults
    );
    assert_eq!(chunk.rejected[1].line, Some(3));
    assert!(chunk.rejected[1].raw.len() <= 1024);
    assert_eq!(chunk.table.row_number(0), 3);
}

#[test]
fn a_truncated_gzip_gives_its_rows_and_then_says_so() {
    let mut text = HEADER.to_owned();
    for idx in 0..20_000 {
        text.push_str(&format!("k{idx},Basic,{},No\n", (idx * 7919) % 120));
    }
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(text.as_bytes()).unwrap();
    let whole = gzip.finish().unwrap();
    let (n_rows, failure) = drain(&whole);
    assert_eq!((n_rows, failure.is_none()), (20_000, true));
    let (n_rows, failure) = drain(&whole[..whole.len() / 2]);
    assert!(n_rows > 1000, "{n_rows}");
    let message = failure.unwrap().to_string();
    assert!(
        message.contains(&format!("after {n_rows} rows")),
        "{message}"
    );
}

fn drain(bytes: &[u8]) -> (usize, Option<Error>) {
    let file = file_of(bytes);
    let mut n_rows = 0;
    for chunk in open_table(file.path(), &small_spec(), &ReadOptions::train()).unwrap() {
        match chunk {
            Ok(chunk) => n_rows += chunk.parse().table.n_rows(),
            Err(error) => return (n_rows, Some(error)),
        }
    }
    (n_rows, None)
}

#[test]
fn repeated_keys_are_rejected_with_their_text_across_chunks() {
    let options = ReadOptions {
        chunk_rows: 2,
        ..ReadOptions::train()
    };
    let file = file_of(
        format!("{HEADER}a,Basic,1,No\nb,Basic,2,No\nc,Basic,3,No\na,Premium,4,Yes\n").as_bytes(),
    );
    let reader = open_table(file.path(), &small_spec(), &options).unwrap();
    let mut validator = churn_schema::Validator::new(&small_spec());
    let chunks: Vec<ParsedChunk> = reader
        .map(|chunk| validator.admit(chunk.unwrap().parse()))
        .collect();
    let rejected = &chunks[1].rejected[0];
    assert_eq!(
        (rejected.row, rejected.line, rejected.raw.as_str()),
        (4, Some(5), "a,Premium,4,Yes")
    );
    let fault: &Fault = &rejected.faults[0];
    assert!(
        fault.to_string().contains("row 1 has it already"),
        "{fault}"
    );
    let validation = validator.finish();
    assert_eq!(
        (validation.n_rows, validation.n_good, validation.n_rejected),
        (4, 3, 1)
    );
    assert_eq!(validation.duplicates.key_rows, 1);
}

#[test]
fn chunk_size_does_not_change_the_result() {
    let mut text = HEADER.to_owned();
    for idx in 0..500 {
        let plan = ["Basic", "Premium", "Gold"][idx % 3];
        text.push_str(&format!("k{idx},{plan},{},No\n", idx % 130));
    }
    let file = file_of(text.as_bytes());
    let read = |chunk_rows| {
        let options = ReadOptions {
            chunk_rows,
            ..ReadOptions::train()
        };
        let (table, validation) = read_all(file.path(), &small_spec(), &options).unwrap();
        (table.batch().clone(), validation)
    };
    assert_eq!(read(7), read(8192));
}

#[test]
fn a_check_of_severity_error_rejects_the_row_and_is_counted() {
    let mut spec = (*small_spec()).clone();
    spec.checks.push(churn_schema::CheckSpec::Implies {
        name: "basic stays".to_owned(),
        when: churn_schema::Condition {
            column: "plan".to_owned(),
            equals: "Basic".to_owned(),
        },
        then: churn_schema::Consequence {
            column: "left".to_owned(),
            one_of: vec!["No".to_owned()],
        },
        severity: churn_schema::CheckSeverity::Error,
    });
    let file =
        file_of(format!("{HEADER}a,Basic,1,No\nb,Basic,2,Yes\nc,Premium,3,Yes\n").as_bytes());
    let (table, validation) =
        read_all(file.path(), &Arc::new(spec), &ReadOptions::train()).unwrap();
    assert_eq!(keys(&table), ["a", "c"]);
    assert_eq!(
        (
            validation.checks[0].n_evaluated,
            validation.checks[0].n_failed
        ),
        (2, 1)
    );
    assert!(
        validation.faults[0]
            .expected
            .contains("left to be No where plan is Basic")
    );
    assert!(!validation.is_acceptable());
}
