//! Relative links of Markdown pages lead somewhere.

use std::path::Path;

/// Dead links of one page, as (line, target).
pub(crate) fn find_dead(page: &Path, text: &str) -> Vec<(usize, String)> {
    let folder = page.parent().unwrap_or(Path::new("."));
    let mut dead = Vec::new();
    let mut is_code = false;
    for (line_idx, line) in text.lines().enumerate() {
        if line.trim_start().starts_with("```") {
            is_code = !is_code;
        }
        if is_code {
            continue;
        }
        for target in find_targets(line) {
            let path = target.split('#').next().unwrap_or_default();
            let is_remote = target.contains("://") || target.starts_with("mailto:");
            if !is_remote && !path.is_empty() && !folder.join(path).exists() {
                dead.push((line_idx + 1, target.to_owned()));
            }
        }
    }
    dead
}

/// What stands between `](` and `)`.
fn find_targets(line: &str) -> impl Iterator<Item = &str> {
    line.split("](")
        .skip(1)
        .filter_map(|rest| rest.split(')').next())
        .map(str::trim)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dead_links_are_found_and_remote_ones_left_alone() {
        let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml");
        let text = "[a](src/main.rs) [b](src/gone.rs#x) [c](https://example.org) [d](#here)\n```\n[e](gone)\n```\n";
        assert_eq!(find_dead(&page, text), [(1, "src/gone.rs#x".to_owned())]);
    }
}
