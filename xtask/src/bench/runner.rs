//! What all benchmarks share: two sides that take turns, medians, ratios, verdicts.

use std::process::{Command, Stdio};

use anyhow::{Context, bail};

use crate::Outcome;

/// What one process measured around its work, told as the last line of its output:
/// `{"cpu_s": 1.25, "wall_s": 1.3, "peak_mb": 210.0, "rows": 1000}`; without `rows`, 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Measured {
    /// User and system time of all threads.
    pub(crate) cpu_s: f64,
    pub(crate) wall_s: f64,
    /// Most memory the process ever held, its input included.
    pub(crate) peak_mb: f64,
    /// What the work is counted in: ratios are of CPU time per row.
    pub(crate) rows: f64,
}

/// The ratio that a line of the report must reach.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Wanted {
    /// The peer's CPU time by ours, at least.
    AtLeast(f64),
    /// None; the figure is for the reader.
    Anything,
}

/// A line of the report: the same work on both sides, medians of all turns.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Line {
    pub(crate) work: String,
    pub(crate) ours: Measured,
    pub(crate) peer: Measured,
    pub(crate) wanted: Wanted,
}

impl Line {
    /// CPU time of the peer by ours, per row: above 1 this program is cheaper.
    pub(crate) fn ratio(&self) -> f64 {
        (self.peer.cpu_s / self.peer.rows) / (self.ours.cpu_s / self.ours.rows)
    }

    fn is_reached(&self) -> bool {
        match self.wanted {
            Wanted::AtLeast(least) => self.ratio() >= least,
            Wanted::Anything => true,
        }
    }

    /// Lets both sides take turns, ours first, and takes medians.
    pub(crate) fn measure(
        work: &str,
        wanted: Wanted,
        n_turns: usize,
        ours: impl Fn() -> Command,
        peer: impl Fn() -> Command,
    ) -> anyhow::Result<Self> {
        let mut turns = [Vec::new(), Vec::new()];
        for turn in 1..=n_turns {
            eprintln!("{work}: turn {turn} of {n_turns}");
            turns[0].push(measure(&mut ours())?);
            turns[1].push(measure(&mut peer())?);
        }
        let [ours, peer] = turns.map(|turns| medians(&turns));
        Ok(Self {
            work: work.to_owned(),
            ours,
            peer,
            wanted,
        })
    }
}

/// Runs a command and reads what it measured.
pub(crate) fn measure(command: &mut Command) -> anyhow::Result<Measured> {
    let program = command.get_program().to_string_lossy().into_owned();
    let output = command
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .with_context(|| format!("could not start {program}"))?;
    if !output.status.success() {
        bail!("{program} failed ({})", output.status);
    }
    let text = String::from_utf8_lossy(&output.stdout);
    let line = text.trim().lines().last().unwrap_or_default();
    parse(line).with_context(|| {
        format!("{program} ended with '{line}'; expected JSON with cpu_s, wall_s and peak_mb")
    })
}

fn parse(line: &str) -> Option<Measured> {
    let value: serde_json::Value = serde_json::from_str(line).ok()?;
    let number = |name: &str| value.get(name)?.as_f64();
    Some(Measured {
        cpu_s: number("cpu_s")?,
        wall_s: number("wall_s")?,
        peak_mb: number("peak_mb")?,
        rows: number("rows").unwrap_or(1.0),
    })
}

/// The median of each figure by itself; the upper one of two.
fn medians(turns: &[Measured]) -> Measured {
    let median = |figure: fn(&Measured) -> f64| {
        let mut values: Vec<f64> = turns.iter().map(figure).collect();
        values.sort_by(f64::total_cmp);
        values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
    };
    Measured {
        cpu_s: median(|turn| turn.cpu_s),
        wall_s: median(|turn| turn.wall_s),
        peak_mb: median(|turn| turn.peak_mb),
        rows: median(|turn| turn.rows),
    }
}

/// Prints the report; an error names the lines that miss what is wanted.
pub(crate) fn report(title: &str, lines: &[Line]) -> Outcome {
    println!("{title}\n");
    println!(
        "{:<46} {:>10} {:>10} {:>7} {:>8} {:>9} {:>9}  verdict",
        "work", "ours CPU s", "peer CPU s", "ratio", "wanted", "ours MB", "peer MB"
    );
    for line in lines {
        let (wanted, verdict) = match line.wanted {
            Wanted::AtLeast(least) => (
                format!(">={least:.2}"),
                if line.is_reached() { "ok" } else { "MISSED" },
            ),
            Wanted::Anything => (String::new(), ""),
        };
        println!(
            "{:<46} {:>10.3} {:>10.3} {:>7.2} {:>8} {:>9.0} {:>9.0}  {verdict}",
            line.work,
            line.ours.cpu_s,
            line.peer.cpu_s,
            line.ratio(),
            wanted,
            line.ours.peak_mb,
            line.peer.peak_mb,
        );
    }
    let missed: Vec<&str> = lines
        .iter()
        .filter(|line| !line.is_reached())
        .map(|line| line.work.as_str())
        .collect();
    if !missed.is_empty() {
        bail!("missed what is wanted: {}", missed.join("; "));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{Line, Measured, Wanted, medians, parse};

    fn measured(cpu_s: f64, rows: f64) -> Measured {
        Measured {
            cpu_s,
            wall_s: 1.0,
            peak_mb: 10.0,
            rows,
        }
    }

    #[test]
    fn ratios_are_per_row() {
        let line = Line {
            work: String::new(),
            ours: measured(1.0, 1000.0),
            peer: measured(2.0, 500.0),
            wanted: Wanted::AtLeast(4.0),
        };
        assert!((line.ratio() - 4.0).abs() < 1e-12 && line.is_reached());
    }

    #[test]
    fn the_last_line_of_a_process_is_read() {
        let line = r#"{"cpu_s": 1.5, "wall_s": 1, "peak_mb": 10, "more": "x"}"#;
        assert_eq!(parse(line), Some(measured(1.5, 1.0)));
        assert_eq!(parse("done"), None);
    }

    #[test]
    fn an_outlier_does_not_move_the_median() {
        let turns = [measured(1.0, 1.0), measured(9.0, 1.0), measured(1.1, 1.0)];
        assert!((medians(&turns).cpu_s - 1.1).abs() < 1e-12);
    }
}
