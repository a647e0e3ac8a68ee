//! Walks an XML document of a stranger: no document types, no entities of its own, bounded depth and size.

use std::fmt::Display;

use quick_xml::Reader;
use quick_xml::XmlVersion;
use quick_xml::events::{BytesDecl, BytesRef, BytesStart, Event};

use super::super::redact::shown;
use super::super::utf8;
use crate::error::Error;

const MAX_DEPTH: usize = 64;
const MAX_ELEMENTS: usize = 1_000_000;
const MAX_ATTRIBUTES: usize = 64;

/// A part of the document, references resolved.
pub(super) enum Piece {
    Open {
        name: String,
        attributes: Vec<(String, String)>,
    },
    /// All text up to the next tag.
    Text(String),
    Comment(String),
    Close {
        name: String,
    },
}

/// Hands every part of `text` to `take`, in order.
pub(super) fn walk(text: &str, take: impl FnMut(Piece)) -> Result<(), Error> {
    let mut reader = Reader::from_str(text);
    reader.config_mut().check_end_names = true;
    let mut walk = Walk { text, take, pending: String::new(), depth: 0, elements: 0, root_closed: false };
    loop {
        let before = reader.buffer_position();
        let event = match reader.read_event() {
            Ok(event) => event,
            Err(e) => {
                return Err(walk.malformed(reader.error_position(), format!("not well-formed XML: {e}")));
            }
        };
        if matches!(event, Event::Eof) {
            return walk.finish(before);
        }
        walk.event(event, before)?;
    }
}

struct Walk<'a, F> {
    text: &'a str,
    take: F,
    pending: String,
    depth: usize,
    elements: usize,
    root_closed: bool,
}

impl<F: FnMut(Piece)> Walk<'_, F> {
    fn malformed(&self, position: u64, what: impl Display) -> Error {
        let offset = usize::try_from(position).unwrap_or(usize::MAX);
        let (line, column) = utf8::line_column(self.text, offset);
        let what = utf8::one_line(&what.to_string(), 200).unwrap_or_default();
        Error::malformed(format!("line {line}, column {column}: {what}"))
    }

    fn event(&mut self, event: Event<'_>, at: u64) -> Result<(), Error> {
        match event {
            Event::Start(tag) => self.open(&tag, at),
            Event::Empty(tag) => {
                self.open(&tag, at)?;
                self.close(tag.name().as_ref());
                Ok(())
            }
            Event::End(tag) => {
                self.close(tag.name().as_ref());
                Ok(())
            }
            Event::Text(part) => self.text_part(&part.xml10_content(), at),
            Event::CData(part) => self.text_part(&part.xml10_content(), at),
            Event::GeneralRef(reference) => self.reference(&reference, at),
            Event::Comment(part) => {
                self.flush();
                (self.take)(Piece::Comment(part.to_string()));
                Ok(())
            }
            Event::Decl(declaration) => self.declaration(&declaration, at),
            Event::DocType(_) => {
                Err(self.malformed(at, "document type declarations and entities of their own are refused"))
            }
            Event::PI(_) | Event::Eof => Ok(()),
        }
    }

    fn open(&mut self, tag: &BytesStart<'_>, at: u64) -> Result<(), Error> {
        self.flush();
        if self.root_closed {
            return Err(self.malformed(at, "a second root element"));
        }
        self.depth += 1;
        self.elements += 1;
        if self.depth > MAX_DEPTH {
            return Err(self.malformed(at, format!("elements are nested deeper than {MAX_DEPTH}")));
        }
        if self.elements > MAX_ELEMENTS {
            return Err(self.malformed(at, format!("more than {MAX_ELEMENTS} elements")));
        }
        let mut attributes = Vec::new();
        for attribute in tag.attributes() {
            let attribute = attribute.map_err(|e| self.malformed(at, format!("bad attribute: {e}")))?;
            if attributes.len() == MAX_ATTRIBUTES {
                return Err(
                    self.malformed(at, format!("more than {MAX_ATTRIBUTES} attributes in one element"))
                );
            }
            let value = attribute
                .normalized_value(XmlVersion::Implicit1_0)
                .map_err(|e| self.malformed(at, format!("bad attribute value: {e}")))?;
            attributes.push((attribute.key.as_ref().to_owned(), value.into_owned()));
        }
        (self.take)(Piece::Open { name: tag.name().as_ref().to_owned(), attributes });
        Ok(())
    }

    fn close(&mut self, name: &str) {
        self.flush();
        self.depth = self.depth.saturating_sub(1);
        self.root_closed = self.depth == 0;
        (self.take)(Piece::Close { name: name.to_owned() });
    }

    fn text_part(&mut self, part: &str, at: u64) -> Result<(), Error> {
        if self.depth == 0 {
            return if part.trim().is_empty() {
                Ok(())
            } else {
                Err(self.malformed(at, "text outside the root element"))
            };
        }
        self.pending.push_str(part);
        Ok(())
    }

    fn reference(&mut self, reference: &BytesRef<'_>, at: u64) -> Result<(), Error> {
        let name: &str = reference.as_ref();
        let character = match name {
            "lt" => '<',
            "gt" => '>',
            "amp" => '&',
            "quot" => '"',
            "apos" => '\'',
            _ if reference.is_char_ref() => reference.resolve_char_ref().ok().flatten().unwrap_or('\u{FFFD}'),
            other => return Err(self.malformed(at, format!("unknown entity `&{};`", shown(other)))),
        };
        self.text_part(character.encode_utf8(&mut [0; 4]), at)
    }

    fn declaration(&self, declaration: &BytesDecl<'_>, at: u64) -> Result<(), Error> {
        let Some(Ok(encoding)) = declaration.encoding() else { return Ok(()) };
        let plain =
            ["utf-8", "utf8", "us-ascii", "ascii"].iter().any(|known| encoding.eq_ignore_ascii_case(known));
        if plain {
            return Ok(());
        }
        Err(self
            .malformed(at, format!("the document declares the encoding `{}`; send UTF-8", shown(&encoding))))
    }

    fn flush(&mut self) {
        if !self.pending.is_empty() {
            (self.take)(Piece::Text(std::mem::take(&mut self.pending)));
        }
    }

    fn finish(&self, at: u64) -> Result<(), Error> {
        if self.root_closed {
            Ok(())
        } else if self.elements == 0 {
            Err(self.malformed(at, "no XML element; this is not a JUnit report"))
        } else {
            Err(self.malformed(at, "the document ends before its elements do"))
        }
    }
}

/// The name of an element without its namespace prefix.
pub(super) fn local(name: &str) -> &str {
    name.rsplit(':').next().unwrap_or(name)
}

/// A value fit to stand in an attribute, where bare line ends would be read as blanks.
pub(super) fn escape_attribute(value: &str, out: &mut String) {
    let mut text = String::with_capacity(value.len());
    escape(value, &mut text);
    out.push_str(&text.replace('\n', "&#10;").replace('\t', "&#9;"));
}

/// Text fit to stand between tags.
pub(super) fn escape(text: &str, out: &mut String) {
    for c in text.chars() {
        match c {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '"' => out.push_str("&quot;"),
            '\n' | '\t' => out.push(c),
            '\r' => out.push_str("&#13;"),
            c if c.is_control() || matches!(c, '\u{FFFE}' | '\u{FFFF}') => out.push('\u{FFFD}'),
            c => out.push(c),
        }
    }
}
