//! The little Markdown of a retrospective: headings, paragraphs, lists, `code`, **strong**, links. It becomes pieces of text
//! for a template that escapes them all, so that whatever else stands in it is shown as it was written.

use serde::Serialize;

/// Blocks that are shown at most.
const MOST: usize = 400;

/// A piece of running text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Piece {
    text: String,
    /// Where it leads; null for what is no link.
    href: Option<String>,
    code: bool,
    strong: bool,
}

/// A block.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Block {
    /// A heading.
    heading: bool,
    /// Items of a list; otherwise none, and the text is in `pieces`.
    items: Vec<Vec<Piece>>,
    pieces: Vec<Piece>,
}

/// The blocks of a text.
pub fn blocks(text: &str) -> Vec<Block> {
    let mut blocks: Vec<Block> = Vec::new();
    let mut open = false;
    for line in text.lines().map(str::trim) {
        if blocks.len() >= MOST {
            break;
        }
        let item = line.strip_prefix("- ").or_else(|| line.strip_prefix("* "));
        let heading =
            line.starts_with('#').then(|| line.trim_start_matches('#')).filter(|t| t.starts_with(' '));
        if line.is_empty() {
            open = false;
        } else if let Some(heading) = heading {
            blocks.push(Block { heading: true, items: Vec::new(), pieces: pieces(heading.trim()) });
            open = false;
        } else if let Some(item) = item {
            match blocks.last_mut().filter(|last| open && !last.items.is_empty()) {
                Some(last) => last.items.push(pieces(item)),
                None => blocks.push(Block { heading: false, items: vec![pieces(item)], pieces: Vec::new() }),
            }
            open = true;
        } else {
            match blocks.last_mut().filter(|_| open) {
                Some(last) => {
                    let into = last.items.last_mut().unwrap_or(&mut last.pieces);
                    into.push(plain(" "));
                    into.extend(pieces(line));
                }
                None => blocks.push(Block { heading: false, items: Vec::new(), pieces: pieces(line) }),
            }
            open = true;
        }
    }
    blocks
}

fn plain(text: &str) -> Piece {
    Piece { text: text.to_owned(), href: None, code: false, strong: false }
}

/// Inside code nothing else is looked for.
fn pieces(text: &str) -> Vec<Piece> {
    let mut all = Vec::new();
    for (n, part) in text.split('`').enumerate() {
        if n % 2 == 1 {
            all.push(Piece { code: true, ..plain(part) });
            continue;
        }
        for (n, part) in part.split("**").enumerate() {
            let strong = n % 2 == 1;
            all.extend(links(part).into_iter().map(|piece| Piece { strong, ..piece }));
        }
    }
    all.retain(|piece| !piece.text.is_empty());
    all
}

/// `[text](address)`, where the address is of the web or of this site.
fn links(text: &str) -> Vec<Piece> {
    let mut all = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('[') {
        let found = after.split_once("](").and_then(|(name, tail)| {
            let (href, tail) = tail.split_once(')')?;
            leads_somewhere(href).then_some((name, href, tail))
        });
        all.push(plain(before));
        if let Some((name, href, tail)) = found {
            all.push(Piece { href: Some(href.to_owned()), ..plain(name) });
            rest = tail;
        } else {
            all.push(plain("["));
            rest = after;
        }
    }
    all.push(plain(rest));
    all
}

fn leads_somewhere(href: &str) -> bool {
    let odd = |c: char| c.is_whitespace() || c.is_control() || c == '\\' || c == '"' || c == '<';
    let web = href.starts_with("https://") || href.starts_with("http://");
    (web || (href.starts_with('/') && !href.starts_with("//"))) && !href.contains(odd)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn words(text: &str) -> String {
        let all = blocks(text);
        let of = |pieces: &[Piece]| pieces.iter().map(|p| p.text.clone()).collect::<String>();
        let one = |block: &Block| {
            let items: Vec<String> = block.items.iter().map(|item| of(item)).collect();
            format!("{}{}", of(&block.pieces), items.join("|"))
        };
        all.iter().map(one).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn the_usual_things_are_read() {
        let text = "# What we **learned**\nOne line\nand more of it.\n\n- a `b*c`\n- [docs](/help/drills), [web](https://a.example/x)\n";
        assert_eq!(words(text), "What we learned\nOne line and more of it.\na b*c|docs, web");
        let all = blocks(text);
        assert!(all[0].heading && all[0].pieces[1].strong);
        assert_eq!(all[2].items[1][0].href.as_deref(), Some("/help/drills"));
    }

    #[test]
    fn what_leads_astray_is_text() {
        for odd in
            ["[a](javascript:alert(1))", "[a](//evil.example)", "[a](data:text/html,x)", "[a](/b c)", "[a]("]
        {
            let all = blocks(odd);
            assert!(all.iter().flat_map(|b| &b.pieces).all(|piece| piece.href.is_none()), "{odd}");
            assert!(words(odd).starts_with("[a]("), "{odd}");
        }
        assert_eq!(words("<script>alert(1)</script>"), "<script>alert(1)</script>");
    }

    proptest! {
        #[test]
        fn nothing_is_lost_but_marks(text in "[a-z #*`\\[\\]()/:\n-]{0,200}") {
            let letters = |t: &str| t.chars().filter(char::is_ascii_lowercase).count();
            prop_assert!(letters(&words(&text)) <= letters(&text));
            prop_assert!(blocks(&text).len() <= text.lines().count());
        }
    }
}
