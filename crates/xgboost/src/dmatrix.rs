//! Training and prediction data as the library wants it.

use std::ffi::CStr;
use std::sync::Arc;

use crate::ffi::{Handle, Len};
use crate::{Error, Library};

/// How the library may split on a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FeatureType {
    /// Ordered values: `x < threshold`.
    Numeric,
    /// Category codes 0, 1, 2, ...: a set of codes against the rest.
    Categorical,
}

/// A dense matrix, copied into the library; freed when dropped.
///
/// It may move to another thread, but only one thread at a time may use it (the library
/// fills caches inside it), hence `Send` without `Sync`.
#[derive(Debug)]
pub struct DMatrix {
    library: Arc<Library>,
    handle: Handle,
    n_rows: usize,
    n_columns: usize,
}

// SAFETY: the library keeps no thread-local state tied to a matrix handle.
unsafe impl Send for DMatrix {}

impl DMatrix {
    /// Copies `values` (row-major, `n_rows × n_columns`, NaN = missing) into the library.
    /// `feature_types` has one entry per column.
    ///
    /// # Errors
    /// [`Error::Shape`] when a length does not fit, [`Error::Native`] when the library
    /// refuses the data (infinite values, a category code that is not a whole number).
    pub fn from_dense(
        library: &Arc<Library>,
        values: &[f32],
        n_rows: usize,
        n_columns: usize,
        feature_types: &[FeatureType],
    ) -> Result<Self, Error> {
        check_length("the matrix", n_rows.saturating_mul(n_columns), values.len())?;
        check_length("feature_types", n_columns, feature_types.len())?;
        library.silence()?;
        let mut handle: Handle = std::ptr::null_mut();
        // SAFETY: `values` holds n_rows × n_columns floats, checked above, and is only read.
        let status = unsafe {
            (library.functions.dmatrix_create)(
                values.as_ptr(),
                n_rows as Len,
                n_columns as Len,
                f32::NAN,
                &raw mut handle,
            )
        };
        library.check("XGDMatrixCreateFromMat", status)?;
        let matrix = Self {
            library: Arc::clone(library),
            handle,
            n_rows,
            n_columns,
        };
        matrix.set_feature_types(feature_types)?;
        Ok(matrix)
    }

    /// Sets one label per row: 0 or 1 for the logistic objectives.
    ///
    /// # Errors
    /// [`Error::Shape`] when the length is not the number of rows.
    pub fn set_labels(&mut self, labels: &[f32]) -> Result<(), Error> {
        self.set_floats(c"label", "labels", labels)
    }

    /// Sets one weight per row, none negative.
    ///
    /// # Errors
    /// [`Error::Shape`] when the length is not the number of rows, [`Error::Native`] when
    /// the library refuses a weight.
    pub fn set_weights(&mut self, weights: &[f32]) -> Result<(), Error> {
        self.set_floats(c"weight", "weights", weights)
    }

    /// [`Self::set_labels`] in a chain.
    ///
    /// # Errors
    /// As [`Self::set_labels`].
    pub fn with_labels(mut self, labels: &[f32]) -> Result<Self, Error> {
        self.set_labels(labels)?;
        Ok(self)
    }

    /// Number of rows.
    #[must_use]
    pub fn n_rows(&self) -> usize {
        self.n_rows
    }

    /// Number of columns.
    #[must_use]
    pub fn n_columns(&self) -> usize {
        self.n_columns
    }

    pub(crate) fn handle(&self) -> Handle {
        self.handle
    }

    fn set_feature_types(&self, feature_types: &[FeatureType]) -> Result<(), Error> {
        let names: Vec<*const std::ffi::c_char> = feature_types
            .iter()
            .map(|kind| match kind {
                FeatureType::Numeric => c"float".as_ptr(),
                FeatureType::Categorical => c"c".as_ptr(),
            })
            .collect();
        // SAFETY: `names` holds as many zero-terminated constants as its length says.
        let status = unsafe {
            (self.library.functions.dmatrix_set_text)(
                self.handle,
                c"feature_type".as_ptr(),
                names.as_ptr(),
                names.len() as Len,
            )
        };
        self.library.check("XGDMatrixSetStrFeatureInfo", status)
    }

    fn set_floats(
        &mut self,
        field: &CStr,
        what: &'static str,
        values: &[f32],
    ) -> Result<(), Error> {
        check_length(what, self.n_rows, values.len())?;
        let order = if cfg!(target_endian = "little") {
            '<'
        } else {
            '>'
        };
        // The array interface: a JSON text that holds the address, copied by the call.
        let interface = format!(
            "{{\"data\":[{},true],\"shape\":[{}],\"typestr\":\"{order}f4\",\"version\":3}}\0",
            values.as_ptr().addr(),
            values.len(),
        );
        // SAFETY: the text is zero-terminated and names `values`, alive during the call.
        let status = unsafe {
            (self.library.functions.dmatrix_set_info)(
                self.handle,
                field.as_ptr(),
                interface.as_ptr().cast(),
            )
        };
        self.library.check("XGDMatrixSetInfoFromInterface", status)
    }
}

impl Drop for DMatrix {
    fn drop(&mut self) {
        // SAFETY: the handle came from the library and is freed here alone. The status is
        // ignored because a destructor has nobody to tell.
        unsafe { (self.library.functions.dmatrix_free)(self.handle) };
    }
}

fn check_length(what: &'static str, expected: usize, found: usize) -> Result<(), Error> {
    if expected == found {
        Ok(())
    } else {
        Err(Error::Shape {
            what,
            expected,
            found,
        })
    }
}
