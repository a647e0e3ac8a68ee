//! League bands: which teams are compared with each other. `[leagues]` of `grades.toml`, or the standard ones.

use serde::Serialize;

use crate::form::{Doc, Form, int_of, named};
use crate::grades::is_id;

/// Bands of one kind at most.
const MOST_BANDS: usize = 6;
const LAST_TIER: i64 = 4;
/// No band of size begins beyond.
const MOST_SERVICES: i64 = 1_000_000;

/// The bands by which teams are put into leagues: by the tier of their most critical service, and by their number of
/// services.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Leagues {
    /// Name, and the least critical tier in it; ascending, the last one ends at 4.
    tiers: Vec<(String, i64)>,
    /// Name, and the least number of services; ascending, the first one begins at 1.
    sizes: Vec<(String, i64)>,
}

/// One league.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct League {
    /// `critical-small`.
    pub id: String,
    /// `Tier 1-2, up to 7 services`.
    pub title: String,
}

impl Default for Leagues {
    fn default() -> Self {
        let band = |name: &str, edge| (name.to_owned(), edge);
        Self {
            tiers: vec![band("critical", 2), band("supporting", LAST_TIER)],
            sizes: vec![band("small", 1), band("large", 8)],
        }
    }
}

impl Leagues {
    /// Number of the league of a team, by the tier of its most critical service and its number of services.
    pub fn number(&self, tier: u8, services: usize) -> usize {
        let services = i64::try_from(services).unwrap_or(i64::MAX);
        let tier = self.tiers.iter().position(|(_, until)| i64::from(tier) <= *until);
        let tier = tier.unwrap_or(self.tiers.len().saturating_sub(1));
        let size = self.sizes.iter().rposition(|(_, from)| services >= *from).unwrap_or(0);
        tier * self.sizes.len() + size
    }

    /// All leagues by their number: the most critical first, the smallest first.
    pub fn all(&self) -> Vec<League> {
        let mut all = Vec::new();
        let mut first = 1;
        for (tier, until) in &self.tiers {
            let tiers =
                if first == *until { format!("Tier {first}") } else { format!("Tier {first}-{until}") };
            for (n, (size, from)) in self.sizes.iter().enumerate() {
                let sizes = match self.sizes.get(n + 1) {
                    Some((_, next)) if *from == next - 1 => count(*from),
                    Some((_, next)) if n == 0 => format!("up to {}", count(next - 1)),
                    Some((_, next)) => format!("{from} to {}", count(next - 1)),
                    None if n == 0 => "any number of services".to_owned(),
                    None => format!("{} and more", count(*from)),
                };
                all.push(League { id: format!("{tier}-{size}"), title: format!("{tiers}, {sizes}") });
            }
            first = until + 1;
        }
        all
    }
}

fn count(services: i64) -> String {
    if services == 1 { "1 service".to_owned() } else { format!("{services} services") }
}

pub(crate) fn read(doc: &Doc<'_>, value: &toml::Spanned<toml::de::DeValue<'_>>) -> Leagues {
    let standard = Leagues::default();
    let Some(form) = Form::of(doc, "leagues", value) else { return standard };
    let tiers = form.value("tiers").map(|value| bands(doc, "tiers", value, LAST_TIER));
    let sizes = form.value("sizes").map(|value| bands(doc, "sizes", value, MOST_SERVICES));
    if let (Some(value), Some(bands)) = (form.value("tiers"), &tiers)
        && let Some((name, until)) = bands.last()
        && *until != LAST_TIER
    {
        let at = value.span().start;
        doc.report(
            at,
            format!("leagues leave a gap: {name} ends at tier {until}; let the last band end at 4"),
        );
    }
    if let (Some(value), Some(bands)) = (form.value("sizes"), &sizes)
        && let Some((name, from)) = bands.first()
        && *from != 1
    {
        let at = value.span().start;
        let message =
            format!("leagues leave a gap: {name} begins at {from} services; let the first band begin at 1");
        doc.report(at, message);
    }
    form.finish();
    let given = |bands: Option<Vec<_>>, or| bands.filter(|bands| !bands.is_empty()).unwrap_or(or);
    Leagues { tiers: given(tiers, standard.tiers), sizes: given(sizes, standard.sizes) }
}

/// Names and edges in the order of the file.
fn bands(
    doc: &Doc<'_>,
    key: &str,
    value: &toml::Spanned<toml::de::DeValue<'_>>,
    most: i64,
) -> Vec<(String, i64)> {
    let Some(form) = Form::of(doc, key, value) else { return Vec::new() };
    let mut bands: Vec<(String, i64)> = Vec::new();
    for (name, at, value) in form.entries() {
        if !is_id(name) || name.contains('-') || name.len() > 20 {
            let message = format!("a league band is 1 to 20 lower-case letters and digits, not `{name}`");
            doc.report(at, message);
            continue;
        }
        let edge = match int_of(value.get_ref()) {
            Some(edge) if (1..=most).contains(&edge) => edge,
            Some(edge) => {
                doc.report(value.span().start, format!("band {name} is {edge}; it must be from 1 to {most}"));
                continue;
            }
            None => {
                let given = named(value.get_ref());
                doc.report(value.span().start, format!("band {name} must be a whole number, not {given}"));
                continue;
            }
        };
        if let Some((before, last)) = bands.last().filter(|(_, last)| *last >= edge) {
            let message =
                format!("league bands overlap: {name} at {edge} does not come after {before} at {last}");
            doc.report(value.span().start, message);
        }
        bands.push((name.to_owned(), edge));
    }
    if form.entries().is_empty() {
        doc.report(form.at, format!("`{key}` needs at least one band, such as small = 1"));
    }
    if bands.len() > MOST_BANDS {
        doc.report(form.at, format!("`{key}` has {} bands; at most {MOST_BANDS} are read", bands.len()));
    }
    bands
}
