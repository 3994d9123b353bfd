//! What moves the predictions of a whole base, or of a segment of it.
//!
//! [`explain_globally`] streams a file of any size through a model. Means are exact sums over all
//! rows; single rows are kept only in a sample of fixed size, and the strongest of each column
//! beside it, so that memory does not depend on the number of rows and no tail is hidden.

mod dependence;
mod effects;
mod part;
mod report;
mod sample;

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use churn_retention::Segment;
use churn_schema::{DatasetSpec, ReadOptions, open_table};

pub use dependence::{Dependence, DependencePoint, Partner};
pub use effects::Effect;
pub use report::{Dot, GlobalFeature, GlobalReport, InteractionMatrix};

use crate::{Error, Scorer, stream::stream};
use part::Part;
pub(crate) use sample::rank_of;
use sample::{Sample, SampledRow};

/// What a global view is made of.
#[derive(Clone)]
pub struct GlobalParams {
    /// Only customers of this segment; `None` for all.
    pub segment: Option<Segment>,
    /// Customers kept one by one, for swarms, dependence and interactions. Default 2,000.
    pub n_sample: usize,
    /// Most dots of a column's swarm, the strongest on either side among them. Default 300.
    pub n_dots: usize,
    /// Customers of the sample whose interactions are worked out; 0 for none. Default 0.
    pub n_interactions: usize,
}

impl Default for GlobalParams {
    fn default() -> Self {
        Self {
            segment: None,
            n_sample: 2000,
            n_dots: 300,
            n_interactions: 0,
        }
    }
}

/// Everything known of a base: sums over all rows, and the rows of the sample.
pub struct GlobalView<'a> {
    scorer: &'a Scorer,
    segment: Option<String>,
    n_dots: usize,
    total: Part,
    sample: Sample,
    interactions: Option<InteractionMatrix>,
}

/// Explains every row of `path` that belongs to the segment. `progress` is told the number of rows
/// read. The same rows give the same view at any number of threads. Needs a scorer made with reasons.
///
/// # Errors
/// [`Error::Data`] when the file can't be read, [`Error::EmptySegment`] when no row is left, and as
/// [`Scorer::explain`].
pub fn explain_globally<'a>(
    scorer: &'a Scorer,
    path: &Path,
    params: &GlobalParams,
    progress: &mut dyn FnMut(u64),
) -> Result<GlobalView<'a>, Error> {
    explain_read(scorer, scorer.model().spec.clone(), path, params, progress)
}

/// [`explain_globally`] of a file that is written in `spec`'s way.
pub(crate) fn explain_read<'a>(
    scorer: &'a Scorer,
    spec: DatasetSpec,
    path: &Path,
    params: &GlobalParams,
    progress: &mut dyn FnMut(u64),
) -> Result<GlobalView<'a>, Error> {
    let mut reader = open_table(path, &Arc::new(spec), &ReadOptions::score())?;
    let mut total = Part::new(scorer);
    let mut sample = Sample::new(params.n_sample);
    // Rows above it are in no sample whatever comes; knowing that saves making their texts.
    let bound = AtomicU64::new(u64::MAX);
    let segment = params.segment.as_ref();
    stream(
        &mut reader,
        |chunk| {
            let most = bound.load(Ordering::Relaxed);
            Part::of_chunk(scorer, chunk, segment, params.n_sample, most)
        },
        |(part, rows)| {
            total.join(&part);
            sample.extend(rows);
            bound.store(sample.bound(), Ordering::Relaxed);
            progress(total.n_read());
            Ok(())
        },
    )?;
    if total.n_rows == 0 {
        return Err(Error::EmptySegment {
            path: path.to_owned(),
            segment: segment.map(|segment| segment.text().to_owned()),
            n_read: total.n_read(),
        });
    }
    let rows = sample.rows();
    let n_interactions = params.n_interactions.min(rows.len());
    let interactions = match n_interactions {
        0 => None,
        n => Some(InteractionMatrix::new(scorer, &rows[..n])?),
    };
    Ok(GlobalView {
        scorer,
        segment: segment.map(|segment| segment.text().to_owned()),
        n_dots: params.n_dots,
        total,
        sample,
        interactions,
    })
}

impl GlobalView<'_> {
    /// The rows of the sample, in an order that is random but always the same.
    fn rows(&self) -> &[SampledRow] {
        self.sample.rows()
    }

    /// Index of a group by its column or derived feature.
    fn group(&self, feature: &str) -> Result<usize, Error> {
        let groups = &self.scorer.model().plan.groups;
        let place = groups.iter().position(|group| group.name == feature);
        place.ok_or_else(|| Error::UnknownFeature {
            feature: feature.to_owned(),
            known: groups.iter().map(|group| group.name.clone()).collect(),
        })
    }
}
