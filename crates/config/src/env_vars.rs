//! Every environment variable this program reads, in one place.
//!
//! A variable beats the files. `SETTINGS` pairs each name with the setting it fills; the
//! others are read on their own by [`Settings::load`](crate::Settings::load),
//! [`find_xgboost_library`](crate::find_xgboost_library) or the tests.

/// Which `config/<profile>.yaml` is read after `default.yaml`; default `development`.
pub const CHURN_PROFILE: &str = "CHURN_PROFILE";
/// Folder that holds everything, for programs without a `--home` option; default `var`.
pub const CHURN_HOME: &str = "CHURN_HOME";
/// Address of the database; holds a password, so it is treated as a secret.
pub const CHURN_DATABASE_URL: &str = "CHURN_DATABASE_URL";
/// Most connections to the database at once.
pub const CHURN_DATABASE_POOL: &str = "CHURN_DATABASE_POOL";
/// Where model bundles are kept: `file:///folder` or `s3://bucket/prefix`.
pub const CHURN_BLOBS_URL: &str = "CHURN_BLOBS_URL";
/// Password for `churn user add` and `churn user passwd`; a secret.
pub const CHURN_PASSWORD: &str = "CHURN_PASSWORD";
/// Address of Redis: `redis://user:password@host:port`; without it the cache is in memory. A secret.
pub const CHURN_REDIS_URL: &str = "CHURN_REDIS_URL";
/// Jobs one process runs at once.
pub const CHURN_JOBS_WORKERS: &str = "CHURN_JOBS_WORKERS";
/// Seconds after which a job of a silent worker is taken over.
pub const CHURN_JOBS_LEASE_SECONDS: &str = "CHURN_JOBS_LEASE_SECONDS";
/// Folder of files that callers of the API may name, for training.
pub const CHURN_DATA_FOLDER: &str = "CHURN_DATA_FOLDER";
/// Path of `libxgboost.so`.
pub const CHURN_XGBOOST_LIBRARY: &str = "CHURN_XGBOOST_LIBRARY";
/// Threads for training and batches; default all cores.
pub const CHURN_THREADS: &str = "CHURN_THREADS";
/// Address of an S3-compatible server; without it, Amazon.
pub const AWS_ENDPOINT_URL: &str = "AWS_ENDPOINT_URL";
/// Region of the bucket.
pub const AWS_REGION: &str = "AWS_REGION";
/// Access key of the bucket.
pub const AWS_ACCESS_KEY_ID: &str = "AWS_ACCESS_KEY_ID";
/// Secret key of the bucket.
pub const AWS_SECRET_ACCESS_KEY: &str = "AWS_SECRET_ACCESS_KEY";
/// `true` allows plain http to the bucket's server.
pub const AWS_ALLOW_HTTP: &str = "AWS_ALLOW_HTTP";
/// Address the server listens on.
pub const CHURN_HOST: &str = "CHURN_HOST";
/// Port the server listens on.
pub const CHURN_PORT: &str = "CHURN_PORT";
/// Origins of other sites that may call the API from a browser, separated by commas.
pub const CHURN_CORS_ORIGINS: &str = "CHURN_CORS_ORIGINS";
/// Which model answers: an alias, a version or `latest`.
pub const CHURN_MODEL_VERSION: &str = "CHURN_MODEL_VERSION";
/// Whether customers may be scored without signing in: `true` or `false`.
pub const CHURN_OPEN_SCORING: &str = "CHURN_OPEN_SCORING";
/// Key that signs tokens, at least 32 characters; a secret.
pub const CHURN_AUTH_SECRET: &str = "CHURN_AUTH_SECRET";
/// Least level that is logged: `error`, `warn`, `info`, `debug` or `trace`.
pub const CHURN_LOG_LEVEL: &str = "CHURN_LOG_LEVEL";
/// Form of log lines: `json` or `text`.
pub const CHURN_LOG_FORMAT: &str = "CHURN_LOG_FORMAT";
/// Where traces go by OTLP over HTTP, for example `http://collector:4318`.
pub const OTEL_EXPORTER_OTLP_ENDPOINT: &str = "OTEL_EXPORTER_OTLP_ENDPOINT";

/// Folder of the public data sets; read by tests and `cargo xtask` only.
pub const CHURN_DATA_DIR: &str = "CHURN_DATA_DIR";
/// Postgres server on which tests make their own databases; read by tests only.
pub const CHURN_TEST_POSTGRES_URL: &str = "CHURN_TEST_POSTGRES_URL";
/// Path of `moto_server`, the S3-compatible server of the tests; read by tests only.
pub const CHURN_MOTO: &str = "CHURN_MOTO";

/// Path of `redis-server`, which tests start for themselves; read by tests only.
pub const CHURN_REDIS_SERVER: &str = "CHURN_REDIS_SERVER";
/// Folder of caches by the XDG rules; default `~/.cache`.
pub const XDG_CACHE_HOME: &str = "XDG_CACHE_HOME";
/// The user's folder.
pub const HOME: &str = "HOME";

/// Variables that fill a setting: name, dotted key.
pub const SETTINGS: &[(&str, &str)] = &[
    (CHURN_DATABASE_URL, "database.url"),
    (CHURN_DATABASE_POOL, "database.pool"),
    (CHURN_BLOBS_URL, "blobs.url"),
    (CHURN_XGBOOST_LIBRARY, "xgboost.library"),
    (CHURN_THREADS, "threads"),
    (CHURN_REDIS_URL, "cache.redis_url"),
    (CHURN_JOBS_WORKERS, "jobs.workers"),
    (CHURN_JOBS_LEASE_SECONDS, "jobs.lease_seconds"),
    (CHURN_DATA_FOLDER, "jobs.data_folder"),
    (AWS_ENDPOINT_URL, "blobs.endpoint"),
    (AWS_REGION, "blobs.region"),
    (AWS_ACCESS_KEY_ID, "blobs.access_key"),
    (AWS_SECRET_ACCESS_KEY, "blobs.secret_key"),
    (AWS_ALLOW_HTTP, "blobs.allow_http"),
    (CHURN_HOST, "server.host"),
    (CHURN_PORT, "server.port"),
    (CHURN_CORS_ORIGINS, "server.cors_origins"),
    (CHURN_MODEL_VERSION, "scoring.model"),
    (CHURN_OPEN_SCORING, "scoring.open"),
    (CHURN_AUTH_SECRET, "auth.secret"),
    (CHURN_LOG_LEVEL, "telemetry.level"),
    (CHURN_LOG_FORMAT, "telemetry.format"),
    (OTEL_EXPORTER_OTLP_ENDPOINT, "telemetry.otlp_endpoint"),
];

/// Variables that hold a secret. Each may be given as a file instead: `<NAME>_FILE` is the path of
/// a file that holds the value, which is how orchestrators mount secrets.
pub const SECRETS: &[&str] = &[
    CHURN_DATABASE_URL,
    AWS_ACCESS_KEY_ID,
    AWS_SECRET_ACCESS_KEY,
    CHURN_AUTH_SECRET,
    CHURN_REDIS_URL,
];
