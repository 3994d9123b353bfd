//! UBJSON as XGBoost writes it: big-endian numbers, typed arrays, typed lengths.

use super::value::Value;
use crate::Error;

/// Deepest nesting of arrays and objects that is followed; model files use about six.
const MAX_NESTING: usize = 32;

/// Parses one document; what follows it is a fault.
pub(super) fn parse(bytes: &[u8]) -> Result<Value, Error> {
    let mut reader = Reader { bytes, offset: 0 };
    let marker = reader.byte()?;
    let value = reader.value(marker, 0)?;
    if reader.offset == bytes.len() {
        Ok(value)
    } else {
        Err(reader.fault("the end"))
    }
}

struct Reader<'a> {
    bytes: &'a [u8],
    offset: usize,
}

impl Reader<'_> {
    fn fault(&self, expected: &'static str) -> Error {
        Error::Syntax {
            format: "UBJSON",
            offset: self.offset,
            expected,
        }
    }

    fn byte(&mut self) -> Result<u8, Error> {
        let [byte] = self.take()?;
        Ok(byte)
    }

    fn peek(&self) -> Result<u8, Error> {
        self.bytes
            .get(self.offset)
            .copied()
            .ok_or_else(|| self.fault("more bytes"))
    }

    fn take<const N: usize>(&mut self) -> Result<[u8; N], Error> {
        let taken = self.bytes[self.offset..].first_chunk::<N>().copied();
        let taken = taken.ok_or_else(|| self.fault("more bytes"))?;
        self.offset += N;
        Ok(taken)
    }

    fn value(&mut self, marker: u8, nesting: usize) -> Result<Value, Error> {
        if nesting > MAX_NESTING {
            return Err(self.fault("at most 32 levels of nesting"));
        }
        Ok(match marker {
            b'Z' => Value::Null,
            b'T' => Value::Bool(true),
            b'F' => Value::Bool(false),
            b'd' | b'D' => Value::Float(self.float(marker)?),
            b'S' => Value::Text(self.text()?),
            b'[' => self.array(nesting)?,
            b'{' => self.object(nesting)?,
            _ => Value::Int(self.int(marker)?),
        })
    }

    fn int(&mut self, marker: u8) -> Result<i64, Error> {
        Ok(match marker {
            b'i' => i64::from(i8::from_be_bytes(self.take()?)),
            b'U' => i64::from(u8::from_be_bytes(self.take()?)),
            b'I' => i64::from(i16::from_be_bytes(self.take()?)),
            b'l' => i64::from(i32::from_be_bytes(self.take()?)),
            b'L' => i64::from_be_bytes(self.take()?),
            _ => return Err(self.fault("a known type marker")),
        })
    }

    fn float(&mut self, marker: u8) -> Result<f32, Error> {
        match marker {
            b'd' => Ok(f32::from_be_bytes(self.take()?)),
            b'D' => Ok(f64::from_be_bytes(self.take()?) as f32),
            _ => Err(self.fault("a float marker")),
        }
    }

    /// A length: a marked whole number, not negative.
    fn length(&mut self) -> Result<usize, Error> {
        let marker = self.byte()?;
        let length = self.int(marker)?;
        usize::try_from(length).map_err(|_| self.fault("a length of 0 or more"))
    }

    fn text(&mut self) -> Result<String, Error> {
        let length = self.length()?;
        let rest = &self.bytes[self.offset..];
        let text = rest.get(..length).ok_or_else(|| self.fault("more bytes"))?;
        let text = str::from_utf8(text)
            .map_err(|_| self.fault("UTF-8"))?
            .to_owned();
        self.offset += length;
        Ok(text)
    }

    fn array(&mut self, nesting: usize) -> Result<Value, Error> {
        if self.peek()? == b'$' {
            return self.typed_array();
        }
        let mut items = Vec::new();
        if self.peek()? == b'#' {
            self.offset += 1;
            for _ in 0..self.length()? {
                let marker = self.byte()?;
                items.push(self.value(marker, nesting + 1)?);
            }
            return Ok(Value::List(items));
        }
        loop {
            match self.byte()? {
                b']' => return Ok(Value::List(items)),
                marker => items.push(self.value(marker, nesting + 1)?),
            }
        }
    }

    /// `$type#count` and the payloads. Every type read here takes at least a byte, so the
    /// items never outnumber the bytes of the file.
    fn typed_array(&mut self) -> Result<Value, Error> {
        self.offset += 1;
        let marker = self.byte()?;
        if self.byte()? != b'#' {
            return Err(self.fault("the count of a typed array"));
        }
        let count = self.length()?;
        if count > self.bytes.len() - self.offset {
            return Err(self.fault("as many items as the array announces"));
        }
        if matches!(marker, b'd' | b'D') {
            return Ok(Value::Floats(
                (0..count)
                    .map(|_| self.float(marker))
                    .collect::<Result<_, _>>()?,
            ));
        }
        Ok(Value::Ints(
            (0..count)
                .map(|_| self.int(marker))
                .collect::<Result<_, _>>()?,
        ))
    }

    fn object(&mut self, nesting: usize) -> Result<Value, Error> {
        let mut members = Vec::new();
        while self.peek()? != b'}' {
            let key = self.text()?;
            let marker = self.byte()?;
            members.push((key, self.value(marker, nesting + 1)?));
        }
        self.offset += 1;
        Ok(Value::Object(members))
    }
}

#[cfg(test)]
mod tests {
    use super::super::value::Value;
    use super::parse;

    #[test]
    fn every_kind_of_value_is_read() {
        let bytes = b"{U\x01a[$l#U\x02\0\0\0\x07\xff\xff\xff\xffU\x01b[$d#L\0\0\0\0\0\0\0\x01\x3f\x80\0\0U\x01c[TZSU\x01xI\x01\0]}";
        let value = parse(bytes).unwrap();
        assert_eq!(value.ints("a").unwrap(), [7, -1]);
        assert_eq!(value.floats("b").unwrap(), [1.0]);
        let expected = vec![
            Value::Bool(true),
            Value::Null,
            Value::Text("x".into()),
            Value::Int(256),
        ];
        assert_eq!(value.list("c").unwrap(), expected);
    }

    #[test]
    fn hostile_bytes_are_refused() {
        for (bytes, reason) in [
            (&b""[..], "empty"),
            (b"{", "cut off"),
            (
                b"[$l#L\x7f\xff\xff\xff\xff\xff\xff\xff",
                "a count past the file",
            ),
            (b"[$Z#L\0\0\0\0\0\0\0\x01", "a type without payload"),
            (b"SU\x02\xff\xff", "no UTF-8"),
            (b"Si\xff", "a negative length"),
            (b"ZZ", "bytes after the end"),
            (b"?", "an unknown marker"),
            (&[b'['; 100_000], "endless nesting"),
        ] {
            assert!(parse(bytes).is_err(), "{reason}");
        }
    }
}
