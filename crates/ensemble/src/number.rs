//! Finite f32 in text formats, bit for bit: written as the f64 of the same value, which no
//! reader rounds twice.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// For a field of one number.
pub(crate) mod exact {
    use super::{Deserialize, Deserializer, Serializer};

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "the form serde asks for")]
    pub(crate) fn serialize<S: Serializer>(value: &f32, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(f64::from(*value))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f32, D::Error> {
        Ok(f64::deserialize(deserializer)? as f32)
    }
}

/// For a field that lists numbers.
pub(crate) mod exact_list {
    use super::{Deserialize, Deserializer, Serialize, Serializer};

    pub(crate) fn serialize<S: Serializer>(
        values: &[f32],
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        let wide: Vec<f64> = values.iter().map(|&value| f64::from(value)).collect();
        wide.serialize(serializer)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Vec<f32>, D::Error> {
        let wide = Vec::<f64>::deserialize(deserializer)?;
        Ok(wide.into_iter().map(|value| value as f32).collect())
    }
}
