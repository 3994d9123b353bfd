//! The sentence of a column, taken apart once so that a value can be put in a million times.

/// A sentence with places for a value.
///
/// ```
/// let phrase = churn_schema::Phrase::new("{value} {label}", "months with us");
/// let mut text = String::new();
/// phrase.write(&mut text, |out| out.push_str("12"));
/// assert_eq!(text, "12 months with us");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Phrase {
    /// The text around the places; one more than there are places.
    parts: Vec<String>,
}

impl Phrase {
    /// From a template: `{label}` is put in now, `{value}` marks a place.
    #[must_use]
    pub fn new(template: &str, label: &str) -> Self {
        let text = template.replace("{label}", label);
        Self {
            parts: text.split("{value}").map(str::to_owned).collect(),
        }
    }

    /// Appends the sentence to `out`; `value` is called at every place and appends the value.
    pub fn write(&self, out: &mut String, mut value: impl FnMut(&mut String)) {
        for (place, part) in self.parts.iter().enumerate() {
            if place > 0 {
                value(out);
            }
            out.push_str(part);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_may_be_none_or_several() {
        for (template, expected) in [
            ("{label} is {value}", "plan is Gold"),
            ("{value}, {value}!", "Gold, Gold!"),
            ("no place", "no place"),
            ("", ""),
            ("{value}", "Gold"),
        ] {
            let mut text = String::new();
            Phrase::new(template, "plan").write(&mut text, |out| out.push_str("Gold"));
            assert_eq!(text, expected, "{template}");
        }
    }
}
