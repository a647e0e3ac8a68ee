//! Settings of how tier and lifecycle are read from a catalog.

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
