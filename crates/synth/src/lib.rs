//! Synthetic customers: a stand-in for the public Telco snapshot, any size, from a seed.
//!
//! The main function is [`write_snapshot`], configured by [`SnapshotParams`]. It streams a CSV
//! with the columns, levels and number formats of the public Telco churn file, drawn from
//! constants calibrated to that file's marginals and main associations. No data file is needed
//! at run time, memory does not grow with the number of rows, and the same parameters give the
//! same bytes.
//!
//! ```
//! use churn_synth::{SnapshotParams, write_snapshot};
//!
//! let params = SnapshotParams { rows: 3, seed: 7, ..SnapshotParams::default() };
//! let mut csv = Vec::new();
//! write_snapshot(&params, &mut csv)?;
//! let text = String::from_utf8_lossy(&csv);
//! assert_eq!(text.lines().count(), 4);
//! assert!(text.starts_with("customerID,gender,SeniorCitizen,"));
//! assert!(text.lines().skip(1).all(|row| row.starts_with("SYN-")));
//! # Ok::<(), churn_synth::Error>(())
//! ```
//!
//! Every customer key starts with [`KEY_PREFIX`], so that synthetic rows can be told from real
//! ones wherever they travel.
//!
//! What it deliberately does not do: it copies no real row, has no dates and no treatments
//! (one snapshot cannot show drift or the effect of an offer), and makes no promise about
//! associations that are not named in `constants.rs`. It sits in layer 1 and imports no other
//! crate of the workspace.

#![expect(
    clippy::cast_possible_truncation,
    reason = "amounts of money in cents become whole numbers far below 2^52"
)]

mod constants;
mod customer;
mod error;
mod snapshot;

pub use error::Error;
pub use snapshot::{COLUMNS, KEY_PREFIX, SnapshotParams, write_snapshot};
