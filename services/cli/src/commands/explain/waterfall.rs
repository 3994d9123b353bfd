//! A waterfall that fits 80 columns: from the average customer to this one.

use churn_engine::{ExplainedCustomer, Statement};

use crate::commands::percent;

/// Statements that have a line of their own; the rest shares one.
const MAX_LINES: usize = 10;
/// Width of the sentences.
const SENTENCE: usize = 34;
/// Width of the bars.
const BAR: f64 = 32.0;

/// One line: what it says, its figure, and from where to where it goes in probability points.
struct Step {
    sentence: String,
    figure: String,
    from: f64,
    to: f64,
    mark: char,
}

/// The average customer, each statement where the one before it ended, and the customer.
pub(super) fn waterfall(explained: &ExplainedCustomer) -> String {
    let steps = steps(explained);
    let ends = || steps.iter().flat_map(|step| [step.from, step.to]);
    let (low, high) = (ends().fold(0.0, f64::min), ends().fold(0.0, f64::max));
    let scale = BAR / (high - low).max(1e-9);
    let lines: Vec<String> = steps.iter().map(|step| line(step, low, scale)).collect();
    let has_protected = explained.statements.iter().take(n_told(explained));
    let note = match has_protected.into_iter().any(|told| told.protected) {
        true => "\n  * a protected attribute: part of the sum, no reason for an offer",
        false => "",
    };
    lines.join("\n") + note
}

/// How many statements get a line of their own: a rest of one is no shorter than its line.
fn n_told(explained: &ExplainedCustomer) -> usize {
    let n_moving = explained.statements.iter().filter(|s| is_told(s)).count();
    if n_moving <= MAX_LINES + 1 && n_moving + 1 >= explained.statements.len() {
        explained.statements.len().min(MAX_LINES + 1)
    } else {
        n_moving.min(MAX_LINES)
    }
}

/// Whether its figure is more than 0.0.
fn is_told(statement: &Statement) -> bool {
    statement.impact.abs() >= 0.05
}

fn steps(explained: &ExplainedCustomer) -> Vec<Step> {
    let (base, now) = (explained.base_probability, explained.churn_probability);
    let whole = |sentence: &str, share: f64| Step {
        sentence: sentence.to_owned(),
        figure: percent(share),
        from: 0.0,
        to: share * 100.0,
        mark: '=',
    };
    let mut steps = vec![whole("average customer", base)];
    let mut reached = base * 100.0;
    let mut push = |sentence: String, impact: f64| {
        steps.push(Step {
            sentence,
            figure: format!("{impact:+.1}"),
            from: reached,
            to: reached + impact,
            mark: if impact >= 0.0 { '+' } else { '-' },
        });
        reached += impact;
    };
    let (told, rest) = explained.statements.split_at(n_told(explained));
    for statement in told {
        let mark = if statement.protected { " *" } else { "" };
        push(format!("{}{mark}", statement.sentence), statement.impact);
    }
    if !rest.is_empty() {
        let sum = rest.iter().map(|statement| statement.impact).sum();
        push(format!("{} others", rest.len()), sum);
    }
    steps.push(whole("this customer", now));
    steps
}

fn line(step: &Step, low: f64, scale: f64) -> String {
    let place = |value: f64| ((value - low) * scale).round() as usize;
    let (from, to) = (place(step.from.min(step.to)), place(step.from.max(step.to)));
    let sentence = shortened(&step.sentence);
    // What moves anything at all has a mark, at the side where its step begins.
    let (from, to) = match (to - from, step.from <= step.to) {
        (0, true) => (from, from + 1),
        (0, false) => (from.saturating_sub(1), from.max(1)),
        _ => (from, to),
    };
    let bar = step.mark.to_string().repeat(to - from);
    let line = format!(
        "  {sentence:<SENTENCE$} {:>7}  {}{bar}",
        step.figure,
        " ".repeat(from)
    );
    line.trim_end().to_owned()
}

/// At most as many letters as there is room for.
fn shortened(sentence: &str) -> String {
    if sentence.chars().count() <= SENTENCE {
        return sentence.to_owned();
    }
    let kept: String = sentence.chars().take(SENTENCE - 3).collect();
    format!("{}...", kept.trim_end())
}
