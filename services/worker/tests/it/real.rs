//! Training, scoring and tidying up as jobs, from end to end.

use std::sync::Arc;

use churn_engine::jobs::{FileFormat, Housekeep, Jobs, RecordRows, ScoreFile, Source, TrainModel};
use churn_store::tables::customers::{self, CustomerFilter};
use churn_store::tables::jobs::JobStatus;
use churn_store::tables::predictions::{self, PredictionFilter};
use churn_worker::{Point, Worked, WorkerParams};

use crate::world::{World, each, turn};

const SPEC: &str = include_str!("../../../../data/telco.yaml");

/// A policy that any model passes, however slow the machine is at the moment.
const EASY: &str = "default: easy
presets:
  easy:
    threshold: max_profit
    economics: {contact_cost: 15, save_rate: 0.2}
    gates: [{metric: roc_auc, min: 0.5}]
    rank_by: [log_loss]
";

/// Uploads synthetic customers.
fn upload(world: &World, rows: u64, seed: u64) -> Source {
    let mut bytes = Vec::new();
    let params = churn_synth::SnapshotParams {
        rows,
        seed,
        noise: 1.0,
    };
    churn_synth::write_snapshot(&params, &mut bytes).unwrap();
    Source::Blob {
        blob: world.home.registry().blobs().put(&bytes).unwrap(),
        name: "../../customers.csv".to_owned(),
    }
}

fn train(data: Source) -> TrainModel {
    TrainModel {
        data,
        spec: SPEC.to_owned(),
        config: Some(serde_json::json!({
            "algorithms": ["logistic"],
            "folds": 3,
            "repeats": 1,
            "bootstrap_replicates": 100,
        })),
        selection: Some(EASY.to_owned()),
        preset: None,
        seed: 7,
        activate: true,
    }
}

fn works(world: &World, id: &str) {
    let done = turn(&world.worker(WorkerParams::default()));
    let job = world.job(id);
    assert_eq!(
        job.status,
        JobStatus::Succeeded,
        "{done:?}: {:?}",
        job.error
    );
}

#[test]
fn a_model_is_trained_and_activated_once_and_scores_a_file_once() {
    each(|world| {
        let jobs = Jobs::new(world.database().clone(), world.clock.clone());
        let asked = jobs
            .enqueue(&train(upload(world, 900, 1)), "ada", None)
            .unwrap();
        // Killed when all is trained and the champion is about to change.
        let doomed = world.worker(WorkerParams {
            dies_at: Some(Arc::new(|point| point == Point::Written)),
            ..WorkerParams::default()
        });
        assert_eq!(turn(&doomed), Worked::Died);
        let registry = world.home.registry();
        assert!(registry.resolve("champion").is_err(), "not yet");
        let heir = world.worker(WorkerParams::default());
        assert_eq!(turn(&heir), Worked::Idle);
        world.later(30);
        turn(&heir);
        let job = jobs.show(&asked.job.id).unwrap();
        let result = job.result.unwrap_or_default();
        assert_eq!(result["activated"], true, "{:?} {result}", job.error);
        let champion = registry.resolve("champion").unwrap();
        assert_eq!(result["champion"], champion.version.to_string());
        assert_eq!(
            registry.list().unwrap().len(),
            1,
            "the same bytes are the same version"
        );
        let moves = registry.history("champion").unwrap();
        assert_eq!((moves.len(), moves[0].who.as_str()), (1, "ada"));

        let score = ScoreFile {
            input: upload(world, 400, 2),
            model: "champion".to_owned(),
            reasons: 2,
            intervals: false,
            offers: false,
            format: FileFormat::Csv,
            max_rejected: None,
            max_rows: None,
            record: RecordRows(true),
        };
        let asked = jobs.enqueue(&score, "bob", None).unwrap();
        let doomed = world.worker(WorkerParams {
            dies_at: Some(Arc::new(|point| point == Point::Ran)),
            ..WorkerParams::default()
        });
        assert_eq!(turn(&doomed), Worked::Died);
        let heir = world.worker(WorkerParams::default());
        turn(&heir);
        world.later(30);
        turn(&heir);
        let job = jobs.show(&asked.job.id).unwrap();
        assert_eq!(
            (job.status, job.attempt),
            ("succeeded", 2),
            "{:?}",
            job.error
        );
        let result = job.result.unwrap();
        assert_eq!(result["report"]["n_scored"], 400);
        let blob = result["output_blob"].as_str().unwrap();
        let scored = String::from_utf8(registry.blobs().get(blob).unwrap()).unwrap();
        assert_eq!(scored.lines().count(), 401);
        assert!(scored.starts_with("customerID,churn_probability,risk_level,reason_1"));

        let all = PredictionFilter::default();
        let n_logged = world
            .database()
            .read(|c| predictions::count(c, &all))
            .unwrap();
        assert_eq!(n_logged, 400, "scored twice, counted once");
        let first = world
            .database()
            .read(|c| predictions::list(c, &all, 1))
            .unwrap();
        assert_eq!(first[0].asked_by.as_deref(), Some("bob"));
        let record: serde_json::Value = serde_json::from_str(&first[0].record).unwrap();
        assert!(
            record["tenure"].is_number() && record["Contract"].is_string(),
            "{record}"
        );
        assert_eq!(record.get("Churn"), None, "what is predicted is no input");
        let everybody = CustomerFilter::default();
        let n_customers = world
            .database()
            .read(|c| customers::count(c, &first[0].dataset, &everybody));
        assert_eq!(n_customers.unwrap(), 400);
        for entry in std::fs::read_dir(world.home.path().join("work")).unwrap() {
            let left = std::fs::read_dir(entry.unwrap().path())
                .into_iter()
                .flatten();
            assert_eq!(left.count(), 0, "no working files are left");
        }
    });
}

#[test]
fn a_job_with_bad_data_or_settings_is_refused_at_once() {
    each(|world| {
        let jobs = Jobs::new(world.database().clone(), world.clock.clone());
        let good = train(upload(world, 50, 1));
        let blob = world
            .home
            .registry()
            .blobs()
            .put(b"not,a\ncustomer,file\n")
            .unwrap();
        let name = "x.csv".to_owned();
        let bad = [
            (
                TrainModel {
                    spec: "nonsense".to_owned(),
                    ..good.clone()
                },
                "specification",
            ),
            (
                TrainModel {
                    config: Some(serde_json::json!({ "folds": 1 })),
                    ..good.clone()
                },
                "folds",
            ),
            (
                TrainModel {
                    preset: Some("lucky".to_owned()),
                    ..good.clone()
                },
                "lucky",
            ),
            (
                TrainModel {
                    data: Source::Blob { blob, name },
                    ..good
                },
                "x",
            ),
        ];
        for (job, part) in bad {
            let id = jobs.enqueue(&job, "ada", None).unwrap().job.id;
            turn(&world.worker(WorkerParams::default()));
            let job = jobs.show(&id).unwrap();
            let error = job.error.unwrap_or_default();
            assert_eq!((job.status, job.attempt), ("failed", 1), "{error}");
            assert!(error.contains(part), "{part}: {error}");
        }
    });
}

#[test]
fn tidying_up_removes_what_ended_long_ago() {
    each(|world| {
        let jobs = Jobs::new(world.database().clone(), world.clock.clone());
        let old = jobs
            .enqueue(&Housekeep { keep_jobs_days: 1 }, "ada", None)
            .unwrap();
        works(world, &old.job.id);
        world.later(2 * 24 * 3600);
        let new = jobs
            .enqueue(&Housekeep { keep_jobs_days: 1 }, "ada", None)
            .unwrap();
        works(world, &new.job.id);
        assert!(jobs.show(&old.job.id).is_err(), "it is gone, with its log");
        assert_eq!(jobs.show(&new.job.id).unwrap().result.unwrap()["jobs"], 1);
    });
}

#[test]
fn files_of_old_jobs_go_unless_something_still_names_them() {
    each(|world| {
        let jobs = Jobs::new(world.database().clone(), world.clock.clone());
        let blobs = world.home.registry().blobs();
        let (old, kept) = (upload(world, 5, 3), upload(world, 5, 4));
        let ask = |source: &Source| {
            let job = serde_json::json!({ "input": source });
            jobs.enqueue_named("score_file", &job, "ada", None).unwrap()
        };
        for source in [&old, &kept] {
            jobs.cancel(&ask(source).job.id, "ada").unwrap();
        }
        world.later(2 * 24 * 3600);
        let again = ask(&kept);
        let tidy = Housekeep { keep_jobs_days: 1 };
        jobs.enqueue(&tidy, "ada", None).unwrap();
        jobs.cancel(&again.job.id, "ada").unwrap();
        turn(&world.worker(WorkerParams::default()));
        let exists = |source: &Source| match source {
            Source::Blob { blob, .. } => blobs.exists(blob).unwrap(),
            Source::File { .. } => false,
        };
        assert!(!exists(&old) && exists(&kept));
    });
}
