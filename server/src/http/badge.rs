//! A badge as a picture: two halves, a label and a message, as READMEs have known them for years.
//!
//! Widths follow the conventions of the field (text of 11 px in Verdana, 5 px beside it, odd widths), so that ours stand
//! well beside others. Advance widths are those of the font, in thousandths of its size.

use std::fmt::Write;

use crate::app::awards::{Badge, Tone};

/// Longest half, in characters: longer texts are cut.
const MAX_CHARS: usize = 60;

/// How a badge looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// Round corners, a soft light.
    Flat,
    /// Neither.
    FlatSquare,
    /// Large and in capitals.
    ForTheBadge,
}

impl Style {
    /// The style of that name.
    pub fn parse(name: &str) -> Option<Self> {
        match name {
            "flat" => Some(Self::Flat),
            "flat-square" => Some(Self::FlatSquare),
            "for-the-badge" => Some(Self::ForTheBadge),
            _ => None,
        }
    }
}

/// The colour of a tone: white text on it has a contrast of 4.5 at least.
pub fn colour(tone: Tone) -> &'static str {
    match named(tone) {
        "brightgreen" => "#0f6e51",
        "green" => "#1a7a5a",
        "yellowgreen" => "#4c770f",
        "yellow" => "#8a6000",
        "orange" => "#b04a0b",
        "red" => "#b0212f",
        _ => "#5b6770",
    }
}

/// The name that the field gives to the colour of a tone.
pub fn named(tone: Tone) -> &'static str {
    const SCALE: [&str; 6] = ["brightgreen", "green", "yellowgreen", "yellow", "orange", "red"];
    match tone {
        Tone::Good => "brightgreen",
        Tone::Held => "orange",
        Tone::Grey | Tone::Unknown => "lightgrey",
        // However many grades there are: the best is green, the worst red.
        Tone::Band(at, of) => {
            let last = SCALE.len() - 1;
            let place = if of == SCALE.len() { at } else { at * last / of.saturating_sub(1).max(1) };
            SCALE.get(place.min(last)).copied().unwrap_or("lightgrey")
        }
    }
}

/// The picture.
pub fn svg(badge: &Badge, style: Style) -> String {
    let cut = |text: &str| -> String { text.chars().filter(|c| !c.is_control()).take(MAX_CHARS).collect() };
    draw(&cut(&badge.label), &cut(&badge.message), colour(badge.tone), style)
}

fn draw(label: &str, message: &str, colour: &str, style: Style) -> String {
    if style == Style::ForTheBadge {
        return large(&label.to_uppercase(), &message.to_uppercase(), colour);
    }
    let (left, right) = (text_px(label), text_px(message));
    let (label_px, message_px) = (left + 10, right + 10);
    let whole = label_px + message_px;
    let name = format!("{}: {}", escaped(label), escaped(message));
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{whole}\" height=\"20\" role=\"img\" aria-label=\"{name}\">\
         <title>{name}</title>"
    );
    let round = style == Style::Flat;
    if round {
        let _ = write!(
            out,
            "<linearGradient id=\"l\" x2=\"0\" y2=\"100%\"><stop offset=\"0\" stop-color=\"#fff\" stop-opacity=\".12\"/>\
             <stop offset=\"1\" stop-color=\"#000\" stop-opacity=\".1\"/></linearGradient>\
             <clipPath id=\"c\"><rect width=\"{whole}\" height=\"20\" rx=\"3\"/></clipPath>"
        );
    }
    out.push_str(if round { "<g clip-path=\"url(#c)\">" } else { "<g shape-rendering=\"crispEdges\">" });
    let _ = write!(
        out,
        "<rect width=\"{label_px}\" height=\"20\" fill=\"#4a545a\"/>\
         <rect x=\"{label_px}\" width=\"{message_px}\" height=\"20\" fill=\"{colour}\"/>"
    );
    if round {
        let _ = write!(out, "<rect width=\"{whole}\" height=\"20\" fill=\"url(#l)\"/>");
    }
    let font = "Verdana,Geneva,DejaVu Sans,sans-serif";
    let _ =
        write!(out, "</g><g fill=\"#fff\" font-family=\"{font}\" font-size=\"110\" text-anchor=\"middle\">");
    // Tenths of a pixel: text is placed exactly without fractions.
    for (x, px, text) in [(5 * label_px, left, label), (10 * label_px + 5 * message_px, right, message)] {
        let _ = write!(
            out,
            "<text transform=\"scale(.1)\" x=\"{x}\" y=\"140\" textLength=\"{}\">{}</text>",
            10 * px,
            escaped(text)
        );
    }
    out.push_str("</g></svg>");
    out
}

/// 28 px high, capitals, letters apart; widths in hundredths of a pixel.
fn large(label: &str, message: &str, colour: &str) -> String {
    let px = |text: &str, bold: bool| {
        let letters = 10 * milli_em(text, bold) / 1_000;
        100 * letters + 125 * text.chars().count()
    };
    let (left, right) = (px(label, false), px(message, true));
    let (label_px, message_px) = (left + 2_400, right + 2_400);
    let name = format!("{}: {}", escaped(label), escaped(message));
    let full = hundredths(label_px + message_px);
    let (a, b) = (hundredths(label_px), hundredths(message_px));
    let font = "Verdana,Geneva,DejaVu Sans,sans-serif";
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{full}\" height=\"28\" role=\"img\" aria-label=\"{name}\">\
         <title>{name}</title><g shape-rendering=\"crispEdges\"><rect width=\"{a}\" height=\"28\" fill=\"#4a545a\"/>\
         <rect x=\"{a}\" width=\"{b}\" height=\"28\" fill=\"{colour}\"/></g>\
         <g fill=\"#fff\" font-family=\"{font}\" font-size=\"100\" text-anchor=\"middle\">"
    );
    for (x, length, text, weight) in [
        (label_px / 2, left, label, ""),
        (label_px + message_px / 2, right, message, " font-weight=\"bold\""),
    ] {
        let _ = write!(
            out,
            "<text transform=\"scale(.1)\" x=\"{}\" y=\"175\" textLength=\"{}\"{weight}>{}</text>",
            hundredths(10 * x),
            hundredths(10 * length),
            escaped(text)
        );
    }
    out.push_str("</g></svg>");
    out
}

fn hundredths(n: usize) -> String {
    let text = format!("{}.{:02}", n / 100, n % 100);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// Width of a text at 11 px, whole and odd, so that its middle is a whole pixel.
fn text_px(text: &str) -> usize {
    let px = 11 * milli_em(text, false) / 1_000;
    if px.is_multiple_of(2) { px + 1 } else { px }
}

fn milli_em(text: &str, bold: bool) -> usize {
    text.chars().map(|c| advance(c, bold)).sum()
}

/// Advance widths of ASCII from the space on, Verdana.
const PLAIN: [u16; 95] = [
    352, 394, 459, 818, 636, 1076, 727, 269, 454, 454, 636, 818, 364, 454, 364, 454, 636, 636, 636, 636, 636,
    636, 636, 636, 636, 636, 454, 454, 818, 818, 818, 545, 1000, 684, 686, 698, 771, 632, 575, 775, 751, 421,
    455, 693, 557, 843, 748, 787, 603, 787, 695, 684, 616, 732, 684, 989, 685, 615, 685, 454, 454, 454, 818,
    636, 636, 601, 623, 521, 623, 596, 352, 623, 633, 274, 344, 592, 274, 973, 633, 607, 623, 623, 427, 521,
    394, 633, 592, 818, 592, 592, 525, 635, 454, 635, 818,
];
/// The same, Verdana Bold.
const BOLD: [u16; 95] = [
    342, 402, 587, 867, 711, 1272, 862, 332, 543, 543, 711, 867, 361, 480, 361, 689, 711, 711, 711, 711, 711,
    711, 711, 711, 711, 711, 402, 402, 867, 867, 867, 617, 964, 776, 762, 724, 830, 683, 650, 811, 837, 546,
    555, 771, 637, 948, 847, 850, 733, 850, 782, 710, 682, 812, 764, 1128, 764, 737, 692, 543, 689, 543, 867,
    711, 711, 668, 699, 588, 699, 664, 422, 699, 712, 342, 403, 671, 342, 1058, 712, 687, 699, 699, 497, 593,
    455, 712, 650, 979, 669, 651, 597, 711, 543, 711, 867,
];

fn advance(c: char, bold: bool) -> usize {
    let table = if bold { &BOLD } else { &PLAIN };
    let of = |c: char| table.get((c as usize).wrapping_sub(32)).map(|w| usize::from(*w));
    if let Some(width) = of(c) {
        return width;
    }
    let like = |plain: char| of(plain).unwrap_or(600);
    match c {
        'À'..='Å' => like('A'),
        'Ç' => like('C'),
        'È'..='Ë' => like('E'),
        'Ì'..='Ï' => like('I'),
        'Ñ' => like('N'),
        'Ò'..='Ö' | 'Ø' => like('O'),
        'Ù'..='Ü' => like('U'),
        'Ý' => like('Y'),
        'ß' | 'à'..='å' => like('a'),
        'ç' => like('c'),
        'è'..='ë' => like('e'),
        'ì'..='ï' => like('i'),
        'ñ' => like('n'),
        'ò'..='ö' | 'ø' => like('o'),
        'ù'..='ü' => like('u'),
        'ý' | 'ÿ' => like('y'),
        'Æ' | 'æ' | 'Œ' | 'œ' => 970,
        // Combining marks and joiners take no room.
        '\u{300}'..='\u{36f}' | '\u{200b}'..='\u{200d}' | '\u{fe00}'..='\u{fe0f}' => 0,
        // Letters of these scripts fill their square.
        '\u{1100}'..='\u{115f}'
        | '\u{2e80}'..='\u{a4cf}'
        | '\u{ac00}'..='\u{d7a3}'
        | '\u{f900}'..='\u{faff}'
        | '\u{fe30}'..='\u{fe6f}'
        | '\u{ff00}'..='\u{ff60}'
        | '\u{ffe0}'..='\u{ffe6}'
        | '\u{1f300}'..='\u{1faff}'
        | '\u{20000}'..='\u{3fffd}' => 1_000,
        '\u{2000}'..='\u{2fff}' => 820,
        _ => 640,
    }
}

fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&apos;"),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;
    use crate::formats::tests::sample;

    #[derive(Deserialize)]
    struct Known {
        label: String,
        message: String,
        width: i64,
    }

    fn width(svg: &str) -> f64 {
        svg.split("width=\"").nth(1).unwrap().split('"').next().unwrap().parse().unwrap()
    }

    #[test]
    fn widths_are_those_of_the_field() {
        let known: Vec<Known> = serde_json::from_slice(&sample("badges/widths.json")).unwrap();
        assert!(known.len() >= 7);
        for Known { label, message, width: expected } in known {
            for style in [Style::Flat, Style::FlatSquare] {
                let found = width(&draw(&label, &message, "#000", style));
                assert!((found - expected as f64).abs() <= 1.0, "{label} {message}: {found}, not {expected}");
            }
        }
        let large = draw("waterbear", "certified", "#000", Style::ForTheBadge);
        assert!((width(&large) - 194.5).abs() <= 1.0, "{large}");
    }

    #[test]
    fn whatever_stands_in_a_badge_is_text() {
        let hostile = Badge {
            label: "<b>&\"'\u{0}".into(),
            message: "</svg><script>1</script>".repeat(9),
            tone: Tone::Good,
        };
        for style in [Style::Flat, Style::FlatSquare, Style::ForTheBadge] {
            let svg = svg(&hostile, style);
            let mut reader = quick_xml::Reader::from_str(&svg);
            let mut names = std::collections::BTreeSet::new();
            loop {
                match reader.read_event().unwrap() {
                    quick_xml::events::Event::Start(tag) | quick_xml::events::Event::Empty(tag) => {
                        names.insert(tag.name().as_ref().to_owned());
                    }
                    quick_xml::events::Event::Eof => break,
                    _ => {}
                }
            }
            assert!(!names.contains("script") && names.contains("title"), "{names:?}");
            assert!(width(&svg) < 1_500.0);
        }
    }

    #[test]
    fn white_on_every_colour_can_be_read() {
        let tones =
            (0..6).map(|at| Tone::Band(at, 6)).chain([Tone::Good, Tone::Held, Tone::Grey, Tone::Unknown]);
        for tone in tones {
            let colour = colour(tone);
            let part = |at: usize| {
                let byte = u8::from_str_radix(colour.get(at..at + 2).unwrap(), 16).unwrap();
                let share = f64::from(byte) / 255.0;
                if share <= 0.040_45 { share / 12.92 } else { ((share + 0.055) / 1.055).powf(2.4) }
            };
            let light = 0.2126 * part(1) + 0.7152 * part(3) + 0.0722 * part(5);
            assert!(1.05 / (light + 0.05) >= 4.5, "{tone:?} {colour}");
        }
    }
}
