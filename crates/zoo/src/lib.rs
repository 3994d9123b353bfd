//! Trainers, calibration, cross-validation and selection.
