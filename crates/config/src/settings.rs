//! The settings themselves: one struct per section, with its defaults.

use std::path::{Path, PathBuf};

use crate::secret::Secret;
use crate::service::{
    AuthSettings, LimitSettings, ScoringSettings, ServerSettings, TelemetrySettings,
};

/// What an installation is for; decides how strict the defaults are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Profile {
    /// One person on one machine.
    #[default]
    Development,
    /// A rehearsal of production.
    Staging,
    /// Customers' data, several users.
    Production,
}

impl Profile {
    /// Every profile with its name.
    pub(crate) const NAMES: [(&str, Self); 3] = [
        ("development", Self::Development),
        ("staging", Self::Staging),
        ("production", Self::Production),
    ];

    /// The profile of this name; the default for none.
    pub(crate) fn parse(name: Option<&str>) -> Option<Self> {
        let Some(name) = name else {
            return Some(Self::default());
        };
        let mut known = Self::NAMES.iter();
        known
            .find(|(word, _)| *word == name)
            .map(|(_, profile)| *profile)
    }

    /// `development`, `staging` or `production`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Development => "development",
            Self::Staging => "staging",
            Self::Production => "production",
        }
    }
}

/// Everything that can be set. See the front page for where values come from.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Settings {
    /// The folder that holds everything that is not configured elsewhere.
    pub home: PathBuf,
    /// What the installation is for; `CHURN_PROFILE`, default development.
    pub profile: Profile,
    /// The database.
    pub database: DatabaseSettings,
    /// Model bundles and other files.
    pub blobs: BlobSettings,
    /// The XGBoost library.
    pub xgboost: XgboostSettings,
    /// Threads for training and batches, 1..=1024; none = all cores.
    pub threads: Option<usize>,
    /// The cache.
    pub cache: CacheSettings,
    /// Work in the background.
    pub jobs: JobSettings,
    /// The HTTP server.
    pub server: ServerSettings,
    /// What scores, and how much at once.
    pub scoring: ScoringSettings,
    /// How much one client may ask.
    pub limits: LimitSettings,
    /// Tokens and sessions.
    pub auth: AuthSettings,
    /// Logs and traces.
    pub telemetry: TelemetrySettings,
}

/// Section `cache`.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct CacheSettings {
    /// `redis://user:password@host:port`; none = memory of each process.
    pub redis_url: Option<Secret>,
    /// Most that is kept in memory, MiB, 0..=1048576; default 16.
    pub memory_mib: usize,
}

/// Section `jobs`.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct JobSettings {
    /// Jobs one process runs at once, 0..=64; 0 leaves them to other processes. Default 1.
    pub workers: usize,
    /// A job whose worker is silent for so many seconds is taken over, 1..=3600; default 30.
    pub lease_seconds: u64,
    /// Folder of files that callers of the API may name; none = `data` in the home.
    pub data_folder: Option<PathBuf>,
}

/// Section `database`.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct DatabaseSettings {
    /// `postgres://user:password@host/name` or `sqlite:PATH`; none = `churn.db` in the home.
    pub url: Option<Secret>,
    /// Most connections at once, 1..=256; default 8.
    pub pool: u32,
}

/// Section `blobs`.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct BlobSettings {
    /// `file:///folder` or `s3://bucket/prefix`; none = `objects` in the home.
    pub url: Option<String>,
    /// Address of the S3-compatible server; none = Amazon.
    pub endpoint: Option<String>,
    /// Region; default `us-east-1`.
    pub region: String,
    /// Access key; given together with the secret key, or not at all.
    pub access_key: Option<Secret>,
    /// Secret key.
    pub secret_key: Option<Secret>,
    /// Whether plain http is allowed; default false.
    pub allow_http: bool,
}

/// Section `xgboost`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct XgboostSettings {
    /// Path of `libxgboost.so`; none = it is searched for.
    pub library: Option<PathBuf>,
}

impl Settings {
    /// The defaults, for a product that runs whole under `home`.
    pub fn defaults(home: &Path) -> Self {
        Self {
            home: home.to_owned(),
            profile: Profile::default(),
            database: DatabaseSettings { url: None, pool: 8 },
            blobs: BlobSettings {
                url: None,
                endpoint: None,
                region: "us-east-1".to_owned(),
                access_key: None,
                secret_key: None,
                allow_http: false,
            },
            xgboost: XgboostSettings::default(),
            threads: None,
            cache: CacheSettings {
                redis_url: None,
                memory_mib: 16,
            },
            jobs: JobSettings {
                workers: 1,
                lease_seconds: 30,
                data_folder: None,
            },
            server: ServerSettings::default(),
            scoring: ScoringSettings::default(),
            limits: LimitSettings::default(),
            auth: AuthSettings::default(),
            telemetry: TelemetrySettings::default(),
        }
    }

    /// The address of the database, the default filled in. It may hold a password.
    pub fn database_url(&self) -> Secret {
        self.database.url.clone().unwrap_or_else(|| {
            Secret::new(format!("sqlite:{}", self.home.join("churn.db").display()))
        })
    }

    /// The folder of files that callers may name, the default filled in.
    pub fn data_folder(&self) -> PathBuf {
        let given = self.jobs.data_folder.clone();
        given.unwrap_or_else(|| self.home.join("data"))
    }

    /// The folder of blobs when [`BlobSettings::url`] is not set.
    pub fn default_blob_folder(&self) -> PathBuf {
        self.home.join("objects")
    }
}
