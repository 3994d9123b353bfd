//! Sums over some rows, and the rows that may be in the sample.

use std::collections::BTreeMap;

use churn_features::{FittedFeature, Source};
use churn_retention::{Customer, Segment};
use churn_schema::{Chunk, DerivedSpec, Table};

use super::{
    effects::LevelSum,
    sample::{SampledRow, rank_of},
};
use crate::{Error, Scorer, customer::PlaybookColumns, scores::Why};

/// Levels of one column that are told apart; further ones share `(other)`.
const MAX_LEVELS: usize = 64;
/// Strongest contributions of each sign kept for each column.
pub(crate) const N_TAIL: usize = 10;

/// Sums over the rows of a file or of a chunk.
#[derive(Debug, Clone, Default)]
pub(crate) struct Part {
    /// Rows of the segment.
    pub(crate) n_rows: u64,
    pub(crate) n_outside: u64,
    /// Rows for which the segment's rule could not be worked out.
    pub(crate) n_undecided: u64,
    pub(crate) n_rejected: u64,
    pub(crate) sum_probability: f64,
    pub(crate) groups: Vec<GroupSums>,
}

/// Sums over one column.
#[derive(Debug, Clone, Default)]
pub(crate) struct GroupSums {
    pub(crate) abs_shap: f64,
    pub(crate) shap: f64,
    pub(crate) abs_points: f64,
    pub(crate) points: f64,
    /// By level, for categories; `None` is no value.
    pub(crate) levels: BTreeMap<Option<String>, LevelSum>,
    /// Lowest and highest contributions, strongest first.
    pub(crate) tails: [Vec<TailRow>; 2],
}

/// A row at the end of a column's swarm.
#[derive(Debug, Clone)]
pub(crate) struct TailRow {
    pub(crate) rank: u64,
    pub(crate) shap: f64,
    pub(crate) points: f64,
    pub(crate) text: Option<String>,
    pub(crate) number: f64,
}

impl Part {
    pub(crate) fn new(scorer: &Scorer) -> Self {
        Self {
            groups: vec![GroupSums::default(); scorer.model().plan.groups.len()],
            ..Self::default()
        }
    }

    pub(crate) fn n_read(&self) -> u64 {
        self.n_rows + self.n_outside + self.n_undecided + self.n_rejected
    }

    /// The sums of a chunk, and its rows that rank below `bound`, at most `n_sample`.
    pub(crate) fn of_chunk(
        scorer: &Scorer,
        chunk: &Chunk,
        segment: Option<&Segment>,
        n_sample: usize,
        bound: u64,
    ) -> Result<(Self, Vec<SampledRow>), Error> {
        let parsed = chunk.parse();
        let mut part = Self::new(scorer);
        part.n_rejected = parsed.rejected.len() as u64;
        let table = match segment {
            None => parsed.table,
            Some(segment) => part.members(scorer, &parsed.table, segment)?,
        };
        let scores = scorer.scores(&table)?;
        let why = scores.why.as_ref().ok_or(Error::Unexplained)?;
        let is_category = is_category(scorer);
        let (mut ranks, mut text) = (Vec::new(), String::new());
        for (row, &probability) in scores.probabilities.iter().enumerate() {
            part.n_rows += 1;
            part.sum_probability += probability;
            let rank = rank_of(table.row_number(row));
            if rank < bound {
                ranks.push((rank, row));
            }
            let per_unit =
                scorer.points_per_unit(why.explanation.base, why.explanation.margins[row]);
            for (group, &shap) in why.explanation.row(row).iter().enumerate() {
                let sums = &mut part.groups[group];
                let points = shap * per_unit;
                sums.abs_shap += shap.abs();
                sums.shap += shap;
                sums.abs_points += points.abs();
                sums.points += points;
                if is_category[group] {
                    text.clear();
                    let level = why
                        .texts
                        .write(group, row, &mut text)
                        .then_some(text.as_str());
                    sums.add_level(level, shap, points);
                }
                sums.offer_tail(rank, shap, || TailRow {
                    rank,
                    shap,
                    points,
                    text: why.texts.text(group, row),
                    number: why.texts.number(group, row).unwrap_or(f64::NAN),
                });
            }
        }
        ranks.sort_unstable();
        ranks.truncate(n_sample);
        if ranks.is_empty() {
            return Ok((part, Vec::new()));
        }
        let matrix = scorer.model().plan.transform(&table)?;
        let keep = |(rank, row)| sampled(scorer, why, matrix.row(row), rank, row);
        let rows = ranks.into_iter().map(keep).collect();
        Ok((part, rows))
    }

    /// The rows of a table that belong to a segment; counts the others.
    fn members(
        &mut self,
        scorer: &Scorer,
        table: &Table,
        segment: &Segment,
    ) -> Result<Table, Error> {
        let columns = PlaybookColumns::new(table, segment.columns());
        let mut members = Vec::new();
        for (row, probability) in scorer.probabilities(table)?.into_iter().enumerate() {
            let holds = segment.holds(&Customer {
                values: &columns.row(row),
                probability,
                monthly_revenue: columns.revenue(row),
                reasons: &[],
            });
            match holds {
                Ok(true) => members.push(row),
                Ok(false) => self.n_outside += 1,
                Err(_) => self.n_undecided += 1,
            }
        }
        Ok(table.select(&members))
    }

    /// Adds the rows that follow.
    pub(crate) fn join(&mut self, part: &Self) {
        self.n_rows += part.n_rows;
        self.n_outside += part.n_outside;
        self.n_undecided += part.n_undecided;
        self.n_rejected += part.n_rejected;
        self.sum_probability += part.sum_probability;
        for (sums, other) in self.groups.iter_mut().zip(&part.groups) {
            sums.join(other);
        }
    }
}

fn sampled(scorer: &Scorer, why: &Why<'_>, matrix: &[f32], rank: u64, row: usize) -> SampledRow {
    let (explanation, n_groups) = (&why.explanation, why.explanation.n_groups);
    SampledRow {
        rank,
        shap: explanation.row(row).to_vec(),
        points_per_unit: scorer.points_per_unit(explanation.base, explanation.margins[row]),
        texts: (0..n_groups)
            .map(|group| why.texts.text(group, row))
            .collect(),
        numbers: (0..n_groups)
            .map(|group| why.texts.number(group, row).unwrap_or(f64::NAN))
            .collect(),
        matrix: matrix.to_vec(),
    }
}

/// Which groups are told level by level: category columns.
fn is_category(scorer: &Scorer) -> Vec<bool> {
    let model = scorer.model();
    let is_category = |feature: &FittedFeature| match &feature.source {
        Source::Column(name) => {
            let column = model.spec.column(name);
            column.is_some_and(|column| column.kind == churn_schema::ColumnKind::Category)
        }
        Source::Derived(derived) => matches!(
            derived,
            DerivedSpec::Bucket { .. } | DerivedSpec::Cross { .. }
        ),
    };
    model.plan.features.iter().map(is_category).collect()
}

impl GroupSums {
    fn add_level(&mut self, level: Option<&str>, shap: f64, points: f64) {
        // The owned key is made for a level's first row only.
        let known = self
            .levels
            .iter_mut()
            .find(|(known, _)| known.as_deref() == level);
        if let Some((_, sum)) = known {
            sum.add(shap, points);
            return;
        }
        let key = if self.levels.len() < MAX_LEVELS {
            level.map(str::to_owned)
        } else {
            Some("(other)".to_owned())
        };
        self.levels.entry(key).or_default().add(shap, points);
    }

    /// Keeps a row when it is among the strongest of its sign; of equal ones the smaller rank.
    fn offer_tail(&mut self, rank: u64, shap: f64, make: impl FnOnce() -> TailRow) {
        let tail = match shap.partial_cmp(&0.0) {
            Some(std::cmp::Ordering::Less) => &mut self.tails[0],
            Some(std::cmp::Ordering::Greater) => &mut self.tails[1],
            _ => return,
        };
        let is_before = |row: &TailRow| {
            let order = row.shap.abs().total_cmp(&shap.abs()).reverse();
            order.then(row.rank.cmp(&rank)).is_lt()
        };
        if tail.len() == N_TAIL && tail.last().is_some_and(is_before) {
            return;
        }
        let place = tail.partition_point(is_before);
        tail.insert(place, make());
        tail.truncate(N_TAIL);
    }

    fn join(&mut self, other: &Self) {
        self.abs_shap += other.abs_shap;
        self.shap += other.shap;
        self.abs_points += other.abs_points;
        self.points += other.points;
        for (level, sum) in &other.levels {
            let is_known = self.levels.contains_key(level) || self.levels.len() < MAX_LEVELS;
            let key = if is_known {
                level.clone()
            } else {
                Some("(other)".to_owned())
            };
            self.levels.entry(key).or_default().join(sum);
        }
        for row in other.tails.iter().flatten() {
            self.offer_tail(row.rank, row.shap, || row.clone());
        }
    }
}
