//! Reading a specification from YAML, with every fault placed by line and column.

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_saphyr::{Options, Spanned};

use super::{DatasetSpec, SpecFault};
use crate::Error;

impl DatasetSpec {
    /// Reads and checks a specification. `source_name` stands before every fault, as in
    /// `data/telco.yaml:12:5: ...`.
    ///
    /// # Errors
    /// [`Error::Spec`] with the syntax fault, or with all faults of the content.
    pub fn from_yaml(text: &str, source_name: &str) -> Result<Self, Error> {
        let refuse = |faults| Error::Spec {
            source_name: source_name.to_owned(),
            faults,
        };
        let spec: Self = serde_saphyr::from_str_with_options(text, options()).map_err(|error| {
            let position = error.location().map(|l| (l.line(), l.column()));
            let message = without_position(&error.without_snippet().to_string())
                .replace(
                    "unexpected end of input",
                    "the file is empty or ends too early",
                )
                .replace("expected mapping start", "expected keys as in `format: 1`");
            refuse(vec![SpecFault {
                place: super::rules::Place::File,
                position,
                message,
            }])
        })?;
        let mut faults = spec.faults();
        if faults.is_empty() {
            return Ok(spec);
        }
        let positions = Positions::of(text);
        for fault in &mut faults {
            fault.position = positions.find(fault.place);
        }
        Err(refuse(faults))
    }
}

fn options() -> Options {
    serde_saphyr::options! {
        // "Yes" and "No" are levels far more often than truth values.
        strict_booleans: true,
        with_snippet: false,
    }
}

/// The library repeats the position inside its message; ours stands before it.
fn without_position(message: &str) -> String {
    let first_line = message.lines().next().unwrap_or(message);
    match first_line.rfind(" at line ") {
        Some(cut) => first_line[..cut].trim_end_matches([',', ':']).to_owned(),
        None => first_line.to_owned(),
    }
}

/// Where list entries start, read in a second pass that only happens when there are faults.
#[derive(Deserialize, Default)]
#[serde(default)]
struct Positions {
    columns: Vec<Spanned<IgnoredAny>>,
    derived: Vec<Spanned<IgnoredAny>>,
    checks: Vec<Spanned<IgnoredAny>>,
    same: Vec<Spanned<IgnoredAny>>,
}

impl Positions {
    fn of(text: &str) -> Self {
        // The text was read once, so this cannot fail; without positions faults still name columns.
        serde_saphyr::from_str_with_options(text, options()).unwrap_or_default()
    }

    fn find(&self, place: super::rules::Place) -> Option<(u64, u64)> {
        use super::rules::Place;
        let entry = match place {
            Place::File => None,
            Place::Column(idx) => self.columns.get(idx),
            Place::Derived(idx) => self.derived.get(idx),
            Place::Check(idx) => self.checks.get(idx),
            Place::Same(idx) => self.same.get(idx),
        };
        entry.map(|e| (e.referenced.line(), e.referenced.column()))
    }
}
