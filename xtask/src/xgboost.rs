//! libxgboost 3.4.1, taken out of the official wheel, checked and unpacked into the cache.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, bail};

use crate::{Outcome, moto, paths, shell};

const VERSION: &str = "3.4.1";

/// The wheel of one machine architecture.
struct Wheel {
    architecture: &'static str,
    /// SHA-256 of the wheel, which covers everything in it.
    wheel_sha256: &'static str,
    /// SHA-256 of `libxgboost.so` inside, to recognise a folder that is already right.
    library_sha256: &'static str,
}

const WHEELS: [Wheel; 2] = [
    Wheel {
        architecture: "x86_64",
        wheel_sha256: "1f16331f5c6beb2b40fbd4bf2834333062d93c9eb38b76186a5c206841dc1809",
        library_sha256: "2850cc04daff59421d9cb2caefbff5ab064c78795802b403a5b7ee3f7e6b8eb4",
    },
    Wheel {
        architecture: "aarch64",
        wheel_sha256: "47b81860b18056f9425b34fe2905343bc7ee0118122ae09cf2e31c305ed49877",
        library_sha256: "f798f44a3de8109e51d0e93251b9a6cebaf40418c2546659756fa6c14f1da0de",
    },
];

/// Path of the library; fetched, checked and unpacked first unless it is there and right.
pub(crate) fn ensure() -> anyhow::Result<PathBuf> {
    if let Some(library) = std::env::var_os("CHURN_XGBOOST_LIBRARY").map(PathBuf::from) {
        if !library.exists() {
            bail!(
                "CHURN_XGBOOST_LIBRARY names {}, which does not exist; unset it to fetch the library",
                library.display()
            );
        }
        return Ok(library);
    }
    let wheel = find_wheel()?;
    let folder = paths::cache()?.join(format!("xgboost-{VERSION}"));
    let library = folder.join("xgboost/lib/libxgboost.so");
    if paths::sha256(&library).as_deref() == Some(wheel.library_sha256) {
        return Ok(library);
    }
    let scratch = paths::scratch("xgboost")?;
    let outcome = fetch(wheel, &scratch).and_then(|unpacked| put_in_place(&unpacked, &folder));
    // What is left of an attempt is of no use; the outcome counts.
    std::fs::remove_dir_all(&scratch).ok();
    outcome?;
    Ok(library)
}

/// The folder to put into `PYTHONPATH` so that Python's xgboost is the package this library came
/// with.
pub(crate) fn python_package(library: &Path) -> &Path {
    library.ancestors().nth(3).unwrap_or(library)
}

fn find_wheel() -> anyhow::Result<&'static Wheel> {
    let architecture = std::env::consts::ARCH;
    let is_linux = std::env::consts::OS == "linux";
    WHEELS.iter().find(|wheel| is_linux && wheel.architecture == architecture).with_context(|| {
        format!(
            "no pinned libxgboost for {} on {architecture}; build XGBoost {VERSION} and set CHURN_XGBOOST_LIBRARY to its libxgboost.so",
            std::env::consts::OS
        )
    })
}

/// Downloads the wheel into `scratch`, checks it and unpacks it; returns the unpacked folder.
fn fetch(wheel: &Wheel, scratch: &Path) -> anyhow::Result<PathBuf> {
    let python = moto::ensure_python()?.join("bin/python");
    let platform = format!("manylinux_2_28_{}", wheel.architecture);
    shell::run(
        Command::new(&python)
            .args([
                "-m",
                "pip",
                "download",
                "--quiet",
                "--disable-pip-version-check",
                "--no-deps",
            ])
            .args([
                "--only-binary=:all:",
                "--python-version",
                "3.12",
                "--platform",
                &platform,
                "--dest",
            ])
            .arg(scratch)
            .arg(format!("xgboost_cpu=={VERSION}")),
    )
    .context(
        "could not fetch libxgboost; is there a network, or a package mirror in PIP_INDEX_URL?",
    )?;
    let file = scratch.join(format!("xgboost_cpu-{VERSION}-py3-none-{platform}.whl"));
    let found = paths::sha256(&file).with_context(|| format!("pip left no {}", file.display()))?;
    if found != wheel.wheel_sha256 {
        bail!(
            "the fetched wheel of XGBoost is not the pinned one: expected sha256 {}, found {found}",
            wheel.wheel_sha256
        );
    }
    let unpacked = scratch.join("unpacked");
    shell::run(
        Command::new(&python)
            .args(["-m", "zipfile", "-e"])
            .arg(&file)
            .arg(&unpacked),
    )?;
    Ok(unpacked)
}

/// Moves the unpacked folder to its place in one step; a wrong one that lies there goes first.
fn put_in_place(unpacked: &Path, folder: &Path) -> Outcome {
    if folder.exists() {
        std::fs::remove_dir_all(folder)
            .with_context(|| format!("could not replace {}", folder.display()))?;
    }
    std::fs::rename(unpacked, folder)
        .with_context(|| format!("could not make {}", folder.display()))
}
