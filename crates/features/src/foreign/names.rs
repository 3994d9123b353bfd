//! What a column's name says about where it comes from.

use std::collections::BTreeMap;

use churn_schema::{ColumnKind, DatasetSpec};

use crate::fit::MISSING_LEVEL;

/// What one-hot encoders write between column and level.
const SEPARATORS: [&str; 8] = ["_", "=", "__", ".", ":", "-", " ", "|"];

/// What encoders write for "no value".
const MISSING_WORDS: [&str; 3] = ["nan", "NaN", "None"];

/// A place in the specification that a name means.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Meaning {
    /// The values of a column or derived feature.
    Whole(String),
    /// Whether a column has one level.
    Level(String, String),
}

/// What a look-up came to.
#[derive(Debug, PartialEq)]
pub(super) enum Found {
    /// Exactly as written.
    Exactly(Meaning),
    /// Blanks, punctuation or an encoder's prefix aside.
    Loosely(Meaning),
    /// Several places.
    Ambiguous(Vec<Meaning>),
    /// A level of this column, which one can't be told.
    SomeLevel(String),
    /// None.
    Nowhere,
}

/// Every name a specification's columns can have in a matrix.
pub(super) struct Names<'a> {
    spec: &'a DatasetSpec,
    /// By the name as it is, and with blanks and punctuation left out.
    exact: BTreeMap<String, Vec<Meaning>>,
    loose: BTreeMap<String, Vec<Meaning>>,
}

impl<'a> Names<'a> {
    pub(super) fn new(spec: &'a DatasetSpec) -> Self {
        let mut names = Self {
            spec,
            exact: BTreeMap::new(),
            loose: BTreeMap::new(),
        };
        for derived in &spec.derived {
            names.add(derived.name(), Meaning::Whole(derived.name().to_owned()));
        }
        for column in spec.features() {
            names.add(&column.name, Meaning::Whole(column.name.clone()));
            let levels = column.levels.iter().map(String::as_str);
            let is_category = column.kind == ColumnKind::Category;
            let words = MISSING_WORDS
                .iter()
                .copied()
                .filter(|word| is_category && !column.levels.iter().any(|level| level == word));
            for level in levels.chain(words) {
                let meant = if column.levels.iter().any(|known| known == level) {
                    level
                } else {
                    MISSING_LEVEL
                };
                let meaning = Meaning::Level(column.name.clone(), meant.to_owned());
                for separator in SEPARATORS {
                    names.add(
                        &format!("{}{separator}{level}", column.name),
                        meaning.clone(),
                    );
                }
            }
        }
        names
    }

    fn add(&mut self, name: &str, meaning: Meaning) {
        for (names, name) in [
            (&mut self.exact, name.to_owned()),
            (&mut self.loose, plain(name)),
        ] {
            let meanings = names.entry(name).or_default();
            if !meanings.contains(&meaning) {
                meanings.push(meaning.clone());
            }
        }
    }

    /// What `name` means; a prefix that ends in `__` (as `ColumnTransformer` writes it) is left
    /// out when the whole means nothing.
    /// Without `keeps_blanks` an underscore may have been a blank.
    pub(super) fn find(&self, name: &str, keeps_blanks: bool) -> Found {
        let found = self.find_whole(name, keeps_blanks);
        match (found, name.split_once("__")) {
            (Found::Nowhere, Some((_, rest))) if !rest.is_empty() => {
                match self.find(rest, keeps_blanks) {
                    Found::Exactly(meaning) => Found::Loosely(meaning),
                    other => other,
                }
            }
            (found, _) => found,
        }
    }

    fn find_whole(&self, name: &str, keeps_blanks: bool) -> Found {
        match self.exact.get(name).map(Vec::as_slice) {
            Some([only]) => return Found::Exactly(only.clone()),
            Some(several) => return Found::Ambiguous(several.to_vec()),
            None => {}
        }
        if let Some(meaning) = self.open_level(name) {
            return match meaning {
                Meaning::Level(column, level) if !keeps_blanks && level.contains('_') => {
                    Found::SomeLevel(column)
                }
                _ => Found::Exactly(meaning),
            };
        }
        match self.loose.get(&plain(name)).map(Vec::as_slice) {
            Some([only]) => Found::Loosely(only.clone()),
            Some(several) => Found::Ambiguous(several.to_vec()),
            None => Found::Nowhere,
        }
    }

    /// A level of a column whose levels the specification does not list: numbers, and open
    /// categories, whose levels are taken as they stand.
    fn open_level(&self, name: &str) -> Option<Meaning> {
        let level_of = |column: &str| {
            let rest = name.strip_prefix(column)?;
            ["_", "="]
                .iter()
                .find_map(|separator| rest.strip_prefix(separator))
                .filter(|level| !level.is_empty())
        };
        let columns = self.spec.features().filter_map(|column| {
            let level = level_of(&column.name)?;
            let fits = match column.kind {
                ColumnKind::Integer | ColumnKind::Number => level.parse::<f64>().is_ok(),
                ColumnKind::Category => column.open || column.levels.is_empty(),
                ColumnKind::Date | ColumnKind::Text => false,
            };
            fits.then_some((column, level))
        });
        let (column, level) = columns.max_by_key(|(column, _)| column.name.len())?;
        let level = if MISSING_WORDS.contains(&level) {
            MISSING_LEVEL
        } else {
            level
        };
        Some(Meaning::Level(column.name.clone(), level.to_owned()))
    }
}

/// Letters and digits alone: what is left of a name however it was cleaned.
fn plain(name: &str) -> String {
    name.chars().filter(|c| c.is_alphanumeric()).collect()
}

#[cfg(test)]
mod tests {
    use churn_schema::ColumnSpec;

    use super::*;

    fn spec() -> DatasetSpec {
        let mut spec = DatasetSpec::new("shop");
        let category = |name: &str, levels: &[&str]| {
            let mut column = ColumnSpec::new(name, ColumnKind::Category);
            column.levels = levels.iter().map(|&level| level.to_owned()).collect();
            column
        };
        let mut city = category("city", &[]);
        city.open = true;
        spec.columns = vec![
            category("plan", &["pay as you go", "flat", "flat+"]),
            city,
            ColumnSpec::new("age", ColumnKind::Integer),
            ColumnSpec::new("plan_b", ColumnKind::Number),
        ];
        spec
    }

    fn level(column: &str, level: &str) -> Meaning {
        Meaning::Level(column.to_owned(), level.to_owned())
    }

    #[test]
    fn names_mean_columns_or_levels() {
        let spec = spec();
        let names = Names::new(&spec);
        let check = |name: &str, expected: Found| {
            assert_eq!(names.find(name, true), expected, "{name}");
        };
        check("age", Found::Exactly(Meaning::Whole("age".to_owned())));
        check(
            "plan_b",
            Found::Exactly(Meaning::Whole("plan_b".to_owned())),
        );
        check("plan_flat", Found::Exactly(level("plan", "flat")));
        check(
            "plan=pay as you go",
            Found::Exactly(level("plan", "pay as you go")),
        );
        check(
            "plan_pay_as_you_go",
            Found::Loosely(level("plan", "pay as you go")),
        );
        check("onehot__plan_flat", Found::Loosely(level("plan", "flat")));
        check("plan_nan", Found::Exactly(level("plan", MISSING_LEVEL)));
        check("city_New York", Found::Exactly(level("city", "New York")));
        check("age_65", Found::Exactly(level("age", "65")));
        check("plan_gold", Found::Nowhere);
        check("height", Found::Nowhere);
        let found = names.find("city_New_York", false);
        assert_eq!(
            found,
            Found::SomeLevel("city".to_owned()),
            "New York or New_York"
        );
        // Without punctuation two levels read alike.
        check(
            "plan.flat.",
            Found::Ambiguous(vec![level("plan", "flat"), level("plan", "flat+")]),
        );
    }
}
