//! Whatever the bytes, reading ends with a model or an error.

use churn_ensemble::xgboost;
use proptest::prelude::*;

/// A small model file: one tree with a numeric and a categorical split.
fn model(wrap: impl Fn(&str) -> String) -> String {
    let tree = r#"{"left_children":[1,-1,3,-1,-1],"right_children":[2,-1,4,-1,-1],
        "split_indices":[0,0,1,0,0],"split_conditions":[0.5,-0.25,-Infinity,0.125,1.5E0],
        "default_left":[1,0,0,0,0],"sum_hessian":[4,1,3,1.5,1.5],"split_type":[0,0,1,0,0],
        "categories_nodes":[2],"categories_segments":[0],"categories_sizes":[2],
        "categories":[1,40]}"#;
    format!(
        r#"{{"learner":{{"objective":{{"name":"binary:logistic"}},
        "learner_model_param":{{"base_score":"[2.5E-1]","num_feature":"2","num_class":"0"}},
        "gradient_booster":{}}},"version":[3,4,1]}}"#,
        wrap(&format!(r#"{{"trees":[{tree}]}}"#))
    )
}

fn plain() -> String {
    model(|trees| format!(r#"{{"name":"gbtree","model":{trees}}}"#))
}

#[test]
fn the_small_model_predicts_by_hand() {
    let ensemble = xgboost::read_json(plain().as_bytes()).unwrap();
    let base = (0.25_f64 / 0.75).ln();
    for (row, leaf) in [
        ([0.0, 1.0], -0.25),
        ([f32::NAN, 1.0], -0.25),
        ([0.5, 0.0], 0.125),
        ([0.5, 1.0], 1.5),
        ([0.5, 40.9], 1.5),
        ([0.5, -1.0], 0.125),
        ([0.5, 1.0e9], 0.125),
        ([0.5, f32::NAN], 1.5),
    ] {
        assert!(
            (ensemble.margin(&row) - base - leaf).abs() < 1e-6,
            "{row:?}"
        );
    }
}

#[test]
fn the_older_form_of_dart_is_read() {
    let older = model(|trees| {
        format!(
            r#"{{"name":"dart","gbtree":{{"name":"gbtree","model":{trees}}},"weight_drop":[0.5]}}"#
        )
    });
    let dart = xgboost::read_json(older.as_bytes()).unwrap();
    let plain = xgboost::read_json(plain().as_bytes()).unwrap();
    let row = [0.5, 1.0];
    assert!((plain.margin(&row) - dart.margin(&row) - 0.75).abs() < 1e-12);
}

#[test]
fn faults_name_the_field() {
    for (from, to, expected) in [
        ("\"learner_model_param\"", "\"other\"", "num_feature"),
        ("\"[2.5E-1]\"", "\"[1.5]\"", "base_score"),
        ("\"sum_hessian\":[4,", "\"sum_hessian\":[", "sum_hessian"),
        (
            "\"categories_sizes\":[2]",
            "\"categories_sizes\":[3]",
            "categories_segments",
        ),
        (
            "\"categories_nodes\":[2]",
            "\"categories_nodes\":[3]",
            "no categories",
        ),
        ("\"split_indices\":[0,", "\"split_indices\":[2,", "column"),
        ("\"split_indices\":[0,", "\"split_indices\":[-1,", "column"),
        ("\"left_children\":[1,", "\"left_children\":[-7,", "outside"),
        ("[1,40]", "[1,99999999]", "2^24"),
        ("1.5E0", "NaN", "leaf value"),
    ] {
        let broken = plain().replace(from, to);
        let fault = xgboost::read_json(broken.as_bytes())
            .unwrap_err()
            .to_string();
        assert!(fault.contains(expected), "{from} -> {to}: {fault}");
    }
}

/// The document in UBJSON, by a writer only tests need: every list untyped.
fn to_ubj(value: &serde_json::Value, out: &mut Vec<u8>) {
    let text = |text: &str, out: &mut Vec<u8>| {
        out.push(b'L');
        out.extend((text.len() as i64).to_be_bytes());
        out.extend(text.as_bytes());
    };
    match value {
        serde_json::Value::Number(number) => match number.as_i64() {
            Some(int) => {
                out.push(b'L');
                out.extend(int.to_be_bytes());
            }
            None => {
                out.push(b'd');
                out.extend((number.as_f64().unwrap() as f32).to_be_bytes());
            }
        },
        serde_json::Value::String(string) => {
            out.push(b'S');
            text(string, out);
        }
        serde_json::Value::Array(items) => {
            out.push(b'[');
            items.iter().for_each(|item| to_ubj(item, out));
            out.push(b']');
        }
        serde_json::Value::Object(members) => {
            out.push(b'{');
            for (name, member) in members {
                text(name, out);
                to_ubj(member, out);
            }
            out.push(b'}');
        }
        _ => out.push(b'Z'),
    }
}

fn plain_ubj() -> Vec<u8> {
    let document = plain().replace("-Infinity", "0");
    let mut bytes = Vec::new();
    to_ubj(&serde_json::from_str(&document).unwrap(), &mut bytes);
    bytes
}

proptest! {
    #[test]
    fn cut_and_changed_files_never_panic(
        cut in 0..2000_usize,
        changes in prop::collection::vec((0..2000_usize, any::<u8>()), 0..4),
    ) {
        for (is_json, mut bytes) in [(true, plain().into_bytes()), (false, plain_ubj())] {
            for &(place, byte) in &changes {
                let place = place % bytes.len();
                bytes[place] = byte;
            }
            bytes.truncate(bytes.len().min(cut.max(1)));
            let read = if is_json { xgboost::read_json(&bytes) } else { xgboost::read_ubj(&bytes) };
            if let Ok(ensemble) = read {
                prop_assert!(ensemble.check().is_ok());
                prop_assert!(ensemble.margin(&[0.5, 1.0]).is_finite());
            }
        }
    }

    #[test]
    fn any_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        prop_assert!(xgboost::read_ubj(&bytes).is_err());
        prop_assert!(xgboost::read_json(&bytes).is_err());
    }
}

#[test]
fn every_shortened_file_is_an_error() {
    let (json, ubj) = (plain(), plain_ubj());
    assert!(xgboost::read_ubj(&ubj).is_ok());
    for length in 0..json.len() {
        assert!(
            xgboost::read_json(&json.as_bytes()[..length]).is_err(),
            "{length}"
        );
    }
    for length in 0..ubj.len() {
        assert!(xgboost::read_ubj(&ubj[..length]).is_err(), "{length}");
    }
}
