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
) -> Vec<Found> {
    let mut found = Vec::new();
    match &tracked.source {
        Source::Number(_) => {
            let scores = ordinal(n_nodes, tracked.n_codes, scoring, |node, sums| {
                sums.copy_from_slice(tracked.node(node));
            });
            found.extend(best(&scores, scoring.noise, random, |border| {
                Question::Above(border as u32)
            }));
        }
        Source::Counter(_) => {
            let scores = ordinal(n_nodes, N_PARTS, scoring, |node, sums| {
                sums.copy_from_slice(tracked.node(node));
            });
            found.extend(best(&scores, scoring.noise, random, |border| {
                Question::Part {
                    kind: Kind::Counter,
                    border: border as u8,
                }
            }));
        }
        Source::Pack(pack) => {
            for (number, narrow) in data.narrow.iter().enumerate() {
                if narrow.pack != *pack as usize {
                    continue;
                }
                let scores = levels(tracked, n_nodes, narrow, scoring);
                found.extend(best(&scores, scoring.noise, random, |level| {
                    Question::Level {
                        narrow: number as u32,
                        level: level as u32,
                    }
                }));
            }
        }
        Source::Shares(_) => {
            let parts = &*PARTS;
            let n_known = 3 * N_PARTS;
            let mut by_prior = vec![0_u64; n_nodes * n_known];
            for (node, all) in by_prior.chunks_exact_mut(n_known).enumerate() {
                let (zero, rest) = all.split_at_mut(N_PARTS);
                let (half, one) = rest.split_at_mut(N_PARTS);
                for (&sum, parts) in tracked.node(node).iter().zip(parts) {
                    if sum != 0 {
                        for (sums, &part) in [&mut *zero, half, one].into_iter().zip(parts) {
                            let slot = &mut sums[usize::from(part)];
                            *slot = slot.wrapping_add(sum);
                        }
                    }
                }
            }
            for (prior, kind) in Kind::SHARES.into_iter().enumerate() {
                let scores = ordinal(n_nodes, N_PARTS, scoring, |node, sums| {
                    let start = node * n_known + prior * N_PARTS;
                    sums.copy_from_slice(&by_prior[start..start + N_PARTS]);
                });
                found.extend(best(&scores, scoring.noise, random, |border| {
                    Question::Part {
                        kind,
                        border: border as u8,
                    }
                }));
            }
        }
    }
    found
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

/// Numerators and denominators of scores, one per split.
struct Gains {
    function: ScoreFunction,
    l2: f64,
    numerators: Vec<f64>,
    denominators: Vec<f64>,
}

impl Gains {
    fn new(n_splits: usize, scoring: &Scoring) -> Self {
        Self {
            function: scoring.function,
            // Keeps an empty leaf without penalty from dividing 0 by 0.
            l2: scoring.l2 + 1e-30,
            numerators: vec![0.0; n_splits],
            denominators: vec![0.0; n_splits],
        }
    }

    /// Adds a leaf whose two sides come as lists of (gradient, weight), one entry per split. The
    /// value of a side comes from the body and is judged on the tail.
    fn add(&mut self, body: &Sides, tail: &Sides) {
        let l2 = self.l2;
        let sums = self.numerators.iter_mut().zip(&mut self.denominators);
        let body = body.gradients.iter().zip(&body.weights);
        let tail = tail.gradients.iter().zip(&tail.weights);
        for (((numerator, denominator), (gradient, weight)), (tail_gradient, tail_weight)) in
            sums.zip(body).zip(tail)
        {
            let value = gradient / (weight + l2);
            *numerator += value * tail_gradient;
            *denominator += value * value * tail_weight;
        }
    }

    fn scores(self) -> Vec<f64> {
        match self.function {
            ScoreFunction::L2 => self.numerators,
            ScoreFunction::Cosine => self
                .numerators
                .iter()
                .zip(&self.denominators)
                .map(|(numerator, denominator)| numerator / (denominator + 1e-100).sqrt())
                .collect(),
        }
    }
}

/// One side of every split in one leaf.
struct Sides {
    gradients: Vec<f64>,
    weights: Vec<f64>,
}

impl Sides {
    fn new(n_splits: usize) -> Self {
        Self {
            gradients: vec![0.0; n_splits],
            weights: vec![0.0; n_splits],
        }
    }

    fn set(&mut self, sums: &[u64], units: Units) {
        let slots = self.gradients.iter_mut().zip(&mut self.weights);
        for ((gradient, weight), &sum) in slots.zip(sums) {
            *gradient = units.gradient(sum);
            *weight = units.weight(sum);
        }
    }
}

/// Body and tail, each with its two sides.
struct Leaf {
    sides: [[Sides; 2]; 2],
    whole: Vec<u64>,
    side: Vec<u64>,
}

impl Leaf {
    fn new(n_sums: usize, n_splits: usize) -> Self {
        let both = || [Sides::new(n_splits), Sides::new(n_splits)];
        Self {
            sides: [both(), both()],
            whole: vec![0; n_sums],
            side: vec![0; n_splits],
        }
    }
}

/// Goes through all leaves: `fill` writes a node's sums, `divide` turns them into one side of
/// every split.
fn score(
    n_nodes: usize,
    n_sums: usize,
    n_splits: usize,
    scoring: &Scoring,
    fill: impl Fn(usize, &mut [u64]),
    divide: impl Fn(&[u64], &mut [u64]),
) -> Vec<f64> {
    let mut gains = Gains::new(n_splits, scoring);
    let mut leaf = Leaf::new(n_sums, n_splits);
    let step = if scoring.is_ordered { 2 } else { 1 };
    for node in (0..n_nodes).step_by(step) {
        let mut is_empty = false;
        for part in 0..step {
            fill(node + part, &mut leaf.whole);
            let total = leaf.whole.iter().fold(0_u64, |sum, &x| sum.wrapping_add(x));
            is_empty |= total == 0;
            divide(&leaf.whole, &mut leaf.side);
            leaf.sides[part][0].set(&leaf.side, scoring.units);
            for side in &mut leaf.side {
                *side = total.wrapping_sub(*side);
            }
            leaf.sides[part][1].set(&leaf.side, scoring.units);
        }
        if !is_empty {
            let [body, tail] = &leaf.sides;
            let tail = if scoring.is_ordered { tail } else { body };
            gains.add(&body[0], &tail[0]);
            gains.add(&body[1], &tail[1]);
        }
    }
    gains.scores()
}

fn ordinal(
    n_nodes: usize,
    n_codes: usize,
    scoring: &Scoring,
    fill: impl Fn(usize, &mut [u64]),
) -> Vec<f64> {
    score(
        n_nodes,
        n_codes,
        n_codes - 1,
        scoring,
        fill,
        |whole, side| {
            let mut sum = 0_u64;
            for (side, &more) in side.iter_mut().zip(whole) {
                sum = sum.wrapping_add(more);
                *side = sum;
            }
        },
    )
}

/// One level against the rest, for every level of a narrow category.
fn levels(tracked: &Tracked, n_nodes: usize, narrow: &Narrow, scoring: &Scoring) -> Vec<f64> {
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
    score(
        n_nodes,
        n_levels + 1,
        n_levels,
        scoring,
        fill,
        |whole, side| {
            side.copy_from_slice(&whole[1..]);
        },
    )
}
