//! What can go wrong while serving.

use std::path::PathBuf;

/// A fault of a serving use case.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Settings could not be read.
    #[error(transparent)]
    Config(#[from] churn_config::Error),
    /// The store or the registry failed.
    #[error(transparent)]
    Registry(#[from] churn_registry::Error),
    /// The address of the blob store is wrong.
    #[error(transparent)]
    Store(#[from] churn_store::Error),
    /// A model could not predict.
    #[error(transparent)]
    Model(#[from] churn_ensemble::Error),
    /// The data can't be read or was refused.
    #[error(transparent)]
    Data(#[from] churn_schema::Error),
    /// Features could not be made.
    #[error(transparent)]
    Features(#[from] churn_features::Error),
    /// Explanations could not be made.
    #[error(transparent)]
    Explain(#[from] churn_explain::Error),
    /// The playbook is unsound.
    #[error(transparent)]
    Playbook(#[from] churn_retention::Error),
    /// A file could not be written; what was there before is unchanged.
    #[error("can't write {path}: {source}; {hint}")]
    Write {
        /// The file.
        path: PathBuf,
        /// The system's words.
        source: std::io::Error,
        /// What to do.
        hint: &'static str,
    },
    /// A file could not be read.
    #[error("can't read {path}: {source}; {}", churn_store::read_hint(source))]
    Read {
        /// The file.
        path: PathBuf,
        /// The system's words.
        source: std::io::Error,
    },
    /// Output and input are the same file.
    #[error("output {path} is the input file; give another path with -o")]
    OutputIsInput {
        /// The file.
        path: PathBuf,
    },
    /// Refused rows would be written over the input or over the scored ones.
    #[error("quarantine {path} is the {what} file; give another path with --quarantine")]
    QuarantineIs {
        /// The file.
        path: PathBuf,
        /// `input` or `output`.
        what: &'static str,
    },
    /// A table could not be written as Parquet.
    #[error("can't write {path} as Parquet: {fault}")]
    Parquet {
        /// The file.
        path: PathBuf,
        /// The library's words.
        fault: String,
    },
    /// Explained rows could not be laid out as Parquet.
    #[error("can't lay out the contributions as Parquet: {fault}")]
    Encode {
        /// The library's words.
        fault: String,
    },
    /// The probability is not a number between 0 and 1: the model or a feature is broken.
    #[error(
        "row {row}: the model gave {value} instead of a probability; verify the model with 'churn models verify'"
    )]
    NotAProbability {
        /// Data row, from 1.
        row: u64,
        /// What came out.
        value: f64,
    },
    /// The customer asked for is not in the file.
    #[error("customer '{key}' is not in {path}{hint}")]
    UnknownCustomer {
        /// The key.
        key: String,
        /// The file.
        path: PathBuf,
        /// A rejected row of that key, or nothing.
        hint: String,
    },
    /// The model has no key column, so customers can't be looked up.
    #[error("dataset '{dataset}' has no key column; use --row with the customer's values instead")]
    NoKey {
        /// Name of the specification.
        dataset: String,
    },
    /// More rows were refused than the caller puts up with; no scored file was written.
    #[error(
        "{n_rejected} of {n_rows} rows of {input} were refused, more than {} % of them; nothing was written but {rejected}, which tells why: mend the rows, or raise --max-rejected",
        limit * 100.0
    )]
    TooManyRejected {
        /// The file.
        input: PathBuf,
        /// Rows refused.
        n_rejected: u64,
        /// Rows read.
        n_rows: u64,
        /// The limit, a share.
        limit: f64,
        /// The quarantine.
        rejected: PathBuf,
    },
    /// No row of a file belongs to the segment, or the file has no good row.
    #[error(
        "no customer to explain among {n_read} rows of {path}{}; give another --segment or file",
        segment.as_ref().map(|s| format!(" in the segment {s:?}")).unwrap_or_default()
    )]
    EmptySegment {
        /// The file.
        path: PathBuf,
        /// The segment's rule.
        segment: Option<String>,
        /// Rows read.
        n_read: u64,
    },
    /// No row to explain against.
    #[error("no good row to explain against in {path}; give another file")]
    NoBackground {
        /// The file.
        path: PathBuf,
    },
    /// The model has no such column or derived feature.
    #[error("the model has no feature '{feature}'; it has {}", known.join(", "))]
    UnknownFeature {
        /// What was asked for.
        feature: String,
        /// All there are.
        known: Vec<String>,
    },
    /// The scorer was made without reasons.
    #[error("this scorer was made without reasons; ask for at least one")]
    Unexplained,
    /// There is no account of this name.
    #[error("there is no user '{name}'; see them with 'churn user list'")]
    UnknownUser {
        /// The name.
        name: String,
    },
    /// The name is taken.
    #[error("there is a user '{name}' already; choose another name")]
    UserExists {
        /// The name.
        name: String,
    },
    /// The name has characters that names don't have.
    #[error(
        "{given:?} is no user name; expected 1 to 64 of a-z, 0-9, '.', '_', '-', '@', beginning with a letter or digit"
    )]
    BadUserName {
        /// The name as given.
        given: String,
    },
    /// The password is too easy to guess.
    #[error("the password is refused: {reason}; choose a longer one, such as four random words")]
    WeakPassword {
        /// What is weak about it.
        reason: String,
    },
    /// A password could not be hashed, or its stored hash is not one.
    #[error("can't work out the hash of a password: {reason}")]
    PasswordHash {
        /// The library's words.
        reason: String,
    },
    /// The system gives no random numbers.
    #[error("the system gives no random numbers: {reason}")]
    NoRandomness {
        /// The system's words.
        reason: String,
    },
    /// Unknown name, shut account or wrong password; which is not told.
    #[error("name or password is wrong")]
    WrongCredentials,
    /// Too many failed logins of this name or from this address.
    #[error("too many failed logins; try again in {retry_after_s} seconds")]
    LoginThrottled {
        /// How long to wait, seconds, 1 or more.
        retry_after_s: u64,
    },
    /// A session, token or key is unknown, has ended, was revoked, or its account is shut.
    #[error("the {what} is not valid or has ended; log in again or ask for another")]
    ProofRefused {
        /// What was shown.
        what: &'static str,
    },
    /// A refresh token was used a second time, so somebody has a copy; its login was ended.
    #[error("the refresh token was used before, so its login was ended; log in again")]
    TokenReused,
    /// Nothing is allowed before the password is changed.
    #[error("'{name}' must change the password first")]
    PasswordMustChange {
        /// Name of the account.
        name: String,
    },
    /// The role or the key does not allow it.
    #[error("'{name}' ({role}) may not do this: it needs '{scope}'")]
    Forbidden {
        /// Name of the account.
        name: String,
        /// Its role.
        role: &'static str,
        /// What would be needed.
        scope: &'static str,
    },
    /// There is no scope of this name.
    #[error("there is no scope '{given}'; known are {known}")]
    UnknownScope {
        /// The word.
        given: String,
        /// All of them.
        known: String,
    },
    /// Without this account nobody could administer.
    #[error("'{name}' is the last administrator; make another one first")]
    LastAdmin {
        /// Name of the account.
        name: String,
    },
    /// There is no key of this id.
    #[error("there is no API key '{id}'; see them with 'churn user key list'")]
    UnknownKey {
        /// The id.
        id: String,
    },
    /// A key needs to say what it is for and what it may do.
    #[error("API key '{label}': expected a label of 1 to 100 characters and at least one scope")]
    BadKeyLabel {
        /// The label as given.
        label: String,
    },
    /// There is no job of this id.
    #[error("there is no job '{id}'; see them with 'churn jobs list'")]
    UnknownJob {
        /// The id.
        id: String,
    },
    /// There is no such file in the folder from which callers may name files.
    #[error("there is no file '{name}' in the data folder")]
    UnknownDataFile {
        /// The name as given.
        name: String,
    },
    /// Only jobs that failed or were cancelled can be retried.
    #[error("job {id} is {status}; only failed and cancelled ones can be retried")]
    NotRetryable {
        /// The id.
        id: String,
        /// How far it is.
        status: &'static str,
    },
    /// There is no such kind of job, or it needs something else.
    #[error("job '{kind}': {reason}")]
    BadJob {
        /// Name of the kind.
        kind: String,
        /// What is wrong.
        reason: String,
    },
    /// The system does not let the program wait for signals.
    #[error("can't wait for signals: {reason}")]
    Signals {
        /// The system's words.
        reason: String,
    },
    /// Somebody asked for the work to end.
    #[error("ended because somebody asked for it")]
    Cancelled,
    /// A row was refused.
    #[error("the row was refused: {faults}")]
    RowRefused {
        /// Its faults.
        faults: String,
    },
    /// A customer given as values was refused.
    #[error("the customer was refused: {}", faults.iter().map(|fault| format!("{fault:#}")).collect::<Vec<_>>().join("; "))]
    CustomerRefused {
        /// Everything that is wrong with the values.
        faults: Vec<churn_schema::Fault>,
    },
    /// A file has more rows than may be scored at once.
    #[error("the file has more than {most} rows; split it")]
    TooManyRows {
        /// Most rows.
        most: u64,
    },
    /// A model that must not answer.
    #[error(
        "{version} does not take over: a customer made up to check it could not be scored: {fault}"
    )]
    Unfit {
        /// The version.
        version: String,
        /// What went wrong with the customer.
        fault: Box<Error>,
    },
    /// As much work as is allowed waits already.
    #[error("the pool '{name}' is full; try again in a moment")]
    Busy {
        /// Which pool.
        name: &'static str,
    },
    /// Work came to an unforeseen end.
    #[error("work in the pool '{name}' broke off: {what}; this is a fault of the program")]
    Panicked {
        /// Which pool.
        name: &'static str,
        /// What the program said.
        what: String,
    },
    /// The system gives no threads.
    #[error("can't start the threads of the pool '{name}': {reason}; allow this user more threads")]
    NoThreads {
        /// Which pool.
        name: &'static str,
        /// The system's words.
        reason: String,
    },
}

impl Error {
    /// Whether the data is at fault, rather than the program, the settings or the machine.
    #[must_use]
    pub fn is_data_refused(&self) -> bool {
        match self {
            Self::Data(fault) => fault.is_data_refused(),
            Self::RowRefused { .. }
            | Self::CustomerRefused { .. }
            | Self::UnknownCustomer { .. }
            | Self::TooManyRejected { .. }
            | Self::EmptySegment { .. } => true,
            _ => false,
        }
    }

    /// A write fault with the hint that fits its cause.
    pub(crate) fn write(path: &std::path::Path, source: std::io::Error) -> Self {
        let hint = churn_store::write_hint(&source);
        Self::Write {
            path: path.to_owned(),
            source,
            hint,
        }
    }
}

impl churn_store::AsStoreError for Error {
    fn as_store_error(&self) -> Option<&churn_store::Error> {
        match self {
            Self::Store(fault) => Some(fault),
            Self::Registry(fault) => fault.as_store_error(),
            _ => None,
        }
    }
}
