//! Exact SHAP over trained models.
