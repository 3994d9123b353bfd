//! The command line.

use std::path::PathBuf;

use churn_zoo::Algorithm;
use clap::{Args as ClapArgs, Parser, Subcommand, ValueEnum};

use crate::service_args::{JobsCommand, UserCommand};

/// Heading of the options that every command has.
const EVERYWHERE: &str = "Options of every command";

/// Churn & retention engine: who will leave, why, and what to do about it.
///
/// A first session:
///   churn init customers.csv -o spec.yaml      look at the data, write what its columns are
///   churn validate customers.csv --spec spec.yaml
///   churn train customers.csv --spec spec.yaml
///   churn score customers.csv -o scored.csv --reasons 3 --offers
#[derive(Debug, Parser)]
#[command(name = "churn", version, verbatim_doc_comment, max_term_width = 100)]
pub(crate) struct Args {
    /// Folder that holds everything: churn.db, objects/ and config/
    #[arg(long, global = true, help_heading = EVERYWHERE, value_name = "DIR", default_value = "var")]
    pub(crate) home: PathBuf,
    /// Print one JSON object on stdout, for machines
    #[arg(long, global = true, help_heading = EVERYWHERE)]
    pub(crate) json: bool,
    /// Threads to use; results do not depend on it [default: all cores]
    #[arg(long, global = true, help_heading = EVERYWHERE, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub(crate) threads: Option<u16>,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// The whole job on a sample: validate, train, score, recommend
    Demo(DemoArgs),
    /// Look at a file and write a specification of its columns
    Init(InitArgs),
    /// Find all faults of a file in one pass
    Validate(ValidateArgs),
    /// Train, compare and choose a model
    Train(TrainArgs),
    /// Judge a model on labelled customers
    Evaluate(EvaluateArgs),
    /// Score a file of customers
    Score(ScoreArgs),
    /// Explain one customer's score, every score of a file, or a whole base
    Explain(ExplainArgs),
    /// List, show, activate, roll back, export, import, verify models
    #[command(subcommand)]
    Models(ModelsCommand),
    /// List, show and compare training runs
    #[command(subcommand)]
    Runs(RunsCommand),
    /// Train a version again and say whether the same bytes come out
    Reproduce(ReproduceArgs),
    /// Make synthetic customers
    #[command(subcommand)]
    Synth(SynthCommand),
    /// Accounts and keys of the service
    #[command(subcommand)]
    User(UserCommand),
    /// Work that runs in the background: list, show, cancel, retry
    #[command(subcommand)]
    Jobs(JobsCommand),
    /// Answer over HTTP, run jobs and schedules until told to stop
    Serve(ServeArgs),
    /// Bring the database to this program's version
    Migrate,
    /// Check that everything needed is there and works
    Health,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct ServeArgs {
    /// Port to listen on; 0 takes a free one [default: server.port, 8080]
    #[arg(long, value_name = "PORT")]
    pub(crate) port: Option<u16>,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct DemoArgs {
    /// Labelled customers: CSV or Parquet [default: synthetic ones]
    #[arg(long, value_name = "FILE")]
    pub(crate) data: Option<PathBuf>,
    /// What its columns are [default: the Telco specification, or inferred from --data]
    #[arg(long, value_name = "FILE")]
    pub(crate) spec: Option<PathBuf>,
    /// Synthetic customers to make when there is no --data
    #[arg(long, value_name = "N", default_value_t = 7043, value_parser = clap::value_parser!(u64).range(200..=10_000_000))]
    pub(crate) rows: u64,
    /// Seed of all randomness
    #[arg(long, value_name = "S", default_value_t = 42)]
    pub(crate) seed: u64,
    /// Port of the dashboard at the end; 0 takes a free one [default: server.port, 8080]
    #[arg(long, value_name = "PORT", conflicts_with = "no_serve")]
    pub(crate) port: Option<u16>,
    /// End after scoring instead of serving the dashboard
    #[arg(long)]
    pub(crate) no_serve: bool,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct InitArgs {
    /// CSV (plain or gzip) or Parquet with a header
    pub(crate) file: PathBuf,
    /// Where to write the specification [default: stdout]
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// Replace the output file if it exists
    #[arg(long)]
    pub(crate) force: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum PurposeArg {
    /// The target is required, unknown categories are refused
    Train,
    /// As customers to be scored: no target needed, unknown categories pass with a warning
    Score,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct ValidateArgs {
    /// CSV (plain or gzip) or Parquet
    pub(crate) file: PathBuf,
    /// Specification of the columns
    #[arg(long, value_name = "FILE")]
    pub(crate) spec: PathBuf,
    /// Write refused rows here, each with its reason
    #[arg(long, value_name = "FILE")]
    pub(crate) quarantine: Option<PathBuf>,
    /// What the file is meant for
    #[arg(
        long = "for",
        value_name = "PURPOSE",
        value_enum,
        default_value = "train"
    )]
    pub(crate) purpose: PurposeArg,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct TrainArgs {
    /// Labelled customers: CSV (plain or gzip) or Parquet
    pub(crate) file: PathBuf,
    /// Specification of the columns
    #[arg(long, value_name = "FILE")]
    pub(crate) spec: PathBuf,
    /// Settings of the run
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Families to train, and 'blend' or 'stack' of them, separated by commas [default: all families and their blend]
    #[arg(long, value_name = "A,B", value_delimiter = ',', value_parser = parse_algorithm)]
    pub(crate) algorithms: Option<Vec<Algorithm>>,
    /// Search each family's parameters for so many trials; a search cut short goes on next time
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(0..=100_000))]
    pub(crate) trials: Option<u32>,
    /// Most time for each family's search, e.g. 90s, 10m, 2h
    #[arg(long, value_name = "TIME", value_parser = parse_seconds)]
    pub(crate) time_limit: Option<f64>,
    /// Seed of all randomness
    #[arg(long, value_name = "S", default_value_t = 42)]
    pub(crate) seed: u64,
    /// Your own folds: a file with key, repeat, fold
    #[arg(long, value_name = "FILE")]
    pub(crate) folds: Option<PathBuf>,
    /// Your own test part: a file with the keys to keep aside
    #[arg(long, value_name = "FILE")]
    pub(crate) holdout: Option<PathBuf>,
    /// Selection policies [default: the ones shipped]
    #[arg(long, value_name = "FILE")]
    pub(crate) selection: Option<PathBuf>,
    /// Which policy of that file
    #[arg(long, value_name = "NAME")]
    pub(crate) preset: Option<String>,
    /// Playbook that says what customers are worth
    #[arg(long, value_name = "FILE")]
    pub(crate) playbook: Option<PathBuf>,
    /// Register the models but leave the champion as it is
    #[arg(long)]
    pub(crate) no_activate: bool,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct EvaluateArgs {
    /// Labelled customers: CSV (plain or gzip) or Parquet
    pub(crate) file: PathBuf,
    /// Alias, version or `latest`
    #[arg(long, value_name = "REF", default_value = "champion")]
    pub(crate) model: String,
    /// Seed of the bootstrap
    #[arg(long, value_name = "S", default_value_t = 42)]
    pub(crate) seed: u64,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct ScoreArgs {
    /// Customers: CSV (plain or gzip) or Parquet; a target column is ignored
    pub(crate) input: PathBuf,
    /// Where to write; .parquet gives Parquet, .jsonl JSON lines, all else CSV
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: PathBuf,
    /// Alias, version or `latest`
    #[arg(long, value_name = "REF", default_value = "champion")]
    pub(crate) model: String,
    /// Reasons per customer; --reasons without a number means 3
    #[arg(long, value_name = "K", default_value_t = 0, num_args = 0..=1, default_missing_value = "3", value_parser = clap::value_parser!(u8).range(0..=20))]
    pub(crate) reasons: u8,
    /// Add the best offer and its expected value
    #[arg(long)]
    pub(crate) offers: bool,
    /// Add the 95 % interval of each probability: probability_low, probability_high
    #[arg(long)]
    pub(crate) intervals: bool,
    /// Offers and rules [default: <home>/playbook.yaml, config/playbook.yaml, or a generic one]
    #[arg(long, value_name = "FILE")]
    pub(crate) playbook: Option<PathBuf>,
    /// Where refused rows go [default: OUTPUT.rejected.csv]
    #[arg(long, value_name = "FILE")]
    pub(crate) quarantine: Option<PathBuf>,
    /// Write no scores, and exit with 3, when more than this share of the rows is refused, e.g. 5%
    /// or 0.05 [default: no limit, unless all are]
    #[arg(long, value_name = "SHARE", value_parser = parse_share)]
    pub(crate) max_rejected: Option<f64>,
}

#[derive(Debug, ClapArgs)]
#[command(group = clap::ArgGroup::new("which").required(true))]
pub(crate) struct ExplainArgs {
    /// One customer: the key to look up in --data
    #[arg(long, value_name = "ID", requires = "data", group = "which")]
    pub(crate) customer: Option<String>,
    /// One customer: a JSON file {"column": value, ...}; - for stdin
    #[arg(long, value_name = "FILE", group = "which")]
    pub(crate) row: Option<PathBuf>,
    /// Every customer of --data: write all contributions here; .parquet, .jsonl, all else CSV
    #[arg(
        short,
        long,
        value_name = "FILE",
        requires = "data",
        group = "which",
        conflicts_with = "interactions"
    )]
    pub(crate) output: Option<PathBuf>,
    /// All customers of --data together: which columns move the predictions
    #[arg(long, requires = "data", group = "which")]
    pub(crate) global: bool,
    /// File of customers: CSV (plain or gzip) or Parquet
    #[arg(long, value_name = "FILE")]
    pub(crate) data: Option<PathBuf>,
    /// With --global: only these, as COLUMN=VALUE or a CEL rule such as 'tenure < 12'
    #[arg(long, value_name = "EXPR", requires = "global", conflicts_with_all = ["customer", "row", "output"])]
    pub(crate) segment: Option<String>,
    /// With --global: one column value by value, with the column it depends on most
    #[arg(long, value_name = "NAME", requires = "global", conflicts_with_all = ["customer", "row", "output"])]
    pub(crate) column: Option<String>,
    /// Add what columns do in pairs
    #[arg(long)]
    pub(crate) interactions: bool,
    /// Explain against N customers instead of the training data the model remembers
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub(crate) background: Option<u32>,
    /// File those customers are drawn from [default: those the model keeps, else --data]
    #[arg(long, value_name = "FILE", requires = "background")]
    pub(crate) background_from: Option<PathBuf>,
    /// Alias, version or `latest`
    #[arg(long, value_name = "REF", default_value = "champion")]
    pub(crate) model: String,
    /// Offers and rules [default: as for score]
    #[arg(long, value_name = "FILE")]
    pub(crate) playbook: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ModelsCommand {
    /// All versions with their main figures
    List,
    /// One version: card, figures, lineage
    Show {
        /// Alias, version or `latest`
        reference: String,
    },
    /// Make a version the champion
    Activate {
        /// Alias, version or `latest`
        reference: String,
        /// Why, for the audit
        #[arg(long, value_name = "TEXT", default_value = "activated from the shell")]
        why: String,
    },
    /// Make the champion before this one champion again
    Rollback {
        /// Why, for the audit
        #[arg(
            long,
            value_name = "TEXT",
            default_value = "rolled back from the shell"
        )]
        why: String,
    },
    /// Write a version's bundle to a file
    Export {
        /// Alias, version or `latest`
        reference: String,
        /// Where to write
        #[arg(short, long, value_name = "FILE")]
        output: PathBuf,
    },
    /// Register a bundle, or a model that XGBoost, LightGBM or CatBoost trained
    Import(ImportArgs),
    /// Check that stored bundles are whole and unaltered
    Verify {
        /// Alias, version or `latest` [default: all]
        reference: Option<String>,
    },
}

#[derive(Debug, ClapArgs)]
pub(crate) struct ImportArgs {
    /// A bundle of `churn models export`, XGBoost .ubj or .json, LightGBM .txt, CatBoost .json
    pub(crate) file: PathBuf,
    /// Specification of the customers' columns; a bundle brings its own
    #[arg(long, value_name = "FILE")]
    pub(crate) spec: Option<PathBuf>,
    /// YAML that says where the model's columns come from [default: their names say it]
    #[arg(long, value_name = "FILE")]
    pub(crate) columns: Option<PathBuf>,
    /// Labelled customers to calibrate and judge it on [default: its own probabilities, 0.5]
    #[arg(long, value_name = "FILE")]
    pub(crate) data: Option<PathBuf>,
    /// Make it the champion
    #[arg(long)]
    pub(crate) activate: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum RunsCommand {
    /// All runs, newest first
    List,
    /// One run: settings, candidates, decision, searches
    Show {
        /// Id of the run, or the first part of it
        id: String,
    },
    /// Two or more runs side by side
    Compare {
        /// Ids of the runs, or the first parts of them
        #[arg(required = true, num_args = 2..)]
        ids: Vec<String>,
    },
}

#[derive(Debug, ClapArgs)]
pub(crate) struct ReproduceArgs {
    /// Alias, version or `latest`
    pub(crate) reference: String,
    /// The training file [default: where it was first seen]
    #[arg(long, value_name = "FILE")]
    pub(crate) data: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum SynthCommand {
    /// Telco-like customers, one row each, marked as synthetic
    Snapshot {
        /// Customers
        #[arg(long, value_name = "N", default_value_t = 7043, value_parser = clap::value_parser!(u64).range(1..=1_000_000_000))]
        rows: u64,
        /// Seed: the same seed gives the same bytes
        #[arg(long, value_name = "S", default_value_t = 42)]
        seed: u64,
        /// How much of what drives leaving is hidden; 0 is least
        #[arg(
            long,
            value_name = "X",
            default_value_t = 1.0,
            allow_negative_numbers = true
        )]
        noise: f64,
        /// File to write
        #[arg(short, long, value_name = "FILE")]
        output: PathBuf,
    },
}

fn parse_algorithm(text: &str) -> Result<Algorithm, String> {
    Algorithm::ALL
        .into_iter()
        .find(|algorithm| algorithm.name() == text)
        .ok_or_else(|| {
            let known = Algorithm::ALL.map(Algorithm::name).join(", ");
            format!("no algorithm '{text}'; known are {known}")
        })
}

/// `5%` or `0.05`.
fn parse_share(text: &str) -> Result<f64, String> {
    let share = match text.strip_suffix('%') {
        Some(percent) => percent.trim().parse::<f64>().map(|percent| percent / 100.0),
        None => text.parse(),
    };
    match share {
        Ok(share) if (0.0..=1.0).contains(&share) => Ok(share),
        _ => Err(format!("'{text}' is no share; expected e.g. 5% or 0.05")),
    }
}

/// `90s`, `10m`, `2h` or a number of seconds.
fn parse_seconds(text: &str) -> Result<f64, String> {
    let (number, unit) = match text.char_indices().last() {
        Some((at, 's')) => (&text[..at], 1.0),
        Some((at, 'm')) => (&text[..at], 60.0),
        Some((at, 'h')) => (&text[..at], 3600.0),
        _ => (text, 1.0),
    };
    match number.parse::<f64>() {
        Ok(number) if number > 0.0 && number.is_finite() => Ok(number * unit),
        _ => Err(format!("'{text}' is no time; expected e.g. 90s, 10m or 2h")),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_sound() {
        super::Args::command().debug_assert();
    }
}
