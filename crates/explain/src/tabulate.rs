//! The numbers of every cell of a part.

use crate::leaf::LeafGame;
use crate::parts::Part;
use crate::paths::{Step, for_each_leaf};
use crate::shape::Shape;
use crate::view::{Kind, View};

/// How many background rows fall into each cell of a part, and how many there are.
#[derive(Debug, Clone, Copy)]
pub(crate) struct CellCounts<'a> {
    pub(crate) counts: &'a [u32],
    pub(crate) n_rows: usize,
}

/// The numbers of all cells of a part, one per entry of `all_places`, which are those of
/// [`crate::tables::places`]. Without `background` the shares of training cover stand in for what is not known.
pub(crate) fn tabulate(
    part: &Part,
    shape: &Shape,
    view: &View,
    all_places: &[u32],
    background: Option<CellCounts<'_>>,
    game: &mut LeafGame,
) -> Vec<f64> {
    let column = |slot: u32| shape.columns[slot as usize];
    let n_places = all_places.len();
    // Nothing is added without a leaf: plus -0 keeps every bit, plus 0 does not.
    let mut values = vec![-0.0; part.n_cells * n_places];
    let (mut patterns, mut counts, mut targets) = (Vec::new(), Vec::new(), Vec::new());
    for_each_leaf(shape, part.node, &part.steps, &mut |value, steps| {
        patterns_into(part, steps, &mut patterns);
        match background {
            None => game.set_shares(steps.iter().map(|step| step.share)),
            Some(background) => {
                counts.clear();
                counts.resize(1 << steps.len(), 0_u64);
                for (&pattern, &count) in patterns.iter().zip(background.counts) {
                    counts[usize::from(pattern)] += u64::from(count);
                }
                game.set_counts(steps.len(), &counts, background.n_rows);
            }
        }
        match view.kind {
            Kind::Values => game.contributions(value),
            Kind::Pairs => game.interactions(value),
        }
        targets.clear();
        let place = |place: u32| all_places.binary_search(&place).ok();
        match view.kind {
            Kind::Values => targets.extend(
                steps
                    .iter()
                    .map(|step| place(view.groups[column(step.slot) as usize] + 1)),
            ),
            Kind::Pairs => {
                for (index, other) in steps.iter().enumerate() {
                    let pair = |one: &Step| view.pair(column(one.slot), column(other.slot));
                    targets.extend(steps[..index].iter().map(|one| pair(one).and_then(place)));
                }
            }
        }
        let reached = (1_usize << steps.len()) - 1;
        for (&pattern, cell) in patterns
            .iter()
            .zip(values.chunks_exact_mut(n_places.max(1)))
        {
            let pattern = usize::from(pattern);
            if view.kind == Kind::Values && pattern == reached {
                cell[0] = value;
            }
            let from_leaf = game.values.iter().skip(pattern * targets.len());
            for (target, value) in targets.iter().zip(from_leaf) {
                if let Some(target) = *target {
                    cell[target] += value;
                }
            }
        }
    });
    values
}

/// By cell the steps of a leaf that its rows satisfy, as bits.
fn patterns_into(part: &Part, steps: &[Step], patterns: &mut Vec<u16>) {
    patterns.clear();
    // A tabulated leaf has at most 12 steps: every step at least doubles the cells.
    patterns.push(u16::try_from((1_usize << steps.len()) - 1).unwrap_or(u16::MAX));
    for outcomes in &part.outcomes {
        let n_before = patterns.len();
        let range = |step: &Step| {
            let mut ranges = step.ranges.iter();
            ranges
                .find(|range| range.plane == outcomes.range.plane)
                .copied()
        };
        let asked: Vec<_> = (0..)
            .zip(steps)
            .filter_map(|(bit, step)| Some((bit, range(step)?)))
            .collect();
        let kept = |outcome: usize| {
            asked.iter().fold(u16::MAX, |kept, (bit, range)| {
                let satisfies = outcomes
                    .ranks(outcome)
                    .is_some_and(|(low, high)| range.low <= low && high <= range.high);
                if satisfies { kept } else { kept & !(1 << bit) }
            })
        };
        let first = kept(0);
        for outcome in 1..outcomes.len() {
            let kept = kept(outcome);
            for cell in 0..n_before {
                patterns.push(patterns[cell] & kept);
            }
        }
        for pattern in &mut patterns[..n_before] {
            *pattern &= first;
        }
    }
}
