//! Scoring a whole file: streamed, parallel, in order, in constant memory.

use std::{
    collections::BTreeMap,
    ops::ControlFlow,
    path::{Path, PathBuf},
    sync::Arc,
};

use arrow_array::{Array, ArrayRef};
use churn_retention::{CampaignEfficiency, Saving};
use churn_schema::{
    Chunk, Currency, DatasetSpec, Fault, FaultCode, ReadOptions, RejectedRow, Role, Severity,
    Table, open_table,
};
use churn_store::is_same_file;
use serde::Serialize;

use crate::{
    Error, OutputFormat, ScoredRow, Scorer,
    output::{self, Encoded, Layout, OutputFile},
    rejects::{RejectFile, refuse_quarantine},
    stream::stream,
    summary::Summary,
};

/// Where a file is scored from and to.
#[derive(Debug, Clone)]
pub struct ScoreFileParams {
    /// CSV (plain or gzip) or Parquet.
    pub input: PathBuf,
    /// Written when complete; its ending says CSV or Parquet.
    pub output: PathBuf,
    /// Where refused rows go; made only when there are any.
    pub rejected: PathBuf,
    /// Whether `probability_low` and `probability_high` are written; empty for a model without
    /// intervals.
    pub with_intervals: bool,
    /// How many of the most valuable customers to keep for the report.
    pub n_top: usize,
    /// Largest share of refused rows, 0..=1, that is put up with; `None` for no limit. Above it no
    /// scored file appears; the refused rows are written all the same.
    pub max_rejected_share: Option<f64>,
}

/// What came of scoring a file.
#[derive(Debug, Clone, Serialize)]
pub struct ScoreReport {
    /// Rows read.
    pub n_rows: u64,
    /// Rows scored.
    pub n_scored: u64,
    /// Rows refused.
    pub n_rejected: u64,
    /// The quarantine file, when rows were refused.
    pub rejected: Option<PathBuf>,
    /// The scored file.
    pub output: PathBuf,
    /// The version that scored.
    pub model_version: String,
    /// Customers by risk level.
    pub by_risk: BTreeMap<String, u64>,
    /// Customers by best offer; "do nothing" among them.
    pub by_offer: BTreeMap<String, u64>,
    /// Warnings and refusals counted by kind and column.
    pub faults: BTreeMap<String, u64>,
    /// The first fault of each kind and column, as a sentence.
    pub examples: Vec<String>,
    /// Playbook rules that could not be worked out.
    pub playbook_faults: u64,
    /// Sum of the probabilities: how many are expected to leave.
    pub expected_leavers: f64,
    /// What making each customer their best offer is expected to bring, with its inputs.
    pub saving: Option<Saving>,
    /// Wasted offers avoided against contacting everybody, with the inputs.
    pub efficiency: Option<CampaignEfficiency>,
    /// The customers with the most valuable offers (without offers: most likely to leave).
    pub top: Vec<ScoredRow>,
}

/// Scores `params.input` into `params.output`.
///
/// Bad rows go to the quarantine file with their reasons and never stop the rest. `progress` is
/// told the number of rows done.
///
/// # Errors
/// [`Error::Data`] when the file can't be read or lacks a column the model needs,
/// [`Error::TooManyRejected`] when more rows were refused than `params` put up with,
/// [`Error::Write`] when the output can't be written; then no output appears.
pub fn score_file(
    scorer: &Scorer,
    params: &ScoreFileParams,
    progress: &mut dyn FnMut(u64),
) -> Result<ScoreReport, Error> {
    score_file_for(scorer, params, &mut Telling(progress))
}

/// Somebody who follows the scoring of a file.
pub trait Onlooker {
    /// So many rows are done; may end the work.
    fn done(&mut self, n_rows: u64) -> ControlFlow<()>;
    /// Whether [`rows`](Self::rows) is wanted; making them takes time. False by default.
    fn wants_rows(&self) -> bool {
        false
    }
    /// Rows that were scored, in the order of the file.
    ///
    /// # Errors
    /// Whatever ends the work.
    fn rows(&mut self, _rows: Vec<RecordedRow>) -> Result<(), Error> {
        Ok(())
    }
}

/// A row as it came and what was said about it.
#[derive(Debug, Clone, PartialEq)]
pub struct RecordedRow {
    /// The values, JSON: an object by column, without the target and ignored columns.
    pub record: String,
    /// The score.
    pub scored: ScoredRow,
}

struct Telling<'a>(&'a mut dyn FnMut(u64));

impl Onlooker for Telling<'_> {
    fn done(&mut self, n_rows: u64) -> ControlFlow<()> {
        (self.0)(n_rows);
        ControlFlow::Continue(())
    }
}

/// Like [`score_file`], with an onlooker who may end it and may have the rows.
///
/// # Errors
/// As [`score_file`]; [`Error::Cancelled`] when the onlooker ended it, and what it returns.
pub fn score_file_for(
    scorer: &Scorer,
    params: &ScoreFileParams,
    onlooker: &mut dyn Onlooker,
) -> Result<ScoreReport, Error> {
    refuse_same_file(params)?;
    let spec = Arc::new(scorer.model().spec.clone());
    let mut reader = open_table(&params.input, &spec, &ReadOptions::score())?;
    let layout = Layout {
        key: spec.key().map(|column| column.name.clone()),
        with_intervals: params.with_intervals,
        n_reasons: scorer.n_reasons(),
        with_offers: scorer.with_offers(),
        model_version: scorer.version().to_owned(),
    };
    let format = OutputFormat::of(&params.output);
    let mut output = OutputFile::create(&params.output, output::head(format, &layout))?;
    let mut rejects = RejectFile::new(&params.rejected);
    let mut tally = Tally::new(scorer, params.n_top)?;
    let wants_rows = onlooker.wants_rows();
    stream(
        &mut reader,
        |chunk| score_chunk(scorer, chunk, format, &layout, params, wants_rows),
        |done| {
            rejects.append(&done.rejected)?;
            tally.count(&done);
            output.append(done.encoded)?;
            if wants_rows {
                onlooker.rows(done.recorded)?;
            }
            match onlooker.done(tally.n_rows) {
                ControlFlow::Continue(()) => Ok(()),
                ControlFlow::Break(()) => Err(Error::Cancelled),
            }
        },
    )?;
    for note in reader.notes() {
        tally.fault(note);
    }
    tally.note_columns_without_values(&spec, &params.input);
    // The scored file comes last: when it is there, so are the refused rows.
    let rejected = rejects.finish()?;
    tally.refuse_too_many(params, rejected.as_deref())?;
    let report = tally.report(params, rejected)?;
    output.finish()?;
    Ok(report)
}

/// A chunk after scoring.
struct Done {
    /// Values per column of the table.
    n_present: BTreeMap<String, u64>,
    encoded: Encoded,
    rejected: Vec<RejectedRow>,
    faults: Vec<Fault>,
    scored: Summary,
    recorded: Vec<RecordedRow>,
}

fn score_chunk(
    scorer: &Scorer,
    chunk: &Chunk,
    format: OutputFormat,
    layout: &Layout,
    params: &ScoreFileParams,
    wants_rows: bool,
) -> Result<Done, Error> {
    let parsed = chunk.parse();
    let batch = parsed.table.batch();
    let names = batch.schema_ref().fields().iter().map(|f| f.name().clone());
    let present = |array: &ArrayRef| (array.len() - array.null_count()) as u64;
    let n_present = names.zip(batch.columns().iter().map(present)).collect();
    let scores = scorer.scores(&parsed.table)?;
    let encoded = output::encode(format, layout, &scores).map_err(|fault| Error::Parquet {
        path: params.output.clone(),
        fault: fault.to_string(),
    })?;
    let scored = Summary::new(&scores, params.n_top)?;
    let recorded = match wants_rows {
        false => Vec::new(),
        true => (0..scores.n_rows())
            .map(|row| RecordedRow {
                record: record_of(&parsed.table, row),
                scored: scores.row(row),
            })
            .collect(),
    };
    Ok(Done {
        n_present,
        encoded,
        rejected: parsed.rejected,
        faults: parsed.faults,
        scored,
        recorded,
    })
}

/// The values of a row as a JSON object; missing ones as null.
fn record_of(table: &Table, row: usize) -> String {
    let spec = table.spec();
    let columns = spec
        .columns
        .iter()
        .filter(|column| !column.has_role(Role::Ignore) && !column.has_role(Role::Target));
    let value = |name: &str| match table.value_text(name, row) {
        None => serde_json::Value::Null,
        Some(text) if table.numbers(name).is_some() => {
            serde_json::from_str(&text).unwrap_or(serde_json::Value::String(text))
        }
        Some(text) => serde_json::Value::String(text),
    };
    let object: serde_json::Map<_, _> = columns
        .map(|column| (column.name.clone(), value(&column.name)))
        .collect();
    serde_json::Value::Object(object).to_string()
}

/// Counts over the whole file.
struct Tally {
    n_rows: u64,
    n_rejected: u64,
    n_present: BTreeMap<String, u64>,
    with_offers: bool,
    currency: Currency,
    model_version: String,
    n_top: usize,
    faults: BTreeMap<(FaultCode, Option<String>), (u64, String)>,
    total: Summary,
}

impl Tally {
    fn new(scorer: &Scorer, n_top: usize) -> Result<Self, Error> {
        Ok(Self {
            n_rows: 0,
            n_rejected: 0,
            n_present: BTreeMap::new(),
            with_offers: scorer.with_offers(),
            model_version: scorer.version().to_owned(),
            n_top,
            faults: BTreeMap::new(),
            currency: scorer.playbook().value_inputs().currency,
            total: Summary::default(),
        })
    }

    fn count(&mut self, done: &Done) {
        let scored = &done.scored;
        for (column, n) in &done.n_present {
            *self.n_present.entry(column.clone()).or_default() += n;
        }
        self.n_rejected += done.rejected.len() as u64;
        self.n_rows += scored.n_scored + done.rejected.len() as u64;
        self.total.join(scored, self.n_top);
        for fault in &done.faults {
            self.fault(fault);
        }
    }

    /// Refuses the file when more of it was refused than is put up with.
    fn refuse_too_many(
        &self,
        params: &ScoreFileParams,
        rejected: Option<&Path>,
    ) -> Result<(), Error> {
        let (Some(limit), Some(path)) = (params.max_rejected_share, rejected) else {
            return Ok(());
        };
        if self.n_rejected as f64 <= limit * self.n_rows as f64 {
            return Ok(());
        }
        Err(Error::TooManyRejected {
            input: params.input.clone(),
            n_rejected: self.n_rejected,
            n_rows: self.n_rows,
            limit,
            rejected: path.to_owned(),
        })
    }

    fn note_columns_without_values(&mut self, spec: &DatasetSpec, input: &Path) {
        if self.total.n_scored == 0 {
            return;
        }
        let file = input.display().to_string();
        let without: Vec<Fault> = spec
            .features()
            .filter(|column| self.n_present.get(&column.name) == Some(&0))
            .map(|column| Fault::no_values(&file, &column.name))
            .collect();
        for fault in &without {
            self.fault(fault);
        }
    }

    fn fault(&mut self, fault: &Fault) {
        if fault.severity == Severity::Info {
            return;
        }
        let kind = (fault.code, fault.column.clone());
        self.faults
            .entry(kind)
            .or_insert_with(|| (0, format!("{fault:#}")))
            .0 += 1;
    }

    fn report(
        self,
        params: &ScoreFileParams,
        rejected: Option<PathBuf>,
    ) -> Result<ScoreReport, Error> {
        let name = |(code, column): &(FaultCode, Option<String>)| match column {
            Some(column) => format!("{code}: {column}"),
            None => code.to_string(),
        };
        let saving = self.total.saving.finish(self.currency)?;
        Ok(ScoreReport {
            n_rows: self.n_rows,
            n_scored: self.total.n_scored,
            n_rejected: self.n_rejected,
            rejected,
            output: params.output.clone(),
            model_version: self.model_version,
            by_risk: self
                .total
                .by_risk
                .iter()
                .map(|(k, n)| (k.to_string(), *n))
                .collect(),
            by_offer: if self.with_offers {
                self.total.by_offer
            } else {
                BTreeMap::new()
            },
            faults: self
                .faults
                .iter()
                .map(|(kind, (count, _))| (name(kind), *count))
                .collect(),
            examples: self
                .faults
                .into_values()
                .map(|(_, example)| example)
                .collect(),
            playbook_faults: self.total.playbook_faults,
            expected_leavers: self.total.expected_leavers,
            saving: self.with_offers.then_some(saving),
            efficiency: self.with_offers.then(|| self.total.efficiency.finish()),
            top: self.total.top,
        })
    }
}

fn refuse_same_file(params: &ScoreFileParams) -> Result<(), Error> {
    if is_same_file(&params.input, &params.output) {
        return Err(Error::OutputIsInput {
            path: params.output.clone(),
        });
    }
    for (path, what) in [(&params.input, "input"), (&params.output, "output")] {
        refuse_quarantine(&params.rejected, path, what)?;
    }
    Ok(())
}
