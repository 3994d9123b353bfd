//! A Postgres server for the tests: one that answers, else a private one that goes away with this process.

use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};

use crate::{Outcome, shell};

/// Asked first; the tests make and drop databases of their own on it.
const RUNNING: &str = "postgres://postgres@127.0.0.1:5432/postgres";

/// A server to test on.
pub(crate) enum Server {
    /// Somebody else's.
    Running(String),
    /// Ours, stopped when dropped.
    Private(PrivateServer),
}

impl Server {
    pub(crate) fn url(&self) -> &str {
        match self {
            Server::Running(url) => url,
            Server::Private(server) => &server.url,
        }
    }
}

/// Finds or starts a server; `None`, said in one line, if there is none to start.
///
/// With `CI=true` it is installed where that is allowed, and its absence is an error.
pub(crate) fn find_or_start() -> anyhow::Result<Option<Server>> {
    if let Ok(url) = std::env::var("CHURN_TEST_POSTGRES_URL") {
        return Ok(Some(Server::Running(url)));
    }
    if shell::works("psql", &["--no-password", "--command", "select 1", RUNNING]) {
        return Ok(Some(Server::Running(RUNNING.to_owned())));
    }
    if find_programs().is_none() && shell::is_ci() && shell::can_install() {
        shell::install("postgresql")?;
    }
    match find_programs() {
        Some(programs) => Ok(Some(Server::Private(PrivateServer::start(&programs)?))),
        None if shell::is_ci() => {
            bail!(
                "no Postgres, and CI=true leaves nothing out: apt-get install postgresql, or set CHURN_TEST_POSTGRES_URL"
            )
        }
        None => {
            eprintln!(
                "left out: Postgres is not installed (apt-get install postgresql, or set CHURN_TEST_POSTGRES_URL)"
            );
            Ok(None)
        }
    }
}

/// The folder of `initdb`, `postgres` and `pg_ctl`: the newest Debian keeps, else the one of the path.
fn find_programs() -> Option<PathBuf> {
    let mut folders: Vec<(u32, PathBuf)> = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| {
            Some((
                entry.file_name().to_str()?.parse().ok()?,
                entry.path().join("bin"),
            ))
        })
        .collect();
    folders.sort();
    let newest_first = folders.into_iter().rev().map(|(_, folder)| folder);
    let on_path = std::env::var_os("PATH").unwrap_or_default();
    let candidates: Vec<PathBuf> = newest_first
        .chain(std::env::split_paths(&on_path))
        .collect();
    candidates.into_iter().find(|folder| {
        ["initdb", "postgres"]
            .iter()
            .all(|name| folder.join(name).exists())
    })
}

/// A server in a folder of its own.
pub(crate) struct PrivateServer {
    folder: PathBuf,
    process: Child,
    url: String,
}

impl PrivateServer {
    fn start(programs: &Path) -> anyhow::Result<Self> {
        let folder = std::env::temp_dir().join(format!("churn-postgres-{}", std::process::id()));
        std::fs::create_dir_all(&folder)
            .with_context(|| format!("could not make {}", folder.display()))?;
        let user = find_user()?;
        if let Some(user) = &user {
            shell::run(Command::new("chown").arg(user).arg(&folder))?;
        }
        let data = folder.join("data");
        shell::run(
            as_user(user.as_deref(), &programs.join("initdb"))
                .args([
                    "--no-sync",
                    "--auth=trust",
                    "--username=postgres",
                    "--encoding=UTF8",
                    "--locale=C",
                ])
                .arg("--pgdata")
                .arg(&data)
                .current_dir(&folder)
                .stdout(Stdio::null()),
        )?;
        let port = find_free_port()?;
        eprintln!("$ postgres on port {port} in {}", folder.display());
        let process = as_user(user.as_deref(), &programs.join("postgres"))
            .arg("-D")
            .arg(&data)
            .args([
                "-p",
                &port.to_string(),
                "-c",
                "listen_addresses=127.0.0.1",
                "-c",
                "fsync=off",
            ])
            .args([
                "-c",
                "logging_collector=off",
                "-c",
                "log_min_messages=fatal",
                "-c",
                "max_connections=200",
            ])
            .arg("-k")
            .arg(&folder)
            .current_dir(&folder)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .context("could not start postgres")?;
        let url = format!("postgres://postgres@127.0.0.1:{port}/postgres");
        let mut server = PrivateServer {
            folder,
            process,
            url,
        };
        server.wait_until_it_answers(port)?;
        Ok(server)
    }

    fn wait_until_it_answers(&mut self, port: u16) -> Outcome {
        let deadline = Instant::now() + Duration::from_secs(60);
        while Instant::now() < deadline {
            if let Some(status) = self.process.try_wait()? {
                bail!(
                    "the private Postgres stopped at once ({status}); see {}",
                    self.folder.display()
                );
            }
            if TcpStream::connect(("127.0.0.1", port)).is_ok() {
                return Ok(());
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        bail!("the private Postgres did not answer within a minute on port {port}")
    }
}

impl Drop for PrivateServer {
    fn drop(&mut self) {
        // SIGINT is Postgres' "fast shutdown"; a process that is gone already is as good.
        shell::read(Command::new("kill").args(["-INT", &self.process.id().to_string()]));
        self.process.wait().ok();
        std::fs::remove_dir_all(&self.folder).ok();
    }
}

/// The user to run as: Postgres refuses the superuser. `None` for the present one.
fn find_user() -> anyhow::Result<Option<String>> {
    if shell::read(Command::new("id").arg("-u")).as_deref() != Some("0") {
        return Ok(None);
    }
    let user = ["postgres", "nobody"]
        .into_iter()
        .find(|user| shell::works("id", &["-u", user]));
    match user {
        Some(user) if shell::works("setpriv", &["--version"]) => Ok(Some(user.to_owned())),
        _ => bail!(
            "Postgres refuses the superuser; run as another user, or install util-linux for setpriv"
        ),
    }
}

/// A command as another user, in the same process, so that a signal reaches it.
fn as_user(user: Option<&str>, program: &Path) -> Command {
    let Some(user) = user else {
        return Command::new(program);
    };
    let group =
        shell::read(Command::new("id").args(["-gn", user])).unwrap_or_else(|| user.to_owned());
    let mut command = Command::new("setpriv");
    command
        .arg(format!("--reuid={user}"))
        .arg(format!("--regid={group}"))
        .arg("--clear-groups")
        .arg(program);
    command
}

/// A port nobody listens on just now.
fn find_free_port() -> anyhow::Result<u16> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).context("no free port on 127.0.0.1")?;
    Ok(listener.local_addr()?.port())
}
