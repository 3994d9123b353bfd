//! Bundles: the same bytes every time, and nothing altered is ever read.

use std::io::{Cursor, Read, Write};

use churn_ensemble::{Blend, BlendMember, Node, Predictor, Test, TreeEnsemble};
use churn_features::{Encoding, FittedPlan, PlanParams};
use churn_registry::{Background, Error, Model, Native, read_bundle, write_bundle};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

use crate::sample::recipe;

#[test]
fn what_is_written_is_read_and_is_the_same_bytes_every_time() {
    let model = recipe().model();
    let bytes = write_bundle(&model).unwrap();
    assert_eq!(bytes, write_bundle(&recipe().model()).unwrap());
    let read = read_bundle(&bytes).unwrap();
    assert_eq!(read, model);
    assert_eq!(write_bundle(&read).unwrap(), bytes);
    let row = [1.0_f32, 0.0, 0.5];
    assert_eq!(
        read.predictor.margin(&row).to_bits(),
        model.predictor.margin(&row).to_bits()
    );
    let without = Model {
        native: None,
        ..model
    };
    assert_eq!(
        read_bundle(&write_bundle(&without).unwrap()).unwrap(),
        without
    );
}

/// Trees of the awkward numbers a trainer may write: infinite, subnormal and negative zero.
fn awkward_trees(n_features: usize, n_trees: u32, depth: u32) -> TreeEnsemble {
    let values = [
        0.1,
        f32::NEG_INFINITY,
        f32::MIN_POSITIVE / 4.0,
        -0.0,
        f32::MAX,
        1.0 / 3.0,
    ];
    let n_splits = (1_u32 << depth) - 1;
    let node = |tree: u32, i: u32| {
        let value = values[(tree + i) as usize % values.len()];
        if i >= n_splits {
            let value = if value.is_finite() { value } else { 0.7 };
            return Node::Leaf { value, cover: 1.5 };
        }
        let test = if i % 5 == 4 {
            Test::NotIn(vec![0, i])
        } else {
            Test::Less(value)
        };
        let feature = (tree + i) % u32::try_from(n_features).unwrap();
        let (left, right) = (2 * i + 1, 2 * i + 2);
        Node::Split {
            feature,
            test,
            default_left: i.is_multiple_of(2),
            left,
            right,
            cover: 3.0,
        }
    };
    let trees: Vec<Vec<Node>> = (0..n_trees)
        .map(|tree| (0..2 * n_splits + 1).map(|i| node(tree, i)).collect())
        .collect();
    TreeEnsemble::new(n_features, -0.3, &trees, Vec::new()).unwrap()
}

#[test]
fn trees_come_back_with_every_bit() {
    let model = recipe().model();
    let trees = awkward_trees(model.plan.n_columns(), 20, 4);
    let model = Model {
        predictor: Predictor::Trees(trees),
        ..model
    };
    let bytes = write_bundle(&model).unwrap();
    let read = read_bundle(&bytes).unwrap();
    assert_eq!(read, model);
    assert_eq!(write_bundle(&read).unwrap(), bytes);
    for row in [
        [0.0_f32, -0.0, 0.1],
        [f32::NAN, 0.2, 4.0],
        [f32::INFINITY, 9.0, 0.1],
    ] {
        let margins = [&read, &model].map(|m| m.predictor.margin(&row).to_bits());
        assert_eq!(margins[0], margins[1]);
    }
}

#[test]
fn a_blend_comes_back_with_its_members_and_the_forms_of_their_features() {
    let model = recipe().model();
    let mut raw = model.plan.clone();
    raw.params = PlanParams::trees();
    for feature in &mut raw.features {
        if let Encoding::Number { shift, scale, .. } = &mut feature.encoding {
            (*shift, *scale) = (0.0, 1.0);
        }
    }
    let (plan, places) = FittedPlan::union(&[&model.plan, &raw]).unwrap();
    assert!(plan.n_columns() > raw.n_columns());
    let trees = Predictor::Trees(awkward_trees(raw.n_columns(), 3, 3));
    let members = [model.predictor.clone(), trees].into_iter().zip(places);
    let members = members.map(|(predictor, columns)| BlendMember {
        weight: 0.1,
        columns,
        predictor,
    });
    let blend = Blend::new(plan.n_columns(), -0.3, members.collect()).unwrap();
    let model = Model {
        plan,
        predictor: Predictor::Blend(blend),
        ..model
    };
    let bytes = write_bundle(&model).unwrap();
    let read = read_bundle(&bytes).unwrap();
    assert_eq!(read, model);
    assert_eq!(write_bundle(&read).unwrap(), bytes);
}

#[test]
fn every_truncation_and_every_flipped_byte_is_a_fault_or_harmless() {
    let model = recipe().model();
    let bytes = write_bundle(&model).unwrap();
    for length in 0..bytes.len() {
        assert!(
            read_bundle(&bytes[..length]).is_err(),
            "cut to {length} bytes"
        );
    }
    for i in 0..bytes.len() {
        let mut altered = bytes.clone();
        altered[i] ^= 0x55;
        // Some bytes of a zip mean nothing (times, permissions); the content is never altered.
        if let Ok(read) = read_bundle(&altered) {
            assert_eq!(read, model, "byte {i}");
        }
    }
}

/// Unpacks a bundle, lets `edit` change its files, and packs it again.
fn repack(bytes: &[u8], edit: impl Fn(&mut Vec<(String, Vec<u8>)>)) -> Vec<u8> {
    let mut archive = ZipArchive::new(Cursor::new(bytes)).unwrap();
    let mut files = Vec::new();
    for i in 0..archive.len() {
        let mut file = archive.by_index(i).unwrap();
        let mut content = Vec::new();
        file.read_to_end(&mut content).unwrap();
        files.push((file.name().unwrap().into_owned(), content));
    }
    edit(&mut files);
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in files {
        writer.start_file(name, options).unwrap();
        writer.write_all(&content).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

fn replace(name: &str, from: &str, to: &str) -> impl Fn(&mut Vec<(String, Vec<u8>)>) {
    move |files| {
        let (_, content) = files.iter_mut().find(|(n, _)| n == name).unwrap();
        let text = String::from_utf8(content.clone()).unwrap();
        assert!(text.contains(from), "{from} in {text}");
        *content = text.replace(from, to).into_bytes();
    }
}

#[track_caller]
fn check_refused(edit: impl Fn(&mut Vec<(String, Vec<u8>)>), expected: &[&str]) {
    let bytes = write_bundle(&recipe().model()).unwrap();
    let text = read_bundle(&repack(&bytes, edit)).unwrap_err().to_string();
    for part in expected {
        assert!(text.contains(part), "expected {part:?} in: {text}");
    }
}

#[test]
fn a_repacked_bundle_is_refused_by_the_part_that_differs() {
    check_refused(
        replace("predictor.json", "-1.0", "-2.0"),
        &["predictor.json", "altered", "hash"],
    );
    check_refused(
        replace("decision.json", "0.3", "0.9"),
        &["decision.json", "altered"],
    );
    check_refused(
        |files| files.retain(|(name, _)| name != "plan.json"),
        &["zip", "8 files", "9"],
    );
    check_refused(
        |files| files.remove(0).1.clear(),
        &["manifest.json", "missing"],
    );
    check_refused(
        |files| files.push(("extra.sh".to_owned(), b"echo".to_vec())),
        &["zip", "10 files"],
    );
    check_refused(
        |files| {
            files.iter_mut().find(|(n, _)| n == "card.json").unwrap().1 = vec![b' '; 50_000_000]
        },
        &["card.json", "longer than"],
    );
    check_refused(
        replace("manifest.json", "\"program\"", "\"programme\""),
        &["manifest.json"],
    );
}

#[test]
fn a_background_is_read_back_and_a_wrong_one_refused() {
    let plain = recipe().model();
    let n_columns = plain.plan.n_columns();
    let mut values = vec![0.5_f32; 3 * n_columns];
    values[1] = f32::NAN;
    let model = Model {
        background: Some(Background { n_rows: 3, values }),
        ..plain.clone()
    };
    let bytes = write_bundle(&model).unwrap();
    assert_eq!(read_bundle(&bytes).unwrap(), model);
    assert_ne!(read_bundle(&bytes).unwrap(), plain);
    let short = Model {
        background: Some(Background {
            n_rows: 2,
            values: vec![0.5; n_columns],
        }),
        ..plain
    };
    let fault = write_bundle(&short).unwrap_err().to_string();
    assert!(fault.contains("background"), "{fault}");
}

#[test]
fn a_bundle_of_the_first_format_has_no_intervals_and_is_read() {
    let model = Model {
        intervals: None,
        ..recipe().model()
    };
    let bytes = write_bundle(&model).unwrap();
    let older = repack(
        &bytes,
        replace("manifest.json", "\"format\":2", "\"format\":1"),
    );
    let read = read_bundle(&older).unwrap();
    assert_eq!(read, model);
    assert_eq!(read.interval(0.3), None);
}

#[test]
fn a_newer_format_is_refused_by_its_number() {
    let bytes = write_bundle(&recipe().model()).unwrap();
    let newer = repack(
        &bytes,
        replace("manifest.json", "\"format\":2", "\"format\":7"),
    );
    let fault = read_bundle(&newer).unwrap_err();
    assert!(
        matches!(fault, Error::UnknownFormat { found: 7, known: 3 }),
        "{fault}"
    );
}

#[test]
fn models_that_do_not_fit_together_are_never_written() {
    let model = recipe().model();
    let refused = |model: Model| write_bundle(&model).unwrap_err().to_string();
    let good = || model.clone();

    let text = refused(Model {
        threshold: f64::NAN,
        ..good()
    });
    assert!(
        text.contains("threshold") && text.contains("from 0 to 1"),
        "{text}"
    );
    let other = crate::sample::Recipe {
        spec: crate::sample::SPEC.replace("[basic, pro]", "[basic, pro, max]"),
        ..recipe()
    };
    let text = refused(Model {
        predictor: other.model().predictor,
        ..good()
    });
    assert!(text.contains("columns of the predictor"), "{text}");
    let text = refused(Model {
        spec: other.model().spec,
        ..good()
    });
    assert!(text.contains("specification"), "{text}");
    for name in ["../evil", "card.json", "", ".hidden", "Upper.bin"] {
        let native = Some(Native {
            file_name: name.to_owned(),
            bytes: Vec::new(),
        });
        assert!(
            refused(Model { native, ..good() }).contains("plain file name"),
            "{name}"
        );
    }
    let mut not_finite = good();
    not_finite
        .card
        .cv_metrics
        .values_mut()
        .for_each(|interval| interval.low = f64::NAN);
    assert!(refused(not_finite).contains("card.json"));
}
