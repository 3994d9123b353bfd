//! Files that callers may name: those of one folder, and nothing outside it.

use std::path::{Component, Path, PathBuf};

use crate::Error;

/// A folder of files that a request may name.
#[derive(Debug, Clone)]
pub struct DataFolder {
    path: PathBuf,
}

impl DataFolder {
    /// The files under `path`, which need not exist yet.
    #[must_use]
    pub fn new(path: &Path) -> Self {
        Self {
            path: path.to_owned(),
        }
    }

    /// The file of this name, its way free of links. Names are relative with `/` between their
    /// parts; one that leads outside, also through a link, is told no apart from one that is not
    /// there.
    ///
    /// # Errors
    /// [`Error::UnknownDataFile`].
    pub fn find(&self, name: &str) -> Result<PathBuf, Error> {
        self.resolve(name).ok_or_else(|| Error::UnknownDataFile {
            name: name.chars().take(200).collect(),
        })
    }

    fn resolve(&self, name: &str) -> Option<PathBuf> {
        let relative = Path::new(name);
        let is_plain = |part: Component<'_>| matches!(part, Component::Normal(_));
        if name.contains(['\\', '\0']) || !relative.components().all(is_plain) {
            return None;
        }
        let folder = self.path.canonicalize().ok()?;
        let found = folder.join(relative).canonicalize().ok()?;
        (found.starts_with(&folder) && found.is_file()).then_some(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_files_inside_are_found() {
        let root = tempfile::tempdir().unwrap();
        let inside = root.path().join("data");
        std::fs::create_dir_all(inside.join("2026")).unwrap();
        std::fs::write(root.path().join("secret.csv"), "secret").unwrap();
        std::fs::write(inside.join("a.csv"), "a").unwrap();
        std::fs::write(inside.join("2026/b.csv"), "b").unwrap();
        #[cfg(unix)]
        {
            std::os::unix::fs::symlink(root.path().join("secret.csv"), inside.join("link.csv"))
                .unwrap();
            std::os::unix::fs::symlink(root.path(), inside.join("up")).unwrap();
            std::os::unix::fs::symlink(inside.join("a.csv"), inside.join("alias.csv")).unwrap();
        }
        let folder = DataFolder::new(&inside);
        let read = |name: &str| {
            let path = folder.find(name).map_err(|fault| fault.to_string());
            path.map(|path| std::fs::read_to_string(path).unwrap())
        };
        assert_eq!(read("a.csv").as_deref(), Ok("a"));
        assert_eq!(read("2026/b.csv").as_deref(), Ok("b"));
        #[cfg(unix)]
        assert_eq!(
            read("alias.csv").as_deref(),
            Ok("a"),
            "a link that stays inside"
        );
        let absolute = inside.join("a.csv").display().to_string();
        for name in [
            "",
            ".",
            "2026",
            "none.csv",
            "../secret.csv",
            "2026/../../secret.csv",
            "./a.csv",
            "link.csv",
            "up/secret.csv",
            "..\\secret.csv",
            "a.csv\0",
            &absolute,
        ] {
            let fault = read(name).unwrap_err();
            assert!(fault.contains("data folder"), "{name}: {fault}");
        }
    }
}
