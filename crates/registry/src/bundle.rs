//! One model, one file: a zip with the same bytes for the same model.
//!
//! | part | content |
//! |---|---|
//! | `manifest.json` | format number, program version, hash and length of every other part |
//! | `spec.json` | dataset specification |
//! | `plan.json` | fitted feature plan |
//! | `predictor.json` | margin |
//! | `calibrator.json` | probability |
//! | `intervals.json` | how far the probability may be off; since format 2, where there are any |
//! | `background.f32` | rows to explain against, little-endian, NaN = missing; since format 3, where there are any |
//! | `decision.json` | threshold and risk cut-offs |
//! | `card.json` | model card |
//! | the trainer's file | `xgboost.ubj`, where there is one |
//!
//! There is no clock and no random id in it. A reader trusts nothing: every part is read to
//! its stated length and no further, hashed, parsed and checked.

use std::io::{Cursor, Read, Write};

use churn_features::FittedPlan;
use churn_store::sha256_hex;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, System, ZipArchive, ZipWriter};

use crate::error::Error;
use crate::model::{Background, Model, Native};

/// The newest format this program writes; it reads this and every earlier one.
pub const FORMAT: u64 = 3;

/// The format of bundles without a background, which older programs read.
const FORMAT_WITHOUT_BACKGROUND: u64 = 2;

/// Most bytes a bundle may hold, packed or unpacked: 1 GiB.
pub const MAX_BUNDLE_BYTES: u64 = 1 << 30;

const MAX_MANIFEST_BYTES: u64 = 1 << 20;
const MANIFEST: &str = "manifest.json";
const SPEC: &str = "spec.json";
const PLAN: &str = "plan.json";
const PREDICTOR: &str = "predictor.json";
const CALIBRATOR: &str = "calibrator.json";
const INTERVALS: &str = "intervals.json";
const BACKGROUND: &str = "background.f32";
const DECISION: &str = "decision.json";
const CARD: &str = "card.json";
const FIXED: [&str; 9] = [
    MANIFEST, SPEC, PLAN, PREDICTOR, CALIBRATOR, INTERVALS, BACKGROUND, DECISION, CARD,
];

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Manifest {
    format: u64,
    program: String,
    parts: Vec<Part>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Part {
    name: String,
    sha256: String,
    size_bytes: u64,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Decision {
    threshold: f64,
}

/// Writes `model` as one file, byte for byte the same for the same model.
///
/// # Errors
///
/// [`Error::Inconsistent`] when its parts do not fit together; [`Error::Bundle`] when a part
/// would not be read back as it is (a number that is not finite, a bad file name).
pub fn write_bundle(model: &Model) -> Result<Vec<u8>, Error> {
    model.check()?;
    let decision = Decision {
        threshold: model.threshold,
    };
    let mut parts = vec![
        (SPEC, to_json(SPEC, &model.spec)?),
        (PLAN, to_json(PLAN, &model.plan)?),
        (PREDICTOR, to_json(PREDICTOR, &model.predictor)?),
        (CALIBRATOR, to_json(CALIBRATOR, &model.calibrator)?),
        (DECISION, to_json(DECISION, &decision)?),
        (CARD, to_json(CARD, &model.card)?),
    ];
    if let Some(intervals) = &model.intervals {
        parts.push((INTERVALS, to_json(INTERVALS, intervals)?));
    }
    if let Some(background) = &model.background {
        let bytes = background.values.iter().copied().flat_map(f32::to_le_bytes);
        parts.push((BACKGROUND, bytes.collect()));
    }
    if let Some(native) = &model.native {
        if !is_native_name(&native.file_name) {
            return Err(fault(
                &native.file_name,
                "is not a plain file name of a-z, 0-9, '.', '_' and '-'",
            ));
        }
        parts.push((&native.file_name, native.bytes.clone()));
    }
    let manifest = Manifest {
        format: match model.background {
            Some(_) => FORMAT,
            None => FORMAT_WITHOUT_BACKGROUND,
        },
        program: format!("churn {}", env!("CARGO_PKG_VERSION")),
        parts: parts
            .iter()
            .map(|(name, bytes)| Part {
                name: (*name).to_owned(),
                sha256: sha256_hex(bytes),
                size_bytes: bytes.len() as u64,
            })
            .collect(),
    };
    let mut files = vec![(MANIFEST, to_json(MANIFEST, &manifest)?)];
    files.extend(parts);
    let bytes = pack(&files)?;
    // JSON turns what is not finite into null: better to learn of it now than when serving.
    if read_bundle(&bytes)? != *model {
        return Err(fault("zip", "the model is not read back as it was written"));
    }
    Ok(bytes)
}

/// Reads a bundle, trusting nothing in it.
///
/// # Errors
///
/// [`Error::Bundle`] names the part that is altered, truncated, oversized, missing or not
/// sound; [`Error::UnknownFormat`] for a bundle of a newer program;
/// [`Error::Inconsistent`] when the parts do not fit together.
pub fn read_bundle(bytes: &[u8]) -> Result<Model, Error> {
    if bytes.len() as u64 > MAX_BUNDLE_BYTES {
        return Err(fault(
            "zip",
            format!("is larger than {MAX_BUNDLE_BYTES} bytes"),
        ));
    }
    let mut archive = ZipArchive::new(Cursor::new(bytes))
        .map_err(|e| fault("zip", format!("is truncated or not a model bundle ({e})")))?;
    let manifest = read_manifest(&mut archive)?;
    let mut reader = PartReader { archive, manifest };
    reader.check_parts()?;

    let decision: Decision = reader.json(DECISION)?;
    let plan: FittedPlan = reader.json(PLAN)?;
    let model = Model {
        spec: reader.json(SPEC)?,
        background: reader.background(plan.n_columns())?,
        plan,
        predictor: reader.json(PREDICTOR)?,
        calibrator: reader.json(CALIBRATOR)?,
        intervals: reader.optional(INTERVALS)?,
        threshold: decision.threshold,
        card: reader.json(CARD)?,
        native: reader.native()?,
    };
    model.check()?;
    Ok(model)
}

type Archive<'a> = ZipArchive<Cursor<&'a [u8]>>;

fn read_manifest(archive: &mut Archive<'_>) -> Result<Manifest, Error> {
    /// Read first and alone, so that a newer manifest is refused for what it is.
    #[derive(Deserialize)]
    struct Format {
        format: u64,
    }
    let text = read_file(archive, MANIFEST, MAX_MANIFEST_BYTES)?;
    let Format { format } = from_json(MANIFEST, &text)?;
    if !(1..=FORMAT).contains(&format) {
        return Err(Error::UnknownFormat {
            found: format,
            known: FORMAT,
        });
    }
    from_json(MANIFEST, &text)
}

struct PartReader<'a> {
    archive: Archive<'a>,
    manifest: Manifest,
}

impl PartReader<'_> {
    fn check_parts(&self) -> Result<(), Error> {
        let total = self
            .manifest
            .parts
            .iter()
            .try_fold(0_u64, |sum, part| sum.checked_add(part.size_bytes));
        if total.is_none_or(|total| total > MAX_BUNDLE_BYTES) {
            return Err(fault(
                "zip",
                format!("unpacks to more than {MAX_BUNDLE_BYTES} bytes"),
            ));
        }
        let listed = self.manifest.parts.len() + 1;
        if self.archive.len() != listed {
            return Err(fault(
                "zip",
                format!(
                    "holds {} files where the manifest lists {listed}",
                    self.archive.len()
                ),
            ));
        }
        Ok(())
    }

    fn bytes(&mut self, name: &str) -> Result<Vec<u8>, Error> {
        let Some(part) = self.manifest.parts.iter().find(|part| part.name == name) else {
            return Err(fault(name, "is missing from the manifest"));
        };
        let bytes = read_file(&mut self.archive, name, part.size_bytes)?;
        let found = sha256_hex(&bytes);
        if found != part.sha256 {
            return Err(fault(
                name,
                format!(
                    "is altered: the manifest says {} bytes with hash {}, found {} bytes with hash {found}",
                    part.size_bytes,
                    part.sha256,
                    bytes.len()
                ),
            ));
        }
        Ok(bytes)
    }

    fn json<T: DeserializeOwned>(&mut self, name: &str) -> Result<T, Error> {
        let bytes = self.bytes(name)?;
        from_json(name, &bytes)
    }

    /// A part that need not be there.
    fn optional<T: DeserializeOwned>(&mut self, name: &str) -> Result<Option<T>, Error> {
        if self.has(name) {
            return self.json(name).map(Some);
        }
        Ok(None)
    }

    fn has(&self, name: &str) -> bool {
        self.manifest.parts.iter().any(|part| part.name == name)
    }

    fn background(&mut self, n_columns: usize) -> Result<Option<Background>, Error> {
        if !self.has(BACKGROUND) {
            return Ok(None);
        }
        let bytes = self.bytes(BACKGROUND)?;
        let row_bytes = n_columns * size_of::<f32>();
        if bytes.is_empty() || row_bytes == 0 || bytes.len() % row_bytes != 0 {
            return Err(fault(BACKGROUND, "holds no whole number of rows"));
        }
        let (values, _) = bytes.as_chunks();
        Ok(Some(Background {
            n_rows: bytes.len() / row_bytes,
            values: values.iter().copied().map(f32::from_le_bytes).collect(),
        }))
    }

    fn native(&mut self) -> Result<Option<Native>, Error> {
        let mut others = self
            .manifest
            .parts
            .iter()
            .filter(|p| !FIXED.contains(&p.name.as_str()));
        let (first, second) = (others.next(), others.next());
        if let Some(second) = second {
            return Err(fault(&second.name, "is not a part of a model bundle"));
        }
        let Some(file_name) = first.map(|part| part.name.clone()) else {
            return Ok(None);
        };
        if !is_native_name(&file_name) {
            return Err(fault(&file_name, "is not a plain file name"));
        }
        let bytes = self.bytes(&file_name)?;
        Ok(Some(Native { file_name, bytes }))
    }
}

/// Unpacks one file, at most `limit` bytes of it whatever its header says.
fn read_file(archive: &mut Archive<'_>, name: &str, limit: u64) -> Result<Vec<u8>, Error> {
    let file = archive
        .by_name(name)
        .map_err(|e| fault(name, format!("is missing or cannot be unpacked ({e})")))?;
    let mut bytes = Vec::new();
    file.take(limit.saturating_add(1))
        .read_to_end(&mut bytes)
        .map_err(|e| fault(name, format!("is altered or truncated ({e})")))?;
    if bytes.len() as u64 > limit {
        return Err(fault(
            name,
            format!("is altered: longer than the {limit} bytes allowed for it"),
        ));
    }
    Ok(bytes)
}

fn pack(files: &[(&str, Vec<u8>)]) -> Result<Vec<u8>, Error> {
    // Everything a zip could take from the machine is pinned: time, system, permissions.
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Deflated)
        .compression_level(Some(6))
        .last_modified_time(DateTime::DEFAULT)
        .system(System::Unix)
        .unix_permissions(0o644);
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in files {
        writer
            .start_file(*name, options)
            .map_err(|e| fault(name, e.to_string()))?;
        writer
            .write_all(bytes)
            .map_err(|e| fault(name, e.to_string()))?;
    }
    let cursor = writer.finish().map_err(|e| fault("zip", e.to_string()))?;
    Ok(cursor.into_inner())
}

fn to_json(name: &str, value: &impl Serialize) -> Result<Vec<u8>, Error> {
    serde_json::to_vec(value).map_err(|e| fault(name, e.to_string()))
}

fn from_json<T: DeserializeOwned>(name: &str, bytes: &[u8]) -> Result<T, Error> {
    serde_json::from_slice(bytes).map_err(|e| fault(name, format!("cannot be read ({e})")))
}

fn is_native_name(name: &str) -> bool {
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"._-".contains(&b);
    (1..=64).contains(&name.len())
        && name.bytes().all(plain)
        && !name.starts_with('.')
        && !FIXED.contains(&name)
}

fn fault(part: &str, reason: impl Into<String>) -> Error {
    Error::Bundle {
        part: part.to_owned(),
        reason: reason.into(),
    }
}
