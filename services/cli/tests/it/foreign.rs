//! Model files of other libraries that are spoilt, of another kind, or do not fit the columns.

use std::fs;
use std::path::Path;

use crate::case::{Case, Given, Leaves, check_all};

/// A tree of one split of `tenure`, as XGBoost writes it; spoilt by a replacement.
const TREE: &str = r#"{"left_children":[1,-1,-1],"right_children":[2,-1,-1],"split_indices":[0,0,0],
"split_conditions":[12.5,0.5,-0.25],"default_left":[1,0,0],"sum_hessian":[4,1,3]}"#;

/// A model file with that tree; `NAME`, `OBJECTIVE` and the tree can be replaced.
fn model() -> String {
    format!(
        r#"{{"learner":{{"feature_names":["NAME"],"feature_types":["float"],
"objective":{{"name":"OBJECTIVE"}},"learner_model_param":{{"base_score":"5E-1","num_feature":"1","num_class":"0"}},
"gradient_booster":{{"name":"gbtree","model":{{"trees":[{TREE}]}}}}}},"version":[3,2,0]}}"#
    )
}

/// Writes the model with one more replacement.
fn write(folder: &Path, from: &str, to: &str) {
    let text = model().replace(from, to);
    let text = text
        .replace("NAME", "tenure")
        .replace("OBJECTIVE", "binary:logistic");
    fs::write(folder.join("model.json"), text).unwrap();
}

const IMPORT: &str = "models import model.json --spec spec.yaml";

const fn failed(
    name: &'static str,
    given: Given,
    run: &'static str,
    says: &'static [&'static str],
) -> Case {
    Case {
        name,
        given,
        run,
        code: 1,
        says,
        leaves: Leaves::NoOutput,
    }
}

pub(crate) fn cases() -> Vec<Case> {
    let mut cases = formats();
    cases.extend(spoilt());
    cases.extend(columns());
    cases
}

fn formats() -> Vec<Case> {
    const fn bytes(make: fn(&Path)) -> Given {
        Given::Folder(make)
    }
    vec![
        failed(
            "a Python pickle",
            bytes(|f| fs::write(f.join("model.json"), b"\x80\x04\x95pickle").unwrap()),
            IMPORT,
            &["a Python pickle", "save_model"],
        ),
        failed(
            "a CatBoost binary model",
            bytes(|f| fs::write(f.join("model.json"), b"CBM1....").unwrap()),
            IMPORT,
            &["CatBoost binary", "format=\"json\""],
        ),
        failed(
            "JSON of something else",
            bytes(|f| fs::write(f.join("model.json"), b"{\"model\": 1}").unwrap()),
            IMPORT,
            &["no model file this program knows"],
        ),
        failed(
            "no specification",
            bytes(|f| write(f, "", "")),
            "models import model.json",
            &["a model of XGBoost", "--spec"],
        ),
        failed(
            "a specification for a bundle",
            bytes(|_| {}),
            "models import model.zip --spec spec.yaml",
            &["brings everything with it", "leave out a specification"],
        ),
        failed(
            "another objective",
            bytes(|f| write(f, "OBJECTIVE", "multi:softprob")),
            IMPORT,
            &["objective", "multi:softprob", "binary:logistic"],
        ),
        failed(
            "a regression of LightGBM",
            bytes(|f| {
                let text = "tree\nversion=v4\nnum_class=1\nnum_tree_per_iteration=1\nobjective=regression\nend of trees\n";
                fs::write(f.join("model.json"), text).unwrap();
            }),
            IMPORT,
            &["objective", "regression", "binary or cross_entropy"],
        ),
    ]
}

fn spoilt() -> Vec<Case> {
    const fn tree(make: fn(&Path)) -> Given {
        Given::Folder(make)
    }
    vec![
        failed(
            "a model file cut short",
            tree(|f| {
                write(f, "", "");
                let text = fs::read(f.join("model.json")).unwrap();
                fs::write(f.join("model.json"), &text[..text.len() - 40]).unwrap();
            }),
            IMPORT,
            &["cannot read the JSON model at byte"],
        ),
        failed(
            "a leaf that is no number",
            tree(|f| write(f, "0.5,-0.25]", "NaN,-0.25]")),
            IMPORT,
            &["tree 0, node 1", "not finite"],
        ),
        failed(
            "a tree that bites its tail",
            tree(|f| write(f, r#""left_children":[1"#, r#""left_children":[0"#)),
            IMPORT,
            &["tree 0, node 0", "cycle"],
        ),
        failed(
            "a child outside the tree",
            tree(|f| write(f, r#""right_children":[2"#, r#""right_children":[9"#)),
            IMPORT,
            &["tree 0, node 9", "outside the tree"],
        ),
        failed(
            "a count of billions in UBJSON",
            tree(|f| {
                let bytes = b"{L\0\0\0\0\0\0\0\x07learner[$l#L\x7f\xff\xff\xff\xff\xff\xff\xff";
                fs::write(f.join("model.json"), bytes).unwrap();
            }),
            IMPORT,
            &["as many items as the array announces"],
        ),
        failed(
            "half a billion columns",
            tree(|f| write(f, r#""num_feature":"1""#, r#""num_feature":"500000000""#)),
            IMPORT,
            &["num_feature", "at most 2^20"],
        ),
        failed(
            "JSON nested a million deep",
            tree(|f| {
                let text = format!("{{\"learner\":{}", "[".repeat(1_000_000));
                fs::write(f.join("model.json"), text).unwrap();
            }),
            IMPORT,
            &["at most 32 levels of nesting"],
        ),
        failed(
            "CatBoost JSON nested a million deep",
            tree(|f| {
                let text = format!("{{\"model_info\":{}", "[".repeat(1_000_000));
                fs::write(f.join("model.json"), text).unwrap();
            }),
            IMPORT,
            &["cannot read the CatBoost model"],
        ),
    ]
}

fn columns() -> Vec<Case> {
    const fn named(make: fn(&Path)) -> Given {
        Given::Folder(make)
    }
    vec![
        failed(
            "a column the specification does not have",
            named(|f| write(f, "NAME", "tenure_squared")),
            IMPORT,
            &[
                "1 of the model's 1 columns",
                "'tenure_squared'",
                "--columns",
            ],
        ),
        failed(
            "a category where the model takes a number",
            named(|f| write(f, "NAME", "Contract")),
            IMPORT,
            &["'Contract' is a number in the model", "values:"],
        ),
        failed(
            "a map of columns with a typing error",
            named(|f| {
                write(f, "", "");
                fs::write(f.join("map.yaml"), "tenure: {colum: tenure}\n").unwrap();
            }),
            "models import model.json --spec spec.yaml --columns map.yaml",
            &["map.yaml", "line 1", "colum"],
        ),
        failed(
            "a map of columns that is not there",
            named(|f| write(f, "", "")),
            "models import model.json --spec spec.yaml --columns map.yaml",
            &["can't read map.yaml", "check the path"],
        ),
        failed(
            "the class that stays for the one that leaves",
            named(|f| {
                let text = r#"{"features_info":{"float_features":[{"feature_index":0,"flat_feature_index":0,"feature_name":"tenure","borders":[2.5],"nan_value_treatment":"AsIs"}]},"oblivious_trees":[{"splits":[{"split_type":"FloatFeature","split_index":0,"float_feature_index":0,"border":2.5}],"leaf_values":[0,1],"leaf_weights":[1,1]}],"scale_and_bias":[1,[0]],"model_info":{"class_params":{"class_names":["Yes","No"]},"params":{"loss_function":{"type":"Logloss"}}}}"#;
                fs::write(f.join("model.json"), text).unwrap();
            }),
            IMPORT,
            &["it predicts the class 'No'", "leaving is 'Yes'"],
        ),
    ]
}

#[test]
fn hostile_models_of_other_libraries() {
    check_all(&cases());
}
