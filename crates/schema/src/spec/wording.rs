//! How a column is spoken of: taken apart once, so that a value can be put in a million times.

use std::collections::BTreeMap;

/// Sentences about the values of one column.
///
/// ```
/// use churn_schema::Wording;
/// let say = [("1".to_owned(), "1 month with us".to_owned())].into();
/// let wording = Wording::new("{value} months with us", "tenure").with_sentences(&say, None);
/// assert_eq!(wording.sentence(Some("12")), "12 months with us");
/// assert_eq!(wording.sentence(Some("1")), "1 month with us");
/// assert_eq!(wording.sentence(None), "tenure is not known");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wording {
    label: String,
    /// The text around the places for the value; one more than there are places.
    parts: Vec<String>,
    /// Whole sentences by value.
    say: BTreeMap<String, String>,
    missing: String,
}

impl Wording {
    /// From a template: `{label}` is put in now, `{value}` marks a place.
    #[must_use]
    pub fn new(template: &str, label: &str) -> Self {
        let text = template.replace("{label}", label);
        Self {
            label: label.to_owned(),
            parts: text.split("{value}").map(str::to_owned).collect(),
            say: BTreeMap::new(),
            missing: format!("{label} is not known"),
        }
    }

    /// With sentences for single values, and for a missing one unless `None`. They may hold
    /// `{label}` and `{value}` too.
    #[must_use]
    pub fn with_sentences(mut self, say: &BTreeMap<String, String>, missing: Option<&str>) -> Self {
        let fill = |sentence: &str, value: &str| {
            let sentence = sentence.replace("{label}", &self.label);
            sentence.replace("{value}", value)
        };
        self.say = say
            .iter()
            .map(|(value, sentence)| (value.clone(), fill(sentence, value)))
            .collect();
        if let Some(missing) = missing {
            self.missing = fill(missing, "not known");
        }
        self
    }

    /// Appends the sentence for a value. `value` is called once, or twice where the sentence is
    /// made from the template; it appends the value and says whether there is one.
    pub fn write(&self, out: &mut String, mut value: impl FnMut(&mut String) -> bool) {
        let start = out.len();
        if !value(out) {
            out.truncate(start);
            out.push_str(&self.missing);
            return;
        }
        let sentence = match self.say.is_empty() {
            true => None,
            false => self.say.get(&out[start..]),
        };
        out.truncate(start);
        if let Some(sentence) = sentence {
            out.push_str(sentence);
            return;
        }
        for (place, part) in self.parts.iter().enumerate() {
            if place > 0 {
                value(out);
            }
            out.push_str(part);
        }
    }

    /// The sentence for one value; `None` for a missing one.
    #[must_use]
    pub fn sentence(&self, value: Option<&str>) -> String {
        let mut sentence = String::new();
        self.write(&mut sentence, |out| {
            out.push_str(value.unwrap_or_default());
            value.is_some()
        });
        sentence
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
            let wording = Wording::new(template, "plan");
            assert_eq!(wording.sentence(Some("Gold")), expected, "{template}");
        }
    }

    #[test]
    fn a_value_of_its_own_and_none_have_sentences_of_their_own() {
        let say = [("No".to_owned(), "no {label}".to_owned())].into();
        let wording = Wording::new("{label}: {value}", "tech support");
        let wording = wording.with_sentences(&say, Some("nobody asked about {label}"));
        assert_eq!(wording.sentence(Some("No")), "no tech support");
        assert_eq!(wording.sentence(Some("Yes")), "tech support: Yes");
        assert_eq!(wording.sentence(None), "nobody asked about tech support");
        let mut text = "because: ".to_owned();
        wording.write(&mut text, |out| {
            out.push_str("No");
            true
        });
        assert_eq!(text, "because: no tech support");
    }
}
