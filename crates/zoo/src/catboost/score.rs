//! What every split of a source is worth.

use super::{
    ScoreFunction,
    fold::Source,
    histogram::{Tracked, Units},
    quantized::{Narrow, Quantized},
    random::Random,
    statistic::{Kind, N_JOINT, N_PARTS, parts_of_codes},
};

/// How scores are made of sums.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scoring {
    pub(super) units: Units,
    pub(super) l2: f64,
    pub(super) function: ScoreFunction,
    /// Standard deviation of the noise on scores.
    pub(super) noise: f64,
    /// Roots come in pairs of a body and the tail it is judged on.
    pub(super) is_ordered: bool,
}

/// What a split of a source asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Question {
    /// Byte above this.
    Above(u32),
    /// A narrow category's level.
    Level { narrow: u32, level: u32 },
    /// A statistic's part above this.
    Part { kind: Kind, border: u8 },
}

/// The best split of a kind, by its score with noise.
#[derive(Debug, Clone, Copy)]
pub(super) struct Found {
    pub(super) question: Question,
    /// Without noise.
    pub(super) score: f64,
}

/// The best split of each feature that `tracked` holds: one for a number or a counter, one for
/// each narrow category of a pack, one for each prior of a target statistic.
pub(super) fn best_splits(
    tracked: &Tracked,
    n_nodes: usize,
    data: &Quantized,
    scoring: &Scoring,
    random: &mut Random,
    scratch: &mut Scratch,
) -> Vec<Found> {
    let mut found = Vec::with_capacity(4);
    let noise = scoring.noise;
    let copy = |node: usize, sums: &mut [u64]| sums.copy_from_slice(tracked.node(node));
    match &tracked.source {
        Source::Number(_) => {
            ordinal(n_nodes, tracked.n_codes, scoring, scratch, copy);
            let question = |border| Question::Above(border as u32);
            found.extend(best(&scratch.gains.numerators, noise, random, question));
        }
        Source::Counter(_) => {
            ordinal(n_nodes, N_PARTS, scoring, scratch, copy);
            let question = |border| Question::Part {
                kind: Kind::Counter,
                border: border as u8,
            };
            found.extend(best(&scratch.gains.numerators, noise, random, question));
        }
        Source::Pack(pack) => {
            for (number, narrow) in data.narrow.iter().enumerate() {
                if narrow.pack != *pack as usize || narrow.levels.is_empty() {
                    continue;
                }
                levels(tracked, n_nodes, narrow, scoring, scratch);
                let question = |level| Question::Level {
                    narrow: number as u32,
                    level: level as u32,
                };
                found.extend(best(&scratch.gains.numerators, noise, random, question));
            }
        }
        Source::Shares(_) => {
            let mut by_prior = std::mem::take(&mut scratch.by_prior);
            by_prior.clear();
            by_prior.resize(n_nodes * 3 * N_PARTS, 0);
            for (node, sums) in by_prior.chunks_exact_mut(3 * N_PARTS).enumerate() {
                split_by_prior(tracked.node(node), sums);
            }
            for (prior, kind) in Kind::SHARES.into_iter().enumerate() {
                ordinal(n_nodes, N_PARTS, scoring, scratch, |node, sums| {
                    let start = (3 * node + prior) * N_PARTS;
                    sums.copy_from_slice(&by_prior[start..start + N_PARTS]);
                });
                let question = |border| Question::Part {
                    kind,
                    border: border as u8,
                };
                found.extend(best(&scratch.gains.numerators, noise, random, question));
            }
            scratch.by_prior = by_prior;
        }
    }
    found
}

/// Sums by joint code into sums by part, prior after prior.
fn split_by_prior(joint: &[u64], sums: &mut [u64]) {
    for (&sum, parts) in joint.iter().zip(PARTS.iter()) {
        if sum != 0 {
            for (prior, &part) in parts.iter().enumerate() {
                let slot = &mut sums[prior * N_PARTS + usize::from(part)];
                *slot = slot.wrapping_add(sum);
            }
        }
    }
}

static PARTS: std::sync::LazyLock<[[u8; 3]; N_JOINT]> = std::sync::LazyLock::new(parts_of_codes);

fn best(
    scores: &[f64],
    noise: f64,
    random: &mut Random,
    question: impl Fn(usize) -> Question,
) -> Option<Found> {
    let mut best: Option<(usize, f64)> = None;
    for (place, &score) in scores.iter().enumerate() {
        let score = if noise > 0.0 {
            score + noise * random.normal()
        } else {
            score
        };
        if best.is_none_or(|(_, other)| score > other) {
            best = Some((place, score));
        }
    }
    best.map(|(place, _)| Found {
        question: question(place),
        score: scores[place],
    })
}

/// Memory that scoring uses again and again.
#[derive(Default)]
pub(super) struct Scratch {
    gains: Gains,
    /// Body and tail.
    sides: [Sides; 2],
    whole: Vec<u64>,
    side: Vec<u64>,
    by_prior: Vec<u64>,
}

/// Numerators and denominators of scores, one per split.
#[derive(Default)]
struct Gains {
    l2: f64,
    numerators: Vec<f64>,
    denominators: Vec<f64>,
}

impl Gains {
    fn reset(&mut self, n_splits: usize, l2: f64) {
        // Keeps an empty leaf without penalty from dividing 0 by 0.
        self.l2 = l2 + 1e-30;
        for sums in [&mut self.numerators, &mut self.denominators] {
            sums.clear();
            sums.resize(n_splits, 0.0);
        }
    }

    /// Adds a leaf. The value of a side comes from the body and is judged on the tail.
    fn add(&mut self, body: &Sides, tail: &Sides) {
        let n = self.numerators.len();
        let numerators = &mut self.numerators[..n];
        let denominators = &mut self.denominators[..n];
        for side in 0..2 {
            let (gradients, weights) = (&body.gradients[side][..n], &body.weights[side][..n]);
            let tail_gradients = &tail.gradients[side][..n];
            let tail_weights = &tail.weights[side][..n];
            for split in 0..n {
                let value = gradients[split] / (weights[split] + self.l2);
                numerators[split] += value * tail_gradients[split];
                denominators[split] += value * value * tail_weights[split];
            }
        }
    }

    /// Leaves the scores in the numerators.
    fn finish(&mut self, function: ScoreFunction) {
        if function == ScoreFunction::Cosine {
            for (numerator, denominator) in self.numerators.iter_mut().zip(&self.denominators) {
                *numerator /= (denominator + 1e-100).sqrt();
            }
        }
    }
}

/// Gradients and weights on both sides of every split in one leaf.
#[derive(Default)]
struct Sides {
    gradients: [Vec<f64>; 2],
    weights: [Vec<f64>; 2],
}

impl Sides {
    fn resize(&mut self, n_splits: usize) {
        for list in self.gradients.iter_mut().chain(&mut self.weights) {
            list.resize(n_splits, 0.0);
        }
    }

    /// From the sums of one side, and of both together.
    fn set(&mut self, side: &[u64], total: u64, units: Units) {
        for (number, sums) in self.gradients.iter_mut().zip(&mut self.weights).enumerate() {
            let (gradients, weights) = sums;
            let slots = gradients.iter_mut().zip(weights.iter_mut());
            for ((gradient, weight), &sum) in slots.zip(side) {
                let sum = if number == 0 {
                    sum
                } else {
                    total.wrapping_sub(sum)
                };
                *gradient = units.gradient(sum);
                *weight = units.weight(sum);
            }
        }
    }
}

/// Goes through all leaves: `fill` writes a node's sums, `divide` turns them into one side of
/// every split. The scores are left in the numerators of `scratch`.
fn score(
    (n_nodes, n_sums, n_splits): (usize, usize, usize),
    scoring: &Scoring,
    scratch: &mut Scratch,
    fill: impl Fn(usize, &mut [u64]),
    divide: impl Fn(&[u64], &mut [u64]),
) {
    scratch.gains.reset(n_splits, scoring.l2);
    scratch.whole.resize(n_sums, 0);
    scratch.side.resize(n_splits, 0);
    scratch
        .sides
        .iter_mut()
        .for_each(|sides| sides.resize(n_splits));
    let step = if scoring.is_ordered { 2 } else { 1 };
    for node in (0..n_nodes).step_by(step) {
        let mut is_empty = false;
        for part in 0..step {
            fill(node + part, &mut scratch.whole);
            let whole = &scratch.whole;
            let total = whole.iter().fold(0_u64, |sum, &x| sum.wrapping_add(x));
            if total == 0 {
                is_empty = true;
                break;
            }
            divide(whole, &mut scratch.side);
            scratch.sides[part].set(&scratch.side, total, scoring.units);
        }
        if !is_empty {
            let [body, tail] = &scratch.sides;
            let tail = if scoring.is_ordered { tail } else { body };
            scratch.gains.add(body, tail);
        }
    }
    scratch.gains.finish(scoring.function);
}

fn ordinal(
    n_nodes: usize,
    n_codes: usize,
    scoring: &Scoring,
    scratch: &mut Scratch,
    fill: impl Fn(usize, &mut [u64]),
) {
    let sizes = (n_nodes, n_codes, n_codes - 1);
    score(sizes, scoring, scratch, fill, |whole, side| {
        let mut sum = 0_u64;
        for (side, &more) in side.iter_mut().zip(whole) {
            sum = sum.wrapping_add(more);
            *side = sum;
        }
    });
}

/// One level against the rest, for every level of a narrow category.
fn levels(
    tracked: &Tracked,
    n_nodes: usize,
    narrow: &Narrow,
    scoring: &Scoring,
    scratch: &mut Scratch,
) {
    let n_levels = narrow.levels.len();
    let places: Vec<usize> = (0..tracked.n_codes)
        .map(|byte| narrow.place(byte))
        .collect();
    let fill = |node: usize, sums: &mut [u64]| {
        sums.fill(0);
        for (&sum, &place) in tracked.node(node).iter().zip(&places) {
            sums[place] = sums[place].wrapping_add(sum);
        }
    };
    let sizes = (n_nodes, n_levels + 1, n_levels);
    score(sizes, scoring, scratch, fill, |whole, side| {
        side.copy_from_slice(&whole[1..]);
    });
}
