//! Configurations of Resilience4j over configurations: what an instance is made of.

use serde_json::Value;

use super::super::Problem;
use super::blocks::Block;
use super::reader::Reader;
use super::routes::cut;
use crate::error::nearest;

/// The configuration of whatever names no other.
pub(super) const DEFAULT: &str = "default";
/// Configurations that may be based on one another.
const MAX_LAYERS: usize = 32;

/// The instance and the configurations that it is based on, the innermost first. Where it names none, that is the first of
/// `otherwise` that there is.
pub(super) fn layers<'a>(
    reader: &mut Reader<'a>,
    block: &Block<'a>,
    instance: Option<Block<'a>>,
    otherwise: &[&str],
) -> Vec<Block<'a>> {
    let configs = block.child(&["configs"]);
    let based = instance.as_ref().and_then(|instance| instance.entry("baseConfig"));
    let mut layers: Vec<Block<'a>> = instance.into_iter().collect();
    if based.is_none_or(|(_, base)| base.as_str() == Some("")) {
        let base = configs.and_then(|configs| otherwise.iter().find_map(|name| configs.exactly(name)));
        layers.extend(base);
        layers.reverse();
        return layers;
    }
    while let Some((key, base)) = layers.last().and_then(|layer| layer.entry("baseConfig")) {
        let at = layers.last().map(|layer| layer.pointer(key)).unwrap_or_default();
        let detail = match base_of(configs.as_ref(), base) {
            Ok(config) if layers.iter().any(|layer| layer.at == config.at) => {
                format!(
                    "leads back to {} itself: a configuration cannot be based on itself",
                    cut(&config.name())
                )
            }
            Ok(_) if layers.len() > MAX_LAYERS => {
                format!("more than {MAX_LAYERS} configurations, each based on the next")
            }
            Ok(config) => {
                layers.push(config);
                continue;
            }
            Err(detail) => detail,
        };
        reader.wrong.push(Problem::new(at, detail));
        break;
    }
    layers.reverse();
    layers
}

/// The configuration that `baseConfig` names; what is wrong with it otherwise.
fn base_of<'a>(configs: Option<&Block<'a>>, base: &Value) -> Result<Block<'a>, String> {
    let name = base.as_str().ok_or("must be the name of a configuration in `configs`")?;
    configs.and_then(|configs| configs.exactly(name)).ok_or_else(|| {
        let names = configs.map(|configs| configs.map.keys().map(String::as_str)).into_iter().flatten();
        let short = |name: &&str| name.len() <= 100;
        let near = if short(&name) { nearest(name, names.filter(short).take(1_000)) } else { None };
        let near = near.map(|near| format!("; is `{near}` meant?")).unwrap_or_default();
        format!("there is no configuration {} in `configs`{near}", cut(name))
    })
}

/// Places the time limiter of an instance, or the one that the library takes where there is none of that name. `bare`: the
/// breaker has no name because its document is nothing but its block.
pub(super) fn place_limiter<'a>(
    reader: &mut Reader<'a>,
    limiter: &Block<'a>,
    name: Option<&str>,
    bare: bool,
) {
    let instances = limiter.child(&["instances"]);
    let own = match (&instances, name) {
        (Some(instances), Some(name)) => instances.exactly(name),
        // Of a bare breaker the only limiter is its own.
        (Some(instances), None) if bare => {
            Some(instances.children()).filter(|all| all.len() == 1).and_then(|mut all| all.pop())
        }
        _ => None,
    };
    let missing = instances.filter(|instances| own.is_none() && !instances.map.is_empty());
    let layers = layers(reader, limiter, own, &[DEFAULT]);
    if let Some(instances) = missing {
        let whose =
            name.map_or_else(|| "the breaker".to_owned(), |name| format!("the breaker {}", cut(name)));
        let taken = if layers.is_empty() { "no timeout was read" } else { "`configs.default` was read" };
        reader.note(instances.at, format!("has none of the name of {whose}: {taken}"));
    }
    for layer in layers {
        reader.place_among_others("timelimiter", Some(layer));
    }
}
