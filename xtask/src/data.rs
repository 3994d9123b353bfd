//! The public Telco file: found beside the workspace, else fetched once into the cache.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::{paths, shell};

const FILE: &str = "telco-customer-churn.csv";
const ADDRESS: &str = "https://raw.githubusercontent.com/IBM/telco-customer-churn-on-icp4d/master/data/Telco-Customer-Churn.csv";

/// The same content with LF and with CRLF line ends.
const SHA256: [&str; 2] = [
    "16320c9c1ec72448db59aa0a26a0b95401046bef5d02fd3aeb906448e3055e91",
    "88be4b93fbe0cc83421af1c503794c97c342eca914c1576db7c276e61d61358a",
];

/// The folder of public data: `CHURN_DATA_DIR`, else `../shared/data`, else the cache with the
/// Telco file fetched into it; `None` if that is not to be had.
pub(crate) fn find_folder() -> Option<PathBuf> {
    if let Some(folder) = std::env::var_os("CHURN_DATA_DIR").map(PathBuf::from) {
        return folder.is_dir().then_some(folder);
    }
    let beside = paths::workspace().join("../shared/data");
    if let Ok(folder) = beside.canonicalize() {
        return Some(folder);
    }
    let folder = paths::cache().ok()?.join("data");
    fetch(&folder).map(|_| folder)
}

/// The Telco file; `None` if it is neither here nor to be had.
pub(crate) fn find_telco() -> Option<PathBuf> {
    let known = find_folder()
        .map(|folder| folder.join(FILE))
        .filter(|file| is_right(file));
    known.or_else(|| fetch(&paths::cache().ok()?.join("data")))
}

fn is_right(file: &Path) -> bool {
    paths::sha256(file).is_some_and(|found| SHA256.contains(&found.as_str()))
}

/// Fetches the file unless the cache has it; checked before it gets its name.
fn fetch(folder: &Path) -> Option<PathBuf> {
    let file = folder.join(FILE);
    if is_right(&file) {
        return Some(file);
    }
    std::fs::create_dir_all(folder).ok()?;
    let part = folder.join(format!(".{FILE}.{}", std::process::id()));
    let fetched = download(&part) && is_right(&part) && std::fs::rename(&part, &file).is_ok();
    std::fs::remove_file(&part).ok();
    fetched.then_some(file)
}

/// By curl, or by Python where there is none.
fn download(part: &Path) -> bool {
    let mut command = Command::new("curl");
    if shell::works("curl", &["--version"]) {
        command.args([
            "--fail",
            "--silent",
            "--show-error",
            "--location",
            "--max-time",
            "60",
        ]);
        command.args([ADDRESS, "--output"]).arg(part);
    } else {
        let script = "import sys, urllib.request as r; r.urlretrieve(sys.argv[1], sys.argv[2])";
        command = Command::new("python3");
        command.args(["-c", script, ADDRESS]).arg(part);
    }
    shell::run(&mut command).is_ok()
}
