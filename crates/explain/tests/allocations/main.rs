//! A row alone is predicted and explained without asking for memory, once a scratch has served
//! the model before. A binary of its own, since it counts what its allocator is asked for.

#![expect(
    clippy::cast_possible_truncation,
    clippy::unwrap_used,
    unsafe_code,
    reason = "a test counts in small numbers and may panic; an allocator can't be written safely"
)]
#![expect(dead_code, reason = "helpers of the other test binary")]

#[path = "../../../ensemble/tests/it/fixture.rs"]
mod fixture;
#[path = "../it/random.rs"]
mod random;

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use churn_ensemble::{
    Blend, BlendMember, Linear, Node, Output, Predictor, Scratch, Test, TreeEnsemble, catboost,
};
use churn_explain::{Explainer, RowScratch};

/// The system's allocator, counting what the thread asks for.
struct Counting;

thread_local! {
    static N_ASKED: Cell<u64> = const { Cell::new(0) };
}

#[global_allocator]
static COUNTING: Counting = Counting;

// SAFETY: every call is passed on as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        N_ASKED.set(N_ASKED.get() + 1);
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        unsafe { System.dealloc(memory, layout) }
    }

    unsafe fn realloc(&self, memory: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        N_ASKED.set(N_ASKED.get() + 1);
        unsafe { System.realloc(memory, layout, new_size) }
    }
}

/// A model and row-major rows it reads.
struct Sample {
    name: &'static str,
    predictor: Predictor,
    rows: Vec<f32>,
}

/// A full tree of six levels over eight columns, another for every seed.
fn full_tree(seed: u32) -> Vec<Node> {
    let node = |place: u32| {
        let value = ((place * 37 + seed * 11) % 19) as f32 / 19.0;
        if place >= 63 {
            return Node::Leaf { value, cover: 1.0 };
        }
        Node::Split {
            feature: (place * 5 + seed) % 8,
            test: Test::Less(value),
            default_left: place.is_multiple_of(2),
            left: 2 * place + 1,
            right: 2 * place + 2,
            cover: 1.0,
        }
    };
    (0..127).map(node).collect()
}

fn rows(n_features: usize) -> Vec<f32> {
    let cell = |place: usize| match place * 29 % 41 {
        0 => f32::NAN,
        value => value as f32 / 40.0,
    };
    (0..30 * n_features).map(cell).collect()
}

fn boosted() -> Sample {
    let trees: Vec<_> = (0..40).map(full_tree).collect();
    let ensemble = TreeEnsemble::new(8, 0.5, &trees, vec![]).unwrap();
    Sample {
        name: "boosted trees",
        predictor: Predictor::Trees(ensemble),
        rows: rows(8),
    }
}

/// Trees of ninety levels over fourteen columns, past the tables.
fn forest() -> Sample {
    let mut trees = vec![random::chain(14, 90), random::chain(14, 60)];
    for node in trees.iter_mut().flatten() {
        if let Node::Leaf { value, .. } = node {
            *value = value.abs().min(1.0);
        }
    }
    let ensemble = TreeEnsemble::new(14, 0.0, &trees, vec![0.5, 0.5]).unwrap();
    Sample {
        name: "a forest",
        predictor: Predictor::Trees(ensemble.with_output(Output::Share).unwrap()),
        rows: rows(14),
    }
}

fn symmetric(name: &'static str) -> Sample {
    let imported = catboost::read_json(&fixture::load(&format!("{name}.model.json"))).unwrap();
    let rows = fixture::answers(name, &imported).values;
    Sample {
        name,
        predictor: imported.predictor,
        rows,
    }
}

fn linear() -> Sample {
    let linear = Linear::new(0.1, vec![0.5; 8], vec![0.25; 8]).unwrap();
    Sample {
        name: "a linear model",
        predictor: Predictor::Linear(linear),
        rows: rows(8),
    }
}

fn blend() -> Sample {
    let members = [
        boosted(),
        symmetric("catboost_combinations"),
        linear(),
        forest(),
    ];
    let members = members.map(|sample| BlendMember {
        weight: 0.5,
        columns: (0..sample.predictor.n_features() as u32).collect(),
        predictor: sample.predictor,
    });
    let n_features = members
        .iter()
        .map(|member| member.columns.len())
        .max()
        .unwrap();
    Sample {
        name: "a blend",
        predictor: Predictor::Blend(Blend::new(n_features, 0.0, members.to_vec()).unwrap()),
        rows: rows(n_features),
    }
}

fn asked_in(work: impl FnOnce()) -> u64 {
    let before = N_ASKED.get();
    work();
    N_ASKED.get() - before
}

#[test]
fn the_allocator_counts() {
    assert_eq!(asked_in(|| drop(std::hint::black_box(Box::new(1)))), 1);
}

#[test]
fn a_row_alone_is_predicted_without_asking_for_memory() {
    let symmetric = ["catboost_statistics", "catboost_combinations"].map(symmetric);
    for sample in [boosted(), forest(), linear(), blend()]
        .into_iter()
        .chain(symmetric)
    {
        let mut scratch = Scratch::default();
        let mut predict = || {
            for row in sample.rows.chunks_exact(sample.predictor.n_features()) {
                let margin = sample.predictor.margin_with(row, &mut scratch);
                assert!(!margin.is_nan());
            }
        };
        predict();
        assert_eq!(asked_in(predict), 0, "{}", sample.name);
    }
}

/// Explains all rows twice, one by one, the second time without asking for memory.
fn check(name: &str, sample: &Sample, explainer: &Explainer) {
    let mut scratch = RowScratch::default();
    let mut values = vec![0.0; explainer.n_groups()];
    let mut explain = || {
        for row in sample.rows.chunks_exact(sample.predictor.n_features()) {
            let margin = explainer.explain_row_into(row, &mut scratch, &mut values);
            assert!(margin.is_ok());
        }
    };
    explain();
    assert_eq!(asked_in(explain), 0, "{name}: {}", sample.name);
}

fn groups(predictor: &Predictor) -> Vec<u32> {
    (0..predictor.n_features() as u32).collect()
}

#[test]
fn a_row_alone_is_explained_without_asking_for_memory() {
    let symmetric = ["catboost_statistics", "catboost_combinations"].map(symmetric);
    for sample in [boosted(), forest(), linear(), blend()]
        .into_iter()
        .chain(symmetric)
    {
        let groups = groups(&sample.predictor);
        let explainer = Explainer::new(&sample.predictor, &groups, groups.len()).unwrap();
        check("training", &sample, &explainer);
    }
}

#[test]
fn a_row_alone_is_explained_against_a_background_without_asking_for_memory() {
    for sample in [boosted(), forest(), linear(), symmetric("catboost_numbers")] {
        let groups = groups(&sample.predictor);
        let background = &sample.rows[..5 * groups.len()];
        let explainer =
            Explainer::with_background(&sample.predictor, &groups, groups.len(), background, 5);
        check("background", &sample, &explainer.unwrap());
    }
}
