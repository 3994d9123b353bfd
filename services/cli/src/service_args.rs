//! The command line of what the service keeps: users, keys, jobs.

use std::path::PathBuf;

use churn_engine::users::{Role, Scope};
use churn_store::tables::jobs::JobStatus;
use clap::{Args as ClapArgs, Subcommand};

// No doc comment: clap would show it in place of what the command does.
// By default a password comes from the prompt, or from the variable `CHURN_PASSWORD`.
#[derive(Debug, ClapArgs)]
pub(crate) struct PasswordArgs {
    /// Make up a password, print it once, and ask for a change at the first login
    #[arg(long, conflicts_with = "password_stdin")]
    pub(crate) generate: bool,
    /// Read the password from the first line of stdin
    #[arg(long)]
    pub(crate) password_stdin: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum UserCommand {
    /// Add an account
    Add {
        /// Name: a-z, 0-9, '.', '_', '-', '@'
        name: String,
        /// viewer (reads), analyst (scores) or admin (everything)
        #[arg(long, value_name = "ROLE", default_value = "viewer", value_parser = parse_role)]
        role: Role,
        #[command(flatten)]
        password: PasswordArgs,
    },
    /// Set the password of an account; its sessions and tokens end
    Passwd {
        /// Name
        name: String,
        #[command(flatten)]
        password: PasswordArgs,
    },
    /// All accounts
    List,
    /// Give an account another role
    Role {
        /// Name
        name: String,
        /// viewer, analyst or admin
        #[arg(value_parser = parse_role)]
        role: Role,
    },
    /// Shut an account; its sessions, tokens and keys stop working
    Disable {
        /// Name
        name: String,
    },
    /// Open an account again
    Enable {
        /// Name
        name: String,
    },
    /// Keys of programs
    #[command(subcommand)]
    Key(KeyCommand),
}

#[derive(Debug, Subcommand)]
pub(crate) enum KeyCommand {
    /// Make a key and print it once
    Add {
        /// Account the key acts for
        user: String,
        /// What it is for
        #[arg(long, value_name = "TEXT")]
        label: String,
        /// What it may do: read, score, train, models, users; no more than the account
        #[arg(long, value_name = "A,B", value_delimiter = ',', required = true, value_parser = parse_scope)]
        scopes: Vec<Scope>,
        /// Days until it ends [default: never]
        #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
        days: Option<u16>,
    },
    /// All keys, or those of one account
    List {
        /// Account
        user: Option<String>,
    },
    /// Revoke a key
    Revoke {
        /// Its id, as `churn user key list` shows it
        id: String,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum JobsCommand {
    /// Jobs, newest first
    List {
        /// Only queued, running, succeeded, failed or cancelled ones
        #[arg(long, value_name = "STATUS", value_parser = parse_status)]
        status: Option<JobStatus>,
        /// Only of this kind, for example score_file
        #[arg(long, value_name = "KIND")]
        kind: Option<String>,
        /// Most jobs to list
        #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=10_000))]
        limit: u32,
    },
    /// Ask for a job
    Add {
        /// Its kind: score_file, train_model or housekeep
        kind: String,
        /// What it needs: a JSON file; - for stdin
        payload: PathBuf,
        /// One key, one job: asking again with the same key gives the same job
        #[arg(long, value_name = "TEXT")]
        key: Option<String>,
    },
    /// One job: how far it is, what came of it, its log
    Show {
        /// Its id
        id: String,
        /// Write the file it made here
        #[arg(short, long, value_name = "FILE")]
        output: Option<PathBuf>,
    },
    /// End a job: one that waits at once, one that runs soon
    Cancel {
        /// Its id
        id: String,
    },
    /// Queue a job again that failed or was cancelled
    Retry {
        /// Its id
        id: String,
    },
}

fn parse_role(word: &str) -> Result<Role, String> {
    Role::parse(word).ok_or_else(|| {
        let known = Role::ALL.map(Role::as_str).join(", ");
        format!("no role '{word}'; known are {known}")
    })
}

fn parse_scope(word: &str) -> Result<Scope, String> {
    Scope::parse(word).map_err(|fault| fault.to_string())
}

fn parse_status(word: &str) -> Result<JobStatus, String> {
    JobStatus::parse(word).ok_or_else(|| {
        let known = JobStatus::ALL.map(JobStatus::as_str).join(", ");
        format!("no status '{word}'; known are {known}")
    })
}
