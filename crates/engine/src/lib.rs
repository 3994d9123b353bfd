//! Use cases that serve: score, explain, recommend.
