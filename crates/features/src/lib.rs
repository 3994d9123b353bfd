//! The feature plan: one definition of every feature, fitted and applied.
