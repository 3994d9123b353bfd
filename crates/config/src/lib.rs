//! Typed settings: defaults, files, environment.
