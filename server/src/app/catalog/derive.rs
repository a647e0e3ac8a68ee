//! What a catalog entity means here: slug, tier, lifecycle, labels, whether it keeps a database.

use crate::config::CatalogConfig;
use crate::formats::Entity;

/// The slug of an entity: its name, with the namespace before it unless that is `default`.
pub(super) fn slug(entity_ref: &str) -> String {
    let rest = entity_ref.split_once(':').map_or(entity_ref, |(_, r)| r);
    match rest.split_once('/') {
        Some(("default", name)) => name.to_owned(),
        Some((namespace, name)) => format!("{namespace}-{name}"),
        None => rest.to_owned(),
    }
}

/// Tier and where it was read.
pub(super) fn tier(config: &CatalogConfig, entity: &Entity) -> (i16, String) {
    for place in &config.tier_from {
        if let Some((tier, from)) = tier_at(config, entity, place) {
            return (tier, from);
        }
    }
    (config.default_tier, "default".into())
}

fn tier_at(config: &CatalogConfig, entity: &Entity, place: &str) -> Option<(i16, String)> {
    let (kind, pattern) = place.split_once(':')?;
    let pairs: Vec<(&String, &String)> = match kind {
        "label" => entity.labels.iter().collect(),
        "annotation" => entity.annotations.iter().collect(),
        "tag" => {
            return entity.tags.iter().find_map(|tag| {
                let rest = tag.strip_prefix(pattern)?;
                let word = rest.strip_prefix(['-', ':']).unwrap_or(rest);
                tier_word(config, word).map(|t| (t, format!("tag {tag}")))
            });
        }
        _ => return None,
    };
    pairs.into_iter().find_map(|(key, value)| {
        let hit = match pattern.strip_prefix("*/") {
            Some(name) => key.rsplit_once('/').is_some_and(|(_, n)| n == name),
            None => key == pattern,
        };
        if !hit {
            return None;
        }
        tier_word(config, value).map(|t| (t, format!("{kind} {key}")))
    })
}

/// `1`, `tier-1`, `tier_1`, `T1`, or a word of the settings.
fn tier_word(config: &CatalogConfig, text: &str) -> Option<i16> {
    let word = text.trim().to_lowercase();
    let digits = word.strip_prefix("tier").or_else(|| word.strip_prefix('t')).unwrap_or(&word);
    let digits = digits.trim_start_matches(['-', '_', ':', ' ']);
    if let Ok(tier) = digits.parse::<i16>()
        && (1..=4).contains(&tier)
    {
        return Some(tier);
    }
    config.tier_words.iter().find(|(w, _)| *w == word).map(|(_, t)| *t)
}

/// The lifecycle, by the settings' words; an unknown word stays as it is.
pub(super) fn lifecycle(config: &CatalogConfig, entity: &Entity) -> String {
    let word = entity.lifecycle.as_deref().unwrap_or("production").trim().to_lowercase();
    config.lifecycle_words.iter().find(|(w, _)| *w == word).map_or(word, |(_, to)| to.clone())
}

/// Labels as `key=value`, and tags.
pub(super) fn labels(entity: &Entity) -> String {
    let pairs = entity.labels.iter().map(|(k, v)| format!("{k}={v}"));
    let all: Vec<String> = pairs.chain(entity.tags.iter().cloned()).collect();
    serde_json::to_string(&all).unwrap_or_else(|_| "[]".into())
}

/// Whether the service keeps a database: said by annotation, or by a resource it depends on.
///
/// `resource_type` gives the `spec.type` of a resource by reference, where the catalog knows it.
pub(super) fn has_database(entity: &Entity, resource_type: &dyn Fn(&str) -> Option<String>) -> bool {
    if let Some(said) = entity.annotations.get("waterbear.dev/has-database") {
        return said.trim().eq_ignore_ascii_case("true");
    }
    entity.depends_on.iter().filter(|r| r.starts_with("resource:")).any(|r| match resource_type(r) {
        Some(kind) => ["database", "postgres", "mysql", "sql", "mongo", "cassandra", "db"]
            .iter()
            .any(|word| kind.to_lowercase().contains(word)),
        None => r.ends_with("-db") || r.ends_with("-database"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entity(label: &str, value: &str) -> Entity {
        let mut entity = Entity::default();
        entity.labels.insert(label.into(), value.into());
        entity
    }

    #[test]
    fn a_tier_is_read_from_the_usual_places() {
        let config = CatalogConfig::default();
        assert_eq!(tier(&config, &entity("waterbear.dev/tier", "1")).0, 1);
        assert_eq!(tier(&config, &entity("acme.com/tier", "tier-2")).0, 2);
        assert_eq!(tier(&config, &entity("criticality", "Critical")).0, 1);
        assert_eq!(tier(&config, &entity("acme.com/tier", "gold")), (3, "default".into()));
        let tagged = Entity { tags: vec!["java".into(), "tier-4".into()], ..Entity::default() };
        assert_eq!(tier(&config, &tagged), (4, "tag tier-4".into()));
    }

    #[test]
    fn a_slug_is_the_name_with_any_namespace_but_default() {
        assert_eq!(slug("component:default/checkout"), "checkout");
        assert_eq!(slug("component:payments/gateway"), "payments-gateway");
    }

    #[test]
    fn lifecycle_words_are_mapped_and_unknown_ones_kept() {
        let config = CatalogConfig::default();
        let with = |word: &str| Entity { lifecycle: Some(word.into()), ..Entity::default() };
        assert_eq!(lifecycle(&config, &with("Prod")), "production");
        assert_eq!(lifecycle(&config, &with("incubating")), "incubating");
    }

    #[test]
    fn a_database_is_seen_in_what_a_service_depends_on() {
        let with = |r: &str| Entity { depends_on: vec![r.into()], ..Entity::default() };
        let typed = |_: &str| Some("database".to_owned());
        assert!(has_database(&with("resource:default/orders"), &typed));
        assert!(has_database(&with("resource:default/orders-db"), &|_| None));
        assert!(!has_database(&with("component:default/orders-db"), &typed));
    }
}
