//! The snapshot as a CSV stream.

use std::io::Write;

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng as _;
use serde::{Deserialize, Serialize};

use crate::constants::{CONTRACTS, INTERNETS, PAYMENTS};
use crate::customer::Customer;
use crate::error::Error;

/// Start of every synthetic customer key.
pub const KEY_PREFIX: &str = "SYN-";

/// Columns in the order they are written.
pub const COLUMNS: [&str; 21] = [
    "customerID",
    "gender",
    "SeniorCitizen",
    "Partner",
    "Dependents",
    "tenure",
    "PhoneService",
    "MultipleLines",
    "InternetService",
    "OnlineSecurity",
    "OnlineBackup",
    "DeviceProtection",
    "TechSupport",
    "StreamingTV",
    "StreamingMovies",
    "Contract",
    "PaperlessBilling",
    "PaymentMethod",
    "MonthlyCharges",
    "TotalCharges",
    "Churn",
];

/// Rows that share one random stream; part of the format, changing it changes all bytes.
const BLOCK_ROWS: u64 = 4096;
/// Largest accepted noise level.
const MAX_NOISE: f64 = 10.0;
/// Longest row is about 250 bytes, so a block is written in one piece of about a megabyte.
const BLOCK_BYTES: usize = 1 << 20;

/// What to generate. Unchecked; [`write_snapshot`] checks.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SnapshotParams {
    /// Customers to write, at least 1; default 7,043, the size of the public file.
    pub rows: u64,
    /// Seed of all randomness; default 0. The first rows do not depend on `rows`.
    pub seed: u64,
    /// Scale of every spread that no column explains, 0..=10; default 1, like the real file.
    /// At 0 charges follow the tariff exactly; leaving stays a matter of chance.
    pub noise: f64,
}

impl Default for SnapshotParams {
    fn default() -> Self {
        Self {
            rows: 7043,
            seed: 0,
            noise: 1.0,
        }
    }
}

/// Writes a header and `rows` customers as CSV with LF line ends.
///
/// Memory is about a megabyte at any size. Buffering `out` is not necessary. The generator is
/// ChaCha8 keyed by the seed, one stream per 4096 rows.
///
/// # Errors
/// No rows, a noise level outside 0..=10, or what `out` reports.
pub fn write_snapshot(params: &SnapshotParams, out: &mut impl Write) -> Result<(), Error> {
    if params.rows == 0 {
        return Err(Error::NoRows);
    }
    if !(0.0..=MAX_NOISE).contains(&params.noise) {
        return Err(Error::NoiseOutOfRange {
            value: params.noise,
            max: MAX_NOISE,
        });
    }
    let at = |row| move |source| Error::Write { row, source };
    let mut text = Vec::with_capacity(BLOCK_BYTES);
    writeln!(text, "{}", COLUMNS.join(",")).map_err(at(0))?;
    for block in 0..params.rows.div_ceil(BLOCK_ROWS) {
        let mut rng = ChaCha8Rng::seed_from_u64(params.seed);
        rng.set_stream(block);
        let first_row = block * BLOCK_ROWS;
        for row in first_row..params.rows.min(first_row + BLOCK_ROWS) {
            let customer = Customer::draw(&mut rng, params.noise);
            write_row(&mut text, params.seed, row, &customer).map_err(at(row))?;
        }
        out.write_all(&text).map_err(at(first_row))?;
        text.clear();
    }
    out.flush().map_err(at(params.rows))
}

fn write_row(text: &mut Vec<u8>, seed: u64, row: u64, c: &Customer) -> std::io::Result<()> {
    // The seed is part of the key, so that two snapshots can live in one store.
    write!(text, "{KEY_PREFIX}{seed}-{row:07}")?;
    let several = if c.phone {
        yes(c.multiple_lines)
    } else {
        "No phone service"
    };
    let head = [
        if c.male { "Male" } else { "Female" },
        if c.senior { "1" } else { "0" },
        yes(c.partner),
        yes(c.dependents),
    ];
    write_levels(text, &head);
    write!(text, ",{}", c.tenure)?;
    write_levels(text, &[yes(c.phone), several, INTERNETS[c.internet]]);
    for taken in c.services {
        write_levels(
            text,
            &[if c.has_internet() {
                yes(taken)
            } else {
                "No internet service"
            }],
        );
    }
    write_levels(
        text,
        &[CONTRACTS[c.contract], yes(c.paperless), PAYMENTS[c.payment]],
    );
    text.push(b',');
    write_money(text, c.monthly_cents)?;
    text.push(b',');
    match c.total_cents {
        Some(total) => write_money(text, total)?,
        // The real file holds a single blank here.
        None => text.push(b' '),
    }
    write_levels(text, &[yes(c.leaves)]);
    text.push(b'\n');
    Ok(())
}

fn write_levels(text: &mut Vec<u8>, levels: &[&str]) {
    for level in levels {
        text.push(b',');
        text.extend_from_slice(level.as_bytes());
    }
}

/// Shortest decimal form, as in the real file: `84`, `70.7`, `29.85`.
fn write_money(text: &mut Vec<u8>, cents: u64) -> std::io::Result<()> {
    let (whole, rest) = (cents / 100, cents % 100);
    match (rest, rest % 10) {
        (0, _) => write!(text, "{whole}"),
        (_, 0) => write!(text, "{whole}.{}", rest / 10),
        _ => write!(text, "{whole}.{rest:02}"),
    }
}

fn yes(flag: bool) -> &'static str {
    if flag { "Yes" } else { "No" }
}
