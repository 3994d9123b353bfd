//! Numbers about ranked and calibrated predictions.
