//! Writing a specification as YAML that a person can read and edit.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::{
    Actionable, CheckSeverity, CheckSpec, ColumnSpec, ConstantValue, DatasetSpec, DerivedSpec,
    Encoding, MissingStrategy, Role, SameSpec,
};

impl DatasetSpec {
    /// The specification as commented YAML; [`Self::from_yaml`] reads it back to the same value.
    #[must_use]
    pub fn to_yaml(&self) -> String {
        let mut out = String::new();
        // Writing into a String cannot fail, so the results carry nothing.
        let _ = write_head(self, &mut out);
        out.push_str(COLUMN_HELP);
        out.push_str("columns:\n");
        for column in &self.columns {
            let _ = write_column(column, &mut out);
        }
        if !self.derived.is_empty() {
            out.push_str(
                "\n# Features computed from other feature columns of the same row.\nderived:\n",
            );
            for derived in &self.derived {
                let _ = write_derived(derived, &mut out);
            }
        }
        if !self.checks.is_empty() {
            out.push_str("\n# Checks between columns; severity warning keeps the row, error rejects it.\nchecks:\n");
            for check in &self.checks {
                let _ = write_check(check, &mut out);
            }
        }
        if !self.same.is_empty() {
            out.push_str(
                "\n# Values that say the same thing: one reason stands for all of them.\nsame:\n",
            );
            for same in &self.same {
                let _ = write_same(same, &mut out);
            }
        }
        out
    }
}

const COLUMN_HELP: &str = "\n\
# kind: integer | number | category | date | text\n\
# roles: key | target | feature | protected | revenue | timestamp | ignore (feature if left out)\n\
# missing: keep | median | most_frequent | own_level | {constant: {value: 0}}\n\
# phrase, say: words for reasons, for any value and for single ones\n\
# actionable: what we can change for a customer: true, or the values we can bring\n";

fn write_head(spec: &DatasetSpec, out: &mut String) -> std::fmt::Result {
    writeln!(
        out,
        "# What the columns of this data set are. Edit freely; faults are named by line."
    )?;
    writeln!(out, "format: {}", spec.format)?;
    writeln!(out, "name: {}", quote(&spec.name))?;
    if let Some(description) = &spec.description {
        writeln!(out, "description: {}", quote(description))?;
    }
    let encoding = match spec.csv.encoding {
        Encoding::Utf8 => "utf-8",
        Encoding::Windows1252 => "windows-1252",
    };
    let delimiter = quote_always(&spec.csv.delimiter.to_string());
    writeln!(out, "csv: {{delimiter: {delimiter}, encoding: {encoding}}}")?;
    writeln!(
        out,
        "# Texts that mean \"no value\"; an empty field always does."
    )?;
    let tokens: Vec<_> = spec
        .missing_tokens
        .iter()
        .map(|token| quote_always(token))
        .collect();
    writeln!(out, "missing_tokens: [{}]", tokens.join(", "))?;
    if let Some(currency) = spec.currency {
        writeln!(out, "currency: {currency}")?;
    }
    writeln!(
        out,
        "# Training refuses the data if more than this share of rows is rejected."
    )?;
    writeln!(
        out,
        "max_rejected_share: {}",
        number(spec.max_rejected_share)
    )?;
    if let Some(value) = spec.value {
        writeln!(
            out,
            "# Value of a customer = revenue x margin x horizon; both are your assumptions."
        )?;
        let (margin, horizon) = (number(value.margin), number(value.horizon_months));
        writeln!(
            out,
            "value: {{margin: {margin}, horizon_months: {horizon}}}"
        )?;
    }
    Ok(())
}

fn write_column(column: &ColumnSpec, out: &mut String) -> std::fmt::Result {
    writeln!(out, "  - name: {}", quote(&column.name))?;
    if let Some(label) = &column.label {
        writeln!(out, "    label: {}", quote(label))?;
    }
    writeln!(out, "    kind: {}", column.kind.as_str())?;
    if column.roles != [Role::Feature] {
        let roles: Vec<_> = column.roles.iter().map(|role| role.as_str()).collect();
        writeln!(out, "    roles: [{}]", roles.join(", "))?;
    }
    if let Some(reason) = &column.reason {
        writeln!(out, "    reason: {}", quote(reason))?;
    }
    if let Some(unit) = &column.unit {
        writeln!(out, "    unit: {}", quote(unit))?;
    }
    if !column.levels.is_empty() {
        writeln!(out, "    levels: [{}]", list(&column.levels))?;
    }
    if column.open {
        writeln!(out, "    open: true")?;
    }
    if let Some(positive) = &column.positive {
        writeln!(out, "    positive: {}", quote(positive))?;
    }
    if let Some(min) = column.min {
        writeln!(out, "    min: {}", number(min))?;
    }
    if let Some(max) = column.max {
        writeln!(out, "    max: {}", number(max))?;
    }
    match &column.missing {
        MissingStrategy::Keep => {}
        MissingStrategy::Median => writeln!(out, "    missing: median")?,
        MissingStrategy::MostFrequent => writeln!(out, "    missing: most_frequent")?,
        MissingStrategy::OwnLevel => writeln!(out, "    missing: own_level")?,
        MissingStrategy::Constant { value } => {
            let value = match value {
                ConstantValue::Number(value) => number(*value),
                ConstantValue::Text(value) => quote_always(value),
            };
            writeln!(out, "    missing: {{constant: {{value: {value}}}}}")?;
        }
    }
    if let Some(phrase) = &column.phrase {
        writeln!(out, "    phrase: {}", quote_always(phrase))?;
    }
    if !column.say.is_empty() {
        writeln!(out, "    say: {{{}}}", map(&column.say))?;
    }
    if let Some(sentence) = &column.say_missing {
        writeln!(out, "    say_missing: {}", quote(sentence))?;
    }
    match &column.actionable {
        Actionable::Any(false) => {}
        Actionable::Any(true) => writeln!(out, "    actionable: true")?,
        Actionable::To(levels) => writeln!(out, "    actionable: [{}]", list(levels))?,
    }
    Ok(())
}

fn write_same(same: &SameSpec, out: &mut String) -> std::fmt::Result {
    writeln!(out, "  - say: {}", quote(&same.say))?;
    writeln!(out, "    values: {{{}}}", map(&same.values))
}

fn map(entries: &BTreeMap<String, String>) -> String {
    let entries = entries.iter();
    let entries: Vec<_> = entries
        .map(|(key, value)| format!("{}: {}", quote(key), quote(value)))
        .collect();
    entries.join(", ")
}

fn write_derived(derived: &DerivedSpec, out: &mut String) -> std::fmt::Result {
    let (kind, label) = match derived {
        DerivedSpec::Ratio { label, .. } => ("ratio", label),
        DerivedSpec::Difference { label, .. } => ("difference", label),
        DerivedSpec::Bucket { label, .. } => ("bucket", label),
        DerivedSpec::Cross { label, .. } => ("cross", label),
        DerivedSpec::Log { label, .. } => ("log", label),
        DerivedSpec::CountOf { label, .. } => ("count_of", label),
    };
    writeln!(out, "  - kind: {kind}\n    name: {}", quote(derived.name()))?;
    if let Some(label) = label {
        writeln!(out, "    label: {}", quote(label))?;
    }
    match derived {
        DerivedSpec::Ratio {
            numerator,
            denominator,
            ..
        } => {
            writeln!(
                out,
                "    numerator: {}\n    denominator: {}",
                quote(numerator),
                quote(denominator)
            )
        }
        DerivedSpec::Difference { left, right, .. } | DerivedSpec::Cross { left, right, .. } => {
            writeln!(
                out,
                "    left: {}\n    right: {}",
                quote(left),
                quote(right)
            )
        }
        DerivedSpec::Bucket { of, edges, .. } => {
            let edges: Vec<_> = edges.iter().map(|edge| number(*edge)).collect();
            writeln!(
                out,
                "    of: {}\n    edges: [{}]",
                quote(of),
                edges.join(", ")
            )
        }
        DerivedSpec::Log { of, .. } => writeln!(out, "    of: {}", quote(of)),
        DerivedSpec::CountOf {
            columns, equals, ..
        } => {
            writeln!(
                out,
                "    columns: [{}]\n    equals: [{}]",
                list(columns),
                list(equals)
            )
        }
    }
}

fn write_check(check: &CheckSpec, out: &mut String) -> std::fmt::Result {
    match check {
        CheckSpec::ApproximateProduct {
            name,
            total,
            factors,
            tolerance,
            ..
        } => {
            writeln!(
                out,
                "  - kind: approximate_product\n    name: {}",
                quote(name)
            )?;
            writeln!(
                out,
                "    total: {}\n    factors: [{}]",
                quote(total),
                list(factors)
            )?;
            writeln!(out, "    tolerance: {}", number(*tolerance))?;
        }
        CheckSpec::Implies {
            name, when, then, ..
        } => {
            writeln!(out, "  - kind: implies\n    name: {}", quote(name))?;
            writeln!(
                out,
                "    when: {{column: {}, equals: {}}}",
                quote(&when.column),
                quote(&when.equals)
            )?;
            writeln!(
                out,
                "    then: {{column: {}, one_of: [{}]}}",
                quote(&then.column),
                list(&then.one_of)
            )?;
        }
    }
    let severity = match check.severity() {
        CheckSeverity::Warning => "warning",
        CheckSeverity::Error => "error",
    };
    writeln!(out, "    severity: {severity}")
}

fn list(texts: &[String]) -> String {
    let quoted: Vec<_> = texts.iter().map(|text| quote(text)).collect();
    quoted.join(", ")
}

/// Shortest text that reads back to the same number.
fn number(value: f64) -> String {
    if value.fract().abs() <= 0.0 && value.abs() < 1e15 {
        format!("{value:.0}")
    } else {
        format!("{value:?}")
    }
}

/// Bare where no YAML reader could take the text for anything else, otherwise double-quoted.
fn quote(text: &str) -> String {
    let first_ok = text.bytes().next().is_some_and(|b| b.is_ascii_alphabetic());
    let rest_ok = text
        .bytes()
        .all(|b| b.is_ascii_alphanumeric() || matches!(b, b' ' | b'_' | b'-' | b'.'));
    let reserved = [
        "yes", "no", "true", "false", "on", "off", "null", "y", "n", "nan", "inf",
    ];
    let is_word = reserved.contains(&text.to_ascii_lowercase().as_str());
    if first_ok && rest_ok && !is_word && text.trim() == text {
        text.to_owned()
    } else {
        quote_always(text)
    }
}

/// Double-quoted; JSON strings are YAML strings.
fn quote_always(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
