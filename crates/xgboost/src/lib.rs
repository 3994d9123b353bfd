//! Thin, safe bindings to libxgboost.
