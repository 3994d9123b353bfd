//! How many customers are at risk, where they are, and what that is worth.

use std::collections::BTreeMap;

use churn_registry::Model;
use churn_retention::RiskLevel;
use churn_schema::ColumnKind;
use churn_store::{Database, Timestamp};
use serde::Serialize;
use serde_json::{Map, Value};

use super::each;
use super::tally::{Histogram, HistogramBin, Level, Tally};
use crate::{Error, Scorer};

/// Most levels a column may have to be shown as segments.
const MOST_LEVELS: usize = 24;
/// Bands a number is cut into for cohorts.
const BANDS: usize = 6;
/// Customers without a value.
const MISSING: &str = "(missing)";

/// The base in figures.
#[derive(Debug, Clone, PartialEq)]
pub struct Overview {
    /// Name of the data set.
    pub dataset: String,
    /// Customers known.
    pub n_customers: u64,
    /// When the first of them was scored, and the last; `None` without customers.
    pub scored: Option<(Timestamp, Timestamp)>,
    /// Mean calibrated probability of leaving, 0..=1.
    pub mean_probability: f64,
    /// Sum of the probabilities.
    pub expected_leavers: f64,
    /// Sum of probability × value, major units of the playbook's currency.
    pub value_at_risk: f64,
    /// By risk level, the highest at the front.
    pub by_risk: Vec<Risk>,
    /// Customers by probability, in equal ranges.
    pub histogram: Vec<HistogramBin>,
    /// By the levels of each category, the column that tells most at the front.
    pub segments: Vec<Segments>,
    /// The most telling number crossed with the most telling category.
    pub cohorts: Option<Cohorts>,
}

/// The customers of a risk level.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Risk {
    /// `HIGH`, `MEDIUM` or `LOW`.
    pub level: &'static str,
    /// How many.
    pub n: u64,
    /// Sum of their probabilities.
    pub expected_leavers: f64,
    /// Sum of probability × value, major units.
    pub value_at_risk: f64,
}

/// The levels of a column.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Segments {
    /// The column.
    pub column: String,
    /// Words for it.
    pub label: String,
    /// Highest less lowest mean probability of its levels.
    pub spread: f64,
    /// The riskiest at the front.
    pub levels: Vec<Level>,
}

/// A number in bands crossed with a category.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Cohorts {
    /// Words for the number.
    pub rows: String,
    /// Words for the category.
    pub columns: String,
    /// The bands, lowest at the front.
    pub row_levels: Vec<String>,
    /// The levels.
    pub column_levels: Vec<String>,
    /// Cells that have customers.
    pub cells: Vec<CohortCell>,
}

/// A cell of [`Cohorts`].
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct CohortCell {
    /// Index of the band.
    pub row: usize,
    /// Index of the level.
    pub column: usize,
    /// Customers.
    pub n: u64,
    /// Their mean probability.
    pub mean_probability: f64,
}

/// Counts the base in one pass.
///
/// # Errors
/// The database does not answer.
pub fn overview(database: &Database, scorer: &Scorer) -> Result<Overview, Error> {
    let mut count = Count::new(scorer);
    let dataset = &scorer.model().spec.name;
    each(database, dataset, u64::MAX, |customer| {
        let record: Map<String, Value> = serde_json::from_str(&customer.record).unwrap_or_default();
        count.add(&record, customer.probability, customer.scored_at);
        Ok(())
    })?;
    Ok(count.finish(dataset))
}

/// A category being counted.
struct Column<'a> {
    name: &'a str,
    label: &'a str,
    levels: BTreeMap<String, Tally>,
}

/// The number whose bands are the rows of the cohorts.
struct Bands<'a> {
    name: &'a str,
    label: &'a str,
    /// Lower ends of the bands but the first.
    cuts: Vec<f64>,
    is_whole: bool,
}

struct Count<'a> {
    scorer: &'a Scorer,
    all: Tally,
    by_risk: BTreeMap<&'static str, Tally>,
    scored: Option<(Timestamp, Timestamp)>,
    histogram: Histogram,
    columns: Vec<Column<'a>>,
    bands: Option<Bands<'a>>,
    cells: BTreeMap<(usize, String), Tally>,
}

impl<'a> Count<'a> {
    fn new(scorer: &'a Scorer) -> Self {
        let model = scorer.model();
        let categories = by_importance(model, |kind| kind == ColumnKind::Category);
        let columns = categories.into_iter().map(|(name, label)| Column {
            name,
            label,
            levels: BTreeMap::new(),
        });
        Self {
            scorer,
            all: Tally::default(),
            by_risk: BTreeMap::new(),
            scored: None,
            histogram: Histogram::new(),
            columns: columns.collect(),
            bands: bands(model),
            cells: BTreeMap::new(),
        }
    }

    fn add(&mut self, record: &Map<String, Value>, probability: f64, at: Timestamp) {
        let (spec, playbook) = (&self.scorer.model().spec, self.scorer.playbook());
        let revenue = spec.revenue().and_then(|column| record.get(&column.name));
        let value = playbook.value_inputs().compute(revenue.and_then(number));
        let value = value.map_or(0.0, |value| value.to_major());
        let level = playbook.risk_level(probability);
        let is_high = level == RiskLevel::High;
        self.all.add(probability, value, is_high);
        let risk = self.by_risk.entry(level.name()).or_default();
        risk.add(probability, value, is_high);
        self.histogram.add(probability);
        self.scored = Some(match self.scored {
            None => (at, at),
            Some((first, last)) => (first.min(at), last.max(at)),
        });
        for column in &mut self.columns {
            if column.levels.len() > MOST_LEVELS {
                continue;
            }
            let level = level_of(record.get(column.name));
            let tally = column.levels.entry(level).or_default();
            tally.add(probability, value, is_high);
        }
        if let (Some(bands), Some(column)) = (&self.bands, self.columns.first())
            && let Some(own) = record.get(bands.name).and_then(number)
        {
            let band = bands.cuts.partition_point(|&cut| cut <= own);
            let level = level_of(record.get(column.name));
            let cell = self.cells.entry((band, level)).or_default();
            cell.add(probability, value, is_high);
        }
    }

    fn finish(self, dataset: &str) -> Overview {
        let cohorts = self.cohorts();
        let levels = [RiskLevel::High, RiskLevel::Medium, RiskLevel::Low];
        let by_risk = levels.map(|level| {
            let tally = self.by_risk.get(level.name()).cloned().unwrap_or_default();
            Risk {
                level: level.name(),
                n: tally.n,
                expected_leavers: tally.probability,
                value_at_risk: tally.value,
            }
        });
        Overview {
            dataset: dataset.to_owned(),
            n_customers: self.all.n,
            scored: self.scored,
            mean_probability: self.all.mean(),
            expected_leavers: self.all.probability,
            value_at_risk: self.all.value,
            by_risk: by_risk.into(),
            histogram: self.histogram.bins(),
            segments: segments(self.columns),
            cohorts,
        }
    }

    fn cohorts(&self) -> Option<Cohorts> {
        let (bands, column) = (self.bands.as_ref()?, self.columns.first()?);
        if self.cells.is_empty() || column.levels.len() > MOST_LEVELS {
            return None;
        }
        let column_levels: Vec<String> = column.levels.keys().cloned().collect();
        let cells = self.cells.iter().filter_map(|((row, level), tally)| {
            Some(CohortCell {
                row: *row,
                column: column_levels.iter().position(|it| it == level)?,
                n: tally.n,
                mean_probability: tally.mean(),
            })
        });
        Some(Cohorts {
            rows: bands.label.to_owned(),
            columns: column.label.to_owned(),
            row_levels: bands.names(),
            cells: cells.collect(),
            column_levels,
        })
    }
}

fn segments(columns: Vec<Column<'_>>) -> Vec<Segments> {
    let shown = columns
        .into_iter()
        .filter(|column| (2..=MOST_LEVELS).contains(&column.levels.len()));
    let mut segments: Vec<Segments> = shown
        .map(|column| {
            let tallies = column.levels.into_iter();
            let mut levels: Vec<Level> = tallies.map(|(name, tally)| tally.level(name)).collect();
            levels.sort_by(|a, b| b.mean_probability.total_cmp(&a.mean_probability));
            let ends = levels.first().zip(levels.last());
            Segments {
                column: column.name.to_owned(),
                label: column.label.to_owned(),
                spread: ends.map_or(0.0, |(a, b)| a.mean_probability - b.mean_probability),
                levels,
            }
        })
        .collect();
    segments.sort_by(|a, b| b.spread.total_cmp(&a.spread));
    segments
}

impl Bands<'_> {
    fn names(&self) -> Vec<String> {
        let show = |number: f64| {
            let digits = usize::from(!self.is_whole);
            format!("{number:.digits$}")
        };
        (0..=self.cuts.len())
            .map(|place| match (place.checked_sub(1), self.cuts.get(place)) {
                (None, Some(&high)) => format!("under {}", show(high)),
                (Some(before), Some(&high)) => {
                    format!("{} to {}", show(self.cuts[before]), show(high))
                }
                (Some(before), None) => format!("{} and more", show(self.cuts[before])),
                (None, None) => "all".to_owned(),
            })
            .collect()
    }
}

/// The most telling number, in equal bands of what is usual in training.
fn bands(model: &Model) -> Option<Bands<'_>> {
    let numbers = by_importance(model, |kind| {
        matches!(kind, ColumnKind::Integer | ColumnKind::Number)
    });
    numbers.into_iter().find_map(|(name, label)| {
        let usual = model.card.figures.usual.get(name)?;
        let is_whole = model.spec.column(name)?.kind == ColumnKind::Integer;
        let mut width = (usual.high - usual.low) / BANDS as f64;
        if is_whole {
            width = width.ceil();
        }
        let cuts = (1..BANDS).map(|place| usual.low + width * place as f64);
        (width > 0.0).then(|| Bands {
            name,
            label,
            cuts: cuts.collect(),
            is_whole,
        })
    })
}

/// Features of a kind that may be shown, the most important in training at the front.
fn by_importance(model: &Model, is_wanted: impl Fn(ColumnKind) -> bool) -> Vec<(&str, &str)> {
    let importance = |name: &str| {
        let known = model.card.figures.importances.as_ref();
        let known = known.and_then(|it| it.features.iter().find(|it| it.feature == name));
        known.map_or(0.0, |found| found.share)
    };
    let mut columns: Vec<_> = model
        .spec
        .features()
        .filter(|column| is_wanted(column.kind))
        .map(|column| (column.name.as_str(), column.label()))
        .collect();
    columns.sort_by(|a, b| importance(b.0).total_cmp(&importance(a.0)));
    columns
}

fn level_of(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => MISSING.to_owned(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    }
}

fn number(value: &Value) -> Option<f64> {
    match value {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}
