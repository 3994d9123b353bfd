//! Where the next part of a list begins, as an opaque word for the client.

use crate::error::{ApiError, Code};

/// Puts the parts of a place into one word of digits and letters.
pub(crate) fn write(parts: &[&str]) -> String {
    let text = parts.join("\n");
    text.bytes().fold(String::new(), |mut word, byte| {
        use std::fmt::Write as _;
        // Writing to a string can't fail.
        let _ = write!(word, "{byte:02x}");
        word
    })
}

/// The parts of a place, the last of which may hold anything.
///
/// # Errors
/// [`Code::BadParameter`] for a word that was not made by [`write`].
pub(crate) fn read<const N: usize>(word: &str) -> Result<[String; N], ApiError> {
    let parts = unpack(word).and_then(|text| {
        let parts: Vec<String> = text.splitn(N, '\n').map(str::to_owned).collect();
        <[String; N]>::try_from(parts).ok()
    });
    parts.ok_or_else(bad_cursor)
}

fn unpack(word: &str) -> Option<String> {
    if !word.len().is_multiple_of(2) {
        return None;
    }
    let digit = |byte: u8| char::from(byte).to_digit(16);
    let bytes = word.as_bytes().chunks_exact(2).map(|pair| {
        let value = digit(pair[0])? * 16 + digit(pair[1])?;
        u8::try_from(value).ok()
    });
    String::from_utf8(bytes.collect::<Option<Vec<u8>>>()?).ok()
}

/// A word that no list gave.
pub(crate) fn bad_cursor() -> ApiError {
    ApiError::new(
        Code::BadParameter,
        "the cursor is none that was given",
        "send `next` of the part before, or leave the cursor out to begin at the front",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_come_back_whole_and_other_words_are_refused() {
        let place = ["4605831338911806259", "key\nwith Umläut"];
        let word = write(&place);
        assert!(word.bytes().all(|b| b.is_ascii_hexdigit()));
        assert_eq!(read::<2>(&word).unwrap(), place);
        for bad in ["x", "zz", "ff", "00f", &write(&["one"])] {
            assert!(read::<2>(bad).is_err(), "{bad}");
        }
    }
}
