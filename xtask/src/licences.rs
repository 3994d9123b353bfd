//! Licences of everything we link, against the list in `deny.toml`.
//!
//! `cargo deny` does the same and more; this runs where it is not installed, on the same list.

use anyhow::Context;
use cargo_metadata::Metadata;

use crate::paths;

/// Packages whose licence the list does not allow, in words.
pub(crate) fn find_faults(metadata: &Metadata) -> anyhow::Result<Vec<String>> {
    let file = paths::workspace().join("deny.toml");
    let text = std::fs::read_to_string(&file)
        .with_context(|| format!("could not read {}", file.display()))?;
    let allowed = read_list(&text, "allow");
    let banned = read_list(&text, "deny");
    let mut faults = Vec::new();
    for package in &metadata.packages {
        let name = package.name.as_str();
        match &package.license {
            Some(licence) if is_allowed(licence, &allowed) => {}
            Some(licence) => faults.push(format!(
                "{name}: licence {licence:?} is not allowed by deny.toml"
            )),
            None => faults.push(format!("{name}: states no licence")),
        }
        if banned.iter().any(|banned| banned == name) {
            faults.push(format!("{name} is banned by deny.toml"));
        }
    }
    Ok(faults)
}

/// The quoted words of `key = [ ... ]`; of a list of tables, the words after `crate =`.
fn read_list(text: &str, key: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut inside = false;
    for line in text
        .lines()
        .map(|line| line.split('#').next().unwrap_or_default().trim())
    {
        if line
            .strip_prefix(key)
            .is_some_and(|rest| rest.trim_start().starts_with('='))
        {
            inside = true;
        }
        if inside {
            let quoted = line.split('"').skip(1).step_by(2);
            if line.contains('{') {
                words.extend(quoted.take(1).map(str::to_owned));
            } else {
                words.extend(quoted.map(str::to_owned));
            }
            inside = !line.ends_with(']');
        }
    }
    words
}

/// Whether a licence expression can be met with the allowed licences: `OR` (also `/`) binds weaker
/// than `AND`; parentheses as usual.
fn is_allowed(expression: &str, allowed: &[String]) -> bool {
    let spaced = expression
        .replace('(', " ( ")
        .replace(')', " ) ")
        .replace('/', " OR ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let mut rest = words.as_slice();
    let outcome = read_or(&mut rest, allowed);
    outcome && rest.is_empty()
}

fn read_or(rest: &mut &[&str], allowed: &[String]) -> bool {
    let mut outcome = read_and(rest, allowed);
    while let Some((&"OR", after)) = rest.split_first() {
        *rest = after;
        outcome |= read_and(rest, allowed);
    }
    outcome
}

fn read_and(rest: &mut &[&str], allowed: &[String]) -> bool {
    let mut outcome = read_one(rest, allowed);
    while let Some((&"AND", after)) = rest.split_first() {
        *rest = after;
        outcome &= read_one(rest, allowed);
    }
    outcome
}

fn read_one(rest: &mut &[&str], allowed: &[String]) -> bool {
    let Some((&word, after)) = rest.split_first() else {
        return false;
    };
    *rest = after;
    if word == "(" {
        let outcome = read_or(rest, allowed);
        if let Some((&")", after)) = rest.split_first() {
            *rest = after;
        }
        return outcome;
    }
    let mut licence = word.to_owned();
    if let [first, exception, after @ ..] = *rest
        && *first == "WITH"
    {
        licence = format!("{word} WITH {exception}");
        *rest = after;
    }
    allowed.contains(&licence)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions_are_met_or_not() {
        let allowed: Vec<String> = ["MIT", "ISC", "Apache-2.0 WITH LLVM-exception"]
            .map(str::to_owned)
            .to_vec();
        for (expression, expected) in [
            ("MIT", true),
            ("MIT OR Apache-2.0", true),
            ("Apache-2.0/MIT", true),
            ("Apache-2.0 AND MIT", false),
            ("(Apache-2.0 OR MIT) AND BSD-3-Clause", false),
            ("(Apache-2.0 OR MIT) AND ISC", true),
            ("GPL-3.0", false),
            ("Apache-2.0 WITH LLVM-exception OR GPL-3.0", true),
            ("", false),
        ] {
            assert_eq!(is_allowed(expression, &allowed), expected, "{expression}");
        }
    }

    #[test]
    fn lists_are_read_out_of_the_file() {
        let text = "allow = [\n  \"MIT\", # the usual\n  \"ISC\",\n]\ndeny = [\n  { crate = \"x\", reason = \"y\" },\n]\n";
        assert_eq!(read_list(text, "allow"), ["MIT", "ISC"]);
        assert_eq!(read_list(text, "deny"), ["x"]);
    }
}
