//! Files that appear under their name only when complete.

use std::ffi::OsStr;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{BufWriter, Error, ErrorKind, Result, Write};
use std::path::{Path, PathBuf};

/// A file being written: it is made beside its place and renamed by [`finish`](Self::finish), so
/// a crash, `kill -9` or a full disk leaves what was there before. What killed processes have left
/// in the folder is removed when the next file is begun there.
///
/// A link is followed and its target replaced. What is no regular file (a device, a pipe) is
/// written to directly: renaming would put a file in its place.
///
/// ```
/// use std::io::Write;
///
/// let folder = tempfile::tempdir()?;
/// let path = folder.path().join("scored.csv");
/// let mut file = churn_store::PendingFile::create(&path)?;
/// file.write_all(b"customer\n")?;
/// assert!(!path.exists());
/// file.finish()?;
/// assert_eq!(std::fs::read(&path)?, b"customer\n");
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug)]
pub struct PendingFile {
    writer: BufWriter<File>,
    part: Option<Part>,
}

/// The file beside, and the name it gets; removed when it is left without that name.
#[derive(Debug)]
struct Part {
    beside: PathBuf,
    target: PathBuf,
}

impl Drop for Part {
    fn drop(&mut self) {
        // After a rename there is nothing left to remove, and that is the usual case.
        let _ = std::fs::remove_file(&self.beside);
    }
}

impl PendingFile {
    /// Begins the file that will be at `path`.
    ///
    /// # Errors
    /// `path` is a folder or in none, or the folder cannot be written to.
    pub fn create(path: &Path) -> Result<Self> {
        let names_folder = path.as_os_str().as_encoded_bytes().ends_with(b"/");
        let target = path.canonicalize().unwrap_or_else(|_| path.to_owned());
        match std::fs::metadata(&target) {
            Ok(facts) if facts.is_dir() => return Err(ErrorKind::IsADirectory.into()),
            Ok(facts) if !facts.is_file() => {
                let file = OpenOptions::new().write(true).open(&target)?;
                return Ok(Self::new(file, None));
            }
            _ => {}
        }
        let Some(name) = target.file_name().filter(|_| !names_folder) else {
            return Err(ErrorKind::IsADirectory.into());
        };
        if let Some(folder) = target.parent() {
            remove_abandoned(folder);
        }
        let (file, beside) = begin_part(&target, name)?;
        Ok(Self::new(file, Some(Part { beside, target })))
    }

    fn new(file: File, part: Option<Part>) -> Self {
        Self {
            writer: BufWriter::with_capacity(1 << 20, file),
            part,
        }
    }

    /// Completes the file and gives it its name.
    ///
    /// # Errors
    /// What is left cannot be written, or the name cannot be given; then the name is as before.
    pub fn finish(self) -> Result<()> {
        let file = self
            .writer
            .into_inner()
            .map_err(std::io::IntoInnerError::into_error)?;
        let Some(part) = self.part else {
            return Ok(());
        };
        file.sync_all()?;
        std::fs::rename(&part.beside, &part.target)
    }
}

impl Write for PendingFile {
    fn write(&mut self, buffer: &[u8]) -> Result<usize> {
        self.writer.write(buffer)
    }

    fn flush(&mut self) -> Result<()> {
        self.writer.flush()
    }
}

/// Most parts of one file that one process writes at the same time.
const MAX_PARTS: u32 = 1000;

/// A locked file beside `target`. The lock ends with the process, however it ends, so that an
/// abandoned part is known by being free.
fn begin_part(target: &Path, name: &OsStr) -> Result<(File, PathBuf)> {
    for number in 0..MAX_PARTS {
        let mut hidden = std::ffi::OsString::from(".");
        hidden.push(name);
        hidden.push(format!("{MARK}{}-{number}{END}", std::process::id()));
        let beside = target.with_file_name(hidden);
        let file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .open(&beside)?;
        match file.try_lock() {
            Err(TryLockError::WouldBlock) => continue,
            // Where the file system knows no locks, nobody takes the part for abandoned either.
            Ok(()) | Err(TryLockError::Error(_)) => {}
        }
        // Between opening and locking, somebody may have taken it for abandoned.
        if is_at(&file, &beside) {
            file.set_len(0)?;
            return Ok((file, beside));
        }
    }
    Err(Error::new(
        ErrorKind::ResourceBusy,
        "too many parts of this file are being written",
    ))
}

/// What stands between the name and the number of a part, and after it.
const MARK: &str = ".churn-";
const END: &str = ".part";

/// Removes the parts in `folder` whose processes are gone. A part in use, and any file that is not
/// ours, is left alone; so is all that cannot be looked at.
fn remove_abandoned(folder: &Path) {
    let folder = if folder.as_os_str().is_empty() {
        Path::new(".")
    } else {
        folder
    };
    let entries = std::fs::read_dir(folder).into_iter().flatten();
    for entry in entries.filter_map(Result::ok) {
        let is_file = entry.file_type().is_ok_and(|kind| kind.is_file());
        if !is_file || !is_part(&entry.file_name()) {
            continue;
        }
        let Ok(file) = File::open(entry.path()) else {
            continue;
        };
        if file.try_lock().is_ok() && is_at(&file, &entry.path()) {
            // Whoever was faster has removed it already.
            let _ = std::fs::remove_file(entry.path());
        }
    }
}

/// Whether a file name is one that [`begin_part`] gives.
fn is_part(name: &OsStr) -> bool {
    let number = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let Some(name) = name.to_str().and_then(|name| name.strip_suffix(END)) else {
        return false;
    };
    name.starts_with('.')
        && name
            .rsplit_once(MARK)
            .and_then(|(_, rest)| rest.split_once('-'))
            .is_some_and(|(process, count)| number(process) && number(count))
}

/// Whether `path` still leads to the open `file`.
#[cfg(unix)]
fn is_at(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    match (file.metadata(), std::fs::symlink_metadata(path)) {
        (Ok(open), Ok(there)) => (open.dev(), open.ino()) == (there.dev(), there.ino()),
        _ => false,
    }
}

/// Elsewhere an open file keeps its name.
#[cfg(not(unix))]
fn is_at(_file: &File, path: &Path) -> bool {
    path.is_file()
}

/// Whether two paths name one file, also when it does not exist yet.
#[must_use]
pub fn is_same_file(one: &Path, other: &Path) -> bool {
    match (place_of(one), place_of(other)) {
        (Ok(one), Ok(other)) => one == other,
        _ => false,
    }
}

fn place_of(path: &Path) -> Result<PathBuf> {
    if let Ok(place) = path.canonicalize() {
        return Ok(place);
    }
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder.canonicalize()?,
        _ => Path::new(".").canonicalize()?,
    };
    let name = path
        .file_name()
        .ok_or_else(|| Error::from(ErrorKind::InvalidInput))?;
    Ok(folder.join(name))
}

/// What to do about a file that can't be written.
#[must_use]
pub fn write_hint(fault: &Error) -> &'static str {
    match fault.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => "free some space and run it again",
        ErrorKind::FileTooLarge => "raise the limit of file sizes (ulimit -f) and run it again",
        ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => {
            "choose a folder you may write to"
        }
        ErrorKind::NotFound => "create the folder first",
        ErrorKind::IsADirectory => "give a file name, not a folder",
        ErrorKind::NotADirectory => "a part of the path is a file; choose another folder",
        _ => "check the path and the disk",
    }
}

/// What to do about a file that can't be read.
#[must_use]
pub fn read_hint(fault: &Error) -> &'static str {
    match fault.kind() {
        ErrorKind::NotFound => "check the path",
        ErrorKind::PermissionDenied => "give this user read permission on it",
        ErrorKind::IsADirectory => "name a file, not a folder",
        ErrorKind::InvalidData => "save it as UTF-8 text",
        _ => "check that the file exists and may be read",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_abandoned_file_leaves_what_was_there() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.csv");
        std::fs::write(&path, "before").unwrap();
        let mut file = PendingFile::create(&path).unwrap();
        file.write_all(b"half").unwrap();
        drop(file);
        assert_eq!(std::fs::read(&path).unwrap(), b"before");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    #[cfg(unix)]
    fn a_link_is_followed_and_a_device_is_not_replaced() {
        use std::os::unix::fs::{FileTypeExt, symlink};
        let folder = tempfile::tempdir().unwrap();
        let (target, link) = (folder.path().join("t"), folder.path().join("l"));
        std::fs::write(&target, "before").unwrap();
        symlink(&target, &link).unwrap();
        let mut file = PendingFile::create(&link).unwrap();
        file.write_all(b"after").unwrap();
        file.finish().unwrap();
        assert_eq!(std::fs::read(&target).unwrap(), b"after");
        assert!(link.is_symlink());

        let null = folder.path().join("null");
        symlink("/dev/null", &null).unwrap();
        let mut file = PendingFile::create(&null).unwrap();
        file.write_all(b"gone").unwrap();
        file.finish().unwrap();
        let kind = std::fs::metadata("/dev/null").unwrap().file_type();
        assert!(kind.is_char_device() && null.is_symlink());
    }

    #[test]
    fn parts_of_the_dead_are_removed_and_of_the_living_are_not() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        for name in [
            ".old.csv.churn-1-0.part",
            ".old.csv.part",
            ".x.churn-1.part",
            "b.churn-1-0.part",
        ] {
            std::fs::write(at(name), "half").unwrap();
        }
        let mut first = PendingFile::create(&at("a.csv")).unwrap();
        assert!(!at(".old.csv.churn-1-0.part").exists(), "abandoned");
        for other in [".old.csv.part", ".x.churn-1.part", "b.churn-1-0.part"] {
            assert!(at(other).exists(), "{other} is none of ours");
        }
        // The same file once more at the same time: each keeps its own part, the last one wins.
        let mut second = PendingFile::create(&at("a.csv")).unwrap();
        first.write_all(b"first").unwrap();
        second.write_all(b"second").unwrap();
        first.finish().unwrap();
        assert_eq!(std::fs::read(at("a.csv")).unwrap(), b"first");
        second.finish().unwrap();
        assert_eq!(std::fs::read(at("a.csv")).unwrap(), b"second");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 4);
    }

    #[test]
    fn folders_are_no_files() {
        let folder = tempfile::tempdir().unwrap();
        for path in [folder.path().to_owned(), folder.path().join("new/")] {
            let fault = PendingFile::create(&path).unwrap_err();
            assert_eq!(fault.kind(), ErrorKind::IsADirectory, "{}", path.display());
        }
    }

    #[test]
    fn one_file_by_two_names_is_the_same_before_it_exists() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("sub")).unwrap();
        let plain = folder.path().join("new.csv");
        let roundabout = folder.path().join("sub/../new.csv");
        assert!(is_same_file(&plain, &roundabout));
        assert!(!is_same_file(&plain, &folder.path().join("old.csv")));
    }
}
