//! Splits a YAML stream into documents by its marker lines, so that one broken document does not lose the others.

/// One document's text and place.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::formats) struct Chunk<'a> {
    /// From its marker (or the comments and directives before it) to the next marker.
    pub(in crate::formats) text: &'a str,
    /// The line of the file on which `text` begins, from 1.
    pub(in crate::formats) first_line: usize,
    /// The line on which the content begins; the marker's line in an empty document.
    pub(in crate::formats) content_line: usize,
    /// Nothing but comments in it.
    pub(in crate::formats) empty: bool,
}

/// The document being gathered.
#[derive(Default)]
struct Open {
    start: usize,
    first_line: usize,
    marker: Option<usize>,
    content: Option<usize>,
}

impl Open {
    fn chunk<'a>(&self, text: &'a str, end: usize) -> Option<Chunk<'a>> {
        let content_line = self.content.or(self.marker)?;
        Some(Chunk {
            text: text.get(self.start..end).unwrap_or_default(),
            first_line: self.first_line,
            content_line,
            empty: self.content.is_none(),
        })
    }
}

/// The documents of a stream, at most `max` of them, and whether there were more.
pub(in crate::formats) fn split(text: &str, max: usize) -> (Vec<Chunk<'_>>, bool) {
    let mut chunks = Vec::new();
    let mut open = Open { first_line: 1, ..Open::default() };
    let mut offset = 0;
    for (at, line) in text.split_inclusive('\n').enumerate() {
        let number = at + 1;
        if chunks.len() == max {
            return (chunks, true);
        }
        if let Some(rest) = after_marker(line, "---") {
            if let Some(chunk) = open.chunk(text, offset) {
                chunks.push(chunk);
                open = Open { start: offset, first_line: number, ..Open::default() };
            }
            open.marker = Some(number);
            open.content = is_content(rest).then_some(number);
        } else if after_marker(line, "...").is_some() {
            chunks.extend(open.chunk(text, offset));
            open = Open { start: offset + line.len(), first_line: number + 1, ..Open::default() };
        } else if open.content.is_none() && is_content(line) && !is_directive(&open, line) {
            open.content = Some(number);
        }
        offset += line.len();
    }
    if chunks.len() == max {
        return (chunks, true);
    }
    chunks.extend(open.chunk(text, text.len()));
    (chunks, false)
}

/// What follows a marker at the start of a line.
fn after_marker<'a>(line: &'a str, marker: &str) -> Option<&'a str> {
    let rest = line.strip_prefix(marker)?;
    (rest.is_empty() || rest.starts_with([' ', '\t', '\r', '\n'])).then_some(rest)
}

fn is_content(line: &str) -> bool {
    let line = line.trim();
    !line.is_empty() && !line.starts_with('#')
}

/// `%YAML 1.2` before the marker.
fn is_directive(open: &Open, line: &str) -> bool {
    open.marker.is_none() && line.starts_with('%')
}
