//! JSON with the bare `NaN` and `-Infinity` that XGBoost writes and strict readers refuse.

use super::value::Value;
use crate::Error;

/// Deepest nesting of arrays and objects that is followed; model files use about six.
const MAX_NESTING: usize = 32;

/// Parses one document; what follows it is a fault.
pub(super) fn parse(bytes: &[u8]) -> Result<Value, Error> {
    let mut reader = Reader { bytes, offset: 0 };
    let value = reader.value(0)?;
    reader.skip_blanks();
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
            format: "JSON",
            offset: self.offset,
            expected,
        }
    }

    fn skip_blanks(&mut self) {
        while self
            .bytes
            .get(self.offset)
            .is_some_and(u8::is_ascii_whitespace)
        {
            self.offset += 1;
        }
    }

    /// The next byte that is not blank, left in place.
    fn peek(&mut self) -> Result<u8, Error> {
        self.skip_blanks();
        self.bytes
            .get(self.offset)
            .copied()
            .ok_or_else(|| self.fault("more text"))
    }

    /// Steps over `byte` if it comes next.
    fn eat(&mut self, byte: u8) -> Result<bool, Error> {
        let found = self.peek()? == byte;
        self.offset += usize::from(found);
        Ok(found)
    }

    fn value(&mut self, nesting: usize) -> Result<Value, Error> {
        if nesting > MAX_NESTING {
            return Err(self.fault("at most 32 levels of nesting"));
        }
        match self.peek()? {
            b'{' => self.object(nesting),
            b'[' => self.array(nesting),
            b'"' => Ok(Value::Text(self.text()?)),
            _ => self.word(),
        }
    }

    fn array(&mut self, nesting: usize) -> Result<Value, Error> {
        self.offset += 1;
        let mut items = Vec::new();
        if self.eat(b']')? {
            return Ok(Value::List(items));
        }
        loop {
            items.push(self.value(nesting + 1)?);
            if self.eat(b']')? {
                return Ok(Value::List(items));
            }
            if !self.eat(b',')? {
                return Err(self.fault("a comma or the end of the list"));
            }
        }
    }

    fn object(&mut self, nesting: usize) -> Result<Value, Error> {
        self.offset += 1;
        let mut members = Vec::new();
        if self.eat(b'}')? {
            return Ok(Value::Object(members));
        }
        loop {
            if self.peek()? != b'"' {
                return Err(self.fault("a name in quotes"));
            }
            let name = self.text()?;
            if !self.eat(b':')? {
                return Err(self.fault("a colon"));
            }
            members.push((name, self.value(nesting + 1)?));
            if self.eat(b'}')? {
                return Ok(Value::Object(members));
            }
            if !self.eat(b',')? {
                return Err(self.fault("a comma or the end of the object"));
            }
        }
    }

    /// A text in quotes. Escapes other than `\uXXXX` stand for themselves or their control
    /// character; names of features are not used, so a lone surrogate is replaced.
    fn text(&mut self) -> Result<String, Error> {
        self.offset += 1;
        let mut text = Vec::new();
        loop {
            let byte = self.raw()?;
            match byte {
                b'"' => break,
                b'\\' => match self.raw()? {
                    b'n' => text.push(b'\n'),
                    b't' => text.push(b'\t'),
                    b'r' => text.push(b'\r'),
                    b'b' => text.push(8),
                    b'f' => text.push(12),
                    b'u' => {
                        let code = self.bytes.get(self.offset..self.offset + 4);
                        let code = code.and_then(|digits| str::from_utf8(digits).ok());
                        let code = code.and_then(|digits| u32::from_str_radix(digits, 16).ok());
                        let code = code.ok_or_else(|| self.fault("four hexadecimal digits"))?;
                        self.offset += 4;
                        let letter = char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER);
                        text.extend_from_slice(letter.encode_utf8(&mut [0; 4]).as_bytes());
                    }
                    other => text.push(other),
                },
                _ => text.push(byte),
            }
        }
        String::from_utf8(text).map_err(|_| self.fault("UTF-8"))
    }

    fn raw(&mut self) -> Result<u8, Error> {
        let byte = self.bytes.get(self.offset).copied();
        let byte = byte.ok_or_else(|| self.fault("the end of a text"))?;
        self.offset += 1;
        Ok(byte)
    }

    /// A number or one of the bare words.
    fn word(&mut self) -> Result<Value, Error> {
        let rest = &self.bytes[self.offset..];
        let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || b"+-.".contains(byte);
        let length = rest
            .iter()
            .position(|byte| !is_part(byte))
            .unwrap_or(rest.len());
        let word = str::from_utf8(&rest[..length]).unwrap_or_default();
        let value = match word {
            "null" => Value::Null,
            "true" => Value::Bool(true),
            "false" => Value::Bool(false),
            "NaN" => Value::Float(f32::NAN),
            "Infinity" => Value::Float(f32::INFINITY),
            "-Infinity" => Value::Float(f32::NEG_INFINITY),
            // Parsed straight to f32: by way of f64 it could round twice.
            _ => match word.parse() {
                Ok(int) => Value::Int(int),
                Err(_) => Value::Float(
                    word.parse()
                        .map_err(|_| self.fault("a number or a value"))?,
                ),
            },
        };
        self.offset += length;
        Ok(value)
    }
}

#[cfg(test)]
mod tests {
    use super::super::value::Value;
    use super::parse;

    #[test]
    fn values_texts_and_bare_words_are_read() {
        let text = r#" {"a":[1,-2.5E-1,-Infinity,NaN], "b\"\u00e9":{}, "c":[true,null]} "#;
        let value = parse(text.as_bytes()).unwrap();
        let floats = value.floats("a").unwrap();
        assert_eq!(floats[..3], [1.0, -0.25, f32::NEG_INFINITY]);
        assert!(floats[3].is_nan());
        assert_eq!(value.find("b\"\u{e9}"), Some(&Value::Object(vec![])));
        assert_eq!(value.list("c").unwrap(), [Value::Bool(true), Value::Null]);
    }

    #[test]
    fn hostile_text_is_refused() {
        for text in [
            "",
            "{",
            "[1",
            "[1 2]",
            "{\"a\" 1}",
            "\"",
            "\"\\u12",
            "1x",
            "[1]]",
            "{1:2}",
        ] {
            assert!(parse(text.as_bytes()).is_err(), "{text}");
        }
        assert!(parse(&[b'['; 100_000]).is_err(), "endless nesting");
        assert!(parse(b"\"\xff\"").is_err(), "no UTF-8");
    }
}
