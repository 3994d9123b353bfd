//! `churn`: every use case from the shell.

fn main() {}
