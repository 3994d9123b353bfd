//! Rebuilds the crate when a migration is added: the folders are embedded at compile time.
#![expect(
    clippy::print_stdout,
    reason = "a build script speaks to cargo on standard output"
)]

fn main() {
    println!("cargo::rerun-if-changed=../../migrations");
}
