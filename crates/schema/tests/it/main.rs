//! Tests of the public interface of the crate.

mod golden;
mod support;
