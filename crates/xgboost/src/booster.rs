//! A model in training or loaded, and what it predicts.

use std::ffi::{CStr, CString, c_int};
use std::sync::Arc;

use crate::ffi::{Handle, Len};
use crate::{DMatrix, Error, Library};

/// What [`Booster::predict`] returns for each row of a binary model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PredictKind {
    /// Log-odds: one value per row.
    Margin,
    /// Probability of label 1: one value per row.
    Probability,
    /// SHAP values in log-odds: `n_columns + 1` values per row, the last one the base.
    Contributions,
    /// SHAP interaction values: `(n_columns + 1)²` values per row.
    Interactions,
}

/// A boosted model inside the library; freed when dropped.
///
/// It may move to another thread, but only one thread at a time may use it.
#[derive(Debug)]
pub struct Booster {
    library: Arc<Library>,
    handle: Handle,
}

// SAFETY: results are copied out before a call returns, so no thread-local buffer of the
// library outlives the call that filled it.
unsafe impl Send for Booster {}

impl Booster {
    /// An empty model with `params` (name and value, as the library documents them).
    /// `caches` are the matrices it will be trained and evaluated on: naming them lets the
    /// library keep their predictions between rounds. It stays silent unless `params` sets
    /// `verbosity`.
    ///
    /// # Errors
    /// [`Error::ZeroByte`] for a text C cannot read, [`Error::Native`] when the library
    /// refuses a parameter. Some faults of parameters only show at the first update.
    pub fn new(
        library: &Arc<Library>,
        params: &[(String, String)],
        caches: &[&DMatrix],
    ) -> Result<Self, Error> {
        library.silence()?;
        let mut booster = Self::create(library, caches)?;
        booster.set_param("verbosity", "0")?;
        for (name, value) in params {
            booster.set_param(name, value)?;
        }
        Ok(booster)
    }

    /// Reads a model that [`Self::save_ubj`] or [`Self::save_json`] wrote.
    ///
    /// # Errors
    /// [`Error::Native`] when the bytes are no model.
    pub fn load(library: &Arc<Library>, bytes: &[u8]) -> Result<Self, Error> {
        library.silence()?;
        let booster = Self::create(library, &[])?;
        // SAFETY: pointer and length describe `bytes`, which are only read.
        let status = unsafe {
            (library.functions.booster_load)(
                booster.handle,
                bytes.as_ptr().cast(),
                bytes.len() as Len,
            )
        };
        library.check("XGBoosterLoadModelFromBuffer", status)?;
        Ok(booster)
    }

    /// Sets one parameter, also in the middle of training (a new learning rate, say).
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn set_param(&mut self, name: &str, value: &str) -> Result<(), Error> {
        let name = c_text("parameter name", name)?;
        let value = c_text("parameter value", value)?;
        // SAFETY: two zero-terminated texts, copied by the call.
        let status = unsafe {
            (self.library.functions.booster_set_param)(self.handle, name.as_ptr(), value.as_ptr())
        };
        self.library.check("XGBoosterSetParam", status)
    }

    /// Trains one round; `iteration` counts from 0 and seeds the round's sampling.
    ///
    /// # Errors
    /// [`Error::Native`] when the library refuses parameters, labels or data.
    pub fn update(&mut self, iteration: i32, train: &DMatrix) -> Result<(), Error> {
        self.library.silence()?;
        // SAFETY: both handles are alive; `&mut self` keeps others off the booster, and the
        // matrix is not `Sync`, so no other thread uses it.
        let status = unsafe {
            (self.library.functions.booster_update)(self.handle, iteration, train.handle())
        };
        self.library.check("XGBoosterUpdateOneIter", status)
    }

    /// The configured metrics on each named matrix, in order: names are
    /// `<matrix name>-<metric>`, for example `valid-logloss`.
    ///
    /// # Errors
    /// [`Error::Native`] when the library cannot evaluate, [`Error::Evaluation`] when its
    /// answer has another form than known.
    pub fn eval(
        &self,
        iteration: i32,
        sets: &[(&str, &DMatrix)],
    ) -> Result<Vec<(String, f64)>, Error> {
        let handles: Vec<Handle> = sets.iter().map(|(_, matrix)| matrix.handle()).collect();
        let names = sets
            .iter()
            .map(|(name, _)| c_text("name of an evaluation set", name))
            .collect::<Result<Vec<CString>, Error>>()?;
        let name_pointers: Vec<_> = names.iter().map(|name| name.as_ptr()).collect();
        let mut text = std::ptr::null();
        // SAFETY: both arrays have `sets.len()` valid entries; the text that comes back
        // belongs to this thread and is copied before any other call.
        let line = unsafe {
            let status = (self.library.functions.booster_eval)(
                self.handle,
                iteration,
                handles.as_ptr(),
                name_pointers.as_ptr(),
                sets.len() as Len,
                &raw mut text,
            );
            self.library.check("XGBoosterEvalOneIter", status)?;
            CStr::from_ptr(text).to_string_lossy().into_owned()
        };
        parse_evaluation(&line)
    }

    /// Predictions of `kind` for every row, row-major. `iteration_range` is the half-open
    /// range of rounds to use; `(0, 0)` means all of them.
    ///
    /// # Errors
    /// [`Error::Native`] when the matrix has another number of columns than the model, or
    /// the range lies outside the trained rounds.
    pub fn predict(
        &self,
        matrix: &DMatrix,
        kind: PredictKind,
        iteration_range: (u32, u32),
    ) -> Result<Vec<f32>, Error> {
        self.library.silence()?;
        let code = match kind {
            PredictKind::Probability => 0,
            PredictKind::Margin => 1,
            PredictKind::Contributions => 2,
            PredictKind::Interactions => 4,
        };
        let (begin, end) = iteration_range;
        let config = format!(
            "{{\"type\":{code},\"training\":false,\"iteration_begin\":{begin},\
             \"iteration_end\":{end},\"strict_shape\":true}}\0",
        );
        let mut shape = std::ptr::null();
        let mut n_dimensions: Len = 0;
        let mut values = std::ptr::null();
        // SAFETY: the text is zero-terminated; on success the library hands out a shape of
        // `n_dimensions` entries and that many values, which stay valid until this thread
        // calls again, and are copied here.
        unsafe {
            let status = (self.library.functions.booster_predict)(
                self.handle,
                matrix.handle(),
                config.as_ptr().cast(),
                &raw mut shape,
                &raw mut n_dimensions,
                &raw mut values,
            );
            self.library.check("XGBoosterPredictFromDMatrix", status)?;
            let shape = slice_of(shape, length(n_dimensions)?)?;
            let mut n_values = 1;
            for &extent in shape {
                n_values *= length(extent)?;
            }
            Ok(slice_of(values, n_values)?.to_vec())
        }
    }

    /// The model as UBJSON bytes, the form `churn_ensemble::xgboost::read_ubj` reads.
    ///
    /// # Errors
    /// [`Error::Native`] when the library cannot write it.
    pub fn save_ubj(&self) -> Result<Vec<u8>, Error> {
        self.save(c"{\"format\":\"ubj\"}")
    }

    /// The model as JSON text. It may hold a bare `-Infinity`, which strict readers refuse.
    ///
    /// # Errors
    /// [`Error::Native`] when the library cannot write it.
    pub fn save_json(&self) -> Result<Vec<u8>, Error> {
        self.save(c"{\"format\":\"json\"}")
    }

    /// A model of the rounds `begin..end` only; `end` 0 means up to the last.
    ///
    /// # Errors
    /// [`Error::Native`] when the range lies outside the trained rounds.
    pub fn slice(&self, begin: i32, end: i32) -> Result<Self, Error> {
        let mut handle: Handle = std::ptr::null_mut();
        // SAFETY: a live handle and a pointer for the new one.
        let status = unsafe {
            (self.library.functions.booster_slice)(self.handle, begin, end, 1, &raw mut handle)
        };
        self.library.check("XGBoosterSlice", status)?;
        Ok(Self {
            library: Arc::clone(&self.library),
            handle,
        })
    }

    /// Number of rounds trained so far.
    ///
    /// # Errors
    /// [`Error::Native`] when the library cannot tell.
    pub fn n_rounds(&self) -> Result<i32, Error> {
        let mut n_rounds: c_int = 0;
        // SAFETY: a live handle and a pointer to an integer.
        let status =
            unsafe { (self.library.functions.booster_rounds)(self.handle, &raw mut n_rounds) };
        self.library.check("XGBoosterBoostedRounds", status)?;
        Ok(n_rounds)
    }

    fn create(library: &Arc<Library>, caches: &[&DMatrix]) -> Result<Self, Error> {
        let handles: Vec<Handle> = caches.iter().map(|matrix| matrix.handle()).collect();
        let mut handle: Handle = std::ptr::null_mut();
        // SAFETY: `handles` has as many live matrices as its length says; the library takes
        // its own share in each of them.
        let status = unsafe {
            (library.functions.booster_create)(
                handles.as_ptr(),
                handles.len() as Len,
                &raw mut handle,
            )
        };
        library.check("XGBoosterCreate", status)?;
        Ok(Self {
            library: Arc::clone(library),
            handle,
        })
    }

    fn save(&self, config: &CStr) -> Result<Vec<u8>, Error> {
        let mut n_bytes: Len = 0;
        let mut bytes = std::ptr::null();
        // SAFETY: the buffer that comes back holds `n_bytes` bytes and is copied before any
        // other call on this thread.
        unsafe {
            let status = (self.library.functions.booster_save)(
                self.handle,
                config.as_ptr(),
                &raw mut n_bytes,
                &raw mut bytes,
            );
            self.library.check("XGBoosterSaveModelToBuffer", status)?;
            Ok(slice_of(bytes.cast::<u8>(), length(n_bytes)?)?.to_vec())
        }
    }
}

impl Drop for Booster {
    fn drop(&mut self) {
        // SAFETY: the handle came from the library and is freed here alone. The status is
        // ignored because a destructor has nobody to tell.
        unsafe { (self.library.functions.booster_free)(self.handle) };
    }
}

fn c_text(what: &'static str, text: &str) -> Result<CString, Error> {
    CString::new(text).map_err(|_| Error::ZeroByte {
        what,
        text: text.to_owned(),
    })
}

fn length(value: Len) -> Result<usize, Error> {
    usize::try_from(value).map_err(|_| Error::Native {
        call: "reading a length",
        message: format!("{value} does not fit in memory"),
    })
}

/// A slice the library handed out; an empty one may come as a null pointer.
///
/// # Safety
/// When `length` is above 0 and `pointer` is not null, `pointer` must name `length` valid
/// values that outlive the returned slice.
unsafe fn slice_of<'a, T>(pointer: *const T, length: usize) -> Result<&'a [T], Error> {
    if length == 0 {
        return Ok(&[]);
    }
    if pointer.is_null() {
        return Err(Error::Native {
            call: "reading a result",
            message: format!("{length} values announced, none handed out"),
        });
    }
    // SAFETY: the caller's promise, and the pointer is not null.
    Ok(unsafe { std::slice::from_raw_parts(pointer, length) })
}

/// Reads `[3]\ttrain-logloss:0.51\tvalid-logloss:0.53`.
fn parse_evaluation(line: &str) -> Result<Vec<(String, f64)>, Error> {
    let fault = || Error::Evaluation {
        line: line.to_owned(),
    };
    line.split('\t')
        .skip(1)
        .map(|field| {
            let (name, value) = field.rsplit_once(':').ok_or_else(fault)?;
            let value = value.trim().parse().map_err(|_| fault())?;
            Ok((name.to_owned(), value))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::parse_evaluation;

    #[test]
    fn evaluation_lines_are_read_by_field() {
        let read = parse_evaluation("[3]\ttrain-logloss:0.51\ta:b-auc:nan").unwrap();
        assert_eq!(read[0], ("train-logloss".to_owned(), 0.51));
        assert_eq!(read[1].0, "a:b-auc");
        assert!(read[1].1.is_nan());
        assert!(parse_evaluation("[3]\tnothing").is_err());
    }
}
