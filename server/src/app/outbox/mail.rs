//! Mail: a text and the same as HTML, without anything that is fetched from elsewhere.

use std::fmt::Write as _;

use super::note::{Line, Note, Part, clean};

/// Longest subject, characters.
const MAX_SUBJECT: usize = 150;
/// Longest line, characters.
const MAX_LINE: usize = 600;

/// A mail, but for whom it is from and to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Letter {
    /// Subject: one line.
    pub subject: String,
    /// As text.
    pub text: String,
    /// As HTML.
    pub html: String,
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// What a mail reads; `leave` is the address that ends such mail.
pub(super) fn letter(note: &Note, leave: &str) -> Letter {
    let subject = clean(&note.title, MAX_SUBJECT);
    let sections: String = note.sections.iter().map(text_part).collect();
    let text = format!(
        "{}\n\n{}{}\n\n-- \nNo more of these mails: {leave}\n",
        clean(&note.text, 2_000),
        sections,
        note.url
    );
    let parts: String = note.sections.iter().map(html_part).collect();
    let html = format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>{}</title></head>\n<body>\n<p>{}</p>\n\
         {parts}<p>{}</p>\n<hr>\n<p><small>{}</small></p>\n</body></html>\n",
        escape(&subject),
        escape(&clean(&note.text, 2_000)),
        anchor(&note.url, "Look at it in Waterbear"),
        anchor(leave, "No more of these mails")
    );
    Letter { subject, text, html }
}

fn text_part(part: &Part) -> String {
    let mut out = format!("{}\n", clean(&part.title, MAX_LINE));
    for Line { text, .. } in &part.lines {
        let _ = writeln!(out, "  * {}", clean(text, MAX_LINE));
    }
    if part.more > 0 {
        let _ = writeln!(out, "  * … and {} more", part.more);
    }
    out.push('\n');
    out
}

fn anchor(url: &str, text: &str) -> String {
    format!("<a href=\"{}\">{}</a>", escape(url), escape(text))
}

fn html_part(part: &Part) -> String {
    let mut out = format!("<h2>{}</h2>\n<ul>\n", escape(&clean(&part.title, MAX_LINE)));
    for Line { text, url } in &part.lines {
        let text = clean(text, MAX_LINE);
        let inner = url.as_ref().map_or_else(|| escape(&text), |url| anchor(url, &text));
        let _ = writeln!(out, "<li>{inner}</li>");
    }
    if part.more > 0 {
        let _ = writeln!(out, "<li>… and {} more</li>", part.more);
    }
    out.push_str("</ul>\n");
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::Timestamp;

    #[test]
    fn what_somebody_named_stays_text_and_one_line() {
        let mut note = Note::test("https://w.example", Timestamp(0), "<img src=x>\r\nBcc: b@x.example");
        note.title = "a\r\nBcc: b@x.example".into();
        let line = Line { text: "<script>\n\"&".into(), url: Some("https://w.example/\"><x".into()) };
        note.sections.push(Part { title: "<b>".into(), lines: vec![line], more: 2 });
        let letter = letter(&note, "https://w.example/unsubscribe/k");
        assert_eq!(letter.subject, "a  Bcc: b@x.example");
        assert!(
            !letter.html.contains("<script>")
                && !letter.html.contains("<img")
                && !letter.html.contains("<b>")
        );
        assert!(letter.html.contains("href=\"https://w.example/&quot;&gt;&lt;x\""), "{}", letter.html);
        assert!(letter.text.contains("… and 2 more") && letter.text.contains("/unsubscribe/k"));
        for tag in ["<img", "<link", "<style", "<iframe"] {
            assert!(!letter.html.contains(tag), "nothing is fetched: {tag}");
        }
    }
}
