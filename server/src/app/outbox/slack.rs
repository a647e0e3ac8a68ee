//! Slack's incoming webhooks: a text for notifications, blocks for the channel, within Slack's limits.

use serde_json::{Value as Json, json};

use super::note::{Line, Note, Part, clean};

/// Longest text of a section, characters.
const MAX_SECTION: usize = 3_000;
/// Longest header, characters.
const MAX_HEADER: usize = 150;
/// Most blocks of a message.
const MAX_BLOCKS: usize = 50;
/// Slack refuses messages of about 13,000 characters and more, without saying where the limit is.
const MAX_MESSAGE: usize = 12_000;
/// Longest line, characters, before it is escaped.
const MAX_LINE: usize = 400;

/// The three characters that mean something to Slack, `<!channel>` among it.
fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// A link; an address that could end it is left out.
fn link(url: &str, text: &str) -> String {
    if url.contains(['<', '>', '|', ' ']) { text.to_owned() } else { format!("<{}|{text}>", escape(url)) }
}

fn section(text: &str) -> Json {
    // Verbatim: addresses and names in the text are text.
    json!({ "type": "section", "text": { "type": "mrkdwn", "text": text, "verbatim": true } })
}

fn line(line: &Line) -> String {
    let text = escape(&clean(&line.text, MAX_LINE));
    match &line.url {
        Some(url) => format!("• {} ({})", text, link(url, "open")),
        None => format!("• {text}"),
    }
}

/// A list as sections, each as full as it may be.
fn part(part: &Part) -> Vec<Json> {
    let mut texts = vec![format!("*{}*", escape(&clean(&part.title, MAX_LINE)))];
    let more = (part.more > 0).then(|| format!("… and {} more", part.more));
    for next in part.lines.iter().map(line).chain(more) {
        match texts.last_mut() {
            Some(last) if last.chars().count() + 1 + next.chars().count() <= MAX_SECTION => {
                last.push('\n');
                last.push_str(&next);
            }
            _ => texts.push(next),
        }
    }
    texts.iter().map(|text| section(text)).collect()
}

/// The message.
pub(super) fn body(note: &Note) -> String {
    let text = escape(&clean(&note.title, MAX_LINE));
    // No text of ours: what Slack makes of signs in a header it does not say.
    let header = clean(&note.title.replace(['<', '>'], "").replace('&', "+"), MAX_HEADER - 1);
    let mut blocks = vec![
        json!({ "type": "header", "text": { "type": "plain_text", "text": header, "emoji": false } }),
        section(&format!("{}\n{}", escape(&clean(&note.text, 1_500)), link(&note.url, "Look at it"))),
    ];
    let mut size = Json::Array(blocks.clone()).to_string().len() + text.len();
    let mut cut = false;
    for block in note.sections.iter().flat_map(part) {
        let more = block.to_string().chars().count();
        if blocks.len() + 1 >= MAX_BLOCKS || size + more > MAX_MESSAGE {
            cut = true;
            break;
        }
        size += more;
        blocks.push(block);
    }
    if cut {
        blocks.push(section(&format!("There is more: {}", link(&note.url, "all of it"))));
    }
    json!({ "text": text, "blocks": blocks }).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::Timestamp;

    fn note(sections: Vec<Part>) -> Note {
        Note { sections, ..Note::test("https://w.example", Timestamp(0), "<!channel> & <@U1>") }
    }

    #[test]
    fn nobody_is_called_by_what_somebody_named() {
        let text = body(&note(Vec::new()));
        assert!(!text.contains("<!channel>") && !text.contains("<@U1>"), "{text}");
        assert!(text.contains("&lt;!channel&gt; &amp; &lt;@U1&gt;"));
        assert_eq!(link("https://x.example/|", "t"), "t");
    }

    #[test]
    fn the_largest_message_keeps_the_limits() {
        let lines =
            (0..200).map(|_| Line { text: "<&>".repeat(300), url: Some("https://w.example/x".into()) });
        let one = Part { title: "T".repeat(900), lines: lines.collect(), more: 7 };
        let text = body(&note(vec![one; 60]));
        let message: Json = serde_json::from_str(&text).unwrap();
        let blocks = message["blocks"].as_array().unwrap();
        assert!(blocks.len() <= MAX_BLOCKS && text.chars().count() < 13_000, "{}", text.len());
        for block in blocks {
            let found = block["text"]["text"].as_str().unwrap();
            let most = if block["type"] == "header" { MAX_HEADER } else { MAX_SECTION };
            assert!(found.chars().count() <= most && !found.is_empty());
        }
        assert!(text.contains("There is more"));
    }
}
