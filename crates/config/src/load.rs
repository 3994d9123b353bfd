//! Reads files and environment into [`Settings`], and names every fault at once.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use config::{Config, File, FileFormat, Value, ValueKind};

use crate::env_vars;
use crate::error::Error;
use crate::secret::Secret;
use crate::settings::Settings;

const DEFAULT_PROFILE: &str = "development";

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
    "jobs.workers",
    "jobs.lease_seconds",
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
        let mut values = match config_dir {
            Some(folder) => read_files(folder, variable(env_vars::CHURN_PROFILE))?,
            None => BTreeMap::new(),
        };
        for (name, key) in env_vars::SETTINGS {
            // An empty variable counts as absent: compose files pass them that way.
            if let Some(text) = variable(name).filter(|text| !text.is_empty()) {
                values.insert(
                    (*key).to_owned(),
                    Given {
                        text,
                        origin: (*name).to_owned(),
                    },
                );
            }
        }
        assemble(home, values)
    }
}

/// One value as text, and where it was set.
struct Given {
    text: String,
    origin: String,
}

fn read_files(folder: &Path, profile: Option<String>) -> Result<BTreeMap<String, Given>, Error> {
    let asked = profile.filter(|name| !name.is_empty());
    let name = asked.clone().unwrap_or_else(|| DEFAULT_PROFILE.to_owned());
    let path = folder.join(format!("{name}.yaml"));
    if let Some(profile) = asked.filter(|_| !path.is_file()) {
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
        .filter(|name| ["development", "staging", "production"].contains(&name.as_str()))
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

/// Takes values one by one and collects what is wrong with them.
struct Taker {
    values: BTreeMap<String, Given>,
    faults: Vec<String>,
}

impl Taker {
    fn text(&mut self, key: &str) -> Option<String> {
        self.values.remove(key).map(|given| given.text)
    }

    fn parsed<T: FromStr + PartialOrd + Display>(
        &mut self,
        key: &str,
        expected: &str,
        accepted: impl Fn(&T) -> bool,
    ) -> Option<T> {
        let given = self.values.remove(key)?;
        match given.text.trim().parse::<T>().ok().filter(accepted) {
            Some(value) => Some(value),
            None => {
                self.faults.push(format!(
                    "{key} (set in {}): expected {expected}, found {:?}",
                    given.origin, given.text
                ));
                None
            }
        }
    }
}

fn assemble(home: &Path, values: BTreeMap<String, Given>) -> Result<Settings, Error> {
    let mut settings = Settings::defaults(home);
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
    if let Some(n) = taker.parsed("jobs.workers", "a whole number from 0 to 64", |n| *n <= 64) {
        settings.jobs.workers = n;
    }
    if let Some(n) = taker.parsed("jobs.lease_seconds", "a whole number from 1 to 3600", |n| {
        (1..=3600).contains(n)
    }) {
        settings.jobs.lease_seconds = n;
    }
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
