//! The service as a value: built from settings, run until it is told to stop.

use std::any::Any;
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread::JoinHandle;
use std::time::Duration;

use actix_web::rt::net::TcpStream;
use actix_web::{HttpServer, web};
use anyhow::Context;
use churn_config::Settings;
use churn_engine::Home;
use churn_registry::Registry;
use socket2::SockRef;
use tokio::sync::Notify;

use crate::routes;
use crate::state::AppState;

/// A service that listens already but does not answer yet.
pub struct Application {
    listener: TcpListener,
    port: u16,
    state: Arc<AppState>,
    stop: Stopper,
}

/// Tells a running service to stop: no new connections, requests under way are finished.
#[derive(Debug, Clone, Default)]
pub struct Stopper(Arc<Notify>);

impl Stopper {
    /// Stops the service. A second call changes nothing.
    pub fn stop(&self) {
        self.0.notify_one();
    }
}

impl Application {
    /// Opens the stores, loads the model and takes the port. Blocks; call it outside async code.
    ///
    /// # Errors
    /// A store can't be opened, or the address is taken.
    pub fn build(settings: Settings) -> anyhow::Result<Self> {
        let registry = Home::open_registry(&settings)?;
        Self::over(settings, registry)
    }

    /// As [`Application::build`], over stores that are open already.
    ///
    /// # Errors
    /// The address is taken, or the key that signs tokens can't be kept.
    pub fn over(settings: Settings, registry: Registry) -> anyhow::Result<Self> {
        let address = (settings.server.host.as_str(), settings.server.port);
        let listener = TcpListener::bind(address).with_context(|| {
            format!(
                "can't listen on {}:{}; choose another with --port or server.port",
                address.0, address.1
            )
        })?;
        let port = listener.local_addr()?.port();
        let state = Arc::new(AppState::new(settings, registry)?);
        Ok(Self {
            listener,
            port,
            state,
            stop: Stopper::default(),
        })
    }

    /// The port it listens on.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// What stops it from outside; SIGINT and SIGTERM do as well.
    #[must_use]
    pub fn stopper(&self) -> Stopper {
        self.stop.clone()
    }

    /// Answers until it is told to stop; requests under way are finished then. Blocks.
    ///
    /// # Errors
    /// The server can't be started.
    pub fn run_until_stopped(self) -> anyhow::Result<()> {
        let Self {
            listener,
            state,
            stop,
            ..
        } = self;
        let poller = Poller::start(Arc::clone(&state))?;
        let system = actix_web::rt::System::new();
        let result = system.block_on(serve(listener, Arc::clone(&state), stop));
        poller.stop();
        state.close_log();
        // The last owner of the state goes here, outside async code: closing the store blocks.
        drop(state);
        result
    }
}

async fn serve(listener: TcpListener, state: Arc<AppState>, stop: Stopper) -> anyhow::Result<()> {
    let settings = state.settings.server.clone();
    let data = web::Data::from(state);
    let forgetting = forget_answers(data.clone());
    let patience = Duration::from_secs(settings.request_seconds);
    let server = HttpServer::new(move || routes::app(&data))
        .workers(settings.workers)
        .worker_max_blocking_threads(16)
        .max_connections(settings.max_connections)
        .client_request_timeout(Duration::from_secs(settings.header_seconds))
        .on_connect(move |connection, _| give_up_after(connection, patience))
        .client_disconnect_timeout(Duration::from_secs(1))
        .keep_alive(Duration::from_secs(settings.idle_seconds))
        .shutdown_timeout(settings.shutdown_seconds)
        .listen(listener)?
        .run();
    let handle = server.handle();
    let stopping = async move {
        stop.0.notified().await;
        handle.stop(true).await;
    };
    tokio::select! {
        ended = server => ended?,
        () = stopping => {}
        () = forgetting => {}
    }
    Ok(())
}

/// Clears the answers of models that no longer serve, for as long as the service runs.
async fn forget_answers(state: web::Data<AppState>) {
    loop {
        state.exchanged.notified().await;
        state.cache.clear(routes::ANSWERS).await;
    }
}

/// Lets the system end a connection whose other side takes nothing of an answer for so long.
fn give_up_after(connection: &dyn Any, patience: Duration) {
    if let Some(stream) = connection.downcast_ref::<TcpStream>() {
        let told = SockRef::from(stream).set_tcp_user_timeout(Some(patience));
        if let Err(fault) = told {
            tracing::debug!(target: "churn::http", %fault, "no time limit on slow readers");
        }
    }
}

/// Notices what other processes activate.
struct Poller {
    stop: mpsc::Sender<()>,
    thread: JoinHandle<()>,
}

impl Poller {
    fn start(state: Arc<AppState>) -> anyhow::Result<Self> {
        let (stop, stopped) = mpsc::channel();
        let every = Duration::from_secs(state.settings.scoring.poll_seconds);
        let thread = std::thread::Builder::new().name("model-poll".to_owned());
        let thread = thread.spawn(move || {
            while stopped.recv_timeout(every) == Err(RecvTimeoutError::Timeout) {
                state.look_for_model();
                state.clients.forget_idle();
            }
        })?;
        Ok(Self { stop, thread })
    }

    fn stop(self) {
        drop(self.stop);
        // A poller that panicked has said so already.
        let _ = self.thread.join();
    }
}
