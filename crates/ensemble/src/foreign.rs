//! Telling the model files of other libraries apart by their first bytes.

use crate::{Error, Imported, catboost, lightgbm, xgboost};

/// A library whose models are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Library {
    /// XGBoost.
    Xgboost,
    /// LightGBM.
    Lightgbm,
    /// CatBoost.
    Catboost,
}

impl Library {
    /// Name in files and cards, for example `xgboost`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Xgboost => "xgboost",
            Self::Lightgbm => "lightgbm",
            Self::Catboost => "catboost",
        }
    }

    /// Name for readers, for example `XGBoost`.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::Xgboost => "XGBoost",
            Self::Lightgbm => "LightGBM",
            Self::Catboost => "CatBoost",
        }
    }
}

/// A model trained elsewhere, and by what.
#[derive(Debug, Clone, PartialEq)]
pub struct Foreign {
    /// Which library wrote the file.
    pub library: Library,
    /// Usual ending of such a file: `ubj`, `json` or `txt`.
    pub extension: &'static str,
    /// The model and the columns it expects.
    pub imported: Imported,
}

/// Formats that are recognised only to say what to do instead.
const OTHERS: [(&[u8], &str, &str); 6] = [
    (
        b"CBM1",
        "a CatBoost binary model",
        "save it with save_model(path, format=\"json\", pool=train_pool)",
    ),
    (
        b"binf",
        "an old XGBoost binary model",
        "load it with the XGBoost that wrote it and save it with save_model(\"model.ubj\")",
    ),
    (
        b"\x80",
        "a Python pickle, which could run any code",
        "save the model itself: XGBoost save_model(\"model.ubj\"), LightGBM booster_.save_model(\"model.txt\"), CatBoost save_model(path, format=\"json\", pool=train_pool)",
    ),
    (b"\x1f\x8b", "compressed with gzip", "decompress it first"),
    (
        b"<",
        "XML",
        "save it in the library's own format, not as PMML",
    ),
    (
        b"\x08",
        "probably ONNX",
        "save it in the library's own format",
    ),
];

const UNKNOWN: Error = Error::Format {
    found: "no model file this program knows",
    fix: "expected a bundle of this program, XGBoost (.ubj or .json), LightGBM (.txt) or CatBoost (.json)",
};

/// Reads a model file of XGBoost (UBJSON, JSON), LightGBM (text) or CatBoost (JSON), whichever
/// it is. Any bytes are safe to hand over.
///
/// # Errors
/// [`Error::Format`] for another format, with how to save the model instead, and as the reader
/// of the library it is from.
pub fn read_foreign(bytes: &[u8]) -> Result<Foreign, Error> {
    if let Some((_, found, fix)) = OTHERS.iter().find(|(start, ..)| bytes.starts_with(start)) {
        return Err(Error::Format { found, fix });
    }
    let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let (library, extension, imported) = if text.starts_with(b"tree") {
        (Library::Lightgbm, "txt", lightgbm::read_text(text)?)
    } else if is_ubj(bytes) {
        (Library::Xgboost, "ubj", xgboost::import_ubj(bytes)?)
    } else {
        match member_of(text)? {
            Library::Catboost => (Library::Catboost, "json", catboost::read_json(text)?),
            _ => (Library::Xgboost, "json", xgboost::import_json(text)?),
        }
    };
    Ok(Foreign {
        library,
        extension,
        imported,
    })
}

/// UBJSON objects go on with the type of a length; JSON with a blank, a name or the end.
fn is_ubj(bytes: &[u8]) -> bool {
    matches!(
        bytes,
        [b'{', b'i' | b'U' | b'I' | b'l' | b'L' | b'$' | b'#', ..]
    )
}

/// Whose JSON it is, by the names of its outermost members.
fn member_of(text: &[u8]) -> Result<Library, Error> {
    if text.iter().find(|byte| !byte.is_ascii_whitespace()) != Some(&b'{') {
        return Err(UNKNOWN);
    }
    let (mut depth, mut start, mut is_escaped) = (0_usize, None, false);
    for (place, &byte) in text.iter().enumerate() {
        match start {
            Some(from) => match byte {
                _ if is_escaped => is_escaped = false,
                b'\\' => is_escaped = true,
                b'"' => {
                    start = None;
                    let name: &[u8] = &text[from..place];
                    match name {
                        b"learner" if depth == 1 => return Ok(Library::Xgboost),
                        b"features_info" | b"model_info" | b"oblivious_trees" if depth == 1 => {
                            return Ok(Library::Catboost);
                        }
                        _ => {}
                    }
                }
                _ => {}
            },
            None => match byte {
                b'"' => start = Some(place + 1),
                b'{' | b'[' => depth += 1,
                b'}' | b']' => depth = depth.saturating_sub(1),
                _ => {}
            },
        }
    }
    Err(UNKNOWN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn fault(bytes: &[u8], expected: &str) {
        let fault = read_foreign(bytes).unwrap_err().to_string();
        assert!(fault.contains(expected), "{fault}");
    }

    #[test]
    fn formats_are_told_apart_and_others_are_refused_with_a_way_out() {
        fault(b"CBM1....", "format=\"json\"");
        fault(b"\x80\x04\x95", "pickle");
        fault(b"a,b\n1,2\n", "expected a bundle of this program");
        fault(b"", "expected a bundle of this program");
        fault(b"{}", "expected a bundle of this program");
        fault(
            br#"{"a":{"learner":1}}"#,
            "expected a bundle of this program",
        );
        fault(br#"{"a\"learner":1, "learner":{}}"#, "objective");
        fault(br#"{"model_info":{}}"#, "CatBoost");
        fault(b"tree\nversion=v4\n", "end of trees");
        fault(b"{L\0\0\0\0\0\0\0\x07learner{}}", "objective");
        fault(&[b'['; 1000], "expected a bundle of this program");
    }
}
