//! The contributions of every row of a file: streamed, parallel, in order, in constant memory.

use std::{path::PathBuf, sync::Arc};

use churn_schema::{Chunk, ReadOptions, RejectedRow, open_table};
use churn_store::is_same_file;
use serde::Serialize;

use crate::{
    Error, OutputFormat, Scorer,
    output::{Encoded, ExplainedLayout, OutputFile, encode_explained, explained_head},
    rejects::{RejectFile, refuse_quarantine},
    stream::stream,
};

/// Where a file is explained from and to.
#[derive(Debug, Clone)]
pub struct ExplainFileParams {
    /// CSV (plain or gzip) or Parquet.
    pub input: PathBuf,
    /// Written when complete; its ending says CSV, Parquet or JSON lines.
    pub output: PathBuf,
    /// Where refused rows go; made only when there are any.
    pub rejected: PathBuf,
}

/// What came of explaining a file.
#[derive(Debug, Clone, Serialize)]
pub struct ExplainFileReport {
    /// Rows read.
    pub n_rows: u64,
    /// Rows explained.
    pub n_explained: u64,
    /// Rows refused.
    pub n_rejected: u64,
    /// The quarantine file, when rows were refused.
    pub rejected: Option<PathBuf>,
    /// The explained file.
    pub output: PathBuf,
    /// The version that was explained.
    pub model_version: String,
    /// Original columns and derived features, in the order of the file's columns.
    pub feature_names: Vec<String>,
    /// Expected margin.
    pub base_value: f64,
}

/// Writes the contributions of every row of `params.input` to `params.output`.
///
/// Bad rows go to the quarantine file with their reasons. `progress` is told the number of rows
/// done. Needs a scorer made with reasons.
///
/// # Errors
/// As [`crate::score_file`], and as [`Scorer::explain`].
pub fn explain_file(
    scorer: &Scorer,
    params: &ExplainFileParams,
    progress: &mut dyn FnMut(u64),
) -> Result<ExplainFileReport, Error> {
    if is_same_file(&params.input, &params.output) {
        return Err(Error::OutputIsInput {
            path: params.output.clone(),
        });
    }
    for (path, what) in [(&params.input, "input"), (&params.output, "output")] {
        refuse_quarantine(&params.rejected, path, what)?;
    }
    let explainer = scorer.explainer().ok_or(Error::Unexplained)?;
    let model = scorer.model();
    let spec = Arc::new(model.spec.clone());
    let mut reader = open_table(&params.input, &spec, &ReadOptions::score())?;
    let layout = ExplainedLayout::new(scorer);
    let format = OutputFormat::of(&params.output);
    let mut output = OutputFile::create(&params.output, explained_head(format, &layout))?;
    let mut rejects = RejectFile::new(&params.rejected);
    let (mut n_explained, mut n_rejected) = (0, 0);
    stream(
        &mut reader,
        |chunk| explain_chunk(scorer, chunk, format, &layout),
        |(encoded, n_rows, rejected)| {
            n_explained += n_rows;
            n_rejected += rejected.len() as u64;
            rejects.append(&rejected)?;
            output.append(encoded)?;
            progress(n_explained + n_rejected);
            Ok(())
        },
    )?;
    // The explained file comes last: when it is there, so are the refused rows.
    let rejected = rejects.finish()?;
    output.finish()?;
    Ok(ExplainFileReport {
        n_rows: n_explained + n_rejected,
        n_explained,
        n_rejected,
        rejected,
        output: params.output.clone(),
        model_version: scorer.version().to_owned(),
        feature_names: model
            .plan
            .groups
            .iter()
            .map(|group| group.name.clone())
            .collect(),
        base_value: explainer.base(),
    })
}

fn explain_chunk(
    scorer: &Scorer,
    chunk: &Chunk,
    format: OutputFormat,
    layout: &ExplainedLayout,
) -> Result<(Encoded, u64, Vec<RejectedRow>), Error> {
    let parsed = chunk.parse();
    let scores = scorer.scores(&parsed.table)?;
    let encoded = encode_explained(format, layout, &scores)?;
    Ok((encoded, scores.n_rows() as u64, parsed.rejected))
}
