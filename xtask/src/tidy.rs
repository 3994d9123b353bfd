//! `tidy`: the rules no compiler knows, all faults at once.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, bail};
use cargo_metadata::MetadataCommand;

use crate::{Outcome, layers, licences, links, paths, shell, sources};

/// Extensions of text files that are searched for unfinished thoughts.
const TEXT: [&str; 12] = [
    "rs", "toml", "yaml", "yml", "md", "sql", "sh", "ts", "html", "css", "json", "conf",
];

/// Checks layers, licences and every file of the repository.
pub(crate) fn run() -> Outcome {
    let root = paths::workspace();
    let metadata = MetadataCommand::new()
        .manifest_path(root.join("Cargo.toml"))
        .exec()
        .context("could not read the workspace with `cargo metadata`")?;
    let mut faults = layers::find_faults(&metadata);
    faults.extend(licences::find_faults(&metadata)?);
    let files = list_files(&root)?;
    let mut n_files = 0_usize;
    for path in &files {
        let file = root.join(path);
        let extension = file
            .extension()
            .and_then(|extension| extension.to_str())
            .unwrap_or_default();
        if !TEXT.contains(&extension) || !file.is_file() {
            continue;
        }
        let text = std::fs::read_to_string(&file).with_context(|| format!("{path} is not text"))?;
        n_files += 1;
        faults.extend(check_file(path, &file, extension, &text));
    }
    for fault in &faults {
        eprintln!("{fault}");
    }
    if !faults.is_empty() {
        bail!("{} faults", faults.len());
    }
    println!(
        "tidy: {} packages and {n_files} files in order",
        metadata.packages.len()
    );
    Ok(())
}

fn check_file(path: &str, file: &Path, extension: &str, text: &str) -> Vec<String> {
    let mut found = sources::find_unfinished(text);
    match extension {
        "rs" => found.extend(sources::check_rust(path, text)),
        "md" => {
            let dead = links::find_dead(file, text).into_iter();
            found.extend(
                dead.map(|(line, target)| (line, format!("link to {target}, which is not there"))),
            );
        }
        "toml" if path.ends_with("/Cargo.toml") => found.extend(sources::check_manifest(text)),
        _ => {}
    }
    found.sort();
    found
        .into_iter()
        .map(|(line, message)| format!("{path}:{line}: {message}"))
        .collect()
}

/// Files of the repository, tracked or about to be, without what git ignores.
fn list_files(root: &Path) -> anyhow::Result<Vec<String>> {
    let arguments = ["ls-files", "--cached", "--others", "--exclude-standard"];
    let listed = shell::read(Command::new("git").args(arguments).current_dir(root))
        .context("`git ls-files` failed; tidy runs inside the repository only")?;
    Ok(listed.lines().map(str::to_owned).collect())
}
