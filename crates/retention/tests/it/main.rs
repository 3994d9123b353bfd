//! The playbook from the outside: faults with their lines, recommendations, sums.

#![expect(
    clippy::unwrap_used,
    reason = "a helper of a test fails the test by panicking"
)]

mod changes;
mod figures;
mod playbook_faults;
mod properties;
mod recommendations;
mod shipped_playbook;
mod telco;
