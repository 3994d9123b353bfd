//! From a path to bytes of text: kind by magic bytes, gzip, encodings, and the content hash.

use std::fs::File;
use std::io::{BufReader, Cursor, ErrorKind, Read, Seek};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use encoding_rs::{CoderResult, WINDOWS_1252};
use flate2::read::MultiGzDecoder;
use sha2::{Digest, Sha256};

use crate::Error;
use crate::spec::Encoding;
use crate::spec::hex;

/// What a path turned out to hold.
pub(crate) enum Opened {
    Text(TextSource),
    Parquet(File),
}

/// Decompressed text in UTF-8 (or bytes meant to be), without a byte order mark.
pub(crate) struct TextSource {
    reader: Box<dyn Read + Send>,
    hash: Arc<Mutex<Sha256>>,
    pub(crate) is_gzip: bool,
}

impl std::fmt::Debug for TextSource {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TextSource")
            .field("is_gzip", &self.is_gzip)
            .finish_non_exhaustive()
    }
}

impl TextSource {
    /// Fills `buffer` from its front; returns less than asked only at the end.
    pub(crate) fn fill(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let mut filled = 0;
        while filled < buffer.len() {
            match self.reader.read(&mut buffer[filled..]) {
                Ok(0) => break,
                Ok(n) => filled += n,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(filled)
    }

    /// Hash of the stored bytes read so far.
    pub(crate) fn sha256(&self) -> String {
        let hash = self.hash.lock().unwrap_or_else(PoisonError::into_inner);
        hex(&hash.clone().finalize())
    }
}

/// Opens a file and finds out what it is.
pub(crate) fn open_bytes(path: &Path, encoding: Encoding) -> Result<Opened, Error> {
    let io = |source| Error::Io {
        path: path.to_owned(),
        source,
    };
    let mut file = File::open(path).map_err(io)?;
    if file.metadata().map_err(io)?.is_dir() {
        return Err(Error::IsDirectory {
            path: path.to_owned(),
        });
    }
    let head = read_head(&mut file).map_err(io)?;
    if head.starts_with(b"PAR1") {
        file.rewind().map_err(io)?;
        return Ok(Opened::Parquet(file));
    }
    if head.starts_with(b"PK\x03\x04") {
        let kind = "a zip archive or a spreadsheet";
        return Err(Error::UnsupportedFormat {
            path: path.to_owned(),
            kind,
        });
    }
    if head.starts_with(&[0xD0, 0xCF, 0x11, 0xE0]) {
        return Err(Error::UnsupportedFormat {
            path: path.to_owned(),
            kind: "an old spreadsheet",
        });
    }
    let hash = Arc::new(Mutex::new(Sha256::new()));
    let is_gzip = head.starts_with(&[0x1F, 0x8B]);
    let stored = Hashing {
        inner: Cursor::new(head).chain(file),
        hash: Arc::clone(&hash),
    };
    let stored = BufReader::with_capacity(1 << 16, stored);
    let plain: Box<dyn Read + Send> = if is_gzip {
        Box::new(MultiGzDecoder::new(stored))
    } else {
        Box::new(stored)
    };
    let reader = check_text_head(path, plain, encoding, is_gzip)?;
    Ok(Opened::Text(TextSource {
        reader,
        hash,
        is_gzip,
    }))
}

/// Looks at the first bytes of the text for a byte order mark and for UTF-16.
fn check_text_head(
    path: &Path,
    mut plain: Box<dyn Read + Send>,
    encoding: Encoding,
    is_gzip: bool,
) -> Result<Box<dyn Read + Send>, Error> {
    let mut head = read_head(&mut plain).map_err(|source| {
        if is_gzip {
            Error::BrokenGzip {
                path: path.to_owned(),
                n_rows: 0,
                source,
            }
        } else {
            Error::Io {
                path: path.to_owned(),
                source,
            }
        }
    })?;
    if looks_utf16(&head) {
        return Err(Error::Utf16 {
            path: path.to_owned(),
        });
    }
    if head.starts_with(b"PAR1") {
        let kind = "Parquet inside gzip";
        return Err(Error::UnsupportedFormat {
            path: path.to_owned(),
            kind,
        });
    }
    if head.starts_with(&[0xEF, 0xBB, 0xBF]) {
        head.drain(..3);
        return Ok(Box::new(Cursor::new(head).chain(plain)));
    }
    let whole = Cursor::new(head).chain(plain);
    Ok(match encoding {
        Encoding::Utf8 => Box::new(whole),
        Encoding::Windows1252 => Box::new(Windows1252::new(whole)),
    })
}

/// The first bytes, up to 512.
fn read_head(reader: &mut impl Read) -> std::io::Result<Vec<u8>> {
    let mut head = Vec::with_capacity(512);
    reader.by_ref().take(512).read_to_end(&mut head)?;
    Ok(head)
}

/// A byte order mark, or NUL bytes on nearly every other position of plain text.
fn looks_utf16(head: &[u8]) -> bool {
    if head.starts_with(&[0xFF, 0xFE]) || head.starts_with(&[0xFE, 0xFF]) {
        return true;
    }
    let zeros = |parity: usize| {
        head.iter()
            .skip(parity)
            .step_by(2)
            .filter(|b| **b == 0)
            .count()
    };
    let half = head.len() / 2;
    half >= 4 && (zeros(0) * 10 > half * 8) != (zeros(1) * 10 > half * 8)
}

/// Hashes what passes through.
struct Hashing<R> {
    inner: R,
    hash: Arc<Mutex<Sha256>>,
}

impl<R: Read> Read for Hashing<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let n = self.inner.read(buffer)?;
        self.hash
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .update(&buffer[..n]);
        Ok(n)
    }
}

/// Turns Windows-1252 into UTF-8 as it is read. CSV's own characters are the same in both.
struct Windows1252<R> {
    inner: R,
    decoder: encoding_rs::Decoder,
    input: Vec<u8>,
    output: Vec<u8>,
    served: usize,
}

impl<R: Read> Windows1252<R> {
    fn new(inner: R) -> Self {
        let decoder = WINDOWS_1252.new_decoder_without_bom_handling();
        Self {
            inner,
            decoder,
            input: vec![0; 1 << 16],
            output: Vec::new(),
            served: 0,
        }
    }

    fn refill(&mut self) -> std::io::Result<()> {
        let n = self.inner.read(&mut self.input)?;
        // Three bytes of UTF-8 per byte at most, so the output never fills up.
        self.output.resize(n * 3 + 16, 0);
        let (result, _, written, _) =
            self.decoder
                .decode_to_utf8(&self.input[..n], &mut self.output, n == 0);
        debug_assert_eq!(result, CoderResult::InputEmpty);
        self.output.truncate(written);
        self.served = 0;
        Ok(())
    }
}

impl<R: Read> Read for Windows1252<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        if self.served == self.output.len() {
            self.refill()?;
        }
        let rest = &self.output[self.served..];
        let n = rest.len().min(buffer.len());
        buffer[..n].copy_from_slice(&rest[..n]);
        self.served += n;
        Ok(n)
    }
}
