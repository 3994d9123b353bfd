//! Settings of the service: server, scoring, limits, tokens, telemetry.

use crate::env_vars;
use crate::secret::Secret;
use crate::settings::{Profile, Settings};
use crate::taker::Taker;

/// Section `server`: how HTTP is spoken.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ServerSettings {
    /// Address to listen on; default `127.0.0.1`, this machine only.
    pub host: String,
    /// Port, 0..=65535; 0 takes a free one. Default 8080.
    pub port: u16,
    /// Threads that speak HTTP, 1..=256; default 2. They never compute for long.
    pub workers: usize,
    /// Most open connections of a worker, 1..=100000; default 10000.
    pub max_connections: usize,
    /// Longest time a request may take, seconds, 1..=3600; default 30. Uploads and streamed
    /// answers are not cut off by it once they flow.
    pub request_seconds: u64,
    /// Longest time the head of a request may take to arrive, seconds, 1..=60; default 5.
    pub header_seconds: u64,
    /// How long an idle connection is kept, seconds, 0..=600; default 75.
    pub idle_seconds: u64,
    /// How long requests under way may still take when the server stops, seconds, 0..=600;
    /// default 30.
    pub shutdown_seconds: u64,
    /// Largest JSON body, KiB, 1..=65536; default 1024.
    pub max_body_kib: usize,
    /// Largest uploaded file, MiB, 1..=1048576; default 1024.
    pub max_upload_mib: u64,
    /// Most rows of an uploaded file, 1..=10^12; default 10^8.
    pub max_rows: u64,
    /// Whether a proxy of ours stands in front, so that the last address of `X-Forwarded-For` is the
    /// client's; default false.
    pub behind_proxy: bool,
    /// Other sites whose pages may call the API; default none.
    pub cors_origins: Vec<String>,
    /// Whether `/docs` and `/openapi.json` are served; default true.
    pub docs: bool,
}

/// Section `scoring`: what scores, and how much at once.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ScoringSettings {
    /// Which model answers: an alias, `v1.2.3` or `latest`; default `champion`.
    pub model: String,
    /// Whether customers may be scored without signing in; default only in the development profile.
    pub open: bool,
    /// Reasons given for a score, 1..=100; default 5.
    pub reasons: usize,
    /// How often another process' activation is looked for, seconds, 1..=3600; default 2.
    pub poll_seconds: u64,
    /// Threads for single customers, 1..=256; default 2.
    pub threads: usize,
    /// Most single customers waiting or being scored, 1..=100000; more are answered 503. Default 256.
    pub queue: usize,
    /// Threads for files, 1..=1024; none = all cores.
    pub batch_threads: Option<usize>,
    /// Most files scored at once, 1..=1000; default 2.
    pub batches: usize,
    /// Files larger than this become a job, MiB, 0..=1048576; default 64.
    pub job_mib: u64,
    /// Text files of more lines than this become a job, 0..=10^12; default 200000.
    pub job_rows: u64,
    /// Whether every prediction is stored; default true.
    pub log: bool,
}

/// Section `limits`: how much one client may ask.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct LimitSettings {
    /// Requests a second of one client in the long run, 0..=10^6; 0 = no limit. Default 0 in the
    /// development profile, else 100.
    pub requests_per_second: u32,
    /// Requests one client may make at once, 1..=10^6; default 200.
    pub burst: u32,
    /// Wrong passwords in a row before an account waits, 1..=1000; default 5.
    pub login_attempts: u32,
    /// How long it waits, seconds, 1..=86400; default 60.
    pub login_lock_seconds: u64,
}

/// Section `auth`: tokens and sessions.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct AuthSettings {
    /// Key that signs tokens; none = one is made and kept in the home folder.
    pub secret: Option<Secret>,
    /// How long an access token is good, minutes, 1..=1440; default 15.
    pub access_minutes: i64,
    /// How long a refresh token is good, days, 1..=365; default 14.
    pub refresh_days: i64,
    /// How long a session of the dashboard is good, hours, 1..=720; default 12.
    pub session_hours: i64,
}

/// Section `telemetry`: logs and traces.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct TelemetrySettings {
    /// Least level that is logged; default `info`.
    pub level: LogLevel,
    /// Form of log lines; default JSON.
    pub format: LogFormat,
    /// Where traces go by OTLP over HTTP; none = nowhere.
    pub otlp_endpoint: Option<String>,
}

/// How much is logged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LogLevel {
    /// Only what failed.
    Error,
    /// And what is odd.
    Warn,
    /// And one line for every request.
    #[default]
    Info,
    /// And steps.
    Debug,
    /// Everything.
    Trace,
}

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LogFormat {
    /// One JSON object a line.
    #[default]
    Json,
    /// For people.
    Text,
}

impl Default for ServerSettings {
    fn default() -> Self {
        Self {
            host: "127.0.0.1".to_owned(),
            port: 8080,
            workers: 2,
            max_connections: 10_000,
            request_seconds: 30,
            header_seconds: 5,
            idle_seconds: 75,
            shutdown_seconds: 30,
            max_body_kib: 1024,
            max_upload_mib: 1024,
            max_rows: 100_000_000,
            behind_proxy: false,
            cors_origins: Vec::new(),
            docs: true,
        }
    }
}

impl Default for ScoringSettings {
    fn default() -> Self {
        Self {
            model: "champion".to_owned(),
            open: true,
            reasons: 5,
            poll_seconds: 2,
            threads: 2,
            queue: 256,
            batch_threads: None,
            batches: 2,
            job_mib: 64,
            job_rows: 200_000,
            log: true,
        }
    }
}

impl Default for LimitSettings {
    fn default() -> Self {
        Self {
            requests_per_second: 0,
            burst: 200,
            login_attempts: 5,
            login_lock_seconds: 60,
        }
    }
}

impl Default for AuthSettings {
    fn default() -> Self {
        Self {
            secret: None,
            access_minutes: 15,
            refresh_days: 14,
            session_hours: 12,
        }
    }
}

/// Shortest key that may sign tokens, in bytes: that of the hash behind it.
const MIN_SECRET_BYTES: usize = 32;

/// Fills the sections of the service; what the profile decides comes before what is given.
pub(crate) fn fill(settings: &mut Settings, taker: &mut Taker) {
    if settings.profile != Profile::Development {
        settings.scoring.open = false;
        settings.limits.requests_per_second = 100;
    }
    fill_server(&mut settings.server, taker);
    fill_scoring(&mut settings.scoring, taker);
    let limits = &mut settings.limits;
    taker.number(
        "limits.requests_per_second",
        &mut limits.requests_per_second,
        0,
        1_000_000,
    );
    taker.number("limits.burst", &mut limits.burst, 1, 1_000_000);
    taker.number("limits.login_attempts", &mut limits.login_attempts, 1, 1000);
    taker.number(
        "limits.login_lock_seconds",
        &mut limits.login_lock_seconds,
        1,
        86_400,
    );
    fill_auth(&mut settings.auth, taker);
    let telemetry = &mut settings.telemetry;
    let levels = [
        ("error", LogLevel::Error),
        ("warn", LogLevel::Warn),
        ("info", LogLevel::Info),
        ("debug", LogLevel::Debug),
        ("trace", LogLevel::Trace),
    ];
    taker.word("telemetry.level", &mut telemetry.level, &levels);
    let formats = [("json", LogFormat::Json), ("text", LogFormat::Text)];
    taker.word("telemetry.format", &mut telemetry.format, &formats);
    telemetry.otlp_endpoint = taker.text("telemetry.otlp_endpoint");
}

fn fill_server(server: &mut ServerSettings, taker: &mut Taker) {
    if let Some(host) = taker.text("server.host") {
        server.host = host;
    }
    taker.number("server.port", &mut server.port, 0, u16::MAX);
    taker.number("server.workers", &mut server.workers, 1, 256);
    taker.number(
        "server.max_connections",
        &mut server.max_connections,
        1,
        100_000,
    );
    taker.number(
        "server.request_seconds",
        &mut server.request_seconds,
        1,
        3600,
    );
    taker.number("server.header_seconds", &mut server.header_seconds, 1, 60);
    taker.number("server.idle_seconds", &mut server.idle_seconds, 0, 600);
    taker.number(
        "server.shutdown_seconds",
        &mut server.shutdown_seconds,
        0,
        600,
    );
    taker.number("server.max_body_kib", &mut server.max_body_kib, 1, 65_536);
    taker.number(
        "server.max_upload_mib",
        &mut server.max_upload_mib,
        1,
        1 << 20,
    );
    taker.number(
        "server.max_rows",
        &mut server.max_rows,
        1,
        1_000_000_000_000,
    );
    taker.flag("server.behind_proxy", &mut server.behind_proxy);
    taker.list("server.cors_origins", &mut server.cors_origins);
    taker.flag("server.docs", &mut server.docs);
}

fn fill_scoring(scoring: &mut ScoringSettings, taker: &mut Taker) {
    if let Some(model) = taker.text("scoring.model") {
        scoring.model = model;
    }
    taker.flag("scoring.open", &mut scoring.open);
    taker.number("scoring.reasons", &mut scoring.reasons, 1, 100);
    taker.number("scoring.poll_seconds", &mut scoring.poll_seconds, 1, 3600);
    taker.number("scoring.threads", &mut scoring.threads, 1, 256);
    taker.number("scoring.queue", &mut scoring.queue, 1, 100_000);
    scoring.batch_threads = taker.parsed(
        "scoring.batch_threads",
        "a whole number from 1 to 1024",
        |n| (1..=1024).contains(n),
    );
    taker.number("scoring.batches", &mut scoring.batches, 1, 1000);
    taker.number("scoring.job_mib", &mut scoring.job_mib, 0, 1 << 20);
    taker.number(
        "scoring.job_rows",
        &mut scoring.job_rows,
        0,
        1_000_000_000_000,
    );
    taker.flag("scoring.log", &mut scoring.log);
}

fn fill_auth(auth: &mut AuthSettings, taker: &mut Taker) {
    let origin = taker
        .values
        .get("auth.secret")
        .map(|given| given.origin.clone());
    if let Some(file) = origin.filter(|origin| origin != env_vars::CHURN_AUTH_SECRET) {
        taker.faults.push(format!(
            "auth.secret (set in {file}): a secret does not belong in a file of settings; set {} or {0}_FILE",
            env_vars::CHURN_AUTH_SECRET
        ));
    }
    auth.secret = taker.secret("auth.secret");
    if auth
        .secret
        .as_ref()
        .is_some_and(|key| key.expose().len() < MIN_SECRET_BYTES)
    {
        taker.faults.push(format!(
            "auth.secret: expected at least {MIN_SECRET_BYTES} characters; `openssl rand -hex 32` makes one"
        ));
    }
    taker.number("auth.access_minutes", &mut auth.access_minutes, 1, 1440);
    taker.number("auth.refresh_days", &mut auth.refresh_days, 1, 365);
    taker.number("auth.session_hours", &mut auth.session_hours, 1, 720);
}
