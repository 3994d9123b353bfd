//! Scored customers as CSV.

use std::io::Write;

use super::Layout;
use crate::ScoredTable;

/// The header line.
pub(crate) fn header(layout: &Layout) -> Vec<u8> {
    let mut names: Vec<String> = vec![
        layout.key.clone().unwrap_or_else(|| "row".to_owned()),
        "churn_probability".to_owned(),
        "risk_level".to_owned(),
    ];
    names.extend((1..=layout.n_reasons).map(|rank| format!("reason_{rank}")));
    names.extend((1..=layout.n_reasons).map(|rank| format!("impact_{rank}")));
    if layout.with_offers {
        names.extend(["offer_1", "expected_value_1"].map(str::to_owned));
    }
    names.push("model_version".to_owned());
    let mut line = Vec::new();
    for (index, name) in names.iter().enumerate() {
        if index > 0 {
            line.push(b',');
        }
        quote(&mut line, name);
    }
    line.push(b'\n');
    line
}

/// The lines of a chunk.
pub(crate) fn encode_rows(layout: &Layout, scored: &ScoredTable) -> Vec<u8> {
    let mut out = Vec::with_capacity(scored.rows.len() * 64 * (1 + layout.n_reasons));
    for row in &scored.rows {
        match (&layout.key, &row.key) {
            (Some(_), Some(key)) => quote(&mut out, key),
            _ => number(&mut out, format_args!("{}", row.row)),
        }
        number(
            &mut out,
            format_args!(",{:.6},{}", row.churn_probability, row.risk_level),
        );
        for rank in 0..layout.n_reasons {
            out.push(b',');
            if let Some(reason) = row.reasons.get(rank) {
                quote(&mut out, &reason.text);
            }
        }
        for rank in 0..layout.n_reasons {
            out.push(b',');
            if let Some(reason) = row.reasons.get(rank) {
                number(&mut out, format_args!("{:.2}", reason.impact));
            }
        }
        if layout.with_offers {
            out.push(b',');
            match row.offers.first() {
                Some(offer) => {
                    quote(&mut out, &offer.title);
                    number(
                        &mut out,
                        format_args!(",{}", offer.expected_value.to_major()),
                    );
                }
                None => out.extend_from_slice(b"do nothing,"),
            }
        }
        out.push(b',');
        quote(&mut out, &layout.model_version);
        out.push(b'\n');
    }
    out
}

fn number(out: &mut Vec<u8>, text: std::fmt::Arguments<'_>) {
    // Writing to memory has no failing case.
    let _ = out.write_fmt(text);
}

/// Writes a text field: quoted when needed, and neutralised when a spreadsheet would take it for
/// a formula (a leading `'` before `=`, `+`, `-`, `@`, tab or carriage return; plain numbers pass).
pub(crate) fn quote(out: &mut Vec<u8>, text: &str) {
    let is_formula =
        text.starts_with(['=', '+', '-', '@', '\t', '\r']) && text.parse::<f64>().is_err();
    let needs_quotes = text.contains([',', '"', '\n', '\r']);
    if needs_quotes {
        out.push(b'"');
    }
    if is_formula {
        out.push(b'\'');
    }
    for byte in text.bytes() {
        if byte == b'"' {
            out.push(b'"');
        }
        out.push(byte);
    }
    if needs_quotes {
        out.push(b'"');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        let mut out = Vec::new();
        quote(&mut out, text);
        assert_eq!(String::from_utf8(out).unwrap(), expected);
    }

    #[test]
    fn fields_are_quoted_and_formulas_neutralised() {
        check("plain", "plain");
        check("a,b", "\"a,b\"");
        check("say \"hi\"", "\"say \"\"hi\"\"\"");
        check("=cmd|' /C calc'!A0", "'=cmd|' /C calc'!A0");
        check("@sum", "'@sum");
        check("-12.5", "-12.5");
        check("+x,y", "\"'+x,y\"");
    }
}
