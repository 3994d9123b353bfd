//! Where jobs keep their files while they run, tidied after those that were killed.

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};

use anyhow::Context;
use churn_store::new_id;

/// Ending of the files that say that a folder is in use.
const LOCK: &str = "lock";

/// A folder of this process in `<home>/work`. A locked file beside it says that its owner lives:
/// the system gives the lock up when the process ends, however it ends.
#[derive(Debug)]
pub(crate) struct WorkFolder {
    path: PathBuf,
    lock_path: PathBuf,
    _lock: File,
}

impl WorkFolder {
    /// Makes the folder, and removes those whose owners are gone.
    pub(crate) fn make(home: &Path) -> anyhow::Result<Self> {
        let root = home.join("work");
        let make = || -> std::io::Result<Self> {
            std::fs::create_dir_all(&root)?;
            remove_orphans(&root)?;
            let path = root.join(new_id());
            let lock_path = path.with_extension(LOCK);
            // Locked before it gets the name under which others look for it.
            let unnamed = path.with_extension("new");
            let lock = File::create(&unnamed)?;
            lock.lock()?;
            std::fs::create_dir(&path)?;
            std::fs::rename(&unnamed, &lock_path)?;
            Ok(Self {
                path,
                lock_path,
                _lock: lock,
            })
        };
        make().with_context(|| format!("can't make a working folder in {}", root.display()))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for WorkFolder {
    fn drop(&mut self) {
        // What can't be removed now is removed by the next worker.
        let _ = std::fs::remove_dir_all(&self.path);
        let _ = std::fs::remove_file(&self.lock_path);
    }
}

/// `text` without the way to working files in `root`, which is nobody's business: of
/// `<root>/job-x/data.csv` the name is left.
pub(crate) fn hide_folder(root: &Path, text: &str) -> String {
    let way = format!("{}/", root.display());
    let mut parts = text.split(way.as_str());
    let mut shown = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        shown.push_str(part.split_once('/').map_or(part, |(_, name)| name));
    }
    shown
}

fn remove_orphans(root: &Path) -> std::io::Result<()> {
    for entry in std::fs::read_dir(root)? {
        let lock_path = entry?.path();
        if lock_path.extension().is_none_or(|ending| ending != LOCK) {
            continue;
        }
        // Gone meanwhile: somebody else tidies up too.
        let Ok(lock) = File::open(&lock_path) else {
            continue;
        };
        match lock.try_lock() {
            Ok(()) => {
                let _ = std::fs::remove_dir_all(lock_path.with_extension(""));
                let _ = std::fs::remove_file(&lock_path);
            }
            Err(TryLockError::WouldBlock) => {}
            Err(TryLockError::Error(fault)) => return Err(fault),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn working_files_are_shown_by_name() {
        let root = Path::new("home/work/0199");
        let told = "home/work/0199/job-a/data.csv, row 3: bad; see home/work/0199/job-a/x/y.csv";
        let shown = "data.csv, row 3: bad; see x/y.csv";
        assert_eq!(hide_folder(root, told), shown);
        assert_eq!(hide_folder(root, "a/b"), "a/b");
    }

    #[test]
    fn folders_of_the_dead_go_and_those_of_the_living_stay() {
        let home = tempfile::tempdir().unwrap();
        let alive = WorkFolder::make(home.path()).unwrap();
        std::fs::write(alive.path().join("data"), "1").unwrap();
        // What `kill -9` leaves: a folder and its file, locked by nobody.
        let orphan = home.path().join("work/orphan");
        std::fs::create_dir(&orphan).unwrap();
        std::fs::write(orphan.join("data"), "2").unwrap();
        std::fs::write(orphan.with_extension(LOCK), "").unwrap();
        let other = WorkFolder::make(home.path()).unwrap();
        assert!(alive.path().join("data").exists() && !orphan.exists());
        drop((alive, other));
        let left = std::fs::read_dir(home.path().join("work")).unwrap().count();
        assert_eq!(left, 0);
    }
}
