//! What an answer must not let through of the texts it shows: pages, tables, feeds, calendars.

use harness::Reply;

/// Every tag of a page: none was sent by anybody, none runs anything, none leads to a script.
pub(crate) fn check_page(path: &str, html: &str) {
    let mut rest = html;
    while let Some(at) = rest.find('<') {
        rest = &rest[at + 1..];
        if !rest.starts_with(|c: char| c.is_ascii_alphabetic()) {
            continue;
        }
        let tag = tag(rest);
        let shown = &rest[..tag.len];
        assert!(!tag.name.contains(':') && tag.name != "x", "{path}: <{shown}");
        for (name, value) in &tag.attributes {
            let value: String =
                value.chars().filter(|c| !c.is_control() && *c != ' ').collect::<String>().to_lowercase();
            assert!(!name.starts_with("on"), "{path}: <{shown}");
            assert!(
                !value.starts_with("javascript:")
                    || !matches!(name.as_str(), "href" | "src" | "action" | "formaction"),
                "{path}: <{shown}"
            );
            assert!(!(tag.name == "img" && value == "x"), "{path}: <{shown}");
        }
        let runs = tag.name == "script" && !tag.attributes.iter().any(|(name, _)| name == "src");
        assert!(!runs || !rest[tag.len..].starts_with("zq"), "{path}: <{shown}");
        rest = &rest[tag.len..];
    }
}

struct Tag {
    name: String,
    attributes: Vec<(String, String)>,
    len: usize,
}

/// Reads a tag as a browser does, from behind its `<` to its `>`.
fn tag(text: &str) -> Tag {
    let name: String = text.chars().take_while(|c| !c.is_whitespace() && !matches!(c, '>' | '/')).collect();
    let mut attributes = Vec::new();
    let mut at = name.len();
    loop {
        let rest = &text[at..];
        let skipped = rest.len() - rest.trim_start_matches(|c: char| c.is_whitespace() || c == '/').len();
        at += skipped;
        let rest = &text[at..];
        if rest.is_empty() || rest.starts_with('>') {
            return Tag { name: name.to_lowercase(), attributes, len: (at + 1).min(text.len()) };
        }
        let end =
            rest.find(|c: char| c.is_whitespace() || matches!(c, '=' | '>' | '/')).unwrap_or(rest.len());
        let key = rest[..end.max(1)].to_lowercase();
        at += end.max(1);
        let mut value = "";
        if let Some(rest) = text[at..].strip_prefix('=') {
            at += 1;
            let quote = rest.chars().next().filter(|c| matches!(c, '"' | '\''));
            if let Some(quote) = quote {
                let length = rest[1..].find(quote).unwrap_or(rest.len() - 1);
                value = &rest[1..=length];
                at += (length + 2).min(rest.len());
            } else {
                let length = rest.find(|c: char| c.is_whitespace() || c == '>').unwrap_or(rest.len());
                value = &rest[..length];
                at += length;
            }
        }
        attributes.push((key, value.to_owned()));
    }
}

/// No cell of a table is a formula, and no line breaks out of its cell.
pub(crate) fn check_table(path: &str, text: &str) {
    let (mut cell, mut quoted, mut width, mut columns) = (String::new(), false, 1, 0);
    for c in text.chars() {
        match c {
            '"' => quoted = !quoted,
            ',' | '\n' if !quoted => {
                let number = cell.trim_start_matches('-').chars().all(|c| c.is_ascii_digit() || c == '.');
                let risky = cell.starts_with(['=', '+', '-', '@', '\t', '\r']);
                assert!(!risky || (number && cell.len() > 1), "{path}: the cell {cell:?}");
                cell.clear();
                if c == ',' {
                    width += 1;
                } else {
                    assert!(
                        columns == 0 || columns == width,
                        "{path}: a line of {width} cells, not {columns}"
                    );
                    (columns, width) = (width, 1);
                }
            }
            '\r' if !quoted => {}
            _ => cell.push(c),
        }
    }
}

/// A feed is well-formed, and consists of the elements that feeds have.
pub(crate) fn check_feed(path: &str, reply: &Reply) {
    let text = reply.text();
    let mut reader = quick_xml::Reader::from_str(&text);
    loop {
        match reader.read_event().unwrap_or_else(|e| panic!("{path}: {e}")) {
            quick_xml::events::Event::Eof => return,
            quick_xml::events::Event::Start(tag) | quick_xml::events::Event::Empty(tag) => {
                let name = tag.name().as_ref().to_owned();
                let known = [
                    "feed",
                    "title",
                    "id",
                    "updated",
                    "link",
                    "entry",
                    "author",
                    "name",
                    "summary",
                    "content",
                    "category",
                    "published",
                    "generator",
                    "subtitle",
                ];
                assert!(known.contains(&name.as_str()), "{path}: <{name}>");
                for attribute in tag.attributes() {
                    let attribute = attribute.unwrap_or_else(|e| panic!("{path}: {e}"));
                    assert!(!attribute.value.starts_with("javascript:"), "{path}: <{name}>");
                }
            }
            _ => {}
        }
    }
}

/// Each line of a calendar is one of its own, and parts begin and end in turn.
pub(crate) fn check_calendar(path: &str, text: &str) {
    let mut open = Vec::new();
    for line in text.split("\r\n").filter(|line| !line.starts_with(' ')) {
        assert!(!line.contains(['\r', '\n']), "{path}: {line:?}");
        let name = line.split([':', ';']).next().unwrap_or_default();
        let fit = name.chars().all(|c| c.is_ascii_uppercase() || c == '-');
        assert!(fit && name != "X-INJECTED", "{path}: {line:?}");
        match line.split_once(':') {
            Some(("BEGIN", part)) => open.push(part.to_owned()),
            Some(("END", part)) => assert_eq!(open.pop().as_deref(), Some(part), "{path}"),
            _ => {}
        }
        assert!(open.iter().all(|part| matches!(part.as_str(), "VCALENDAR" | "VEVENT")), "{path}: {open:?}");
    }
    assert!(open.is_empty(), "{path}: {open:?}");
}
