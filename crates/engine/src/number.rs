//! Numbers with a fixed number of decimals, in the bytes `format!` gives and a fraction of its time.

use std::fmt::Write as _;

/// Appends `value` with `decimals` (1 to 9) digits after the point, as `{value:.decimals$}` does.
pub(crate) fn write_fixed(value: f64, decimals: u32, out: &mut String) {
    let scale = 10_u64.pow(decimals);
    let scaled = value.abs() * scale as f64;
    let whole = scaled.trunc();
    let rest = scaled - whole;
    // The product is off by 1e-4 at most, so that far from a half the rounding is certain.
    if scaled < 1e12 && (rest - 0.5).abs() > 1e-3 {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a whole number from 0 to 1e12"
        )]
        let units = whole as u64 + u64::from(rest > 0.5);
        if value.is_sign_negative() {
            out.push('-');
        }
        let mut digits = itoa::Buffer::new();
        out.push_str(digits.format(units / scale));
        out.push('.');
        // The scale in front keeps leading zeros; its own digit is left out.
        out.push_str(&digits.format(scale + units % scale)[1..]);
    } else {
        let decimals = decimals as usize;
        // Writing to memory has no failing case.
        let _ = write!(out, "{value:.decimals$}");
    }
}

#[cfg(test)]
mod tests {
    use super::write_fixed;

    #[test]
    fn the_bytes_are_those_of_format() {
        let mut values = vec![
            0.0,
            -0.0,
            0.5,
            0.25,
            0.125,
            0.000_000_5,
            -0.004,
            -0.005,
            0.995,
            1.005,
            2.675,
            99.95,
            99.994_999,
            1e11,
            1e12,
            -1e300,
            f64::NAN,
            f64::INFINITY,
        ];
        // A fixed sequence through many magnitudes and near-halves.
        let mut state = 1_u64;
        for _ in 0..20_000 {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            let share = (state >> 11) as f64 / (1_u64 << 53) as f64;
            values.extend([
                share,
                -share * 100.0,
                (share * 2e6).round() / 2e6,
                (share * 2000.0).round() / 20.0,
            ]);
        }
        for value in values {
            for decimals in [1, 2, 6] {
                let mut text = String::new();
                write_fixed(value, decimals, &mut text);
                assert_eq!(text, format!("{value:.0$}", decimals as usize), "{value:e}");
            }
        }
    }
}
