//! Our side of `cargo xtask bench explain`: `explain_bench FOLDER TASK ROWS`.
//!
//! The folder is what `tests/bench/explain.py prepare` wrote. A task is a model and what is
//! asked of it, as in `xgboost-values`. The last line of output is JSON, as the Python side's;
//! what is timed is the call that explains, with the explainer made first or, for tasks that end
//! in `-cold`, with it. `margins` tasks predict; `latency` tasks take one row at a time.

#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a program for measurements may print and panic"
)]

use std::fs;
use std::time::Instant;

use churn_ensemble::{
    FeatureKind, ImportedFeature, Predictor, Scratch, TreeEnsemble, catboost, lightgbm, xgboost,
};
use churn_explain::{Explainer, RowScratch, Work};

const TOLERANCE: f64 = 1e-3;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [folder, task, n_rows] = &arguments[..] else {
        println!("expected FOLDER TASK ROWS");
        return;
    };
    let n_rows: usize = n_rows.parse().unwrap();
    let input = Input::read(folder, task, n_rows);
    if task.contains("latency") {
        return input.print_latencies();
    }
    let made = input.explainer();
    if !task.contains("cold") {
        // A row or two, so that nothing is left to be made at first use.
        drop(input.values(&made, 2));
    }
    let (cpu, wall) = (cpu_seconds(), Instant::now());
    let values = if task.contains("cold") {
        input.values(&input.explainer(), n_rows)
    } else {
        input.values(&made, n_rows)
    };
    let (cpu, wall) = (cpu_seconds() - cpu, wall.elapsed().as_secs_f64());
    println!(
        "furthest from the peer's values: {:e}",
        input.furthest(&values)
    );
    if task.ends_with("values") && input.background.is_none() {
        print_limit(made.work_by_feature(), nanos_per_row(cpu, n_rows));
    }
    let peak = peak_mb();
    println!("{{\"cpu_s\": {cpu}, \"wall_s\": {wall}, \"peak_mb\": {peak}, \"rows\": {n_rows}}}");
}

struct Input {
    folder: String,
    task: String,
    predictor: Predictor,
    groups: Vec<u32>,
    background: Option<Vec<f32>>,
    rows: Vec<f32>,
}

impl Input {
    fn read(folder: &str, task: &str, n_rows: usize) -> Self {
        let path = |name: &str| format!("{folder}/{name}");
        let model = task.split('-').next().unwrap();
        let bytes = |name: &str| fs::read(path(name)).unwrap();
        let mut features = Vec::new();
        let (predictor, table) = match model {
            "catboost" => {
                let imported = catboost::read_json(&bytes("catboost.json")).unwrap();
                features = imported.features;
                (imported.predictor, "codes.f32")
            }
            "lightgbm" => (
                lightgbm::read_text(&bytes("lightgbm.txt"))
                    .unwrap()
                    .predictor,
                "codes.f32",
            ),
            "forest" => {
                let ensemble: TreeEnsemble = serde_json::from_slice(&bytes("forest.json")).unwrap();
                (Predictor::Trees(ensemble), "onehot.f32")
            }
            _ => {
                let name = if model == "deep" {
                    "deep.ubj"
                } else {
                    "xgboost.ubj"
                };
                let ensemble = xgboost::read_ubj(&bytes(name)).unwrap();
                (Predictor::Trees(ensemble), "onehot.f32")
            }
        };
        let numbers = |name: &str, most: usize| -> Vec<f32> {
            let bytes = bytes(name);
            let numbers = bytes.chunks_exact(4).take(most);
            numbers
                .map(|number| f32::from_le_bytes(number.try_into().unwrap()))
                .collect()
        };
        let mut rows = numbers(table, n_rows * predictor.n_features());
        recode(&mut rows, &features);
        let columns = String::from_utf8(bytes("columns.json")).unwrap();
        let list = columns.split(['[', ']']).nth(1).unwrap();
        let groups = match table {
            "onehot.f32" => list
                .split(',')
                .map(|text| text.trim().parse().unwrap())
                .collect(),
            _ => (0..u32::try_from(predictor.n_features()).unwrap()).collect(),
        };
        Self {
            folder: folder.to_owned(),
            task: task.to_owned(),
            background: task
                .contains("background")
                .then(|| numbers("background.f32", usize::MAX)),
            predictor,
            groups,
            rows,
        }
    }

    fn explainer(&self) -> Explainer {
        let (predictor, groups) = (&self.predictor, &self.groups);
        let n_groups = groups.iter().max().map_or(0, |&group| group as usize + 1);
        match &self.background {
            Some(rows) => {
                let n_rows = rows.len() / predictor.n_features();
                Explainer::with_background(predictor, groups, n_groups, rows, n_rows)
            }
            None => Explainer::new(predictor, groups, n_groups),
        }
        .unwrap()
    }

    /// The values of the first rows, by matrix column, as the peers give them; tasks that say
    /// so ask by group.
    fn values(&self, explainer: &Explainer, n_rows: usize) -> Vec<f64> {
        let rows = &self.rows[..n_rows * self.predictor.n_features()];
        if self.task.contains("margins") {
            let mut margins = vec![0.0; n_rows];
            self.predictor.margins_into(rows, &mut margins).unwrap();
            return margins;
        }
        let (grouped, pairs) = (
            self.task.contains("grouped"),
            self.task.contains("interactions"),
        );
        match (grouped, pairs) {
            (true, true) => explainer.interactions(rows, n_rows).unwrap().values,
            (true, false) => explainer.explain(rows, n_rows).unwrap().contributions,
            (false, true) => {
                explainer
                    .interactions_features(rows, n_rows)
                    .unwrap()
                    .values
            }
            (false, false) => {
                explainer
                    .explain_features(rows, n_rows)
                    .unwrap()
                    .contributions
            }
        }
    }

    /// The largest difference to what the peer wrote for the same task; peers that add a
    /// column (or row and column) for the base are understood.
    fn furthest(&self, ours: &[f64]) -> f64 {
        let task = self.task.trim_end_matches("-cold");
        let Ok(bytes) = fs::read(format!("{}/{task}.values", self.folder)) else {
            return f64::NAN;
        };
        let numbers = bytes.chunks_exact(8);
        let theirs: Vec<f64> = numbers
            .map(|number| f64::from_le_bytes(number.try_into().unwrap()))
            .collect();
        let n = self.predictor.n_features();
        let pairs = task.contains("interactions");
        let n = if task.contains("margins") { 1 } else { n };
        let width = if pairs { n * n } else { n };
        let has_no_base = ["shap", "woodelf", "forest", "fast"].map(|peer| task.starts_with(peer));
        let has_base = !has_no_base.contains(&true) && !task.contains("margins");
        let full = n + usize::from(has_base);
        let their_width = if pairs { full * full } else { full };
        let mut furthest = 0.0_f64;
        for (ours, theirs) in ours
            .chunks_exact(width)
            .zip(theirs.chunks_exact(their_width))
        {
            for (place, value) in ours.iter().enumerate() {
                let place = if pairs {
                    place / n * full + place % n
                } else {
                    place
                };
                furthest = furthest.max((value - theirs[place]).abs());
            }
        }
        assert!(furthest < TOLERANCE, "values differ by {furthest}");
        furthest
    }

    /// Microseconds from a row to its margin, and to its margin and explained values.
    fn print_latencies(&self) {
        let explainer = self.explainer();
        let mut values = vec![0.0; explainer.n_groups()];
        let mut scratch = Scratch::default();
        let predict = |row: &[f32]| self.predictor.margin_with(row, &mut scratch);
        self.print_latency("predicted", predict);
        let mut scratch = RowScratch::default();
        let explain = |row: &[f32]| {
            let margin = explainer.explain_row_into(row, &mut scratch, &mut values);
            margin.unwrap()
        };
        self.print_latency("predicted and explained", explain);
    }

    fn print_latency(&self, what: &str, mut work: impl FnMut(&[f32]) -> f64) {
        let mut micros: Vec<f64> = Vec::new();
        for row in self.rows.chunks_exact(self.predictor.n_features()) {
            let start = Instant::now();
            std::hint::black_box(work(row));
            micros.push(start.elapsed().as_secs_f64() * 1e6);
        }
        micros.sort_by(f64::total_cmp);
        let at = |percent: usize| micros[(micros.len() - 1) * percent / 100];
        let (model, _) = self.task.split_once('-').unwrap_or_default();
        println!(
            "{model}, one row {what}: median {:.1} us, p99 {:.1} us",
            at(50),
            at(99)
        );
    }
}

fn nanos_per_row(cpu: f64, n_rows: usize) -> f64 {
    cpu / n_rows as f64 * 1e9
}

/// The least a row could cost by the same plan, and what it did cost.
fn print_limit(work: Work, nanos: f64) {
    if work.n_additions == 0 {
        return;
    }
    // Eight comparisons are a load, a comparison, a mask and an addition, with keys loaded and
    // stored; an addition loads a key and a number; a sum is loaded and stored.
    let instructions = work.n_comparisons * 6 / 8 + 3 * work.n_additions + 2 * work.n_sums;
    let bytes = 6 * work.n_comparisons + 10 * work.n_additions + 16 * work.n_sums;
    println!(
        "limit: {} comparisons, {} additions to {} sums a row: {instructions} instructions, {bytes} bytes in cache; tables {} kB",
        work.n_comparisons,
        work.n_additions,
        work.n_sums,
        work.table_bytes / 1024
    );
    let nanos_at_best = instructions as f64 / (4.0 * 3.0);
    println!(
        "measured {nanos:.0} ns a row, {:.1} times the {nanos_at_best:.0} ns that four instructions a cycle at 3 GHz would take",
        nanos / nanos_at_best
    );
}

/// CatBoost was given codes as texts, and numbers them itself.
fn recode(rows: &mut [f32], features: &[ImportedFeature]) {
    for row in rows.chunks_exact_mut(features.len().max(1)) {
        for (value, feature) in row.iter_mut().zip(features) {
            if let FeatureKind::Categorical { levels } = &feature.kind {
                let code = levels.iter().position(|level| *level == value.to_string());
                *value = code.map_or(f32::NAN, |code| code as f32);
            }
        }
    }
}

/// User and system time of all threads, live ones to the nanosecond.
fn cpu_seconds() -> f64 {
    let tasks = fs::read_dir("/proc/self/task").unwrap();
    let nanos = tasks.map(|task| {
        let text = fs::read_to_string(task.unwrap().path().join("schedstat")).unwrap();
        text.split(' ').next().unwrap().parse::<f64>().unwrap()
    });
    nanos.sum::<f64>() / 1e9
}

fn peak_mb() -> f64 {
    let text = fs::read_to_string("/proc/self/status").unwrap();
    let line = text.lines().find(|line| line.starts_with("VmHWM"));
    let kilobytes = line.and_then(|line| line.split_whitespace().nth(1));
    kilobytes.unwrap().parse::<f64>().unwrap() / 1024.0
}
