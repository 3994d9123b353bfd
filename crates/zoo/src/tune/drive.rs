//! Running a study: trials of a batch beside each other, results in order.

use std::{
    collections::BTreeMap,
    ops::ControlFlow,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use rayon::prelude::*;

use super::{Assignment, Outcome, Study, Trial, TrialRecord, Verdict, record::mean};
use crate::Error;

/// When to stop.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TuneLimits {
    /// Trials in all, those of earlier runs included.
    pub n_trials: usize,
    /// Seconds on the clock handed to [`tune`]; trials under way are dropped when they are over.
    pub seconds: Option<f64>,
}

/// How far a study is.
#[derive(Debug, Clone, Copy)]
pub struct Progress<'a> {
    /// Trials finished, those of earlier runs included.
    pub n_finished: usize,
    /// Trials in all.
    pub n_trials: usize,
    /// The best complete trial so far.
    pub best: Option<&'a TrialRecord>,
    /// Seconds on the clock.
    pub elapsed_s: f64,
    /// Seconds still to go at the pace so far, within the limit; `None` before there is a pace.
    pub left_s: Option<f64>,
}

/// Why a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// All trials are done.
    Trials,
    /// The time is over.
    Time,
    /// `on_trial` asked for it.
    Stopped,
}

/// Runs trials until a limit is reached.
///
/// `objective` gives the loss of some values on one fold; `clock` the seconds since the start;
/// `on_trial` takes each finished trial, in order of their numbers, as soon as it and those before
/// it in its batch are finished: it stores the record, shows progress, and may ask to stop. It is
/// called under a lock and must not run parallel work of its own. A trial whose objective gives an
/// error or a loss that is not finite is recorded as failed; [`Error::Cancelled`] ends the run.
///
/// A run cut short by time or by `on_trial` depends on the clock, of course; continued to the same
/// number of trials, it ends with the same records as a run never cut.
///
/// # Errors
/// [`Error::Cancelled`] from the objective.
pub fn tune(
    study: &mut Study,
    objective: &(dyn Fn(&Assignment, usize) -> Result<f64, Error> + Sync),
    limits: TuneLimits,
    clock: &(dyn Fn() -> f64 + Sync),
    on_trial: &mut (dyn FnMut(&TrialRecord, Progress<'_>) -> ControlFlow<()> + Send),
) -> Result<Ended, Error> {
    let n_before = study.records().count();
    let is_over = || limits.seconds.is_some_and(|limit| clock() >= limit);
    loop {
        let mut batch = study.next_batch();
        batch.retain(|trial| trial.number < limits.n_trials);
        if batch.is_empty() {
            return Ok(Ended::Trials);
        }
        if is_over() {
            return Ok(Ended::Time);
        }
        let run = BatchRun {
            study,
            objective,
            limits,
            clock,
            n_before,
        };
        let stop = AtomicBool::new(false);
        let desk = Mutex::new(Desk {
            numbers: batch.iter().map(|trial| trial.number).collect(),
            waiting: BTreeMap::new(),
            told: Vec::new(),
            best: study.best().map(|(record, _)| record.clone()),
            stopped: false,
            on_trial: &mut *on_trial,
        });
        let ends: Vec<Result<(), Error>> = batch
            .par_iter()
            .with_max_len(1)
            .map(|trial| {
                if let Some(record) =
                    run.trial(trial, &|| stop.load(Ordering::Relaxed) || is_over())?
                {
                    let mut desk = desk.lock().unwrap_or_else(PoisonError::into_inner);
                    desk.waiting.insert(record.number, record);
                    desk.tell_in_order(&run, Wait::ForEarlier);
                    stop.fetch_or(desk.stopped, Ordering::Relaxed);
                }
                Ok(())
            })
            .inspect(|end| {
                if end.is_err() {
                    stop.store(true, Ordering::Relaxed);
                }
            })
            .collect();
        let mut desk = desk.into_inner().unwrap_or_else(PoisonError::into_inner);
        // When an earlier trial of the batch was dropped, those finished after it still count.
        desk.tell_in_order(&run, Wait::ForNone);
        let (told, stopped) = (desk.told, desk.stopped);
        for record in told {
            study.finish(record)?;
        }
        ends.into_iter().collect::<Result<(), Error>>()?;
        if stopped {
            return Ok(Ended::Stopped);
        }
    }
}

struct BatchRun<'a> {
    study: &'a Study,
    objective: &'a (dyn Fn(&Assignment, usize) -> Result<f64, Error> + Sync),
    limits: TuneLimits,
    clock: &'a (dyn Fn() -> f64 + Sync),
    n_before: usize,
}

impl BatchRun<'_> {
    /// Runs the folds of one trial; `None` when it was dropped on the way.
    fn trial(
        &self,
        trial: &Trial,
        dropped: &dyn Fn() -> bool,
    ) -> Result<Option<TrialRecord>, Error> {
        let start = (self.clock)();
        let n_folds = self.study.n_folds();
        let mut fold_losses = Vec::with_capacity(n_folds);
        let mut outcome = None;
        for fold in 0..n_folds {
            if dropped() {
                return Ok(None);
            }
            match (self.objective)(&trial.params, fold) {
                Ok(loss) if loss.is_finite() => fold_losses.push(loss),
                Ok(loss) => {
                    outcome = Some(Outcome::Failed {
                        fault: format!("the loss of fold {fold} is {loss}"),
                    })
                }
                Err(Error::Cancelled) => return Err(Error::Cancelled),
                Err(fault) => {
                    outcome = Some(Outcome::Failed {
                        fault: fault.to_string(),
                    })
                }
            }
            if outcome.is_none() && self.study.report(trial.number, &fold_losses) == Verdict::Prune
            {
                outcome = Some(Outcome::Pruned {
                    after_folds: fold_losses.len(),
                });
            }
            if outcome.is_some() {
                break;
            }
        }
        let complete = || Outcome::Complete {
            loss: mean(&fold_losses).unwrap_or(f64::INFINITY),
        };
        Ok(Some(TrialRecord {
            number: trial.number,
            params: trial.params.clone(),
            outcome: outcome.unwrap_or_else(complete),
            fold_losses,
            seconds: (self.clock)() - start,
        }))
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Wait {
    ForEarlier,
    ForNone,
}

/// Where finished trials of a batch wait for those before them.
struct Desk<'a> {
    /// Trials not told yet, ascending.
    numbers: Vec<usize>,
    waiting: BTreeMap<usize, TrialRecord>,
    told: Vec<TrialRecord>,
    best: Option<TrialRecord>,
    stopped: bool,
    on_trial: &'a mut (dyn FnMut(&TrialRecord, Progress<'_>) -> ControlFlow<()> + Send),
}

impl Desk<'_> {
    fn tell_in_order(&mut self, run: &BatchRun<'_>, wait: Wait) {
        for number in self.numbers.clone() {
            let Some(record) = self.waiting.remove(&number) else {
                if wait == Wait::ForEarlier {
                    return;
                }
                continue;
            };
            self.numbers.retain(|&other| other != number);
            self.tell(record, run);
        }
    }

    fn tell(&mut self, record: TrialRecord, run: &BatchRun<'_>) {
        let loss = |record: &TrialRecord| record.loss().unwrap_or(f64::INFINITY);
        if record.loss().is_some()
            && self
                .best
                .as_ref()
                .is_none_or(|best| loss(&record) < loss(best))
        {
            self.best = Some(record.clone());
        }
        self.told.push(record);
        let n_finished = run.study.records().count() + self.told.len();
        let n_here = (n_finished - run.n_before) as f64;
        let elapsed_s = (run.clock)();
        let n_left = run.limits.n_trials.saturating_sub(n_finished) as f64;
        let at_pace = elapsed_s / n_here * n_left;
        let left_s = run
            .limits
            .seconds
            .map_or(at_pace, |limit| at_pace.min((limit - elapsed_s).max(0.0)));
        let progress = Progress {
            n_finished,
            n_trials: run.limits.n_trials,
            best: self.best.as_ref(),
            elapsed_s,
            left_s: left_s.is_finite().then_some(left_s),
        };
        if let Some(record) = self.told.last() {
            self.stopped |= (self.on_trial)(record, progress).is_break();
        }
    }
}
