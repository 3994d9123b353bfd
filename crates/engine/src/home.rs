//! The folder that holds a whole installation.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use churn_config::Settings;
use churn_registry::{Registry, RegistryParams};
use churn_store::{BlobParams, Cache, CacheParams, Clock, S3Params, SystemClock};

use crate::Error;

/// An opened home: settings and registry.
pub struct Home {
    path: PathBuf,
    settings: Settings,
    registry: Registry,
}

impl Home {
    /// Opens the home at `path`, making it when it does not exist. Settings come from
    /// `<home>/config` when it holds a `default.yaml`, else `config/` in the working directory when
    /// it holds one, and from the environment.
    ///
    /// # Errors
    /// [`Error::Config`] and [`Error::Registry`].
    pub fn open(path: &Path) -> Result<Self, Error> {
        let settings = Self::load_settings(path)?;
        let registry = Self::open_registry(&settings)?;
        Ok(Self {
            path: path.to_owned(),
            settings,
            registry,
        })
    }

    /// A home at `path` with settings that were read before; see [`open`](Self::open).
    ///
    /// # Errors
    /// [`Error::Store`] and [`Error::Registry`].
    pub fn open_with(
        path: &Path,
        settings: Settings,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, Error> {
        let registry = Registry::open(&registry_params(&settings)?, clock)?;
        Ok(Self {
            path: path.to_owned(),
            settings,
            registry,
        })
    }

    /// The cache the settings name: Redis, else memory of this process.
    ///
    /// # Errors
    /// [`Error::Store`] when the address is not one of Redis.
    pub fn open_cache(settings: &Settings) -> Result<Cache, Error> {
        let redis_url = settings.cache.redis_url.as_ref();
        Ok(Cache::open(&CacheParams {
            redis_url: redis_url.map(|url| url.expose().to_owned()),
            max_bytes: settings.cache.memory_mib << 20,
            ..CacheParams::default()
        })?)
    }

    /// The settings of the home at `path`; nothing is opened or made.
    ///
    /// # Errors
    /// [`Error::Config`].
    pub fn load_settings(path: &Path) -> Result<Settings, Error> {
        let own = path.join("config");
        let config_dir = [own.as_path(), Path::new("config")]
            .into_iter()
            .find(|dir| dir.join("default.yaml").is_file());
        Ok(Settings::load(path, config_dir)?)
    }

    /// Models and runs where `settings` say that they are.
    ///
    /// # Errors
    /// [`Error::Store`] and [`Error::Registry`].
    pub fn open_registry(settings: &Settings) -> Result<Registry, Error> {
        let params = registry_params(settings)?;
        Ok(Registry::open(&params, Arc::new(SystemClock))?)
    }

    /// The folder.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Its settings.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Its models and runs.
    #[must_use]
    pub fn registry(&self) -> &Registry {
        &self.registry
    }
}

/// Where the settings say database and bundles are.
fn registry_params(settings: &Settings) -> Result<RegistryParams, Error> {
    let blobs = match &settings.blobs.url {
        None => BlobParams::Folder(settings.default_blob_folder()),
        Some(url) => {
            let secret = |key: &Option<churn_config::Secret>| {
                key.as_ref().map(|secret| secret.expose().to_owned())
            };
            let server = S3Params {
                bucket: String::new(),
                prefix: String::new(),
                endpoint: settings.blobs.endpoint.clone(),
                region: settings.blobs.region.clone(),
                access_key: secret(&settings.blobs.access_key),
                secret_key: secret(&settings.blobs.secret_key),
                allow_http: settings.blobs.allow_http,
            };
            BlobParams::parse(url, server)?
        }
    };
    Ok(RegistryParams {
        database_url: settings.database_url().expose().to_owned(),
        database_pool: settings.database.pool,
        blobs,
    })
}
