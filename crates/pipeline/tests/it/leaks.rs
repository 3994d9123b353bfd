//! Planted leaks are refused by name; clean data raises no alarm.

use churn_pipeline::{Error, Silent, TrainRequest, train};

use crate::sample::Sample;

#[track_caller]
fn refused(sample: &Sample, request: &TrainRequest, words: &[&str]) {
    let fault = train(&sample.home(), request, &Silent).unwrap_err();
    assert!(fault.is_data_refused(), "{fault}");
    let text = fault.to_string();
    for word in words {
        assert!(text.contains(word), "'{word}' is not in: {text}");
    }
}

#[test]
fn clean_data_passes() {
    let sample = Sample::new(1500);
    train(&sample.home(), &sample.request(), &Silent).unwrap();
}

#[test]
fn a_copy_of_the_target_is_named() {
    let mut sample = Sample::new(800);
    sample.add("cancelled", |_, left| {
        if left { "1" } else { "0" }.to_owned()
    });
    refused(
        &sample,
        &sample.request(),
        &["'cancelled'", "copy of the target"],
    );
}

#[test]
fn a_column_recorded_after_the_outcome_is_named() {
    let mut sample = Sample::new(1500);
    // One leaver in fifty and one stayer in fifty are recorded wrongly.
    sample.add("final_bill", |row, left| {
        let told = left != (row % 50 == 7);
        if told {
            "30".to_owned()
        } else {
            (row % 9).to_string()
        }
    });
    refused(
        &sample,
        &sample.request(),
        &["'final_bill'", "after the customer had left"],
    );
}

#[test]
fn an_accepted_column_passes() {
    let mut sample = Sample::new(800);
    sample.add("cancelled", |_, left| {
        if left { "1" } else { "0" }.to_owned()
    });
    let mut request = sample.request();
    request.config.leakage.allow = vec!["cancelled".to_owned()];
    train(&sample.home(), &request, &Silent).unwrap();
}

#[test]
fn accepting_a_column_that_is_not_there_is_refused() {
    let sample = Sample::new(800);
    let mut request = sample.request();
    request.config.leakage.allow = vec!["canceled".to_owned()];
    let fault = train(&sample.home(), &request, &Silent).unwrap_err();
    assert!(fault.to_string().contains("'canceled'"), "{fault}");
    assert!(!fault.is_data_refused());
    request.config.leakage.max_single_column_auc = 1.5;
    let faults = request.config.faults().join("; ");
    assert!(faults.contains("from 0.5 to 1"), "{faults}");
}

#[test]
fn a_row_number_is_named() {
    let mut sample = Sample::new(800);
    sample.add("line", |row, _| (10 + 3 * row).to_string());
    refused(&sample, &sample.request(), &["'line'", "order of the rows"]);
    let mut sample = Sample::new(800);
    // As single-precision numbers they are alike.
    sample.add("account", |row, _| (100_000_000 + row).to_string());
    refused(
        &sample,
        &sample.request(),
        &["'account'", "order of the rows"],
    );
}

#[test]
fn an_encoding_fitted_on_all_labels_is_named() {
    let mut sample = Sample::new(3000);
    let contract = sample
        .header
        .iter()
        .position(|column| column == "Contract")
        .unwrap();
    let target = sample
        .header
        .iter()
        .position(|column| column == "Churn")
        .unwrap();
    let level: Vec<String> = sample
        .rows
        .iter()
        .map(|row| row[contract].clone())
        .collect();
    let rate = |wanted: &str| {
        let of: Vec<_> = sample
            .rows
            .iter()
            .filter(|row| row[contract] == wanted)
            .collect();
        of.iter().filter(|row| row[target] == "Yes").count() as f64 / of.len() as f64
    };
    let rates: std::collections::BTreeMap<String, f64> = level
        .iter()
        .map(|level| (level.clone(), rate(level)))
        .collect();
    // A missing value does not hide it.
    sample.add("contract_rate", |row, _| match row {
        7 => String::new(),
        _ => rates[&level[row]].to_string(),
    });
    refused(
        &sample,
        &sample.request(),
        &["'contract_rate'", "labels of all rows"],
    );
}

#[test]
fn resampling_before_the_split_is_named() {
    let mut sample = Sample::new(1500);
    let target = sample
        .header
        .iter()
        .position(|column| column == "Churn")
        .unwrap();
    let leavers: Vec<_> = sample
        .rows
        .iter()
        .filter(|row| row[target] == "Yes")
        .cloned()
        .collect();
    for (copy, mut row) in leavers.into_iter().enumerate() {
        row[0] = format!("COPY-{copy}");
        sample.rows.push(row);
    }
    refused(&sample, &sample.request(), &["resampled before the split"]);
}

#[test]
fn equal_rows_in_different_folds_are_named() {
    let mut sample = Sample::new(600);
    let copies: Vec<_> = sample.rows.iter().take(200).cloned().collect();
    for (copy, mut row) in copies.into_iter().enumerate() {
        row[0] = format!("COPY-{copy}");
        sample.rows.push(row);
    }
    let folds: Vec<String> = sample
        .rows
        .iter()
        .enumerate()
        .map(|(index, row)| format!("{},0,{}", row[0], (index / 7) % 3))
        .collect();
    let path = sample.folder.path().join("folds.csv");
    std::fs::write(&path, format!("key,repeat,fold\n{}", folds.join("\n"))).unwrap();
    let mut request = sample.request();
    request.folds = Some(path);
    refused(
        &sample,
        &request,
        &["equal rows on its other side", "data rows"],
    );
}

#[test]
fn a_holdout_that_repeats_rows_to_be_trained_on_is_named() {
    let mut sample = Sample::new(600);
    let copies: Vec<_> = sample.rows.iter().take(60).cloned().collect();
    let mut keys = vec!["key".to_owned()];
    for (copy, mut row) in copies.into_iter().enumerate() {
        row[0] = format!("COPY-{copy}");
        keys.push(row[0].clone());
        sample.rows.push(row);
    }
    keys.extend(sample.rows[400..460].iter().map(|row| row[0].clone()));
    let path = sample.folder.path().join("holdout.csv");
    std::fs::write(&path, keys.join("\n") + "\n").unwrap();
    let mut request = sample.request();
    request.holdout = Some(path);
    refused(
        &sample,
        &request,
        &["the holdout and the rows to train on", "data rows"],
    );
}

#[test]
fn public_data_raises_no_alarm() {
    let Some(data) = churn_testkit::data_dir() else {
        return;
    };
    let sample = Sample::new(300);
    let mut request = sample.request();
    request.data = data.join("telco-customer-churn.csv");
    train(&sample.home(), &request, &Silent).unwrap();
    // The folds of the public comparison leave the file's natural repeats where they fall.
    let folds = data.join("../peers/cv_folds.csv");
    if folds.is_file() {
        request.folds = Some(folds);
        match train(&sample.home(), &request, &Silent) {
            Err(Error::Leakage { findings }) => panic!("{findings:?}"),
            other => _ = other.unwrap(),
        }
    }
}
