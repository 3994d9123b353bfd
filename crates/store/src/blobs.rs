//! Files kept by the hash of their content, in a folder or in S3.

use std::path::{Path as FilePath, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use object_store::aws::AmazonS3Builder;
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::{BackoffConfig, ClientOptions, ObjectStore, ObjectStoreExt, RetryConfig};
use sha2::{Digest, Sha256};
use tokio::runtime::Runtime;

use crate::error::Error;

/// Where blobs are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BlobParams {
    /// A folder; it is made when it does not exist.
    Folder(PathBuf),
    /// A bucket of S3 or of a server that speaks its protocol.
    S3(S3Params),
}

/// A bucket and how to reach it.
#[derive(Clone, PartialEq, Eq)]
pub struct S3Params {
    /// Name of the bucket; it must exist.
    pub bucket: String,
    /// Folder inside the bucket; empty for none.
    pub prefix: String,
    /// Address of the server; none for Amazon itself.
    pub endpoint: Option<String>,
    /// Region; servers of our own accept any, for example `us-east-1`.
    pub region: String,
    /// Access key; with none, what the machine's role gives is used.
    pub access_key: Option<String>,
    /// Secret key; never shown.
    pub secret_key: Option<String>,
    /// Whether plain http is allowed; false by default.
    pub allow_http: bool,
}

impl std::fmt::Debug for S3Params {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("S3Params")
            .field("bucket", &self.bucket)
            .field("prefix", &self.prefix)
            .field("endpoint", &self.endpoint)
            .field("region", &self.region)
            .finish_non_exhaustive()
    }
}

impl BlobParams {
    /// Reads `file:///folder` or `s3://bucket/prefix`; the rest of an S3 address (endpoint,
    /// region, keys) is taken from `s3`, whose bucket and prefix are replaced.
    ///
    /// # Errors
    ///
    /// [`Error::BlobAddress`] for any other address.
    pub fn parse(url: &str, s3: S3Params) -> Result<Self, Error> {
        let wrong = |reason: &str| Error::BlobAddress {
            address: url.to_owned(),
            reason: reason.to_owned(),
        };
        if let Some(path) = url.strip_prefix("file://") {
            if !path.starts_with('/') {
                return Err(wrong("the path must be absolute, with three slashes"));
            }
            return Ok(Self::Folder(PathBuf::from(path)));
        }
        let Some(rest) = url.strip_prefix("s3://") else {
            return Err(wrong("the scheme is not known"));
        };
        let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
        if bucket.is_empty() {
            return Err(wrong("the name of the bucket is missing"));
        }
        let prefix = prefix.trim_matches('/').to_owned();
        Ok(Self::S3(S3Params {
            bucket: bucket.to_owned(),
            prefix,
            ..s3
        }))
    }
}

/// Blobs by the SHA-256 of their content. Cloning shares the store.
///
/// A blob lies at `ab/cdef...`: the first two digits of its hash, then the other 62. Blobs
/// appear whole or not at all, and what is read is checked against its name. All calls block
/// and must not be made from inside an async task; use the blocking pool.
#[derive(Clone)]
pub struct Blobs {
    pub(crate) store: Arc<dyn ObjectStore>,
    pub(crate) runtime: Arc<Runtime>,
    prefix: Path,
    /// The folder, when it is one.
    folder: Option<PathBuf>,
    pub(crate) place: Arc<str>,
}

impl std::fmt::Debug for Blobs {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Blobs")
            .field("place", &self.place)
            .finish_non_exhaustive()
    }
}

impl Blobs {
    /// Opens the store. Nothing is sent to a bucket yet.
    ///
    /// # Errors
    ///
    /// The folder cannot be made, or the address of the bucket is incomplete.
    pub fn open(params: &BlobParams) -> Result<Self, Error> {
        match params {
            BlobParams::Folder(folder) => Self::open_folder(folder),
            BlobParams::S3(s3) => Self::open_s3(s3),
        }
    }

    fn open_folder(folder: &FilePath) -> Result<Self, Error> {
        let place: Arc<str> = folder.display().to_string().into();
        std::fs::create_dir_all(folder)
            .map_err(|fault| Error::from_io(&place, "making the folder", &fault))?;
        let store = LocalFileSystem::new_with_prefix(folder)
            .map_err(|fault| blob_fault(&place, "opening the folder", &fault))?;
        Ok(Self {
            store: Arc::new(store),
            runtime: small_runtime(&place)?,
            prefix: Path::default(),
            folder: Some(folder.to_owned()),
            place,
        })
    }

    fn open_s3(s3: &S3Params) -> Result<Self, Error> {
        let place: Arc<str> = format!("s3://{}/{}", s3.bucket, s3.prefix).into();
        let retry = RetryConfig {
            backoff: BackoffConfig::default(),
            max_retries: 4,
            retry_timeout: Duration::from_secs(30),
        };
        let client = ClientOptions::new()
            .with_timeout(Duration::from_secs(60))
            .with_connect_timeout(Duration::from_secs(5))
            .with_allow_http(s3.allow_http);
        let mut builder = AmazonS3Builder::new()
            .with_bucket_name(&s3.bucket)
            .with_region(&s3.region)
            .with_retry(retry)
            .with_client_options(client);
        if let Some(endpoint) = &s3.endpoint {
            builder = builder.with_endpoint(endpoint);
        }
        if let (Some(access), Some(secret)) = (&s3.access_key, &s3.secret_key) {
            builder = builder
                .with_access_key_id(access)
                .with_secret_access_key(secret);
        }
        let store = builder
            .build()
            .map_err(|fault| blob_fault(&place, "opening the bucket", &fault))?;
        Ok(Self {
            store: Arc::new(store),
            runtime: small_runtime(&place)?,
            prefix: Path::from(s3.prefix.as_str()),
            folder: None,
            place,
        })
    }

    /// Folder or bucket, for messages.
    pub fn place(&self) -> &str {
        &self.place
    }

    /// Stores `bytes` and returns their SHA-256 in hex. Storing the same bytes again does
    /// nothing, unless what lies there is damaged: then it is written anew. In a folder the
    /// bytes are on the disk when this returns.
    ///
    /// # Errors
    ///
    /// The place cannot be written, is full or cannot be reached.
    pub fn put(&self, bytes: &[u8]) -> Result<String, Error> {
        let key = sha256_hex(bytes);
        match self.get(&key) {
            Ok(_) => return Ok(key),
            Err(Error::Missing { .. } | Error::Corrupt { .. }) => {}
            Err(fault) => return Err(fault),
        }
        let path = self.path(&key)?;
        self.runtime
            .block_on(self.store.put(&path, bytes.to_vec().into()))
            .map_err(|fault| blob_fault(&self.place, "storing a blob", &fault))?;
        self.sync(&key)?;
        Ok(key)
    }

    /// The bytes with this hash, checked against it.
    ///
    /// # Errors
    ///
    /// [`Error::Missing`], [`Error::Corrupt`], [`Error::BadKey`], or the place does not answer.
    pub fn get(&self, key: &str) -> Result<Vec<u8>, Error> {
        let path = self.path(key)?;
        let answer = self
            .runtime
            .block_on(async { self.store.get(&path).await?.bytes().await });
        let bytes = match answer {
            Ok(bytes) => bytes,
            Err(object_store::Error::NotFound { .. }) => {
                return Err(Error::Missing {
                    place: self.place.to_string(),
                    key: key.to_owned(),
                });
            }
            Err(fault) => return Err(blob_fault(&self.place, "reading a blob", &fault)),
        };
        let found = sha256_hex(&bytes);
        if found != key {
            return Err(Error::Corrupt {
                place: self.place.to_string(),
                key: key.to_owned(),
                found,
                found_bytes: bytes.len() as u64,
            });
        }
        Ok(bytes.into())
    }

    /// Whether something lies under this hash; it is not read.
    ///
    /// # Errors
    ///
    /// [`Error::BadKey`], or the place does not answer.
    pub fn exists(&self, key: &str) -> Result<bool, Error> {
        let path = self.path(key)?;
        match self.runtime.block_on(self.store.head(&path)) {
            Ok(_) => Ok(true),
            Err(object_store::Error::NotFound { .. }) => Ok(false),
            Err(fault) => Err(blob_fault(&self.place, "looking for a blob", &fault)),
        }
    }

    /// Every hash, in order. What lies there under other names is left out.
    ///
    /// # Errors
    ///
    /// The place does not answer.
    pub fn list(&self) -> Result<Vec<String>, Error> {
        let found = self
            .runtime
            .block_on(self.store.list_with_delimiter(Some(&self.prefix)))
            .and_then(|top| {
                let mut objects = Vec::new();
                for folder in top.common_prefixes {
                    let inner = self
                        .runtime
                        .block_on(self.store.list_with_delimiter(Some(&folder)))?;
                    objects.extend(inner.objects);
                }
                Ok(objects)
            })
            .map_err(|fault| blob_fault(&self.place, "listing blobs", &fault))?;
        let mut keys: Vec<String> = found
            .iter()
            .map(|object| {
                let parts: Vec<_> = object.location.parts().collect();
                parts[parts.len().saturating_sub(2)..]
                    .iter()
                    .map(AsRef::as_ref)
                    .collect::<String>()
            })
            .filter(|key| is_key(key))
            .collect();
        keys.sort();
        Ok(keys)
    }

    /// Removes the bytes with this hash; it is no fault when there are none.
    ///
    /// # Errors
    ///
    /// [`Error::BadKey`], or the place does not answer or cannot be written.
    pub fn delete(&self, key: &str) -> Result<(), Error> {
        let path = self.path(key)?;
        match self.runtime.block_on(self.store.delete(&path)) {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(fault) => Err(blob_fault(&self.place, "deleting a blob", &fault)),
        }
    }

    pub(crate) fn path(&self, key: &str) -> Result<Path, Error> {
        if !is_key(key) {
            return Err(Error::BadKey {
                key: key.to_owned(),
            });
        }
        let (folder, name) = key.split_at(2);
        Ok(self.prefix.clone().join(folder).join(name))
    }

    /// Forces a blob in a folder, and its name, onto the disk: a rename alone does not.
    pub(crate) fn sync(&self, key: &str) -> Result<(), Error> {
        let Some(root) = &self.folder else {
            return Ok(());
        };
        let folder = root.join(&key[..2]);
        for path in [folder.join(&key[2..]), folder, root.clone()] {
            std::fs::File::open(&path)
                .and_then(|file| file.sync_all())
                .map_err(|fault| Error::from_io(&self.place, "writing a blob to disk", &fault))?;
        }
        Ok(())
    }
}

/// SHA-256 of `bytes`, 64 lower-case hexadecimal digits.
pub fn sha256_hex(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

/// Lower-case hexadecimal digits.
pub(crate) fn hex(digest: &[u8]) -> String {
    use std::fmt::Write as _;
    digest
        .iter()
        .fold(String::with_capacity(64), |mut text, byte| {
            // Writing to a string cannot fail.
            let _ = write!(text, "{byte:02x}");
            text
        })
}

fn is_key(key: &str) -> bool {
    key.len() == 64
        && key
            .bytes()
            .all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
}

/// object_store is async throughout; this is the one thread-less runtime that drives it.
fn small_runtime(place: &str) -> Result<Arc<Runtime>, Error> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map(Arc::new)
        .map_err(|fault| Error::from_io(place, "starting the runtime for blobs", &fault))
}

pub(crate) fn blob_fault(place: &str, what: &'static str, fault: &object_store::Error) -> Error {
    // The cause of a local fault is an I/O error some way down the chain.
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(fault);
    while let Some(inner) = cause {
        if let Some(io) = inner.downcast_ref::<std::io::Error>() {
            let named = Error::from_io(place, what, io);
            if !matches!(named, Error::Blob { .. }) {
                return named;
            }
        }
        cause = inner.source();
    }
    Error::Blob {
        place: place.to_owned(),
        what,
        reason: fault.to_string(),
    }
}
