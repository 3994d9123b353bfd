//! Scored customers as CSV.

use churn_schema::write_number;

use super::Layout;
use crate::{number::write_fixed, scores::Scores};

/// The header line.
pub(super) fn header(layout: &Layout) -> Vec<u8> {
    let mut names: Vec<String> = vec![
        layout.key.clone().unwrap_or_else(|| "row".to_owned()),
        "churn_probability".to_owned(),
    ];
    if layout.with_intervals {
        names.extend(["probability_low", "probability_high"].map(str::to_owned));
    }
    names.push("risk_level".to_owned());
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
pub(super) fn encode_rows(layout: &Layout, scores: &Scores<'_>) -> Vec<u8> {
    let mut out = Vec::with_capacity(scores.n_rows() * 64 * (1 + layout.n_reasons));
    let mut text = String::new();
    for row in 0..scores.n_rows() {
        match (&layout.key, scores.key(row)) {
            (Some(_), Some(key)) => quote(&mut out, key),
            _ => plain(
                &mut out,
                itoa::Buffer::new().format(scores.table.row_number(row)),
            ),
        }
        text.clear();
        write_fixed(scores.probabilities[row], 6, &mut text);
        out.push(b',');
        plain(&mut out, &text);
        if layout.with_intervals {
            let ends = scores.interval(row);
            for end in [ends.map(|(low, _)| low), ends.map(|(_, high)| high)] {
                out.push(b',');
                if let Some(end) = end {
                    text.clear();
                    write_fixed(end, 6, &mut text);
                    plain(&mut out, &text);
                }
            }
        }
        out.push(b',');
        plain(&mut out, scores.risk_level(row).name());
        for rank in 0..layout.n_reasons {
            out.push(b',');
            text.clear();
            scores.write_reason(row, rank, &mut text);
            quote(&mut out, &text);
        }
        let reasons = scores.reasons.row(row);
        for rank in 0..layout.n_reasons {
            out.push(b',');
            if let Some(impact) = reasons.get(rank) {
                text.clear();
                write_fixed(impact.points, 2, &mut text);
                plain(&mut out, &text);
            }
        }
        if layout.with_offers {
            out.push(b',');
            match scores.best_offer(row) {
                Some(choice) => {
                    quote(&mut out, &choice.offer.title);
                    text.clear();
                    write_number(choice.expected_value.to_major(), &mut text);
                    out.push(b',');
                    plain(&mut out, &text);
                }
                None => plain(&mut out, "do nothing,"),
            }
        }
        out.push(b',');
        quote(&mut out, &layout.model_version);
        out.push(b'\n');
    }
    out
}

/// Writes text that needs no quotes.
fn plain(out: &mut Vec<u8>, text: &str) {
    out.extend_from_slice(text.as_bytes());
}

/// Writes a text field: quoted when needed, and neutralised when a spreadsheet would take it for
/// a formula (a leading `'` before `=`, `+`, `-`, `@`, tab or carriage return; plain numbers pass).
pub fn quote(out: &mut Vec<u8>, text: &str) {
    let is_formula =
        text.starts_with(['=', '+', '-', '@', '\t', '\r']) && text.parse::<f64>().is_err();
    let needs_quotes = text.contains([',', '"', '\n', '\r']);
    if needs_quotes {
        out.push(b'"');
    }
    if is_formula {
        out.push(b'\'');
    }
    for (place, part) in text.split('"').enumerate() {
        if place > 0 {
            out.extend_from_slice(b"\"\"");
        }
        out.extend_from_slice(part.as_bytes());
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
