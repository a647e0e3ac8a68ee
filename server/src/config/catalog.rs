//! Settings of how tier and lifecycle are read from a catalog.

use toml::Value;

use super::Source;

/// How tier and lifecycle are read from a catalog.
#[derive(Clone, Debug)]
pub struct CatalogConfig {
    /// Where to look for a tier, first hit wins: `label:KEY`, `annotation:KEY`, `tag:PREFIX` (`*/tier` allowed).
    pub tier_from: Vec<String>,
    /// Tier of a service that names none.
    pub default_tier: i16,
    /// Words that mean a tier.
    pub tier_words: Vec<(String, i16)>,
    /// Words that mean a lifecycle.
    pub lifecycle_words: Vec<(String, String)>,
}

impl CatalogConfig {
    pub(super) fn apply(&mut self, source: &mut Source) {
        if let Some(tier) = source.number("catalog", "default_tier", 1, 4) {
            self.default_tier = tier as i16;
        }
        match source.value("catalog", "tier_from") {
            None => {}
            Some(Value::Array(list)) => {
                self.tier_from = list.iter().filter_map(|v| v.as_str().map(str::to_owned)).collect();
                for place in &self.tier_from {
                    let known = ["label:", "annotation:", "tag:"].iter().any(|p| place.starts_with(p));
                    if !known {
                        source.errors.push(format!(
                            "catalog.tier_from: `{place}`: expected label:KEY, annotation:KEY or tag:PREFIX"
                        ));
                    }
                }
            }
            Some(_) => source.errors.push("catalog.tier_from: expected a list of texts".into()),
        }
        match source.value("catalog", "tier_words") {
            None => {}
            Some(Value::Table(words)) => {
                for (word, tier) in words {
                    match tier.as_integer().filter(|t| (1..=4).contains(t)) {
                        Some(t) => self.tier_words.insert(0, (word.to_lowercase(), t as i16)),
                        None => source.errors.push(format!("catalog.tier_words.{word}: expected 1 to 4")),
                    }
                }
            }
            Some(_) => source.errors.push("catalog.tier_words: expected a table of word = tier".into()),
        }
        match source.value("catalog", "lifecycle_words") {
            None => {}
            Some(Value::Table(words)) => {
                for (word, to) in words {
                    match to.as_str().filter(|t| ["experimental", "production", "deprecated"].contains(t)) {
                        Some(t) => {
                            self.lifecycle_words.insert(0, (word.to_lowercase(), t.to_owned()));
                        }
                        None => source.errors.push(format!(
                            "catalog.lifecycle_words.{word}: expected experimental, production or deprecated"
                        )),
                    }
                }
            }
            Some(_) => {
                source.errors.push("catalog.lifecycle_words: expected a table of word = lifecycle".into());
            }
        }
    }
}

impl Default for CatalogConfig {
    fn default() -> Self {
        let words = |list: &[(&str, i16)]| list.iter().map(|(w, t)| ((*w).to_owned(), *t)).collect();
        let pairs =
            |list: &[(&str, &str)]| list.iter().map(|(w, t)| ((*w).to_owned(), (*t).to_owned())).collect();
        Self {
            tier_from: [
                "label:waterbear.dev/tier",
                "annotation:waterbear.dev/tier",
                "label:tier",
                "annotation:tier",
                "label:*/tier",
                "annotation:*/tier",
                "tag:tier",
                "label:criticality",
                "annotation:criticality",
                "label:*/criticality",
                "annotation:*/criticality",
            ]
            .map(str::to_owned)
            .to_vec(),
            default_tier: 3,
            tier_words: words(&[
                ("critical", 1),
                ("mission-critical", 1),
                ("high", 2),
                ("important", 2),
                ("medium", 3),
                ("normal", 3),
                ("low", 4),
            ]),
            lifecycle_words: pairs(&[
                ("experimental", "experimental"),
                ("alpha", "experimental"),
                ("beta", "experimental"),
                ("development", "experimental"),
                ("dev", "experimental"),
                ("production", "production"),
                ("prod", "production"),
                ("live", "production"),
                ("ga", "production"),
                ("generally_available", "production"),
                ("stable", "production"),
                ("deprecated", "deprecated"),
                ("sunset", "deprecated"),
                ("retired", "deprecated"),
                ("end-of-life", "deprecated"),
            ]),
        }
    }
}
