//! Durations as text, in ms: as Go, as Spring, and as documents of ours write them.

/// Units that may follow one another, in ms: `1h30m`, `10s`, `1.5s`.
const UNITS: [(&str, f64); 8] = [
    ("ns", 1e-6),
    ("us", 1e-3),
    ("\u{b5}s", 1e-3),
    ("\u{3bc}s", 1e-3),
    ("ms", 1.0),
    ("s", 1_000.0),
    ("m", 60_000.0),
    ("h", 3_600_000.0),
];
const DAY_MS: f64 = 86_400_000.0;

/// As Go's `time.ParseDuration` without a sign.
pub(super) fn go(text: &str) -> Option<f64> {
    if text == "0" {
        return Some(0.0);
    }
    units(text, |unit| UNITS.iter().find(|(name, _)| *name == unit).map(|(_, factor)| *factor))
}

/// As Spring's `DurationStyle` detects it: `+10s`, `10S`, `500`, `PT1M30S`.
pub(super) fn spring(text: &str) -> Option<f64> {
    if let Some(ms) = iso(text) {
        return Some(ms);
    }
    let (sign, rest) = signed(text);
    let (amount, unit) = rest.split_at(rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len()));
    let unit = unit.to_ascii_lowercase();
    let factor = match unit.as_str() {
        "" => 1.0,
        "d" => DAY_MS,
        unit => UNITS.iter().find(|(name, _)| *name == unit && name.is_ascii())?.1,
    };
    amount.parse::<f64>().ok().map(|amount| sign * amount * factor)
}

/// Units one after the other, days too, with spaces; or ISO 8601.
pub(super) fn lenient(text: &str) -> Option<f64> {
    let text = text.trim();
    if text == "0" {
        return Some(0.0);
    }
    let factor = |unit: &str| match unit.trim() {
        "d" => Some(DAY_MS),
        unit => UNITS.iter().find(|(name, _)| *name == unit).map(|(_, factor)| *factor),
    };
    iso(text).or_else(|| units(text, factor))
}

fn units(text: &str, factor: impl Fn(&str) -> Option<f64>) -> Option<f64> {
    let mut rest = text;
    let mut sum = None;
    while !rest.is_empty() {
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (amount, tail) = rest.split_at(end);
        let end = tail.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(tail.len());
        let (unit, tail) = tail.split_at(end);
        sum = Some(sum.unwrap_or(0.0) + amount.parse::<f64>().ok()? * factor(unit)?);
        rest = tail;
    }
    sum
}

/// As Java's `Duration.parse`: `PT10S`, `PT1M30S`, `P1DT2H`; only seconds have decimals, and every part may have a sign.
fn iso(text: &str) -> Option<f64> {
    // Longer than any duration, and not worth a copy.
    if text.len() > 100 {
        return None;
    }
    let text = text.to_ascii_uppercase();
    let (sign, rest) = signed(&text);
    let rest = rest.strip_prefix('P')?;
    let (days, time) = match rest.split_once('T') {
        Some((_, "")) => return None,
        Some((days, time)) => (days, time),
        None => (rest, ""),
    };
    let mut parts = Parts { rest: days, sum: None };
    parts.take('D', DAY_MS)?;
    if !parts.rest.is_empty() {
        return None;
    }
    parts.rest = time;
    for (designator, factor) in [('H', 3_600_000.0), ('M', 60_000.0), ('S', 1_000.0)] {
        parts.take(designator, factor)?;
    }
    parts.sum.filter(|_| parts.rest.is_empty()).map(|ms| sign * ms)
}

/// What is left of an ISO duration, and the sum of what was read.
struct Parts<'a> {
    rest: &'a str,
    sum: Option<f64>,
}

impl Parts<'_> {
    /// Takes the part of this designator, if it is there; none: it makes no sense.
    fn take(&mut self, designator: char, factor: f64) -> Option<()> {
        let Some((amount, tail)) = self.rest.split_once(designator) else { return Some(()) };
        let (sign, digits) = signed(amount);
        let (whole, decimals) = digits.split_once('.').unwrap_or((digits, ""));
        let all_digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
        if whole.is_empty() || !all_digits(whole) || !all_digits(decimals) {
            return None;
        }
        if digits.contains('.') && designator != 'S' {
            return None;
        }
        self.sum = Some(self.sum.unwrap_or(0.0) + sign * digits.parse::<f64>().ok()? * factor);
        self.rest = tail;
        Some(())
    }
}

/// A sign, and what follows it.
fn signed(text: &str) -> (f64, &str) {
    match text.strip_prefix('-') {
        Some(rest) => (-1.0, rest),
        None => (1.0, text.strip_prefix('+').unwrap_or(text)),
    }
}
