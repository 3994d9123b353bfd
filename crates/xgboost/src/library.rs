//! Opening the shared library and asking it what it is.

use std::ffi::{CStr, c_int};
use std::mem::ManuallyDrop;
use std::path::Path;
use std::sync::Arc;

use crate::Error;
use crate::ffi::Functions;

/// libxgboost, loaded. The file stays loaded until the process ends; opening it again costs
/// nothing.
///
/// The C functions themselves may be called from any thread; what one thread at a time may
/// touch are the handles made with them.
pub struct Library {
    pub(crate) functions: Functions,
    version: (i32, i32, i32),
    // Never unloaded: the functions above point into it, and so may worker threads of its own
    // that outlive the last handle.
    _file: ManuallyDrop<libloading::Library>,
}

impl std::fmt::Debug for Library {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (major, minor, patch) = self.version;
        write!(formatter, "Library(xgboost {major}.{minor}.{patch})")
    }
}

impl Library {
    /// Loads the shared library at `path` and checks that it is version 3.x.
    ///
    /// Call it before the program starts threads: when the variable `OMP_WAIT_POLICY` is not
    /// set, it is set to `PASSIVE` for this process, because the library's worker threads
    /// otherwise spin while they wait and a shared machine runs up to a hundred times slower.
    ///
    /// # Errors
    /// [`Error::Open`] when the file cannot be loaded, [`Error::Symbol`] when a function is
    /// missing, [`Error::Version`] when it is not 3.x.
    pub fn open(path: &Path) -> Result<Arc<Self>, Error> {
        if std::env::var_os("OMP_WAIT_POLICY").is_none() {
            // SAFETY: the environment is only changed when the variable is absent, and the
            // documentation asks the caller to do this before other threads read it.
            unsafe { std::env::set_var("OMP_WAIT_POLICY", "PASSIVE") };
        }
        // SAFETY: the caller names libxgboost; its initialisers touch nothing of ours.
        let file = unsafe { libloading::Library::new(path) }.map_err(|error| Error::Open {
            path: path.to_path_buf(),
            reason: error.to_string(),
        })?;
        let functions = Functions::load(&file, path)?;
        let (mut major, mut minor, mut patch) = (0, 0, 0);
        // SAFETY: three valid pointers to integers, which the call fills.
        unsafe { (functions.version)(&raw mut major, &raw mut minor, &raw mut patch) };
        if major != 3 {
            return Err(Error::Version {
                path: path.to_path_buf(),
                major,
                minor,
                patch,
            });
        }
        Ok(Arc::new(Self {
            functions,
            version: (major, minor, patch),
            _file: ManuallyDrop::new(file),
        }))
    }

    /// Major, minor and patch version of the loaded library.
    #[must_use]
    pub fn version(&self) -> (i32, i32, i32) {
        self.version
    }

    /// Turns a C status into a result, with the library's last error of this thread.
    pub(crate) fn check(&self, call: &'static str, status: c_int) -> Result<(), Error> {
        if status == 0 {
            return Ok(());
        }
        // SAFETY: the call returns a zero-terminated text owned by this thread's error slot.
        let text = unsafe { CStr::from_ptr((self.functions.last_error)()) }.to_string_lossy();
        let text = text.split("\nStack trace").next().unwrap_or_default();
        let message = if text.trim().is_empty() {
            "no reason given"
        } else {
            text.trim()
        };
        Err(Error::Native {
            call,
            message: message.to_owned(),
        })
    }

    /// Silences the library on this thread: its verbosity is a setting of each thread.
    pub(crate) fn silence(&self) -> Result<(), Error> {
        // SAFETY: a zero-terminated constant.
        let status = unsafe { (self.functions.set_global_config)(c"{\"verbosity\":0}".as_ptr()) };
        self.check("XGBSetGlobalConfig", status)
    }
}
