//! The report written again without its secrets.

use super::super::redact::{MASK, Redactor, is_secret_key};
use super::xml::{Piece, escape, escape_attribute, local, walk};
use crate::error::Error;

/// The document, redacted.
pub(super) fn write(text: &str, redactor: &Redactor) -> Result<String, Error> {
    let mut out = String::with_capacity(text.len());
    out.push_str("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    // Whether the text to come is the value of a property with a secret-looking name.
    let mut hidden = false;
    walk(text, |piece| match piece {
        Piece::Open { name, attributes } => {
            hidden = secret_property(&name, &attributes) || is_secret_key(local(&name));
            open(&name, &attributes, redactor, &mut out);
        }
        Piece::Text(part) if hidden && !part.trim().is_empty() => out.push_str(MASK),
        Piece::Text(part) => escape(&redactor.text(&part), &mut out),
        Piece::Comment(part) => {
            out.push_str("<!--");
            out.push_str(&redactor.text(&part).replace("--", "- "));
            out.push_str("-->");
        }
        Piece::Close { name } => {
            hidden = false;
            out.push_str("</");
            out.push_str(&name);
            out.push('>');
        }
    })?;
    Ok(out)
}

fn open(name: &str, attributes: &[(String, String)], redactor: &Redactor, out: &mut String) {
    let secret_value = secret_property(name, attributes);
    out.push('<');
    out.push_str(name);
    for (key, value) in attributes {
        let hide = key.eq_ignore_ascii_case("hostname")
            || (is_secret_key(key) && !key.eq_ignore_ascii_case("name"))
            || (secret_value && local(key) == "value");
        out.push(' ');
        out.push_str(key);
        out.push_str("=\"");
        if hide {
            out.push_str(MASK);
        } else {
            escape_attribute(&redactor.text(value), out);
        }
        out.push('"');
    }
    out.push('>');
}

/// `<property name="API_TOKEN" value="x"/>`.
pub(super) fn secret_property(name: &str, attributes: &[(String, String)]) -> bool {
    local(name) == "property" && attributes.iter().any(|(key, value)| key == "name" && is_secret_key(value))
}
