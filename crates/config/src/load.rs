//! Reads files and environment into [`Settings`], and names every fault at once.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use config::{Config, File, FileFormat, Value, ValueKind};

use crate::env_vars;
use crate::error::Error;
use crate::secret::Secret;
use crate::service;
use crate::settings::{Profile, Settings};
use crate::taker::{Given, Taker};

/// Every key a file may hold; anything else is a fault.
const KNOWN_KEYS: &[&str] = &[
    "database.url",
    "database.pool",
    "blobs.url",
    "blobs.endpoint",
    "blobs.region",
    "blobs.access_key",
    "blobs.secret_key",
    "blobs.allow_http",
    "xgboost.library",
    "threads",
    "cache.redis_url",
    "cache.memory_mib",
    "jobs.workers",
    "jobs.lease_seconds",
    "jobs.data_folder",
    "server.host",
    "server.port",
    "server.workers",
    "server.max_connections",
    "server.request_seconds",
    "server.header_seconds",
    "server.idle_seconds",
    "server.shutdown_seconds",
    "server.max_body_kib",
    "server.max_upload_mib",
    "server.max_rows",
    "server.behind_proxy",
    "server.cors_origins",
    "server.docs",
    "scoring.model",
    "scoring.open",
    "scoring.reasons",
    "scoring.poll_seconds",
    "scoring.threads",
    "scoring.queue",
    "scoring.batch_threads",
    "scoring.batches",
    "scoring.job_mib",
    "scoring.job_rows",
    "scoring.log",
    "limits.requests_per_second",
    "limits.burst",
    "limits.login_attempts",
    "limits.login_lock_seconds",
    "auth.access_minutes",
    "auth.refresh_days",
    "auth.session_hours",
    "telemetry.level",
    "telemetry.format",
    "telemetry.otlp_endpoint",
];

impl Settings {
    /// Reads `default.yaml` and `<profile>.yaml` from `config_dir` (none = no files), then
    /// the environment, over the defaults for `home`.
    ///
    /// # Errors
    ///
    /// A file that cannot be read, a profile without a file, or every unknown or invalid
    /// setting, all in one message.
    pub fn load(home: &Path, config_dir: Option<&Path>) -> Result<Self, Error> {
        Self::load_with(home, config_dir, |name| std::env::var(name).ok())
    }

    /// Like [`load`](Self::load) with `variable` in place of the process environment.
    ///
    /// # Errors
    ///
    /// As [`load`](Self::load).
    pub fn load_with(
        home: &Path,
        config_dir: Option<&Path>,
        variable: impl Fn(&str) -> Option<String>,
    ) -> Result<Self, Error> {
        // An empty variable counts as absent: compose files pass them that way.
        let variable = |name: &str| variable(name).filter(|text| !text.is_empty());
        let asked = variable(env_vars::CHURN_PROFILE);
        let profile = Profile::parse(asked.as_deref());
        let mut values = match config_dir {
            Some(folder) => read_files(folder, asked)?,
            None => BTreeMap::new(),
        };
        let Some(profile) = profile else {
            return Err(Error::UnknownProfile {
                variable: env_vars::CHURN_PROFILE,
                profile: variable(env_vars::CHURN_PROFILE).unwrap_or_default(),
                path: PathBuf::from("config"),
                known: Profile::NAMES.map(|(name, _)| name.to_owned()).to_vec(),
            });
        };
        for (name, key) in env_vars::SETTINGS {
            let text = match variable(name) {
                Some(text) => Some(text),
                None if env_vars::SECRETS.contains(name) => read_secret_file(name, &variable)?,
                None => None,
            };
            if let Some(text) = text {
                values.insert(
                    (*key).to_owned(),
                    Given {
                        text,
                        origin: (*name).to_owned(),
                    },
                );
            }
        }
        assemble(home, profile, values)
    }
}

fn read_files(folder: &Path, profile: Option<String>) -> Result<BTreeMap<String, Given>, Error> {
    let name = profile.as_deref().unwrap_or(Profile::default().name());
    let path = folder.join(format!("{name}.yaml"));
    if let Some(profile) = profile.filter(|_| !path.is_file()) {
        return Err(Error::UnknownProfile {
            variable: env_vars::CHURN_PROFILE,
            profile,
            path,
            known: profiles(folder),
        });
    }
    let file = |path: PathBuf| File::from(path).format(FileFormat::Yaml);
    let merged = Config::builder()
        .add_source(file(folder.join("default.yaml")).required(true))
        .add_source(file(path).required(false))
        .build()
        .map_err(|fault| Error::Unreadable {
            reason: fault.to_string(),
        })?;
    let mut values = BTreeMap::new();
    flatten("", merged.cache, &mut values);
    Ok(values)
}

fn profiles(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut names: Vec<String> = entries
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|e| e == "yaml"))
        .filter_map(|path| Some(path.file_stem()?.to_str()?.to_owned()))
        .filter(|name| Profile::parse(Some(name)).is_some())
        .collect();
    names.sort();
    names
}

/// Turns nested tables into dotted keys; an explicit null means "as by default".
fn flatten(prefix: &str, value: Value, values: &mut BTreeMap<String, Given>) {
    let origin = value.origin().unwrap_or("default").to_owned();
    let text = match value.kind {
        ValueKind::Nil => return,
        ValueKind::Table(table) => {
            for (key, inner) in table {
                let dotted = if prefix.is_empty() {
                    key
                } else {
                    format!("{prefix}.{key}")
                };
                flatten(&dotted, inner, values);
            }
            return;
        }
        kind => kind.to_string(),
    };
    values.insert(prefix.to_owned(), Given { text, origin });
}

/// A secret from the file that `<name>_FILE` names, as orchestrators mount them.
fn read_secret_file(
    name: &str,
    variable: &impl Fn(&str) -> Option<String>,
) -> Result<Option<String>, Error> {
    let Some(path) = variable(&format!("{name}_FILE")) else {
        return Ok(None);
    };
    match std::fs::read_to_string(&path) {
        Ok(text) => Ok(Some(text.trim_end_matches(['\r', '\n']).to_owned())),
        Err(fault) => Err(Error::Unreadable {
            reason: format!("{name}_FILE={path}: {fault}; name a file that this user can read"),
        }),
    }
}

fn assemble(
    home: &Path,
    profile: Profile,
    values: BTreeMap<String, Given>,
) -> Result<Settings, Error> {
    let mut settings = Settings::defaults(home);
    settings.profile = profile;
    let mut taker = Taker {
        values,
        faults: Vec::new(),
    };

    settings.database.url = taker.text("database.url").map(Secret::new);
    if let Some(pool) = taker.parsed("database.pool", "a whole number from 1 to 256", |n| {
        (1..=256).contains(n)
    }) {
        settings.database.pool = pool;
    }
    let blobs = &mut settings.blobs;
    blobs.url = taker.text("blobs.url");
    blobs.endpoint = taker.text("blobs.endpoint");
    if let Some(region) = taker.text("blobs.region") {
        blobs.region = region;
    }
    blobs.access_key = taker.text("blobs.access_key").map(Secret::new);
    blobs.secret_key = taker.text("blobs.secret_key").map(Secret::new);
    if let Some(allow) = taker.parsed("blobs.allow_http", "true or false", |_| true) {
        blobs.allow_http = allow;
    }
    if blobs.access_key.is_some() != blobs.secret_key.is_some() {
        taker.faults.push(
            "blobs.access_key, blobs.secret_key: one is set without the other; set both or none"
                .to_owned(),
        );
    }
    settings.xgboost.library = taker.text("xgboost.library").map(PathBuf::from);
    settings.threads = taker.parsed("threads", "a whole number from 1 to 1024", |n| {
        (1..=1024).contains(n)
    });

    settings.cache.redis_url = taker.text("cache.redis_url").map(Secret::new);
    taker.number(
        "cache.memory_mib",
        &mut settings.cache.memory_mib,
        0,
        1 << 20,
    );
    settings.jobs.data_folder = taker.text("jobs.data_folder").map(PathBuf::from);
    if let Some(n) = taker.parsed("jobs.workers", "a whole number from 0 to 64", |n| *n <= 64) {
        settings.jobs.workers = n;
    }
    if let Some(n) = taker.parsed("jobs.lease_seconds", "a whole number from 1 to 3600", |n| {
        (1..=3600).contains(n)
    }) {
        settings.jobs.lease_seconds = n;
    }
    service::fill(&mut settings, &mut taker);
    for (key, given) in &taker.values {
        taker.faults.push(format!(
            "{key} (set in {}): there is no such setting; known: {}",
            given.origin,
            KNOWN_KEYS.join(", ")
        ));
    }
    if taker.faults.is_empty() {
        Ok(settings)
    } else {
        Err(Error::Invalid {
            faults: taker.faults,
        })
    }
}
