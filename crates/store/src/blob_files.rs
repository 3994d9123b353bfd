//! Files into blobs and out of them, piece by piece: no file needs to fit into memory.

use std::fs::File;
use std::io::{Read, Write};
use std::path::Path as FilePath;

use object_store::path::Path;
use object_store::{MultipartUpload, ObjectStoreExt};
use sha2::{Digest, Sha256};

use crate::blobs::{Blobs, blob_fault, hex};
use crate::error::Error;
use crate::pending_file::PendingFile;

/// Bytes per piece; S3 takes no less than 5 MiB but for the last.
const PIECE: usize = 8 << 20;

impl Blobs {
    /// Stores the file at `path` and returns its SHA-256 in hex. Storing the same content again
    /// does nothing, unless what lies there is damaged: then it is written anew.
    ///
    /// # Errors
    ///
    /// The file cannot be read or changes meanwhile; as [`put`](Self::put).
    pub fn put_file(&self, path: &FilePath) -> Result<String, Error> {
        let shown = path.display().to_string();
        let reading = |fault| Error::from_io(&shown, "reading a file for the blob store", &fault);
        let mut first = Vec::new();
        let mut file = File::open(path).map_err(reading)?;
        read_piece(&mut file, &mut first).map_err(reading)?;
        if first.len() < PIECE {
            return self.put(&first);
        }
        let mut hash = Sha256::new();
        hash.update(&first);
        std::io::copy(&mut file, &mut HashOnly(&mut hash)).map_err(reading)?;
        let key = hex(&hash.finalize());
        match self.check(&key) {
            Ok(()) => return Ok(key),
            Err(Error::Missing { .. } | Error::Corrupt { .. }) => {}
            Err(fault) => return Err(fault),
        }
        let place = self.path(&key)?;
        let mut file = File::open(path).map_err(reading)?;
        self.runtime.block_on(async {
            let upload = self.store.put_multipart(&place).await;
            let mut upload = upload.map_err(|fault| self.storing(&fault))?;
            let sent = self.send(&mut *upload, &mut file, &key, &shown).await;
            if sent.is_err() {
                // The fault of sending is the one to report; what was sent has no name.
                let _ = upload.abort().await;
            }
            sent
        })?;
        self.sync(&key)?;
        Ok(key)
    }

    async fn send(
        &self,
        upload: &mut dyn MultipartUpload,
        file: &mut File,
        key: &str,
        shown: &str,
    ) -> Result<(), Error> {
        let mut hash = Sha256::new();
        loop {
            let mut piece = Vec::new();
            read_piece(file, &mut piece).map_err(|fault| {
                Error::from_io(shown, "reading a file for the blob store", &fault)
            })?;
            if piece.is_empty() {
                break;
            }
            hash.update(&piece);
            upload
                .put_part(piece.into())
                .await
                .map_err(|fault| self.storing(&fault))?;
        }
        if hex(&hash.finalize()) != key {
            return Err(Error::Blob {
                place: shown.to_owned(),
                what: "storing a file as a blob",
                reason: "the file changed while it was read; try again when nobody writes to it"
                    .to_owned(),
            });
        }
        let done = upload.complete().await;
        done.map(drop).map_err(|fault| self.storing(&fault))
    }

    fn storing(&self, fault: &object_store::Error) -> Error {
        blob_fault(&self.place, "storing a blob", fault)
    }

    /// Writes the blob with this hash to a file, checked against the hash: the file appears whole
    /// or not at all.
    ///
    /// # Errors
    ///
    /// As [`get`](Self::get), and when the file cannot be written.
    pub fn get_file(&self, key: &str, target: &FilePath) -> Result<(), Error> {
        let shown = target.display().to_string();
        let writing = |fault| Error::from_io(&shown, "writing a blob to a file", &fault);
        let mut file = PendingFile::create(target).map_err(writing)?;
        self.copy(key, &mut file)?;
        file.finish().map_err(writing)
    }

    /// Whether the blob with this hash is whole; read, not kept.
    fn check(&self, key: &str) -> Result<(), Error> {
        self.copy(key, &mut std::io::sink())
    }

    fn copy(&self, key: &str, out: &mut impl Write) -> Result<(), Error> {
        let path: Path = self.path(key)?;
        let reading = |fault: object_store::Error| match fault {
            object_store::Error::NotFound { .. } => Error::Missing {
                place: self.place.to_string(),
                key: key.to_owned(),
            },
            fault => blob_fault(&self.place, "reading a blob", &fault),
        };
        let mut hash = Sha256::new();
        let mut found_bytes = 0;
        self.runtime.block_on(async {
            let size = self.store.head(&path).await.map_err(reading)?.size;
            while found_bytes < size {
                let end = size.min(found_bytes + PIECE as u64);
                let piece = self.store.get_range(&path, found_bytes..end).await;
                let piece = piece.map_err(reading)?;
                hash.update(&piece);
                out.write_all(&piece)
                    .map_err(|fault| Error::from_io(&self.place, "copying a blob", &fault))?;
                found_bytes = end;
            }
            Ok(())
        })?;
        let found = hex(&hash.finalize());
        if found == key {
            return Ok(());
        }
        Err(Error::Corrupt {
            place: self.place.to_string(),
            key: key.to_owned(),
            found,
            found_bytes,
        })
    }
}

struct HashOnly<'a>(&'a mut Sha256);

impl Write for HashOnly<'_> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Fills `piece` with the next [`PIECE`] bytes; fewer only at the end of the file.
fn read_piece(file: &mut File, piece: &mut Vec<u8>) -> std::io::Result<()> {
    file.take(PIECE as u64).read_to_end(piece).map(drop)
}
