//! The C functions we call, as the library declares them (`xgboost/c_api.h`, 3.x).

use std::ffi::{c_char, c_float, c_int, c_void};
use std::path::Path;

use crate::Error;

/// An opaque `DMatrixHandle` or `BoosterHandle`.
pub(crate) type Handle = *mut c_void;
/// The C interface's `bst_ulong`.
pub(crate) type Len = u64;

macro_rules! c_functions {
    ($($field:ident = $symbol:ident($($argument:ty),*) $(-> $result:ty)?;)*) => {
        /// Function pointers into the loaded library, valid while it stays loaded.
        pub(crate) struct Functions {
            $(pub(crate) $field: unsafe extern "C" fn($($argument),*) $(-> $result)?,)*
        }

        impl Functions {
            /// Looks every function up by name.
            pub(crate) fn load(library: &libloading::Library, path: &Path) -> Result<Self, Error> {
                Ok(Self {
                    $($field: {
                        // SAFETY: the signature repeats the declaration in c_api.h of 3.x, and
                        // the pointer is only used by `Library`, which keeps the file loaded.
                        let symbol = unsafe {
                            library.get::<unsafe extern "C" fn($($argument),*) $(-> $result)?>(
                                concat!(stringify!($symbol), "\0").as_bytes(),
                            )
                        };
                        *symbol.map_err(|_| Error::Symbol {
                            path: path.to_path_buf(),
                            name: stringify!($symbol),
                        })?
                    },)*
                })
            }
        }
    };
}

c_functions! {
    last_error = XGBGetLastError() -> *const c_char;
    version = XGBoostVersion(*mut c_int, *mut c_int, *mut c_int);
    set_global_config = XGBSetGlobalConfig(*const c_char) -> c_int;
    dmatrix_create = XGDMatrixCreateFromMat(*const c_float, Len, Len, c_float, *mut Handle) -> c_int;
    dmatrix_free = XGDMatrixFree(Handle) -> c_int;
    dmatrix_set_text = XGDMatrixSetStrFeatureInfo(Handle, *const c_char, *const *const c_char, Len) -> c_int;
    dmatrix_set_info = XGDMatrixSetInfoFromInterface(Handle, *const c_char, *const c_char) -> c_int;
    booster_create = XGBoosterCreate(*const Handle, Len, *mut Handle) -> c_int;
    booster_free = XGBoosterFree(Handle) -> c_int;
    booster_set_param = XGBoosterSetParam(Handle, *const c_char, *const c_char) -> c_int;
    booster_update = XGBoosterUpdateOneIter(Handle, c_int, Handle) -> c_int;
    booster_eval = XGBoosterEvalOneIter(Handle, c_int, *const Handle, *const *const c_char, Len, *mut *const c_char) -> c_int;
    booster_predict = XGBoosterPredictFromDMatrix(Handle, Handle, *const c_char, *mut *const Len, *mut Len, *mut *const c_float) -> c_int;
    booster_save = XGBoosterSaveModelToBuffer(Handle, *const c_char, *mut Len, *mut *const c_char) -> c_int;
    booster_load = XGBoosterLoadModelFromBuffer(Handle, *const c_void, Len) -> c_int;
    booster_slice = XGBoosterSlice(Handle, c_int, c_int, c_int, *mut Handle) -> c_int;
    booster_rounds = XGBoosterBoostedRounds(Handle, *mut c_int) -> c_int;
}
