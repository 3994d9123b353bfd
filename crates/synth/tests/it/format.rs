//! The bytes: stable, streamed, consistent from column to column, refused when impossible.

use std::collections::BTreeSet;
use std::io::Write;

use churn_synth::{SnapshotParams, write_snapshot};
use sha2::{Digest as _, Sha256};

use crate::{Snapshot, position};

const SERVICES: [&str; 6] = [
    "OnlineSecurity",
    "OnlineBackup",
    "DeviceProtection",
    "TechSupport",
    "StreamingTV",
    "StreamingMovies",
];

#[test]
fn bytes_of_a_seed_never_change() {
    let text = Snapshot::generate(9000, 42, 1.0).text;
    let digest: String = Sha256::digest(text.as_bytes())
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    assert_eq!(
        digest, "bfaf63cd76ac684d84eed23180b85bc9a6ea5e5c15e5b22efd10f1d2251bbf16",
        "changing the bytes changes every data set made from a seed"
    );
}

#[test]
fn more_rows_begin_with_the_same_rows_and_another_seed_differs() {
    let long = Snapshot::generate(5000, 3, 1.0).text;
    assert!(long.starts_with(&Snapshot::generate(4500, 3, 1.0).text));
    let other = Snapshot::generate(5000, 4, 1.0).rows;
    let same = Snapshot::parse(long).rows;
    assert!(
        same.iter()
            .zip(&other)
            .filter(|(a, b)| a[1..] == b[1..])
            .count()
            < 100
    );
}

#[test]
fn keys_are_marked_and_unique() {
    let snapshot = Snapshot::generate(10_000, 1, 1.0);
    let keys: BTreeSet<&str> = snapshot.column("customerID").collect();
    assert_eq!(keys.len(), 10_000);
    assert!(
        keys.iter()
            .all(|key| key.starts_with(churn_synth::KEY_PREFIX))
    );
    let other = Snapshot::generate(10_000, 2, 1.0);
    assert!(other.column("customerID").all(|key| !keys.contains(key)));
}

#[test]
fn services_follow_internet_and_phone() {
    for row in Snapshot::generate(20_000, 5, 1.0).rows {
        let cell = |name| row[position(name)].as_str();
        let without = cell("InternetService") == "No";
        for service in SERVICES {
            assert_eq!(cell(service) == "No internet service", without, "{row:?}");
        }
        let no_phone = cell("PhoneService") == "No";
        assert_eq!(
            cell("MultipleLines") == "No phone service",
            no_phone,
            "{row:?}"
        );
        assert!(
            !(without && no_phone),
            "a customer needs something to pay for: {row:?}"
        );
    }
}

#[test]
fn charges_follow_tenure() {
    let snapshot = Snapshot::generate(20_000, 6, 1.0);
    let monthly = snapshot.numbers("MonthlyCharges");
    let totals = snapshot.numbers("TotalCharges");
    let mut within_ten_percent = 0;
    for ((row, monthly), total) in snapshot.rows.iter().zip(monthly).zip(totals) {
        let tenure: f64 = row[position("tenure")].parse().unwrap();
        let monthly = monthly.unwrap();
        assert!(
            (0.0..=72.0).contains(&tenure) && (18.25..=118.75).contains(&monthly),
            "{row:?}"
        );
        let Some(total) = total else {
            assert_eq!(
                (row[position("tenure")].as_str(), row[19].as_str()),
                ("0", " ")
            );
            continue;
        };
        assert!(total >= monthly, "{row:?}");
        let expected = tenure * monthly;
        within_ten_percent += usize::from((total - expected).abs() <= 0.1 * expected);
    }
    let share = within_ten_percent as f64 / 20_000.0;
    assert!(
        (0.92..0.97).contains(&share),
        "the real file has 94.4 %, this one {share}"
    );
}

#[test]
fn without_noise_charges_are_the_tariff() {
    for row in Snapshot::generate(500, 7, 0.0).rows {
        let monthly: f64 = row[position("MonthlyCharges")].parse().unwrap();
        assert!((monthly / 5.0).fract() < 1e-9, "{row:?}");
        let tenure: f64 = row[position("tenure")].parse().unwrap();
        if let Ok(total) = row[position("TotalCharges")].parse::<f64>() {
            assert!((total - tenure * monthly).abs() < 1e-6, "{row:?}");
        }
    }
}

#[test]
fn impossible_parameters_are_refused() {
    let check = |rows, noise, message: &str| {
        let params = SnapshotParams {
            rows,
            noise,
            seed: 0,
        };
        let error = write_snapshot(&params, &mut Vec::new())
            .unwrap_err()
            .to_string();
        assert!(error.contains(message), "{error}");
    };
    check(0, 1.0, "rows is 0");
    check(1, -0.1, "noise is -0.1");
    check(1, f64::NAN, "noise is NaN");
    check(1, 10.5, "0..=10");
}

/// Counts bytes, remembers the largest piece, and fails after a limit.
struct Pipe {
    largest: usize,
    room: usize,
}

impl Write for Pipe {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.largest = self.largest.max(bytes.len());
        match self.room.checked_sub(bytes.len()) {
            Some(room) => self.room = room,
            None => return Err(std::io::Error::other("pipe is full")),
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[test]
fn rows_are_streamed_in_pieces_and_a_full_output_is_reported() {
    let params = SnapshotParams {
        rows: 100_000,
        ..SnapshotParams::default()
    };
    let mut pipe = Pipe {
        largest: 0,
        room: usize::MAX,
    };
    write_snapshot(&params, &mut pipe).unwrap();
    assert!(
        pipe.largest < 2 << 20,
        "largest piece is {} bytes",
        pipe.largest
    );
    let mut full = Pipe {
        largest: 0,
        room: 3 << 20,
    };
    let error = write_snapshot(&params, &mut full).unwrap_err();
    assert!(error.to_string().contains("pipe is full"), "{error}");
}
