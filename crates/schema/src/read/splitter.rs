//! Finding where records end, in a way that one stray quote cannot swallow good rows.
//!
//! Records follow RFC 4180: a quote opens a quoted field only as the first character of the
//! field, a doubled quote inside stands for one, and the closing quote is followed by a delimiter or the end
//! of the record. What breaks these rules costs its first line and nothing more: splitting goes on
//! at the next line.

use memchr::{memchr, memchr_iter};

/// A quoted field may span this many lines before its quote counts as stray.
pub(crate) const MAX_QUOTED_LINES: usize = 64;

/// One record inside a buffer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Record {
    pub(crate) start: u32,
    pub(crate) end: u32,
    /// Lines between the start of the chunk and the record.
    pub(crate) line: u32,
    pub(crate) shape: Shape,
}

/// What splitting found out about a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    /// No quote anywhere.
    Plain,
    /// Has quotes, all of them balanced or inside unquoted fields.
    Quoted,
    /// First line of a quoted field that never ends properly.
    UnclosedQuote,
    /// Text between a closing quote and the delimiter.
    BadQuoting,
    /// Longer than allowed; only its beginning is kept.
    TooLong,
}

/// The result of looking for one record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Split {
    /// `end` excludes the line end, `next` is where the following record starts.
    Record {
        end: usize,
        next: usize,
        n_lines: u32,
        shape: Shape,
    },
    /// The record may go on beyond the buffer.
    NeedMore,
}

/// The rules of one file.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Splitter {
    pub(crate) delimiter: u8,
    /// `\n`, or `\r` for files that use nothing else.
    pub(crate) terminator: u8,
    /// Longest text between quotes.
    pub(crate) max_quoted_bytes: usize,
    /// Field count of the header, which records of several lines must have to be believed.
    pub(crate) n_fields: Option<usize>,
}

impl Splitter {
    /// The record at the start of `bytes`, which must not be empty.
    pub(crate) fn next(&self, bytes: &[u8], at_end: bool) -> Split {
        let Some(first_end) = self.line_end(bytes, 0, at_end) else {
            return Split::NeedMore;
        };
        match memchr(b'"', &bytes[..first_end]) {
            None => self.record(bytes, first_end, 1, Shape::Plain),
            Some(quote) => match self.quoted(bytes, quote, first_end, at_end) {
                Scan::Whole { end, n_lines } => self.record(bytes, end, n_lines, Shape::Quoted),
                Scan::Broken(shape) => self.record(bytes, first_end, 1, shape),
                Scan::NeedMore => Split::NeedMore,
            },
        }
    }

    /// Follows the quotes of a record from its first one, at `quote`.
    fn quoted(&self, bytes: &[u8], quote: usize, first_end: usize, at_end: bool) -> Scan {
        let (mut open, mut end, mut n_lines) = (quote, first_end, 1_u32);
        loop {
            let mut resume = open + 1;
            if open == 0 || bytes[open - 1] == self.delimiter {
                let close = match self.closing(bytes, open, at_end) {
                    Closing::At(close) => close,
                    Closing::Never => return Scan::Broken(Shape::UnclosedQuote),
                    Closing::NeedMore => return Scan::NeedMore,
                };
                if close > end {
                    let n_inside = memchr_iter(self.terminator, &bytes[end..close]).count();
                    n_lines = n_lines.saturating_add(u32::try_from(n_inside).unwrap_or(u32::MAX));
                    if n_lines as usize > MAX_QUOTED_LINES {
                        return Scan::Broken(Shape::UnclosedQuote);
                    }
                    match self.line_end(bytes, close, at_end) {
                        Some(line_end) => end = line_end,
                        None => return Scan::NeedMore,
                    }
                }
                let after = close + 1;
                if after < self.content_end(bytes, end) && bytes[after] != self.delimiter {
                    let shape = if n_lines > 1 {
                        Shape::UnclosedQuote
                    } else {
                        Shape::BadQuoting
                    };
                    return Scan::Broken(shape);
                }
                resume = after;
            }
            match bytes.get(resume..end).and_then(|rest| memchr(b'"', rest)) {
                Some(offset) => open = resume + offset,
                None => break,
            }
        }
        if n_lines > 1 && !self.has_expected_fields(&bytes[..self.content_end(bytes, end)]) {
            return Scan::Broken(Shape::UnclosedQuote);
        }
        Scan::Whole { end, n_lines }
    }

    /// Where the quoted field that opens at `open` closes.
    fn closing(&self, bytes: &[u8], open: usize, at_end: bool) -> Closing {
        let limit = bytes
            .len()
            .min(open.saturating_add(self.max_quoted_bytes).saturating_add(2));
        let mut from = open + 1;
        while let Some(offset) = bytes.get(from..limit).and_then(|rest| memchr(b'"', rest)) {
            let quote = from + offset;
            match bytes.get(quote + 1) {
                Some(b'"') => from = quote + 2,
                Some(_) => return Closing::At(quote),
                None if at_end => return Closing::At(quote),
                None => return Closing::NeedMore,
            }
        }
        let n_lines = memchr_iter(self.terminator, &bytes[open..limit]).take(MAX_QUOTED_LINES + 1);
        let is_hopeless = limit < bytes.len() || n_lines.count() > MAX_QUOTED_LINES;
        if at_end || is_hopeless {
            Closing::Never
        } else {
            Closing::NeedMore
        }
    }

    fn line_end(&self, bytes: &[u8], from: usize, at_end: bool) -> Option<usize> {
        match memchr(self.terminator, &bytes[from..]) {
            Some(offset) => Some(from + offset),
            None => at_end.then_some(bytes.len()),
        }
    }

    /// `line_end` without the carriage return of a `\r\n`.
    fn content_end(&self, bytes: &[u8], line_end: usize) -> usize {
        let has_return = self.terminator == b'\n' && line_end > 0 && bytes[line_end - 1] == b'\r';
        if has_return { line_end - 1 } else { line_end }
    }

    fn record(&self, bytes: &[u8], line_end: usize, n_lines: u32, shape: Shape) -> Split {
        let next = (line_end + 1).min(bytes.len());
        Split::Record {
            end: self.content_end(bytes, line_end),
            next,
            n_lines,
            shape,
        }
    }

    fn has_expected_fields(&self, record: &[u8]) -> bool {
        let Some(n_fields) = self.n_fields else {
            return true;
        };
        self.count_fields(record, Shape::Quoted) == n_fields
    }

    /// Number of fields of a record.
    pub(crate) fn count_fields(&self, record: &[u8], shape: Shape) -> usize {
        let mut n_found = 0;
        for_each_field(record, self.delimiter, shape, &mut Vec::new(), |_| {
            n_found += 1
        });
        n_found
    }
}

enum Scan {
    Whole { end: usize, n_lines: u32 },
    Broken(Shape),
    NeedMore,
}

enum Closing {
    At(usize),
    Never,
    NeedMore,
}

/// Calls `each` with every field of a well-formed record, unquoted. `scratch` is reused.
#[inline]
pub(crate) fn for_each_field(
    record: &[u8],
    delimiter: u8,
    shape: Shape,
    scratch: &mut Vec<u8>,
    mut each: impl FnMut(&[u8]),
) {
    if shape == Shape::Plain {
        let mut start = 0;
        for end in memchr_iter(delimiter, record) {
            each(&record[start..end]);
            start = end + 1;
        }
        each(&record[start..]);
        return;
    }
    let mut rest = record;
    loop {
        let (field_len, is_quoted) = field_extent(rest, delimiter);
        let field = &rest[..field_len];
        if is_quoted {
            each(unquote(field, scratch));
        } else {
            each(field);
        }
        if field_len == rest.len() {
            return;
        }
        rest = &rest[field_len + 1..];
    }
}

/// Length of the first field of `rest` and whether it is quoted.
fn field_extent(rest: &[u8], delimiter: u8) -> (usize, bool) {
    if rest.first() != Some(&b'"') {
        return (memchr(delimiter, rest).unwrap_or(rest.len()), false);
    }
    let mut from = 1;
    while let Some(offset) = rest.get(from..).and_then(|tail| memchr(b'"', tail)) {
        let quote = from + offset;
        if rest.get(quote + 1) == Some(&b'"') {
            from = quote + 2;
            continue;
        }
        let length = memchr(delimiter, &rest[quote..]).map_or(rest.len(), |tail| quote + tail);
        return (length, true);
    }
    (rest.len(), true)
}

/// The text of a quoted field; copies only if it has doubled quotes.
fn unquote<'a>(field: &'a [u8], scratch: &'a mut Vec<u8>) -> &'a [u8] {
    let inner = field.strip_prefix(b"\"").unwrap_or(field);
    let inner = inner.strip_suffix(b"\"").unwrap_or(inner);
    if memchr(b'"', inner).is_none() {
        return inner;
    }
    scratch.clear();
    let mut bytes = inner.iter();
    while let Some(byte) = bytes.next() {
        scratch.push(*byte);
        if *byte == b'"' {
            bytes.next();
        }
    }
    scratch
}
