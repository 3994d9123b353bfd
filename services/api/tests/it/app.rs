//! The real application on a free port, stopped when the test ends.

use std::path::Path;
use std::sync::Arc;
use std::thread::JoinHandle;

use churn_api::{Application, Stopper};
use churn_config::Settings;
use churn_engine::{Home, Stop};
use churn_registry::{NewVersion, Registry};
use churn_store::SystemClock;
use churn_worker::{Worked, Worker, WorkerParams};
use serde_json::{Value, json};

use crate::client::{Answer, Ask};
use crate::model;
use crate::stores::Stores;

/// A running service.
pub(crate) struct App {
    pub(crate) port: u16,
    pub(crate) registry: Registry,
    pub(crate) stores: Stores,
    settings: Settings,
    folder: tempfile::TempDir,
    stop: Stopper,
    thread: Option<JoinHandle<()>>,
}

/// Settings for a home in `folder`.
pub(crate) fn settings(folder: &Path, set: &[(&str, &str)]) -> Settings {
    let config = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../config");
    let load = Settings::load_with(folder, Some(&config), |name| {
        let found = set.iter().find(|(known, _)| *known == name);
        found.map(|(_, value)| (*value).to_owned())
    });
    let mut settings = load.unwrap();
    settings.server.host = "127.0.0.1".to_owned();
    settings.server.port = 0;
    settings.scoring.poll_seconds = 1;
    settings
}

impl App {
    /// A service of the development profile with one champion.
    pub(crate) fn start() -> Self {
        Self::with(&[], |_| {})
    }

    /// A service with environment variables and changed settings, and one champion.
    pub(crate) fn with(set: &[(&str, &str)], change: impl FnOnce(&mut Settings)) -> Self {
        Self::on(Stores::small(), set, change)
    }

    /// As [`App::with`], on these stores.
    pub(crate) fn on(
        stores: Stores,
        set: &[(&str, &str)],
        change: impl FnOnce(&mut Settings),
    ) -> Self {
        let app = Self::over(stores, set, change, |registry| {
            register(registry, 1);
            registry.activate("latest", "test", "first").unwrap();
        });
        app.get("/readyz");
        app
    }

    /// A service over what `prepare` puts into its registry.
    pub(crate) fn without_model(
        set: &[(&str, &str)],
        change: impl FnOnce(&mut Settings),
        prepare: impl FnOnce(&Registry),
    ) -> Self {
        Self::over(Stores::small(), set, change, prepare)
    }

    fn over(
        stores: Stores,
        set: &[(&str, &str)],
        change: impl FnOnce(&mut Settings),
        prepare: impl FnOnce(&Registry),
    ) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let of_stores = stores
            .set
            .iter()
            .map(|(name, value)| (*name, value.as_str()));
        let set: Vec<(&str, &str)> = set.iter().copied().chain(of_stores).collect();
        let mut settings = settings(folder.path(), &set);
        change(&mut settings);
        let registry = Home::open_registry(&settings).unwrap();
        prepare(&registry);
        let application = Application::build(settings.clone()).unwrap();
        let (port, stop) = (application.port(), application.stopper());
        let thread = std::thread::spawn(move || application.run_until_stopped().unwrap());
        Self {
            port,
            registry,
            stores,
            settings,
            folder,
            stop,
            thread: Some(thread),
        }
    }

    pub(crate) fn home(&self) -> &Path {
        self.folder.path()
    }

    #[track_caller]
    pub(crate) fn get(&self, path: &str) -> Answer {
        Ask::new(self.port, "GET", path).send()
    }

    #[track_caller]
    pub(crate) fn post(&self, path: &str, body: &Value) -> Answer {
        Ask::new(self.port, "POST", path).json(body).send()
    }

    pub(crate) fn ask<'a>(&self, method: &'a str, path: &'a str) -> Ask<'a> {
        Ask::new(self.port, method, path)
    }

    /// Lets a worker do the next job.
    pub(crate) fn work(&self) {
        let clock = Arc::new(SystemClock);
        let home = Home::open_with(self.home(), self.settings.clone(), clock.clone()).unwrap();
        let worker = Worker::new(Arc::new(home), clock, WorkerParams::default()).unwrap();
        let worked = worker.work_once(&Stop::default()).unwrap();
        assert!(matches!(worked, Worked::Job { .. }), "{worked:?}");
    }

    /// Stops the service and waits until everything under way is done.
    pub(crate) fn stop(&mut self) {
        self.stop.stop();
        if let Some(thread) = self.thread.take() {
            thread.join().unwrap();
        }
    }
}

impl Drop for App {
    fn drop(&mut self) {
        self.stop.stop();
        if let Some(thread) = self.thread.take() {
            // A service that failed has failed the test already.
            let _ = thread.join();
        }
    }
}

/// Registers the model of a seed and gives its version.
pub(crate) fn register(registry: &Registry, seed: u64) -> String {
    let new = NewVersion {
        run_id: None,
        who: "test",
    };
    let version = registry.register(&model::model(seed), &new).unwrap();
    version.version.to_string()
}

/// A complete customer.
pub(crate) fn customer() -> Value {
    json!({
        "customerID": "C-1", "gender": "Female", "SeniorCitizen": 0, "Partner": "Yes",
        "Dependents": "No", "tenure": 3, "PhoneService": "Yes", "MultipleLines": "No",
        "InternetService": "Fiber optic", "OnlineSecurity": "No", "OnlineBackup": "No",
        "DeviceProtection": "No", "TechSupport": "No", "StreamingTV": "Yes",
        "StreamingMovies": "No", "Contract": "Month-to-month", "PaperlessBilling": "Yes",
        "PaymentMethod": "Electronic check", "MonthlyCharges": 84.5, "TotalCharges": 250.1
    })
}
