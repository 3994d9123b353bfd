//! Taking in a model: a bundle of ours, or one that another library trained.

use std::{collections::BTreeMap, path::PathBuf, sync::Arc};

use churn_engine::{Home, Scorer, ScorerParams, load_playbook};
use churn_ensemble::{
    Calibrator, FeatureKind, Foreign, Imported, Library, Predictor, read_foreign,
};
use churn_features::{Adopted, ColumnMap, FittedPlan, ForeignColumn};
use churn_metrics::Interval;
use churn_registry::{
    Card, CardFigures, JudgedOn, Model, ModelVersion, Native, Origin, TrainedOn, read_model_file,
};
use churn_schema::{DatasetSpec, ReadOptions, Role, read_all};
use churn_store::sha256_hex;
use churn_zoo::{CalibratorKind, Evidence, FoldResult, Rows, stratified_folds, weigh};
use serde::Serialize;

use crate::{
    Error, NamedPolicy,
    candidate::named,
    card::{intended_use, limits},
    error::yaml_fault,
    figures::figures_of_imported,
    train::check_rejected,
    values::customer_values,
};

/// Folds in which a calibrator and threshold judge rows they were not chosen on.
const FOLDS: usize = 5;

/// What to import and how.
#[derive(Debug, Clone)]
pub struct ImportRequest {
    /// A bundle, or a model file of XGBoost, LightGBM or CatBoost.
    pub file: PathBuf,
    /// What the customers' columns are; needed unless the file is a bundle.
    pub spec: Option<Arc<DatasetSpec>>,
    /// YAML file that says where the model's columns come from (see [`ColumnMap`]); their names
    /// say it otherwise.
    pub columns: Option<PathBuf>,
    /// Labelled rows, best ones the model was not trained on, to calibrate and judge it on.
    pub data: Option<PathBuf>,
    /// How the threshold is chosen on `data`.
    pub policy: NamedPolicy,
    /// Seed of the folds of `data`. Default 42.
    pub seed: u64,
    /// Whether it goes into service at once.
    pub activate: bool,
    /// Who asks, for the audit.
    pub who: String,
}

/// What came of an import.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ImportOutcome {
    /// The version it was given.
    pub version: ModelVersion,
    /// Whether it is the champion now.
    pub activated: bool,
    /// How its columns were understood, where that was not plain.
    pub notes: Vec<String>,
    /// What was decided about calibration and threshold, in words; empty for a bundle, which
    /// brings its own.
    pub decision: String,
    /// Figures on the labelled rows, with intervals; empty without any.
    pub metrics: BTreeMap<String, Interval>,
}

/// Registers the model in a file. One that another library trained is put over the
/// specification's columns, calibrated and judged when there are labelled rows, and from then on
/// scored and explained like our own.
///
/// # Errors
/// [`Error::Import`] when the file is no model, of another objective, or its columns can't be
/// made of the specification's; [`Error::Registry`] for a bundle that is not sound;
/// [`Error::Data`] and others when the labelled rows are refused.
pub fn import(home: &Home, request: &ImportRequest) -> Result<ImportOutcome, Error> {
    let bytes = read_model_file(&request.file)?;
    let registry = home.registry();
    let (version, card) = if bytes.starts_with(b"PK") {
        refuse_settings(request)?;
        let version = registry.import_bytes(&request.file, &bytes, &request.who)?;
        (version, None)
    } else {
        let model = adopt(home, request, bytes)?;
        let version = registry.register_imported(&model, &request.who)?;
        (version, Some(model.card))
    };
    if request.activate {
        let why = "activated when it was imported";
        registry.activate(&version.version.to_string(), &request.who, why)?;
    }
    let (notes, decision, metrics) = match card {
        Some(card) => (
            card.imported.map(|origin| origin.notes).unwrap_or_default(),
            card.decision,
            card.cv_metrics,
        ),
        None => Default::default(),
    };
    Ok(ImportOutcome {
        version,
        activated: request.activate,
        notes,
        decision,
        metrics,
    })
}

fn refuse_settings(request: &ImportRequest) -> Result<(), Error> {
    let given = [
        (request.spec.is_some(), "a specification"),
        (request.columns.is_some(), "a map of columns"),
        (request.data.is_some(), "labelled rows"),
    ];
    match given.iter().find(|(is_given, _)| *is_given) {
        Some((_, what)) => Err(fault_of(
            request,
            format!(
                "it is a bundle of this program, which brings everything with it; leave out {what}"
            ),
        )),
        None => Ok(()),
    }
}

fn fault_of(request: &ImportRequest, fault: String) -> Error {
    Error::Import {
        path: request.file.clone(),
        fault,
    }
}

/// The model of another library as one of ours.
fn adopt(home: &Home, request: &ImportRequest, bytes: Vec<u8>) -> Result<Model, Error> {
    let bad = |fault: String| fault_of(request, fault);
    let foreign = read_foreign(&bytes).map_err(|fault| bad(fault.to_string()))?;
    let library = foreign.library;
    let spec = request.spec.as_ref().ok_or_else(|| {
        bad(format!(
            "it is a model of {}; say what the customers' columns are with --spec",
            library.title()
        ))
    })?;
    check_class(&foreign.imported, spec).map_err(&bad)?;
    let columns = foreign_columns(&foreign);
    let map = read_map(request)?;
    let adopted = FittedPlan::adopt(spec, &columns, &map).map_err(|fault| {
        bad(format!(
            "{fault} (a map of columns is given with --columns)"
        ))
    })?;
    let notes = notes_of(&foreign, &adopted);
    let width = adopted.plan.n_columns();
    let predictor = foreign
        .imported
        .predictor
        .with_columns(&adopted.places, width)?;
    let mut card = card(request, spec, &foreign, columns.len(), notes, &bytes);
    card.figures = figures_of_imported(&adopted.plan, &predictor);
    let mut model = Model {
        spec: spec.as_ref().clone(),
        plan: adopted.plan,
        calibrator: Calibrator::Identity,
        intervals: None,
        background: None,
        threshold: 0.5,
        card,
        predictor,
        native: Some(Native {
            file_name: format!("{}.{}", library.name(), foreign.extension),
            bytes,
        }),
    };
    if let Some(data) = &request.data {
        judge(home, request, data, &mut model)?;
    }
    let params = ScorerParams {
        n_reasons: 1,
        ..ScorerParams::default()
    };
    // Refuses now what could not be explained later.
    Scorer::new(String::new(), model.clone(), params)?;
    Ok(model)
}

/// The class a model predicts must be the one that means "left".
fn check_class(imported: &Imported, spec: &DatasetSpec) -> Result<(), String> {
    let (Some(class), Some(target)) = (&imported.positive_class, spec.target()) else {
        return Ok(());
    };
    let Some(positive) = &target.positive else {
        return Ok(());
    };
    if class != positive && target.levels.contains(class) {
        return Err(format!(
            "it predicts the class '{class}', and leaving is '{positive}' in column '{}'; train it on the other class, or correct 'positive' in the specification",
            target.name
        ));
    }
    Ok(())
}

fn foreign_columns(foreign: &Foreign) -> Vec<ForeignColumn> {
    let imported = &foreign.imported;
    let used = imported.predictor.used_columns();
    let columns = imported.features.iter().zip(used).enumerate();
    columns
        .map(|(place, (feature, is_used))| ForeignColumn {
            // CatBoost calls columns without names by their place.
            name: if feature.name.is_empty() {
                place.to_string()
            } else {
                feature.name.clone()
            },
            levels: match &feature.kind {
                FeatureKind::Numeric => None,
                FeatureKind::Categorical { levels } => Some(levels.clone()),
            },
            is_used,
            keeps_blanks: foreign.library != Library::Lightgbm,
        })
        .collect()
}

fn read_map(request: &ImportRequest) -> Result<ColumnMap, Error> {
    let Some(path) = &request.columns else {
        return Ok(ColumnMap::new());
    };
    let text = std::fs::read_to_string(path).map_err(|source| Error::Read {
        path: path.clone(),
        source,
    })?;
    serde_saphyr::from_str(&text).map_err(|fault| Error::BadConfig {
        path: path.clone(),
        fault: yaml_fault(&fault),
    })
}

fn notes_of(foreign: &Foreign, adopted: &Adopted) -> Vec<String> {
    let left_out = foreign.imported.n_rounds_left_out;
    let rounds = (left_out > 0).then(|| {
        format!(
            "the last {left_out} rounds were left out: the file names an earlier one as the best, up to which the library's classifier predicts"
        )
    });
    rounds.into_iter().chain(adopted.notes.clone()).collect()
}

fn card(
    request: &ImportRequest,
    spec: &DatasetSpec,
    foreign: &Foreign,
    n_columns: usize,
    notes: Vec<String>,
    bytes: &[u8],
) -> Card {
    let n_trees = match &foreign.imported.predictor {
        Predictor::Trees(trees) => trees.n_trees(),
        Predictor::Symmetric(symmetric) => symmetric.n_trees(),
        _ => 0,
    };
    let protected: Vec<String> = spec
        .features()
        .filter(|column| column.has_role(Role::Protected))
        .map(|column| column.name.clone())
        .collect();
    let mut limits = limits(&protected);
    limits.push(
        "Trained elsewhere: how its training rows were chosen and prepared, and which they were, is not known here.".to_owned(),
    );
    let file = request.file.file_name();
    Card {
        algorithm: format!("{} (imported)", foreign.library.name()),
        parameters: BTreeMap::from([
            ("trees".to_owned(), n_trees.into()),
            ("columns".to_owned(), n_columns.into()),
        ]),
        seed: request.seed,
        trained_on: TrainedOn {
            dataset: spec.name.clone(),
            sha256: String::new(),
            n_rows: 0,
            base_rate: 0.0,
        },
        cv_metrics: BTreeMap::new(),
        test_metrics: BTreeMap::new(),
        decision: "imported without labelled rows: the model's own probabilities, decision threshold 0.5, no figures".to_owned(),
        intended_use: intended_use(&spec.name),
        limits,
        figures: CardFigures::default(),
        imported: Some(Origin {
            library: foreign.library.name().to_owned(),
            file: file.unwrap_or_default().to_string_lossy().into_owned(),
            sha256: sha256_hex(bytes),
            notes,
            judged_on: None,
        }),
    }
}

/// Chooses calibrator and threshold on labelled rows and judges the model on them. The trees stay
/// as they are; what is chosen here is judged on folds it was not chosen on.
fn judge(
    home: &Home,
    request: &ImportRequest,
    data: &std::path::Path,
    model: &mut Model,
) -> Result<(), Error> {
    let spec = Arc::new(model.spec.clone());
    if spec.target().is_none() {
        return Err(Error::NoTarget {
            spec: spec.name.clone(),
        });
    }
    let (table, validation) = read_all(data, &spec, &ReadOptions::train())?;
    check_rejected(data, &validation)?;
    let labels = table.labels().ok_or_else(|| Error::NoRows {
        path: data.to_owned(),
        detail: ": not every row has a target".to_owned(),
    })?;
    let playbook = load_playbook(None, home.path(), &spec)?;
    let values = customer_values(&table, &playbook);
    let matrix = model.plan.transform(&table)?;
    let mut margins = vec![0.0; matrix.n_rows()];
    model
        .predictor
        .margins_into(matrix.values(), &mut margins)?;
    let folds: Vec<FoldResult> = stratified_folds(&labels, FOLDS, 1, request.seed)?
        .into_iter()
        .map(|fold| FoldResult {
            repeat: fold.repeat,
            index: fold.index,
            margins: (fold.split.held_out.iter())
                .map(|&row| model.predictor.log_odds(margins[row]))
                .collect(),
            own_margins: (fold.split.held_out.iter())
                .map(|&row| margins[row])
                .collect(),
            held_out: fold.split.held_out,
            n_rounds: None,
        })
        .collect();
    let rows = Rows {
        labels: &labels,
        values: &values,
    };
    let policy = &request.policy.policy;
    let evidence = weigh(
        &folds,
        rows,
        policy.threshold,
        policy.economics,
        request.seed,
    )?;
    let n_left = labels.iter().filter(|&&left| left).count();
    let judged_on = JudgedOn {
        sha256: validation.content_sha256.clone().unwrap_or_default(),
        n_rows: labels.len() as u64,
        base_rate: n_left as f64 / labels.len() as f64,
    };
    write_down(model, &evidence, judged_on, &policy.threshold.to_string());
    Ok(())
}

fn write_down(model: &mut Model, evidence: &Evidence, judged_on: JudgedOn, policy: &str) {
    let calibration = match evidence.calibration.kind {
        CalibratorKind::Identity => "the model's own probabilities".to_owned(),
        kind => format!("probabilities calibrated anew ({})", word(kind)),
    };
    model.card.decision = format!(
        "imported and judged on {} labelled rows: {calibration}, decision threshold {:.4} by {policy}; figures are means over {FOLDS} parts of these rows, and are too good if the model was trained on them",
        judged_on.n_rows, evidence.threshold
    );
    model.calibrator = evidence.calibrator.clone();
    model.intervals = Some(evidence.intervals.clone());
    model.card.figures.calibration = Some(evidence.calibration_report.clone());
    model.card.figures.profit_curve = Some(evidence.profit_curve.clone());
    model.threshold = evidence.threshold;
    model.card.cv_metrics = named(&evidence.metrics);
    let profit = ("profit".to_owned(), evidence.profit_per_customer);
    model.card.cv_metrics.extend([profit]);
    if let Some(origin) = &mut model.card.imported {
        origin.judged_on = Some(judged_on);
    }
}

/// The name of a form as files have it.
fn word(kind: CalibratorKind) -> String {
    let name = serde_json::to_value(kind).unwrap_or_default();
    name.as_str().unwrap_or_default().to_owned()
}
