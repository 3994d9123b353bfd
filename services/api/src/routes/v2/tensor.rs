//! Tensors of the inference protocol: JSON, and the binary form that its clients prefer.

use std::collections::BTreeMap;

use actix_web::http::header::HeaderMap;
use apistos::ApiComponent;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::error::{ApiError, Code};

/// Says how much of a body is JSON; binary tensors follow.
const HEADER_LENGTH: &str = "inference-header-content-length";

/// What a client asks.
#[derive(Debug, Deserialize, JsonSchema, ApiComponent)]
pub(crate) struct InferRequest {
    /// Comes back with the answer.
    pub(super) id: Option<String>,
    /// One tensor a column; columns left out count as missing.
    inputs: Vec<InputTensor>,
}

/// One column of all customers.
#[derive(Debug, Deserialize, JsonSchema)]
pub(crate) struct InputTensor {
    /// The column.
    name: String,
    /// `[n]` or `[n, 1]`: one element a customer.
    shape: Vec<usize>,
    /// `BOOL`, `UINT8` to `UINT64`, `INT8` to `INT64`, `FP32`, `FP64` or `BYTES`.
    datatype: String,
    /// The elements; absent when they follow as binary.
    #[serde(default)]
    data: Value,
    /// `binary_data_size`: bytes of the elements that follow.
    #[serde(default)]
    parameters: BTreeMap<String, Value>,
}

/// One output.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct OutputTensor {
    name: &'static str,
    /// Customers, then columns where there are several.
    shape: Vec<usize>,
    /// Always `FP64`.
    datatype: &'static str,
    /// The elements, row by row.
    data: Vec<f64>,
}

impl OutputTensor {
    pub(super) fn new(name: &'static str, shape: Vec<usize>, data: Vec<f64>) -> Self {
        Self {
            name,
            shape,
            datatype: "FP64",
            data,
        }
    }
}

/// Bytes of JSON at the start of the body; none when all of it is JSON.
pub(super) fn header_length(headers: &HeaderMap) -> Result<Option<usize>, ApiError> {
    let Some(length) = headers.get(HEADER_LENGTH) else {
        return Ok(None);
    };
    let length = length.to_str().ok().and_then(|length| length.parse().ok());
    let refuse = || bad(format!("{HEADER_LENGTH} is not a number of bytes"));
    length.map(Some).ok_or_else(refuse)
}

fn bad(message: String) -> ApiError {
    let hint = "see the Open Inference Protocol, and GET /v2/models/{name} for the columns";
    ApiError::new(Code::BadBody, message, hint)
}

impl InferRequest {
    /// Reads a body whose first `n_json` bytes are JSON.
    pub(super) fn parse(body: &[u8], n_json: Option<usize>) -> Result<Self, ApiError> {
        let (json, mut binary) = body
            .split_at_checked(n_json.unwrap_or(body.len()))
            .ok_or_else(|| bad(format!("{HEADER_LENGTH} is larger than the body")))?;
        let mut request: Self = serde_json::from_slice(json).map_err(|fault| {
            bad(format!(
                "the body is not the JSON that is expected: {fault}"
            ))
        })?;
        for input in &mut request.inputs {
            let size = input
                .parameters
                .get("binary_data_size")
                .and_then(Value::as_u64);
            let Some(size) = size else { continue };
            let size = usize::try_from(size).unwrap_or(usize::MAX);
            let (own, rest) = binary
                .split_at_checked(size)
                .ok_or_else(|| bad(format!("input {:?}: its data is cut short", input.name)))?;
            input.data = Value::Array(elements(&input.name, &input.datatype, own)?);
            binary = rest;
        }
        Ok(request)
    }

    /// One set of values a customer, at most `most` of them.
    pub(super) fn customers(&self, most: usize) -> Result<Vec<BTreeMap<String, Value>>, ApiError> {
        let n_rows = self
            .inputs
            .first()
            .and_then(|input| input.shape.first().copied());
        let n_rows = n_rows.unwrap_or(0);
        if n_rows == 0 || n_rows > most {
            return Err(bad(format!(
                "expected tensors of 1 to {most} customers, found {n_rows}"
            )));
        }
        let mut customers = vec![BTreeMap::new(); n_rows];
        for input in &self.inputs {
            let is_column = matches!(input.shape.as_slice(), [n] | [n, 1] if *n == n_rows);
            let elements = flat(&input.data);
            if !is_column || elements.len() != n_rows {
                return Err(bad(format!(
                    "input {:?}: expected the shape [{n_rows}] and as many elements, found {:?} and {}",
                    input.name,
                    input.shape,
                    elements.len()
                )));
            }
            for (customer, element) in customers.iter_mut().zip(elements) {
                customer.insert(input.name.clone(), element.clone());
            }
        }
        Ok(customers)
    }
}

/// The elements of nested lists, in order.
fn flat(data: &Value) -> Vec<&Value> {
    match data {
        Value::Array(list) => list.iter().flat_map(flat).collect(),
        element => vec![element],
    }
}

/// The elements of a binary tensor.
fn elements(name: &str, datatype: &str, bytes: &[u8]) -> Result<Vec<Value>, ApiError> {
    let numbers = |width: usize, read: fn(&[u8]) -> Value| {
        if bytes.len().is_multiple_of(width) {
            Ok(bytes.chunks_exact(width).map(read).collect())
        } else {
            Err(bad(format!(
                "input {name:?}: {} bytes are no whole number of {datatype}",
                bytes.len()
            )))
        }
    };
    macro_rules! read {
        ($kind:ty) => {
            numbers(size_of::<$kind>(), |bytes| {
                let mut own = [0; size_of::<$kind>()];
                own.copy_from_slice(bytes);
                Value::from(<$kind>::from_le_bytes(own))
            })
        };
    }
    match datatype {
        "BOOL" => numbers(1, |bytes| Value::from(bytes[0] != 0)),
        "UINT8" => read!(u8),
        "UINT16" => read!(u16),
        "UINT32" => read!(u32),
        "UINT64" => read!(u64),
        "INT8" => read!(i8),
        "INT16" => read!(i16),
        "INT32" => read!(i32),
        "INT64" => read!(i64),
        "FP32" => read!(f32),
        "FP64" => read!(f64),
        "BYTES" => texts(name, bytes),
        other => Err(bad(format!(
            "input {name:?}: the datatype {other:?} is not known"
        ))),
    }
}

/// Texts, each after its length in four bytes.
fn texts(name: &str, mut bytes: &[u8]) -> Result<Vec<Value>, ApiError> {
    let mut out = Vec::new();
    while let Some((length, rest)) = bytes.split_first_chunk::<4>() {
        let length = u32::from_le_bytes(*length) as usize;
        let (text, rest) = rest
            .split_at_checked(length)
            .ok_or_else(|| bad(format!("input {name:?}: a text is cut short")))?;
        let text = std::str::from_utf8(text)
            .map_err(|_| bad(format!("input {name:?}: a text is not UTF-8")))?;
        out.push(Value::from(text));
        bytes = rest;
    }
    if bytes.is_empty() {
        return Ok(out);
    }
    Err(bad(format!("input {name:?}: bytes are left over")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn binary_tensors_follow_the_json() {
        let json = br#"{"id":"7","inputs":[
            {"name":"tenure","shape":[2],"datatype":"INT64","parameters":{"binary_data_size":16}},
            {"name":"Contract","shape":[2,1],"datatype":"BYTES","parameters":{"binary_data_size":16}},
            {"name":"charge","shape":[2,1],"datatype":"FP64","data":[[1.5],[null]]}]}"#;
        let mut body = json.to_vec();
        body.extend_from_slice(&3_i64.to_le_bytes());
        body.extend_from_slice(&70_i64.to_le_bytes());
        for text in ["ab", "yearly"] {
            body.extend_from_slice(&u32::try_from(text.len()).unwrap().to_le_bytes());
            body.extend_from_slice(text.as_bytes());
        }
        let request = InferRequest::parse(&body, Some(json.len())).unwrap();
        let customers = request.customers(10).unwrap();
        assert_eq!(customers[0]["tenure"], 3);
        assert_eq!(customers[1]["Contract"], "yearly");
        assert_eq!(customers[0]["charge"], 1.5);
        assert!(customers[1]["charge"].is_null(), "missing");
    }

    #[test]
    fn what_is_cut_short_is_refused() {
        let json = br#"{"inputs":[{"name":"x","shape":[1],"datatype":"FP64","parameters":{"binary_data_size":8}}]}"#;
        let fault = InferRequest::parse(json, None).unwrap_err();
        assert!(fault.to_string().contains("cut short"), "{fault}");
        assert!(InferRequest::parse(b"{}", Some(5)).is_err());
        assert!(elements("x", "FP64", &[0; 7]).is_err());
        assert!(elements("x", "BYTES", &[9, 0, 0, 0, 1]).is_err());
    }
}
