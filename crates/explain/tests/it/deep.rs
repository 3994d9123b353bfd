//! A deep forest: past every table, explained by walks, beside an algorithm of its own.

use churn_ensemble::{Node, Output, Predictor, Test, TreeEnsemble};
use churn_explain::Explainer;

const N_FEATURES: usize = 24;
const DEPTH: usize = 20;
const N_TREES: usize = 500;

/// Small numbers in an order that looks like chance (Knuth's multiplier).
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (self.0 >> 33) % end
    }
}

/// A tree whose leftmost or rightmost path is `DEPTH` long, others shorter by chance.
fn grow(numbers: &mut Numbers) -> Vec<Node> {
    fn add(numbers: &mut Numbers, nodes: &mut Vec<Node>, level: usize, to_the_end: bool) -> u32 {
        let place = nodes.len();
        let goes_on = to_the_end || (level < DEPTH && numbers.below(10) < 6);
        nodes.push(Node::Leaf {
            value: numbers.below(1001) as f32 / 1000.0,
            cover: 1.0 + numbers.below(30) as f32,
        });
        if goes_on && level < DEPTH {
            let longest_left = numbers.below(2) == 0;
            let left = add(numbers, nodes, level + 1, to_the_end && longest_left);
            let right = add(numbers, nodes, level + 1, to_the_end && !longest_left);
            nodes[place] = Node::Split {
                feature: numbers.below(N_FEATURES as u64) as u32,
                test: Test::Less(numbers.below(16) as f32 / 16.0),
                default_left: numbers.below(2) == 0,
                left,
                right,
                cover: nodes[left as usize].cover() + nodes[right as usize].cover(),
            };
        }
        place as u32
    }
    let mut nodes = Vec::new();
    add(numbers, &mut nodes, 0, true);
    nodes
}

/// One step of a path, as algorithm 2 of Lundberg et al. 2020 keeps it.
#[derive(Clone, Copy)]
struct Step {
    feature: usize,
    zero: f64,
    one: f64,
    weight: f64,
}

fn extend(path: &mut Vec<Step>, zero: f64, one: f64, feature: usize) {
    let length = path.len();
    let weight = if length == 0 { 1.0 } else { 0.0 };
    path.push(Step {
        feature,
        zero,
        one,
        weight,
    });
    for place in (0..length).rev() {
        let share = |count: usize| count as f64 / (length + 1) as f64;
        path[place + 1].weight += one * path[place].weight * share(place + 1);
        path[place].weight *= zero * share(length - place);
    }
}

fn unwind(path: &mut Vec<Step>, removed: usize) {
    let last = path.len() - 1;
    let Step { zero, one, .. } = path[removed];
    let mut next = path[last].weight;
    for place in (0..last).rev() {
        let all = (last + 1) as f64;
        if one > 0.0 {
            let before = path[place].weight;
            path[place].weight = next * all / ((place + 1) as f64 * one);
            next = before - path[place].weight * zero * (last - place) as f64 / all;
        } else {
            path[place].weight *= all / (zero * (last - place) as f64);
        }
    }
    for place in removed..last {
        let weight = path[place].weight;
        path[place] = Step {
            weight,
            ..path[place + 1]
        };
    }
    path.pop();
}

/// Adds `weight ×` the SHAP values of a tree to `values`.
fn add_reference(nodes: &[Node], row: &[f32], weight: f64, values: &mut [f64]) {
    let mut pending = vec![(0_u32, Vec::new(), 1.0, 1.0, usize::MAX)];
    while let Some((node, mut path, zero, one, feature)) = pending.pop() {
        extend(&mut path, zero, one, feature);
        let (column, test, default_left, left, right, cover) = match &nodes[node as usize] {
            Node::Leaf { value, .. } => {
                for place in 1..path.len() {
                    let mut rest = path.clone();
                    unwind(&mut rest, place);
                    let sum: f64 = rest.iter().map(|step| step.weight).sum();
                    let Step {
                        feature, zero, one, ..
                    } = path[place];
                    values[feature] += weight * sum * (one - zero) * f64::from(*value);
                }
                continue;
            }
            Node::Split {
                feature,
                test,
                default_left,
                left,
                right,
                cover,
            } => (
                *feature as usize,
                test,
                *default_left,
                *left,
                *right,
                *cover,
            ),
        };
        let value = row[column];
        let goes_left = match test {
            Test::Less(border) if !value.is_nan() => value < *border,
            _ => default_left,
        };
        let (mut zero, mut one) = (1.0, 1.0);
        if let Some(place) = path.iter().position(|step| step.feature == column) {
            (zero, one) = (path[place].zero, path[place].one);
            unwind(&mut path, place);
        }
        for (child, is_taken) in [(left, goes_left), (right, !goes_left)] {
            let share = f64::from(nodes[child as usize].cover()) / f64::from(cover);
            let one = if is_taken { one } else { 0.0 };
            pending.push((child, path.clone(), zero * share, one, column));
        }
    }
}

#[test]
fn a_deep_forest_is_explained_exactly() {
    let mut numbers = Numbers(7);
    let trees: Vec<Vec<Node>> = (0..N_TREES).map(|_| grow(&mut numbers)).collect();
    let weight = 1.0 / N_TREES as f32;
    let forest = TreeEnsemble::new(N_FEATURES, 0.0, &trees, vec![weight; N_TREES]).unwrap();
    let predictor = Predictor::Trees(forest.with_output(Output::Share).unwrap());
    let groups: Vec<u32> = (0..N_FEATURES as u32).collect();
    let explainer = Explainer::new(&predictor, &groups, N_FEATURES).unwrap();
    let n_rows = 40;
    let cells = (0..n_rows * N_FEATURES).map(|_| match numbers.below(20) {
        0 => f32::NAN,
        number => number as f32 / 20.0,
    });
    let cells: Vec<f32> = cells.collect();
    let explanation = explainer.explain(&cells, n_rows).unwrap();
    for (row_idx, row) in cells.chunks_exact(N_FEATURES).enumerate() {
        let margin = predictor.margin(row);
        assert_eq!(explanation.margins[row_idx].to_bits(), margin.to_bits());
        assert!(explanation.gap(row_idx) < 1e-12);
        if row_idx % 10 > 0 {
            continue;
        }
        let mut expected = vec![0.0; N_FEATURES];
        for nodes in &trees {
            add_reference(nodes, row, f64::from(weight), &mut expected);
        }
        for (found, expected) in explanation.row(row_idx).iter().zip(expected) {
            assert!((found - expected).abs() < 1e-10, "{found} {expected}");
        }
    }
}
